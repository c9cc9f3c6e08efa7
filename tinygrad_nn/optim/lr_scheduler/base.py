"""The base of all schedules: how a learning rate gets from a formula into an optimizer's groups.

Source: https://docs.pytorch.org/docs/stable/optim.html#how-to-adjust-learning-rate
"""

from __future__ import annotations

import functools
import types
import warnings
import weakref
from collections.abc import Callable
from typing import Any

from ..._core.tensor import Tensor
from ..optimizer import Optimizer

__all__ = ["LRScheduler"]

EPOCH_DEPRECATION_WARNING = (
    "The epoch parameter in `scheduler.step()` was not necessary and is being "
    "deprecated where possible. Please use `scheduler.step()` to step the "
    "scheduler. During the deprecation, if epoch is different from None, the "
    "closed form is used instead of the new chainable form, where available. "
    "Please open an issue if you are unable to replicate your use case: "
    "https://github.com/pytorch/pytorch/issues/new/choose."
)
_SEE = "See more details at https://pytorch.org/docs/stable/optim.html#how-to-adjust-learning-rate"


class LRScheduler:
    """Base class of schedules. A subclass writes `get_lr`.

    When it is made, a schedule notes each group's learning rate as its ``"initial_lr"`` and sets the first one. So make
    it before the optimizer's state is loaded.

    Args:
        optimizer: the optimizer whose learning rates are set.
        last_epoch: how many steps were taken before, minus one; -1 to start anew.

    Raises:
        TypeError: there is no optimizer.
        KeyError: it starts later, and the groups have no ``"initial_lr"``.

    Example:
        >>> import tinygrad_nn as tg
        >>> from tinygrad_nn.optim.lr_scheduler import LRScheduler
        >>> class InverseRoot(LRScheduler):
        ...     def get_lr(self):
        ...         return [lr / (self.last_epoch + 1) ** 0.5 for lr in self.base_lrs]
        >>> optimizer = tg.optim.SGD([tg.ones(1)], lr=1.0)
        >>> schedule = InverseRoot(optimizer)
        >>> for _ in range(3):
        ...     optimizer.step()
        ...     schedule.step()
        >>> schedule.get_last_lr()
        [0.5]
    """

    _get_lr_called_within_step = False
    _is_initial = False
    base_lrs: list[Any]
    last_epoch: int
    _last_lr: list[Any]

    def __init__(self, optimizer: Optimizer, last_epoch: int = -1) -> None:
        check_optimizer(optimizer)
        self.optimizer = optimizer
        for number, group in enumerate(optimizer.param_groups):
            if last_epoch == -1:
                group.setdefault("initial_lr", copied(group["lr"]))
            elif "initial_lr" not in group:
                raise KeyError(
                    f"param 'initial_lr' is not specified in param_groups[{number}] when resuming scheduler with "
                    "last_epoch >= 0.\nThis typically happens when:\n1. You're trying to resume training from a "
                    "checkpoint but haven't properly loaded the optimizer state\n2. You're using last_epoch >= 0 for a "
                    "fresh training run (not recommended)"
                )
        self.base_lrs = values_of(optimizer, "initial_lr")
        self.last_epoch = last_epoch
        _note_steps_of(optimizer)
        self._initial_step()

    def _initial_step(self) -> None:
        """Set the first learning rates."""
        self._step_count = 0
        self._is_initial = True
        try:
            self.step()
        finally:
            self._is_initial = False

    def state_dict(self) -> dict[str, Any]:
        """Everything but the optimizer, in PyTorch's format."""
        return {name: value for name, value in self.__dict__.items() if name != "optimizer"}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Continue from a state that `state_dict` gave. Load the optimizer's as well."""
        self.__dict__.update(state_dict)

    def get_last_lr(self) -> list[Any]:
        """The learning rates that were set last, one for each group."""
        return self._last_lr

    def get_lr(self) -> list[Any]:
        """The learning rates for `last_epoch`, one for each group. `step` asks for them; see `get_last_lr`."""
        raise NotImplementedError(f"{type(self).__name__} has no get_lr() of its own")

    def step(self, epoch: int | None = None) -> None:
        """Set the next learning rates. Call it after the optimizer's `step`.

        Args:
            epoch: go there, by the closed form of the schedule if there is one. PyTorch has deprecated this.
        """
        if self._step_count == 1:
            self._warn_of_order()
        self._step_count += 1
        if epoch is not None:
            warnings.warn(EPOCH_DEPRECATION_WARNING, UserWarning, stacklevel=2)
        self._update_lr(epoch)

    def _warn_of_order(self) -> None:
        if not hasattr(self.optimizer.step, "_wrapped_by_lr_sched"):
            warnings.warn(
                "Seems like `optimizer.step()` has been overridden after learning rate scheduler initialization. "
                f"Please, make sure to call `optimizer.step()` before `lr_scheduler.step()`. {_SEE}",
                UserWarning,
                stacklevel=3,
            )
        elif not getattr(self.optimizer, "_opt_called", False):
            warnings.warn(
                "Detected call of `lr_scheduler.step()` before `optimizer.step()`. In PyTorch 1.1.0 and later, you "
                "should call them in the opposite order: `optimizer.step()` before `lr_scheduler.step()`.  Failure to "
                f"do this will result in PyTorch skipping the first value of the learning rate schedule. {_SEE}",
                UserWarning,
                stacklevel=3,
            )

    def _update_lr(self, epoch: int | None = None) -> None:
        self.last_epoch = self.last_epoch + 1 if epoch is None else epoch
        closed_form = None if epoch is None else getattr(self, "_get_closed_form_lr", None)
        self._set(closed_form or self.get_lr)

    def _set(self, formula: Callable[[], list[Any]]) -> None:
        """Compute the learning rates and write them into the groups."""
        self._get_lr_called_within_step = True
        try:
            values = formula()
        finally:
            self._get_lr_called_within_step = False
        for group, value in zip(self.optimizer.param_groups, values, strict=True):
            set_value(group, "lr", value)
        self._last_lr = values_of(self.optimizer, "lr")

    def _warn_unless_within_step(self) -> None:
        if not self._get_lr_called_within_step:
            warnings.warn(
                "To get the last learning rate computed by the scheduler, please use `get_last_lr()`.",
                UserWarning,
                stacklevel=3,
            )


class _LRScheduler(LRScheduler):
    """The base's former name."""


def check_optimizer(optimizer: Any) -> None:
    """Refuse anything but an optimizer.

    Raises:
        TypeError: it is none.
    """
    if not isinstance(optimizer, Optimizer):
        raise TypeError(f"{type(optimizer).__name__} is not an Optimizer")


def _note_steps_of(optimizer: Optimizer) -> None:
    """Let the optimizer note that it has stepped, as a schedule wants to know whether it did."""
    step: Any = optimizer.step
    if hasattr(step, "_wrapped_by_lr_sched"):
        return
    function, reference = step.__func__, weakref.ref(optimizer)  # no cycle: the optimizer holds the wrapper

    @functools.wraps(function)
    def noting(*args: Any, **kwargs: Any) -> Any:
        optimizer: Any = reference()
        optimizer._opt_called = True
        return function(optimizer, *args, **kwargs)

    noting._wrapped_by_lr_sched = True  # type: ignore[attr-defined]
    optimizer.step = noting  # type: ignore[method-assign]


# --- values of groups --------------------------------------------------------------------------------------------


def copied(value: Any) -> Any:
    """A copy of a tensor; a number itself."""
    return value.clone() if isinstance(value, Tensor) else value


def values_of(optimizer: Optimizer, key: str) -> list[Any]:
    """The groups' values of an option, none of them shared with the group."""
    return [copied(group[key]) for group in optimizer.param_groups]


def set_value(group: dict[str, Any], key: str, value: Any) -> None:
    """Set an option; a tensor stays the same one."""
    if isinstance(group[key], Tensor):
        group[key].fill_(float(value))
    else:
        group[key] = value


def for_each_group(name: str, optimizer: Optimizer, value: Any) -> list[Any]:
    """A value for each group, from one for all or a list.

    Raises:
        ValueError: the list has another length.
    """
    groups = optimizer.param_groups
    if isinstance(value, list | tuple):
        if len(value) != len(groups):
            raise ValueError(
                f"{name} must have the same length as optimizer.param_groups. {name} has {len(value)} values, "
                f"param_groups has {len(groups)}."
            )
        return [copied(item) for item in value]
    return [copied(value) for _ in groups]


def cycle_by(optimizer: Optimizer, lowest: Any, highest: Any, starts: bool) -> tuple[bool, list[Any], list[Any]]:
    """Prepare the groups for a momentum that is cycled.

    Returns:
        Whether it is Adam's first beta, and the lowest and highest momentum of each group.

    Raises:
        ValueError: the optimizer has no momentum.
    """
    if "momentum" not in optimizer.defaults and "betas" not in optimizer.defaults:
        raise ValueError(
            "optimizer must support momentum or beta1 with `cycle_momentum` option enabled. Pass cycle_momentum=False"
        )
    lows = for_each_group("base_momentum", optimizer, lowest)
    highs = for_each_group("max_momentum", optimizer, highest)
    is_beta = "betas" in optimizer.defaults
    if starts:
        for low, high, group in zip(lows, highs, optimizer.param_groups, strict=True):
            set_momentum(group, high, is_beta)
            group["max_momentum"], group["base_momentum"] = high, low
    return is_beta, lows, highs


def set_momentum(group: dict[str, Any], value: Any, is_beta: bool) -> None:
    """Set a group's momentum, or its first beta."""
    if is_beta:
        group["betas"] = (value, *group["betas"][1:])
    else:
        group["momentum"] = value


# --- functions in a state ----------------------------------------------------------------------------------------


def saved_function(function: Any) -> dict[str, Any] | None:
    """What is saved of a callable object: its attributes. Of functions, nothing is."""
    return None if isinstance(function, types.FunctionType) else dict(function.__dict__)
