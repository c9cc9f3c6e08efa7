"""Stochastic gradient descent, with momentum."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._core.tensor import wrap
from .optimizer import Array, Optimizer, check_flavours, check_options

__all__ = ["SGD"]


class SGD(Optimizer):
    """Stochastic gradient descent: against the gradient, or against its running sum, the momentum.

    Args:
        params: tensors to optimize, or groups of them.
        lr: learning rate.
        momentum: how much of the running sum is kept from step to step.
        dampening: how much less of the gradient is added to it.
        weight_decay: strength of the L2 penalty.
        nesterov: look one step of momentum ahead (Sutskever et al., 2013).
        maximize: climb instead of descending.
        foreach, differentiable, fused: accepted for PyTorch's sake, and without effect.

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
        weight_decay: float = 0,
        nesterov: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        check_options(lr, momentum=momentum, weight_decay=weight_decay)
        if nesterov and (momentum <= 0 or dampening != 0):
            raise ValueError("Nesterov momentum requires a momentum and zero dampening")
        check_flavours(fused, foreach)
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

    def _update_group(self, group: dict[str, Any]) -> None:
        lr, momentum = float(group["lr"]), group["momentum"]
        for param, grad, state, scratch in self._pending(group):
            buffer = None
            grad = penalised(param, grad, group["weight_decay"], group["maximize"], scratch[0])
            if momentum:
                if "momentum_buffer" in state:
                    buffer = state["momentum_buffer"]._array
                    accelerate(buffer, grad, momentum, group["dampening"], scratch[1])
                else:  # the first gradient as it is, not dampened
                    buffer = np.empty_like(param)
                    np.copyto(buffer, grad)
                    state["momentum_buffer"] = wrap(buffer)
            update(param, grad, buffer, lr, momentum if group["nesterov"] else 0, scratch)


def penalised(param: Array, grad: Array, weight_decay: float, maximize: bool, out: Array) -> Array:
    """``g + weight_decay * p``, with ``-g`` to maximize; the gradient itself where neither is wanted."""
    if weight_decay:
        np.multiply(param, weight_decay, out)
        return np.subtract(out, grad, out) if maximize else np.add(out, grad, out)
    return np.negative(grad, out) if maximize else grad


def accelerate(buffer: Array, grad: Array, momentum: float, dampening: float, work: Array) -> None:
    """``b = momentum * b + (1 - dampening) * g``."""
    np.multiply(buffer, momentum, buffer)
    np.add(buffer, np.multiply(grad, 1 - dampening, work) if dampening else grad, buffer)


def update(
    param: Array, grad: Array, buffer: Array | None, lr: float, nesterov: float, scratch: tuple[Array, Array]
) -> None:
    """``p -= lr * b``, where Nesterov's form takes ``g + momentum * b`` for ``b``, and plain descent ``g``."""
    step = grad if buffer is None else buffer
    if nesterov:
        step = np.add(grad, np.multiply(step, nesterov, scratch[1]), scratch[1])
    np.multiply(step, lr, scratch[1])
    np.subtract(param, scratch[1], param)
