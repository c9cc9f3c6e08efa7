"""Mixtures of distributions of one family."""

from __future__ import annotations

from typing import Any

from .._core.modes import no_grad
from .._core.tensor import Size, Tensor
from ..ops.softmax import log_softmax
from . import constraints
from .categorical import Categorical
from .distribution import Distribution, Shape

__all__ = ["MixtureSameFamily"]


class MixtureSameFamily(Distribution):
    """Draw a component, then a value from it: the density is the weighted sum of the components' ones.

    Args:
        mixture_distribution: which component, with its weights.
        component_distribution: the components, along the last batch dimension.
        validate_args: see `Distribution`.

    Raises:
        ValueError: the mixture is not `Categorical`, the components are no distribution, or their numbers or batch
            shapes do not fit.

    Source: https://docs.pytorch.org/docs/stable/distributions.html#mixturesamefamily

    Example:
        >>> import tinygrad_nn as tg
        >>> from tinygrad_nn import distributions as D
        >>> m = D.MixtureSameFamily(D.Categorical(tg.ones(2)), D.Normal(tg.tensor([-1.0, 1.0]), tg.ones(2)))
        >>> m.mean, m.variance
        (tensor(0.), tensor(2.))
    """

    arg_constraints: dict[str, constraints.Constraint] = {}
    has_rsample = False

    def __init__(
        self,
        mixture_distribution: Categorical,
        component_distribution: Distribution,
        validate_args: bool | None = None,
    ) -> None:
        if not isinstance(mixture_distribution, Categorical):
            raise ValueError(
                " The Mixture distribution needs to be an  instance of torch.distributions.Categorical, got "
                f"{type(mixture_distribution).__name__}"
            )
        if not isinstance(component_distribution, Distribution):
            raise ValueError(
                "The Component distribution needs to be an instance of torch.distributions.Distribution, got "
                f"{type(component_distribution).__name__}"
            )
        self._mixture_distribution = mixture_distribution
        self._component_distribution = component_distribution
        self._num_component = self._checked_count()
        event_shape = component_distribution.event_shape
        self._event_ndims = len(event_shape)
        super().__init__(component_distribution.batch_shape[:-1], event_shape, validate_args=validate_args)

    def _checked_count(self) -> int:
        """The number of components, of which mixture and components must agree."""
        mixture, components = self._mixture_distribution.batch_shape, self._component_distribution.batch_shape[:-1]
        if any(i not in (1, j) and j != 1 for i, j in zip(reversed(mixture), reversed(components), strict=False)):
            raise ValueError(
                f"`mixture_distribution.batch_shape` ({mixture}) is not compatible with "
                f"`component_distribution.batch_shape`({components})"
            )
        weights = self._mixture_distribution.logits.shape[-1]  # which `log_prob` needs anyway
        count: int = self._component_distribution.batch_shape[-1]
        if weights != count:
            raise ValueError(
                f"`mixture_distribution component` ({weights}) does not equal `component_distribution.batch_shape[-1]` "
                f"({count})"
            )
        return count

    def expand(self, batch_shape: Shape, _instance: Any = None) -> Any:
        new = self._get_checked_instance(MixtureSameFamily, _instance)
        batch_shape = Size(batch_shape)
        new._component_distribution = self._component_distribution.expand(batch_shape + (self._num_component,))
        new._mixture_distribution = self._mixture_distribution.expand(batch_shape)
        new._num_component, new._event_ndims = self._num_component, self._event_ndims
        return self._finished(new, batch_shape)

    @constraints.dependent_property
    def support(self) -> Any:
        found: Any = self._component_distribution.support
        return constraints.MixtureSameFamilyConstraint(found)

    @property
    def mixture_distribution(self) -> Categorical:
        """Which component."""
        return self._mixture_distribution

    @property
    def component_distribution(self) -> Distribution:
        """The components, along the last batch dimension."""
        return self._component_distribution

    @property
    def mean(self) -> Tensor:
        weights = self._pad_mixture_dimensions(self.mixture_distribution.probs)
        return (weights * self.component_distribution.mean).sum(-1 - self._event_ndims)

    @property
    def variance(self) -> Tensor:
        """The mean of the variances, and the variance of the means."""
        weights = self._pad_mixture_dimensions(self.mixture_distribution.probs)
        distance = self.component_distribution.mean - self._pad(self.mean)
        within = (weights * self.component_distribution.variance).sum(-1 - self._event_ndims)
        return within + (weights * distance.pow(2.0)).sum(-1 - self._event_ndims)

    def cdf(self, value: Tensor) -> Tensor:
        of_components = self.component_distribution.cdf(self._pad(value))
        return (of_components * self.mixture_distribution.probs).sum(-1)

    def log_prob(self, value: Tensor) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        of_components = self.component_distribution.log_prob(self._pad(value))
        weights: Tensor = log_softmax(self.mixture_distribution.logits, -1)
        return (of_components + weights).logsumexp(-1)

    def sample(self, sample_shape: Shape = ()) -> Tensor:
        """Draw from every component, and pick."""
        with no_grad():
            dim = len(sample_shape) + len(self.batch_shape)
            picked = self.mixture_distribution.sample(sample_shape)
            drawn = self.component_distribution.sample(sample_shape)
            index = picked.reshape(picked.shape + Size([1] * (len(self.event_shape) + 1)))
            index = index.repeat(Size([1] * (picked.dim() + 1)) + self.event_shape)
            return drawn.gather(dim, index).squeeze(dim)

    def _pad(self, x: Tensor) -> Tensor:
        """With a dimension for the components."""
        return x.unsqueeze(-1 - self._event_ndims)

    def _pad_mixture_dimensions(self, x: Tensor) -> Tensor:
        """Weights in the dimensions of the components' values."""
        of_mixture = len(self.mixture_distribution.batch_shape)
        missing = 0 if of_mixture == 1 else len(self.batch_shape) - of_mixture
        shape = x.shape
        return x.reshape(shape[:-1] + Size(missing * [1]) + shape[-1:] + Size(self._event_ndims * [1]))

    def __repr__(self) -> str:
        return f"MixtureSameFamily(\n  {self.mixture_distribution},\n  {self.component_distribution})"
