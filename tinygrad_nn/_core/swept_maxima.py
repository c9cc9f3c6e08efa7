"""Maxima of windows, and where they are, by passes over whole planes.

Planes, padded where windows reach beyond their edges, are one long row. Along each dimension, the maxima of ever longer
windows at all elements are made of two shorter ones: of 2 elements, of 4, and so on. At last those are taken out where
there are windows. That is more than is asked for, but in long rows without gaps, of which NumPy treats 8 or 16 elements
in the time of one. Which of a window's elements its maximum is, counted row by row, fits into a byte or two.

With the way back, on 256 planes of 62 x 62 elements: windows of 3 x 3 at all elements take 5.3 ms, where going through
the elements of the windows one after the other (`pooling`) takes 12.8; of 5 x 5, 6 instead of 35; of 3 x 3 at every
other element, 2.3 instead of 6.2.
"""

from __future__ import annotations

import functools
import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from .kernels import smallest
from .patches import Lengths
from .sharing import share

if TYPE_CHECKING:
    from .pooling import Pool

Array = np.ndarray[Any, Any]
_TILE = 800_000  # bytes of the planes that are treated together, so that they stay in the cache
_SHARE = 400_000  # elements that are worth a thread


class _Sweep(NamedTuple):
    """Some planes that are treated together, and the windows on them."""

    padded: Lengths  # the lengths of a padded plane
    inside: tuple[slice, ...]  # where in padded planes the elements are
    planes: int  # how many are treated together
    corners: Array  # where in the row of padded planes the windows' first elements are
    firsts: Array  # and where without padding: the number in that row, were it not padded
    distances: Array  # from a window's first element to each of its elements, without padding
    steps: Lengths  # from an element of a window to the next along each dimension, in the row of padded planes


@functools.lru_cache(maxsize=32)
def _sweep(over: Pool, planes: int, item: int) -> _Sweep:
    lengths, kernel, counts = over.windows.lengths, over.windows.kernel, over.windows.counts
    given = zip(lengths, kernel, over.stride, over.padding, over.dilation, counts, strict=True)
    padded = tuple([max(p + n, (c - 1) * s + d * (k - 1) + 1) for n, k, s, p, d, c in given])
    together = max(1, min(planes, _TILE // (math.prod(padded) * item)))
    from_first = [np.arange(c) * s for c, s in zip(counts, over.stride, strict=True)]
    from_edge = [numbers - p for numbers, p in zip(from_first, over.padding, strict=True)]
    in_window = [np.arange(k) * d for k, d in zip(kernel, over.dilation, strict=True)]
    number = np.arange(together)
    return _Sweep(
        padded,
        (slice(None), *[slice(p, p + n) for n, p in zip(lengths, over.padding, strict=True)]),
        together,
        _numbers([number, *from_first], padded).reshape(together, -1),
        _numbers([number, *from_edge], lengths).reshape(together, -1),
        _numbers([np.zeros(1, np.intp), *in_window], lengths),
        tuple([step * d for step, d in zip(_strides(padded)[1:], over.dilation, strict=True)]),
    )


def _strides(lengths: Lengths) -> Lengths:
    """From an element to the next along each dimension, and before them from one plane of these lengths to the next."""
    return tuple([math.prod(lengths[position:]) for position in range(len(lengths) + 1)])


def _numbers(places: list[Array], lengths: Lengths) -> Array:
    """The numbers of elements, counted row by row, from their places: in a row of planes, and along each dimension."""
    number = np.zeros(1, np.intp)
    for place, stride in zip(places, _strides(lengths), strict=True):
        number = (number[:, None] + place * stride).ravel()
    return number


def swept_maxima(x: Array, over: Pool, located: bool) -> tuple[Array, Array | None]:
    """The windows' maxima on contiguous planes and, if they are to be located, the numbers of the elements in x.

    Of equal elements it is the first. Instead of all places, None, where a window may have nothing above the lowest
    number, with which planes are padded. Where there is a nan, places say nothing.
    """
    sweep = _sweep(over, x.size // over.plane, x.itemsize)
    planes = x.reshape(-1, *over.windows.lengths)
    out = np.empty((len(planes), sweep.corners.shape[1]), x.dtype)
    places = np.empty(out.shape, np.intp) if located else None
    starts = range(0, len(planes), sweep.planes)

    def compute(some: slice) -> None:
        room = None
        if sweep.padded != over.windows.lengths:
            room = np.full((sweep.planes, *sweep.padded), lowest(x.dtype), x.dtype)
        for start in starts[some]:
            these = slice(start, start + sweep.planes)
            block = planes[these]
            if room is None:
                row = block.ravel()
            else:
                padded = room[: len(block)]
                padded[sweep.inside] = block
                row = padded.ravel()
            corners = sweep.corners[: len(block)].ravel()
            if places is None:
                row = _values(row, over.windows.kernel, sweep.steps)
            else:
                row, elements = _values_and_elements(row, over.windows.kernel, sweep.steps)
                found = sweep.distances.take(elements.take(corners))
                found += sweep.firsts[: len(block)].ravel()
                found += start * over.plane
                places[these] = found.reshape(len(block), -1)
            row.take(corners, None, out[these].ravel(), "clip")

    share(compute, len(starts), x.size // _SHARE)
    if places is not None and any(over.padding) and out.size and smallest(out.ravel()) == lowest(x.dtype):
        places = None
    return out.reshape(*x.shape[: x.ndim - len(over.along)], *over.windows.counts), places


def maxima_of_rows(x: Array, over: Pool) -> tuple[Array, Array]:
    """The maxima of windows with long rows that each element lies in one of; and the numbers of the elements in x.

    Each window's elements are copied to a row of their own, unless they are a row already: a whole plane.
    """
    counts, kernel = over.windows.counts, over.windows.kernel
    dims = len(counts)
    apart = x.reshape(-1, *[length for both in zip(counts, kernel, strict=True) for length in both])
    windows = apart.transpose(0, *range(1, 2 * dims, 2), *range(2, 2 * dims + 1, 2))
    elements = windows.reshape(-1, math.prod(kernel)).argmax(1).reshape(len(apart), math.prod(counts))
    sweep = _sweep(over, 1, x.itemsize)
    places = sweep.distances.take(elements) + sweep.firsts
    places += np.arange(0, x.size, over.plane)[:, None]
    return x.ravel().take(places).reshape(*x.shape[: x.ndim - dims], *counts), places.ravel()


def lowest(dtype: np.dtype[Any]) -> Any:
    """The number that is below all others of a type."""
    return np.iinfo(dtype).min if dtype.kind in "iu" else -np.inf


def _shifts(length: int) -> list[int]:
    """By how much to shift windows of 1 element, then of as many as they have become, up to some length."""
    shifts, reached = [], 1
    while reached < length:
        shifts.append(min(reached, length - reached))
        reached += shifts[-1]
    return shifts


def _values(row: Array, kernel: Lengths, steps: Lengths) -> Array:
    """The maxima of the windows at all elements of a row."""
    for length, step in zip(reversed(kernel), reversed(steps), strict=True):
        for shift in _shifts(length):
            row = np.maximum(row[: -shift * step], row[shift * step :])
    return row


def _values_and_elements(row: Array, kernel: Lengths, steps: Lengths) -> tuple[Array, Array]:
    """The maxima of the windows at all elements of a row; and which of its window's elements each is."""
    kind = np.min_scalar_type(math.prod(kernel) - 1)
    elements = np.zeros(row.size, kind)
    before = 1  # elements of a window of the dimensions that have been treated
    for length, step in zip(reversed(kernel), reversed(steps), strict=True):
        for shift in _shifts(length):
            first, second = row[: -shift * step], row[shift * step :]
            # The second of the shorter windows counts where it has a greater maximum, and then its element has a higher
            # number than any of the first: the maximum of the numbers chooses between the two.
            greater = elements[shift * step :] + kind.type(shift * before)
            greater *= np.greater(second, first).view(np.uint8)
            elements = np.maximum(greater, elements[: -shift * step], out=greater)
            row = np.maximum(first, second)
        before *= length
    return row, elements
