"""What the kernels of special functions are made of: polynomials, Chebyshev series, and functions in pieces.

The kernels compute in float64 whatever the arrays' type, so that float32 results are right but for the last rounding;
over blocks that fit in the processor's cache.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .modes import ERRORS, IGNORED

Array = np.ndarray[Any, Any]
Kernel = Callable[..., Any]

_BLOCK = 1 << 13  # elements: a few float64 arrays of this size fit in a processor core's own cache


def in_double(kernel: Kernel) -> Kernel:
    """The kernel, computed in float64 and by the block, for arrays of any one floating point type that broadcast."""

    @functools.wraps(kernel)
    def call(*arrays: Array) -> Array:
        token = ERRORS.set(IGNORED)
        try:
            first = arrays[0]
            if len(arrays) == 1 and 0 < first.size <= _BLOCK:  # .4 of what it takes to begin otherwise
                few: Array = kernel(first.astype(np.float64).reshape(-1))
                return few.astype(first.dtype).reshape(first.shape)
            shape = first.shape if len(arrays) == 1 else np.broadcast_shapes(*(a.shape for a in arrays))
            flat = [np.broadcast_to(a, shape).reshape(-1) for a in arrays]
            out = np.empty(shape, first.dtype)
            flat_out = out.reshape(-1)
            for start in range(0, out.size, _BLOCK):
                part = slice(start, start + _BLOCK)
                flat_out[part] = kernel(*[a[part].astype(np.float64) for a in flat])
            return out
        finally:
            ERRORS.reset(token)

    return call


def polynomial(coefficients: Sequence[float], x: Array) -> Array:
    """A polynomial by Horner's rule, the highest power's coefficient first."""
    result = x * coefficients[0]
    for coefficient in coefficients[1:-1]:
        result += coefficient
        result *= x
    result += coefficients[-1]
    return result


_FEW = 200  # elements for which steps cost more to start than to make


def long_polynomial(coefficients: tuple[float, ...], x: Array) -> Any:
    """A polynomial of many powers; of few elements a product with these, twice as many in each step.

    That takes .6 of the time for 20 coefficients. Its last digits are not those of Horner's rule.
    """
    if x.size > _FEW:
        return polynomial(coefficients, x)
    count = len(coefficients)
    powers = np.empty((count, x.size), x.dtype)
    powers[0], powers[1] = 1.0, x
    known = 2
    while known < count:
        more = min(known - 1, count - known)
        np.multiply(powers[1 : 1 + more], powers[known - 1], powers[known : known + more])
        known += more
    return _ascending(coefficients).dot(powers)


@functools.lru_cache(maxsize=64)
def _ascending(coefficients: tuple[float, ...]) -> Array:
    return np.array(coefficients[::-1])


def chebyshev(coefficients: Sequence[float], x: Array) -> Array:
    """A Chebyshev series in x / 2 by Clenshaw's rule: the highest coefficient first, of the last one half counts."""
    last = before = np.zeros_like(x)
    result = last + coefficients[0]
    for coefficient in coefficients[1:]:
        before, last = last, result
        result = x * last - before
        result += coefficient
    return 0.5 * (result - before)


def by_piece(arrays: tuple[Array, ...], *pieces: tuple[Array, Kernel]) -> Array:
    """A function in pieces: (mask, function) pairs whose masks do not overlap; nan where none holds."""
    first = arrays[0]
    out = np.full(first.shape, np.nan)
    for mask, function in pieces:
        count = np.count_nonzero(mask)
        if count == first.size:
            whole: Array = function(*arrays)
            return whole
        if count:
            out[mask] = function(*[a[mask] for a in arrays])
    return out
