"""SparseAdam: Adam that leaves alone what a step has no gradient for."""

from __future__ import annotations

from math import sqrt
from typing import Any

import numpy as np

from .._core.modes import modes
from .._core.tensor import wrap
from .block import Array
from .given import check_betas, check_rate
from .optimizer import Optimizer

__all__ = ["SparseAdam"]


class SparseAdam(Optimizer):
    """Adam for embeddings: rows without a gradient keep their values and their running means.

    PyTorch's takes sparse gradients only. All gradients are dense here, so a row (an element of the first dimension)
    counts as not there if its gradient is all zeros. For the other rows, ``m = b1 m + (1 - b1) g``,
    ``v = b2 v + (1 - b2) g g`` and ``p -= lr * sqrt(1 - b2**t) / (1 - b1**t) * m / (sqrt(v) + eps)``.

    Args:
        params: tensors to optimize, or groups of them.
        lr: learning rate.
        betas: how much of the running means of the gradient and of its square is kept from step to step.
        eps: added to the denominator.
        maximize: climb instead of descending.

    Raises:
        ValueError: an option is out of its range, or a parameter is complex.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.optim.SparseAdam.html

    Example:
        >>> import tinygrad_nn as tg
        >>> words = tg.nn.Embedding(3, 2, _weight=tg.ones(3, 2))
        >>> optimizer = tg.optim.SparseAdam(words.parameters(), lr=0.1)
        >>> words(tg.tensor([2])).sum().backward()
        >>> optimizer.step()
        >>> words.weight
        Parameter containing:
        tensor([[1.0000, 1.0000],
                [1.0000, 1.0000],
                [0.9000, 0.9000]], requires_grad=True)
    """

    def __init__(
        self,
        params: Any,
        lr: Any = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        maximize: bool = False,
    ) -> None:
        check_rate(lr)
        if not lr > 0:
            raise ValueError(f"Invalid learning rate: {lr}")
        if not eps > 0:
            raise ValueError(f"Invalid epsilon value: {eps}")
        check_betas(betas)
        super().__init__(params, {"lr": lr, "betas": betas, "eps": eps, "maximize": maximize})
        groups = [group["params"] for group in self.param_groups]
        complex_ones = [[i, j] for i, group in enumerate(groups) for j, p in enumerate(group) if p.is_complex()]
        if complex_ones:
            raise ValueError(
                f"Complex params at indices {complex_ones}: SparseAdam does not support complex parameters. Optimize "
                "these with Adam"
            )

    def _update_group(self, group: dict[str, Any]) -> None:
        for param, grad, state in self._pending(group):
            if not state:
                means = {name: wrap(np.zeros_like(param._array, subok=False)) for name in ("exp_avg", "exp_avg_sq")}
                state.update({"step": 0, **means})
            state["step"] += 1
            mean, square = state["exp_avg"]._array, state["exp_avg_sq"]._array
            modes.here.unwatched_quiet(update, param._array, grad, mean, square, int(state["step"]), group)


def update(param: Array, grad: Array, mean: Array, square: Array, step: int, group: dict[str, Any]) -> None:
    """One step of Adam on the rows that have a gradient."""
    (beta1, beta2), eps = map(float, group["betas"]), group["eps"]
    rows = np.flatnonzero(grad.reshape(len(grad), -1).any(axis=1)) if grad.ndim else ...
    values = -grad[rows] if group["maximize"] else grad[rows]
    means, squares = mean[rows], square[rows]
    means = means + (1 - beta1) * (values - means)
    squares = squares + (1 - beta2) * (values * values - squares)
    mean[rows], square[rows] = means, squares
    rate = float(group["lr"]) * sqrt(1 - beta2**step) / (1 - beta1**step)
    param[rows] -= rate * (means / (np.sqrt(squares) + eps))
