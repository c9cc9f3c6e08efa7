"""Rows of inputs, targets and weights, from which batches are taken."""

from __future__ import annotations

from numbers import Real
from typing import Any

import numpy as np
from sklearn.utils import check_array
from sklearn.utils.validation import check_consistent_length

Array = np.ndarray[Any, Any]


class Rows:
    """Inputs with their targets, in an order that may be shuffled.

    Args:
        X: an array, or a sparse matrix, of which only a batch at a time is made dense.
        y: targets, one for each row.
        sample_weight: how much each row counts; all the same if None.
    """

    def __init__(self, X: Any, y: Array, sample_weight: Array | None = None) -> None:
        self.X = X.tocsr() if hasattr(X, "tocsr") else X
        self.y, self.sample_weight = y, sample_weight
        self.order = np.arange(len(y))

    def __len__(self) -> int:
        return len(self.y)

    def batch(self, start: int, stop: int) -> tuple[Array, Array, Array | None]:
        """Rows from here to there, in the present order."""
        rows = self.order[start:stop]
        weight = None if self.sample_weight is None else self.sample_weight[rows]
        return dense(self.X[rows]), self.y[rows], weight


def dense(X: Any) -> Array:
    """A sparse matrix as an array; an array as it is."""
    found: Array = X.toarray() if hasattr(X, "toarray") else X
    return found


def read_weight(sample_weight: Any, X: Any) -> Array | None:
    """One weight for each row, of the rows' type."""
    if sample_weight is None:
        return None
    if isinstance(sample_weight, Real):
        sample_weight = np.full(X.shape[0], sample_weight)
    array: Array = check_array(sample_weight, ensure_2d=False, dtype=X.dtype, input_name="sample_weight")
    if array.ndim != 1:
        raise ValueError("Sample weights must be 1D array or scalar")
    check_consistent_length(array, X)
    if not array.any():
        raise ValueError("All sample weights are zero: no example counts")
    return array
