"""Divergences of multivariate normal distributions, with full covariances and with those of low rank."""

from __future__ import annotations

from typing import Any

from ..._core.tensor import Tensor
from ...linalg import solve_triangular
from ...ops.memory import broadcast_shapes
from ..lowrank_multivariate_normal import (
    LowRankMultivariateNormal,
    _batch_lowrank_logdet,
    _batch_lowrank_mahalanobis,
)
from ..multivariate_normal import MultivariateNormal, _batch_mahalanobis, _half_log_det
from .registry import register_kl


def _check_event_shapes(p: Any, q: Any, families: str) -> None:
    if p.event_shape != q.event_shape:
        raise ValueError(
            f"KL-divergence between two {families} with different event shapes cannot be computed: got "
            f"{p.event_shape} and {q.event_shape}"
        )


def _trace_of_square(matrix: Tensor) -> Any:
    """The trace of ``X @ X.T``: the sum of all squares."""
    return matrix.pow(2).sum((-2, -1))


def _log_det(m: Any) -> Any:
    """The logarithm of the covariance's determinant."""
    if isinstance(m, MultivariateNormal):
        return 2 * _half_log_det(m._unbroadcasted_scale_tril)
    return _batch_lowrank_logdet(m._unbroadcasted_cov_factor, m._unbroadcasted_cov_diag, m._capacitance_tril)


def _distance(p: Any, q: Any) -> Any:
    """The squared distance of the means, as q measures it."""
    if isinstance(q, MultivariateNormal):
        return _batch_mahalanobis(q._unbroadcasted_scale_tril, q.loc - p.loc)
    factor, diagonal = q._unbroadcasted_cov_factor, q._unbroadcasted_cov_diag
    return _batch_lowrank_mahalanobis(factor, diagonal, q.loc - p.loc, q._capacitance_tril)


def _whitened(q: Any, matrix: Tensor) -> Any:
    """``trace(inverse(Q) @ X @ X.T)`` with the full covariance Q."""
    lower = q._unbroadcasted_scale_tril
    batch = broadcast_shapes(lower.shape[:-2], matrix.shape[:-2])
    lower, matrix = (m.expand(batch + m.shape[-2:]) for m in (lower, matrix))
    return _trace_of_square(solve_triangular(lower, matrix, upper=False))


def _capacity(q: Any) -> Any:
    """A with ``inverse(Q) = inverse(D) - A.T @ A``, by Woodbury's identity."""
    scaled = q._unbroadcasted_cov_factor.mT / q._unbroadcasted_cov_diag.unsqueeze(-2)
    return solve_triangular(q._capacitance_tril, scaled, upper=False)


@register_kl(MultivariateNormal, MultivariateNormal)
def full_full(p: Any, q: Any) -> Any:
    _check_event_shapes(p, q, "Multivariate Normals")
    half_ratio = _half_log_det(q._unbroadcasted_scale_tril) - _half_log_det(p._unbroadcasted_scale_tril)
    trace = _whitened(q, p._unbroadcasted_scale_tril)
    return half_ratio + 0.5 * (trace + _distance(p, q) - p.event_shape[0])


@register_kl(LowRankMultivariateNormal, LowRankMultivariateNormal)
def low_low(p: Any, q: Any) -> Any:
    _check_event_shapes(p, q, "Low Rank Multivariate Normals")
    a = _capacity(q)
    factor, p_diag, q_diag = p._unbroadcasted_cov_factor, p._unbroadcasted_cov_diag, q._unbroadcasted_cov_diag
    trace = (
        (p_diag / q_diag).sum(-1)
        + _trace_of_square(factor * q_diag.rsqrt().unsqueeze(-1))
        - _trace_of_square(a * p_diag.sqrt().unsqueeze(-2))
        - _trace_of_square(a.matmul(factor))
    )
    return 0.5 * (_log_det(q) - _log_det(p) + trace + _distance(p, q) - p.event_shape[0])


@register_kl(MultivariateNormal, LowRankMultivariateNormal)
def full_low(p: Any, q: Any) -> Any:
    _check_event_shapes(p, q, "(Low Rank) Multivariate Normals")
    lower = p._unbroadcasted_scale_tril
    scaled = lower * q._unbroadcasted_cov_diag.rsqrt().unsqueeze(-1)
    trace = _trace_of_square(scaled) - _trace_of_square(_capacity(q).matmul(lower))
    return 0.5 * (_log_det(q) - _log_det(p) + trace + _distance(p, q) - p.event_shape[0])


@register_kl(LowRankMultivariateNormal, MultivariateNormal)
def low_full(p: Any, q: Any) -> Any:
    _check_event_shapes(p, q, "(Low Rank) Multivariate Normals")
    trace = _whitened(q, p._unbroadcasted_cov_factor) + _whitened(q, p._unbroadcasted_cov_diag.sqrt().diag_embed())
    return 0.5 * (_log_det(q) - _log_det(p) + trace + _distance(p, q) - p.event_shape[0])
