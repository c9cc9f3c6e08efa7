"""Diagonals and triangles."""

from __future__ import annotations

from hypothesis import strategies as st

from .drawing import ANY, COMPLEX, arrays, dims_of
from .table import Call, Draw, drawn

TYPES = (*ANY, *COMPLEX)
offsets = st.integers(-4, 4)


@drawn("diagonal", "diagonal_copy", examples=120)
def diagonal(draw: Draw) -> Call:
    x = draw(arrays(TYPES))
    if draw(st.booleans()):
        return Call(x) if draw(st.booleans()) else Call(x, draw(offsets))
    first, second = draw(dims_of(x, wrong=True)), draw(dims_of(x))
    if draw(st.booleans()):
        return Call(x, draw(offsets), first, second)
    return Call(x, offset=draw(offsets), dim1=first, dim2=second)


@drawn("diag_embed", examples=120)
def diag_embed(draw: Draw) -> Call:
    x = draw(arrays(TYPES))
    if draw(st.booleans()):
        return Call(x) if draw(st.booleans()) else Call(x, draw(offsets))
    first, second = draw(dims_of(x.ndim + 1, wrong=True)), draw(dims_of(x.ndim + 1))
    return Call(x, offset=draw(offsets), dim1=first, dim2=second)


@drawn("diagonal_scatter", examples=120)
def diagonal_scatter(draw: Draw) -> Call:
    x = draw(arrays(TYPES, min_dims=2))
    first, second = draw(dims_of(x)), draw(dims_of(x))
    offset = draw(offsets)
    shape = (0,)
    if first % x.ndim != second % x.ndim:
        shape = x.diagonal(offset if abs(offset) < max(x.shape) else 0, first, second).shape
    return Call(x, draw(arrays((x.dtype,), shape)), offset, first, second)


@drawn("diag", examples=80)
def diag(draw: Draw) -> Call:
    x = draw(arrays(TYPES))
    return draw(st.sampled_from([Call(x), Call(x, draw(offsets)), Call(x, diagonal=draw(offsets))]))


@drawn("diagflat")
def diagflat(draw: Draw) -> Call:
    x = draw(arrays(TYPES))
    return draw(st.sampled_from([Call(x), Call(x, draw(offsets)), Call(x, offset=draw(offsets))]))


@drawn("trace")
def trace(draw: Draw) -> Call:
    return Call(draw(arrays(TYPES, min_dims=2, max_dims=2) if draw(st.integers(0, 5)) else arrays(TYPES)))


@drawn("tril", "triu", examples=80)
def triangle(draw: Draw) -> Call:
    x = draw(arrays(TYPES, min_dims=2) if draw(st.integers(0, 5)) else arrays(TYPES))
    return draw(st.sampled_from([Call(x), Call(x, draw(offsets)), Call(x, diagonal=draw(offsets))]))


@drawn("Tensor.fill_diagonal", forms=("inplace",), examples=120)
def fill_diagonal(draw: Draw) -> Call:
    x = draw(arrays(TYPES, min_side=1, min_dims=2, max_side=6) if draw(st.integers(0, 5)) else arrays(TYPES))
    value = draw(st.sampled_from([0, 2, 1.5, True]))
    return draw(st.sampled_from([Call(x, value), Call(x, value, wrap=True), Call(x, fill_value=value, wrap=False)]))
