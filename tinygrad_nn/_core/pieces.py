"""What the kernels of special functions are made of: polynomials, Chebyshev series, and functions in pieces.

The kernels compute in float64 whatever the arrays' type, so that float32 results are right but for the last rounding;
over blocks that fit in the processor's cache.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
Kernel = Callable[..., Any]

_BLOCK = 1 << 13  # elements: a few float64 arrays of this size fit in a processor core's own cache


def in_double(kernel: Kernel) -> Kernel:
    """The kernel, computed in float64 and by the block, for arrays of any one floating point type that broadcast."""

    @functools.wraps(kernel)
    @np.errstate(all="ignore")
    def call(*arrays: Array) -> Array:
        shape = arrays[0].shape if len(arrays) == 1 else np.broadcast_shapes(*(a.shape for a in arrays))
        flat = [np.broadcast_to(a, shape).reshape(-1) for a in arrays]
        out = np.empty(shape, arrays[0].dtype)
        flat_out = out.reshape(-1)
        for start in range(0, out.size, _BLOCK):
            part = slice(start, start + _BLOCK)
            flat_out[part] = kernel(*[a[part].astype(np.float64) for a in flat])
        return out

    return call


def polynomial(coefficients: Sequence[float], x: Array) -> Array:
    """A polynomial by Horner's rule, the highest power's coefficient first."""
    result = x * coefficients[0]
    for coefficient in coefficients[1:-1]:
        result += coefficient
        result *= x
    result += coefficients[-1]
    return result


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
