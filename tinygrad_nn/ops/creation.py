"""Creation: tensors from data, from NumPy, and filled in a regular way.

Source: https://docs.pytorch.org/docs/stable/torch.html#creation-ops
"""

from __future__ import annotations

import builtins
import math
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from .._core import dispatch, dtypes
from .._core.device import check_device
from .._core.inplace import check_target, store
from .._core.op import case, op
from .._core.tensor import Tensor, tensor_method, wrap


def _finish(array: np.ndarray[Any, Any], requires_grad: bool, device: Any = None) -> Tensor:
    check_device(device)
    result = wrap(array)
    return result.requires_grad_() if requires_grad else result


def _dtype(dtype: Any) -> np.dtype[Any]:
    return dtypes.default_numpy() if dtype is None else dtypes.to_numpy(dtype)


def _size(name: str, size: tuple[Any, ...]) -> tuple[int, ...]:
    """A shape given as numbers or as one sequence."""
    if len(size) == 1 and not isinstance(size[0], int | np.integer | Tensor):
        size = tuple(size[0])
    lengths = []
    for length in size:
        if isinstance(length, float | str):
            raise TypeError(f"{name}(): argument 'size' must be tuple of ints, but found element {length!r}")
        if length < 0:
            shape = [int(n) for n in size]
            raise RuntimeError(f"Trying to create tensor with negative dimension {int(length)}: {shape}")
        lengths.append(int(length))
    return tuple(lengths)


# --- from data ---------------------------------------------------------------------------------------------------


def tensor(
    data: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False, pin_memory: bool = False
) -> Tensor:
    """A tensor with a copy of the data: a number, nested sequences, an array.

    Python floats get the default type (float32), integers int64; arrays keep their own type.

    Raises:
        ValueError: the nested sequences are of different lengths.
        TypeError: the data is no numbers.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.tensor.html

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.tensor([[1, 2], [3, 4]])
        tensor([[1, 2],
                [3, 4]])
        >>> tg.tensor(0.5).dtype
        tinygrad_nn.float32
    """
    if isinstance(data, Tensor):
        warnings.warn(
            "To copy construct from a tensor, it is recommended to use sourceTensor.detach().clone() or "
            "sourceTensor.detach().clone().requires_grad_(True), rather than tinygrad_nn.tensor(sourceTensor).",
            UserWarning,
            stacklevel=2,
        )
        data = data._array
    array = _to_array(data)
    if dtype is not None:
        array = array.astype(dtypes.to_numpy(dtype))
    else:
        array = array.copy() if array is data else _inferred(array, data)
    dtypes.from_numpy(array.dtype)
    return _finish(np.ascontiguousarray(array) if array.ndim else array, requires_grad, device)


def _to_array(data: Any) -> np.ndarray[Any, Any]:
    """The data as an array, with all of its digits."""
    if isinstance(data, np.ndarray):
        return data
    if isinstance(data, np.generic):
        return np.asarray(data)
    if hasattr(data, "__array__") and not isinstance(data, list | tuple):
        return np.asarray(data)
    try:
        array = np.array(_without_tensors(data))
    except ValueError as error:
        raise _ragged(data) or ValueError(str(error)) from None
    if array.dtype.kind in "OUSV":
        raise _ragged(data) or TypeError(
            f"tensor(): could not infer dtype of {type(_first(data)).__name__}: expected numbers, nested in lists of "
            "equal lengths"
        )
    return array


def _inferred(array: np.ndarray[Any, Any], data: Any) -> np.ndarray[Any, Any]:
    """An array made of data, as the type that PyTorch infers: Python floats get the default type."""
    first = _first(data)
    if array.dtype.kind in "fc" and not isinstance(first, np.generic | np.ndarray | Tensor):
        if first is not data or isinstance(data, int | float | complex):
            wanted = dtypes.default_numpy()
            return array.astype(np.result_type(wanted, np.complex64) if array.dtype.kind == "c" else wanted)
    return array.astype(dtypes.default_numpy()) if array.size == 0 and first is None else array


def _first(data: Any) -> Any:
    """The first leaf of nested sequences; None where there is none."""
    while isinstance(data, list | tuple):
        if not data:
            return None
        data = data[0]
    return data


def _without_tensors(data: Any) -> Any:
    if isinstance(data, Tensor):
        return data._array
    if isinstance(data, list | tuple):
        return [_without_tensors(item) for item in data]
    if isinstance(data, range):
        return list(data)
    return data


def _ragged(data: Any, dim: int = 0) -> ValueError | None:
    """PyTorch's error for nested sequences of different lengths."""
    if not isinstance(data, list | tuple):
        return None
    lengths = [len(d) if isinstance(d, list | tuple | np.ndarray) else -1 for d in data]
    for length in lengths:
        if length != lengths[0]:
            return ValueError(
                f"expected sequence of length {max(lengths[0], 0)} at dim {dim + 1} (got {max(length, 0)}). All rows "
                "must have one length; pad them first."
            )
    for item in data:
        found = _ragged(item, dim + 1)
        if found is not None:
            return found
    return None


def from_numpy(ndarray: np.ndarray[Any, Any]) -> Tensor:
    """A tensor that shares an array's memory: writes into one are seen in the other.

    Raises:
        TypeError: not an array, or of a type that tensors do not have.

    Example:
        >>> import numpy as np, tinygrad_nn as tg
        >>> array = np.zeros(2)
        >>> x = tg.from_numpy(array)
        >>> array[0] = 7
        >>> x
        tensor([7., 0.], dtype=tinygrad_nn.float64)
    """
    if not isinstance(ndarray, np.ndarray):
        raise TypeError(f"expected np.ndarray (got {type(ndarray).__name__}). Use tinygrad_nn.tensor(...).")
    dtypes.from_numpy(ndarray.dtype)
    return wrap(ndarray.view(np.ndarray))


def as_tensor(data: Any, dtype: Any = None, device: Any = None) -> Tensor:
    """The data as a tensor, without a copy where it is a tensor or an array of the wanted type already."""
    check_device(device)
    if isinstance(data, Tensor):
        return data if dtype is None else data.to(dtype)
    if isinstance(data, np.ndarray):
        made = from_numpy(data)
        return made if dtype is None else made.to(dtype)
    return tensor(data, dtype=dtype)


def asarray(
    obj: Any, *, dtype: Any = None, device: Any = None, copy: bool | None = None, requires_grad: bool = False
) -> Tensor:
    """As `as_tensor`, with a choice of copying."""
    made = as_tensor(obj, dtype, device)
    made = made.detach().clone() if copy else made
    return made.requires_grad_() if requires_grad else made


# --- filled ------------------------------------------------------------------------------------------------------


def zeros(*size: Any, out: Any = None, dtype: Any = None, layout: Any = None, device: Any = None,
          pin_memory: bool = False, requires_grad: bool = False) -> Tensor:  # fmt: skip
    """Zeros of a shape, given as numbers or as one sequence.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.zeros(2, 3)
        tensor([[0., 0., 0.],
                [0., 0., 0.]])
    """
    return _into(out, _finish(np.zeros(_size("zeros", size), _dtype(dtype)), requires_grad, device))


def ones(*size: Any, out: Any = None, dtype: Any = None, layout: Any = None, device: Any = None,
         pin_memory: bool = False, requires_grad: bool = False) -> Tensor:  # fmt: skip
    """Ones of a shape, given as numbers or as one sequence."""
    return _into(out, _finish(np.ones(_size("ones", size), _dtype(dtype)), requires_grad, device))


def empty(*size: Any, out: Any = None, dtype: Any = None, layout: Any = None, device: Any = None,
          pin_memory: bool = False, requires_grad: bool = False, memory_format: Any = None) -> Tensor:  # fmt: skip
    """A tensor of a shape whose elements may have any value."""
    return _into(out, _finish(np.empty(_size("empty", size), _dtype(dtype)), requires_grad, device))


def full(size: Any, fill_value: Any, *, out: Any = None, dtype: Any = None, layout: Any = None, device: Any = None,
         requires_grad: bool = False) -> Tensor:  # fmt: skip
    """A tensor of a shape, all of one value; its type is the value's unless given."""
    value = fill_value.item() if isinstance(fill_value, Tensor) else fill_value
    wanted = dtypes.result_type([value]) if dtype is None else dtypes.to_numpy(dtype)
    return _into(out, _finish(np.full(_size("full", (size,)), value, wanted), requires_grad, device))


def _into(out: Tensor | None, made: Tensor) -> Tensor:
    return made if out is None else store(out, made)


def _like(input: Tensor, dtype: Any) -> np.dtype[Any]:
    if not isinstance(input, Tensor):
        raise TypeError(f"argument 'input' (position 1) must be Tensor, not {type(input).__name__}")
    return input._array.dtype if dtype is None else dtypes.to_numpy(dtype)


def zeros_like(input: Tensor, *, dtype: Any = None, layout: Any = None, device: Any = None, requires_grad: bool = False,
               memory_format: Any = None) -> Tensor:  # fmt: skip
    """Zeros in the shape and type of another tensor."""
    return _finish(np.zeros_like(input._array, _like(input, dtype)), requires_grad, device)


def ones_like(input: Tensor, *, dtype: Any = None, layout: Any = None, device: Any = None, requires_grad: bool = False,
              memory_format: Any = None) -> Tensor:  # fmt: skip
    """Ones in the shape and type of another tensor."""
    return _finish(np.ones_like(input._array, _like(input, dtype)), requires_grad, device)


def empty_like(input: Tensor, *, dtype: Any = None, layout: Any = None, device: Any = None, requires_grad: bool = False,
               memory_format: Any = None) -> Tensor:  # fmt: skip
    """A tensor in the shape and type of another, not initialised."""
    return _finish(np.empty_like(input._array, _like(input, dtype)), requires_grad, device)


def full_like(input: Tensor, fill_value: Any, *, dtype: Any = None, layout: Any = None, device: Any = None,
              requires_grad: bool = False, memory_format: Any = None) -> Tensor:  # fmt: skip
    """A tensor in the shape and type of another, all of one value."""
    return _finish(np.full_like(input._array, fill_value, _like(input, dtype)), requires_grad, device)


def arange(*bounds: Any, out: Any = None, dtype: Any = None, layout: Any = None, device: Any = None,
           pin_memory: bool = False, requires_grad: bool = False, start: Any = None, end: Any = None,
           step: Any = None) -> Tensor:  # fmt: skip
    """Numbers from `start` (0) up to but without `end`, in steps (1): ``arange(end)``, ``arange(start, end, step)``.

    Raises:
        RuntimeError: the step is zero or leads away from the end.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.arange(1, 2.5, 0.5)
        tensor([1.0000, 1.5000, 2.0000])
    """
    given = [b.item() if isinstance(b, Tensor | np.generic) else b for b in bounds]
    if len(given) == 1:
        given = [0 if start is None else start, given[0]] if end is None else [given[0], end]
    first = given[0] if given else (0 if start is None else start)
    last = given[1] if len(given) > 1 else end
    stride = given[2] if len(given) > 2 else (1 if step is None else step)
    if stride == 0:
        raise RuntimeError("step must be nonzero")
    if (last - first) * stride < 0:
        raise RuntimeError(
            f"upper bound and lower bound inconsistent with step sign: start {first}, end {last}, step {stride}"
        )
    whole = all(isinstance(b, int) for b in (first, last, stride))
    wanted = dtypes.to_numpy(dtype) if dtype is not None else np.dtype(np.int64) if whole else dtypes.default_numpy()
    count = math.ceil((last - first) / stride)
    if wanted.kind in "iu":
        array = int(first) + np.arange(count) * int(stride) if not whole else np.arange(first, last, stride)
    else:
        array = first + np.arange(count) * builtins.float(stride)
    return _into(out, _finish(array.astype(wanted), requires_grad, device))


def linspace(start: Any, end: Any, steps: int, *, out: Any = None, dtype: Any = None, layout: Any = None,
             device: Any = None, requires_grad: bool = False) -> Tensor:  # fmt: skip
    """`steps` numbers, evenly spaced from `start` to `end`, both included.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.linspace(0, 1, 3)
        tensor([0.0000, 0.5000, 1.0000])
    """
    if steps < 0:
        raise RuntimeError(f"number of steps must be non-negative, got {steps}")
    array = np.linspace(float(start), float(end), steps).astype(_dtype(dtype))
    return _into(out, _finish(array, requires_grad, device))


def logspace(start: Any, end: Any, steps: int, base: builtins.float = 10.0, *, dtype: Any = None, device: Any = None,
             requires_grad: bool = False) -> Tensor:  # fmt: skip
    """`steps` powers of a base, with evenly spaced exponents from `start` to `end`."""
    return _finish(np.logspace(float(start), float(end), steps, base=base).astype(_dtype(dtype)), requires_grad, device)


def eye(n: int, m: int | None = None, *, out: Any = None, dtype: Any = None, layout: Any = None, device: Any = None,
        requires_grad: bool = False) -> Tensor:  # fmt: skip
    """A matrix with ones on the diagonal and zeros elsewhere."""
    return _into(out, _finish(np.eye(n, m, dtype=_dtype(dtype)), requires_grad, device))


def scalar_tensor(value: Any, *, dtype: Any = None, device: Any = None) -> Tensor:
    """A tensor of no dimensions."""
    return _finish(np.asarray(value, _dtype(dtype)), False, device)


def tril_indices(row: int, col: int, offset: int = 0, *, dtype: Any = None, device: Any = None) -> Tensor:
    """The indices of a matrix's lower triangle: a row of row numbers, and one of columns."""
    indices = np.stack(np.tril_indices(row, offset, col))
    return _finish(indices.astype(np.int64 if dtype is None else _dtype(dtype)), False)


def triu_indices(row: int, col: int, offset: int = 0, *, dtype: Any = None, device: Any = None) -> Tensor:
    """The indices of a matrix's upper triangle: a row of row numbers, and one of columns."""
    indices = np.stack(np.triu_indices(row, offset, col))
    return _finish(indices.astype(np.int64 if dtype is None else _dtype(dtype)), False)


# --- methods -----------------------------------------------------------------------------------------------------


@tensor_method
def new_tensor(
    self: Tensor, data: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """A tensor with a copy of the data, of this tensor's type."""
    return tensor(data, dtype=self.dtype if dtype is None else dtype, device=device, requires_grad=requires_grad)


@tensor_method
def new_zeros(self: Tensor, *size: Any, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """Zeros of this tensor's type."""
    return zeros(*size, dtype=self.dtype if dtype is None else dtype, device=device, requires_grad=requires_grad)


@tensor_method
def new_ones(self: Tensor, *size: Any, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """Ones of this tensor's type."""
    return ones(*size, dtype=self.dtype if dtype is None else dtype, device=device, requires_grad=requires_grad)


@tensor_method
def new_empty(self: Tensor, *size: Any, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """A tensor of this tensor's type, not initialised."""
    return empty(*size, dtype=self.dtype if dtype is None else dtype, device=device, requires_grad=requires_grad)


@tensor_method
def new_full(self: Tensor, size: Sequence[int], fill_value: Any, *, dtype: Any = None, device: Any = None,
             requires_grad: bool = False) -> Tensor:  # fmt: skip
    """A tensor of this tensor's type, all of one value."""
    wanted = self.dtype if dtype is None else dtype
    return full(size, fill_value, dtype=wanted, device=device, requires_grad=requires_grad)


@op(vjp=(lambda g: np.zeros_like(g), lambda g, value_shape: g.sum().reshape(value_shape)), kind="general", method=False,
    torch_name="", node_name="FillBackward0", cases=[case((2, 3), ())])  # fmt: skip
def _filled(x, value, /):
    """A number in the shape of `x`."""
    return np.full_like(x, value)


@op(vjp=(lambda g: np.zeros_like(g), lambda g, source: g.astype(source)), kind="general", method=False, torch_name="",
    node_name="CopyBackwards", cases=[case((2, 3), (2, 3), source=np.dtype("f8"))])  # fmt: skip
def _copied(x, other, /, source):
    """Another tensor's elements as the type of `x`."""
    return other.astype(x.dtype)


@tensor_method
def fill_(self: Tensor, value: Any) -> Tensor:
    """Set every element to a number."""
    check_target(self, (value,))
    if isinstance(value, Tensor) and value._array.ndim:
        raise RuntimeError(
            f"fill_ only supports 0-dimension value tensor but got tensor with {value._array.ndim} dimensions."
        )
    return store(self, _filled(self, value))


@tensor_method
def zero_(self: Tensor) -> Tensor:
    """Set every element to zero."""
    return self.fill_(0)


@tensor_method
def copy_(self: Tensor, src: Any, non_blocking: bool = False) -> Tensor:
    """Set the elements to those of another tensor, which is cast and broadcast."""
    src = src if isinstance(src, Tensor) else as_tensor(src)
    check_target(self, (src,))
    if src._array.shape != self._array.shape:
        src = src.expand(*self._array.shape)
    return store(self, _copied(self, src, source=src._array.dtype))


dispatch.register(np.zeros_like, zeros_like)
dispatch.register(np.ones_like, ones_like)
dispatch.register(np.full_like, full_like)
