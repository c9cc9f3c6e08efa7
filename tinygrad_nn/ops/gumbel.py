"""Random choices with a gradient.

Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.gumbel_softmax.html,
Jang, Gu and Poole, arXiv:1611.01144
"""

from __future__ import annotations

import warnings

from .._core.errors import explained
from .._core.tensor import Tensor
from .creation import empty


@explained
def gumbel_softmax(logits: Tensor, tau: float = 1, hard: bool = False, eps: float = 1e-10, dim: int = -1) -> Tensor:
    """A sample from the Gumbel-softmax distribution: nearly one-hot, and differentiable.

    Args:
        logits: logarithms of probabilities, not normalised.
        tau: the temperature; the lower, the nearer to one-hot.
        hard: give exactly one-hot vectors, with the gradient of the soft ones.
        eps: no longer used.
        dim: the dimension of the choices.

    Example:
        >>> import tinygrad_nn as tg
        >>> _ = tg.manual_seed(0)
        >>> tg.nn.functional.gumbel_softmax(tg.tensor([1.0, 2.0, 0.5]), hard=True)
        tensor([0., 1., 0.])
    """
    if eps != 1e-10:
        warnings.warn("`eps` parameter is deprecated and has no effect.", UserWarning, stacklevel=3)
    noise = -empty(tuple(logits.shape), dtype=logits.dtype).exponential_().log()
    soft: Tensor = ((logits + noise) / tau).softmax(dim)
    if not hard:
        return soft
    chosen = soft.argmax(dim, keepdim=True)
    exact: Tensor = soft.detach().new_zeros(soft.shape).scatter(dim, chosen, 1.0)
    return exact - soft.detach() + soft
