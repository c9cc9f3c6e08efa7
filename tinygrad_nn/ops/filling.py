"""Filling tensors: new ones of a tensor's type, and writing numbers or other tensors into one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .._core.blocks import same_place
from .._core.dtypes import FLOAT32, FLOAT64
from .._core.errors import must_be_tensor
from .._core.inplace import check_history, check_memory, is_there_already, leaves_no_trace, store
from .._core.op import case, op
from .._core.tensor import Tensor, tensor_method
from .cast import as_type
from .creation import empty, empty_strided, full, number_of, ones, zeros
from .data import as_tensor, tensor
from .making import takes_size

__all__ = ["fill", "fill_", "zero_"]

# --- new tensors -------------------------------------------------------------------------------------------------


@tensor_method
def new_tensor(
    self: Tensor, data: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False,
    layout: Any = None, pin_memory: bool = False
) -> Tensor:  # fmt: skip
    """A tensor with a copy of the data, of this tensor's type."""
    return tensor(data, dtype=self.dtype if dtype is None else dtype, device=device, requires_grad=requires_grad)


@tensor_method
@takes_size
def new_zeros(self: Tensor, *size: Any, dtype: Any = None, device: Any = None, requires_grad: bool = False,
              layout: Any = None, pin_memory: bool = False) -> Tensor:  # fmt: skip
    """Zeros of this tensor's type."""
    return zeros(*size, dtype=self.dtype if dtype is None else dtype, device=device, requires_grad=requires_grad)


@tensor_method
@takes_size
def new_ones(self: Tensor, *size: Any, dtype: Any = None, device: Any = None, requires_grad: bool = False,
             layout: Any = None, pin_memory: bool = False) -> Tensor:  # fmt: skip
    """Ones of this tensor's type."""
    return ones(*size, dtype=self.dtype if dtype is None else dtype, device=device, requires_grad=requires_grad)


@tensor_method
@takes_size
def new_empty(self: Tensor, *size: Any, dtype: Any = None, device: Any = None, requires_grad: bool = False,
              layout: Any = None, pin_memory: bool = False) -> Tensor:  # fmt: skip
    """A tensor of this tensor's type, not initialised."""
    return empty(*size, dtype=self.dtype if dtype is None else dtype, device=device, requires_grad=requires_grad)


@tensor_method
def new_empty_strided(self: Tensor, size: Sequence[int], stride: Sequence[int], *, dtype: Any = None,
                      layout: Any = None, device: Any = None, pin_memory: bool = False,
                      requires_grad: bool = False) -> Tensor:  # fmt: skip
    """A tensor of this tensor's type, not initialised, whose elements lie in memory as the strides say."""
    wanted = self.dtype if dtype is None else dtype
    return empty_strided(size, stride, dtype=wanted, device=device, requires_grad=requires_grad)


@tensor_method
def new_full(self: Tensor, size: Sequence[int], fill_value: Any, *, dtype: Any = None, device: Any = None,
             requires_grad: bool = False, layout: Any = None, pin_memory: bool = False) -> Tensor:  # fmt: skip
    """A tensor of this tensor's type, all of one value."""
    wanted = self.dtype if dtype is None else dtype
    return full(size, fill_value, dtype=wanted, device=device, requires_grad=requires_grad)


@tensor_method
def new(self: Tensor, *data: Any, device: Any = None) -> Tensor:
    """A tensor of this tensor's type: of these sizes, not initialised, or of this data (PyTorch's former way)."""
    if not data:
        return empty(0, dtype=self.dtype, device=device)
    if all(isinstance(size, int | np.integer) for size in data) or isinstance(data[0], type(self.shape)):
        return empty(*data, dtype=self.dtype, device=device)
    (values,) = data
    if isinstance(values, Tensor):
        return values.detach()
    return tensor(values, dtype=self.dtype, device=device)


# --- writing -----------------------------------------------------------------------------------------------------


@op(vjp=(lambda g: np.zeros_like(g), lambda g, value_shape, source: as_type(g.sum().reshape(value_shape), source)),
    kind="general", method=False, torch_name="", node_name="FillBackward0",
    cases=[case((2, 3), (), source=np.dtype("f8"))])  # fmt: skip
def _filled(x, value, /, source=None):
    """A number in the shape of `x`."""
    return np.full_like(x, value)


@op(vjp=(lambda g: np.zeros_like(g), lambda g, source: as_type(g, source)), kind="general", method=False, torch_name="",
    node_name="CopyBackwards", cases=[case((2, 3), (2, 3), source=np.dtype("f8"))])  # fmt: skip
def _copied(x, other, /, source):
    """Another tensor's elements as the type of `x`."""
    return other.astype(x.dtype)


def fill(input: Tensor, value: Any) -> Tensor:
    """A number in the shape of a tensor.

    Raises:
        RuntimeError: the value is a tensor with dimensions, or the tensor's type cannot hold it.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.fill(tg.zeros(2), 3)
        tensor([3., 3.])
    """
    if not isinstance(input, Tensor):
        raise must_be_tensor("fill", "input", 0, input)
    if isinstance(value, Tensor):
        if value._array.ndim:
            raise RuntimeError(
                f"fill_ only supports 0-dimension value tensor but got tensor with {value._array.ndim} dimensions."
            )
        result: Tensor = _filled(input, value, source=value._array.dtype)
        return result
    return _filled(input, number_of("fill_", value, input._array.dtype, "value", 0))


@tensor_method
def fill_(input: Tensor, value: Any) -> Tensor:
    """Set every element to a number.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.zeros(2).fill_(3)
        tensor([3., 3.])
    """
    check_history(input, (value,))
    check_memory(input._array, shared=True)  # one number may well be written several times to one place
    dtype = input._array.dtype
    plain = (type(value) is float or type(value) is int) and (dtype is FLOAT32 or dtype is FLOAT64)
    if plain and -1e38 < value < 1e38 and leaves_no_trace(input):
        input._array.fill(value)
        input._cell[0] += 1
        return input
    return store(input, fill(input, value))


@tensor_method
def zero_(input: Tensor) -> Tensor:
    """Set every element to zero.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.ones(2).zero_()
        tensor([0., 0.])
    """
    check_history(input)
    if not leaves_no_trace(input):
        return fill_(input, 0)
    check_memory(input._array, shared=True)
    input._array.fill(0)
    input._cell[0] += 1
    return input


@tensor_method
def copy_(self: Tensor, src: Any, non_blocking: bool = False) -> Tensor:
    """Set the elements to those of another tensor, which is cast and broadcast."""
    if isinstance(src, Tensor) and type(self._cell) is list and leaves_no_trace(self, src):  # the usual case, in short
        target, source = self._array, src._array
        alike = target.dtype is source.dtype and target.shape == source.shape
        if alike and not np.may_share_memory(target, source):
            check_memory(target)
            np.copyto(target, source)
            self._cell[0] += 1
            return self
    if isinstance(src, np.ndarray):
        src = as_tensor(src)
    elif isinstance(src, int | float | complex):
        src = tensor(src)
    elif not isinstance(src, Tensor):
        raise must_be_tensor("copy_", "other", 0, src)
    check_history(self, (src,))
    if is_there_already(self, self._array, src):
        self._cell[0] += 1
        return self
    if not same_place(self._array, src._array):
        check_memory(self._array, (src,))
    if src._array.shape != self._array.shape:
        src = src.expand(self._array.shape)
    if src._array.dtype == self._array.dtype and leaves_no_trace(self, src):
        np.copyto(self._array, src._array)
        self._cell[0] += 1
        return self
    return store(self, _copied(self, src, source=src._array.dtype))
