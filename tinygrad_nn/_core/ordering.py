"""The order of an array's elements along a dimension, and the first few of it.

Equal elements keep their order; nan is the largest.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .blas import turned

Array = np.ndarray[Any, Any]

_LARGE = 1000  # elements from which the quicker, but not simpler ways are taken
_INDEX_BITS = 32
_FLOAT32 = np.dtype(np.float32)


def order(x: Array, dim: int, descending: bool = False) -> Array:
    """The indices that sort an array along a dimension. Equal elements keep their order; nan is the largest."""
    last = x.swapaxes(dim, -1)
    if x.size <= _LARGE or x.shape[dim] < 2:
        indices = _stable(last, descending)
    elif x.dtype.itemsize <= 4:
        keys = _keys(last, descending)
        keys.sort(-1)
        indices = _indices(keys)
    else:
        near = _near_zero(last) if x.dtype.kind in "iu" else None
        indices = _without_ties(last, descending) if near is None else order(near, -1, descending)
    return indices.swapaxes(dim, -1)


def _near_zero(x: Array) -> Array | None:
    """Integers of 64 bits as such of 32, in the same order; None where they lie too far from each other."""
    low, high = int(x.min()), int(x.max())
    if high - low >= 1 << 31:
        return None
    near: Array = (x - x.dtype.type(low)).astype(np.int32)
    return near


def _stable(x: Array, descending: bool) -> Array:
    if not descending:
        return np.asarray(x.argsort(-1, kind="stable"))
    return np.asarray((x.shape[-1] - 1 - x[..., ::-1].argsort(-1, kind="stable"))[..., ::-1])


def _keys(x: Array, descending: bool) -> Array:
    """Integers in the order of the elements (of at most 32 bits), whose lower bits are their indices.

    Sorting them is sorting the elements stably, and many times as quick as `numpy.argsort`.
    """
    keys = x if x.dtype.kind != "f" else _ordered_bits(x.astype(_FLOAT32, copy=False))
    keys = keys.astype(np.int64)
    if descending:
        np.invert(keys, keys)
    keys <<= _INDEX_BITS
    keys |= np.arange(x.shape[-1])
    return keys


def _ordered_bits(x: Array) -> Array:
    """Integers in the order of float32 numbers: negative ones have their bits but the sign inverted."""
    bits: Array = (x + np.float32(0)).view(np.int32)  # the sum makes -0. the equal of 0.
    bits ^= (bits >> 31) & np.int32(0x7FFFFFFF)
    np.putmask(bits, x != x, np.int32(0x7FFFFFFF))
    return bits


def _indices(keys: Array) -> Array:
    return keys & ((1 << _INDEX_BITS) - 1)


def _without_ties(x: Array, descending: bool) -> Array:
    """The quick sort of NumPy, where no two elements are equal, so that it makes no difference."""
    indices = np.asarray(x.argsort(-1))
    ordered = np.take_along_axis(x, indices, -1)
    two_nan = ordered[..., -2] != ordered[..., -2]
    if two_nan.any() or (ordered[..., 1:] == ordered[..., :-1]).any():
        return _stable(x, descending)
    return indices[..., ::-1] if descending else indices


# --- the first few -----------------------------------------------------------------------------------------------

_ROUNDS = 8  # that many are sought one after the other
_MANY, _ROOM = 20_000, 4  # elements from which, and groups for each of the first few, with which a bound is sought


def first_of_order(x: Array, count: int, dim: int, descending: bool) -> Array:
    """The first so many indices of the order of a dimension."""
    length = x.shape[dim]
    if x.size <= _LARGE or 2 * count > length or not count:
        return order(x, dim, descending)[(*(slice(None),) * dim, slice(count))]
    found = None
    if x.dtype.kind in "iuf" and x.dtype.itemsize > 2:
        if count <= _ROUNDS and length >= 10 * count:
            found = _first_in_rounds(x, count, dim, descending)
        elif x.size >= _MANY and length >= 8 * _ROOM * count:
            found = _first_of_candidates(x, count, dim, descending)
    if found is not None:
        return found
    return _first_of_rows(x.swapaxes(dim, -1), count, descending).swapaxes(dim, -1)


def _first_of_rows(x: Array, count: int, descending: bool) -> Array:
    length = x.shape[-1]
    if x.dtype.itemsize <= 4:
        keys = _keys(x, descending)
        keys.partition(count - 1, -1)
        keys = keys[..., :count]
        keys.sort(-1)
        return _indices(keys)
    if descending:
        chosen = x.argpartition(length - count, -1)[..., length - count :]
    else:
        chosen = x.argpartition(count - 1, -1)[..., :count]
    chosen = np.sort(chosen, -1)  # so that of equal elements the first comes first
    return np.take_along_axis(chosen, order(np.take_along_axis(x, chosen, -1), -1, descending), -1)


def _beyond(dtype: np.dtype[Any], descending: bool) -> Any:
    """What comes last in an order, nan aside."""
    limits = (-np.inf, np.inf) if dtype.kind == "f" else (np.iinfo(dtype).min, np.iinfo(dtype).max)
    return dtype.type(limits[0 if descending else 1])


def _first_in_rounds(x: Array, count: int, dim: int, descending: bool) -> Array | None:
    """The first one, again and again, each struck out when it is found; None where one equals what strikes out.

    Five of (100, 100) numbers take half of the time of a partition of all keys, of (2000, 1000) a twelfth.
    """
    last = x.ndim - 1
    rows = x.copy() if dim == last else turned(x) if dim == last - 1 else x.swapaxes(dim, last).copy()
    flat, length, beyond = rows.reshape(-1), x.shape[dim], _beyond(x.dtype, descending)
    matrix = rows.reshape(-1, length)
    found = np.empty((len(matrix), count), np.int64)
    starts = np.arange(0, flat.size, length)
    for round_ in range(count):
        places = matrix.argmax(1) if descending else matrix.argmin(1)
        found[:, round_] = places
        places += starts
        values = flat.take(places)
        if (values == beyond).any() or not (descending or (values == values).all()):  # which finds nan first
            return None
        flat[places] = beyond
    return np.ascontiguousarray(found.reshape((*rows.shape[:-1], count)).swapaxes(dim, last))


def _bound(x: Array, count: int, descending: bool) -> Array | None:
    """What the first so many along dimension 1 of (outer, length, inner) reach at least; None where there is nan.

    As many groups of elements have extremes that reach it. Halves are laid over each other until there are few groups.
    """
    better, length = np.maximum if descending else np.minimum, x.shape[1]
    while length >= 2 * _ROOM * count:
        half = (length + 1) // 2
        folded = x[:, :half].copy() if length % 2 else np.empty((len(x), half, x.shape[2]), x.dtype)
        better(x[:, : length - half], x[:, half:length], out=folded[:, : length - half])
        x, length = folded, half
    groups = np.ascontiguousarray(x.swapaxes(1, 2))
    if groups.dtype.kind == "f" and np.isnan(better.reduce(groups, None)):
        return None
    place = length - count if descending else count - 1
    groups.partition(place, -1)
    return groups[:, None, :, place]


def _first_of_candidates(x: Array, count: int, dim: int, descending: bool) -> Array | None:
    """The first of those elements that reach a bound; None where there is nan, or where too many are equal.

    Of (2000, 1000) numbers this takes a tenth of the time of a partition of all keys.
    """
    length, inner = x.shape[dim], math.prod(x.shape[dim + 1 :])
    lines = x.reshape(-1, length, inner)
    bound = _bound(lines, count, descending)
    if bound is None:
        return None
    places = np.flatnonzero(lines >= bound if descending else lines <= bound)
    if places.size > x.size // 4:
        return None
    if inner > 1:  # as if the dimension were the last
        outer, rest = np.divmod(places, length * inner)
        position, lane = np.divmod(rest, inner)
        turned = (outer * inner + lane) * length + position
        by_row = turned.argsort()
        places, turned = places[by_row], turned[by_row]
    else:
        turned = places
    rows, positions = np.divmod(turned, length)
    counts = np.bincount(rows, minlength=x.size // length)
    most = int(counts.max())
    if most * counts.size > x.size // 2:
        return None
    # The candidates of each row side by side, and behind them what comes last: a stable order has it behind equal ones.
    starts = np.cumsum(counts) - counts
    slots = np.arange(places.size) + (np.arange(counts.size) * most - starts)[rows]
    candidates = np.full((counts.size, most), _beyond(x.dtype, descending), x.dtype)
    candidates.reshape(-1)[slots] = lines.reshape(-1).take(places)
    columns = np.zeros(candidates.shape, np.int64)
    columns.reshape(-1)[slots] = positions
    first = np.take_along_axis(columns, order(candidates, 1, descending)[:, :count], 1)
    return np.ascontiguousarray(first.reshape(len(lines), inner, count).swapaxes(1, 2)).reshape(
        (*x.shape[:dim], count, *x.shape[dim + 1 :])
    )
