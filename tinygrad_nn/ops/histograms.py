"""Counts: ``bincount``, ``histc``, ``histogram`` and ``histogramdd``.

Source: https://docs.pytorch.org/docs/stable/generated/torch.bincount.html, torch.histc.html, torch.histogram.html,
torch.histogramdd.html
"""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite
from typing import Any

import numpy as np

from .._core import dtypes, return_types
from .._core.errors import must_be_tensor
from .._core.kernels import largest, smallest
from .._core.op import Integers, case, composite, op
from .._core.tensor import Tensor, wrap

__all__ = ["bincount", "histc", "histogram", "histogramdd"]

Array = np.ndarray[Any, Any]
_FLOAT32, _FLOAT64 = np.dtype(np.float32), np.dtype(np.float64)


# --- counts of integers ------------------------------------------------------------------------------------------


@op(kind="general", vjp=(lambda g, index: g[index], None), method=False, torch_name="", node_name="BincountBackward0",
    cases=[case((4,), Integers((4,), 3), length=3), case((4,), Integers((4,), 3), length=5)])  # fmt: skip
def _weighted_counts(weights, index, /, *, length):
    """The sum of the weights of each index."""
    return np.bincount(index, weights, length).astype(weights.dtype)


@composite()
def bincount(input: Tensor, weights: Tensor | None = None, minlength: int = 0) -> Tensor:
    """How often each integer occurs, from 0 to the largest one (and at least up to `minlength` - 1).

    Args:
        input: integers that are not negative, one-dimensional.
        weights: a weight for each, which is added instead of 1.
        minlength: the least length of the result.

    Returns:
        int64 counts; with weights, sums in float32 or float64. (The sums have a gradient, which PyTorch's lack.)

    Raises:
        RuntimeError: the input is negative or not one-dimensional, or the weights are of another length.
        NotImplementedError: the input is not of integers.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.bincount.html

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.bincount(tg.tensor([1, 2, 2]))
        tensor([0, 1, 2])
        >>> tg.bincount(tg.tensor([1, 2, 2]), tg.tensor([0.5, 1.0, 1.0]))
        tensor([0.0000, 0.5000, 2.0000])
    """
    x = input._array
    if x.dtype.kind not in "iu":
        raise NotImplementedError(
            f"\"bincount_cpu\" not implemented for '{dtypes.type_name(x.dtype)}'. Convert to integers: x.long()."
        )
    if minlength < 0:
        raise RuntimeError(f"minlength should be >= 0, got {minlength}")
    if x.ndim == 1 and not x.size:
        return wrap(np.zeros(minlength, np.int64))
    if x.ndim != 1 or x.min() < 0:
        what = f"shape {list(x.shape)}" if x.ndim != 1 else f"{x.min()}"
        raise RuntimeError(f"bincount only supports 1-d non-negative integral inputs. Got {what}.")
    if weights is None:
        return wrap(np.bincount(x, minlength=minlength).astype(np.int64, copy=False))
    if weights._array.shape != x.shape:
        raise RuntimeError(
            "weights should be 1-d and have the same length as input: got shapes "
            f"{list(weights._array.shape)} and {list(x.shape)}"
        )
    if weights._array.dtype != _FLOAT32:
        weights = weights.to(_FLOAT64)
    counts: Tensor = _weighted_counts(weights, input, length=max(minlength, int(x.max()) + 1))
    return counts


# --- bins --------------------------------------------------------------------------------------------------------


def _edges(low: Any, high: Any, bins: int, dtype: np.dtype[Any]) -> Array:
    """The edges of bins of equal width, computed from the nearer end, as PyTorch does."""
    low, high = dtype.type(low), dtype.type(high)
    steps = np.arange(bins + 1, dtype=dtype)
    width = (high - low) / dtype.type(bins)
    return np.asarray(np.where(steps < (bins + 1) // 2, low + width * steps, high - width * steps[::-1]))


def _check_bins(bins: int, dimension: int = 0) -> None:
    if bins <= 0:
        raise RuntimeError(f"torch.histogram(): bins must be > 0, but got {bins} for dimension {dimension}")


@composite(out=True)
def histc(input: Tensor, bins: int = 100, min: float = 0, max: float = 0) -> Tensor:
    """How many elements lie in each of `bins` bins of equal width between `min` and `max`, both included.

    With `min` equal to `max` the range is that of the elements. Elements outside of it, and ``nan``, do not count.

    Returns:
        The counts, in the input's type. They have no gradient.

    Raises:
        RuntimeError: there are no bins, or the range is not finite or not in order.
        NotImplementedError: the input is not of floating point numbers.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.histc.html

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.histc(tg.tensor([1.0, 2.0, 1.0]), bins=4, min=0, max=3)
        tensor([0., 2., 1., 0.])
    """
    x = input._array.reshape(-1)
    if not isinstance(bins, int | np.integer) or isinstance(bins, bool):
        raise TypeError(f"histc(): argument 'bins' (position 2) must be int, not {type(bins).__name__}")
    if x.dtype.kind != "f":
        raise NotImplementedError(
            f"\"histogram_cpu\" not implemented for '{dtypes.type_name(x.dtype)}'. Convert first: x.float().histc()."
        )
    _check_bins(int(bins))
    low, high = x.dtype.type(min), x.dtype.type(max)
    all_inside = low == high and x.size > 0
    if all_inside:
        low, high = x.dtype.type(smallest(x)), x.dtype.type(largest(x))
    if low == high:
        low, high = low - x.dtype.type(1), high + x.dtype.type(1)
    if not (isfinite(low) and isfinite(high)):
        raise RuntimeError(f"torch.histc: range of [{low}, {high}] is not finite")
    if low > high:
        raise RuntimeError(f"torch.histc: max must be larger than min, got min={low} and max={high}")
    inside = x if all_inside else x[(x >= low) & (x <= high)]
    wide = inside.astype(_FLOAT32) if x.dtype.itemsize < 4 else inside
    positions = wide - wide.dtype.type(low)
    positions *= wide.dtype.type(bins)
    positions /= wide.dtype.type(high - low)
    counts = np.bincount(positions.astype(np.int64), minlength=int(bins))
    counts[bins - 1] += counts[bins:].sum()  # the largest is in the last bin
    return wrap(counts[:bins].astype(x.dtype))


def _check_weight(points: Array, weight: Any, shape: tuple[int, ...]) -> Array | None:
    if weight is None:
        return None
    if not isinstance(weight, Tensor):
        raise must_be_tensor("histogram", "weight", 3, weight)
    if weight._array.dtype != points.dtype:
        raise RuntimeError(
            "torch.histogramdd: if weight tensor is provided, input tensor and weight tensor should have the same "
            f"dtype, but got input({dtypes.from_numpy(points.dtype)}), and weight({weight.dtype})"
        )
    if weight._array.shape != shape:
        raise RuntimeError(
            "torch.histogramdd: if weight tensor is provided it should have the same shape as the input tensor "
            f"excluding its innermost dimension, but got input with shape {[*shape, points.shape[1]]} and weight with "
            f"shape {list(weight._array.shape)}"
        )
    return weight._array.reshape(-1)


def _check_points(points: Array) -> None:
    if points.dtype.kind != "f":
        raise NotImplementedError(
            f"\"histogramdd\" not implemented for '{dtypes.type_name(points.dtype)}'. Convert it first: x.float()."
        )


def _given_edges(bins: Sequence[Tensor], dtype: np.dtype[Any]) -> list[Array]:
    """The edges that were given, checked."""
    for number, each in enumerate(bins):
        array = each._array
        if array.dtype != dtype:
            raise RuntimeError(
                "torch.histogramdd: input tensor and bins tensors should have the same dtype, but got input with dtype "
                f"{dtypes.from_numpy(dtype)} and bins for dimension {number} with dtype {each.dtype}"
            )
        if array.ndim != 1:
            raise RuntimeError(
                f"torch.histogramdd: bins tensor should have one dimension, but got {array.ndim} dimensions in the "
                f"bins tensor for dimension {number}"
            )
        if not array.size:
            raise RuntimeError(
                "torch.histogramdd: bins tensor should have at least 1 element, but got 0 elements in the bins tensor "
                f"for dimension {number}"
            )
        _check_bins(array.size - 1, number)
    return [each._array.copy() for each in bins]


def _range_of(points: Array, limits: Any, number: int) -> tuple[Any, Any]:
    """The outer edges in one dimension: those given, or those of the points."""
    if limits is not None:
        low, high = points.dtype.type(limits[2 * number]), points.dtype.type(limits[2 * number + 1])
    elif len(points):
        low, high = points[:, number].min(), points[:, number].max()
    else:
        low, high = points.dtype.type(0), points.dtype.type(1)
    if not (isfinite(low) and isfinite(high)):
        raise RuntimeError(f"torch.histogramdd: dimension {number}'s range [{low}, {high}] is not finite")
    if low > high:
        raise RuntimeError(
            f"torch.histogramdd: min should not exceed max, but got min {low} max {high} for dimension {number}"
        )
    if low == high:
        half = points.dtype.type(0.5)
        return low - half, high + half
    return low, high


def _even_edges(points: Array, bins: Sequence[int], limits: Any) -> list[Array]:
    if limits is not None and len(limits) != 2 * points.shape[1]:
        raise RuntimeError(
            f"torch.histogramdd: for a {points.shape[1]}-dimensional histogram range should have "
            f"{2 * points.shape[1]} elements, but got {len(limits)}"
        )
    for number, count in enumerate(bins):
        _check_bins(count, number)
    return [_edges(*_range_of(points, limits, n), count, points.dtype) for n, count in enumerate(bins)]


def _count(points: Array, edges: list[Array], weight: Array | None, density: bool) -> Array:
    """How many points, or how much weight, lie in each bin."""
    shape = tuple(len(e) - 1 for e in edges)
    inside = np.full(len(points), bool(edges))
    place = np.zeros(len(points), np.int64)
    for number, each in enumerate(edges):
        x = points[:, number]
        inside &= (x >= each[0]) & (x <= each[-1])
        # the last bin includes its right edge
        found = np.minimum(each.searchsorted(x, "right") - 1, shape[number] - 1)
        place = place * shape[number] + np.maximum(found, 0)
    size = int(np.prod(shape, dtype=int))
    counts = np.bincount(place[inside], None if weight is None else weight[inside], size)
    result = counts.astype(points.dtype).reshape(shape)
    return _density(result, edges) if density else result


def _density(counts: Array, edges: list[Array]) -> Array:
    """Counts divided by their sum and by the bins' volumes."""
    with np.errstate(all="ignore"):  # there may be no points, or bins of no width
        result = counts / counts.sum()
        for number, each in enumerate(edges):
            result = result / np.diff(each).reshape([-1 if d == number else 1 for d in range(len(edges))])
    return np.asarray(result)


@composite(out=True)
def histogram(
    input: Tensor, bins: Any, *, range: Any = None, weight: Tensor | None = None, density: bool = False
) -> Any:
    """How many elements lie in each bin, and the edges of the bins.

    Every bin includes its left edge, and the last one its right edge as well.

    Args:
        bins: how many bins of equal width, or a tensor of edges in ascending order.
        range: the ends of the first and the last bin; by default the smallest and the largest element.
        weight: for each element what it counts, instead of 1.
        density: divide by the sum and by the widths, so that the integral over the bins is 1.

    Returns:
        A named tuple ``(hist, bin_edges)``, in the input's type. They have no gradient.

    Raises:
        RuntimeError: the bins, the range or the weight do not fit.
        TypeError: a range beside edges.
        NotImplementedError: the input is not of floating point numbers.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.histogram.html

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.histogram(tg.tensor([1.0, 2.0, 1.0]), bins=4, range=(0.0, 3.0)).hist
        tensor([0., 2., 1., 0.])
    """
    points = input._array.reshape(-1, 1)
    _check_points(points)
    if isinstance(bins, Tensor):
        if range is not None:
            raise TypeError("histogram() received an invalid combination of arguments: edges have no range=")
        edges = _given_edges([bins], points.dtype)
    elif isinstance(bins, int | np.integer) and not isinstance(bins, bool):
        edges = _even_edges(points, [int(bins)], range)
    else:
        raise TypeError(f"histogram(): argument 'bins' (position 2) must be int or Tensor, not {type(bins).__name__}")
    if weight is not None:
        weight = weight.reshape(-1) if weight._array.size == len(points) else weight
    counts = _count(points, edges, _check_weight(points, weight, (len(points),)), density)
    return return_types.histogram(wrap(counts), wrap(edges[0]))


@composite(method=False)
def histogramdd(
    input: Tensor, bins: Any, range: Any = None, weight: Tensor | None = None, density: bool = False
) -> Any:
    """How many points of N dimensions lie in each of N-dimensional bins, and the edges of the bins.

    Args:
        input: points, the last dimension of the tensor being their coordinates.
        bins: for each coordinate how many bins of equal width, or a tensor of edges; one number stands for all.
        range: for each coordinate the ends of its bins, all in one sequence.
        weight: for each point what it counts, instead of 1.
        density: divide by the sum and by the volumes.

    Returns:
        A named tuple ``(hist, bin_edges)``: an N-dimensional tensor and a tuple of N tensors.

    Raises:
        RuntimeError: the points, bins, range or weight do not fit each other.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.histogramdd.html

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.histogramdd(tg.tensor([[0.0, 1.0], [1.0, 0.0], [2.0, 2.0]]), bins=[2, 2]).hist
        tensor([[0., 1.],
                [1., 1.]])
    """
    array = input._array
    if array.ndim < 2:
        raise RuntimeError(
            f"torch.histogramdd: input tensor should have at least 2 dimensions, got shape {list(array.shape)}"
        )
    count = array.shape[-1]
    points = array.reshape(int(np.prod(array.shape[:-1], dtype=int)), count)
    each: list[Any] = [bins] * count if isinstance(bins, int | np.integer) else list(bins)
    if len(each) != count:
        raise RuntimeError(
            "histogramdd: The size of bins must be equal to the innermost dimension of the input. Got "
            f"{len(each)} bins for points of {count} coordinates."
        )
    _check_points(points)
    given = bool(each) and isinstance(each[0], Tensor)
    edges = _given_edges(each, points.dtype) if given else _even_edges(points, each, range)
    counts = _count(points, edges, _check_weight(points, weight, array.shape[:-1]), density)
    return return_types.histogramdd(wrap(counts), tuple(wrap(e) for e in edges))
