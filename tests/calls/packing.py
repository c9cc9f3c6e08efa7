"""Padding and packing sequences."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from .drawing import FLOATS, INTEGERS, arrays
from .table import Call, Draw, drawn


def sequences(draw: Draw, falling: bool = False) -> list[Any]:
    """Sequences of one type and of unlike lengths; at times of unlike shapes, too."""
    kind = draw(st.sampled_from([*FLOATS, INTEGERS[0]]))
    rest: Any = draw(st.sampled_from([(), (2,), (2, 1)]))
    lengths = draw(st.lists(st.integers(1, 4), min_size=1, max_size=3))
    if falling:
        lengths.sort(reverse=True)
    return [draw(arrays((kind,), (length, *rest))) for length in lengths]


@drawn("nn.utils.rnn.pad_sequence", forms=("function",), examples=60)
def pad_sequence(draw: Draw) -> Call:
    found = sequences(draw)
    if draw(st.integers(0, 9)) == 9 and found[0].ndim > 1:
        found.append(np.zeros((2, 3), found[0].dtype))
    given: dict[str, Any] = draw(st.sampled_from([{}, {"batch_first": True}, {"padding_value": 3.0}]))
    return Call(found, **given, **draw(st.sampled_from([{}, {"padding_side": "left"}, {"padding_side": "right"}])))


@drawn("nn.utils.rnn.pack_sequence", forms=("function",), examples=60)
def pack_sequence(draw: Draw) -> Call:
    falling = draw(st.booleans())
    return Call(sequences(draw, falling), **({} if falling else {"enforce_sorted": draw(st.booleans())}))


@drawn("nn.utils.rnn.pack_padded_sequence", forms=("function",), examples=100)
def pack_padded_sequence(draw: Draw) -> Call:
    x = draw(arrays((*FLOATS, INTEGERS[0]), min_dims=2, min_side=1))
    batch_first = draw(st.booleans())
    count, longest = x.shape[:2] if batch_first else x.shape[1::-1]
    least = 0 if draw(st.integers(0, 9)) == 9 else 1
    size = count + (draw(st.integers(0, 9)) == 9)
    lengths = draw(st.lists(st.integers(least, longest), min_size=size, max_size=size))
    falling = draw(st.booleans()) or len({*lengths}) < len(lengths)  # the order of equal ones is open
    lengths = sorted(lengths, reverse=True) if falling else lengths
    given = np.array(lengths) if draw(st.booleans()) else lengths
    return Call(x, given, batch_first, enforce_sorted=falling or draw(st.booleans()))
