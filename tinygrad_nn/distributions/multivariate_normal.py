"""The multivariate normal distribution, and the matrix functions that it shares with others."""

from __future__ import annotations

import math
from typing import Any

from .._core.tensor import Tensor
from ..linalg import cholesky, solve_triangular
from ..ops.cholesky import cholesky_inverse
from ..ops.creation import eye
from ..ops.join import flip
from ..ops.memory import broadcast_shapes
from . import constraints
from .distribution import Distribution, Shape
from .utils import _standard_normal, lazy_property

__all__ = ["MultivariateNormal"]



def _batch_mv(bmat: Tensor, bvec: Tensor) -> Tensor:
    """Matrices times vectors."""
    return bmat.matmul(bvec.unsqueeze(-1)).squeeze(-1)


def _half_log_det(scale_tril: Tensor) -> Tensor:
    """Half of the logarithm of the determinant of ``L @ L.T``."""
    return scale_tril.diagonal(dim1=-2, dim2=-1).log().sum(-1)


def _batch_mahalanobis(bL: Tensor, bx: Tensor) -> Tensor:  # noqa: N803 - PyTorch's names
    """``x.T @ inverse(L @ L.T) @ x``, where the batch of L may be broadcast to that of x.

    Each L is solved once, for all the x that go with it: its own dimensions of the batch are split off and moved to
    the front.
    """
    n = bx.size(-1)
    outer = bx.dim() - 1 - (bL.dim() - 2)  # batch dimensions of x that L lacks
    lengths = bL.shape[:-2]
    split = list(bx.shape[:outer])
    for matrices, vectors in zip(lengths, bx.shape[outer:-1], strict=True):
        split += [vectors // matrices, matrices]
    repeats = [outer + 2 * i for i in range(len(lengths))]
    own = [dim + 1 for dim in repeats]
    order = [*own, *range(outer), *repeats]
    moved = bx.reshape([*split, n]).permute([*order, len(split)])
    columns = moved.reshape(lengths.numel(), -1, n).mT  # (matrices, n, vectors)
    squares = solve_triangular(bL.reshape(-1, n, n), columns, upper=False).pow(2).sum(-2)
    back = [order.index(dim) for dim in range(len(order))]
    return squares.reshape(moved.shape[:-1]).permute(back).reshape(bx.shape[:-1])


def _precision_to_scale_tril(P: Tensor) -> Tensor:  # noqa: N803
    """The Cholesky factor of the inverse, from the factor of the matrix turned about.

    Source: https://nbviewer.jupyter.org/gist/fehiepsi/5ef8e09e61604f10607380467eb82006#Precision-to-scale_tril
    """
    turned = cholesky(flip(P, (-2, -1)))
    upper = flip(turned, (-2, -1)).mT
    factor: Tensor = solve_triangular(upper, eye(P.shape[-1], dtype=P.dtype), upper=False)
    return factor


def given_form(**forms: Tensor | None) -> tuple[str, Tensor] | None:
    """The one form of the covariance that is given, or None where it is not one."""
    given = [(name, value) for name, value in forms.items() if value is not None]
    return given[0] if len(given) == 1 else None


def scale_tril_of(form: str, matrix: Tensor) -> Tensor:
    """The Cholesky factor of the covariance, from one of its forms."""
    if form == "scale_tril":
        return matrix
    factor: Tensor = cholesky(matrix) if form == "covariance_matrix" else _precision_to_scale_tril(matrix)
    return factor


class MultivariateNormal(Distribution):
    """Vectors with the density ``exp(-(x - loc).T @ inverse(C) @ (x - loc) / 2) / sqrt((2 pi)**n det(C))``.

    Args:
        loc: the mean, a vector in the last dimension.
        covariance_matrix: C.
        precision_matrix: in place of it, its inverse.
        scale_tril: in place of it, its Cholesky factor, which everything is computed from.
        validate_args: see `Distribution`.

    Raises:
        ValueError: not exactly one form of the covariance is given; it is not positive definite (the factor: not
            lower triangular with a positive diagonal); a parameter has too few dimensions.

    Source: https://docs.pytorch.org/docs/stable/distributions.html#multivariatenormal

    Example:
        >>> import tinygrad_nn as tg
        >>> m = tg.distributions.MultivariateNormal(tg.zeros(2), tg.eye(2))
        >>> m.log_prob(tg.zeros(2))
        tensor(-1.8379)
    """

    arg_constraints = {
        "loc": constraints.real_vector,
        "covariance_matrix": constraints.positive_definite,
        "precision_matrix": constraints.positive_definite,
        "scale_tril": constraints.lower_cholesky,
    }
    support = constraints.real_vector
    has_rsample = True

    def __init__(
        self,
        loc: Tensor,
        covariance_matrix: Tensor | None = None,
        precision_matrix: Tensor | None = None,
        scale_tril: Tensor | None = None,
        validate_args: bool | None = None,
    ) -> None:
        if loc.dim() < 1:
            raise ValueError("loc must be at least one-dimensional.")
        given = given_form(
            covariance_matrix=covariance_matrix, precision_matrix=precision_matrix, scale_tril=scale_tril
        )
        if given is None:
            raise ValueError(
                "Exactly one of covariance_matrix or precision_matrix or scale_tril may be specified."
            )
        form, matrix = given
        if matrix.dim() < 2:
            shown = f"{form} matrix" if form == "scale_tril" else form
            raise ValueError(f"{shown} must be at least two-dimensional, with optional leading batch dimensions")
        batch_shape = broadcast_shapes(matrix.shape[:-2], loc.shape[:-1])
        self.__dict__[form] = matrix.expand(batch_shape + (-1, -1))
        self.loc = loc.expand(batch_shape + (-1,))
        super().__init__(batch_shape, self.loc.shape[-1:], validate_args=validate_args)
        self._unbroadcasted_scale_tril = scale_tril_of(form, matrix)

    def expand(self, batch_shape: Shape, _instance: Any = None) -> Any:
        return self._expanded(MultivariateNormal, batch_shape, _instance, "_unbroadcasted_scale_tril")

    def _broadcast(self, matrix: Tensor) -> Tensor:
        return matrix.expand(self._batch_shape + self._event_shape + self._event_shape)

    @lazy_property
    def scale_tril(self) -> Tensor:
        """The Cholesky factor of the covariance."""
        return self._broadcast(self._unbroadcasted_scale_tril)

    @lazy_property
    def covariance_matrix(self) -> Tensor:
        """The covariance of the vector's numbers."""
        return self._broadcast(self._unbroadcasted_scale_tril.matmul(self._unbroadcasted_scale_tril.mT))

    @lazy_property
    def precision_matrix(self) -> Tensor:
        """The inverse of the covariance."""
        return self._broadcast(cholesky_inverse(self._unbroadcasted_scale_tril))

    @property
    def mean(self) -> Tensor:
        return self.loc

    @property
    def mode(self) -> Tensor:
        return self.loc

    @property
    def variance(self) -> Tensor:
        return self._unbroadcasted_scale_tril.pow(2).sum(-1).expand(self._batch_shape + self._event_shape)

    def rsample(self, sample_shape: Shape = ()) -> Tensor:
        noise = _standard_normal(self._extended_shape(sample_shape), self.loc.dtype)
        return self.loc + _batch_mv(self._unbroadcasted_scale_tril, noise)

    def log_prob(self, value: Tensor) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        distance = _batch_mahalanobis(self._unbroadcasted_scale_tril, value - self.loc)
        half_log_det = _half_log_det(self._unbroadcasted_scale_tril)
        result: Tensor = -0.5 * (self._event_shape[0] * math.log(2 * math.pi) + distance) - half_log_det
        return result

    def entropy(self) -> Tensor:
        half_log_det = _half_log_det(self._unbroadcasted_scale_tril)
        entropy = 0.5 * self._event_shape[0] * (1.0 + math.log(2 * math.pi)) + half_log_det
        result: Tensor = entropy.expand(self._batch_shape) if self._batch_shape else entropy
        return result
