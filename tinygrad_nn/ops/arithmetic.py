"""Arithmetic: sums, products, quotients and powers of elements, and comparisons."""

from __future__ import annotations

from math import inf
from typing import Any

import numpy as np

from .._core.op import case, composite, op
from .._core.tensor import Tensor
from .._core.dispatch import register_operator


@op(np.add, vjp=(lambda g: g, lambda g, alpha: g if alpha == 1 else g * alpha), takes_numbers=True, operator="add",
    cases=[case((2, 3), (2, 3)), case((2, 3), (3,), alpha=2), case((), (2, 1), alpha=-0.5)])  # fmt: skip
def add(x, y, /, *, alpha=1):
    """Sum of two tensors, ``x + alpha * y``.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.add(tg.tensor([1.0, 2.0]), tg.tensor([10.0, 20.0]), alpha=2)
        tensor([21., 42.])
    """
    return np.add(x, y if alpha == 1 else alpha * y)


@op(np.subtract, vjp=(lambda g: g, lambda g, alpha: -g if alpha == 1 else g * -alpha), takes_numbers=True, operator="sub",
    aliases=("subtract",), cases=[case((2, 3), (2, 3)), case((2, 3), (3,), alpha=2), case((), (2, 1), alpha=-0.5)])  # fmt: skip
def sub(x, y, /, *, alpha=1):
    """Difference of two tensors, ``x - alpha * y``."""
    return np.subtract(x, y if alpha == 1 else alpha * y)


@op(np.multiply, vjp=(lambda g, y: g * y, lambda g, x: g * x), takes_numbers=True, operator="mul", aliases=("multiply",))
def mul(x, y, /):
    """Product of two tensors, element by element, ``x * y``."""
    return np.multiply(x, y)


@op(vjp=(lambda g, y: g / y, lambda g, x, y: -g * x / (y * y)), promotes="float", takes_numbers=True, operator="truediv", avoid=(0.0,),
    method=False)  # fmt: skip
def _true_divide(x, y, /):
    """Quotient of two tensors, ``x / y``, a floating point number even for integers."""
    return np.true_divide(x, y)
