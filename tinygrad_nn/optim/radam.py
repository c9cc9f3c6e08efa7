"""RAdam: Adam that waits with its denominator until enough gradients have been seen."""

from __future__ import annotations

from math import sqrt
from typing import Any

import numpy as np

from .block import Array, Block
from .bundle import Bundle, Kept
from .elementwise import ElementwiseOptimizer
from .given import check_betas, check_not_negative, check_rate, check_ways

__all__ = ["RAdam"]


class RAdam(ElementwiseOptimizer):
    """RAdam (Liu et al., 2019): Adam with a rectified variance of its step sizes.

    ``rho = r - 2 t b2**t / (1 - b2**t)`` with ``r = 2 / (1 - b2) - 1`` says how many gradients the mean square is made
    of. Up to 5, steps are those of momentum, ``p -= lr * m / (1 - b1**t)``; from there on Adam's, times
    ``sqrt((rho - 4) (rho - 2) r / ((r - 4) (r - 2) rho))``, with ``eps`` beside ``sqrt(v)`` before it is unbiased.

    Args:
        params: tensors to optimize, or groups of them.
        lr: learning rate.
        betas: how much of the running means of the gradient and of its square is kept from step to step.
        eps: added to the denominator.
        weight_decay: strength of the L2 penalty.
        decoupled_weight_decay: shrink the weights themselves instead of adding to the gradient.
        maximize: climb instead of descending.
        foreach, capturable: accepted for PyTorch's sake, and without effect.
        differentiable: must be False; steps are not recorded.

    Raises:
        ValueError: an option is out of its range.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.optim.RAdam.html, https://arxiv.org/abs/1908.03265

    Example:
        >>> import tinygrad_nn as tg
        >>> x = tg.tensor([1.0, 2.0], requires_grad=True)
        >>> optimizer = tg.optim.RAdam([x], lr=0.1)
        >>> (x * x).sum().backward()
        >>> optimizer.step()
        >>> x
        tensor([0.8000, 1.6000], requires_grad=True)
    """

    def __init__(
        self,
        params: Any,
        lr: Any = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        decoupled_weight_decay: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
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
            "maximize": maximize,
            "foreach": foreach,
            "capturable": capturable,
            "decoupled_weight_decay": decoupled_weight_decay,
            "differentiable": differentiable,
        }
        super().__init__(params, defaults)

    def _kept(self, group: dict[str, Any]) -> Kept:
        return Kept({"step": 0.0}, {"exp_avg": 0.0, "exp_avg_sq": 0.0})

    def _update_bundle(self, group: dict[str, Any], bundle: Bundle) -> None:
        step = bundle.advance()
        beta1, beta2 = float(group["betas"][0]), float(group["betas"][1])
        rate = float(group["lr"]) / (1 - beta1**step)
        factor = rectification(step, beta2)
        (eps,) = bundle.scalars(group["eps"])
        for block in self._gathered(group, bundle, rate if factor is None else rate * factor):
            update(block, beta1, beta2, None if factor is None else eps)


def rectification(step: float, beta2: float) -> float | None:
    """What Adam's fraction ``m / (sqrt(v) + eps)`` is multiplied by; None before it is to be used."""
    unbias = 1 - beta2**step
    most = 2 / (1 - beta2) - 1
    length = most - 2 * step * beta2**step / unbias
    if length <= 5.0:
        return None
    return sqrt((length - 4) * (length - 2) * most / ((most - 4) * (most - 2) * length)) * sqrt(unbias)


def update(block: Block, beta1: float, beta2: float, eps: Array | None) -> None:
    """``m = b1 m + (1 - b1) g;  v = b2 v + (1 - b2) g g;  direction = m / (sqrt(v) + eps)``, or ``m``."""
    grad = block.work[0]
    mean, square = block.state
    block.blend(mean, beta1, grad, 1 - beta1)
    np.multiply(grad, grad, grad)
    block.blend(square, beta2, grad, 1 - beta2)
    if eps is None:
        block.direction = mean
        return
    root = np.sqrt(square, grad)
    np.add(root, eps, root)
    np.divide(mean, root, root)
