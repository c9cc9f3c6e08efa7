"""Views by place in memory, windows, and copies in which one view has other elements."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from .drawing import ANY, COMPLEX, arrays, dims_of
from .table import Call, Draw, drawn

TYPES = (*ANY, *COMPLEX)


def geometry(draw: Draw, x: Any) -> tuple[list[int], list[int], int | None]:
    """A shape and strides, mostly within the memory of an array."""
    count = draw(st.integers(0, 3))
    size = [draw(st.integers(0, 3)) for _ in range(count)]
    stride = [draw(st.integers(0, 3)) for _ in range(count)]
    if draw(st.integers(0, 9)) == 0:
        stride = draw(st.lists(st.integers(-1, 3), max_size=3))
    return size, stride, draw(st.sampled_from([None, 0, 1, 2, 1, -1]))


@drawn("as_strided", "as_strided_copy", examples=150)
def as_strided(draw: Draw) -> Call:
    x = draw(arrays(TYPES, min_side=1, min_dims=1))
    size, stride, offset = geometry(draw, x)
    if offset is None:
        return Call(x, tuple(size), stride)
    return Call(x, size, stride, offset) if draw(st.booleans()) else Call(x, size, stride, storage_offset=offset)


@drawn("as_strided_scatter", examples=80, gradient=False, reason="PyTorch's gradient is not 0 where it was overwritten")
def as_strided_scatter(draw: Draw) -> Call:
    x = draw(arrays(TYPES, min_side=1, min_dims=1))
    size = draw(st.lists(st.integers(0, 3), max_size=3))
    stride = [int(np.prod([max(n, 1) for n in size[d + 1 :]], dtype=int)) for d in range(len(size))]
    src = draw(arrays((x.dtype,), tuple(size)))
    return Call(x, src, size, stride, draw(st.sampled_from([0, 0, 1])))


@drawn("Tensor.unfold", forms=("method",), examples=120)
def unfold(draw: Draw) -> Call:
    x = draw(arrays(TYPES, max_side=5))
    dim, size, step = draw(dims_of(x, wrong=True)), draw(st.integers(-1, 4)), draw(st.integers(0, 3))
    return Call(x, dim, size, step) if draw(st.booleans()) else Call(x, dimension=dim, size=size, step=step)


@drawn("unfold_copy")
def unfold_copy(draw: Draw) -> Call:
    x = draw(arrays(TYPES, max_side=5))
    return Call(x, draw(dims_of(x)), draw(st.integers(0, 3)), draw(st.integers(1, 3)))


def source(draw: Draw, x: Any, shape: tuple[int, ...]) -> Any:
    """Values for a view of this shape, at times of another shape."""
    if draw(st.integers(0, 7)) == 0:
        shape = (*shape, 1)
    return draw(arrays((x.dtype,), shape))


@drawn("select_scatter", examples=80)
def select_scatter(draw: Draw) -> Call:
    x = draw(arrays(ANY, min_dims=1, min_side=1))  # PyTorch has no gradient for complex numbers here
    dim = draw(dims_of(x))
    index = draw(st.integers(-x.shape[dim] - 1, x.shape[dim]))
    return Call(x, source(draw, x, tuple(np.delete(x.shape, dim).tolist())), dim, index)


def bounds(draw: Draw) -> tuple[Any, Any, int]:
    some = st.one_of(st.none(), st.integers(-5, 5))
    return draw(some), draw(some), draw(st.sampled_from([1, 1, 2, 3, 0]))


@drawn("slice_scatter", examples=100)
def slice_scatter(draw: Draw) -> Call:
    x = draw(arrays(ANY, min_dims=1))  # PyTorch has no gradient for complex numbers here
    dim = draw(dims_of(x))
    start, end, step = bounds(draw)
    shape = list(x.shape)
    shape[dim] = len(range(shape[dim])[start : end : step or 1])
    src = source(draw, x, tuple(shape))
    if draw(st.booleans()):
        return Call(x, src, dim, start, end, step)
    return Call(x, src, dim=dim, start=start, end=end, step=step)


@drawn("is_same_size", gradient=False, reason="a boolean")
def is_same_size(draw: Draw) -> Call:
    return Call(draw(arrays(TYPES, max_side=2)), draw(arrays(TYPES, max_side=2)))


@drawn(
    "Tensor.stride", "Tensor.is_contiguous", "Tensor.storage_offset", "Tensor.dim_order", "Tensor.element_size",
    gradient=False, reason="numbers",
)  # fmt: skip
def stride(draw: Draw) -> Call:
    return Call(draw(arrays(TYPES, min_side=2)))
