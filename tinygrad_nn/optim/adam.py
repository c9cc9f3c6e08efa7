"""Adam: steps scaled by running means of the gradient and of its square."""

from __future__ import annotations

from math import sqrt
from typing import Any

import numpy as np

from .._core.tensor import Tensor
from .block import Array, Block
from .bundle import Bundle, Kept
from .elementwise import ElementwiseOptimizer
from .given import check_betas, check_not_negative, check_rate, check_ways

__all__ = ["Adam"]

_MEANS = {"exp_avg": 0.0, "exp_avg_sq": 0.0}
_KEPT, _KEPT_WITH_LARGEST = Kept({"step": 0.0}, _MEANS), Kept({"step": 0.0}, {**_MEANS, "max_exp_avg_sq": 0.0})


class Adam(ElementwiseOptimizer):
    """Adam (Kingma and Ba, 2014).

    ``m = b1 m + (1 - b1) g;  v = b2 v + (1 - b2) g g;  p -= lr * (m / (1 - b1**t)) / (sqrt(v / (1 - b2**t)) + eps)``

    Args:
        params: tensors to optimize, or groups of them.
        lr: learning rate.
        betas: how much of the running means of the gradient and of its square is kept from step to step.
        eps: added to the denominator.
        weight_decay: strength of the L2 penalty.
        amsgrad: divide by the largest mean square so far (Reddi et al., 2018).
        maximize: climb instead of descending.
        decoupled_weight_decay: shrink the weights themselves instead of adding to the gradient, as `AdamW`.
        foreach, capturable, fused: accepted for PyTorch's sake, and without effect.
        differentiable: must be False; steps are not recorded.

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
        betas: tuple[Any, Any] = (0.9, 0.999),
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
        _check_tensor_options(lr, foreach, capturable, "lr as a Tensor")
        check_rate(lr)
        check_not_negative(epsilon=eps)
        check_betas(betas)
        check_not_negative(weight_decay=weight_decay)
        betas = _check_kinds(betas, foreach, capturable)
        check_ways(foreach, fused, differentiable)
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

    def _kept(self, group: dict[str, Any]) -> Kept:
        return _KEPT_WITH_LARGEST if group["amsgrad"] else _KEPT

    def _update_bundle(self, group: dict[str, Any], bundle: Bundle) -> None:
        step = bundle.advance()
        lr, beta1, beta2 = float(group["lr"]), float(group["betas"][0]), float(group["betas"][1])
        # m / (1 - b1**t) and v / (1 - b2**t) undo the means' start at zero. Both factors are taken out of the
        # fraction, which saves passes over the arrays.
        unbias = sqrt(1 - beta2**step)
        (eps,) = bundle.scalars(group["eps"] * unbias)
        for block in self._gathered(group, bundle, lr * unbias / (1 - beta1**step)):
            update(block, beta1, beta2, eps)


def update(block: Block, beta1: float, beta2: float, eps: Array) -> None:
    """``m = b1 m + (1 - b1) g;  v = b2 v + (1 - b2) g g;  direction = m / (sqrt(v) + eps)``."""
    grad = block.work[0]
    mean, square, *largest = block.state
    block.blend(mean, beta1, grad, 1 - beta1)
    np.multiply(grad, grad, grad)
    block.blend(square, beta2, grad, 1 - beta2)
    if largest:  # AMSGrad
        square = np.maximum(largest[0], square, out=largest[0])

    root = np.sqrt(square, grad)
    np.add(root, eps, root)
    np.divide(mean, root, root)


def _check_tensor_options(value: Any, foreach: bool | None, capturable: bool, what: str) -> None:
    if isinstance(value, Tensor) and foreach and not capturable:
        raise ValueError(f"{what} is not supported for capturable=False and foreach=True. Leave foreach away.")


def _check_kinds(betas: tuple[Any, Any], foreach: bool | None, capturable: bool) -> tuple[Any, Any]:
    """The betas, both floats or both tensors of one element."""
    kinds = {Tensor if isinstance(beta, Tensor) else type(beta) for beta in betas}
    if len(kinds) > 1 or not all(isinstance(beta, float | Tensor) for beta in betas):
        raise ValueError(f"betas must be either both floats or both Tensors, got {betas[0]!r} and {betas[1]!r}")
    for index, beta in enumerate(betas):
        _check_tensor_options(beta, foreach, capturable, f"betas[{index}] as a Tensor")
        if isinstance(beta, Tensor) and beta.numel() != 1:
            raise ValueError(f"Tensor betas[{index}] must be 1-element, got shape {list(beta.shape)}")
    first, second = (beta.squeeze() if isinstance(beta, Tensor) and beta.dim() else beta for beta in betas)
    return first, second
