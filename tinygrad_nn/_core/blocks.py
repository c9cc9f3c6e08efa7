"""The memory behind arrays: which block an array lies in, where in it, and other arrays on the same block.

PyTorch calls the block a storage. Here it is the memory of the array that owns it, which NumPy's views lead to.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

_BYTE = np.dtype(np.uint8)
_LINE = 64  # bytes of a line of the cache

# strides in elements, the offset of the first element in the block, the length of the block: in elements, too
Layout = tuple[tuple[int, ...], int, int]


def owner(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """The array whose memory this one shares; itself, if the memory is its own."""
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array


def block(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """All bytes of the memory that an array lies in, as a flat array on it."""
    flat = owner(array)
    if not flat.flags.c_contiguous:
        flat = flat.transpose(sorted(range(flat.ndim), key=lambda d: -flat.strides[d]))
    if flat.flags.c_contiguous:
        return flat.reshape(-1).view(_BYTE)
    span = sum((n - 1) * s for n, s in zip(flat.shape, flat.strides, strict=True)) + flat.itemsize
    # memory of somebody else's, with gaps
    return np.lib.stride_tricks.as_strided(flat.view(_BYTE) if flat.itemsize == 1 else _first_byte(flat), (span,), (1,))


def _first_byte(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    first = np.lib.stride_tricks.as_strided(array, (1,), (array.itemsize,))
    return first.view(_BYTE)


def address(array: np.ndarray[Any, Any]) -> int:
    """Where an array's first element lies."""
    return int(array.__array_interface__["data"][0])


def offset_of(array: np.ndarray[Any, Any]) -> int:
    """How many of its elements lie in the block before an array's first one."""
    if array.base is None or not array.size:
        return 0
    return (address(array) - address(block(array))) // array.itemsize


def aligned(shape: tuple[int, ...], dtype: np.dtype[Any]) -> np.ndarray[Any, Any]:
    """An array of zeros that begins with a line of the cache; NumPy's own begin with any 16 bytes.

    Passes over it in place take up to a third less time, and a product with one row a tenth less.
    """
    # Not in the memory of a NumPy array, or what lies around this one would be part of its block.
    memory = bytearray(math.prod(shape) * dtype.itemsize + _LINE)
    return np.ndarray(shape, dtype, memory, -address(np.frombuffer(memory, _BYTE)) % _LINE)


def strides_of(array: np.ndarray[Any, Any]) -> tuple[int, ...]:
    """The strides in elements, with PyTorch's choice for dimensions where any stride would do."""
    size = array.itemsize
    shape = array.shape
    strides = [step // size for step in array.strides]
    if not array.size and not any(strides):
        return dense_strides(shape)
    for dim in range(len(shape) - 1, -1, -1):  # NumPy's new dimensions of length 1 have a stride of 0
        if shape[dim] == 1 and strides[dim] == 0:
            strides[dim] = shape[dim + 1] * strides[dim + 1] if dim + 1 < len(shape) else 1
    return tuple(strides)


def dense_strides(shape: Sequence[int]) -> tuple[int, ...]:
    """The strides of elements that lie row by row."""
    strides, step = [], 1
    for length in reversed(shape):
        strides.append(step)
        step *= max(length, 1)
    return tuple(strides[::-1])


def is_dense(array: np.ndarray[Any, Any]) -> bool:
    """Whether the elements fill a stretch of memory, each in a place of its own, in whichever order."""
    flags = array.flags
    if flags.c_contiguous or flags.f_contiguous:
        return True
    expected = array.itemsize
    for step, length in sorted(zip(array.strides, array.shape, strict=True)):
        if length == 1:
            continue
        if step != expected:
            return False
        expected *= length
    return True


def dense_order(array: np.ndarray[Any, Any]) -> tuple[int, ...]:
    """The dimensions in their order in memory, slowest first; where strides do not tell, in their own order."""
    shape, strides = array.shape, strides_of(array)
    order = list(range(array.ndim))[::-1]
    for start in range(1, array.ndim):
        place = start
        for before in range(start - 1, -1, -1):
            inner, outer = order[before], order[place]
            if strides[inner] == 0 or strides[outer] == 0:
                continue
            if strides[inner] < strides[outer]:
                break
            if strides[inner] > strides[outer] or shape[inner] > shape[outer]:
                order[before], order[place] = outer, inner
                place = before
    return tuple(order[::-1])


def extent(shape: Sequence[int], strides: Sequence[int]) -> int:
    """How many elements of the block an array of this geometry reaches over."""
    if 0 in shape:
        return 0
    return 1 + sum((length - 1) * step for length, step in zip(shape, strides, strict=True))


def strided(
    array: np.ndarray[Any, Any], shape: Sequence[int], strides: Sequence[int], offset: int
) -> np.ndarray[Any, Any]:
    """Another array on the same block. Its geometry must lie within: nothing is checked."""
    size = array.itemsize
    if 0 in shape:  # nothing, wherever it lies
        return np.ndarray(tuple(shape), array.dtype, block(array))
    return np.ndarray(tuple(shape), array.dtype, block(array), offset * size, tuple([step * size for step in strides]))


def layout_of(array: np.ndarray[Any, Any], exact: bool) -> Layout | None:
    """What `laid_out` needs to lay other elements out alike. None: row by row, on a block of their own.

    Args:
        exact: the place in the block matters, and its length.
    """
    if not exact:
        if array.flags.c_contiguous:
            return None
        strides = strides_of(array)
        return strides, 0, extent(array.shape, strides)
    return strides_of(array), offset_of(array), len(block(array)) // array.itemsize


def laid_out(array: np.ndarray[Any, Any], layout: Layout | None) -> np.ndarray[Any, Any]:
    """A copy of the elements, laid out in this way."""
    if layout is None:
        return array.copy()
    strides, offset, length = layout
    memory = np.zeros(max(length, offset + extent(array.shape, strides)), array.dtype)
    copy = strided(memory, array.shape, strides, offset)
    copy[...] = array
    return copy


def has_layout(array: np.ndarray[Any, Any], layout: Layout | None) -> bool:
    """Whether the elements lie in this way already, as far as it matters."""
    return layout is None and bool(array.flags.c_contiguous)


def same_place(array: np.ndarray[Any, Any], other: np.ndarray[Any, Any]) -> bool:
    """Whether two arrays are the same elements of the same memory."""
    if array is other:
        return True
    alike = array.shape == other.shape and array.strides == other.strides and array.dtype == other.dtype
    return alike and np.may_share_memory(array, other) and address(array) == address(other)


def partly_overlap(array: np.ndarray[Any, Any], other: np.ndarray[Any, Any], *, same: bool = True) -> bool:
    """Whether two dense arrays lie in the same memory, but not element on element (PyTorch's test).

    Without `same`, that they lie element on element counts as well. Steps of dimensions of length 1 lead nowhere, and
    are not compared: NumPy chooses others for them than PyTorch.
    """
    if not np.may_share_memory(array, other) or not (is_dense(array) and is_dense(other)):
        return False
    if not same or address(array) != address(other) or array.nbytes != other.nbytes:
        return True
    return array.shape != other.shape or _steps(array) != _steps(other)


def _steps(array: np.ndarray[Any, Any]) -> list[int]:
    """The strides of an array's dimensions that are longer than 1."""
    return [step for step, length in zip(array.strides, array.shape, strict=True) if length != 1]
