"""Averaged stochastic gradient descent."""

from __future__ import annotations

from typing import Any

import numpy as np

from .block import Array, Block
from .bundle import Bundle, Kept
from .elementwise import ElementwiseOptimizer
from .given import check_not_negative, check_rate, check_ways

__all__ = ["ASGD"]


class ASGD(ElementwiseOptimizer):
    """Averaged stochastic gradient descent (Polyak and Juditsky, 1992).

    ``p = (1 - lambd eta) p - eta g`` and ``ax = ax + mu (p - ax)``; then ``eta = lr / (1 + lambd lr t)**alpha`` and
    ``mu = 1 / max(1, t - t0)``. The averages ``ax`` are kept in the state; use them in the end.

    Args:
        params: tensors to optimize, or groups of them.
        lr: learning rate.
        lambd: how fast parameters shrink, and the learning rate falls.
        alpha: the power with which the learning rate falls.
        t0: the number of steps before averaging starts.
        weight_decay: strength of the L2 penalty.
        maximize: climb instead of descending.
        foreach, capturable: accepted for PyTorch's sake, and without effect.
        differentiable: must be False; steps are not recorded.

    Raises:
        ValueError: an option is out of its range.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.optim.ASGD.html, https://doi.org/10.1137/0330046

    Example:
        >>> import tinygrad_nn as tg
        >>> x = tg.tensor([1.0, 2.0], requires_grad=True)
        >>> optimizer = tg.optim.ASGD([x], lr=0.1)
        >>> (x * x).sum().backward()
        >>> optimizer.step()
        >>> x
        tensor([0.8000, 1.6000], requires_grad=True)
        >>> optimizer.state[x]["ax"]
        tensor([0.8000, 1.6000])
    """

    def __init__(
        self,
        params: Any,
        lr: Any = 1e-2,
        lambd: float = 1e-4,
        alpha: float = 0.75,
        t0: float = 1e6,
        weight_decay: float = 0,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
        capturable: bool = False,
    ) -> None:
        check_rate(lr)
        check_not_negative(weight_decay=weight_decay)
        check_ways(foreach, differentiable=differentiable)
        defaults = {
            "lr": lr,
            "lambd": lambd,
            "alpha": alpha,
            "t0": t0,
            "weight_decay": weight_decay,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
            "capturable": capturable,
        }
        super().__init__(params, defaults)

    _numbers = frozenset({"step", "eta", "mu"})

    def _kept(self, group: dict[str, Any]) -> Kept:
        return Kept({"step": 0.0, "eta": float(group["lr"]), "mu": 1.0}, {"ax": 0.0})

    def _update_bundle(self, group: dict[str, Any], bundle: Bundle) -> None:
        step = bundle.advance()
        lr, lambd, decay = float(group["lr"]), group["lambd"], float(group["weight_decay"])
        etas, mus = bundle.numbers["eta"], bundle.numbers["mu"]
        eta, mu = float(etas[0]), float(mus[0])
        (mu_,) = bundle.scalars(mu)
        for _ in bundle.gathered(-1.0 if group["maximize"] else 1.0, decay, eta, 1 - lambd * eta):
            pass  # the direction is the gradient itself
        for block in bundle.followed():
            average(block, None if mu == 1 else mu_)
        etas.fill(lr / (1 + lambd * lr * step) ** group["alpha"])
        mus.fill(1 / max(1, step - group["t0"]))


def average(block: Block, mu: Array | None) -> None:
    """``ax = ax + mu (p - ax)``, for the parameters in the first scratch array; ``ax = p`` for a mu of 1."""
    (mean,), work = block.state, block.work[0]
    if mu is None:
        np.copyto(mean, work)
        return
    np.subtract(work, mean, work)
    np.multiply(work, mu, work)
    np.add(mean, work, mean)
