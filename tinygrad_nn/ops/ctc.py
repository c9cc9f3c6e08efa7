"""Connectionist temporal classification: how likely a text is, whenever its characters are spoken.

Between the characters, and around them, stand blanks: of a text of S characters there are 2 S + 1 states, through which
a path goes from left to right, one step of the input at a time. ``alpha[t, s]`` is the logarithm of the probability of
all ways to be in state s after step t, ``beta[t, s]`` that of all ways to go on from there; both are the same
recursion, forward and backward.

Source: Graves, Fernandez, Gomez and Schmidhuber, Connectionist temporal classification (2006), sections 3 and 4.
https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.ctc_loss.html
"""

from __future__ import annotations

from math import inf
from typing import Any

import numpy as np

from .._core import dtypes
from .._core.errors import explained
from .._core.op import case, op
from .._core.tensor import Tensor, wrap
from .join import cat, stack
from .loss import reduced, reduction_of
from .selection import where
from .statistics import logsumexp

Array = np.ndarray[Any, Any]


# --- the recursion -----------------------------------------------------------------------------------------------


def _walk(scores: Array, skips: Array, start: Array, entries: Array) -> Array:
    """The logarithm of the probability of all ways to each state, at each step.

    Args:
        scores: the log probability of each state, of shape (steps, count, states).
        skips: (count, states): whether one may come from two states before.
        start: (count,): the step at which a way begins.
        entries: (count, states): the states in which it may begin.
    """
    steps, count, states = scores.shape
    lowest = np.finfo(scores.dtype).min
    penalty = np.where(skips, scores.dtype.type(0), scores.dtype.type(-inf))
    # two states that are never reached stand on the left, so that every state has two before it
    ways = np.full((steps, count, states + 2), -inf, scores.dtype)
    before = np.full((count, states + 2), -inf, scores.dtype)
    begins = {int(t) for t in start}
    for t in range(steps):
        from_here, from_left, from_second = before[:, 2:], before[:, 1:-1], before[:, :-2] + penalty
        top = np.maximum(np.maximum(from_here, from_left), from_second)
        np.maximum(top, lowest, out=top)  # -inf less -inf would be nan
        total = np.exp(from_here - top)
        total += np.exp(from_left - top)
        total += np.exp(from_second - top)
        np.log(total, out=total)
        total += top
        total += scores[t]
        if t in begins:
            total = np.where((start == t)[:, None] & entries, scores[t], total)
        before = ways[t]
        before[:, 2:] = total
    return ways[..., 2:]


def _scores_of(x: Any, states: Any) -> Any:
    """The log probabilities of the states' classes, of shape (steps, count, states). Of arrays and tensors."""
    return x[:, np.arange(states.shape[0])[:, None], states]


def _loss_of(alpha: Array, input_lengths: Array, target_lengths: Array) -> Array:
    """Minus the logarithm of the probability of all paths that end in the last character, or the blank after it."""
    rows = np.arange(alpha.shape[1])
    last = alpha[np.maximum(input_lengths, 1) - 1, rows]
    ended = last[rows, 2 * target_lengths]
    in_character = last[rows, np.maximum(2 * target_lengths - 1, 0)]
    losses = -np.where(target_lengths > 0, np.logaddexp(ended, in_character), ended)
    nothing = np.where(target_lengths > 0, inf, 0.0)  # no step: a text of no characters only
    return np.where(input_lengths > 0, losses, nothing).astype(alpha.dtype)


def _ctc_vjp(
    g: Any, x: Any, out: Any, alpha: Any, states: Any, skips: Any, input_lengths: Any, target_lengths: Any,
    of_softmax: bool, zero_infinity: bool,
) -> tuple[Any]:  # fmt: skip
    """Minus the share of all paths that is in each class at each step.

    With `of_softmax` it is ``exp(x)`` less that share, as in PyTorch: the same after log_softmax, whose own gradient
    takes the sum away.
    """
    steps, count, classes = x.shape
    position = np.arange(states.shape[1])
    final = 2 * target_lengths[:, None]
    entries = (position == final) | ((position == final - 1) & (position >= 0))
    scores = _scores_of(x, states)
    backward = _walk(
        scores[::-1, :, ::-1],
        np.pad(skips[:, ::-1], ((0, 0), (2, 0)))[:, :-2],
        steps - input_lengths,
        entries[:, ::-1],
    )
    shares = backward[::-1, :, ::-1] + alpha
    impossible = np.isinf(out)
    shares += np.where(impossible, 0, out)[:, None]
    np.subtract(shares, scores, out=shares, where=shares != -inf)
    np.exp(shares, out=shares)
    gradient = np.zeros(x.shape, x.dtype)
    if of_softmax:
        np.exp(x, out=gradient, where=(np.arange(steps)[:, None] < input_lengths)[..., None])
    places = np.arange(steps * count).reshape(steps, count, 1) * classes + states
    np.subtract.at(gradient.reshape(-1), places.reshape(-1), shares.reshape(-1))
    gradient *= g[:, None]
    if impossible.any():  # as in PyTorch, there is no gradient of an infinite loss
        gradient[np.arange(steps)[:, None] < np.where(impossible, input_lengths, 0)] = 0 if zero_infinity else np.nan
    return (gradient,)


def _ctc_parts(
    x: Any, states: Any, skips: Any, input_lengths: Any, target_lengths: Any, of_softmax: bool, zero_infinity: bool
) -> Any:  # fmt: skip
    """The recursion in ops. A large number stands for infinity, as differences of infinities would be nan."""
    steps, count, _ = x.shape
    rows = np.arange(count)
    kind = x._array.dtype
    nowhere = wrap(np.full((count, states.shape[1]), np.finfo(kind).min / 4, kind))
    penalty = wrap(np.where(skips, 0, np.finfo(kind).min / 4).astype(kind))
    scores = _scores_of(x, wrap(states))
    enters = wrap(np.broadcast_to(np.arange(states.shape[1]) < 2, states.shape))
    ways = [where(enters, scores[0], nowhere)]
    for t in range(1, steps):
        before = cat([nowhere[:, :2], ways[-1]], 1)
        ways.append(logsumexp(stack([before[:, 2:], before[:, 1:-1], before[:, :-2] + penalty]), 0) + scores[t])
    last = stack(ways)[wrap(np.maximum(input_lengths, 1) - 1), wrap(rows)]
    ended = last[wrap(rows), wrap(2 * target_lengths)]
    in_character = last[wrap(rows), wrap(np.maximum(2 * target_lengths - 1, 0))]
    both = logsumexp(stack([ended, in_character]), 0)
    losses = -where(wrap(target_lengths > 0), both, ended)
    if of_softmax:
        counted = (np.arange(steps)[:, None] < input_lengths)[..., None].astype(kind)
        losses = losses + (x.exp() * wrap(counted)).sum((0, 2))
    impossible = (losses._array > np.finfo(kind).max / 8) | (input_lengths == 0)
    return losses.masked_fill(wrap(impossible), 0) if impossible.any() else losses


def _states(targets: Array, lengths: Array, blank: int) -> tuple[Array, Array]:
    """The class of each state, and whether one may skip the blank before it: between unlike characters."""
    states = np.full((len(targets), 2 * targets.shape[1] + 1), blank, np.int64)
    states[:, 1::2] = np.where(np.arange(targets.shape[1]) < lengths[:, None], targets, blank)
    skips = np.zeros(states.shape, np.bool_)
    skips[:, 3::2] = states[:, 3::2] != states[:, 1:-2:2]
    return states, skips


_SAMPLE_STATES, _SAMPLE_SKIPS = _states(np.array([[1, 2], [2, 2], [1, 0]]), np.array([2, 2, 1]), 0)


@op(kind="fused", vjp=_ctc_vjp, parts=_ctc_parts, residuals=("alpha",), method=False, torch_name="",
    node_name="CtcLossBackward0",
    cases=[case((4, 3, 3), states=_SAMPLE_STATES, skips=_SAMPLE_SKIPS, input_lengths=np.array(lengths),
                target_lengths=np.array([2, 2, 1])) for lengths in ([4, 4, 4], [3, 4, 2])])  # fmt: skip
def _ctc(x, /, *, states, skips, input_lengths, target_lengths, of_softmax=False, zero_infinity=False):
    """Minus the log probability of each text, given scores of shape (steps, count, classes)."""
    first = np.broadcast_to(np.arange(states.shape[1]) < 2, states.shape)
    alpha = _walk(_scores_of(x, states), skips, np.zeros(len(states), np.int64), first)
    return _loss_of(alpha, input_lengths, target_lengths), alpha


# --- any arguments -----------------------------------------------------------------------------------------------


def _lengths(name: str, value: Any, count: int) -> Array:
    """Lengths as an array, one for each of the batch.

    Raises:
        RuntimeError: they are not integers, or not as many.
    """
    array = value._array if isinstance(value, Tensor) else np.asarray(value)
    if array.dtype.kind not in "iu" and array.size:
        raise RuntimeError(f"{name} must be integral, got {dtypes.type_name(array.dtype)} in ctc_loss()")
    if array.size != count:
        raise RuntimeError(f"{name} must be of size batch_size: ctc_loss() got {array.size} for a batch of {count}")
    array = array.reshape(-1).astype(np.int64)
    if array.size and array.min() < 0:
        raise RuntimeError(
            f"Expected {name} to have value at least 0, but got value {array.min()} (while checking arguments for "
            "ctc_loss)"
        )
    return array


def _rows_of(targets: Array, lengths: Array) -> Array:
    """Targets in rows, also where they were given one after another."""
    longest = int(lengths.max(initial=0))
    if targets.ndim == 2:
        if targets.shape[0] != lengths.size:
            raise RuntimeError(
                f"Expected tensor to have size {lengths.size} at dimension 0, but got size {targets.shape[0]} for "
                "argument #2 'targets' (while checking arguments for ctc_loss)"
            )
        if targets.shape[1] < longest:
            raise RuntimeError(
                f"Expected tensor to have size at least {longest} at dimension 1, but got size {targets.shape[1]} for "
                "argument #2 'targets' (while checking arguments for ctc_loss)"
            )
        return targets[:, :longest]
    if targets.size != lengths.sum():
        raise RuntimeError(
            f"Expected tensor to have size {lengths.sum()} at dimension 0, but got size {targets.size} for argument "
            "#2 'targets' (while checking arguments for ctc_loss). It holds the targets of all target_lengths, one "
            "after another."
        )
    rows = np.zeros((lengths.size, longest), np.int64)
    rows[np.arange(longest) < lengths[:, None]] = targets
    return rows


def _check_scores(x: Array, targets: Array, blank: int) -> None:
    if not x.size:
        raise RuntimeError(f"log_probs tensor must not be empty, got {list(x.shape)} in ctc_loss()")
    if x.ndim != 3:
        raise RuntimeError(
            f"Expected 3-dimensional tensor, but got {x.ndim}-dimensional tensor for argument #1 'log_probs' (while "
            "checking arguments for ctc_loss)"
        )
    if targets.ndim not in (1, 2):
        raise RuntimeError(
            f"Expected 1 to 2 dimensions, but got {targets.ndim}-dimensional tensor for argument #2 'targets' (while "
            "checking arguments for ctc_loss)"
        )
    if x.dtype.kind != "f" or x.dtype.itemsize == 2:
        raise NotImplementedError(
            f"\"ctc_loss_cpu\" not implemented for '{dtypes.type_name(x.dtype)}'. Convert first: log_probs.float()."
        )
    if not 0 <= blank < x.shape[2]:
        raise RuntimeError(f"blank must be in label range: ctc_loss() got {blank}, and there are {x.shape[2]} classes")


@explained
def ctc_loss(
    log_probs: Tensor,
    targets: Tensor,
    input_lengths: Any,
    target_lengths: Any,
    blank: int = 0,
    reduction: str = "mean",
    zero_infinity: bool = False,
) -> Tensor:
    """Connectionist temporal classification: minus the log probability of a text, aligned with the input in any way.

    The gradient is PyTorch's: that of scores which go through log_softmax, as they should.

    Args:
        log_probs: logarithms of probabilities of the classes, of shape (T, N, C) or (T, C), as of `log_softmax`.
        targets: class indices of shape (N, S), or all targets one after another, of shape (sum(target_lengths),).
        input_lengths: of shape (N,) or (), each at most T; a tensor or a tuple.
        target_lengths: of shape (N,) or ().
        blank: the class of the blank.
        reduction: ``"mean"`` divides each loss by its target's length first.
        zero_infinity: count a loss that is infinite, as the input is too short for the target, as 0.

    Raises:
        RuntimeError: shapes, lengths or classes do not fit.

    Example:
        >>> import tinygrad_nn as tg
        >>> log_probs = tg.zeros(4, 1, 3).log_softmax(2)
        >>> tg.nn.functional.ctc_loss(log_probs, tg.tensor([[1, 2]]), (4,), (2,), reduction="none")
        tensor([1.6864])
    """
    reduction = reduction_of(None, None, reduction)
    batched = log_probs.ndim != 2
    scores = log_probs if batched else log_probs.unsqueeze(1)
    x, t = scores._array, targets._array
    _check_scores(x, t, blank)
    steps, count, classes = x.shape
    inputs = _lengths("input_lengths", input_lengths, count)
    lengths = _lengths("target_lengths", target_lengths, count)
    rows = _rows_of(t.astype(np.int64), lengths)
    if inputs.max() > steps:
        raise RuntimeError(
            f"Expected input_lengths to have value at most {steps}, but got value {inputs.max()} (while checking "
            "arguments for ctc_loss)"
        )
    states, skips = _states(rows, lengths, blank)
    if states.min() < 0 or states.max() >= classes:
        wrong = states.max() if states.max() >= classes else states.min()
        raise RuntimeError(f"targets out of range: ctc_loss() got class {wrong}; classes go from 0 to {classes - 1}")
    losses: Tensor = _ctc(
        scores, states=states, skips=skips, input_lengths=inputs, target_lengths=lengths, of_softmax=True,
        zero_infinity=zero_infinity,
    )  # fmt: skip
    if zero_infinity:
        losses = where(losses == inf, 0, losses)
    if reduction == "mean":
        losses = losses / wrap(np.maximum(lengths, 1).astype(x.dtype))
    if reduction == "none" and not batched:
        return losses.squeeze(0)
    result: Tensor = reduced(losses, reduction)
    return result
