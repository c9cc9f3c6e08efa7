"""Taking images apart into patches, and putting them together."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from .drawing import BOOL, COMPLEX, FLOATS, INTEGERS, arrays, shapes
from .table import Call, Draw, drawn

TYPES = (*FLOATS, np.float16, *COMPLEX, *BOOL, INTEGERS[0])


def two(draw: Draw, low: int, high: int) -> Any:
    """A number, or one for each of two dimensions."""
    one = st.integers(low, high)
    return draw(st.one_of(one, st.tuples(one, one), st.lists(one, min_size=2, max_size=2)))


def options(draw: Draw) -> dict[str, Any]:
    given = {"kernel_size": two(draw, 1, 3)}
    for name, low, high in (("dilation", 1, 2), ("padding", 0, 2), ("stride", 1, 3)):
        if draw(st.booleans()):
            given[name] = two(draw, low, high)
    if draw(st.integers(0, 9)) == 9:
        name = draw(st.sampled_from(["kernel_size", "dilation", "padding", "stride"]))
        given[name] = draw(st.sampled_from([0, -1, (1,), (1, 1, 1), 1.5, (1, -1)]))
    return given


@drawn("nn.functional.unfold", examples=100)
def unfold(draw: Draw) -> Call:
    x = draw(arrays(TYPES, shapes(min_dims=3, max_dims=4, max_side=6)))
    return Call(x, **options(draw))


@drawn("nn.functional.fold", examples=150)
def fold(draw: Draw) -> Call:
    given = options(draw)
    size = two(draw, 1, 6)
    pairs = {"output_size": size, "dilation": 1, "padding": 0, "stride": 1, **given}
    try:
        pairs = {name: (v, v) if isinstance(v, int) else tuple(v) for name, v in pairs.items()}
        counts = [
            (n + 2 * p - d * (k - 1) - 1) // s + 1
            for n, k, d, p, s in zip(
                *[pairs[name] for name in ("output_size", "kernel_size", "dilation", "padding", "stride")], strict=True
            )
        ]
        channels = draw(st.integers(0, 2)) * int(np.prod(pairs["kernel_size"]))
    except (TypeError, ValueError, ZeroDivisionError):
        counts, channels = [1, 2], 4
    windows = max(counts[0], 1) * max(counts[1], 1)
    shape = [max(channels, 0), windows + draw(st.sampled_from([0, 0, 0, 0, 1]))]
    if draw(st.booleans()):
        shape.insert(0, draw(st.integers(0, 2)))
    return Call(draw(arrays(TYPES, tuple(shape))), size, **given)
