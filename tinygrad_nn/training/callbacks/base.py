"""What is done while a model is trained, beside training it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..run import Run

HOOKS = (
    "on_fit_begin", "on_resume", "on_epoch_begin", "on_batch_begin", "on_backward_end", "on_step_end",
    "on_batch_end", "on_epoch_end", "on_interrupt", "on_fit_end",
)  # fmt: skip


class Callback:
    """Base class of callbacks: override what you need. Each method is given the `Run`, which knows all there is.

    A callback that keeps something from epoch to epoch may have ``state_dict`` and ``load_state_dict``: plain data,
    which checkpoints keep.

    Attributes:
        comes_last: it is called after the others, and so sees what they did: it writes things down.

    Example:
        >>> import tinygrad_nn as tg
        >>> from tinygrad_nn.training import Callback, Trainer
        >>> class Shout(Callback):
        ...     def on_epoch_end(self, run, logs):
        ...         print(f"epoch {run.epoch} of {run.epochs}, {run.step} steps")
        >>> trainer = Trainer(tg.nn.Linear(3, 1), "mse", "sgd")
        >>> _ = trainer.fit(tg.randn(8, 3), tg.randn(8, 1), epochs=2, batch_size=4, callbacks=[Shout()], verbose=0)
        epoch 1 of 2, 2 steps
        epoch 2 of 2, 4 steps
    """

    comes_last = False

    def on_fit_begin(self, run: Run) -> None:
        """Before the first epoch, or before a run's checkpoint is loaded."""

    def on_resume(self, run: Run) -> None:
        """Before a run goes on: its checkpoint has been loaded."""

    def on_epoch_begin(self, run: Run) -> None:
        """Before the first batch of an epoch. Not when a run goes on in the middle of one."""

    def on_batch_begin(self, run: Run) -> None:
        """Before the forward pass; ``run.batch_data`` is the batch."""

    def on_backward_end(self, run: Run) -> None:
        """After the backward pass: gradients and ``run.loss`` are there, and no step has been taken with them."""

    def on_step_end(self, run: Run) -> None:
        """After a step of the optimizer; with ``accumulate`` not after every batch, and the last one after them all."""

    def on_batch_end(self, run: Run) -> None:
        """After a batch, and the step of the optimizer if it was due (see ``run.has_stepped``)."""

    def on_epoch_end(self, run: Run, logs: dict[str, Any]) -> None:
        """After an epoch and its validation. `logs` are its loss and metrics; ``run.log`` adds to them."""

    def on_interrupt(self, run: Run) -> None:
        """Ctrl-C was pressed. A step has just been finished; the run will end here."""

    def on_fit_end(self, run: Run) -> None:
        """At the end, however it came about; ``run.stopped`` says why, if early. Close files here."""


class FromFunction(Callback):
    """A function of the run and the logs, called after each epoch."""

    def __init__(self, function: Callable[[Any, dict[str, Any]], Any]) -> None:
        self.function = function

    def on_epoch_end(self, run: Run, logs: dict[str, Any]) -> None:
        self.function(run, logs)


def as_callback(given: Any) -> Callback:
    """A callback, or a function as one.

    Raises:
        TypeError: it is neither.
    """
    if isinstance(given, Callback):
        return given
    if isinstance(given, type) and issubclass(given, Callback):
        raise TypeError(f"callbacks: got the class {given.__name__}. Make an object of it: {given.__name__}()")
    if callable(given):
        return FromFunction(given)
    raise TypeError(f"callbacks: expected Callback objects or functions of (run, logs), got {type(given).__name__}")
