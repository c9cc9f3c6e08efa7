"""Cumulative sums and products."""

from __future__ import annotations

from hypothesis import strategies as st

from .drawing import ANY, arrays, dims_of
from .table import Call, Draw, drawn


@drawn("cumsum", "cumprod")
def cumulative(draw: Draw) -> Call:
    x = draw(arrays(ANY))
    if draw(st.booleans()):
        return Call(x, draw(dims_of(x, wrong=True)))
    return Call(x, dim=draw(dims_of(x)))
