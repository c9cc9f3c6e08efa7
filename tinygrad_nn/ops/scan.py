"""Running sums, products and extremes along a dimension.

Source: https://docs.pytorch.org/docs/stable/generated/torch.cumsum.html, torch.cumprod.html, torch.cummax.html,
torch.logcumsumexp.html
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .._core import dispatch, dtypes, return_types
from .._core.inplace import check_target, store
from .._core.modes import modes
from .._core.op import Integers, case, composite, op
from .._core.scans import accumulated
from .._core.tensor import Tensor, check_dim, tensor_attribute, wrap
from .reduce import takes_dtype
from .shortcuts import quick_call, recorded, usually
from .sorting import picked, placed

Array = np.ndarray[Any, Any]

__all__ = ["cummax", "cummin", "cumprod", "cumsum", "logcumsumexp"]

_MANY_LANES = 1000  # of a dimension that is not the last: running maxima of them take less than turning them
_CASES = [
    case((2, 3), dim=1), case((2, 3), dim=0), case((2, 3, 4), dim=-2), case((), dim=0), case((0, 3), dim=0),
    case((2, 0), dim=1), case((1, 5), dim=-1), case(Integers((2, 3), 5), dim=1),
    case(Integers((4,), 2, boolean=True), dim=0),
]  # fmt: skip


def _accumulate(ufunc: np.ufunc, x: Any, dim: int) -> Any:
    check_dim(dim, x.ndim)
    if x.dtype.kind in "biu":
        x = x.astype(np.int64, copy=False)
    if x.ndim == 0:
        return x.copy()
    return accumulated(ufunc, x, dim)


def _backwards_sum(g: Any, dim: int) -> Any:
    """The running sum from the end, the adjoint of the running sum."""
    if not g.ndim:
        return g
    if type(g) is np.ndarray:
        return accumulated(np.add, g, dim, backwards=True)
    return np.flip(cumsum.op.numpy(np.flip(g, dim), dim=dim), dim)


def _along_one(args: tuple[Any, ...]) -> Tensor | None:
    """The usual call of `cumsum`."""
    if len(args) == 2 and isinstance(args[0], Tensor) and type(args[1]) is int:
        return quick_call(cumsum.op, args[0], {"dim": args[1]})
    return None


@usually(_along_one)
@takes_dtype
@op(kind="general", vjp=lambda g, dim: _backwards_sum(g, dim), cases=_CASES)
def cumsum(x, /, dim):
    """Running sum along a dimension. Integers and booleans give int64.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.tensor([1.0, 2.0, 3.0]).cumsum(dim=0)
        tensor([1., 3., 6.])
    """
    return _accumulate(np.add, x, dim)


def _suffix_sums(g: Array, x: Array) -> Array:
    """``s[j] = g[j] + x[j+1] * s[j+1]`` along the first dimension."""
    sums = g.copy()
    for j in range(len(g) - 2, -1, -1):
        sums[j] += x[j + 1] * sums[j + 1]
    return sums


def _cumprod_vjp(g: Any, x: Any, out: Any, dim: int) -> tuple[Any]:
    if not x.ndim:
        return (g,)
    if x.all():
        sums = accumulated(np.add, g * out, dim, backwards=True)
        sums /= x
        return (sums,)
    x, g = x.swapaxes(dim, 0), g.swapaxes(dim, 0)
    before = np.ones_like(x)
    np.multiply.accumulate(x[:-1], 0, out=before[1:])
    return ((before * _suffix_sums(g, x)).swapaxes(dim, 0),)


def _cumprod_parts(x: Any, dim: int) -> Any:
    """The running product by doubling steps, whose derivatives of any order are exact with zeros."""
    if not x.ndim:
        return x * 1
    x = x.swapaxes(dim, 0)
    step = 1
    while step < x.shape[0]:
        x = np.concatenate([x[:step], x[step:] * x[:-step]])
        step *= 2
    return x.swapaxes(0, dim) * 1


@takes_dtype
@op(kind="fused", vjp=_cumprod_vjp, parts=_cumprod_parts, cases=_CASES,
    special=[case(np.array([0.0, 2.0, 3.0]), dim=0), case(np.array([[2.0, 0.0, 3.0, 0.0, 1.5]]), dim=1)])  # fmt: skip
def cumprod(x, /, dim):
    """Running product along a dimension. Integers and booleans give int64. The gradient is exact with zeros.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.tensor([1.0, 2.0, 3.0]).cumprod(dim=0)
        tensor([1., 2., 6.])
    """
    return _accumulate(np.multiply, x, dim)


def _inplace_scan(scan: Any) -> None:
    """Give `Tensor` the in-place form of a scan, in which it keeps its dtype."""
    name = scan.op.name

    def call(input: Tensor, dim: int, *, dtype: Any = None) -> Tensor:
        if dtype is not None and dtypes.to_numpy(dtype) != input._array.dtype:
            raise RuntimeError(
                f"Bad in-place call: input tensor dtype {input.dtype} and output tensor dtype {dtype} should match "
                f"({name}_())"
            )
        check_dim(dim, input._array.ndim)
        if input._array.dtype.kind == "b":
            raise NotImplementedError(f"\"{name}_out_cpu\" not implemented for 'Bool'. Convert first: x.long().")
        check_target(input)
        return store(input, scan(input, dim))

    call.__name__ = call.__qualname__ = f"{name}_"
    call.__doc__ = f"In-place version of `{name}`."
    tensor_attribute(f"{name}_", call)


_inplace_scan(cumsum)
_inplace_scan(cumprod)


def _numpy_form(scan: Any) -> Any:
    """NumPy's signature: without an axis, the scan runs over the flattened elements."""

    def call(a: Tensor, axis: int | None = None, dtype: Any = None) -> Any:
        return scan(a.reshape(-1), 0, dtype=dtype) if axis is None else scan(a, axis, dtype=dtype)

    return call


dispatch.register(np.cumsum, _numpy_form(cumsum))
dispatch.register(np.cumprod, _numpy_form(cumprod))


# --- extremes ----------------------------------------------------------------------------------------------------


def _running_extreme(name: str, ufunc: np.ufunc, input: Tensor, dim: Any) -> Any:
    """The extremes so far, and where they stand: of equal ones the last, and of nan the last."""
    x = input._array
    if not x.ndim and isinstance(dim, int) and not -1 <= dim < 1:
        raise IndexError(f"{name}(): Expected reduction dim -1 or 0 for scalar but got {dim}")
    dim = check_dim(dim, x.ndim)
    if x.dtype.kind == "c":
        raise NotImplementedError(
            f"\"{name}_cpu\" not implemented for '{dtypes.type_name(x.dtype)}'. Complex numbers have no order: use "
            "x.abs()."
        )
    result = getattr(return_types, name)
    if not x.ndim:
        return result(input.clone(), wrap(np.zeros((), np.int64)))
    extremes = accumulated(ufunc, x, dim)
    reached = x == extremes
    if x.dtype.kind == "f":
        reached |= x != x
    indices, starts = _last_reached(reached, dim)
    options = {"indices": indices, "dim": dim, "starts": starts}
    if modes.here.observers:
        values = _pick_reached(input, **options)
    else:
        values = recorded(_pick_reached.op, input, options, extremes)
    return result(values, wrap(indices))


def _last_reached(reached: Array, dim: int) -> tuple[Array, Array | None]:
    """The last index so far at which something holds, as it does at the first; and where it holds, see `_add_runs`."""
    length = reached.shape[dim]
    if not reached.size or (reached.size >= _MANY_LANES * length and dim < reached.ndim - 1):
        places = np.arange(length).reshape(-1, *(1,) * (reached.ndim - 1 - dim))
        return accumulated(np.maximum, np.where(reached, places, 0), dim), None
    starts = np.flatnonzero(reached.swapaxes(dim, -1))  # repeating takes a third of the time of a running maximum
    runs = np.empty_like(starts)
    np.subtract(starts[1:], starts[:-1], runs[:-1])
    runs[-1] = reached.size - starts[-1]
    found = np.repeat(starts % length, runs).reshape(reached.swapaxes(dim, -1).shape)
    return np.ascontiguousarray(found.swapaxes(dim, -1)), starts if 4 * starts.size < reached.size else None


def _add_runs(g: Any, x_shape: tuple[int, ...], indices: Array, dim: int, starts: Array | None) -> Any:
    """The gradient added up where the extremes stand: a run of elements for each, which begins there.

    Sums of runs take a fifth of the time of additions one by one, and are more exact.
    """
    if type(g) is not np.ndarray or starts is None:
        return placed(g, indices, dim, x_shape[dim])
    turned = g.swapaxes(dim, -1)
    sums = np.zeros(turned.shape, g.dtype)
    sums.reshape(-1)[starts] = np.add.reduceat(turned.reshape(-1), starts)
    return sums.swapaxes(dim, -1)


@op(kind="general", method=False, torch_name="", node_name="CummaxBackward0", vjp=_add_runs,
    cases=[case((2, 3), indices=np.array([[0, 0, 2], [0, 1, 1]]), dim=1),
           case((2, 3), indices=np.array([[0, 0, 2], [0, 1, 1]]), dim=1, starts=np.array([0, 2, 3, 4])),
           case((2, 3), indices=np.array([[0, 0, 0], [1, 0, 1]]), dim=0, starts=np.array([0, 1, 2, 4, 5]))],
)  # fmt: skip
def _pick_reached(x, /, *, indices, dim, starts=None):
    """The elements at indices that do not fall."""
    return picked(x, indices, dim)


@composite(out=True)
def cummax(input: Tensor, dim: int) -> Any:
    """The largest element so far along a dimension, and its index (of equal ones the last).

    Returns:
        A named tuple of values and indices (int64).

    Raises:
        NotImplementedError: the elements are complex.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.cummax.html

    Example:
        >>> import tinygrad_nn as tg
        >>> values, indices = tg.cummax(tg.tensor([1.0, 3.0, 2.0, 3.0]), dim=0)
        >>> values, indices
        (tensor([1., 3., 3., 3.]), tensor([0, 1, 1, 3]))
    """
    return _running_extreme("cummax", np.maximum, input, dim)


@composite(out=True)
def cummin(input: Tensor, dim: int) -> Any:
    """The smallest element so far along a dimension, and its index (of equal ones the last).

    Source: https://docs.pytorch.org/docs/stable/generated/torch.cummin.html

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.cummin(tg.tensor([3.0, 1.0, 2.0]), dim=0).values
        tensor([3., 1., 1.])
    """
    return _running_extreme("cummin", np.minimum, input, dim)


# --- logcumsumexp ------------------------------------------------------------------------------------------------


def _accumulate_logs(x: Array, dim: int) -> Array:
    """``log(cumsum(exp(x)))`` without overflow."""
    if x.dtype.kind != "c":
        return np.asarray(np.logaddexp.accumulate(x, dim))
    result = x.swapaxes(dim, 0).copy()
    for place in range(1, len(result)):
        a, b = result[place - 1], result[place]
        swapped = a.real < b.real
        high, low = np.where(swapped, b, a), np.where(swapped, a, b)
        nothing = np.isneginf(high.real)  # of which the difference would be nan
        result[place] = np.where(nothing, high, high + np.log1p(np.exp(low - high)))
    return result.swapaxes(0, dim)


def _logcumsumexp_vjp(g: Any, x: Any, out: Any, dim: int) -> tuple[Any]:
    """``exp(x[i]) * sum(g[j] * exp(-out[j]) for j >= i)``, as a sum of logarithms so that nothing overflows."""
    if not x.ndim:
        return (g,)

    def part(weights: Any) -> Any:
        logs = np.flip(np.log(weights) - out, dim)
        return np.exp(np.flip(_accumulate_logs(logs, dim), dim) + x)

    if x.dtype.kind == "c":
        return (part(g),)
    zero = g.dtype.type(0)
    return (part(np.maximum(g, zero)) - part(np.maximum(-g, zero)),)


def _log_sum(a: Any, b: Any) -> Any:
    """``log(exp(a) + exp(b))``, whose derivatives of any order are finite where it is."""
    shift = np.maximum(a.detach().real, b.detach().real)
    shift = np.where(np.isfinite(shift), shift, 0)
    return np.log(np.exp(a - shift) + np.exp(b - shift)) + shift


def _logcumsumexp_parts(x: Any, dim: int) -> Any:
    """The running sum by doubling steps."""
    if not x.ndim:
        return x * 1
    x = x.swapaxes(dim, 0)
    step = 1
    while step < x.shape[0]:
        x = np.concatenate([x[:step], _log_sum(x[step:], x[:-step])])
        step *= 2
    return x.swapaxes(0, dim) * 1


@op(kind="fused", vjp=_logcumsumexp_vjp, parts=_logcumsumexp_parts,
    cases=[case((2, 3), dim=1), case((2, 3), dim=0), case((2, 3, 4), dim=-2), case((), dim=0), case((0, 3), dim=0),
           case((2, 0), dim=1), case((1, 5), dim=-1)],
    special=[case(np.array([1000.0, 1001.0, -1000.0]), dim=0)])  # fmt: skip
def logcumsumexp(x, /, dim):
    """The logarithm of the running sum of exponentials along a dimension, without overflow.

    Raises:
        NotImplementedError: the elements are integers or booleans.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.logcumsumexp.html

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.logcumsumexp(tg.tensor([1000.0, 1000.0]), dim=0)
        tensor([1000.0000, 1000.6932])
    """
    check_dim(dim, x.ndim)
    if x.dtype.kind in "biu":
        raise NotImplementedError(
            f"\"logcumsumexp_out_cpu\" not implemented for '{dtypes.type_name(x.dtype)}'. Convert first: x.float()."
        )
    if not x.ndim:
        return x.copy()
    wide = x.astype(np.float32) if x.dtype.itemsize == 2 else x
    return _accumulate_logs(wide, dim).astype(x.dtype, copy=False)
