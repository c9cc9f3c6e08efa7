"""Several small batches as one large one."""

from __future__ import annotations

from typing import Any, Literal

from .._core.modes import no_grad
from .._core.tensor import Tensor
from .optimizer import Optimizer

__all__ = ["GradientAccumulator", "count_targets"]


class GradientAccumulator:
    """Makes one step of an optimizer from the gradients of several batches, as if they had been one.

    The mean of the batches' mean losses is that of the large batch only if all count the same number of targets. With
    sentences of different lengths, with ``ignore_index`` or weights, or with a smaller last batch, they do not. So each
    loss is weighted by what it is a mean over: ``(count_1 loss_1 + ... + count_k loss_k) / (count_1 + ... + count_k)``.

    What a batch computes from all of its samples, such as the statistics of batch normalisation, remains its own.

    Args:
        optimizer: the optimizer that is stepped.
        every: how many batches make a step.
        reduction: "mean" for losses that are means; "sum" for sums, which are added as they are.

    Attributes:
        loss: the loss of the last large batch; nan before, and if nothing in it counted.

    Raises:
        ValueError: there are no batches in a step, or there is no such reduction.

    Example:
        >>> import tinygrad_nn as tg
        >>> from tinygrad_nn.optim import GradientAccumulator, count_targets
        >>> model = tg.nn.Linear(3, 5)
        >>> optimizer = tg.optim.SGD(model.parameters(), lr=0.1)
        >>> accumulator = GradientAccumulator(optimizer, every=2)
        >>> inputs, targets = tg.randn(6, 3), tg.tensor([1, 2, -100, -100, -100, 4])
        >>> for x, y in zip(inputs.split(2), targets.split(2)):
        ...     loss = tg.nn.functional.cross_entropy(model(x), y)
        ...     accumulator.backward(loss, count_targets(y))
        ...     if accumulator.step():
        ...         print("stepped")
        stepped
        >>> accumulator.flush()  # the third batch
        True

    Clip gradients in a hook, which sees those of the large batch:
        >>> clip = tg.nn.utils.clip_grad_norm_
        >>> handle = optimizer.register_step_pre_hook(lambda *_: clip(model.parameters(), 1.0) and None)
    """

    def __init__(self, optimizer: Optimizer, every: int, reduction: Literal["mean", "sum"] = "mean") -> None:
        if not isinstance(every, int) or every < 1:
            raise ValueError(f"GradientAccumulator: every must be a positive integer, got {every!r}")
        if reduction not in ("mean", "sum"):
            raise ValueError(f"GradientAccumulator: reduction must be 'mean' or 'sum', got {reduction!r}")
        self.optimizer = optimizer
        self.every = every
        self.reduction = reduction
        self.loss = float("nan")
        self._start()

    def _start(self) -> None:
        self._batches = 0
        self._count = 0.0
        self._sum = 0.0

    def backward(self, loss: Tensor, count: Any = 1) -> None:
        """Add a batch's gradients. Those that were there before the first are forgotten.

        Args:
            loss: the batch's loss.
            count: what it is a mean over: a number of samples or targets, or a sum of weights. A batch in which nothing
                counts adds nothing, whatever its loss, which is nan.

        Raises:
            ValueError: the count is negative.
        """
        number = float(count)
        if not number >= 0:
            raise ValueError(f"GradientAccumulator.backward(): expected a count of 0 or more, got {number}")
        if self._batches == 0:
            self.optimizer.zero_grad()
        self._batches += 1
        if number == 0:
            return
        weight = number if self.reduction == "mean" else 1.0
        (loss * weight).backward()
        self._count += number
        self._sum += weight * float(loss.detach())

    def step(self) -> bool:
        """Step the optimizer if enough batches are there. Returns whether it did."""
        return self._batches >= self.every and self.flush()

    def flush(self) -> bool:
        """Step the optimizer with the batches that are there, if any of them counted. Returns whether it did."""
        count, total = self._count, self._sum
        self._start()
        if count == 0:
            self.loss = float("nan")
            return False
        divisor = count if self.reduction == "mean" else 1.0
        self.loss = total / divisor
        if divisor != 1:
            self._divide(divisor)
        self.optimizer.step()
        self.optimizer.zero_grad()
        return True

    @no_grad()
    def _divide(self, divisor: float) -> None:
        for group in self.optimizer.param_groups:
            for param in group["params"]:
                if param.grad is not None:
                    param.grad.div_(divisor)


def count_targets(targets: Tensor, ignore_index: int = -100, weight: Tensor | None = None) -> float:
    """What the mean of a cross entropy is taken over: the number of targets, or the sum of their weights.

    Args:
        targets: class numbers, in any shape.
        ignore_index: those that do not count.
        weight: the weights of the classes (C).

    Example:
        >>> import tinygrad_nn as tg
        >>> from tinygrad_nn.optim import count_targets
        >>> count_targets(tg.tensor([0, 1, -100, 1]))
        3.0
        >>> count_targets(tg.tensor([0, 1, -100, 1]), weight=tg.tensor([0.5, 2.0]))
        4.5
    """
    numbers = targets._array
    counted = numbers[numbers != ignore_index]
    return float(counted.size if weight is None else weight._array[counted].sum())
