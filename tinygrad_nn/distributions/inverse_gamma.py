"""The inverse gamma distribution."""

from __future__ import annotations

import math
from typing import Any

from .._core.tensor import Tensor
from . import constraints
from .distribution import Shape
from .gamma import Gamma
from .transformed_distribution import TransformedDistribution
from .transforms import PowerTransform
from .utils import where

__all__ = ["InverseGamma"]


class InverseGamma(TransformedDistribution):
    """1 / x of a `Gamma` number x.

    Args:
        concentration: that of the gamma distribution.
        rate: that of the gamma distribution.
        validate_args: see `Distribution`.

    Raises:
        ValueError: a parameter is not positive.

    Source: https://docs.pytorch.org/docs/stable/distributions.html#inversegamma

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.distributions.InverseGamma(tg.tensor([2.0]), tg.tensor([3.0])).mean
        tensor([3.])
    """

    arg_constraints = {"concentration": constraints.positive, "rate": constraints.positive}
    support = constraints.positive
    has_rsample = True
    base_dist: Gamma

    def __init__(self, concentration: Any, rate: Any, validate_args: bool | None = None) -> None:
        base = Gamma(concentration, rate, validate_args=validate_args)
        super().__init__(base, PowerTransform(-base.rate.new_ones(())), validate_args=validate_args)

    def expand(self, batch_shape: Shape, _instance: Any = None) -> Any:
        return super().expand(batch_shape, _instance=self._get_checked_instance(InverseGamma, _instance))

    @property
    def concentration(self) -> Tensor:
        """The concentration of the gamma distribution."""
        return self.base_dist.concentration

    @property
    def rate(self) -> Tensor:
        """The rate of the gamma distribution."""
        return self.base_dist.rate

    @property
    def mean(self) -> Tensor:
        return where(self.concentration > 1, self.rate / (self.concentration - 1), math.inf)

    @property
    def mode(self) -> Tensor:
        return self.rate / (self.concentration + 1)

    @property
    def variance(self) -> Tensor:
        a = self.concentration
        return where(a > 2, self.rate.square() / ((a - 1).square() * (a - 2)), math.inf)

    def entropy(self) -> Tensor:
        a = self.concentration
        return a + self.rate.log() + a.lgamma() - (1 + a) * a.digamma()
