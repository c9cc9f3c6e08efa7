"""Choosing by a condition, and rows of tables."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from .drawing import COMPLEX, FLOATS, arrays, broadcastable, indices, shapes
from .table import Call, Draw, drawn

_TYPES = (*FLOATS, *COMPLEX, np.float16, np.int64, np.int32, np.uint8, np.bool_)
_NUMBERS = [0, 1, -2, 2.5, True, False, float("nan")]


def _three(draw: Draw) -> tuple[Any, Any, Any]:
    found = draw(broadcastable(3)) if draw(st.integers(0, 9)) else ((2,), (3,), (2,))
    condition = draw(arrays([np.bool_] * 9 + [np.int64, np.float32], found[0]))
    x, y = draw(arrays(_TYPES, found[1])), draw(arrays(_TYPES, found[2]))
    if "c" in (x.dtype.kind, y.dtype.kind):  # PyTorch has no complex32
        x, y = [a.astype(np.float32) if a.dtype == np.float16 else a for a in (x, y)]
    if {x.dtype.kind, y.dtype.kind} == {"c", "f"}:  # PyTorch fails at the real one's gradient
        y = np.real(y).astype(x.dtype)
    return condition, x, y


@drawn("where", forms=("function", "out"), reason="the method takes its arguments in another order", examples=200)
def where(draw: Draw) -> Call:
    condition, x, y = _three(draw)
    number = st.sampled_from(_NUMBERS)
    kind = draw(st.integers(0, 5))
    if kind == 0:
        return Call(draw(arrays((*FLOATS, np.int64, np.bool_))))
    if kind == 1:
        return Call(condition, draw(number), y)
    if kind == 2:
        return Call(condition, x, draw(number))
    if kind == 3:
        return Call(condition, draw(st.one_of(number, st.just(1j))), draw(number))
    return Call(condition, x, y)


@drawn("Tensor.where", examples=80)
def where_method(draw: Draw) -> Call:
    condition, x, y = _three(draw)
    return Call(x, condition, y if draw(st.booleans()) else draw(st.sampled_from(_NUMBERS)))


# --- tables ------------------------------------------------------------------------------------------------------


@drawn("nn.functional.one_hot", gradient=False, reason="integers have no gradient", examples=60)
def one_hot(draw: Draw) -> Call:
    index = draw(indices(draw(shapes(max_dims=2)), 4, low=draw(st.sampled_from([0, 0, 0, -1])),
                         types=(np.int64, np.int64, np.int64, np.int32)))  # fmt: skip
    return Call(index) if draw(st.booleans()) else Call(index, draw(st.integers(-2, 6)))


@st.composite
def _table(draw: Any) -> Any:
    rows = draw(st.integers(1, 5))
    return draw(arrays((*FLOATS, np.float64), (rows, draw(st.integers(1, 3)))))


@drawn("nn.functional.embedding", examples=150)
def embedding(draw: Draw) -> Call:
    weight = draw(_table())
    rows = len(weight)
    high = rows + (draw(st.integers(0, 9)) == 0)
    index = draw(indices(draw(shapes(max_dims=2)), high, types=(np.int64,) * 5 + (np.int32, np.float32)))
    options: dict[str, Any] = {}
    if draw(st.booleans()):
        options["padding_idx"] = draw(st.integers(-rows - 1, rows))
    if draw(st.integers(0, 3)) == 0:
        options["scale_grad_by_freq"] = draw(st.booleans())
    if draw(st.integers(0, 3)) == 0:
        options["sparse"] = False
    return Call(index, weight, **options)


@drawn("nn.functional.embedding_bag", examples=300)
def embedding_bag(draw: Draw) -> Call:
    weight = draw(_table())
    rows = len(weight)
    high = rows + (draw(st.integers(0, 14)) == 0)
    mode = draw(st.sampled_from(["sum", "mean", "max", "sum", "mean", "max", "prod"]))
    options: dict[str, Any] = {"mode": mode}
    if draw(st.booleans()):
        index = draw(indices((draw(st.integers(0, 3)), draw(st.integers(1, 3))), high))
    else:
        index = draw(indices((draw(st.integers(0, 5)),), high, types=(np.int64, np.int64, np.int64, np.int32)))
        starts = sorted(draw(st.lists(st.integers(0, index.size), max_size=3)))
        offsets = [0, *starts]
        if draw(st.integers(0, 2)) == 0:
            options["include_last_offset"] = True
            offsets.append(index.size)
        if draw(st.integers(0, 14)) == 0:
            offsets[-1] += 1 + index.size
        if draw(st.integers(0, 14)) == 0:
            offsets[0] = 1
        options["offsets"] = np.array(offsets)
    if draw(st.integers(0, 2)) == 0:
        options["padding_idx"] = draw(st.integers(-rows - 1, rows))
    if draw(st.integers(0, 2)) == 0:
        options["per_sample_weights"] = draw(arrays([weight.dtype] * 9 + [np.float32], index.shape))
    if draw(st.integers(0, 3)) == 0 and "padding_idx" not in options:
        options["scale_grad_by_freq"] = True
        if index.size:  # PyTorch takes the frequencies of other rows where they are not all the same
            index = np.full_like(index, index.flat[0])
    return Call(index, weight, **options)
