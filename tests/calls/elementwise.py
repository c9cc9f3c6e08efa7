"""Arithmetic, powers, rounding, exponentials and trigonometry, element by element."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

import tinygrad_nn.special  # noqa: F401 - which is otherwise imported when it is first asked for

from .drawing import FLOATS, arrays, broadcastable
from .table import Call, Draw, drawn

FLOATING = (*FLOATS, np.float16)
WHOLE = (np.int64, np.int32, np.int16, np.uint8, np.int8)
MIXED = (*FLOATING, *WHOLE, np.bool_)
NUMBERS = st.one_of(
    st.sampled_from([0, 1, 2, -1, -2, 3, 0.0, -0.0, 1.0, 0.5, -2.5, 2.0, True, False, float("inf"), float("nan")]),
    st.integers(-5, 5),
    st.floats(-5.0, 5.0, width=32, allow_subnormal=False),
)


def alone(draw: Draw, domain: tuple[float, float] = (-5.0, 5.0), types: Any = MIXED) -> Call:
    return Call(draw(arrays(types, domain=domain, special=True)))


def pair(draw: Draw, types: Any = MIXED, numbers: Any = NUMBERS, domain: tuple[float, float] = (-5.0, 5.0)) -> Call:
    """A tensor with another one of another type, or with a number."""
    first, second = draw(broadcastable(2))
    x = draw(arrays(types, first, domain=domain, special=True))
    if numbers is not None and draw(st.integers(0, 2)) == 0:
        return Call(x, draw(numbers))
    return Call(x, draw(arrays(types, second, domain=domain, special=True)))


def either(draw: Draw, types: Any = MIXED) -> Call:
    """As `pair`, or with the number first."""
    call = pair(draw, types)
    return Call(*call.args[::-1]) if draw(st.integers(0, 3)) == 0 else call


# --- of one tensor -----------------------------------------------------------------------------------------------


_ZERO = "PyTorch gives a tensor without memory, which cannot be read, for the zeros"


@drawn("sgn", "sign", gradient=False, reason=_ZERO)
def signs(draw: Draw) -> Call:
    return alone(draw)


@drawn("abs", "absolute", second=False, reason=_ZERO)
def sizes(draw: Draw) -> Call:
    return alone(draw)


@drawn("sinc", "special.sinc", second=False, tolerance=10, reason="PyTorch's second derivative is nan at 0")
def sinc(draw: Draw) -> Call:
    return alone(draw)


@drawn("neg", "negative", "positive", "square", "reciprocal", "sqrt", "rsqrt",
       "floor", "ceil", "trunc", "fix", "frac", "exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "erf", "erfc",
       "sin", "cos", "sinh", "cosh", "tanh", "asinh", "arcsinh", "atan", "arctan", "deg2rad",
       "rad2deg")  # fmt: skip
def unary(draw: Draw) -> Call:
    return alone(draw)


@drawn("sigmoid", tolerance=10, reason="float16 is rounded in other places")
def sigmoid(draw: Draw) -> Call:
    return alone(draw)


@drawn("tan")
def tangent(draw: Draw) -> Call:
    return alone(draw, (-1.25, 1.25))


@drawn("asin", "arcsin", "acos", "arccos", "atanh", "arctanh", "erfinv")
def inside_one(draw: Draw) -> Call:
    return alone(draw, (-1.25, 1.25))


@drawn("acosh", "arccosh")
def above_one(draw: Draw) -> Call:
    return alone(draw, (0.0, 5.0))


@drawn("logit")
def logits(draw: Draw) -> Call:
    call = alone(draw, (-0.5, 1.5))
    return Call(*call.args, draw(st.sampled_from([None, 0.25, 1e-6, 0.0, -1.0]))) if draw(st.booleans()) else call


@drawn("round")
def rounded(draw: Draw) -> Call:
    x = draw(arrays(MIXED, special=True))
    return Call(x) if draw(st.booleans()) else Call(x, decimals=draw(st.sampled_from([-2, -1, 1, 2, 3])))


@drawn("nan_to_num")
def replaced(draw: Draw) -> Call:
    x = draw(arrays(MIXED, special=True))
    names = draw(st.lists(st.sampled_from(["nan", "posinf", "neginf"]), unique=True))
    return Call(x, **{name: draw(st.sampled_from([None, 1.0, -2.5, 0.0, 7])) for name in names})


# --- of two ------------------------------------------------------------------------------------------------------


@drawn("add", "sub", "subtract")
def sums(draw: Draw) -> Call:
    call = pair(draw)
    if draw(st.integers(0, 2)) == 0:
        call.options["alpha"] = draw(st.sampled_from([1, 2, -1, 0, 0.5, -2.0, True]))
    return call


@drawn("rsub")
def reversed_difference(draw: Draw) -> Call:
    return sums(draw)


@drawn("mul", "multiply", "true_divide", "copysign")
def binary(draw: Draw) -> Call:
    return pair(draw)


# Of two floating point types, PyTorch computes parts of the gradient in the smaller one.


@drawn("atan2", "arctan2")
def angles(draw: Draw) -> Call:
    # the squares of small float16 numbers vanish in one order of computing a second gradient, and not in the other
    return pair(draw, (draw(st.sampled_from(FLOATS)), np.int64, np.int32, np.int16, np.int8), None)


@drawn("fmax", "fmin", "maximum", "minimum")
def two_tensors(draw: Draw) -> Call:
    return pair(draw, (draw(st.sampled_from(FLOATING)), np.int64, np.int32, np.int16, np.int8), None)


@drawn("hypot")
def lengths(draw: Draw) -> Call:
    kind = [draw(st.sampled_from(FLOATING))]
    first, second = draw(broadcastable(2))
    return Call(draw(arrays(kind, first, domain=(0.25, 5.0))), draw(arrays(kind, second, domain=(0.25, 5.0))))


@drawn("logaddexp", "logaddexp2")
def two_tensors_of_floats(draw: Draw) -> Call:
    return pair(draw, (draw(st.sampled_from(FLOATING)),), None)


@drawn("float_power", "xlogy")
def number_on_either_side(draw: Draw) -> Call:
    return either(draw)


@drawn("pow")
def powers(draw: Draw) -> Call:  # PyTorch's gradient fails for boolean exponents
    return either(draw, (*FLOATING, *WHOLE))


@drawn("remainder", forms=("function", "method", "inplace"), reason="no out= where the number comes first")
def remainders(draw: Draw) -> Call:
    return either(draw)


@drawn("floor_divide", "fmod")
def integers_divided(draw: Draw) -> Call:
    return pair(draw)


@drawn("div", "divide")
def quotients(draw: Draw) -> Call:
    call = pair(draw)
    if draw(st.booleans()):
        call.options["rounding_mode"] = draw(st.sampled_from([None, "floor", "trunc", "ceil"]))
    return call


@drawn("heaviside")
def steps(draw: Draw) -> Call:
    kind = [draw(st.sampled_from(MIXED))]  # of two types PyTorch's raises
    first, second = draw(broadcastable(2))
    return Call(draw(arrays(kind, first, special=True)), draw(arrays(kind, second)))


@drawn("gcd", "lcm")
def divisors(draw: Draw) -> Call:
    return pair(draw, (*WHOLE, np.int64, np.bool_, np.float32), None, (-12, 12))


@drawn("nextafter")
def neighbours(draw: Draw) -> Call:
    kind = draw(st.sampled_from([(np.float32,), (np.float64,), (np.float32, np.float64, np.float16, np.int64)]))
    return pair(draw, kind, None)


@drawn("ldexp")
def scaled(draw: Draw) -> Call:  # of negative integers PyTorch's gradient is 0
    first, second = draw(broadcastable(2))
    x = draw(arrays(MIXED, first, special=True))
    return Call(x, draw(arrays((np.int64, np.int32, x.dtype), second, domain=(0, 5))))


@drawn("frexp")
def split(draw: Draw) -> Call:
    return alone(draw, types=(*FLOATING, np.int64))


# --- of three ----------------------------------------------------------------------------------------------------


@drawn("lerp")
def between(draw: Draw) -> Call:
    kind = [draw(st.sampled_from(FLOATING))]  # of two types PyTorch's raises
    a, b, c = draw(broadcastable(3))
    weight = draw(arrays(kind, c)) if draw(st.booleans()) else draw(st.sampled_from([0, 1, 0.25, 0.5, 0.75, 2.0, -1]))
    return Call(draw(arrays(kind, a, special=True)), draw(arrays(kind, b, special=True)), weight)


@drawn("addcmul", "addcdiv")
def with_product(draw: Draw) -> Call:
    kinds = [draw(st.sampled_from(MIXED))]
    parts = [draw(arrays(kinds, shape, special=True)) for shape in draw(broadcastable(3))]
    return Call(*parts, **({"value": draw(st.sampled_from([1, 2, -1, 0.5, 0, True]))} if draw(st.booleans()) else {}))


@drawn("clamp", "clip")
def limited(draw: Draw) -> Call:
    shapes = draw(broadcastable(3))
    kind = draw(st.sampled_from(["numbers", "tensors", "mixed"]))
    x = draw(arrays(MIXED, shapes[0], special=True))
    bounds = {}
    for name, shape in zip(("min", "max"), shapes[1:], strict=True):
        how = draw(st.integers(0, 3))
        if how == 0:
            continue
        bounds[name] = None if how == 1 else draw(arrays(MIXED, shape) if kind == "tensors" else st.sampled_from(
            [0, 1, -1, 2.5, -0.5, float("inf")]))  # fmt: skip
    return Call(x, **bounds)


@drawn("clamp_min", "clamp_max")
def limited_once(draw: Draw) -> Call:
    return pair(draw)
