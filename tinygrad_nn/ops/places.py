"""Kernels of indexing: which elements an index names, picking them, and adding to them. On plain arrays only.

Why they are written this way (1e6 elements, one thread): ``np.add.at`` takes 1 ns an element on flat arrays but 6 on
rows; a boolean index costs 4 ns an element where the mask alternates, its `np.flatnonzero` 0.3; ``take`` is twice as
fast as an index array, as long as the array is contiguous (else it copies all of it first).
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from .._core.blas import turned
from .._core.dtypes import FLOAT32
from .._core.kernels import column_sums, smallest

Array = np.ndarray[Any, Any]

_WIDE = 24  # elements from which a row is added as a whole
_LONG = 1000  # elements from which it is worth a step of its own
_SHORT = 32_768  # elements in all up to which they are added one by one
_KEPT = 16_384  # places that are worth being kept
_BLOCK = 262_144  # elements that stay in the cache while rows are added to them
_SOME = 256  # elements up to which np.add.at starts sooner on rows than on all their elements
_FEW = 64  # elements up to which NumPy's own indexing starts quicker
WHOLE = slice(None)
_PAIRS: dict[Any, Any] = {np.dtype(np.float32): np.dtype(np.complex64), np.dtype(np.float64): np.dtype(np.complex128)}
_UNSIGNED: dict[Any, Any] = {np.dtype(np.int64): np.dtype(np.uint64), np.dtype(np.int32): np.dtype(np.uint32)}


class Steps:
    """An index in two steps: slices and numbers first (a view), then index arrays and masks.

    NumPy takes numbers beside index arrays for index arrays; in PyTorch they only select. So they go first.
    """

    __slots__ = ("basic", "picks")

    def __init__(self, basic: tuple[Any, ...], picks: tuple[Any, ...]) -> None:
        self.basic = basic
        self.picks = picks


def is_basic(index: Any) -> bool:
    """Whether an index picks each element at most once, by slicing alone."""
    for part in index if type(index) is tuple else (index,):
        if isinstance(part, _ADVANCED) or (isinstance(part, tuple) and not is_basic(part)):
            return False
    return True


_ADVANCED = (np.ndarray, bool, Steps)


# --- reading -----------------------------------------------------------------------------------------------------


def pick(x: Array, index: Any) -> Any:
    """``x[index]`` for an index array, a mask, a tuple of such and slices, or `Steps`."""
    if type(index) is Steps:
        return pick(x[index.basic], index.picks)
    if x.size > _FEW and x.flags.c_contiguous:
        axis, array = _single(index)
        if array is not None and array.dtype.kind != "b":
            if axis and out_of_bounds(array, x.shape[axis]) is None:
                return x.take(array, axis, mode="wrap")  # single elements: .7 of the time of "raise"
            return x.take(array, axis)
        if array is not None and fits(array, x, axis):
            rows = x.reshape((*x.shape[:axis], array.size, *x.shape[axis + array.ndim :]))
            return rows.take(np.flatnonzero(array), axis)
    if not x.size:  # where NumPy takes a mask of no elements for any dimension
        axis, array = _single(index)
        if array is not None and array.dtype.kind == "b" and not fits(array, x, axis):
            raise IndexError("boolean index did not match the indexed array")
    return x[index]


def _single(index: Any) -> tuple[int, Any]:
    """The only array of an index after full slices, as in ``x[:, i]``, and its axis; None for any other index."""
    if type(index) is np.ndarray:
        return 0, index
    if type(index) is tuple and index and type(index[-1]) is np.ndarray:
        for i in index[:-1]:
            if type(i) is not slice or i != WHOLE:
                return 0, None
        return len(index) - 1, index[-1]
    return 0, None


def fits(mask: Array, x: Array, axis: int = 0) -> bool:
    """Whether a mask has the lengths of an array's dimensions from `axis` on."""
    return bool(mask.shape == x.shape[axis : axis + mask.ndim])


# --- adding ------------------------------------------------------------------------------------------------------


def put_at(shape: tuple[int, ...], index: Any, x: Array) -> Array:
    """Zeros of this shape, with x added where an index picks, which may repeat. x is of the picked shape."""
    axis, array = _single(index)
    if array is not None and axis == 0 and array.dtype.kind != "b":
        return row_totals(shape, array, x)
    if array is not None and axis == 1 and array.dtype.kind != "b" and len(shape) == x.ndim == 2 and x.dtype is FLOAT32:
        return turned(row_totals(shape[::-1], array, turned(x)))  # in .7 of the time
    result = np.zeros(shape, x.dtype)
    add_at(result, index, x)
    return result


def add_at(result: Array, index: Any, x: Array) -> None:
    """``result[index] += x``, where an index may repeat. The result is contiguous, and x of the picked shape."""
    if not x.size:
        return
    axis, array = _single(index)
    if array is None and type(index) is tuple and all(type(i) is np.ndarray and i.dtype.kind != "b" for i in index):
        lengths = result.shape[: len(index)]
        rows: Any = 0
        for i, length in zip(index, lengths, strict=True):
            rows = rows * length + nonnegative(i, length)
        add_rows(result.reshape(_product(lengths), *result.shape[len(index) :]), rows, x)
    elif array is None:
        places = np.arange(result.size).reshape(result.shape)
        places = places[index.basic][index.picks] if type(index) is Steps else places[index]
        add_flat(result.reshape(-1), places.reshape(-1), x.reshape(-1))
    elif array.dtype.kind == "b":
        rows = result.reshape((*result.shape[:axis], array.size, *result.shape[axis + array.ndim :]))
        rows[(WHOLE,) * axis + (np.flatnonzero(array),)] += x
    elif axis == 0:
        add_rows(result, array, x)
    else:
        x = x.reshape((*x.shape[:axis], array.size, *x.shape[axis + array.ndim :]))
        add_along(result, array.reshape(-1), x, axis)


def add_flat(result: Array, places: Array, x: Any) -> None:
    """``result[places] += x`` for a vector, where places may repeat."""
    np.add.at(result, places, x)


def add_along(result: Array, index: Array, x: Array, axis: int) -> None:
    """Add slices of `x` to the slices of a contiguous `result` along an axis that a vector of indices names."""
    if not x.size:
        return
    length, width = result.shape[axis], _product(result.shape[axis + 1 :])
    if axis == 0 or _product(result.shape[:axis]) == 1:
        add_rows(result.reshape(length, width), index, x.reshape(index.size, width))
        return
    blocks = np.arange(_product(result.shape[:axis]))[:, None] * length
    rows = (blocks + nonnegative(index, length)).reshape(-1)
    add_rows(result.reshape(-1, width), rows, x.reshape(-1, width))


def row_totals(shape: tuple[int, ...], index: Array, x: Array) -> Array:
    """Zeros of this shape, with slices of `x` added to those that an index names along the first dimension.

    Where most get one, each is first written as the last that goes there, or as any: without zeros below them, and
    copied once. (4000 of 1000 elements, 2500 of them named: 3.5 ms instead of 4.5.)
    """
    length, width = shape[0], _product(shape[1:])
    if width < _WIDE or x.size <= _SHORT or index.size < length:
        result = np.zeros(shape, x.dtype)
        add_rows(result, index, x, empty=True)
        return result
    rows, order = nonnegative(index.reshape(-1), length), np.arange(index.size)
    last = np.full(length, -1)
    last[rows] = order
    nothing = np.flatnonzero(last < 0)
    named = length - nothing.size
    if 2 * named < length or 8 * named < rows.size:
        result = np.zeros(shape, x.dtype)
        add_rows(result, index, x, empty=True)
        return result
    result = np.empty(shape, x.dtype)
    matrix, x = result.reshape(length, width), x.reshape(-1, width)
    left = np.flatnonzero(last.take(rows) != order)
    if matrix.shape[1] >= _LONG:
        _write_totals(matrix, last, nothing, rows.take(left), left, x)
        return result
    x.take(last, 0, matrix, "clip")
    matrix[nothing] = 0
    _add_layers(matrix, rows.take(left), left, x, False)
    return result


def _write_totals(matrix: Array, last: Array, nothing: Array, rows: Array, left: Array, x: Array) -> None:
    """``matrix[...] = x[last]``, but 0 in the rows `nothing`, and ``matrix[rows] += x[left]``.

    Some rows at a time, while they are in the cache: in .85 of the time that three steps over all of them take.
    """
    order = rows.argsort(kind="stable")
    additions = list(zip(rows.take(order).tolist(), left.take(order).tolist(), strict=True))
    step = max(1, _BLOCK // matrix.shape[1])
    starts = np.arange(0, len(matrix) + step, step)
    added, emptied = rows.take(order).searchsorted(starts).tolist(), nothing.searchsorted(starts).tolist()
    for number, start in enumerate(range(0, len(matrix), step)):
        x.take(last[start : start + step], 0, matrix[start : start + step], "clip")
        matrix[nothing[emptied[number] : emptied[number + 1]]] = 0
        for row, place in additions[added[number] : added[number + 1]]:
            total = matrix[row]  # by name, as `matrix[row] += ...` would copy it to itself afterwards
            total += x[place]


def add_rows(result: Array, index: Array, x: Array, empty: bool = False) -> None:
    """``result[index] += x`` along the first dimension of a contiguous array, where an index may repeat.

    Args:
        empty: the result is nothing but zeros.
    """
    if not x.size:
        return
    if x.size <= _SOME:
        np.add.at(result, index.ravel(), x.reshape(-1, *result.shape[1:]))
        return
    rows = nonnegative(index.reshape(-1), len(result))
    width = _product(result.shape[1:])
    matrix, x = result.reshape(-1, width), x.reshape(-1, width)
    if width < _WIDE or x.size <= _SHORT:
        _add_numbers(matrix, rows, x)
    else:
        _add_layers(matrix, rows, np.arange(rows.size), x, empty)


def _add_layers(matrix: Array, rows: Array, left: Array, x: Array, empty: bool) -> None:
    """``matrix[rows] += x[left]``, for wide rows, in layers: of those still to be added, each row's last, all at once.

    Of what repeats often, rows of one number are brought together, and each lot is summed by BLAS.
    """
    last = np.empty(len(matrix), np.intp)
    while left.size:
        order = np.arange(left.size)
        last[rows] = order
        chosen = last[rows] == order
        now = np.flatnonzero(chosen)
        if 2 * now.size < left.size and x.size <= 2 * _SHORT:
            _add_numbers(matrix, rows, x.take(left, 0))
            return
        if 8 * now.size < left.size:  # a few rows get most of it
            _add_lots(matrix, rows, left, x)
            return
        if matrix.shape[1] >= _LONG and not empty:
            for row, number in zip(rows.tolist(), left.tolist(), strict=True):
                total = matrix[row]
                total += x[number]
            return
        places, picked = rows.take(now), x.take(left.take(now), 0)
        if empty:
            matrix[places] = picked
        else:
            matrix[places] += picked
        empty = False
        rest = np.flatnonzero(~chosen)
        rows, left = rows.take(rest), left.take(rest)


def _add_numbers(matrix: Array, rows: Array, x: Array) -> None:
    """``matrix[rows] += x``, one number after the other; or two at once, as complex ones, in two thirds of the time."""
    width = x.shape[1]
    pair = _PAIRS.get(x.dtype) if x.dtype == matrix.dtype and width % 2 == 0 and x.size > _FEW else None
    if pair is not None:
        matrix, x, width = matrix.view(pair), np.ascontiguousarray(x).view(pair), width // 2
    if width != 1:
        rows = _elements(len(matrix), width, rows)
    add_flat(matrix.reshape(-1), rows, x.reshape(-1))


def _elements(length: int, width: int, rows: Array) -> Array:
    """The places of all elements of some rows of a flattened matrix."""
    if length * width <= _KEPT and length <= 2 * rows.size:
        found: Array = _all_places(length, width).take(rows, 0)  # a fifth of the time (100 rows of 50: 1.4 us, 8)
    else:
        found = np.add.outer(rows * width, np.arange(width))
    return found.reshape(-1)


@functools.lru_cache(maxsize=8)
def _all_places(length: int, width: int) -> Array:
    places = np.arange(length * width).reshape(length, width)
    places.flags.writeable = False  # it is shared
    return places


def _add_lots(matrix: Array, rows: Array, left: Array, x: Array) -> None:
    """``matrix[rows] += x[left]``, for rows that repeat often. (65 rows got 4096 of 64: 160 us, one by one 450.)"""
    order = rows.argsort(kind="stable")
    rows, x = rows.take(order), x.take(left.take(order), 0)
    starts = [0, *(np.flatnonzero(rows[1:] != rows[:-1]) + 1).tolist()]
    for row, start, end in zip(rows.take(starts).tolist(), starts, [*starts[1:], rows.size], strict=True):
        matrix[row] += column_sums(x[start:end])


def nonnegative(index: Array, length: int) -> Array:
    """An index counted from the front."""
    return np.where(index < 0, index + length, index) if index.size and smallest(index) < 0 else index


def _product(shape: tuple[int, ...]) -> int:
    size = 1
    for length in shape:
        size *= length
    return size


# --- along a dimension -------------------------------------------------------------------------------------------


def places_along(index: Array, shape: tuple[int, ...], dim: int) -> Array:
    """For each element of an index along a dimension of an array of this shape: its place in the flat array."""
    if not shape:
        return index
    step = _product(shape[dim + 1 :])
    places = index if step == 1 else index * step
    step = 1
    for d in range(index.ndim - 1, -1, -1):
        length = index.shape[d]
        if d != dim and length > 1 and step:
            along = np.arange(0, length * step, step).reshape((length,) + (1,) * (index.ndim - 1 - d))
            places = places + along if places is index or places.dtype != along.dtype else np.add(places, along, places)
        step *= shape[d]
    return places


def flat_places(indices: Array, dim: int, length: int) -> Array:
    """`places_along` of an array of the indices' shape, but for its length along the dimension; flattened."""
    shape = (*indices.shape[:dim], length, *indices.shape[dim + 1 :])
    return places_along(indices, shape, dim).reshape(-1)


def out_of_bounds(index: Array, length: int, low: int = 0) -> Any:
    """An index below `low`, or not below the length; None if there is none."""
    if not index.size:
        return None
    unsigned = _UNSIGNED.get(index.dtype)
    if low == 0 and unsigned is not None:
        numbers = index.view(unsigned).ravel()
        if numbers.item(numbers.argmax()) < length:  # which starts in half of the time of a maximum
            return None  # negative numbers would have been large
    smallest, largest = index.min(), index.max()
    if smallest < low:
        return int(smallest)
    return int(largest) if largest >= length else None
