"""The Bernoulli distribution."""

from __future__ import annotations

import math
from typing import Any

from .._core.modes import no_grad
from .._core.tensor import Tensor
from ..ops.probability_loss import binary_cross_entropy_with_logits
from ..ops.random import bernoulli
from ..ops.sequences import arange
from . import constraints
from .distribution import Shape
from .exp_family import ExponentialFamily
from .odds import Odds
from .utils import broadcast_all

__all__ = ["Bernoulli"]


class Bernoulli(Odds, ExponentialFamily):
    """1 with probability p, else 0: ``P(x) = p**x (1 - p)**(1 - x)``.

    Args:
        probs: p.
        logits: ``log(p / (1 - p))``, in place of p.
        validate_args: see `Distribution`.

    Raises:
        ValueError: both or none of `probs` and `logits` are given, or p lies outside of [0, 1].

    Source: https://docs.pytorch.org/docs/stable/distributions.html#bernoulli

    Example:
        >>> import tinygrad_nn as tg
        >>> m = tg.distributions.Bernoulli(tg.tensor([0.3]))
        >>> m.log_prob(tg.tensor([1.0])).exp()
        tensor([0.3000])
    """

    arg_constraints = {"probs": constraints.unit_interval, "logits": constraints.real}
    support = constraints.boolean
    has_enumerate_support = True
    _mean_carrier_measure = 0

    def __init__(self, probs: Any = None, logits: Any = None, validate_args: bool | None = None) -> None:
        super().__init__(self._take(probs, logits), validate_args=validate_args)

    def expand(self, batch_shape: Shape, _instance: Any = None) -> Any:
        return self._expanded(Bernoulli, batch_shape, _instance, "_given")

    @property
    def mean(self) -> Tensor:
        return self.probs

    @property
    def mode(self) -> Tensor:
        mode = (self.probs >= 0.5).to(self.probs)
        mode[self.probs == 0.5] = math.nan
        return mode

    @property
    def variance(self) -> Tensor:
        return self.probs * (1 - self.probs)

    def sample(self, sample_shape: Shape = ()) -> Tensor:
        with no_grad():
            shape, probs = self._extended_shape(sample_shape), self.probs
            drawn: Tensor = bernoulli(probs if shape == self._batch_shape else probs.expand(shape))
        return drawn

    def log_prob(self, value: Tensor) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        logits, value = broadcast_all(self.logits, value)
        loss: Tensor = binary_cross_entropy_with_logits(logits, value, reduction="none")
        return -loss

    def entropy(self) -> Tensor:
        loss: Tensor = binary_cross_entropy_with_logits(self.logits, self.probs, reduction="none")
        return loss

    def enumerate_support(self, expand: bool = True) -> Tensor:
        return self._enumerated(arange(2, dtype=self._param.dtype), expand)

    @property
    def _natural_params(self) -> tuple[Tensor]:
        return (self.probs.logit(),)

    def _log_normalizer(self, *natural_params: Any) -> Any:
        (x,) = natural_params
        return x.exp().log1p()
