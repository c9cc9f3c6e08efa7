"""LAMB: Adam with a step for each layer in proportion to the size of its weights."""

from __future__ import annotations

from math import sqrt
from typing import Any

import numpy as np

from .block import Array, Block
from .bundle import Bundle, Kept
from .elementwise import ElementwiseOptimizer
from .given import check_betas, check_not_negative, check_rate

__all__ = ["LAMB"]


class LAMB(ElementwiseOptimizer):
    """LAMB (You et al., 2019), for large batches; PyTorch does not have it.

    With Adam's running means, ``u = (m / (1 - b1**t)) / (sqrt(v / (1 - b2**t)) + eps) + weight_decay * p`` and
    ``p -= lr * |p| / |u| * u`` for each parameter, where the ratio of the norms is 1 if one of them is 0.

    Args:
        params: tensors to optimize, or groups of them.
        lr: learning rate.
        betas: how much of the running means of the gradient and of its square is kept from step to step.
        eps: added to the denominator.
        weight_decay: strength of the decay.
        maximize: climb instead of descending.

    Raises:
        ValueError: an option is out of its range.

    Source: https://arxiv.org/abs/1904.00962, algorithm 2

    Example:
        >>> import tinygrad_nn as tg
        >>> x = tg.tensor([3.0, 4.0], requires_grad=True)
        >>> optimizer = tg.optim.LAMB([x], lr=0.1)
        >>> (x * x).sum().backward()
        >>> optimizer.step()
        >>> x
        tensor([2.6464, 3.6464], requires_grad=True)
    """

    def __init__(
        self,
        params: Any,
        lr: Any = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-6,
        weight_decay: float = 0.0,
        *,
        maximize: bool = False,
    ) -> None:
        check_rate(lr)
        check_not_negative(epsilon=eps)
        check_betas(betas)
        check_not_negative(weight_decay=weight_decay)
        defaults = {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "maximize": maximize}
        super().__init__(params, defaults)

    _whole = True

    def _kept(self, group: dict[str, Any]) -> Kept:
        return Kept({"step": 0.0}, {"exp_avg": 0.0, "exp_avg_sq": 0.0})

    def _update_bundle(self, group: dict[str, Any], bundle: Bundle) -> None:
        step = bundle.advance()
        lr, beta1, beta2 = float(group["lr"]), float(group["betas"][0]), float(group["betas"][1])
        unbias = sqrt(1 - beta2**step)
        one, eps, rate, decay = bundle.scalars(
            1.0, group["eps"] * unbias, unbias / (1 - beta1**step), group["weight_decay"]
        )
        for block in self._gathered(group, bundle, lr, shrink=1.0):
            update(block, beta1, beta2, eps, rate)
            if group["weight_decay"]:
                block.add_parameters(decay)
            block.take_parameters(one, 1)
            for direction, param in zip(*block.segments(), strict=True):
                direction *= direction.dtype.type(trust_ratio(param, direction))


def update(block: Block, beta1: float, beta2: float, eps: Array, rate: Array) -> None:
    """``m = b1 m + (1 - b1) g;  v = b2 v + (1 - b2) g g;  direction = rate * m / (sqrt(v) + eps)``."""
    grad = block.work[0]
    mean, square = block.state
    block.blend(mean, beta1, grad, 1 - beta1)
    np.multiply(grad, grad, grad)
    block.blend(square, beta2, grad, 1 - beta2)
    np.add(np.sqrt(square, grad), eps, grad)
    np.multiply(np.divide(mean, grad, grad), rate, grad)


def trust_ratio(param: Array, direction: Array) -> float:
    """``|p| / |u|``, or 1 if one of them is 0."""
    size, length = np.dot(param, param), np.dot(direction, direction)
    return sqrt(size / length) if size > 0 and length > 0 else 1.0
