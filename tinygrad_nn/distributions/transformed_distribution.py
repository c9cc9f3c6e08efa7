"""A distribution put through transforms."""

from __future__ import annotations

from typing import Any

from .._core.modes import no_grad
from .._core.tensor import Size, Tensor
from . import constraints
from .distribution import Distribution, Shape
from .independent import Independent
from .transforms import ComposeTransform, Transform
from .utils import _sum_rightmost

__all__ = ["TransformedDistribution"]


class TransformedDistribution(Distribution):
    """What comes of a distribution's samples x by transforms, ``y = f(x)``.

    The density is ``log p(y) = log p(x) - log |dy/dx|`` with x the inverse of y.

    Args:
        base_distribution: of x.
        transforms: f, or a list of transforms, of which the first is applied first.
        validate_args: see `Distribution`.

    Raises:
        ValueError: the transforms are none, or the base distribution has too few dimensions for them.

    Source: https://docs.pytorch.org/docs/stable/distributions.html#transformeddistribution

    Example:
        >>> import tinygrad_nn as tg
        >>> from tinygrad_nn.distributions import ExpTransform, Normal, TransformedDistribution
        >>> TransformedDistribution(Normal(0.0, 1.0), ExpTransform()).log_prob(tg.tensor(1.0))  # log-normal
        tensor(-0.9189)
    """

    arg_constraints: Any = {}
    base_dist: Any
    transforms: list[Transform]

    def __init__(
        self,
        base_distribution: Distribution,
        transforms: Transform | list[Transform],
        validate_args: bool | None = None,
    ) -> None:
        if isinstance(transforms, Transform):
            self.transforms = [transforms]
        elif isinstance(transforms, list):
            if not all(isinstance(t, Transform) for t in transforms):
                raise ValueError("transforms must be a Transform or a list of Transforms")
            self.transforms = transforms
        else:
            raise ValueError(f"transforms must be a Transform or list, but was {transforms}")
        whole = ComposeTransform(self.transforms)
        base_shape = base_distribution.batch_shape + base_distribution.event_shape
        base_event_dim = len(base_distribution.event_shape)
        domain_dim, codomain_dim = whole.domain.event_dim, whole.codomain.event_dim
        if len(base_shape) < domain_dim:
            raise ValueError(
                f"base_distribution needs to have shape with size at least {domain_dim}, but got {base_shape}."
            )
        shape = Size(whole.forward_shape(base_shape))
        self.base_dist = self._fitting(base_distribution, whole.inverse_shape(shape), domain_dim)
        event_dim = max(codomain_dim, base_event_dim + codomain_dim - domain_dim)
        if len(shape) < event_dim:
            raise AssertionError(f"forward_shape length {len(shape)} must be >= event_dim {event_dim}")
        cut = len(shape) - event_dim
        super().__init__(shape[:cut], shape[cut:], validate_args=validate_args)

    @staticmethod
    def _fitting(base: Distribution, shape: Any, event_dim: int) -> Distribution:
        """The base distribution in the shape, and with the event dimensions, that the transforms take."""
        if tuple(shape) != base.batch_shape + base.event_shape:
            base = base.expand(shape[: len(shape) - len(base.event_shape)])
        missing = event_dim - len(base.event_shape)
        return Independent(base, missing) if missing > 0 else base

    def expand(self, batch_shape: Shape, _instance: Any = None) -> Any:
        new = self._get_checked_instance(TransformedDistribution, _instance)
        shape: Any = Size(batch_shape) + self.event_shape
        for transform in reversed(self.transforms):
            shape = transform.inverse_shape(shape)
        new.base_dist = self.base_dist.expand(shape[: len(shape) - len(self.base_dist.event_shape)])
        new.transforms = self.transforms
        return self._finished(new, batch_shape)

    @constraints.dependent_property(is_discrete=False)
    def support(self) -> Any:
        if not self.transforms:
            return self.base_dist.support
        support = self.transforms[-1].codomain
        missing = len(self.event_shape) - support.event_dim
        return constraints.independent(support, missing) if missing > 0 else support

    @property
    def has_rsample(self) -> bool:
        found: bool = self.base_dist.has_rsample
        return found

    def sample(self, sample_shape: Shape = ()) -> Tensor:
        with no_grad():
            return self._transformed(self.base_dist.sample(sample_shape))

    def rsample(self, sample_shape: Shape = ()) -> Tensor:
        return self._transformed(self.base_dist.rsample(sample_shape))

    def _transformed(self, x: Tensor) -> Tensor:
        for transform in self.transforms:
            x = transform(x)
        return x

    def log_prob(self, value: Tensor) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        event_dim = len(self.event_shape)
        log_prob: Any = 0.0
        y = value
        for transform in reversed(self.transforms):
            x = transform.inv(y)
            event_dim += transform.domain.event_dim - transform.codomain.event_dim
            log_det = transform.log_abs_det_jacobian(x, y)
            log_prob = log_prob - _sum_rightmost(log_det, event_dim - transform.domain.event_dim)
            y = x
        of_base = _sum_rightmost(self.base_dist.log_prob(y), event_dim - len(self.base_dist.event_shape))
        total: Tensor = log_prob + of_base
        return total

    def _monotonize_cdf(self, value: Any) -> Any:
        """A probability p, or ``1 - p`` where the transforms fall."""
        sign: Any = 1
        for transform in self.transforms:
            sign = sign * transform.sign
        if isinstance(sign, int) and sign == 1:
            return value
        return sign * (value - 0.5) + 0.5

    def cdf(self, value: Tensor) -> Tensor:
        for transform in self.transforms[::-1]:
            value = transform.inv(value)
        if self._validate_args:
            self.base_dist._validate_sample(value)
        result: Tensor = self._monotonize_cdf(self.base_dist.cdf(value))
        return result

    def icdf(self, value: Tensor) -> Tensor:
        return self._transformed(self.base_dist.icdf(self._monotonize_cdf(value)))
