"""Metrics of how often each class was meant, predicted, and both: precision, recall, F, the confusion matrix."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .._core.errors import near
from .classification import Classification, Tally
from .reading import Array, Batch

_AVERAGES = ("auto", "binary", "macro", "micro", "weighted")
_NORMALIZATIONS = ("true", "pred", "all")


def _tell(weight: Array | None, mask: Array) -> Array | None:
    return None if weight is None else weight[mask]


class _Counted(Classification):
    """What precision, recall and F share: counts for each class, and the averages over classes."""

    def __init__(
        self,
        *,
        average: str | None = "auto",
        zero_division: float = 0.0,
        task: str | None = None,
        from_logits: bool | None = None,
        ignore_index: int | None = None,
        name: str | None = None,
    ) -> None:
        if average is not None and average not in _AVERAGES:
            raise ValueError(
                f"average: expected one of {', '.join(_AVERAGES)}, or None for each class, got {average!r}."
                f"{near(str(average), _AVERAGES)}"
            )
        self.average, self.zero_division = average, float(zero_division)
        super().__init__(task=task, from_logits=from_logits, ignore_index=ignore_index, name=name)

    def _count(self, batch: Batch, predicted: Array) -> Tally:
        target, weight = batch.target, batch.weight
        if target.ndim == 2:
            counts = {"right": target & predicted, "predicted": predicted, "actual": target}
            tally = {
                name: (mask.sum(axis=0) if weight is None else weight @ mask).astype(np.float64)
                for name, mask in counts.items()
            }
            return {**tally, "seen": np.ones(target.shape[1])}
        classes = self._columns or 2
        if target.size:
            classes = max(classes, int(target.max()) + 1, int(predicted.max()) + 1)
        right = predicted == target

        def count(labels: Array, weights: Array | None) -> Array:
            return np.bincount(labels, weights, classes).astype(np.float64)

        return {
            "right": count(target[right], _tell(weight, right)),
            "predicted": count(predicted, weight),
            "actual": count(target, weight),
            "seen": count(target, None) + count(predicted, None),
        }

    def _scores(self, right: Array, predicted: Array, actual: Array) -> Array:
        raise NotImplementedError

    def _divide(self, numerator: Array, denominator: Array) -> Array:
        with np.errstate(all="ignore"):
            return np.where(denominator > 0, numerator / denominator, self.zero_division)

    def compute(self) -> Any:
        tally = self._tally
        if not tally or not tally["seen"].any():
            return np.array([]) if self.average is None else float("nan")
        counts = [tally[name] for name in ("right", "predicted", "actual")]
        average = self._average(len(tally["seen"]))
        if average == "micro":
            return float(self._scores(*(count.sum() for count in counts)))
        scores = self._scores(*counts)
        if average is None:
            return scores
        if average == "binary":
            return float(scores[1])
        present = tally["seen"] > 0  # a class that was neither meant nor predicted has no score
        weights = counts[2][present] if average == "weighted" else None
        return _mean(scores[present], weights, self.zero_division)

    def _average(self, classes: int) -> str | None:
        """The average that was asked for."""
        is_binary = self._task != "multilabel" and classes == 2
        if self.average == "auto":
            return "binary" if is_binary else "macro"
        if self.average == "binary" and not is_binary:
            kind = "multilabel" if self._task == "multilabel" else "multiclass"
            raise ValueError(
                f"average='binary' is for two classes, and this is {kind} with {classes}. Give 'macro', 'micro', "
                "'weighted', or None for each class"
            )
        return self.average


def _mean(scores: Array, weights: Array | None, otherwise: float) -> float:
    """The mean of what is not nan."""
    known = ~np.isnan(scores)
    weights = np.ones(len(scores)) if weights is None else weights
    total = weights[known].sum()
    return float(scores[known] @ weights[known] / total) if total else otherwise


class Precision(_Counted):
    """The share of what was predicted that is right, ``TP / (TP + FP)``; see `sklearn.metrics.precision_score`.

    Args:
        average: over the classes: "macro" (all count the same), "weighted" (each counts as often as it is meant),
            "micro" (all examples together), "binary" (class 1 only), None (one score for each class). "auto" is
            "binary" with two classes and else "macro". Classes that were neither meant nor predicted have no part in an
            average.
        zero_division: the score where there is nothing to divide by; nan leaves it out of averages.
        task: "binary", "multiclass" or "multilabel"; None: told by the shapes.
        from_logits: whether scores are logits; None: told by the scores.
        ignore_index: examples with this target are left out.
        name: what it is called.

    Source: https://scikit-learn.org/stable/modules/generated/sklearn.metrics.precision_score.html

    Example:
        >>> from tinygrad_nn.metrics import Precision
        >>> Precision(average="macro")([0, 2, 1, 0, 0, 1], [0, 1, 2, 0, 1, 2]).__round__(4)
        0.2222
        >>> Precision(average=None)([0, 1, 1], [0, 0, 1])
        array([1. , 0.5])
    """

    name = "precision"

    def _scores(self, right: Array, predicted: Array, actual: Array) -> Array:
        return self._divide(right, predicted)


class Recall(_Counted):
    """The share of what was meant that was predicted, ``TP / (TP + FN)``; see `sklearn.metrics.recall_score`.

    Args:
        average, zero_division, task, from_logits, ignore_index, name: as for `Precision`.

    Source: https://scikit-learn.org/stable/modules/generated/sklearn.metrics.recall_score.html

    Example:
        >>> from tinygrad_nn.metrics import Recall
        >>> Recall(average="macro")([0, 2, 1, 0, 0, 1], [0, 1, 2, 0, 1, 2]).__round__(4)
        0.3333
    """

    name = "recall"

    def _scores(self, right: Array, predicted: Array, actual: Array) -> Array:
        return self._divide(right, actual)


class FBetaScore(_Counted):
    """The harmonic mean of precision and recall, where recall counts ``beta**2`` times; `sklearn.metrics.fbeta_score`.

    ``(1 + beta**2) TP / ((1 + beta**2) TP + FP + beta**2 FN)``

    Args:
        beta: 1 weighs both the same; 0 is precision, infinity recall.
        average, zero_division, task, from_logits, ignore_index, name: as for `Precision`.

    Source: https://scikit-learn.org/stable/modules/generated/sklearn.metrics.fbeta_score.html

    Example:
        >>> from tinygrad_nn.metrics import FBetaScore
        >>> FBetaScore(beta=0.5, average="macro")([0, 2, 1, 0, 0, 1], [0, 1, 2, 0, 1, 2]).__round__(4)
        0.2381
    """

    name = "fbeta"

    def __init__(self, beta: float = 1.0, **options: Any) -> None:
        if not beta >= 0:
            raise ValueError(f"beta: expected a number that is not negative, got {beta!r}")
        self.beta = beta
        super().__init__(**options)

    def _scores(self, right: Array, predicted: Array, actual: Array) -> Array:
        if math.isinf(self.beta):
            return self._divide(right, actual)
        square = self.beta**2
        return self._divide((1 + square) * right, square * actual + predicted)


class F1Score(FBetaScore):
    """The harmonic mean of precision and recall, ``2 TP / (2 TP + FP + FN)``; see `sklearn.metrics.f1_score`.

    Args:
        average, zero_division, task, from_logits, ignore_index, name: as for `Precision`.

    Source: https://scikit-learn.org/stable/modules/generated/sklearn.metrics.f1_score.html

    Example:
        >>> from tinygrad_nn.metrics import F1Score
        >>> F1Score(average="macro")([0, 2, 1, 0, 0, 1], [0, 1, 2, 0, 1, 2]).__round__(4)
        0.2667
        >>> F1Score()([0.9, 0.2, 0.7], [1, 0, 0]).__round__(4)
        0.6667
    """

    name = "f1"

    def __init__(self, **options: Any) -> None:
        super().__init__(1.0, **options)


class BalancedAccuracy(_Counted):
    """The mean recall of the classes that were meant; see `sklearn.metrics.balanced_accuracy_score`.

    Args:
        task, from_logits, ignore_index, name: as for `Precision`.

    Source: https://scikit-learn.org/stable/modules/generated/sklearn.metrics.balanced_accuracy_score.html

    Example:
        >>> from tinygrad_nn.metrics import BalancedAccuracy
        >>> BalancedAccuracy()([0, 1, 0, 0, 0, 1], [0, 1, 0, 0, 1, 0])
        0.625
    """

    name = "balanced_accuracy"

    def __init__(self, **options: Any) -> None:
        super().__init__(average="macro", zero_division=math.nan, **options)

    def _scores(self, right: Array, predicted: Array, actual: Array) -> Array:
        return self._divide(right, actual)


class ConfusionMatrix(Classification):
    """How often each class (row) was predicted as each (column); see `sklearn.metrics.confusion_matrix`.

    Args:
        normalize: "true": each row sums up to 1; "pred": each column; "all": the whole.
        classes: the number of classes; told by the scores, or the largest class number, if None.
        task: "binary" or "multiclass"; None: told by the shapes.
        from_logits: whether scores are logits; None: told by the scores.
        ignore_index: examples with this target are left out.
        name: what it is called.

    Returns:
        From `compute`, an array (classes, classes): int64, or float64 with weights or `normalize`.

    Source: https://scikit-learn.org/stable/modules/generated/sklearn.metrics.confusion_matrix.html

    Example:
        >>> from tinygrad_nn.metrics import ConfusionMatrix
        >>> ConfusionMatrix()([0, 0, 2, 2, 0, 2], [2, 0, 2, 2, 0, 1])
        array([[2, 0, 0],
               [0, 0, 1],
               [1, 0, 2]])
    """

    name, higher_is_better = "confusion_matrix", None

    def __init__(
        self,
        *,
        normalize: str | None = None,
        classes: int | None = None,
        task: str | None = None,
        from_logits: bool | None = None,
        ignore_index: int | None = None,
        name: str | None = None,
    ) -> None:
        if normalize is not None and normalize not in _NORMALIZATIONS:
            raise ValueError(f"normalize: expected one of {', '.join(_NORMALIZATIONS)}, or None, got {normalize!r}")
        self.normalize, self.classes = normalize, classes
        super().__init__(task=task, from_logits=from_logits, ignore_index=ignore_index, name=name)

    def _count(self, batch: Batch, predicted: Array) -> Tally:
        target, weight = batch.target, batch.weight
        if target.ndim == 2:
            raise ValueError("a confusion matrix needs one class for each example, and these have several labels")
        classes = self.classes or self._columns or 2
        if target.size:
            needed = max(int(target.max()), int(predicted.max())) + 1
            if self.classes is not None and needed > self.classes:
                raise IndexError(
                    f"class {needed - 1} is out of bounds: the confusion matrix has {self.classes} classes"
                )
            classes = max(classes, needed)
        counts = np.bincount(target * classes + predicted, weight, classes * classes)
        return {"counts": counts.reshape(classes, classes)}

    def compute(self) -> Array:
        side = self.classes or 0
        counts = self._tally.get("counts", np.zeros((side, side), np.int64))
        if self.normalize is None:
            return counts
        axis = {"true": 1, "pred": 0, "all": None}[self.normalize]
        with np.errstate(all="ignore"):
            shares: Array = np.nan_to_num(counts / counts.sum(axis=axis, keepdims=True))
        return shares
