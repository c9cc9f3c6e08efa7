"""Losses with a margin: nothing is lost once the right answer is ahead by so much.

Source: https://docs.pytorch.org/docs/stable/nn.functional.html#loss-functions
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .._core import dtypes
from .._core.elements import each, positive_part
from .._core.kernels import add_reduce, largest, row_sums
from .._core.op import Integers, case, composite, op
from .._core.tensor import Tensor, wrap
from .activation import logsigmoid, write_softplus
from .activation import sigmoid as _sigmoid_of_tensors
from .forms import refuse
from .loss import common_shape, constant, reduced, reduction_of, scale
from .piecewise import relu
from .selection import where

sigmoid = _sigmoid_of_tensors.op.numpy

# --- signs as targets --------------------------------------------------------------------------------------------


@composite(method=False)
def margin_ranking_loss(
    input1: Tensor,
    input2: Tensor,
    target: Tensor,
    margin: float = 0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """``max(0, -target * (input1 - input2) + margin)``: a target of 1 ranks the first input higher, -1 the second.

    Raises:
        RuntimeError: the inputs have not the same number of dimensions, or do not broadcast.

    Example:
        >>> import tinygrad_nn as tg
        >>> x, y = tg.tensor([1.0, 0.0]), tg.tensor([0.0, 2.0])
        >>> tg.nn.functional.margin_ranking_loss(x, y, tg.tensor([1.0, 1.0]), reduction="none")
        tensor([0., 2.])
    """
    reduction = reduction_of(size_average, reduce, reduction)
    if not input1.dim() == input2.dim() == target.dim():
        raise RuntimeError(
            "margin_ranking_loss : All input tensors should have same dimension but got sizes: input1: "
            f"{input1.shape!r}, input2: {input2.shape!r}, target: {target.shape!r} "
        )
    losses = (-target * (input1 - input2) + float(margin)).clamp_min(0)
    result: Tensor = reduced(losses, reduction)
    return result


@composite(method=False)
def hinge_embedding_loss(
    input: Tensor,
    target: Tensor,
    margin: float = 1.0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """The input, a distance, where the target is 1; ``max(0, margin - input)`` where it is -1.

    Example:
        >>> import tinygrad_nn as tg
        >>> distance = tg.tensor([0.5, 0.25])
        >>> tg.nn.functional.hinge_embedding_loss(distance, tg.tensor([1, -1]), reduction="none")
        tensor([0.5000, 0.7500])
    """
    reduction = reduction_of(size_average, reduce, reduction)
    if input._array.dtype.kind in "biu":  # as in PyTorch, integers stay integers
        margin = int(margin)
    apart = where(target != 1, (margin - input).clamp_min(0), 0)
    losses = apart + where(target != -1, input, 0)
    result: Tensor = reduced(losses, reduction)
    return result


# Where PyTorch's exp overflows, this stays finite.
@op(kind="general", method=False, torch_name="nn.functional.soft_margin_loss", names=("input", "target"),
    node_name="SoftMarginLossBackward0",
    cases=[case((2, 3), (2, 3)), case((2, 3), (2, 3), reduction="sum"), case((2, 3), (2, 3), reduction="none"),
           case((), ()), case((0,), (0,), reduction="sum")],
    special=[case(np.array([100.0, -100.0, 0.0]), np.array([1.0, 1.0, -1.0]), reduction="none")],
    vjp=(lambda g, x, y, reduction: scale(g, x, reduction) * (sigmoid(-x * y) * -y), None))  # fmt: skip
def _soft_margin(x, y, /, *, reduction="mean"):
    """See `soft_margin_loss`."""
    losses = each(write_softplus, np.asarray(-x * y), beta=1.0, threshold=math.inf)
    return reduced(losses, reduction)


@composite(method=False)
def soft_margin_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """``log(1 + exp(-target * input))``, for targets of 1 and -1.

    Raises:
        RuntimeError: the target does not broadcast to the input's shape, the input is of integers, or the target wants
            a gradient.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.nn.functional.soft_margin_loss(tg.tensor([0.0, 1000.0]), tg.tensor([1.0, 1.0]))
        tensor(0.3466)
    """
    reduction = reduction_of(size_average, reduce, reduction)
    constant("soft_margin_loss", target, "target")
    x, y = input._array, target._array
    if x.dtype.kind != "f":
        raise RuntimeError(
            f"result type Float can't be cast to the desired output type {dtypes.type_name(x.dtype)}: "
            "soft_margin_loss() takes floating point numbers. Convert first: input.float()."
        )
    shape = common_shape("soft_margin_loss", x.shape, y.shape)
    if shape != x.shape:
        raise RuntimeError(
            f"output with shape {list(x.shape)} doesn't match the broadcast shape {list(shape)} (soft_margin_loss: "
            f"target of shape {list(y.shape)})"
        )
    same = wrap(np.broadcast_to(y, shape).astype(x.dtype, copy=False))
    return _soft_margin(input, same, reduction=reduction)


# --- classes as targets ------------------------------------------------------------------------------------------


def _check_scores(name: str, x: Any, target: Any) -> None:
    """Refuse what is no vector or matrix of scores, and targets that are not int64."""
    if x.ndim > 2 or 0 in x.shape[-1:]:
        raise RuntimeError(
            f"Expected non-empty vector or matrix with optional 0-dim batch size, but got: {list(x.shape)} ({name}() "
            "takes scores of shape (C,) or (N, C))"
        )
    refuse(f"{name}_cpu", x, "biuc")
    if x.dtype == np.float16:
        raise NotImplementedError(f"\"{name}_cpu\" not implemented for 'Half'. Convert first: input.float().")
    if target.dtype != np.int64:
        raise RuntimeError(
            f"expected scalar type Long but found {dtypes.type_name(target.dtype)} ({name}() takes class indices: "
            "target.long())"
        )


def _margin_weight(x: Any, weight: Tensor | None) -> Any:
    """The class weights as an array, or None."""
    if weight is None:
        return None
    classes = x.shape[-1] if x.ndim else 1
    if weight.ndim != 1:
        raise ValueError(f"weight must be one-dimensional, got {weight.ndim}D in multi_margin_loss()")
    constant("multi_margin_loss", weight)
    if weight.numel() != classes:
        raise RuntimeError(f"inconsistent weight size, expected {classes} but got {list(weight.shape)}")
    if weight._array.dtype != x.dtype:
        names = dtypes.type_name(x.dtype), dtypes.type_name(weight._array.dtype)
        raise RuntimeError(f"expected scalar type {names[0]} but found {names[1]} (weight of multi_margin_loss())")
    return weight._array


def _ahead(x: Any, target: Any, margin: float) -> tuple[Any, Any]:
    """How far each wrong class comes within the margin, 0 at the right ones; and where these stand in it, flattened."""
    count, classes = x.shape
    places = np.arange(0, count * classes, classes)
    places += target
    ahead = np.add(x, (margin - x.reshape(-1).take(places))[:, None], order="C")
    positive_part(ahead, ahead)
    ahead.reshape(-1)[places] = 0
    return ahead, places


def _row_factor(x: Any, target: Any, weight: Any, reduction: str) -> Any:
    """What the sum of a row is multiplied by: a number, or one for each."""
    factor = 1 / (x.shape[1] * (max(1, x.shape[0]) if reduction == "mean" else 1))
    return factor if weight is None else weight[target] * factor


def _multi_margin_vjp(
    g: Any, x: Any, target: Any, p: int, margin: float, weight: Any, reduction: str
) -> tuple[Any, None]:
    ahead, places = _ahead(x, target, margin)
    slopes = (ahead > 0).astype(x.dtype) if p == 1 else ahead + ahead
    slopes.reshape(-1)[places] = -row_sums(slopes)[:, 0]
    factor = g * _row_factor(x, target, weight, reduction)
    slopes *= factor[:, None] if factor.ndim else factor
    return slopes, None


def _multi_margin_parts(x: Tensor, target: Tensor, p: int, margin: float, weight: Any, reduction: str) -> Tensor:
    t = target._array
    wrong = np.ones(x.shape, x._array.dtype)
    wrong[np.arange(len(t)), t] = 0
    ahead = relu(margin - x.gather(1, target.unsqueeze(1)) + x) * wrap(wrong)
    losses: Tensor = (ahead if p == 1 else ahead * ahead).sum(1) * _row_factor(x, t, weight, reduction)
    return losses if reduction == "none" else losses.sum()


_SCORES = [case((4, 3), Integers((4,), 3)), case((4, 3), Integers((4,), 3), p=2, margin=0.5, reduction="sum"),
           case((4, 3), Integers((4,), 3), weight=np.array([0.5, 2.0, 1.0]), reduction="none"),
           case((4, 3), Integers((4,), 3), weight=np.array([0.5, 2.0, 1.0])),
           case((0, 3), Integers((0,), 3), reduction="sum")]  # fmt: skip


@op(kind="fused", vjp=_multi_margin_vjp, parts=_multi_margin_parts, method=False, names=("input", "target"),
    torch_name="", node_name="MultiMarginLossBackward0", cases=_SCORES)  # fmt: skip
def _multi_margin(x, target, /, *, p=1, margin=1.0, weight=None, reduction="mean"):
    """`multi_margin_loss` for rows of scores."""
    ahead, _ = _ahead(x, target, margin)
    losses = (row_sums(ahead) if p == 1 else row_sums(ahead * ahead))[:, 0]
    losses = losses * _row_factor(x, target, weight, reduction)
    return losses if reduction == "none" else add_reduce(losses)


@composite(method=False)
def multi_margin_loss(
    input: Tensor,
    target: Tensor,
    p: int = 1,
    margin: float = 1.0,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """How far each wrong class comes within a margin of the right one: ``max(0, margin - x[target] + x[c]) ** p / C``.

    Args:
        input: scores of shape (C,) or (N, C).
        target: class indices of shape () or (N,).
        p: 1 or 2.
        margin: by how much the right class has to be ahead.
        weight: scales the loss of rows by their target's weight, of shape (C,).

    Raises:
        ValueError: p is neither 1 nor 2, or `weight` has not one dimension.
        RuntimeError: shapes or dtypes do not fit, or a target is no class.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.nn.functional.multi_margin_loss(tg.tensor([[0.5, 0.25, 0.0]]), tg.tensor([0]))
        tensor(0.4167)
    """
    reduction = reduction_of(size_average, reduce, reduction)
    if p not in (1, 2):
        raise ValueError(f"only p == 1 and p == 2 supported, got {p} in multi_margin_loss()")
    x, t = input._array, target._array
    weights = _margin_weight(x, weight)
    _check_scores("multi_margin_loss", x, t)
    count, classes = (x.shape[0] if x.ndim == 2 else 1), (x.shape[-1] if x.ndim else 1)
    if t.ndim > 1 or t.size != count:
        raise RuntimeError(
            "multi_margin_loss: target tensor should be 1-D with size equal to the number of input samples (batch "
            f"size). Expected target size [{count}], but got {list(t.shape)}. Input has shape {list(x.shape)}."
        )
    row = t.reshape(-1)
    if count and largest(row.view(np.uint64)) >= classes:  # as which negative ones are large
        raise RuntimeError(f"target out of range: multi_margin_loss() got classes up to {row.max()} of {classes}")
    rows, classes_of_rows = (input, target) if x.ndim == 2 and t.ndim else (input.reshape(count, classes), wrap(row))
    losses = _multi_margin(rows, classes_of_rows, p=p, margin=margin, weight=weights, reduction=reduction)
    return losses.reshape(t.shape) if reduction == "none" else losses


def _listed(t: Any, classes: int) -> tuple[Any, Any]:
    """Of rows of classes that end with -1: the rows and the classes of what is listed."""
    if ((t < -1) | (t >= classes)).any():
        raise RuntimeError(
            f"argument #2 'target' is out of range: multilabel_margin_loss() got values from {t.min()} to {t.max()}, "
            f"and there are {classes} classes (-1 ends a row)"
        )
    rows, columns = np.nonzero(np.logical_and.accumulate(t >= 0, axis=1))
    return rows, t[rows, columns]


@composite(method=False)
def multilabel_margin_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """For each right class r and each wrong one w, ``max(0, 1 - x[r] + x[w]) / C``.

    Args:
        input: scores of shape (C,) or (N, C).
        target: the right classes of each row, of the input's shape; what follows a -1 is not read.

    Raises:
        RuntimeError: shapes or dtypes do not fit, or a target is no class.

    Example:
        >>> import tinygrad_nn as tg
        >>> scores, right = tg.tensor([0.1, 0.2, 0.4, 0.8]), tg.tensor([3, 0, -1, 1])
        >>> tg.nn.functional.multilabel_margin_loss(scores, right)
        tensor(0.8500)
    """
    reduction = reduction_of(size_average, reduce, reduction)
    x, t = input._array, target._array
    if x.shape != t.shape:
        raise RuntimeError(f"inconsistent target size: {list(t.shape)} for input of size: {list(x.shape)}")
    _check_scores("multilabel_margin_loss", x, t)
    count, classes = (x.shape[0] if x.ndim == 2 else 1), (x.shape[-1] if x.ndim else 1)
    places, right = _listed(t.reshape(count, classes), classes)
    wrong = np.full((count, classes), 1 / classes, x.dtype)
    wrong[places, right] = 0
    rows = input.reshape(count, classes)
    picked = rows[wrap(places), wrap(right)].unsqueeze(1)
    losses = (relu(1 - picked + rows[wrap(places)]) * wrap(wrong[places])).sum(1)
    if reduction == "none":
        zeros = wrap(np.zeros(count, x.dtype))
        return zeros.index_add(0, wrap(places), losses).reshape(x.shape[:-1])
    return losses.sum() / max(count, 1) if reduction == "mean" else losses.sum()


@composite(method=False)
def multilabel_soft_margin_loss(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """The mean over the classes of ``-(y log sigmoid(x) + (1 - y) log(1 - sigmoid(x)))``: a yes or no for each class.

    Args:
        input: scores of shape (C,), (N, C) or more.
        target: 0 or 1 for each.
        weight: scales the loss of each class; broadcasts.

    Raises:
        ValueError: no such reduction.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.nn.functional.multilabel_soft_margin_loss(tg.zeros(2, 3), tg.ones(2, 3))
        tensor(0.6931)
    """
    reduction = reduction_of(size_average, reduce, reduction)
    losses = -(target * logsigmoid(input) + (1 - target) * logsigmoid(-input))
    if weight is not None:
        losses = losses * weight
    result: Tensor = reduced(losses.sum(input.ndim - 1) / input.size(input.ndim - 1), reduction)
    return result
