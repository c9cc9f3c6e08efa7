"""Losses, and what stands beside them in `nn.functional`."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from .drawing import FLOATS, INTEGERS, Constant, arrays, indices
from .table import Call, Draw, drawn

HALF = (np.float16,)


def reduction(draw: Draw, *arrays: Any, old: bool = True) -> dict[str, Any]:
    """How losses are reduced: also by PyTorch's former arguments, and by words that there are not."""
    choices: list[dict[str, Any]] = [{}, {"reduction": "mean"}, {"reduction": "sum"}, {"reduction": "none"}]
    if draw(st.integers(0, 9)) == 9:
        if len({a.shape for a in arrays}) < 2:  # else there are two mistakes
            choices = [{"reduction": "average"}]
        if old:
            choices += [{"size_average": False}, {"reduce": False}, {"size_average": True, "reduce": True}]
    return dict(draw(st.sampled_from(choices)))


def pair(draw: Draw, types: Any, domain: Any = (-5.0, 5.0)) -> tuple[Any, Any]:
    """Two arrays of one type and, most often, of one shape."""
    x = draw(arrays(types, domain=domain))
    shape = draw(st.sampled_from([x.shape] * 5 + [x.shape[1:], (1, *x.shape[1:]), (*x.shape, 2)]))
    return x, draw(arrays((x.dtype,), shape, domain=domain))


def fixed(draw: Draw, weight: Any) -> Any:
    """Most often a constant: with respect to it, PyTorch has no gradient."""
    return weight if draw(st.integers(0, 9)) == 9 else weight.view(Constant)


def weighted(draw: Draw, x: Any) -> dict[str, Any]:
    if draw(st.integers(0, 3)):
        return {}
    shape = draw(st.sampled_from([x.shape, x.shape, x.shape, x.shape[1:]]))
    return {"weight": draw(arrays((x.dtype,), shape, domain=(0.5, 2.0)))}


@drawn("nn.functional.mse_loss", "nn.functional.l1_loss", examples=150)
def distances(draw: Draw) -> Call:
    x, y = pair(draw, (*FLOATS, *HALF, INTEGERS[0]))
    return Call(x, y, **reduction(draw, x, y), **weighted(draw, x))


@drawn("nn.functional.smooth_l1_loss", examples=150)
def smooth_l1_loss(draw: Draw) -> Call:
    x, y = pair(draw, (*FLOATS, *HALF))
    beta = draw(st.sampled_from([None, 1.0, 0.5, 2.0, 0.0, -1.0, 1]))
    return Call(x, y, **reduction(draw, x, y), **({} if beta is None else {"beta": beta}))


@drawn("nn.functional.huber_loss", examples=150)
def huber_loss(draw: Draw) -> Call:
    x, y = pair(draw, (*FLOATS, *HALF))
    delta = draw(st.sampled_from([None, 1.0, 0.5, 2.0, 0.0, -1.0, 1]))
    given: dict[str, Any] = {} if delta is None else {"delta": delta}
    given |= reduction(draw, x, y, old=False)
    if given.get("reduction") == "average":
        given.pop("delta", None)
    return Call(x, y, **given, **weighted(draw, x))


@drawn("nn.functional.binary_cross_entropy", examples=150, tolerance=3)
def binary_cross_entropy(draw: Draw) -> Call:
    # of exact 0 and 1 PyTorch's second gradient is of its own making
    x, y = pair(draw, FLOATS, domain=(0.0625, 0.9375))
    if draw(st.integers(0, 9)) == 9:
        x = np.asarray(x + np.asarray(draw(st.sampled_from([-1, 1])), x.dtype))
    given = {}
    if draw(st.booleans()):
        shape = draw(st.sampled_from([x.shape, x.shape[-1:], (), x.shape[1:], (2,)]))
        given["weight"] = fixed(draw, draw(arrays((x.dtype,), shape, domain=(0.5, 2.0))))
    return Call(x, y, **reduction(draw), **given)


@drawn("nn.functional.binary_cross_entropy_with_logits", examples=150, tolerance=3)
def with_logits(draw: Draw) -> Call:
    x, y = pair(draw, (*FLOATS, *HALF))
    given = {}
    for name in ("weight", "pos_weight"):
        if draw(st.integers(0, 2)) == 0:
            shape = draw(st.sampled_from([x.shape, x.shape[-1:], (), x.shape[1:], (2,)]))
            given[name] = fixed(draw, draw(arrays((x.dtype,), shape, domain=(0.5, 2.0))))
    return Call(x, y, **reduction(draw), **given)


@drawn("nn.functional.kl_div", examples=150, tolerance=3)
def kl_div(draw: Draw) -> Call:
    log_target = draw(st.booleans())
    x, y = pair(draw, FLOATS, domain=(-3.0, 2.0))
    if not x.size or not y.size:  # of a mean over nothing the gradient of a tensor with elements is nan in PyTorch
        x, y = [np.ones((2, 2), a.dtype) for a in (x, y)]
    if not log_target:
        y = np.asarray(np.abs(y) + np.asarray(draw(st.sampled_from([0, 0.25])), y.dtype))
    given = {"log_target": log_target} if log_target or draw(st.booleans()) else {}
    how = reduction(draw)
    if draw(st.integers(0, 4)) == 4:
        how = {"reduction": "batchmean"}
    return Call(x, y, **how, **given)


def scores(draw: Draw, types: Any = (*FLOATS, *HALF)) -> Any:
    """Scores of classes: (C,), (N, C) or (N, C, d1, ...)."""
    classes = draw(st.integers(1, 4))
    shape: list[int] = draw(st.lists(st.integers(0, 3), max_size=3))
    shape = [classes] if not shape else [shape[0], classes, *shape[1:]]
    return draw(arrays(types, tuple(shape)))


def classes_of(x: Any) -> int:
    return int(x.shape[1] if x.ndim > 1 else x.shape[0])


def target_of(draw: Draw, x: Any, types: Any = (np.int64,)) -> Any:
    """The right classes; at times one that there is not, or one too many."""
    shape = (x.shape[0], *x.shape[2:]) if x.ndim > 1 else ()
    if x.size and x.ndim > 1 and draw(st.integers(0, 9)) == 9:
        shape, types = draw(st.sampled_from([(*shape, 1), shape[1:], (7, *shape[1:])])), (np.int64,)
    low, high = draw(st.sampled_from([(0, classes_of(x))] * 8 + [(0, classes_of(x) + 1), (-1, classes_of(x))]))
    t = draw(indices(shape, high, low=low, types=types))
    if draw(st.booleans()) and t.size and t.dtype == np.int64:
        t = np.where(draw(arrays((np.bool_,), t.shape)), -100, t)
    return t


def target_types(x: Any) -> Any:
    """PyTorch takes bytes for rows of scores only."""
    return (np.int64, np.int64, np.int64, np.int32, *([np.uint8] if x.ndim < 3 else []))


def class_weights(draw: Draw, x: Any) -> dict[str, Any]:
    if draw(st.booleans()):
        return {}
    count = draw(st.sampled_from([classes_of(x)] * 7 + [classes_of(x) + 1]))
    kind = draw(st.sampled_from([x.dtype] * 5 + [np.dtype(np.float64)]))
    # ignored rows and weights of 0 alike leave nothing to divide by
    return {"weight": fixed(draw, draw(arrays((kind,), (count,), domain=(0.5, 2.0))))}


@drawn("nn.functional.nll_loss", examples=250)
def nll_loss(draw: Draw) -> Call:
    x = scores(draw)
    x = np.ascontiguousarray(x) if x.ndim > 2 else x  # PyTorch's gradient wants it so
    given = {**reduction(draw), **class_weights(draw, x)}
    if draw(st.integers(0, 2)) == 0:
        given["ignore_index"] = draw(st.integers(-1, 3))
    return Call(x, target_of(draw, x, target_types(x)), **given)


@drawn("nn.functional.cross_entropy", examples=400, tolerance=3)
def cross_entropy(draw: Draw) -> Call:
    x = scores(draw)
    given = {**reduction(draw), **class_weights(draw, x)}
    given.pop("weight", None) if given.get("weight", x).dtype != x.dtype else None
    if draw(st.integers(0, 2)) == 0:
        given["label_smoothing"] = draw(st.sampled_from([0.1, 0.5, 1.0, 0.0, 1.5, -0.1]))
    if draw(st.booleans()):
        y = draw(arrays((x.dtype,), x.shape, domain=(0.0, 1.0)))
        return Call(x, y, **given)
    if draw(st.integers(0, 2)) == 0:
        given["ignore_index"] = draw(st.integers(-1, 3))
    types = target_types(x) if "label_smoothing" not in given else (np.int64, np.int32)
    return Call(x, target_of(draw, x, types), **given)


@drawn("nn.functional.dropout", examples=60)
def dropout(draw: Draw) -> Call:
    p = draw(st.sampled_from([0.0, 0.5, 0.9, 1.0, 1.5, -0.1]))
    given = draw(st.sampled_from([{}, {"training": False}, {"training": True}]))
    return Call(draw(arrays((*FLOATS, *HALF, INTEGERS[0]))), p, **given)
