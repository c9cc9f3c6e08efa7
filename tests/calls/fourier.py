"""Discrete Fourier transforms."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

import tinygrad_nn.fft  # noqa: F401 - so that the comparison finds it

from .drawing import BOOL, COMPLEX, FLOATS, INTEGERS, arrays, dims_of, several_dims_of
from .table import Call, Draw, drawn

NUMBERS = (*FLOATS, *COMPLEX, *FLOATS, *COMPLEX, *INTEGERS, *BOOL)
REAL_NUMBERS = (*FLOATS, *FLOATS, *INTEGERS, *BOOL)
NORMS = st.sampled_from([None, "backward", "ortho", "forward"])
WRONG_NORMS = st.sampled_from([None, "backward", "ortho", "forward", None, "ortho", "other"])


def signal(draw: Draw, types: Any, **options: Any) -> Any:
    """An array without lengths of 0, of which PyTorch's libraries say different things."""
    return draw(arrays(types, **{"min_dims": 1, "min_side": 1, "max_side": 5, **options}))


def one(draw: Draw, types: Any, least: int) -> Call:
    x = signal(draw, types, min_side=least)
    n = draw(st.one_of(st.none(), st.integers(1, 7), st.sampled_from([0, 3])))
    if draw(st.booleans()):
        return Call(x, n, draw(dims_of(x, wrong=True)), draw(NORMS))
    options = {"n": n, "dim": draw(dims_of(x)), "norm": draw(WRONG_NORMS)}
    chosen = draw(st.sets(st.sampled_from(sorted(options))))
    return Call(x, **{name: value for name, value in options.items() if name in chosen})


@drawn("fft.fft", "fft.ifft", forms=("function", "out"), examples=60, tolerance=10, reason="sums of many products")
def transforms(draw: Draw) -> Call:
    return one(draw, NUMBERS, 1)


@drawn("fft.rfft", "fft.ihfft", forms=("function", "out"), examples=60, tolerance=10, reason="sums of many products")
def halves(draw: Draw) -> Call:
    return one(draw, draw(st.sampled_from([REAL_NUMBERS, REAL_NUMBERS, NUMBERS])), 1)


@drawn("fft.irfft", "fft.hfft", forms=("function", "out"), examples=60, tolerance=10, reason="sums of many products")
def from_halves(draw: Draw) -> Call:
    return one(draw, NUMBERS, 1)


def several(draw: Draw, types: Any, dims: Any = None) -> Call:
    x = signal(draw, types, min_dims=1 if dims is None else 2)
    options: dict[str, Any] = {"norm": draw(WRONG_NORMS)}
    dim = draw(st.one_of(st.none(), several_dims_of(x, min_size=1 if draw(st.booleans()) else 0)))
    if dims is not None and dim is None:
        dim = draw(st.sampled_from([dims, (0, 1)]))
    if dim is not None:
        options["dim"] = dim
    if draw(st.booleans()):
        count = len(dim) if dim is not None else draw(st.integers(1, x.ndim))
        count += draw(st.sampled_from([0, 0, 0, 0, 1]))
        options["s"] = tuple(draw(st.integers(1, 6)) if draw(st.booleans()) else -1 for _ in range(count))
    if options.get("s") == () and options.get("dim") == ():
        del options["s"]
    return Call(x, **options)


_SEVERAL: dict[str, Any] = {
    "forms": ("function", "out"), "examples": 60, "tolerance": 10, "reason": "sums of many products",
}  # fmt: skip


@drawn("fft.fftn", "fft.ifftn", "fft.irfftn", "fft.hfftn", **_SEVERAL)
def transforms_of_several(draw: Draw) -> Call:
    return several(draw, NUMBERS)


@drawn("fft.ihfftn", **(_SEVERAL | {"forms": ("function",), "reason": "PyTorch leaves out= empty for one dimension"}))
@drawn("fft.rfftn", **_SEVERAL)
def halves_of_several(draw: Draw) -> Call:
    return several(draw, draw(st.sampled_from([REAL_NUMBERS, REAL_NUMBERS, NUMBERS])))


@drawn("fft.fft2", "fft.ifft2", "fft.irfft2", "fft.hfft2", **_SEVERAL)
def transforms_of_two(draw: Draw) -> Call:
    return several(draw, NUMBERS, (-2, -1))


@drawn("fft.ihfft2", **(_SEVERAL | {"forms": ("function",), "reason": "PyTorch leaves out= empty for one dimension"}))
@drawn("fft.rfft2", **_SEVERAL)
def halves_of_two(draw: Draw) -> Call:
    return several(draw, draw(st.sampled_from([REAL_NUMBERS, REAL_NUMBERS, NUMBERS])), (-2, -1))


@drawn("fft.fftfreq", "fft.rfftfreq", gradient=False, forms=("function", "out"))
def frequencies(draw: Draw) -> Call:
    n = draw(st.integers(0, 9))
    kinds = st.sampled_from([np.dtype(k) for k in (np.float32, np.float64, np.int64, np.complex64)])
    options = {"d": draw(st.sampled_from([1.0, 0.5, 3, -2.0])), "dtype": draw(kinds)}
    chosen = draw(st.sets(st.sampled_from(sorted(options))))
    return Call(n, **{name: value for name, value in options.items() if name in chosen})


@drawn("fft.fftshift", "fft.ifftshift")
def shifts(draw: Draw) -> Call:
    x = draw(arrays(NUMBERS))
    choices = [st.none(), dims_of(x, wrong=True), several_dims_of(x, min_size=1)]
    return Call(x, dim=draw(st.one_of(*choices))) if draw(st.booleans()) else Call(x)
