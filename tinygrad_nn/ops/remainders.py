"""Remainders of divisions that are rounded down, or towards zero.

Source: https://docs.pytorch.org/docs/stable/torch.html#pointwise-ops
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .._core.elements import are_many_singles, each
from .._core.op import op
from .arithmetic import _floor_divide, _trunc_divide, check_division

__all__ = ["fmod", "remainder"]


def _divisor_rule(g: Any, x: Any, y: Any, quotient: Any) -> Any:
    if type(g) is np.ndarray and are_many_singles(x, y) and x.shape == y.shape:
        return each(_write_minus_product, quotient.op.forward(x, y), g)
    return -g * quotient.op.numpy(x, y)


def _write_minus_product(x: Any, y: Any, out: Any) -> None:
    np.multiply(x, y, out)
    np.negative(out, out)


@op(np.remainder, vjp=(lambda g: g, lambda g, x, y: _divisor_rule(g, x, y, _floor_divide)), takes_numbers=True,
    operator="mod", domain=(0.1, 3.0))  # fmt: skip
def remainder(x, y, /):
    """Remainder of the division rounded down, ``x - floor(x / y) * y``, which has the sign of y; Python's ``%``.

    A remainder of zero has the sign of x, as in PyTorch.

    Raises:
        RuntimeError: an integer is divided by 0.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.remainder(tg.tensor([-3.0, 3.0]), 2)
        tensor([1., 1.])
    """
    check_division("remainder_cpu", x, y)
    if are_many_singles(x, y):
        from .._core import remainders  # which few programs have a use for

        return remainders.remainder(x, y)
    result = np.remainder(x, y)
    if result.dtype.kind == "f" and not np.all(result):  # NumPy's zeros have the sign of y
        result = np.where(result == 0, np.copysign(result, x), result)
    return result


@op(np.fmod, vjp=(lambda g: g, lambda g, x, y: _divisor_rule(g, x, y, _trunc_divide)), takes_numbers=True,
    domain=(0.1, 3.0))  # fmt: skip
def fmod(x, y, /):
    """Remainder of the division rounded towards zero, ``x - trunc(x / y) * y``, which has the sign of x; as in C.

    Raises:
        RuntimeError: an integer is divided by 0.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.fmod(tg.tensor([-3.0, 3.0]), 2)
        tensor([-1.,  1.])
    """
    check_division("fmod_cpu", x, y)
    if not are_many_singles(x, y):
        return np.fmod(x, y)
    from .._core import remainders

    return remainders.fmod(x, y)
