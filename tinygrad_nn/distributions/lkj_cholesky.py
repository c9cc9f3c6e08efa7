"""The LKJ distribution of correlation matrices, by their Cholesky factors."""

from __future__ import annotations

import math
from typing import Any

from .._core.dtypes import finfo
from .._core.tensor import Size, Tensor
from ..ops.gamma import mvlgamma
from ..ops.join import cat
from ..ops.random import randn
from ..ops.sequences import arange
from . import constraints
from .beta import Beta
from .distribution import Distribution, Shape
from .utils import broadcast_all

__all__ = ["LKJCholesky"]


class LKJCholesky(Distribution):
    """Cholesky factors L of correlation matrices M, with a density of M proportional to ``det(M)**(eta - 1)``.

    Args:
        dim: the number of rows.
        concentration: eta; 1 is the uniform distribution over correlation matrices.
        validate_args: see `Distribution`.

    Raises:
        ValueError: `dim` is below 2, or the concentration is not positive.

    Source: D. Lewandowski, D. Kurowicka and H. Joe, "Generating random correlation matrices based on vines and
    extended onion method", 2009 (samples come from the onion method).

    Example:
        >>> import tinygrad_nn as tg
        >>> factor = tg.distributions.LKJCholesky(3, 0.5).sample()
        >>> (factor @ factor.T).diagonal()
        tensor([1.0000, 1.0000, 1.0000])
    """

    arg_constraints = {"concentration": constraints.positive}
    support = constraints.corr_cholesky

    def __init__(self, dim: int, concentration: Any = 1.0, validate_args: bool | None = None) -> None:
        if dim < 2:
            raise ValueError(f"Expected dim to be an integer greater than or equal to 2. Found dim={dim}.")
        self.dim = dim
        (self.concentration,) = broadcast_all(concentration)
        # the squared length of a row without its diagonal
        marginal = self.concentration + 0.5 * (dim - 2)
        offset = arange(dim - 1, dtype=self.concentration.dtype)
        offset = cat([offset.new_zeros((1,)), offset])
        self._beta = Beta(offset + 0.5, marginal.unsqueeze(-1) - 0.5 * offset)
        super().__init__(self.concentration.size(), Size((dim, dim)), validate_args)

    def expand(self, batch_shape: Shape, _instance: Any = None) -> Any:
        new = self._expanded(LKJCholesky, batch_shape, _instance, "dim")
        new._beta = self._beta.expand(Size(batch_shape) + (self.dim,))
        return new

    def sample(self, sample_shape: Shape = ()) -> Tensor:
        """Directions of rows are uniform on spheres, their lengths beta distributed."""
        squares = self._beta.sample(sample_shape).unsqueeze(-1)
        normal = randn(self._extended_shape(sample_shape), dtype=squares.dtype).tril(-1)
        direction = normal / normal.norm(dim=-1, keepdim=True)
        direction[..., 0, :] = 0.0
        factor = squares.sqrt() * direction
        diagonal = (1 - (factor**2).sum(-1)).clamp(min=finfo(factor.dtype).tiny).sqrt()
        return factor + diagonal.diag_embed()

    def log_prob(self, value: Tensor) -> Tensor:
        """Of the factor, which adds the Jacobian of ``L @ L.T`` to the density of M."""
        if self._validate_args:
            self._validate_sample(value)
        diagonal = value.diagonal(dim1=-1, dim2=-2)[..., 1:]
        order = 2 * (self.concentration - 1).unsqueeze(-1) + self.dim - arange(2, self.dim + 1)
        unscaled = (order * diagonal.log()).sum(-1)
        below = self.dim - 1
        alpha = self.concentration + 0.5 * below
        normalizer = 0.5 * below * math.log(math.pi) + mvlgamma(alpha - 0.5, below) - alpha.lgamma() * below
        result: Tensor = unscaled - normalizer
        return result
