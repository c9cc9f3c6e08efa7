"""The normal distribution's quantiles and log-probabilities, and the scaled error function, on whole arrays.

Sources:
    Quantiles: Cephes Math Library, by Stephen L. Moshier, https://www.netlib.org/cephes (ndtri.c)
    Scaled error function: `special`'s fit of erfc; https://dlmf.nist.gov/7.9
    PyTorch: https://docs.pytorch.org/docs/stable/special.html#torch.special.ndtri
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from .dtypes import FLOAT64
from .pieces import Array, by_piece, in_double, polynomial
from .special import ERFC_QUOTIENTS, normal_cdf

# Of (y - 1/2) squared, then of 1 / sqrt(-2 log y) with that root up to 8, and above. The highest power first.
# fmt: off
_MIDDLE_ABOVE = (
    -59.96335010141079, 98.00107541859997, -56.67628574690703, 13.931260938727968, -1.2391658386738125,
)
_MIDDLE_BELOW = (
    1.0, 1.9544885833814176, 4.676279128988815, 86.36024213908905, -225.46268785411937, 200.26021238006066,
    -82.03722561683334, 15.90562251262117, -1.1833162112133,
)
_SIDE_ABOVE = (
    4.0554489230596245, 31.525109459989388, 57.16281922464213, 44.08050738932008, 14.684956192885803,
    2.1866330685079025, -0.1402560791713545, -0.03504246268278482, -0.0008574567851546854,
)
_SIDE_BELOW = (
    1.0, 15.779988325646675, 45.39076351288792, 41.3172038254672, 15.04253856929075, 2.504649462083094,
    -0.14218292285478779, -0.03808064076915783, -0.0009332594808954574,
)
_TAIL_ABOVE = (
    3.2377489177694603, 6.915228890689842, 3.9388102529247444, 1.3330346081580755, 0.20148538954917908,
    0.012371663481782003, 0.00030158155350823543, 2.6580697468673755e-06, 6.239745391849833e-09,
)
_TAIL_BELOW = (
    1.0, 6.02427039364742, 3.6798356385616087, 1.3770209948908132, 0.21623699359449663, 0.013420400608854318,
    0.00032801446468212774, 2.8924786474538068e-06, 6.790194080099813e-09,
)
# fmt: on
_SIDE = math.exp(-2)
_ABOVE, _BELOW = ([float(c) for c in reversed(part)] for part in ERFC_QUOTIENTS[FLOAT64])


def _ratio(above: Sequence[float], below: Sequence[float], at: Array) -> Array:
    return polynomial(above, at) / polynomial(below, at)


# --- the scaled error function -----------------------------------------------------------------------------------


def _erfcx_right(x: Array) -> Array:
    """For x >= 0: ``1 / (sqrt(pi) x + R(x))``, with the quotient that gives erfc; beyond 27 with 1 / (2x) for R."""
    quotient = np.where(x < 27, _ratio(_ABOVE, _BELOW, np.minimum(x, 27)), 0)
    fraction = x + 0.5 / (x + 1 / (x + 1.5 / (x + 2 / (x + 2.5 / x))))
    return np.where(x < 27, 1 / (math.sqrt(math.pi) * x + quotient), (1 / math.sqrt(math.pi)) / fraction)


def _exp_of_square(x: Array) -> Array:
    """``exp(x ** 2)``, the square in two parts, of which the first is exact."""
    high = np.rint(x * 2.0**20) * 2.0**-20
    return np.where(np.isinf(x), np.inf, np.exp(high * high) * np.exp((x - high) * (x + high)))


@in_double
def erfcx(x: Array) -> Array:
    """``exp(x ** 2) * erfc(x)``, which neither overflows nor vanishes for positive x.

    Source: https://docs.pytorch.org/docs/stable/special.html#torch.special.erfcx

    Example:
        >>> erfcx(np.array([0.0, 10.0, -1.0]))
        array([1.        , 0.05614099, 5.00898008])
    """
    return by_piece((x,), (x >= 0, _erfcx_right), (x < 0, lambda x: 2 * _exp_of_square(x) - _erfcx_right(-x)))


@in_double
def log_normal_cdf(x: Array) -> Array:
    """The logarithm of the probability that a standard normal variable is at most x, exact also far below 0.

    Source: https://docs.pytorch.org/docs/stable/special.html#torch.special.log_ndtr

    Example:
        >>> log_normal_cdf(np.array([0.0, -50.0]))
        array([-6.93147181e-01, -1.25483136e+03])
    """
    return by_piece(
        (x,),
        (x < -1, lambda x: np.log(_erfcx_right(x * -math.sqrt(0.5)) / 2) - 0.5 * x * x),
        (x >= -1, lambda x: np.log1p(-normal_cdf(-x))),
    )


# --- quantiles ---------------------------------------------------------------------------------------------------


def _middle(y: Array) -> Array:
    y = y - 0.5
    square = y * y
    return (y + y * (square * _ratio(_MIDDLE_ABOVE, _MIDDLE_BELOW, square))) * math.sqrt(2 * math.pi)


def _tail(y: Array) -> Any:
    root = np.sqrt(-2 * np.log(y))
    z = 1 / root
    correction = np.where(root < 8, _ratio(_SIDE_ABOVE, _SIDE_BELOW, z), _ratio(_TAIL_ABOVE, _TAIL_BELOW, z))
    return z * correction + np.log(root) * z - root


@in_double
def normal_quantile(y: Array) -> Array:
    """The x at which the probability of a standard normal variable to be at most x is y; nan outside of [0, 1].

    Source: https://docs.pytorch.org/docs/stable/special.html#torch.special.ndtri

    Example:
        >>> normal_quantile(np.array([0.0, 0.025, 0.5]))
        array([       -inf, -1.95996398,  0.        ])
    """
    return by_piece(
        (y,),
        (y == 0, lambda y: np.full(y.shape, -np.inf)),
        (y == 1, lambda y: np.full(y.shape, np.inf)),
        ((y > 0) & (y <= _SIDE), _tail),
        ((y > _SIDE) & (y <= 1 - _SIDE), _middle),
        ((y > 1 - _SIDE) & (y < 1), lambda y: -_tail(1 - y)),
    )
