"""The binomial distribution."""

from __future__ import annotations

from typing import Any

from .._core.modes import no_grad
from .._core.tensor import Tensor
from ..ops.sequences import arange
from . import constraints
from .distribution import Shape
from .draws import binomial
from .odds import Odds

__all__ = ["Binomial"]


def _clamp_by_zero(x: Tensor) -> Tensor:
    """``max(x, 0)`` with half of the gradient at 0."""
    return (x.clamp(min=0) + x - x.clamp(max=0)) / 2


class Binomial(Odds):
    """How many of n tries succeed, each with probability p: ``P(k) = n! / (k! (n - k)!) p**k (1 - p)**(n - k)``.

    Args:
        total_count: n.
        probs: p.
        logits: ``log(p / (1 - p))``, in place of p.
        validate_args: see `Distribution`.

    Raises:
        ValueError: both or none of `probs` and `logits` are given, or a parameter is out of its range.

    Source: https://docs.pytorch.org/docs/stable/distributions.html#binomial

    Example:
        >>> import tinygrad_nn as tg
        >>> m = tg.distributions.Binomial(2, tg.tensor([0.5]))
        >>> m.log_prob(tg.tensor([1.0])).exp()
        tensor([0.5000])
    """

    arg_constraints = {
        "total_count": constraints.nonnegative_integer,
        "probs": constraints.unit_interval,
        "logits": constraints.real,
    }
    has_enumerate_support = True

    def __init__(
        self, total_count: Any = 1, probs: Any = None, logits: Any = None, validate_args: bool | None = None
    ) -> None:
        self.total_count = self._take_counted(total_count, probs, logits)
        super().__init__(self._param.size(), validate_args=validate_args)

    def expand(self, batch_shape: Shape, _instance: Any = None) -> Any:
        return self._expanded(Binomial, batch_shape, _instance, "_given")

    @constraints.dependent_property(is_discrete=True, event_dim=0)
    def support(self) -> Any:
        return constraints.integer_interval(0, self.total_count)

    @property
    def mean(self) -> Tensor:
        return self.total_count * self.probs

    @property
    def mode(self) -> Tensor:
        return ((self.total_count + 1) * self.probs).floor().clamp(max=self.total_count)

    @property
    def variance(self) -> Tensor:
        return self.total_count * self.probs * (1 - self.probs)

    def sample(self, sample_shape: Shape = ()) -> Tensor:
        shape = self._extended_shape(sample_shape)
        with no_grad():
            return binomial(self.total_count.expand(shape), self.probs.expand(shape))

    def log_prob(self, value: Tensor) -> Tensor:
        """With ``log(1 - p) = -max(logits, 0) - log(1 + exp(-|logits|))``, which does not overflow."""
        if self._validate_args:
            self._validate_sample(value)
        n, logits = self.total_count, self.logits
        normalizer = n * _clamp_by_zero(logits) + n * (-logits.abs()).exp().log1p() - (n + 1).lgamma()
        return value * logits - (value + 1).lgamma() - (n - value + 1).lgamma() - normalizer

    def _one_count(self, asked: str) -> int:
        """The number of tries, where it is the same for the whole batch."""
        largest = int(self.total_count.max())
        if self.total_count.min() != largest:
            raise NotImplementedError(f"Inhomogeneous total count not supported by `{asked}`.")
        return largest

    def entropy(self) -> Tensor:
        self._one_count("entropy")
        log_prob = self.log_prob(self.enumerate_support(False))
        return -(log_prob.exp() * log_prob).sum(0)

    def enumerate_support(self, expand: bool = True) -> Tensor:
        count = self._one_count("enumerate_support")
        return self._enumerated(arange(1 + count, dtype=self._param.dtype), expand)
