"""How far outputs are from targets that are numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from .metric import Metric
from .reading import Array, read_values


class _MeanOfErrors(Metric):
    """A weighted mean over the examples, for each value of an output, and then over the values.

    Args:
        average: False: one number for each value of an output, in place of their mean.
        name: what it is called.
    """

    higher_is_better = False

    def __init__(self, *, average: bool = True, name: str | None = None) -> None:
        self.average = average
        if name is not None:
            self.name = name
        super().__init__()

    def reset(self) -> None:
        self._sum: Array | float = 0.0
        self._weight = 0.0

    def _errors(self, difference: Array) -> Array:
        raise NotImplementedError

    def update(self, output: Any, target: Any, weight: Any = None) -> None:
        output, target, weights = read_values(output, target, weight)
        errors = self._errors(output - target)  # (N, values)
        self._sum = self._sum + (errors.sum(axis=0) if weights is None else weights @ errors)
        self._weight += len(errors) if weights is None else float(weights.sum())

    def _means(self) -> Array:
        with np.errstate(all="ignore"):
            return np.atleast_1d(np.asarray(self._sum) / self._weight) if self._weight else np.array([np.nan])

    def compute(self) -> Any:
        means = self._means()
        return float(means.mean()) if self.average else means


class MeanSquaredError(_MeanOfErrors):
    """``mean((output - target) ** 2)``; see `sklearn.metrics.mean_squared_error`.

    Args:
        average: False: one number for each value of an output, in place of their mean.
        name: what it is called.

    Source: https://scikit-learn.org/stable/modules/generated/sklearn.metrics.mean_squared_error.html

    Example:
        >>> from tinygrad_nn.metrics import MeanSquaredError
        >>> MeanSquaredError()([2.5, 0.0, 2.0, 8.0], [3.0, -0.5, 2.0, 7.0])
        0.375
    """

    name = "mse"

    def _errors(self, difference: Array) -> Array:
        return difference * difference


class RootMeanSquaredError(MeanSquaredError):
    """The square root of `MeanSquaredError`, for each value of an output and then the mean over these.

    Source: https://scikit-learn.org/stable/modules/generated/sklearn.metrics.root_mean_squared_error.html

    Example:
        >>> from tinygrad_nn.metrics import RootMeanSquaredError
        >>> RootMeanSquaredError()([2.0, 5.0], [3.0, 4.0])
        1.0
    """

    name = "rmse"

    def _means(self) -> Array:
        return np.sqrt(super()._means())


class MeanAbsoluteError(_MeanOfErrors):
    """``mean(abs(output - target))``; see `sklearn.metrics.mean_absolute_error`.

    Args:
        average: False: one number for each value of an output, in place of their mean.
        name: what it is called.

    Source: https://scikit-learn.org/stable/modules/generated/sklearn.metrics.mean_absolute_error.html

    Example:
        >>> from tinygrad_nn.metrics import MeanAbsoluteError
        >>> MeanAbsoluteError()([2.5, 0.0, 2.0, 8.0], [3.0, -0.5, 2.0, 7.0])
        0.5
    """

    name = "mae"

    def _errors(self, difference: Array) -> Array:
        return np.abs(difference)


class R2Score(Metric):
    """The share of the targets' variance that is explained, ``1 - sum((y - output)**2) / sum((y - mean(y))**2)``.

    1 is best, 0 is what the mean of the targets would get. As in scikit-learn, where all targets are equal it is 1 if
    the outputs equal them and 0 if not, and nan with fewer than two examples. The sums of a batch are taken around its
    own mean, so that targets far from 0 lose no digits.

    Args:
        average: False: one number for each value of an output, in place of their mean.
        name: what it is called.

    Source: https://scikit-learn.org/stable/modules/generated/sklearn.metrics.r2_score.html

    Example:
        >>> from tinygrad_nn.metrics import R2Score
        >>> round(R2Score()([2.5, 0.0, 2.0, 8.0], [3.0, -0.5, 2.0, 7.0]), 4)
        0.9486
    """

    name = "r2"

    def __init__(self, *, average: bool = True, name: str | None = None) -> None:
        self.average = average
        if name is not None:
            self.name = name
        super().__init__()

    def reset(self) -> None:
        self._count, self._weight = 0, 0.0
        self._mean: Array | float = 0.0
        self._residual: Array | float = 0.0  # sum of (y - output)**2
        self._spread: Array | float = 0.0  # sum of (y - mean)**2

    def update(self, output: Any, target: Any, weight: Any = None) -> None:
        output, target, weights = read_values(output, target, weight)
        each = np.ones(len(target)) if weights is None else weights
        total = float(each.sum())
        self._count += len(target)
        if not total:
            return
        mean = each @ target / total
        # Two parts have more together than by themselves, as their means are apart (Chan, Golub and LeVeque, 1979).
        both, apart = self._weight + total, mean - self._mean
        self._spread = self._spread + each @ (target - mean) ** 2 + apart**2 * (self._weight * total / both)
        self._mean = self._mean + apart * (total / both)
        self._residual = self._residual + each @ (target - output) ** 2
        self._weight = both

    def compute(self) -> Any:
        if self._count < 2 or not self._weight:
            return float("nan") if self.average else np.array([np.nan])
        residual, spread = np.asarray(self._residual), np.asarray(self._spread)
        with np.errstate(all="ignore"):
            scores = np.where(spread > 0, 1 - residual / spread, np.where(residual > 0, 0.0, 1.0))
        return float(scores.mean()) if self.average else scores
