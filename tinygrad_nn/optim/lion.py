"""Lion: steps of one size, in the direction of the sign of the momentum."""

from __future__ import annotations

from typing import Any

import numpy as np

from .block import Block
from .bundle import Bundle, Kept
from .elementwise import ElementwiseOptimizer
from .given import check_betas, check_not_negative, check_rate

__all__ = ["Lion"]


class Lion(ElementwiseOptimizer):
    """Lion (Chen et al., 2023), which PyTorch does not have.

    ``p -= lr * (sign(b1 m + (1 - b1) g) + weight_decay * p);  m = b2 m + (1 - b2) g``

    Its steps are larger than Adam's: take a learning rate three to ten times smaller, and the weight decay as much
    larger.

    Args:
        params: tensors to optimize, or groups of them.
        lr: learning rate.
        betas: how much of the momentum counts in a step, and is kept from step to step.
        weight_decay: strength of the decay, which is decoupled.
        maximize: climb instead of descending.

    Raises:
        ValueError: an option is out of its range.

    Source: https://arxiv.org/abs/2302.06675

    Example:
        >>> import tinygrad_nn as tg
        >>> x = tg.tensor([1.0, -2.0], requires_grad=True)
        >>> optimizer = tg.optim.Lion([x], lr=0.1)
        >>> (x * x).sum().backward()
        >>> optimizer.step()
        >>> x
        tensor([ 0.9000, -1.9000], requires_grad=True)
    """

    def __init__(
        self,
        params: Any,
        lr: Any = 1e-4,
        betas: tuple[float, float] = (0.9, 0.99),
        weight_decay: float = 0.0,
        *,
        maximize: bool = False,
    ) -> None:
        check_rate(lr)
        check_betas(betas)
        check_not_negative(weight_decay=weight_decay)
        defaults = {"lr": lr, "betas": betas, "weight_decay": weight_decay, "maximize": maximize}
        super().__init__(params, defaults)

    _scratch = 3

    def _kept(self, group: dict[str, Any]) -> Kept:
        return Kept({}, {"exp_avg": 0.0})

    def _update_bundle(self, group: dict[str, Any], bundle: Bundle) -> None:
        lr, beta1, beta2 = float(group["lr"]), float(group["betas"][0]), float(group["betas"][1])
        for block in self._gathered(group, bundle, lr, shrink=1 - lr * group["weight_decay"]):
            update(block, beta1, beta2)


def update(block: Block, beta1: float, beta2: float) -> None:
    """``direction = sign(b1 m + (1 - b1) g);  m = b2 m + (1 - b2) g``."""
    grad, direction, _ = block.work
    (momentum,) = block.state
    np.copyto(direction, momentum)
    block.blend(direction, beta1, grad, 1 - beta1)
    block.blend(momentum, beta2, grad, 1 - beta2)
    np.sign(direction, grad)
