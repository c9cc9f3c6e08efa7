"""The multivariate normal distribution with a covariance of low rank plus a diagonal."""

from __future__ import annotations

import math
from typing import Any

from .._core.tensor import Size, Tensor
from ..linalg import cholesky, solve_triangular
from ..ops.creation import eye
from ..ops.shape import broadcast_tensors
from . import constraints
from .distribution import Distribution, Shape
from .multivariate_normal import _batch_mahalanobis, _batch_mv, _half_log_det
from .utils import _standard_normal, lazy_property

__all__ = ["LowRankMultivariateNormal"]


def _with_identity(matrix: Tensor) -> Tensor:
    """``I + X``."""
    total: Tensor = matrix + eye(matrix.size(-1), dtype=matrix.dtype)
    return total


def _batch_capacitance_tril(W: Tensor, D: Tensor) -> Tensor:  # noqa: N803 - PyTorch's names
    """The Cholesky factor of the capacitance ``I + W.T @ inverse(D) @ W``, as large as the rank."""
    factor: Tensor = cholesky(_with_identity((W.mT / D.unsqueeze(-2)).matmul(W)))
    return factor


def _batch_lowrank_logdet(W: Tensor, D: Tensor, capacitance_tril: Tensor) -> Tensor:  # noqa: N803
    """``log det(W @ W.T + D)``, by the matrix determinant lemma."""
    return 2 * _half_log_det(capacitance_tril) + D.log().sum(-1)


def _batch_lowrank_mahalanobis(W: Tensor, D: Tensor, x: Tensor, capacitance_tril: Tensor) -> Tensor:  # noqa: N803
    """``x.T @ inverse(W @ W.T + D) @ x``, by Woodbury's identity."""
    projected = _batch_mv(W.mT / D.unsqueeze(-2), x)
    return (x.pow(2) / D).sum(-1) - _batch_mahalanobis(capacitance_tril, projected)


class LowRankMultivariateNormal(Distribution):
    """Normal vectors with the covariance ``W @ W.T + diag(D)``; the costs are those of the columns of W.

    Args:
        loc: the mean, a vector in the last dimension.
        cov_factor: W, a matrix in the last two dimensions.
        cov_diag: D, a vector in the last dimension.
        validate_args: see `Distribution`.

    Raises:
        ValueError: the shapes do not fit, or the diagonal is not positive.

    Source: https://docs.pytorch.org/docs/stable/distributions.html#lowrankmultivariatenormal

    Example:
        >>> import tinygrad_nn as tg
        >>> m = tg.distributions.LowRankMultivariateNormal(tg.zeros(2), tg.tensor([[1.0], [0.0]]), tg.ones(2))
        >>> m.covariance_matrix
        tensor([[2., 0.],
                [0., 1.]])
    """

    arg_constraints = {
        "loc": constraints.real_vector,
        "cov_factor": constraints.independent(constraints.real, 2),
        "cov_diag": constraints.independent(constraints.positive, 1),
    }
    support = constraints.real_vector
    has_rsample = True

    def __init__(
        self, loc: Tensor, cov_factor: Tensor, cov_diag: Tensor, validate_args: bool | None = None
    ) -> None:
        event_shape = self._checked_event_shape(loc, cov_factor, cov_diag)
        try:
            columns, self.cov_factor, diagonal = broadcast_tensors(
                loc.unsqueeze(-1), cov_factor, cov_diag.unsqueeze(-1)
            )
        except RuntimeError as error:
            raise ValueError(
                f"Incompatible batch shapes: loc {loc.shape}, cov_factor {cov_factor.shape}, cov_diag {cov_diag.shape}"
            ) from error
        self.loc, self.cov_diag = columns[..., 0], diagonal[..., 0]
        self._unbroadcasted_cov_factor = cov_factor
        self._unbroadcasted_cov_diag = cov_diag
        self._capacitance_tril = _batch_capacitance_tril(cov_factor, cov_diag)
        super().__init__(self.loc.shape[:-1], event_shape, validate_args=validate_args)

    @staticmethod
    def _checked_event_shape(loc: Tensor, cov_factor: Tensor, cov_diag: Tensor) -> Size:
        if loc.dim() < 1:
            raise ValueError("loc must be at least one-dimensional.")
        event_shape: Size = loc.shape[-1:]
        if cov_factor.dim() < 2:
            raise ValueError("cov_factor must be at least two-dimensional, with optional leading batch dimensions")
        if cov_factor.shape[-2:-1] != event_shape:
            raise ValueError(f"cov_factor must be a batch of matrices with shape {event_shape[0]} x m")
        if cov_diag.shape[-1:] != event_shape:
            raise ValueError(f"cov_diag must be a batch of vectors with shape {event_shape}")
        return event_shape

    def expand(self, batch_shape: Shape, _instance: Any = None) -> Any:
        kept = ("_unbroadcasted_cov_factor", "_unbroadcasted_cov_diag", "_capacitance_tril")
        return self._expanded(LowRankMultivariateNormal, batch_shape, _instance, *kept)

    def _square(self, matrix: Tensor) -> Tensor:
        return matrix.expand(self._batch_shape + self._event_shape + self._event_shape)

    @property
    def mean(self) -> Tensor:
        return self.loc

    @property
    def mode(self) -> Tensor:
        return self.loc

    @lazy_property
    def variance(self) -> Tensor:
        """The diagonal of the covariance."""
        diagonal = self._unbroadcasted_cov_factor.pow(2).sum(-1) + self._unbroadcasted_cov_diag
        return diagonal.expand(self._batch_shape + self._event_shape)

    @lazy_property
    def scale_tril(self) -> Tensor:
        """The Cholesky factor of the covariance: ``sqrt(D)`` times that of ``I + X @ X.T``, ``X = W / sqrt(D)``."""
        root = self._unbroadcasted_cov_diag.sqrt().unsqueeze(-1)
        scaled = self._unbroadcasted_cov_factor / root
        return self._square(root * cholesky(_with_identity(scaled.matmul(scaled.mT))))

    @lazy_property
    def covariance_matrix(self) -> Tensor:
        """``W @ W.T + diag(D)``."""
        factor = self._unbroadcasted_cov_factor
        return self._square(factor.matmul(factor.mT) + self._unbroadcasted_cov_diag.diag_embed())

    @lazy_property
    def precision_matrix(self) -> Tensor:
        """The inverse of the covariance, by Woodbury's identity."""
        scaled = self._unbroadcasted_cov_factor.mT / self._unbroadcasted_cov_diag.unsqueeze(-2)
        a = solve_triangular(self._capacitance_tril, scaled, upper=False)
        return self._square(self._unbroadcasted_cov_diag.reciprocal().diag_embed() - a.mT @ a)

    def rsample(self, sample_shape: Shape = ()) -> Tensor:
        shape = self._extended_shape(sample_shape)
        of_factor = _standard_normal(shape[:-1] + self.cov_factor.shape[-1:], self.loc.dtype)
        of_diagonal = _standard_normal(shape, self.loc.dtype)
        moved = self.loc + _batch_mv(self._unbroadcasted_cov_factor, of_factor)
        return moved + self._unbroadcasted_cov_diag.sqrt() * of_diagonal

    def log_prob(self, value: Tensor) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        given = self._unbroadcasted_cov_factor, self._unbroadcasted_cov_diag
        distance = _batch_lowrank_mahalanobis(*given, value - self.loc, self._capacitance_tril)
        log_det = _batch_lowrank_logdet(*given, self._capacitance_tril)
        result: Tensor = -0.5 * (self._event_shape[0] * math.log(2 * math.pi) + log_det + distance)
        return result

    def entropy(self) -> Tensor:
        log_det = _batch_lowrank_logdet(
            self._unbroadcasted_cov_factor, self._unbroadcasted_cov_diag, self._capacitance_tril
        )
        entropy = 0.5 * (self._event_shape[0] * (1.0 + math.log(2 * math.pi)) + log_det)
        result: Tensor = entropy.expand(self._batch_shape) if self._batch_shape else entropy
        return result
