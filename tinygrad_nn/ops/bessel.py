"""Bessel functions: of both kinds, modified, scaled and spherical, of orders 0 and 1; and Airy's function.

Integers become floats first. PyTorch has the gradients of `i0`, `i0e`, `i1` and `i1e` only; its other results are
outside of the graph. Here all but Airy's are differentiable.
(Its Bessel functions of both kinds are off by up to 6e-6 near 5, as their denominators lack the leading term.)

Source: https://docs.pytorch.org/docs/stable/special.html
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .._core import bessel as kernels
from .._core import modified_bessel as modified
from .._core.op import case, op
from .arithmetic import sgn
from .selection import choose

__all__ = ["i0"]

_POINTS = [case(np.array([0.0, -0.0, 1.0, -1.0, 10.0, np.nan]))]


# --- modified, of the first kind ---------------------------------------------------------------------------------


def _slope_of_first_order(x: Any, value: Any, value_of_order_0: Any, growth: Any) -> Any:
    """``I0(x) - I1(x) / x`` (scaled: less `growth`), and its limit 1/2 at 0; for rules."""
    far = np.absolute(x) > np.finfo(x.dtype if isinstance(x, np.ndarray) else x._array.dtype).eps  # no nan is
    safe = choose(far, x, 1.0)
    return choose(far, value_of_order_0 - value * (growth + 1 / safe), 0.5)


def _i0_rule(g: Any, x: Any) -> Any:
    return g * i1.op.numpy(x)


@op(np.i0, vjp=_i0_rule, promotes="float", special=_POINTS)
def i0(x, /):
    """The modified Bessel function of the first kind of order 0.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.i0(tg.tensor([0.0, 1.0]))
        tensor([1.0000, 1.2661])
    """
    return modified.i0(x)


def _i0e_rule(g: Any, x: Any, out: Any) -> Any:
    return g * (i1e.op.numpy(x) - sgn.op.numpy(x) * out)


@op(vjp=_i0e_rule, promotes="float", method=False,
    torch_name="special.i0e", node_name="SpecialI0EBackward0", special=_POINTS, avoid=(0.0,))  # fmt: skip
def i0e(x, /):
    """``exp(-|x|) * i0(x)``, which does not overflow.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.special.i0e(tg.tensor([0.0, 1000.0]))
        tensor([1.0000, 0.0126])
    """
    return modified.i0e(x)


@op(vjp=lambda g, x, out: g * _slope_of_first_order(x, out, i0.op.numpy(x), 0), promotes="float", method=False,
    torch_name="special.i1", node_name="SpecialI1Backward0", special=_POINTS, avoid=(0.0,))  # fmt: skip
def i1(x, /):
    """The modified Bessel function of the first kind of order 1.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.special.i1(tg.tensor([0.0, 1.0]))
        tensor([0.0000, 0.5652])
    """
    return modified.i1(x)


@op(vjp=lambda g, x, out: g * _slope_of_first_order(x, out, i0e.op.numpy(x), sgn.op.numpy(x)), promotes="float",
    method=False, torch_name="special.i1e", node_name="SpecialI1EBackward0", special=_POINTS, avoid=(0.0,))  # fmt: skip
def i1e(x, /):
    """``exp(-|x|) * i1(x)``, which does not overflow.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.special.i1e(tg.tensor([0.0, 1000.0]))
        tensor([0.0000, 0.0126])
    """
    return modified.i1e(x)


@op(vjp=_i0_rule, promotes="float", method=False, torch_name="", domain=(-5.0, 5.0))
def modified_bessel_i0(x, /):
    """The modified Bessel function of the first kind of order 0: another name of `i0`.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.special.modified_bessel_i0(tg.tensor([1.0, 10.0]))
        tensor([1.2661e+00, 2.8157e+03])
    """
    return modified.i0(x)


@op(vjp=lambda g, x, out: g * _slope_of_first_order(x, out, i0.op.numpy(x), 0), promotes="float", method=False,
    torch_name="", domain=(0.5, 5.0))  # fmt: skip
def modified_bessel_i1(x, /):
    """The modified Bessel function of the first kind of order 1: another name of `i1`.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.special.modified_bessel_i1(tg.tensor([1.0, 10.0]))
        tensor([5.6516e-01, 2.6710e+03])
    """
    return modified.i1(x)


# --- modified, of the second kind --------------------------------------------------------------------------------


def _k0_rule(g: Any, x: Any) -> Any:
    return -g * modified_bessel_k1.op.numpy(x)


@op(vjp=_k0_rule, promotes="float", method=False, torch_name="", domain=(0.5, 5.0))
def modified_bessel_k0(x, /):
    """The modified Bessel function of the second kind of order 0: inf at 0, nan below.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.special.modified_bessel_k0(tg.tensor([1.0, 10.0]))
        tensor([4.2102e-01, 1.7780e-05])
    """
    return modified.k0(x)


@op(vjp=lambda g, x, out: -g * (modified_bessel_k0.op.numpy(x) + out / x), promotes="float", method=False,
    torch_name="", domain=(0.5, 5.0))  # fmt: skip
def modified_bessel_k1(x, /):
    """The modified Bessel function of the second kind of order 1: inf at 0, nan below.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.special.modified_bessel_k1(tg.tensor([1.0, 10.0]))
        tensor([6.0191e-01, 1.8649e-05])
    """
    return modified.k1(x)


def _scaled_k0_rule(g: Any, x: Any, out: Any) -> Any:
    return g * (out - scaled_modified_bessel_k1.op.numpy(x))


@op(vjp=_scaled_k0_rule, promotes="float", method=False, torch_name="", domain=(0.5, 5.0))
def scaled_modified_bessel_k0(x, /):
    """``exp(x) * modified_bessel_k0(x)``, which does not vanish.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.special.scaled_modified_bessel_k0(tg.tensor([1.0, 10.0]))
        tensor([1.1445, 0.3916])
    """
    return modified.scaled_k0(x)


@op(vjp=lambda g, x, out: g * (out - out / x - scaled_modified_bessel_k0.op.numpy(x)), promotes="float", method=False,
    torch_name="", domain=(0.5, 5.0))  # fmt: skip
def scaled_modified_bessel_k1(x, /):
    """``exp(x) * modified_bessel_k1(x)``, which does not vanish.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.special.scaled_modified_bessel_k1(tg.tensor([1.0, 10.0]))
        tensor([1.6362, 0.4108])
    """
    return modified.scaled_k1(x)


# --- of the first and the second kind ----------------------------------------------------------------------------


def _first_slope(x: Any, value: Any) -> Any:
    """``J0(x) - J1(x) / x``, and its limit 1/2 at 0."""
    zero = x == 0
    return choose(zero, 0.5, bessel_j0.op.numpy(x) - value / choose(zero, 1.0, x))


def _j0_rule(g: Any, x: Any) -> Any:
    return -g * bessel_j1.op.numpy(x)


@op(vjp=_j0_rule, promotes="float", method=False, torch_name="", domain=(0.5, 9.0))
def bessel_j0(x, /):
    """The Bessel function of the first kind of order 0.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.special.bessel_j0(tg.tensor([1.0, 10.0]))
        tensor([ 0.7652, -0.2459])
    """
    return kernels.bessel_j0(x)


@op(vjp=lambda g, x, out: g * _first_slope(x, out), promotes="float", method=False, torch_name="", domain=(0.5, 9.0))
def bessel_j1(x, /):
    """The Bessel function of the first kind of order 1.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.special.bessel_j1(tg.tensor([1.0, 10.0]))
        tensor([0.4401, 0.0435])
    """
    return kernels.bessel_j1(x)


def _y0_rule(g: Any, x: Any) -> Any:
    return -g * bessel_y1.op.numpy(x)


@op(vjp=_y0_rule, promotes="float", method=False, torch_name="", domain=(0.5, 9.0))
def bessel_y0(x, /):
    """The Bessel function of the second kind of order 0: -inf at 0, nan below.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.special.bessel_y0(tg.tensor([1.0, 10.0]))
        tensor([0.0883, 0.0557])
    """
    return kernels.bessel_y0(x)


@op(vjp=lambda g, x, out: g * (bessel_y0.op.numpy(x) - out / x), promotes="float", method=False,
    torch_name="", domain=(0.5, 9.0))  # fmt: skip
def bessel_y1(x, /):
    """The Bessel function of the second kind of order 1: -inf at 0, nan below.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.special.bessel_y1(tg.tensor([1.0, 10.0]))
        tensor([-0.7812,  0.2490])
    """
    return kernels.bessel_y1(x)


def _spherical_rule(g: Any, x: Any) -> Any:
    return g * spherical_slope.op.numpy(x)


@op(vjp=_spherical_rule, promotes="float", method=False, torch_name="", domain=(0.5, 5.0))
def spherical_bessel_j0(x, /):
    """The spherical Bessel function of the first kind of order 0, ``sin(x) / x``: 1 at 0.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.special.spherical_bessel_j0(tg.tensor([0.0, 1.0]))
        tensor([1.0000, 0.8415])
    """
    return kernels.spherical_bessel_j0(x)


def _spherical_curve(x: Any) -> Any:
    """The second derivative, which solves ``y'' = -y - 2 y' / x``; -1/3 at 0."""
    zero = x == 0
    slope = spherical_slope.op.numpy(x)
    return choose(zero, -1 / 3, -spherical_bessel_j0.op.numpy(x) - 2 * slope / choose(zero, 1.0, x))


@op(vjp=lambda g, x: g * _spherical_curve(x), promotes="float", method=False, torch_name="", domain=(0.5, 5.0))
def spherical_slope(x, /):
    """The derivative of `spherical_bessel_j0`."""
    return kernels.spherical_bessel_slope(x)


@op(vjp=None, promotes="float", method=False, torch_name="special.airy_ai", domain=(0.1, 5.0))
def airy_ai(x, /):
    """Airy's function, which solves ``y'' = x y`` and falls to 0; nan at the infinities. It has no gradient.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.special.airy_ai(tg.tensor([0.0, 1.0]))
        tensor([0.3550, 0.1353])
    """
    return kernels.airy_ai(x)
