"""Arithmetic: sums, products, quotients, signs and weighted sums of elements.

Tensors and numbers mix; shapes are broadcast together, dtypes brought together by PyTorch's rules.

Source: https://docs.pytorch.org/docs/stable/torch.html#pointwise-ops
"""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from .._core.dispatch import register_operator
from .._core.elements import are_many_singles, each, signs_into
from .._core.op import case, composite, op
from .._core.outputs import write_out
from .._core.tensor import Tensor, tensor_attribute
from .forms import inplace_form, no_gradient, refuse
from .selection import keep
from .shortcuts import inplace_shortcut
from .weighted_sums import addcdiv as addcdiv
from .weighted_sums import addcmul as addcmul
from .weighted_sums import lerp as lerp

__all__ = [
    "abs", "absolute", "add", "copysign", "div", "divide", "floor_divide", "mul", "multiply", "neg", "negative",
    "positive", "rsub", "sgn", "sign", "sub", "subtract", "true_divide",
]  # fmt: skip

_NO_BOOL_MINUS = (
    "Subtraction, the `-` operator, with a bool tensor is not supported. If you are trying to invert a mask, use the "
    "`~` or `logical_not()` operator instead."
)


def _times_alpha(x: Any, y: Any, alpha: Any) -> Any:
    """``alpha * y``, for the second argument of `add` and `sub`, where alpha is another number than 1."""
    dtype = (x if isinstance(x, np.ndarray | np.generic) else y).dtype
    kind = dtype.kind
    if isinstance(alpha, bool) and kind != "b":
        raise RuntimeError("Boolean alpha only supported for Boolean results. Give a number.")
    if isinstance(alpha, float) and kind in "biu":
        raise RuntimeError(
            "For integral input tensors, argument alpha must not be a floating point number. Use x.float(), or an "
            f"integer instead of {alpha}."
        )
    if kind in "bu":  # a negative number wraps around
        return np.multiply(y, np.asarray(alpha).astype(dtype), dtype=dtype)
    return alpha * (dtype.type(y) if isinstance(x, np.generic) else y)  # a number is rounded first, as arrays are


# --- sums and products -------------------------------------------------------------------------------------------


_SUMS = [case((2, 3), (2, 3)), case((2, 3), (3,), alpha=2), case((), (2, 1), alpha=-0.5)]


@op(np.add, vjp=(lambda g: g, lambda g, alpha: g if alpha == 1 else g * alpha), takes_numbers=True, takes_scalars=True,
    direct=operator.add, operator="add", cases=_SUMS)  # fmt: skip
def add(x, y, /, *, alpha=1):
    """Sum of two tensors, ``x + alpha * y``.

    Raises:
        RuntimeError: `alpha` is a float and the tensors are of integers.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.add(tg.tensor([1.0, 2.0]), tg.tensor([10.0, 20.0]), alpha=2)
        tensor([21., 42.])
    """
    return x + (y if alpha == 1 and alpha is not True else _times_alpha(x, y, alpha))


@op(np.subtract, vjp=(lambda g: g, lambda g, alpha: -g if alpha == 1 else g * -alpha), takes_numbers=True,
    takes_scalars=True, direct=operator.sub, operator="sub", aliases=("subtract",), cases=_SUMS)  # fmt: skip
def sub(x, y, /, *, alpha=1):
    """Difference of two tensors, ``x - alpha * y``.

    Raises:
        RuntimeError: `alpha` is a float and the tensors are of integers; or the tensors are boolean.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.sub(tg.tensor([10.0, 20.0]), tg.tensor([1.0, 2.0]), alpha=2)
        tensor([ 8., 16.])
    """
    return x - (y if alpha == 1 and alpha is not True else _times_alpha(x, y, alpha))


def _number_minus(self: Tensor, other: Any) -> Any:
    """``other - self``, where `other` is no tensor."""
    result = _minus(other, self)
    edge = getattr(result, "_edge", None)
    if edge is not None:
        edge[0].label = "RsubBackward1"
    return result


_minus = Tensor.__sub__  # with a number on the left, too
tensor_attribute("__rsub__", _number_minus)


@composite(method=False)
def rsub(input: Tensor, other: Any, *, alpha: Any = 1) -> Tensor:
    """Difference the other way round, ``other - alpha * input``.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.rsub(tg.tensor([1.0, 2.0]), 10)
        tensor([9., 8.])
    """
    return sub(other, input, alpha=alpha)


@op(np.multiply, vjp=(lambda g, y: g * y, lambda g, x: g * x), takes_numbers=True, takes_scalars=True,
    direct=operator.mul, operator="mul", aliases=("multiply",))  # fmt: skip
def mul(x, y, /):
    """Product of two tensors, element by element, ``x * y``.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.mul(tg.tensor([1.0, 2.0]), tg.tensor([3.0, 4.0]))
        tensor([3., 8.])
    """
    return x * y


# --- quotients ---------------------------------------------------------------------------------------------------


def check_division(name: str, x: Any, y: Any) -> None:
    """Refuse what integers cannot be divided by. (For floats 1 / 0 is inf.)"""
    if y.dtype.kind in "biu" if isinstance(y, np.ndarray) else x.dtype.kind in "biu":
        refuse(name, x, "b")
        if x.size and not np.all(y):
            raise RuntimeError("ZeroDivisionError: integers are divided by 0. Divide floats (x.float()) for inf.")


@op(vjp=(lambda g, y: g / y, lambda g, x, y: -g * ((x / y) / y)), promotes="float", takes_numbers=True,
    takes_scalars=True, direct=operator.truediv, avoid=(0.0,), method=False, torch_name="true_divide",
    node_name="DivBackward0")  # fmt: skip
def _true_divide(x, y, /):
    """Quotient of two tensors, ``x / y``, a floating point number even for integers."""
    return x / y


# Differentiable (with gradient 0), as PyTorch's div(rounding_mode="floor") is and its floor_divide is not.
@op(vjp=(no_gradient, no_gradient), takes_numbers=True, method=False, torch_name="floor_divide",
    node_name="DivBackward1", domain=(0.1, 0.9))  # fmt: skip
def _floor_divide(x, y, /):
    """The quotient rounded down."""
    check_division("div_floor_cpu", x, y)
    if not are_many_singles(x, y):
        return np.floor_divide(x, y)
    from .._core.remainders import floor_quotient  # which few programs have a use for

    return floor_quotient(x, y)


@op(vjp=(no_gradient, no_gradient), takes_numbers=True, method=False, torch_name="", node_name="DivBackward1",
    domain=(0.1, 0.9))  # fmt: skip
def _trunc_divide(x, y, /):
    """The quotient rounded towards zero."""
    check_division("div_trunc_cpu", x, y)
    if x.dtype.kind in "iu" if isinstance(x, np.ndarray) else y.dtype.kind in "iu":
        return np.floor_divide(x, y) + ((np.remainder(x, y) != 0) & ((x < 0) != (y < 0)))
    if are_many_singles(x, y) and x.shape == y.shape:
        return each(_write_trunc_quotient, x, y)
    return np.trunc(np.true_divide(x, y))


def _write_trunc_quotient(x: Any, y: Any, out: Any) -> None:
    np.divide(x, y, out)
    np.trunc(out, out)


@composite(np.divide, aliases=("divide", "true_divide"))
def div(input: Tensor, other: Any, *, rounding_mode: str | None = None, out: Tensor | None = None) -> Tensor:
    """Quotient of two tensors, ``x / y``: a floating point number even for integers.

    Args:
        rounding_mode: ``"trunc"`` rounds towards zero and ``"floor"`` down; integers then stay integers, and the
            gradient is zero.

    Raises:
        RuntimeError: another rounding mode; or integers are divided by 0 with one.

    Example:
        >>> import tinygrad_nn as tg
        >>> x, y = tg.tensor([7, -7]), tg.tensor([2, 2])
        >>> tg.div(x, y), tg.div(x, y, rounding_mode="floor"), tg.div(x, y, rounding_mode="trunc")
        (tensor([ 3.5000, -3.5000]), tensor([ 3, -4]), tensor([ 3, -3]))
    """
    if rounding_mode is None:
        result: Tensor = _true_divide(input, other)
    elif rounding_mode == "floor":
        result = _floor_divide(input, other)
    elif rounding_mode == "trunc":
        result = _trunc_divide(input, other)
    else:
        raise RuntimeError(
            f"div expected rounding_mode to be one of None, 'trunc', or 'floor' but found {rounding_mode!r}"
        )
    return result if out is None else write_out(out, result)


@composite(np.floor_divide)
def floor_divide(input: Tensor, other: Any, *, out: Tensor | None = None) -> Tensor:
    """The quotient rounded down, ``x // y``; integers stay integers.

    Raises:
        RuntimeError: an integer is divided by 0.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.tensor([7, -7]) // 2
        tensor([ 3, -4])
    """
    return div(input, other, rounding_mode="floor", out=out)


divide = true_divide = div
multiply = mul
subtract = sub
inplace_form(div, "divide", "true_divide", one_op=True)
register_operator("truediv", _true_divide, inplace_form(div, one_op=True), binary=True)
register_operator("floordiv", _floor_divide, inplace_form(floor_divide, one_op=True), binary=True)


# --- signs -------------------------------------------------------------------------------------------------------


@op(np.negative, vjp=lambda g: -g, aliases=("negative",), operator="neg")
def neg(x, /):
    """Each element with the other sign, ``-x``.

    Raises:
        RuntimeError: the tensor is boolean.

    Example:
        >>> import tinygrad_nn as tg
        >>> -tg.tensor([1.0, -2.0])
        tensor([-1.,  2.])
    """
    if x.dtype.kind == "b":
        raise RuntimeError(_NO_BOOL_MINUS.replace("Subtraction", "Negation").replace("with", "on"))
    return np.negative(x)


@composite(np.positive)
def positive(input: Tensor) -> Tensor:
    """The tensor itself, ``+x``.

    Raises:
        RuntimeError: the tensor is boolean.

    Example:
        >>> import tinygrad_nn as tg
        >>> +tg.tensor([1.0, -2.0])
        tensor([ 1., -2.])
    """
    if input._array.dtype.kind == "b":
        raise RuntimeError("The `+` operator, on a bool tensor is not supported. Use x.int() first.")
    return input


register_operator("pos", positive, None, binary=False)


def _is_complex(x: Any) -> bool:
    return bool(x.is_complex()) if isinstance(x, Tensor) else x.dtype.kind == "c"


def _signs(x: Any) -> Any:
    """-1, 0 or 1 in x's dtype, and 0 for nan as in PyTorch. For forward functions and rules."""
    if isinstance(x, np.ndarray):
        return each(signs_into, x)
    return (x > 0).astype(x.dtype) - (x < 0).astype(x.dtype)


def _abs_rule(g: Any, x: Any) -> Any:
    if type(g) is np.ndarray and x.dtype.kind == "f":
        return each(_write_abs_gradient, x, g)
    return g * (sgn.op.numpy(x) if _is_complex(x) else _signs(x))


def _write_abs_gradient(x: Any, g: Any, out: Any) -> None:
    signs_into(x, out)
    out *= g


@op(np.absolute, np.fabs, vjp=_abs_rule, aliases=("absolute",), operator="abs", avoid=(0.0,), holomorphic=False,
    special=[case(np.array([0.0, -0.0, np.inf, -np.inf, np.nan]))])  # fmt: skip
def abs(x, /):
    """Absolute value of each element. Its gradient at 0 is 0.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.abs(tg.tensor([1.0, -2.0]))
        tensor([1., 2.])
    """
    refuse("abs_cpu", x, "b")
    return np.absolute(x)


@op(np.sign, vjp=no_gradient, avoid=(0.0,), special=[case(np.array([0.0, -0.0, np.inf, -np.inf, np.nan]))])
def sign(x, /):
    """-1, 0 or 1, with the sign of each element (0 for nan). The gradient is zero.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.sign(tg.tensor([0.5, -2.0, 0.0]))
        tensor([ 1., -1.,  0.])
    """
    if x.dtype.kind == "c":
        raise NotImplementedError(
            "Unlike NumPy, torch.sign is not intended to support complex numbers. Please use torch.sgn instead."
        )
    return _signs(x) if x.dtype.kind in "iuf" else x.copy()


def _sgn_rule(g: Any, x: Any, out: Any) -> Any:
    """Of complex numbers the sign turns with the angle alone: the part of g across it, over the length."""
    if not _is_complex(x):
        return no_gradient(g)
    along = (g * out.conj()).real * out
    return keep((g - along) / np.absolute(x), x != 0)


@op(vjp=_sgn_rule, avoid=(0.0,), holomorphic=False, special=[case(np.array([0.0, -0.0, np.inf, -np.inf, np.nan]))])
def sgn(x, /):
    """`sign`; for complex elements ``x / |x|``.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.sgn(tg.tensor([0.5, -2.0, 0.0]))
        tensor([ 1., -1.,  0.])
    """
    return sign.op.forward(x) if x.dtype.kind != "c" else keep(x / np.absolute(x), x != 0)


@op(np.copysign, vjp=(lambda g, x, out: g * keep(out / x, x != 0), no_gradient), promotes="float", avoid=(0.0,),
    special=[case(np.array([0.0, 3.0, -3.0, -0.0, 2.0]), np.array([1.0, -1.0, 0.0, -0.0, -0.0]))])  # fmt: skip
def copysign(x, y, /):
    """The size of x with the sign of y, which counts for zeros as well.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.copysign(tg.tensor([1.0, -2.0]), tg.tensor([-0.0, 5.0]))
        tensor([-1.,  2.])
    """
    return np.copysign(x, y)


absolute = abs
negative = neg

inplace_shortcut(add, "add", np.add)
inplace_shortcut(sub, "sub", np.subtract)
inplace_shortcut(mul, "mul", np.multiply)
inplace_shortcut(_true_divide, "div", np.true_divide)
for _function in (lerp, addcmul, addcdiv):
    inplace_shortcut(_function, _function.__name__)
