"""The multinomial distribution."""

from __future__ import annotations

import math
from typing import Any

from .._core.dtypes import get_default_dtype
from .._core.tensor import Size, Tensor
from ..ops.creation import ones_like
from ..ops.data import tensor
from . import constraints
from .binomial import Binomial
from .categorical import Categorical
from .distribution import Distribution, Shape
from .utils import broadcast_all

__all__ = ["Multinomial"]


class Multinomial(Distribution):
    """How often each of K categories comes up in n draws: ``P(x) = n! / prod(x!) prod(p**x)``.

    Args:
        total_count: n, one number.
        probs: nonnegative numbers in the last dimension, which are divided by their sum.
        logits: in place of them, log-probabilities up to a constant.
        validate_args: see `Distribution`.

    Raises:
        NotImplementedError: `total_count` is not an int.
        ValueError: see `Categorical`.

    Source: https://docs.pytorch.org/docs/stable/distributions.html#multinomial

    Example:
        >>> import tinygrad_nn as tg
        >>> m = tg.distributions.Multinomial(100, tg.tensor([1.0, 1.0, 2.0]))
        >>> m.mean
        tensor([25., 25., 50.])
    """

    arg_constraints = {"probs": constraints.simplex, "logits": constraints.real_vector}
    total_count: int

    def __init__(
        self, total_count: int = 1, probs: Any = None, logits: Any = None, validate_args: bool | None = None
    ) -> None:
        if not isinstance(total_count, int):
            raise NotImplementedError(
                f"inhomogeneous total_count is not supported: expected an int, got {type(total_count).__name__}"
            )
        self.total_count = total_count
        self._categorical = Categorical(probs=probs, logits=logits)
        self._binomial = Binomial(total_count=total_count, probs=self.probs)
        shape = self._categorical.param_shape
        super().__init__(self._categorical.batch_shape, shape[-1:], validate_args=validate_args)

    def expand(self, batch_shape: Shape, _instance: Any = None) -> Any:
        new = self._get_checked_instance(Multinomial, _instance)
        new.total_count = self.total_count
        new._categorical = self._categorical.expand(batch_shape)
        new._binomial = self._binomial.expand(Size(batch_shape) + self.event_shape)
        return self._finished(new, batch_shape)

    def _new(self, *args: Any, **kwargs: Any) -> Tensor:
        return self._categorical._new(*args, **kwargs)

    @constraints.dependent_property(is_discrete=True, event_dim=1)
    def support(self) -> Any:
        return constraints.multinomial(self.total_count)

    @property
    def logits(self) -> Tensor:
        """The log-probabilities."""
        return self._categorical.logits

    @property
    def probs(self) -> Tensor:
        """The probabilities."""
        return self._categorical.probs

    @property
    def param_shape(self) -> Size:
        """The shape of what was given."""
        return self._categorical.param_shape

    @property
    def mean(self) -> Tensor:
        return self.probs * self.total_count

    @property
    def variance(self) -> Tensor:
        return self.total_count * self.probs * (1 - self.probs)

    def sample(self, sample_shape: Shape = ()) -> Tensor:
        sample_shape = Size(sample_shape)
        drawn = self._categorical.sample(Size((self.total_count,)) + sample_shape).movedim(0, -1)
        counts = drawn.new_zeros(self._extended_shape(sample_shape))
        counts.scatter_add_(-1, drawn, ones_like(drawn))
        return counts.type_as(self.probs)

    def entropy(self) -> Tensor:
        """``n H - log(n!)`` with the entropy H of one draw, and the expected ``log(x!)`` of all counts."""
        n: Tensor = tensor(float(self.total_count), dtype=get_default_dtype())
        of_draws = self.total_count * self._categorical.entropy() - (n + 1).lgamma()
        counts = self._binomial.enumerate_support(expand=False)[1:]
        probabilities = self._binomial.log_prob(counts).exp()
        return of_draws + (probabilities * (counts + 1).lgamma()).sum([0, -1])

    def log_prob(self, value: Tensor) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        logits, value = broadcast_all(self.logits, value)
        safe = logits.masked_fill((value == 0) & (logits == -math.inf), 0)  # 0 times -inf is 0 here
        ways = (value.sum(-1) + 1).lgamma() - (value + 1).lgamma().sum(-1)
        return ways + (safe * value).sum(-1)
