"""Adam: steps scaled by running means of the gradient and of its square."""

from __future__ import annotations

from math import sqrt
from typing import Any, NamedTuple

import numpy as np

from .optimizer import Array, Optimizer, check_flavours, check_options

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
        check_flavours(fused, foreach)
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
        names = ("exp_avg", "exp_avg_sq", "max_exp_avg_sq") if group["amsgrad"] else ("exp_avg", "exp_avg_sq")
        for bundle in self._bundles(group, names, scratch=1):
            counts = bundle.counts
            np.add(counts, _ONE, counts)
            factors = Factors.of(group, counts[0].item(), bundle.dtype)
            works = bundle.views[-1]
            for param, work in zip(bundle.params, works, strict=True):
                np.multiply(self._prepared(group, param, work, factors), factors.beta1_rest, work)
            mean, square, *largest, work = bundle.real
            update(mean, square, largest[0] if largest else None, work, factors)
            for param, work in zip(bundle.params, works, strict=True):
                array = param._array
                np.subtract(array, work, array)
                param._cell[0] += 1  # written to: what a graph has saved of it is no longer valid

    def _prepared(self, group: dict[str, Any], param: Any, out: Array, factors: Factors) -> Array:
        """The gradient, with its sign for climbing and with the penalty added; or shrinks the weights themselves."""
        grad: Array = param._grad._array
        if group["maximize"]:
            grad = np.negative(grad, out)
        if group["weight_decay"]:
            if group["decoupled_weight_decay"]:
                np.multiply(param._array, factors.shrink, param._array)
            else:
                grad = np.add(grad, param._array * factors.decay, out)
        return grad


class Factors(NamedTuple):
    """The numbers of one step, as 0-d arrays of the parameters' type, which ufuncs take in half the time of floats."""

    beta1: Array
    beta1_rest: Array
    beta2: Array
    square_rest: Array
    eps: Array
    rate: Array
    decay: Array
    shrink: Array

    @classmethod
    def of(cls, group: dict[str, Any], step: float, dtype: np.dtype[Any]) -> Factors:
        """``m / (1 - b1**step)`` and ``v / (1 - b2**step)`` undo the means' start at zero.

        Both factors are taken out of ``m / (sqrt(v) + eps)``, which saves passes over the arrays; and as ``(1 - b1) g``
        is there already, ``(1 - b2) g g`` is made of it.
        """
        lr, (beta1, beta2) = float(group["lr"]), group["betas"]
        unbias = sqrt(1 - beta2**step)
        rate = lr * unbias / (1 - beta1**step)
        decay = group["weight_decay"]
        rest = 1 - beta1
        numbers = (
            beta1, rest, beta2, (1 - beta2) / (rest * rest), group["eps"] * unbias, rate, decay, 1 - lr * decay,
        )  # fmt: skip
        real = np.empty(0, dtype).real.dtype
        return cls(*[np.array(number, real) for number in numbers])


def update(mean: Array, square: Array, largest: Array | None, work: Array, factors: Factors) -> None:
    """``m = b1 m + (1 - b1) g;  v = b2 v + (1 - b2) g g;  step = rate * m / (sqrt(v) + eps)``.

    Given ``(1 - b1) g`` in `work`, where the step to subtract from the parameter is left. All arrays are flat.
    """
    np.multiply(mean, factors.beta1, mean)
    np.add(mean, work, mean)

    np.multiply(work, work, work)
    np.multiply(work, factors.square_rest, work)
    np.multiply(square, factors.beta2, square)
    np.add(square, work, square)
    if largest is not None:
        square = np.maximum(largest, square, out=largest)

    np.sqrt(square, work)
    np.add(work, factors.eps, work)
    np.divide(mean, work, work)
    np.multiply(work, factors.rate, work)
