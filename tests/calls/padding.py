"""Padding."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from .drawing import ANY, BOOL, COMPLEX, FLOATS, INTEGERS, arrays, shapes
from .table import Call, Draw, drawn

HALF = (np.float16,)


def amounts(draw: Draw, x: Any, pairs: int, low: int, high: int) -> list[int]:
    return draw(st.lists(st.integers(low, high), min_size=2 * pairs, max_size=2 * pairs))


@drawn("constant_pad_nd", forms=("function",), examples=60)
def constant_pad_nd(draw: Draw) -> Call:
    x = draw(arrays((*ANY, *HALF, *COMPLEX), shapes(max_dims=4)))
    pad = amounts(draw, x, draw(st.integers(0, x.ndim)), -2, 3)
    value = draw(st.sampled_from([0, 2, 1.5, True]))
    if draw(st.booleans()):
        return Call(x, pad)
    return Call(x, pad, value=value) if draw(st.booleans()) else Call(x, tuple(pad), value)


@drawn("nn.functional.pad", examples=200)
def pad(draw: Draw) -> Call:
    mode = draw(st.sampled_from(["constant", "reflect", "replicate", "circular"]))
    if mode == "constant":
        x = draw(arrays((*ANY, *HALF, *COMPLEX), shapes(max_dims=4)))
        options = draw(st.sampled_from([{}, {"value": None}, {"value": 2}, {"value": -1.5}, {"mode": "constant"}]))
        return Call(x, amounts(draw, x, draw(st.integers(0, x.ndim)), -2, 3), **options)
    pairs = draw(st.integers(1, 3))
    dims = pairs + draw(st.integers(1, 2))
    x = draw(arrays((*FLOATS, *INTEGERS, *HALF, *COMPLEX, *BOOL), shapes(min_dims=dims, max_dims=dims, max_side=5)))
    pad = amounts(draw, x, pairs, -2, 3)
    if mode == "reflect" and pairs == 3:  # where an amount is negative, PyTorch's gradient has memory that is not set
        pad = [max(amount, 0) for amount in pad]
    if mode == "circular":  # PyTorch copies overlapping memory where an amount is negative and another large
        pad = [max(amount, -1 if max(pad) < 2 else 0) for amount in pad]
        if pairs > 1 or x.shape[-1] < 4 or max(pad) > 0:
            pad = [max(amount, 0) for amount in pad]
    return Call(x, tuple(pad), mode) if draw(st.booleans()) else Call(x, pad, mode=mode)
