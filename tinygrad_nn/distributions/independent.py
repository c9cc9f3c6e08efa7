"""Batch dimensions that become part of the event."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

from .._core.tensor import Size, Tensor
from . import constraints
from .distribution import Distribution, Shape
from .utils import _sum_rightmost

__all__ = ["Independent"]

D = TypeVar("D", bound=Distribution)


class Independent(Distribution, Generic[D]):
    """A distribution whose last batch dimensions count as one event: `log_prob` adds up over them.

    Args:
        base_distribution: what is drawn.
        reinterpreted_batch_ndims: how many of the last batch dimensions become event dimensions.
        validate_args: see `Distribution`.

    Raises:
        ValueError: there are fewer batch dimensions.

    Source: https://docs.pytorch.org/docs/stable/distributions.html#independent

    Example:
        >>> import tinygrad_nn as tg
        >>> m = tg.distributions.Normal(tg.zeros(3), tg.ones(3))
        >>> diagonal = tg.distributions.Independent(m, 1)
        >>> diagonal.batch_shape, diagonal.event_shape
        (torch.Size([]), torch.Size([3]))
        >>> diagonal.log_prob(tg.zeros(3))
        tensor(-2.7568)
    """

    arg_constraints: dict[str, constraints.Constraint] = {}
    base_dist: D

    def __init__(
        self, base_distribution: D, reinterpreted_batch_ndims: int, validate_args: bool | None = None
    ) -> None:
        if reinterpreted_batch_ndims > len(base_distribution.batch_shape):
            raise ValueError(
                "Expected reinterpreted_batch_ndims <= len(base_distribution.batch_shape), actual "
                f"{reinterpreted_batch_ndims} vs {len(base_distribution.batch_shape)}"
            )
        shape = base_distribution.batch_shape + base_distribution.event_shape
        cut = len(base_distribution.batch_shape) - reinterpreted_batch_ndims
        self.base_dist = base_distribution
        self.reinterpreted_batch_ndims = reinterpreted_batch_ndims
        super().__init__(shape[:cut], shape[cut:], validate_args=validate_args)

    def expand(self, batch_shape: Shape, _instance: Any = None) -> Any:
        new = self._get_checked_instance(Independent, _instance)
        batch_shape = Size(batch_shape)
        new.base_dist = self.base_dist.expand(batch_shape + self.event_shape[: self.reinterpreted_batch_ndims])
        new.reinterpreted_batch_ndims = self.reinterpreted_batch_ndims
        return self._finished(new, batch_shape)

    @property
    def has_rsample(self) -> bool:
        return self.base_dist.has_rsample

    @property
    def has_enumerate_support(self) -> bool:  # type: ignore[override]
        return self.reinterpreted_batch_ndims <= 0 and self.base_dist.has_enumerate_support

    @constraints.dependent_property
    def support(self) -> Any:
        result: Any = self.base_dist.support
        count = self.reinterpreted_batch_ndims
        return constraints.independent(result, count) if count else result

    @property
    def mean(self) -> Tensor:
        return self.base_dist.mean

    @property
    def mode(self) -> Tensor:
        return self.base_dist.mode

    @property
    def variance(self) -> Tensor:
        return self.base_dist.variance

    def sample(self, sample_shape: Shape = ()) -> Tensor:
        return self.base_dist.sample(sample_shape)

    def rsample(self, sample_shape: Shape = ()) -> Tensor:
        return self.base_dist.rsample(sample_shape)

    def log_prob(self, value: Tensor) -> Tensor:
        result: Tensor = _sum_rightmost(self.base_dist.log_prob(value), self.reinterpreted_batch_ndims)
        return result

    def entropy(self) -> Tensor:
        result: Tensor = _sum_rightmost(self.base_dist.entropy(), self.reinterpreted_batch_ndims)
        return result

    def enumerate_support(self, expand: bool = True) -> Tensor:
        if self.reinterpreted_batch_ndims > 0:
            raise NotImplementedError("Enumeration over cartesian product is not implemented")
        return self.base_dist.enumerate_support(expand=expand)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.base_dist}, {self.reinterpreted_batch_ndims})"
