"""Telling whether an epoch was the best so far, by one of its numbers."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from ..._core.errors import near

if TYPE_CHECKING:
    from ..run import Run

MODES = ("auto", "min", "max")


class Monitor:
    """The best of a number that each epoch gives.

    Args:
        owner: who asks, for errors.
        name: which number; None for "val_loss", or "loss" where there is no validation.
        mode: "min" or "max": whether less or more is better; "auto" asks the metric.
        min_delta: by how much the best has to be beaten.

    Raises:
        ValueError: there is no such mode.
    """

    def __init__(self, owner: str, name: str | None = None, mode: str = "auto", min_delta: float = 0.0) -> None:
        if mode not in MODES:
            raise ValueError(f"{owner}: mode must be one of {', '.join(map(repr, MODES))}, got {mode!r}")
        self.owner, self.wanted, self.mode, self.min_delta = owner, name, mode, abs(min_delta)
        self.name, self.sign = name or "", 1.0
        self.reset()

    def reset(self) -> None:
        """Forget the best."""
        self.best = math.nan
        self.epoch = 0

    def begin(self, run: Run) -> None:
        """Find out what is watched, and which way is better.

        Raises:
            ValueError: the run gives no such number; or it does not say which way is better.
        """
        self.reset()
        names = run.names
        self.name = self.wanted or ("val_loss" if "val_loss" in names else "loss")
        if self.name not in names:
            hint = " Names with val_ need validation_data or validation_split." if self.name.startswith("val_") else ""
            raise ValueError(
                f"{self.owner}: there is no {self.name!r} to be watched.{near(self.name, names)} There are "
                f"{', '.join(names)}.{hint}"
            )
        direction = self.mode
        if direction == "auto":
            direction = {True: "max", False: "min", None: "unknown"}[run.higher_is_better(self.name)]
        if direction == "unknown":
            raise ValueError(f"{self.owner}: give mode='min' or mode='max', as {self.name!r} is better neither way")
        self.sign = 1.0 if direction == "max" else -1.0

    def improved(self, logs: dict[str, Any], epoch: int) -> bool:
        """Whether this epoch is the best so far; it is noted then. nan never is.

        Raises:
            ValueError: what is watched is not a single number.
        """
        value = logs.get(self.name, math.nan)
        try:
            number = float(value)
        except TypeError:
            raise ValueError(f"{self.owner}: {self.name!r} is no single number, and cannot be watched") from None
        gain = self.sign * (number - self.best)
        if math.isnan(number) or not (math.isnan(self.best) or gain > self.min_delta):
            return False
        self.best, self.epoch = number, epoch
        return True

    def state_dict(self) -> dict[str, Any]:
        """The best, and when it was."""
        return {"best": self.best, "epoch": self.epoch}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from there."""
        self.best, self.epoch = state["best"], state["epoch"]
