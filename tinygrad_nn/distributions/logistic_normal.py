"""The logistic normal distribution."""

from __future__ import annotations

from typing import Any

from .._core.tensor import Tensor
from . import constraints
from .distribution import Shape
from .independent import Independent
from .normal import Normal
from .transformed_distribution import TransformedDistribution
from .transforms import StickBreakingTransform

__all__ = ["LogisticNormal"]


class LogisticNormal(TransformedDistribution):
    """Positive numbers that add up to 1: normal numbers put through `StickBreakingTransform`, which adds one.

    Args:
        loc: the means of the normal numbers.
        scale: their standard deviations.
        validate_args: see `Distribution`.

    Raises:
        ValueError: a scale is not positive.

    Source: https://docs.pytorch.org/docs/stable/distributions.html#logisticnormal

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.distributions.LogisticNormal(tg.zeros(3), tg.ones(3)).event_shape
        torch.Size([4])
    """

    arg_constraints = {"loc": constraints.real, "scale": constraints.positive}
    support = constraints.simplex
    has_rsample = True
    base_dist: Independent[Normal]

    def __init__(self, loc: Any, scale: Any, validate_args: bool | None = None) -> None:
        base = Normal(loc, scale, validate_args=validate_args)
        base = base if base.batch_shape else base.expand([1])
        super().__init__(base, StickBreakingTransform(), validate_args=validate_args)

    def expand(self, batch_shape: Shape, _instance: Any = None) -> Any:
        return super().expand(batch_shape, _instance=self._get_checked_instance(LogisticNormal, _instance))

    @property
    def loc(self) -> Tensor:
        """The means of the normal numbers."""
        return self.base_dist.base_dist.loc

    @property
    def scale(self) -> Tensor:
        """The standard deviations of the normal numbers."""
        return self.base_dist.base_dist.scale
