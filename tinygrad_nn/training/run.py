"""A run: what `Trainer.fit` does, epoch by epoch and batch by batch, and all that callbacks may want to know of it."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .. import optim
from .._core.tensor import Tensor
from ..optim import GradientAccumulator
from .batches import Batch, size_of
from .callbacks.base import HOOKS, Callback
from .clipping import before_steps, clipper
from .data import Source
from .evaluation import Averages, evaluate, modes_of, set_modes
from .interrupt import Interrupt
from .weights import class_weights

if TYPE_CHECKING:
    from .objective import Measured
    from .trainer import Trainer


class Run:
    """A call of `Trainer.fit`. Callbacks are given it.

    Attributes:
        trainer, model, optimizer: what is trained.
        history: for each number a list, with an entry for each epoch: "loss", metrics, the same with "val_" in front,
            "lr", "seconds".
        epoch, epochs: the number of the epoch, from 1, and how many there are to be.
        batch, batches: the number of the batch in the epoch, from 1, and how many there are; None if that is not known.
        step: how many steps the optimizer has taken in this run.
        total_batches: how many batches were gone through in this run.
        loss: the last batch's loss.
        batch_data: the last batch, as ``(arguments, keywords, target, weights)``.
        batch_size: how many samples it has.
        has_stepped: whether the optimizer has taken a step with it. With ``accumulate``, it does not with every batch.
        training_seconds: what the last epoch took, without its validation.
        interrupted: whether Ctrl-C was pressed.
        stopped: why it ended early; None if it did not.
        resumed: whether it goes on from a checkpoint.
        notes: what is to be said in the end.
        epoch_of_weights: the epoch that the model's weights are from; None in the middle of one.
    """

    def __init__(
        self,
        trainer: Trainer,
        source: Source,
        validation: Source | None,
        epochs: int,
        callbacks: list[Callback],
        class_table: Any = None,
        split_seed: int | None = None,
    ) -> None:
        self.trainer, self.model, self.optimizer = trainer, trainer.model, trainer.checked_optimizer()
        self.source, self.validation = source, validation
        self.epochs, self.batches = epochs, source.count
        self.callbacks = sorted(callbacks, key=lambda callback: callback.comes_last)  # which keeps the order otherwise
        self.class_table, self.split_seed = class_table, split_seed
        self.epoch = self.batch = self.step = self.total_batches = 0
        self.loss = math.nan
        self.batch_data: Batch = ((), {}, None, None)
        self.has_stepped = False
        self.training_seconds = 0.0
        self.interrupted = self.resumed = False
        self.stopped: str | None = None
        self.notes: list[str] = []
        self.epoch_of_weights: int | None = None
        self._logs: dict[str, Any] = {}
        self._averages = Averages(trainer.metrics)
        own, others = self._averages.names, self.names[len(self._averages.names) :]
        self.history: dict[str, list[Any]] = {name: [] for name in (*own, "lr", *others, "seconds")}
        self._in_epoch = self._at_once = False
        self._elapsed, self._started = 0.0, 0.0  # seconds of the epoch before it was interrupted; when it went on
        self._interrupt = Interrupt()
        self._hooks: dict[str, list[Callable[..., None]]] = {name: self._overridden(name) for name in HOOKS}
        every = trainer.accumulate
        reduction = "sum" if trainer.objective.is_sum else "mean"
        self._accumulator = GradientAccumulator(self.optimizer, every, reduction) if every > 1 else None  # type: ignore[arg-type]
        self._clip = clipper(self.optimizer, trainer.clip_norm, trainer.clip_value)

    def _overridden(self, name: str) -> list[Callable[..., None]]:
        """The callbacks' methods of this name, without those that do nothing."""
        return [getattr(c, name) for c in self.callbacks if getattr(type(c), name) is not getattr(Callback, name)]

    def _call(self, name: str, *args: Any) -> None:
        for hook in self._hooks[name]:
            hook(self, *args)

    # --- what callbacks ask -----------------------------------------------------------------------------------------

    @property
    def names(self) -> list[str]:
        """What each epoch gives."""
        own = self._averages.names
        return [*own, *(f"val_{name}" for name in own if self.validation is not None)]

    def higher_is_better(self, name: str) -> bool | None:
        """Whether more is better of a number that an epoch gives; None if neither way is."""
        return self._averages.higher_is_better(name.removeprefix("val_"))

    @property
    def mean_loss(self) -> float:
        """The mean loss of the epoch so far."""
        return self._averages.loss

    @property
    def batch_size(self) -> int:
        """How many samples the last batch has."""
        args, kwargs, target, _ = self.batch_data
        return size_of(args, kwargs, target)

    def log(self, name: str, value: Any) -> None:
        """Add a number to those of the epoch that has just ended."""
        column = self.history.setdefault(name, [])
        column.extend([math.nan] * (self.epoch - 1 - len(column)))  # it was not there in the epochs before
        del column[self.epoch - 1 :]
        column.append(value)
        self._logs[name] = value

    def note(self, text: str) -> None:
        """Say something when the run has ended."""
        self.notes.append(text)

    def stop(self, reason: str, at_once: bool = False) -> None:
        """End the run: after this epoch; called while a batch is gone through, after this batch and the validation.

        Args:
            reason: why, in a few words.
            at_once: not even take the step of this batch, and leave the epoch out of the history.
        """
        if self.stopped is None:
            self.stopped, self._at_once = reason, at_once
            self.note(f"Stopped in epoch {self.epoch}: {reason}.")

    # --- the run ----------------------------------------------------------------------------------------------------

    def go(self, checkpoint: str | None = None) -> dict[str, list[Any]]:
        """Train, from a checkpoint if there is one, and return the history."""
        afterwards = modes_of(self.model)
        self.model.train()
        try:
            with self._interrupt.watching(), before_steps(self.optimizer, self._clip):
                self._call("on_fit_begin")
                if checkpoint is not None:
                    self._load(checkpoint)
                    self._call("on_resume")
                afterwards = [(module, False) for module, _ in afterwards]  # from here on it has been trained
                self._epochs()
        except KeyboardInterrupt:  # in the midst of something: of a step, perhaps
            if self._interrupt.asked:  # for the second time
                raise
            self._note_interrupt()
        finally:
            self._call("on_fit_end")
            set_modes(afterwards)
        return self.history

    def _epochs(self) -> None:
        while self._in_epoch or (self.epoch < self.epochs and self.stopped is None):
            if not self._in_epoch:
                self._begin_epoch()
            self._train()
            if self.interrupted or self._at_once:
                return
            self._end_epoch()
            if self._interrupt.asked:
                self._note_interrupt()
                self._call("on_interrupt")
                return

    def _note_interrupt(self) -> None:
        self.interrupted = True
        self.stopped = self.stopped or "interrupted"
        self.note(f"Interrupted in epoch {self.epoch} of {self.epochs}.")

    def _begin_epoch(self) -> None:
        self.epoch += 1
        self.batch = 0
        self.epoch_of_weights = None
        self._averages.reset()
        self._elapsed = 0.0
        self._in_epoch = True
        self._call("on_epoch_begin")

    def _train(self) -> None:
        """The batches of an epoch, or those that are left of it."""
        self._started = time.perf_counter()
        read, take = self.source.read, self._taker()
        begin, end = self._hooks["on_batch_begin"], self._hooks["on_batch_end"]
        for data in self.source.batches:
            self.batch += 1
            self.total_batches += 1
            self.batch_data = batch = read(data)
            for hook in begin:
                hook(self)
            take(batch)
            if self._at_once:
                return
            for hook in end:
                hook(self)
            if self.has_stepped and self._interrupt.asked:
                self._note_interrupt()
                self._call("on_interrupt")
                return
            if self.stopped is not None:
                break
        if self.batch == 0:
            raise ValueError(
                f"epoch {self.epoch}: the loader gave no batches. "
                "A generator can be gone through once: give a DataLoader or a list"
            )
        if self._accumulator is not None and self._accumulator.flush():
            self._stepped()

    def _end_epoch(self) -> None:
        logs = self._averages.result()
        logs["lr"] = float(self.optimizer.param_groups[0]["lr"])
        if not math.isfinite(logs["loss"]) and all(map(math.isfinite, self.history["loss"])):
            told = f"The loss is {logs['loss']} in epoch {self.epoch}."
            self.note(f"{told} callbacks=[NanGuard()] says where that is from.")
        self.training_seconds = self._elapsed + time.perf_counter() - self._started
        if self.validation is not None:
            found = evaluate(self.model, self.trainer.objective, self.validation, self.trainer.metrics)
            logs |= {f"val_{name}": value for name, value in found.items()}
        logs["seconds"] = self._elapsed + time.perf_counter() - self._started
        self._logs = {}
        for name, value in logs.items():
            self.log(name, value)
        self._in_epoch = False
        self.epoch_of_weights = self.epoch
        self._call("on_epoch_end", self._logs)
        for column in self.history.values():
            column.extend([math.nan] * (self.epoch - len(column)))

    # --- a batch ----------------------------------------------------------------------------------------------------

    def _taker(self) -> Callable[[Batch], None]:
        if self._accumulator is not None:
            return self._accumulate
        return self._take_with_closure if isinstance(self.optimizer, optim.LBFGS) else self._take

    def forward(self, batch: Batch) -> tuple[Any, Measured]:
        """What the model gives for a batch, and the loss of that."""
        args, kwargs, target, weight = batch
        output = self.model(*args, **kwargs)
        if self.class_table is not None:
            weight = class_weights(self.class_table, target, weight)
        return output, self.trainer.objective.measure(output, target, weight, self._place)

    def _place(self) -> str:
        return f"in epoch {self.epoch}, batch {self.batch} of fit()"

    def _take(self, batch: Batch) -> None:
        """A step of the optimizer."""
        self.optimizer.zero_grad()
        output, measured = self.forward(batch)
        measured.loss.backward()
        self._count(output, measured, batch)
        if not self._at_once:
            self.optimizer.step()
            self._stepped()

    def _accumulate(self, batch: Batch) -> None:
        """The same, but a step only after several batches."""
        assert self._accumulator is not None
        output, measured = self.forward(batch)
        self._accumulator.backward(measured.loss, measured.divisor)
        self._count(output, measured, batch)
        self.has_stepped = False
        if not self._at_once and self._accumulator.step():
            self._stepped()

    def _take_with_closure(self, batch: Batch) -> None:
        """A step of an optimizer that asks for the loss more than once."""
        first = True

        def closure() -> Tensor:
            nonlocal first
            self.optimizer.zero_grad()
            output, measured = self.forward(batch)
            measured.loss.backward()
            if self._clip is not None:
                self._clip()
            if first:
                self._count(output, measured, batch)
                first = False
            return measured.loss

        self.optimizer.step(closure)
        self._stepped()

    def _stepped(self) -> None:
        self.step += 1
        self.has_stepped = True
        for hook in self._hooks["on_step_end"]:
            hook(self)

    def _count(self, output: Any, measured: Measured, batch: Batch) -> None:
        self.loss = measured.value
        for hook in self._hooks["on_backward_end"]:
            hook(self)
        if not self._at_once:
            self._averages.add(measured, output, batch[2], batch[3])

    # --- going on later ---------------------------------------------------------------------------------------------

    @property
    def is_resumable(self) -> bool:
        """Whether it can go on from the middle of an epoch: its loader tells where it stands."""
        return hasattr(self.source.batches, "state_dict")

    def check_resumable(self) -> None:
        """Raise ValueError if it cannot go on from the middle of an epoch."""
        if not self.is_resumable:
            raise ValueError(
                f"Checkpoint: {type(self.source.batches).__name__} does not tell where it stands, so a run cannot go "
                "on in the middle of an epoch. Use a DataLoader, or checkpoints at the ends of epochs"
            )

    def parts(self) -> dict[str, Any]:
        """What `save_checkpoint` is given."""
        made: dict[str, Any] = {"model": self.model, "optimizer": self.optimizer, **self._loaders()}
        return {**made, "run": self._state()}

    def _loaders(self) -> dict[str, Any]:
        sources = {"loader": self.source, "validation_loader": self.validation}
        found = {name: source.batches for name, source in sources.items() if source is not None}
        return {name: loader for name, loader in found.items() if hasattr(loader, "load_state_dict")}

    def _state(self) -> dict[str, Any]:
        running = self._elapsed + time.perf_counter() - self._started if self._in_epoch else 0.0
        return {
            "epoch": self.epoch,
            "batch": self.batch,
            "step": self.step,
            "total_batches": self.total_batches,
            "in_epoch": self._in_epoch,
            "seconds": running,
            "history": {name: list(values) for name, values in self.history.items()},
            "averages": self._averages.state_dict() if self._in_epoch else None,
            "callbacks": self._callback_states(),
            "stopped": None if self.interrupted else self.stopped,
            "split_seed": self.split_seed,
        }

    def _callback_states(self) -> list[Any]:
        found = [(type(c).__name__, c) for c in self.callbacks if hasattr(c, "state_dict")]
        return [[name, callback.state_dict()] for name, callback in found]

    def _load(self, path: str) -> None:
        from ..serialization import load_checkpoint

        parts = {"model": self.model, "optimizer": self.optimizer, **self._loaders()}
        state = load_checkpoint(path, **parts)["run"]
        self._load_callbacks(state["callbacks"], path)
        self.resumed = True
        self.epoch, self.batch, self.step = state["epoch"], state["batch"], state["step"]
        self.total_batches, self._in_epoch = state["total_batches"], state["in_epoch"]
        self.history, self.stopped = state["history"], state["stopped"]
        self._elapsed = state["seconds"]
        if self._in_epoch:
            self._averages.load_state_dict(state["averages"])
        else:
            self.epoch_of_weights = self.epoch

    def _load_callbacks(self, states: list[Any], path: str) -> None:
        stateful: list[Any] = [callback for callback in self.callbacks if hasattr(callback, "state_dict")]
        had, have = [name for name, _ in states], [type(callback).__name__ for callback in stateful]
        if had != have:
            raise ValueError(
                f"resume: the run in {path} had the callbacks {', '.join(had) or 'none'}, this one has "
                f"{', '.join(have) or 'none'}. Go on with those that it began with"
            )
        for callback, (_, state) in zip(stateful, states, strict=True):
            callback.load_state_dict(state)
