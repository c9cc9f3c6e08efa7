"""Joining and splitting."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from .drawing import ANY, COMPLEX, arrays, dims_of, shapes
from .table import Call, Draw, drawn

TYPES = (*ANY, *COMPLEX)


def alike(draw: Draw, free: int | None, least: int = 0) -> list[Any]:
    """Tensors of one shape but for one dimension, of several types, at times of another shape after all."""
    shape = list(draw(shapes(min_dims=least, max_side=3)))
    made = []
    for _ in range(draw(st.integers(0 if draw(st.integers(0, 9)) == 0 else 1, 3))):
        if free is not None and shape:
            shape[free % len(shape)] = draw(st.integers(0, 3))
        one = tuple(shape)
        if draw(st.integers(0, 11)) == 0:
            one = draw(st.one_of(shapes(), st.just((0,))))
        made.append(draw(arrays(TYPES if draw(st.integers(0, 3)) == 0 else (np.float64,), one)))
    return made


@drawn("cat", "concat", "concatenate", examples=150)
def cat(draw: Draw) -> Call:
    dim = draw(st.integers(-3, 2))
    given = alike(draw, dim, least=1)
    if draw(st.booleans()):
        dim = draw(dims_of(max([x.ndim for x in given], default=1), wrong=True))
    if draw(st.integers(0, 2)) == 0:
        return Call(given)
    return Call(given, dim) if draw(st.booleans()) else Call(tuple(given), dim=dim)


@drawn("stack", examples=100)
def stack(draw: Draw) -> Call:
    given = alike(draw, None)
    dim = draw(dims_of(given[0].ndim + 1 if given else 1, wrong=True))
    return Call(given, dim) if draw(st.booleans()) else Call(tuple(given), dim=dim)


@drawn("hstack", "vstack", "dstack", "column_stack", "row_stack", examples=60)
def hstack(draw: Draw) -> Call:
    return Call(alike(draw, draw(st.sampled_from([None, 0, 1, 2]))))


# --- splitting ---------------------------------------------------------------------------------------------------


def sizes(draw: Draw, length: int) -> list[int]:
    """Lengths that add up to one, or nearly."""
    found, rest = [], length
    while rest > 0 and len(found) < 3:
        found.append(draw(st.integers(0, rest)))
        rest -= found[-1]
    if rest and draw(st.integers(0, 5)):
        found.append(rest)
    return found


def length_of(x: Any, dim: int) -> int:
    return int(x.shape[dim]) if -x.ndim <= dim < x.ndim else 1


@drawn("split", examples=100)
def split(draw: Draw) -> Call:
    x = draw(arrays(TYPES))
    dim = draw(dims_of(x, wrong=True))
    return Call(x, sizes(draw, length_of(x, dim)), dim) if draw(st.booleans()) else split_copy(draw)


@drawn("split_copy", examples=60, forms=("function",))
def split_copy(draw: Draw) -> Call:
    x = draw(arrays(TYPES))
    dim = draw(dims_of(x, wrong=True))
    size = draw(st.integers(-1, 4))
    return Call(x, size, dim) if draw(st.booleans()) else Call(x, size, dim=dim)


@drawn("split_with_sizes", "split_with_sizes_copy", "unsafe_split_with_sizes", examples=80)
def split_with_sizes(draw: Draw) -> Call:
    x = draw(arrays(TYPES))
    dim = draw(dims_of(x, wrong=True))
    given = sizes(draw, length_of(x, dim))
    return Call(x, given, dim) if draw(st.booleans()) else Call(x, split_sizes=tuple(given), dim=dim)


@drawn("unsafe_split", examples=60)
def unsafe_split(draw: Draw) -> Call:
    x = draw(arrays(TYPES))
    return Call(x, draw(st.integers(-1, 4)), draw(dims_of(x, wrong=True)))


@drawn("chunk", "unsafe_chunk", examples=60)
def chunk(draw: Draw) -> Call:
    x = draw(arrays(TYPES))
    chunks, dim = draw(st.integers(0, 4)), draw(dims_of(x, wrong=True))
    return Call(x, chunks, dim) if draw(st.booleans()) else Call(x, chunks=chunks, dim=dim)


@drawn("tensor_split", examples=120)
def tensor_split(draw: Draw) -> Call:
    x = draw(arrays(TYPES))
    dim = draw(dims_of(x, wrong=True))
    count = draw(st.integers(0, 4))
    cuts = draw(st.lists(st.integers(-5, 5), max_size=3))
    return draw(st.sampled_from([
        Call(x, count, dim), Call(x, cuts, dim), Call(x, sections=count, dim=dim), Call(x, indices=cuts, dim=dim),
        Call(x, np.array(count), dim), Call(x, np.array(cuts, np.int64), dim), Call(x, np.array(cuts, np.int32)),
        Call(x, count), Call(x, np.ones((1, 1), np.int64)),
    ]))  # fmt: skip


@drawn("hsplit", "vsplit", "dsplit", examples=60)
def hsplit(draw: Draw) -> Call:
    x = draw(arrays(TYPES))
    count, cuts = draw(st.integers(0, 3)), draw(st.lists(st.integers(-4, 4), max_size=3))
    return draw(st.sampled_from([Call(x, count), Call(x, cuts), Call(x, sections=count), Call(x, indices=tuple(cuts))]))


@drawn("unbind", "unbind_copy", forms=("function", "method"), examples=60)
def unbind(draw: Draw) -> Call:
    x = draw(arrays(TYPES))
    dim = draw(dims_of(x, wrong=True))
    return Call(x, dim) if draw(st.booleans()) else Call(x, dim=dim)
