"""Sorting, order statistics, and distinct elements."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from .drawing import ANY, FLOATS, REAL, arrays, dims_of, laid_out
from .table import Call, Draw, drawn

HALF = (np.float16,)


@st.composite
def long_arrays(draw: Any, types: Any = (*ANY, *HALF), *, ties: bool = True) -> Any:
    """Arrays of more elements than Hypothesis would draw one by one."""
    dtype = np.dtype(draw(st.sampled_from(list(types))))
    random = np.random.RandomState(draw(st.integers(0, 99)))
    shape = draw(st.sampled_from([(1500,), (3, 700), (700, 3), (40, 40), (5, 1, 400)]))
    if ties:
        values = random.randint(0, 60, shape) / 4 - (5 if dtype.kind in "fi" else 0)
    else:
        values = random.permutation(int(np.prod(shape))).reshape(shape) - 900
    values = values.astype(dtype)
    if dtype.kind == "f" and ties:
        values[..., 1] = draw(st.sampled_from([0.0, -0.0, np.nan, np.inf, -np.inf]))
        values[..., 2] = draw(st.sampled_from([0.0, -0.0, np.nan, np.inf]))
    return laid_out(values, draw(st.sampled_from(["contiguous", "transposed"])))


@drawn("sort", "argsort", examples=50)
def sorting(draw: Draw) -> Call:
    way = draw(st.integers(0, 4))
    if way == 4:
        x = draw(long_arrays())
        return Call(x, stable=True, dim=draw(dims_of(x)), descending=draw(st.booleans()))
    # up to 16 elements PyTorch sorts stably in any case
    x = draw(arrays((*ANY, *HALF, np.complex64), max_side=5, special=True))
    dim, descending = draw(dims_of(x, wrong=True)), draw(st.booleans())
    if way == 0:
        return Call(x)
    if way == 1:
        return Call(x, dim, descending)
    return Call(x, dim=dim, descending=descending, stable=draw(st.booleans()))


@drawn("msort")
def msort(draw: Draw) -> Call:
    return Call(draw(arrays((*ANY, *HALF, np.complex64), special=True)))


@drawn("topk", examples=50)
def topk(draw: Draw) -> Call:
    if draw(st.integers(0, 4)) == 4:
        x = draw(long_arrays((*FLOATS, np.int64, np.int32), ties=False))
    else:
        x = draw(arrays((*REAL, *HALF, np.complex64), distinct=True, min_dims=1, domain=(-100, 127)))
    dim = draw(dims_of(x, wrong=True))
    k = draw(st.integers(-1, 6))
    if draw(st.booleans()):
        return Call(x, k)
    if draw(st.booleans()):
        return Call(x, k, dim, draw(st.booleans()))
    return Call(x, k=k, dim=dim, largest=draw(st.booleans()), sorted=True)


def _values_in_order(result: Any) -> Any:
    return result[0].reshape(-1).sort()[0]


@drawn("Tensor.topk", gradient=False, values=_values_in_order, reason="PyTorch leaves open which of equal elements")
def topk_with_ties(draw: Draw) -> Call:
    x = draw(st.one_of(long_arrays((*REAL, *HALF)), arrays((*REAL, *HALF, np.bool_), special=True)))
    k = draw(st.integers(0 if x.ndim else 1, 5))
    return Call(x, k, draw(dims_of(x)), largest=draw(st.booleans()), sorted=draw(st.booleans()))


@drawn("kthvalue", examples=50)
def kthvalue(draw: Draw) -> Call:
    x = draw(st.one_of(
        arrays((*REAL, *HALF), max_side=1),  # which of equal elements PyTorch takes is left to chance
        arrays((*REAL, *HALF), distinct=True, domain=(-100, 127), max_side=5),
        long_arrays((*FLOATS, np.int64, np.int32), ties=False),
    ))  # fmt: skip
    dim = draw(dims_of(x, wrong=True))
    k = draw(st.integers(-1, 6))
    if draw(st.booleans()):
        return Call(x, max(k, 1))
    if draw(st.booleans()):
        return Call(x, k, dim, draw(st.booleans()))
    return Call(x, k=k, dim=dim, keepdim=draw(st.booleans()))


def _without_indices(result: Any) -> Any:
    return result[0] if isinstance(result, tuple) else result


@drawn("Tensor.kthvalue", gradient=False, values=_without_indices, reason="which of equal elements")
def kthvalue_with_ties(draw: Draw) -> Call:
    x = draw(st.one_of(long_arrays((*REAL, *HALF)), arrays((*REAL, *HALF), min_dims=1, special=True)))
    return Call(x, draw(st.integers(1, 5)), draw(dims_of(x)))


@drawn("median", "nanmedian", examples=50)
def median(draw: Draw) -> Call:
    whole = draw(st.booleans())
    if whole:  # no index: ties and nan are welcome
        x = draw(st.one_of(arrays((*REAL, *HALF, np.bool_, np.complex64), special=True), long_arrays(REAL)))
        return Call(x if x.size else np.zeros(x.shape, np.float32))  # PyTorch does not look at the type of no elements
    x = draw(st.one_of(
        arrays((*REAL, *HALF, np.bool_), max_side=2),
        arrays((*REAL, *HALF), distinct=True, domain=(-100, 127), max_side=5),
        long_arrays((*FLOATS, np.int64, np.int32), ties=False),
    ))  # fmt: skip
    dim = draw(dims_of(x, wrong=True))
    if draw(st.booleans()):
        return Call(x, dim, draw(st.booleans()))
    return Call(x, dim=dim, keepdim=draw(st.booleans()))


@drawn("Tensor.median", "Tensor.nanmedian", gradient=False, values=_without_indices, reason="which of equal elements")
def median_with_ties(draw: Draw) -> Call:
    x = draw(st.one_of(long_arrays((*REAL, *HALF)), arrays((*REAL, *HALF), special=True)))
    return Call(x, draw(dims_of(x)))


@drawn("mode", examples=40)
def mode(draw: Draw) -> Call:
    x = draw(arrays((*ANY, *HALF, np.complex64), max_side=6))  # a stable sort in PyTorch, up to 16
    if draw(st.booleans()):
        return Call(x, draw(dims_of(x, wrong=True)), draw(st.booleans()))
    return Call(x, dim=draw(dims_of(x)), keepdim=draw(st.booleans())) if draw(st.booleans()) else Call(x)


@drawn("Tensor.mode", gradient=False, values=_without_indices, reason="which of equal elements")
def mode_of_many(draw: Draw) -> Call:
    x = np.nan_to_num(draw(long_arrays()))
    return Call(x, draw(dims_of(x)))


INTERPOLATIONS = ("linear", "lower", "higher", "midpoint", "nearest", "none")


@drawn("quantile", "nanquantile", examples=80)
def quantile(draw: Draw) -> Call:
    types = (*FLOATS, *FLOATS, *FLOATS, np.int64, np.float16)
    x = draw(st.one_of(
        arrays(types, distinct=True), arrays(types, distinct=True), long_arrays(FLOATS, ties=False),
        arrays(FLOATS, special=True, max_side=2),
    ))  # fmt: skip
    q: Any = draw(st.sampled_from([0.0, 0.1, 0.3, 0.5, 0.77, 1, 1.0, 1.5, -0.1]))
    if draw(st.booleans()):
        dtype = x.dtype if draw(st.integers(0, 8)) else np.dtype(np.float32)
        q = draw(arrays((dtype if dtype.kind == "f" else np.float64,), max_dims=1, domain=(0, 1)))
    interpolation = draw(st.sampled_from(INTERPOLATIONS))
    dim = draw(dims_of(x, wrong=True, none=True))
    if draw(st.booleans()):
        return Call(x, q, dim, draw(st.booleans()), interpolation=interpolation)
    return Call(x, q=q, dim=dim, keepdim=draw(st.booleans())) if draw(st.booleans()) else Call(x, q)


# --- distinct elements -------------------------------------------------------------------------------------------


def _few_values(draw: Any, *, special: bool = True, **options: Any) -> Any:
    """Arrays with many equal elements."""
    types = (*ANY, *HALF, np.complex64) if draw(st.integers(0, 9)) == 9 else ANY
    if draw(st.integers(0, 3)) == 3:
        return draw(long_arrays(ANY))
    return draw(arrays(types, domain=(0, 2), special=special, max_side=5, **options))


@drawn("unique", examples=60)
def unique(draw: Draw) -> Call:
    dim = draw(st.booleans())
    x = _few_values(draw, special=not dim)
    if dim:
        x = np.nan_to_num(x)  # of slices with nan PyTorch leaves the order open
        if draw(st.booleans()):
            return Call(x, True, draw(st.booleans()), draw(st.booleans()), draw(dims_of(x, wrong=True)))
        return Call(x, dim=draw(dims_of(x)), return_counts=draw(st.booleans()))
    if draw(st.booleans()):
        return Call(x, draw(st.booleans()), draw(st.booleans()), draw(st.booleans()))
    return Call(x, return_inverse=draw(st.booleans()), return_counts=draw(st.booleans()))


@drawn("unique_consecutive", examples=60)
def unique_consecutive(draw: Draw) -> Call:
    x = _few_values(draw)
    # by position, PyTorch 2.13 mistakes return_inverse for return_counts
    options = {"return_inverse": draw(st.booleans()), "return_counts": draw(st.booleans())}
    if draw(st.booleans()):
        options["dim"] = draw(dims_of(x, wrong=True, none=True))
    return Call(x, **options)


@drawn("isin", examples=60)
def isin(draw: Draw) -> Call:
    types = (*REAL, *HALF, np.bool_, np.complex64)
    options = {"invert": draw(st.booleans())} if draw(st.booleans()) else {}
    unique = draw(st.integers(0, 3)) == 3
    numbers = st.sampled_from([0, 1, 2, -1, 0.5, 1.0, True, 300])
    dtype = draw(st.sampled_from([np.int64, np.float32, np.float64]))
    if unique:
        # of others in memory PyTorch fails
        x, test = [draw(arrays((dtype,), distinct=True)).copy(order="C") for _ in range(2)]
        return Call(x, test, assume_unique=True, **options)
    x = draw(st.one_of(arrays(types, domain=(0, 3), special=True), long_arrays(REAL)))
    test = draw(st.one_of(arrays(types, domain=(0, 3), special=True), long_arrays(REAL), numbers))
    x, test = [a.copy(order="C") if isinstance(a, np.ndarray) else a for a in (x, test)]  # PyTorch fails on others
    return Call(test, x, **options) if draw(st.integers(0, 3)) == 3 else Call(x, test, **options)
