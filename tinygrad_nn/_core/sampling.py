"""Sampling images at any places: sums over taps, the elements around each place, each times a weight; and gradients.

Plain functions of arrays. A tap's weight is a product of a weight for each dimension; taps and weights are made for
all dimensions at once. Elements are then taken for some images at a time, so that they stay in the cache.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from .kernels import add_reduce
from .patches import Lengths
from .resampling import cubic_slopes, cubic_weights

Array = np.ndarray[Any, Any]
_TOGETHER = 262_144  # elements under taps that are treated together


class Taps(NamedTuple):
    """The elements around all places."""

    numbers: Array  # their numbers in an image: of shape (taps, images, places)
    products: Array  # their weights, of the same shape: products of
    weights: Array  # weights along each dimension: of shape (taps along a dimension, dimensions, images, places)
    slopes: Array  # the derivatives of these in the grid's coordinates


class _Numbers(NamedTuple):
    """For each dimension, beside (dimensions, images, places)."""

    scale: Array  # from the grid's coordinates to elements
    start: Array  # the element at -1
    last: Array  # the last element
    end: Array  # from which on there is no element
    low: Array  # the first edge, at which places are reflected
    span: Array  # from edge to edge
    length: Array
    one: Array


@functools.lru_cache(maxsize=64)
def _numbers(lengths: Lengths, corners: bool, kind: Any) -> _Numbers:
    length = np.array(lengths, np.float64).reshape(-1, 1, 1)
    low = np.zeros_like(length) if corners else np.full_like(length, -0.5)
    span = length - 1 - 2 * low
    found = (span / 2, low, length - 1, length + 1, low, span)
    scale, start, last, end, low, span = [number.astype(kind) for number in found]
    return _Numbers(scale, start, last, end, low, span, length.astype(np.uintp), np.ones((), kind))


_COUNTS = {"nearest": 1, "bilinear": 2, "bicubic": 4}


def reflected(places: Array, low: Array, span: Array) -> tuple[Array, Array]:
    """Places mirrored at the edges until they lie inside, as ``sign * place + offset``."""
    kind = places.dtype.type
    one = np.where(span == 0, kind(1), span)
    sign = np.where(places < low, kind(-1), kind(1))
    flips = np.floor((places - low) * sign / one)
    even = flips % 2 == 0
    offset = np.where(even, low - flips * one, low + (flips + 1) * one) - np.where(even, kind(1), kind(-1)) * sign * low
    sign = np.where(even, sign, -sign)
    inside = span != 0
    return sign * inside, offset * inside


def taps(grid: Array, lengths: Lengths, mode: str, padding: str, corners: bool) -> Taps:
    """The taps of places (images, ..., dimensions) from -1 to 1, the last coordinate for the first dimension."""
    dims, kind, count = len(lengths), grid.dtype, _COUNTS[mode]
    numbers = _numbers(lengths, corners, kind)
    coordinates = grid.reshape(len(grid), math.prod(grid.shape[1:-1]), dims).transpose(2, 0, 1)[::-1]
    places = np.add(coordinates, numbers.one, order="C")
    places *= numbers.scale
    places += numbers.start
    slope: Any = numbers.scale
    if padding != "zeros" and mode != "bicubic":
        if padding == "reflection":
            sign, offset = reflected(places, numbers.low, numbers.span)
            places = places * sign + offset
            places[~np.isfinite(places)] = -100
            slope = sign * slope
        slope = slope * ((places > 0) & (places < numbers.last))  # at the edges the gradient is 0
        places = np.fmin(np.fmax(places, 0), numbers.last)  # of nan, the edge
    weights, slopes = np.empty((2, count, *places.shape), kind)
    if mode == "nearest":
        first = np.rint(places)
        weights.fill(1)
        slopes.fill(0)
    else:
        first = np.floor(places)
        part = np.subtract(places, first, weights[1] if count == 2 else None)
        if mode == "bilinear":
            np.subtract(numbers.one, part, weights[0])
            np.negative(slope, slopes[0])
            slopes[1] = slope
        else:
            weights[...] = cubic_weights(part)
            slopes[...] = cubic_slopes(part)
            slopes *= slope
    index = _around(first, count, numbers, "zeros" if mode != "bicubic" else padding)
    outside = index.view(np.uintp) >= numbers.length  # or below 0
    if outside.any():
        index[outside] = 0
        inside = ~outside
        weights *= inside
        slopes *= inside
    number, product = index[:, 0], weights[:, 0]
    for dimension in range(1, dims):
        number = _joined(number[:, None] * lengths[dimension] + index[:, dimension])
        product = _joined(product[:, None] * weights[:, dimension])
    return Taps(number, product, weights, slopes)


def _around(first: Array, count: int, numbers: _Numbers, padding: str) -> Array:
    """The numbers of so many elements around places, along each dimension."""
    before = 1 if count == 4 else 0
    if padding != "zeros":
        around = np.stack([first + (number - before) for number in range(count)])
        if padding == "reflection":
            sign, offset = reflected(around, numbers.low, numbers.span)
            around = around * sign + offset
        return np.asarray(np.fmin(np.fmax(around, 0), numbers.last), np.intp)
    index = np.empty((count, *first.shape), np.intp)
    # of nan, and of what is far outside, an integer outside
    index[0] = np.fmin(np.fmax(first, -4.0), numbers.end)
    if before:
        index[0] -= before
    for number in range(1, count):
        np.add(index[number - 1], 1, index[number])
    return index


def _joined(by_taps: Array) -> Array:
    """Taps along some dimensions, and taps along one more, counted together."""
    first, second, *others = by_taps.shape
    return by_taps.reshape(first * second, *others)


# --- sums over taps ----------------------------------------------------------------------------------------------
# x is (images, channels, elements), results are (images, channels, places).


def _blocks(x: Array, found: Taps) -> Iterator[tuple[slice, Array, Array]]:
    """Some images at a time: which, their elements as a line for each channel, and the taps' numbers in these lines."""
    images, channels, size = x.shape
    count, _, places = found.numbers.shape
    step = max(1, min(images, _TOGETHER // max(channels * count * places, 1)))
    for start in range(0, images, step):
        some = slice(start, start + step)
        numbers = found.numbers[:, some]
        if step > 1:
            numbers = numbers + np.arange(0, numbers.shape[1] * size, size)[:, None]
        yield some, _lines(x[some]), numbers.reshape(count, numbers.shape[1] * places)


def _lines(x: Array) -> Array:
    """(images, channels, elements) as a line for each channel."""
    return x.transpose(1, 0, 2).reshape(x.shape[1], x.shape[0] * x.shape[2])


def _write(lines: Array, out: Array) -> None:
    """The reverse of `_lines`."""
    out[...] = lines.reshape(out.shape[1], out.shape[0], out.shape[2]).transpose(1, 0, 2)


def _elements(lines: Array, numbers: Array) -> Array:
    return lines.take(numbers.ravel(), 1, mode="clip").reshape(len(lines), *numbers.shape)


def sampled(x: Array, found: Taps) -> Array:
    """The sums."""
    out = np.empty((*x.shape[:2], found.numbers.shape[2]), x.dtype)
    for some, lines, numbers in _blocks(x, found):
        weights = found.products[:, some].reshape(numbers.shape)
        _write(np.einsum("ctp,tp->cp", _elements(lines, numbers), weights), out[some])
    return out


def sampled_gradient(
    g: Array, x: Array, found: Taps, of_elements: bool, of_places: bool
) -> tuple[Array | None, Array | None]:
    """The gradients of the elements and, of shape (images, places, dimensions), of the grid: those that are wanted."""
    out = np.empty(x.shape, x.dtype) if of_elements else None
    by_tap = np.empty(found.numbers.shape, x.dtype) if of_places else None
    for some, lines, numbers in _blocks(x, found):
        results = _lines(g[some])
        if out is not None:
            parts = results[:, None] * found.products[:, some].reshape(numbers.shape)
            places = numbers.ravel() + np.arange(0, lines.size, lines.shape[1])[:, None]
            sums = np.bincount(places.ravel(), parts.ravel(), lines.size)
            _write(sums.reshape(lines.shape), out[some])
        if by_tap is not None:
            sums = np.einsum("ctp,cp->tp", _elements(lines, numbers), results)
            by_tap[:, some] = sums.reshape(by_tap[:, some].shape)
    return out, None if by_tap is None else _grid_gradient(by_tap, found)


def _grid_gradient(by_tap: Array, found: Taps) -> Array:
    """From the derivatives in the taps' weights."""
    taps, dims, images, places = found.weights.shape
    out = np.empty((images, places, dims), by_tap.dtype)
    for dimension in range(dims):
        total = by_tap.reshape(*[taps] * dims, images, places)
        for other in reversed(range(dims)):
            factors = found.slopes if other == dimension else found.weights
            total = add_reduce(total * factors[:, other], -3)
        out[..., dims - 1 - dimension] = total
    return out
