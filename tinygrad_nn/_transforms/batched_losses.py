"""Batching rules of losses: each example has its own mean or sum."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .._core.lifted import Lifted
from .._core.tensor import Tensor, wrap
from ..ops.loss import reduction_of
from .batched import BatchLevel
from .batched_functions import Given, function_rule
from .batching import Options, loop, rows_of, rule

# --- ops -----------------------------------------------------------------------------------------------------------


@rule("mse", "l1", "smooth_l1", "huber", "bce", "bce_with_logits", "kl_div", "soft_margin")
def _loss_of_pairs(level: BatchLevel, op: Any, inputs: tuple[Any, ...], options: Options) -> Any:
    losses = op.call(*[level.full(x) for x in inputs], **{**options, "reduction": "none"})
    if options["reduction"] == "none":
        return losses
    rows = rows_of(losses)
    return rows.sum(1) if options["reduction"] == "sum" else rows.mean(1)


@rule("nll_loss", "cross_entropy")
def _loss_of_classes(level: BatchLevel, op: Any, inputs: tuple[Any, ...], options: Options) -> Any:
    scores, target = level.full(inputs[0]), level.full(inputs[1])
    count, rows, classes = scores._array.shape
    flat = {**options, "reduction": "none"}
    losses = op.call(scores.reshape(count * rows, classes), target.reshape(count * rows), **flat)
    return reduce_class_losses(losses.reshape(count, rows), target, options)


@rule("multi_margin")
def _multi_margin(level: BatchLevel, op: Any, inputs: tuple[Any, ...], options: Options) -> Any:
    scores, target = level.full(inputs[0]), level.full(inputs[1])
    count, rows, classes = scores._array.shape
    flat = {**options, "reduction": "none"}
    losses = op.call(scores.reshape(count * rows, classes), target.reshape(count * rows), **flat).reshape(count, rows)
    if options["reduction"] == "none":
        return losses
    return losses.sum(1) if options["reduction"] == "sum" else losses.sum(1) / max(1, rows)


def reduce_class_losses(losses: Tensor, target: Tensor, options: Options) -> Tensor:
    """The losses of rows, of (examples, rows), as the options of a loss say."""
    if options["reduction"] == "none":
        return losses
    total: Tensor = losses.sum(1)
    if options["reduction"] == "sum":
        return total
    weight, ignored = options["weight"], options["ignore_index"]
    labels = target.detach()
    if weight is None:
        counted = (labels != ignored).sum(1)
    else:
        kept = labels != ignored
        counted = (wrap(np.asarray(weight))[labels * kept] * kept).sum(1)
    mean: Tensor = total / counted.to(total.dtype)
    return mean


# --- functions that look at elements -------------------------------------------------------------------------------


@function_rule("_smoothed")
def _smoothed_cross_entropy(level: BatchLevel, called: Callable[..., Any], given: Given) -> Any:
    if type(given["weight"]) is Lifted:
        return level.wrap(loop(level, "cross_entropy", called, (), given))
    scores, target = level.full(given["rows"]), level.full(given["t"])
    count, rows, classes = scores._array.shape
    flat = {"rows": scores.reshape(count * rows, classes), "t": target.reshape(-1), "reduction": "none"}
    losses = called(**{**given, **flat}).reshape(count, rows)
    return level.wrap(reduce_class_losses(losses, target, given))


def _reduced(losses: Tensor, reduction: str) -> Tensor:
    """The losses of all examples, as they are, or of each its mean or sum."""
    if reduction == "none":
        return losses
    rows = rows_of(losses)
    total: Tensor = rows.sum(1) if reduction == "sum" else rows.mean(1)
    return total


@function_rule("soft_margin_loss", "gaussian_nll_loss")
def _of_elements(level: BatchLevel, called: Any, given: Given) -> Any:
    """Losses of elements, whose inputs align."""
    reduction = reduction_of(given.get("size_average"), given.get("reduce"), given["reduction"])
    values = {name: level.full(value) for name, value in given.items()}
    values = {**values, "reduction": "none", **{name: None for name in ("size_average", "reduce") if name in given}}
    return level.wrap(_reduced(called(**values), reduction))


@function_rule("multi_margin_loss", "multilabel_margin_loss")
def _of_rows(level: BatchLevel, called: Any, given: Given) -> Any:
    """Losses of rows of scores: those of all examples follow one another."""
    if level.holds(given.get("weight")):
        return level.wrap(loop(level, called.__name__, called, (), given))
    scores, target = level.full(given["input"]), level.full(given["target"])
    several = scores._array.ndim == 3
    count, classes = scores._array.shape[1] if several else 1, scores._array.shape[-1]
    by_class = called.__name__ == "multi_margin_loss"
    flat = {
        "input": scores.reshape(level.size * count, classes),
        "target": target.reshape(-1) if by_class else target.reshape(level.size * count, classes),
        "size_average": None, "reduce": None, "reduction": "none",
    }  # fmt: skip
    losses = called(**{**given, **flat})
    reduction = reduction_of(given["size_average"], given["reduce"], given["reduction"])
    if reduction == "none":
        shape = given["target"]._array.shape if by_class else (count,) * several
        return level.wrap(losses.reshape((level.size, *shape)))
    return level.wrap(_reduced(losses.reshape(level.size, count), reduction))
