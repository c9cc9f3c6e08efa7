"""Changing the learning rate while training."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...optim.lr_scheduler import LRScheduler, ReduceLROnPlateau
from .base import Callback
from .monitor import Monitor

if TYPE_CHECKING:
    from ..run import Run


class Schedule(Callback):
    """Steps a schedule of the learning rate, after each epoch or after each step of the optimizer.

    Args:
        scheduler: one of `optim.lr_scheduler`, made for the trainer's optimizer; or a function that makes it of one.
        every: "epoch" or "step".
        monitor: for ReduceLROnPlateau, what it watches; "val_loss" if None, or "loss" where there is no validation.

    Raises:
        ValueError: there is no such ``every``; or, when training begins, the schedule is another optimizer's.
        TypeError: it is no schedule.

    Example:
        >>> import tinygrad_nn as tg
        >>> from tinygrad_nn.optim.lr_scheduler import StepLR
        >>> from tinygrad_nn.training import Schedule, Trainer
        >>> trainer = Trainer(tg.nn.Linear(2, 1), "mse", "sgd", lr=1.0)
        >>> halve = Schedule(StepLR(trainer.optimizer, step_size=1, gamma=0.5))
        >>> history = trainer.fit(tg.zeros(4, 2), tg.zeros(4, 1), epochs=3, callbacks=[halve], verbose=0)
        >>> history["lr"]
        [1.0, 0.5, 0.25]
    """

    def __init__(self, scheduler: Any, every: str = "epoch", monitor: str | None = None) -> None:
        if every not in ("epoch", "step"):
            raise ValueError(f"Schedule: every must be 'epoch' or 'step', got {every!r}")
        if not isinstance(scheduler, LRScheduler) and not callable(scheduler):
            raise TypeError(
                "Schedule: expected a schedule of optim.lr_scheduler, or a function from an optimizer to one, got "
                f"{type(scheduler).__name__}"
            )
        self.scheduler = scheduler if isinstance(scheduler, LRScheduler) else None
        self._make = None if self.scheduler is not None else scheduler
        self.every = every
        self.monitor = Monitor("Schedule", monitor)

    def on_fit_begin(self, run: Run) -> None:
        if self.scheduler is None:
            assert self._make is not None
            self.scheduler = self._make(run.optimizer)
            if not isinstance(self.scheduler, LRScheduler):
                raise TypeError(f"Schedule: the function gave {type(self.scheduler).__name__}, which is no schedule")
        if self.scheduler.optimizer is not run.optimizer:
            raise ValueError("Schedule: the schedule was made for another optimizer. Give it trainer.optimizer")
        self.monitor.begin(run)
        if self.every == "step" and isinstance(self.scheduler, ReduceLROnPlateau):
            raise ValueError("Schedule: ReduceLROnPlateau goes by what an epoch came to: every='epoch'")

    def on_step_end(self, run: Run) -> None:
        if self.every == "step":
            assert self.scheduler is not None
            self.scheduler.step()

    def on_epoch_end(self, run: Run, logs: dict[str, Any]) -> None:
        scheduler: Any = self.scheduler
        if isinstance(scheduler, ReduceLROnPlateau):
            scheduler.step(logs[self.monitor.name])
        elif self.every == "epoch":
            scheduler.step()

    def state_dict(self) -> dict[str, Any]:
        """The schedule's own."""
        assert self.scheduler is not None
        return self.scheduler.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from there."""
        assert self.scheduler is not None
        self.scheduler.load_state_dict(state)
