"""The Gumbel distribution."""

from __future__ import annotations

import math
from typing import Any

from .._core.dtypes import finfo
from .._core.tensor import Tensor
from ..ops.creation import full_like, ones_like
from . import constraints
from .distribution import Shape
from .transformed_distribution import TransformedDistribution
from .transforms import AffineTransform, ExpTransform
from .uniform import Uniform
from .utils import broadcast_all, euler_constant, is_number

__all__ = ["Gumbel"]


class Gumbel(TransformedDistribution):
    """The largest of many numbers: ``P(X <= x) = exp(-exp(-(x - loc) / scale))``.

    Args:
        loc: the mode.
        scale: of the distances from it.
        validate_args: see `Distribution`.

    Raises:
        ValueError: the scale is not positive.

    Source: https://docs.pytorch.org/docs/stable/distributions.html#gumbel

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.distributions.Gumbel(tg.tensor([1.0]), tg.tensor([2.0])).mean
        tensor([2.1544])
    """

    arg_constraints = {"loc": constraints.real, "scale": constraints.positive}
    support = constraints.real

    def __init__(self, loc: Any, scale: Any, validate_args: bool | None = None) -> None:
        self.loc, self.scale = broadcast_all(loc, scale)
        info = finfo(self.loc.dtype)
        low: Any = info.tiny
        high: Any = 1 - info.eps
        if not is_number(loc, scale):
            low, high = full_like(self.loc, low), full_like(self.loc, high)
        base = Uniform(low, high, validate_args=validate_args)
        transforms = [
            ExpTransform().inv,
            AffineTransform(loc=0, scale=-ones_like(self.scale)),
            ExpTransform().inv,
            AffineTransform(loc=loc, scale=-self.scale),
        ]
        super().__init__(base, transforms, validate_args=validate_args)

    def expand(self, batch_shape: Shape, _instance: Any = None) -> Any:
        new = self._get_checked_instance(Gumbel, _instance)
        new.loc, new.scale = self.loc.expand(batch_shape), self.scale.expand(batch_shape)
        return super().expand(batch_shape, _instance=new)

    def log_prob(self, value: Tensor) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        y = (self.loc - value) / self.scale
        return y - y.exp() - self.scale.log()

    @property
    def mean(self) -> Tensor:
        return self.loc + self.scale * euler_constant

    @property
    def mode(self) -> Tensor:
        return self.loc

    @property
    def stddev(self) -> Tensor:
        return math.pi / math.sqrt(6) * self.scale

    @property
    def variance(self) -> Tensor:
        return self.stddev.pow(2)

    def entropy(self) -> Tensor:
        return self.scale.log() + (1 + euler_constant)
