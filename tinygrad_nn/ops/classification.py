"""Losses of class scores: cross entropy, and the negative log likelihood under it.

Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.cross_entropy.html, nll_loss.html
"""

from __future__ import annotations

import functools
import sys
import warnings
from typing import Any

import numpy as np

from .._core import dtypes
from .._core.dtypes import FLOAT32, FLOAT64
from .._core.errors import explained, must_be_tensor, not_a_tensor
from .._core.few_scores import are_few, few_losses, few_slopes
from .._core.kernels import TOGETHER, add_reduce, exp_in_cache, in_row_blocks, largest, row_log_sum_exp, vector_sum
from .._core.lines import caller
from .._core.op import Integers, case, op
from .._core.tensor import Tensor
from .loss import constant, reduction_of
from .softmax import SOFTMAX as _SOFTMAX
from .softmax import log_softmax

_INT64 = np.dtype(np.int64)


# --- checks ------------------------------------------------------------------------------------------------------


def _check_target(name: str, x: Any, t: Any) -> None:
    """Refuse a target of class indices that does not go with scores of shape (C,), (N, C) or (N, C, ...)."""
    if x.ndim == 0:
        raise ValueError(f"Expected 1 or more dimensions (got 0): {name} takes scores of shape (C,) or (N, C, ...)")
    if x.ndim > 1 and (t.ndim == 0 or t.shape[0] != x.shape[0]):
        raise ValueError(
            f"Expected input batch_size ({x.shape[0]}) to match target batch_size ({t.shape[0] if t.ndim else 0}). "
            f"{name}: input {list(x.shape)}, target {list(t.shape)}."
        )
    if x.ndim == t.ndim == 1 and t.size != 1:
        raise ValueError(
            f"For 1D input, 1D target must have size 1, but got target size: {t.size} ({name}: an input of shape "
            f"{list(x.shape)} holds the scores of one example)"
        )
    if x.ndim <= 2 and (t.ndim > 1 or (x.ndim == 1 and t.size != 1)):
        fix = "target.squeeze(1)" if t.shape[1:] == (1,) else "target.argmax(1), if it is one-hot"
        raise RuntimeError(
            f"0D or 1D target tensor expected, multi-target not supported: {name} takes one class index for each row "
            f"of the input {list(x.shape)}, got a target of shape {list(t.shape)}. Use {fix}."
        )
    expected = (x.shape[0], *x.shape[2:])
    if x.ndim == 4 and t.shape != expected:
        raise RuntimeError(
            f"size mismatch (got input: {list(x.shape)} , target: {list(t.shape)}), expected target {list(expected)}"
        )
    if x.ndim > 2 and t.shape != expected:
        raise RuntimeError(
            f"Expected target size {list(expected)}, got {list(t.shape)}. (The input {list(x.shape)} has its classes "
            "in dimension 1.)"
        )
    if t.dtype != _INT64 and t.dtype != np.uint8:
        raise RuntimeError(
            f"expected target dtype to be Long or Byte, but got {dtypes.type_name(t.dtype)}. Class indices are "
            f"integers: target.long(). (Class probabilities have the input's shape, {list(x.shape)}.)"
        )


def _check_weight(x: Any, weight: Any, probabilities: bool = False) -> Any:
    """The class weights as an array."""
    if weight is None:
        return None
    if not isinstance(weight, Tensor | np.ndarray):
        raise must_be_tensor("cross_entropy_loss", "weight", 2, weight)
    if not probabilities:
        constant("nll_loss_forward", weight)
    array = weight._array if isinstance(weight, Tensor) else weight
    classes = x.shape[1] if x.ndim > 1 else x.shape[0]
    if array.shape != (classes,):
        raise RuntimeError(
            f"weight tensor should be defined either for all {classes} classes or no classes but got weight tensor of "
            f"shape: {list(array.shape)}"
        )
    if array.dtype != x.dtype:
        names = dtypes.type_name(x.dtype), dtypes.type_name(array.dtype)
        raise RuntimeError(f"expected scalar type {names[0]} but found {names[1]} (weight)")
    return array


def _out_of_bounds(t: Any, bad: Any, classes: int) -> IndexError:
    row = int(np.flatnonzero(bad)[0])
    value = int(t[row])
    text = f"Target {value} is out of bounds. It stands in row {row}, and classes go from 0 to {classes - 1}."
    if value == classes and not (t == 0).any():
        text += " If the classes are numbered from 1, use target - 1."
    return IndexError(text)


# --- rows of scores ----------------------------------------------------------------------------------------------


def _places(x: Any, t: Any, weight: Any, ignore_index: int) -> tuple[Any, Any, Any]:
    """Where in the flattened (N, C) scores the targets stand, each row's weight (None: all 1), and their sum.

    Raises:
        IndexError: a target is no class.
    """
    count, classes = x.shape
    if t.dtype is not _INT64:
        t = t.astype(_INT64)
    kept = None
    # As unsigned numbers negative ones are large, so one comparison finds everything out of the ordinary.
    if count and (largest(t.view(np.uint64)) >= classes or 0 <= ignore_index < classes):
        kept = t != ignore_index
        bad = kept & ((t < 0) | (t >= classes))
        if bad.any():
            raise _out_of_bounds(t, bad, classes)
        t = np.where(kept, t, 0)
    places = _row_starts(count, classes) + t
    if weight is None and kept is None:
        return places, None, count
    factor = np.ones(count, x.dtype) if weight is None else weight[t]
    if kept is not None:
        factor = np.where(kept, factor, x.dtype.type(0))
    return places, factor, add_reduce(factor)


def _reduce_rows(losses: Any, factor: Any, total: Any, reduction: str) -> Any:
    if factor is not None:
        losses = np.where(factor == 0, losses.dtype.type(0), losses * factor)  # an ignored row's inf is ignored, too
    if reduction == "none":
        return losses
    result = vector_sum(losses)
    return result / total if reduction == "mean" else result


def _nll_vjp(g: Any, x_shape: tuple[int, ...], target: Any, weight: Any, ignore_index: int, reduction: str) -> Any:
    """The loss is linear in the scores: minus each row's weight at its target."""
    t = target._array if isinstance(target, Tensor) else target
    slopes = np.zeros(x_shape, (g._array if isinstance(g, Tensor) else g).dtype)
    places, factor, total = _places(slopes, t, weight, ignore_index)
    if not isinstance(g, Tensor):  # at once, as most of a pass over zeros would be for nothing
        g = g / (total or 1) if reduction == "mean" else g
        slopes.reshape(-1)[places] = -g if factor is None else -factor * g
        return slopes
    slopes.reshape(-1)[places] = -1 if factor is None else -factor
    if reduction == "none":
        return g[:, None] * slopes
    return (g / (total or 1) if reduction == "mean" else g) * slopes  # all rows ignored: nan, but no gradient


_ROWS = [
    case((4, 3), Integers((4,), 3)), case((4, 3), Integers((4,), 3), reduction="sum"),
    case((4, 3), Integers((4,), 3), reduction="none"),
    case((4, 3), Integers((4,), 3), weight=np.array([0.5, 2.0, 1.0])),
    case((4, 3), np.array([0, -100, 2, -100])), case((4, 3), np.array([0, 1, 2, 1]), ignore_index=1),
    case((4, 3), np.array([0, 1, 2, 1]), ignore_index=1, reduction="none", weight=np.array([0.5, 2.0, 1.0])),
    case((4, 3), np.array([0, -100, 2, -100]), reduction="sum"), case((1, 20), Integers((1,), 20)),
    case((30, 20), Integers((30,), 20)), case((0, 3), Integers((0,), 3), reduction="sum"),
]  # fmt: skip


@op(kind="general", vjp=(_nll_vjp, None), method=False, names=("input", "target"), cases=_ROWS,
    torch_name="nn.functional.nll_loss", node_name="NllLossBackward0")  # fmt: skip
def _nll_loss(x, target, /, *, weight=None, ignore_index=-100, reduction="mean"):
    """`nll_loss` for rows of classes (N, C)."""
    places, factor, total = _places(x, target, weight, ignore_index)
    return _reduce_rows(-x.reshape(-1).take(places), factor, total, reduction)


def _cross_entropy_vjp(
    g: Any, x: Any, normaliser: Any, powers: Any, places: Any, factor: Any, total: Any, reduction: str
) -> Any:
    """``softmax(x) - one_hot(target)``, scaled."""
    if reduction == "mean":
        # A scalar takes a seventh of the time of an array here. All rows ignored: nan, but no gradient.
        g = g[()] / (total or 1)
    if factor is not None:
        g = g * factor
    if powers is not None:
        return few_slopes(g, places, powers, normaliser), None
    gradient, factor = np.empty(x.shape, x.dtype), g[:, None] if g.ndim else g
    if x.size <= TOGETHER:
        _softmax_times(x, normaliser, factor, gradient)
    else:
        in_row_blocks(_softmax_times, gradient, x, normaliser, np.broadcast_to(factor, normaliser.shape))
    gradient.reshape(-1)[places] -= g
    return gradient, None


def _softmax_times(x: Any, normaliser: Any, factor: Any, out: Any) -> None:
    np.subtract(x, normaliser, out)
    exp_in_cache(out, out)
    out *= factor


def _cross_entropy_parts(x: Any, target: Any, weight: Any, ignore_index: int, reduction: str) -> Any:
    scores = log_softmax(x, 1)
    return _nll_loss(scores, target, weight=weight, ignore_index=ignore_index, reduction=reduction)


@op(kind="fused", vjp=_cross_entropy_vjp, parts=_cross_entropy_parts, method=False, names=("input", "target"),
    residuals=("normaliser", "powers", "places", "factor", "total"), cases=_ROWS,
    torch_name="nn.functional.cross_entropy", node_name="CrossEntropyLossBackward0")  # fmt: skip
def _cross_entropy(x, target, /, *, weight=None, ignore_index=-100, reduction="mean"):
    """`cross_entropy` for rows of classes (N, C), as one node: the residuals are a few numbers for each row."""
    places, factor, total = _places(x, target, weight, ignore_index)
    if are_few(x):
        losses, powers, normaliser = few_losses(x, places)
    else:
        powers, normaliser = None, row_log_sum_exp(x) if x.size else np.zeros((x.shape[0], 1), x.dtype)
        losses = normaliser[:, 0] - x.reshape(-1).take(places)
    return _reduce_rows(losses, factor, total, reduction), normaliser, powers, places, factor, total


# --- any shape ---------------------------------------------------------------------------------------------------


def _as_rows(input: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    """Scores as rows of classes, and their targets in a row."""
    ndim = input._array.ndim
    if ndim == 2:
        return input, target
    if ndim == 1:
        return input.reshape(1, -1), target.reshape(1)
    rows = input.movedim(1, -1)
    return rows.reshape(target._array.size, input._array.shape[1]), target.reshape(-1)


def _check_tensors(name: str, input: Any, target: Any) -> None:
    if not isinstance(input, Tensor):
        raise not_a_tensor(_cross_entropy.op, 0, input)
    if not isinstance(target, Tensor):
        raise must_be_tensor(name, "target", 1, target)


def _are_plain_rows(input: Any, target: Any) -> bool:
    """Whether these are rows of float scores with a class index for each."""
    if not isinstance(input, Tensor) or not isinstance(target, Tensor):
        return False
    x, t = input._array, target._array
    return (
        x.ndim == 2 and t.ndim == 1 and len(x) == len(t) and t.dtype is _INT64
        and (x.dtype is FLOAT32 or x.dtype is FLOAT64)
    )  # fmt: skip


@functools.lru_cache(maxsize=8)
def _row_starts(count: int, classes: int) -> Any:
    """Where each row of a flattened (count, classes) array starts."""
    starts = np.arange(0, count * classes, classes or 1)
    starts.flags.writeable = False  # it is shared
    return starts


def _shaped(losses: Tensor, input: Tensor, target: Tensor, reduction: str) -> Tensor:
    if reduction != "none" or input._array.ndim == 2:
        return losses
    return losses.reshape(target._array.shape if input._array.ndim > 1 else ())


def nll_loss(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    ignore_index: int = -100,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """Negative log likelihood: minus the score of the target class, where scores are log probabilities.

    Args:
        input: log probabilities of shape (C,), (N, C) or (N, C, d1, ...).
        target: class indices of shape (), (N,) or (N, d1, ...).
        weight: one weight for each class; the mean is divided by the sum of the targets' weights.
        ignore_index: rows with this target count nothing.

    Raises:
        IndexError: a target is no class.
        RuntimeError, ValueError: shapes or dtypes do not fit.

    Example:
        >>> import tinygrad_nn as tg
        >>> scores = tg.tensor([[0.5, 0.5], [0.25, 0.75]]).log()
        >>> tg.nn.functional.nll_loss(scores, tg.tensor([0, 1]), reduction="none")
        tensor([0.6931, 0.2877])
    """
    reduction = reduction_of(size_average, reduce, reduction)
    _check_tensors("nll_loss", input, target)
    _check_target("nll_loss", input._array, target._array)
    array = _check_weight(input._array, weight)
    losses = _nll_loss(*_as_rows(input, target), weight=array, ignore_index=ignore_index, reduction=reduction)
    return _shaped(losses, input, target, reduction)


def _of_probabilities(input: Tensor, target: Tensor, weight: Tensor | None, reduction: str, smoothing: float) -> Tensor:
    """Cross entropy with a probability for each class."""
    dim = 1 if input._array.ndim > 1 else 0
    classes = input._array.shape[dim] if input._array.ndim else 1
    if target._array.dtype.kind != "f":
        raise RuntimeError(
            "Expected floating point type for target with class probabilities, got "
            f"{dtypes.type_name(target._array.dtype)}. A target of the input's shape {list(input.shape)} holds "
            "probabilities: use target.float(), or target.argmax(1) for class indices."
        )
    if smoothing > 0:
        target = target * (1 - smoothing) + smoothing / classes
    terms = log_softmax(input, dim) * target
    if weight is not None:
        _check_weight(input._array, weight, probabilities=True)
        terms = terms * weight.reshape((-1,) + (1,) * (input._array.ndim - 1 - dim))
    if reduction == "none":
        return -terms.sum(dim)
    total = -terms.sum()
    return total / (input._array.size / classes) if reduction == "mean" else total


@explained
def _smoothed(rows: Tensor, t: Tensor, weight: Any, ignore_index: int, reduction: str, smoothing: float) -> Tensor:
    """``1 - smoothing`` for the target class, and the rest for all classes alike."""
    scores = log_softmax(rows, 1)
    exact = _nll_loss(scores, t, weight=weight, ignore_index=ignore_index, reduction=reduction)
    classes = rows._array.shape[1]
    _, _, total = _places(rows._array, t._array, weight, ignore_index)
    spread = -(scores if weight is None else scores * weight).sum(1)
    kept = t._array != ignore_index
    if not kept.all():
        spread = np.where(kept, spread, np.zeros((), rows._array.dtype))
    if reduction != "none":
        spread = spread.sum()
    if reduction == "mean":
        spread = spread / float(total)
    result: Tensor = exact * (1 - smoothing) + spread * (smoothing / classes)
    return result


@functools.cache
def _warn_of_softmax() -> None:
    """Warn, once, of probabilities where scores are wanted: what comes of it is slow training, and no error."""
    frame = caller(sys._getframe(1))
    text = (
        "cross_entropy: the input comes straight from a softmax. It takes scores (logits) and applies log_softmax "
        "itself; a softmax before it makes gradients small, and the loss cannot come near 0. Leave the softmax away."
    )
    if frame is not None:
        name = frame.f_globals.get("__name__", "")
        warnings.warn_explicit(text, UserWarning, frame.f_code.co_filename, frame.f_lineno, name)


def cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    ignore_index: int = -100,
    reduce: bool | None = None,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Tensor:
    """Cross entropy of class scores (logits, not probabilities) with the right classes.

    Args:
        input: scores of shape (C,), (N, C) or (N, C, d1, ...).
        target: class indices of shape (), (N,) or (N, d1, ...); or, in the input's shape, a probability for each class.
        weight: one weight for each class; with indices, the mean is divided by the sum of the targets' weights.
        ignore_index: rows with this target count nothing. The mean over no rows at all is nan.
        label_smoothing: this part of each target, between 0 and 1, is spread over all classes.

    Raises:
        IndexError: a target is no class.
        RuntimeError, ValueError: shapes, dtypes or options do not fit.

    Example:
        >>> import tinygrad_nn as tg
        >>> scores = tg.tensor([[2.0, 0.0], [0.0, 0.0]], requires_grad=True)
        >>> loss = tg.nn.functional.cross_entropy(scores, tg.tensor([0, 1]))
        >>> loss
        tensor(0.4100, grad_fn=<NllLossBackward0>)
        >>> loss.backward()
        >>> scores.grad
        tensor([[-0.0596,  0.0596],
                [ 0.2500, -0.2500]])
    """
    edge = getattr(input, "_edge", None)
    if edge is not None and getattr(edge[0], "plan", None) is not None and edge[0].plan.op is _SOFTMAX:
        _warn_of_softmax()
    if (
        weight is None and label_smoothing == 0 and ignore_index == -100 and reduction == "mean"
        and size_average is None and reduce is None and _are_plain_rows(input, target)
    ):  # fmt: skip
        return _cross_entropy(input, target)  # what nearly every training step asks for needs no sorting out
    reduction = reduction_of(size_average, reduce, reduction)
    _check_tensors("cross_entropy_loss", input, target)
    x, t = input._array, target._array
    if label_smoothing > 1:
        raise RuntimeError(f"label_smoothing must be between 0.0 and 1.0. Got: {label_smoothing}")
    if x.shape == t.shape:
        if ignore_index >= 0:
            raise RuntimeError("ignore_index is not supported for floating point target (class probabilities)")
        return _of_probabilities(input, target, weight, reduction, label_smoothing)
    if x.ndim != 2 or t.ndim != 1 or x.shape[0] != t.shape[0] or t.dtype is not _INT64:
        _check_target("cross_entropy", x, t)
    array = None if weight is None else _check_weight(x, weight)
    rows, t_row = _as_rows(input, target)
    if label_smoothing > 0:
        losses = _smoothed(rows, t_row, array, ignore_index, reduction, label_smoothing)
    elif x.dtype.kind != "f" or x.dtype.itemsize == 2:  # float16 through the ops that compute it in float32
        losses = _cross_entropy_parts(rows, t_row, array, ignore_index, reduction)
    else:
        losses = _cross_entropy(rows, t_row, weight=array, ignore_index=ignore_index, reduction=reduction)
    return _shaped(losses, input, target, reduction)
