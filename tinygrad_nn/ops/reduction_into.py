"""Reducing elements into places of another tensor: what `scatter_reduce` and `index_reduce` share.

Source: https://docs.pytorch.org/docs/stable/generated/torch.Tensor.scatter_reduce_.html
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .._core import dtypes
from .._core.op import Integers, case, op
from .._core.tensor import Tensor
from .along import _gather, _scatter_zeros
from .places import places_along
from .selection import keep

REDUCTIONS = ("sum", "prod", "mean", "amax", "amin")
_UFUNC: dict[str, Any] = {
    "sum": np.add, "mean": np.add, "prod": np.multiply, "amax": np.maximum, "amin": np.minimum,
}  # fmt: skip
_START = {"sum": 0, "mean": 0, "prod": 1}


def _start(reduce: str, dtype: np.dtype[Any]) -> Any:
    """What a reduction starts from where the tensor itself does not count."""
    if reduce in _START:
        return _START[reduce]
    largest = reduce == "amin"
    if dtype.kind == "b":
        return largest
    if dtype.kind == "f":
        return np.inf if largest else -np.inf
    limits = np.iinfo(dtype)
    return limits.max if largest else limits.min


def check_reduction(reduce: str, dtype: np.dtype[Any], names: dict[str, str]) -> None:
    """Refuse the reductions that PyTorch does not have for a type.

    Raises:
        NotImplementedError: means of booleans, extremes of complex numbers.
    """
    if (dtype.kind == "b" and reduce == "mean") or (dtype.kind == "c" and reduce in ("amax", "amin")):
        raise NotImplementedError(f"\"{names[reduce]}\" not implemented for '{dtypes.type_name(dtype)}'")


def _counts(index: Any, like: Any, dim: int, include_self: bool) -> Any:
    """How many elements are averaged at each place; at least 1."""
    counts = np.full(like.size, int(include_self), np.int64)
    np.add.at(counts, places_along(index, like.shape, dim).reshape(-1), 1)
    return np.maximum(counts, 1).reshape(like.shape)


def _divided(total: Any, counts: Any) -> Any:
    return total // counts.astype(total.dtype) if total.dtype.kind in "iu" else total / counts.astype(total.dtype)


_CASES = [
    case((3, 4), (2, 3), Integers((2, 3), 4), dim=1, reduce=reduce, include_self=include_self)
    for reduce in REDUCTIONS for include_self in (True, False)
]  # fmt: skip


def _reduced_vjp(
    g: Any, x: Any, source: Any, index: Any, out: Any, dim: int, reduce: str, include_self: bool, needs: Any
) -> Any:
    """The gradients of both; PyTorch's formulas, each written as one expression of both."""
    places = index._array if isinstance(index, Tensor) else index
    for_x, for_source = _RULES[reduce](g, x, source, places, out, dim, include_self)
    if not include_self:
        touched = np.zeros(x.shape, np.bool_)
        touched.reshape(-1)[places_along(places, x.shape, dim).reshape(-1)] = True
        for_x = keep(for_x, ~touched)
    return for_x if needs[0] else None, for_source if needs[1] else None, None


def _sum_rule(g: Any, x: Any, source: Any, index: Any, out: Any, dim: int, include_self: bool) -> Any:
    return g, _pick(g, index, dim)


def _mean_rule(g: Any, x: Any, source: Any, index: Any, out: Any, dim: int, include_self: bool) -> Any:
    counts = _counts(index, _array(g), dim, include_self).astype(_array(g).dtype)
    shared = g / counts
    return shared, _pick(shared, index, dim)


def _extreme_rule(g: Any, x: Any, source: Any, index: Any, out: Any, dim: int, include_self: bool) -> Any:
    """The gradient is shared equally by all that are equal to the extreme."""
    result, dtype = _array(out), _array(g).dtype
    ours = (_array(x) == result).astype(dtype)
    theirs = (_array(source) == _gather.op.forward(result, index, dim=dim)).astype(dtype)
    count = ours + _scatter_zeros.op.forward(theirs, index, shape=result.shape, dim=dim)
    shared = g / count
    return shared * ours, _pick(shared, index, dim) * theirs


def _product_rule(g: Any, x: Any, source: Any, index: Any, out: Any, dim: int, include_self: bool) -> Any:
    """Products without one factor: divided by it, or, where that is zero, computed anew."""
    options = {"dim": dim, "reduce": "prod", "include_self": include_self}
    zeros = _array(x) == 0
    ones = np.where(zeros, _array(x).dtype.type(1), _array(x).dtype.type(0))
    nonzero = keep(x, ~zeros) + ones
    for_x = g * _reduced.op.numpy(nonzero, source, index, **options) / nonzero
    none = _array(source) == 0
    dtype = _array(source).dtype
    count = _scatter_zeros.op.forward(none.astype(dtype), index, shape=_array(x).shape, dim=dim)
    single = none & (_gather.op.forward(count, index, dim=dim) == 1)
    others = _reduced.op.numpy(x, keep(source, ~single) + single.astype(dtype), index, **options)
    alone = _pick(g * others, index, dim)
    divided = _pick(g * out, index, dim) / (keep(source, ~none) + none.astype(dtype))
    return for_x, keep(alone, single) + keep(divided, ~single)


_RULES = {
    "sum": _sum_rule, "mean": _mean_rule, "amax": _extreme_rule, "amin": _extreme_rule, "prod": _product_rule,
}  # fmt: skip


def _array(x: Any) -> Any:
    return x._array if isinstance(x, Tensor) else x


def _pick(g: Any, index: Any, dim: int) -> Any:
    return _gather.op.numpy(g, index, dim=dim)


@op(vjp=_reduced_vjp, kind="general", method=False, torch_name="", names=("input", "src", "index"), distinct=True,
    node_name="ScatterReduceBackward0", cases=_CASES)  # fmt: skip
def _reduced(x, source, index, /, dim, reduce, include_self):
    """`x` with the elements of `source` reduced into the places along a dimension that the index says."""
    result = np.array(x, order="C")
    flat = result.reshape(-1)
    places = places_along(index, x.shape, dim).reshape(-1)
    if not include_self:
        flat[places] = _start(reduce, x.dtype)
    _UFUNC[reduce].at(flat, places, source.reshape(-1))
    return _divided(result, _counts(index, x, dim, include_self)) if reduce == "mean" else result


def reduced_into(input: Tensor, dim: int, index: Tensor, source: Tensor, reduce: str, include_self: bool) -> Tensor:
    """`_reduced`, once all has been checked: `source` and `index` are of one shape."""
    result: Tensor = _reduced(input, source, index, dim=dim, reduce=reduce, include_self=include_self)
    return result
