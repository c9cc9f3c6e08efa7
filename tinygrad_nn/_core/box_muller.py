"""Box and Muller's way from two uniform numbers to two normal ones, as PyTorch's kernels compute it.

Where those use a fused multiply-add in float32, the product, which is exact in float64, and the sum are computed in
float64 and rounded once. So the float32 results are PyTorch's bit for bit, at four passes for a step of a polynomial.
"""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np

__all__ = ["box_muller_pairs", "normal_blocks", "normals_at"]

Float32 = np.ndarray[Any, np.dtype[np.float32]]
Float64 = np.ndarray[Any, np.dtype[np.float64]]
Array = np.ndarray[Any, Any]

# Numbers whose temporaries stay in a core's second-level cache; a quarter as many take 1.2 times as long.
_CHUNK = 1 << 16
_MASK24, _STEP24 = np.array((1 << 24) - 1, np.uint32), np.array(2.0**-24, np.float32)


def box_muller_pairs(uniform: Float64) -> Float64:
    """`random_kernels.box_muller_pair` on consecutive pairs of a whole array."""
    out = np.empty_like(uniform)
    for start in range(0, len(uniform), _CHUNK):
        u1, u2 = uniform[start : start + _CHUNK : 2], uniform[start + 1 : start + _CHUNK : 2]
        radius, angle = np.sqrt(-2.0 * np.log1p(-u2)), (2.0 * math.pi) * u1
        np.multiply(radius, np.cos(angle), out=out[start : start + _CHUNK : 2])
        np.multiply(radius, np.sin(angle), out=out[start + 1 : start + _CHUNK : 2])
    return out


def normal_blocks(uniform: Array) -> Array:
    """Turn uniform float32 or float64 numbers into normal ones, in PyTorch's blocks of eight pairs.

    In each block of 16, ``u1`` is one minus an element of the first half and ``u2`` the element of the second
    half across from it; ``sqrt(-2 log u1)`` times ``cos(2 pi u2)`` replaces the one, times ``sin(2 pi u2)``
    the other. The float32 results are those of PyTorch's AVX2 kernel, bit for bit; they use nothing but
    exactly rounded arithmetic and so are the same on every machine. The float64 results are within the last
    bit of the C library's functions.
    """
    kernel = _box_muller_float32 if uniform.dtype == np.float32 else _box_muller_float64
    out = np.empty_like(uniform)
    rows, filled = uniform.reshape(-1, 8), out.reshape(-1, 8)
    for start in range(0, len(rows), _CHUNK // 8):
        part = rows[start : start + _CHUNK // 8]
        firsts_first, mixed = _orders(len(part))
        u1, u2 = part.take(firsts_first, 0).reshape(2, -1)
        normals = kernel(u1, u2).reshape(-1, 8)
        normals.take(mixed, 0, filled[start : start + _CHUNK // 8], "clip")  # (else `take` copies what it fills)
    return out


def normals_at(places: Array, count: int, words: Array) -> Float32:
    """Of ``count`` normal numbers in float32, 16 or more, those at some places.

    Args:
        places: theirs.
        count: of all; where it is not divisible by 16, the last 16 are made of 16 words more.
        words: what all would be made of.
    """
    starts = places & ~15
    if count % 16:
        last = places >= count - 16
        starts[last] = count
        places = np.where(last, places - (count - 16), places)
    lanes = places & 15
    firsts = starts + (lanes & 7)
    u1, u2 = [(words.take(at) & _MASK24).astype(np.float32) * _STEP24 for at in (firsts, firsts + 8)]
    cos, sin = _box_muller_float32(u1, u2)
    normals: Float32 = np.where(lanes < 8, cos, sin)
    return normals


@functools.lru_cache(8)
def _orders(rows: int) -> tuple[Array, Array]:
    """Every other row first, then the others; and back. (To `take` rows takes .3 of what copies with steps take.)"""
    order = np.arange(rows)
    return order.reshape(-1, 2).T.reshape(-1), order.reshape(2, -1).T.reshape(-1)


def _box_muller_float64(u1: Float64, u2: Float64) -> Float64:
    radius = np.sqrt(-2.0 * np.log(1.0 - u1))
    angle = (2.0 * math.pi) * u2
    both = np.array([np.cos(angle), np.sin(angle)])
    both *= radius
    return both


def _box_muller_float32(u1: Float32, u2: Float32) -> Float32:
    radius = _log(_ONE - u1)
    radius *= _MINUS_TWO
    np.sqrt(radius, out=radius)
    both = _cos_and_sin(u2)
    both *= radius
    return both


def _constants(numbers: Any, dtype: Any = np.float32) -> list[Array]:
    """Numbers as arrays of no dimension, which ufuncs take in half the time of Python's numbers (0.3 us of 0.6)."""
    return [np.array(number, dtype) for number in np.asarray(numbers, np.float32).tolist()]


# The polynomials of `logf`, `sinf` and `cosf` of S. L. Moshier's Cephes library
# (https://www.netlib.org/cephes), which PyTorch's `avx_mathfun.h` evaluates too. The coefficients are float32
# numbers, held as float64 for the fused steps.
_LOG = _constants(
    [
        7.0376836292e-2, -1.1514610310e-1, 1.1676998740e-1, -1.2420140846e-1, 1.4249322787e-1,
        -1.6668057665e-1, 2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1,
    ],
    np.float64,
)  # fmt: skip
# One row per degree, holding the coefficients of cos and of sin.
_COS_SIN = np.array(
    [
        [[2.443315711809948e-5], [-1.9515295891e-4]],
        [[-1.388731625493765e-3], [8.3321608736e-3]],
        [[4.166664568298827e-2], [-1.6666654611e-1]],
    ],
    np.float32,
).astype(np.float64)  # fmt: skip
_SQRT_HALF_BITS = np.array(0.707106781186547524, np.float32).view(np.int32)
_MANTISSA_BITS, _MANTISSA = np.array(23, np.int32), np.array((1 << 23) - 1, np.int32)
# Logarithm of two as a sum of short numbers: small multiples of the first are exact.
_LN2_HIGH, _LN2_LOW = _constants([0.693359375, -2.12194440e-4])
(_TWO_PI,) = _constants([2.0 * math.pi])
# Half of pi as PyTorch has it, in three float32 parts; their sum and its small multiples are exact in float64.
_HALF_PI = np.array(2.0 * sum(_constants([0.78515625, 2.4187564849853515625e-4, 3.77489497744594108e-8], np.float64)))
_HALF, _ONE, _FOUR, _MINUS_TWO = _constants([0.5, 1, 4, -2])
_WIDE_HALF = np.array(0.5)
_INT_30, _INT_31, _SIGN = (np.array(n, np.int32) for n in (30, 31, -(2**31)))
# The first partial sums lie in [2**-10, 2**-9) for cos and in [2**-7, 2**-6) for sin. Added to so large a number, they
# are rounded to float32's step there, at half of what two conversions take.
_ROUNDING = 1.5 * 2.0 ** np.array([[-10 + 52 - 23], [-7 + 52 - 23]])
_COS_SIN_1_ROUNDED = _COS_SIN[1] + _ROUNDING


def _horner(x: Float64, coefficients: Any) -> tuple[Float32, Float64]:
    """Evaluate a polynomial, each step fused and rounded to float32; also return the float64 work array."""
    wide = x * coefficients[0]
    wide += coefficients[1]
    narrow = wide.astype(np.float32)
    for coefficient in coefficients[2:]:
        wide[...] = narrow
        wide *= x
        wide += coefficient
        narrow[...] = wide
    return narrow, wide


def _log(u: Float32) -> Float32:
    """Natural logarithm of ``u = m * 2**e``, with ``m`` around one, as ``log m + e log 2``."""
    bits = u.view(np.int32) - _SQRT_HALF_BITS
    e = (bits >> _MANTISSA_BITS).astype(np.float32)
    bits &= _MANTISSA
    bits += _SQRT_HALF_BITS
    x: Float32 = bits.view(np.float32)
    x -= _ONE
    wide_x = x.astype(np.float64)
    y, wide = _horner(wide_x, _LOG)
    y *= x
    square = x * x
    wide[...] = y
    wide_x[...] = square  # (an operation on arrays of two types takes longer than this and one on arrays of one type)
    wide *= wide_x
    wide_x[...] = e * _LN2_LOW
    wide += wide_x
    y[...] = wide
    square *= _HALF
    y -= square
    x += y
    e *= _LN2_HIGH
    x += e
    return x


def _cos_and_sin(turns: Float32) -> Float32:
    """Cosine and sine, as two rows: of what is left of the nearest quarter of a turn, then swapped and negated."""
    nearest = turns * _FOUR
    nearest += _HALF
    quarter = nearest.astype(np.int32)  # for all multiples of 2**-24, PyTorch's, which it finds by way of octants
    turns *= _TWO_PI
    # PyTorch subtracts the quarters in three steps, of which only the last is inexact. All in one, it is rounded alike.
    wide_x = turns.astype(np.float64)
    wide = quarter.astype(np.float64)
    wide *= _HALF_PI
    wide_x -= wide
    x = wide_x.astype(np.float32)
    wide_x[...] = x
    square = x
    square *= x
    wide_square = square.astype(np.float64)
    wide = wide_square * _COS_SIN[0]
    wide += _COS_SIN_1_ROUNDED
    wide -= _ROUNDING
    wide *= wide_square
    wide += _COS_SIN[2]
    both: Float32 = wide.astype(np.float32)
    both *= square
    wide[...] = both
    cos, sin = wide
    cos *= wide_square
    wide_square *= _WIDE_HALF
    cos -= wide_square
    sin *= wide_x
    sin += wide_x
    both[...] = wide
    both[0] += _ONE
    # Bit 0 of the quarter says whether to exchange the rows, and bit 1 is sin's sign; cos has the sign of both.
    bits = both.view(np.int32)
    exchange = quarter << _INT_31
    quarter <<= _INT_30
    bits ^= (bits[0] ^ bits[1]) & (exchange >> _INT_31)
    exchange ^= quarter
    exchange &= _SIGN
    bits[0] ^= exchange
    quarter &= _SIGN
    bits[1] ^= quarter
    return both
