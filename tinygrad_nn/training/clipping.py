"""Clipping gradients before each step."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

from ..nn.utils import clip_grad_norm_, clip_grad_value_
from ..optim import LBFGS, Optimizer


def clipper(optimizer: Optimizer, norm: float | None, value: float | None) -> Callable[[], None] | None:
    """A function that clips the gradients of an optimizer's parameters; None if there is no limit.

    Args:
        optimizer: the optimizer.
        norm: the largest norm of all gradients together.
        value: the largest absolute value of an element.
    """
    if norm is None and value is None:
        return None
    parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]

    def clip() -> None:
        if value is not None:
            clip_grad_value_(parameters, value)
        if norm is not None:
            clip_grad_norm_(parameters, norm)

    return clip


@contextlib.contextmanager
def before_steps(optimizer: Optimizer, clip: Callable[[], None] | None) -> Iterator[None]:
    """In this block, call a function before each step of an optimizer. Not of LBFGS, whose steps make the gradients."""
    if clip is None or isinstance(optimizer, LBFGS):
        yield
        return

    def hook(optimizer: Optimizer, args: Any, kwargs: Any) -> None:
        clip()

    handle = optimizer.register_step_pre_hook(hook)
    try:
        yield
    finally:
        handle.remove()
