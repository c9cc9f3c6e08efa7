"""Warming up: small learning rates at the start, while running means and normalisation settle.

PyTorch has the parts for it (`LinearLR` and `SequentialLR`); these put them together. Three of them have the names and
the formulas that users of Hugging Face's transformers know.
"""

from __future__ import annotations

import math
from typing import Any

from ..optimizer import Optimizer
from .base import LRScheduler
from .combined import SequentialLR
from .factors import LambdaLR, LinearLR

__all__ = [
    "get_constant_schedule_with_warmup", "get_cosine_schedule_with_warmup", "get_linear_schedule_with_warmup",
    "with_warmup",
]  # fmt: skip


def with_warmup(scheduler: LRScheduler, steps: int, start_factor: float = 0.01) -> SequentialLR:
    """Put a warm-up before a schedule that has just been made: it begins after so many steps.

    Args:
        scheduler: any schedule but `ReduceLROnPlateau`.
        steps: how many steps the learning rate grows to its full size, by the same amount at each.
        start_factor: which part of it the first one is.

    Returns:
        A schedule, to be stepped in the place of the given one.

    Raises:
        ValueError: there are no steps, the factor is not in (0, 1], or the schedule has been stepped already.

    Example:
        >>> import tinygrad_nn as tg
        >>> from tinygrad_nn.optim.lr_scheduler import ExponentialLR, with_warmup
        >>> optimizer = tg.optim.SGD([tg.ones(1)], lr=1.0)
        >>> schedule = with_warmup(ExponentialLR(optimizer, gamma=0.5), steps=2, start_factor=0.5)
        >>> rates = []
        >>> for _ in range(5):
        ...     rates += schedule.get_last_lr()
        ...     optimizer.step()
        ...     schedule.step()
        >>> rates
        [0.5, 0.75, 1.0, 0.5, 0.25]
    """
    if steps < 1:
        raise ValueError(f"with_warmup(): expected at least one step, got {steps}")
    if getattr(scheduler, "last_epoch", 0) > 0:
        raise ValueError(
            f"with_warmup(): the schedule has been stepped {scheduler.last_epoch} times already. Make a new one"
        )
    warmup = LinearLR(scheduler.optimizer, start_factor=start_factor, total_iters=steps)
    return SequentialLR(scheduler.optimizer, [warmup, scheduler], milestones=[steps])


class _Warmup:
    """A factor that grows to 1, and stays there. Its numbers are saved with the schedule's state."""

    def __init__(self, num_warmup_steps: int) -> None:
        if num_warmup_steps < 0:
            raise ValueError(f"Expected num_warmup_steps >= 0, but got {num_warmup_steps}")
        self.num_warmup_steps = num_warmup_steps

    def __call__(self, step: int) -> float:
        if step < self.num_warmup_steps:
            return step / max(1, self.num_warmup_steps)
        return self.after(step)

    def after(self, step: int) -> float:
        """The factor after the warm-up."""
        return 1.0


class _WarmupLinear(_Warmup):
    """And falls to 0 by the same amount at each step."""

    def __init__(self, num_warmup_steps: int, num_training_steps: int) -> None:
        super().__init__(num_warmup_steps)
        self.num_training_steps = num_training_steps

    def progress(self, step: int) -> float:
        """How much of the time after the warm-up has passed."""
        return (step - self.num_warmup_steps) / max(1, self.num_training_steps - self.num_warmup_steps)

    def after(self, step: int) -> float:
        return max(0.0, 1 - self.progress(step))


class _WarmupCosine(_WarmupLinear):
    """And falls in the form of a cosine."""

    def __init__(self, num_warmup_steps: int, num_training_steps: int, num_cycles: float) -> None:
        super().__init__(num_warmup_steps, num_training_steps)
        self.num_cycles = num_cycles

    def after(self, step: int) -> float:
        return max(0.0, 0.5 * (1.0 + math.cos(math.pi * self.num_cycles * 2.0 * self.progress(step))))


def get_constant_schedule_with_warmup(optimizer: Optimizer, num_warmup_steps: int, last_epoch: int = -1) -> LambdaLR:
    """Up from 0 to the learning rate, which then stays.

    Args:
        optimizer: the optimizer whose learning rates are set.
        num_warmup_steps: how many steps it goes up.
        last_epoch: how many steps were taken before, minus one; -1 to start anew.
    """
    return LambdaLR(optimizer, _Warmup(num_warmup_steps), last_epoch)


def get_linear_schedule_with_warmup(
    optimizer: Optimizer, num_warmup_steps: int, num_training_steps: int, last_epoch: int = -1
) -> LambdaLR:
    """Up from 0 to the learning rate, and down to 0 on a straight line.

    Args:
        optimizer: the optimizer whose learning rates are set.
        num_warmup_steps: how many steps it goes up.
        num_training_steps: how many steps there are together.
        last_epoch: how many steps were taken before, minus one; -1 to start anew.

    Example:
        >>> import tinygrad_nn as tg
        >>> from tinygrad_nn.optim.lr_scheduler import get_linear_schedule_with_warmup
        >>> optimizer = tg.optim.SGD([tg.ones(1)], lr=1.0)
        >>> schedule = get_linear_schedule_with_warmup(optimizer, num_warmup_steps=2, num_training_steps=6)
        >>> rates = []
        >>> for _ in range(7):
        ...     rates += schedule.get_last_lr()
        ...     optimizer.step()
        ...     schedule.step()
        >>> rates
        [0.0, 0.5, 1.0, 0.75, 0.5, 0.25, 0.0]
    """
    return LambdaLR(optimizer, _WarmupLinear(num_warmup_steps, num_training_steps), last_epoch)


def get_cosine_schedule_with_warmup(
    optimizer: Optimizer,
    num_warmup_steps: int,
    num_training_steps: int,
    num_cycles: float = 0.5,
    last_epoch: int = -1,
) -> LambdaLR:
    """Up from 0 to the learning rate, and down to 0 in the form of a cosine.

    Args:
        optimizer: the optimizer whose learning rates are set.
        num_warmup_steps: how many steps it goes up.
        num_training_steps: how many steps there are together.
        num_cycles: how many waves there are after the warm-up; half a one goes down once.
        last_epoch: how many steps were taken before, minus one; -1 to start anew.
    """
    factor: Any = _WarmupCosine(num_warmup_steps, num_training_steps, num_cycles)
    return LambdaLR(optimizer, factor, last_epoch)
