"""Metrics: how good a model is, collected batch by batch.

    accuracy = metrics.Accuracy()
    for inputs, targets in loader:
        accuracy.update(model(inputs), targets)
    print(accuracy.compute())

Outputs and targets are tensors or arrays. The answers are scikit-learn's.
"""

from __future__ import annotations

from .accuracy import Accuracy, TopKAccuracy
from .counts import BalancedAccuracy, ConfusionMatrix, F1Score, FBetaScore, Precision, Recall
from .metric import FromFunction, Metric
from .names import metric
from .probabilities import LogLoss, Perplexity
from .ranking import AUC, AveragePrecision
from .regression import MeanAbsoluteError, MeanSquaredError, R2Score, RootMeanSquaredError

__all__ = [
    "AUC", "Accuracy", "AveragePrecision", "BalancedAccuracy", "ConfusionMatrix", "F1Score", "FBetaScore",
    "FromFunction", "LogLoss", "MeanAbsoluteError", "MeanSquaredError", "Metric", "Perplexity", "Precision", "R2Score",
    "Recall", "RootMeanSquaredError", "TopKAccuracy", "metric",
]  # fmt: skip
