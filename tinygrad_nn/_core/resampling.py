"""Linear maps along one axis in which each result is a weighted sum of a few elements: what resampling consists of.

A map is applied by taking the elements that the results need, one tap after the other, or, where the axis is short, as
a matrix product, which is quicker. Transposed it is such a map again, so that its gradient is one, too.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
_SHORT = 56  # up to so many elements for each tap, the matrix product is quicker (measured)


class AxisMap:
    """Results from elements: ``y[i] = sum over k of weights[i, k] * x[indices[i, k]]``.

    Args:
        indices: which elements each result is made of, (results, taps).
        weights: their weights, in the type to compute in; None: one tap, of weight 1.
        length: how many elements there are.
    """

    __slots__ = ("__dict__", "indices", "length", "weights")

    def __init__(self, indices: Array, weights: Array | None, length: int) -> None:
        self.indices, self.weights, self.length = indices, weights, length

    @functools.cached_property
    def matrix(self) -> Array:
        """The map as a matrix of (results, elements)."""
        results, taps = self.indices.shape
        weights = np.ones((results, 1), np.float32) if self.weights is None else self.weights
        matrix = np.zeros((results, self.length), weights.dtype)
        np.add.at(matrix, (np.repeat(np.arange(results), taps), self.indices.reshape(-1)), weights.reshape(-1))
        return matrix

    @functools.cached_property
    def transposed(self) -> AxisMap:
        """From results to elements: the adjoint."""
        results, taps = self.indices.shape
        weights = np.ones((results, 1), np.float32) if self.weights is None else self.weights
        flat = self.indices.reshape(-1)
        used = np.flatnonzero(weights.reshape(-1) != 0)
        used = used[np.argsort(flat[used], kind="stable")]
        counts = np.bincount(flat[used], minlength=self.length)
        most = max(int(counts.max(initial=0)), 1)
        within = np.arange(len(used)) - np.repeat(np.cumsum(counts) - counts, counts)
        indices = np.zeros((self.length, most), np.intp)
        values = np.zeros((self.length, most), weights.dtype)
        indices[flat[used], within] = used // taps
        values[flat[used], within] = weights.reshape(-1)[used]
        made = AxisMap(indices, values, results)
        made.__dict__["transposed"] = self
        return made

    def apply(self, x: Array, axis: int) -> Array:
        """The results along an axis, a negative number."""
        taps = self.indices.shape[1]
        if self.weights is None:
            return x.take(self.indices[:, 0], axis, mode="clip")
        finite = bool(np.isfinite(x.sum()))  # where a number is not, 0 times it must not spread to all results
        if finite and self.length <= _SHORT * taps and x.dtype == self.weights.dtype and x.size:
            return self._product(x, axis)
        column = (-1,) + (1,) * (-1 - axis)
        total = None
        for k in range(taps):
            part = x.take(self.indices[:, k], axis, mode="clip")
            weight = self.weights[:, k].reshape(column)
            part = np.multiply(part, weight, part) if part.dtype == weight.dtype else part * weight
            if not finite:
                part = np.where(weight == 0, weight.dtype.type(0), part)
            total = part if total is None else np.add(total, part, total)
        assert total is not None
        return total

    def _product(self, x: Array, axis: int) -> Array:
        if axis == -1:
            rows: Array = x.reshape(-1, self.length) @ self.matrix.T
            return rows.reshape(*x.shape[:-1], len(self.indices))
        after = x.shape[axis + 1 :]
        columns: Array = self.matrix @ x.reshape(*x.shape[:axis], self.length, -1)
        return columns.reshape(*x.shape[:axis], len(self.indices), *after)


def resample(x: Array, maps: tuple[AxisMap | None, ...]) -> Array:
    """Maps of the last axes, one after the other; None leaves an axis as it is. Those that shrink `x` come first."""
    order = sorted(range(len(maps)), key=lambda i: _growth(maps[i]))
    for i in order:
        found = maps[i]
        if found is not None:
            x = found.apply(x, i - len(maps))
    return x


def _growth(found: AxisMap | None) -> float:
    return 0.0 if found is None else len(found.indices) / max(found.length, 1)


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
    return AxisMap(np.minimum(indices, length - 1).astype(np.intp)[:, None], None, length)


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
    start = np.arange(wanted) * length // max(wanted, 1)
    stop = -(-(np.arange(wanted) + 1) * length // max(wanted, 1))
    count = stop - start
    taps = np.arange(max(int(count.max(initial=1)), 1))
    weights = np.where(taps < count[:, None], kind(1) / count.astype(kind)[:, None], kind(0))
    return AxisMap(np.minimum(start[:, None] + taps, length - 1), weights.astype(kind), length)
