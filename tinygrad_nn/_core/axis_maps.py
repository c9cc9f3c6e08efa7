"""Linear maps along one axis in which each result is a weighted sum of a few elements.

A map is applied by taking the elements that the results need, one tap after the other, or, where the axis is short, as
a matrix product, which is quicker. Transposed it is such a map again, so that its gradient is one, too.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
_SHORT = 56  # up to so many elements for each tap, the matrix product is quicker (measured)


class AxisMap:
    """Results from elements: ``y[i] = sum over k of weights[i, k] * x[indices[i, k]]``.

    Args:
        indices: which elements each result is made of, (results, taps).
        weights: their weights, in the type to compute in; None: one tap, of weight 1.
        length: how many elements there are.
    """

    __slots__ = ("__dict__", "indices", "length", "weights")

    def __init__(self, indices: Array, weights: Array | None, length: int) -> None:
        self.indices, self.weights, self.length = indices, weights, length

    @functools.cached_property
    def matrix(self) -> Array:
        """The map as a matrix of (results, elements)."""
        results, taps = self.indices.shape
        weights = np.ones((results, 1), np.float32) if self.weights is None else self.weights
        matrix = np.zeros((results, self.length), weights.dtype)
        np.add.at(matrix, (np.repeat(np.arange(results), taps), self.indices.reshape(-1)), weights.reshape(-1))
        return matrix

    @functools.cached_property
    def transposed(self) -> AxisMap:
        """From results to elements: the adjoint."""
        results, taps = self.indices.shape
        weights = np.ones((results, 1), np.float32) if self.weights is None else self.weights
        flat = self.indices.reshape(-1)
        used = np.flatnonzero(weights.reshape(-1) != 0)
        used = used[np.argsort(flat[used], kind="stable")]
        counts = np.bincount(flat[used], minlength=self.length)
        most = max(int(counts.max(initial=0)), 1)
        within = np.arange(len(used)) - np.repeat(np.cumsum(counts) - counts, counts)
        indices = np.zeros((self.length, most), np.intp)
        values = np.zeros((self.length, most), weights.dtype)
        indices[flat[used], within] = used // taps
        values[flat[used], within] = weights.reshape(-1)[used]
        made = AxisMap(indices, values, results)
        made.__dict__["transposed"] = self
        return made

    @property
    def growth(self) -> float:
        """How many results there are for each element."""
        return len(self.indices) / max(self.length, 1)

    def apply(self, x: Array, axis: int) -> Array:
        """The results along an axis, a negative number."""
        taps = self.indices.shape[1]
        if self.weights is None:
            return x.take(self.indices[:, 0], axis, mode="clip")
        finite = bool(np.isfinite(x.sum()))  # where a number is not, 0 times it must not spread to all results
        if finite and self.length <= _SHORT * taps and x.dtype == self.weights.dtype and x.size:
            return self._product(x, axis)
        column = (-1,) + (1,) * (-1 - axis)
        total = None
        for k in range(taps):
            part = x.take(self.indices[:, k], axis, mode="clip")
            weight = self.weights[:, k].reshape(column)
            part = np.multiply(part, weight, part) if part.dtype == weight.dtype else part * weight
            if not finite:
                part = np.where(weight == 0, weight.dtype.type(0), part)
            total = part if total is None else np.add(total, part, total)
        assert total is not None
        return total

    def _product(self, x: Array, axis: int) -> Array:
        if axis == -1:
            rows: Array = x.reshape(-1, self.length) @ self.matrix.T
            return rows.reshape(*x.shape[:-1], len(self.indices))
        after = x.shape[axis + 1 :]
        columns: Array = self.matrix @ x.reshape(*x.shape[:axis], self.length, -1)
        return columns.reshape(*x.shape[:axis], len(self.indices), *after)
