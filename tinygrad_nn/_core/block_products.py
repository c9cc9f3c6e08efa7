"""Products of matrices in blocks that OpenBLAS takes as they are.

OpenBLAS copies the matrices of a large product to where its quickest code reads them in order. Of matrices with few
rows, or few columns, that is most of the time. For processors with AVX-512 it also has code that reads matrices from
where they are, for up to a million multiplications and, where the second matrix is transposed, 1200 results. So a
product is made of blocks of as many rows, in one call of NumPy's, or is a sum of products of as few columns.

Measured, as all the limits here: a layer of 784 to 128 takes 0.78 of the time for 64 rows, one of 784 to 10 half of it,
one of 64 to 192 for 2048 rows, after a copy of the weights in the other order, 0.86; gradients of their weights 0.91,
0.4 to 0.8 and 0.9.
"""

from __future__ import annotations

import ctypes
import functools
from typing import Any

import numpy as np

from .blas import function, turned
from .dtypes import FLOAT32, FLOAT64
from .kernels import add_reduce
from .sharing import is_single

Array = np.ndarray[Any, Any]

LEAST = 200_000  # multiplications of a product that is worth a look
_MOST, _MOST_RESULTS = 1_000_000, 1_200  # of what is taken as it is; results, where the second matrix is transposed
_CORES = {"SkylakeX", "Cooperlake", "SapphireRapids"}  # as OpenBLAS calls the processors for which it has that code
_MANY = {FLOAT32: 128, FLOAT64: 512}  # rows for which it pays to copy a transposed matrix
_WORTH = 600_000  # multiplications for which it does
_LONG = 400  # columns of a result in blocks of rows, where the first matrix is transposed
_TALL, _WIDE = 16, 64  # rows and columns of a tile, where all columns are too many
_AT_ONCE = 0, 0, False
_DEEP, _SUMMED = 256, 64  # rows of two matrices whose products are summed up, and of the parts that are multiplied
_TOGETHER = 32  # products that are summed up at a time
# With several threads, or without that code, a transposed matrix of at least so many rows and columns comes first
# beside so few rows: (32, 784) and (128, 784) in 60 us instead of 78, with two threads.
_FEW, _BROAD = 64, 128


@functools.cache
def _takes_as_they_are() -> bool:
    """Whether OpenBLAS has the code for this processor."""
    ask = function("openblas_get_corename")
    if ask is None:
        return False
    ask.restype = ctypes.c_char_p
    return (ask() or b"").decode() in _CORES


def product(x: Array, y: Array, out: Array | None = None) -> Array:
    """``x @ y`` of two matrices, written to a contiguous `out` if there is one."""
    columns, kind = y.shape[1], x.dtype
    if (
        x.size * columns < LEAST or (kind is not FLOAT32 and kind is not FLOAT64) or y.dtype is not kind
        or len(y) != x.shape[1]
    ):  # fmt: skip
        return x.dot(y, out)
    in_rows = y.flags.c_contiguous
    if not in_rows and not y.flags.f_contiguous:
        return x.dot(y, out)
    if not _takes_as_they_are() or not is_single():
        few = 1 < len(x) <= _FEW and min(y.shape) >= _BROAD and x.size * columns >= _MOST
        if few and not in_rows and out is None and x.flags.c_contiguous:
            return np.ascontiguousarray(y.T.dot(x.T).T)
        return x.dot(y, out)
    if x.flags.c_contiguous:
        some, columns, copied = _tile(*x.shape, columns, not in_rows, _MANY[kind])
        if some:
            return _by_tiles(x, turned(y.T) if copied else y, some, columns, out)
    elif in_rows and x.flags.f_contiguous:
        deep, some, columns = _part_of_turned(*x.shape, columns)
        if deep and out is None:
            return _by_sums(x.T, y, deep)
        if some:
            return _by_tiles(turned(x.T), y, some, columns, out)
    return x.dot(y, out)


def _by_tiles(x: Array, y: Array, rows: int, columns: int, out: Array | None) -> Array:
    """``x @ y``, of whose results so many rows and columns are computed at a time."""
    count, inner = x.shape
    width = y.shape[1]
    if out is None:
        out = np.empty((count, width), x.dtype)
    whole = count // rows * rows
    blocks, results = x[:whole].reshape(-1, rows, inner), out[:whole].reshape(-1, rows, width)
    for start in range(0, width, columns):
        these = slice(start, start + columns)
        np.matmul(blocks, y[:, these], results[:, :, these])
        if whole < count:
            np.matmul(x[whole:], y[:, these], out[whole:, these])
    return out


def _by_sums(x: Array, y: Array, some: int) -> Array:
    """``x.T @ y``."""
    inner, rows = x.shape
    whole = inner // some * some
    found: Any = x[whole:].T.dot(y[whole:]) if whole < inner else None
    for start in range(0, whole, some * _TOGETHER):
        these = slice(start, min(start + some * _TOGETHER, whole))
        left, right = x[these].reshape(-1, some, rows), y[these].reshape(-1, some, y.shape[1])
        part = add_reduce(np.matmul(left.swapaxes(1, 2), right), 0)
        found = part if found is None else np.add(found, part, found)
    return np.asarray(found)


@functools.lru_cache(maxsize=1024)
def _tile(rows: int, inner: int, columns: int, transposed: bool, many: int = 0) -> tuple[int, int, bool]:
    """How many rows and columns of a product are computed at a time; and whether a transposed second matrix is copied.

    Args:
        rows, inner, columns: of the first matrix, of the second, and of that.
        transposed: whether the second matrix is.
        many: rows for which it pays to copy it then.

    Returns:
        0 for the rows where the product is computed at once.
    """
    most = _MOST // (inner * columns)
    if transposed:
        if rows <= most and rows * columns <= _MOST_RESULTS:
            return _AT_ONCE
        few = rows <= inner if inner >= 256 else 2 * rows <= inner and inner >= 64
        some = min(most, _MOST_RESULTS // columns) // 4 * 4
        if some and (few or (columns <= 16 and inner >= 128)):
            return _even(rows, some, 4), columns, False
        wide = min(_MOST_RESULTS // 4, _MOST // (4 * inner)) // 8 * 8
        if few and not some and wide >= 64 and rows <= (256 if inner <= 1200 else 64):
            return 4, _even(columns, wide, 8), False
        if rows < many or rows * inner * columns < _WORTH:
            return _AT_ONCE
    if rows <= most:
        return (rows, columns, True) if transposed else _AT_ONCE
    if most >= 8:
        return _even(rows, most // 8 * 8, 8), columns, transposed
    if not transposed and rows <= 256 and inner * _TALL * _WIDE <= _MOST:
        return min(rows, _TALL), _WIDE, False
    return (4, columns, transposed) if most >= 4 and rows <= 64 else _AT_ONCE


@functools.lru_cache(maxsize=1024)
def _part_of_turned(rows: int, inner: int, columns: int) -> tuple[int, int, int]:
    """Of how many columns of a transposed first matrix sums are made, or else the rows and columns of a tile."""
    if rows * inner * columns > _MOST:
        most = _MOST // (rows * columns) // 8 * 8
        if most >= _SUMMED and inner >= _DEEP:
            return _even(inner, most, 8), 0, 0
        if columns >= _LONG:
            return 0, *_tile(rows, inner, columns, False)[:2]
    return 0, 0, 0


def _even(count: int, most: int, multiple: int) -> int:
    """How many make a block, a multiple of something and at most so many, if all blocks are about of a size."""
    blocks = -(-count // most)
    return -(-count // (blocks * multiple)) * multiple
