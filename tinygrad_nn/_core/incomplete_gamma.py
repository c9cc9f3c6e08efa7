"""The incomplete gamma functions, divided by the gamma function, on whole arrays.

Where each of the formulas is used is SciPy's and PyTorch's choice, but for the asymptotic series, which is used for all
large parameters near x; its coefficients are computed, as exact fractions, when they are first needed.

Sources:
    Power series and continued fraction: https://dlmf.nist.gov/8.11.E4, 8.7.E3, 8.9.E2
    Uniform asymptotic series: Temme (1979), https://dlmf.nist.gov/8.12
    PyTorch: https://docs.pytorch.org/docs/stable/special.html#torch.special.gammainc
"""

from __future__ import annotations

import functools
import math
from fractions import Fraction
from typing import Any

import numpy as np

from .gamma import log_gamma, stirling_correction
from .pieces import Array, by_piece, in_double, polynomial
from .special import erfc

_MOST_STEPS = 2000
_TINY = 2.0**-53
_NEAR, _ASYMPTOTIC_FROM, _STIRLING_FROM = 0.3, 20.0, 8.0
_ORDERS, _POWERS = 12, 25  # of the asymptotic series: a^-12 and eta^25 are below the last digit


def _log_minus(a: Array, x: Array) -> Array:
    """``log(x / a) - (x - a) / a``, exact also for x near a, where the two cancel out."""
    d = (x - a) / a
    u = d / (2 + d)  # log(1 + d) = 2 atanh(u)
    square = u * u
    series = polynomial([1 / n for n in range(27, 1, -2)], square)
    return np.where(np.abs(d) < _NEAR + 0.05, 2 * u * square * series - d * u, np.log(x / a) - d)


def _factor(a: Array, x: Array) -> Array:
    """``x ** a * exp(-x) / gamma(a)``."""

    def direct(a: Array, x: Array) -> Any:
        return np.exp(a * np.log(x) - x - log_gamma(a))

    def scaled(a: Array, x: Array) -> Any:
        exponent = a * _log_minus(a, x) - stirling_correction(a)
        return np.sqrt(a / (2 * math.pi)) * np.exp(exponent)

    return by_piece((a, x), (a < _STIRLING_FROM, direct), (a >= _STIRLING_FROM, scaled))


def _lower_series(a: Array, x: Array) -> Array:
    """The lower function, ``factor / a * (1 + x / (a + 1) + x**2 / ((a + 1)(a + 2)) + ...)``."""
    term = np.ones_like(a)
    total = np.ones_like(a)
    for step in range(1, _MOST_STEPS):
        term = term * (x / (a + step))
        total += term
        if not (term > _TINY * total).any():
            break
    return total * _factor(a, x) / a


def _upper_series(a: Array, x: Array) -> Any:
    """The upper function for small x, without the loss of digits that ``1 - lower`` would mean."""
    power = np.ones_like(a)
    total = np.zeros_like(a)
    for step in range(1, _MOST_STEPS):
        power = power * (-x / step)
        term = power / (a + step)
        total += term
        if not (np.abs(term) > _TINY * np.abs(total)).any():
            break
    log_x = np.log(x)
    return -np.expm1(a * log_x - log_gamma(1 + a)) - np.exp(a * log_x - log_gamma(a)) * total


def _upper_fraction(a: Array, x: Array) -> Array:
    """The upper function for x above a, by Legendre's continued fraction (modified Lentz)."""
    b = x + 1 - a
    c = np.full(a.shape, 1e300)
    d = 1 / b
    result = d
    moving = np.ones(a.shape, np.bool_)  # each element stops by itself, whatever is computed beside it
    for step in range(1, _MOST_STEPS):
        numerator = -step * (step - a)
        b = b + 2
        d = 1 / (numerator * d + b)
        c = b + numerator / c
        change = c * d
        result = np.where(moving, result * change, result)
        moving &= np.abs(change - 1) > 2 * _TINY
        if not moving.any():
            break
    return result * _factor(a, x)


@functools.cache
def _asymptotic_coefficients() -> Array:
    """``d[k][n]`` of DLMF 8.12.11: the series in ``1 / a`` and ``eta``."""
    count = _POWERS + 2 * _ORDERS + 3
    alpha = [Fraction(0), Fraction(1)]
    for n in range(2, count):
        folded = sum((j * alpha[j] * alpha[n - j + 1] for j in range(2, n)), Fraction(0))
        alpha.append((alpha[n - 1] - folded) / (n + 1))
    first = [Fraction(-1, 3), *((n + 2) * alpha[n + 2] for n in range(1, count - 2))]
    rows = [first]
    odd = 1
    for k in range(1, _ORDERS):
        odd *= 2 * k + 1
        gamma = (-1) ** k * odd * alpha[2 * k + 1]  # Stirling's coefficients
        above = rows[-1]
        rows.append([gamma * first[n] + (n + 2) * above[n + 2] for n in range(len(above) - 2)])
    return np.array([[float(value) for value in row[:_POWERS]] for row in rows])


def _asymptotic(a: Array, x: Array, sign: float) -> Any:
    """The lower (sign -1) or upper (sign 1) function for a large a, and x near it."""
    half_square = -_log_minus(a, x)
    eta = np.copysign(np.sqrt(2 * half_square), x - a)
    in_eta = np.power(eta[:, None], np.arange(_POWERS)) @ _asymptotic_coefficients().T
    series = (in_eta * np.power(a[:, None], -np.arange(_ORDERS, dtype=np.float64))).sum(axis=1)
    correction = np.exp(-a * half_square) / np.sqrt(2 * math.pi * a) * series
    return 0.5 * erfc(sign * eta * np.sqrt(a / 2)) + sign * correction


def _edges(a: Array, x: Array) -> tuple[Array, Array, Array]:
    """Where the lower function is 1, and where 0, without a computation; and where it is to be computed."""
    defined = (a >= 0) & (x >= 0) & ~((a == 0) & (x == 0)) & ~(np.isinf(a) & np.isinf(x))
    one = defined & ((a == 0) | np.isinf(x))
    zero = defined & ~one & ((x == 0) | np.isinf(a))
    return one, zero, defined & ~one & ~zero


@in_double
def lower_gamma(a: Array, x: Array) -> Array:
    """The integral of ``t ** (a - 1) * exp(-t)`` from 0 to x, divided by ``gamma(a)``.

    Source: https://docs.pytorch.org/docs/stable/special.html#torch.special.gammainc

    Example:
        >>> lower_gamma(np.array([1.0, 4.0]), np.array([1.0, 5.0]))
        array([0.63212056, 0.73497408])
    """
    one, zero, inside = _edges(a, x)
    near = inside & (a > _ASYMPTOTIC_FROM) & (np.abs(x - a) < _NEAR * a)
    above = inside & ~near & (x > 1) & (x > a)
    return by_piece(
        (a, x),
        (one, lambda a, x: np.ones_like(a)),
        (zero, lambda a, x: np.zeros_like(a)),
        (near, lambda a, x: _asymptotic(a, x, -1.0)),
        (above, lambda a, x: 1 - _upper(a, x)),
        (inside & ~near & ~above, _lower_series),
    )


def _upper(a: Array, x: Array) -> Array:
    """The upper function inside of its domain and far from the asymptotic series'."""
    below = np.where(x > 1.1, x < a, np.where(x <= 0.5, -0.4 / np.log(x) < a, x * 1.1 < a))
    fraction = ~below & (x > 1.1)
    return by_piece(
        (a, x),
        (below, lambda a, x: 1 - _lower_series(a, x)),
        (fraction, _upper_fraction),
        (~below & ~fraction, _upper_series),
    )


@in_double
def upper_gamma(a: Array, x: Array) -> Array:
    """What `lower_gamma` is short of 1, exact also where it is tiny.

    Source: https://docs.pytorch.org/docs/stable/special.html#torch.special.gammaincc

    Example:
        >>> upper_gamma(np.array([1.0, 4.0]), np.array([1.0, 50.0]))
        array([3.67879441e-01, 4.26915921e-18])
    """
    one, zero, inside = _edges(a, x)
    near = inside & (a > _ASYMPTOTIC_FROM) & (np.abs(x - a) < _NEAR * a)
    return by_piece(
        (a, x),
        (one, lambda a, x: np.zeros_like(a)),
        (zero, lambda a, x: np.ones_like(a)),
        (near, lambda a, x: _asymptotic(a, x, 1.0)),
        (inside & ~near, _upper),
    )
