"""Adam: steps scaled by running means of the gradient and of its square."""

from __future__ import annotations

from math import sqrt
from typing import Any

import numpy as np

from .._core.tensor import Tensor, wrap
from .optimizer import Array, Optimizer, check_options

__all__ = ["Adam"]


class Adam(Optimizer):
    """Adam (Kingma and Ba, 2014).

    Args:
        params: tensors to optimize, or groups of them.
        lr: learning rate.
        betas: how much of the running means of the gradient and of its square is kept from step to step.
        eps: added to the denominator.
        weight_decay: strength of the L2 penalty.
        amsgrad: divide by the largest mean square so far (Reddi et al., 2018).
        maximize: climb instead of descending.
        decoupled_weight_decay: shrink the weights themselves instead of adding to the gradient, as `AdamW`.
        foreach, capturable, differentiable, fused: accepted for PyTorch's sake, and without effect.

    Raises:
        ValueError: an option is out of its range.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.optim.Adam.html, https://arxiv.org/abs/1412.6980

    Example:
        >>> import tinygrad_nn as tg
        >>> x = tg.tensor([1.0, 2.0], requires_grad=True)
        >>> optimizer = tg.optim.Adam([x], lr=0.1)
        >>> (x * x).sum().backward()
        >>> optimizer.step()
        >>> x
        tensor([0.9000, 1.9000], requires_grad=True)
    """

    def __init__(
        self,
        params: Any,
        lr: Any = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        amsgrad: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
        decoupled_weight_decay: bool = False,
    ) -> None:
        check_options(lr, epsilon=eps)
        betas = float(betas[0]), float(betas[1])
        for index, beta in enumerate(betas):
            if not 0.0 <= beta < 1.0:
                raise ValueError(f"Invalid beta parameter at index {index}: {beta}")
        check_options(lr, weight_decay=weight_decay)
        defaults = dict(lr=lr, betas=betas, eps=eps, weight_decay=weight_decay, amsgrad=amsgrad, maximize=maximize,
                        foreach=foreach, capturable=capturable, differentiable=differentiable, fused=fused,
                        decoupled_weight_decay=decoupled_weight_decay)  # fmt: skip
        super().__init__(params, defaults)

    def _update(
        self, param: Array, grad: Array, state: dict[str, Any], group: dict[str, Any], scratch: tuple[Array, Array]
    ) -> None:
        if not state:
            state["step"] = wrap(np.zeros((), np.float32))
            state["exp_avg"] = wrap(np.zeros_like(param))
            state["exp_avg_sq"] = wrap(np.zeros_like(param))
            if group["amsgrad"]:
                state["max_exp_avg_sq"] = wrap(np.zeros_like(param))
        steps = state["step"]._array
        steps += 1
        largest: Tensor | None = state.get("max_exp_avg_sq")
        update(
            param, grad, state["exp_avg"]._array, state["exp_avg_sq"]._array,
            largest._array if largest is not None and group["amsgrad"] else None, scratch, step=steps.item(),
            lr=float(group["lr"]), betas=group["betas"], eps=group["eps"], weight_decay=group["weight_decay"],
            decoupled=group["decoupled_weight_decay"], maximize=group["maximize"],
        )  # fmt: skip


def update(
    param: Array,
    grad: Array,
    mean: Array,
    square: Array,
    largest: Array | None,
    scratch: tuple[Array, Array],
    *,
    step: float,
    lr: float,
    betas: tuple[float, float],
    eps: float,
    weight_decay: float,
    decoupled: bool,
    maximize: bool,
) -> None:
    """``m += (1 - b1) (g - m);  v = b2 v + (1 - b2) g g;  p -= lr m' / (sqrt(v') + eps)``.

    ``m' = m / (1 - b1**step)`` and ``v' = v / (1 - b2**step)`` undo the means' start at zero. Both factors are taken out
    of the division, so that there are twelve passes over the arrays.
    """
    beta1, beta2 = betas
    work, other = scratch
    if maximize:
        grad = np.negative(grad, out=other)
    if weight_decay:
        if decoupled:
            np.multiply(param, 1 - lr * weight_decay, out=param)
        else:
            np.multiply(param, weight_decay, out=work)
            grad = np.add(grad, work, out=other)
    if np.iscomplexobj(param):  # real and imaginary parts count as two parameters
        param, grad, mean, square, work = (_as_real(array) for array in (param, grad, mean, square, work))
        largest = None if largest is None else _as_real(largest)

    np.subtract(grad, mean, out=work)
    np.multiply(work, 1 - beta1, out=work)
    np.add(mean, work, out=mean)

    np.multiply(grad, grad, out=work)
    np.multiply(work, 1 - beta2, out=work)
    np.multiply(square, beta2, out=square)
    np.add(square, work, out=square)
    if largest is not None:
        square = np.maximum(largest, square, out=largest)

    unbias = sqrt(1 - beta2**step)
    np.sqrt(square, out=work)
    np.add(work, eps * unbias, out=work)
    np.divide(mean, work, out=work)
    np.multiply(work, lr * unbias / (1 - beta1**step), out=work)
    np.subtract(param, work, out=param)


def _as_real(array: Array) -> Array:
    """A complex array as a view of its real and imaginary parts."""
    parts = np.ndarray((*array.shape, 2), array.real.dtype, array, 0, (*array.strides, array.itemsize // 2))
    return parts
