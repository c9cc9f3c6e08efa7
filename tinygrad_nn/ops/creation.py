"""Creation: tensors of a shape, filled in a regular way.

Tensors from data are made in `data`, sequences of numbers in `sequences`.

Source: https://docs.pytorch.org/docs/stable/torch.html#creation-ops
"""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from .._core import dispatch, dtypes
from .._core.errors import explained
from .._core.memory_format import empty_in
from .._core.tensor import Tensor, wrap
from .forms import check_number
from .making import filled, finish, into, is_plain_shape, size_of, takes_size, type_like, type_of
from .shortcuts import usually

__all__ = [
    "empty", "empty_like", "empty_permuted", "empty_strided", "eye", "full", "full_like", "ones", "ones_like",
    "scalar_tensor", "tril_indices", "triu_indices", "zeros", "zeros_like",
]  # fmt: skip

# --- of one value ------------------------------------------------------------------------------------------------


@filled(np.zeros)
@takes_size
def zeros(*size: Any, out: Any = None, dtype: Any = None, layout: Any = None, device: Any = None,
          pin_memory: bool = False, requires_grad: bool = False) -> Tensor:  # fmt: skip
    """Zeros of a shape, given as numbers or as one sequence.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.zeros(2, 3)
        tensor([[0., 0., 0.],
                [0., 0., 0.]])
    """
    return into(out, finish(np.zeros(size_of("zeros", size), type_of(dtype)), requires_grad, device), dtype)


@filled(np.ones)
@takes_size
def ones(*size: Any, out: Any = None, dtype: Any = None, layout: Any = None, device: Any = None,
         pin_memory: bool = False, requires_grad: bool = False) -> Tensor:  # fmt: skip
    """Ones of a shape, given as numbers or as one sequence.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.ones(2, dtype=tg.int64)
        tensor([1, 1])
    """
    return into(out, finish(np.ones(size_of("ones", size), type_of(dtype)), requires_grad, device), dtype)


@filled(np.empty)
@takes_size
def empty(*size: Any, out: Any = None, dtype: Any = None, layout: Any = None, device: Any = None,
          pin_memory: bool = False, requires_grad: bool = False, memory_format: Any = None) -> Tensor:  # fmt: skip
    """A tensor of a shape whose elements may have any value.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.empty(2, 3).shape
        torch.Size([2, 3])
    """
    array = empty_in(size_of("empty", size), type_of(dtype), memory_format)
    return into(out, finish(array, requires_grad, device), dtype)


def empty_strided(size: Sequence[int], stride: Sequence[int], *, dtype: Any = None, layout: Any = None,
                  device: Any = None, requires_grad: bool = False, pin_memory: bool = False) -> Tensor:  # fmt: skip
    """A tensor of a shape whose elements lie in memory as the strides say; they may have any value.

    Raises:
        RuntimeError: not one stride for each dimension, or a negative one.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.empty_strided((2, 3), (1, 2)).stride()
        (1, 2)
    """
    lengths = size_of("empty_strided", (tuple(size),))
    if len(stride) != len(lengths):
        raise RuntimeError(
            f"dimensionality of sizes ({len(lengths)}) must match dimensionality of strides ({len(stride)})"
        )
    if any(step < 0 for step in stride):
        raise RuntimeError(
            f"Storage size calculation overflowed with sizes={list(lengths)} and strides={list(stride)}: strides must "
            "not be negative"
        )
    kind = type_of(dtype)
    last = sum([(n - 1) * step for n, step in zip(lengths, stride, strict=True)]) if math.prod(lengths) else -1
    memory = np.empty(last + 1, kind)
    steps = [step * kind.itemsize for step in stride]
    return finish(np.ndarray(lengths, kind, memory, 0, steps), requires_grad, device)


def empty_permuted(size: Sequence[int], physical_layout: Sequence[int], *, dtype: Any = None, layout: Any = None,
                   device: Any = None, requires_grad: bool = False, pin_memory: bool = False) -> Tensor:  # fmt: skip
    """A tensor of a shape whose dimensions lie in memory in another order, the outermost first.

    Raises:
        RuntimeError: the order does not name each dimension once.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.empty_permuted((2, 3), (1, 0)).stride()
        (1, 2)
    """
    lengths = size_of("empty_permuted", (tuple(size),))
    if len(physical_layout) != len(lengths):
        raise RuntimeError(
            "Number of dimensions in size does not match the length of the physical_layout; i.e. len(size) = "
            f"{len(lengths)} is not equal to len(physical_layout) = {len(physical_layout)}"
        )
    if sorted(physical_layout) != list(range(len(lengths))):
        known = set(range(len(lengths)))
        wrong = "Duplicate dim not allowed" if set(physical_layout) <= known else "Dimension out of range"
        raise RuntimeError(f"{wrong}: got the physical layout {list(physical_layout)} for {len(lengths)} dimensions")
    memory = np.empty([lengths[dim] for dim in physical_layout], type_of(dtype))
    return finish(memory.transpose(np.argsort(np.array(physical_layout, int))), requires_grad, device)


def number_of(name: str, value: Any, kind: np.dtype[Any], argument: str = "fill_value", position: int = 2) -> Any:
    """A number, or the only element of a tensor of no dimensions, as a NumPy scalar of a type.

    Raises:
        TypeError: it is neither.
        RuntimeError: the type cannot hold it.
    """
    if type(value) in (int, float) and kind.kind == "f" and kind.itemsize > 2 and -1e38 < value < 1e38:
        return kind.type(value)  # as most are
    if isinstance(value, np.generic) or (isinstance(value, Tensor) and value._array.ndim == 0):
        value = value.item()
    if not isinstance(value, int | float | complex):
        place = f" (position {position})" if position else ""
        raise TypeError(
            f"{name}(): argument '{argument}'{place} must be Number, not {type(value).__name__} (got {value!r})"
        )
    if isinstance(value, complex) and kind.kind == "b":
        value = value != 0
    lost = isinstance(value, complex) and kind.kind != "c" and value.imag != 0
    if lost or (isinstance(value, float) and value < 0 and kind.kind == "u"):
        words = f"value cannot be converted to type {kind} without overflow"
        raise RuntimeError(f"{words} in {name}(): got {value!r}")
    if isinstance(value, complex) and kind.kind != "c":
        value = value.real
    check_number(name, value, kind)
    with np.errstate(all="ignore"):
        return np.asarray(value).astype(kind)[()]


def _plainly_full(args: tuple[Any, ...]) -> Tensor | None:
    """The usual calls of `full`: a shape, and a number of Python's."""
    size, value = args if len(args) == 2 else (None, None)
    if not isinstance(size, tuple | list) or not is_plain_shape(size):
        return None
    if type(value) is float and -1e38 < value < 1e38:
        kind = dtypes.default_numpy()
    elif type(value) is int and -(1 << 62) < value < 1 << 62:
        kind = dtypes.INT64
    else:
        return None
    if kind.itemsize < 4:
        return None
    array = np.empty(size, kind)
    array.fill(value)
    return wrap(array)


@usually(_plainly_full)
def full(size: Any, fill_value: Any, *, out: Any = None, dtype: Any = None, layout: Any = None, device: Any = None,
         pin_memory: bool = False, requires_grad: bool = False) -> Tensor:  # fmt: skip
    """A tensor of a shape, all of one value; its type is the value's unless given.

    Raises:
        TypeError: the size is no sequence, or the value no number.
        RuntimeError: the type cannot hold the value.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.full((2,), 7), tg.full((2,), 0.5)
        (tensor([7, 7]), tensor([0.5000, 0.5000]))
    """
    if isinstance(size, int):
        raise TypeError(f"full(): argument 'size' (position 1) must be tuple of ints, not int. Write ({size},).")
    value = fill_value.item() if isinstance(fill_value, np.generic) else fill_value
    if isinstance(value, Tensor) and value._array.ndim == 0:
        value = value.item()
    wanted = type_of(dtype)
    if dtype is None and isinstance(value, int | float | complex):
        wanted = dtypes.result_type([value]) if out is None else out._array.dtype
    value = number_of("full", value, wanted)
    return into(out, finish(np.full(size_of("full", (size,)), value, wanted), requires_grad, device), dtype)


# --- as another tensor is ----------------------------------------------------------------------------------------


def _order(array: np.ndarray[Any, Any], memory_format: Any) -> Any:
    """In which order a tensor like this one lies in memory: as it does, unless it repeats elements."""
    repeats = 0 in array.strides and any(
        step == 0 and n > 1 for step, n in zip(array.strides, array.shape, strict=True)
    )
    return "C" if repeats or str(memory_format).endswith("contiguous_format") else "K"


def _plainly_like(fill: Any) -> Any:
    """The usual calls of a function that makes a tensor like another, without options."""

    def quick(args: tuple[Any, ...]) -> Tensor | None:
        if len(args) != 1 or not isinstance(args[0], Tensor):
            return None
        like = args[0]._array
        if type(like) is not np.ndarray or not like.flags.c_contiguous:
            return None
        return wrap(fill(like.shape, like.dtype))

    return quick


def _filled_with_ones(shape: tuple[int, ...], dtype: np.dtype[Any]) -> np.ndarray[Any, Any]:
    array = np.empty(shape, dtype)
    array.fill(1)  # a third of the time that np.ones takes, of a few
    return array


@usually(_plainly_like(np.zeros))
@explained
def zeros_like(input: Tensor, *, dtype: Any = None, layout: Any = None, device: Any = None, pin_memory: bool = False,
               requires_grad: bool = False, memory_format: Any = None) -> Tensor:  # fmt: skip
    """Zeros in the shape and type of another tensor.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.zeros_like(tg.tensor([1, 2]))
        tensor([0, 0])
    """
    x = input._array
    return finish(np.zeros_like(x, type_like(input, dtype), _order(x, memory_format)), requires_grad, device)


@usually(_plainly_like(_filled_with_ones))
@explained
def ones_like(input: Tensor, *, dtype: Any = None, layout: Any = None, device: Any = None, pin_memory: bool = False,
              requires_grad: bool = False, memory_format: Any = None) -> Tensor:  # fmt: skip
    """Ones in the shape and type of another tensor.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.ones_like(tg.tensor([3, 4]))
        tensor([1, 1])
    """
    x = input._array
    return finish(np.ones_like(x, type_like(input, dtype), _order(x, memory_format)), requires_grad, device)


@explained
def empty_like(input: Tensor, *, dtype: Any = None, layout: Any = None, device: Any = None, pin_memory: bool = False,
               requires_grad: bool = False, memory_format: Any = None) -> Tensor:  # fmt: skip
    """A tensor in the shape and type of another, not initialised.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.empty_like(tg.tensor([3, 4])).dtype
        torch.int64
    """
    x = input._array
    return finish(np.empty_like(x, type_like(input, dtype), _order(x, memory_format)), requires_grad, device)


def _plainly_full_like(args: tuple[Any, ...]) -> Tensor | None:
    """The usual calls of `full_like`: a tensor of floating point numbers, and a number of Python's."""
    if len(args) != 2 or not isinstance(args[0], Tensor) or type(args[1]) not in (int, float):
        return None
    like, value = args[0]._array, args[1]
    if type(like) is not np.ndarray or not like.flags.c_contiguous or like.dtype.kind != "f":
        return None
    if like.dtype.itemsize < 4 or not -1e38 < value < 1e38:
        return None
    array = np.empty(like.shape, like.dtype)
    array.fill(value)
    return wrap(array)


@usually(_plainly_full_like)
@explained
def full_like(input: Tensor, fill_value: Any, *, dtype: Any = None, layout: Any = None, device: Any = None,
              pin_memory: bool = False, requires_grad: bool = False, memory_format: Any = None) -> Tensor:  # fmt: skip
    """A tensor in the shape and type of another, all of one value.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.full_like(tg.tensor([3, 4]), 7)
        tensor([7, 7])
    """
    wanted = type_like(input, dtype)
    value, order = number_of("full_like", fill_value, wanted), _order(input._array, memory_format)
    return finish(np.full_like(input._array, value, wanted, order), requires_grad, device)


# --- matrices, indices, single numbers ---------------------------------------------------------------------------


def _count(function: str, name: str, count: Any) -> int:
    """A number of rows or columns."""
    if isinstance(count, bool) or not hasattr(count, "__index__"):
        raise TypeError(f"{function}(): argument '{name}' must be int, not {type(count).__name__}")
    return operator.index(count)


def _check_count(function: str, name: str, count: int) -> None:
    if count < 0:
        raise RuntimeError(f"{name} must be greater or equal to 0, got {count} in {function}()")


def _identity(rows: int, columns: int, dtype: np.dtype[Any]) -> np.ndarray[Any, Any]:
    array = np.zeros((rows, columns), dtype)
    array.reshape(-1)[: min(rows, columns) * columns : columns + 1] = 1  # half of the time that np.eye takes
    return array


def _plain_identity(args: tuple[Any, ...]) -> Tensor | None:
    """The usual calls of `eye`: one or two numbers."""
    if 0 < len(args) < 3 and type(args[0]) is int and type(args[-1]) is int and is_plain_shape((args[0], args[-1])):
        return wrap(_identity(args[0], args[-1], dtypes.default_numpy()))
    return None


@usually(_plain_identity)
def eye(n: int, m: int | None = None, *, out: Any = None, dtype: Any = None, layout: Any = None, device: Any = None,
        pin_memory: bool = False, requires_grad: bool = False) -> Tensor:  # fmt: skip
    """A matrix with ones on the diagonal and zeros elsewhere.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.eye(2, 3)
        tensor([[1., 0., 0.],
                [0., 1., 0.]])
    """
    rows, columns = (_count("eye", name, count) for name, count in (("n", n), ("m", n if m is None else m)))
    for name, count in (("n", rows), ("m", columns)):
        _check_count("eye", name, count)
    return into(out, finish(_identity(rows, columns, type_of(dtype)), requires_grad, device), dtype)


def scalar_tensor(s: Any, *, dtype: Any = None, layout: Any = None, device: Any = None, pin_memory: bool = False,
                  requires_grad: bool = False) -> Tensor:  # fmt: skip
    """A tensor of no dimensions, of the default type unless another is given.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.scalar_tensor(1)
        tensor(1.)
    """
    return finish(np.asarray(number_of("scalar_tensor", s, type_of(dtype), "s", 1)), requires_grad, device)


def _triangle(name: str, indices: Any, row: Any, col: Any, offset: int, dtype: Any, device: Any) -> Tensor:
    kind = np.dtype(np.int64) if dtype is None else dtypes.to_numpy(dtype)
    if kind.kind not in "iu":
        raise NotImplementedError(f"\"{name}\" not implemented for '{dtypes.type_name(kind)}'; expected int32 or int64")
    rows, columns = _count(name, "row", row), _count(name, "col", col)
    for word, count in (("row", rows), ("col", columns)):
        _check_count(name, word, count)
    return finish(indices(rows, columns, offset).astype(kind, copy=False), False, device)


def _lower(rows: int, columns: int, offset: int) -> np.ndarray[Any, Any]:
    """The indices of the lower triangle, in a fifth of the time of NumPy's mask of all elements."""
    counts = np.clip(np.arange(offset + 1, offset + 1 + rows), 0, columns)
    return np.stack(_in_rows(counts))


def _upper(rows: int, columns: int, offset: int) -> np.ndarray[Any, Any]:
    starts = np.clip(np.arange(offset, offset + rows), 0, columns)
    row, column = _in_rows(columns - starts)
    return np.stack([row, column + starts.take(row)])


def _in_rows(counts: np.ndarray[Any, Any]) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """For rows of so many elements, of each element the number of its row, and its number in the row."""
    row = np.repeat(np.arange(counts.size), counts)
    return row, np.arange(row.size) - (np.cumsum(counts) - counts).take(row)


def tril_indices(row: int, col: int, offset: int = 0, *, dtype: Any = None, layout: Any = None, device: Any = None,
                 pin_memory: bool = False) -> Tensor:  # fmt: skip
    """The indices of a matrix's lower triangle: a row of row numbers, and one of columns.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.tril_indices(2, 2)
        tensor([[0, 1, 1],
                [0, 0, 1]])
    """
    return _triangle("tril_indices", _lower, row, col, offset, dtype, device)


def triu_indices(row: int, col: int, offset: int = 0, *, dtype: Any = None, layout: Any = None, device: Any = None,
                 pin_memory: bool = False) -> Tensor:  # fmt: skip
    """The indices of a matrix's upper triangle: a row of row numbers, and one of columns.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.triu_indices(2, 2)
        tensor([[0, 0, 1],
                [0, 1, 1]])
    """
    return _triangle("triu_indices", _upper, row, col, offset, dtype, device)


dispatch.register(np.zeros_like, zeros_like)
dispatch.register(np.ones_like, ones_like)
dispatch.register(np.full_like, full_like)
dispatch.register(np.empty_like, empty_like)
