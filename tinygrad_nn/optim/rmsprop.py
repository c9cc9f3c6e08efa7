"""RMSprop: steps divided by the root of a running mean of the squared gradients."""

from __future__ import annotations

from typing import Any

import numpy as np

from .block import Array, Block
from .bundle import Bundle, Kept
from .elementwise import ElementwiseOptimizer
from .given import check_not_negative, check_rate, check_ways

__all__ = ["RMSprop"]


class RMSprop(ElementwiseOptimizer):
    """RMSprop (Hinton, lecture 6 of "Neural Networks for Machine Learning"; centered: Graves, 2013).

    ``v = alpha v + (1 - alpha) g g;  p -= lr * g / (sqrt(v) + eps)``. With momentum, the fractions are summed up:
    ``b = momentum * b + g / (sqrt(v) + eps);  p -= lr * b``. Centered, the mean gradient is subtracted:
    ``a = alpha a + (1 - alpha) g``, and ``v - a a`` stands for ``v`` in the root.

    Args:
        params: tensors to optimize, or groups of them.
        lr: learning rate.
        alpha: how much of the running mean of the squared gradient is kept from step to step.
        eps: added to the denominator.
        weight_decay: strength of the L2 penalty.
        momentum: how much of the running sum is kept from step to step.
        centered: divide by an estimate of the gradient's standard deviation.
        maximize: climb instead of descending.
        foreach, capturable: accepted for PyTorch's sake, and without effect.
        differentiable: must be False; steps are not recorded.

    Raises:
        ValueError: an option is out of its range.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.optim.RMSprop.html,
    https://www.cs.toronto.edu/~tijmen/csc321/slides/lecture_slides_lec6.pdf, https://arxiv.org/abs/1308.0850

    Example:
        >>> import tinygrad_nn as tg
        >>> x = tg.tensor([1.0, 2.0], requires_grad=True)
        >>> optimizer = tg.optim.RMSprop([x], lr=0.1, alpha=0.75)
        >>> (x * x).sum().backward()
        >>> optimizer.step()
        >>> x
        tensor([0.8000, 1.8000], requires_grad=True)
    """

    def __init__(
        self,
        params: Any,
        lr: Any = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum: float = 0,
        centered: bool = False,
        capturable: bool = False,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        check_rate(lr)
        check_not_negative(epsilon=eps, momentum=momentum, weight_decay=weight_decay, alpha=alpha)
        check_ways(foreach, differentiable=differentiable)
        defaults = {
            "lr": lr,
            "momentum": momentum,
            "alpha": alpha,
            "eps": eps,
            "centered": centered,
            "weight_decay": weight_decay,
            "capturable": capturable,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
        }
        super().__init__(params, defaults)

    _scratch = 3

    def _kept(self, group: dict[str, Any]) -> Kept:
        arrays = {"square_avg": 0.0}
        if group["momentum"] > 0:
            arrays["momentum_buffer"] = 0.0
        if group["centered"]:
            arrays["grad_avg"] = 0.0
        return Kept({"step": 0.0}, arrays)

    def _update_bundle(self, group: dict[str, Any], bundle: Bundle) -> None:
        bundle.advance()
        alpha, momentum = float(group["alpha"]), float(group["momentum"])
        (eps,) = bundle.scalars(group["eps"])
        for block in self._gathered(group, bundle, float(group["lr"])):
            square, *others = block.state
            buffer = others.pop(0) if momentum > 0 else None
            mean = others.pop(0) if group["centered"] else None
            update(block, square, buffer, mean, alpha, momentum, eps)


def update(
    block: Block,
    square: Array,
    buffer: Array | None,
    mean: Array | None,
    alpha: float,
    momentum: float,
    eps: Array,
) -> None:
    """``v = alpha v + (1 - alpha) g g;  direction = g / (sqrt(v) + eps)``, centered and with momentum if so wished."""
    grad, work, other = block.work
    np.multiply(grad, grad, work)
    block.blend(square, alpha, work, 1 - alpha)
    if mean is None:
        np.sqrt(square, work)
    else:
        block.blend(mean, alpha, grad, 1 - alpha)
        np.multiply(mean, mean, other)
        np.sqrt(np.subtract(square, other, work), work)
    np.add(work, eps, work)
    np.divide(grad, work, grad)
    if buffer is not None:
        block.blend(buffer, momentum, grad, 1.0)
        block.direction = buffer
