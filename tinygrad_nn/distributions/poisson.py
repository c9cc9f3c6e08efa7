"""The Poisson distribution."""

from __future__ import annotations

from typing import Any

from .._core.modes import no_grad
from .._core.tensor import Size, Tensor
from ..ops.random import poisson
from . import constraints
from .distribution import Shape
from .exp_family import ExponentialFamily
from .utils import broadcast_all, is_number

__all__ = ["Poisson"]


class Poisson(ExponentialFamily):
    """Numbers of events: ``P(k) = rate**k exp(-rate) / k!``.

    Args:
        rate: the expected number.
        validate_args: see `Distribution`.

    Raises:
        ValueError: the rate is negative.

    Source: https://docs.pytorch.org/docs/stable/distributions.html#poisson

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.distributions.Poisson(tg.tensor([2.0])).log_prob(tg.tensor([0.0]))
        tensor([-2.])
    """

    arg_constraints = {"rate": constraints.nonnegative}
    support = constraints.nonnegative_integer

    def __init__(self, rate: Any, validate_args: bool | None = None) -> None:
        (self.rate,) = broadcast_all(rate)
        super().__init__(Size() if is_number(rate) else self.rate.size(), validate_args=validate_args)

    def expand(self, batch_shape: Shape, _instance: Any = None) -> Any:
        return self._expanded(Poisson, batch_shape, _instance)

    @property
    def mean(self) -> Tensor:
        return self.rate

    @property
    def mode(self) -> Tensor:
        return self.rate.floor()

    @property
    def variance(self) -> Tensor:
        return self.rate

    def sample(self, sample_shape: Shape = ()) -> Tensor:
        with no_grad():
            return poisson(self.rate.expand(self._extended_shape(sample_shape)))

    def log_prob(self, value: Tensor) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        rate, value = broadcast_all(self.rate, value)
        return value.xlogy(rate) - rate - (value + 1).lgamma()

    @property
    def _natural_params(self) -> tuple[Tensor]:
        return (self.rate.log(),)

    def _log_normalizer(self, *natural_params: Any) -> Any:
        (x,) = natural_params
        return x.exp()
