"""Adamax: Adam with the largest gradient so far in the place of the mean square."""

from __future__ import annotations

from typing import Any

import numpy as np

from .block import Array, Block
from .bundle import Bundle, Kept
from .elementwise import ElementwiseOptimizer
from .given import check_betas, check_not_negative, check_rate, check_ways

__all__ = ["Adamax"]


class Adamax(ElementwiseOptimizer):
    """Adamax (Kingma and Ba, 2014), Adam with the infinity norm.

    ``m = b1 m + (1 - b1) g;  u = max(b2 u, |g| + eps);  p -= lr / (1 - b1**t) * m / u``

    Args:
        params: tensors to optimize, or groups of them.
        lr: learning rate.
        betas: how much of the running mean of the gradient, and of its largest size, is kept from step to step.
        eps: added to the size of the gradient.
        weight_decay: strength of the L2 penalty.
        maximize: climb instead of descending.
        foreach, capturable: accepted for PyTorch's sake, and without effect.
        differentiable: must be False; steps are not recorded.

    Raises:
        ValueError: an option is out of its range.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.optim.Adamax.html, https://arxiv.org/abs/1412.6980

    Example:
        >>> import tinygrad_nn as tg
        >>> x = tg.tensor([1.0, 2.0], requires_grad=True)
        >>> optimizer = tg.optim.Adamax([x], lr=0.1)
        >>> (x * x).sum().backward()
        >>> optimizer.step()
        >>> x
        tensor([0.9000, 1.9000], requires_grad=True)
    """

    def __init__(
        self,
        params: Any,
        lr: Any = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
        differentiable: bool = False,
        capturable: bool = False,
    ) -> None:
        check_rate(lr)
        check_not_negative(epsilon=eps)
        check_betas(betas)
        check_not_negative(weight_decay=weight_decay)
        check_ways(foreach, differentiable=differentiable)
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
            "capturable": capturable,
        }
        super().__init__(params, defaults)

    def _kept(self, group: dict[str, Any]) -> Kept:
        return Kept({"step": 0.0}, {"exp_avg": 0.0, "exp_inf": 0.0})

    def _update_bundle(self, group: dict[str, Any], bundle: Bundle) -> None:
        beta1, beta2 = float(group["betas"][0]), float(group["betas"][1])
        rate = float(group["lr"]) / (1 - beta1 ** bundle.advance())
        numbers = bundle.scalars(beta2, group["eps"])
        for block in self._gathered(group, bundle, rate):
            update(block, beta1, *numbers)


def update(block: Block, beta1: float, beta2: Array, eps: Array) -> None:
    """``m = b1 m + (1 - b1) g;  u = max(b2 u, |g| + eps);  direction = m / u``."""
    grad = block.work[0]
    mean, largest = block.state
    block.blend(mean, beta1, grad, 1 - beta1)
    size = np.abs(grad, grad)
    np.add(size, eps, size)
    np.multiply(largest, beta2, largest)
    np.maximum(largest, size, out=largest)
    np.divide(mean, largest, grad)
