"""The hooks around a step: those of one optimizer, and those of all.

Source: https://docs.pytorch.org/docs/stable/optim.html#optimizer-hooks
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from .._core.handles import RemovableHandle, add_hook
from .._core.modes import modes
from .._core.observe import region

__all__ = ["register_optimizer_step_post_hook", "register_optimizer_step_pre_hook"]

before_all: dict[int, Callable[..., Any]] = {}
after_all: dict[int, Callable[..., Any]] = {}


def register_optimizer_step_pre_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Call ``hook(optimizer, args, kwargs)`` before each step of every optimizer; it may return ``(args, kwargs)``.

    Example:
        >>> import tinygrad_nn as tg
        >>> from tinygrad_nn.optim.optimizer import register_optimizer_step_pre_hook
        >>> handle = register_optimizer_step_pre_hook(lambda optimizer, args, kwargs: print(type(optimizer).__name__))
        >>> tg.optim.SGD([tg.ones(1)]).step()
        SGD
        >>> handle.remove()
    """
    return add_hook(before_all, hook)


def register_optimizer_step_post_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Call ``hook(optimizer, args, kwargs)`` after each step of every optimizer."""
    return add_hook(after_all, hook)


def with_hooks(step: Callable[..., Any]) -> Callable[..., Any]:
    """A step that runs the hooks around itself. A step that is called inside another does not run them again."""

    @functools.wraps(step)
    def hooked(self: Any, *args: Any, **kwargs: Any) -> Any:
        if self._is_stepping or not (
            self._optimizer_step_pre_hooks
            or self._optimizer_step_post_hooks
            or before_all
            or after_all
            or modes.here.observers
        ):
            return step(self, *args, **kwargs)
        self._is_stepping = True
        try:
            with region(f"Optimizer.step#{type(self).__name__}.step"):
                return _run(step, (self, *args), kwargs)
        finally:
            self._is_stepping = False

    return hooked


def _run(step: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    optimizer = args[0]
    for hook in [*before_all.values(), *optimizer._optimizer_step_pre_hooks.values()]:
        replaced = hook(optimizer, args, kwargs)
        if replaced is not None:
            if not (isinstance(replaced, tuple) and len(replaced) == 2):
                raise RuntimeError(
                    f"{step} must return None or a tuple of (new_args, new_kwargs), but got {replaced}. The first of "
                    "the args is the optimizer itself."
                )
            args, kwargs = replaced
    result = step(*args, **kwargs)
    for hook in [*optimizer._optimizer_step_post_hooks.values(), *after_all.values()]:
        hook(optimizer, args, kwargs)
    return result
