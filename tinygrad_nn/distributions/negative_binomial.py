"""The negative binomial distribution."""

from __future__ import annotations

from typing import Any

from .._core.modes import no_grad
from .._core.tensor import Tensor
from ..ops.activation import logsigmoid
from ..ops.random import poisson
from . import constraints
from .distribution import Shape
from .gamma import Gamma
from .odds import Odds
from .utils import lazy_property

__all__ = ["NegativeBinomial"]


class NegativeBinomial(Odds):
    """How many tries succeed, each with probability p, before n have failed; n need not be whole.

    ``P(k) = gamma(n + k) / (k! gamma(n)) p**k (1 - p)**n``. It is a Poisson distribution whose rate is gamma
    distributed, which is how samples are drawn.

    Args:
        total_count: n.
        probs: p.
        logits: ``log(p / (1 - p))``, in place of p.
        validate_args: see `Distribution`.

    Raises:
        ValueError: both or none of `probs` and `logits` are given, or a parameter is out of its range.

    Source: https://docs.pytorch.org/docs/stable/distributions.html#negativebinomial

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.distributions.NegativeBinomial(3.0, tg.tensor([0.5])).mean
        tensor([3.])
    """

    arg_constraints = {
        "total_count": constraints.greater_than_eq(0),
        "probs": constraints.half_open_interval(0.0, 1.0),
        "logits": constraints.real,
    }
    support = constraints.nonnegative_integer

    def __init__(
        self, total_count: Any, probs: Any = None, logits: Any = None, validate_args: bool | None = None
    ) -> None:
        self.total_count = self._take_counted(total_count, probs, logits)
        super().__init__(self._param.size(), validate_args=validate_args)

    def expand(self, batch_shape: Shape, _instance: Any = None) -> Any:
        return self._expanded(NegativeBinomial, batch_shape, _instance, "_given")

    @property
    def mean(self) -> Tensor:
        return self.total_count * self.logits.exp()

    @property
    def mode(self) -> Tensor:
        return ((self.total_count - 1) * self.logits.exp()).floor().clamp(min=0.0)

    @property
    def variance(self) -> Tensor:
        return self.mean / (-self.logits).sigmoid()

    @lazy_property
    def _gamma(self) -> Gamma:
        """Of the rates."""
        return Gamma(self.total_count, (-self.logits).exp(), validate_args=False)

    def sample(self, sample_shape: Shape = ()) -> Tensor:
        with no_grad():
            return poisson(self._gamma.sample(sample_shape))

    def log_prob(self, value: Tensor) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        n = self.total_count
        unscaled = n * logsigmoid(-self.logits) + value * logsigmoid(self.logits)
        scale = -(n + value).lgamma() + (1.0 + value).lgamma() + n.lgamma()
        # of no failures nothing is left, though its terms are infinite
        result: Tensor = unscaled - scale.masked_fill(n + value == 0.0, 0.0)
        return result
