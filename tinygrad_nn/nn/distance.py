"""Distances and angles as modules.

Source: https://docs.pytorch.org/docs/stable/nn.html#distance-functions
"""

from __future__ import annotations

from .._core.tensor import Tensor
from . import functional
from .module import Module

__all__ = ["CosineSimilarity", "PairwiseDistance"]


class PairwiseDistance(Module):
    """The p-norm of ``x1 - x2 + eps`` along the last dimension.

    Args:
        p: which norm.
        eps: added to differences, so that the norm has a derivative.
        keepdim: keep the last dimension, of length 1.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.nn.PairwiseDistance()(tg.tensor([[3.0, 4.0]]), tg.zeros(1, 2))
        tensor([5.0000])
    """

    def __init__(self, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False) -> None:
        super().__init__()
        self.norm = p
        self.eps = eps
        self.keepdim = keepdim

    def forward(self, x1: Tensor, x2: Tensor) -> Tensor:
        """The distances."""
        return functional.pairwise_distance(x1, x2, self.norm, self.eps, self.keepdim)


class CosineSimilarity(Module):
    """The cosine of the angle between vectors along a dimension.

    Args:
        dim: the dimension.
        eps: the least length to divide by.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.nn.CosineSimilarity()(tg.tensor([[3.0, 4.0]]), tg.tensor([[4.0, 3.0]]))
        tensor([0.9600])
    """

    def __init__(self, dim: int = 1, eps: float = 1e-8) -> None:
        super().__init__()
        self.dim = dim
        self.eps = eps

    def forward(self, x1: Tensor, x2: Tensor) -> Tensor:
        """The cosines."""
        return functional.cosine_similarity(x1, x2, self.dim, self.eps)
