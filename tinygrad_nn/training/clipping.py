"""Clipping gradients before each step."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from ..nn.utils import clip_grad_norm_, clip_grad_value_
from ..optim import Optimizer


@contextlib.contextmanager
def clipping(optimizer: Optimizer, norm: float | None, value: float | None) -> Iterator[None]:
    """In this block, clip the gradients of an optimizer's parameters before it steps.

    Args:
        optimizer: the optimizer.
        norm: the largest norm of all gradients together; None: no such limit.
        value: the largest absolute value of an element; None: no such limit.
    """
    if norm is None and value is None:
        yield
        return
    parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]

    def clip(optimizer: Optimizer, args: Any, kwargs: Any) -> None:
        if value is not None:
            clip_grad_value_(parameters, value)
        if norm is not None:
            clip_grad_norm_(parameters, norm)

    handle = optimizer.register_step_pre_hook(clip)
    try:
        yield
    finally:
        handle.remove()
