"""Functions that take an index for each element: gather, scatter and its kin, and masks."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from .drawing import FLOATS, arrays, broadcastable, dims_of, indices, laid_out
from .table import Call, Draw, drawn

SOME = (*FLOATS, np.complex64, np.int64, np.bool_)
_REDUCTIONS = ["sum", "prod", "mean", "amax", "amin"]


def rounded(x: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Sixteenths: products of tiny numbers are nobody's business."""
    return np.asarray(np.round(16 * x.astype(np.float64)) / 16, x.dtype)


def one_zero(x: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """At most one zero: PyTorch has no second gradient of products with more of them."""
    result = x.copy()
    result.reshape(-1)[np.flatnonzero(x == 0)[1:]] = 1
    return result


@st.composite
def indexed(draw: Any, types: Any = SOME, *, unique: bool = False, exact: bool = True, smaller: bool = True) -> Any:
    """A tensor, a dimension, and an index along it; at times wrong in one way.

    Args:
        types: of the tensor.
        unique: the index points to no place twice.
        exact: where there are gradients, the index has the tensor's lengths but along the dimension.
        smaller: the index may be shorter than the tensor in other dimensions.
    """
    x = draw(arrays(types))
    dim = draw(dims_of(x, wrong=True))
    place = dim % max(x.ndim, 1) if -max(x.ndim, 1) <= dim < max(x.ndim, 1) else 0
    n = x.shape[place] if x.ndim else 1
    shape = [m if not smaller or draw(st.booleans()) else draw(st.integers(0, m)) for m in x.shape]
    if shape:
        shape[place] = draw(st.integers(0, n if unique else n + 2))
        if draw(st.integers(0, 14)) == 0:
            shape[draw(st.integers(0, len(shape) - 1))] += 1
        if draw(st.integers(0, 14)) == 0:
            shape.append(1)
    elif draw(st.booleans()) and not unique:
        shape = [2]
    if unique:
        shape = [min(m, k) for m, k in zip(shape, x.shape, strict=False)]
        order = np.argsort(draw(arrays([np.float64], (*shape[:place], n, *shape[place + 1 :]), distinct=True)), place)
        index = np.ascontiguousarray(order[(slice(None),) * place + (slice(0, shape[place] if shape else 1),)])
        index = index.reshape(shape)
    else:
        wrong = draw(st.integers(0, 9)) == 0
        types = (np.int64,) * 6 + (np.int32, np.float32)
        index = draw(indices(tuple(shape), n + wrong, low=-1 if wrong else 0, types=types))
    return x, dim, laid_out(index, draw(st.sampled_from(["contiguous", "transposed"])))


@drawn("gather", examples=120)
def gather(draw: Draw) -> Call:
    x, dim, index = draw(indexed())
    return Call(x, dim, index) if draw(st.booleans()) else Call(x, dim, index, sparse_grad=False)


def _source(draw: Draw, x: Any, index: Any) -> Any:
    return draw(arrays([x.dtype] * 12 + [np.float64], index.shape))


@drawn("scatter", examples=150)
def scatter(draw: Draw) -> Call:
    x, dim, index = draw(indexed(unique=True))
    kind = draw(st.sampled_from(["src", "number", "value"]))
    if kind == "src":
        return Call(x, dim, index, _source(draw, x, index))
    number = draw(st.sampled_from([0, 1, 2.5, -1, True, 1e300, 1j]))
    return Call(x, dim, index, number) if kind == "number" else Call(x, dim, index, value=number)


@drawn("Tensor.scatter", gradient=False, reason="PyTorch has no gradient of reductions here", examples=80)
def scatter_reducing(draw: Draw) -> Call:
    x, dim, index = draw(indexed())
    reduce = draw(st.sampled_from(["add", "multiply", "add", "multiply", "sum"]))
    given = _source(draw, x, index) if draw(st.booleans()) else draw(st.sampled_from([2, 0.5, -1]))
    return Call(x, dim, index, given, reduce=reduce)


@drawn("scatter_add", examples=120)
def scatter_add(draw: Draw) -> Call:
    x, dim, index = draw(indexed())
    return Call(x, dim, index, _source(draw, x, index))


@drawn("Tensor.scatter_add", gradient=False, reason="PyTorch: only where src and index have one shape", examples=60)
def scatter_add_of_part(draw: Draw) -> Call:
    x, dim, index = draw(indexed())
    shape = [max(n + draw(st.integers(-1, 2)), 0) if draw(st.booleans()) else n for n in index.shape]
    return Call(x, dim, index, draw(arrays([x.dtype], tuple(shape))))


@drawn("scatter_reduce", examples=300)
def scatter_reduce(draw: Draw) -> Call:
    x, dim, index = draw(indexed((*FLOATS, np.float64, np.int64, np.bool_)))
    if x.dtype.kind == "f":  # products of tiny numbers differ
        x = rounded(x)
    reduce = draw(st.sampled_from([*_REDUCTIONS * 3, "add"])) if index.size else "sum"
    source = _source(draw, x, index)
    if x.dtype.kind == "f":
        source = one_zero(rounded(source))
    if draw(st.booleans()):
        return Call(x, dim, index, source, reduce)
    return Call(x, dim, index, source, reduce, include_self=draw(st.booleans()))


@drawn("take_along_dim", examples=120)
def take_along_dim(draw: Draw) -> Call:
    x = draw(arrays(SOME))
    if draw(st.integers(0, 3)) == 0:
        index = draw(indices(draw(st.sampled_from([(), (3,), (2, 2)])), x.size, low=0))
        return Call(x.copy(), index.copy())  # PyTorch fails where the two do not lie in one piece
    dim = draw(dims_of(x, wrong=True))
    n = x.shape[dim] if -x.ndim <= dim < x.ndim else 1
    shape = [draw(st.sampled_from([m, m, 1])) for m in x.shape]
    if shape:
        shape[dim if -x.ndim <= dim < x.ndim else 0] = draw(st.integers(0, 3))
        if draw(st.integers(0, 9)) == 0:
            shape.append(1)
    index = draw(indices(tuple(shape), n, low=-n if draw(st.booleans()) else 0, types=(np.int64,) * 6 + (np.int32,)))
    return Call(x, index, dim) if draw(st.booleans()) else Call(x, index, dim=dim)


# --- masks -------------------------------------------------------------------------------------------------------


def _masked(draw: Draw) -> tuple[Any, Any]:
    shape, other = draw(broadcastable(2)) if draw(st.integers(0, 9)) else ((2, 3), (2,))
    return draw(arrays(SOME, shape)), draw(arrays([np.bool_] * 9 + [np.int64], other))


@drawn("masked_fill", examples=120)
def masked_fill(draw: Draw) -> Call:
    x, mask = _masked(draw)
    if draw(st.booleans()):
        return Call(x, mask, draw(st.sampled_from([0, 1, -2.5, True, float("inf"), 1j, 1e300])))
    types = [x.dtype, np.float64, np.int64] if x.dtype.kind == "f" else [x.dtype, np.int64]
    return Call(x, mask, draw(arrays(types, st.sampled_from([(), (), (), (1,)]))))


@drawn("masked_select", examples=60)
def masked_select(draw: Draw) -> Call:
    return Call(*_masked(draw))


@drawn("masked_scatter", examples=120)
def masked_scatter(draw: Draw) -> Call:
    x, mask = _masked(draw)
    try:
        count = int(np.broadcast_to(mask, np.broadcast_shapes(mask.shape, x.shape)).sum())
    except ValueError:
        count = 3
    size = max(count + draw(st.sampled_from([0, 0, 1, 2, -1])), 0)
    shape = (size,) if draw(st.booleans()) else (1, size)
    return Call(x, mask, draw(arrays([x.dtype] * 9 + [np.float64], shape)))
