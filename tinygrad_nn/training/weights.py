"""How much samples and classes count."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from .._core.tensor import Tensor, wrap
from ..utils.data import Subset, TensorDataset
from .arrays import as_array

Array = np.ndarray[Any, Any]


def check_weights(weight: Any, count: int) -> Array:
    """A weight for each sample.

    Raises:
        ValueError: there are more or fewer, or some are negative or not finite.
    """
    array = as_array(weight, "sample_weight").astype(np.float64)
    if array.shape != (count,):
        raise ValueError(f"sample_weight: expected shape ({count},), one weight for each sample, got {array.shape}")
    if not np.isfinite(array).all() or (array < 0).any():
        raise ValueError("sample_weight: expected weights of 0 or more, got some that are negative, infinite or nan")
    return array


def class_table(given: Any, targets: Any) -> Array:
    """The weight of each class.

    Args:
        given: "balanced", a dict from class to weight, or the weights in order.
        targets: all targets, which "balanced" counts.

    Raises:
        ValueError: it is nothing of that kind, or there are no targets to be counted.
    """
    if isinstance(given, str):
        if given != "balanced":
            raise ValueError(f"class_weight: expected 'balanced', a dict from class to weight or a list, got {given!r}")
        if targets is None:
            raise ValueError(
                "class_weight='balanced' counts the classes, and these data do not have all targets at hand. Give the "
                "weights as a dict from class to weight"
            )
        counts = np.bincount(np.asarray(targets).reshape(-1).astype(np.int64))
        present = np.count_nonzero(counts)
        return np.where(counts > 0, counts.sum() / (present * np.maximum(counts, 1)), 1.0)
    if isinstance(given, Mapping):
        classes = [int(key) for key in given]
        if not classes or min(classes) < 0:
            raise ValueError(f"class_weight: expected a dict from class numbers to weights, got {dict(given)!r}")
        table = np.ones(max(classes) + 1)
        table[classes] = [float(weight) for weight in given.values()]
    else:
        table = np.asarray(given, np.float64)
    if table.ndim != 1 or not len(table) or not np.isfinite(table).all() or (table < 0).any():
        raise ValueError(f"class_weight: expected a weight of 0 or more for each class, got {given!r}")
    return table


def targets_of(dataset: Any) -> Any:
    """All targets of a dataset that has them at hand; else None."""
    if isinstance(dataset, TensorDataset) and len(dataset.tensors) > 1:
        return dataset.tensors[-1]
    if isinstance(dataset, Subset):
        whole = targets_of(dataset.dataset)
        return None if whole is None else np.asarray(whole)[np.asarray(dataset.indices)]
    return getattr(dataset, "targets", None)


def class_weights(table: Array, target: Any, weight: Tensor | None) -> Tensor:
    """Each sample's weight: its class's, times its own if it has one.

    Raises:
        ValueError: the targets are no class numbers, one for each sample.
    """
    numbers = np.asarray(target)
    if numbers.ndim == 2 and numbers.shape[1] == 1:
        numbers = numbers[:, 0]
    whole = numbers.astype(np.int64, copy=False)
    if numbers.ndim != 1 or (whole is not numbers and (whole != numbers).any()) or (whole < 0).any():
        raise ValueError(
            f"class_weight needs a class number for each sample, got targets of shape {np.shape(target)} and type "
            f"{numbers.dtype}. For anything else give sample_weight"
        )
    found = np.where(whole < len(table), table[np.minimum(whole, len(table) - 1)], 1.0)
    if weight is not None:
        found = found * np.asarray(weight)
    return wrap(found.astype(np.float32 if weight is None else np.asarray(weight).dtype))
