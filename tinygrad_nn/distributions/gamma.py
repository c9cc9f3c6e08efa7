"""The gamma distribution."""

from __future__ import annotations

from typing import Any

from .._core.dtypes import finfo
from .._core.tensor import Size, Tensor
from ..ops.data import as_tensor
from ..ops.gamma import igamma
from . import constraints
from .distribution import Shape
from .draws import _standard_gamma
from .exp_family import ExponentialFamily
from .utils import broadcast_all, is_number

__all__ = ["Gamma"]


class Gamma(ExponentialFamily):
    """The density ``rate**a x**(a - 1) exp(-rate x) / gamma(a)`` of positive numbers, with the concentration a.

    Args:
        concentration: a, the shape.
        rate: 1 / scale.
        validate_args: see `Distribution`.

    Raises:
        ValueError: a parameter is not positive.

    Source: https://docs.pytorch.org/docs/stable/distributions.html#gamma

    Example:
        >>> import tinygrad_nn as tg
        >>> m = tg.distributions.Gamma(tg.tensor([2.0]), tg.tensor([4.0]))
        >>> m.mean, m.log_prob(tg.tensor([0.5]))
        (tensor([0.5000]), tensor([0.0794]))
    """

    arg_constraints: Any = {"concentration": constraints.positive, "rate": constraints.positive}
    support = constraints.nonnegative
    has_rsample = True
    _mean_carrier_measure = 0

    def __init__(self, concentration: Any, rate: Any, validate_args: bool | None = None) -> None:
        self.concentration, self.rate = broadcast_all(concentration, rate)
        shape = Size() if is_number(concentration, rate) else self.concentration.size()
        super().__init__(shape, validate_args=validate_args)

    def expand(self, batch_shape: Shape, _instance: Any = None) -> Any:
        new = self._get_checked_instance(Gamma, _instance)
        new.concentration = self.concentration.expand(Size(batch_shape))
        new.rate = self.rate.expand(Size(batch_shape))
        return self._finished(new, batch_shape)

    @property
    def mean(self) -> Tensor:
        return self.concentration / self.rate

    @property
    def mode(self) -> Tensor:
        return ((self.concentration - 1) / self.rate).clamp(min=0)

    @property
    def variance(self) -> Tensor:
        return self.concentration / self.rate.pow(2)

    def rsample(self, sample_shape: Shape = ()) -> Tensor:
        shape = self._extended_shape(sample_shape)
        value = _standard_gamma(self.concentration.expand(shape)) / self.rate.expand(shape)
        value.detach().clamp_(min=finfo(value.dtype).tiny)  # not 0, and not recorded
        return value

    def log_prob(self, value: Any) -> Tensor:
        value = as_tensor(value, dtype=self.rate.dtype)
        if self._validate_args:
            self._validate_sample(value)
        result: Tensor = (
            self.concentration.xlogy(self.rate)
            + (self.concentration - 1).xlogy(value)
            - self.rate * value
            - self.concentration.lgamma()
        )
        return result

    def cdf(self, value: Tensor) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        share: Tensor = igamma(self.concentration, self.rate * value)
        return share

    def entropy(self) -> Tensor:
        a = self.concentration
        return a - self.rate.log() + a.lgamma() + (1.0 - a) * a.digamma()

    @property
    def _natural_params(self) -> tuple[Tensor, Tensor]:
        return self.concentration - 1, -self.rate

    def _log_normalizer(self, *natural_params: Any) -> Any:
        x, y = natural_params
        return (x + 1).lgamma() + (x + 1) * (-y.reciprocal()).log()
