"""The arithmetic of PyTorch's draws: pure functions that turn uniform words into samples.

PyTorch's compiled kernels use the fused multiply-add ``a * b + c`` with a single rounding, which NumPy does
not have. Two exact substitutes give the same bits on every platform:

- float32: a product of two float32 numbers is exact in float64, so adding there and rounding once is the
  fused result;
- float64: the product and the sum are split into their rounded value and its error (T. J. Dekker, "A
  floating-point
  technique for extending the available precision", Numerische Mathematik 18, 1971).
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from .modes import ERRORS, IGNORED

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "box_muller_pair",
    "converted",
    "fused_multiply_add",
    "fused_multiply_add32",
    "in_memory_order",
    "interval32",
    "normal_cdf",
    "poisson",
    "remainder",
    "shuffled",
]

Float32 = np.ndarray[Any, np.dtype[np.float32]]
Float64 = np.ndarray[Any, np.dtype[np.float64]]

_ZERO = np.array(0, np.float32)
# Chunks whose temporaries stay in a core's second-level cache.
_CHUNK = 1 << 14


def fused_multiply_add(values: Float64, factor: float, summand: float) -> Float64:
    """Compute ``values * factor + summand`` in float64, rounded once instead of twice."""
    # Without a summand, or by a power of two, one of the steps is exact; splitting 1e300 would overflow.
    if summand == 0 or abs(math.frexp(factor)[0]) == 0.5 or not abs(factor) < 1e290:
        return values * factor + summand
    flat = values.reshape(-1)
    out = np.empty_like(flat)
    for start in range(0, flat.size, _CHUNK):
        part = slice(start, start + _CHUNK)
        _dekker(flat[part], factor, summand, out[part])
    return out.reshape(values.shape)


def _dekker(values: Float64, factor: float, summand: float, out: Float64) -> None:
    """One chunk of `fused_multiply_add`: the sum of the rounded result and of both rounding errors."""
    splitter = 134217729.0  # 2**27 + 1 cuts a float64 into two halves of at most 26 bits
    factor_high = splitter * factor - (splitter * factor - factor)
    factor_low = factor - factor_high
    high = values * splitter
    high -= high - values
    low = values - high
    product = values * factor
    error = high * factor_high - product
    error += high * factor_low
    error += low * factor_high
    error += low * factor_low
    np.add(product, summand, out=out)
    rounded = out - product
    error += product - (out - rounded)
    error += summand - rounded
    out += error


# --- conversions and searches


def fused_multiply_add32(values: Float32, factor: float, summand: float) -> Float32:
    """Compute ``values * factor + summand`` in float32, rounded once: in float64 the product is exact.

    The values may be written to.
    """
    if summand == 0:
        values *= np.array(factor, np.float32)
        values += _ZERO  # as 0 + -0 is 0
        return values
    wide_factor, wide_summand = _widened(factor), _widened(summand)
    if values.size <= _CHUNK:
        return _fused32(values, wide_factor, wide_summand)
    for start in range(0, values.size, _CHUNK):
        part = values[start : start + _CHUNK]
        part[...] = _fused32(part, wide_factor, wide_summand)
    return values


@functools.lru_cache(256)
def _widened(number: float) -> Float64:
    """The nearest float32, as a float64 array of no dimension, which takes .5 us to make."""
    return np.array(np.float32(number), np.float64)


def _fused32(values: Float32, factor: Float64, summand: Float64) -> Float32:
    wide = values.astype(np.float64)
    wide *= factor
    wide += summand
    return wide.astype(np.float32)


@functools.lru_cache(64)
def interval32(low: float, high: float) -> tuple[float, bool]:
    """The length of [low, high) in float32, and whether rounding may reach its end from the largest uniform number."""
    start, end = np.float32(low), np.float32(high)
    length = float(end - start)
    return length, bool(np.float32((1 - 2.0**-24) * length + float(start)) >= end)


def converted(values: NDArray[Any], dtype: np.dtype[Any]) -> NDArray[Any]:
    """Convert as C++ does, which comes to float16 by way of float32."""
    if values.dtype == dtype:
        return values
    if dtype == np.float16:
        values = values.astype(np.float32)
    token = ERRORS.set(IGNORED)
    made = values.astype(dtype)
    ERRORS.reset(token)
    return made


def remainder(words: NDArray[Any], divisor: Any) -> NDArray[Any]:
    """``words % divisor``, in place; NumPy divides by a scalar six times faster than it takes a remainder."""
    multiples = words // divisor
    multiples *= divisor
    words -= multiples
    return words


# --- the normal distribution, and Poisson's


def box_muller_pair(u1: float, u2: float) -> tuple[float, float]:
    """Turn two uniform numbers into two normal ones.

    They are ``sqrt(-2 log(1 - u2))`` times the cosine and the sine of ``2 pi u1``.

    Source: G. E. P. Box and M. E. Muller, "A note on the generation of random normal deviates", 1958.
    """
    radius, angle = math.sqrt(-2.0 * math.log1p(-u2)), 2.0 * math.pi * u1
    return radius * math.cos(angle), radius * math.sin(angle)


def normal_cdf(x: float) -> float:
    """The share of a normal distribution below ``x``: ``(1 + erf(x / sqrt(2))) / 2``."""
    return (1.0 + math.erf(x / math.sqrt(2.0))) / 2.0



def poisson(rate: float, uniform: Callable[[int], Float64]) -> int:
    """Draw one Poisson number, from as many float64 uniforms as it takes.

    Small rates count the factors of a product of uniforms down to ``exp(-rate)``; those from 10 on use
    rejection.
    """
    if rate >= 10:
        return _poisson_by_rejection(rate, uniform)
    count, product, threshold = -1, 1.0, math.exp(-rate)
    while rate and (count < 0 or product > threshold):  # the first is always drawn
        product *= float(uniform(1)[0])
        count += 1
    return max(count, 0)


def _poisson_by_rejection(rate: float, uniform: Callable[[int], Float64]) -> int:
    """Source: W. Hoermann, "The transformed rejection method for Poisson random variables", 1993."""
    b = 0.931 + 2.53 * math.sqrt(rate)
    a = -0.059 + 0.02483 * b
    inverse_alpha, acceptance = 1.1239 + 1.1328 / (b - 3.4), 0.9277 - 3.6224 / (b - 2)
    while True:
        u, v = uniform(2).tolist()
        u -= 0.5
        distance = 0.5 - abs(u)
        k = math.floor((2 * a / distance + b) * u + rate + 0.43) if distance else -1
        if distance >= 0.07 and v <= acceptance:
            return k
        if k < 0 or (distance < 0.013 and v > distance):
            continue
        odds = (math.log(v) if v else -math.inf) + math.log(inverse_alpha) - math.log(a / distance**2 + b)
        if odds <= -rate + k * math.log(rate) - math.lgamma(k + 1):
            return k


# --- permutations

# Below this, a loop over a list beats a dozen array operations per block of swaps.
_LOOP = 600
_BLOCK_BITS = 13


def _dimensions_by_memory(like: np.ndarray[Any, Any]) -> list[int]:
    """The dimensions of an array from the largest step in memory to the smallest, as PyTorch sorts them.

    By exchanges, in which dimensions of step 0, that were broadcast, take no part: they may separate the others, but
    keep their places.
    """
    order = list(range(like.ndim))
    steps = [abs(step) for step in like.strides]
    for last in reversed(range(like.ndim - 1)):
        here = last
        for there in range(last + 1, like.ndim):
            outer, inner = order[here], order[there]
            if not steps[outer] or not steps[inner]:
                continue
            if steps[outer] > steps[inner]:
                break
            if steps[outer] == steps[inner] and like.shape[outer] >= like.shape[inner]:
                continue  # of equal steps, the smaller dimension belongs inside
            order[here], order[there] = order[there], order[here]
            here = there
    return order


def in_memory_order(like: np.ndarray[Any, Any], draw: Callable[[tuple[int, ...]], Any]) -> Any:
    """Draws for an array, of which PyTorch hands out one after another along the memory, whatever the shape."""
    if like.flags.c_contiguous:
        return draw(like.shape)
    order = _dimensions_by_memory(like)
    return draw(tuple([like.shape[d] for d in order])).transpose(np.argsort(order))


def shuffled(partner: NDArray[np.int64]) -> NDArray[np.int64]:
    """Swap entries ``i`` and ``partner[i] >= i`` of ``0, 1, 2, ...``, for each ``i`` in turn.

    Source: R. Durstenfeld, "Algorithm 235: Random permutation", Communications of the ACM 7(7), 1964.
    """
    count = len(partner)
    if count <= _LOOP:
        items = list(range(count))
        for i, j in enumerate(partner.tolist()):
            items[i], items[j] = items[j], items[i]
        return np.array(items, dtype=np.int64)
    entries = np.arange(count, dtype=np.int32)
    for start in range(0, count, 1 << _BLOCK_BITS):
        _swap_block(entries, partner[start : start + (1 << _BLOCK_BITS)], start)
    return entries.astype(np.int64)


def _swap_block(entries: NDArray[np.int32], partner: NDArray[np.int64], start: int) -> None:
    """Do a block's swaps at once, as if one after the other.

    Swap ``i`` leaves at its partner's place what stood at ``i`` just before. So what swap ``i`` finds there
    is what stood at ``k``, the latest earlier swap with the same partner, or the entry that was there from
    the start.
    """
    count = len(partner)
    # Sorting brings swaps with the same partner together, in their order.
    keys = np.sort((partner << _BLOCK_BITS) | np.arange(count))
    places, swaps = keys >> _BLOCK_BITS, keys & ((1 << _BLOCK_BITS) - 1)
    repeated = places[1:] == places[:-1]
    found = entries[partner]
    before = entries[start : start + count][_origins(places - start, swaps, repeated)]
    found[swaps[1:][repeated]] = before[swaps[:-1][repeated]]
    latest = np.append(~repeated, True)
    entries[places[latest]] = before[swaps[latest]]
    entries[start : start + count] = found


def _origins(
    places: NDArray[np.int64], swaps: NDArray[np.int64], repeated: NDArray[np.bool_]
) -> NDArray[np.int64]:
    """For each place of a block, say which place's first entry stands there just before its own swap."""
    count = len(places)
    origin = np.arange(count)
    # An entry reaches a place of this block with the latest swap that has it as partner and is not its own.
    arriving = (swaps < places) & (places < count)
    last = np.flatnonzero(arriving)
    if last.size:
        last = last[np.append(places[last[1:]] != places[last[:-1]], True)]
        origin[places[last]] = swaps[last]
    while True:  # follow the chains of arrivals, doubling the stride in each round
        further = origin[origin]
        if np.array_equal(further, origin):
            return origin
        origin = further
