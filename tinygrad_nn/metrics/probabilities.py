"""Metrics of the probabilities themselves: log loss and perplexity."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .metric import Metric
from .reading import Array, Batch, check_task, read_batch


def log_softmax(scores: Array) -> Array:
    """Along the last dimension, in float64."""
    shifted: Array = scores.astype(np.float64) - scores.max(axis=-1, keepdims=True)
    shifted -= np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return shifted


def softmax(scores: Array) -> Array:
    """Along the last dimension, in float64."""
    return np.exp(log_softmax(scores))


def are_probabilities(scores: Array) -> bool:
    """Whether all are in [0, 1] and, where they have two dimensions, each row sums up to 1."""
    if not ((scores >= 0) & (scores <= 1)).all():
        return False
    if scores.ndim == 1:
        return True
    precision = np.finfo(scores.dtype).eps if scores.dtype.kind == "f" else 1e-6
    return bool((np.abs(scores.sum(axis=1) - 1) <= math.sqrt(precision)).all())


class LogLoss(Metric):
    """The mean cross entropy, ``-mean(log p)`` of what was meant; see `sklearn.metrics.log_loss`.

    With several labels for each example, the mean over all labels. A probability of 0 counts as the precision of its
    type, as in scikit-learn.

    Args:
        task: "binary", "multiclass" or "multilabel"; None: told by the shapes.
        from_logits: whether scores are logits. None: told by all scores together, which are probabilities while
            they lie in [0, 1] and, with several classes, each row sums up to 1.
        ignore_index: examples with this target are left out.
        name: what it is called.

    Source: https://scikit-learn.org/stable/modules/generated/sklearn.metrics.log_loss.html

    Example:
        >>> from tinygrad_nn.metrics import LogLoss
        >>> LogLoss()([[0.1, 0.9], [0.9, 0.1], [0.8, 0.2], [0.35, 0.65]], [1, 0, 0, 1]).__round__(5)
        0.21616
    """

    name, higher_is_better = "log_loss", False

    def __init__(
        self,
        *,
        task: str | None = None,
        from_logits: bool | None = None,
        ignore_index: int | None = None,
        name: str | None = None,
    ) -> None:
        check_task(task)
        self.task, self.from_logits, self.ignore_index = task, from_logits, ignore_index
        if name is not None:
            self.name = name
        super().__init__()

    def reset(self) -> None:
        self._of_logits = self._of_probabilities = self._weight = 0.0
        self._probable = True  # all scores so far may be probabilities

    def update(self, output: Any, target: Any, weight: Any = None) -> None:
        batch = read_batch(output, target, weight, self.task, self.ignore_index)
        scores = batch.scores_for(self.name)
        each = np.ones(len(batch.target)) if batch.weight is None else batch.weight
        self._weight += float(each.sum())
        if self.from_logits is None and self._probable:
            self._probable = are_probabilities(scores.reshape(-1) if batch.task == "multilabel" else scores)
        if self.from_logits is not False:
            self._of_logits += float(each @ _losses_of_logits(scores, batch))
        if self.from_logits is False or (self.from_logits is None and self._probable):
            self._of_probabilities += float(each @ _losses_of_probabilities(scores, batch))

    def compute(self) -> float:
        if not self._weight:
            return float("nan")
        from_logits = self.from_logits if self.from_logits is not None else not self._probable
        return (self._of_logits if from_logits else self._of_probabilities) / self._weight


def _losses_of_logits(scores: Array, batch: Batch) -> Array:
    if batch.task == "multiclass":
        meant: Array = log_softmax(scores)[np.arange(len(scores)), batch.target]
        return -meant
    losses: Array = np.logaddexp(0, np.where(batch.target != 0, -scores, scores).astype(np.float64))
    return losses.mean(axis=1) if losses.ndim == 2 else losses


def _losses_of_probabilities(scores: Array, batch: Batch) -> Array:
    smallest = np.finfo(scores.dtype if scores.dtype.kind == "f" else np.float64).eps
    scores = np.clip(scores, smallest, 1 - smallest)
    if batch.task == "multiclass":
        return -np.log(scores[np.arange(len(scores)), batch.target].astype(np.float64))
    losses: Array = -np.log(np.where(batch.target != 0, scores, 1 - scores).astype(np.float64))
    return losses.mean(axis=1) if losses.ndim == 2 else losses


class Perplexity(LogLoss):
    """``exp`` of the mean cross entropy: among how many equally likely classes the model is left to choose.

    Args:
        ignore_index: targets that do not count, as in `cross_entropy`.
        task, from_logits, name: as for `LogLoss`.

    Source: https://huggingface.co/docs/transformers/perplexity

    Example:
        >>> from tinygrad_nn.metrics import Perplexity
        >>> Perplexity()([[0.0, 0.0, 0.0, 0.0]] * 3, [0, 3, -100])
        4.0
    """

    name = "perplexity"

    def __init__(self, *, ignore_index: int | None = -100, **options: Any) -> None:
        super().__init__(ignore_index=ignore_index, **options)

    def compute(self) -> float:
        return float(np.exp(super().compute()))
