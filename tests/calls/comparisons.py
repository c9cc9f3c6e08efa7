"""Comparisons, tests of elements, logic and bits."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from .drawing import arrays, broadcastable
from .elementwise import FLOATING, MIXED, WHOLE, alone, either, pair
from .table import Call, Draw, drawn


@drawn(
    "eq", "ne", "not_equal", "lt", "less", "le", "less_equal", "gt", "greater", "ge", "greater_equal", gradient=False
)
def compared(draw: Draw) -> Call:
    return pair(draw)


@drawn("isnan", "isinf", "isfinite", "isposinf", "isneginf", "signbit", "logical_not", gradient=False)
def tested(draw: Draw) -> Call:
    return alone(draw)


@drawn("isclose", "allclose", gradient=False)
def nearly(draw: Draw) -> Call:
    kinds = [draw(st.sampled_from(MIXED))]  # of two types PyTorch's raise
    first, second = draw(broadcastable(2))
    x, y = draw(arrays(kinds, first, special=True)), draw(arrays(kinds, second, special=True))
    options = {}
    for name, values in (("rtol", [0.0, 1e-5, 0.5, -1.0]), ("atol", [0.0, 1.0, 0.1]), ("equal_nan", [True, False])):
        if draw(st.booleans()):
            options[name] = draw(st.sampled_from(values))
    return Call(x, y, **options)


@drawn("equal")
def same(draw: Draw) -> Call:
    x = draw(arrays(MIXED, special=True))
    y = x.copy() if draw(st.booleans()) else draw(arrays(MIXED, x.shape if draw(st.booleans()) else None))
    return Call(x, y)


@drawn("logical_and", "logical_or", "logical_xor", gradient=False)
def truths(draw: Draw) -> Call:
    return pair(draw, numbers=None)


_NUMBER_FIRST = "no out= where the number comes first"
_FORMS = ("function", "method", "inplace")


@drawn("bitwise_and", "bitwise_or", "bitwise_xor", forms=_FORMS, reason=_NUMBER_FIRST)
def bits(draw: Draw) -> Call:
    return either(draw, (*WHOLE, np.bool_, np.float32))


@drawn("bitwise_not")
def turned(draw: Draw) -> Call:
    return alone(draw, types=(*WHOLE, np.bool_, *FLOATING))


@drawn("bitwise_left_shift", "bitwise_right_shift", forms=_FORMS, reason=_NUMBER_FIRST)
def shifted(draw: Draw) -> Call:
    call = pair(draw, (*WHOLE, np.float32), st.integers(0, 9), (0, 9))
    return Call(*call.args[::-1]) if draw(st.integers(0, 4)) == 0 else call
