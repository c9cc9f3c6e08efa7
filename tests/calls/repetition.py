"""Repeating elements, slices and whole tensors."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from .drawing import FLOATS, arrays, dims_of, indices
from .table import Call, Draw, drawn

SOME = (*FLOATS, np.complex64, np.int64, np.bool_, np.float16)


@drawn("repeat_interleave", examples=150)
def repeat_interleave(draw: Draw) -> Call:
    x = draw(arrays(SOME))
    dim = draw(dims_of(x, wrong=True, none=True))
    n = x.size if dim is None else x.shape[dim] if -x.ndim <= dim < x.ndim else 1
    if draw(st.booleans()):
        repeats = draw(st.sampled_from([0, 1, 2, 3, -1]))
        total = n * repeats
    else:
        shape = draw(st.sampled_from([(n,), (n,), (n,), (1,), (), (n + 1,), (1, n)]))
        types = (np.int64,) * 5 + (np.int32, np.float32, np.uint8)
        repeats = draw(indices(shape, 4, low=draw(st.sampled_from([0, 0, 0, -1])), types=types))
        total = int(repeats.sum()) * (n if repeats.size == 1 else 1)
    options = {}
    if draw(st.integers(0, 3)) == 0 and np.min(repeats, initial=0) == 0:  # else PyTorch writes where it must not
        options["output_size"] = total + (draw(st.sampled_from([0, 0, 1])) if isinstance(repeats, int) else 0)
    return Call(x, repeats, dim, **options) if draw(st.booleans()) else Call(x, repeats, dim=dim, **options)


@drawn("Tensor.repeat_interleave", forms=("method",))
def repeat_interleave_flat(draw: Draw) -> Call:
    return Call(draw(arrays(SOME)), draw(st.integers(0, 3)))


@drawn("Tensor.repeat", examples=80)
def repeat(draw: Draw) -> Call:
    x = draw(arrays(SOME, min_side=1))
    times = draw(st.lists(st.sampled_from([0, 1, 2, 3, 1, 2, 3, -1]), min_size=0, max_size=4))
    return Call(x, tuple(times)) if draw(st.booleans()) or not times else Call(x, *times)


@drawn("tile", examples=80)
def tile(draw: Draw) -> Call:
    x = draw(arrays(SOME, min_side=1))
    return Call(x, tuple(draw(st.lists(st.sampled_from([0, 1, 2, 3, -1]), min_size=0, max_size=4))))
