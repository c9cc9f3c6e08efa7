"""Activation functions, and softmax."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from .drawing import FLOATS, arrays, dims_of
from .elementwise import FLOATING
from .table import Call, Draw, drawn

TYPES = (*FLOATING, np.int64, np.bool_)


_HALF = "float16 is rounded in other places"


def optionally(draw: Draw, **values: list) -> dict:
    return {name: draw(st.sampled_from(choice)) for name, choice in values.items() if draw(st.booleans())}


@drawn("nn.functional.relu6")
def limited(draw: Draw) -> Call:  # without nan, whose gradient differs between PyTorch's vector and scalar code
    return Call(draw(arrays((*TYPES, np.uint8), domain=(-9.0, 9.0))))


@drawn("relu", "nn.functional.relu", "selu", "nn.functional.selu",
       "nn.functional.hardswish", "nn.functional.silu", "nn.functional.mish")  # fmt: skip
def plain(draw: Draw) -> Call:
    return Call(draw(arrays((*TYPES, np.uint8), special=True)))


@drawn("nn.functional.hardsigmoid", tolerance=100, reason="PyTorch's gradient is 1/6 in float32, for float64 as well")
def straight(draw: Draw) -> Call:
    return plain(draw)


@drawn("nn.functional.logsigmoid", "nn.functional.tanh", "nn.functional.sigmoid", tolerance=10, reason=_HALF)
def without_options(draw: Draw) -> Call:
    return Call(draw(arrays(TYPES, special=True)))


@drawn("nn.functional.softsign", "nn.functional.tanhshrink")
def composed(draw: Draw) -> Call:  # PyTorch's gradient of softsign is nan at infinity
    return Call(draw(arrays((*FLOATING, np.int64))))


@drawn("nn.functional.elu", "nn.functional.celu", "celu")
def exponential_units(draw: Draw) -> Call:
    return Call(draw(arrays(TYPES, special=True)), **optionally(draw, alpha=[1.0, 0.5, 2, -1.0]))


@drawn("nn.functional.leaky_relu")
def leaky(draw: Draw) -> Call:
    return Call(draw(arrays(TYPES, special=True)), **optionally(draw, negative_slope=[0.01, 0.3, 1.0, 2, 0.0, -0.5]))


@drawn("nn.functional.hardtanh")
def between(draw: Draw) -> Call:
    x = draw(arrays((*TYPES, np.uint8, np.int32)))
    return Call(x, **optionally(draw, min_val=[-1.0, 0.0, -2, 3.0], max_val=[1.0, 0.5, 2]))


@drawn("nn.functional.gelu")
def gaussian(draw: Draw) -> Call:
    x = draw(arrays(TYPES))
    if x.dtype == np.float16:  # rounding of the second derivative near its roots
        x = np.clip(x, -2, 2)
    return Call(x, **optionally(draw, approximate=["none", "tanh", "sigmoid"]))


@drawn("nn.functional.softplus")
def soft(draw: Draw) -> Call:
    return Call(draw(arrays(TYPES, special=True)), **optionally(draw, beta=[1.0, 2, 0.5], threshold=[20.0, 1.03, 2.01]))


@drawn("hardshrink", "nn.functional.hardshrink", "nn.functional.softshrink")
def shrunk(draw: Draw) -> Call:
    x = draw(arrays(TYPES))
    return Call(x, **optionally(draw, lambd=[0.5, 0.25, 0.0, 1, -0.5])) if draw(st.booleans()) else Call(x, 0.5)


@drawn("threshold", "nn.functional.threshold")
def above(draw: Draw) -> Call:
    x = draw(arrays((*TYPES, np.uint8, np.int32), special=True))
    return Call(x, draw(st.sampled_from([0.0, 1, 0.5])), draw(st.sampled_from([0.0, 20, 1.0])))


@drawn("prelu", "nn.functional.prelu")
def with_slopes(draw: Draw) -> Call:
    # never 0, PyTorch's second gradient at which is 0
    x = draw(st.one_of(arrays(FLOATING, distinct=True, domain=(-4.0, 5.0)), arrays((np.int64, np.bool_))))
    channels = x.shape[1] if x.ndim > 1 else 1
    shape = draw(st.sampled_from([(1,), (channels,), (), (2,), (1, 1)]))
    kinds = [x.dtype] if draw(st.integers(0, 4)) else FLOATING
    return Call(x, draw(arrays(kinds, shape)))


@drawn("rrelu", "nn.functional.rrelu")
def random_slopes(draw: Draw) -> Call:
    x = draw(arrays(TYPES, special=True))
    return Call(x, **optionally(draw, lower=[0.1, 0.25, 0.5], upper=[0.3, 0.5], training=[False]))


@drawn("nn.functional.glu")
def gated(draw: Draw) -> Call:
    x = draw(arrays((*FLOATS, np.int64)))
    return Call(x, draw(dims_of(x, wrong=True))) if draw(st.booleans()) else Call(x)


@drawn("softmax", "log_softmax", "nn.functional.softmax", "nn.functional.log_softmax", "nn.functional.softmin",
       tolerance=10, reason=_HALF)  # fmt: skip
def shares(draw: Draw) -> Call:
    x = draw(arrays((*FLOATING, np.int64), min_side=1, special=True))
    options = {"dim": draw(dims_of(x, wrong=True))}
    if draw(st.integers(0, 2)) == 0:
        own = x.dtype if x.dtype.kind == "f" else np.dtype(np.float32)
        options["dtype"] = draw(st.sampled_from([np.dtype(np.float64), own]))
    return Call(x, **options)


@drawn("logsumexp")
def log_of_sums(draw: Draw) -> Call:
    x = draw(arrays((*FLOATS, np.int64), special=True))
    dim = draw(st.one_of(dims_of(x, wrong=True), st.just(tuple(range(x.ndim)))))
    return Call(x, dim, **optionally(draw, keepdim=[True, False]))
