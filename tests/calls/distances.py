"""Distances and angles between vectors."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from .drawing import BOOL, COMPLEX, FLOATS, INTEGERS, arrays, broadcastable, dims_of, shapes
from .table import Call, Draw, drawn

inf = float("inf")
TYPES = (*FLOATS, *FLOATS, *FLOATS, *COMPLEX, *INTEGERS, *BOOL)
MODES = ["use_mm_for_euclid_dist_if_necessary", "use_mm_for_euclid_dist", "donot_use_mm_for_euclid_dist"]
ORDERS = [2.0, 2.0, 1.0, 0.0, inf, 3.0, 1.5, 0.5]
lengths = st.integers(0, 4)


def sets(draw: Draw, types: Any) -> list[Any]:
    """Two batches of rows, mostly of one type and length."""
    kind, width = draw(st.sampled_from(types)), draw(st.integers(0, 3))
    batch = draw(shapes(max_dims=2, max_side=2))
    found = []
    for _ in range(2):
        leading = tuple(draw(st.sampled_from([n, n, 1])) for n in batch)[draw(st.integers(0, 1)) :]
        own = width + (draw(st.integers(0, 12)) == 0)
        shape = (own,) if draw(st.integers(0, 20)) == 0 else (*leading, draw(lengths), own)
        odd = draw(st.sampled_from(types)) if draw(st.integers(0, 12)) == 0 and 0 not in shape else kind
        found.append(draw(arrays((odd,), shape, distinct=np.dtype(odd).kind == "f")))
    return found


@drawn("cdist", examples=80, second=False, reason="PyTorch has second gradients of one of its ways only")
def cdist(draw: Draw) -> Call:
    options: dict[str, Any] = {"p": draw(st.sampled_from([*ORDERS, -1.0]))} if draw(st.booleans()) else {}
    if draw(st.booleans()):
        options["compute_mode"] = draw(st.sampled_from(MODES))
    return Call(*sets(draw, TYPES), **options)


@drawn("pdist", "nn.functional.pdist", examples=40, gradient=False,
       reason="PyTorch's backward pass crashes the process on some inputs")  # fmt: skip
def pdist(draw: Draw) -> Call:
    x = draw(arrays(TYPES, st.one_of(st.tuples(lengths, lengths), shapes(max_side=2))))
    return Call(x, draw(st.sampled_from([*ORDERS, -1.0]))) if draw(st.booleans()) else Call(x)


def two(draw: Draw) -> list[Any]:
    """Two tensors of shapes that broadcast, of any types."""
    kind = st.sampled_from(TYPES)
    first = draw(kind)
    sizes = draw(broadcastable(2))
    return [draw(arrays((draw(st.sampled_from([first, first, draw(kind)])),), size, domain=(-3, 3))) for size in sizes]


@drawn("pairwise_distance", "nn.functional.pairwise_distance", examples=50, second=False,
       reason="second gradients at zeros are 0 here, nan in PyTorch")  # fmt: skip
def pairwise_distance(draw: Draw) -> Call:
    options: dict[str, Any] = {"p": draw(st.sampled_from(ORDERS))} if draw(st.booleans()) else {}
    if draw(st.booleans()):
        options |= {"eps": draw(st.sampled_from([0.0, 1e-6, 0.5])), "keepdim": draw(st.booleans())}
    return Call(*two(draw), **options)


@drawn("cosine_similarity", "nn.functional.cosine_similarity", examples=50, second=False,
       reason="second gradients at zeros are 0 here, nan in PyTorch")  # fmt: skip
def cosine_similarity(draw: Draw) -> Call:
    x, y = two(draw)
    if {x.dtype, y.dtype} == {np.dtype(np.float32), np.dtype(np.float64)}:  # PyTorch rounds `eps` to float32
        x, y = x.astype(np.float64), y.astype(np.float64)
    options: dict[str, Any] = {"dim": draw(dims_of(max(x.ndim, y.ndim), wrong=True))} if draw(st.booleans()) else {}
    if draw(st.booleans()):
        options["eps"] = draw(st.sampled_from([1e-8, 0.5, 3.0]))
    return Call(x, y, **options)


@drawn("nn.functional.normalize", examples=50, second=False, reason="second gradients at zeros are nan in PyTorch")
def normalize(draw: Draw) -> Call:
    x = draw(arrays(TYPES, min_dims=1, max_side=3))
    options: dict[str, Any] = {"p": draw(st.sampled_from([2.0, 1.0, inf, 3.0, 0.5]))} if draw(st.booleans()) else {}
    if draw(st.booleans()):
        options["dim"] = draw(dims_of(x, wrong=True))
    if draw(st.booleans()):
        options["eps"] = draw(st.sampled_from([1e-12, 0.5, 10.0]))
    return Call(x, **options)
