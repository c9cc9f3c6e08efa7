"""Going through data without training: averages over it, and what a model makes of it."""

from __future__ import annotations

import contextlib
import copy
import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from .._core.modes import no_grad
from ..nn import Module
from .data import Source

if TYPE_CHECKING:
    from ..metrics import Metric
    from .objective import Measured, Objective


class Averages:
    """The loss and the metrics of all batches of an epoch.

    Args:
        metrics: the metrics, which are used.
    """

    def __init__(self, metrics: Sequence[Metric]) -> None:
        self.metrics = metrics
        self.reset()

    def reset(self) -> None:
        """Forget all batches."""
        self._amount = self._count = 0.0
        for metric in self.metrics:
            metric.reset()

    @property
    def names(self) -> list[str]:
        """What they are called."""
        return ["loss", *(metric.name for metric in self.metrics)]

    def higher_is_better(self, name: str) -> bool | None:
        """Whether more is better; None if neither way is."""
        found = next((metric for metric in self.metrics if metric.name == name), None)
        return False if found is None else getattr(found, "higher_is_better", None)

    def add(self, measured: Measured, output: Any, target: Any, weight: Any) -> None:
        """Take in a batch."""
        self._amount += measured.amount
        self._count += measured.divisor
        for metric in self.metrics:
            metric.update(output, target, weight)

    @property
    def loss(self) -> float:
        """The mean loss; nan before the first batch."""
        return self._amount / self._count if self._count else math.nan

    def result(self) -> dict[str, Any]:
        """All of them by name. Those that are arrays are lists, so that they can be written down."""
        found: dict[str, Any] = {"loss": self.loss}
        for metric in self.metrics:
            value = metric.compute()
            found[metric.name] = value.tolist() if hasattr(value, "tolist") else value
        return found

    # A metric that has no state of its own keeps it in attributes: those that differ from what `reset` makes.

    def state_dict(self) -> dict[str, Any]:
        """All that was taken in."""
        return {
            "amount": self._amount,
            "count": self._count,
            "metrics": [_state(metric) for metric in self.metrics],
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from there."""
        self.reset()
        self._amount, self._count = state["amount"], state["count"]
        for metric, kept in zip(self.metrics, state["metrics"], strict=True):
            if hasattr(metric, "load_state_dict"):
                metric.load_state_dict(kept)
            else:
                vars(metric).update(kept)


def _state(metric: Any) -> Any:
    if hasattr(metric, "state_dict"):
        return metric.state_dict()
    fresh = copy.copy(metric)
    fresh.reset()
    missing = object()
    return {name: value for name, value in vars(metric).items() if vars(fresh).get(name, missing) is not value}


Modes = list[tuple[Module, bool]]


def modes_of(model: Module) -> Modes:
    """Which layers are in training mode."""
    return [(module, module.training) for module in model.modules()]


def set_modes(modes: Modes) -> None:
    """Put them back."""
    for module, training in modes:
        module.training = training


@contextlib.contextmanager
def evaluating(model: Module) -> Iterator[None]:
    """In this block, the model is in evaluation mode, and nothing is recorded. Afterwards each layer is as before."""
    modes = modes_of(model)
    model.eval()
    try:
        with no_grad():
            yield
    finally:
        set_modes(modes)


def evaluate(model: Module, objective: Objective, source: Source, metrics: Sequence[Metric]) -> dict[str, Any]:
    """The loss and the metrics of data. The metrics themselves go on with what they were counting.

    Raises:
        ValueError: there are no batches.
    """
    averages = Averages([copy.copy(metric) for metric in metrics])
    number = 0
    with evaluating(model):
        for number, data in enumerate(source.batches, start=1):
            args, kwargs, target, weight = source.read(data)
            output = model(*args, **kwargs)
            measured = objective.measure(output, target, weight, lambda number=number: f"in batch {number}")  # type: ignore[misc]
            averages.add(measured, output, target, weight)
    if not number:
        raise ValueError("there is nothing to evaluate: the loader gave no batches")
    return averages.result()


def outputs(model: Module, source: Source) -> list[Any]:
    """What the model gives for each batch."""
    found = []
    with evaluating(model):
        for data in source.batches:
            args, kwargs, _, _ = source.read(data)
            found.append(model(*args, **kwargs))
    return found
