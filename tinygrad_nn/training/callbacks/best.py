"""Keeping the best weights, and stopping when it gets no better."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .base import Callback
from .monitor import Monitor

if TYPE_CHECKING:
    from ..run import Run


class KeepBest(Callback):
    """Keeps a copy of the weights of the best epoch, and puts them into the model in the end.

    Args:
        monitor: what tells the best epoch; "val_loss" if None, or "loss" where there is no validation.
        mode: "min" or "max": whether less or more is better; "auto" asks the metric.
        min_delta: by how much the best has to be beaten.
        restore: "always"; "when interrupted", after Ctrl-C only; or "never", for those who take ``weights``.

    Attributes:
        best: the best value, nan before the first epoch.
        best_epoch: its epoch.
        weights: the model's state then, None before the first epoch.

    Raises:
        ValueError: an option has a wrong value; or, when training begins, there is nothing of this name.

    Example:
        >>> import tinygrad_nn as tg
        >>> from tinygrad_nn.training import KeepBest, Trainer
        >>> x = tg.linspace(0, 1, 20)[:, None]
        >>> best = KeepBest("val_loss")
        >>> trainer = Trainer(tg.nn.Linear(1, 1), "mse", "sgd", lr=0.1)
        >>> history = trainer.fit(x, 2 * x, epochs=5, validation_split=0.25, callbacks=[best], verbose=0)
        >>> best.best == min(history["val_loss"])
        True
    """

    def __init__(
        self, monitor: str | None = None, mode: str = "auto", min_delta: float = 0.0, restore: str = "always"
    ) -> None:
        if restore not in ("always", "when interrupted", "never"):
            raise ValueError(
                f"{type(self).__name__}: restore must be 'always', 'when interrupted' or 'never', got {restore!r}"
            )
        self.restore = restore
        self.monitor = Monitor(type(self).__name__, monitor, mode, min_delta)
        self.weights: dict[str, Any] | None = None

    @property
    def best(self) -> float:
        """The best value so far."""
        return self.monitor.best

    @property
    def best_epoch(self) -> int:
        """The epoch of the best value, from 1."""
        return self.monitor.epoch

    def on_fit_begin(self, run: Run) -> None:
        self.monitor.begin(run)
        self.weights = None

    def on_epoch_end(self, run: Run, logs: dict[str, Any]) -> None:
        if self.monitor.improved(logs, run.epoch):
            state = run.model.state_dict()
            self.weights = {name: value.clone() if hasattr(value, "clone") else value for name, value in state.items()}

    def on_fit_end(self, run: Run) -> None:
        wanted = self.restore == "always" or (self.restore == "when interrupted" and run.interrupted)
        if wanted and self.weights is not None and self.best_epoch != run.epoch_of_weights:
            run.model.load_state_dict(self.weights)
            run.epoch_of_weights = self.best_epoch
            run.note(f"The model has the weights of epoch {self.best_epoch}: {self.monitor.name} {self.best:.4g}.")

    def state_dict(self) -> dict[str, Any]:
        """The best so far, with its weights."""
        return {"monitor": self.monitor.state_dict(), "weights": self.weights}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from there."""
        self.monitor.load_state_dict(state["monitor"])
        self.weights = state["weights"]


class EarlyStopping(KeepBest):
    """Ends the training when it has not become better for some epochs; the model then has the weights of the best one.

    Args:
        monitor: what is watched; "val_loss" if None, or "loss" where there is no validation.
        patience: after so many epochs without a better one it ends.
        mode: "min" or "max": whether less or more is better; "auto" asks the metric.
        min_delta: by how much the best has to be beaten.
        restore_best: put the weights of the best epoch into the model, however the training ends.

    Source: https://keras.io/api/callbacks/early_stopping/

    Example:
        >>> import tinygrad_nn as tg
        >>> from tinygrad_nn.training import EarlyStopping, Trainer
        >>> x = tg.linspace(0, 1, 20)[:, None]
        >>> trainer = Trainer(tg.nn.Linear(1, 1), "mse", "sgd", lr=0.0)  # which never gets better
        >>> history = trainer.fit(x, 2 * x, epochs=50, callbacks=[EarlyStopping("loss", patience=3)], verbose=0)
        >>> len(history["loss"])
        4
    """

    def __init__(
        self,
        monitor: str | None = None,
        patience: int = 5,
        mode: str = "auto",
        min_delta: float = 0.0,
        restore_best: bool = True,
    ) -> None:
        if not isinstance(patience, int) or patience < 0:
            raise ValueError(f"EarlyStopping: patience must be an integer of 0 or more, got {patience!r}")
        super().__init__(monitor, mode, min_delta, "always" if restore_best else "never")
        self.patience = patience

    def on_epoch_end(self, run: Run, logs: dict[str, Any]) -> None:
        super().on_epoch_end(run, logs)
        waited = run.epoch - self.best_epoch
        if waited >= max(self.patience, 1):
            name, best = self.monitor.name, self.best
            run.stop(f"{name} has not become better than {best:.4g} for {waited} epochs")
