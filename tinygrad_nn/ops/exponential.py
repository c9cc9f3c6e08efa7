"""Exponentials, logarithms and the error function. Integers become floats first.

Source: https://docs.pytorch.org/docs/stable/torch.html#pointwise-ops
"""

from __future__ import annotations

import math
from collections.abc import Callable
from math import inf
from typing import Any

import numpy as np

from .._core.op import case, op
from .selection import choose, keep

__all__ = [
    "erf",
    "erfc",
    "erfinv",
    "exp",
    "exp2",
    "expm1",
    "log",
    "log1p",
    "log2",
    "log10",
    "logaddexp",
    "logaddexp2",
    "logit",
    "xlogy",
]  # fmt: skip

_LOG_2, _LOG_10 = math.log(2), math.log(10)
_POINTS = [case(np.array([0.0, -0.0, 1.0, -1.0, np.inf, -np.inf, np.nan]))]
_INFINITE = [case(np.array([-inf, inf, 1.0, -inf, np.nan]), np.array([-inf, inf, 1.0, 0.0, 1.0]))]


@op(np.exp, vjp=lambda g, out: g * out, promotes="float", special=_POINTS)
def exp(x, /):
    """Exponential of each element, ``e ** x``.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.exp(tg.tensor([0.0, 1.0]))
        tensor([1.0000, 2.7183])
    """
    return np.exp(x)


@op(np.exp2, vjp=lambda g, out: g * out * _LOG_2, promotes="float", special=_POINTS)
def exp2(x, /):
    """Powers of two, ``2 ** x``.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.exp2(tg.tensor([0.0, 3.0]))
        tensor([1., 8.])
    """
    return np.exp2(x)


@op(np.expm1, vjp=lambda g, out: g * (out + 1), promotes="float", special=_POINTS)
def expm1(x, /):
    """``e ** x - 1``, exact for small x.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.expm1(tg.tensor([0.0, 1.0]))
        tensor([0.0000, 1.7183])
    """
    return np.expm1(x)


@op(np.log, vjp=lambda g, x: g / x, promotes="float", domain=(0, inf), special=_POINTS)
def log(x, /):
    """Natural logarithm of each element: -inf at 0, nan below.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.log(tg.tensor([1.0, 10.0]))
        tensor([0.0000, 2.3026])
    """
    return np.log(x)


@op(np.log2, vjp=lambda g, x: g / (x * _LOG_2), promotes="float", domain=(0, inf), special=_POINTS)
def log2(x, /):
    """Logarithm to base 2.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.log2(tg.tensor([1.0, 8.0]))
        tensor([0., 3.])
    """
    return np.log2(x)


@op(np.log10, vjp=lambda g, x: g / (x * _LOG_10), promotes="float", domain=(0, inf), special=_POINTS)
def log10(x, /):
    """Logarithm to base 10.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.log10(tg.tensor([1.0, 50.0]))
        tensor([0.0000, 1.6990])
    """
    return np.log10(x)


@op(np.log1p, vjp=lambda g, x: g / (x + 1), promotes="float", domain=(-1, inf), special=_POINTS)
def log1p(x, /):
    """``log(1 + x)``, exact for small x.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.log1p(tg.tensor([0.0, 1.0]))
        tensor([0.0000, 0.6931])
    """
    return np.log1p(x)


# --- sums and products in logarithms -----------------------------------------------------------------------------


def _log_sum(x: Any, y: Any, power: Callable[[Any], Any], logarithm: Callable[[Any], Any]) -> Any:
    """The larger of the two and a correction; equal infinities, whose difference is nan, are no different.

    Several times as fast as ``np.logaddexp``, which NumPy has not vectorised.
    """
    difference = np.absolute(keep(np.subtract(x, y), np.not_equal(x, y)))
    return np.maximum(x, y) + logarithm(power(-difference))


def _complex_log_sum(x: Any, y: Any) -> Any:
    """As `_log_sum`, where the larger is that with the larger real part."""
    x, y = np.broadcast_arrays(x, y)
    swapped = ~(np.isnan(y.real) | (x.real <= y.real))
    small, large = np.where(swapped, y, x), np.where(swapped, x, y)
    endless = ~np.isfinite(small.real) & (small.real == large.real)
    equal = np.where(small.real < 0, small, np.log(np.exp(small) + np.exp(large)))
    return np.where(endless, equal, np.log1p(np.exp(small - large)) + large)


@op(np.logaddexp, vjp=(lambda g, x, y: g / (1 + np.exp(y - x)), lambda g, x, y: g / (1 + np.exp(x - y))),
    promotes="float", special=_INFINITE)  # fmt: skip
def logaddexp(x, y, /):
    """``log(e ** x + e ** y)``, without overflow.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.logaddexp(tg.tensor([0.0, 1000.0]), tg.tensor([0.0, 1000.0]))
        tensor([6.9315e-01, 1.0007e+03])
    """
    return _log_sum(x, y, np.exp, np.log1p) if x.dtype.kind != "c" else _complex_log_sum(x, y)


@op(np.logaddexp2, vjp=(lambda g, x, y: g / (1 + np.exp2(y - x)), lambda g, x, y: g / (1 + np.exp2(x - y))),
    promotes="float", special=_INFINITE)  # fmt: skip
def logaddexp2(x, y, /):
    """``log2(2 ** x + 2 ** y)``, without overflow.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.logaddexp2(tg.tensor([0.0, 1.0]), tg.tensor([0.0, 2.0]))
        tensor([1.0000, 2.5850])
    """
    return _log_sum(x, y, np.exp2, lambda z: np.log1p(z) * (1 / _LOG_2))


def _xlogy_rule(g: Any, x: Any, y: Any) -> Any:
    return keep(xlogy.op.numpy(g, y), ~((x == 0) & (y <= 0)))


@op(vjp=(_xlogy_rule, lambda g, x, y: g * x / y), promotes="float", domain=(0.1, 3.0),
    special=[case(np.array([0.0, 0.0, 0.0, 1.0, 0.0]), np.array([0.0, np.nan, -1.0, 0.0, np.inf]))])  # fmt: skip
def xlogy(x, y, /):
    """``x * log(y)``, and 0 where x is 0 (unless y is nan).

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.xlogy(tg.tensor([0.0, 2.0]), tg.tensor([0.0, 1.0]))
        tensor([0., 0.])
    """
    return keep(x * np.log(y), (x != 0) | np.isnan(y))


def _logit_rule(g: Any, x: Any, eps: float | None) -> Any:
    slope = g / (x * (1 - x))
    if eps is None:
        return choose((x >= 0) & (x <= 1), slope, np.nan)
    return keep(slope, (x >= eps) & (x <= 1 - eps))


@op(vjp=_logit_rule, promotes="float", domain=(0.1, 0.9), avoid=(0.2, 0.8), cases=[case((2, 3)), case((2, 3), eps=0.2)],
    special=[case(np.array([-0.5, 0.0, 0.5, 1.0, 1.5, np.nan])),
             case(np.array([-0.5, 0.0, 0.5, 1.0]), eps=0.25)])  # fmt: skip
def logit(x, /, eps=None):
    """``log(x / (1 - x))``, the inverse of the sigmoid.

    Args:
        eps: brings each element into ``[eps, 1 - eps]`` first.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.logit(tg.tensor([0.5, 0.9]))
        tensor([0.0000, 2.1972])
        >>> tg.logit(tg.tensor([0.0]), eps=0.5)
        tensor([0.])
    """
    if eps is not None:
        x = np.minimum(np.maximum(x, eps), 1 - eps)
    return np.log(x / (1 - x))


# --- the error function ------------------------------------------------------------------------------------------

_ROOT_PI = math.sqrt(math.pi)


@op(vjp=lambda g, x: g * (np.exp(-x * x) * (2 / _ROOT_PI)), promotes="float", special=_POINTS)
def erf(x, /):
    """The error function, ``2 / sqrt(pi)`` times the integral of ``e ** -t**2`` from 0 to x.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.erf(tg.tensor([0.0, 1.0]))
        tensor([0.0000, 0.8427])
    """
    from .._core import special  # when it is first asked for: most programs have no use for it

    return special.erf(x)


@op(vjp=lambda g, x: g * (np.exp(-x * x) * (-2 / _ROOT_PI)), promotes="float", special=_POINTS)
def erfc(x, /):
    """``1 - erf(x)``, exact where it is tiny.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.erfc(tg.tensor([0.0, 5.0]))
        tensor([1.0000e+00, 1.5375e-12])
    """
    from .._core import special

    return special.erfc(x)


def _erfinv_rule(g: Any, x: Any) -> Any:
    inverse = erfinv.op.numpy(x)
    return g * (np.exp(inverse * inverse) * (0.5 * _ROOT_PI))


@op(vjp=_erfinv_rule, promotes="float", domain=(-0.9, 0.9), special=_POINTS)
def erfinv(x, /):
    """The inverse of `erf`: infinite at -1 and 1, nan beyond.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.erfinv(tg.tensor([0.0, 0.5, 1.0]))
        tensor([0.0000, 0.4769,    inf])
    """
    from .._core import special

    return special.erfinv(x)
