"""Draws from rows of weights: which category a uniform number falls into, of many rows at once.

A uniform number falls into the first category up to which the weights, added one after the other in their own precision
and divided by their sum, reach it. That is a search in each row, and a call of NumPy for each row would take 10 us.
"""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from .blas import turned

__all__ = ["categories_of", "largest_keys"]

Array = np.ndarray[Any, Any]

_FEW_ROWS = 2  # that are searched sooner one by one
_WIDE = 400  # rows, from which on a call for each category adds sooner than `cumsum`, which takes 3 ns an element
_COUNTED = 1 << 20  # comparisons, up to which it is sooner to compare with all of up to 255 sums than to search
_PASSES = 8  # samples, up to which so many looks for a maximum are sooner than sorting


def categories_of(weights: Array, uniform: Array) -> Array:
    """The category of each uniform number: of weights (rows, categories) and numbers (rows, samples)."""
    rows, categories = weights.shape
    kind = np.dtype(np.float32) if weights.dtype == np.float16 else weights.dtype
    if rows <= _FEW_ROWS:
        drawn = [_searched(row, u, kind) for row, u in zip(weights, uniform, strict=True)]
        return np.array(drawn, np.int64)
    sums = _running_sums(weights, kind)
    totals = sums[-1]
    if categories < 256 and categories * uniform.size <= _COUNTED:
        return _counted(np.divide(sums[:-1], totals, order="C").astype(np.float64), uniform)
    return _halved(sums, totals, uniform)


def _searched(weights: Array, uniform: Array, kind: Any) -> Array:
    sums = np.cumsum(weights, dtype=kind)
    sums /= sums[-1]
    sums[-1] = 1
    return np.searchsorted(sums.astype(np.float64), uniform, side="left")


def _running_sums(weights: Array, kind: Any) -> Array:
    """The running sums of rows, as columns."""
    if len(weights) < _WIDE:
        return np.add.accumulate(weights, 1, kind).T
    sums = turned(weights.astype(kind, copy=False))
    for before, here in itertools.pairwise(sums):
        np.add(before, here, out=here)
    return sums


def _counted(sums: Array, uniform: Array) -> Array:
    """Count the sums, of a column each, that each number is above; NumPy wants the longer dimension last."""
    if uniform.shape[0] < uniform.shape[1]:
        counts: Array = np.add.reduce((sums[:, :, None] < uniform).view(np.uint8), 0, np.uint8)
    else:
        counts = np.add.reduce((sums[:, None] < uniform.T.copy()).view(np.uint8), 0, np.uint8).T
    return counts.astype(np.int64)


def _halved(sums: Array, totals: Array, uniform: Array) -> Array:
    """Search all columns at once, by halves; the last sum, which all numbers reach, is not looked at."""
    flat = sums.ravel("K")
    step, across = (stride // sums.itemsize for stride in sums.strides)
    starts, totals = across * np.arange(sums.shape[1])[:, None], totals[:, None]
    found = np.zeros(uniform.shape, np.int64)
    left = len(sums) - 1
    while left:
        half = max(left // 2, 1)
        probed = flat.take(starts + (found + (half - 1)) * step)
        found += (probed / totals < uniform) * half
        left = left - half if left > 1 else 0
    return found


def largest_keys(keys: Array, number: int) -> Array:
    """The places of the largest keys of each row, the largest first; of equal ones the first. Writes into the keys."""
    if number > _PASSES:
        return np.argsort(-keys, axis=-1, kind="stable")[..., :number]
    places = np.empty((*keys.shape[:-1], number), np.int64)
    for place in range(number):
        largest = keys.argmax(-1)
        places[..., place] = largest
        if place + 1 < number:
            np.put_along_axis(keys, largest[..., None], -np.inf, -1)
    return places
