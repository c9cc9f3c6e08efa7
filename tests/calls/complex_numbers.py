"""Complex numbers: made of parts, taken apart, conjugated."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from .drawing import ANY, BOOL, COMPLEX, FLOATS, INTEGERS, arrays, broadcastable, shapes
from .table import Call, Draw, drawn

EITHER = (*COMPLEX, *COMPLEX, *FLOATS, *INTEGERS, *BOOL)


@drawn("complex")
def complex_of(draw: Draw) -> Call:
    first, second = draw(broadcastable(2))
    kind = draw(st.sampled_from([np.float64, np.float32, np.int64]))
    other = draw(st.sampled_from([kind, kind, kind, np.float64]))
    return Call(draw(arrays([kind], first, special=True)), draw(arrays([other], second, special=True)))


@drawn("polar")
def polar(draw: Draw) -> Call:
    first, second = draw(broadcastable(2))
    kind = draw(st.sampled_from([np.float64, np.float32, np.int64]))
    lengths = draw(arrays([kind], first, domain=(0.0, 5.0)))  # rounded: PyTorch divides by tiny ones
    return Call(np.asarray(np.round(lengths, 3), kind), draw(arrays([kind], second)))


@drawn("real", "conj", "conj_physical", "resolve_conj", "resolve_neg", "isreal", "is_complex", "is_conj", "is_neg")
def of_either(draw: Draw) -> Call:
    return Call(draw(arrays(EITHER, special=True)))


@drawn("imag")
def imag(draw: Draw) -> Call:
    return Call(draw(arrays((*COMPLEX, *COMPLEX, *FLOATS), special=True)))


@drawn("view_as_real")
def view_as_real(draw: Draw) -> Call:
    # without empty arrays, whose gradients PyTorch finds to lie in memory the wrong way
    return Call(draw(arrays((*COMPLEX, *COMPLEX, *FLOATS), special=True, min_side=1)))


@drawn("angle")
def angle(draw: Draw) -> Call:
    return Call(draw(arrays(EITHER)))


@drawn("view_as_complex")
def view_as_complex(draw: Draw) -> Call:
    shape = draw(shapes(max_dims=2))
    return Call(draw(arrays((*FLOATS, *FLOATS, np.int64), (*shape, draw(st.sampled_from([2, 2, 2, 3]))))))


@drawn("adjoint", examples=60)
def adjoint(draw: Draw) -> Call:
    return Call(draw(arrays((*COMPLEX, *ANY))))
