"""Writing a run down, so that it can go on later."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any

from ...serialization import save_checkpoint
from .base import Callback
from .monitor import Monitor

if TYPE_CHECKING:
    from ..run import Run


class Checkpoint(Callback):
    """Writes all that it takes to go on: to ``last.checkpoint`` after every epoch, and to ``best.checkpoint`` the best.

    ``fit(..., callbacks=[Checkpoint(folder)], resume=True)`` goes on from the last one, bit for bit as if it had never
    stopped; in the middle of an epoch, if it was written there. ``Trainer.load`` takes the weights from either.

    Args:
        folder: where the files are to be; it is made if it is not there.
        monitor: what tells the best epoch; "val_loss" if None, or "loss" where there is no validation.
        mode: "min" or "max": whether less or more is better; "auto" asks the metric.
        every_steps: write the last one after so many steps of the optimizer, too.
        every_seconds: write the last one when so many seconds have passed, too.

    Raises:
        ValueError: an option has a wrong value; or, when training begins, there is nothing of the monitor's name.

    Example:
        >>> import os, tempfile
        >>> import tinygrad_nn as tg
        >>> from tinygrad_nn.training import Checkpoint, Trainer
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     trainer = Trainer(tg.nn.Linear(2, 1), "mse", "sgd")
        ...     _ = trainer.fit(tg.ones(4, 2), tg.zeros(4, 1), callbacks=[Checkpoint(folder)], verbose=0)
        ...     sorted(os.listdir(folder))
        ['best.checkpoint', 'last.checkpoint']
    """

    comes_last = True

    def __init__(
        self,
        folder: str | os.PathLike[str],
        monitor: str | None = None,
        mode: str = "auto",
        every_steps: int | None = None,
        every_seconds: float | None = None,
    ) -> None:
        for name, value in (("every_steps", every_steps), ("every_seconds", every_seconds)):
            if value is not None and value <= 0:
                raise ValueError(f"Checkpoint: {name} must be more than 0, got {value!r}")
        self.folder = os.fspath(folder)
        self.every_steps, self.every_seconds = every_steps, every_seconds
        self.monitor = Monitor("Checkpoint", monitor, mode)
        self._next = 0.0

    @property
    def last(self) -> str:
        """The path of the last one."""
        return os.path.join(self.folder, "last.checkpoint")

    @property
    def best(self) -> str:
        """The path of the best one."""
        return os.path.join(self.folder, "best.checkpoint")

    def on_fit_begin(self, run: Run) -> None:
        self.monitor.begin(run)
        if self.every_steps or self.every_seconds:
            run.check_resumable()
        os.makedirs(self.folder, exist_ok=True)
        self._written()

    def _written(self) -> None:
        self._next = time.monotonic() + (self.every_seconds or 0.0)

    def on_batch_end(self, run: Run) -> None:
        if not run.has_stepped:
            return
        due = self.every_steps is not None and run.step % self.every_steps == 0
        if due or (self.every_seconds is not None and time.monotonic() >= self._next):
            self._write(self.last, run)

    def on_epoch_end(self, run: Run, logs: dict[str, Any]) -> None:
        improved = self.monitor.improved(logs, run.epoch)
        self._write(self.last, run)
        if improved:
            self._write(self.best, run)

    def on_resume(self, run: Run) -> None:
        if run.epoch_of_weights and run.epoch_of_weights == self.monitor.epoch:
            self._write(self.best, run)  # the process may have been killed between the two

    def on_interrupt(self, run: Run) -> None:
        if run.is_resumable:
            self._write(self.last, run)
            run.note(f"Go on from here with resume=True: {self.last}.")

    def _write(self, path: str, run: Run) -> None:
        save_checkpoint(path, **run.parts())
        self._written()

    def state_dict(self) -> dict[str, Any]:
        """The best so far."""
        return self.monitor.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from there."""
        self.monitor.load_state_dict(state)
