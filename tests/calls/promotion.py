"""Which type comes of two. What operations make of every pair of types: `tests/test_promotion_live.py`."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from .table import Call, Draw, drawn

# float16 beside a complex type gives PyTorch's complex32, which NumPy does not have
TYPES = [np.dtype(t) for t in ["f4", "f8", "i8", "i4", "i2", "i1", "u1", "?"]]
COMPLEX = [np.dtype(t) for t in ["c8", "c16"]]
NUMBERS = [True, 2, 1.5]


def operand(draw: Draw, types: list[Any], numbers: Any = NUMBERS) -> Any:
    """A vector, a tensor of no dimensions, or a number."""
    form = draw(st.sampled_from(["vector", "vector", "single", "number"] if numbers else ["vector", "single"]))
    if form == "number":
        return draw(st.sampled_from(list(numbers)))
    kind = draw(st.sampled_from(types))
    return np.array([1, 3, 0] if form == "vector" else 2).astype(kind)


@drawn("result_type", examples=300, gradient=False, values=str)
def result_type(draw: Draw) -> Call:
    complex_too = draw(st.booleans())
    types = TYPES + (COMPLEX if complex_too else [np.dtype("f2")])
    numbers = [*NUMBERS, 2j] if complex_too else NUMBERS
    return Call(operand(draw, types, numbers), operand(draw, types, numbers))


@drawn("promote_types", "can_cast", examples=250, gradient=False, values=str)
def of_types(draw: Draw) -> Call:
    every = [*TYPES, *COMPLEX, *[np.dtype(t) for t in ["f2", "u2", "u4", "u8"]]]
    return Call(draw(st.sampled_from(every)), draw(st.sampled_from(every)))
