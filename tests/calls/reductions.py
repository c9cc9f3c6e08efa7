"""Sums, means, products, extremes, truth and norms, of all elements or along dimensions."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from .drawing import ANY, COMPLEX, FLOATS, REAL, arrays, dims_of, several_dims_of
from .table import Call, Draw, drawn

HALF = (np.float16,)
DTYPES = tuple(np.dtype(t) for t in (np.float64, np.float32, np.int64, np.int32, np.uint8, np.bool_, np.complex64))


def wrong_tuple(draw: Any, x: Any) -> Any:
    """Dimensions of which one is named twice or is not there."""
    count = max(x.ndim, 1)
    return draw(st.sampled_from([(0, 0), (0, -count), (count,), (0, -count - 1)]))


def dims(draw: Any, x: Any, *, several: bool = True, none: bool = True) -> Any:
    """A dimension, several, none, or a wrong one."""
    choices = [dims_of(x), dims_of(x), dims_of(x, wrong=x.dtype.kind != "c")]  # which of two errors comes first
    if none:
        choices.append(st.none())
    if several:
        choices += [several_dims_of(x)] * 2
        if draw(st.integers(0, 9)) == 9 and x.dtype.kind != "c":
            return wrong_tuple(draw, x)
    return draw(st.one_of(*choices))


def _call(
    draw: Any, x: Any, options: dict[str, Any], *, several: bool = True, none: bool = True, numpy_names: bool = True
) -> Call:
    way = draw(st.integers(0, 2 + numpy_names))
    if way == 0:
        return Call(x, **options)
    if way == 1:
        return Call(x, dims(draw, x, several=several, none=none), draw(st.booleans()), **options)
    if way == 2:
        return Call(x, dim=dims(draw, x, several=several, none=none), keepdim=draw(st.booleans()), **options)
    return Call(x, axis=dims(draw, x, several=several, none=none), keepdims=draw(st.booleans()), **options)


def _dtype(draw: Any, x: Any) -> dict[str, Any]:
    """At times a dtype: none into which PyTorch would fail to record, and none in which digits would differ."""
    if draw(st.integers(0, 2)) < 2:
        return {}
    wider = [d for d in DTYPES if x.dtype.kind in "biu" or (d.kind in "fc" and d.itemsize >= x.dtype.itemsize)]
    wider = [d for d in wider if x.dtype.kind != "c" or d.kind == "c"]
    return {"dtype": draw(st.sampled_from([*wider, None]))}


@drawn("sum", "nansum", "mean", examples=80)
def sums(draw: Draw) -> Call:
    x = draw(arrays((*ANY, *COMPLEX, *HALF), special=draw(st.booleans())))
    options = _dtype(draw, x)
    if x.dtype.kind != "c" and options.get("dtype") in (np.complex64, np.complex128):
        options = {}  # PyTorch's gradient of some fails, and nansum takes complex numbers if they came from integers
    return _call(draw, x, options)


@drawn("nanmean", examples=80)
def nanmean(draw: Draw) -> Call:
    x = draw(arrays((*ANY, *HALF), special=draw(st.booleans())))
    # of integers PyTorch takes no mean, not even with a dtype; this package does
    options = _dtype(draw, x) if x.dtype.kind == "f" else {}
    return _call(draw, x, {} if options.get("dtype") in (np.complex64, np.complex128) else options)


@drawn("prod", examples=80)
def prod(draw: Draw) -> Call:
    x = draw(arrays((*ANY, *COMPLEX, *HALF)))
    options = _dtype(draw, x)
    if x.dtype.kind == "f" and options.get("dtype", x.dtype) is not None and options.get("dtype", x.dtype).kind == "c":
        options = {}  # PyTorch's gradient fails
    return _call(draw, x, options, several=False, none=False)


@drawn("amax", "amin", examples=60)
def extremes(draw: Draw) -> Call:
    x = draw(arrays((*ANY, *HALF), special=draw(st.integers(0, 2)) == 2))
    if draw(st.integers(0, 9)) == 9:
        return Call(draw(arrays(COMPLEX, min_side=1)))
    return _call(draw, x, {}, none=False)


@drawn("max", "min", examples=80)
def extremes_with_indices(draw: Draw) -> Call:
    x = draw(arrays((*ANY, *HALF, np.complex64), special=draw(st.integers(0, 2)) == 2))
    if draw(st.integers(0, 4)) == 4:
        return Call(x, draw(arrays((*ANY, x.dtype), x.shape)))
    return _call(draw, x, {}, several=False, none=False, numpy_names=False)


@drawn("aminmax", examples=40)
def aminmax(draw: Draw) -> Call:
    x = draw(arrays((*ANY, *HALF), special=draw(st.integers(0, 2)) == 2))
    if draw(st.integers(0, 9)) == 9:
        x = draw(arrays(COMPLEX, min_side=1))
    options = {}
    if draw(st.booleans()):
        options = {"dim": dims(draw, x, several=False, none=False), "keepdim": draw(st.booleans())}
    return Call(x, **options)


@drawn("argmax", "argmin", examples=60)
def indices(draw: Draw) -> Call:
    x = draw(arrays((*ANY, *HALF, np.complex64), special=draw(st.booleans())))
    return _call(draw, x, {}, several=False)


@drawn("all", "any", examples=80)
def truth(draw: Draw) -> Call:
    x = draw(arrays((*ANY, *COMPLEX, *HALF), domain=(0, 1), special=draw(st.booleans())))
    return _call(draw, x, {})


@drawn("count_nonzero", examples=50)
def count_nonzero(draw: Draw) -> Call:
    x = draw(arrays((*ANY, *COMPLEX, *HALF), domain=(0, 1), special=draw(st.booleans())))
    if draw(st.booleans()):
        return Call(x, dims(draw, x)) if draw(st.booleans()) else Call(x)
    return Call(x, dim=dims(draw, x))


@drawn("Tensor.logsumexp", examples=60)
def logsumexp(draw: Draw) -> Call:
    x = draw(arrays((*REAL, *COMPLEX, np.bool_, *HALF)))
    dim, keepdim = dims(draw, x, none=False) or 0, draw(st.booleans())  # () is an error inside PyTorch
    return Call(x, dim, keepdim) if draw(st.booleans()) else Call(x, dim=dim, keepdim=keepdim)


@drawn("norm", examples=80, second=False, reason="at 0 PyTorch's second derivatives are nan")
def norm(draw: Draw) -> Call:
    x = draw(arrays((*FLOATS, *FLOATS, *COMPLEX, np.int64, *HALF)))
    p: Any = draw(st.sampled_from([2, 1, 0, 3, 0.5, float("inf"), float("-inf"), -1, 1.5, "fro", None]))
    way = draw(st.integers(0, 4))
    if way == 0:
        return Call(x)
    if way == 1:
        return Call(x, p)
    if way == 2:
        return Call(x, p, dims(draw, x), draw(st.booleans()))
    if way == 3:
        return Call(x, p=p, dim=dims(draw, x), keepdim=draw(st.booleans()))
    return Call(x, p, dtype=draw(st.sampled_from([np.dtype(np.float64), np.dtype(np.complex128), None])))
