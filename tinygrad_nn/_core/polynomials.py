"""Orthogonal polynomials and their derivatives on whole arrays, by their recurrences in the degree.

All are of the form ``p[k] = (a x + b) p[k - 1] - c p[k - 2]``, and so are, with one more term, their derivatives.
Chebyshev's of a high degree between -1 and 1 are computed as the cosines that they are.

Sources:
    Recurrences: https://dlmf.nist.gov/18.9
    Trigonometric forms: https://dlmf.nist.gov/18.5
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from .pieces import Array

_TRIGONOMETRIC_FROM = 9  # degrees up to 8 are exact to the last digits by recurrence, too
_HIGHEST_HERMITE = {4: 128, 8: 512}  # by the size of a float; higher degrees are nan, as in PyTorch


class _Family(NamedTuple):
    first: tuple[float, float]  # degree 1 is first[0] * x + first[1]
    step: Callable[[int], tuple[float, float, float]]  # a, b and c of degree k
    cosine: Callable[[Array, Array], Array] | None = None  # of degree and angle arccos(x)


def _chebyshev_step(k: int) -> tuple[float, float, float]:
    return 2.0, 0.0, 1.0


_FAMILIES = {
    "chebyshev_t": _Family((1.0, 0.0), _chebyshev_step, lambda n, t: np.cos(n * t)),
    "chebyshev_u": _Family((2.0, 0.0), _chebyshev_step, lambda n, t: np.sin((n + 1) * t) / np.sin(t)),
    "chebyshev_v": _Family((2.0, -1.0), _chebyshev_step, lambda n, t: np.cos((n + 0.5) * t) / np.cos(t * 0.5)),
    "chebyshev_w": _Family((2.0, 1.0), _chebyshev_step, lambda n, t: np.sin((n + 0.5) * t) / np.sin(t * 0.5)),
    "hermite_h": _Family((2.0, 0.0), lambda k: (2.0, 0.0, 2.0 * (k - 1))),
    "hermite_he": _Family((1.0, 0.0), lambda k: (1.0, 0.0, k - 1.0)),
    "laguerre": _Family((-1.0, 1.0), lambda k: (-1 / k, (2 * k - 1) / k, (k - 1) / k)),
    "legendre": _Family((1.0, 0.0), lambda k: ((2 * k - 1) / k, 0.0, (k - 1) / k)),
}


def evaluate(family: str, x: Array, degree: Array, order: int = 0) -> Array:
    """The polynomial of each element's degree, or its derivative of an order; 0 for a negative degree.

    Args:
        family: ``chebyshev_t`` to ``chebyshev_w``, these with ``shifted_`` before, ``hermite_h``, ``hermite_he``,
            ``laguerre`` or ``legendre``.
        x: where to.
        degree: truncated to integers.
        order: of the derivative.

    Example:
        >>> evaluate("legendre", np.array([0.5, 0.5]), np.array([1.0, 2.0]))
        array([ 0.5  , -0.125])
        >>> evaluate("legendre", np.array([0.5, 0.5]), np.array([1.0, 2.0]), order=1)
        array([1. , 1.5])
    """
    if x.dtype.itemsize == 2:
        return evaluate(family, x.astype(np.float32), degree, order).astype(x.dtype)
    factor = 1.0
    if family.startswith("shifted_"):
        x, family, factor = x + x - 1, family.removeprefix("shifted_"), 2.0**order
    x, degree = np.broadcast_arrays(x, np.where(np.isfinite(degree), degree, -1).astype(np.int64))
    rules = _FAMILIES[family]
    unknown = degree > _HIGHEST_HERMITE[x.dtype.itemsize] if family.startswith("hermite") else None
    smooth = None
    if rules.cosine is not None and not order:
        smooth = (degree >= _TRIGONOMETRIC_FROM) & (np.abs(x) < 1)
    elsewhere = [mask for mask in (unknown, smooth) if mask is not None and mask.any()]
    by_steps = np.where(elsewhere[0], -1, degree) if elsewhere else degree
    result = _by_recurrence(rules, x, by_steps, order)
    if elsewhere:
        value: Any = np.nan
        if smooth is not None:
            assert rules.cosine is not None
            value = rules.cosine(degree.astype(x.dtype), np.arccos(np.where(smooth, x, 0)))
        result = np.where(elsewhere[0], value, result).astype(x.dtype)
    return result * factor if factor != 1 else result


def _by_recurrence(rules: _Family, x: Array, degree: Array, order: int) -> Array:
    slope, constant = rules.first
    zeros = np.zeros_like(x)
    before = [zeros + 1, *[zeros] * order]  # degree 0: the value, and derivatives up to the order
    last = [slope * x + constant, zeros + slope, *[zeros] * order][: order + 1]
    result = np.where(degree == 1, last[order], np.where(degree == 0, before[order], zeros))
    for k in range(2, int(degree.max(initial=0)) + 1):
        a, b, c = rules.step(k)
        line = a * x + b
        following = [line * last[0] - c * before[0]]
        for j in range(1, order + 1):
            following.append(line * last[j] + (j * a) * last[j - 1] - c * before[j])
        before, last = last, following
        result = np.where(degree >= k, last[order], result)
    return result
