"""Stochastic gradient descent, with momentum."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._core.tensor import wrap
from .optimizer import Array, Optimizer, check_options

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
        defaults = dict(lr=lr, momentum=momentum, dampening=dampening, weight_decay=weight_decay, nesterov=nesterov,
                        maximize=maximize, foreach=foreach, differentiable=differentiable, fused=fused)  # fmt: skip
        super().__init__(params, defaults)

    def _update(
        self, param: Array, grad: Array, state: dict[str, Any], group: dict[str, Any], scratch: tuple[Array, Array]
    ) -> None:
        momentum = group["momentum"]
        buffer = None
        if momentum:
            held = state.get("momentum_buffer")
            buffer = held._array if held is not None else np.full_like(param, np.nan)
            if held is None:
                state["momentum_buffer"] = wrap(buffer)
            first = held is None
        else:
            first = False
        update(
            param, grad, buffer, scratch, first=first, lr=float(group["lr"]), momentum=momentum,
            dampening=group["dampening"], weight_decay=group["weight_decay"], nesterov=group["nesterov"],
            maximize=group["maximize"],
        )  # fmt: skip


def update(
    param: Array,
    grad: Array,
    buffer: Array | None,
    scratch: tuple[Array, Array],
    *,
    first: bool,
    lr: float,
    momentum: float,
    dampening: float,
    weight_decay: float,
    nesterov: bool,
    maximize: bool,
) -> None:
    """``g += weight_decay * p;  b = momentum * b + (1 - dampening) * g;  p -= lr * b``, with ``b = g`` at first.

    Nesterov's form steps by ``g + momentum * b`` instead of ``b``.
    """
    work, other = scratch
    if weight_decay:
        np.multiply(param, weight_decay, out=work)
        grad = np.subtract(work, grad, out=work) if maximize else np.add(work, grad, out=work)
    elif maximize:
        grad = np.negative(grad, out=work)
    step = grad
    if buffer is not None:
        if first:
            np.copyto(buffer, grad)
        else:
            np.multiply(buffer, momentum, out=buffer)
            np.add(buffer, np.multiply(grad, 1 - dampening, out=other) if dampening else grad, out=buffer)
        if nesterov:
            np.multiply(buffer, momentum, out=other)
            step = np.add(grad, other, out=other)
        else:
            step = buffer
    np.multiply(step, lr, out=work)
    np.subtract(param, work, out=param)
