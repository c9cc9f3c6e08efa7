"""Variances, covariances and correlations, and norms of slices and differences."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from .drawing import ANY, COMPLEX, FLOATS, arrays, broadcastable, dims_of, several_dims_of
from .table import Call, Draw, drawn


def _dim(draw: Any, x: Any) -> Any:
    # of no dimensions, (), PyTorch's gradients are those of single elements, though the values are of all
    return draw(st.one_of(dims_of(x, wrong=True, none=True), several_dims_of(x, min_size=1)))


@drawn("var", "std", examples=80)
@drawn("var_mean", "std_mean", examples=40)
def variance(draw: Draw) -> Call:
    types = (*FLOATS, *FLOATS, *COMPLEX, np.int64, np.float16)
    x = draw(arrays(types))
    corrections = [0, 1, 0.5, None, -1]
    if 0 < min(x.shape, default=0) < 3:  # with less than no degree of freedom, PyTorch's gradients differ by the form
        corrections = [0, 0.5, -1]
    correction = draw(st.sampled_from(corrections if x.ndim else [0, 1]))
    way = draw(st.sampled_from([0, 2, 3, 4, 5]))
    if way == 0:
        return Call(x)
    if way == 2:
        return Call(x, _dim(draw, x), draw(st.booleans()), draw(st.booleans()))
    if way == 3:
        return Call(x, _dim(draw, x), unbiased=draw(st.booleans()), keepdim=draw(st.booleans()))
    if way == 4:
        return Call(x, _dim(draw, x), correction=correction)
    return Call(x, dim=_dim(draw, x), correction=correction, keepdim=draw(st.booleans()))


@drawn("Tensor.var", "Tensor.std", examples=20)
def unbiased_variance(draw: Draw) -> Call:
    x = draw(arrays((*FLOATS, *COMPLEX)))
    return Call(x, draw(st.booleans())) if draw(st.booleans()) else Call(x, unbiased=draw(st.booleans()))


@drawn("cov", examples=80)
def cov(draw: Draw) -> Call:
    types = (*FLOATS, *FLOATS, *FLOATS, *COMPLEX, *ANY)
    x = draw(arrays(types, max_dims=2 if draw(st.integers(0, 9)) else 3, max_side=5))
    count = x.shape[-1] if x.ndim else 1
    options: dict[str, Any] = {}
    if draw(st.booleans()):
        options["correction"] = draw(st.sampled_from([0, 1, 2, -1, 5]))
    odd = draw(st.integers(0, 9)) == 9
    shape: tuple[int, ...] = (count,) if draw(st.integers(0, 9)) else (2, count)
    if draw(st.booleans()) and count > 1:  # of one observation, PyTorch writes into a leaf
        options["fweights"] = draw(arrays((np.int64, np.int32), shape, domain=(-1 if odd else 1, 3)))
    if draw(st.booleans()) and count > 1:
        options["aweights"] = draw(arrays((x.dtype if x.dtype.kind == "f" else np.float64,), shape, domain=(0.25, 2)))
        if options.get("correction", 1) > 1:  # no degree of freedom is left, where PyTorch's gradient fails
            options["correction"] = 0
    return Call(x, **options)


@drawn("corrcoef", examples=40, tolerance=10, reason="nearly constant variables")
def corrcoef(draw: Draw) -> Call:
    types = (*FLOATS, *FLOATS, *COMPLEX, np.int64, np.bool_)
    x = draw(arrays(types, max_dims=2 if draw(st.integers(0, 9)) else 3, max_side=5, distinct=True))
    return Call(x)


@drawn("renorm", examples=60, second=False, reason="PyTorch's is nan at zeros")
def renorm(draw: Draw) -> Call:
    types = (*FLOATS, *FLOATS, *COMPLEX, np.int64)
    x = draw(arrays(types, min_dims=2 if draw(st.integers(0, 9)) else 0))
    x = x * 1.01 if x.dtype.kind in "fc" else x  # whether a norm is above a round number is left to rounding
    p = draw(st.sampled_from([1, 2, 2.0, 0.5, 3, float("inf"), 0, -1]))
    maxnorm = draw(st.sampled_from([0, 0.5, 1, 3.0, 100, -1]))
    dim = draw(dims_of(x, wrong=True))
    return Call(x, p, dim, maxnorm) if draw(st.booleans()) else Call(x, p=p, dim=dim, maxnorm=maxnorm)


@drawn("dist", examples=60, second=False, reason="PyTorch's fails, or is nan, at a distance of 0")
def dist(draw: Draw) -> Call:
    shapes = draw(broadcastable(2))
    # of real and complex numbers mixed, PyTorch's gradient fails
    types = draw(st.sampled_from([(t, np.int64) for t in FLOATS] + [(t,) for t in (*FLOATS, *COMPLEX)]))
    x, y = [draw(arrays(types, shape)) for shape in shapes]
    p = draw(st.sampled_from([2, 1, 3, 0.5, float("inf"), float("-inf"), -1, 1.5]))
    way = draw(st.integers(0, 2))
    if way == 0:
        return Call(x, y)
    return Call(x, y, p) if way == 1 else Call(x, y, p=p)


@drawn("Tensor.dist", gradient=False, examples=10, reason="of order 0 PyTorch's fails")
def dist_of_order_0(draw: Draw) -> Call:
    shape = draw(broadcastable(1))[0]
    return Call(draw(arrays((*FLOATS, *COMPLEX), shape)), draw(arrays(FLOATS, shape)), 0)
