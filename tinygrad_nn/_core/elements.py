"""Kernels that treat each element by itself: in a few passes over blocks that stay in the cache.

A kernel takes arrays of one shape, and last where to write; its first pass writes there, the others mostly in place,
which is the quickest (.05 ns for each number, from one array to another .12).
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from .dtypes import FLOAT32
from .kernels import BITS, SHARE, TOGETHER, in_row_blocks, total
from .sharing import even_blocks, share

Array = np.ndarray[Any, Any]

_KINDS = [np.dtype(f"f{size}") for size in (2, 4, 8)]
_ZERO = {kind: np.zeros((), kind) for kind in _KINDS}
_ENDLESS = {kind: np.array(np.inf, kind) for kind in _KINDS}
_MINUS_ENDLESS = {kind: np.array(-np.inf, kind) for kind in _KINDS}


def each(kernel: Callable[..., Any], *arrays: Array, **options: Any) -> Array:
    """What ``kernel(*arrays, out, **options)`` writes: an array like the first."""
    first = arrays[0]
    out = np.empty_like(first)
    if options:
        kernel = functools.partial(kernel, **options)
    if first.size > TOGETHER and all(array.flags.c_contiguous for array in arrays):
        in_row_blocks(kernel, out.reshape(-1, 1), *[array.reshape(-1, 1) for array in arrays])
    else:
        kernel(*arrays, out)
    return out


def sum_of_each(kernel: Callable[..., Any], *arrays: Array, **options: Any) -> Any:
    """``each(kernel, *arrays, **options).sum()``, of which nothing is kept where there are many elements."""
    first = arrays[0]
    if first.size <= TOGETHER or not all(array.flags.c_contiguous for array in arrays):
        return total(each(kernel, *arrays, **options))
    flat = [array.reshape(-1) for array in arrays]
    step = even_blocks(first.size, TOGETHER)
    starts = range(0, first.size, step)

    def compute(some: slice) -> list[float]:
        sums, scratch = [], np.empty(step, first.dtype)
        for start in starts[some]:
            block = [array[start : start + step] for array in flat]
            out = scratch[: block[0].size]
            kernel(*block, out, **options)
            sums.append(float(total(out)))
        return sums

    parts = share(compute, len(starts), first.size // SHARE)
    return first.dtype.type(sum([number for part in parts for number in part]))


# NumPy has vector code for a clip between two numbers, and none for the larger of an array and a number, which takes
# three times as long.


def positive_part(x: Array, out: Array | None = None) -> Array:
    """``maximum(x, 0)``"""
    return x.clip(_ZERO[x.dtype], _ENDLESS[x.dtype], out)


def negative_part(x: Array, out: Array | None = None) -> Array:
    """``minimum(x, 0)``"""
    return x.clip(_MINUS_ENDLESS[x.dtype], _ZERO[x.dtype], out)


def clipped(x: Array, low: float, high: float) -> Array:
    """``minimum(maximum(x, low), high)``, in the type of x."""
    kind = x.dtype.type
    return x.clip(kind(low), kind(high), np.empty_like(x))


_MANY = 1000  # elements: fewer are done before the first block of `remainders` is begun


def are_many_singles(x: Any, y: Any) -> bool:
    """Whether these are so many float32 numbers that `remainders` has quicker functions for them than NumPy."""
    kinds = getattr(x, "dtype", None) is FLOAT32 and getattr(y, "dtype", None) is FLOAT32
    return kinds and max(x.size, y.size) >= _MANY


def mask_into(x: Array, mask: Array, out: Array) -> None:
    """Write ``x`` where the mask holds, else 0, of floating point numbers: by their bits, lest an inf gets through."""
    bits = BITS[x.dtype]
    found = out.view(bits)
    found[...] = mask  # a product of integers with booleans takes longer than to widen these before
    found *= x.view(bits)


def near_into(x: Array, at: Array, out: Array, limit: float) -> None:
    """Write ``x`` where ``|at| < limit``, else 0, for a limit above 0; `out` may be `at`.

    Without booleans, which would have to be widened: .85 of the time of `mask_into`. Floating point numbers from 0 on
    are in the order of their bits, as integers; the sign of a difference of these, drawn out, is a mask.
    """
    found = _distances(at, out)
    found -= _bits(limit, out)
    _keep_by_sign(found, x)


def far_into(x: Array, at: Array, out: Array, limit: float) -> None:
    """Write ``x`` where ``|at| > limit`` or `at` is nan, else 0, for a limit from 0 on; as `near_into`."""
    found = _distances(at, out)
    np.subtract(_bits(limit, out), found, found)
    _keep_by_sign(found, x)


def _bits(number: float, out: Array) -> Any:
    return np.array(abs(number), out.dtype).view(BITS[out.dtype])


def _distances(at: Array, out: Array) -> Array:
    np.absolute(at, out)
    return out.view(BITS[out.dtype])


def _keep_by_sign(found: Array, x: Array) -> None:
    found >>= 8 * found.itemsize - 1
    found &= x.view(found.dtype)


def choose_into(condition: Array, x: Array, y: Any, out: Array) -> None:
    """Write ``where(condition, x, y)``, of floating point numbers; y may be a number, and `out` x or y."""
    bits = BITS[out.dtype]
    other = np.asarray(y, out.dtype).view(bits)
    chosen = np.asarray(condition).astype(bits)
    chosen *= np.bitwise_xor(x.view(bits), other)
    np.bitwise_xor(chosen, other, out.view(bits))


def numbers_into(condition: Array, x: float, y: float, out: Array) -> None:
    """Write ``where(condition, x, y)`` of two numbers, in .6 of the time of arrays."""
    bits = BITS[out.dtype]
    first, second = np.array([x, y], out.dtype).view(bits)
    found = out.view(bits)
    found[...] = condition
    found *= first - second
    found += second


def signs_into(x: Array, out: Array) -> None:
    """Write -1, 0 or 1, with the sign of each element, and 0 for nan: in half of the time of ``np.sign``."""
    zero = _ZERO.get(x.dtype, 0)
    out[...] = np.greater(x, zero).view(np.int8) - np.less(x, zero).view(np.int8)
