"""Derivatives from values alone: what a rule's answer is compared with.

Source: Squire and Trapp, Using Complex Variables to Estimate Derivatives of Real Functions, SIAM Review 40 (1998), and
the five-point formula, https://dlmf.nist.gov/3.4.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
Function = Callable[[list[Any]], list[Any]]
_STEPS = (1e-2, 1e-3, 1e-4, 1e-5)
_IMAGINARY_STEP = 1e-20


def moved(arrays: Sequence[Any], position: int, by: Any) -> list[Any]:
    """The arrays, with one of them changed."""
    return [np.asarray(array + by) if i == position else array for i, array in enumerate(arrays)]


def weighted(weights: Sequence[Any], values: Sequence[Any]) -> Any:
    """The sum of all values, each times its weight: one number for any number of arrays."""
    pairs = zip(weights, values, strict=True)
    return sum((np.sum(weight * value) for weight, value in pairs if weight is not None), 0.0)


def central(
    function: Function, arrays: Sequence[Any], position: int, direction: Array, weights: Sequence[Any]
) -> float:
    """The derivative along a direction, by five-point differences with a tuned step.

    Of the steps tried, that one counts whose answer agrees best with its neighbour's: a greater step suffers from the
    function's curvature (or from a kink nearby), a smaller one from rounding.
    """
    with np.errstate(all="ignore"):
        found = [_five_points(function, arrays, position, direction, weights, step) for step in _STEPS]
    differences = [abs(a - b) for a, b in pairwise(found)]
    best = int(np.argmin(np.where(np.isnan(differences), np.inf, differences)))
    return float(found[best + 1] if best + 1 < len(found) - 1 else found[best])


def _five_points(
    function: Function, arrays: Sequence[Any], position: int, direction: Array, weights: Sequence[Any], step: float
) -> float:
    def difference(length: float) -> Any:
        ahead = function(moved(arrays, position, length * direction))
        behind = function(moved(arrays, position, -length * direction))
        return weighted(weights, [None if w is None else a - b for w, a, b in zip(weights, ahead, behind, strict=True)])

    return float((8 * difference(step) - difference(2 * step)) / (12 * step))


def complex_step(
    function: Function, arrays: Sequence[Any], position: int, direction: Array, weights: Sequence[Any]
) -> float | None:
    """The derivative along a direction, exact to rounding; None where the function cannot take complex input."""
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("error")
            real = function(list(arrays))
            values = function(moved(arrays, position, _IMAGINARY_STEP * 1j * direction))
    except Exception:  # whatever a forward function does with numbers that it was not written for
        return None
    chosen = [(w, r, v) for w, r, v in zip(weights, real, values, strict=True) if w is not None]
    for _, expected, value in chosen:
        if value.dtype.kind != "c" or not np.allclose(value.real, expected, 1e-12, 1e-14, equal_nan=True):
            return None
    return float(weighted([w for w, _, _ in chosen], [v.imag / _IMAGINARY_STEP for _, _, v in chosen]))


def derivative(
    function: Function,
    complex_function: Function | None,
    arrays: Sequence[Any],
    position: int,
    direction: Array,
    weights: Sequence[Any],
) -> tuple[float, float]:
    """The derivative along a direction, and the relative accuracy that may be asked of an answer compared with it.

    The complex step is right only for functions that are differentiable as complex functions (``x * sign(x)`` is not),
    so it has to agree with differences of real values before it is believed.
    """
    rough = central(function, arrays, position, direction, weights)
    if complex_function is not None:
        exact = complex_step(complex_function, arrays, position, direction, weights)
        if exact is not None and abs(exact - rough) <= 1e-5 * max(abs(exact), abs(rough), 1e-3):
            return exact, 1e-9
    return rough, 1e-6


def elementwise(function: Function, arrays: Sequence[Any], position: int, weights: Sequence[Any]) -> Array:
    """The derivative with respect to each element of one input: slow, for reports."""
    array = arrays[position]
    result = np.zeros(array.shape)
    for index in np.ndindex(array.shape):
        direction = np.zeros(array.shape)
        direction[index] = 1.0
        result[index] = central(function, arrays, position, direction, weights)
    return result
