"""The generalized Pareto distribution."""

from __future__ import annotations

import math
from typing import Any

from .._core.tensor import Size, Tensor
from ..ops.comparison import isclose
from ..ops.creation import ones_like, zeros_like
from ..ops.random import rand
from . import constraints
from .distribution import Distribution, Shape
from .utils import broadcast_all, is_number, where

__all__ = ["GeneralizedPareto"]


class GeneralizedPareto(Distribution):
    """How far values go beyond a threshold: ``P(X > x) = (1 + c z)**(-1 / c)`` with ``z = (x - loc) / scale``.

    Args:
        loc: the threshold.
        scale: of the distances.
        concentration: c; exponential for 0, with an upper bound below.
        validate_args: see `Distribution`.

    Raises:
        ValueError: the scale is not positive.

    Source: J. Pickands, "Statistical inference using extreme order statistics", 1975.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.distributions.GeneralizedPareto(0.0, 1.0, 0.5).cdf(tg.tensor(2.0))
        tensor(0.7500)
    """

    arg_constraints = {
        "loc": constraints.real,
        "scale": constraints.positive,
        "concentration": constraints.real,
    }
    has_rsample = True

    def __init__(self, loc: Any, scale: Any, concentration: Any, validate_args: bool | None = None) -> None:
        self.loc, self.scale, self.concentration = broadcast_all(loc, scale, concentration)
        shape = Size() if is_number(loc, scale, concentration) else self.loc.size()
        super().__init__(shape, validate_args=validate_args)

    def expand(self, batch_shape: Shape, _instance: Any = None) -> Any:
        return self._expanded(GeneralizedPareto, batch_shape, _instance)

    @constraints.dependent_property(is_discrete=False, event_dim=0)
    def support(self) -> Any:
        bounded = self.concentration < 0
        upper = where(bounded, self.loc - self.scale / self.concentration, math.inf)
        return constraints.interval(self.loc, upper)

    def _by_concentration(self) -> tuple[Tensor, Tensor]:
        """Where it is 0, and what may be divided by."""
        is_zero = isclose(self.concentration, zeros_like(self.concentration))
        return is_zero, where(is_zero, ones_like(self.concentration), self.concentration)

    def _z(self, x: Tensor) -> Tensor:
        return (x - self.loc) / self.scale

    def rsample(self, sample_shape: Shape = ()) -> Tensor:
        return self.icdf(rand(self._extended_shape(sample_shape), dtype=self.loc.dtype))

    def log_prob(self, value: Tensor) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        z = self._z(value)
        is_zero, c = self._by_concentration()
        power = 1 / c + ones_like(z)
        general = where(power == 0, power, power * (c * z).log1p())
        return -self.scale.log() - where(is_zero, z, general)

    def log_survival_function(self, value: Tensor) -> Tensor:
        """The logarithm of the probability of more than this value."""
        if self._validate_args:
            self._validate_sample(value)
        z = self._z(value)
        is_zero, c = self._by_concentration()
        return where(is_zero, -z, -(c * z).log1p() / c)

    def log_cdf(self, value: Tensor) -> Tensor:
        """The logarithm of `cdf`."""
        return (-self.log_survival_function(value).exp()).log1p()

    def cdf(self, value: Tensor) -> Tensor:
        return self.log_cdf(value).exp()

    def icdf(self, value: Tensor) -> Tensor:
        is_zero, c = self._by_concentration()
        log_u = (-value).log1p()
        general = self.loc + self.scale / c * (-c * log_u).expm1()
        return where(is_zero, self.loc - self.scale * log_u, general)

    @property
    def mean(self) -> Tensor:
        exists = self.concentration < 1
        c = where(exists, self.concentration, 0.5)
        return where(exists, self.loc + self.scale / (1 - c), math.nan)

    @property
    def mode(self) -> Tensor:
        return self.loc

    @property
    def variance(self) -> Tensor:
        exists = self.concentration < 0.5
        c = where(exists, self.concentration, 0.25)
        return where(exists, self.scale**2 / ((1 - c) ** 2 * (1 - 2 * c)), math.nan)

    def entropy(self) -> Tensor:
        return (self.scale.log() + self.concentration + 1).expand(self._batch_shape)
