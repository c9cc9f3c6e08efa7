"""What a metric is: numbers that are collected batch by batch, and one answer at the end."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np

from .reading import Array, as_array, as_weight


class Metric:
    """Base class of the metrics. A subclass writes `reset`, `update` and `compute`.

    Attributes:
        name: what it is called in a history and on an axis.
        higher_is_better: which way is better; None where neither is, as for a confusion matrix.

    Example:
        >>> import numpy as np
        >>> from tinygrad_nn.metrics import Metric
        >>> class LargestError(Metric):
        ...     name, higher_is_better = "largest_error", False
        ...     def reset(self):
        ...         self.largest = 0.0
        ...     def update(self, output, target, weight=None):
        ...         self.largest = max(self.largest, np.abs(np.subtract(output, target)).max())
        ...     def compute(self):
        ...         return float(self.largest)
        >>> metric = LargestError()
        >>> metric.update([1.0, 2.0], [1.0, 4.0])
        >>> metric.update([3.0], [3.5])
        >>> metric.compute()
        2.0
    """

    name: str = ""
    higher_is_better: bool | None = True

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget all batches."""
        raise NotImplementedError(f"{type(self).__name__} has no reset()")

    def update(self, output: Any, target: Any, weight: Any = None) -> None:
        """Take in a batch.

        Args:
            output: what the model gives.
            target: what it should give.
            weight: how much each example counts; 1 if None.
        """
        raise NotImplementedError(f"{type(self).__name__} has no update()")

    def compute(self) -> Any:
        """The metric of all batches since the last `reset`; nan before the first."""
        raise NotImplementedError(f"{type(self).__name__} has no compute()")

    def __call__(self, output: Any, target: Any, weight: Any = None) -> Any:
        """The metric of this data alone. What was collected is left as it is."""
        alone = copy.copy(self)  # resetting puts new numbers in the copy's place, and changes none
        alone.reset()
        alone.update(output, target, weight)
        return alone.compute()

    def __repr__(self) -> str:
        return f"{type(self).__name__}(name={self.name!r})"


class FromFunction(Metric):
    """A function of all outputs and targets, such as scikit-learn's, as a metric.

    Batches are kept and the function is called once, in `compute`: a mean over batches would be something else for most
    functions.

    Args:
        function: called with outputs and targets as arrays, and with the weights where there are any.
        name: the function's own if None.
        higher_is_better: which way is better.

    Example:
        >>> from tinygrad_nn.metrics import FromFunction
        >>> def worst(output, target):
        ...     return abs(output - target).max()
        >>> FromFunction(worst)([1.0, 2.0], [1.5, 2.0])
        0.5
    """

    def __init__(
        self, function: Callable[..., Any], name: str | None = None, higher_is_better: bool | None = True
    ) -> None:
        self.function = function
        self.name = name or str(getattr(function, "__name__", type(function).__name__))
        self.higher_is_better = higher_is_better
        super().__init__()

    def reset(self) -> None:
        self._batches: list[tuple[Array, Array, Array | None]] = []

    def update(self, output: Any, target: Any, weight: Any = None) -> None:
        output, target = as_array(output).copy(), as_array(target).copy()  # the caller may write to its own
        self._batches.append((output, target, as_weight(weight, len(target))))

    def compute(self) -> Any:
        if not self._batches:
            return float("nan")
        outputs, targets, weights = zip(*self._batches, strict=True)
        arguments = [np.concatenate(outputs), np.concatenate(targets)]
        if any(weight is not None for weight in weights):
            each = zip(targets, weights, strict=True)
            arguments.append(np.concatenate([np.ones(len(t)) if w is None else w for t, w in each]))
        value = self.function(*arguments)
        return float(value) if np.ndim(value) == 0 else np.asarray(value)
