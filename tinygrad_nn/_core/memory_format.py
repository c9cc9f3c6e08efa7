"""Memory formats: in which order a tensor's dimensions lie in memory.

Source: https://docs.pytorch.org/docs/stable/tensor_attributes.html#torch-memory-format
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .blas import TURNED_BY_BLAS, rows_copied, turned
from .blocks import dense_order, is_dense
from .dtypes import FLOAT32


class memory_format:  # noqa: N801 - the name of the class that it stands in for
    """How the dimensions lie in memory: `contiguous_format`, `channels_last`, `channels_last_3d`, `preserve_format`.

    Example:
        >>> import tinygrad_nn as tg
        >>> x = tg.zeros(1, 2, 3, 4).contiguous(memory_format=tg.channels_last)
        >>> x.stride(), x.is_contiguous(), x.is_contiguous(memory_format=tg.channels_last)
        ((24, 1, 8, 2), False, True)
    """

    __slots__ = ("name",)

    name: str

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return f"torch.{self.name}"  # as programs print it, which call the package so

    def __reduce__(self) -> tuple[Any, ...]:
        return _from_name, (self.name,)


contiguous_format = memory_format("contiguous_format")
preserve_format = memory_format("preserve_format")
channels_last = memory_format("channels_last")
channels_last_3d = memory_format("channels_last_3d")

_ALL = {f.name: f for f in (contiguous_format, preserve_format, channels_last, channels_last_3d)}
# The order of the dimensions in memory, slowest first.
ORDERS = {channels_last: (0, 2, 3, 1), channels_last_3d: (0, 2, 3, 4, 1)}


def _from_name(name: str) -> memory_format:
    return _ALL[name]


def check_format(name: str, wanted: Any, ndim: int) -> None:
    """Refuse what is no memory format, and one that is made for another number of dimensions.

    Raises:
        TypeError: it is no memory format.
        RuntimeError: the tensor has another number of dimensions.
    """
    if not isinstance(wanted, memory_format):
        raise TypeError(
            f"{name}(): argument 'memory_format' must be torch.memory_format, not {type(wanted).__name__}. "
            "There are contiguous_format, preserve_format, channels_last and channels_last_3d."
        )
    if wanted in ORDERS and ndim != len(ORDERS[wanted]):
        rank = len(ORDERS[wanted])
        raise RuntimeError(f"required rank {rank} tensor to use {wanted.name} format: got {ndim} dims in {name}()")


def has_format(array: np.ndarray[Any, Any], wanted: memory_format) -> bool:
    """Whether the elements lie in this order, without gaps; False for another number of dimensions."""
    order = ORDERS.get(wanted)
    if order is None:
        return bool(array.flags.c_contiguous)
    return array.ndim == len(order) and bool(array.transpose(order).flags.c_contiguous)


def copied(array: np.ndarray[Any, Any], wanted: memory_format | None) -> np.ndarray[Any, Any]:
    """A copy in this order; None and `preserve_format` keep a dense array's own order."""
    order = None if wanted is None else ORDERS.get(wanted)
    if order is not None:
        if array.size >= TURNED_BY_BLAS and array.flags.c_contiguous:
            turns = turned(array.reshape(*array.shape[:2], -1))
            return turns.reshape([array.shape[d] for d in order]).transpose(np.argsort(order))
        return array.transpose(order).copy().transpose(np.argsort(order))
    if wanted is contiguous_format:
        return row_by_row(array)
    if is_dense(array):
        return array.copy(order="K")
    order = dense_order(array)
    return array.transpose(order).copy().transpose(np.argsort(order))


_MANY, _LONG, _TOGETHER = 1 << 20, 1000, 512
_LINE = 64  # bytes of a line of the cache


def _repeated(row: np.ndarray[Any, Any], times: int) -> np.ndarray[Any, Any]:
    """A matrix that has this row many times.

    What is copied begins in memory where a row of the matrix does, up to multiples of 64 bytes: otherwise the processor
    takes twice as long (4000 rows of 4000 bytes: 1.0 ms and .5).
    """
    matrix = np.empty((times, row.size), row.dtype)
    room = np.empty(row.size + _LINE, row.dtype)
    start = (matrix.ctypes.data - room.ctypes.data) % _LINE // row.itemsize
    source = room[start : start + row.size]
    source[...] = row
    matrix[...] = source
    return matrix


def row_by_row(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """A copy whose elements lie row by row; of a large transposed matrix, by OpenBLAS or some columns at a time.

    Each element of a row comes from another page of memory, of which the processor knows a few hundred at a time: some
    columns of 4000 x 1000 numbers at a time take 3.8 ms instead of 7.8, of 2048 x 2048 13 instead of 23.
    """
    if array.size < TURNED_BY_BLAS or array.ndim < 2 or array.flags.c_contiguous:
        return array.copy()
    if array.dtype is FLOAT32 and array.swapaxes(-1, -2).flags.c_contiguous:
        return turned(array.swapaxes(-1, -2))
    if array.ndim > 2 or array.size < _MANY:
        return array.copy()
    down, along = array.strides
    if down == 0 and along == array.itemsize:
        return _repeated(array[0], len(array))
    if array.dtype is FLOAT32 and along == 4 and down % 4 == 0 and down >= 4 * array.shape[1]:
        return rows_copied(array)
    if not 0 < down < along or array.shape[1] <= _LONG:  # not transposed, or short
        return array.copy()
    copy = np.empty(array.shape, array.dtype)
    for start in range(0, array.shape[1], _TOGETHER):
        columns = slice(start, start + _TOGETHER)
        copy[:, columns] = array[:, columns]
    return copy


def empty_in(shape: tuple[int, ...], dtype: np.dtype[Any], wanted: memory_format | None) -> np.ndarray[Any, Any]:
    """An array of this order that is not initialised."""
    if wanted is not None:
        check_format("empty", wanted, len(shape))
    order = None if wanted is None else ORDERS.get(wanted)
    if order is None:
        return np.empty(shape, dtype)
    return np.empty([shape[d] for d in order], dtype).transpose(np.argsort(order))


def in_order_of(out: np.ndarray[Any, Any], *inputs: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """A result of as many dimensions, with channels last if one of the inputs has them last."""
    for i in inputs:
        if not i.flags.c_contiguous:
            break
    else:
        return out
    for wanted, order in ORDERS.items():
        if out.ndim == len(order) and any(not i.flags.c_contiguous and has_format(i, wanted) for i in inputs):
            return out if has_format(out, wanted) else copied(out, wanted)
    return out
