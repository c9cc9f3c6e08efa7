"""Norms of vectors and of matrices."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from .drawing import BOOL, COMPLEX, FLOATS, INTEGERS, LAYOUTS, arrays, dims_of, laid_out, several_dims_of, shapes
from .table import Call, Draw, drawn

inf = float("inf")
TYPES = (*FLOATS, *FLOATS, *FLOATS, *COMPLEX, *INTEGERS, *BOOL)
ORDERS = [2, 1, 0, inf, -inf, 3, 1.5, 0.5, -1, -2.5]


def options_of(draw: Draw, x: Any, *, keepdim: bool = True) -> dict[str, Any]:
    """``keepdim`` and ``dtype``."""
    options: dict[str, Any] = {"keepdim": draw(st.booleans())} if keepdim and draw(st.booleans()) else {}
    if draw(st.integers(0, 4)) == 0:
        kinds = [np.float64, np.float64, np.float32, np.complex128, np.int64]
        options["dtype"] = np.dtype(draw(st.sampled_from(kinds)))
    return options


def some_dims(draw: Draw, x: Any) -> Any:
    return draw(st.one_of(dims_of(x, wrong=True, none=True), several_dims_of(x, min_size=1)))


@st.composite
def scattered(draw: Any, types: Any = TYPES, *, min_dims: int = 0) -> Any:
    """Arrays of no pattern: their singular values are far from 0 and from one another."""
    shape = draw(shapes(min_dims=min_dims, max_side=3))
    random = np.random.RandomState(draw(st.integers(0, 1000)))
    values: Any = random.uniform(-4, 4, shape)
    kind = np.dtype(draw(st.sampled_from(types)))
    if kind.kind == "c":
        values = values + 1j * random.uniform(-4, 4, shape)
    return laid_out(np.asarray(values).astype(kind), draw(st.sampled_from(LAYOUTS)))


@drawn("linalg.vector_norm", examples=100, second=False, reason="second gradients at zeros are 0 here, nan in PyTorch")
def vector_norm(draw: Draw) -> Call:
    x = draw(arrays(TYPES, special=draw(st.integers(0, 7)) == 0, max_side=3))
    options = options_of(draw, x)
    if draw(st.booleans()):
        options["dim"] = some_dims(draw, x)
    if draw(st.booleans()):
        options["ord"] = draw(st.sampled_from(ORDERS))
    return Call(x, **options)


@drawn("linalg.matrix_norm", examples=100, second=False, reason="second gradients at zeros are 0 here, nan in PyTorch")
def matrix_norm(draw: Draw) -> Call:
    x = draw(scattered(min_dims=1))
    options = options_of(draw, x)
    orders = ["fro", "nuc", inf, -inf, 1, -1, 2, -2, 3, "bad"]
    args = [x, draw(st.sampled_from(orders))] if draw(st.integers(0, 3)) else [x]
    if draw(st.booleans()):
        options["dim"] = draw(several_dims_of(x, min_size=min(x.ndim, 2)))[:2]
    return Call(*args, **options)


@drawn("linalg.norm", examples=100, second=False, reason="second gradients at zeros are 0 here, nan in PyTorch")
def linalg_norm(draw: Draw) -> Call:
    x = draw(scattered())
    options = options_of(draw, x)
    if draw(st.booleans()):
        options["ord"] = draw(st.sampled_from([*ORDERS, "fro", "nuc", -1, "bad", None]))
    if draw(st.booleans()):
        options["dim"] = some_dims(draw, x)
    return Call(x, **options)


@drawn("frobenius_norm", second=False, reason="second gradients at zeros are 0 here, nan in PyTorch")
def frobenius_norm(draw: Draw) -> Call:
    x = draw(scattered(min_dims=1))
    dims = list(draw(several_dims_of(x)))
    return Call(x, dims, draw(st.booleans())) if draw(st.booleans()) else Call(x, dim=dims)


@drawn("nuclear_norm", second=False, reason="second gradients of singular values that are near one another")
def nuclear_norm(draw: Draw) -> Call:
    x = draw(scattered(min_dims=1))
    if draw(st.booleans()):
        return Call(x, draw(st.booleans()))
    return Call(x, list(draw(several_dims_of(x, min_size=min(x.ndim, 2))))[:2], keepdim=draw(st.booleans()))
