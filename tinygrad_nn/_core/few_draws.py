"""Numbers made of rows of words, for `MersenneTwister.numbers`: each row's depend on nothing but that row's words."""

from __future__ import annotations

from typing import Any

import numpy as np

from .dtypes import FLOAT32, FLOAT64

__all__ = ["exponential_rows", "normal_rows", "uniform_of_pairs", "uniform_rows"]

Array = np.ndarray[Any, Any]

_MASK24, _STEP24 = np.array((1 << 24) - 1, np.uint64), np.array(2.0**-24, np.float32)
_PAIR_MASKS = np.array([(1 << 21) - 1, (1 << 32) - 1], np.uint64)  # a float64 has room for 53 bits
_PAIR_STEPS = np.array([2.0**-21, 2.0**-53])


def uniform_rows(words: Array) -> Array:
    """``(word mod 2**24) / 2**24``."""
    uniform: Array = (words & _MASK24).astype(FLOAT32)
    uniform *= _STEP24
    return uniform


def uniform_of_pairs(words: Array) -> Array:
    """``(word mod 2**53) / 2**53``, of rows of two words."""
    parts = (words & _PAIR_MASKS).astype(FLOAT64)
    uniform: Array = parts.dot(_PAIR_STEPS)  # both parts, and their sum, are exact
    return uniform


def exponential_rows(words: Array) -> Array:
    """``-log(1 - u)`` of uniform numbers in float64, in float32, of rows of two words."""
    numbers = uniform_of_pairs(words)
    np.negative(numbers, out=numbers)
    np.log1p(numbers, out=numbers)
    return np.negative(numbers, out=numbers).astype(FLOAT32)


def normal_rows(words: Array) -> Array:
    """Normal numbers in float32, in blocks of 16; the last 16 words, if they are not such a block, make the last 16."""
    from .box_muller import normal_blocks  # which programs without random numbers need not import

    uniform = uniform_rows(words)
    length = uniform.shape[1]
    if length == 16:
        return normal_blocks(uniform.reshape(-1)).reshape(-1, 16)
    count = length - 16
    whole = count - count % 16
    uniform[:, whole : whole + 16] = uniform[:, count:].copy()
    samples = normal_blocks(uniform[:, : whole + 16].reshape(-1)).reshape(len(words), -1)
    samples[:, count - 16 : count] = samples[:, whole:].copy()
    return samples[:, :count]
