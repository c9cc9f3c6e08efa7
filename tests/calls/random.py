"""Random numbers: the same stream, in the same order along the memory."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from .drawing import COMPLEX, FLOATS, INTEGERS, arrays, shapes
from .table import Call, Draw, drawn

HALF = (*FLOATS, np.float16)
# PyTorch's vectorised logarithms and cosines of float64 differ from the C library's in the last bits
LAST_BITS = "float64 draws agree to a few units in the last place"
sizes = shapes(max_dims=3, max_side=6)
float_types = st.sampled_from([np.dtype(t) for t in HALF])
any_float_types = st.sampled_from([np.dtype(t) for t in (*HALF, *COMPLEX)])


@drawn("rand", "randn", forms=("function",), gradient=False)
def new(draw: Draw) -> Call:
    size = draw(sizes)
    if draw(st.booleans()):
        return Call(size, dtype=draw(any_float_types))
    return Call(*size) if size else Call(size)


@drawn("rand_like", "randn_like", forms=("function",), gradient=False)
def new_like(draw: Draw) -> Call:
    x = draw(arrays((*FLOATS, *COMPLEX), sizes))
    return Call(x, dtype=draw(float_types)) if draw(st.booleans()) else Call(x)


@drawn("randint", forms=("function",), gradient=False)
def integers(draw: Draw) -> Call:
    size, low = draw(sizes), draw(st.integers(-5, 5))
    high = draw(st.one_of(st.integers(low - 1, low + 10), st.integers(2**31, 2**40)))
    if draw(st.booleans()):
        return Call(low, high, size, dtype=draw(st.sampled_from([np.dtype(np.int64), np.dtype(np.float64)])))
    return Call(low, high, size)


@drawn("randint_like", forms=("function",), gradient=False)
def integers_like(draw: Draw) -> Call:
    x = draw(arrays((*FLOATS, *INTEGERS), sizes))
    return draw(st.sampled_from([Call(x, 7), Call(x, 2, 9), Call(x, low=1, high=3), Call(x, 5, 5)]))


@drawn("randperm", forms=("function",), gradient=False)
def permutations(draw: Draw) -> Call:
    n = draw(st.integers(-1, 40))
    return Call(n, dtype=np.dtype(np.int32)) if draw(st.booleans()) else Call(n)


@drawn("bernoulli", second=False, forms=("function", "method", "out"))
def bernoulli(draw: Draw) -> Call:
    x = draw(arrays(HALF, sizes, domain=(0.0, 1.0)))
    return Call(x, draw(st.sampled_from([0.0, 0.3, 1.0, 1.5]))) if draw(st.booleans()) else Call(x)


@drawn("poisson", second=False, forms=("function",))
def poisson(draw: Draw) -> Call:
    return Call(draw(arrays(FLOATS, sizes, domain=(0.0, 30.0))))


@drawn("multinomial", gradient=False)
def multinomial(draw: Draw) -> Call:
    x = draw(arrays(FLOATS, shapes(1, 2, 0, 6), domain=(0.0, 3.0), distinct=True))
    return Call(x, draw(st.integers(0, 5)), draw(st.booleans()))


@drawn("normal", second=False, forms=("function",), tolerance=10, reason=LAST_BITS)
def normal(draw: Draw) -> Call:
    kind = draw(st.integers(0, 3))
    size = draw(sizes)
    means, stds = draw(arrays(FLOATS, size)), draw(arrays(FLOATS, size, domain=(0.0, 2.0)))
    if kind == 0:
        return Call(draw(st.floats(-2, 2)), draw(st.floats(0, 2)), size)
    return [Call(means, stds), Call(means, 1.5), Call(0.7, stds)][kind - 1]


@drawn("Tensor.uniform_", gradient=False)
def uniform_(draw: Draw) -> Call:
    x = draw(arrays((*HALF, *COMPLEX), sizes))
    # of no complex elements PyTorch does not look at the bounds
    return draw(st.sampled_from([Call(x), Call(x, -1.0, 2.0), Call(x, 2.0, 1.0 if x.size else 3.0)]))


@drawn("Tensor.normal_", "Tensor.log_normal_", gradient=False, tolerance=10, reason=LAST_BITS)
def normal_(draw: Draw) -> Call:
    x = draw(arrays(HALF, sizes))
    return draw(st.sampled_from([Call(x), Call(x, 0.5, 2.0), Call(x, std=0.1), Call(x, 0.0, -1.0)]))


@drawn("Tensor.exponential_", "Tensor.geometric_", gradient=False, tolerance=10, reason=LAST_BITS)
def one_parameter(draw: Draw) -> Call:
    return Call(draw(arrays(HALF, sizes)), draw(st.sampled_from([0.1, 0.5, 0.9, -1.0, 0.0])))


@drawn("Tensor.cauchy_", gradient=False, tolerance=10, reason=LAST_BITS)
def cauchy_(draw: Draw) -> Call:
    x = draw(arrays(FLOATS, sizes))
    return draw(st.sampled_from([Call(x), Call(x, 1.0, 0.5), Call(x, 1.0, -0.5)]))


@drawn("Tensor.random_", gradient=False)
def random_(draw: Draw) -> Call:
    x = draw(arrays((*INTEGERS, *FLOATS, np.bool_, np.int8), sizes))
    return draw(st.sampled_from([Call(x), Call(x, 10), Call(x, 3, 20), Call(x, 5, 5), Call(x, 0, 1)]))


@drawn("Tensor.bernoulli_", gradient=False)
def bernoulli_(draw: Draw) -> Call:
    x = draw(arrays((*HALF, *INTEGERS, np.bool_), sizes))
    if draw(st.booleans()):
        return Call(x, draw(arrays(FLOATS, x.shape, domain=(0.0, 1.0))))
    return Call(x, draw(st.sampled_from([0.0, 0.25, 1.0, -0.5])))
