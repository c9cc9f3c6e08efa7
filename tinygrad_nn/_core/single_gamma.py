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

from .kernels import smallest
from .pieces import Array, in_double, polynomial


def _numbers(*values: float) -> tuple[Any, ...]:
    """As arrays of no dimension, with which NumPy's steps of a few elements begin in two thirds of the time."""
    return tuple([np.array(value) for value in values])


# Bernoulli's numbers, in three series: B[2k] / (2k (2k - 1)), B[2k] / 2k, and B[2k]. The highest power first.
_LOGARITHM = _numbers(-3617 / 122400, 1 / 156, -691 / 360360, 1 / 1188, -1 / 1680, 1 / 1260, -1 / 360, 1 / 12)
_DIGAMMA = _numbers(-1 / 12, 691 / 32760, -1 / 132, 1 / 240, -1 / 252, 1 / 120, -1 / 12)
_TRIGAMMA = _numbers(5 / 66, -1 / 30, 1 / 42, -1 / 30, 1 / 6)
_PRODUCT, _DERIVATIVE = _numbers(1.0, 28.0, 252.0, 720.0), _numbers(4.0, 84.0, 504.0, 720.0)  # of the pairs, over u
_PAIRS = [_numbers(k * (7.0 - k), (7.0 - 2 * k) ** 2) for k in range(4)]
_HALF, _ONE, _TWO, _SEVEN, _EIGHT = _numbers(0.5, 1.0, 2.0, 7.0, 8.0)
(_STIRLING,) = _numbers(0.5 * math.log(2 * math.pi) - 0.5)
_ZERO, _LARGE = _numbers(0.0, 1e38)  # beyond, the product of the factors would overflow
_NOTHING = 1e-9  # next to 1 and 2, where it is 0, the logarithm of a float32 number is nowhere so small


def _negative(x: Array) -> Any:
    """Where numbers are negative; None if all are positive, which a look at the smallest tells five times as soon."""
    return None if smallest(x) > 0 else np.flatnonzero(x < 0)


def _paired(size: Array) -> Array:
    paired: Array = size + _SEVEN
    paired *= size
    return paired


def _positive_logarithm(size: Array) -> Any:
    size = size.clip(_ZERO, _LARGE)
    paired = _paired(size)
    product = polynomial(_PRODUCT, paired)
    product *= paired
    size += _EIGHT
    inverse = _ONE / size
    rest = polynomial(_LOGARITHM, inverse * inverse)
    rest *= inverse
    rest += _STIRLING
    rest -= np.log(product, product)
    logarithm = np.log(size)
    logarithm -= _ONE
    size -= _HALF
    logarithm *= size
    logarithm += rest
    return logarithm


@in_double
def log_gamma(x: Array) -> Any:
    """See `gamma.log_gamma`."""
    value = _positive_logarithm(np.absolute(x))
    if not smallest(found := np.absolute(value)) >= _NOTHING:  # nan is neither
        value[found < _NOTHING] = 0.0
    below = _negative(x)
    if below is not None:
        at = x[below]
        fraction = at - np.rint(at)
        reflected = math.log(math.pi) - np.log(np.abs(at * np.sin(math.pi * fraction))) - value[below]
        value[below] = np.where(np.isinf(at) | (fraction == 0), np.inf, reflected)
    return value


def _positive_digamma(size: Array) -> Any:
    """The sum of ``1 / (x + k)`` is that of ``(2 x + 7) / (u + c)``, which is the derivative of a product over it."""
    paired = _paired(size.clip(_ZERO, _LARGE))
    derivative = polynomial(_DERIVATIVE, paired)
    product = polynomial(_PRODUCT, paired)
    product *= paired
    derivative /= product
    steps = size + size
    steps += _SEVEN
    derivative *= steps
    size = size + _EIGHT
    inverse = _ONE / size
    square = inverse * inverse
    value = polynomial(_DIGAMMA, square)
    value *= square
    inverse *= _HALF
    value -= inverse
    value += np.log(size, size)
    value -= derivative
    return value


@in_double
def digamma(x: Array) -> Any:
    """See `gamma.digamma`."""
    value = _positive_digamma(np.absolute(x))
    below = _negative(x)
    if below is not None:
        at = x[below]
        fraction = at - np.rint(at)
        reflected = value[below] - 1 / at - math.pi / np.tan(math.pi * fraction)
        value[below] = np.where((fraction == 0) | np.isinf(at), np.nan, reflected)
        zero = x == 0
        value[zero] = np.copysign(np.inf, -x[zero])
    return value


def _positive_trigamma(size: Array) -> Any:
    """Of each pair, ``1 / (x + k) ** 2 + 1 / (x + 7 - k) ** 2`` is ``2 / (u + c) + (7 - 2 k) ** 2 / (u + c) ** 2``."""
    paired = _paired(size)
    size = size + _EIGHT
    inverse = _ONE / size
    square = inverse * inverse
    value = polynomial(_TRIGAMMA, square)
    value *= inverse
    value += _HALF
    value *= square
    value += inverse
    for constant, square in _PAIRS:
        reciprocal = _ONE / (paired + constant)
        term = square * reciprocal
        term += _TWO
        term *= reciprocal
        value += term
    return value


@in_double
def trigamma(x: Array) -> Any:
    """The derivative of `digamma`: infinite at 0, -1, -2, ..."""
    value = _positive_trigamma(np.absolute(x))
    below = _negative(x)
    if below is not None:
        at = x[below]
        sine = np.sin(math.pi * (at - np.rint(at)))
        value[below] = (math.pi / sine) ** 2 - value[below] + 1 / (at * at)
    return value
