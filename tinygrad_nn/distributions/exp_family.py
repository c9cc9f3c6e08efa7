"""`ExponentialFamily`, whose entropy follows from its log normalizer."""

from __future__ import annotations

from typing import Any

from .._core.gradients import grad
from .._core.tensor import Tensor
from .distribution import Distribution

__all__ = ["ExponentialFamily"]


class ExponentialFamily(Distribution):
    """Distributions with the density ``exp(<t(x), theta> - F(theta) + k(x))``.

    theta are the natural parameters, t the sufficient statistic, F the log normalizer and k the carrier measure. A
    subclass that gives ``_natural_params``, ``_log_normalizer`` and ``_mean_carrier_measure`` has its entropy, and
    its divergence from another one of its kind, from the gradient of F.

    Source: F. Nielsen and R. Nock, "Entropies and cross-entropies of exponential families", 2010.
    """

    @property
    def _natural_params(self) -> tuple[Tensor, ...]:
        """The natural parameters theta."""
        raise NotImplementedError

    def _log_normalizer(self, *natural_params: Any) -> Any:
        """F, of natural parameters."""
        raise NotImplementedError

    @property
    def _mean_carrier_measure(self) -> float:
        """The expected k(x)."""
        raise NotImplementedError

    def _normalizer_and_gradients(self) -> tuple[list[Tensor], Tensor, Any]:
        """The natural parameters as leaves, F of them, and its gradients."""
        leaves = [theta.detach().requires_grad_() for theta in self._natural_params]
        normalizer = self._log_normalizer(*leaves)
        return leaves, normalizer, grad(normalizer.sum(), leaves, create_graph=True)

    def entropy(self) -> Tensor:
        """``F(theta) - <theta, grad F(theta)> - E[k]``."""
        leaves, normalizer, gradients = self._normalizer_and_gradients()
        result = -self._mean_carrier_measure + normalizer
        for theta, gradient in zip(leaves, gradients, strict=True):
            result = result - (theta * gradient).reshape(self._batch_shape + (-1,)).sum(-1)
        return result
