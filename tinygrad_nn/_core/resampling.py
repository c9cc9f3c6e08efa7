"""What resampling consists of: linear maps along single axes, one after the other, and which elements they are of."""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np

from .axis_maps import AxisMap
from .dtypes import FLOAT32, FLOAT64
from .side_by_side import SideBySide, repeated, summed

Array = np.ndarray[Any, Any]
Lengths = tuple[int, ...]
_FEW, _SOME = 4096, 131_072  # elements, and products, for which one matrix is quicker than a step for each axis
_ENTRIES = 16_384  # of a matrix that is kept


def resample(x: Array, maps: tuple[AxisMap | None, ...]) -> Array:
    """Maps of the last axes, one after the other; None leaves an axis as it is. Those that shrink `x` come first.

    Of few elements, all maps are one matrix, in a sixth of the time.
    """
    if x.size <= _FEW and x.flags.c_contiguous and (x.dtype is FLOAT32 or x.dtype is FLOAT64) and x.size:
        lengths = x.shape[x.ndim - len(maps) :]
        together = _matrix(maps, lengths, x.dtype)
        if together is not None and x.size * together[0].shape[1] <= _SOME and _are_finite(x):
            matrix, results = together
            out: Array = x.reshape(-1, len(matrix)).dot(matrix)
            return out.reshape(*x.shape[: x.ndim - len(maps)], *results)
    for i in sorted(range(len(maps)), key=lambda i: _rank(maps[i], i)):
        found = maps[i]
        if found is not None:
            x = found.apply(x, i - len(maps))
    return x


@functools.lru_cache(maxsize=64)
def _matrix(maps: tuple[AxisMap | None, ...], lengths: Lengths, dtype: np.dtype[Any]) -> tuple[Array, Lengths] | None:
    """The maps together, and how many results there are along each axis; None of many elements and results."""
    if math.prod(lengths) * math.prod(_results(maps, lengths)) > _ENTRIES:
        return None
    matrix = np.ones((1, 1), dtype)
    for found, length in zip(maps, lengths, strict=True):
        unit = np.eye(length, dtype=dtype)
        matrix = np.kron(matrix, unit if found is None else found.apply(unit, -1))
    return matrix.astype(dtype), _results(maps, lengths)


def _results(maps: tuple[AxisMap | None, ...], lengths: Lengths) -> Lengths:
    given = zip(maps, lengths, strict=True)
    return tuple([length if found is None else round(found.growth * length) for found, length in given])


def _are_finite(x: Array) -> bool:
    """Whether no number is infinite or nan, of which zeros of a matrix make nan; large numbers may seem to be."""
    flat = x.ravel()
    return math.isfinite(flat.dot(flat))


def _rank(found: AxisMap | None, axis: int) -> tuple[float, int]:
    if found is None:
        return 0.0, axis
    return found.growth, -axis if isinstance(found, SideBySide) else axis  # slices of what lies side by side come first


# --- which elements, and with which weights ----------------------------------------------------------------------


def _ratio(length: int, wanted: int, scale: float | None, corners: bool, kind: Any) -> Any:
    """The distance of two results, in elements; in the type that PyTorch computes it in."""
    if corners:
        return kind((length - 1) / (wanted - 1) if wanted > 1 else 0)
    return kind(1 / scale) if scale is not None and scale > 0 else kind(length) / kind(wanted)


def _positions(length: int, wanted: int, scale: float | None, corners: bool, kind: Any) -> Array:
    """Where each result lies among the elements."""
    ratio = _ratio(length, wanted, scale, corners, kind)
    results: Array = np.arange(wanted, dtype=kind)
    return np.asarray(results * ratio if corners else (results + kind(0.5)) * ratio - kind(0.5))


@functools.lru_cache(maxsize=128)
def nearest_map(length: int, wanted: int, scale: float | None, exact: bool) -> AxisMap | None:
    """One element for each result: the nearest (`exact`), or the one that lies before it."""
    if length == wanted and scale is None:
        return None
    ratio = _ratio(length, wanted, scale, False, np.float32)
    indices: Array = np.arange(wanted, dtype=np.float32 if exact else np.float64)
    indices = np.floor(((indices + np.float32(0.5)) if exact else indices) * ratio)
    found = np.minimum(indices, length - 1).astype(np.intp)
    times, rest = divmod(wanted, length)
    side_by_side = repeated(length, times) if not rest and (found == np.arange(wanted) // times).all() else None
    return side_by_side or AxisMap(found[:, None], None, length)


@functools.lru_cache(maxsize=128)
def linear_map(length: int, wanted: int, scale: float | None, corners: bool, kind: Any) -> AxisMap | None:
    """The two elements around each result, by their distances."""
    if length == wanted:
        return None
    positions = np.maximum(_positions(length, wanted, scale, corners, kind), kind(0))
    first = np.minimum(np.floor(positions).astype(np.intp), length - 1)
    part = np.clip(positions - first.astype(kind), kind(0), kind(1))
    indices = np.stack([first, np.minimum(first + 1, length - 1)], 1)
    return AxisMap(indices, np.stack([1 - part, part], 1), length)


@functools.lru_cache(maxsize=128)
def cubic_map(length: int, wanted: int, scale: float | None, corners: bool, kind: Any) -> AxisMap | None:
    """The four elements around each result, by the cubic convolution kernel with a = -0.75."""
    if length == wanted and (corners or scale is None):
        return None
    positions = _positions(length, wanted, scale, corners, kind)
    first = np.floor(positions)
    part = positions - first
    indices = np.clip(first.astype(np.intp)[:, None] + np.arange(-1, 3), 0, length - 1)
    return AxisMap(indices, np.stack(cubic_weights(part), 1), length)


def cubic_weights(part: Any) -> list[Any]:
    """The weights of the four elements around a place, which lies `part` behind the second. Arrays or tensors."""
    a = -0.75
    before, after, rest = part + 1, 2 - part, 1 - part
    return [
        ((a * before - 5 * a) * before + 8 * a) * before - 4 * a,
        ((a + 2) * part - (a + 3)) * part * part + 1,
        ((a + 2) * rest - (a + 3)) * rest * rest + 1,
        ((a * after - 5 * a) * after + 8 * a) * after - 4 * a,
    ]


def cubic_slopes(part: Any) -> list[Any]:
    """The derivatives of `cubic_weights`."""
    a = -0.75
    before, after, rest = part + 1, 2 - part, 1 - part
    return [
        (3 * a * before - 10 * a) * before + 8 * a,
        (3 * (a + 2) * part - 2 * (a + 3)) * part,
        (2 * (a + 3) - 3 * (a + 2) * rest) * rest,
        (10 * a - 3 * a * after) * after - 8 * a,
    ]


def _triangle(x: Array) -> Array:
    return np.asarray(np.maximum(1 - np.abs(x), 0))


def _keys(x: Array) -> Array:
    """The cubic convolution kernel with a = -0.5."""
    x, a = np.abs(x), -0.5
    near = ((a + 2) * x - (a + 3)) * x * x + 1
    far = (((x - 5) * x + 8) * x - 4) * a
    return np.asarray(np.where(x < 1, near, np.where(x < 2, far, 0)))


def _lanczos(x: Array) -> Array:
    return np.where(np.abs(x) < 3, np.sinc(x) * np.sinc(x / 3), 0)


_FILTERS = {"bilinear": (2, _triangle), "bicubic": (4, _keys), "lanczos": (6, _lanczos)}


@functools.lru_cache(maxsize=128)
def smooth_map(length: int, wanted: int, scale: float | None, corners: bool, kind: Any, mode: str) -> AxisMap:
    """All elements under a filter as wide as the results are apart, so that nothing is skipped (antialiasing)."""
    size, kernel = _FILTERS[mode]
    ratio = _ratio(length, wanted, scale, corners, kind)
    widened = max(ratio, kind(1))
    support = kind(size * 0.5) * widened
    centers = ratio * (np.arange(wanted, dtype=kind) + kind(0.5))
    first = np.maximum((centers - support + kind(0.5)).astype(np.intp), 0)
    count = np.minimum((centers + support + kind(0.5)).astype(np.intp), length) - first
    count = np.clip(count, 0, int(np.ceil(support)) * 2 + 1)
    taps = np.arange(max(int(count.max(initial=1)), 1))
    indices = first[:, None] + taps
    weights = kernel((indices - centers[:, None] + kind(0.5)) / widened).astype(kind)
    weights = np.where(taps < count[:, None], weights, kind(0))
    total = weights.sum(1, keepdims=True)
    weights = weights / np.where(total == 0, kind(1), total)
    return AxisMap(np.clip(indices, 0, length - 1), weights, length)


@functools.lru_cache(maxsize=128)
def area_map(length: int, wanted: int, kind: Any) -> AxisMap | None:
    """The mean of all elements that a result covers."""
    if length == wanted:
        return None
    times = length // max(wanted, 1)
    side_by_side = summed(length, wanted, times, 1 / times) if times and length == wanted * times else None
    if side_by_side is not None:
        return side_by_side
    start = np.arange(wanted) * length // max(wanted, 1)
    stop = -(-(np.arange(wanted) + 1) * length // max(wanted, 1))
    count = stop - start
    taps = np.arange(max(int(count.max(initial=1)), 1))
    weights = np.where(taps < count[:, None], kind(1) / count.astype(kind)[:, None], kind(0))
    return AxisMap(np.minimum(start[:, None] + taps, length - 1), weights.astype(kind), length)
