"""Negative log likelihoods of numbers: of Gaussian and of Poisson distributions.

Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.gaussian_nll_loss.html, poisson_nll_loss.html
"""

from __future__ import annotations

import math

from .._core.errors import explained
from .._core.modes import no_grad
from .._core.tensor import Tensor
from .loss import reduced, reduction_of


@explained
def poisson_nll_loss(
    input: Tensor,
    target: Tensor,
    log_input: bool = True,
    full: bool = False,
    size_average: bool | None = None,
    eps: float = 1e-8,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """``exp(input) - target * input``, where the input is the logarithm of a rate and the target is counted.

    Args:
        input: the logarithm of the rate or, if not `log_input`, the rate; then ``input - target * log(input + eps)``.
        target: counts.
        log_input: what the input is.
        full: add Stirling's ``target log target - target + 0.5 log(2 pi target)`` where the target is above 1.
        eps: keeps the logarithm of 0 away.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.nn.functional.poisson_nll_loss(tg.tensor([0.0, 1.0]), tg.tensor([1.0, 2.0]), reduction="none")
        tensor([1.0000, 0.7183])
    """
    reduction = reduction_of(size_average, reduce, reduction)
    losses = input.exp() - target * input if log_input else input - target * (input + eps).log()
    if full:
        stirling = target * target.log() - target + 0.5 * (2 * math.pi * target).log()
        losses = losses + stirling.masked_fill(target <= 1, 0)
    result: Tensor = reduced(losses, reduction)
    return result


def _variances(input: Tensor, var: Tensor | float) -> Tensor:
    """The variances, in a shape that broadcasts to the input's."""
    if isinstance(var, float | int):
        if var < 0:
            raise ValueError(f"var has negative entry/entries: {var}")
        return input.detach().new_ones(input.shape) * var
    if (var._array < 0).any():
        raise ValueError(f"var has negative entry/entries: gaussian_nll_loss() got {var._array.min()}")
    if var.shape == input.shape:
        return var
    if input.shape[:-1] == var.shape:
        return var.unsqueeze(-1)
    if input.ndim == var.ndim:
        # one variance along one dimension
        if sum(n for m, n in zip(input.shape, var.shape, strict=True) if m != n) == 1:
            return var
    raise ValueError(
        f"var is of incorrect size: gaussian_nll_loss() got an input of shape {list(input.shape)} and variances of "
        f"shape {list(var.shape)}; give one for each element, or one for the last dimension"
    )


@explained
def gaussian_nll_loss(
    input: Tensor,
    target: Tensor,
    var: Tensor | float,
    full: bool = False,
    eps: float = 1e-6,
    reduction: str = "mean",
) -> Tensor:
    """``0.5 (log(var) + (input - target)**2 / var)``, of a Gaussian with this mean and variance.

    Args:
        input: the mean.
        target: what was observed.
        var: the variance: of the input's shape, of one value for the last dimension, or a number.
        full: add the constant ``0.5 log(2 pi)``.
        eps: the least variance; what is below counts as this, and gets its gradient.

    Raises:
        ValueError: a variance is negative, or their shape does not fit.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.nn.functional.gaussian_nll_loss(tg.tensor([0.0]), tg.tensor([2.0]), tg.tensor([4.0]))
        tensor(1.1931)
    """
    variances = _variances(input, var)
    if reduction not in ("mean", "sum", "none"):
        raise ValueError(f"{reduction} is not valid; expected 'mean', 'sum' or 'none'")
    variances = variances.clone()
    with no_grad():
        variances.clamp_(min=eps)
    losses = 0.5 * (variances.log() + (input - target) ** 2 / variances)
    if full:
        losses = losses + 0.5 * math.log(2 * math.pi)
    result: Tensor = reduced(losses, reduction)
    return result
