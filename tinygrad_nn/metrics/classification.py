"""What classification metrics share: reading batches, and telling logits from probabilities."""

from __future__ import annotations

from typing import Any

import numpy as np

from .metric import Metric
from .reading import Array, Batch, check_task, read_batch

Tally = dict[str, Array]  # sums by name, of which a later batch may have longer ones


class Classification(Metric):
    """Base class of metrics that count what was predicted.

    Which label one score stands for depends on what it is: a logit beyond 0, a probability beyond 0.5. What is not said
    is told from all scores since the last `reset`: while they lie in [0, 1] they are probabilities, else logits.

    Args:
        task: "binary", "multiclass" or "multilabel"; None: told by the shapes. Outputs and targets that both have
            several columns are labels, each by itself; for one-hot targets give "multiclass".
        from_logits: whether scores are logits.
        ignore_index: examples with this target are left out.
        name: what it is called.
    """

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
        self._as_logits: Tally = {}
        self._as_probabilities: Tally = {}
        self._within_one = True  # all scores so far lie in [0, 1]
        self._task: str | None = None
        self._columns = 0

    def update(self, output: Any, target: Any, weight: Any = None) -> None:
        batch = read_batch(output, target, weight, self.task, self.ignore_index)
        self._note(batch)
        if self.from_logits is not None or not batch.has_thresholds:
            tally = self._count(batch, batch.predicted(bool(self.from_logits)))
            self._as_logits = added(self._as_logits, tally)
            self._as_probabilities = added(self._as_probabilities, tally)
            return
        assert batch.scores is not None
        self._as_logits = added(self._as_logits, self._count(batch, batch.predicted(True)))
        self._within_one = self._within_one and bool(((batch.scores >= 0) & (batch.scores <= 1)).all())
        if self._within_one:
            self._as_probabilities = added(self._as_probabilities, self._count(batch, batch.predicted(False)))

    def _note(self, batch: Batch) -> None:
        """Refuse a batch that is of another kind than those before."""
        columns = batch.scores.shape[1] if batch.scores is not None and batch.scores.ndim == 2 else 0
        if batch.labels is not None and batch.labels.ndim == 2:
            columns = batch.labels.shape[1]
        if self._task is not None and (batch.task, columns) != (self._task, self._columns):
            raise ValueError(
                f"this batch is {batch.task} with {columns or 1} columns, those before were {self._task} with "
                f"{self._columns or 1}. Call reset() in between"
            )
        self._task, self._columns = batch.task, columns

    def _count(self, batch: Batch, predicted: Array) -> Tally:
        raise NotImplementedError

    @property
    def _tally(self) -> Tally:
        return self._as_probabilities if self._within_one else self._as_logits


def added(tally: Tally, other: Tally) -> Tally:
    """The sums of both. Where one is shorter it has counted fewer classes, and zeros stand for the others."""
    if not tally:
        return other
    return {name: _sum(tally[name], array) for name, array in other.items()}


def _sum(first: Array, second: Array) -> Array:
    if first.shape == second.shape:
        return first + second
    total = np.zeros(np.maximum(first.shape, second.shape), np.result_type(first, second))
    for part in (first, second):
        total[tuple(slice(length) for length in part.shape)] += part
    return total
