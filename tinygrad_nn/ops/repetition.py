"""Repeating elements and slices, each by itself.

Source: https://docs.pytorch.org/docs/stable/generated/torch.repeat_interleave.html
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .._core import dispatch, dtypes
from .._core.dtypes import FLOAT32, FLOAT64
from .._core.kernels import row_sums
from .._core.op import case, composite, op
from .._core.tensor import Tensor, check_dim, wrap
from .index import _getitem
from .places import WHOLE

__all__ = ["repeat_interleave"]

_FEW = 3  # neighbours that are added sooner than BLAS takes a sum of them


def _summed(g: Any, x_shape: tuple[int, ...], count: int, dim: int) -> Any:
    apart = g.reshape((*x_shape[: dim + 1], count, *x_shape[dim + 1 :]))
    if dim == len(x_shape) - 1 and type(g) is np.ndarray and count > 1 and (g.dtype is FLOAT32 or g.dtype is FLOAT64):
        # A thirtieth of the time of NumPy's sum of few neighbours.
        if count > _FEW:
            return row_sums(apart.reshape(-1, count)).reshape(x_shape)
        total = apart[..., 0] + apart[..., 1]
        for copy in range(2, count):
            total += apart[..., copy]
        return total
    return apart.sum(axis=dim + 1)


@op(vjp=_summed, kind="general", method=False, torch_name="", node_name="RepeatInterleaveBackward0",
    cases=[case((2, 3), count=2, dim=0), case((2, 3), count=3, dim=1), case((2, 3), count=0, dim=1),
           case((0, 2), count=2, dim=0)])  # fmt: skip
def _repeat_each(x, /, count, dim):
    """Each slice along a dimension so many times."""
    if count == 2 and dim == x.ndim - 1:  # two thirds of the time
        result = np.empty((*x.shape, 2), x.dtype)
        result[..., 0] = result[..., 1] = x
        return result.reshape(*x.shape[:-1], 2 * x.shape[-1])
    return x.repeat(count, dim)


def _places(repeats: np.ndarray[Any, Any], output_size: int | None) -> np.ndarray[Any, Any]:
    """Each number from 0 on as often as `repeats` says."""
    if repeats.ndim != 1:
        raise RuntimeError(f"repeat_interleave only accept 1D vector as repeat, got shape {list(repeats.shape)}")
    if repeats.dtype != np.int64 and repeats.dtype != np.int32:
        raise NotImplementedError(
            f"\"repeat_interleave_cpu\" not implemented for '{dtypes.type_name(repeats.dtype)}'. Convert the repeats: "
            "repeats.long()"
        )
    if repeats.size and repeats.min() < 0:
        raise RuntimeError(f"repeats can not be negative, got {repeats.min()}")
    if output_size is not None and repeats.size and output_size != repeats.sum():
        raise RuntimeError(
            f"allocated size does not match required size: output_size is {output_size}, the repeats make "
            f"{repeats.sum()}"
        )
    return np.arange(repeats.size, dtype=repeats.dtype).repeat(repeats)


@composite()
def repeat_interleave(
    input: Tensor, repeats: Any = None, dim: int | None = None, *, output_size: int | None = None
) -> Tensor:
    """Each element (or slice along a dimension) repeated, one after the other.

    Given one tensor alone, its numbers are the repeats: the result has 0 as often as the first says, and so on.

    Args:
        input: any tensor.
        repeats: a number, or a tensor (int64 or int32) with a number for each slice.
        dim: the dimension; None: the flat tensor.
        output_size: the length of the result along `dim`, if known.

    Raises:
        RuntimeError: a number of repeats is negative, there is not one for each slice, or `output_size` is wrong.
        NotImplementedError: `repeats` is of another type.
        TypeError: `repeats` is neither a number nor a tensor.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.repeat_interleave(tg.tensor([1, 2, 3]), 2)
        tensor([1, 1, 2, 2, 3, 3])
        >>> tg.repeat_interleave(tg.tensor([[1, 2], [3, 4]]), tg.tensor([1, 2]), dim=0)
        tensor([[1, 2],
                [3, 4],
                [3, 4]])
        >>> tg.repeat_interleave(tg.tensor([1, 2]))
        tensor([0, 1, 1])
    """
    if repeats is None and dim is None:
        return wrap(_places(input._array, output_size))
    if isinstance(repeats, Tensor):
        return _by_tensor(input, repeats, dim, output_size)
    if isinstance(repeats, bool) or not isinstance(repeats, int | np.integer):
        raise TypeError(
            "repeat_interleave() received an invalid combination of arguments: 'repeats' must be Tensor or int, not "
            f"{type(repeats).__name__}. Wrap it: tinygrad_nn.tensor(...)."
        )
    if dim is None:
        input, dim = input.reshape(-1), 0
    elif not input._array.ndim and repeats >= 0:
        check_dim(dim, 0)
        raise IndexError("Dimension out of range (expected to be in range of [-1, 0], but got 1): a tensor of no "
                         "dimensions is repeated with dim=None")  # fmt: skip
    place = check_dim(dim, input._array.ndim)
    if repeats < 0:
        raise RuntimeError(f"Repeats must be non-negative, got {repeats}")
    length = input._array.shape[place] * int(repeats)
    if output_size is not None and output_size != length:
        raise RuntimeError(f"repeat_interleave: Invalid output_size, expected {length} but got {output_size}")
    result: Tensor = _repeat_each(input, count=int(repeats), dim=place)
    return result


def _by_tensor(input: Tensor, repeats: Tensor, dim: int | None, output_size: int | None) -> Tensor:
    """The slices, each as often as its own number says."""
    if dim is None:
        input, dim = input.reshape(-1), 0
    array = repeats._array
    if array.ndim > 1:
        raise RuntimeError(f"repeats must be 0-dim or 1-dim tensor, got shape {list(array.shape)}")
    place = check_dim(dim, input._array.ndim)
    if not input._array.ndim:
        raise IndexError(f"Dimension specified as {dim} but tensor has no dimensions")
    length = input._array.shape[place]
    if array.size == 1:
        array = np.broadcast_to(array.reshape(()), (length,))
    elif array.size != length:
        raise RuntimeError(
            "repeats must have the same size as input along dim, but got "
            f"repeats.size(0) = {array.size} and input.size({place}) = {length}"
        )
    result: Tensor = _getitem(input, index=(WHOLE,) * place + (_places(array, output_size),))
    return result


def _numpy_repeat(a: Tensor, repeats: Any, axis: int | None = None) -> Tensor:
    """``np.repeat``, which takes lists and arrays as well."""
    if isinstance(repeats, list | tuple | np.ndarray):
        repeats = wrap(np.asarray(repeats, np.int64))
    return repeat_interleave(a, repeats, axis)


dispatch.register(np.repeat, _numpy_repeat)
