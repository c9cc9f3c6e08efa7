"""Outputs, targets and weights of a batch, in the one form that metrics count in."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from .._core.errors import near
from .._core.tensor import Tensor

Array = np.ndarray[Any, Any]

TASKS = ("binary", "multiclass", "multilabel")


def as_array(values: Any) -> Array:
    """The numbers of a tensor, with or without a graph, or of anything that NumPy takes."""
    if isinstance(values, Tensor):
        return values._array
    return np.asarray(values)


def as_weight(weight: Any, count: int) -> Array | None:
    """One weight for each example, float64; None where all count the same."""
    if weight is None:
        return None
    array = as_array(weight).astype(np.float64)
    if array.shape not in ((count,), (count, 1)):
        raise ValueError(
            f"weight has shape {array.shape} for a batch of {count} examples. Give one number for each: ({count},)"
        )
    return array.reshape(count)


@dataclass(frozen=True)
class Batch:
    """Outputs and targets of a classification.

    Attributes:
        task: "binary", "multiclass" or "multilabel".
        target: class numbers (N,); for "multilabel" whether an example has a label, bool (N, labels).
        scores: (N,), (N, classes) or (N, labels); None where the outputs are class numbers themselves.
        labels: the outputs where they are class numbers (N,), or bool (N, labels).
        weight: float64 (N,), or None.
    """

    task: str
    target: Array
    scores: Array | None
    labels: Array | None
    weight: Array | None

    def scores_for(self, metric: str) -> Array:
        """The scores, which this metric cannot do without."""
        if self.scores is None:
            raise ValueError(f"{metric} needs scores, and the outputs are class numbers. Give logits or probabilities")
        return self.scores

    def predicted(self, from_logits: bool) -> Array:
        """Class numbers (N,), or bool (N, labels): the largest score, or each score beyond the threshold."""
        if self.labels is not None:
            return self.labels
        assert self.scores is not None
        if self.task == "multiclass":
            largest: Array = self.scores.argmax(axis=1)
            return largest
        beyond: Array = self.scores > (0 if from_logits else 0.5)
        return beyond if self.task == "multilabel" else beyond.astype(np.int64)

    @property
    def has_thresholds(self) -> bool:
        """Whether what is predicted depends on what the scores are."""
        return self.scores is not None and self.task != "multiclass"


def check_task(task: str | None) -> None:
    """Raise ValueError for an unknown kind of task."""
    if task is not None and task not in TASKS:
        raise ValueError(f"task: expected one of {', '.join(TASKS)}, or None, got {task!r}.{near(str(task), TASKS)}")


def read_batch(
    output: Any, target: Any, weight: Any = None, task: str | None = None, ignore_index: int | None = None
) -> Batch:
    """A batch of a classification.

    Args:
        output: scores (N, classes, ...) with targets (N, ...), as `cross_entropy` takes them; one score for each
            target; or class numbers.
        target: class numbers; 0 and 1 where there is one score for each.
        weight: (N,), or of the target's shape.
        task: what to make of outputs and targets of the same shape. None: one dimension or one column is binary (or
            class numbers, if the outputs are whole numbers), several columns are labels.
        ignore_index: examples with this target are left out.

    Raises:
        ValueError: shapes or values do not fit together.
        IndexError: a target is no class.
    """
    output, target = as_array(output), as_array(target)
    kind = task or _kind(output, target)
    if kind == "multilabel":
        return _labelled(output, target, weight)
    shape = target.shape
    if kind == "multiclass" and output.shape == shape and output.dtype.kind == "f":
        if output.ndim < 2:
            raise ValueError(_misfit(output, target))
        target = target.argmax(axis=1)  # one-hot, or probabilities
        shape = target.shape
    numbers = target.reshape(-1)
    spread = _spread(weight, shape)
    if output.ndim == len(shape) + 1 and output.shape[0] == shape[0] and output.shape[2:] == shape[1:]:
        values = np.moveaxis(output, 1, -1).reshape(-1, output.shape[1])  # (N * ..., classes)
        values = values.reshape(-1) if output.shape[1] == 1 else values
    elif output.shape[:1] == shape[:1] and _squeezed(output) == tuple(length for length in shape if length != 1):
        values = output.reshape(-1)
    else:
        raise ValueError(_misfit(output, target))
    if ignore_index is not None:
        kept = numbers != ignore_index
        values, numbers = values[kept], numbers[kept]
        spread = None if spread is None else spread[kept]
    return _classes(values, numbers, spread)


def _kind(output: Array, target: Array) -> str:
    """The task that shapes and types tell of."""
    if output.shape != target.shape or target.ndim == 1 or (target.ndim == 2 and target.shape[1] == 1):
        return "classes"
    if target.ndim == 2:
        return "multilabel"
    raise ValueError(
        f"outputs and targets both have shape {target.shape}, which may mean several things. Give the metric a task: "
        "'binary' (each number by itself), 'multiclass' (dimension 1 holds the classes) or 'multilabel'"
    )


def _squeezed(array: Array) -> tuple[int, ...]:
    return tuple(length for length in array.shape if length != 1)


def _misfit(output: Array, target: Array) -> str:
    return (
        f"outputs of shape {output.shape} do not fit targets of shape {target.shape}. Expected outputs "
        "(N, classes, ...) for targets (N, ...), or both of the same shape"
    )


def _spread(weight: Any, shape: tuple[int, ...]) -> Array | None:
    """The weight of each target, in one dimension: an example's own, or that of all of its parts."""
    if weight is None:
        return None
    array = as_array(weight)
    if array.shape == shape:
        return array.astype(np.float64).reshape(-1)
    each = as_weight(weight, shape[0])
    assert each is not None
    return each.repeat(math.prod(shape[1:]))


def _whole(numbers: Array) -> Array:
    """Class numbers as int64."""
    if numbers.dtype.kind in "iub":
        return numbers.astype(np.int64, copy=False)
    whole = numbers.astype(np.int64) if numbers.dtype.kind == "f" and np.isfinite(numbers).all() else None
    if whole is None or (whole != numbers).any():
        raise ValueError(f"targets: expected class numbers, got {numbers.dtype} such as {numbers.reshape(-1)[:3]}")
    return whole


def _classes(values: Array, target: Array, weight: Array | None) -> Batch:
    """Each target is one class. `values` (N,) or (N, classes)."""
    target = _whole(target)
    if values.ndim == 2:
        outside = (target < 0) | (target >= values.shape[1])
        if outside.any():
            row = int(outside.argmax())
            raise IndexError(
                f"Target {target[row]} is out of bounds. Row {row}: expected 0 to {values.shape[1] - 1}, as the "
                f"outputs have {values.shape[1]} classes"
            )
        return Batch("multiclass", target, values, None, weight)
    if values.dtype.kind in "iub":
        if target.size and (target.min() < 0 or values.min() < 0):
            raise ValueError("class numbers must not be negative")
        return Batch("multiclass", target, None, values.astype(np.int64), weight)
    if target.size and (target.min() < 0 or target.max() > 1):
        raise ValueError(
            f"with one score for each example, targets are 0 or 1, got {target[(target < 0) | (target > 1)][0]}. For "
            "more classes give scores (N, classes); if the outputs are class numbers, give them as integers"
        )
    return Batch("binary", target, values, None, weight)


def _labelled(output: Array, target: Array, weight: Any) -> Batch:
    """Each example has any number of labels."""
    if output.shape != target.shape or target.ndim < 2:
        raise ValueError(
            f"outputs of shape {output.shape}, targets of shape {target.shape}: for task 'multilabel' both are "
            "(N, labels)"
        )
    count = len(target)
    shape = count, math.prod(target.shape[1:])
    target, output = target.reshape(shape), output.reshape(shape)
    for name, array in (("targets", target), ("outputs", output)):
        if (name == "targets" or array.dtype.kind in "iub") and not np.isin(array, (0, 1)).all():
            raise ValueError(
                f"{name} of several columns must be 0 or 1, one for each label. For class numbers give "
                "task='multiclass'"
            )
    spread = as_weight(weight, count)
    if output.dtype.kind in "iub":
        return Batch("multilabel", target != 0, None, output != 0, spread)
    return Batch("multilabel", target != 0, output, None, spread)


def read_values(output: Any, target: Any, weight: Any = None) -> tuple[Array, Array, Array | None]:
    """A batch of a regression: outputs and targets as float64 (N, values), and weights.

    Raises:
        ValueError: the shapes differ by more than dimensions of length 1.
    """
    output, target = as_array(output), as_array(target)
    if output.shape != target.shape and (
        not target.ndim or not output.ndim or len(output) != len(target) or _squeezed(output) != _squeezed(target)
    ):
        raise ValueError(
            f"outputs of shape {output.shape} do not fit targets of shape {target.shape}: both must have the same shape"
        )
    count = len(target) if target.ndim else 1
    shape = count, math.prod(target.shape[1:])
    return (
        output.astype(np.float64).reshape(shape),
        target.astype(np.float64).reshape(shape),
        as_weight(weight, count),
    )
