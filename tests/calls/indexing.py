"""Indexing: brackets, and functions that take a vector of indices or places in the flat tensor."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from .drawing import ANY, COMPLEX, FLOATS, arrays, dims_of, indices
from .scatter import one_zero, rounded
from .table import Call, Draw, drawn

SOME = (*FLOATS, np.complex64, np.int64, np.bool_)
_WRONG_TYPES = (np.int64, np.int64, np.int64, np.int32, np.float32, np.bool_)


# --- brackets ----------------------------------------------------------------------------------------------------


@st.composite
def slices(draw: Any) -> slice:
    """Slices, also beyond the ends."""
    bound = st.one_of(st.none(), st.integers(-5, 5))
    return slice(draw(bound), draw(bound), draw(st.sampled_from([None, None, 1, 2, 3])))


@st.composite
def brackets(draw: Any, x: np.ndarray[Any, Any]) -> Any:
    """What may stand in brackets behind a tensor: numbers, slices, None, dots, index tensors, masks, lists, bools."""
    items: list[Any] = []
    left = list(x.shape)
    shape = draw(st.sampled_from([(), (1,), (2,), (2, 1), (0,), (2, 3)]))
    kinds = ["number", "slice", "slice", "none", "index", "index", "mask", "list", "bool", "0-d"]
    while draw(st.integers(0, 3)) and len(items) < 5:
        kind = draw(st.sampled_from(kinds))
        if kind == "none":
            items.append(None)
        elif kind == "bool":
            items.append(draw(st.sampled_from([True, False, np.array(True)])))
        elif kind == "mask" and left:
            count = draw(st.integers(1, len(left)))
            items.append(draw(arrays([np.bool_], tuple(left[:count]))))
            del left[:count]
        elif left:
            n = left.pop(0)
            low = -n if draw(st.booleans()) else 0
            number = st.integers(low, max(n - 1, low))  # whether others are refused depends on what is left of x
            if kind == "number":
                items.append(draw(number))
            elif kind == "0-d":
                items.append(np.array(draw(number)))
            elif kind == "list":
                items.append(draw(st.lists(number, min_size=1, max_size=3)))
            elif kind == "slice":
                items.append(draw(slices()))
            else:
                some = shape if draw(st.booleans()) else draw(st.sampled_from([shape, (1,), ()]))
                items.append(draw(indices(some, n, low=low, types=(np.int64, np.int64, np.int32))))
    if draw(st.integers(0, 2)) == 0:
        # into a tensor of no elements PyTorch takes indices that are out of bounds
        items.insert(draw(st.integers(0, len(items))) if x.size else len(items), ...)
    return items[0] if len(items) == 1 and draw(st.booleans()) else tuple(items)


@drawn("Tensor.__getitem__", examples=400)
def brackets_read(draw: Draw) -> Call:
    x = draw(arrays(SOME))
    return Call(x, draw(brackets(x)))


@drawn("index_put", examples=150)
def index_put(draw: Draw) -> Call:
    x = draw(arrays(SOME, min_dims=1))
    count = draw(st.integers(1, x.ndim))
    if draw(st.integers(0, 3)) == 0:
        index: list[Any] = [draw(arrays([np.bool_], x.shape[:count]))]
        shape: tuple[int, ...] = (int(index[0].sum()), *x.shape[count:])
    else:
        size = draw(st.sampled_from([(1,), (3,), (2, 2), (0,), ()]))
        wrong = x.size > 0 and draw(st.integers(0, 9)) == 0
        index = [draw(indices(size, n + wrong, low=-n)) for n in x.shape[:count]]
        shape = (*size, *x.shape[count:])
    accumulate = draw(st.booleans())
    if not accumulate and index[0].dtype.kind == "i":  # which value stays is not defined: no place twice
        index = [index[0].reshape(-1)[:1], *[i.reshape(-1)[:1] for i in index[1:]]]
        shape = (index[0].size, *x.shape[count:])
    shape = shape[draw(st.integers(0, len(shape))) :]
    shape = tuple([1 if draw(st.integers(0, 3)) == 0 else n for n in shape])
    values = draw(arrays([x.dtype] * 5 + [np.float64 if x.dtype.kind == "f" else np.int64], shape))
    given = tuple(index) if draw(st.booleans()) else index
    return Call(x, given, values, accumulate) if draw(st.booleans()) else Call(x, given, values, accumulate=accumulate)


# --- a vector of indices -----------------------------------------------------------------------------------------


@st.composite
def vectors(
    draw: Any, x: np.ndarray[Any, Any], dim: int, low: bool = False, unique: bool = False, wrong: bool = True
) -> Any:
    """A vector of indices along a dimension; at times out of bounds, or of another type."""
    n = x.shape[dim] if x.ndim else 1
    high = n + (wrong and draw(st.integers(0, 9)) == 0)
    # what PyTorch raises for indices into an empty tensor differs from function to function
    shape = draw(st.sampled_from([(), (1,), (2,), (3,), (0,), (5,), (1, 1)])) if x.size else (0,)
    shape = shape if x.ndim or shape != (0,) else ()
    found = draw(indices(shape, high, low=-n if low else 0, types=(np.int64,) * 6 + (np.int32, np.float32)))
    if unique and found.ndim == 1:
        found = np.unique(found % n if n and found.dtype.kind == "i" else found)
    return found


@drawn("index_select", examples=80)
def index_select(draw: Draw) -> Call:
    x = draw(arrays((*SOME, np.float16)))
    dim = draw(dims_of(x, wrong=True))
    # PyTorch raises an IndexError or a RuntimeError for an index out of bounds, as the layout has it
    return Call(x, dim, draw(vectors(x, dim if -x.ndim <= dim < x.ndim else 0, wrong=False)))


@st.composite
def _sources(draw: Any, x: np.ndarray[Any, Any], dim: int, index: np.ndarray[Any, Any]) -> Any:
    """A source for some slices of x; at times of another shape or type."""
    shape = list(x.shape)
    if shape:
        shape[dim] = index.size
        if draw(st.integers(0, 9)) == 0:
            shape[draw(st.integers(0, len(shape) - 1))] += 1
        if draw(st.integers(0, 9)) == 0:
            shape.pop()
    types = [x.dtype] * 9 + [np.float64]
    return np.asarray(draw(arrays(types, tuple(shape), distinct=x.dtype.kind == "f")))


def _along(draw: Draw, types: Any, **options: Any) -> tuple[Any, int, Any, Any]:
    x = draw(arrays(types))
    dim = draw(dims_of(x, wrong=True))
    known = dim if -x.ndim <= dim < x.ndim else 0
    index = draw(vectors(x, known, **options))
    return x, dim, index, draw(_sources(x, known, index))


@drawn("index_add", examples=120)
def index_add(draw: Draw) -> Call:
    x, dim, index, source = _along(draw, SOME)
    if draw(st.booleans()):
        return Call(x, dim, index, source)
    return Call(x, dim, index, source, alpha=draw(st.sampled_from([1, 2, -0.5, 0, 2.5])))


@drawn("index_copy", examples=120)
def index_copy(draw: Draw) -> Call:
    return Call(*_along(draw, SOME, unique=True))


@drawn("index_fill", examples=120)
def index_fill(draw: Draw) -> Call:
    x = draw(arrays((*SOME, np.uint8)))
    dim = draw(dims_of(x, wrong=True))
    # PyTorch takes some indices, negative ones with a tensor as value among them, that its backward pass then refuses
    number = draw(st.booleans())
    place = dim if -x.ndim <= dim < x.ndim else 0
    index = draw(vectors(x, place, low=number)) if x.ndim else np.zeros(1, np.int64)
    if number:
        return Call(x, dim, index, draw(st.sampled_from([0, 1, -2, 2.5, True, 1j, 300, 1e300])))
    types = [x.dtype, np.float64, np.int64] if x.dtype.kind == "f" else [x.dtype, np.int64]
    return Call(x, dim, index, draw(arrays(types, st.sampled_from([(), (), (), (1,)]))))


@drawn("index_reduce", examples=200)
def index_reduce(draw: Draw) -> Call:
    x, dim, index, source = _along(draw, (*FLOATS, np.float64, np.int64))
    if x.dtype.kind == "f":  # products of tiny numbers differ
        x, source = rounded(x), one_zero(rounded(source))
    index = index.astype(np.int64) if index.dtype == np.int32 else index  # for which PyTorch's gradient fails
    reduce = draw(st.sampled_from(["prod", "mean", "amax", "amin", "prod", "mean", "amax", "amin", "sum"]))
    if draw(st.booleans()):
        return Call(x, dim, index, source, reduce)
    return Call(x, dim, index, source, reduce, include_self=draw(st.booleans()))


# --- flat places -------------------------------------------------------------------------------------------------


@st.composite
def _flat(draw: Any, x: np.ndarray[Any, Any], unique: bool = False) -> Any:
    wrong = draw(st.integers(0, 9)) == 0
    shape = draw(st.sampled_from([(), (3,), (2, 2), (0,), (1,)]))
    found = draw(indices(shape, x.size + wrong, low=-x.size, types=(np.int64,) * 6 + (np.int32,)))
    return found.reshape(-1)[:1] if unique else found


@drawn("take", examples=60)
def take(draw: Draw) -> Call:
    x = draw(arrays(SOME))
    return Call(x, draw(_flat(x)))


@drawn("put", examples=100)
def put(draw: Draw) -> Call:
    x = draw(arrays(SOME))
    accumulate = draw(st.booleans())
    index = draw(_flat(x, unique=not accumulate))
    shape = index.shape if draw(st.booleans()) else (index.size + (draw(st.integers(0, 9)) == 0),)
    source = draw(arrays([x.dtype] * 9 + [np.float64], shape))
    return Call(x, index, source, accumulate) if draw(st.booleans()) else Call(x, index, source, accumulate=accumulate)


# --- parts -------------------------------------------------------------------------------------------------------


@drawn("select", "select_copy", examples=60)
def select(draw: Draw) -> Call:
    x = draw(arrays(ANY))
    dim = draw(dims_of(x, wrong=True))
    n = x.shape[dim] if -x.ndim <= dim < x.ndim else 1
    return Call(x, dim, draw(st.integers(-n - 1, n)))


@drawn("narrow_copy", examples=40)
def narrow_copy(draw: Draw) -> Call:
    x = draw(arrays(ANY, min_dims=1))
    dim = draw(dims_of(x))
    return Call(x, dim, draw(st.integers(-5, 5)), draw(st.integers(0, 4)))


@drawn("narrow", examples=80)
def narrow(draw: Draw) -> Call:
    x = draw(arrays(ANY))
    dim = draw(dims_of(x, wrong=True))
    n = x.shape[dim] if -x.ndim <= dim < x.ndim else 1
    start = draw(st.integers(-n - 1, n + 1))
    return Call(x, dim, start, draw(st.integers(0, n + 1)))


@drawn("Tensor.narrow", examples=40)
def narrow_from_tensor(draw: Draw) -> Call:
    x = draw(arrays(FLOATS, min_dims=1))
    dim = draw(dims_of(x))
    n = x.shape[dim]
    start = draw(indices(draw(st.sampled_from([(), (), (1,)])), n + 1, low=-n, types=(np.int64, np.int32, np.float32)))
    return Call(x, dim, start, draw(st.integers(0, n)))


@drawn("slice_copy")
def slice_copy(draw: Draw) -> Call:
    x = draw(arrays(ANY, min_dims=1))
    bound = st.one_of(st.none(), st.integers(-5, 5))
    return Call(x, draw(dims_of(x, wrong=True)), draw(bound), draw(bound), draw(st.integers(0, 3)))


# --- where the elements are --------------------------------------------------------------------------------------

_NUMBERS = (*FLOATS, *COMPLEX, np.int64, np.bool_, np.uint8)


@drawn("nonzero", examples=60)
def nonzero(draw: Draw) -> Call:
    x = draw(arrays(_NUMBERS, special=True))
    return Call(x) if draw(st.booleans()) else Call(x, as_tuple=draw(st.booleans()))


@drawn("argwhere", examples=40)
def argwhere(draw: Draw) -> Call:
    return Call(draw(arrays(_NUMBERS, special=True)))


@drawn("nonzero_static", examples=40)
def nonzero_static(draw: Draw) -> Call:
    x, size = draw(arrays(_NUMBERS)), draw(st.integers(-1, 6))
    return Call(x, size=size) if draw(st.booleans()) else Call(x, size=size, fill_value=draw(st.integers(-3, 3)))


@drawn("unravel_index", examples=60)
def unravel_index(draw: Draw) -> Call:
    index = draw(indices(draw(st.sampled_from([(), (3,), (2, 2)])), 13, low=-13, types=_WRONG_TYPES))
    return Call(index, draw(st.sampled_from([(3, 4), (12,), 12, [2, 2, 3], (3, -4), (3, 4.0), ()])))


@drawn("Tensor.item", "Tensor.tolist", "Tensor.__len__", gradient=False, reason="numbers have no gradient")
def out_to_python(draw: Draw) -> Call:
    return Call(draw(arrays((*ANY, *COMPLEX, np.float16), max_side=2)))


@drawn("Tensor.__contains__", gradient=False, reason="numbers have no gradient")
def contains(draw: Draw) -> Call:
    x = draw(arrays((*FLOATS, np.int64, np.bool_), special=True))
    return Call(x, draw(st.sampled_from([0, 1.0, True, 0.5, float("nan"), "a", None, [1], 1j, np.array(1.0)])))
