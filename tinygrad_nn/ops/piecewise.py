"""Activation functions made of straight pieces: relu and its relatives, hard sigmoids, shrinkage.

Names, options and kinks are those of ``torch.nn.functional``: at a kink the gradient is 0 for relu, relu6, hardtanh
and the shrinkages, and that of the left side for leaky_relu.

Source: https://docs.pytorch.org/docs/stable/nn.functional.html#non-linear-activation-functions
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .._core import dtypes
from .._core.dtypes import FLOAT32
from .._core.elements import clipped, each, far_into, near_into, numbers_into
from .._core.kernels import few_without, nonzero_masked
from .._core.numbers import operand
from .._core.op import case, composite, op
from .._core.random import default_generator
from .._core.tensor import Tensor, wrap
from .forms import refuse
from .selection import choose, keep, keep_where

Array = np.ndarray[Any, Any]

__all__ = ["hardshrink", "prelu", "relu", "rrelu", "threshold"]

_POINTS = [case(np.array([0.0, -0.0, np.inf, -np.inf, np.nan, 2.0, -2.0]))]
# Without nan, for which PyTorch's gradients differ between its scalar code and its vector code.
_KINKS = [case(np.array([-3.0, -1.0, -0.5, 0.0, -0.0, 0.5, 1.0, 3.0, 6.0, np.inf, -np.inf]))]
_INTEGERS = "biu"
_ZERO = np.zeros((), FLOAT32)
_SMALL = 512  # numbers up to which making an array takes longer than it saves


# --- rectifiers --------------------------------------------------------------------------------------------------


def _where_nonzero(g: Any, out: Any) -> Any:
    """The gradient where the output is not 0. So nan passes it on, as in PyTorch."""
    if type(g) is not np.ndarray:
        return keep(g, out != 0)
    if out.size <= _SMALL and out.dtype is FLOAT32 and out.shape:
        return few_without(g, out == _ZERO)
    return nonzero_masked(g, out)


@op(vjp=lambda g, out: _where_nonzero(g, out), avoid=(0.0,), special=_POINTS)  # drawings show it
def relu(x, /):
    """``max(x, 0)``. The gradient at 0 is 0.

    Raises:
        RuntimeError: the tensor is boolean.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.relu(tg.tensor([-1.0, 2.0]))
        tensor([0., 2.])
    """
    if x.dtype is FLOAT32 and x.size <= _SMALL:
        return np.maximum(x, _ZERO)
    if x.dtype.kind == "b":
        raise RuntimeError("Boolean inputs not supported for relu. Convert the input first: x.float().")
    # An array of zeros, as NumPy compares an array with a number at a third of the speed. The result takes its place.
    # They come second: the maximum of -0.0 and 0.0 is then 0.0 in float32 and float64; the rule wants no -0.0 there.
    zeros = np.zeros(x.shape, x.dtype) if x.flags.c_contiguous else np.zeros_like(x)
    return np.maximum(x, zeros, out=zeros)


@op(vjp=lambda g, x: _hardtanh_rule(g, x, 0.0, 6.0), method=False, torch_name="nn.functional.relu6", avoid=(0.0, 6.0),
    special=_KINKS)  # fmt: skip
def relu6(x, /):
    """``min(max(x, 0), 6)``. The gradient at 0 and at 6 is 0.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.nn.functional.relu6(tg.tensor([-1.0, 2.0, 8.0]))
        tensor([0., 2., 6.])
    """
    if x.dtype.kind == "b":
        raise RuntimeError("Bool inputs not supported for hardtanh (relu6). Convert the input first: x.float().")
    return clipped(x, 0, 6)


def _leaky_rule(g: Any, x: Any, negative_slope: float) -> Any:
    if type(g) is np.ndarray and g.size > _SMALL:
        return each(_write_leaky_gradient, g, x, slope=negative_slope)
    return choose(x > 0, g, g * negative_slope)


def _write_leaky_gradient(g: Array, x: Array, out: Array, slope: float) -> None:
    numbers_into(x > 0, 1.0, slope, out)
    out *= g


@op(vjp=_leaky_rule, method=False, avoid=(0.0,), special=_POINTS,
    torch_name="nn.functional.leaky_relu",
    cases=[case((2, 3)), case((2, 3), negative_slope=0.3), case((), negative_slope=2)])  # fmt: skip
def leaky_relu(x, /, negative_slope=0.01):
    """``x`` for positive elements, ``negative_slope * x`` for others.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.nn.functional.leaky_relu(tg.tensor([-1.0, 2.0]), negative_slope=0.1)
        tensor([-0.1000,  2.0000])
    """
    refuse("leaky_relu_cpu", x, _INTEGERS)
    if 0 < negative_slope <= 1:  # the quick way, if 0 * inf cannot occur
        return each(_write_leaky, x, slope=negative_slope) if x.size > _SMALL else np.maximum(x, x * negative_slope)
    return choose(x > 0, x, x * negative_slope)


def _write_leaky(x: Array, out: Array, slope: float) -> None:
    np.multiply(x, operand(slope, x.dtype), out)
    np.maximum(x, out, out=out)


@op(vjp=(lambda g, x, slope: choose(x > 0, g, g * slope), lambda g, x: keep(g * x, ~(x >= 0))), method=False,
    torch_name="", avoid=(0.0,), names=("input", "weight"), node_name="PreluKernelBackward0")  # fmt: skip
def _sloped(x, slope, /):
    """``x`` for positive elements, ``slope * x`` for others, of a tensor of slopes."""
    return choose(x > 0, x, x * slope)


@composite()
def prelu(input: Tensor, weight: Tensor) -> Tensor:
    """``x`` for positive elements, ``weight * x`` for others, with slopes that are learned.

    Args:
        input: any shape; dimension 1 holds the channels.
        weight: one slope, or one for each channel.

    Raises:
        RuntimeError: the number of slopes is neither 1 nor that of the channels.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.prelu(tg.tensor([[-1.0, -1.0]]), tg.tensor([0.1, 0.2]))
        tensor([[-0.1000, -0.2000]])
    """
    kinds = [dtypes.type_name(t._array.dtype) for t in (input, weight)]
    if kinds[0] != kinds[1]:
        raise RuntimeError(
            f"prelu: Type promoting not supported. Got {kinds[0]} and {kinds[1]}. Convert one: weight.to(input.dtype)."
        )
    if weight.ndim > 1:
        raise RuntimeError(f"prelu: Expected `weight` to be a scalar or 1D tensor, but got: ndim = {weight.ndim}")
    refuse("prelu_cpu", input._array, _INTEGERS)
    count = weight.numel()
    if count != 1:
        channels = input.shape[1] if input.ndim > 1 else 1
        if count != channels:
            raise RuntimeError(
                f"Mismatch of parameter numbers and input channel size. Found parameter numbers = {count} and channel "
                f"size = {channels}. (input has shape {list(input.shape)}; its dimension 1 counts.)"
            )
        weight = weight.reshape((count,) + (1,) * (input.ndim - 2))
    elif weight.ndim:
        weight = weight.reshape(())
    result: Tensor = _sloped(input, weight)
    return result


def _slopes(input: Tensor, lower: float, upper: float) -> Tensor:
    """Random slopes, of which PyTorch draws those of elements that are not positive only; 1 for others."""
    slopes = np.ones_like(input._array)
    chosen = input._array <= 0
    slopes[chosen] = default_generator.uniform(int(np.count_nonzero(chosen)), np.float64, lower, upper)
    return wrap(slopes)


@composite(method=False)
def rrelu(
    input: Tensor, lower: float = 1 / 8, upper: float = 1 / 3, training: bool = False, *, noise: Tensor | None = None
) -> Tensor:
    """Leaky relu with random slopes between `lower` and `upper` in training, and with their mean otherwise.

    Args:
        noise: the slopes, in training; as many as the input has elements. Drawn, if there are none.

    Raises:
        RuntimeError: `lower` is above `upper`.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.nn.functional.rrelu(tg.tensor([-1.0, 2.0]), lower=0.1, upper=0.3)
        tensor([-0.2000,  2.0000])
    """
    if lower > upper:
        raise RuntimeError(f"Lower bound should be less than or equal to the upper bound, got {lower} and {upper}")
    if training:
        result: Tensor = _sloped(input, _slopes(input, lower, upper) if noise is None else noise)
        return result
    return leaky_relu(input, negative_slope=(lower + upper) / 2)


@op(vjp=lambda g, x, threshold: keep_where(g, x, lambda x: ~(x <= threshold)), method=False, avoid=(0.0, 0.5),
    torch_name="nn.functional.threshold",
    cases=[case((2, 3), threshold=0.5, value=-1.0), case((), threshold=0, value=3)],
    special=[case(np.array([3.0, 4.0, np.inf, -np.inf, np.nan]), threshold=3.0, value=7.0)])  # fmt: skip
def threshold(x, /, threshold, value):
    """``x`` where it is above the threshold, else `value`.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.nn.functional.threshold(tg.tensor([-1.0, 2.0]), 0.0, 20.0)
        tensor([20.,  2.])
    """
    refuse("threshold_cpu", x, "b")
    if value == 0 and math.copysign(1, value) > 0:  # bits that are all 0, and a third of the steps
        return keep_where(x, x, lambda x: ~(x <= threshold))
    return choose(x <= threshold, x.dtype.type(value), x)


# --- limits ---------------------------------------------------------------------------------------------------------


def _hardtanh_rule(g: Any, x: Any, low: float, high: float) -> Any:
    return keep_where(g, x, lambda x: ~((x <= low) | (x >= high)))


@op(vjp=lambda g, x, min_val, max_val: _hardtanh_rule(g, x, min_val, max_val), method=False,
    avoid=(-1.0, 1.0, 0.0, 0.5), torch_name="nn.functional.hardtanh",
    cases=[case((2, 3)), case((2, 3), min_val=0.0, max_val=0.5), case(())], special=_KINKS)  # fmt: skip
def hardtanh(x, /, min_val=-1.0, max_val=1.0):
    """``x`` between the two values, and the nearer of them beyond. The gradient at them is 0.

    Raises:
        ValueError: `min_val` is above `max_val`.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.nn.functional.hardtanh(tg.tensor([-2.0, 0.5]))
        tensor([-1.0000,  0.5000])
    """
    if min_val > max_val:
        raise ValueError(f"min_val cannot be greater than max_val, got {min_val} and {max_val}")
    if x.dtype.kind == "b":
        raise RuntimeError("Bool inputs not supported for hardtanh. Convert the input first: x.float().")
    if x.dtype.kind == "u" and (min_val < 0 or max_val < 0):
        raise RuntimeError(
            f"cannot do hardtanh on an unsigned type with negative limits, got {min_val} and {max_val}. "
            "Convert the input first: x.int()."
        )
    return clipped(x, min_val, max_val)


def _hardsigmoid_rule(g: Any, x: Any) -> Any:
    if type(g) is np.ndarray:
        return each(_write_hardsigmoid_gradient, g, x)
    return keep(g * (1 / 6), (x > -3) & (x < 3))


def _write_hardsigmoid_gradient(g: Array, x: Array, out: Array) -> None:
    near_into(g, x, out, 3)
    out *= operand(1 / 6, x.dtype)


@op(vjp=_hardsigmoid_rule, method=False, avoid=(-3.0, 3.0),
    torch_name="nn.functional.hardsigmoid", special=_KINKS,
    tolerance=(100.0, "PyTorch's gradient is 1/6 in float32, for float64 as well"))  # fmt: skip
def hardsigmoid(x, /):
    """A sigmoid of straight lines, ``min(max(x + 3, 0), 6) / 6``.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.nn.functional.hardsigmoid(tg.tensor([-4.0, 0.0, 1.5]))
        tensor([0.0000, 0.5000, 0.7500])
    """
    refuse("hardsigmoid_cpu", x, _INTEGERS)
    return each(_write_hardsigmoid, x)


def _write_hardsigmoid(x: Array, out: Array) -> None:
    np.add(x, operand(3, x.dtype), out)
    out.clip(0, 6, out)
    out /= operand(6, x.dtype)


def _hardswish_rule(g: Any, x: Any) -> Any:
    if type(g) is np.ndarray:
        return each(_write_hardswish_gradient, g, x)
    return keep(choose(x < 3, g * (x * (1 / 3) + 0.5), g), ~(x <= -3))


def _write_hardswish_gradient(g: Array, x: Array, out: Array) -> None:
    near_into(x, x, out, 3)
    out += x.clip(-3, 3)  # 2 x within, 3 and -3 beyond
    out *= operand(1 / 6, x.dtype)
    out += operand(0.5, x.dtype)
    flat = out.reshape(-1)
    if not flat.dot(flat) >= 0:  # there is a nan, which passes the gradient on
        out[np.isnan(out)] = 1
    out *= g


@op(vjp=_hardswish_rule, method=False, avoid=(-3.0, 3.0),
    torch_name="nn.functional.hardswish", special=_KINKS)  # fmt: skip
def hardswish(x, /):
    """``x * hardsigmoid(x)``.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.nn.functional.hardswish(tg.tensor([-4.0, 0.0, 1.5]))
        tensor([-0.0000, 0.0000, 1.1250])
    """
    refuse("hardswish_cpu", x, _INTEGERS)
    return each(_write_hardswish, x)


def _write_hardswish(x: Array, out: Array) -> None:
    _write_hardsigmoid(x, out)
    out *= x


# --- shrinkage ------------------------------------------------------------------------------------------------------


def _outside(x: Any, lambd: float) -> Any:
    """Where elements are not shrunk to 0; nan is not."""
    return ~((x >= -lambd) & (x <= lambd))


_SHRINKS = [case((2, 3)), case((2, 3), lambd=0.25), case((), lambd=0)]


def _shrink_rule(g: Any, x: Any, lambd: float) -> Any:
    """The gradient, or else, outside."""
    if type(g) is np.ndarray and g.size > _SMALL and lambd >= 0:
        return each(far_into, g, x, limit=lambd)
    return keep(g, _outside(x, lambd))


@op(vjp=_shrink_rule, method=False, avoid=(-0.5, -0.25, 0.0, 0.25, 0.5),
    torch_name="nn.functional.softshrink", cases=_SHRINKS, special=_KINKS)  # fmt: skip
def softshrink(x, /, lambd=0.5):
    """Elements brought nearer to 0 by `lambd`, and to 0 if they are no farther away.

    Raises:
        RuntimeError: `lambd` is negative.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.nn.functional.softshrink(tg.tensor([-2.0, 0.3]))
        tensor([-1.5000,  0.0000])
    """
    refuse("softshrink_check", x, _INTEGERS)
    if lambd < 0:
        raise RuntimeError(f"lambda must be greater or equal to 0, but found to be {lambd}.")
    return each(_write_softshrink, x, lambd=lambd)


def _write_softshrink(x: Array, out: Array, lambd: float) -> None:
    x.clip(-lambd, lambd, out)
    np.subtract(x, out, out)


@op(vjp=_shrink_rule, avoid=(-0.5, -0.25, 0.0, 0.25, 0.5), cases=_SHRINKS,
    special=_KINKS)  # fmt: skip
def hardshrink(x, /, lambd=0.5):
    """Elements farther than `lambd` from 0, and 0 for others.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.hardshrink(tg.tensor([-2.0, 0.3]))
        tensor([-2.,  0.])
    """
    refuse("hardshrink_cpu", x, _INTEGERS)
    return _shrink_rule(x, x, lambd)
