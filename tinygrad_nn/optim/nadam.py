"""NAdam: Adam with Nesterov's momentum."""

from __future__ import annotations

from math import sqrt
from typing import Any

import numpy as np

from .block import Array, Block
from .bundle import Bundle, Kept
from .elementwise import ElementwiseOptimizer
from .given import check_betas, check_not_negative, check_rate, check_ways

__all__ = ["NAdam"]


class NAdam(ElementwiseOptimizer):
    """NAdam (Dozat, 2016): Adam that looks one step of momentum ahead.

    ``mu(t) = b1 (1 - 0.96**(t momentum_decay) / 2)`` and ``P(t) = mu(1) ... mu(t)``; with Adam's running means m and v,
    ``p -= lr * ((1 - mu(t)) g / (1 - P(t)) + mu(t+1) m / (1 - P(t+1))) / (sqrt(v / (1 - b2**t)) + eps)``.

    Args:
        params: tensors to optimize, or groups of them.
        lr: learning rate.
        betas: how much of the running means of the gradient and of its square is kept from step to step.
        eps: added to the denominator.
        weight_decay: strength of the L2 penalty.
        momentum_decay: how fast the momentum grows to its full size.
        decoupled_weight_decay: shrink the weights themselves instead of adding to the gradient.
        maximize: climb instead of descending.
        foreach, capturable: accepted for PyTorch's sake, and without effect.
        differentiable: must be False; steps are not recorded.

    Raises:
        ValueError: an option is out of its range.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.optim.NAdam.html,
    https://openreview.net/forum?id=OM0jvwB8jIp57ZJjtNEZ

    Example:
        >>> import tinygrad_nn as tg
        >>> x = tg.tensor([1.0, 2.0], requires_grad=True)
        >>> optimizer = tg.optim.NAdam([x], lr=0.1)
        >>> (x * x).sum().backward()
        >>> optimizer.step()
        >>> x
        tensor([0.8944, 1.8944], requires_grad=True)
    """

    def __init__(
        self,
        params: Any,
        lr: Any = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum_decay: float = 4e-3,
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
        check_not_negative(weight_decay=weight_decay, momentum_decay=momentum_decay)
        check_ways(foreach, differentiable=differentiable)
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "momentum_decay": momentum_decay,
            "decoupled_weight_decay": decoupled_weight_decay,
            "maximize": maximize,
            "foreach": foreach,
            "capturable": capturable,
            "differentiable": differentiable,
        }
        super().__init__(params, defaults)

    _scratch = 3
    _numbers = frozenset({"step", "mu_product"})

    def _kept(self, group: dict[str, Any]) -> Kept:
        return Kept({"step": 0.0, "mu_product": 1.0}, {"exp_avg": 0.0, "exp_avg_sq": 0.0})

    def _update_bundle(self, group: dict[str, Any], bundle: Bundle) -> None:
        step = bundle.advance()
        lr, beta1, beta2 = float(group["lr"]), float(group["betas"][0]), float(group["betas"][1])
        decay = group["momentum_decay"]
        momentum, next_momentum = (beta1 * (1 - 0.5 * 0.96 ** (number * decay)) for number in (step, step + 1))
        products = bundle.numbers["mu_product"]
        np.multiply(products, momentum, products)
        product = float(products[0])
        # sqrt(1 - b2**t) is taken out of the fraction, as in Adam
        unbias = sqrt(1 - beta2**step)
        rate = lr * unbias * (1 - momentum) / (1 - product)
        next_rate = lr * unbias * next_momentum / (1 - product * next_momentum)
        (eps,) = bundle.scalars(group["eps"] * unbias)
        decay, sign = float(group["weight_decay"]), -1.0 if group["maximize"] else 1.0
        penalty, shrink = (0.0, 1 - lr * decay) if group["decoupled_weight_decay"] else (decay, 1.0)
        for block in bundle.gathered(sign, penalty, next_rate):
            update(block, beta1, beta2, eps)
            block.move(rate, shrink)  # along the gradient; and then, with a rounding of its own, along the mean
            np.divide(block.state[0], block.work[1], block.work[0])


def update(block: Block, beta1: float, beta2: float, eps: Array) -> None:
    """``m = b1 m + (1 - b1) g;  v = b2 v + (1 - b2) g g``; leaves ``g / (sqrt(v) + eps)``, and the denominator."""
    grad, root, _ = block.work
    mean, square = block.state
    block.blend(mean, beta1, grad, 1 - beta1)
    np.multiply(grad, grad, root)
    block.blend(square, beta2, root, 1 - beta2)
    np.add(np.sqrt(square, root), eps, root)
    np.divide(grad, root, grad)
