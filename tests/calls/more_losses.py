"""Losses of margins, distances, likelihoods and texts, and what stands beside them in `nn.functional`."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from .drawing import FLOATS, INTEGERS, arrays, indices
from .losses import HALF, fixed, pair, reduction
from .table import Call, Draw, drawn


def signs(draw: Draw, shape: Any, types: Any = (np.int64, *FLOATS)) -> Any:
    """Targets of 1 and -1 (at times 0), with respect to which no gradient is compared."""
    values = np.asarray(draw(indices(shape, 2, low=-1 if draw(st.integers(0, 4)) == 4 else 0)))
    values = np.where(values == 0, -1, values) if values.size and values.min() >= 0 else values
    return fixed(draw, np.asarray(values.astype(draw(st.sampled_from(types)))))


@drawn("nn.functional.margin_ranking_loss", examples=80)
def margin_ranking_loss(draw: Draw) -> Call:
    x, y = pair(draw, (*FLOATS, INTEGERS[0]))
    margin = draw(st.sampled_from([{}, {"margin": 0.5}, {"margin": 2}]))
    return Call(x, y, signs(draw, x.shape), **margin, **reduction(draw))


@drawn("nn.functional.hinge_embedding_loss", examples=80)
def hinge_embedding_loss(draw: Draw) -> Call:
    x = draw(arrays((*FLOATS, *HALF, INTEGERS[0])))
    shape = draw(st.sampled_from([x.shape, x.shape, x.shape[1:]]))
    margin = draw(st.sampled_from([{}, {"margin": 0.5}, {"margin": 2}]))
    return Call(x, signs(draw, shape), **margin, **reduction(draw))


@drawn("nn.functional.soft_margin_loss", examples=80, tolerance=3)
def soft_margin_loss(draw: Draw) -> Call:
    x = draw(arrays((*FLOATS, *HALF, INTEGERS[0])))
    shape = draw(st.sampled_from([x.shape, x.shape, x.shape, x.shape[1:], (2, *x.shape)]))
    return Call(x, signs(draw, shape), **reduction(draw))


@drawn("nn.functional.multi_margin_loss", examples=150, second=False, reason="PyTorch has none")
def multi_margin_loss(draw: Draw) -> Call:
    x = draw(arrays(FLOATS, min_dims=0, max_dims=3))
    count, classes = (x.shape[0] if x.ndim > 1 else 1), (x.shape[-1] if x.ndim else 1)
    shape = draw(st.sampled_from([(count,)] * 6 + [(count + 1,), (), (1, count)]))
    high = classes + (draw(st.integers(0, 9)) == 9)
    given: dict[str, Any] = draw(st.sampled_from([{}, {"p": 1}, {"p": 2}, {"p": 2, "margin": 0.5}, {"p": 3}]))
    given = dict(given)
    if draw(st.booleans()):
        size = draw(st.sampled_from([(classes,)] * 6 + [(classes + 1,), (classes, 1)]))
        given["weight"] = fixed(draw, draw(arrays((x.dtype,), size, domain=(0.5, 2.0))))
    return Call(x, draw(indices(shape, high, types=(np.int64,) * 5 + (np.int32,))), **given, **reduction(draw))


@drawn("nn.functional.multilabel_margin_loss", examples=120)
def multilabel_margin_loss(draw: Draw) -> Call:
    x = draw(arrays(FLOATS, min_dims=0, max_dims=3))
    classes = x.shape[-1] if x.ndim else 1
    shape = draw(st.sampled_from([x.shape] * 6 + [x.shape[1:]]))
    high = classes + (draw(st.integers(0, 9)) == 9)
    return Call(x, draw(indices(shape, high, low=-1, types=(np.int64,) * 5 + (np.int32,))), **reduction(draw))


@drawn("nn.functional.multilabel_soft_margin_loss", examples=80, tolerance=3)
def multilabel_soft_margin_loss(draw: Draw) -> Call:
    x = draw(arrays(FLOATS))
    given = {}
    if draw(st.booleans()):
        given["weight"] = draw(arrays((x.dtype,), draw(st.sampled_from([x.shape, x.shape[-1:]])), domain=(0.5, 2.0)))
    return Call(x, draw(arrays((x.dtype,), x.shape, domain=(0.0, 1.0))), **given, **reduction(draw))


@drawn("nn.functional.poisson_nll_loss", examples=100)
def poisson_nll_loss(draw: Draw) -> Call:
    log_input = draw(st.booleans())
    x = draw(arrays((*FLOATS, *HALF), domain=(-3.0, 3.0) if log_input else (0.5, 3.0)))
    y = fixed(draw, np.asarray(draw(indices(x.shape, 5)).astype(x.dtype)))
    given: dict[str, Any] = {"log_input": log_input, "full": draw(st.booleans())}
    if draw(st.booleans()):
        given["eps"] = 0.25
    return Call(x, y, **given, **reduction(draw))


@drawn("nn.functional.gaussian_nll_loss", examples=150, tolerance=3)
def gaussian_nll_loss(draw: Draw) -> Call:
    x, y = pair(draw, FLOATS)
    shapes = [x.shape] * 3 + [x.shape[:-1], (*x.shape[:-1], 1), x.shape[1:], (1, *x.shape[1:])]
    low = -0.5 if draw(st.integers(0, 9)) == 9 else 0.125
    var = draw(st.one_of(arrays((x.dtype,), draw(st.sampled_from(shapes)), domain=(low, 3.0)), st.just(0.5)))
    given = draw(st.sampled_from([{}, {"full": True}, {"eps": 0.25}]))
    return Call(x, y, var, **given, **reduction(draw, x, y, old=False))


@drawn("nn.functional.cosine_embedding_loss", examples=120, tolerance=3)
def cosine_embedding_loss(draw: Draw) -> Call:
    x, y = pair(draw, FLOATS)
    shape = draw(st.sampled_from([x.shape[:-1]] * 6 + [x.shape]))
    margin = draw(st.sampled_from([{}, {"margin": 0.5}, {"margin": -0.25}]))
    return Call(x, y, signs(draw, shape), **margin, **reduction(draw))


@drawn("nn.functional.triplet_margin_loss", examples=120, tolerance=3)
def triplet_margin_loss(draw: Draw) -> Call:
    x, y = pair(draw, FLOATS)
    z = draw(arrays((x.dtype,), draw(st.sampled_from([x.shape] * 6 + [x.shape[1:]]))))
    given: dict[str, Any] = draw(st.sampled_from([{}, {"p": 1}, {"p": 3}, {"eps": 1e-3}, {"margin": 0.25}]))
    if draw(st.booleans()):
        given = {**given, "swap": True}
    if draw(st.integers(0, 9)) == 9:
        given = {**given, "margin": 0.0}
    return Call(x, y, z, **given, **reduction(draw))


@drawn("nn.functional.triplet_margin_with_distance_loss", examples=60, tolerance=3)
def triplet_margin_with_distance_loss(draw: Draw) -> Call:
    x, y = pair(draw, FLOATS)
    z = draw(arrays((x.dtype,), x.shape))
    given: dict[str, Any] = draw(st.sampled_from([{}, {"swap": True}, {"margin": 0.25}, {"margin": -1}]))
    return Call(x, y, z, **given, **reduction(draw, x, y, z, old=False))


@drawn("nn.functional.ctc_loss", examples=150, second=False, reason="PyTorch has none")
def ctc_loss(draw: Draw) -> Call:
    steps, count, classes = draw(st.integers(1, 6)), draw(st.integers(1, 3)), draw(st.integers(2, 4))
    x = draw(arrays(FLOATS, (steps, count, classes), domain=(-4.0, 0.0)))
    longest = draw(st.integers(0, 3))
    lengths = draw(indices((count,), longest + 1 + (draw(st.integers(0, 14)) == 14)))
    inputs = draw(indices((count,), steps + 1 + (draw(st.integers(0, 14)) == 14)))
    blank = draw(st.integers(0, classes - 1)) if draw(st.integers(0, 14)) < 14 else classes
    shape = (count, longest) if draw(st.booleans()) else (int(lengths.sum()) + (draw(st.integers(0, 14)) == 14),)
    targets = draw(indices(shape, max(classes - 1, 1)))
    targets = np.asarray(targets + (targets >= blank))  # PyTorch's gradient is wrong where a target is the blank
    given: dict[str, Any] = {"blank": blank} if blank or draw(st.booleans()) else {}
    if draw(st.booleans()):
        given["zero_infinity"] = draw(st.booleans())
    if count == 1 and draw(st.booleans()):
        x = x[:, 0]
    as_tensor = draw(st.booleans())
    pair_of = (inputs, lengths) if as_tensor else (tuple(inputs.tolist()), tuple(lengths.tolist()))
    return Call(x, targets, *pair_of, **given, **reduction(draw, old=False))


@drawn("nn.functional.linear_cross_entropy", examples=80, tolerance=3)
def linear_cross_entropy(draw: Draw) -> Call:
    count, features, classes = draw(st.integers(1, 3)), draw(st.integers(1, 3)), draw(st.integers(1, 4))
    more: list[int] = draw(st.sampled_from([[], [], [2]]))
    x = draw(arrays(FLOATS, draw(st.sampled_from([(count, features)] * 4 + [(features,)]))))
    weight = draw(arrays((x.dtype,), (classes, *more, features + (draw(st.integers(0, 9)) == 9))))
    target = draw(indices((*x.shape[:-1], *more), classes))
    given: dict[str, Any] = {}
    if draw(st.booleans()):
        given["linear_bias"] = draw(arrays((x.dtype,), (classes, *more)))
    if draw(st.booleans()):
        given["ignore_index"] = draw(st.integers(-1, classes))
    if draw(st.booleans()):
        given["label_smoothing"] = 0.25
    return Call(x, weight, target, **given, **reduction(draw, old=False))


@drawn("nn.functional.gumbel_softmax", examples=60, tolerance=3)
def gumbel_softmax(draw: Draw) -> Call:
    x = draw(arrays(FLOATS, min_dims=1, min_side=1))
    given = draw(st.sampled_from([{}, {"tau": 0.5}, {"hard": True}, {"hard": True, "tau": 2}, {"dim": 0}]))
    return Call(x, **given)
