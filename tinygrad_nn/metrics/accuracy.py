"""The share of examples that are classified right."""

from __future__ import annotations

from typing import Any

import numpy as np

from .classification import Classification, Tally, added
from .reading import Array, Batch, as_array


class Accuracy(Classification):
    """The share of examples whose prediction is right; see `sklearn.metrics.accuracy_score`.

    Args:
        task: "binary", "multiclass" or "multilabel"; None: told by the shapes. Outputs and targets that both have
            several columns are labels, each by itself; for one-hot targets give "multiclass".
        from_logits: whether scores are logits. None: told by all scores together, which are probabilities while
            they lie in [0, 1].
        ignore_index: examples with this target are left out.
        each_label: with several labels, count each of them. Without, an example is right if all of its labels are.
        name: what it is called.

    Source: https://scikit-learn.org/stable/modules/generated/sklearn.metrics.accuracy_score.html

    Example:
        >>> from tinygrad_nn.metrics import Accuracy
        >>> accuracy = Accuracy()
        >>> accuracy.update([[0.1, 2.0], [3.0, -1.0]], [1, 0])
        >>> accuracy.update([[0.5, 0.2]], [1])
        >>> round(accuracy.compute(), 4)
        0.6667
    """

    name = "accuracy"
    _plain: dict[str, int]  # what was right of how much, where nothing needed to be checked

    def __init__(
        self,
        *,
        task: str | None = None,
        from_logits: bool | None = None,
        ignore_index: int | None = None,
        each_label: bool = False,
        name: str | None = None,
    ) -> None:
        self.each_label = each_label
        super().__init__(task=task, from_logits=from_logits, ignore_index=ignore_index, name=name)

    def update(self, output: Any, target: Any, weight: Any = None) -> None:
        output, target = as_array(output), as_array(target)
        if weight is None and self._is_plain(output, target):
            # What training asks for after every batch, without the checks that the loss has made.
            plain = self._plain
            right = int(np.count_nonzero(output.argmax(axis=1) == target))
            self._plain = {"right": plain["right"] + right, "all": plain["all"] + len(target)}
        else:
            super().update(output, target, weight)

    def _is_plain(self, output: Array, target: Array) -> bool:
        """Scores (N, classes) and class numbers (N,) that are in range."""
        if output.ndim != 2 or target.ndim != 1 or self.task == "multilabel" or self.ignore_index is not None:
            return False
        classes = output.shape[1]
        if classes < 2 or len(output) != len(target) or not len(target) or target.dtype != np.int64:
            return False
        return bool(target.view(np.uint64).max() < classes)  # a negative number is a large one here

    def reset(self) -> None:
        super().reset()
        self._plain = {"right": 0, "all": 0}

    def _count(self, batch: Batch, predicted: Array) -> Tally:
        right = predicted == batch.target
        if right.ndim == 2:
            right = right.mean(axis=1) if self.each_label else right.all(axis=1)
        return shares(right, batch.weight)

    def compute(self) -> float:
        return quotient(added(self._tally, {name: np.asarray(count) for name, count in self._plain.items()}))


def shares(right: Array, weight: Array | None) -> Tally:
    """How much is right, of how much."""
    return {
        "right": np.asarray(right.sum() if weight is None else weight @ right, np.float64),
        "all": np.asarray(len(right) if weight is None else weight.sum(), np.float64),
    }


def quotient(tally: Tally) -> float:
    """The share that is right; nan of nothing."""
    return float(tally["right"] / tally["all"]) if tally and tally["all"] else float("nan")


class TopKAccuracy(Classification):
    """The share of examples whose class is among the ``k`` with the highest scores.

    See `sklearn.metrics.top_k_accuracy_score`. Of classes with the same score the last ones count as higher, as there.

    Args:
        k: how many.
        ignore_index: examples with this target are left out.
        name: "top_<k>_accuracy" if None.

    Source: https://scikit-learn.org/stable/modules/generated/sklearn.metrics.top_k_accuracy_score.html

    Example:
        >>> from tinygrad_nn.metrics import TopKAccuracy
        >>> TopKAccuracy(2)([[0.5, 0.2, 0.2], [0.3, 0.4, 0.2], [0.2, 0.4, 0.3], [0.7, 0.2, 0.1]], [0, 1, 2, 2])
        0.75
    """

    def __init__(self, k: int = 5, *, ignore_index: int | None = None, name: str | None = None) -> None:
        if k < 1:
            raise ValueError(f"k: expected at least 1, got {k}")
        self.k = k
        super().__init__(ignore_index=ignore_index, name=name or f"top_{k}_accuracy")

    def _count(self, batch: Batch, predicted: Array) -> Tally:
        scores, target = batch.scores_for(self.name), batch.target
        if batch.task != "multiclass":
            raise ValueError(f"{self.name} needs a score for each class, (N, classes); what came is {batch.task}")
        own = scores[np.arange(len(target)), target][:, None]
        later = np.arange(scores.shape[1]) > target[:, None]
        before = ((scores > own) | ((scores == own) & later)).sum(axis=1)
        hit = (before < self.k) & ~np.isnan(own[:, 0])
        return shares(hit, batch.weight)

    def compute(self) -> float:
        return quotient(self._tally)
