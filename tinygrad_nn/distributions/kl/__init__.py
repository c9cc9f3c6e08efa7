"""The Kullback-Leibler divergence of one distribution from another, in closed form.

Source: https://docs.pytorch.org/docs/stable/distributions.html#module-torch.distributions.kl

Example:
    >>> import tinygrad_nn as tg
    >>> from tinygrad_nn.distributions import Normal, kl_divergence
    >>> kl_divergence(Normal(0.0, 1.0), Normal(1.0, 1.0))
    tensor(0.5000)
"""

from __future__ import annotations

# these enter their formulas into the registry
from . import different_families, infinite, multivariate, same_family  # noqa: F401
from .registry import kl_divergence, register_kl

__all__ = ["kl_divergence", "register_kl"]
