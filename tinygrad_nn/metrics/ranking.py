"""Metrics of the order in which scores put the examples. All scores are kept: the order is known only at the end."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._core.errors import near
from .metric import Metric
from .probabilities import are_probabilities, softmax
from .reading import Array, check_task, read_batch

_AVERAGES = ("macro", "micro", "weighted")


class _Ranking(Metric):
    """What both metrics share: a score for each class against the others, and the averages over classes."""

    def __init__(
        self,
        *,
        average: str | None = "macro",
        task: str | None = None,
        from_logits: bool | None = None,
        name: str | None = None,
    ) -> None:
        if average is not None and average not in _AVERAGES:
            raise ValueError(
                f"average: expected one of {', '.join(_AVERAGES)}, or None for each class, got {average!r}."
                f"{near(str(average), _AVERAGES)}"
            )
        check_task(task)
        self.average, self.task, self.from_logits = average, task, from_logits
        if name is not None:
            self.name = name
        super().__init__()

    def reset(self) -> None:
        self._parts: list[tuple[Array, Array, Array]] = []  # scores, targets, weights
        self._task = ""

    def update(self, output: Any, target: Any, weight: Any = None) -> None:
        batch = read_batch(output, target, weight, self.task)
        scores = batch.scores_for(self.name)
        first = self._parts[0][0] if self._parts else scores
        if scores.shape[1:] != first.shape[1:]:
            raise ValueError(
                f"this batch has scores of shape {scores.shape}, the first had {first.shape}. Call reset() in between"
            )
        self._task = batch.task
        each = np.ones(len(scores)) if batch.weight is None else batch.weight
        # Copies, as the arrays are the caller's, who may write to them before the end.
        self._parts.append((scores.copy(), batch.target.copy(), each))

    def compute(self) -> Any:
        if not self._parts:
            return float("nan")
        scores, actual, weight = self._columns()
        if scores.shape[1] == 1:
            return self._area(scores[:, 0], actual[:, 0], weight)
        if self.average == "micro":
            return self._area(scores.reshape(-1), actual.reshape(-1), weight.repeat(scores.shape[1]))
        each = np.array([self._area(*pair, weight) for pair in zip(scores.T, actual.T, strict=True)])
        if self.average is None:
            return each
        present = actual.any(axis=0) & ~np.isnan(each)
        shares = weight @ actual[:, present] if self.average == "weighted" else np.ones(int(present.sum()))
        total = shares.sum()
        return float(each[present] @ shares / total) if total else float("nan")

    def _columns(self) -> tuple[Array, Array, Array]:
        """Scores (N, columns), whether each is meant (N, columns), and weights (N,). Two classes make one column."""
        scores, target, weight = (np.concatenate(arrays) for arrays in zip(*self._parts, strict=True))
        if self._task == "binary":
            return scores[:, None], target[:, None] == 1, weight
        if self._task == "multilabel":
            return scores, target, weight
        from_logits = self.from_logits if self.from_logits is not None else not are_probabilities(scores)
        scores = softmax(scores) if from_logits else scores
        actual = target[:, None] == np.arange(scores.shape[1])
        return (scores[:, 1:], actual[:, 1:], weight) if scores.shape[1] == 2 else (scores, actual, weight)

    def _area(self, scores: Array, actual: Array, weight: Array) -> float:
        raise NotImplementedError


def _at_thresholds(scores: Array, actual: Array, weight: Array) -> tuple[Array, Array]:
    """How much of the right and of the wrong examples lies at or above each different score, from the highest on."""
    used = weight != 0
    scores, actual, weight = scores[used], actual[used], weight[used]
    order = np.argsort(-scores, kind="stable")
    scores, actual, weight = scores[order], actual[order], weight[order]
    last = np.append(np.flatnonzero(np.diff(scores)), len(scores) - 1)  # of those with the same score
    return np.cumsum(weight * actual)[last], np.cumsum(weight * ~actual)[last]


class AUC(_Ranking):
    """The area under the ROC curve: how likely an example of a class has a higher score than one of another.

    See `sklearn.metrics.roc_auc_score`. With more than two classes each is compared with all others, by its probability
    (there ``multi_class="ovr"``).

    Args:
        average: over the classes that are meant: "macro" (all count the same), "weighted" (each as often as it is
            meant), "micro" (all examples and classes together), None (one number for each class).
        task: "binary", "multiclass" or "multilabel"; None: told by the shapes.
        from_logits: whether scores of several classes are logits. None: they are unless each row is a distribution.
        name: what it is called.

    Returns:
        From `compute`, nan for a class to which all examples belong, or none.

    Source: https://scikit-learn.org/stable/modules/generated/sklearn.metrics.roc_auc_score.html

    Example:
        >>> from tinygrad_nn.metrics import AUC
        >>> AUC()([0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1])
        0.75
    """

    name = "auc"

    def _area(self, scores: Array, actual: Array, weight: Array) -> float:
        if actual.all() or not actual.any():
            return float("nan")
        right, wrong = _at_thresholds(scores, actual, weight)
        if not len(right) or not right[-1] or not wrong[-1]:
            return float("nan")
        return float(np.trapezoid(np.append(0, right / right[-1]), np.append(0, wrong / wrong[-1])))


class AveragePrecision(_Ranking):
    """The mean precision over all recalls, ``sum((R[n] - R[n-1]) P[n])``; `sklearn.metrics.average_precision_score`.

    Args:
        average, task, from_logits, name: as for `AUC`.

    Source: https://scikit-learn.org/stable/modules/generated/sklearn.metrics.average_precision_score.html

    Example:
        >>> from tinygrad_nn.metrics import AveragePrecision
        >>> AveragePrecision()([0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1]).__round__(4)
        0.8333
    """

    name = "average_precision"

    def _area(self, scores: Array, actual: Array, weight: Array) -> float:
        right, wrong = _at_thresholds(scores, actual, weight)
        if not len(right) or not right[-1]:
            return 0.0 if len(right) else float("nan")
        recall = right / right[-1]
        return float(np.diff(recall, prepend=0) @ (right / (right + wrong)))
