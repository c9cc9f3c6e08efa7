"""The gamma function's logarithm and its first two derivatives in float32: exact but for the last rounding or two.

They compute in float64, each element in the same few steps, where float64's own functions (`gamma`) pick pieces by
size. From x the argument goes up by 8 to where Stirling's series is exact; the factors x, x + 1, ..., x + 7 on the
way are taken in pairs, ``(x + k) (x + 7 - k) = u + k (7 - k)`` with ``u = x (x + 7)``.

Sources:
    Series: https://dlmf.nist.gov/5.11 and https://dlmf.nist.gov/5.15
    Reflection: https://dlmf.nist.gov/5.5
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .pieces import Array, in_double, polynomial

# Bernoulli's numbers, in three series: B[2k] / (2k (2k - 1)), B[2k] / 2k, and B[2k]. The highest power first.
_LOGARITHM = (-3617 / 122400, 1 / 156, -691 / 360360, 1 / 1188, -1 / 1680, 1 / 1260, -1 / 360, 1 / 12)
_DIGAMMA = (-1 / 12, 691 / 32760, -1 / 132, 1 / 240, -1 / 252, 1 / 120, -1 / 12)
_TRIGAMMA = (5 / 66, -1 / 30, 1 / 42, -1 / 30, 1 / 6)
_HALF_LOG_TWO_PI = 0.5 * math.log(2 * math.pi)
_SHIFT = 8.0
_LARGE = 1e38  # beyond, the product of the factors would overflow
_NOTHING = 1e-9  # next to 1 and 2, where it is 0, the logarithm of a float32 number is nowhere so small


def _paired(size: Array) -> Array:
    paired = size + (_SHIFT - 1)
    paired *= size
    return paired


def _positive_logarithm(size: Array) -> Any:
    size = size.clip(0.0, _LARGE)
    paired = _paired(size)
    product = paired + 6.0
    product *= paired
    paired += 10.0
    product *= paired
    paired += 2.0
    product *= paired
    size += _SHIFT
    inverse = 1.0 / size
    rest = polynomial(_LOGARITHM, inverse * inverse)
    rest *= inverse
    rest += _HALF_LOG_TWO_PI - 0.5
    rest -= np.log(product, product)
    logarithm = np.log(size)
    logarithm -= 1.0
    size -= 0.5
    logarithm *= size
    logarithm += rest
    return logarithm


@in_double
def log_gamma(x: Array) -> Any:
    """See `gamma.log_gamma`."""
    value = _positive_logarithm(np.absolute(x))
    value[np.absolute(value) < _NOTHING] = 0.0
    below = np.flatnonzero(x < 0)
    if below.size:
        at = x[below]
        fraction = at - np.rint(at)
        reflected = math.log(math.pi) - np.log(np.abs(at * np.sin(math.pi * fraction))) - value[below]
        value[below] = np.where(np.isinf(at) | (fraction == 0), np.inf, reflected)
    return value


def _positive_digamma(size: Array) -> Any:
    """The sum of ``1 / (x + k)`` is that of ``(2 x + 7) / (u + c)``, which is the derivative of a product over it."""
    paired = _paired(size.clip(0.0, _LARGE))
    derivative = polynomial((4.0, 84.0, 504.0, 720.0), paired)
    product = polynomial((1.0, 28.0, 252.0, 720.0), paired)
    product *= paired
    derivative /= product
    steps = 2.0 * size
    steps += _SHIFT - 1
    derivative *= steps
    size = size + _SHIFT
    inverse = 1.0 / size
    square = inverse * inverse
    value = polynomial(_DIGAMMA, square)
    value *= square
    inverse *= 0.5
    value -= inverse
    value += np.log(size, size)
    value -= derivative
    return value


@in_double
def digamma(x: Array) -> Any:
    """See `gamma.digamma`."""
    value = _positive_digamma(np.absolute(x))
    below = np.flatnonzero(x < 0)
    if below.size:
        at = x[below]
        fraction = at - np.rint(at)
        reflected = value[below] - 1 / at - math.pi / np.tan(math.pi * fraction)
        value[below] = np.where((fraction == 0) | np.isinf(at), np.nan, reflected)
    if not x.all():
        zero = x == 0
        value[zero] = np.copysign(np.inf, -x[zero])
    return value


def _positive_trigamma(size: Array) -> Any:
    """Of each pair, ``1 / (x + k) ** 2 + 1 / (x + 7 - k) ** 2`` is ``2 / (u + c) + (7 - 2 k) ** 2 / (u + c) ** 2``."""
    paired = _paired(size)
    size = size + _SHIFT
    inverse = 1.0 / size
    square = inverse * inverse
    value = polynomial(_TRIGAMMA, square)
    value *= inverse
    value += 0.5
    value *= square
    value += inverse
    for constant, difference in ((0.0, 49.0), (6.0, 25.0), (10.0, 9.0), (12.0, 1.0)):
        reciprocal = 1.0 / (paired + constant)
        term = difference * reciprocal
        term += 2.0
        term *= reciprocal
        value += term
    return value


@in_double
def trigamma(x: Array) -> Any:
    """The derivative of `digamma`: infinite at 0, -1, -2, ..."""
    value = _positive_trigamma(np.absolute(x))
    below = np.flatnonzero(x < 0)
    if below.size:
        at = x[below]
        sine = np.sin(math.pi * (at - np.rint(at)))
        value[below] = (math.pi / sine) ** 2 - value[below] + 1 / (at * at)
    return value
