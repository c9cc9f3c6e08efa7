"""LARS: momentum, with a learning rate for each layer in proportion to the size of its weights."""

from __future__ import annotations

from math import sqrt
from typing import Any

import numpy as np

from .bundle import Bundle, Kept
from .elementwise import ElementwiseOptimizer
from .given import check_not_negative, check_rate

__all__ = ["LARS"]


class LARS(ElementwiseOptimizer):
    """Layer-wise adaptive rate scaling (You et al., 2017), for large batches; PyTorch does not have it.

    ``rate = lr * trust_coefficient * |p| / (|g| + weight_decay * |p|)`` for each parameter, and
    ``b = momentum * b + rate * (g + weight_decay * p);  p -= b``. A parameter whose norm or gradient is 0 has the rate
    ``lr``, and so has a group whose ``trust_coefficient`` is None: give biases and the weights of normalisation one.

    Args:
        params: tensors to optimize, or groups of them.
        lr: learning rate.
        momentum: how much of the running sum is kept from step to step.
        weight_decay: strength of the L2 penalty.
        trust_coefficient: how much of a layer's size a step may be.
        maximize: climb instead of descending.

    Raises:
        ValueError: an option is out of its range.

    Source: https://arxiv.org/abs/1708.03888, algorithm 1

    Example:
        >>> import tinygrad_nn as tg
        >>> x = tg.tensor([3.0, 4.0], requires_grad=True)
        >>> optimizer = tg.optim.LARS([x], lr=1.0, trust_coefficient=0.1)
        >>> (x * x).sum().backward()
        >>> optimizer.step()
        >>> x
        tensor([2.7000, 3.6000], requires_grad=True)
    """

    def __init__(
        self,
        params: Any,
        lr: Any = 1e-2,
        momentum: float = 0.9,
        weight_decay: float = 0.0,
        trust_coefficient: float | None = 1e-3,
        *,
        maximize: bool = False,
    ) -> None:
        check_rate(lr)
        check_not_negative(momentum=momentum, weight_decay=weight_decay)
        if trust_coefficient is not None:
            check_not_negative(trust_coefficient=trust_coefficient)
        defaults = {
            "lr": lr,
            "momentum": momentum,
            "weight_decay": weight_decay,
            "trust_coefficient": trust_coefficient,
            "maximize": maximize,
        }
        super().__init__(params, defaults)

    _whole = True
    _scratch = 3

    def _kept(self, group: dict[str, Any]) -> Kept:
        return Kept({}, {"momentum_buffer": 0.0})

    def _update_bundle(self, group: dict[str, Any], bundle: Bundle) -> None:
        lr, decay, trust = float(group["lr"]), float(group["weight_decay"]), group["trust_coefficient"]
        one, decay_ = bundle.scalars(1.0, decay)
        for block in self._gathered(group, bundle, shrink=1.0):
            grad, params, work = block.work
            (buffer,) = block.state
            block.take_parameters(one, 1)
            gradients, weights, _ = block.segments()
            rates = [lr * local_rate(g, p, decay, trust) for g, p in zip(gradients, weights, strict=True)]
            if decay:
                np.add(grad, np.multiply(params, decay_, work), grad)
            for part, rate in zip(gradients, rates, strict=True):
                part *= part.dtype.type(rate)
            block.blend(buffer, float(group["momentum"]), grad, 1.0)
            block.direction = buffer


def local_rate(grad: Any, param: Any, decay: float, trust: float | None) -> float:
    """``trust * |p| / (|g| + decay * |p|)``, or 1 if one of the norms is 0."""
    if trust is None:
        return 1.0
    size, slope = sqrt(np.dot(param, param)), sqrt(np.dot(grad, grad))
    return trust * size / (slope + decay * size) if size > 0 and slope > 0 else 1.0
