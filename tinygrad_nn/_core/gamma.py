"""The gamma function's logarithm and its derivatives, and the Hurwitz zeta function, on whole arrays.

Sources:
    Logarithm: Stirling's series, https://dlmf.nist.gov/5.11; near 2 this project's own fit (see below)
    Digamma and zeta: Cephes, https://www.netlib.org/cephes (psi.c, zeta.c); Euler-Maclaurin, https://dlmf.nist.gov/25.11
    Reflection: https://dlmf.nist.gov/5.5
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from . import single_gamma
from .pieces import Array, by_piece, in_double, polynomial

# lgamma(2 + t) / t for |t| <= 1/2: a Chebyshev fit in 60-digit arithmetic, in error by 6e-19. The highest power first.
_NEAR_TWO = (
    -1.3219945666117874e-07, 2.78740805211359e-07, -4.3252393445604814e-07, 9.200527894968101e-07,
    -2.0439048107029907e-06, 4.38470440459836e-06, -9.438715099211532e-06, 2.0505590755833454e-05,
    -4.49263133791557e-05, 9.945767355819498e-05, -0.00022315475400520507, 0.0005096695154115458,
    -0.0011927539118428156, 0.002890510331034267, -0.0073855510286719986, 0.02058080842778038, -0.0673523010531981,
    0.32246703342411326, 0.42278433509846713,
)  # fmt: skip
# Bernoulli's numbers, in three series: B[2k] / (2k (2k - 1)), B[2k] / 2k, and (2k)! / B[2k].
_STIRLING = (-3617 / 122400, 1 / 156, -691 / 360360, 1 / 1188, -1 / 1680, 1 / 1260, -1 / 360, 1 / 12)
_DIGAMMA = (1 / 12, -691 / 32760, 1 / 132, -1 / 240, 1 / 252, -1 / 120, 1 / 12)
_ZETA = (
    12.0, -720.0, 30240.0, -1209600.0, 47900160.0, -1.307674368e12 / 691, 7.47242496e10, -1.067062284288e16 / 3617,
    5.109094217170944e18 / 43867, -8.028576626982912e20 / 174611, 1.5511210043330985984e23 / 854513,
    -1.6938241367317436694528e27 / 236364091,
)  # fmt: skip
_HALF_LOG_TWO_PI = 0.5 * math.log(2 * math.pi)
_STIRLING_FROM, _DIGAMMA_FROM, _ZETA_FROM = 8.0, 10.0, 9.0
_TINY = 2.0**-53


def _near_two(t: Array) -> Array:
    """``lgamma(2 + t)``."""
    return polynomial(_NEAR_TWO, t) * t


def stirling_correction(x: Array) -> Array:
    """What Stirling's formula for ``lgamma(x)`` is short of, for x of at least 8."""
    inverse = 1 / x
    return polynomial(_STIRLING, inverse * inverse) * inverse


def _near_zero(x: Array) -> Array:
    return _near_two(x) - np.log(np.abs(x)) - np.log1p(x)


def _near_one(x: Array) -> Any:
    t = x - 1
    return _near_two(t) - np.log1p(t)


def _down_to_two(x: Array) -> Array:
    """By ``gamma(x) = (x - 1) gamma(x - 1)``, until x is below 2.5."""
    product = np.ones_like(x)
    for _ in range(6):
        above = x >= 2.5
        x = x - above
        product *= np.where(above, x, 1.0)
    return np.log(product) + _near_two(x - 2)


def _large(x: Array) -> Any:
    return (x - 0.5) * (np.log(x) - 1) + (_HALF_LOG_TWO_PI - 0.5) + stirling_correction(x)


def _negative(x: Array) -> Array:
    """By reflection; at the integers infinite."""
    fraction = x - np.rint(x)
    reflected = math.log(math.pi) - np.log(np.abs(x * np.sin(math.pi * fraction))) - _log_gamma(-x)
    return np.where(np.isinf(x) | (fraction == 0), np.inf, reflected)


def _log_gamma(x: Array) -> Array:
    return by_piece(
        (x,),
        (x < -0.5, _negative),
        ((x >= -0.5) & (x < 0.5), _near_zero),
        ((x >= 0.5) & (x < 1.5), _near_one),
        ((x >= 1.5) & (x < 2.5), lambda x: _near_two(x - 2)),
        ((x >= 2.5) & (x < _STIRLING_FROM), _down_to_two),
        (x >= _STIRLING_FROM, _large),
    )


_precise_log_gamma = in_double(_log_gamma)


def log_gamma(x: Array) -> Any:
    """The logarithm of the absolute value of the gamma function: infinite at 0, -1, -2, ...

    Source: https://docs.pytorch.org/docs/stable/special.html#torch.special.gammaln

    Example:
        >>> log_gamma(np.array([0.5, 1.0, 4.0]))
        array([0.57236494, 0.        , 1.79175947])
    """
    return _precise_log_gamma(x) if x.dtype == np.float64 else single_gamma.log_gamma(x)


def _positive_digamma(x: Array) -> Array:
    shift = np.zeros_like(x)
    for _ in range(int(_DIGAMMA_FROM)):
        below = x < _DIGAMMA_FROM
        if not below.any():
            break
        shift -= np.where(below, 1 / x, 0.0)
        x = x + below
    inverse = 1 / x
    square = inverse * inverse
    return shift + np.log(x) - 0.5 * inverse - square * polynomial(_DIGAMMA, square)


def _negative_digamma(x: Array) -> Array:
    """By reflection; nan at the integers."""
    fraction = x - np.rint(x)
    reflected = _positive_digamma(1 - x) - math.pi / np.tan(math.pi * fraction)
    return np.where((fraction == 0) | np.isinf(x), np.nan, reflected)


@in_double
def _precise_digamma(x: Array) -> Array:
    return by_piece(
        (x,), (x < 0, _negative_digamma), (x > 0, _positive_digamma), (x == 0, lambda x: np.copysign(np.inf, -x))
    )


def digamma(x: Array) -> Any:
    """The derivative of `log_gamma`: infinite at 0, nan at -1, -2, ...

    Source: https://docs.pytorch.org/docs/stable/special.html#torch.special.digamma

    Example:
        >>> digamma(np.array([0.5, 1.0, 0.0]))
        array([-1.96351003, -0.57721566,        -inf])
    """
    return _precise_digamma(x) if x.dtype == np.float64 else single_gamma.digamma(x)


def _zeta(s: Array, q: Array) -> Array:
    """``sum((q + k) ** -s)``: the first terms, and the Euler-Maclaurin series of the others."""
    total = np.power(q, -s)
    at, term, step = q, total, 0
    while True:
        more = at <= _ZETA_FROM
        if step >= _ZETA_FROM and not more.any():
            break
        wanted = more | (step < _ZETA_FROM)
        at = at + wanted
        term = np.where(wanted, np.power(at, -s), term)
        total = total + np.where(wanted, term, 0.0)
        step += 1
    rest = term * (at / (s - 1) - 0.5)
    factor, power = np.ones_like(s), term
    for number, bernoulli in enumerate(_ZETA):
        factor = factor * (s + 2 * number)
        power = power / at
        rest = rest + factor * power / bernoulli
        factor = factor * (s + 2 * number + 1)
        power = power / at
    return np.where(np.abs(term) <= _TINY * np.abs(total), total, total + rest)


@in_double
def zeta(s: Array, q: Array) -> Array:
    """Hurwitz's zeta function, the sum of ``(q + k) ** -s``: infinite where s is 1, or q is 0, -1, -2, ...

    Source: https://docs.pytorch.org/docs/stable/special.html#torch.special.zeta

    Example:
        >>> zeta(np.array([2.0, 4.0]), np.array([1.0, 1.0]))
        array([1.64493407, 1.08232323])
    """
    pole = (s == 1) | ((q <= 0) & (q == np.floor(q)) & (s > 1))
    defined = (s > 1) & ~pole & ((q > 0) | (s == np.floor(s)))
    return by_piece((s, q), (pole, lambda s, q: np.full(s.shape, np.inf)), (defined, _zeta))


def polygamma(order: int, x: Array) -> Any:
    """The derivative of `digamma` of this order; order 0 is digamma itself.

    Formula: ``(-1) ** (n + 1) n! zeta(n + 1, x)``. Negative numbers, whose zeta is a long sum, go by reflection in
    order 1.
    Source: https://docs.pytorch.org/docs/stable/special.html#torch.special.polygamma

    Example:
        >>> polygamma(1, np.array([1.0, 0.5]))
        array([1.64493407, 4.9348022 ])
    """
    if order == 0:
        return digamma(x)
    if order == 1:
        return _trigamma(x) if x.dtype == np.float64 else single_gamma.trigamma(x)
    return _polygamma(x, np.asarray(float(order)))


@in_double
def _trigamma(x: Array) -> Array:
    fraction = x - np.rint(x)
    sine = np.sin(math.pi * fraction)
    two = np.full(x.shape, 2.0)
    direct = _zeta(two, np.where(x < 0.5, 1 - x, x))
    return np.where(x < 0.5, (math.pi / sine) ** 2 - direct, direct)


@in_double
def _polygamma(x: Array, order: Array) -> Any:
    sign = np.where(order % 2 == 1, 1.0, -1.0)
    return sign * np.exp(_log_gamma(order + 1)) * zeta(order + 1, x)
