"""Trigonometric and hyperbolic functions, in radians. Integers become floats first.

Source: https://docs.pytorch.org/docs/stable/torch.html#pointwise-ops
"""

from __future__ import annotations

import math
from math import inf
from typing import Any

import numpy as np

from .._core.bessel import write_single_slope
from .._core.dtypes import FLOAT32
from .._core.elements import each
from .._core.numbers import operand
from .._core.op import case, op
from .._core.tensor import Tensor
from .bessel import spherical_slope
from .selection import choose, keep

__all__ = [
    "acos", "acosh", "arccos", "arccosh", "arcsin", "arcsinh", "arctan", "arctan2", "arctanh", "asin", "asinh", "atan",
    "atan2", "atanh", "cos", "cosh", "deg2rad", "rad2deg", "sin", "sinc", "sinh", "tan", "tanh",
]  # fmt: skip

Array = np.ndarray[Any, Any]

_ONE = np.ones((), FLOAT32)
_POINTS = [case(np.array([0.0, -0.0, 1.0, -1.0, np.inf, -np.inf, np.nan, 2.0]))]


@op(np.sin, vjp=lambda g, x: g * np.cos(x), promotes="float", special=_POINTS)
def sin(x, /):
    """Sine of each element.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.sin(tg.tensor([0.0, 1.0]))
        tensor([0.0000, 0.8415])
    """
    return np.sin(x)


@op(np.cos, vjp=lambda g, x: g * -np.sin(x), promotes="float", special=_POINTS)
def cos(x, /):
    """Cosine of each element.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.cos(tg.tensor([0.0, 1.0]))
        tensor([1.0000, 0.5403])
    """
    return np.cos(x)


@op(np.tan, vjp=lambda g, out: g * (1 + out * out), promotes="float", domain=(-1.4, 1.4), special=_POINTS)
def tan(x, /):
    """Tangent of each element.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.tan(tg.tensor([0.0, 1.0]))
        tensor([0.0000, 1.5574])
    """
    return np.tan(x)


@op(np.arcsin, vjp=lambda g, x: g / np.sqrt(1 - x * x), promotes="float", aliases=("arcsin",), domain=(-0.9, 0.9),
    special=_POINTS)  # fmt: skip
def asin(x, /):
    """Angle whose sine is x: nan outside of [-1, 1].

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.asin(tg.tensor([0.0, 1.0]))
        tensor([0.0000, 1.5708])
    """
    return np.arcsin(x)


@op(np.arccos, vjp=lambda g, x: -g / np.sqrt(1 - x * x), promotes="float", aliases=("arccos",), domain=(-0.9, 0.9),
    special=_POINTS)  # fmt: skip
def acos(x, /):
    """Angle whose cosine is x: nan outside of [-1, 1].

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.acos(tg.tensor([0.0, 1.0]))
        tensor([1.5708, 0.0000])
    """
    return np.arccos(x)


@op(np.arctan, vjp=lambda g, x: g / (x * x + 1), promotes="float", aliases=("arctan",), special=_POINTS)
def atan(x, /):
    """Angle whose tangent is x.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.atan(tg.tensor([0.0, 1.0]))
        tensor([0.0000, 0.7854])
    """
    return np.arctan(x)


def _reciprocal_length(x: Any, y: Any) -> Any:
    """``1 / (x**2 + y**2)``, and 0 at the origin, where PyTorch gives `atan2` no gradient."""
    square = x * x + y * y
    return keep(1 / square, square != 0)


@op(np.arctan2, promotes="float", aliases=("arctan2",), avoid=(0.0,),
    vjp=(lambda g, x, y: g * (y * _reciprocal_length(x, y)), lambda g, x, y: g * (-x * _reciprocal_length(x, y))),
    special=[case(np.array([0.0, 1.0, 0.0, -0.0, 2.0]), np.array([0.0, 0.0, 1.0, -1.0, -0.0]))])  # fmt: skip
def atan2(x, y, /):
    """Angle of the point ``(other, input)``: the arc tangent of ``input / other`` in the right quadrant.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.atan2(tg.tensor([1.0, 1.0]), tg.tensor([1.0, -1.0]))
        tensor([0.7854, 2.3562])
    """
    return np.arctan2(x, y)


# --- hyperbolic --------------------------------------------------------------------------------------------------


@op(np.sinh, vjp=lambda g, x: g * np.cosh(x), promotes="float", special=_POINTS)
def sinh(x, /):
    """Hyperbolic sine of each element.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.sinh(tg.tensor([0.0, 1.0]))
        tensor([0.0000, 1.1752])
    """
    return np.sinh(x)


@op(np.cosh, vjp=lambda g, x: g * np.sinh(x), promotes="float", special=_POINTS)
def cosh(x, /):
    """Hyperbolic cosine of each element.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.cosh(tg.tensor([0.0, 1.0]))
        tensor([1.0000, 1.5431])
    """
    return np.cosh(x)


def _tanh_rule(g: Any, out: Any) -> Any:
    """``g * (1 - out * out)``"""
    if type(g) is np.ndarray and out.dtype is FLOAT32 and g.shape:
        # In one array, and with 1 as an array: .8 of the time for 64 numbers, .65 for 90,000.
        slope = out * out
        np.subtract(_ONE, slope, slope)
        slope *= g
        return slope
    return g * (1 - out * out)


@op(np.tanh, vjp=_tanh_rule, promotes="float", special=_POINTS)
def tanh(x, /):
    """Hyperbolic tangent of each element.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.tanh(tg.tensor([0.0, 1.0]))
        tensor([0.0000, 0.7616])
    """
    return np.tanh(x)


@op(np.arcsinh, vjp=lambda g, x: g / np.sqrt(x * x + 1), promotes="float", aliases=("arcsinh",), special=_POINTS)
def asinh(x, /):
    """Inverse hyperbolic sine of each element.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.asinh(tg.tensor([0.0, 1.0]))
        tensor([0.0000, 0.8814])
    """
    return np.arcsinh(x)


def _acosh_rule(g: Any, x: Any) -> Any:
    if np.iscomplexobj(x._array if isinstance(x, Tensor) else x):  # where sqrt(a b) may be -sqrt(a) sqrt(b)
        return g / (np.sqrt(x + 1) * np.sqrt(x - 1))
    return g / np.sqrt(x * x - 1)


@op(np.arccosh, vjp=_acosh_rule, promotes="float", aliases=("arccosh",), domain=(1.1, inf),
    special=_POINTS)  # fmt: skip
def acosh(x, /):
    """Inverse hyperbolic cosine of each element: nan below 1.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.acosh(tg.tensor([1.0, 2.0]))
        tensor([0.0000, 1.3170])
    """
    return np.arccosh(x)


@op(np.arctanh, vjp=lambda g, x: g / (1 - x * x), promotes="float", aliases=("arctanh",), domain=(-0.9, 0.9),
    special=_POINTS)  # fmt: skip
def atanh(x, /):
    """Inverse hyperbolic tangent of each element: infinite at -1 and 1, nan beyond.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.atanh(tg.tensor([0.0, 0.5]))
        tensor([0.0000, 0.5493])
    """
    return np.arctanh(x)


# --- sinc and degrees --------------------------------------------------------------------------------------------


def _sinc_rule(g: Any, x: Any) -> Any:
    if type(g) is np.ndarray and x.dtype is FLOAT32:
        return each(_write_sinc_gradient, g, x)
    angle = x * math.pi
    if np.iscomplexobj(x._array if isinstance(x, Tensor) else x):
        slope = (angle * np.cos(angle) - np.sin(angle)) / (x * x * math.pi)
    else:
        slope = spherical_slope.op.numpy(angle) * math.pi
    return g * keep(slope, x != 0)


def _write_sinc_gradient(g: Array, x: Array, out: Array) -> None:
    write_single_slope(x * operand(math.pi, FLOAT32), out)
    out *= operand(math.pi, FLOAT32)
    out *= g


def _write_sinc(x: Array, out: Array) -> None:
    angle = np.multiply(x, operand(math.pi, x.dtype))
    np.sin(angle, out)
    out /= angle
    zero = x == 0
    if zero.any():
        out[zero] = 1


@op(np.sinc, vjp=_sinc_rule, promotes="float", domain=(0.05, inf),  # nearer to 0, PyTorch's gradient cancels out
    special=[case(np.array([0.0, -0.0, np.inf, np.nan, 0.5]))])  # fmt: skip
def sinc(x, /):
    """``sin(pi x) / (pi x)``, and 1 at 0.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.sinc(tg.tensor([0.0, 0.5]))
        tensor([1.0000, 0.6366])
    """
    if x.dtype.kind == "f":
        return each(_write_sinc, x)
    angle = x * math.pi
    return choose(x != 0, np.sin(angle) / angle, 1.0)


@op(np.deg2rad, np.radians, vjp=lambda g: g * (math.pi / 180), promotes="float")
def deg2rad(x, /):
    """Degrees as radians.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.deg2rad(tg.tensor([180.0]))
        tensor([3.1416])
    """
    return x * (math.pi / 180)


@op(np.rad2deg, np.degrees, vjp=lambda g: g * (180 / math.pi), promotes="float")
def rad2deg(x, /):
    """Radians as degrees.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.rad2deg(tg.tensor([3.141592653589793]))
        tensor([180.])
    """
    return x * (180 / math.pi)


arcsin, arccos, arctan, arctan2 = asin, acos, atan, atan2
arcsinh, arccosh, arctanh = asinh, acosh, atanh
