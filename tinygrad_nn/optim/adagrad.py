"""Adagrad: steps divided by the root of the sum of all squared gradients."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._core.dtypes import default_numpy
from .._core.tensor import wrap
from .block import Array, Block
from .bundle import Bundle, Kept
from .elementwise import ElementwiseOptimizer
from .given import check_not_negative, check_rate, check_ways

__all__ = ["Adagrad"]


class Adagrad(ElementwiseOptimizer):
    """Adagrad (Duchi et al., 2011).

    ``s = s + g g;  p -= lr / (1 + (t - 1) lr_decay) * g / (sqrt(s) + eps)``

    Args:
        params: tensors to optimize, or groups of them.
        lr: learning rate.
        lr_decay: how fast the learning rate falls.
        weight_decay: strength of the L2 penalty.
        initial_accumulator_value: the first value of the sums.
        eps: added to the denominator.
        maximize: climb instead of descending.
        foreach, fused: accepted for PyTorch's sake, and without effect.
        differentiable: must be False; steps are not recorded.

    Raises:
        ValueError: an option is out of its range.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.optim.Adagrad.html,
    http://jmlr.org/papers/v12/duchi11a.html

    Example:
        >>> import tinygrad_nn as tg
        >>> x = tg.tensor([1.0, 2.0], requires_grad=True)
        >>> optimizer = tg.optim.Adagrad([x], lr=0.1)
        >>> (x * x).sum().backward()
        >>> optimizer.step()
        >>> x
        tensor([0.9000, 1.9000], requires_grad=True)
    """

    def __init__(
        self,
        params: Any,
        lr: Any = 1e-2,
        lr_decay: float = 0,
        weight_decay: float = 0,
        initial_accumulator_value: float = 0,
        eps: float = 1e-10,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        check_rate(lr)
        check_not_negative(lr_decay=lr_decay, weight_decay=weight_decay)
        check_not_negative(initial_accumulator_value=initial_accumulator_value, epsilon=eps)
        check_ways(foreach, fused, differentiable)
        defaults = {
            "lr": lr,
            "lr_decay": lr_decay,
            "eps": eps,
            "weight_decay": weight_decay,
            "initial_accumulator_value": initial_accumulator_value,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
            "fused": fused,
        }
        super().__init__(params, defaults)
        for group in self.param_groups:  # unlike in the other optimizers, the state is there from the start
            for param in group["params"]:
                array = param._array
                first = complex(initial_accumulator_value, initial_accumulator_value)
                total = np.full_like(array, first if array.dtype.kind == "c" else first.real, subok=False)
                count = np.zeros((), np.float32 if group["fused"] else default_numpy())
                self.state[param] = {"step": wrap(count), "sum": wrap(total)}

    def _kept(self, group: dict[str, Any]) -> Kept:
        return Kept({"step": 0.0}, {"sum": float(self.defaults["initial_accumulator_value"])})

    def _update_bundle(self, group: dict[str, Any], bundle: Bundle) -> None:
        step = bundle.advance()
        rate = float(group["lr"]) / (1 + (step - 1) * group["lr_decay"])
        (eps,) = bundle.scalars(group["eps"])
        for block in self._gathered(group, bundle, rate):
            update(block, eps)


def update(block: Block, eps: Array) -> None:
    """``s = s + g g;  direction = g / (sqrt(s) + eps)``."""
    grad, work = block.work
    (total,) = block.state
    np.add(total, np.multiply(grad, grad, work), total)
    np.sqrt(total, work)
    np.add(work, eps, work)
    np.divide(grad, work, grad)
