"""Maxima of sliding windows over the last dimensions of arrays, and the way back to the elements that they were.

Of few elements, windows are written out. Of more, passes over whole planes find the maxima and where they are
(`swept_maxima`). Of planes that lie in memory in another way, or are very large, at each offset in a window, of which
there are few, all windows' elements are one slice.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from .dtypes import FLOAT32, FLOAT64
from .kernels import masked, maximum_reduce
from .memory_format import ORDERS
from .patches import Lengths, Windows, windows
from .strips import index
from .swept_maxima import lowest, maxima_of_rows, swept_maxima

Array = np.ndarray[Any, Any]
_FEW, _SOME = 512, 16_000  # elements in windows, for which few steps matter more than quick ones: of pairs, of others
_MOST = 262_144  # elements of a plane whose windows' places are remembered
_STEPS = 4  # elements of windows that lie apart, with which steps over them are as quick as passes over planes
_LONG = 14  # elements of windows' rows that are copied sooner than swept over
_TILE = 800_000  # bytes of the images that are treated together, so that they stay in the cache


@dataclass(frozen=True, eq=False)
class Pool:
    """Windows to take the maximum of: along all dimensions together, and along each on its own."""

    windows: Windows
    along: tuple[Windows, ...]
    apart: bool  # no element lies in two windows
    tiled: bool  # each element lies in exactly one window
    swept: bool  # that passes over whole planes locate sooner than steps over the elements of windows
    rows: bool  # each element lies in exactly one window, and windows have long rows, or are whole planes
    stride: Lengths  # from window to window
    padding: Lengths
    dilation: Lengths
    pairs: bool  # of two by two elements next to each other, none of which lies in two windows, on planes of few
    size: int  # elements in all windows of a plane
    plane: int  # elements of a plane

    def __repr__(self) -> str:
        return f"Pool({self.windows.kernel}, {self.windows.lengths} -> {self.windows.counts})"


@functools.lru_cache(maxsize=256)
def pool(
    lengths: Lengths, kernel: Lengths, stride: Lengths, padding: Lengths, dilation: Lengths, counts: Lengths
) -> Pool:
    """So many windows of a kernel over dimensions of some lengths."""
    given = zip(lengths, kernel, stride, dilation, padding, counts, strict=True)
    apart = all(s >= d * (k - 1) + 1 for k, s, d in zip(kernel, stride, dilation, strict=True))
    filled = all(n == c * s == c * k for n, c, s, k in zip(lengths, counts, stride, kernel, strict=True))
    tiled = apart and filled and not any(padding)
    together = windows(lengths, kernel, stride, dilation, padding, counts)
    return Pool(
        together,
        tuple([windows((n,), (k,), (s,), (d,), (p,), (c,)) for n, k, s, d, p, c in given]),
        apart,
        tiled,
        math.prod(lengths) <= _MOST and (not apart or math.prod(kernel) > _STEPS),
        tiled and (kernel[-1] >= _LONG or (kernel == lengths and math.prod(kernel) > _STEPS)),
        stride,
        padding,
        dilation,
        apart and together.whole and kernel == (2, 2) and dilation == (1, 1) and math.prod(lengths) <= _MOST,
        math.prod(kernel) * math.prod(counts),
        math.prod(lengths),
    )


# --- maxima ------------------------------------------------------------------------------------------------------


def _rows_of(x: Array, over: Pool) -> tuple[Array, Pool, Lengths | None]:
    """A contiguous array of the elements, the windows on it, and the order of its dimensions if it is another one.

    With channels last they are one more dimension of a plane, along which windows have one element.
    """
    order = _order_of(x, over)
    if order is None:
        return np.ascontiguousarray(x), over, None
    return x.transpose(order), _with_channels(over, x.shape[1]), order


def _order_of(x: Array, over: Pool) -> Lengths | None:
    if not x.flags.c_contiguous:
        for order in ORDERS.values():
            if x.ndim == len(order) == len(over.along) + 2 and x.transpose(order).flags.c_contiguous:
                return order
    return None


@functools.lru_cache(maxsize=64)
def _with_channels(over: Pool, channels: int) -> Pool:
    lengths, counts = (*over.windows.lengths, channels), (*over.windows.counts, channels)
    return pool(lengths, (*over.windows.kernel, 1), (*over.stride, 1), (*over.padding, 0), (*over.dilation, 1), counts)


def _reordered(rows: Array, order: Lengths | None) -> Array:
    """The reverse of `_rows_of`."""
    return rows if order is None else rows.transpose(np.argsort(order))


def maxima(x: Array, over: Pool) -> Array:
    """The maximum of each window; nan where there is one."""
    rows, windows, order = _rows_of(x, over)
    few = _few(rows, windows)
    if few is not None:
        return _reordered(maximum_reduce(rows.ravel().take(few.turned), 0).reshape(few.shape), order)
    if windows.pairs:
        return _maxima_of_pairs(rows, windows)
    if windows.rows:
        return _reordered(maxima_of_rows(rows, windows)[0], order)
    if windows.swept and not windows.apart:
        return _reordered(swept_maxima(rows, windows, False)[0], order)
    out = rows
    for position, one in enumerate(windows.along):  # rows before columns: their slices are contiguous
        out = _along(out, position - len(windows.along), one)
    return _reordered(out.copy() if np.may_share_memory(out, x) else out, order)


def _few(x: Array, over: Pool) -> _Elements | None:
    """The elements of all windows, where there are few; else, and where a window has none, None."""
    most = _FEW if over.pairs else _SOME
    return _elements(x.shape, over) if 0 < x.size // over.plane * over.size <= most else None


class _Elements(NamedTuple):
    """The numbers of the elements of all windows. Instead of what lies beyond an edge, a window's first element."""

    elements: Array  # a row for each window
    turned: Array  # a column for each window
    firsts: Array  # where each row starts
    shape: Lengths  # of the result


@functools.lru_cache(maxsize=64)
def _elements(shape: Lengths, over: Pool) -> _Elements | None:
    windows = over.windows
    lead = shape[: len(shape) - len(windows.lengths)]
    numbers = np.arange(math.prod(shape)).reshape(shape)
    found = np.full((*lead, *windows.counts, math.prod(windows.kernel)), -1)
    for offset, chosen, elements in windows.places:
        place = int(np.ravel_multi_index(offset, windows.kernel))
        found[index(..., *chosen, place)] = numbers[index(..., *elements)]
    rows = found.reshape(-1, found.shape[-1])
    inside = rows >= 0
    if not inside.any(1).all():
        return None
    rows = np.where(inside, rows, np.take_along_axis(rows, inside.argmax(1)[:, None], 1))
    starts = np.arange(0, rows.size, rows.shape[1])
    return _Elements(rows, np.ascontiguousarray(rows.T), starts, (*lead, *windows.counts))


# Windows of two by two elements, next to each other or with gaps between them. NumPy takes 15 ns to begin with each row
# of an image, and more for every other element of one. So all images are treated as one row, as if there were windows
# at all elements, and then those are taken out that there are.


class _Tiles(NamedTuple):
    """Planes of which some are treated together, so that they stay in the cache."""

    rows: Lengths  # the shape of all planes' elements, a row for each
    windows: Lengths  # the shape of all planes' windows, a row for each
    some: tuple[slice, ...]  # which planes are treated together
    corners: Array  # where in these, one after the other, the windows' first elements are
    down: Array  # from an element to that below it, in the smallest type that also holds the next number


@functools.lru_cache(maxsize=32)
def _tiles(planes: int, item: int, lengths: Lengths, stride: Lengths, counts: Lengths) -> _Tiles:
    rows, windows = (planes, math.prod(lengths)), (planes, math.prod(counts))
    step = max(1, min(planes, _TILE // (rows[1] * item)))
    corners = np.arange(step * rows[1]).reshape(step, *lengths)[:, :: stride[0], :: stride[1]]
    some = tuple([slice(start, start + step) for start in range(0, planes, step)])
    down = np.array(lengths[1], np.min_scalar_type(lengths[1] + 1))
    return _Tiles(rows, windows, some, corners[:, : counts[0], : counts[1]].ravel(), down)


def _tiles_of(x: Array, over: Pool) -> _Tiles:
    return _tiles(math.prod(x.shape[:-2]), x.itemsize, over.windows.lengths, over.stride, over.windows.counts)


def _maxima_of_pairs(x: Array, over: Pool) -> Array:
    tiles = _tiles_of(x, over)
    down = over.windows.lengths[1]
    out = np.empty((*x.shape[:-2], *over.windows.counts), x.dtype)
    planes, found = x.reshape(tiles.rows), out.reshape(tiles.windows)
    for some in tiles.some:
        row, into = planes[some].ravel(), found[some].ravel()
        beside = np.maximum(row[:-1], row[1:])
        np.maximum(beside[:-down], beside[down:]).take(tiles.corners[: into.size], None, into, "clip")
    return out


def _at_maxima_of_pairs(g: Array, x: Array, over: Pool) -> Array:
    tiles = _tiles_of(x, over)
    down = over.windows.lengths[1]
    out = np.zeros(x.shape, g.dtype)
    planes, found, given = x.reshape(tiles.rows), out.reshape(tiles.rows), g.reshape(tiles.windows)
    for some in tiles.some:
        row, numbers = planes[some].ravel(), given[some].ravel()
        first, second = row[:-1], row[1:]
        beside = np.maximum(first, second)
        # How far the maximum is from the corner, for windows at all elements: in bytes that is done sooner than to look
        # for what is beside the maximum where there are windows (.87 of the time).
        below, right = beside[down:] > beside[:-down], second > first
        far = np.bitwise_xor(right[:-down], right[down:])
        far &= below
        far ^= right[:-down]
        steps = np.multiply(below.view(np.uint8), tiles.down)
        steps += far.view(np.uint8)
        corners = tiles.corners[: numbers.size]
        places = steps.take(corners) + corners
        found[some].ravel()[places] = numbers
    return out


def _along(x: Array, axis: int, over: Windows) -> Array:
    after: tuple[slice, ...] = (slice(None),) * (-1 - axis)

    def part(array: Array, chosen: tuple[slice, ...]) -> Array:
        view: Array = array[index(..., *chosen, *after)]
        return view

    places = list(over.places)
    if len(places) == 1 and over.whole:
        return part(x, places[0][2])
    if over.whole:
        (_, _, first), (_, _, second), *rest = places
        out: Array = np.maximum(part(x, first), part(x, second))
        for _, _, elements in rest:
            np.maximum(out, part(x, elements), out=out)
        return out
    shape = list(x.shape)
    shape[axis] = over.counts[0]
    out = np.full(shape, lowest(x.dtype), x.dtype)
    for _, chosen, elements in places:
        target = part(out, chosen)
        np.maximum(target, part(x, elements), out=target)
    return out


def places_of_maxima(x: Array, over: Pool) -> Array:
    """Where each window's maximum is: the number of the element in x, counted row by row. Of equal ones the first."""
    rows = np.ascontiguousarray(x)
    located = _few_located(rows, over) or (_located(rows, over) if over.plane <= _MOST else None)
    if located is not None and not has_nan(located[0]):
        return located[1].reshape(located[0].shape)
    return first_places(x, over.windows) + _first_numbers(x, over.plane, len(over.along))


def _first_numbers(x: Array, plane: int, dims: int) -> Array:
    """The number of each plane's first element."""
    return np.arange(0, x.size, plane).reshape(*x.shape[: x.ndim - dims], *[1] * dims)


def first_places(x: Array, over: Windows) -> Array:
    """The number of each window's maximum in its plane: of equal elements the first one, of several nan the last."""
    shape = (*x.shape[: x.ndim - len(over.lengths)], *over.counts)
    best = np.full(shape, lowest(x.dtype), x.dtype)
    places = np.full(shape, -1, np.int64)
    numbers = np.arange(math.prod(over.lengths), dtype=np.int64).reshape(over.lengths)
    for _, chosen, elements in over.places:
        value = x[index(..., *elements)]
        known, found = best[index(..., *chosen)], places[index(..., *chosen)]
        better = (value > known) | (found < 0)
        if x.dtype.kind == "f":
            better |= np.isnan(value)
        np.copyto(known, value, where=better)
        np.copyto(found, numbers[elements], where=better)
    return places


# --- and back ----------------------------------------------------------------------------------------------------


def has_nan(out: Array) -> bool:
    kind = out.dtype
    if kind is FLOAT32 or kind is FLOAT64:
        flat = out.ravel("K")
        total = flat.dot(flat)  # starts in a third of the time of a sum, and no infinities cancel each other
        return bool(total != total)
    return kind.kind == "f" and bool(np.isnan(out).any())


def at_maxima(g: Array, x: Array, out: Array, over: Pool) -> Array:
    """The numbers `g`, one for each window, added up where in `x` the windows' maxima `out` are."""
    if has_nan(out):  # nan is not equal to itself
        return scattered(g, first_places(x, over.windows), x.shape, len(over.along))
    rows, windows, _ = _rows_of(x, over)
    few = _few(rows, windows)
    if few is not None:
        return at_places(g, x, over, _few_places(rows, few))
    if windows.pairs:
        return _at_maxima_of_pairs(g, rows, windows)
    located = _located(rows, windows) if windows.swept or windows.rows else None
    if located is not None:
        return at_places(g, x, over, located[1])
    found = (np.empty_like if over.tiled else np.zeros_like)(x, dtype=g.dtype)
    if x.ndim == len(over.along):
        _add_at_maxima(g, x, out, over, found)
        return found
    step = max(1, _TILE // max(x.nbytes // max(len(x), 1), 1))
    for start in range(0, len(x), step):
        these = slice(start, start + step)
        _add_at_maxima(g[these], x[these], out[these], over, found[these])
    return found


def located_maxima(x: Array, over: Pool, many: bool) -> tuple[Array, Array] | None:
    """`maxima`, and where they are, unless there is a nan: for `at_places`.

    None of many elements, unless these are wanted; where `at_maxima` is as quick without them; and where `swept_maxima`
    does not find them.
    """
    rows, windows, order = _rows_of(x, over)
    located = _few_located(rows, windows) if x.size <= _SOME else None
    if located is None and many and (windows.swept or windows.rows):
        located = _located(rows, windows)
    return None if located is None else (_reordered(located[0], order), located[1])


def _few_located(x: Array, over: Pool) -> tuple[Array, Array] | None:
    few = _few(x, over)
    if few is None:
        return None
    places = _few_places(x, few)
    return x.ravel().take(places).reshape(few.shape), places


def _located(x: Array, over: Pool) -> tuple[Array, Array] | None:
    if over.rows:
        return maxima_of_rows(x, over)
    out, found = swept_maxima(x, over, True)
    return None if found is None else (out, found.ravel())


def _few_places(x: Array, few: _Elements) -> Array:
    chosen = x.ravel().take(few.elements).argmax(1)
    chosen += few.firsts
    return np.asarray(few.elements.ravel().take(chosen))


def at_places(g: Array, x: Array, over: Pool, places: Array) -> Array:
    """The numbers `g` added up at places in x, in the order in which its elements lie in memory."""
    order = _order_of(x, over)
    out = np.zeros(x.shape if order is None else x.transpose(order).shape, g.dtype)
    given = g.ravel() if order is None else g.transpose(order).ravel()
    found = out.ravel()
    if over.apart:
        found[places] = given
    else:
        np.add.at(found, places, given)
    return _reordered(out, order)


def _add_at_maxima(g: Array, x: Array, out: Array, over: Pool, found: Array) -> None:
    """At each offset, the numbers of the windows whose maximum is there, unless it was at an offset before."""
    before: Array | None = None
    places = over.windows.places
    for number, (_, chosen, elements) in enumerate(places):
        windows_here, here = index(..., *chosen), index(..., *elements)
        if over.tiled and before is not None and number == len(places) - 1:
            masked(g, np.logical_not(before, out=before), found[here])
            return
        is_it = x[here] == out[windows_here]
        if before is not None:
            fresh = np.greater(is_it, before[windows_here])
            before[windows_here] |= is_it
            is_it = fresh
        elif len(places) > 1:
            before = is_it if over.windows.whole else np.zeros(out.shape, bool)
            before[windows_here] = is_it
        if over.apart:
            masked(g[windows_here], is_it, found[here])
        else:
            found[here] += masked(g[windows_here], is_it)


def from_maxima(y: Array, x: Array, out: Array, over: Pool) -> Array:
    """The elements of `y` where in `x` the windows' maxima `out` are: the adjoint of `at_maxima`."""
    dims = len(over.along)
    places = first_places(x, over.windows)
    flat = y.reshape(*y.shape[: y.ndim - dims], -1)
    picked = np.take_along_axis(flat, places.reshape(*flat.shape[:-1], -1), -1)
    return picked.reshape(out.shape)


def scattered(g: Array, places: Array, shape: Lengths, dims: int) -> Array:
    """Numbers added up at places in planes, which are the last dimensions of a result of this shape."""
    planes, size = math.prod(shape[: len(shape) - dims]), math.prod(shape[len(shape) - dims :])
    found = np.zeros((planes, size), g.dtype)
    each = (planes, g.size // max(planes, 1))
    np.add.at(found, (np.arange(planes)[:, None], places.reshape(each)), g.reshape(each))
    return found.reshape(shape)
