"""A learning rate that goes up and down: Smith, 2015, https://arxiv.org/abs/1506.01186."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Literal

from ..optimizer import Optimizer
from .base import LRScheduler, check_optimizer, cycle_by, for_each_group, saved_function, set_momentum, set_value

__all__ = ["CyclicLR"]


class CyclicLR(LRScheduler):
    """The learning rate goes up from ``base_lr`` to ``max_lr`` and back, again and again; step it after every batch.

    Args:
        optimizer: the optimizer whose learning rates are set.
        base_lr: the lowest learning rate, or one for each group.
        max_lr: the highest, or one for each group.
        step_size_up: how many steps it goes up.
        step_size_down: how many steps it goes down; as many as up if not given.
        mode: "triangular", "triangular2" (each cycle half as high as the one before) or "exp_range" (its height is
            multiplied by ``gamma`` at each step).
        gamma: see there.
        scale_fn: a function for the height, in the place of a mode.
        scale_mode: "cycle" or "iterations": what that function gets.
        cycle_momentum: let the momentum go down from ``max_momentum`` to ``base_momentum`` and back meanwhile.
        base_momentum: the lowest momentum, or one for each group.
        max_momentum: the highest, or one for each group.
        last_epoch: how many steps were taken before, minus one; -1 to start anew.

    Raises:
        TypeError: there is no optimizer.
        ValueError: there is no such mode, or the optimizer has no momentum to be cycled.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.CyclicLR.html

    Example:
        >>> import tinygrad_nn as tg
        >>> optimizer = tg.optim.SGD([tg.ones(1)], lr=0.1, momentum=0.9)
        >>> schedule = tg.optim.lr_scheduler.CyclicLR(optimizer, base_lr=1.0, max_lr=2.0, step_size_up=2)
        >>> rates = []
        >>> for _ in range(5):
        ...     rates += schedule.get_last_lr()
        ...     optimizer.step()
        ...     schedule.step()
        >>> rates
        [1.0, 1.5, 2.0, 1.5, 1.0]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        base_lr: Any,
        max_lr: Any,
        step_size_up: int = 2000,
        step_size_down: int | None = None,
        mode: Literal["triangular", "triangular2", "exp_range"] = "triangular",
        gamma: float = 1.0,
        scale_fn: Callable[[float], float] | None = None,
        scale_mode: Literal["cycle", "iterations"] = "cycle",
        cycle_momentum: bool = True,
        base_momentum: Any = 0.8,
        max_momentum: Any = 0.9,
        last_epoch: int = -1,
    ) -> None:
        check_optimizer(optimizer)
        self.optimizer = optimizer
        if mode not in ("triangular", "triangular2", "exp_range") and scale_fn is None:
            raise ValueError(
                f"mode is invalid and scale_fn is None: got {mode!r}, expected triangular, triangular2 or exp_range"
            )
        lows = for_each_group("base_lr", optimizer, base_lr)
        self.max_lrs = for_each_group("max_lr", optimizer, max_lr)
        up = float(step_size_up)
        self.total_size = up + (float(step_size_down) if step_size_down is not None else up)
        self.step_ratio = up / self.total_size
        self.mode = mode
        self.gamma = gamma
        self._scale_fn_custom: Any = scale_fn
        self.scale_mode: str = scale_mode
        if scale_fn is None:
            self.scale_mode = "iterations" if mode == "exp_range" else "cycle"
        self.cycle_momentum = cycle_momentum
        if cycle_momentum:
            starts = last_epoch == -1
            self.use_beta1, self.base_momentums, self.max_momentums = cycle_by(
                optimizer, base_momentum, max_momentum, starts
            )
        if last_epoch == -1:
            for lr, group in zip(lows, optimizer.param_groups, strict=True):
                set_value(group, "lr", lr)
        super().__init__(optimizer, last_epoch)
        self.base_lrs = lows

    def scale_fn(self, x: float) -> float:
        """How high a cycle is, given its number or that of the step."""
        if self._scale_fn_custom is not None:
            return float(self._scale_fn_custom(x))
        if self.mode == "triangular2":
            return float(1 / (2.0 ** (x - 1)))
        return float(self.gamma**x) if self.mode == "exp_range" else 1.0

    def get_lr(self) -> list[Any]:
        """The learning rates at this point of the cycle. Sets the momentum as well."""
        self._warn_unless_within_step()
        cycle = math.floor(1 + self.last_epoch / self.total_size)
        x = 1.0 + self.last_epoch / self.total_size - cycle
        height = x / self.step_ratio if x <= self.step_ratio else (x - 1) / (self.step_ratio - 1)
        scale = self.scale_fn(cycle if self.scale_mode == "cycle" else self.last_epoch)
        if self.cycle_momentum:
            bounds = zip(self.base_momentums, self.max_momentums, strict=True)
            for group, (low, high) in zip(self.optimizer.param_groups, bounds, strict=True):
                set_momentum(group, high - (high - low) * height * scale, self.use_beta1)
        return [low + (high - low) * height * scale for low, high in zip(self.base_lrs, self.max_lrs, strict=True)]

    def state_dict(self) -> dict[str, Any]:
        """Everything but the optimizer; of ``scale_fn``, what a callable object has as attributes."""
        state = super().state_dict()
        function = state.pop("_scale_fn_custom")
        return {**state, "_scale_fn_custom": None if function is None else saved_function(function)}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Continue from a state that `state_dict` gave. Load the optimizer's as well."""
        saved = state_dict["_scale_fn_custom"]
        super().load_state_dict({name: value for name, value in state_dict.items() if name != "_scale_fn_custom"})
        if saved is not None:
            self._scale_fn_custom.__dict__.update(saved)
