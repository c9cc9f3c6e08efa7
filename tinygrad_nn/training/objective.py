"""The loss as a trainer needs it: with weights, and with the number of targets that its mean is taken over."""

from __future__ import annotations

import copy
import functools
import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from .. import nn
from .._core.errors import describe
from .._core.tensor import Tensor
from ..nn import functional
from .choices import has_reduction, make_loss

Array = np.ndarray[Any, Any]


class Measured(NamedTuple):
    """A batch's loss.

    Attributes:
        loss: what is differentiated.
        value: its number.
        amount: what it adds to an epoch's sum, and
        divisor: to what that is divided by in the end. The mean of all batches is that of all targets, whatever the
            batches' sizes, and whatever does not count in them.
    """

    loss: Tensor
    value: float
    amount: float
    divisor: float


class Objective:
    """A loss: how it is computed, counted and weighted, and what it says of a model's outputs.

    Args:
        choice: its name, module or function.

    Attributes:
        loss: the module or function.
        task, from_logits: what metrics are told of the outputs.
        keeps_whole_targets: whether targets that are whole numbers stay that.
        is_sum: whether batches' losses are added up, instead of averaged.
    """

    def __init__(self, choice: Any) -> None:
        self.loss: Callable[[Any, Any], Tensor] = make_loss(choice)
        self.name = getattr(self.loss, "__name__", type(self.loss).__name__)
        self._is_likelihood = isinstance(self.loss, nn.CrossEntropyLoss | nn.NLLLoss)
        self.is_classes = self._is_likelihood or isinstance(self.loss, nn.MultiMarginLoss)
        self.is_binary = isinstance(self.loss, nn.BCELoss | nn.BCEWithLogitsLoss)
        elementwise = nn.MSELoss | nn.L1Loss | nn.SmoothL1Loss | nn.HuberLoss | nn.BCELoss | nn.BCEWithLogitsLoss
        self._is_elementwise = isinstance(self.loss, elementwise)
        # Modules of numbers want whole ones as floating point numbers. What a function of one's own wants nobody knows.
        of_numbers = isinstance(self.loss, nn.Module) and type(self.loss).__module__.startswith(nn.__name__)
        labels = isinstance(self.loss, nn.MultiLabelMarginLoss)
        self.keeps_whole_targets = self.is_classes or labels or not of_numbers
        self.task = "multiclass" if self.is_classes else None
        self.from_logits = isinstance(self.loss, nn.BCEWithLogitsLoss) if self.is_binary else None
        self._reduction = getattr(self.loss, "reduction", None) if isinstance(self.loss, nn.Module) else None
        self.is_sum = self._reduction == "sum"
        self._each = self._unreduced()

    def _unreduced(self) -> Callable[[Any, Any], Any]:
        """The same loss for each target by itself, as far as it can be told how."""
        if self._reduction is not None:
            each: Any = copy.copy(self.loss)
            each.reduction = "none"
            return each  # type: ignore[no-any-return]
        if not isinstance(self.loss, nn.Module) and has_reduction(self.loss):
            return functools.partial(self.loss, reduction="none")  # type: ignore[call-arg]
        return self.loss

    # --- a batch's loss ---------------------------------------------------------------------------------------------

    def measure(self, output: Any, target: Any, weight: Any, place: Callable[[], str]) -> Measured:
        """The loss of a batch; to an error it adds what was compared, and where.

        Args:
            output, target, weight: as below.
            place: tells where it is.
        """
        try:
            return self(output, target, weight)
        except Exception as error:
            error.add_note(f"{place()}: {self.name} of the output {_shown(output)} and the target {_shown(target)}")
            raise

    def __call__(self, output: Any, target: Any, weight: Tensor | None = None) -> Measured:
        """The loss of a batch.

        Args:
            output: what the model gives.
            target: what it should give.
            weight: how much each sample counts (N).

        Raises:
            ValueError: shapes that do not fit; or weights, and a loss that is one number.
        """
        if self._is_elementwise:
            self._check_shapes(output, target)
        if weight is None:
            loss = self.loss(output, target)
            if loss.ndim == 0:
                return self._counted(loss, self._count(output, target))
            count = float(math.prod(loss.shape))
            return self._counted(loss.mean(), count)
        each = self._each(output, target)
        if each.ndim == 0:
            raise ValueError(
                f"weights of samples need a loss for each of them, and {self.name} gives one number. Give a function "
                "of output and target that returns a loss for each sample, of shape (N,)"
            )
        spread = weight.reshape(weight.shape + (1,) * (each.ndim - 1))  # (N, 1, ...)
        total = (each * spread).sum()
        shape = each.shape[:1] if self.is_sum else each.shape
        count = self._weight_of_targets(target, np.asarray(weight), shape)
        return self._counted(total if self.is_sum else total / count, count)

    def _counted(self, loss: Tensor, count: float) -> Measured:
        value = loss.item()
        return Measured(loss, value, value if self.is_sum else value * count if count else 0.0, count)

    def _count(self, output: Any, target: Any) -> float:
        """What a mean is taken over. For a function of one's own: the samples."""
        if not isinstance(target, Tensor):
            return float(len(target)) if hasattr(target, "__len__") else 1.0
        array = target._array
        if self._is_likelihood and array.dtype.kind in "iu":
            if self.loss.weight is None:  # type: ignore[attr-defined]
                return float(np.count_nonzero(array != self.loss.ignore_index))  # type: ignore[attr-defined]
            return self._weight_of_targets(target, None, array.shape)
        if self._reduction == "mean":
            return array.size / output.shape[1] if self._is_likelihood else float(array.size)
        return float(len(array)) if array.ndim else 1.0

    def _weight_of_targets(self, target: Any, weight: Array | None, shape: tuple[int, ...]) -> float:
        """The sum of the weights of all elements that count; `shape` is that of their losses."""
        numbers = np.asarray(target)
        if self._is_likelihood and numbers.dtype.kind in "iu":
            counted = numbers != self.loss.ignore_index  # type: ignore[attr-defined]
            of_classes = self.loss.weight  # type: ignore[attr-defined]
            each = counted.astype(np.float64)
            if of_classes is not None:
                each[counted] = np.asarray(of_classes)[numbers[counted]]
            if weight is None:
                return float(each.sum())
            return float(weight.astype(np.float64) @ each.reshape(len(each), -1).sum(axis=1))
        assert weight is not None
        return float(weight.sum(dtype=np.float64)) * math.prod(shape[1:])

    def _check_shapes(self, output: Any, target: Any) -> None:
        given, wanted = getattr(output, "shape", None), getattr(target, "shape", None)
        if given == wanted or given is None or wanted is None:
            return
        lead = f"Using a target size ({wanted}) that is different to the input size ({given})"
        fix = "Give the model outputs of the target's shape, or the target the output's"
        if given[1:] == (1,) and wanted == given[:1]:
            fix = "Give y a second dimension: y[:, None]"
        elif wanted[1:] == (1,) and given == wanted[:1]:
            fix = "Take y's second dimension away: y[:, 0]"
        elif len(wanted) == 1 and self._reduction and not self.is_binary and len(given) == 2:
            fix = "If y holds class numbers, the loss is 'cross_entropy'"
        raise ValueError(f"{lead}: {self.name} compares them element by element. {fix}")

    # --- from outputs to predictions --------------------------------------------------------------------------------

    def predicted(self, output: Any) -> Any:
        """Class numbers, for losses of classifications; else the outputs themselves."""
        if self.is_classes:
            return output.argmax(dim=1)
        if self.is_binary:
            return (output > (0 if self.from_logits else 0.5)).long()
        return output

    def probabilities(self, output: Any) -> Any:
        """Probabilities of classes; of "yes", for binary ones.

        Raises:
            TypeError: the loss is none of a classification.
        """
        if isinstance(self.loss, nn.CrossEntropyLoss):
            return functional.softmax(output, dim=1)
        if isinstance(self.loss, nn.NLLLoss):
            return output.exp()
        if self.is_binary:
            return output.sigmoid() if self.from_logits else output
        raise TypeError(
            f"predict_proba(): {self.name} says nothing of probabilities. It needs one of the losses 'cross_entropy', "
            "'nll', 'bce' and 'bce_with_logits'"
        )


def _shown(value: Any) -> str:
    return describe(value) if isinstance(value, Tensor) else type(value).__name__
