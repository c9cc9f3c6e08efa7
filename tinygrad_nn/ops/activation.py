"""Smooth activation functions: sigmoids, exponential units and kin. (Straight pieces are in `piecewise`.)

Names and options are those of ``torch.nn.functional``. At its kink, elu has the gradient of its left side.

Source: https://docs.pytorch.org/docs/stable/nn.functional.html#non-linear-activation-functions
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .._core.dtypes import FLOAT32, FLOAT64
from .._core.elements import choose_into, each, negative_part, positive_part
from .._core.kernels import TOGETHER, exp_in_cache, in_blocks, quick_power, smallest
from .._core.numbers import operand
from .._core.op import case, op
from .._core.tensor import Tensor
from .arithmetic import sgn
from .forms import refuse
from .gaussian import gelu as gelu
from .selection import choose, keep

Array = np.ndarray[Any, Any]

__all__ = ["celu", "selu", "sigmoid"]

_POINTS = [case(np.array([0.0, -0.0, np.inf, -np.inf, np.nan, 2.0, -2.0]))]
_INTEGERS = "biu"


# --- exponential units -------------------------------------------------------------------------------------------


def _unit(x: Any, alpha: float, scale: float = 1.0, stretch: float = 1.0) -> Any:
    """``scale * x`` for positive elements, ``alpha * (e ** (stretch * x) - 1)`` for others."""
    refuse("elu_cpu", x, _INTEGERS)
    return each(_write_unit, x, alpha=alpha, scale=scale, stretch=stretch)


def _write_unit(x: Array, out: Array, alpha: float, scale: float, stretch: float) -> None:
    kind = x.dtype
    negative_part(x, out)
    if stretch != 1:
        out *= operand(stretch, kind)
    np.expm1(out, out)
    if alpha != 1:
        out *= operand(alpha, kind)
    if scale == 1 and 0 <= alpha * stretch <= 1 and alpha >= 0:  # then it is nowhere below x where x is negative
        np.maximum(x, out, out=out)
        return
    above = positive_part(x)
    if scale != 1:
        above *= operand(scale, kind)
    out += above


def _unit_rule(g: Any, x: Any, alpha: float, scale: float = 1.0, stretch: float = 1.0) -> Any:
    if type(g) is np.ndarray:
        return each(_write_unit_gradient, g, x, slope=alpha * stretch, scale=scale, stretch=stretch)
    below = keep(x, x < 0)  # e ** x is not to overflow where it is not chosen
    slope = np.exp(below if stretch == 1 else below * stretch) * (alpha * stretch)
    return choose(x <= 0, g * slope, g if scale == 1 else g * scale)


def _write_unit_gradient(g: Array, x: Array, out: Array, slope: float, scale: float, stretch: float) -> None:
    kind = x.dtype
    negative_part(x, out)
    if stretch != 1:
        out *= operand(stretch, kind)
    exp_in_cache(out, out)  # 1 for positive elements
    if slope != 1:
        out *= operand(slope, kind)
    flat = out.reshape(-1)
    if slope != scale or not flat.dot(flat) >= 0:  # there is a nan, which passes the gradient on
        choose_into(x <= 0, out, scale, out)
    out *= g


@op(vjp=lambda g, x, alpha: _unit_rule(g, x, alpha), method=False, avoid=(0.0,), torch_name="nn.functional.elu",
    special=_POINTS, cases=[case((2, 3)), case((2, 3), alpha=0.5), case((), alpha=2)])  # fmt: skip
def elu(x, /, alpha=1.0):
    """``x`` for positive elements, ``alpha * (e ** x - 1)`` for others.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.nn.functional.elu(tg.tensor([-1.0, 2.0]))
        tensor([-0.6321,  2.0000])
    """
    return _unit(x, alpha)


_SELU_ALPHA, _SELU_SCALE = 1.6732632423543772, 1.0507009873554805  # Klambauer et al., arXiv:1706.02515


@op(vjp=lambda g, x: _unit_rule(g, x, _SELU_ALPHA * _SELU_SCALE, _SELU_SCALE), method=False, avoid=(0.0,),
    special=_POINTS)  # fmt: skip
def selu(x, /):
    """Scaled exponential unit: `elu` with the constants that keep mean 0 and variance 1.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.selu(tg.tensor([-1.0, 2.0]))
        tensor([-1.1113,  2.1014])
    """
    return _unit(x, _SELU_ALPHA * _SELU_SCALE, _SELU_SCALE)


@op(vjp=lambda g, x, alpha: _unit_rule(g, x, alpha, stretch=1 / alpha), method=False, avoid=(0.0,), special=_POINTS,
    cases=[case((2, 3)), case((2, 3), alpha=0.5), case((), alpha=2)])  # fmt: skip
def celu(x, /, alpha=1.0):
    """``x`` for positive elements, ``alpha * (e ** (x / alpha) - 1)`` for others.

    Raises:
        RuntimeError: `alpha` is 0.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.celu(tg.tensor([-1.0, 2.0]), alpha=2.0)
        tensor([-0.7869,  2.0000])
    """
    if alpha == 0:
        raise RuntimeError("ZeroDivisionError: alpha cannot be 0 for CELU")
    return _unit(x, alpha, stretch=1 / alpha)


# --- sigmoids ----------------------------------------------------------------------------------------------------


# (1 + tanh(x / 2)) / 2 would be 0 below -17 (and off by 1e-3 at -12), where PyTorch's is exact to the last digits:
# log(sigmoid(-20)) must be -20, not -inf. With a power of 2 in float32, x is as if it were rounded once more.
_POWER, _NUMBER = quick_power(FLOAT32)
_SCALE = np.array(-_NUMBER, FLOAT32)


def logistic(x: Any, out: Any = None) -> Any:
    """``1 / (1 + e ** -x)``; `out` may be x."""
    out = _power_of_minus(x, out)
    out += (one := one_like(out))
    return np.divide(one, out, out)


def _power_of_minus(x: Any, out: Any = None) -> Any:
    """``e ** -x``"""
    if x.dtype is FLOAT32:
        power = np.multiply(x, _SCALE)
        # What computes for longer writes to memory outside of the cache first: it need not wait for that.
        return _POWER(power, power if out is None else out)
    out = np.negative(x, out)
    return np.exp(out, out)


def _logistic_gradient(g: Any, y: Any, out: Any = None) -> Any:
    out = np.subtract(one_like(y), y, out)
    out *= g
    out *= y
    return out


def _sigmoid_rule(g: Any, out: Any) -> Any:
    """``g * (1 - out) * out``"""
    if type(g) is not np.ndarray or not g.shape:
        return g * (1 - out) * out
    return _logistic_gradient(g, out) if g.size <= TOGETHER else in_blocks(_logistic_gradient, g, out)


_ONE = np.ones((), FLOAT32)


def one_like(x: Any) -> Any:
    """1, as an array of no dimension for the usual type: with these NumPy starts in half of the time."""
    return _ONE if x.dtype is FLOAT32 else 1


@op(vjp=_sigmoid_rule, promotes="float", special=_POINTS)
def sigmoid(x, /):
    """The logistic function, ``1 / (1 + e ** -x)``.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.sigmoid(tg.tensor([0.0, -20.0]))
        tensor([5.0000e-01, 2.0612e-09])
    """
    if not x.shape:
        return 1 / (1 + np.exp(-x))
    return logistic(x) if x.size <= TOGETHER else in_blocks(logistic, x)


def _log_sigmoid_rule(g: Any, x: Any) -> Any:
    if type(g) is np.ndarray:
        return each(_write_log_sigmoid_gradient, g, x)
    return g * sigmoid.op.numpy(-x)


def _write_log_sigmoid_gradient(g: Array, x: Array, out: Array) -> None:
    logistic(np.negative(x), out)
    out *= g


@op(vjp=_log_sigmoid_rule, method=False, torch_name="nn.functional.logsigmoid", special=_POINTS)
def logsigmoid(x, /):
    """``log(sigmoid(x))``, exact for large negative elements.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.nn.functional.logsigmoid(tg.tensor([0.0, -1000.0]))
        tensor([-6.9315e-01, -1.0000e+03])
    """
    refuse("log_sigmoid_cpu", x, _INTEGERS)
    return each(_write_log_sigmoid, x)


def _write_log_sigmoid(x: Array, out: Array) -> None:
    np.absolute(x, out)
    np.negative(out, out)
    exp_in_cache(out, out)
    np.log1p(out, out)
    np.subtract(negative_part(x), out, out)


def _softplus_rule(g: Any, x: Any, beta: float, threshold: float) -> Any:
    if type(g) is np.ndarray:
        return each(_write_softplus_gradient, g, x, beta=beta, threshold=threshold)
    z = x if beta == 1 else x * beta
    return choose(z > threshold, g, g * sigmoid.op.numpy(z))


def _write_softplus_gradient(g: Array, x: Array, out: Array, beta: float, threshold: float) -> None:
    z = x if beta == 1 else x * operand(beta, x.dtype)
    logistic(z, out)
    out *= g
    if not _is_straight(x, threshold):
        choose_into(z > threshold, g, out, out)


def _is_straight(x: Array, threshold: float) -> bool:
    """Whether softplus beyond the threshold is x anyway, as near as float32 can tell."""
    return x.dtype is FLOAT32 and threshold >= _STRAIGHT_FROM


_STRAIGHT_FROM = 18.0  # e ** -18 is a fourth of what float32 tells from 1, a hundredth of what it tells from 18


@op(vjp=_softplus_rule, method=False, torch_name="nn.functional.softplus", special=_POINTS, avoid=(0.5,),
    cases=[case((2, 3)), case((2, 3), beta=2, threshold=1), case((), beta=0.5, threshold=20)])  # fmt: skip
def softplus(x, /, beta=1.0, threshold=20.0):
    """A smooth relu, ``log(1 + e ** (beta * x)) / beta``; x itself where ``beta * x > threshold``.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.nn.functional.softplus(tg.tensor([0.0, 1000.0]))
        tensor([6.9315e-01, 1.0000e+03])
    """
    refuse("softplus_cpu", x, _INTEGERS)
    return each(write_softplus, x, beta=beta, threshold=threshold)


def write_softplus(x: Array, out: Array, beta: float, threshold: float) -> None:
    """As ``max(z, 0) + log(1 + e ** -|z|)``, in which nothing overflows."""
    z = x if beta == 1 else x * operand(beta, x.dtype)
    np.absolute(z, out)
    np.negative(out, out)
    exp_in_cache(out, out)
    np.log1p(out, out)
    out += positive_part(z)
    if beta != 1:
        out /= operand(beta, x.dtype)
    if not _is_straight(x, threshold):
        choose_into(z > threshold, x, out, out)


def _silu_rule(g: Any, x: Any, out: Any) -> Any:
    if type(g) is np.ndarray:
        return each(_write_silu_gradient, g, x, out)
    share = sigmoid.op.numpy(x)
    return g * (share * (1 + x * (1 - share)))


def _write_silu_gradient(g: Array, x: Array, value: Array, out: Array) -> None:
    if x.size < _MANY:
        logistic(x, out)
        np.multiply(g, out * (1 + x * (1 - out)), out)
        return
    rest = np.absolute(x)
    if smallest(rest.reshape(-1)) > _NEAR_ZERO.get(x.dtype, math.inf):
        np.divide(value, x, out)  # the share, in a third of the time of a sigmoid
    else:
        logistic(x, out)
    np.subtract(one_like(x), out, rest)
    rest *= value
    out += rest  # share + value * (1 - share)
    out *= g


_MANY = 1000  # elements, of which a sigmoid takes longer than to begin one step more
_NEAR_ZERO = {FLOAT32: 1e-30, FLOAT64: 1e-290}  # at 0 the quotient is nan, and near it inexact


@op(vjp=_silu_rule, method=False, recomputes=True, torch_name="nn.functional.silu", special=_POINTS)
def silu(x, /):
    """``x * sigmoid(x)``, also named swish.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.nn.functional.silu(tg.tensor([-1.0, 2.0]))
        tensor([-0.2689,  1.7616])
    """
    refuse("silu_cpu", x, _INTEGERS)
    return each(_write_silu, x)


def _write_silu(x: Array, out: Array) -> None:
    _power_of_minus(x, out)
    out += one_like(x)
    np.divide(x, out, out)


def _mish_rule(g: Any, x: Any) -> Any:
    share = np.tanh(softplus.op.numpy(x, beta=1.0, threshold=20.0))
    return g * (share + x * sigmoid.op.numpy(x) * (1 - share * share))


@op(vjp=_mish_rule, method=False, torch_name="nn.functional.mish", special=_POINTS)
def mish(x, /):
    """``x * tanh(softplus(x))``.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.nn.functional.mish(tg.tensor([-1.0, 2.0]))
        tensor([-0.3034,  1.9440])
    """
    refuse("mish_cpu", x, _INTEGERS)
    return x * np.tanh(np.log1p(np.exp(x)))


# --- others ---------------------------------------------------------------------------------------------------------


def _softsign_rule(g: Any, x: Any) -> Any:
    size = np.absolute(x) + 1
    if np.iscomplexobj(x._array if isinstance(x, Tensor) else x):
        return g / size - (g.conj() * x).real / (size * size) * sgn.op.numpy(x)
    return g / (size * size)


@op(vjp=_softsign_rule, promotes="float", holomorphic=False, method=False, torch_name="nn.functional.softsign",
    avoid=(0.0,), special=[case(np.array([0.0, 3.0, -3.0, np.nan]))])  # fmt: skip
def softsign(x, /):
    """``x / (1 + |x|)``.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.nn.functional.softsign(tg.tensor([-1.0, 3.0]))
        tensor([-0.5000,  0.7500])
    """
    return x / (np.absolute(x) + 1)


def _tanhshrink_rule(g: Any, x: Any) -> Any:
    t = np.tanh(x)
    return g * (t * t)


@op(vjp=_tanhshrink_rule, promotes="float", method=False, torch_name="nn.functional.tanhshrink", special=_POINTS)
def tanhshrink(x, /):
    """``x - tanh(x)``.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.nn.functional.tanhshrink(tg.tensor([-1.0, 0.0]))
        tensor([-0.2384,  0.0000])
    """
    return x - np.tanh(x)
