"""What calls are drawn from: arrays of any type, shape and layout, dimensions, indices."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hypothesis_numpy

FLOATS = (np.float64, np.float32)
INTEGERS = (np.int64, np.int32, np.uint8)
COMPLEX = (np.complex128, np.complex64)
BOOL = (np.bool_,)
REAL = (*FLOATS, *INTEGERS)
ANY = (*FLOATS, *INTEGERS, *BOOL)
LAYOUTS = ("contiguous", "transposed", "strided")


class Constant(np.ndarray):  # type: ignore[type-arg]
    """An array whose tensor wants no gradient, though it is of floating point numbers: ``array.view(Constant)``."""


def shapes(min_dims: int = 0, max_dims: int = 3, min_side: int = 0, max_side: int = 4) -> Any:
    """Shapes with lengths of 0, 1 and more."""
    return hypothesis_numpy.array_shapes(min_dims=min_dims, max_dims=max_dims, min_side=min_side, max_side=max_side)


def elements(dtype: Any, domain: tuple[float, float] = (-5.0, 5.0), special: bool = False) -> Any:
    """Elements: round numbers, on which ties and kinks lie, as well as any others of the domain."""
    dtype = np.dtype(dtype)
    low, high = domain
    if dtype.kind == "b":
        return st.booleans()
    if dtype.kind in "iu":
        return st.integers(int(np.ceil(max(low, np.iinfo(dtype).min))), int(high))
    if dtype.kind == "c":
        part = elements(f"f{dtype.itemsize // 2}", domain, special)
        return st.builds(complex, part, part)
    width = 8 * dtype.itemsize
    round_numbers = [x for x in (0.0, 1.0, -1.0, 0.5, 2.0) if low <= x <= high]
    # halves of sixteenths: float32 holds them, and sums of them, without rounding
    choices = [st.integers(int(np.ceil(16 * low)), int(np.floor(16 * high))).map(lambda n: n / 16)]
    if round_numbers:
        choices.append(st.sampled_from(round_numbers))
    if special:
        choices.append(st.sampled_from([np.inf, -np.inf, np.nan, -0.0]))
    narrow = np.float16 if width == 16 else np.float32  # bounds must be numbers of the type
    choices.append(
        st.floats(float(narrow(low)), float(narrow(high)), width=min(width, 32), allow_subnormal=False)
    )
    return st.one_of(*choices)


def laid_out(array: np.ndarray[Any, Any], layout: str) -> np.ndarray[Any, Any]:
    """The same values in another layout of the memory."""
    if layout == "transposed" and array.ndim > 1:
        return np.ascontiguousarray(array.T).T
    if layout == "strided" and array.ndim:
        wide = np.zeros((*array.shape[:-1], 2 * array.shape[-1]), array.dtype)
        wide[..., ::2] = array
        return wide[..., ::2]
    return array


@st.composite
def arrays(
    draw: Any,
    types: Sequence[Any] = FLOATS,
    shape: Any = None,
    *,
    min_dims: int = 0,
    max_dims: int = 3,
    min_side: int = 0,
    max_side: int = 4,
    domain: tuple[float, float] = (-5.0, 5.0),
    distinct: bool = False,
    special: bool = False,
) -> np.ndarray[Any, Any]:
    """Arrays of one of the types; of a shape (or a strategy for it), or of any; in any layout.

    Args:
        types: NumPy types, the likeliest first.
        shape: a shape or a strategy for shapes.
        min_dims, max_dims, min_side, max_side: bounds of the shape, where none is given.
        domain: bounds of the values.
        distinct: no two elements are equal: the order of the elements is unique, as are extremes.
        special: infinities, nan and negative zero as well.
    """
    dtype = np.dtype(draw(st.sampled_from(list(types))))
    if shape is None:
        shape = shapes(min_dims, max_dims, min_side, max_side)
    size = draw(shape) if hasattr(shape, "flatmap") else tuple(shape)
    if distinct and dtype.kind == "f":
        count = int(np.prod(size, dtype=int))
        order = draw(st.permutations(range(count)))
        low, high = domain
        values = low + (np.array(order, dtype=np.float64).reshape(size) + 0.5) * ((high - low) / max(count, 1))
        array = np.asarray(values.astype(dtype))
    else:
        few = dtype.kind in "iub" and int(np.prod(size, dtype=int)) > domain[1] - domain[0]
        unique = distinct and not few
        array = draw(hypothesis_numpy.arrays(dtype, size, elements=elements(dtype, domain, special), unique=unique))
        if distinct and few:  # more than the domain has
            array = np.arange(array.size).reshape(array.shape).astype(dtype)
    return laid_out(array, draw(st.sampled_from(LAYOUTS)))


@st.composite
def many(draw: Any, types: Sequence[Any], shape: tuple[int, ...], *, distinct: bool = False) -> np.ndarray[Any, Any]:
    """An array of many elements, which are sixteenths between -5 and 5 (or whole numbers), from one drawn seed.

    Args:
        types: NumPy types, the likeliest first.
        shape: the array's shape.
        distinct: no two elements are equal.
    """
    dtype = np.dtype(draw(st.sampled_from(list(types))))
    random = np.random.RandomState(draw(st.integers(0, 2**16)))
    count = int(np.prod(shape, dtype=int))
    numbers = random.permutation(count) - count // 2 if distinct else random.randint(-80, 81, count)
    scale = (5 / max(count // 2, 1) if distinct else 1 / 16) if dtype.kind in "fc" else 1 if distinct else 1 / 16
    values = np.abs(numbers) if dtype.kind in "ub" else numbers
    array = np.asarray((values * scale).reshape(shape)).astype(dtype)
    if dtype.kind == "c":
        array = (array + 1j * np.roll(array, 1)).astype(dtype)
    return laid_out(array, draw(st.sampled_from(LAYOUTS)))


@st.composite
def dims_of(draw: Any, array: Any, *, wrong: bool = False, none: bool = False) -> Any:
    """A dimension of an array (or of so many dimensions), counted from either end.

    Args:
        array: the array, or how many dimensions there are.
        wrong: at times one that there is not: both packages must refuse it.
        none: at times None.
    """
    count = max(array if isinstance(array, int) else array.ndim, 1)
    choices = [st.integers(-count, count - 1)] * 3
    if none:
        choices.append(st.none())
    if wrong:
        choices.append(st.sampled_from([-count - 1, count]))
    return draw(st.one_of(*choices))


def several_dims_of(array: Any, *, min_size: int = 0) -> Any:
    """A tuple of different dimensions."""
    count = max(array if isinstance(array, int) else array.ndim, 1)
    one = st.integers(-count, count - 1)
    return st.lists(one, min_size=min_size, max_size=count, unique_by=lambda d: d % count).map(tuple)


def broadcastable(count: int, **options: Any) -> Any:
    """As many shapes that broadcast together."""
    options = {"max_dims": 3, "min_side": 0, "max_side": 3, **options}
    drawn = hypothesis_numpy.mutually_broadcastable_shapes(num_shapes=count, **options)
    return drawn.map(lambda found: found.input_shapes)


def indices(shape: Any, high: int, *, low: int = 0, types: Sequence[Any] = (np.int64,)) -> Any:
    """Integer arrays from `low` up to, but without, `high`."""
    return arrays(types, shape, domain=(low, max(high - 1, low)))
