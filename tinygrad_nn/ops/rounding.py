"""Rounding: floor, ceil, round, trunc, and what they cut off; and replacing nan and inf.

The gradient of a rounded value is zero.

Source: https://docs.pytorch.org/docs/stable/torch.html#pointwise-ops
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .._core.op import case, op
from .forms import no_gradient, refuse
from .selection import choose

__all__ = ["ceil", "fix", "floor", "frac", "heaviside", "nan_to_num", "round", "trunc"]

_INTEGERS = (-3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0)
_HALVES = (-2.5, -1.5, -0.5, 0.5, 1.5, 2.5)
_SPECIAL = [case(np.array([0.0, -0.0, 0.5, 1.5, 2.5, -0.5, 3.0, np.inf, -np.inf, np.nan]))]


def _rounded(name: str, ufunc: np.ufunc, x: Any) -> Any:
    refuse(f"{name}_vml_cpu", x, "b")
    return ufunc(x) if x.dtype.kind in "fc" else x.copy()


@op(np.floor, vjp=no_gradient, avoid=_INTEGERS, special=_SPECIAL)
def floor(x, /):
    """The largest integer that is not above each element.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.floor(tg.tensor([1.7, -1.2]))
        tensor([ 1., -2.])
    """
    return _rounded("floor", np.floor, x)


@op(np.ceil, vjp=no_gradient, avoid=_INTEGERS, special=_SPECIAL)
def ceil(x, /):
    """The smallest integer that is not below each element.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.ceil(tg.tensor([1.7, -1.2]))
        tensor([ 2., -1.])
    """
    return _rounded("ceil", np.ceil, x)


@op(np.trunc, getattr(np, "fix", np.trunc), vjp=no_gradient, aliases=("fix",), avoid=_INTEGERS, special=_SPECIAL)
def trunc(x, /):
    """Each element without its fraction: rounded towards zero.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.trunc(tg.tensor([1.7, -1.2]))
        tensor([ 1., -1.])
    """
    return _rounded("trunc", np.trunc, x)


@op(np.round, np.around, vjp=lambda g, decimals: no_gradient(g), avoid=_HALVES, special=_SPECIAL,
    cases=[case((2, 3)), case((2, 3), decimals=1), case((), decimals=-1)])  # fmt: skip
def round(x, /, *, decimals=0):
    """Each element rounded to an integer or, with `decimals`, to that many digits; halves to the even neighbour.

    Raises:
        RuntimeError: `decimals` for a tensor of integers.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.round(tg.tensor([0.5, 1.5, -1.2]))
        tensor([ 0.,  2., -1.])
        >>> tg.round(tg.tensor([2.345]), decimals=1)
        tensor([2.3000])
    """
    if decimals == 0:
        return _rounded("round", np.rint, x)
    refuse("round_cpu", x, "biu")
    scale = 10.0 ** np.absolute(decimals).item()
    return np.rint(x * scale) / scale if decimals > 0 else np.rint(x / scale) * scale


@op(vjp=lambda g: g, avoid=_INTEGERS, special=_SPECIAL)
def frac(x, /):
    """The fraction of each element, with its sign: ``x - trunc(x)``.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.frac(tg.tensor([1.5, -1.25]))
        tensor([ 0.5000, -0.2500])
    """
    refuse("frac_cpu", x, "biu")
    return x - np.trunc(x)


@op(np.nan_to_num, vjp=lambda g, x: g * np.isfinite(x),
    cases=[case((2, 3)), case((2,), nan=1.0, posinf=2.0, neginf=-2.0)],
    special=[case(np.array([0.0, -0.0, 0.5, np.inf, -np.inf, np.nan])),
             case(np.array([np.inf, -np.inf, np.nan]), nan=1.0, posinf=2.0, neginf=-2.0)])  # fmt: skip
def nan_to_num(x, /, nan=None, posinf=None, neginf=None):
    """Each element, with nan, inf and -inf replaced: by 0, the largest and the smallest number, if not told otherwise.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.nan_to_num(tg.tensor([1.0, float("nan"), float("inf")]), nan=0.0, posinf=9.0)
        tensor([1., 0., 9.])
    """
    if x.dtype.kind in "biu":
        return x.copy()
    return np.nan_to_num(x, nan=0.0 if nan is None else nan, posinf=posinf, neginf=neginf)


@op(np.heaviside, vjp=None, names=("input", "values"))
def heaviside(x, y, /):
    """The step function: 0 below zero (and for nan), 1 above, and `values` at it. It has no gradient.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.heaviside(tg.tensor([-1.5, 0.0, 2.0]), tg.tensor(0.5))
        tensor([0.0000, 0.5000, 1.0000])
    """
    return choose(x == 0, y, (x > 0).astype(x.dtype))


fix = trunc
