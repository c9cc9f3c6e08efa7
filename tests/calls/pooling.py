"""Pooling: maxima and means of windows, and the way back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import strategies as st

from .convolutions import numbers, sizes
from .drawing import FLOATS, INTEGERS, Constant, many
from .table import Call, Draw, drawn

FLOATING = (*FLOATS, np.float16)


def images(draw: Draw, dims: int, types: Any, *, distinct: bool = True, high: int = 6) -> Any:
    """An input with a batch or without, whose elements differ, so that maxima are unique."""
    batch = draw(st.sampled_from([[1], [2], [], [], [0]]))
    channels = draw(st.sampled_from([1, 2, 2]))
    shape = (*batch, channels, *sizes(draw, dims, high=high))
    if draw(st.integers(0, 29)) == 29:
        shape = draw(st.sampled_from([shape[1:], (1, *shape)]))
    if draw(st.integers(0, 29)) == 29 and 0 not in shape:
        types = (np.bool_,)
    x = draw(many(types, shape, distinct=distinct))
    if x.dtype.kind == "f" and draw(st.integers(0, 9)) == 9:
        x = np.round(x)  # equal elements: the first one counts
    return x


def options(draw: Draw, dims: int, dilation: bool) -> dict[str, Any]:
    given: dict[str, Any] = {"kernel_size": numbers(draw, dims, 1, 3)}
    if draw(st.booleans()):
        given["stride"] = draw(st.one_of(st.just(None), st.just(numbers(draw, dims, 1, 3))))
    if draw(st.booleans()):
        given["padding"] = numbers(draw, dims, 0, 1)
    if dilation and draw(st.integers(0, 3)) == 0:
        given["dilation"] = numbers(draw, dims, 1, 2)
    if draw(st.booleans()):
        given["ceil_mode"] = draw(st.booleans())
    if draw(st.integers(0, 11)) == 11:
        name = draw(st.sampled_from(sorted(set(given) - {"ceil_mode"})))
        given[name] = draw(st.sampled_from([-1, 0, (1, 1, 1, 1), 1.5, 9]))
    return given


def covered(x: Any, given: dict[str, Any], dims: int) -> bool:
    """Whether each window has an element; where padding and dilation leave none, PyTorch's index is out of bounds."""
    return not ("padding" in given and "dilation" in given and min(x.shape[x.ndim - dims :]) < 4)


def max_pool(dims: int, indices: bool) -> Callable[[Draw], Call]:
    def draw_call(draw: Draw) -> Call:
        types = FLOATING if dims == 1 else (*FLOATING, INTEGERS[0])
        x = images(draw, dims, types)
        given = options(draw, dims, dilation=True)
        if not covered(x, given, dims):
            del given["dilation"]
        if indices and draw(st.booleans()):
            given["return_indices"] = draw(st.booleans())
        return Call(x, **given)

    return draw_call


def avg_pool(dims: int) -> Callable[[Draw], Call]:
    def draw_call(draw: Draw) -> Call:
        types = FLOATS if dims == 3 else FLOATING
        x = images(draw, dims, types, distinct=False)
        given = options(draw, dims, dilation=False)
        if draw(st.booleans()):
            given["count_include_pad"] = draw(st.booleans())
        if dims > 1 and draw(st.integers(0, 3)) == 0:
            given["divisor_override"] = draw(st.sampled_from([1, 2, 3, -2, 0, None, 1.5]))
        return Call(x, **given)

    return draw_call


def lp_pool(dims: int) -> Callable[[Draw], Call]:
    def draw_call(draw: Draw) -> Call:
        shape = (draw(st.integers(1, 2)), draw(st.integers(1, 2)), *sizes(draw, dims, high=5))
        x = np.abs(draw(many(FLOATS, shape, distinct=True))) + np.asarray(0.5, np.float32)
        power = draw(st.sampled_from([1, 2, 3, 2.5, float("inf"), -float("inf")]))
        given = {}
        if draw(st.booleans()):
            given["stride"] = draw(st.integers(1, 3))
        if draw(st.booleans()):
            given["ceil_mode"] = draw(st.booleans())
        kernel = draw(st.sampled_from([1, 2, 2, (2,) * dims if dims > 1 else 1]))
        return Call(x, power, kernel, **given)

    return draw_call


def adaptive(dims: int, indices: bool) -> Callable[[Draw], Call]:
    def draw_call(draw: Draw) -> Call:
        x = images(draw, dims, FLOATING if dims < 3 else FLOATS, distinct=indices)
        size: Any = numbers(draw, dims, 1, 5)
        if dims > 1 and draw(st.integers(0, 3)) == 0:
            size = tuple(draw(st.sampled_from([None, 1, 2, 3])) for _ in range(dims))
        if draw(st.integers(0, 14)) == 14:
            size = draw(st.sampled_from([(1, 1, 1, 1), 1.5, None]))
        if isinstance(size, tuple | list) and len(size) == 1 and dims > 1:
            size = size[0]
        given = {"return_indices": draw(st.booleans())} if indices and draw(st.booleans()) else {}
        return Call(x, size, **given)

    return draw_call


def fractional(dims: int) -> Callable[[Draw], Call]:
    def draw_call(draw: Draw) -> Call:
        shape = (draw(st.integers(1, 2)), draw(st.integers(1, 2)), *sizes(draw, dims, low=3, high=6))
        x = draw(many(FLOATS, shape[draw(st.integers(0, 1)) :], distinct=True))
        given: dict[str, Any] = {}
        if draw(st.booleans()):
            given["output_size"] = draw(st.one_of(st.integers(1, 3), st.tuples(*[st.integers(1, 3)] * dims)))
        else:
            given["output_ratio"] = tuple(draw(st.sampled_from([0.4, 0.5, 0.7])) for _ in range(dims))
        if draw(st.booleans()):
            given["return_indices"] = draw(st.booleans())
        if draw(st.booleans()):
            lead = shape[:2] if x.ndim == dims + 2 else (1, shape[1])
            samples = draw(many((x.dtype,), (*lead, dims)))
            given["_random_samples"] = np.asarray(np.abs(samples) / 6, x.dtype).view(Constant)
        kernel = draw(st.one_of(st.integers(1, 3), st.tuples(*[st.integers(1, 3)] * dims)))
        return Call(x, kernel, **given)

    return draw_call


def unpool(dims: int) -> Callable[[Draw], Call]:
    def draw_call(draw: Draw) -> Call:
        lead = draw(st.sampled_from([(1, 2), (2, 1), (2,)]))
        shape = (*lead, *sizes(draw, dims, high=3))
        x = draw(many(FLOATS, shape))
        count, volume = int(np.prod(shape[len(lead) :])), int(np.prod([2 * n for n in shape[len(lead) :]]))
        random = np.random.RandomState(draw(st.integers(0, 99)))
        rows = [random.permutation(volume)[:count] for _ in range(int(np.prod(lead)))]
        places = np.array(rows, dtype=np.int64).reshape(shape)
        if draw(st.integers(0, 9)) == 9:
            places = places + draw(st.sampled_from([-1, 1]))
        if draw(st.integers(0, 9)) == 9:
            places = places.astype(np.int32)
        given: dict[str, Any] = {}
        if draw(st.integers(0, 3)) == 0:
            given["stride"] = 2
        if draw(st.integers(0, 3)) == 0:
            given["output_size"] = [2 * n + draw(st.sampled_from([0, 0, 1])) for n in shape[len(lead) :]]
        if draw(st.integers(0, 9)) == 9:
            given["output_size"] = [9] * draw(st.integers(dims, dims + 1))
        return Call(x, places, 2, **given)

    return draw_call


for number in (1, 2, 3):
    drawn(f"nn.functional.max_pool{number}d", examples=150)(max_pool(number, indices=True))
    drawn(f"nn.functional.avg_pool{number}d", examples=120)(avg_pool(number))
    drawn(f"nn.functional.lp_pool{number}d", examples=40, tolerance=3)(lp_pool(number))
    drawn(f"nn.functional.adaptive_avg_pool{number}d", examples=80)(adaptive(number, indices=False))
    drawn(f"nn.functional.adaptive_max_pool{number}d", examples=80)(adaptive(number, indices=True))
    drawn(f"nn.functional.max_unpool{number}d", examples=60)(unpool(number))
    if number > 1:
        drawn(f"nn.functional.fractional_max_pool{number}d", examples=60)(fractional(number))
drawn("max_pool1d", "nn.functional.max_pool1d_with_indices", examples=30)(max_pool(1, indices=False))
drawn("max_pool2d", "nn.functional.max_pool2d_with_indices", examples=30)(max_pool(2, indices=False))
