"""From real numbers to triangular and positive definite matrices."""

from __future__ import annotations

import math
from typing import Any

from ..._core.dtypes import finfo
from ..._core.tensor import Tensor
from ...linalg import cholesky
from ...ops.activation import softplus
from ...ops.creation import eye
from ...ops.padding import pad
from .. import constraints
from ..utils import tril_matrix_to_vec, vec_to_tril_matrix
from .transform import Simple, Transform

__all__ = ["CorrCholeskyTransform", "LowerCholeskyTransform", "PositiveDefiniteTransform"]


class CorrCholeskyTransform(Transform):
    """From ``D (D - 1) / 2`` real numbers to the Cholesky factor of a D x D correlation matrix.

    The numbers' tanh are partial correlations, which fill the lower triangle row by row; along a row each is
    multiplied with what its predecessors have left of the row's length 1, and the diagonal gets the rest.

    Source: D. Lewandowski, D. Kurowicka and H. Joe, "Generating random correlation matrices based on vines and
    extended onion method", 2009; Stan's reference manual, "Cholesky factors of correlation matrices".

    Example:
        >>> import tinygrad_nn as tg
        >>> from tinygrad_nn.distributions import CorrCholeskyTransform
        >>> CorrCholeskyTransform()(tg.zeros(1))
        tensor([[1., 0.],
                [0., 1.]])
    """

    domain = constraints.real_vector
    codomain = constraints.corr_cholesky
    bijective = True

    def _call(self, x: Tensor) -> Any:
        eps = finfo(x.dtype).eps
        partial = vec_to_tril_matrix(x.tanh().clamp(min=-1 + eps, max=1 - eps), diag=-1)
        left = (1 - partial**2).sqrt().cumprod(-1)
        with_diagonal = partial + eye(partial.shape[-1], dtype=partial.dtype)
        return with_diagonal * pad(left[..., :-1], [1, 0], value=1)

    def _inverse(self, y: Tensor) -> Tensor:
        left = pad((1 - (y * y).cumsum(-1))[..., :-1], [1, 0], value=1)
        partial = tril_matrix_to_vec(y, diag=-1) / tril_matrix_to_vec(left, diag=-1).sqrt()
        return (partial.log1p() - partial.neg().log1p()) / 2  # atanh

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor, intermediates: Any = None) -> Any:
        left = tril_matrix_to_vec(1 - (y * y).cumsum(-1), diag=-2)
        of_tanh = -2 * (x + softplus(-2 * x) - math.log(2.0)).sum(-1)
        return 0.5 * left.log().sum(-1) + of_tanh

    def forward_shape(self, shape: Any) -> Any:
        if len(shape) < 1:
            raise ValueError("Too few dimensions on input")
        count = shape[-1]
        n = round((0.25 + 2 * count) ** 0.5 + 0.5)
        if n * (n - 1) // 2 != count:
            raise ValueError("Input is not a flattened lower-diagonal number")
        return shape[:-1] + (n, n)

    def inverse_shape(self, shape: Any) -> Any:
        if len(shape) < 2:
            raise ValueError("Too few dimensions on input")
        if shape[-2] != shape[-1]:
            raise ValueError("Input is not square")
        return shape[:-2] + (shape[-1] * (shape[-1] - 1) // 2,)


def _diagonal(x: Tensor) -> Tensor:
    return x.diagonal(dim1=-2, dim2=-1)


class LowerCholeskyTransform(Simple):
    """From square matrices to lower triangular ones with a positive diagonal, its exp."""

    domain = constraints.independent(constraints.real, 2)
    codomain = constraints.lower_cholesky

    def _call(self, x: Tensor) -> Tensor:
        return x.tril(-1) + _diagonal(x).exp().diag_embed()

    def _inverse(self, y: Tensor) -> Tensor:
        return y.tril(-1) + _diagonal(y).log().diag_embed()


class PositiveDefiniteTransform(Simple):
    """From square matrices to positive definite ones: ``L @ L.T`` with the L of `LowerCholeskyTransform`."""

    domain = constraints.independent(constraints.real, 2)
    codomain = constraints.positive_definite

    def _call(self, x: Tensor) -> Any:
        factor = LowerCholeskyTransform()(x)
        return factor @ factor.mT

    def _inverse(self, y: Tensor) -> Any:
        return LowerCholeskyTransform().inv(cholesky(y))
