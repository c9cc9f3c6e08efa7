"""Stochastic gradient descent, with momentum."""

from __future__ import annotations

from typing import Any

from .block import Block
from .bundle import Bundle, Kept
from .elementwise import ElementwiseOptimizer
from .given import check_not_negative, check_rate, check_ways

__all__ = ["SGD"]

_KEPT, _KEPT_WITH_MOMENTUM = Kept({}, {}), Kept({}, {"momentum_buffer": 0.0})


class SGD(ElementwiseOptimizer):
    """Stochastic gradient descent: against the gradient, or against its running sum, the momentum.

    ``b = momentum * b + (1 - dampening) * g;  p -= lr * b``. The first ``b`` is the gradient itself. With Nesterov's
    momentum (Sutskever et al., 2013), ``p -= lr * (g + momentum * b)``.

    Args:
        params: tensors to optimize, or groups of them.
        lr: learning rate.
        momentum: how much of the running sum is kept from step to step.
        dampening: how much less of the gradient is added to it.
        weight_decay: strength of the L2 penalty.
        nesterov: look one step of momentum ahead.
        maximize: climb instead of descending.
        foreach, fused: accepted for PyTorch's sake, and without effect.
        differentiable: must be False; steps are not recorded.

    Raises:
        ValueError: an option is out of its range.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.optim.SGD.html

    Example:
        >>> import tinygrad_nn as tg
        >>> x = tg.tensor([1.0, 2.0], requires_grad=True)
        >>> optimizer = tg.optim.SGD([x], lr=0.1)
        >>> (x * x).sum().backward()
        >>> optimizer.step()
        >>> x
        tensor([0.8000, 1.6000], requires_grad=True)
    """

    def __init__(
        self,
        params: Any,
        lr: Any = 1e-3,
        momentum: float = 0,
        dampening: float = 0,
        weight_decay: Any = 0,
        nesterov: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        check_rate(lr)
        check_not_negative(momentum=momentum, weight_decay=weight_decay)
        if nesterov and (momentum <= 0 or dampening != 0):
            raise ValueError("Nesterov momentum requires a momentum and zero dampening")
        check_ways(foreach, fused, differentiable)
        defaults = {
            "lr": lr,
            "momentum": momentum,
            "dampening": dampening,
            "weight_decay": weight_decay,
            "nesterov": nesterov,
            "maximize": maximize,
            "foreach": foreach,
            "differentiable": differentiable,
            "fused": fused,
        }
        super().__init__(params, defaults)

    def _kept(self, group: dict[str, Any]) -> Kept:
        return _KEPT_WITH_MOMENTUM if group["momentum"] else _KEPT

    def _update_bundle(self, group: dict[str, Any], bundle: Bundle) -> None:
        lr, momentum = float(group["lr"]), float(group["momentum"])
        if not momentum:
            bundle.descend(-lr if group["maximize"] else lr, lr * float(group["weight_decay"]))
            return
        rest = 1.0 if bundle.fresh else 1.0 - float(group["dampening"])
        for block in self._gathered(group, bundle, lr):
            update(block, momentum, rest, group["nesterov"])


def update(block: Block, momentum: float, rest: float, nesterov: bool) -> None:
    """``b = momentum * b + rest * g``; the direction is ``b``, or with Nesterov's momentum ``g + momentum * b``."""
    grad, (buffer,) = block.work[0], block.state
    block.blend(buffer, momentum, grad, rest)
    if nesterov:
        block.blend(grad, 1.0, buffer, momentum)
    else:
        block.direction = buffer
