"""Places among sorted values, counts and histograms."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from .drawing import ANY, FLOATS, INTEGERS, REAL, arrays, indices
from .table import Call, Draw, drawn

HALF = (np.float16,)


def _sides(draw: Any) -> dict[str, Any]:
    options: dict[str, Any] = {}
    if draw(st.booleans()):
        options["out_int32"] = draw(st.booleans())
    if draw(st.booleans()):
        options["right"] = draw(st.booleans())
    return options


@drawn("searchsorted", examples=80)
def searchsorted(draw: Draw) -> Call:
    types = (*ANY, *HALF, np.complex64) if draw(st.integers(0, 9)) == 9 else REAL
    sequence = draw(arrays(types, special=True, max_side=6))
    options = _sides(draw)
    if draw(st.booleans()):
        options["side"] = draw(st.sampled_from(["left", "right", "right", "none"]))
    if draw(st.booleans()) and sequence.ndim:
        values = draw(arrays(types, (*sequence.shape[:-1], draw(st.integers(0, 4))), special=True))
    else:
        values = draw(st.one_of(arrays(types, special=True), st.sampled_from([0, 1, 0.5, 2.0, 1j])))
    if draw(st.integers(0, 3)) == 3 and sequence.ndim and sequence.dtype.kind != "c":
        sorter = np.argsort(sequence, -1, kind="stable")
        if draw(st.integers(0, 5)) == 5:
            sorter = draw(indices(sequence.shape, sequence.shape[-1] + 1, types=(np.int64, np.int32)))
            sequence = np.zeros_like(sequence)
        return Call(sequence, values, sorter=sorter, **options)
    return Call(np.sort(sequence, -1) if sequence.ndim else sequence, values, **options)


@drawn("bucketize", examples=60)
def bucketize(draw: Draw) -> Call:
    types = (*ANY, *HALF, np.complex64) if draw(st.integers(0, 9)) == 9 else REAL
    boundaries = draw(arrays(types, special=True, max_dims=1 if draw(st.integers(0, 5)) else 2, max_side=6))
    if boundaries.ndim:
        boundaries = np.sort(boundaries, -1)
    x = draw(arrays(types, special=True))
    if not x.size and "c" in (x.dtype.kind, boundaries.dtype.kind):  # which PyTorch does not look at
        x, boundaries = np.real(x), np.real(boundaries)
    return Call(x, boundaries, **_sides(draw))


@drawn("bincount", gradient=False, reason="PyTorch has none", examples=50)
def bincount(draw: Draw) -> Call:
    x = draw(arrays((np.int64, np.int32, np.uint8, np.int64, np.bool_, np.float32), domain=(0, 6), max_dims=1))
    if draw(st.integers(0, 5)) == 5:
        x = draw(arrays((np.int64,), domain=(-1, 6)))
    if draw(st.booleans()):
        shape = x.shape if draw(st.integers(0, 5)) else (3,)
        weights = draw(arrays((*FLOATS, *INTEGERS, np.bool_, np.float16), shape))
        return Call(x, weights, draw(st.integers(-1, 9))) if draw(st.booleans()) else Call(x, weights=weights)
    return Call(x, minlength=draw(st.integers(0, 9))) if draw(st.booleans()) else Call(x)


@drawn("histc", examples=60)
def histc(draw: Draw) -> Call:
    types = (*FLOATS, np.float16) if draw(st.integers(0, 7)) else (np.int64, np.bool_, np.complex64)
    x = draw(arrays(types, special=draw(st.integers(0, 3)) == 3))
    bins = draw(st.integers(-1, 6))
    ends = draw(st.sampled_from([(0, 0), (-2, 2), (0.5, 3.25), (1, 1), (3, 1), (0.0, float("inf"))]))
    way = draw(st.integers(0, 2))
    if way == 0:
        return Call(x, max(bins, 1))
    return Call(x, bins, *ends) if way == 1 else Call(x, bins=bins, min=ends[0], max=ends[1])


@drawn("histogram", gradient=False, reason="PyTorch has none", examples=80)
def histogram(draw: Draw) -> Call:
    types = FLOATS if draw(st.integers(0, 7)) else (np.int64,)
    x = draw(arrays(types, special=draw(st.integers(0, 5)) == 5))
    options: dict[str, Any] = {}
    if draw(st.booleans()):
        dtype = x.dtype if draw(st.integers(0, 7)) else np.dtype(np.float32)
        options["weight"] = draw(arrays((dtype,), x.shape if draw(st.integers(0, 7)) else (2,)))
    if draw(st.booleans()):
        options["density"] = draw(st.booleans())
    if draw(st.booleans()):
        dtype = x.dtype if draw(st.integers(0, 7)) else np.dtype(np.float32)
        edges = draw(arrays((dtype,), max_dims=1 if draw(st.integers(0, 4)) else 2, min_dims=1, max_side=6))
        return Call(x, np.sort(edges, -1), **options)
    if draw(st.booleans()):
        options["range"] = draw(st.sampled_from([(0.0, 2.0), (1.0, 1.0), (2.0, 1.0), (-1.0, 0.5), (0.0, float("nan"))]))
    return Call(x, draw(st.integers(0, 6)), **options)


@drawn("histogramdd", gradient=False, reason="PyTorch has none", examples=60)
def histogramdd(draw: Draw) -> Call:
    x = draw(arrays(FLOATS, min_dims=1, max_side=3))
    count = x.shape[-1]
    options: dict[str, Any] = {}
    if draw(st.booleans()):
        options["weight"] = draw(arrays((x.dtype,), x.shape[:-1] if draw(st.integers(0, 7)) else (2,)))
    if draw(st.booleans()):
        options["density"] = draw(st.booleans())
    way = draw(st.integers(0, 2))
    if way == 0:
        bins = [np.sort(draw(arrays((x.dtype,), (draw(st.integers(2, 4)),)))) for _ in range(count)]
        return Call(x, bins, **options)
    if draw(st.booleans()):
        options["range"] = [end for _ in range(count) for end in draw(st.sampled_from([(0.0, 2.0), (-1.0, 1.5)]))]
    if way == 1:
        return Call(x, draw(st.integers(1, 3)), **options)
    return Call(x, [draw(st.integers(1, 3)) for _ in range(count)], **options)
