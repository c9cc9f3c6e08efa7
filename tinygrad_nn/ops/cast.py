"""Changes of type: ``to``, ``float``, ``long``, ``type_as`` and kin."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._core import dtypes
from .._core.device import check_device
from .._core.device import device as Device  # noqa: N812 - `device` is an argument here
from .._core.dtypes import dtype
from .._core.errors import must_be_tensor
from .._core.memory_format import preserve_format
from .._core.modes import modes
from .._core.op import case, op
from .._core.tensor import Tensor, tensor_method, wrap
from .shortcuts import recorded
from .tensor_types import TensorType


def as_type(x: Any, target: np.dtype[Any]) -> Any:
    """The elements as another type; the real parts, where complex ones become real. On arrays and tensors."""
    complex_elements = x.is_complex() if isinstance(x, Tensor) else x.dtype.kind == "c"
    return (x.real if complex_elements and target.kind != "c" else x).astype(target)


@op(vjp=lambda g, source: as_type(g, source), kind="general", method=False, torch_name="", node_name="ToCopyBackward0",
    cases=[case((2, 3), target=np.dtype("f8"), source=np.dtype("f8"))])  # fmt: skip
def _cast(x, /, *, target, source):
    """Each element as another type; the gradient returns in the first type."""
    return as_type(x, target)


def _converted(x: Tensor, target: np.dtype[Any]) -> Tensor:
    """The tensor as another type; integers and booleans have no gradient."""
    array, here = x._array, modes.here
    if array.__class__ is np.ndarray and array.dtype.kind != "c" and not here.observers and not here.levels:
        # past the general caller, which takes as long as a few elements
        made = here.quiet(array.astype, target)
        if target.kind not in "fc":
            return wrap(made)
        return recorded(_cast.op, x, {"target": target, "source": array.dtype}, made)
    result: Tensor = _cast(x if target.kind in "fc" else x.detach(), target=target, source=x._array.dtype)
    return result


@tensor_method
def astype(self: Tensor, dtype: Any) -> Tensor:
    """The tensor as another type (NumPy's name of `to`)."""
    target = dtypes.to_numpy(dtype)
    if target == self._array.dtype:
        return self
    return _converted(self, target)


@tensor_method
def to(self: Tensor, *args: Any, dtype: Any = None, device: Any = None, non_blocking: bool = False, copy: bool = False,
       memory_format: Any = None) -> Tensor:  # fmt: skip
    """The tensor as another type, on a device (there is the CPU), or as another tensor is.

    ``x.to(dtype)``, ``x.to(device, dtype)``, ``x.to(other)``. The tensor itself where nothing changes, unless `copy`.

    Raises:
        RuntimeError: another device is asked for.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.Tensor.to.html

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.tensor([1, 2]).to(tg.float64)
        tensor([1., 2.], dtype=torch.float64)
    """
    for value in args:
        if isinstance(value, Tensor):
            dtype = value.dtype
        elif isinstance(value, str | Device):
            device = value
        elif isinstance(value, bool):
            pass  # non_blocking or copy by position, which change nothing here
        elif value is not None:
            dtype = value
    check_device(device)
    target = self._array.dtype if dtype is None else dtypes.to_numpy(dtype)
    result = self
    if target != self._array.dtype:
        result = _converted(self, target)
    elif copy:
        result = self.clone(memory_format=memory_format)
    if memory_format is not None and memory_format is not preserve_format:
        return result.contiguous(memory_format=memory_format)
    return result


@tensor_method
def type_as(self: Tensor, other: Tensor) -> Tensor:
    """The tensor as the other's type."""
    if not isinstance(other, Tensor):
        raise must_be_tensor("type_as", "other", 0, other)
    return self.to(other.dtype)


@tensor_method
def type(self: Tensor, dtype: Any = None) -> Any:
    """The tensor as another type; without an argument, the type's name, such as ``"torch.FloatTensor"``."""
    if dtype is None:
        return f"torch.{dtypes.TYPE_NAMES[self.dtype]}Tensor"
    return self.to(_named_type(dtype))


def _named_type(name: Any) -> Any:
    if isinstance(name, str):
        for found, word in dtypes.TYPE_NAMES.items():
            if name.rpartition(".")[2] == f"{word}Tensor":
                return found
        raise ValueError(f"invalid type: {name!r}")
    if name is Tensor:
        return dtypes.get_default_dtype()
    return name.dtype if isinstance(name, TensorType) else name


@tensor_method
def cpu(self: Tensor, memory_format: Any = None) -> Tensor:
    """The tensor itself: it is on the CPU."""
    return self


@tensor_method
def cuda(self: Tensor, device: Any = None, non_blocking: bool = False) -> Tensor:
    """Refused: there is no GPU here.

    Raises:
        RuntimeError: always.
    """
    raise RuntimeError(
        "Tensor.cuda(): tinygrad_nn computes on the CPU only. Leave .cuda() away, or write "
        "device = 'cuda' if tinygrad_nn.cuda.is_available() else 'cpu' and x.to(device)."
    )


@tensor_method
def bfloat16(self: Tensor, memory_format: Any = None) -> Tensor:
    """Refused: NumPy has no such type.

    Raises:
        TypeError: always.
    """
    raise dtypes.unstored(dtypes.bfloat16)


def _method(name: str, target: dtype) -> None:
    numpy_type = target.dtype

    def convert(self: Tensor, *, memory_format: Any = None) -> Tensor:
        if memory_format is None:
            return self if self._array.dtype == numpy_type else _converted(self, numpy_type)
        return self.to(target, memory_format=memory_format)

    convert.__name__ = convert.__qualname__ = name
    convert.__doc__ = f"The tensor as {target.name}: ``x.to({target!r})``."
    tensor_method(convert)


for _name, _target in {
    "half": dtypes.float16, "float": dtypes.float32, "double": dtypes.float64, "cfloat": dtypes.complex64,
    "cdouble": dtypes.complex128, "byte": dtypes.uint8, "char": dtypes.int8, "short": dtypes.int16,
    "int": dtypes.int32, "long": dtypes.int64, "bool": dtypes.bool_,
}.items():  # fmt: skip
    _method(_name, _target)
