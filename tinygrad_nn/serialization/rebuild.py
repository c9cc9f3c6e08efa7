"""What the names in PyTorch's files stand for, and the tensors that are made of them.

The names that PyTorch itself reads by default are known, as far as there is such data here. Sizes, strides and places
are held against the memory that the file really has before anything is made of them.
"""

from __future__ import annotations

import sys
from collections import Counter, OrderedDict, defaultdict
from collections.abc import Callable
from pickle import UnpicklingError
from typing import Any

import numpy as np

from .._core import dtypes, layouts
from .._core.blocks import extent
from .._core.device import CPU, device
from .._core.dtypes import dtype
from .._core.storage import TypedStorage, UntypedStorage
from .._core.tensor import Size, Tensor, wrap
from .archive import Archive
from .machine import check_key
from .names import STORAGES, place_of, refusal

_MOST_DIMENSIONS = 64  # NumPy's limit


class Named:
    """A name that is known. It is data: only the builder makes something of it."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return f"<{self.name}>"


class Unstored:
    """A storage or a tensor of a type that NumPy does not have."""

    def __init__(self, kind: dtype) -> None:
        self.kind = kind


class Rebuilder:
    """Makes the data that one file holds."""

    def __init__(self, archive: Archive, pickled: int) -> None:
        self._archive = archive
        self._budget = pickled  # elements that may be copied: every one of them takes a byte of the pickle, or more
        self._storages: dict[str, tuple[TypedStorage | Unstored, str, int]] = {}
        self._foreign: set[int] = set()  # storages of bytes, whose order in larger elements is another machine's
        self._unstored: list[dtype] = []
        order = archive.read("byteorder").decode("latin1") if "byteorder" in archive else "little"
        if order not in ("little", "big"):
            raise ValueError(f"Unknown endianness type: {order}")
        self._swapped = order != sys.byteorder

    def finished(self, result: Any) -> Any:
        """The data, of which nothing is missing.

        Raises:
            TypeError: there are tensors of a type that NumPy does not have.
        """
        if self._unstored:
            kind = self._unstored[0]
            place = place_of(result, lambda item: isinstance(item, Unstored) and item.kind is kind)
            raise TypeError(
                f"load(): at obj{place} the file holds a tensor of {kind}. {dtypes.unstored(kind)} Convert it in the "
                "program that has made the file: tensor.float()."
            )
        return result

    # --- names ------------------------------------------------------------------------------------------------------

    def named(self, module: str, name: str) -> Any:
        """What a name stands for.

        Raises:
            pickle.UnpicklingError: nothing that is known.
        """
        module = {"__builtin__": "builtins", "torch.cuda": "torch"}.get(module, module)
        full = f"{module}.{name}"
        if full in CALLS or full in FACTORIES or full in ("torch.Tensor", "torch.storage.UntypedStorage"):
            return Named(full)
        if module in ("torch", "torch.storage") and name in STORAGES:
            return Named(name)
        if module == "torch":
            try:
                return dtypes.from_name(name)
            except KeyError:
                pass
        raise UnpicklingError(refusal(module, name))

    def called(self, function: Any, arguments: Any) -> Any:
        """What a known function gives for these arguments.

        Raises:
            pickle.UnpicklingError: it is no function.
        """
        call = CALLS.get(function.name) if isinstance(function, Named) else None
        if call is None or type(arguments) is not tuple:
            shown = function.name if isinstance(function, Named) else type(function).__name__
            raise UnpicklingError(f"Trying to call reduce for unrecognized function {shown}")
        return call(self, *arguments)

    def copied(self, value: Any, *kinds: type) -> Any:
        """A value that is about to be copied, of one of these types.

        Raises:
            pickle.UnpicklingError: it is of another; or the file has more copied than it holds.
        """
        if type(value) not in kinds:
            raise UnpicklingError(f"expected {kinds[0].__name__}, got {type(value).__name__}")
        self._budget -= len(value)
        if self._budget < 0:
            raise UnpicklingError("The file has more data copied than it holds.")
        return value

    # --- memory -----------------------------------------------------------------------------------------------------

    def stored(self, reference: Any) -> TypedStorage | Unstored:
        """The memory that the file keeps under a key.

        Raises:
            pickle.UnpicklingError: it is described in a way that cannot be right.
            RuntimeError: it is missing or damaged.
        """
        if type(reference) is not tuple or len(reference) != 5 or reference[0] != "storage":
            raise UnpicklingError("Only persistent_load of storage is allowed")
        _, kind, key, _, count = reference
        if not isinstance(kind, Named) or type(key) is not str or type(count) is not int or count < 0:
            raise UnpicklingError("A storage needs a type, a key and a number of elements")
        if key not in self._storages:
            self._storages[key] = (self._read(kind.name, key, count), kind.name, count)
        storage, *described = self._storages[key]
        if described != [kind.name, count]:
            raise UnpicklingError("One storage is described in two ways")
        return storage

    def _read(self, name: str, key: str, count: int) -> TypedStorage | Unstored:
        if name != "torch.storage.UntypedStorage" and name not in STORAGES:
            raise UnpicklingError(f"{name} is no storage")
        untyped = name not in STORAGES
        kind = STORAGES.get(name, dtypes.uint8)
        if kind.name in dtypes.UNSTORED:
            return self.unstored(kind)
        size = self._archive.size(f"data/{key}")
        if size // kind.itemsize != count:  # PyTorch, too, leaves a rest that is no whole element
            raise RuntimeError(
                f"storage data/{key} has wrong byte size: expected {count * kind.itemsize} got {size}. The file is "
                "corrupted."
            )
        memory = self._archive.memory(f"data/{key}")[: count * kind.itemsize]
        storage = TypedStorage(wrap_storage=UntypedStorage._of(memory), dtype=kind)
        if self._swapped and untyped:
            self._foreign.add(id(storage))
        elif self._swapped:
            memory.view(kind.dtype).byteswap(inplace=True)
        return storage

    def elements(self, storage: TypedStorage, kind: np.dtype[Any]) -> np.ndarray[Any, Any]:
        """The bytes of a storage, in this machine's order for elements of this type."""
        memory = storage.untyped()._bytes()
        if id(storage) in self._foreign:
            self._foreign.remove(id(storage))
            memory[: len(memory) // kind.itemsize * kind.itemsize].view(kind).byteswap(inplace=True)
        return memory

    def unstored(self, kind: dtype) -> Unstored:
        """A place for a tensor that cannot be made; `finished` refuses the file for it, and says where it stood."""
        self._unstored.append(kind)
        return Unstored(kind)


# --- tensors ---------------------------------------------------------------------------------------------------------


def _whole(numbers: Any) -> bool:
    return type(numbers) in (tuple, list, Size) and all(type(n) is int and n >= 0 for n in numbers)


def _view(memory: np.ndarray[Any, Any], kind: np.dtype[Any], offset: Any, size: Any, stride: Any) -> Any:
    """Elements of the memory, which must have them all."""
    if not _whole(size) or not _whole(stride) or not _whole((offset,)) or len(size) != len(stride):
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


def _tensor(builder: Rebuilder, storage: Any, offset: Any, size: Any, stride: Any, requires_grad: Any = False,
            hooks: Any = None, metadata: Any = None, *, kind: dtype | None = None) -> Any:  # fmt: skip
    if isinstance(storage, Unstored):
        return storage
    if not isinstance(storage, TypedStorage):
        raise UnpicklingError("A tensor needs a storage")
    kind = kind or storage.dtype
    if kind.name in dtypes.UNSTORED:
        return builder.unstored(kind)
    array = _view(builder.elements(storage, kind.dtype), kind.dtype, offset, size, stride)
    if metadata is not None and (type(metadata) is not dict or set(metadata) - {"conj", "neg"}):
        raise UnpicklingError("A tensor has unknown metadata")
    if metadata and metadata.get("conj"):  # PyTorch computes these when they are read, this package at once
        array = array.conj()
    if metadata and metadata.get("neg"):
        array = -array
    return _leaf(wrap(array), requires_grad)


def _younger_tensor(builder: Rebuilder, storage: Any, offset: Any, size: Any, stride: Any, requires_grad: Any,
                    hooks: Any, kind: Any, metadata: Any = None) -> Any:  # fmt: skip
    if not isinstance(kind, dtype):
        raise UnpicklingError("A tensor needs a data type")
    return _tensor(builder, storage, offset, size, stride, requires_grad, hooks, metadata, kind=kind)


def _leaf(tensor: Tensor, requires_grad: Any) -> Tensor:
    if type(requires_grad) is not bool:
        raise UnpicklingError("requires_grad must be a bool")
    return tensor.requires_grad_() if requires_grad else tensor


def _parameter(builder: Rebuilder, data: Any, requires_grad: Any = True, hooks: Any = None, state: Any = None) -> Any:
    from ..nn.parameter import Parameter

    if isinstance(data, Unstored):
        return data
    if not isinstance(data, Tensor) or type(requires_grad) is not bool:
        raise UnpicklingError("A parameter needs a tensor")
    return _with_state(Parameter(data, requires_grad), state)


def _of_type(builder: Rebuilder, function: Any, kind: Any, arguments: Any, state: Any) -> Any:
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


def _encoded(builder: Rebuilder, text: Any, encoding: Any = "latin1") -> bytes:
    if encoding not in ("latin1", "latin-1", "ascii", "utf-8", "utf8") or type(encoding) is not str:
        raise UnpicklingError("Bytes are kept as latin1 text")
    return bytes(builder.copied(text, str).encode(encoding))


def _bytearray(builder: Rebuilder, data: Any = b"", encoding: Any = None) -> bytearray:
    return bytearray(_encoded(builder, data, encoding) if encoding is not None else builder.copied(data, bytes))


def _set(builder: Rebuilder, items: Any = ()) -> set[Any]:
    for item in builder.copied(items, list, tuple):
        check_key(item)
    return set(items)


def _counter(builder: Rebuilder, counts: Any = None) -> Any:
    made: Any = Counter()
    dict.update(made, builder.copied({} if counts is None else counts, dict))
    return made


def _ordered(builder: Rebuilder, pairs: Any = ()) -> Any:
    made: Any = OrderedDict()
    for pair in builder.copied(pairs, list, tuple):
        if type(pair) not in (list, tuple) or len(pair) != 2:
            raise UnpicklingError("An OrderedDict is made of pairs")
        check_key(pair[0])
        made[pair[0]] = pair[1]
    return made


def _default(builder: Rebuilder, factory: Any = None) -> Any:
    if factory is None:
        return defaultdict(None)
    if not isinstance(factory, Named) or factory.name not in FACTORIES:
        raise UnpicklingError("A defaultdict makes lists, dicts, sets or numbers")
    return defaultdict(FACTORIES[factory.name])


def _complex(builder: Rebuilder, real: Any = 0.0, imag: Any = 0.0) -> complex:
    if type(real) not in (int, float) or type(imag) not in (int, float):
        raise UnpicklingError("A complex number is made of two numbers")
    return complex(real, imag)


def _size(builder: Rebuilder, lengths: Any = ()) -> Size:
    if not _whole(builder.copied(lengths, tuple, list)):
        raise UnpicklingError("A Size is made of whole numbers")
    return Size(lengths)


def _device(builder: Rebuilder, kind: Any, index: Any = None) -> device:
    """There is one device; a file from another machine may name others."""
    if type(kind) is not str or not (index is None or type(index) is int):
        raise UnpicklingError("A device has a name and a number")
    return device("cpu", index) if kind == "cpu" else CPU


def _layout(builder: Rebuilder, name: Any) -> layouts.layout:
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
