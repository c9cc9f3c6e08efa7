"""Adam: steps scaled by running means of the gradient and of its square."""

from __future__ import annotations

from math import sqrt
from typing import Any, NamedTuple

import numpy as np

from .._core.tensor import wrap
from .optimizer import Array, Optimizer, check_options

__all__ = ["Adam"]

_ONE = np.ones((), np.float32)


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
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "amsgrad": amsgrad,
            "maximize": maximize,
            "foreach": foreach,
            "capturable": capturable,
            "differentiable": differentiable,
            "fused": fused,
            "decoupled_weight_decay": decoupled_weight_decay,
        }
        super().__init__(params, defaults)

    def _update_group(self, group: dict[str, Any]) -> None:
        known: dict[Any, Factors] = {}
        for param, grad, state, (work, other) in self._pending(group):
            if not state:
                state["step"] = wrap(np.zeros((), np.float32))
                state["exp_avg"] = wrap(np.zeros_like(param))
                state["exp_avg_sq"] = wrap(np.zeros_like(param))
                if group["amsgrad"]:
                    state["max_exp_avg_sq"] = wrap(np.zeros_like(param))
            count = state["step"]._array
            np.add(count, _ONE, count)
            step = count.item()
            factors = known.get((step, param.dtype.char))
            if factors is None:
                factors = known[step, param.dtype.char] = Factors.of(group, step, param.dtype)
            if group["maximize"]:
                grad = np.negative(grad, other)
            if group["weight_decay"]:
                if group["decoupled_weight_decay"]:
                    np.multiply(param, factors.shrink, param)
                else:
                    grad = np.add(grad, np.multiply(param, factors.decay, work), other)
            largest = state["max_exp_avg_sq"]._array if group["amsgrad"] else None
            update(param, grad, state["exp_avg"]._array, state["exp_avg_sq"]._array, largest, work, factors)


class Factors(NamedTuple):
    """The numbers of one step, as 0-d arrays of the parameters' type, which ufuncs take in half the time of floats."""

    beta1_rest: Array
    beta2: Array
    beta2_rest: Array
    eps: Array
    rate: Array
    decay: Array
    shrink: Array

    @classmethod
    def of(cls, group: dict[str, Any], step: float, dtype: np.dtype[Any]) -> Factors:
        """``m / (1 - b1**step)`` and ``v / (1 - b2**step)`` undo the means' start at zero.

        Both factors are taken out of ``m / (sqrt(v) + eps)``, which saves passes over the arrays.
        """
        lr, (beta1, beta2) = float(group["lr"]), group["betas"]
        unbias = sqrt(1 - beta2**step)
        rate = lr * unbias / (1 - beta1**step)
        decay = group["weight_decay"]
        numbers = (1 - beta1, beta2, 1 - beta2, group["eps"] * unbias, rate, decay, 1 - lr * decay)
        real = np.empty(0, dtype).real.dtype
        return cls(*(np.array(number, real) for number in numbers))


def update(
    param: Array, grad: Array, mean: Array, square: Array, largest: Array | None, work: Array, factors: Factors
) -> None:
    """``m += (1 - b1) (g - m);  v = b2 v + (1 - b2) g g;  p -= rate * m / (sqrt(v) + eps)``."""
    if param.dtype.kind == "c":  # real and imaginary parts count as two parameters
        param, grad, mean, square, work = (_as_real(array) for array in (param, grad, mean, square, work))
        largest = None if largest is None else _as_real(largest)

    np.subtract(grad, mean, work)
    np.multiply(work, factors.beta1_rest, work)
    np.add(mean, work, mean)

    np.multiply(grad, grad, work)
    np.multiply(work, factors.beta2_rest, work)
    np.multiply(square, factors.beta2, square)
    np.add(square, work, square)
    if largest is not None:
        square = np.maximum(largest, square, out=largest)

    np.sqrt(square, work)
    np.add(work, factors.eps, work)
    np.divide(mean, work, work)
    np.multiply(work, factors.rate, work)
    np.subtract(param, work, param)


def _as_real(array: Array) -> Array:
    """A complex array as a view of its real and imaginary parts."""
    strides = (*array.strides, array.itemsize // 2)
    return np.lib.stride_tricks.as_strided(array.real, (*array.shape, 2), strides)
