"""The geometric distribution."""

from __future__ import annotations

from typing import Any

from .._core.dtypes import finfo
from .._core.modes import no_grad
from .._core.tensor import Tensor
from ..ops.creation import zeros_like
from ..ops.probability_loss import binary_cross_entropy_with_logits
from . import constraints
from .distribution import Shape
from .odds import Odds
from .utils import all_true, broadcast_all

__all__ = ["Geometric"]


class Geometric(Odds):
    """How many tries fail before the first success: ``P(k) = (1 - p)**k p`` for k = 0, 1, ...

    ``Tensor.geometric_`` counts the success as well, and begins with 1.

    Args:
        probs: p, in (0, 1].
        logits: ``log(p / (1 - p))``, in place of p.
        validate_args: see `Distribution`.

    Raises:
        ValueError: both or none of `probs` and `logits` are given, or p lies outside of (0, 1].

    Source: https://docs.pytorch.org/docs/stable/distributions.html#geometric

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.distributions.Geometric(tg.tensor([0.25])).mean
        tensor([3.])
    """

    arg_constraints = {"probs": constraints.unit_interval, "logits": constraints.real}
    support = constraints.nonnegative_integer

    def __init__(self, probs: Any = None, logits: Any = None, validate_args: bool | None = None) -> None:
        super().__init__(self._take(probs, logits), validate_args=validate_args)
        if self._validate_args and probs is not None and not all_true(self.probs > 0):
            value = self.probs
            raise ValueError(
                f"Expected parameter probs ({type(value).__name__} of shape {tuple(value.shape)}) of distribution "
                f"{self!r} to be positive but found invalid values:\n{value.detach()[~(value > 0)]}"
            )

    def expand(self, batch_shape: Shape, _instance: Any = None) -> Any:
        return self._expanded(Geometric, batch_shape, _instance, "_given")

    @property
    def mean(self) -> Tensor:
        return 1.0 / self.probs - 1.0

    @property
    def mode(self) -> Tensor:
        return zeros_like(self.probs)

    @property
    def variance(self) -> Tensor:
        return (1.0 / self.probs - 1.0) / self.probs

    def sample(self, sample_shape: Shape = ()) -> Tensor:
        with no_grad():
            u = self.probs.new_empty(self._extended_shape(sample_shape)).uniform_(finfo(self.probs.dtype).tiny, 1)
            return (u.log() / (-self.probs).log1p()).floor()

    def log_prob(self, value: Tensor) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        value, probs = broadcast_all(value, self.probs)
        safe = probs.masked_fill((probs == 1) & (value == 0), 0)  # 0 times log(0) is 0 here
        return value * (-safe).log1p() + self.probs.log()

    def entropy(self) -> Tensor:
        loss: Tensor = binary_cross_entropy_with_logits(self.logits, self.probs, reduction="none")
        return loss / self.probs
