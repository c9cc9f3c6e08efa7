"""Cumulative sums, products and extremes, and differences."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from .drawing import ANY, COMPLEX, FLOATS, arrays, dims_of
from .table import Call, Draw, drawn

TYPES = (*ANY, *COMPLEX)
DTYPES = tuple(np.dtype(t) for t in (np.float64, np.float32, np.int64, np.int32, np.uint8, np.bool_, np.complex64))


@drawn("cumsum", "cumprod", examples=60)
def cumulative(draw: Draw) -> Call:
    x = draw(arrays(TYPES))
    if x.dtype.kind == "b" and (not x.ndim or not x.size):  # which PyTorch accumulates in place, without a sum
        x = np.ones(2, np.bool_)
    if x.dtype in (np.float32, np.float64, *COMPLEX):  # PyTorch's second derivative of tiny numbers is lost to rounding
        x = np.round(x, 3)
    if draw(st.integers(0, 2)) == 2:
        # to integers PyTorch fails to record floating point numbers; to narrower types digits differ
        wider = [d for d in DTYPES if x.dtype.kind in "biu" or (d.kind in "fc" and d.itemsize >= x.dtype.itemsize)]
        # which PyTorch has not, and this package has
        wider = [d for d in wider if d.kind != "b" and (d.kind != "c" or x.dtype.kind == "c")]
        return Call(x, draw(dims_of(x)), dtype=draw(st.sampled_from([*wider, None])))
    if draw(st.booleans()):
        return Call(x, draw(dims_of(x, wrong=True)))
    return Call(x, dim=draw(dims_of(x)))


@drawn("cummax", "cummin", examples=50)
def cumulative_extremes(draw: Draw) -> Call:
    x = draw(arrays((*ANY, np.float16, np.complex64) if draw(st.integers(0, 9)) == 9 else ANY, special=True))
    dim = draw(dims_of(x, wrong=x.size > 0))  # for no elements PyTorch looks at no dimension
    return Call(x, dim) if draw(st.booleans()) else Call(x, dim=dim)


@drawn("logcumsumexp", examples=60)
def logcumsumexp(draw: Draw) -> Call:
    types = (*FLOATS, *FLOATS, *COMPLEX, np.int64, np.bool_)
    x = draw(arrays(types, domain=draw(st.sampled_from([(-3, 3), (-40, 40)]))))
    dim = draw(dims_of(x, wrong=True))
    return Call(x, dim) if draw(st.booleans()) else Call(x, dim=dim)


@drawn("Tensor.logcumsumexp", gradient=False, reason="gradients at infinity are nan in other places")
def logcumsumexp_of_specials(draw: Draw) -> Call:
    x = draw(arrays((*FLOATS, np.float16), special=True))
    return Call(x, draw(dims_of(x)))


# --- differences -------------------------------------------------------------------------------------------------


@drawn("diff", examples=80)
def diff(draw: Draw) -> Call:
    types = (*TYPES, np.float16)
    x = draw(arrays(types))
    dim = draw(dims_of(x, wrong=draw(st.booleans())))
    n = draw(st.sampled_from([1, 1, 2, 3, 0, -1]))
    options: dict[str, Any] = {}
    for name in ("prepend", "append"):
        if draw(st.booleans()):
            shape = list(x.shape)
            if shape and -len(shape) <= dim < len(shape):
                shape[dim] = draw(st.integers(0, 2))
            if draw(st.integers(0, 9)) == 9:
                shape = [*shape, 2]
            options[name] = draw(arrays((x.dtype, *types), tuple(shape)))
    if draw(st.booleans()):
        return Call(x, n, dim, **options)
    if draw(st.booleans()):
        return Call(x, n=n, dim=dim, **options)
    return Call(x)


@drawn("gradient", examples=80)
def gradient(draw: Draw) -> Call:
    types = TYPES if draw(st.integers(0, 5)) == 5 else FLOATS
    x = draw(arrays(types, min_side=2 if draw(st.integers(0, 5)) else 0, max_side=5))
    options: dict[str, Any] = {}
    if draw(st.booleans()):
        options["edge_order"] = draw(st.sampled_from([1, 2, 2, 3]))
    count = x.ndim
    chosen = list(range(x.ndim))
    way = draw(st.integers(0, 3)) if x.ndim else 0  # of no dimensions, which error comes first differs
    if draw(st.booleans()):
        one = dims_of(x, wrong=way != 2)
        options["dim"] = draw(st.lists(dims_of(x), max_size=3)) if draw(st.booleans()) else draw(one)
        chosen = options["dim"] if isinstance(options["dim"], list) else [options["dim"]]
        count = len(chosen)
    if way == 1:
        options["spacing"] = draw(st.sampled_from([2, 0.5, 3.0, 1j]))
    if way == 2:
        count = draw(st.sampled_from([count, count, count, 2]))
        options["spacing"] = [draw(st.sampled_from([2, 0.5, 3.0])) for _ in range(count)]
    if way == 3 and all(-x.ndim <= d < x.ndim for d in chosen):
        kind = draw(st.sampled_from([x.dtype if x.dtype.kind == "f" else np.dtype(np.float64), np.dtype(np.int64)]))
        options["spacing"] = tuple(
            np.cumsum(draw(arrays((kind,), (x.shape[d],), domain=(1, 3)))).astype(kind) for d in chosen
        )
        if not options["spacing"]:
            del options["spacing"]
    return Call(x, **options)


def _samples(draw: Any) -> Call:
    # which error comes first, that of the dimension or that of booleans, differs in PyTorch from one to the other
    y = draw(arrays(TYPES, min_dims=1) if draw(st.integers(0, 3)) == 3 else arrays(FLOATS))
    dim = draw(dims_of(y, wrong=y.dtype.kind != "b"))
    options = {"dim": dim} if draw(st.booleans()) else {}
    way = draw(st.integers(0, 3))
    if way == 0:
        return Call(y, **options)
    if way == 1:
        return Call(y, dx=draw(st.sampled_from([2, 0.5, -1.0])), **options)
    place = options.get("dim", -1)
    length = y.shape[place] if -y.ndim <= place < y.ndim else 2
    if way == 2:
        length += draw(st.integers(0, 9)) == 9
        return Call(y, draw(arrays((*FLOATS, np.int64, *([np.bool_] * (y.ndim > 0))), (length,))), **options)
    shape = y.shape[draw(st.integers(0, max(y.ndim - 1, 0))) :] if draw(st.booleans()) else (2, *y.shape)
    return Call(y, x=draw(arrays((*FLOATS, np.int64), shape)), **options)


@drawn("trapezoid", "cumulative_trapezoid", examples=80)
def trapezoid(draw: Draw) -> Call:
    return _samples(draw)


@drawn("trapz", examples=30)
def trapz(draw: Draw) -> Call:
    return _samples(draw)
