"""The normal distribution's probabilities and quantiles, the scaled error function, and entropies.

Integers become floats first.

Source: https://docs.pytorch.org/docs/stable/special.html
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .._core import normal_distribution as kernels
from .._core import special
from .._core.op import case, op
from .selection import choose, keep

__all__: list[str] = []  # at the top level PyTorch has none of them

_POINTS = [case(np.array([0.0, -0.0, 1.0, -1.0, 2.0, np.inf, np.nan]))]
_ROOT_PI, _ROOT_2 = math.sqrt(math.pi), math.sqrt(2)


@op(vjp=lambda g, x: g * (np.exp(x * x * -0.5) * (1 / (_ROOT_2 * _ROOT_PI))), promotes="float", method=False,
    torch_name="special.ndtr", special=_POINTS)  # fmt: skip
def ndtr(x, /):
    """The probability that a standard normal variable is at most x.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.special.ndtr(tg.tensor([-1.0, 0.0, 1.0]))
        tensor([0.1587, 0.5000, 0.8413])
    """
    return special.normal_cdf(x)


@op(vjp=lambda g, out: g * (np.exp(out * out * 0.5) * (_ROOT_2 * _ROOT_PI)), promotes="float", method=False,
    torch_name="special.ndtri", node_name="SpecialNdtriBackward0", domain=(0.05, 0.95),
    special=[case(np.array([0.0, 0.1, 0.5, 1.0, 1.5, np.nan]))])  # fmt: skip
def ndtri(x, /):
    """The inverse of `ndtr`: -inf at 0, inf at 1, nan beyond.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.special.ndtri(tg.tensor([0.0, 0.025, 0.5]))
        tensor([   -inf, -1.9600,  0.0000])
    """
    return kernels.normal_quantile(x)


def _log_ndtr_rule(g: Any, x: Any) -> Any:
    return g / erfcx.op.numpy(x * (-1 / _ROOT_2)) * (_ROOT_2 / _ROOT_PI)


@op(vjp=_log_ndtr_rule, promotes="float", method=False,
    torch_name="special.log_ndtr", node_name="SpecialLogNdtrBackward0", special=_POINTS)  # fmt: skip
def log_ndtr(x, /):
    """The logarithm of `ndtr`, exact also where that is too small for a float.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.special.log_ndtr(tg.tensor([0.0, -50.0]))
        tensor([-6.9315e-01, -1.2548e+03])
    """
    return kernels.log_normal_cdf(x)


@op(vjp=lambda g, x, out: g * (2 * x * out - 2 / _ROOT_PI), promotes="float", method=False,
    torch_name="special.erfcx", node_name="SpecialErfcxBackward0", domain=(-2.0, 5.0),
    special=[case(np.array([0.0, -0.0, 1.0, -1.0, 2.0, np.nan]))])  # fmt: skip
def erfcx(x, /):
    """``exp(x ** 2) * erfc(x)``, which for positive x neither overflows nor vanishes.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.special.erfcx(tg.tensor([0.0, 10.0]))
        tensor([1.0000, 0.0561])
    """
    return kernels.erfcx(x)


@op(vjp=lambda g, x: g * (-1 - np.log(x)), promotes="float", method=False, torch_name="special.entr",
    node_name="SpecialEntrBackward0", domain=(0.1, 5.0),
    special=[case(np.array([0.0, -0.0, 1.0, -1.0, 0.5, np.nan]))])  # fmt: skip
def entr(x, /):
    """The terms of an entropy, ``-x * log(x)``: 0 at 0, -inf below.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.special.entr(tg.tensor([0.5, 0.0, -1.0]))
        tensor([0.3466, 0.0000,   -inf])
    """
    return choose(x < 0, -np.inf, keep(-x * np.log(x), x != 0))


def _xlog1py_rule(g: Any, x: Any, y: Any) -> Any:
    return keep(xlog1py.op.numpy(g, y), ~((x == 0) & (y <= -1)))


@op(vjp=(_xlog1py_rule, lambda g, x, y: g * x / (y + 1)), promotes="float", method=False,
    torch_name="special.xlog1py", node_name="SpecialXlog1PyBackward0", domain=(0.1, 3.0),
    special=[case(np.array([0.0, 0.0, 0.0, 1.0]), np.array([-1.0, np.nan, -2.0, -1.0]))])  # fmt: skip
def xlog1py(x, y, /):
    """``x * log(1 + y)``, and 0 where x is 0 (unless y is nan).

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.special.xlog1py(tg.tensor([0.0, 2.0]), tg.tensor([-1.0, 1.0]))
        tensor([0.0000, 1.3863])
    """
    return keep(x * np.log1p(y), (x != 0) | np.isnan(y))
