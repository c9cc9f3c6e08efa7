"""What the names in PyTorch's files stand for, and the tensors that are made of them.

The names that PyTorch itself reads by default are known, as far as there is such data here. Sizes, strides and places
are held against the memory that the file really has before anything is made of them.
"""

from __future__ import annotations

from collections import Counter, OrderedDict, defaultdict
from collections.abc import Callable
from pickle import UnpicklingError
from typing import Any, Protocol

import numpy as np

from .._core import dtypes, layouts
from .._core.blocks import extent
from .._core.device import CPU, device
from .._core.dtypes import dtype
from .._core.storage import TypedStorage
from .._core.tensor import Size, Tensor, wrap
from .machine import check_key
from .names import Named, Unstored

_MOST_DIMENSIONS = 64  # NumPy's limit


class Builder(Protocol):
    """What these functions need of the one that calls them."""

    def called(self, function: Any, arguments: Any) -> Any:
        """What a known function gives."""

    def copied(self, value: Any, *kinds: type) -> Any:
        """A value that is about to be copied, of one of these types."""

    def elements(self, storage: TypedStorage, kind: dtype) -> np.ndarray[Any, Any]:
        """The bytes of a storage, in this machine's order for elements of this type."""

    def unstored(self, kind: dtype) -> Unstored:
        """A place for a tensor that cannot be made."""


# --- tensors ---------------------------------------------------------------------------------------------------------


def whole(numbers: Any) -> bool:
    """Whether these are whole numbers, none of them negative."""
    return type(numbers) in (tuple, list, Size) and all(type(n) is int and n >= 0 for n in numbers)


def _view(memory: np.ndarray[Any, Any], kind: np.dtype[Any], offset: Any, size: Any, stride: Any) -> Any:
    """Elements of the memory, which must have them all."""
    if not whole(size) or not whole(stride) or not whole((offset,)) or len(size) != len(stride):
        raise UnpicklingError("A tensor needs a place, sizes and strides, none of them negative")
    if len(size) > _MOST_DIMENSIONS:
        raise UnpicklingError(f"A tensor of {len(size)} dimensions: NumPy's arrays have {_MOST_DIMENSIONS} at most")
    steps = [step * kind.itemsize for step in stride]
    if 0 in size:
        return np.ndarray(tuple(size), kind, memory[:0], 0, steps)
    needed = (offset + extent(size, stride)) * kind.itemsize
    if needed > len(memory):
        raise RuntimeError(
            f"setStorage: sizes {list(size)}, strides {list(stride)}, storage offset {offset}, and itemsize "
            f"{kind.itemsize} requiring a storage size of {needed} are out of bounds for storage of size {len(memory)}"
        )
    return np.ndarray(tuple(size), kind, memory, offset * kind.itemsize, steps)


def _tensor(builder: Builder, storage: Any, offset: Any, size: Any, stride: Any, requires_grad: Any = False,
            hooks: Any = None, metadata: Any = None, *, kind: dtype | None = None) -> Any:  # fmt: skip
    if isinstance(storage, Unstored):
        return storage
    if not isinstance(storage, TypedStorage):
        raise UnpicklingError("A tensor needs a storage")
    kind = kind or storage.dtype
    if kind.name in dtypes.UNSTORED and kind is not dtypes.bfloat16:
        return builder.unstored(kind)
    memory = builder.elements(storage, kind)
    kind = dtypes.float32 if kind is dtypes.bfloat16 else kind
    array = _view(memory, kind.dtype, offset, size, stride)
    if metadata is not None and (type(metadata) is not dict or set(metadata) - {"conj", "neg"}):
        raise UnpicklingError("A tensor has unknown metadata")
    if metadata and metadata.get("conj"):  # PyTorch computes these when they are read, this package at once
        array = array.conj()
    if metadata and metadata.get("neg"):
        array = -array
    return _leaf(wrap(array), requires_grad)


def _younger_tensor(builder: Builder, storage: Any, offset: Any, size: Any, stride: Any, requires_grad: Any,
                    hooks: Any, kind: Any, metadata: Any = None) -> Any:  # fmt: skip
    if not isinstance(kind, dtype):
        raise UnpicklingError("A tensor needs a data type")
    return _tensor(builder, storage, offset, size, stride, requires_grad, hooks, metadata, kind=kind)


def _leaf(tensor: Tensor, requires_grad: Any) -> Tensor:
    if type(requires_grad) is not bool:
        raise UnpicklingError("requires_grad must be a bool")
    return tensor.requires_grad_() if requires_grad else tensor


def _parameter(builder: Builder, data: Any, requires_grad: Any = True, hooks: Any = None, state: Any = None) -> Any:
    from ..nn.parameter import Parameter

    if isinstance(data, Unstored):
        return data
    if not isinstance(data, Tensor) or type(requires_grad) is not bool:
        raise UnpicklingError("A parameter needs a tensor")
    return _with_state(Parameter(data, requires_grad), state)


def _of_type(builder: Builder, function: Any, kind: Any, arguments: Any, state: Any) -> Any:
    """A tensor with attributes; one of them may say that it is a buffer."""
    from ..nn.parameter import Buffer

    if not isinstance(function, Named) or function.name not in _TENSORS:
        raise UnpicklingError("Only tensors have a type and attributes")
    if not isinstance(kind, Named) or kind.name != "torch.Tensor":
        raise UnpicklingError("Only torch.Tensor is known as a type of tensors")
    made = builder.called(function, arguments)
    if isinstance(made, Unstored):
        return made
    if type(state) is dict and state.get("_is_buffer") is True:
        made = Buffer(made)
        state = {name: value for name, value in state.items() if name != "_is_buffer"}
    return _with_state(made, state)


def _with_state(tensor: Tensor, state: Any) -> Tensor:
    """Set the attributes that a program has given a tensor: those only, none that tensors have of their own."""
    attributes = state[0] if type(state) is tuple and len(state) == 2 and not state[1] else state
    if attributes is not None and type(attributes) is not dict:
        raise UnpicklingError("Attributes of a tensor must be a dict")
    for name, value in (attributes or {}).items():
        if type(name) is not str or hasattr(type(tensor), name):
            raise UnpicklingError("A tensor cannot be given an attribute of a name that it has already")
        vars(tensor)[name] = value
    return tensor


# --- other data ------------------------------------------------------------------------------------------------------


def _encoded(builder: Builder, text: Any, encoding: Any = "latin1") -> bytes:
    if encoding not in ("latin1", "latin-1", "ascii", "utf-8", "utf8") or type(encoding) is not str:
        raise UnpicklingError("Bytes are kept as latin1 text")
    return bytes(builder.copied(text, str).encode(encoding))


def _bytearray(builder: Builder, data: Any = b"", encoding: Any = None) -> bytearray:
    return bytearray(_encoded(builder, data, encoding) if encoding is not None else builder.copied(data, bytes))


def _set(builder: Builder, items: Any = ()) -> set[Any]:
    for item in builder.copied(items, list, tuple):
        check_key(item)
    return set(items)


def _counter(builder: Builder, counts: Any = None) -> Any:
    made: Any = Counter()
    dict.update(made, builder.copied({} if counts is None else counts, dict))
    return made


def _ordered(builder: Builder, pairs: Any = ()) -> Any:
    made: Any = OrderedDict()
    for pair in builder.copied(pairs, list, tuple):
        if type(pair) not in (list, tuple) or len(pair) != 2:
            raise UnpicklingError("An OrderedDict is made of pairs")
        check_key(pair[0])
        made[pair[0]] = pair[1]
    return made


def _default(builder: Builder, factory: Any = None) -> Any:
    if factory is None:
        return defaultdict(None)
    if not isinstance(factory, Named) or factory.name not in FACTORIES:
        raise UnpicklingError("A defaultdict makes lists, dicts, sets or numbers")
    return defaultdict(FACTORIES[factory.name])


def _complex(builder: Builder, real: Any = 0.0, imag: Any = 0.0) -> complex:
    if type(real) not in (int, float) or type(imag) not in (int, float):
        raise UnpicklingError("A complex number is made of two numbers")
    return complex(real, imag)


def _size(builder: Builder, lengths: Any = ()) -> Size:
    if not whole(builder.copied(lengths, tuple, list)):
        raise UnpicklingError("A Size is made of whole numbers")
    return Size(lengths)


def _device(builder: Builder, kind: Any, index: Any = None) -> device:
    """There is one device; a file from another machine may name others."""
    if type(kind) is not str or not (index is None or type(index) is int):
        raise UnpicklingError("A device has a name and a number")
    return device("cpu", index) if kind == "cpu" else CPU


def _layout(builder: Builder, name: Any) -> layouts.layout:
    found = getattr(layouts, name.removeprefix("torch."), None) if type(name) is str else None
    if not isinstance(found, layouts.layout):
        raise UnpicklingError("An unknown layout")
    return found


_TENSORS: dict[str, Callable[..., Any]] = {
    "torch._utils._rebuild_tensor": _tensor,
    "torch._utils._rebuild_tensor_v2": _tensor,
    "torch._utils._rebuild_tensor_v3": _younger_tensor,
}

CALLS: dict[str, Callable[..., Any]] = {
    **_TENSORS,
    "torch._utils._rebuild_parameter": _parameter,
    "torch._utils._rebuild_parameter_with_state": _parameter,
    "torch.nn.parameter.Parameter": _parameter,
    "torch._tensor._rebuild_from_type_v2": _of_type,
    "torch.Size": _size,
    "torch.device": _device,
    "torch.serialization._get_layout": _layout,
    "collections.OrderedDict": _ordered,
    "collections.Counter": _counter,
    "collections.defaultdict": _default,
    "builtins.set": _set,
    "builtins.bytes": lambda builder: b"",  # how pickle writes those that are empty
    "builtins.bytearray": _bytearray,
    "builtins.complex": _complex,
    "_codecs.encode": _encoded,
}  # fmt: skip

# What a defaultdict may make.
FACTORIES: dict[str, Callable[[], Any]] = {
    "builtins.list": list, "builtins.dict": dict, "builtins.set": set, "builtins.int": int, "builtins.float": float,
    "collections.OrderedDict": OrderedDict, "collections.Counter": Counter,
}  # fmt: skip

# What is a name only.
NAMES = ("torch.Tensor", "torch.storage.UntypedStorage")
