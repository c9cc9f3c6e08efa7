"""Stopping at the first nan, and saying where it came from."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from ..._core.random_states import get_random_states, set_random_states
from ..._core.tensor import Tensor
from .base import Callback

if TYPE_CHECKING:
    from ..run import Run


class NanGuard(Callback):
    """Ends the training when a loss or a gradient is nan or infinite, before the step that would spoil the weights.

    The batch is gone through once more under `debug.trace_nan`, and the error tells the op, the layer, the line and the
    sample that the nan came from.

    Args:
        action: "raise" the error, or "stop" and leave the model with the weights that it had before the batch.
        gradients: look at gradients, too.

    Raises:
        ValueError: there is no such action.
        FloatingPointError: while training, at the first nan.

    Example:
        >>> import tinygrad_nn as tg
        >>> from tinygrad_nn.training import NanGuard, Trainer
        >>> class Roots(tg.nn.Linear):
        ...     def forward(self, input):
        ...         return super().forward(input.sqrt())
        >>> trainer = Trainer(Roots(1, 1), "mse", "sgd")
        >>> x = tg.tensor([[1.0], [-4.0]])
        >>> trainer.fit(x, x, shuffle=False, callbacks=[NanGuard()], verbose=0)  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        FloatingPointError: the loss is nan in epoch 1, batch 1. ...
        1. nan made by sqrt in the forward pass
        ...
    """

    def __init__(self, action: str = "raise", gradients: bool = True) -> None:
        if action not in ("raise", "stop"):
            raise ValueError(f"NanGuard: action must be 'raise' or 'stop', got {action!r}")
        self.action, self.gradients = action, gradients
        self._before: tuple[Any, list[Tensor]] = (None, [])

    def on_batch_begin(self, run: Run) -> None:
        # What the batch will have changed when its loss is known: random numbers, and running statistics.
        self._before = get_random_states(), [buffer.clone() for buffer in run.model.buffers()]

    def on_backward_end(self, run: Run) -> None:
        if not math.isfinite(run.loss):
            self._found(run, f"the loss is {run.loss}")
        elif self.gradients:
            for name, parameter in run.model.named_parameters():
                if parameter.grad is not None and not _finite(np.asarray(parameter.grad)):
                    self._found(run, f"the gradient of {name} is not finite")

    def _found(self, run: Run, what: str) -> None:
        text = (
            f"{what} in epoch {run.epoch}, batch {run.batch}. No step was taken: the weights are those of before.\n"
            f"{self._traced(run)}"
        )
        if self.action == "raise":
            raise FloatingPointError(text)
        run.stop(text, at_once=True)

    def _traced(self, run: Run) -> str:
        """Go through the batch again, and tell where the first nan came from. Running statistics are put back."""
        from ...debug import trace_nan

        random_states, statistics = self._before
        now = get_random_states()
        set_random_states(random_states)
        _put_back(run, statistics)
        try:
            with trace_nan(inf=True) as trace:
                run.forward(run.batch_data)[1].loss.backward()
        finally:
            set_random_states(now)
            _put_back(run, statistics)
            run.optimizer.zero_grad()
        return str(trace)


def _put_back(run: Run, statistics: list[Tensor]) -> None:
    for buffer, values in zip(run.model.buffers(), statistics, strict=True):
        buffer.data.copy_(values)


def _finite(array: np.ndarray[Any, Any]) -> bool:
    flat = array.reshape(-1)
    with np.errstate(all="ignore"):
        product = np.dot(flat, flat)  # in a single pass; it may be too large, where all numbers are finite
    return bool(np.isfinite(product)) or bool(np.isfinite(array).all())
