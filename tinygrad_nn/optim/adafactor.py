"""Adafactor: Adam's mean square, of which only the means of rows and columns are kept."""

from __future__ import annotations

from math import sqrt
from typing import Any

import numpy as np

from .._core.dtypes import default_numpy
from .._core.modes import modes
from .._core.tensor import Tensor, wrap
from .block import Array
from .given import check_least, check_rate
from .optimizer import Optimizer

__all__ = ["Adafactor"]


class Adafactor(Optimizer):
    """Adafactor (Shazeer and Stern, 2018), with PyTorch's use of the learning rate and of epsilon.

    With ``b = 1 - t**beta2_decay``: ``r = b r + (1 - b) mean(g g, rows)`` and ``c`` for the columns likewise, whose
    product over the mean of ``r`` stands for the mean square ``v``; parameters of fewer than two dimensions keep ``v``
    itself. Then ``u = g / max(sqrt(v), eps[0])``, and
    ``p -= max(eps[1], rms(p)) * min(lr, 1 / sqrt(t)) * u / max(1, rms(u) / d)``.

    Args:
        params: tensors to optimize, or groups of them.
        lr: the largest relative size of a step; also the factor of the weight decay.
        beta2_decay: how fast the weight of the newest gradient falls.
        eps: the least root of the mean square (None: the type's own epsilon), and the least size of a parameter.
        d: the largest root mean square of ``u``.
        weight_decay: strength of the decay, which is decoupled.
        foreach: accepted for PyTorch's sake, and without effect.
        maximize: climb instead of descending.

    Raises:
        ValueError: an option is out of its range.
        RuntimeError: (in `step`) a parameter is complex.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.optim.Adafactor.html, https://arxiv.org/abs/1804.04235

    Example:
        >>> import tinygrad_nn as tg
        >>> x = tg.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
        >>> optimizer = tg.optim.Adafactor([x], lr=0.1)
        >>> (x * x).sum().backward()
        >>> optimizer.step()
        >>> x
        tensor([[0.7879, 1.7000],
                [2.7154, 3.7317]], requires_grad=True)
    """

    def __init__(
        self,
        params: Any,
        lr: Any = 1e-2,
        beta2_decay: float = -0.8,
        eps: tuple[float | None, float] = (None, 1e-3),
        d: float = 1.0,
        weight_decay: float = 0.0,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
    ) -> None:
        check_rate(lr, "Learning rate should be >= 0 but is: {}")
        if not beta2_decay <= 0:
            raise ValueError(f"beta2_decay should be <= 0 but is: {beta2_decay}")
        check_least("epsilon1", eps[0] or 0.0, 0)
        check_least("epsilon2", eps[1], 0)
        check_least("Clipping threshold d", d, 1)
        check_least("weight_decay", weight_decay, 0)
        defaults = {
            "lr": lr,
            "beta2_decay": beta2_decay,
            "eps": eps,
            "d": d,
            "weight_decay": weight_decay,
            "foreach": foreach,
            "maximize": maximize,
        }
        super().__init__(params, defaults)

    def _update_group(self, group: dict[str, Any]) -> None:
        for param in group["params"]:
            if param._grad is not None and param.is_complex():
                raise RuntimeError("Adafactor does not support complex parameters. Optimize these with Adam.")
        for param, grad, state in self._pending(group):
            modes.here.unwatched_quiet(self._update_parameter, group, param._array, grad, state)

    def _update_parameter(self, group: dict[str, Any], param: Array, grad: Array, state: dict[str, Any]) -> None:
        if not state:
            state.update(first_state(grad))
        step = state["step"]._array
        np.add(step, 1, step)
        lr, rest = float(group["lr"]), step.item() ** group["beta2_decay"]
        least, smallest = group["eps"]
        least = float(np.finfo(param.dtype).eps) if least is None else least
        size = max(smallest, rms(param)) * min(lr, 1 / sqrt(step.item()))
        if group["weight_decay"]:
            np.multiply(param, 1 - lr * group["weight_decay"], param)
        if grad.dtype == np.float16:  # which cannot hold the squares
            grad = grad.astype(np.float32)
        if grad.ndim > 1:
            square = factored(state["row_var"]._array, state["col_var"]._array, grad, rest, least)
        else:
            mean = state["variance"]._array
            mean += rest * (grad * grad - mean)
            square = mean.astype(grad.dtype)
        np.sqrt(np.maximum(square, least * least, out=square), out=square)
        direction = np.divide(grad, square, out=square)
        size /= max(1.0, rms(direction) / group["d"])
        np.multiply(direction, size if group["maximize"] else -size, direction)
        np.add(param, direction, param)


def first_state(grad: Array) -> dict[str, Tensor]:
    """Means of nothing yet: of rows and columns, or of every number where there are no rows."""
    state = {"step": wrap(np.zeros((), default_numpy()))}
    if grad.ndim > 1:
        *batch, rows, columns = grad.shape
        state["row_var"] = wrap(np.zeros((*batch, rows, 1), grad.dtype))
        state["col_var"] = wrap(np.zeros((*batch, 1, columns), grad.dtype))
    else:
        state["variance"] = wrap(np.zeros_like(grad, subok=False))
    return state


def factored(row: Array, column: Array, grad: Array, rest: float, least: float) -> Array:
    """Take a gradient into the means of rows (..., m, 1) and columns (..., 1, n), and give the square (..., m, n)."""
    square = grad * grad
    row += rest * (square.mean(axis=-1, keepdims=True) - row)
    column += rest * (square.mean(axis=-2, keepdims=True) - column)
    mean = np.maximum(row.mean(axis=-2, keepdims=True, dtype=grad.dtype), least)
    np.multiply(row / mean, column, out=square)
    return square


def rms(array: Array) -> float:
    """The root mean square."""
    flat = array.reshape(-1)
    if flat.dtype == np.float16:
        flat = flat.astype(np.float32)
    return sqrt(np.dot(flat, flat) / max(1, flat.size))
