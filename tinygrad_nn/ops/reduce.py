"""Reductions: sums, means and products over dimensions, and what is counted.

``dim`` is a dimension, several of them, or None (or ``()``) for all; NumPy's ``axis`` and ``keepdims`` are accepted
as well.

Source: https://docs.pytorch.org/docs/stable/torch.html#reduction-ops
"""

from __future__ import annotations

import functools
import math
from typing import Any, cast

import numpy as np

from .._core import dispatch, dtypes
from .._core.kernels import add_reduce, column_sums, multiply_reduce, row_sums, total
from .._core.numbers import operand
from .._core.op import Integers, OpFunction, case, op
from .._core.tensor import Tensor, check_dim, tensor_attribute

__all__ = ["all", "any", "count_nonzero", "mean", "nanmean", "nansum", "prod", "sum"]

_INT64 = np.dtype(np.int64)
_WORTH_IT = 32  # elements from which a matrix's sums are taken by BLAS
_FLOAT16, _FLOAT32 = np.dtype(np.float16), np.dtype(np.float32)


# --- dimensions --------------------------------------------------------------------------------------------------


def axes(dim: Any, ndim: int) -> Any:
    """PyTorch's ``dim`` as NumPy's ``axis``: None for all, an integer, or a tuple of different ones.

    NumPy itself refuses an integer that is out of range, and the engine translates.

    Raises:
        IndexError: there is no such dimension.
        RuntimeError: a dimension is named twice.
    """
    if dim is None:
        return None
    if isinstance(dim, int) and ndim:
        return dim
    if isinstance(dim, int | np.integer):
        check_dim(dim, ndim)
        return dim if ndim else None  # a number has one dimension to name, and none to reduce
    chosen = tuple([check_dim(d, ndim) for d in dim])
    if len({*chosen}) < len(chosen):
        raise RuntimeError(f"dim {_repeated(chosen)} appears multiple times in the list of dims (got dim={dim})")
    return chosen if chosen and ndim else None


def _repeated(chosen: tuple[int, ...]) -> int:
    return next(d for i, d in enumerate(chosen) if d in chosen[:i])


def reduced_count(shape: tuple[int, ...], dim: Any) -> int:
    """How many elements go into each result."""
    if dim is None:
        return math.prod(shape)
    count = 1
    axis = axes(dim, len(shape))
    for d in range(len(shape)) if axis is None else (axis,) if isinstance(axis, int) else axis:
        count *= shape[check_dim(d, len(shape))]
    return count


def restore(g: Any, shape: tuple[int, ...], dim: Any, keepdim: bool) -> Any:
    """A reduction's output, or its gradient, with the reduced dimensions back, of length 1."""
    if keepdim or not shape:
        return g
    axis = axes(dim, len(shape))
    if axis is None:
        return g.reshape((1,) * len(shape))
    chosen = {axis % len(shape)} if isinstance(axis, int) else {*axis}
    return g.reshape(tuple([1 if i in chosen else n for i, n in enumerate(shape)]))


def spread(g: Any, shape: tuple[int, ...], dim: Any, keepdim: bool) -> Any:
    """The gradient of a sum: each element of the reduced dimensions gets the same."""
    if type(g) is np.ndarray:  # what np.broadcast_to makes, in a fifth of its time
        if g.size == 1:
            return np.ndarray(shape, g.dtype, g, 0, (0,) * len(shape))
        if type(dim) is int and shape and g.flags.c_contiguous:
            place, steps = dim % len(shape), g.strides
            return np.ndarray(shape, g.dtype, g, 0, (*steps[:place], 0, *steps[place + keepdim :]))
    return np.broadcast_to(restore(g, shape, dim, keepdim), shape)


def takes_dtype(call: OpFunction) -> OpFunction:
    """Give a published op PyTorch's option ``dtype``: the input is brought to that type first, by an op of its own."""
    record = call.op

    @functools.wraps(call)
    def with_dtype(*inputs: Any, dtype: Any = None, **options: Any) -> Any:
        if dtype is None:
            return call(*inputs, **options)
        if not isinstance(inputs[0], Tensor):
            return call(*inputs, **options)  # which says what is wrong
        result = call(inputs[0].to(dtype=dtype), *inputs[1:], **options)
        return result.to(dtype=dtype)  # int32 is summed up as int64

    record.call = with_dtype
    for function in record.numpy_functions:
        dispatch.register(function, with_dtype)
    if getattr(Tensor, record.name, None) is call:
        tensor_attribute(record.name, with_dtype)
    return cast(OpFunction, with_dtype)


def _total(x: np.ndarray[Any, Any], dim: Any, keepdim: bool) -> Any:
    """The sum of an array of floating point numbers."""
    axis = axes(dim, x.ndim)
    if axis is None and not keepdim:
        return total(x)
    if x.ndim == 2 and x.size > _WORTH_IT and isinstance(axis, int) and -2 <= axis < 2 and x.dtype.kind == "f":
        if axis % 2:
            sums = row_sums(x)
            return sums if keepdim else sums[:, 0]
        sums = column_sums(x)
        return sums[None] if keepdim else sums
    return add_reduce(x, axis, None, None, keepdim)


# --- sums and means ----------------------------------------------------------------------------------------------

_DIMS = [
    case((2, 3)), case((2, 3), dim=1), case((2, 3), dim=-2, keepdim=True), case((2, 3, 4), dim=(0, -1)),
    case((2, 3, 4), dim=(0, 2), keepdim=True), case((2, 3), dim=()), case((2, 3), keepdim=True), case((), dim=0),
    case(()), case((2, 3), dim=None),
]  # fmt: skip


@takes_dtype
@op(np.sum, kind="reduction", vjp=lambda g, x_shape, dim, keepdim: spread(g, x_shape, dim, keepdim),
    cases=[*_DIMS, case((0, 3)), case((0, 3), dim=0), case((2, 0), dim=0), case(Integers((2, 3), 9), dim=1),
           case(Integers((2, 3), 2, boolean=True))])  # fmt: skip
def sum(x, /, dim=None, keepdim=False):
    """Sum of the elements, of all or along dimensions. Integers and booleans give int64.

    Example:
        >>> import tinygrad_nn as tg
        >>> x = tg.tensor([[1.0, 2.0], [3.0, 4.0]])
        >>> x.sum(), x.sum(dim=0), x.sum(1, keepdim=True).shape
        (tensor(10.), tensor([4., 6.]), torch.Size([2, 1]))
    """
    if x.dtype.kind in "biu":
        return add_reduce(x, axes(dim, x.ndim), _INT64, None, keepdim)
    return _total(x, dim, keepdim)


def _mean(x: Any, dim: Any, keepdim: bool) -> Any:
    if x.dtype.kind not in "fc":
        raise RuntimeError(
            "mean(): could not infer output dtype. Input dtype must be either a floating point or complex dtype. "
            f"Got: {dtypes.type_name(x.dtype)}. Convert first: x.float().mean(), or x.mean(dtype=tinygrad_nn.float32)."
        )
    count = x.size if dim is None else reduced_count(x.shape, dim)
    if x.dtype == _FLOAT16:  # the sum of a few thousand values leaves float16's range
        return (add_reduce(x, axes(dim, x.ndim), _FLOAT32, None, keepdim) / count).astype(_FLOAT16)
    return _total(x, dim, keepdim) / count


def _mean_vjp(g: Any, x_shape: tuple[int, ...], dim: Any, keepdim: bool) -> Any:
    count = max(1, reduced_count(x_shape, dim))
    # An array, not NumPy's number: that would cost `spread` four times as much.
    share = np.asarray(g / operand(count, g.dtype)) if type(g) is np.ndarray else g / count
    return spread(share, x_shape, dim, keepdim)


@takes_dtype
@op(np.mean, kind="reduction", cases=[*_DIMS, case((0, 3)), case((2, 0), dim=1)], vjp=_mean_vjp)
def mean(x, /, dim=None, keepdim=False):
    """Mean of the elements, of all or along dimensions; ``nan`` where there are none.

    Raises:
        RuntimeError: the elements are integers or booleans, and no ``dtype`` is given.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.tensor([[1.0, 2.0], [3.0, 6.0]]).mean(dim=1)
        tensor([1.5000, 4.5000])
    """
    return _mean(x, dim, keepdim)


def _is_number(x: Any) -> Any:
    return x == x  # False for nan only


@takes_dtype
@op(np.nansum, kind="reduction", cases=_DIMS, special=[case(np.array([[1.0, np.nan], [np.nan, np.nan]]), dim=1)],
    vjp=lambda g, x, dim, keepdim: spread(g, x.shape, dim, keepdim) * _is_number(x))  # fmt: skip
def nansum(x, /, dim=None, keepdim=False):
    """Sum of the elements that are not ``nan``.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.nansum(tg.tensor([1.0, float("nan"), 2.0]))
        tensor(3.)
    """
    if x.dtype.kind in "fc":
        x = np.where(np.isnan(x), x.dtype.type(0), x)
    return add_reduce(x, axes(dim, x.ndim), _INT64 if x.dtype.kind in "biu" else None, None, keepdim)


def _nanmean_vjp(g: Any, x: Any, dim: Any, keepdim: bool) -> Any:
    count = restore(_is_number(x).sum(axis=axes(dim, x.ndim), keepdims=keepdim), x.shape, dim, keepdim)
    return spread(g, x.shape, dim, keepdim) / count.astype(x.dtype) * _is_number(x)


@takes_dtype
@op(np.nanmean, kind="reduction", vjp=_nanmean_vjp, cases=_DIMS,
    special=[case(np.array([[1.0, np.nan], [2.0, 3.0]]), dim=1)])  # fmt: skip
def nanmean(x, /, dim=None, keepdim=False):
    """Mean of the elements that are not ``nan``.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.nanmean(tg.tensor([1.0, float("nan"), 2.0]))
        tensor(1.5000)
    """
    if x.dtype.kind not in "fc":
        raise RuntimeError(
            "nanmean(): expected input to have floating point or complex dtype but got "
            f"{dtypes.type_name(x.dtype)}. Integers are never nan: use x.float().mean()."
        )
    axis = axes(dim, x.ndim)
    missing = np.isnan(x)
    total = add_reduce(np.where(missing, x.dtype.type(0), x), axis, None, None, keepdim)
    return total / add_reduce(~missing, axis, x.dtype, None, keepdim)


# --- products ----------------------------------------------------------------------------------------------------


def products_of_others(x: np.ndarray[Any, Any], axis: int) -> np.ndarray[Any, Any]:
    """For each element the product of all others along an axis, which is exact where there are zeros."""
    x = x.swapaxes(axis, 0)
    before, after = np.ones_like(x), np.ones_like(x)
    np.multiply.accumulate(x[:-1], 0, out=before[1:])
    np.multiply.accumulate(x[:0:-1], 0, out=after[-2::-1])
    return (before * after).swapaxes(axis, 0)


def _prod_vjp(g: Any, x: Any, out: Any, dim: Any, keepdim: bool) -> tuple[Any]:
    g = spread(g, x.shape, dim, keepdim)
    if (x != 0).all():
        return (g * (restore(out, x.shape, dim, keepdim) / x),)
    if dim is None:
        return (g * products_of_others(x.reshape(-1), 0).reshape(x.shape),)
    return (g * products_of_others(x, dim) if x.ndim else g,)


def _prod_parts(x: Any, dim: Any, keepdim: bool) -> Any:
    """The product as a tree of products of halves, whose derivatives of any order are exact with zeros."""
    shape = (1,) * x.ndim if keepdim else ()
    if dim is not None and x.ndim:
        lengths = list(x.shape)
        lengths[dim : dim + 1 or None] = [1] if keepdim else []
        shape = tuple(lengths)
    x = x.reshape(-1) if dim is None or not x.ndim else x.swapaxes(dim, 0)
    odd = None
    while (count := x.shape[0]) > 1:
        if count % 2:
            odd = x[-1:] if odd is None else odd * x[-1:]
        x = x[: count // 2] * x[count // 2 : count // 2 * 2]
    if odd is not None:
        x = x * odd
    if not x.shape[0]:
        return x.sum(0).reshape(shape) + 1
    return x.swapaxes(0, dim).reshape(shape) if dim is not None and len(shape) else x.reshape(shape)


@takes_dtype
@op(np.prod, kind="fused", vjp=_prod_vjp, parts=_prod_parts,
    cases=[case((2, 3)), case((2, 3), dim=1), case((2, 5), dim=-1, keepdim=True), case((3, 2, 2), dim=0), case((2, 1)),
           case((0,)), case((2, 0), dim=1), case(()), case((), dim=0), case((2, 3), keepdim=True),
           case(Integers((2, 3), 5), dim=1), case(Integers((3,), 2, boolean=True))],
    special=[case(np.array([0.0, 2.0, 3.0])), case(np.array([0.0, 0.0, 3.0])),
             case(np.array([[0.0, 2.0], [3.0, 4.0]]), dim=0)])  # fmt: skip
def prod(x, /, dim=None, keepdim=False):
    """Product of the elements, of all or along one dimension. Integers and booleans give int64.

    The gradient is exact where elements are zero.

    Example:
        >>> import tinygrad_nn as tg
        >>> x = tg.tensor([0.0, 2.0, 3.0], requires_grad=True)
        >>> x.prod().backward()
        >>> x.grad
        tensor([6., 0., 0.])
    """
    if dim is not None and not isinstance(dim, int | np.integer):
        raise TypeError(f"prod(): argument 'dim' (position 2) must be int, not {type(dim).__name__}")
    return multiply_reduce(x, axes(dim, x.ndim), _INT64 if x.dtype.kind in "biu" else None, None, keepdim)


# --- truth and counts --------------------------------------------------------------------------------------------


def _truth(reduction: Any, x: Any, dim: Any, keepdim: bool) -> Any:
    if isinstance(dim, tuple | list) and not len(dim):  # as PyTorch: these two take () for no dimension
        result = x.astype(np.bool_)
    else:
        result = reduction(x, axes(dim, x.ndim), np.bool_, None, keepdim)
    return np.asarray(result).astype(np.uint8) if x.dtype == np.uint8 else result


_TRUTH = [
    case(Integers((2, 3), 2, boolean=True)), case(Integers((2, 3), 2), dim=1),
    case(Integers((2, 3), 2), dim=-2, keepdim=True), case(Integers((2, 3, 4), 2, boolean=True), dim=(0, 2)),
    case((2, 3), dim=0), case((2, 3), dim=()), case((0, 2), dim=0), case((), dim=0),
]  # fmt: skip


@op(np.any, kind="reduction", vjp=None, cases=_TRUTH)
def any(x, /, dim=None, keepdim=False):
    """Whether any element is not zero, of all or along dimensions. Booleans; uint8 for uint8.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.tensor([[0, 1], [0, 0]]).any(dim=1)
        tensor([ True, False])
    """
    return _truth(np.logical_or.reduce, x, dim, keepdim)


@op(np.all, kind="reduction", vjp=None, cases=_TRUTH)
def all(x, /, dim=None, keepdim=False):
    """Whether no element is zero, of all or along dimensions. Booleans; uint8 for uint8.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.tensor([[1, 1], [0, 1]]).all(dim=1)
        tensor([ True, False])
    """
    return _truth(np.logical_and.reduce, x, dim, keepdim)


@op(np.count_nonzero, kind="reduction", vjp=None,
    cases=[case(Integers((2, 3), 2)), case(Integers((2, 3), 2), dim=1), case(Integers((2, 3, 2), 2), dim=(0, -1)),
           case((0, 2), dim=0)])  # fmt: skip
def count_nonzero(x, /, dim=None):
    """How many elements are not zero, of all or along dimensions.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.tensor([[0, 1], [2, 3]]).count_nonzero(dim=0)
        tensor([1, 2])
    """
    return np.count_nonzero(x, axes(dim, x.ndim))
