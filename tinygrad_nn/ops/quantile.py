"""Order statistics: ``kthvalue``, ``median``, ``mode``, ``quantile``, and those that leave ``nan`` out.

``nan`` is larger than any number. Where several elements equal the one that is chosen, the returned index is that of
the first of them (of the last, for `mode`), and the gradient goes there; `median` of all elements shares it equally.

Source: https://docs.pytorch.org/docs/stable/generated/torch.median.html, torch.quantile.html
"""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np

from .._core import dtypes, return_types
from .._core.errors import must_be_tensor
from .._core.op import Integers, case, composite, op
from .._core.ordering import order
from .._core.tensor import Tensor, check_dim, wrap
from .arithmetic import lerp
from .extremes import pick_one
from .places import flat_places
from .sorting import count_of, pick, sort

__all__ = ["kthvalue", "median", "mode", "nanmedian", "nanquantile", "quantile"]

_ALL: Any = inspect.Parameter.empty  # no dim given: of all elements
_FLOATS = (np.dtype(np.float32), np.dtype(np.float64))


def _refuse(kernel: str, x: np.ndarray[Any, Any], kinds: str) -> None:
    if x.dtype.kind in kinds:
        raise NotImplementedError(
            f"\"{kernel}\" not implemented for '{dtypes.type_name(x.dtype)}'. Convert the input first: "
            + ("x.int()." if x.dtype.kind == "b" else "complex numbers have no order, take x.abs().")
        )


def _chosen(name: str, input: Tensor, dim: int, keepdim: bool, indices: np.ndarray[Any, Any]) -> Any:
    """The named tuple of the elements at one index of a dimension."""
    values = pick_one(input, indices, dim, keepdim)
    result = getattr(return_types, name)
    return result(values, wrap(indices if keepdim else indices.squeeze(dim)))


def _of_number(name: str, input: Tensor) -> Any:
    return getattr(return_types, name)(input.clone(), wrap(np.zeros((), np.int64)))


def _check_length(name: str, x: np.ndarray[Any, Any], dim: int) -> None:
    if x.ndim and not x.shape[dim]:
        raise IndexError(
            f"{name}(): Expected reduction dim {dim} to have non-zero size. (The input has shape {list(x.shape)}.)"
        )


def _first_equal(x: np.ndarray[Any, Any], values: np.ndarray[Any, Any], dim: int) -> np.ndarray[Any, Any]:
    """Where each of the values, which have the dimension with length 1, stands first."""
    equal = x == values
    if x.dtype.kind == "f":
        equal |= (x != x) & (values != values)
    return np.asarray(equal.argmax(dim, keepdims=True))


@composite(out=True)
def kthvalue(input: Tensor, k: Any, dim: int = -1, keepdim: bool = False) -> Any:
    """The `k`-th smallest element along a dimension, counted from 1, and its index.

    Returns:
        A named tuple of values and indices (int64).

    Raises:
        RuntimeError: there is no `k`-th element.
        IndexError: the dimension is empty.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.kthvalue.html

    Example:
        >>> import tinygrad_nn as tg
        >>> values, indices = tg.kthvalue(tg.tensor([3.0, 1.0, 2.0]), 2)
        >>> values, indices
        (tensor(2.), tensor(2))
    """
    array = input._array
    count = count_of("kthvalue", k)
    dim = check_dim(dim, array.ndim)
    _check_length("kthvalue", array, dim)
    length = array.shape[dim] if array.ndim else 1
    if not 1 <= count <= length:
        raise RuntimeError(
            f"kthvalue(): selected number k out of range for dimension {dim}: got {count}, expected 1 to {length} (the "
            f"input has shape {list(array.shape)})"
        )
    _refuse("kthvalue_cpu", array, "bc")
    if not array.ndim:
        return _of_number("kthvalue", input)
    values = np.partition(array, count - 1, dim).take([count - 1], dim)
    return _chosen("kthvalue", input, dim, keepdim, _first_equal(array, values, dim))


# --- median ------------------------------------------------------------------------------------------------------


def _share(g: Any, x: Any, out: Any) -> Any:
    """The gradient, in equal parts, to the elements that are the median."""
    equal = x == out if (out == out).all() else x != x
    count = equal.sum()
    return g / (count + (count == 0)).astype(x.dtype) * equal


_MEDIANS = [case((5,)), case((2, 3)), case((4,)), case(()), case(Integers((4,), 9))]
_TIES = [case(np.array([2.0, 2.0, 1.0, 2.0])), case(np.array([np.nan, 1.0, np.nan])), case(np.array([np.inf, np.inf]))]


def _median_of(x: np.ndarray[Any, Any], without_nan: bool) -> Any:
    """The (lower) median of a flat array."""
    if not x.size:
        return np.nan if x.dtype.kind == "f" else np.iinfo(x.dtype).min
    if x.dtype.kind == "f":
        missing = x != x
        if missing.any():
            x = x[~missing]
            if not without_nan or not x.size:
                return np.nan
    middle = (x.size - 1) // 2
    return np.partition(x, middle)[middle]


@op(kind="reduction", vjp=_share, cases=_MEDIANS, special=_TIES, distinct=True, torch_name="median")
def _median_of_all(x, /):
    """The median of all elements."""
    _refuse("median_cpu", x, "bc")
    return np.asarray(_median_of(x.reshape(-1), False), x.dtype)


@op(kind="reduction", vjp=_share, cases=_MEDIANS, special=_TIES, distinct=True, torch_name="nanmedian")
def _nanmedian_of_all(x, /):
    """The median of all elements but nan."""
    _refuse("median_cpu", x, "bc")
    return np.asarray(_median_of(x.reshape(-1), True), x.dtype)


def _medians(x: np.ndarray[Any, Any], dim: int, without_nan: bool) -> np.ndarray[Any, Any]:
    """The median along a dimension, which stays with length 1."""
    middle = (x.shape[dim] - 1) // 2
    counts = (x == x).sum(dim, keepdims=True) if x.dtype.kind == "f" else None
    if counts is None or (counts == x.shape[dim]).all():
        return np.partition(x, middle, dim).take([middle], dim)
    if without_nan:
        middles = np.maximum(counts - 1, 0) // 2
        return np.take_along_axis(np.sort(x, dim), middles, dim)
    values = np.partition(x, middle, dim).take([middle], dim)
    return np.where(counts < x.shape[dim], x.dtype.type(np.nan), values)


def _median(name: str, input: Tensor, dim: Any, keepdim: bool) -> Any:
    if dim is _ALL:
        if keepdim:
            raise TypeError(f'{name}() missing 1 required positional arguments: "dim"')
        return (_median_of_all if name == "median" else _nanmedian_of_all)(input)
    array = input._array
    dim = check_dim(dim, array.ndim)
    _check_length(name, array, dim)
    _refuse("median_out", array, "bc")
    if not array.ndim:
        return _of_number(name, input)
    values = _medians(array, dim, name == "nanmedian")
    return _chosen(name, input, dim, keepdim, _first_equal(array, values, dim))


@composite(out=True)
def median(input: Tensor, dim: Any = _ALL, keepdim: bool = False) -> Any:
    """The median of all elements, or along a dimension with its index; the lower one of two.

    ``median(x)`` is one value, whose gradient equal elements share. ``median(x, dim)`` is a named tuple of values and
    indices (int64). A ``nan`` among the elements is the median.

    Raises:
        NotImplementedError: the elements are booleans or complex numbers.
        IndexError: the dimension is empty.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.median.html

    Example:
        >>> import tinygrad_nn as tg
        >>> x = tg.tensor([[1.0, 5.0, 3.0], [7.0, 2.0, 4.0]])
        >>> x.median(), x.median(dim=1).values
        (tensor(3.), tensor([3., 4.]))
    """
    return _median("median", input, dim, keepdim)


@composite(out=True)
def nanmedian(input: Tensor, dim: Any = _ALL, keepdim: bool = False) -> Any:
    """As `median`, of the elements that are not ``nan``.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nanmedian.html

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.tensor([1.0, float("nan"), 3.0, 2.0]).nanmedian()
        tensor(2.)
    """
    return _median("nanmedian", input, dim, keepdim)


# --- mode --------------------------------------------------------------------------------------------------------


@composite(out=True)
def mode(input: Tensor, dim: int = -1, keepdim: bool = False) -> Any:
    """The most frequent element along a dimension (the smallest of equally frequent ones), and its last index.

    Returns:
        A named tuple of values and indices (int64).

    Raises:
        IndexError: the dimension is empty.
        NotImplementedError: the elements are complex.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.mode.html

    Example:
        >>> import tinygrad_nn as tg
        >>> values, indices = tg.mode(tg.tensor([2, 1, 1, 2, 3, 2]))
        >>> values, indices
        (tensor(2), tensor(5))
    """
    array = input._array
    dim = check_dim(dim, array.ndim)
    _check_length("mode", array, dim)
    _refuse("mode_cpu", array, "c")
    if not array.ndim:
        return _of_number("mode", input)
    rows = np.ascontiguousarray(array.swapaxes(dim, -1))
    indices = order(rows, -1)
    ordered = rows.reshape(-1).take(flat_places(indices, rows.ndim - 1, rows.shape[-1])).reshape(rows.shape)
    new = np.ones(rows.shape, np.bool_)
    np.not_equal(ordered[..., 1:], ordered[..., :-1], out=new[..., 1:])
    starts = np.flatnonzero(new)
    ends = np.append(starts[1:], new.size)
    lengths = np.arange(new.size) - np.repeat(starts, ends - starts)  # of the run of equal elements so far
    longest = lengths.reshape(rows.shape).argmax(-1, keepdims=True)
    found = indices.reshape(-1).take(flat_places(longest, rows.ndim - 1, rows.shape[-1])).reshape(longest.shape)
    return _chosen("mode", input, dim, keepdim, found.swapaxes(dim, -1))


# --- quantiles ---------------------------------------------------------------------------------------------------

_INTERPOLATIONS = ("linear", "lower", "higher", "midpoint", "nearest")
_NEAREST = {"lower": np.floor, "higher": np.ceil, "nearest": np.rint}


def _check_quantile(name: str, input: Any, q: Any, interpolation: str) -> None:
    if not isinstance(input, Tensor):
        raise must_be_tensor(name, "input", 0, input)
    if not isinstance(q, Tensor | int | float | np.number):
        raise TypeError(f"{name}(): argument 'q' (position 2) must be float or Tensor, not {type(q).__name__}")
    if not input._array.size:
        raise RuntimeError(f"{name}() input tensor must be non-empty, got shape {list(input._array.shape)}")
    if isinstance(q, Tensor) and q._array.ndim > 1:
        raise RuntimeError(f"{name}() q must be a scalar or 1D tensor, got shape {list(q._array.shape)}")
    if input._array.dtype not in _FLOATS:
        raise RuntimeError(
            f"{name}() input tensor must be either float or double dtype, got {input.dtype}. Convert: x.float()."
        )
    if isinstance(q, Tensor) and q._array.dtype != input._array.dtype:
        raise RuntimeError(
            f"{name}() q tensor must be same dtype as the input tensor, got {q.dtype} and {input.dtype}. Convert: "
            "q.to(x.dtype)."
        )
    if interpolation not in _INTERPOLATIONS:
        raise RuntimeError(
            f"{name}() interpolation must be one of linear, lower, higher, midpoint or nearest, but got {interpolation}"
        )
    if isinstance(q, Tensor):
        if not ((q._array >= 0) & (q._array <= 1)).all():
            raise RuntimeError(f"{name}() q values must be in the range [0, 1], got {q._array.tolist()}")
    elif not 0 <= q <= 1:
        raise RuntimeError(f"{name}() q must be in the range [0, 1] but got {q}")


def _ordered(input: Tensor) -> Tensor:
    """The elements sorted along the last dimension, with their history if they have one."""
    values: Tensor = sort(input).values if input.requires_grad else wrap(np.sort(input._array, -1))
    return values


def _between(rows: Tensor, ranks: Any, interpolation: str) -> Tensor:
    """The elements of sorted rows at the ranks (real numbers; an array, or a tensor with history)."""
    exact = ranks._array if isinstance(ranks, Tensor) else ranks
    rounding = _NEAREST.get(interpolation)
    below = np.floor(exact) if rounding is None else rounding(exact)
    lower = pick(rows, below.astype(np.int64), -1, distinct=False)
    if rounding is not None:
        return lower
    upper = pick(rows, np.ceil(exact).astype(np.int64), -1, distinct=False)
    if interpolation == "midpoint":
        return lerp(lower, upper, 0.5)
    weight = (ranks if isinstance(ranks, Tensor) else wrap(ranks)) - wrap(below)
    return lerp(lower, upper, weight)


def _ranks(rows: np.ndarray[Any, Any], q: Any, without_nan: bool) -> Any:
    """Where between the sorted elements of each row the quantiles lie."""
    if isinstance(q, Tensor):
        q = q.reshape(-1) if q.requires_grad else q._array.reshape(-1)
    else:
        q = np.array([q], rows.dtype)
    shape = (*rows.shape[:-1], q.shape[0])
    last = rows.shape[-1] - 1
    missing = rows != rows
    if not missing.any():
        return np.broadcast_to(q * rows.dtype.type(last), shape)
    if without_nan:
        counts = np.maximum((~missing).sum(-1, keepdims=True) - 1, 0).astype(rows.dtype)
        return np.broadcast_to(q * counts, shape)
    return np.where(missing.any(-1, keepdims=True), rows.dtype.type(last), q * rows.dtype.type(last))


def _quantile(name: str, input: Tensor, q: Any, dim: int | None, keepdim: bool, interpolation: str) -> Tensor:
    _check_quantile(name, input, q, interpolation)
    ndim = input._array.ndim
    place = -1 if dim is None else check_dim(dim, ndim)
    rows = input.reshape(-1) if dim is None or not ndim else input.moveaxis(place, -1)
    result = _between(_ordered(rows), _ranks(rows._array, q, name == "nanquantile"), interpolation)
    several = isinstance(q, Tensor) and q._array.ndim == 1
    result = result.moveaxis(-1, 0) if several else result.squeeze(-1)
    if not keepdim or not ndim:
        return result
    if dim is None:
        return result.reshape((result._array.shape[:1] if several else ()) + (1,) * ndim)
    return result.unsqueeze(place + several)


@composite(out=True)
def quantile(
    input: Tensor, q: Any, dim: int | None = None, keepdim: bool = False, *, interpolation: str = "linear"
) -> Tensor:
    """The values below which a part `q` of the elements lies, of all or along a dimension.

    The quantile has the rank ``q (n - 1)`` among the sorted elements. Where that lies between two of them, `a` and `b`,
    `interpolation` gives ``a + (b - a) * fraction`` (linear), ``a`` (lower), ``b`` (higher), ``(a + b) / 2``
    (midpoint) or the nearer one (nearest).

    Args:
        q: from 0 to 1, a number or a tensor of up to one dimension, which becomes the first one of the result.

    Returns:
        The quantiles; ``nan`` where there is one among the elements.

    Raises:
        RuntimeError: there are no elements, they are not float32 or float64, or `q` is not of their type or not from
            0 to 1.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.quantile.html

    Example:
        >>> import tinygrad_nn as tg
        >>> x = tg.tensor([0.0, 1.0, 2.0, 3.0])
        >>> tg.quantile(x, 0.6), tg.quantile(x, tg.tensor([0.25, 0.5]), interpolation="lower")
        (tensor(1.8000), tensor([0., 1.]))
    """
    return _quantile("quantile", input, q, dim, keepdim, interpolation)


@composite(out=True)
def nanquantile(
    input: Tensor, q: Any, dim: int | None = None, keepdim: bool = False, *, interpolation: str = "linear"
) -> Tensor:
    """As `quantile`, of the elements that are not ``nan``; ``nan`` where there are none.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nanquantile.html

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.nanquantile(tg.tensor([1.0, float("nan"), 3.0]), 0.5)
        tensor(2.)
    """
    return _quantile("nanquantile", input, q, dim, keepdim, interpolation)
