"""Maxima of sliding windows over the last dimensions of arrays, and the way back to the elements that they were.

Nothing is padded, and no window is ever written out: at each offset in a window, of which there are few, all windows'
elements are one slice.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from .kernels import BITS, add_reduce, masked
from .memory_format import in_order_of
from .patches import Lengths, Windows, windows
from .strips import index

Array = np.ndarray[Any, Any]
_FEW = 512  # elements, for which few steps matter more than quick ones
_TILE = 400_000  # bytes of the images that are treated together, so that they stay in the cache


@dataclass(frozen=True)
class Pool:
    """Windows to take the maximum of: along all dimensions together, and along each on its own."""

    windows: Windows
    along: tuple[Windows, ...]
    apart: bool  # no element lies in two windows
    tiled: bool  # each element lies in exactly one window
    steps: tuple[Lengths, Lengths]  # from element to element of a window, and from window to window

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
    return Pool(
        windows(lengths, kernel, stride, dilation, padding, counts),
        tuple([windows((n,), (k,), (s,), (d,), (p,), (c,)) for n, k, s, d, p, c in given]),
        apart,
        apart and filled and not any(padding),
        (dilation, stride),
    )


# --- maxima ------------------------------------------------------------------------------------------------------


def lowest(dtype: np.dtype[Any]) -> Any:
    """The number that is below all others of a type."""
    return np.iinfo(dtype).min if dtype.kind in "iu" else -np.inf


def maxima(x: Array, over: Pool) -> Array:
    """The maximum of each window; nan where there is one."""
    out = x
    for position, one in enumerate(over.along):  # rows before columns: their slices are contiguous
        out = _along(out, position - len(over.along), one)
    return in_order_of(out.copy() if out.base is x or out is x else out, x)


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


def first_places(x: Array, over: Windows) -> Array:
    """Where each window's maximum is: the number of the element in its plane. Of equal ones it is the first."""
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


def _has_nan(out: Array) -> bool:
    if out.dtype.kind != "f":
        return False
    total = add_reduce(out, None)
    return bool(total != total and np.isnan(out).any())


def at_maxima(g: Array, x: Array, out: Array, over: Pool) -> Array:
    """The numbers `g`, one for each window, added up where in `x` the windows' maxima `out` are."""
    if _has_nan(out):  # nan is not equal to itself
        return scattered(g, first_places(x, over.windows), x.shape, len(over.along))
    found = (np.empty_like if over.tiled else np.zeros_like)(x, dtype=g.dtype)
    if x.size <= _FEW and over.apart and over.windows.whole and x.flags.c_contiguous and g.dtype in BITS:
        _add_few(g, x, out, over, found)
        return found
    if x.ndim == len(over.along):
        _add_at_maxima(g, x, out, over, found)
        return found
    step = max(1, _TILE // max(x.nbytes // max(len(x), 1), 1))
    for start in range(0, len(x), step):
        these = slice(start, start + step)
        _add_at_maxima(g[these], x[these], out[these], over, found[these])
    return found


def _add_few(g: Array, x: Array, out: Array, over: Pool, found: Array) -> None:
    """`_add_at_maxima` for all offsets at once, in half the time where there are few elements and no overlaps."""
    dims = len(over.along)
    count = math.prod(over.windows.kernel)
    each = (*out.shape[: out.ndim - dims], *(1,) * dims, *over.windows.counts)
    under = _under(x, over)
    is_it = np.equal(under, out.reshape(each), out=np.empty(under.shape, bool))
    in_turn = is_it.reshape(-1, count, math.prod(over.windows.counts))
    before = np.logical_or.accumulate(in_turn, 1)
    np.greater(in_turn[:, 1:], before[:, :-1], out=in_turn[:, 1:])
    masked(g.reshape(each), is_it, _under(found, over))


def _under(x: Array, over: Pool) -> Array:
    """The elements under all windows, none of which reaches beyond an edge: (..., *kernel, *counts), a view."""
    dims = len(over.along)
    lead, last = x.shape[: x.ndim - dims], x.strides[x.ndim - dims :]
    apart = [n * step for steps in over.steps for n, step in zip(steps, last, strict=True)]
    shape = (*lead, *over.windows.kernel, *over.windows.counts)
    return np.ndarray(shape, x.dtype, x, 0, (*x.strides[: x.ndim - dims], *apart))


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
