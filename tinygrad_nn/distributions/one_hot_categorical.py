"""The categorical distribution with one-hot vectors for its values."""

from __future__ import annotations

from typing import Any

from .._core.tensor import Size, Tensor
from ..ops.creation import eye
from ..ops.sparse import one_hot
from . import constraints
from .categorical import Categorical
from .distribution import Distribution, Shape

__all__ = ["OneHotCategorical", "OneHotCategoricalStraightThrough"]


class OneHotCategorical(Distribution):
    """One of K categories, as a vector with a 1 in its place and zeros elsewhere.

    Args:
        probs: nonnegative numbers in the last dimension, which are divided by their sum.
        logits: in place of them, log-probabilities up to a constant.
        validate_args: see `Distribution`.

    Raises:
        ValueError: see `Categorical`.

    Source: https://docs.pytorch.org/docs/stable/distributions.html#onehotcategorical

    Example:
        >>> import tinygrad_nn as tg
        >>> m = tg.distributions.OneHotCategorical(tg.tensor([0.25, 0.75]))
        >>> m.mode
        tensor([0., 1.])
    """

    arg_constraints = {"probs": constraints.simplex, "logits": constraints.real_vector}
    support = constraints.one_hot
    has_enumerate_support = True

    def __init__(self, probs: Any = None, logits: Any = None, validate_args: bool | None = None) -> None:
        self._categorical = Categorical(probs, logits)
        shape = self._categorical.param_shape
        super().__init__(self._categorical.batch_shape, shape[-1:], validate_args=validate_args)

    def expand(self, batch_shape: Shape, _instance: Any = None) -> Any:
        new = self._get_checked_instance(OneHotCategorical, _instance)
        new._categorical = self._categorical.expand(batch_shape)
        return self._finished(new, batch_shape)

    def _new(self, *args: Any, **kwargs: Any) -> Tensor:
        return self._categorical._new(*args, **kwargs)

    @property
    def _param(self) -> Tensor:
        return self._categorical._param

    @property
    def probs(self) -> Tensor:
        """The probabilities."""
        return self._categorical.probs

    @property
    def logits(self) -> Tensor:
        """The log-probabilities."""
        return self._categorical.logits

    @property
    def param_shape(self) -> Size:
        """The shape of what was given."""
        return self._categorical.param_shape

    @property
    def mean(self) -> Tensor:
        return self.probs

    @property
    def mode(self) -> Tensor:
        return one_hot(self.probs.argmax(dim=-1), num_classes=self.probs.shape[-1]).to(self.probs)

    @property
    def variance(self) -> Tensor:
        return self.probs * (1 - self.probs)

    def sample(self, sample_shape: Shape = ()) -> Tensor:
        return one_hot(self._categorical.sample(sample_shape), self._categorical._num_events).to(self.probs)

    def log_prob(self, value: Tensor) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        return self._categorical.log_prob(value.max(-1)[1])

    def entropy(self) -> Tensor:
        return self._categorical.entropy()

    def enumerate_support(self, expand: bool = True) -> Tensor:
        n = self.event_shape[0]
        values = eye(n, dtype=self._param.dtype).view((n,) + (1,) * len(self.batch_shape) + (n,))
        return values.expand((n, *self.batch_shape, n)) if expand else values


class OneHotCategoricalStraightThrough(OneHotCategorical):
    """`OneHotCategorical` whose samples pass their gradient on to the probabilities, as if they were these.

    Source: Y. Bengio, N. Leonard and A. Courville, "Estimating or propagating gradients through stochastic neurons
    for conditional computation", 2013.

    Example:
        >>> import tinygrad_nn as tg
        >>> p = tg.tensor([0.5, 0.5], requires_grad=True)
        >>> m = tg.distributions.OneHotCategoricalStraightThrough(p)
        >>> m.rsample().requires_grad
        True
    """

    has_rsample = True

    def rsample(self, sample_shape: Shape = ()) -> Tensor:
        return self.sample(sample_shape) + (self.probs - self.probs.detach())
