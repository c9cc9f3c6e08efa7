"""Convolutions and transposed convolutions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import strategies as st

from .drawing import BOOL, COMPLEX, FLOATS, INTEGERS, many
from .table import Call, Draw, drawn

TYPES = (*FLOATS, *FLOATS, np.float16, *COMPLEX, INTEGERS[0], *BOOL)


def numbers(draw: Draw, dims: int, low: int, high: int) -> Any:
    """One number, or one for each dimension."""
    one = st.integers(low, high)
    several = st.lists(one, min_size=dims, max_size=dims)
    return draw(st.one_of(one, several.map(tuple), several, one.map(lambda n: (n,))))


def wrong(draw: Draw, given: dict[str, Any]) -> None:
    """At times, an option that does not fit."""
    if draw(st.integers(0, 9)) == 9:
        name = draw(st.sampled_from(sorted(given)))
        given[name] = draw(st.sampled_from([-1, (1, 1, 1, 1), 1.5, "full"]))


def sizes(draw: Draw, dims: int, low: int = 1, high: int = 5) -> list[int]:
    return draw(st.lists(st.integers(low, high), min_size=dims, max_size=dims))


def arguments(draw: Draw, dims: int, transposed: bool) -> tuple[list[Any], int]:
    """Input, weight and bias that fit together, most often; and the groups."""
    groups = draw(st.sampled_from([1, 1, 1, 2, 3]))
    channels, outputs = groups * draw(st.integers(1, 2)), groups * draw(st.integers(1, 2))
    batch = draw(st.sampled_from([[1], [2], [9], [], [0]]))
    types = TYPES if 0 not in batch else FLOATS  # without images, PyTorch checks less
    x = draw(many(types, (*batch, channels, *sizes(draw, dims, high=6))))
    kernel = sizes(draw, dims, high=3)
    first, second = (channels, outputs // groups) if transposed else (outputs, channels // groups)
    if draw(st.integers(0, 19)) == 19:
        second += 1
    other = np.dtype(np.float64) if x.dtype.kind == "f" and 0 not in batch else x.dtype
    kind = draw(st.sampled_from([x.dtype] * 19 + [other]))
    weight = draw(many((kind,), (first, second, *kernel)))
    found = [x, weight]
    if draw(st.booleans()):
        length = draw(st.sampled_from([outputs] * 9 + [outputs + 1]))
        found.append(draw(many((x.dtype,), (length,))))
    return found, groups


def convolution(dims: int) -> Callable[[Draw], Call]:
    def draw_call(draw: Draw) -> Call:
        found, groups = arguments(draw, dims, transposed=False)
        given: dict[str, Any] = {}
        if draw(st.booleans()):
            given["stride"] = numbers(draw, dims, 1, 3)
        if draw(st.booleans()):
            given["padding"] = draw(st.sampled_from(["same", "valid", None]))
            given["padding"] = given["padding"] or numbers(draw, dims, 0, 2)
        if draw(st.integers(0, 2)) == 0:
            given["dilation"] = numbers(draw, dims, 1, 2)
        if groups > 1 or draw(st.booleans()):
            given["groups"] = groups
        if given:
            wrong(draw, given)
        return Call(*found, **given)

    return draw_call


def transposed(dims: int) -> Callable[[Draw], Call]:
    def draw_call(draw: Draw) -> Call:
        found, groups = arguments(draw, dims, transposed=True)
        if 0 in found[0].shape:  # of these, PyTorch's gradient fails
            found[0] = np.ones((1, *found[0].shape[1:]), found[0].dtype)
        given: dict[str, Any] = {}
        for name, low, high in (("stride", 1, 3), ("padding", 0, 1), ("output_padding", 0, 1), ("dilation", 1, 2)):
            if draw(st.integers(0, 2)) == 0:
                given[name] = numbers(draw, dims, low, high)
        if groups > 1 or draw(st.booleans()):
            given["groups"] = groups
        if 0 in transposed_size(dims, *found[:2], given):  # which PyTorch has or refuses as types and layouts have it
            given.pop("padding", None)
        if given:
            wrong(draw, given)
        return Call(*found, **given)

    return draw_call


def transposed_size(dims: int, x: Any, weight: Any, given: dict[str, Any]) -> list[int]:
    """The lengths of the output."""
    options = (("stride", 1), ("padding", 0), ("output_padding", 0), ("dilation", 1))
    steps, around, beyond, apart = (np.broadcast_to(given.get(name, first), dims).tolist() for name, first in options)
    lengths = zip(x.shape[-dims:], weight.shape[2:], steps, around, beyond, apart, strict=True)
    return [(n - 1) * s - 2 * p + d * (k - 1) + extra + 1 for n, k, s, p, extra, d in lengths]


for number in (1, 2, 3):
    drawn(f"nn.functional.conv{number}d", examples=120, tolerance=3)(convolution(number))
    drawn(f"nn.functional.conv_transpose{number}d", examples=120, tolerance=3)(transposed(number))


@drawn("conv_tbc", examples=40, second=False, reason="PyTorch has no second gradient", tolerance=3)
def conv_tbc(draw: Draw) -> Call:
    channels, outputs, kernel = draw(st.integers(1, 3)), draw(st.integers(1, 3)), draw(st.integers(1, 3))
    x = draw(many(FLOATS, (draw(st.integers(3, 6)), draw(st.integers(1, 2)), channels)))
    x = np.ascontiguousarray(x)  # PyTorch refuses some other layouts
    weight = draw(many((x.dtype,), (kernel, draw(st.sampled_from([channels] * 9 + [channels + 1])), outputs)))
    bias = draw(many((x.dtype,), (draw(st.sampled_from([outputs] * 9 + [outputs + 1])),)))
    return Call(x, weight, bias, draw(st.integers(0, 2)))
