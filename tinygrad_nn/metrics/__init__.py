"""Metrics: how good a model is, collected batch by batch.

    accuracy = metrics.Accuracy()
    for inputs, targets in loader:
        accuracy.update(model(inputs), targets)
    print(accuracy.compute())

Outputs and targets are tensors or arrays. The answers are scikit-learn's.
"""

from __future__ import annotations

from .accuracy import Accuracy
from .metric import FromFunction, Metric
from .names import metric
from .regression import MeanAbsoluteError, MeanSquaredError, R2Score, RootMeanSquaredError

__all__ = [
    "Accuracy", "FromFunction", "MeanAbsoluteError", "MeanSquaredError", "Metric", "R2Score", "RootMeanSquaredError",
    "metric",
]  # fmt: skip
