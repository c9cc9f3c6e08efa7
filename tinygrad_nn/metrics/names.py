"""Metrics by name."""

from __future__ import annotations

import copy
import functools
import re
from collections.abc import Callable
from typing import Any

from .._core.errors import near
from .accuracy import Accuracy, TopKAccuracy
from .counts import BalancedAccuracy, ConfusionMatrix, F1Score, Precision, Recall
from .metric import FromFunction, Metric
from .probabilities import LogLoss, Perplexity
from .ranking import AUC, AveragePrecision
from .regression import MeanAbsoluteError, MeanSquaredError, R2Score, RootMeanSquaredError

# What each name makes. Several names may make the same.
NAMES: dict[str, Callable[[], Metric]] = {
    "accuracy": Accuracy,
    "auc": AUC,
    "average_precision": AveragePrecision,
    "balanced_accuracy": BalancedAccuracy,
    "confusion_matrix": ConfusionMatrix,
    "f1": F1Score,
    "log_loss": LogLoss,
    "mae": MeanAbsoluteError,
    "mse": MeanSquaredError,
    "perplexity": Perplexity,
    "precision": Precision,
    "r2": R2Score,
    "recall": Recall,
    "rmse": RootMeanSquaredError,
    "top_5_accuracy": TopKAccuracy,
}
_SHORT = {"acc": "accuracy"}  # what Keras takes, too
for _kind in (F1Score, Precision, Recall):
    for _average in ("macro", "micro", "weighted"):
        _name = f"{_kind.name}_{_average}"
        NAMES[_name] = functools.partial(_kind, average=_average, name=_name)


def metric(
    name_or_object: str | Metric | type[Metric] | Callable[..., Any],
    *,
    task: str | None = None,
    from_logits: bool | None = None,
) -> Metric:
    """The metric of this name; or a metric, its class, or a function of outputs and targets as a metric.

    Args:
        name_or_object: what is wanted.
        task, from_logits: what is known about the outputs, from the loss for instance. A metric that asks for it
            and was not told is told so; it is copied for that.

    Raises:
        ValueError: no metric has this name.
        TypeError: it is nothing of that kind.

    Example:
        >>> from tinygrad_nn.metrics import metric
        >>> metric("accuracy")
        Accuracy(name='accuracy')
        >>> metric("acuracy")
        Traceback (most recent call last):
        ValueError: no metric is called 'acuracy'. Did you mean 'accuracy'? There are ...
    """
    found = _resolve(name_or_object)
    told = {
        key: value
        for key, value in {"task": task, "from_logits": from_logits}.items()
        if value is not None and getattr(found, key, value) is None
    }
    if told:
        found = copy.copy(found)
        vars(found).update(told)
        found.reset()  # which gives the copy numbers of its own
    return found


def _resolve(wanted: Any) -> Metric:
    if isinstance(wanted, Metric):
        return wanted
    if isinstance(wanted, str):
        make = NAMES.get(_SHORT.get(wanted.lower(), wanted.lower()))
        top = re.fullmatch(r"top_(\d+)_accuracy", wanted.lower())
        if make is None and top is not None:
            return TopKAccuracy(int(top[1]))
        if make is None:
            raise ValueError(
                f"no metric is called {wanted!r}.{near(wanted.lower(), NAMES)} There are {', '.join(sorted(NAMES))}"
            )
        return make()
    if isinstance(wanted, type) and issubclass(wanted, Metric):
        return wanted()
    if callable(wanted):
        return FromFunction(wanted)
    raise TypeError(
        f"a metric: expected a name, a Metric or a function of outputs and targets, got {type(wanted).__name__}"
    )
