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
# Otherwise a transposed matrix of at least so many rows and columns comes first beside so few rows: (32, 784) and
# (128, 784) in 60 us instead of 78, with two threads.
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
    kind = x.dtype
    if (
        x.size * y.shape[1] >= LEAST and (kind is FLOAT32 or kind is FLOAT64) and y.dtype is kind
        and len(y) == x.shape[1]
    ):  # fmt: skip
        found = _in_blocks(x, y, out)
        if found is not None:
            return found
    return x.dot(y, out)


def _in_blocks(x: Array, y: Array, out: Array | None) -> Array | None:
    """The product, unless it is to be computed at once."""
    (rows, inner), columns = x.shape, y.shape[1]
    x_flags, y_flags = x.flags, y.flags
    if x_flags.c_contiguous and (y_flags.c_contiguous or y_flags.f_contiguous):
        transposed = not y_flags.c_contiguous
        some, wide, copied = _tile(rows, inner, columns, transposed, _MANY[x.dtype])
        if some and _takes_as_they_are() and is_single():
            return _by_tiles(x, turned(y.T) if copied else y, some, wide, out)
        few = 1 < rows <= _FEW and min(y.shape) >= _BROAD and x.size * columns >= _MOST
        if transposed and few and out is None:
            return np.ascontiguousarray(y.T.dot(x.T).T)
    elif x_flags.f_contiguous and y_flags.c_contiguous and out is None:
        deep, some, wide = _part_of_turned(rows, inner, columns)
        if (deep or some) and _takes_as_they_are() and is_single():
            return _by_sums(x.T, y, deep) if deep else _by_tiles(turned(x.T), y, some, wide, None)
    return None


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
