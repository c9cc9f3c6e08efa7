"""Decompositions and solutions of float32 matrices in float32, and of triangular systems without a detour.

NumPy computes all of `numpy.linalg` in double precision, whatever it is given, which takes twice PyTorch's time for
large matrices (of 400 rows a solution 9.3 ms instead of 3.4, eigenvectors 15 instead of 8, singular vectors 30
instead of 16). Its own compiled functions can do it in single precision, and OpenBLAS has what NumPy does not ask for.
Where a NumPy or its library lacks one, or where matrices are small, NumPy's public function stands in.
"""

from __future__ import annotations

import ctypes
import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from .blas import address, count, function, turned
from .dtypes import FLOAT32

Array = np.ndarray[Any, Any]

# Rows from which float32 matrices are treated in float32. Below, most of the time is that of the Python code around,
# and double precision errs less.
_LARGE = 16
_LARGE_QR, _LARGE_INVERSE = 48, 48  # rows from which LAPACK is asked past NumPy
_compiled: Any = getattr(np.linalg, "_umath_linalg", None)

# --- NumPy's compiled functions ----------------------------------------------------------------------------------


@functools.cache
def _in_single(name: str, loop: str) -> Any | None:
    """One of NumPy's compiled functions, if it has a loop for float32."""
    found = getattr(_compiled, name, None)
    return found if loop in getattr(found, "types", ()) else None


def _raise(error: str, flag: int) -> None:
    raise np.linalg.LinAlgError("a LAPACK function failed")


def _computed(name: str, loop: str, usual: Callable[..., Any], *arrays: Array) -> Any:
    """The results of a compiled function, if all is large and of float32; else those of NumPy's public function."""
    large = min(arrays[0].shape[-2:]) >= _LARGE and all(a.dtype is FLOAT32 for a in arrays)
    call = _in_single(name, loop) if large else None
    if call is None:
        return usual(*arrays)
    with np.errstate(call=_raise, invalid="call", over="ignore", divide="ignore", under="ignore"):
        return call(*arrays, signature=loop)


def solve(a: Array, b: Array) -> Any:
    """``np.linalg.solve`` of two matrices, or batches of them."""
    return _computed("solve", "ff->f", np.linalg.solve, a, b)


def inverse(a: Array) -> Any:
    """``np.linalg.inv``: of large matrices, of double precision too, in two thirds of the time of a solution."""
    pair = _inversion(a.dtype) if a.shape[-1] >= _LARGE_INVERSE else None
    if pair is not None:
        return _inverted(pair, a)
    return _computed("inv", "f->f", np.linalg.inv, a)


def cholesky(a: Array) -> Any:
    """``np.linalg.cholesky``."""
    return _computed("cholesky_lo", "f->f", np.linalg.cholesky, a)


def eigh(a: Array) -> tuple[Array, Array]:
    """``np.linalg.eigh``."""
    return tuple(_computed("eigh_lo", "f->ff", np.linalg.eigh, a))


def eig(a: Array) -> tuple[Array, Array]:
    """``np.linalg.eig``; complex numbers."""
    return tuple(_computed("eig", "f->FF", np.linalg.eig, a))


def eigvalsh(a: Array) -> Any:
    """``np.linalg.eigvalsh``."""
    return _computed("eigvalsh_lo", "f->f", np.linalg.eigvalsh, a)


def svd(a: Array, full_matrices: bool = True) -> tuple[Array, Array, Array]:
    """``np.linalg.svd``."""

    def usual(a: Array) -> Any:
        return np.linalg.svd(a, full_matrices=full_matrices)

    return tuple(_computed("svd_f" if full_matrices else "svd_s", "f->fff", usual, a))


def svdvals(a: Array) -> Any:
    """``np.linalg.svd(a, compute_uv=False)``."""
    return _computed("svd", "f->f", lambda a: np.linalg.svd(a, compute_uv=False), a)


# --- triangular systems ------------------------------------------------------------------------------------------

# As CBLAS counts them. Objects of ctypes are passed on in half of the time that numbers take.
_ROW_BY_ROW, _LEFT, _UPPER, _LOWER, _AS_IT_IS, _TURNED, _ANY, _UNIT = map(
    ctypes.c_int, (101, 141, 121, 122, 111, 112, 131, 132)
)
_LETTERS = {"f": "s", "d": "d", "F": "c", "D": "z"}


@functools.cache
def _substitution(dtype: np.dtype[Any]) -> tuple[Any, Any] | None:
    """The function that solves triangular systems, and a 1 for it; None where there is none that does."""
    found = function(f"cblas_{_LETTERS[dtype.char]}trsm")
    if found is None or ctypes.sizeof(ctypes.c_void_p) != 8:
        return None
    one: Any = np.ones(1, dtype)
    number: Any = address
    if dtype.kind == "f":
        number = ctypes.c_float if dtype.itemsize == 4 else ctypes.c_double
        one = number(1)
    found.argtypes = [*[ctypes.c_int] * 5, count, count, number, address, count, address, count]
    found.restype = None
    return (found, one) if _substitutes((found, one), dtype) else None


def _substitutes(pair: tuple[Any, Any], dtype: np.dtype[Any]) -> bool:
    """Whether the function solves what it should, of all forms."""
    a = (np.linspace(1, 2, 64).reshape(8, 8) + 4 * np.eye(8)).astype(dtype)[1:7, 1:7]
    b = np.linspace(-1, 1, 18).astype(dtype).reshape(6, 3)
    for matrix in (a, a.T):
        for upper in (True, False):
            for unit in (True, False):
                triangle = np.triu(matrix) if upper else np.tril(matrix)
                if unit:
                    np.fill_diagonal(triangle, 1)
                if not np.allclose(triangle @ _substituted(pair, matrix, b, upper, unit), b, rtol=1e-4, atol=1e-4):
                    return False
    return True


def triangular(a: Array, b: Array, upper: bool, unit: bool) -> Array | None:
    """The solution of ``a x = b``, of which one triangle counts; None where OpenBLAS is not to be had.

    Dividing by zero is allowed. In a fifth (50 rows) to two thirds of the time that substitution with NumPy takes.
    """
    pair = _substitution(a.dtype) if a.dtype is b.dtype and a.dtype.char in _LETTERS else None
    return _substituted(pair, a, b, upper, unit) if pair is not None else None


def _substituted(pair: tuple[Any, Any], a: Array, b: Array, upper: bool, unit: bool) -> Array:
    call, one = pair
    if type(one) is np.ndarray:
        one = address(one.ctypes.data)
    (n, k), size = b.shape[-2:], a.itemsize
    batch = np.broadcast_shapes(a.shape[:-2], b.shape[:-2]) if a.ndim > 2 or b.ndim > 2 else ()
    x = np.empty((*batch, n, k), b.dtype)
    x[...] = b
    if not x.size:
        return x
    if a.strides[-1] == size and a.strides[-2] >= n * size and not a.strides[-2] % size:
        form, step = _AS_IT_IS, a.strides[-2]
    elif a.strides[-2] == size and a.strides[-1] >= n * size and not a.strides[-1] % size:
        form, step, upper = _TURNED, a.strides[-1], not upper
    else:
        a = np.array(a, order="C", ndmin=2)
        form, step = _AS_IT_IS, n * size
    triangle, diagonal = _UPPER if upper else _LOWER, _UNIT if unit else _ANY
    target, start = x.ctypes.data, a.ctypes.data
    rows, columns, apart, following = count(n), count(k), count(step // size), n * k * size
    for offset in _offsets(np.broadcast_to(a, (*batch, n, n))) if batch else (0,):
        call(_ROW_BY_ROW, _LEFT, triangle, form, diagonal, rows, columns, one, start + offset, apart, target, columns)
        target += following
    return x


def _offsets(matrices: Array) -> list[int]:
    """Where each of a batch of matrices begins, in bytes after the first."""
    places = np.zeros(matrices.shape[:-2], np.int64)
    for axis, length in enumerate(places.shape):
        places += (np.arange(length) * matrices.strides[axis]).reshape(-1, *[1] * (places.ndim - 1 - axis))
    return places.ravel().tolist()


# --- QR ----------------------------------------------------------------------------------------------------------

_WORK = 64  # columns of working memory: twice what LAPACK asks for


@functools.cache
def _reflections() -> tuple[Any, Any] | None:
    """LAPACK's functions that make Householder reflections of a float32 matrix, and Q of them; None if they do not."""
    pair = (function("sgeqrf_"), function("sorgqr_"))
    if None in pair or ctypes.sizeof(ctypes.c_void_p) != 8:
        return None
    pair[0].argtypes, pair[1].argtypes = [address] * 8, [address] * 9  # type: ignore[union-attr]
    for found in pair:
        found.restype = None  # type: ignore[union-attr]
    sample = np.cos(np.arange(15, dtype=np.float32)).reshape(5, 3)
    for matrix in (sample, sample.T):
        q, r = _reflected(pair, matrix)
        if not (np.allclose(q @ r, matrix, atol=1e-5) and np.allclose(q.T @ q, np.eye(q.shape[1]), atol=1e-5)):
            return None
    return pair


def _reflected(pair: tuple[Any, Any], matrix: Array) -> tuple[Array, Array]:
    make, multiply = pair
    m, n = matrix.shape
    k = min(m, n)
    columns = turned(matrix)  # LAPACK's matrices lie in memory column by column
    tau, work = np.empty(k, FLOAT32), np.empty(_WORK * max(m, n), FLOAT32)
    sizes = [count(m), count(n), count(k), count(work.size), count()]
    rows, length, least, room, info = map(ctypes.addressof, sizes)
    at, factors, free = columns.ctypes.data, tau.ctypes.data, work.ctypes.data
    make(rows, length, at, rows, factors, free, room, info)
    r = np.triu(columns.T[:k])
    multiply(rows, least, least, at, rows, factors, free, room, info)
    return turned(columns[:k]), r


def qr(a: Array) -> tuple[Array, Array]:
    """``np.linalg.qr``: of a large float32 matrix in half of the time."""
    pair = _reflections() if a.ndim == 2 and a.dtype is FLOAT32 and min(a.shape) >= _LARGE_QR else None
    if pair is None:
        q, r = np.linalg.qr(a)
        return q, r
    return _reflected(pair, a)


# --- LU ----------------------------------------------------------------------------------------------------------


@functools.cache
def _elimination(dtype: np.dtype[Any]) -> Any | None:
    """LAPACK's function that makes L and U of a matrix, with pivots of 64 bits; None where there is none that does."""
    found = function(f"{_LETTERS[dtype.char]}getrf_") if dtype.char in _LETTERS else None
    if found is None or ctypes.sizeof(ctypes.c_void_p) != 8:
        return None
    found.argtypes, found.restype = [address] * 6, None
    sample = np.array([[0, 4, 1], [1, 4, 1], [2, 4, 2]]).astype(dtype)
    packed, pivots, info = _eliminated(found, sample[None])
    wanted = np.array([[2, 4, 2], [0, 4, 1], [0.5, 0.5, -0.5]]).astype(dtype)
    right = np.array_equal(packed[0], wanted) and pivots.tolist() == [[3, 3, 3]] and info.tolist() == [0]
    return found if right else None


def _eliminated(call: Any, matrices: Array) -> tuple[Array, Array, Array]:
    batch, m, n = matrices.shape
    columns = matrices.swapaxes(1, 2).copy()  # LAPACK's matrices lie in memory column by column
    pivots, info = np.zeros((batch, min(m, n)), np.int64), np.zeros(batch, np.int64)
    sizes = [count(m), count(n)]
    rows, length = map(ctypes.addressof, sizes)
    at, chosen, failed = columns.ctypes.data, pivots.ctypes.data, info.ctypes.data
    for _ in range(batch):
        call(rows, length, at, rows, chosen, failed)
        at, chosen, failed = at + m * n * columns.itemsize, chosen + 8 * min(m, n), failed + 8
    return columns.swapaxes(1, 2), pivots.astype(np.int32), info.astype(np.int32)


def eliminated(matrices: Array) -> tuple[Array, Array, Array] | None:
    """L and U of a batch of matrices, in one matrix; the pivots, and the first zero on the diagonal of U, from 1 on.

    None where OpenBLAS is not to be had. In a tenth of the time of steps in NumPy.
    """
    call = _elimination(matrices.dtype)
    return None if call is None else _eliminated(call, matrices)


# --- inverses ----------------------------------------------------------------------------------------------------


@functools.cache
def _inversion(dtype: np.dtype[Any]) -> tuple[Any, Any] | None:
    """LAPACK's functions that make L and U, and an inverse of them; None where there are none that do."""
    first = _elimination(dtype)
    second = function(f"{_LETTERS[dtype.char]}getri_") if first is not None else None
    if first is None or second is None:
        return None
    second.argtypes, second.restype = [address] * 7, None
    sample = np.array([[0, 4, 1], [1, 4, 1], [2, 4, 2]]).astype(dtype)
    return (first, second) if np.allclose(_inverted((first, second), sample) @ sample, np.eye(3), atol=1e-5) else None


def _inverted(pair: tuple[Any, Any], a: Array) -> Array:
    """The inverses of square matrices. LAPACK sees them turned, and its results as well."""
    eliminate, invert = pair
    result, n = np.array(a, order="C"), a.shape[-1]
    pivots, work = np.empty(n, np.int64), np.empty(_WORK * n, a.dtype)
    sizes = [count(n), count(work.size), count()]
    rows, room, info = map(ctypes.addressof, sizes)
    chosen, free = pivots.ctypes.data, work.ctypes.data
    start = result.ctypes.data
    for at in range(start, start + result.nbytes, n * n * a.itemsize):
        eliminate(rows, rows, at, rows, chosen, info)
        if not sizes[2].value:
            invert(rows, at, rows, chosen, free, room, info)
        if sizes[2].value:
            raise np.linalg.LinAlgError("Singular matrix")
    return result


# --- indefinite matrices -----------------------------------------------------------------------------------------


@functools.cache
def _pivoting(dtype: np.dtype[Any], hermitian: bool) -> Any | None:
    """LAPACK's Bunch-Kaufman decomposition, with pivots of 64 bits; None where there is none that does it."""
    name = f"{_LETTERS[dtype.char]}{'he' if hermitian else 'sy'}trf_" if dtype.char in _LETTERS else ""
    found = function(name) if name else None
    if found is None or ctypes.sizeof(ctypes.c_void_p) != 8:
        return None
    # The length of a string comes last, as Fortran's compilers pass it.
    found.argtypes, found.restype = [ctypes.c_char_p, *[address] * 7, ctypes.c_size_t], None
    sample = np.array([[0, 2, 0], [2, 0, 0], [0, 0, 5]]).astype(dtype)
    packed, pivots, info = _pivoted(found, sample)
    right = np.array_equal(packed, np.tril(sample)) and pivots.tolist() == [-2, -2, 3] and info == 0
    return found if right else None


def _pivoted(call: Any, matrix: Array) -> tuple[Array, Array, int]:
    columns, n = np.triu(matrix.T), len(matrix)  # LAPACK's lower triangle, column by column
    pivots, work = np.zeros(n, np.int64), np.empty(_WORK * n, columns.dtype)
    sizes = [count(n), count(work.size), count()]
    rows, room, info = map(ctypes.addressof, sizes)
    call(b"L", rows, columns.ctypes.data, rows, pivots.ctypes.data, work.ctypes.data, room, info, 1)
    return columns.T, pivots.astype(np.int32), sizes[2].value


def pivoted(matrix: Array, hermitian: bool) -> tuple[Array, Array, int] | None:
    """``P L D L^T P^T`` of the lower triangle of a matrix, as LAPACK keeps it: the factors, the pivots, and where the
    first zero stands on the diagonal of D, from 1 on. None where OpenBLAS is not to be had."""
    call = _pivoting(matrix.dtype, hermitian) if len(matrix) else None
    return None if call is None else _pivoted(call, matrix)
