"""Softmax and its logarithm.

Source: https://docs.pytorch.org/docs/stable/generated/torch.softmax.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .._core import dtypes
from .._core.dtypes import FLOAT32, FLOAT64
from .._core.kernels import (
    SMALL,
    TOGETHER,
    add_reduce,
    are_moderate,
    are_not_large,
    exp_below_one,
    exp_of_near,
    fetched_row_sums,
    in_row_blocks,
    log_sum_exp,
    ones,
    row_maxima,
    row_sums,
    smallest,
    sums_along,
)
from .._core.modes import modes
from .._core.op import case, composite, op
from .._core.outputs import write_out
from .._core.tensor import Tensor, check_dim
from .shortcuts import recorded

__all__ = ["log_softmax", "softmax"]

_FLOAT16 = np.dtype(np.float16)
_FEW = 16_384  # scores whose exponentials are worth being kept, and numbers of rows worth being written out


def _are_few_rows(x: Any, dim: int) -> bool:
    """Whether these are rows that a kernel takes as they are, all at once. To find the way otherwise starts later."""
    kind = x.dtype
    return (
        x.ndim == 2 and (dim == -1 or dim == 1) and 0 < x.size <= TOGETHER and (kind is FLOAT32 or kind is FLOAT64)
    )  # fmt: skip


def _along(name: str, kernel: Callable[[Any, int], Any], x: Any, dim: int) -> Any:
    """Run a kernel of (array, axis) on what it can take: rows of a matrix where `dim` is the last one, and float32."""
    if x.ndim == 2 and (dim == 1 or dim == -1) and x.size and (x.dtype is FLOAT32 or x.dtype is FLOAT64):
        return kernel(x, 1)
    axis = check_dim(dim, x.ndim)
    if x.dtype.kind != "f":
        kind = dtypes.type_name(x.dtype)
        raise NotImplementedError(
            f"\"{name}_lastdim_kernel_impl\" not implemented for '{kind}'. Convert first: x.float().{name}(...), or "
            "give dtype=."
        )
    if not x.size:
        return x.copy()
    if x.dtype == _FLOAT16:
        return _along(name, kernel, x.astype(FLOAT32), dim).astype(_FLOAT16)
    if x.ndim != 2 and axis >= x.ndim - 1:
        return kernel(x.reshape(-1, x.shape[-1] if x.ndim else 1), 1).reshape(x.shape)
    return kernel(x, axis)


def _softmax_kernel(x: Any, axis: int) -> Any:
    if axis == 1 and x.ndim == 2:
        return in_row_blocks(_softmax_rows, np.empty_like(x), x)
    powers, _ = exp_below_one(x, axis)
    powers /= sums_along(powers, axis)
    return powers


def _softmax_rows(x: Any, out: Any = None) -> Any:
    out = np.exp(x, out)
    sums = row_sums(out)
    if not are_moderate(sums):  # most rows need no shift, which their sums tell at less cost than a look at x
        np.subtract(x, row_maxima(x), out)
        sums = row_sums(np.exp(out, out))
    out *= np.reciprocal(sums, sums)  # a quotient would take twice the time
    return out


def _few_softmax_rows(x: Any) -> Any:
    """`_softmax_rows` of few scores; numbers of rows are written out first, as broadcasting starts later (.95)."""
    out = np.exp(x)
    sums = out.dot(ones(x.shape[1], x.dtype))
    if not are_moderate(sums):
        np.subtract(x, row_maxima(x), out)
        sums = np.exp(out, out).dot(ones(x.shape[1], x.dtype))
    out /= _in_each_column(sums, x)
    return out


def _in_each_column(numbers: Any, x: Any) -> Any:
    """A number for each row, in a matrix like x."""
    found = np.empty(x.shape, x.dtype)
    found.T[...] = numbers
    return found


def _softmax_vjp(g: Any, out: Any, dim: int) -> Any:
    if type(g) is np.ndarray and out.size:
        if _are_few_rows(out, dim):
            return _softmax_backward_rows(g, out) if out.size > _FEW else _few_softmax_backward_rows(g, out)
        return _backward(_softmax_backward, g, out, dim)
    if not out.ndim:
        return out * (g - g * out)  # 0, but nan for nan
    return out * (g - (g * out).sum(axis=dim, keepdims=True))


def _softmax_backward(g: Any, out: Any, axis: int) -> Any:
    if out.ndim == 2 and axis == 1:
        return in_row_blocks(_softmax_backward_rows, np.empty_like(out), g, out)
    result = g - add_reduce(g * out, axis, None, None, True)
    result *= out
    return result


def _softmax_backward_rows(g: Any, out: Any, result: Any = None) -> Any:
    result = np.subtract(g, np.vecdot(g, out)[:, None], result)
    result *= out
    return result


def _few_softmax_backward_rows(g: Any, out: Any) -> Any:
    result = _in_each_column(np.vecdot(g, out), out)
    np.subtract(g, result, result)
    result *= out
    return result


def _backward(kernel: Callable[[Any, Any, int], Any], g: Any, out: Any, dim: int) -> Any:
    """Run a backward kernel of (gradient, output, axis) on what it can take, as `_along` does."""
    if out.ndim == 2 and (dim == 1 or dim == -1) and out.dtype is not _FLOAT16:
        return kernel(g, out, 1)
    axis = check_dim(dim, out.ndim)
    if out.dtype == _FLOAT16:
        return _backward(kernel, g.astype(FLOAT32), out.astype(FLOAT32), dim).astype(_FLOAT16)
    if out.ndim != 2 and axis >= out.ndim - 1:
        shape = (-1, out.shape[-1] if out.ndim else 1)
        return kernel(g.reshape(shape), out.reshape(shape), 1).reshape(out.shape)
    return kernel(g, out, axis)


_CASES = [
    case((2, 3), dim=1), case((2, 3), dim=0), case((4,), dim=-1), case((2, 3, 4), dim=-1), case((2, 3, 4), dim=1),
    case((20, 5), dim=1), case((20, 50), dim=1), case((), dim=0), case((2, 0), dim=1), case((0, 2), dim=-1),
]  # fmt: skip
_SPECIAL = [
    case(np.array([[-np.inf, 1.0, 2.0], [0.0, 0.0, 0.0]]), dim=1), case(np.array([-np.inf, -np.inf]), dim=0),
    case(np.array([np.inf, 1.0]), dim=0), case(np.array([1000.0, 1001.0]), dim=0), case(np.array([np.nan, 1.0]), dim=0),
]  # fmt: skip


@op(
    kind="general",
    vjp=_softmax_vjp,
    cases=_CASES,
    special=_SPECIAL,
    tolerance=(1.0, "arrays are multiplied and summed in one pass, in another order"),
)
def _softmax(x, /, dim):
    """See `softmax`."""
    if _are_few_rows(x, dim):
        return _softmax_rows(x) if x.size > _FEW else _few_softmax_rows(x)
    return _along("softmax", _softmax_kernel, x, dim)


SOFTMAX = _softmax.op  # by which the nodes that it made are known


def _log_softmax_kernel(x: Any, axis: int) -> Any:
    if axis == 1 and x.ndim == 2:
        return in_row_blocks(_log_softmax_rows, np.empty_like(x), x)
    return x - log_sum_exp(x, axis)


def _log_softmax_rows(x: Any, out: Any = None) -> Any:
    # Far below 0, as a mask's -inf, may stand all but one of a row, whose logarithm is 0 exactly with the shift only.
    if smallest(x.ravel()) > -SMALL:
        out = exp_of_near(x, out)
        sums = row_sums(out)
        if are_not_large(sums):
            return np.subtract(x, np.log(sums, sums), out)
    out = np.subtract(x, row_maxima(x), out)  # before the sum's logarithm, which would lose digits beside a large shift
    sums = row_sums(np.exp(out))
    out -= np.log(sums, sums)
    return out


def _log_softmax_backward(g: Any, out: Any, axis: int) -> Any:
    if axis == 1 and out.ndim == 2:
        return in_row_blocks(_log_softmax_backward_block, np.empty_like(out), g, out)
    powers = np.exp(out)
    powers *= sums_along(g, axis)
    return np.subtract(g, powers, powers)


def _log_softmax_backward_rows(g: Any, out: Any, result: Any = None) -> Any:
    result = np.exp(out, result)
    result *= row_sums(g)
    return np.subtract(g, result, result)


def _log_softmax_backward_block(g: Any, out: Any, result: Any) -> None:
    np.exp(out, result)
    result *= fetched_row_sums(g)
    np.subtract(g, result, result)


def _few_log_softmax_rows(x: Any) -> tuple[Any, Any]:
    """The result, and for the gradient the exponentials and their sums, if these need no shift."""
    if smallest(x.ravel()) > -SMALL:
        powers = exp_of_near(x, None)
        sums = row_sums(powers)
        if are_not_large(sums):
            out = np.empty(x.shape, x.dtype)
            out[...] = np.log(sums)  # before it is subtracted: .8 of the time of broadcasting
            return np.subtract(x, out, out), (powers, sums)
    return _log_softmax_rows(x), None


def _log_softmax_vjp(g: Any, out: Any, dim: int, kept: Any) -> Any:
    if type(g) is np.ndarray and out.size:
        if kept is not None:
            powers, sums = kept
            result = np.empty(g.shape, g.dtype)
            result[...] = row_sums(g) / sums
            result *= powers
            return np.subtract(g, result, result)
        if _are_few_rows(out, dim):
            return _log_softmax_backward_rows(g, out)
        return _backward(_log_softmax_backward, g, out, dim)
    return g - np.exp(out) * (g.sum(axis=dim, keepdims=True) if out.ndim else g)


@op(
    kind="general",
    vjp=_log_softmax_vjp,
    cases=_CASES,
    special=_SPECIAL,
    tolerance=(1.0, "large tensors are summed by BLAS, in another order"),
)
def _log_softmax(x, /, dim, kept=None):
    """See `log_softmax`. The last option is for the gradient of arrays alone, see `_few_log_softmax`."""
    return _log_softmax_rows(x) if _are_few_rows(x, dim) else _along("log_softmax", _log_softmax_kernel, x, dim)


def _few_log_softmax(input: Any, dim: Any) -> Tensor | None:
    """The logarithm of few scores, whose exponentials are kept: computed again they are half of the gradient's time."""
    x, here = getattr(input, "_array", None), modes.here
    if type(x) is not np.ndarray or type(dim) is not int or x.size > _FEW or not _are_few_rows(x, dim):
        return None
    if here.observers or here.levels:
        return None
    try:
        out, kept = here.quiet(_few_log_softmax_rows, x)
    except RuntimeError:  # inside of another op's forward, which the general caller knows how to do
        return None
    return recorded(_log_softmax.op, input, {"dim": dim, "kept": kept}, out)


def _converted(name: str, input: Any, dtype: Any) -> Any:
    """The input as the dtype asked for."""
    if not isinstance(input, Tensor):
        raise TypeError(f"{name}(): argument 'input' (position 1) must be Tensor, not {type(input).__name__}")
    return input.to(dtype=dtype)


@composite()
def softmax(input: Tensor, dim: int, dtype: Any = None, *, out: Tensor | None = None) -> Tensor:
    """``exp(x)`` divided by its sum along a dimension: positive numbers that add up to 1.

    Large values do not overflow. A slice of nothing but ``-inf`` gives ``nan``.

    Args:
        dim: the dimension.
        dtype: convert the input first.
        out: where to put the result.

    Raises:
        IndexError: there is no such dimension.
        TypeError: it is no integer.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.tensor([[1.0, 1.0], [0.0, 1000.0]]).softmax(dim=1)
        tensor([[0.5000, 0.5000],
                [0.0000, 1.0000]])
    """
    if dtype is not None:
        input = _converted("softmax", input, dtype)
    result: Tensor = _softmax(input, dim)
    return result if out is None else write_out(out, result)


@composite()
def log_softmax(input: Tensor, dim: int, dtype: Any = None, *, out: Tensor | None = None) -> Tensor:
    """The logarithm of `softmax`, exact where softmax itself would be rounded to 0.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.tensor([0.0, 1000.0]).log_softmax(dim=0)
        tensor([-1000.,     0.])
    """
    if dtype is not None:
        input = _converted("log_softmax", input, dtype)
    few = _few_log_softmax(input, dim)
    result: Tensor = _log_softmax(input, dim) if few is None else few
    return result if out is None else write_out(out, result)
