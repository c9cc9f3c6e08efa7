"""Powers: squares, roots, reciprocals and the general power.

Source: https://docs.pytorch.org/docs/stable/generated/torch.pow.html
"""

from __future__ import annotations

import cmath
import math
from math import inf
from typing import Any

import numpy as np

from .._core import dtypes
from .._core.dispatch import register_operator
from .._core.dtypes import FLOAT32, FLOAT64
from .._core.elements import each
from .._core.inplace import check_target, store
from .._core.kernels import TOGETHER, maximum_reduce, minimum_reduce
from .._core.op import case, composite, op
from .._core.outputs import write_out
from .._core.tensor import Tensor, tensor_method
from .forms import inplace_form, no_gradient
from .selection import keep

__all__ = ["float_power", "hypot", "pow", "reciprocal", "rsqrt", "sqrt", "square"]

_POINTS = [case(np.array([0.0, -0.0, 1.0, -2.0, np.inf, -np.inf, np.nan]))]
_MOST_PRODUCTS = 8  # integer exponents up to this one are products: exact to a few units in the last place


@op(np.square, vjp=lambda g, x: g * (2 * x), special=_POINTS, node_name="PowBackward0")
def square(x, /):
    """Square of each element.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.square(tg.tensor([1.0, -2.0]))
        tensor([1., 4.])
    """
    return np.square(x) if x.dtype.kind != "b" else x.astype(np.int64)


@op(np.sqrt, vjp=lambda g, out: g / (2 * out), promotes="float", domain=(0, inf), special=_POINTS)
def sqrt(x, /):
    """Square root of each element: nan for negative ones. The gradient at 0 is inf.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.sqrt(tg.tensor([0.0, 4.0]))
        tensor([0., 2.])
    """
    return np.sqrt(x)


@op(vjp=lambda g, out: -0.5 * g * (out * out * out), promotes="float", domain=(0, inf), special=_POINTS)
def rsqrt(x, /):
    """Reciprocal of the square root, ``1 / sqrt(x)``.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.rsqrt(tg.tensor([1.0, 4.0]))
        tensor([1.0000, 0.5000])
    """
    return 1 / np.sqrt(x)


@op(np.reciprocal, vjp=lambda g, out: -g * (out * out), promotes="float", avoid=(0.0,), special=_POINTS)
def reciprocal(x, /):
    """``1 / x`` of each element.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.reciprocal(tg.tensor([1, 4]))
        tensor([1.0000, 0.2500])
    """
    return np.reciprocal(x)


def _promoted(x: Any, number: Any) -> Any:
    """The array in the dtype that it has together with the number."""
    if x.dtype.kind == "f" and not isinstance(number, complex):
        return x
    return x.astype(dtypes.result_type([x, number]), copy=False)


# --- a number as exponent ----------------------------------------------------------------------------------------


def _product(x: Any, count: int) -> Any:
    """``x ** count`` by squaring and multiplying."""
    result = None
    while True:
        if count & 1:
            result = x if result is None else result * x
        count >>= 1
        if not count:
            return result
        x = x * x


def _real_power(x: Any, exponent: Any) -> Any:
    """``np.power`` of floats, without its slow path: 40 ns an element where a negative base meets an integer."""
    if exponent == 0.5:
        return np.sqrt(x)
    if exponent == -0.5:
        return 1 / np.sqrt(x)
    if exponent == 0:
        return np.ones(x.shape, x.dtype)
    if not float(exponent).is_integer() or x.dtype.itemsize == 2:  # float16: one rounding only
        return np.power(x, exponent)
    size = int(exponent) if exponent > 0 else -int(exponent)
    if size <= _MOST_PRODUCTS:
        product = _product(x, size)
        if exponent < 0:
            return 1 / product
        return product if size > 1 else product.copy()
    power = np.power(np.absolute(x), exponent)
    return np.copysign(power, x) if size & 1 else power


def _power_rule(g: Any, x: Any, exponent: Any) -> Any:
    if exponent == 0:
        return no_gradient(g)
    return g * (exponent * _power.op.numpy(x, exponent=exponent - 1))


@op(vjp=_power_rule, method=False, torch_name="pow", node_name="PowBackward0", domain=(0.2, 3.0),
    cases=[case((2, 3), exponent=e) for e in (0, 1, 2, 3, 7, 12, -1, -2, 0.5, -0.5, 1.5, 2.0)],
    special=[case(_POINTS[0].inputs[0], exponent=e) for e in (0, 1, 2, 3, 11, -1, -2, 1.5)])  # fmt: skip
def _power(x, /, *, exponent):
    """Each element to the power of a number."""
    x = _promoted(x, exponent)
    if x.dtype.kind == "f":
        return _real_power(x, exponent)
    if x.dtype.kind == "b":  # only ever to a boolean power
        return x | (not exponent)
    if x.dtype.kind in "iu" and exponent < 0:
        raise RuntimeError(
            "Integers to negative integer powers are not allowed. Convert the base (x.float()), or write a float "
            f"exponent ({float(exponent)})."
        )
    return np.power(x, exponent)


# --- a number as base, or two tensors ----------------------------------------------------------------------------


def _integer_power(x: Any, y: Any) -> Any:
    """Powers of integers: 0 for negative exponents, except of 1 and -1."""
    inverse = np.where(x == 1, 1, np.where(x == -1, 1 - 2 * (y & 1), 0)).astype(y.dtype)
    return np.where(y < 0, inverse, np.power(x, np.maximum(y, 0)))


def _any_power(x: Any, y: Any) -> Any:
    if y.dtype.kind == "b":
        return x | ~y
    return _integer_power(x, y) if y.dtype.kind in "iu" else np.power(x, y)


def _log_of_number(base: Any) -> Any:
    if isinstance(base, complex):
        return cmath.log(base) if base else -inf
    return math.log(base) if base > 0 else -inf if base == 0 else math.nan


def _base_rule(g: Any, y: Any, out: Any, base: Any) -> Any:
    slope = out * _log_of_number(base)
    return g * (keep(slope, ~_not_negative(y)) if base == 0 else slope)


@op(vjp=_base_rule, method=False, torch_name="", node_name="PowBackward2",
    cases=[case((2, 3), base=2), case((), base=0.5)])  # fmt: skip
def _power_of(y, /, *, base):
    """A number to the power of each element."""
    y = _promoted(y, base)
    return _any_power(np.asarray(base).astype(y.dtype), y)


def _pow_rule_x(g: Any, x: Any, y: Any) -> Any:
    return keep(g * (y * np.power(x, y - 1)), y != 0)


def _not_negative(y: Any) -> Any:
    """Which numbers are real and not below 0."""
    complex_numbers = y.is_complex() if isinstance(y, Tensor) else y.dtype.kind == "c"
    return (y.imag == 0) & (y.real >= 0) if complex_numbers else y >= 0


def _pow_rule_y(g: Any, x: Any, y: Any, out: Any) -> Any:
    return g * keep(out * np.log(x), ~((x == 0) & _not_negative(y)))


@op(vjp=(_pow_rule_x, _pow_rule_y), method=False, names=("input", "exponent"), domain=(0.2, 3.0),
    node_name="PowBackward1",
    special=[case(np.array([0.0, 0.0, 0.0, -2.0, -2.0, 2.0]), np.array([0.0, 1.0, -1.0, 3.0, 0.5, 0.0]))])  # fmt: skip
def _pow(x, y, /):
    """Each element to the power of another tensor's."""
    return _any_power(x, y)


@composite(np.power)
def pow(input: Any, exponent: Any, *, out: Tensor | None = None) -> Tensor:
    """``input ** exponent``; one of the two may be a number.

    Small integer exponents are products. Integers to a tensor of negative integers are 0, as in PyTorch.

    Raises:
        RuntimeError: a tensor of integers to a negative integer.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.tensor([1.0, -2.0]) ** 3
        tensor([ 1., -8.])
        >>> tg.pow(2, tg.tensor([1.0, 0.5]))
        tensor([2.0000, 1.4142])
    """
    if isinstance(exponent, np.generic):
        exponent = exponent.item()
    if isinstance(input, np.generic):
        input = input.item()
    result: Tensor
    if isinstance(input, Tensor) and isinstance(exponent, int | float | complex):
        result = square(input) if type(exponent) is int and exponent == 2 else _power(input, exponent=exponent)
    elif isinstance(exponent, Tensor) and isinstance(input, int | float | complex):
        result = _power_of(exponent, base=input)
    else:
        result = _pow(input, exponent)
    return result if out is None else write_out(out, result)


register_operator("pow", pow, inplace_form(pow, one_op=True), binary=True)


@composite(np.float_power)
def float_power(input: Any, exponent: Any, *, out: Tensor | None = None) -> Tensor:
    """`pow` in float64 (or complex128), whatever the inputs' dtypes.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.float_power(tg.tensor([2]), -1)
        tensor([0.5000], dtype=torch.float64)
    """
    kinds = [x.dtype.is_complex if isinstance(x, Tensor) else isinstance(x, complex) for x in (input, exponent)]
    wide = dtypes.complex128 if any(kinds) else dtypes.float64
    input = input.to(wide) if isinstance(input, Tensor) else input
    exponent = exponent.to(wide) if isinstance(exponent, Tensor) else exponent
    return pow(input, exponent, out=out)


def _float_power_(input: Tensor, exponent: Any) -> Tensor:
    """In-place version of `float_power`, for tensors of type float64 (or complex128)."""
    check_target(input, (exponent,))
    result = float_power(input, exponent)
    if result._array.dtype != input._array.dtype:
        names = dtypes.type_name(input._array.dtype), dtypes.type_name(result._array.dtype)
        raise RuntimeError(
            f"the base given to float_power_ has dtype {names[0]} but the operation's result requires dtype "
            f"{names[1]}. Write x = x.float_power(exponent)."
        )
    return store(input, result)


_float_power_.__name__ = _float_power_.__qualname__ = "float_power_"
tensor_method(_float_power_)


def _hypot_rule(g: Any, x: Any, out: Any) -> Any:
    if type(g) is np.ndarray and g.size > TOGETHER and x.shape == out.shape:
        return each(_write_quotient_times, g, x, out)
    return g * (x / out)


def _write_quotient_times(g: Any, x: Any, y: Any, out: Any) -> None:
    np.divide(x, y, out)
    out *= g


@op(np.hypot, vjp=(lambda g, x, out: _hypot_rule(g, x, out), lambda g, y, out: _hypot_rule(g, y, out)),
    promotes="float", avoid=(0.0,), special=[case(np.array([0.0, 3.0, np.inf]), np.array([0.0, 4.0, 1.0]))],
    tolerance=(100.0, "PyTorch's float32 is inexact where its numbers are subnormal"))  # fmt: skip
def hypot(x, y, /):
    """Length of the hypotenuse, ``sqrt(x**2 + y**2)``, without overflow.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.hypot(tg.tensor([3.0]), tg.tensor([4.0]))
        tensor([5.])
    """
    if x.shape == y.shape and x.size >= _MANY and x.dtype in _LEAST_SQUARE:
        return each(_write_hypot, x, y)
    return np.hypot(x, y)


_MANY = 1000
# Of a sum of squares that is larger, nothing that counts has been lost where a square was too small for its type.
_LEAST_SQUARE = {FLOAT32: 1e-30, FLOAT64: 1e-290}


def _write_hypot(x: Any, y: Any, out: Any) -> None:
    """By the root, in a third of the time of NumPy's hypot, where no square is too large or too small."""
    np.multiply(x, x, out)
    out += y * y
    flat = out.reshape(-1)
    if minimum_reduce(flat) > _LEAST_SQUARE[x.dtype] and maximum_reduce(flat) < np.inf:  # nan is not
        np.sqrt(out, out)
    else:
        np.hypot(x, y, out)
