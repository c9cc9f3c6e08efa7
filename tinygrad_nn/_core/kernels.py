"""Sums and maxima of the rows and columns of matrices, several times as fast as NumPy's own reductions.

Plain functions of arrays, for the forward functions of ops. Why they win: a product with a vector of ones runs in BLAS,
while NumPy's reductions pay 15-50 ns for each row (measured: sums of (10000, 10) along rows 16 us against 136, along
columns 17 against 150; maxima 33 against 390).
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from .blas import turned
from .dtypes import FLOAT32, FLOAT64
from .sharing import even_blocks, share

Array = np.ndarray[Any, Any]

# NumPy's reductions, untyped: its stubs refuse a `keepdims` that is a variable.
add_reduce: Any = np.add.reduce
maximum_reduce: Any = np.maximum.reduce
minimum_reduce: Any = np.minimum.reduce
multiply_reduce: Any = np.multiply.reduce

_ones: dict[Any, Array] = {FLOAT32: np.ones(1024, FLOAT32), FLOAT64: np.ones(1024, FLOAT64)}
_FEW_COLUMNS, _SOME_COLUMNS = 16, 128


@functools.lru_cache(maxsize=1024)  # a view of what is kept takes twice the time of finding it again
def ones(count: int, dtype: np.dtype[Any]) -> Array:
    """A vector of ones that is made once and shared: never write into it."""
    kept = _ones[dtype]
    if kept.size < count:
        kept = _ones[dtype] = np.ones(count + count // 4, dtype)
    return kept[:count]


def column_sums(matrix: Array) -> Any:
    """``matrix.sum(axis=0)`` of a matrix."""
    dtype = matrix.dtype
    if dtype is FLOAT32 or dtype is FLOAT64:
        return ones(matrix.shape[0], dtype).dot(matrix)
    return add_reduce(matrix, 0)


def row_sums(matrix: Array) -> Any:
    """``matrix.sum(axis=1, keepdims=True)`` of a matrix."""
    dtype = matrix.dtype
    if dtype is FLOAT32 or dtype is FLOAT64:
        return matrix.dot(ones(matrix.shape[1], dtype))[:, None]
    return add_reduce(matrix, 1, None, None, True)


def fetched_row_sums(matrix: Array) -> Any:
    """`row_sums` of what is not in the cache: dot products fetch long rows from memory in .65 of the time."""
    dtype = matrix.dtype
    if matrix.shape[1] >= _SOME_COLUMNS and (dtype is FLOAT32 or dtype is FLOAT64):
        return np.vecdot(matrix, ones(matrix.shape[1], dtype))[:, None]
    return row_sums(matrix)


_VECTOR = 1024  # elements that a dot product adds up as exactly as NumPy


def vector_sum(vector: Array) -> Any:
    """``vector.sum()``, started three times as fast where the vector is short."""
    dtype = vector.dtype
    if vector.size <= _VECTOR and (dtype is FLOAT32 or dtype is FLOAT64):
        return vector.dot(ones(vector.size, dtype))
    return add_reduce(vector)


_MANY, _CACHED = 65_536, 6_000_000  # elements from which, and bytes up to which, elements are summed by the row


def total(x: Array) -> Any:
    """``x.sum()``; large contiguous arrays by the row, as exact as NumPy's pairwise sum, in half of its time.

    Not those that are larger than what stays in the cache: NumPy's sum fetches from memory in .7 of the time.
    """
    dtype = x.dtype
    known = dtype is FLOAT32 or dtype is FLOAT64
    if known and x.size <= _SHORT and x.flags.c_contiguous:
        # Started in half of the time, and errs as little: at most 1.8e-7 of 10,000 numbers, a pairwise sum 1.3e-7.
        return x.ravel().dot(ones(x.size, dtype))
    if x.size < _MANY or x.nbytes > _CACHED or not known or not x.flags.c_contiguous:
        return add_reduce(x, None)
    flat = x.reshape(-1)
    whole = flat.size // _VECTOR * _VECTOR
    rows = flat[:whole].reshape(-1, _VECTOR) @ ones(_VECTOR, dtype)
    return add_reduce(rows) + add_reduce(flat[whole:])


_SHORT = 16_384


def largest(vector: Array) -> Any:
    """The largest of some numbers; nan if there is one. Of a few in a quarter of the time that a maximum takes."""
    return vector.item(vector.argmax()) if vector.size <= _SHORT else maximum_reduce(vector, None)


def smallest(vector: Array) -> Any:
    """The smallest of some numbers; nan if there is one."""
    return vector.item(vector.argmin()) if vector.size <= _SHORT else minimum_reduce(vector, None)


def row_maxima(matrix: Array) -> Any:
    """``matrix.max(axis=1, keepdims=True)`` of a matrix with at least one column; nan where a row has a nan."""
    rows, columns = matrix.shape
    if columns <= _FEW_COLUMNS:
        return maximum_reduce(turned(matrix), 0)[:, None]
    if columns <= _SOME_COLUMNS and matrix.flags.c_contiguous:
        places = matrix.argmax(1)
        places += np.arange(0, rows * columns, columns)
        return matrix.reshape(-1).take(places)[:, None]
    return maximum_reduce(matrix, 1, None, None, True)


# --- by the block ------------------------------------------------------------------------------------------------

TOGETHER = 131_072  # elements that are treated together, so that they stay in the cache from pass to pass
_BLOCK = 262_144  # and of more than that, at a time: each pass starts slowly (.88 to .95 of the time with half of it)
_FEW = 32_768  # elements that are not worth a look before
SHARE = 400_000  # elements that are worth a thread


def in_row_blocks(kernel: Callable[..., Any], out: Array, *matrices: Array) -> Array:
    """Run ``kernel(*matrices, out)``, which treats each row by itself, over some rows at a time. Returns `out`."""
    rows, columns = matrices[0].shape
    if rows * columns <= TOGETHER:
        kernel(*matrices, out)
        return out
    step = even_blocks(rows, max(1, _BLOCK // columns))
    starts = range(0, rows, step)

    def compute(some: slice) -> None:
        for start in starts[some]:
            block = slice(start, start + step)
            kernel(*[matrix[block] for matrix in matrices], out[block])

    share(compute, len(starts), rows * columns // SHARE)
    return out


def in_blocks(kernel: Callable[..., Any], *arrays: Array) -> Any:
    """``kernel(*arrays)`` of arrays of one shape, more than `TOGETHER`, of which it treats each element by itself.

    The kernel also takes where to write its result, which has the type of the first array.
    """
    if not all(array.flags.c_contiguous for array in arrays):
        return kernel(*arrays)
    out = np.empty_like(arrays[0])
    in_row_blocks(kernel, out.reshape(-1, 1), *[array.reshape(-1, 1) for array in arrays])
    return out


# --- exponentials ------------------------------------------------------------------------------------------------


def _has_quick_exp2() -> bool:
    """Whether NumPy has vector code for powers of 2 in float32: where it has none, they take twice the time of exp."""
    introspect = getattr(np.lib, "introspect", None)
    if introspect is None:  # an older NumPy
        return False
    found = introspect.opt_func_info("^exp2$", "float32").get("exp2", {})
    return any("X86_V4" in kinds["current"] or "AVX512" in kinds["current"] for kinds in found.values())


_HAS_QUICK_EXP2 = _has_quick_exp2()


def quick_power(dtype: np.dtype[Any]) -> tuple[Any, float]:
    """A function, and a number: of the number times x, the function is ``e ** x``.

    In float32 powers of 2 take half of the time of exp (0.23 ns for each number beside 0.47), as exact where x is a
    rounded number, whose error counts for as much. But numbers whose powers overflow or vanish (for x beyond 87) take
    6 to 60 times as long: it is for what hardly ever is that large.
    """
    return (np.exp2, math.log2(math.e)) if dtype is FLOAT32 and _HAS_QUICK_EXP2 else (np.exp, 1.0)


_POWER, _NUMBER = quick_power(FLOAT32)
_SCALE = np.array(_NUMBER, FLOAT32)
_FEW_NEAR = 2048  # elements for which a second step starts later than it saves
_FAR_BELOW = -80.0  # nearly where powers vanish


def exp_in_cache(x: Array, out: Array) -> Array:
    """``exp(x)``, written to `out`, which may be x: by `quick_power` if a look says that none of many numbers is slow.

    That takes .75 of the time where x or `out` is in the cache; from memory to memory, exp is as quick.
    """
    if x.size > _FEW and x.dtype is FLOAT32 and minimum_reduce(x.reshape(-1)) > _FAR_BELOW:
        np.multiply(x, _SCALE, out)
        _POWER(out, out)
        return out
    np.exp(x, out)
    return out


def exp_of_near(x: Array, out: Array | None) -> Array:
    """``exp(x)``, written to `out` if there is one, of numbers none of which is far below 0.

    In float32 in two steps, in .6 of the time in the cache; `out` is written first by what waits for memory while it
    computes, so from memory to memory it takes .85.
    """
    if x.dtype is not FLOAT32 or x.size < _FEW_NEAR:
        return np.exp(x, out)
    return _POWER(np.multiply(x, _SCALE), out)  # type: ignore[no-any-return]


SMALL = 16.0  # exp of anything between -16 and 16 is far from overflow and underflow, also summed up


def exp_below_one(x: Array, axis: int) -> tuple[Any, Any]:
    """``exp(x - shift)`` and the shift, the maximum along an axis; the shift is None (0) where none is needed.

    Two reductions over everything cost less than one along an axis, so most arrays go without a shift.
    """
    flat = x.reshape(-1)
    if largest(flat) < SMALL and smallest(flat) > -SMALL:
        return np.exp(x), None
    if x.ndim == 2 and axis == 1:
        shift = row_maxima(x)
    else:
        shift = maximum_reduce(x, axis, None, None, True)
    powers = x - shift
    return np.exp(powers, powers), shift


_LEAST_SUM, _MOST_SUM = 1e-6, 1e6


def are_moderate(sums: Array) -> bool:
    """Whether sums of exponentials say that none of these was near an overflow or all near 0. (nan does not.)"""
    flat = sums.ravel()
    return bool(smallest(flat) > _LEAST_SUM and largest(flat) < _MOST_SUM)


def are_not_large(sums: Array) -> bool:
    """Whether sums of exponentials say that none of these was near an overflow. (nan does not.)"""
    return bool(largest(sums.ravel()) < _MOST_SUM)


def sums_along(x: Array, axis: int) -> Any:
    """``x.sum(axis, keepdims=True)``."""
    return row_sums(x) if x.ndim == 2 and axis == 1 else add_reduce(x, axis, None, None, True)


def log_sum_exp(x: Array, axis: int) -> Any:
    """The logarithm of the sum of exponentials along an axis that is not empty; the axis is kept."""
    powers, shift = exp_below_one(x, axis)
    result = sums_along(powers, axis)
    np.log(result, result)
    if shift is not None:
        result += shift
    return result


def row_log_sum_exp(x: Array) -> Any:
    """`log_sum_exp` of the rows of a matrix; most small ones need one look at the result, not two at the input."""
    if x.size <= TOGETHER:
        return _row_log_sum_exp(x)
    return in_row_blocks(_write_row_log_sum_exp, np.empty((x.shape[0], 1), x.dtype), x)


def _row_log_sum_exp(x: Array) -> Any:
    result = row_sums(np.exp(x) if x.size <= _FEW else exp_in_cache(x, np.empty_like(x)))
    np.log(result, result)
    flat = result.reshape(-1)
    # As a row's result is about its maximum, small results (nan is not) say that no shift was needed. Of few rows the
    # sum of squares tells, in one step.
    if flat.dot(flat) < SMALL**2 or (largest(flat) < SMALL and smallest(flat) > -SMALL):
        return result
    return log_sum_exp(x, 1)


def _write_row_log_sum_exp(x: Array, out: Array) -> None:
    out[...] = _row_log_sum_exp(x)


def plane_sums(x: Array) -> Any:
    """The sums over all but the first two dimensions of (images, channels, ...)."""
    planes = x.reshape(x.shape[0], x.shape[1], math.prod(x.shape[2:]))
    dtype = x.dtype
    if dtype is FLOAT32 or dtype is FLOAT64:
        return planes.dot(ones(planes.shape[2], dtype))
    return add_reduce(planes, 2)


BITS = {np.dtype(f"f{size}"): np.dtype(f"i{size}") for size in (2, 4, 8)}
_ZEROS = {kind: np.zeros((), kind) for kind in BITS}
_FEW_MASKED = 512  # elements of which those under a mask are written over sooner than all are multiplied
_NATURAL_BITS: dict[Any, np.dtype[Any]] = {FLOAT32: np.dtype(np.uint32), FLOAT64: np.dtype(np.uint64)}


def masked(x: Array, mask: Array, out: Array | None = None) -> Array:
    """``x`` where the mask holds, else 0, by its bits: no inf or nan gets through, and it costs what a product does."""
    bits = BITS.get(x.dtype)
    if bits is None:
        found = np.where(mask, x, x.dtype.type(0))
        if out is None:
            return found
        out[...] = found
        return out
    if out is None:
        if x.size <= _FEW_MASKED and x.shape and x.shape == mask.shape:
            return few_without(x, ~mask)
        if x.size > TOGETHER and x.shape == mask.shape:  # .9 of the time, where memory is not in the cache
            return in_blocks(_masked_bits, x, mask)  # type: ignore[no-any-return]
        return _masked_bits(x, mask)
    np.multiply(x.view(bits), mask.view(np.int8), out=out.view(bits))
    return out


def _masked_bits(x: Array, mask: Array, out: Array | None = None) -> Array:
    if out is None:
        out = np.empty_like(x)  # no view of integers: a leaf whose gradient it is can take it over without a copy
    bits = BITS[x.dtype]
    found = out.view(bits)
    found[...] = mask  # .8 to .9 of the time of a product of integers with booleans, which are copied to buffers
    found *= x.view(bits)
    return out


def without(x: Array, mask: Array) -> Array:
    """``x`` where the mask does not hold, else 0."""
    if x.size <= _FEW_MASKED and x.shape and x.shape == mask.shape and x.dtype in BITS:
        return few_without(x, mask)
    return masked(x, ~mask)


def few_without(x: Array, mask: Array) -> Array:
    """`without`, for a few floating point numbers and a mask of their shape, which is not ()."""
    found = x.copy("K")
    found[mask] = _ZEROS[x.dtype]  # a 0 of Python's would take three times as long
    return found


def nonzero_masked(x: Array, values: Array) -> Array:
    """``masked(x, values != 0)`` for values of which none is -0.0, in two thirds of the time.

    No booleans, which would have to be widened: the sign of the values' bits, as natural numbers, is 1 or 0.
    """
    bits = _NATURAL_BITS.get(x.dtype)
    if bits is None:
        return masked(x, values != 0)
    out = np.empty_like(x)
    found = out.view(bits)
    np.sign(values.view(bits), found)
    found *= x.view(bits)
    return out
