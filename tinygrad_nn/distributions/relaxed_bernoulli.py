"""The relaxed Bernoulli distribution."""

from __future__ import annotations

from typing import Any

from .._core.tensor import Tensor
from ..ops.random import rand
from . import constraints
from .distribution import Shape
from .odds import Odds
from .transformed_distribution import TransformedDistribution
from .transforms import SigmoidTransform
from .utils import broadcast_all, clamp_probs

__all__ = ["LogitRelaxedBernoulli", "RelaxedBernoulli"]


class LogitRelaxedBernoulli(Odds):
    """The logit of a `RelaxedBernoulli` number.

    Args:
        temperature: near 0, samples are near 0 and 1 after a sigmoid.
        probs: the probability of a 1.
        logits: ``log(p / (1 - p))``, in place of it.
        validate_args: see `Distribution`.

    Raises:
        ValueError: both or none of `probs` and `logits` are given, or p lies outside of [0, 1].

    Source: C. J. Maddison, A. Mnih and Y. W. Teh, "The concrete distribution", 2017; E. Jang, S. Gu and B. Poole,
    "Categorical reparameterization with Gumbel-softmax", 2017.
    """

    arg_constraints = {"probs": constraints.unit_interval, "logits": constraints.real}
    support = constraints.real

    def __init__(
        self, temperature: Any, probs: Any = None, logits: Any = None, validate_args: bool | None = None
    ) -> None:
        self.temperature = temperature
        super().__init__(self._take(probs, logits), validate_args=validate_args)

    def expand(self, batch_shape: Shape, _instance: Any = None) -> Any:
        return self._expanded(LogitRelaxedBernoulli, batch_shape, _instance, "_given", "temperature")

    def rsample(self, sample_shape: Shape = ()) -> Tensor:
        shape = self._extended_shape(sample_shape)
        probs = clamp_probs(self.probs.expand(shape))
        u = clamp_probs(rand(shape, dtype=probs.dtype))
        result: Tensor = (u.log() - (-u).log1p() + probs.log() - (-probs).log1p()) / self.temperature
        return result

    def log_prob(self, value: Tensor) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        logits, value = broadcast_all(self.logits, value)
        difference = logits - value.mul(self.temperature)
        result: Tensor = self.temperature.log() + difference - 2 * difference.exp().log1p()
        return result


class RelaxedBernoulli(TransformedDistribution):
    """Numbers in (0, 1) that come near 0 and 1 as the temperature falls, and that have a gradient.

    Args:
        temperature: a tensor.
        probs: the probability of a 1.
        logits: ``log(p / (1 - p))``, in place of it.
        validate_args: see `Distribution`.

    Raises:
        ValueError: both or none of `probs` and `logits` are given, or p lies outside of [0, 1].

    Source: https://docs.pytorch.org/docs/stable/distributions.html#relaxedbernoulli

    Example:
        >>> import tinygrad_nn as tg
        >>> p = tg.tensor([0.5], requires_grad=True)
        >>> tg.distributions.RelaxedBernoulli(tg.tensor([2.2]), p).rsample().requires_grad
        True
    """

    arg_constraints = {"probs": constraints.unit_interval, "logits": constraints.real}
    support = constraints.unit_interval
    has_rsample = True
    base_dist: LogitRelaxedBernoulli

    def __init__(
        self, temperature: Any, probs: Any = None, logits: Any = None, validate_args: bool | None = None
    ) -> None:
        base = LogitRelaxedBernoulli(temperature, probs, logits)
        super().__init__(base, SigmoidTransform(), validate_args=validate_args)

    def expand(self, batch_shape: Shape, _instance: Any = None) -> Any:
        return super().expand(batch_shape, _instance=self._get_checked_instance(RelaxedBernoulli, _instance))

    @property
    def temperature(self) -> Any:
        """How far samples are from 0 and 1."""
        return self.base_dist.temperature

    @property
    def logits(self) -> Tensor:
        """The log-odds of a 1."""
        return self.base_dist.logits

    @property
    def probs(self) -> Tensor:
        """The probability of a 1."""
        return self.base_dist.probs
