"""Rprop: a step size for every number, which grows while its gradient keeps its sign."""

from __future__ import annotations

from typing import Any

import numpy as np

from .block import Array, Block
from .bundle import Bundle, Kept
from .elementwise import ElementwiseOptimizer
from .given import check_rate, check_ways

__all__ = ["Rprop"]


class Rprop(ElementwiseOptimizer):
    """Resilient backpropagation (Riedmiller and Braun, 1993): only the signs of the gradients count.

    A number's step size is multiplied by ``etas[1]`` where its gradient has the sign of the step before, and by
    ``etas[0]`` where it has the other; there the gradient then counts as 0. ``p -= size * sign(g)``.

    Args:
        params: tensors to optimize, or groups of them.
        lr: the first step size.
        etas: by how much step sizes shrink and grow.
        step_sizes: the smallest and the largest step size.
        maximize: climb instead of descending.
        foreach, capturable: accepted for PyTorch's sake, and without effect.
        differentiable: must be False; steps are not recorded.

    Raises:
        ValueError: an option is out of its range.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.optim.Rprop.html,
    https://doi.org/10.1109/ICNN.1993.298623

    Example:
        >>> import tinygrad_nn as tg
        >>> x = tg.tensor([1.0, 2.0], requires_grad=True)
        >>> optimizer = tg.optim.Rprop([x], lr=0.1)
        >>> (x * x).sum().backward()
        >>> optimizer.step()
        >>> x
        tensor([0.9000, 1.9000], requires_grad=True)
    """

    def __init__(
        self,
        params: Any,
        lr: Any = 1e-2,
        etas: tuple[float, float] = (0.5, 1.2),
        step_sizes: tuple[float, float] = (1e-6, 50),
        *,
        capturable: bool = False,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        check_rate(lr)
        if not 0.0 < etas[0] < 1.0 < etas[1]:
            raise ValueError(f"Invalid eta values: {etas[0]}, {etas[1]}. Expected 0 < the first < 1 < the second")
        check_ways(foreach, differentiable=differentiable)
        defaults = {
            "lr": lr,
            "etas": etas,
            "step_sizes": step_sizes,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
            "capturable": capturable,
        }
        super().__init__(params, defaults)

    _scratch = 3

    def _kept(self, group: dict[str, Any]) -> Kept:
        return Kept({"step": 0.0}, {"prev": 0.0, "step_size": float(group["lr"])})

    def _update_bundle(self, group: dict[str, Any], bundle: Bundle) -> None:
        bundle.advance()
        shrink, grow, least, most = bundle.scalars(*group["etas"], *group["step_sizes"])
        for block in self._gathered(group, bundle):
            update(block, shrink, grow, least, most)


def update(block: Block, shrink: Array, grow: Array, least: Array, most: Array) -> None:
    """Adapt the step sizes, then ``step = size * sign(g)``."""
    grad, work, sign = block.work
    previous, size = block.state
    np.sign(np.multiply(grad, previous, work), sign)

    # The factor is `shrink` for -1, 1 for 0, `grow` for 1, exactly: what 1 + grow * sign is, kept between the two.
    factor = np.add(np.multiply(sign, grow, work), 1, work)
    np.clip(factor, shrink, grow, out=work)
    np.multiply(size, factor, size)
    np.clip(size, least, most, out=size)

    # Where the sign is -1, the gradient becomes 0. Its bits and those of a mask take a tenth of the time of `where=`.
    bits = f"i{sign.itemsize}"
    turned = np.right_shift(sign.view(bits), 8 * sign.itemsize - 1, out=sign.view(bits))  # all bits of it, or none
    np.bitwise_and(grad.view(bits), np.invert(turned, out=turned), out=grad.view(bits))
    np.copyto(previous, grad)
    np.multiply(np.sign(grad, work), size, grad)
