"""Comparisons and tests of elements. The results are boolean, and have no gradient.

Source: https://docs.pytorch.org/docs/stable/torch.html#comparison-ops
"""

from __future__ import annotations

import numpy as np

from .._core import dtypes
from .._core.errors import must_be_tensor
from .._core.op import case, composite, op
from .._core.tensor import Tensor

__all__ = [
    "allclose", "eq", "equal", "ge", "greater", "greater_equal", "gt", "isclose", "isfinite", "isinf", "isnan",
    "isneginf", "isposinf", "le", "less", "less_equal", "lt", "ne", "not_equal", "signbit",
]  # fmt: skip

_POINTS = [case(np.array([0.0, -0.0, 1.0, np.inf, -np.inf, np.nan]))]
_PAIRS = [case(np.array([0.0, 1.0, np.nan, np.inf, 2.0]), np.array([-0.0, 2.0, np.nan, np.inf, 1.0]))]


@op(np.equal, vjp=None, takes_numbers=True, operator="eq", special=_PAIRS)
def eq(x, y, /):
    """``x == y``, element by element. (`equal` says in one word whether two tensors are the same.)

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.tensor([1, 2]) == 2
        tensor([False,  True])
    """
    return np.equal(x, y)


@op(np.not_equal, vjp=None, takes_numbers=True, operator="ne", aliases=("not_equal",), special=_PAIRS)
def ne(x, y, /):
    """``x != y``, element by element.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.tensor([1, 2]) != 2
        tensor([ True, False])
    """
    return np.not_equal(x, y)


@op(np.less, vjp=None, takes_numbers=True, operator="lt", aliases=("less",), special=_PAIRS)
def lt(x, y, /):
    """``x < y``, element by element.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.tensor([1, 2]) < 2
        tensor([ True, False])
    """
    return np.less(x, y)


@op(np.less_equal, vjp=None, takes_numbers=True, operator="le", aliases=("less_equal",), special=_PAIRS)
def le(x, y, /):
    """``x <= y``, element by element.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.tensor([1, 2, 3]) <= 2
        tensor([ True,  True, False])
    """
    return np.less_equal(x, y)


@op(np.greater, vjp=None, takes_numbers=True, operator="gt", aliases=("greater",), special=_PAIRS)
def gt(x, y, /):
    """``x > y``, element by element.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.tensor([1, 2]) > 1
        tensor([False,  True])
    """
    return np.greater(x, y)


@op(np.greater_equal, vjp=None, takes_numbers=True, operator="ge", aliases=("greater_equal",), special=_PAIRS)
def ge(x, y, /):
    """``x >= y``, element by element.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.tensor([1, 2, 3]) >= 2
        tensor([False,  True,  True])
    """
    return np.greater_equal(x, y)


# --- nan and infinity --------------------------------------------------------------------------------------------


@op(np.isnan, vjp=None, special=_POINTS)
def isnan(x, /):
    """Which elements are nan.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.isnan(tg.tensor([1.0, float("nan")]))
        tensor([False,  True])
    """
    return np.isnan(x)


@op(np.isinf, vjp=None, special=_POINTS)
def isinf(x, /):
    """Which elements are inf or -inf.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.isinf(tg.tensor([1.0, float("-inf")]))
        tensor([False,  True])
    """
    return np.isinf(x)


@op(np.isfinite, vjp=None, special=_POINTS)
def isfinite(x, /):
    """Which elements are neither nan nor infinite.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.isfinite(tg.tensor([1.0, float("inf")]))
        tensor([ True, False])
    """
    return np.isfinite(x)


@op(np.isposinf, vjp=None, special=_POINTS)
def isposinf(x, /):
    """Which elements are inf.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.isposinf(tg.tensor([float("inf"), float("-inf")]))
        tensor([ True, False])
    """
    return x == np.inf


@op(np.isneginf, vjp=None, special=_POINTS)
def isneginf(x, /):
    """Which elements are -inf.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.isneginf(tg.tensor([float("inf"), float("-inf")]))
        tensor([False,  True])
    """
    return x == -np.inf


@op(np.signbit, vjp=None, special=[case(np.array([0.0, -0.0, 1.0, -1.0, np.inf, -np.inf]))])
def signbit(x, /):
    """Which elements have the minus sign, -0.0 among them.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.signbit(tg.tensor([0.0, -0.0, -1.0]))
        tensor([False,  True,  True])
    """
    return np.signbit(x) if x.dtype.kind == "f" else x < 0


# --- nearly equal ------------------------------------------------------------------------------------------------


@op(np.isclose, vjp=None, cases=[case((2, 3), (3,)), case((2,), (2,), rtol=1.0), case((2,), (2,), atol=1.0)],
    special=[*_PAIRS, case(np.array([np.nan, 1.0]), np.array([np.nan, 1.0]), equal_nan=True)])  # fmt: skip
def isclose(x, y, /, rtol=1e-05, atol=1e-08, equal_nan=False):
    """Which elements are nearly equal: ``|x - y| <= atol + rtol * |y|``, or equal infinities.

    Args:
        rtol, atol: relative and absolute tolerance.
        equal_nan: whether nan equals nan.

    Raises:
        RuntimeError: a tolerance is negative.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.isclose(tg.tensor([1.0, 2.0]), tg.tensor([1.0 + 1e-6, 2.1]))
        tensor([ True, False])
    """
    for name, tolerance in (("rtol", rtol), ("atol", atol)):
        if tolerance < 0:
            raise RuntimeError(f"{name} must be greater than or equal to zero, but got {tolerance}")
    if x.dtype.kind in "bu":  # unsigned differences would wrap around
        x, y = x.astype(np.int64), y.astype(np.int64)
    close = x == y
    if equal_nan:
        close = close | (np.isnan(x) & np.isnan(y))
    difference = np.absolute(x - y)
    return close | (np.isfinite(difference) & (difference <= atol + np.absolute(rtol * y)))


def _check_pair(input: Tensor, other: Tensor) -> None:
    if isinstance(input, Tensor) and isinstance(other, Tensor) and input._array.dtype != other._array.dtype:
        names = dtypes.type_name(input._array.dtype), dtypes.type_name(other._array.dtype)
        raise RuntimeError(f"{names[0]} did not match {names[1]}. Convert one of them: other.to(input.dtype).")


@composite(np.allclose)
def allclose(input: Tensor, other: Tensor, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False) -> bool:
    """Whether all elements are nearly equal, see `isclose`.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.allclose(tg.tensor([1.0, 2.0]), tg.tensor([1.0 + 1e-6, 2.0]))
        True
    """
    _check_pair(input, other)
    return bool(isclose(input, other, rtol=rtol, atol=atol, equal_nan=equal_nan)._array.all())


@composite(np.array_equal)
def equal(input: Tensor, other: Tensor) -> bool:
    """Whether two tensors have the same shape and elements.

    Raises:
        TypeError: one is no tensor.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.equal(tg.tensor([1, 2]), tg.tensor([1, 2]))
        True
    """
    arrays = []
    for name, value in (("input", input), ("other", other)):
        if not isinstance(value, Tensor | np.ndarray):
            raise must_be_tensor("equal", name, int(name == "other"), value)
        arrays.append(value._array if isinstance(value, Tensor) else value)
    return bool(np.array_equal(arrays[0], arrays[1]))


not_equal, less, less_equal, greater, greater_equal = ne, lt, le, gt, ge
