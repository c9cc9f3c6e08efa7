"""Adadelta: steps in proportion to the steps so far, over the gradients so far."""

from __future__ import annotations

from typing import Any

import numpy as np

from .block import Array, Block
from .bundle import Bundle, Kept
from .elementwise import ElementwiseOptimizer
from .given import check_not_negative, check_rate, check_ways

__all__ = ["Adadelta"]


class Adadelta(ElementwiseOptimizer):
    """Adadelta (Zeiler, 2012), which needs no learning rate.

    ``v = rho v + (1 - rho) g g;  d = sqrt(u + eps) / sqrt(v + eps) * g;  u = rho u + (1 - rho) d d;  p -= lr * d``

    Args:
        params: tensors to optimize, or groups of them.
        lr: what the steps are multiplied by.
        rho: how much of the running means of the squared gradients and steps is kept from step to step.
        eps: added under the roots.
        weight_decay: strength of the L2 penalty.
        maximize: climb instead of descending.
        foreach, capturable: accepted for PyTorch's sake, and without effect.
        differentiable: must be False; steps are not recorded.

    Raises:
        ValueError: an option is out of its range.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.optim.Adadelta.html, https://arxiv.org/abs/1212.5701

    Example:
        >>> import tinygrad_nn as tg
        >>> x = tg.tensor([1.0, 2.0], requires_grad=True)
        >>> optimizer = tg.optim.Adadelta([x], eps=0.01)
        >>> (x * x).sum().backward()
        >>> optimizer.step()
        >>> x
        tensor([0.6877, 1.6848], requires_grad=True)
    """

    def __init__(
        self,
        params: Any,
        lr: Any = 1.0,
        rho: float = 0.9,
        eps: float = 1e-6,
        weight_decay: float = 0,
        foreach: bool | None = None,
        *,
        capturable: bool = False,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        check_rate(lr)
        if not 0.0 <= rho <= 1.0:
            raise ValueError(f"Invalid rho value: {rho}")
        check_not_negative(epsilon=eps, weight_decay=weight_decay)
        check_ways(foreach, differentiable=differentiable)
        defaults = {
            "lr": lr,
            "rho": rho,
            "eps": eps,
            "weight_decay": weight_decay,
            "maximize": maximize,
            "capturable": capturable,
            "foreach": foreach,
            "differentiable": differentiable,
        }
        super().__init__(params, defaults)

    _scratch = 3

    def _kept(self, group: dict[str, Any]) -> Kept:
        return Kept({"step": 0.0}, {"square_avg": 0.0, "acc_delta": 0.0})

    def _update_bundle(self, group: dict[str, Any], bundle: Bundle) -> None:
        bundle.advance()
        rho = float(group["rho"])
        (eps,) = bundle.scalars(group["eps"])
        for block in self._gathered(group, bundle, float(group["lr"])):
            update(block, rho, eps)


def update(block: Block, rho: float, eps: Array) -> None:
    """``v = rho v + (1 - rho) g g;  d = sqrt((u + eps) / (v + eps)) g;  u = rho u + (1 - rho) d d``."""
    grad, work, other = block.work
    square, steps = block.state
    np.multiply(grad, grad, work)
    block.blend(square, rho, work, 1 - rho)
    np.add(steps, eps, work)
    np.divide(work, np.add(square, eps, other), work)
    np.sqrt(work, work)
    delta = np.multiply(grad, work, grad)
    np.multiply(delta, delta, work)
    block.blend(steps, rho, work, 1 - rho)
