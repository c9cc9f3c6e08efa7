"""Functions of the OpenBLAS library that comes with NumPy, which NumPy itself does not hand out.

All of them have a replacement in NumPy: where NumPy came with another library, they are None.
"""

from __future__ import annotations

import ctypes
import functools
import os
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

# The library may count in 32 or 64 bits. A register holds 64, and a small number reads the same either way.
count, address = ctypes.c_int64, ctypes.c_void_p
ONE = count(1)
_MANY = 65_536  # numbers for which one pass of OpenBLAS takes .8 of the time that two of NumPy's take


class Axpby(NamedTuple):
    """``call(n, a, x, ONE, b, y, ONE)`` is ``y = a * x + b * y`` in one pass, where NumPy needs three.

    ``a * x`` is not rounded before it is added. Arguments that are objects of `count`, `address` and `real` already
    are passed on in half the time that numbers take.
    """

    call: Callable[..., None]
    real: Callable[[float], Any]


@functools.cache
def openblas() -> ctypes.CDLL | None:
    """The library, loaded already by NumPy; None where NumPy came with another."""
    folders = (os.path.dirname(np.__file__) + ".libs", os.path.join(os.path.dirname(np.__file__), ".dylibs"))
    for path in [entry.path for folder in folders if os.path.isdir(folder) for entry in os.scandir(folder)]:
        if "openblas" not in os.path.basename(path):
            continue
        try:
            return ctypes.CDLL(path)
        except OSError:
            continue
    return None


def function(name: str) -> Any | None:
    """A function by its name, such as ``"openblas_get_num_threads"``, under whatever name the library has it."""
    library = openblas()
    for full in (f"scipy_{name}64_", f"scipy_{name}", f"{name}64_", name):
        found = getattr(library, full, None)
        if found is not None:
            return found
    return None


@functools.cache
def axpby(dtype: np.dtype[Any]) -> Axpby | None:
    """The function for float32 or float64; None where there is none.

    A number must come out the same wherever in an array it stands, which is tried out here; a library of which that is
    not true is not used.
    """
    letter, real = ("s", ctypes.c_float) if dtype == np.float32 else ("d", ctypes.c_double)
    found = function(f"cblas_{letter}axpby")
    if found is None or ctypes.sizeof(ctypes.c_void_p) != 8:
        return None
    found.argtypes = [count, real, address, count, real, address, count]
    found.restype = None
    return Axpby(found, real) if _is_uniform(found, dtype) else None


def _is_uniform(call: Callable[..., None], dtype: np.dtype[Any]) -> bool:
    """Whether it computes what it should, and a number's result depends on neither place nor length."""
    x = np.linspace(-1, 2, 160).astype(dtype)
    before = np.linspace(3, -5, 160).astype(dtype)
    whole = before.copy()
    call(160, 0.1, x.ctypes.data, 1, 0.9, whole.ctypes.data, 1)
    if not np.allclose(whole, 0.1 * x + 0.9 * before, rtol=1e-5, atol=1e-6):
        return False
    for length in (1, 2, 3, 4, 7, 8, 15, 16, 31, 32, 33, 64, 100):
        for start in (0, 1, 5, 16, 60):
            part = before[start : start + length].copy()
            call(length, 0.1, x[start:].ctypes.data, 1, 0.9, part.ctypes.data, 1)
            if not np.array_equal(part, whole[start : start + length]):
                return False
    return True


_ROW_BY_ROW, _AS_IT_IS, _TURNED = ctypes.c_int(101), ctypes.c_int(111), ctypes.c_int(112)  # as CBLAS counts them
TURNED_BY_BLAS, _EACH = 16_384, 8_192  # elements of matrices, and of each, from which OpenBLAS turns them sooner


@functools.cache
def _turn() -> Any | None:
    """The function that copies a float32 matrix turned; None where there is none that does."""
    found = function("cblas_somatcopy")
    if found is None or ctypes.sizeof(ctypes.c_void_p) != 8:
        return None
    found.argtypes = [ctypes.c_int, ctypes.c_int, count, count, ctypes.c_float, address, count, address, count]
    found.restype = None
    sample = np.linspace(-1, 1, 37 * 19, dtype=np.float32).reshape(37, 19)
    sample[0, :4] = np.inf, -np.inf, np.nan, -0.0
    out = np.zeros((19, 37), np.float32)
    found(_ROW_BY_ROW, _TURNED, 37, 19, 1.0, sample.ctypes.data, 19, out.ctypes.data, 37)
    return found if out.tobytes() == sample.T.tobytes() else None


def turned(x: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """``x.swapaxes(-1, -2).copy()``: of large float32 matrices in a tenth to two thirds of the time.

    NumPy goes along the rows of one of the two, and waits for each element of the other. (4000 x 1000: 2.1 ms instead
    of 8.5, 1024 x 1024 .4 instead of 3.5, 100000 x 10 .12 instead of .45, 200 x 200 8 us instead of 12.) In float64
    OpenBLAS is the slower one for some shapes.
    """
    rows, columns = x.shape[-2:]
    large = x.size >= TURNED_BY_BLAS and rows * columns >= _EACH
    call = _turn() if large and x.dtype == np.float32 and x.flags.c_contiguous else None
    if call is None:
        return x.swapaxes(-1, -2).copy()
    out = np.empty((*x.shape[:-2], columns, rows), np.float32)
    start, target = x.ctypes.data, out.ctypes.data
    for matrix in range(0, x.nbytes, 4 * rows * columns):
        call(_ROW_BY_ROW, _TURNED, rows, columns, 1.0, start + matrix, columns, target + matrix, rows)
    return out


def rows_copied(x: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """A copy of rows of float32 that lie apart in memory, as a slice of columns does, in .85 of NumPy's time."""
    call = _turn()
    if call is None:
        return x.copy()
    rows, columns = x.shape
    out = np.empty((rows, columns), np.float32)
    call(_ROW_BY_ROW, _AS_IT_IS, rows, columns, 1.0, x.ctypes.data, x.strides[0] // 4, out.ctypes.data, columns)
    return out


def add_scaled(target: np.ndarray[Any, Any], factor: float, source: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """``target += factor * source``, with one rounding where there is OpenBLAS.

    Args:
        target, source: contiguous arrays of float32 or float64.
        factor: a number.
    """
    found = axpby(target.dtype)
    if found is None:
        target += target.dtype.type(factor) * source
    else:
        found.call(target.size, factor, source.ctypes.data, ONE, 1.0, target.ctypes.data, ONE)
    return target


def scale_and_add(
    target: np.ndarray[Any, Any], factor: np.ndarray[Any, Any], source: np.ndarray[Any, Any]
) -> np.ndarray[Any, Any]:
    """``target = factor * target + source``, in one pass where there are so many numbers that this pays.

    Args:
        target, source: contiguous arrays of float32 or float64.
        factor: a 0-d array of their type.
    """
    found = axpby(target.dtype) if target.size >= _MANY else None
    if found is None:
        target *= factor
        target += source
    else:
        found.call(target.size, 1.0, source.ctypes.data, ONE, factor.item(), target.ctypes.data, ONE)
    return target


_EXCHANGES_WIDE = 65_536  # from here on 32-bit numbers, of which more fit into the caches, repay a conversion


class _Exchange(NamedTuple):
    """LAPACK's exchange of rows (``laswp``) for elements of 32 and of 64 bits, and the type of its row numbers."""

    narrow: Callable[..., None]
    wide: Callable[..., None]
    numbers: np.dtype[Any]


def _exchange_all(call: Callable[..., None], items: np.ndarray[Any, Any], partners: np.ndarray[Any, Any]) -> None:
    # `x.ctypes.data` takes 1 us, of which each call here takes 5 for few items; this takes 0.2.
    by = ctypes.byref
    start, numbers = by(_byte_at(items)), by(_byte_at(partners))
    call(_ONE_AT, start, by(count(len(items))), _ONE_AT, by(count(len(partners))), numbers, _ONE_AT)


_ONE_AT = ctypes.byref(ONE)
_byte_at: Callable[[Any], Any] = ctypes.c_byte.from_buffer


@functools.cache
def _exchange() -> _Exchange | None:
    """These functions; None where there are none that move integers' bits as they are."""
    narrow, wide = function("slaswp_"), function("dlaswp_")
    if narrow is None or wide is None or ctypes.sizeof(ctypes.c_void_p) != 8:
        return None
    numbers = np.dtype(np.int64 if "64_" in wide.__name__ else np.int32)
    for call in (narrow, wide):
        call.argtypes = [address] * 7
        call.restype = None
    partners = np.array([3, 5, 3, 9, 5, 8, 9, 8, 9], numbers)
    after = [2, 4, 0, 8, 1, 7, 3, 5, 6]
    for call, dtype in ((narrow, np.int32), (wide, np.int64)):
        items = np.arange(9, dtype=dtype) - 1_000  # (as floats, these are nan)
        _exchange_all(call, items, partners)
        if (items + 1_000).tolist() != after:
            return None
    return _Exchange(narrow, wide, numbers)


def exchanged(partners: np.ndarray[Any, Any], length: int) -> np.ndarray[Any, Any] | None:
    """``0 .. length - 1`` after entry ``i`` has been exchanged with entry ``partners[i] - 1``, for each ``i`` in turn.

    That is how LAPACK applies the exchanges of rows that it has made, in 1 ns each, where the best that NumPy can do
    takes 60. None where there is no such function.
    """
    found = _exchange()
    if found is None:
        return None
    many = length >= _EXCHANGES_WIDE
    items = np.arange(length, dtype=np.int32 if many else np.int64)
    if len(partners):
        _exchange_all(found.narrow if many else found.wide, items, partners.astype(found.numbers, copy=False))
    return items.astype(np.int64, copy=False)
