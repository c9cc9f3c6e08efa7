"""Normalisation: over a batch, over rows, over groups of channels, by neighbours."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from .drawing import BOOL, COMPLEX, FLOATS, INTEGERS, Constant, many
from .table import Call, Draw, drawn

TYPES = FLOATS  # in float16 PyTorch rounds in between, and loses much of the gradient
ODD = (INTEGERS[0], COMPLEX[0], BOOL[0])
EPS = (1e-5, 1e-3, 0.1, 1)


def images(draw: Draw) -> Any:
    """(N, C, ...), at times of a type that is refused."""
    dims = draw(st.integers(0, 3))
    shape = [draw(st.integers(1, 3)), draw(st.integers(1, 4)), *draw(st.lists(st.integers(1, 3), max_size=dims))]
    types = ODD if draw(st.integers(0, 29)) == 29 and 0 not in shape else TYPES
    return draw(many(types, tuple(shape), distinct=True))


def parameter(draw: Draw, x: Any, length: int, *, constant: bool = False, positive: bool = False) -> Any:
    """A vector for the channels; at times of another length or type."""
    length = draw(st.sampled_from([length] * 29 + [length + 1]))
    kind = x.dtype if x.dtype.kind == "f" else np.dtype(np.float32)
    if x.dtype in FLOATS and 0 not in x.shape:
        kind = draw(st.sampled_from([kind] * 29 + [np.dtype(np.float64)]))
    made = np.ascontiguousarray(draw(many((kind,), (length,))))
    made = np.asarray(np.abs(made) + np.asarray(0.5, kind), kind) if positive else made
    return made.view(Constant) if constant else made


def channels_of(x: Any) -> int:
    return int(x.shape[1]) if x.ndim > 1 else 0


@drawn("nn.functional.batch_norm", examples=250, tolerance=10)
def batch_norm(draw: Draw) -> Call:
    x = images(draw)
    training = draw(st.booleans())
    channels = channels_of(x)
    statistics = [parameter(draw, x, channels, constant=True, positive=True) for _ in range(2)]
    if draw(st.integers(0, 3)) == 0 and (training or draw(st.integers(0, 5)) == 5):
        statistics = [None, None] if draw(st.integers(0, 9)) < 9 else [None, statistics[1]]
    given: dict[str, Any] = {}
    for name in ("weight", "bias")[: draw(st.integers(0, 2))]:  # of a bias alone, PyTorch has no second gradient
        given[name] = parameter(draw, x, channels)
    if draw(st.booleans()):
        given["momentum"] = draw(st.sampled_from([0.1, 0.5, 0.0, 1.0]))
    if draw(st.booleans()):
        given["eps"] = draw(st.sampled_from(EPS))
    return Call(x, *statistics, training=training, **given)


def affine(draw: Draw, x: Any, shape: tuple[int, ...], names: tuple[str, ...]) -> dict[str, Any]:
    given: dict[str, Any] = {}
    for name in names[: draw(st.integers(0, len(names)))]:  # not a bias alone, as above
        if x.dtype.kind in "fbi":
            wrong = draw(st.integers(0, 29)) == 29
            kind = x.dtype if x.dtype.kind == "f" else np.dtype(np.float32)
            given[name] = np.ascontiguousarray(draw(many((kind,), (*shape, 2) if wrong else shape)))
    return given


@drawn("nn.functional.layer_norm", examples=200, tolerance=10)
def layer_norm(draw: Draw) -> Call:
    x = images(draw)
    count = draw(st.integers(1, x.ndim))
    shape: Any = x.shape[x.ndim - count :]
    given = affine(draw, x, shape, ("weight", "bias"))
    if draw(st.booleans()):
        given["eps"] = draw(st.sampled_from(EPS))
    if draw(st.integers(0, 14)) == 14:
        shape = draw(st.sampled_from([(), (7,), 3, (1.5,), (*x.shape, 1)]))
    return Call(x, list(shape) if isinstance(shape, tuple) and draw(st.booleans()) else shape, **given)


@drawn("nn.functional.rms_norm", examples=150, tolerance=10)
def rms_norm(draw: Draw) -> Call:
    x = images(draw)
    count = draw(st.integers(1, x.ndim))
    shape: Any = x.shape[x.ndim - count :]
    given = affine(draw, x, shape, ("weight",)) if x.dtype.kind == "f" else {}
    if draw(st.booleans()):
        given["eps"] = draw(st.sampled_from([*EPS, None]))
    if draw(st.integers(0, 14)) == 14:
        shape = draw(st.sampled_from([(), (7,), 3, (1.5,)]))
    return Call(x, shape, **given)


@drawn("nn.functional.group_norm", examples=200, tolerance=10)
def group_norm(draw: Draw) -> Call:
    x = images(draw)
    channels = max(channels_of(x), 1)
    groups: Any = draw(st.sampled_from([g for g in (1, 2, 3, 4) if channels % g == 0]))
    given = affine(draw, x, (channels,), ("weight", "bias"))
    if draw(st.booleans()):
        given["eps"] = draw(st.sampled_from(EPS))
    if draw(st.integers(0, 14)) == 14:
        groups = draw(st.sampled_from([0, -1, 5]))
    return Call(x, groups, **given)


@drawn("nn.functional.instance_norm", examples=200, tolerance=10)
def instance_norm(draw: Draw) -> Call:
    x = images(draw)
    channels = channels_of(x)
    given: dict[str, Any] = {}
    if draw(st.booleans()):
        given["running_mean"], given["running_var"] = (
            parameter(draw, x, channels, constant=True, positive=True) for _ in range(2)
        )
    if draw(st.booleans()):
        given["use_input_stats"] = draw(st.booleans())
    for name in ("weight", "bias")[: draw(st.integers(0, 2))]:  # of a bias alone, PyTorch has no second gradient
        given[name] = parameter(draw, x, channels)
    if draw(st.booleans()):
        given["momentum"] = draw(st.sampled_from([0.1, 0.5, 0.0, 1.0]))
    if draw(st.booleans()):
        given["eps"] = draw(st.sampled_from(EPS))
    return Call(x, **given)


@drawn("nn.functional.local_response_norm", examples=80, tolerance=10)
def local_response_norm(draw: Draw) -> Call:
    dims = draw(st.integers(0, 3))
    shape = (draw(st.integers(0, 2)), draw(st.integers(1, 4)), *draw(st.lists(st.integers(1, 3), max_size=dims)))
    given: dict[str, Any] = {}
    for name, values in (("alpha", [1.0, 1e-4]), ("beta", [0.5, 0.75, 1.0]), ("k", [1.0, 2.0])):
        if draw(st.booleans()):
            given[name] = draw(st.sampled_from(values))
    size = draw(st.sampled_from([1, 2, 3, 4, 5, 0]))
    return Call(draw(many(FLOATS, shape)), size, **given)
