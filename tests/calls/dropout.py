"""Dropout of channels, and dropout that keeps mean and variance. The masks are drawn, and the same."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from .drawing import FLOATS, INTEGERS, many
from .table import Call, Draw, drawn


def call(draw: Draw, low: int, high: int) -> Call:
    p = draw(st.sampled_from([0.0, 0.3, 0.5, 0.9, 1.0, 1.5, -0.1]))
    given = draw(st.sampled_from([{}, {"training": False}, {"training": True}, {"training": True, "inplace": False}]))
    shape = tuple(draw(st.lists(st.integers(0, 3), min_size=low, max_size=high)))
    return Call(draw(many((*FLOATS, np.float16, INTEGERS[0]), shape)), p, **given)


@drawn("nn.functional.dropout1d", examples=50)
def dropout1d(draw: Draw) -> Call:
    return call(draw, 1, 4)


@drawn("nn.functional.dropout2d", examples=50)
def dropout2d(draw: Draw) -> Call:
    return call(draw, 1, 5)


@drawn("nn.functional.dropout3d", examples=50)
def dropout3d(draw: Draw) -> Call:
    return call(draw, 3, 5)


@drawn("nn.functional.alpha_dropout", examples=50)
def alpha_dropout(draw: Draw) -> Call:
    return call(draw, 0, 3)


@drawn("nn.functional.feature_alpha_dropout", examples=50)
def feature_alpha_dropout(draw: Draw) -> Call:
    return call(draw, 1, 4)
