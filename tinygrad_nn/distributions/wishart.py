"""The Wishart distribution."""

from __future__ import annotations

import math
import warnings
from typing import Any

from .._core.dtypes import finfo
from .._core.tensor import Size, Tensor
from ..linalg import slogdet
from ..ops.cholesky import cholesky_solve
from ..ops.creation import eye, tril_indices
from ..ops.data import tensor
from ..ops.einsum import einsum
from ..ops.gamma import mvlgamma
from ..ops.memory import broadcast_shapes
from ..ops.random import randn
from ..ops.sequences import arange
from . import constraints
from .chi2 import Chi2
from .distribution import Shape
from .exp_family import ExponentialFamily
from .multivariate_normal import _half_log_det, given_form, scale_tril_of
from .utils import is_number, lazy_property

__all__ = ["Wishart"]

_LOG_2 = math.log(2)


def _mvdigamma(x: Tensor, p: int) -> Tensor:
    """The derivative of the logarithm of the multivariate gamma function."""
    if not (x > (p - 1) / 2).all():
        raise AssertionError("Wrong domain for multivariate digamma function.")
    return (x.unsqueeze(-1) - arange(p, dtype=x.dtype).div(2)).digamma().sum(-1)


def _diagonal(x: Tensor) -> Tensor:
    return x.diagonal(dim1=-2, dim2=-1)


class Wishart(ExponentialFamily):
    """Positive definite matrices: ``X.T @ X`` of `df` normal vectors with covariance V, in the rows of X.

    Args:
        df: degrees of freedom, more than the number of rows of V less one.
        covariance_matrix: V.
        precision_matrix: in place of it, its inverse.
        scale_tril: in place of it, its Cholesky factor.
        validate_args: see `Distribution`.

    Raises:
        AssertionError: not exactly one form of the covariance is given.
        ValueError: it is not positive definite, or there are too few degrees of freedom.

    Source: S. Sawyer, "Wishart distributions and inverse-Wishart sampling", 2007 (samples by Bartlett's
    decomposition).

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.distributions.Wishart(tg.tensor(2.0), covariance_matrix=tg.eye(2)).mean
        tensor([[2., 0.],
                [0., 2.]])
    """

    support = constraints.positive_definite
    has_rsample = True
    _mean_carrier_measure = 0

    @property
    def arg_constraints(self) -> Any:
        return {
            "covariance_matrix": constraints.positive_definite,
            "precision_matrix": constraints.positive_definite,
            "scale_tril": constraints.lower_cholesky,
            "df": constraints.greater_than(self.event_shape[-1] - 1),
        }

    def __init__(
        self,
        df: Any,
        covariance_matrix: Tensor | None = None,
        precision_matrix: Tensor | None = None,
        scale_tril: Tensor | None = None,
        validate_args: bool | None = None,
    ) -> None:
        given = given_form(
            covariance_matrix=covariance_matrix, precision_matrix=precision_matrix, scale_tril=scale_tril
        )
        if given is None:
            raise AssertionError(
                "Exactly one of covariance_matrix or precision_matrix or scale_tril may be specified."
            )
        form, matrix = given
        if matrix.dim() < 2:
            raise ValueError("scale_tril must be at least two-dimensional, with optional leading batch dimensions")
        batch_shape, event_shape = matrix.shape[:-2], matrix.shape[-2:]
        if is_number(df):
            self.df = tensor(df, dtype=matrix.dtype)
        else:
            batch_shape = broadcast_shapes(batch_shape, df.shape)
            self.df = df.expand(batch_shape)
        rows = event_shape[-1]
        if (self.df <= rows - 1).any():
            raise ValueError(f"Value of df={df} expected to be greater than ndim - 1 = {rows - 1}.")
        self.__dict__[form] = matrix.expand(batch_shape + (-1, -1))
        if (self.df < rows).any():
            warnings.warn(
                "Low df values detected. Singular samples are highly likely to occur for ndim - 1 < df < ndim.",
                stacklevel=2,
            )
        super().__init__(batch_shape, event_shape, validate_args=validate_args)
        self._unbroadcasted_scale_tril = scale_tril_of(form, matrix)
        self._dist_chi2 = self._chi2_of(self.df)

    def _chi2_of(self, df: Tensor) -> Chi2:
        """Of the squared diagonal of Bartlett's factor: one degree of freedom less in each row."""
        rows = arange(self._event_shape[-1], dtype=self._unbroadcasted_scale_tril.dtype)
        return Chi2(df=df.unsqueeze(-1) - rows)

    def expand(self, batch_shape: Shape, _instance: Any = None) -> Any:
        new = self._expanded(Wishart, batch_shape, _instance)
        new._unbroadcasted_scale_tril = self._unbroadcasted_scale_tril.expand(Size(batch_shape) + self.event_shape)
        new._dist_chi2 = new._chi2_of(new.df)
        return new

    def _square(self, matrix: Tensor) -> Tensor:
        return matrix.expand(self._batch_shape + self._event_shape)

    @lazy_property
    def scale_tril(self) -> Tensor:
        """The Cholesky factor of V."""
        return self._square(self._unbroadcasted_scale_tril)

    @lazy_property
    def covariance_matrix(self) -> Tensor:
        """V."""
        return self._square(self._unbroadcasted_scale_tril @ self._unbroadcasted_scale_tril.mT)

    @lazy_property
    def precision_matrix(self) -> Tensor:
        """The inverse of V."""
        identity = eye(self._event_shape[-1], dtype=self._unbroadcasted_scale_tril.dtype)
        return self._square(cholesky_solve(identity, self._unbroadcasted_scale_tril))

    def _for_matrices(self, numbers: Tensor) -> Tensor:
        """Numbers of the batch, to be multiplied with matrices."""
        return numbers.view(self._batch_shape + (1, 1))

    @property
    def mean(self) -> Tensor:
        return self._for_matrices(self.df) * self.covariance_matrix

    @property
    def mode(self) -> Tensor:
        factor = self.df - self.covariance_matrix.shape[-1] - 1
        return self._for_matrices(factor.masked_fill(factor <= 0, math.nan)) * self.covariance_matrix

    @property
    def variance(self) -> Tensor:
        diagonal = _diagonal(self.covariance_matrix)
        products = einsum("...i,...j->...ij", diagonal, diagonal)
        return self._for_matrices(self.df) * (self.covariance_matrix.pow(2) + products)

    def _bartlett_sampling(self, sample_shape: Shape) -> Tensor:
        """``L @ A @ A.T @ L.T``; A is lower triangular, chi numbers on the diagonal and normal ones below."""
        rows = self._event_shape[-1]
        diagonal = self._dist_chi2.rsample(sample_shape).sqrt()
        noise = diagonal.clamp(min=finfo(diagonal.dtype).eps).diag_embed(dim1=-2, dim2=-1)
        i, j = tril_indices(rows, rows, offset=-1)
        below = Size(sample_shape) + self._batch_shape + (rows * (rows - 1) // 2,)
        noise[..., i, j] = randn(below, dtype=noise.dtype)
        factor = self._unbroadcasted_scale_tril @ noise
        return factor @ factor.mT

    def _singular(self, sample: Tensor) -> Tensor:
        """Which samples are not positive definite, in any matrix of the batch."""
        singular = ~self.support.check(sample)
        dims = [-(dim + 1) for dim in range(len(self._batch_shape))]
        result: Tensor = singular.amax(dims) if dims else singular
        return result

    def rsample(self, sample_shape: Shape = (), max_try_correction: int | None = None) -> Tensor:
        """Samples that rounding has made singular are drawn again, up to `max_try_correction` (10) times."""
        tries = 10 if max_try_correction is None else max_try_correction
        if tries:  # PyTorch draws samples that are not singular once more (always, with a warning), and so the stream
            self._bartlett_sampling(sample_shape)  # has gone on by then
        sample = self._bartlett_sampling(sample_shape)
        singular = self._singular(sample)
        if singular.any():
            warnings.warn("Singular sample detected.", stacklevel=2)
            for _ in range(tries):
                again = self._bartlett_sampling(singular[singular].shape)
                sample[singular] = again
                singular = singular.masked_scatter(singular, self._singular(again))
                if not singular.any():
                    break
        return sample

    def log_prob(self, value: Tensor) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        nu, p = self.df, self._event_shape[-1]
        normalizer = -nu * (p * _LOG_2 / 2 + _half_log_det(self._unbroadcasted_scale_tril)) - mvlgamma(nu / 2, p)
        trace = _diagonal(cholesky_solve(value, self._unbroadcasted_scale_tril)).sum(-1)
        result: Tensor = normalizer + (nu - p - 1) / 2 * slogdet(value).logabsdet - trace / 2
        return result

    def entropy(self) -> Tensor:
        nu, p = self.df, self._event_shape[-1]
        log_det = (p + 1) * (p * _LOG_2 / 2 + _half_log_det(self._unbroadcasted_scale_tril))
        result: Tensor = log_det + mvlgamma(nu / 2, p) - (nu - p - 1) / 2 * _mvdigamma(nu / 2, p) + nu * p / 2
        return result

    @property
    def _natural_params(self) -> tuple[Tensor, Tensor]:
        return -self.precision_matrix / 2, (self.df - self._event_shape[-1] - 1) / 2

    def _log_normalizer(self, *natural_params: Any) -> Any:
        x, y = natural_params
        p = self._event_shape[-1]
        half = y + (p + 1) / 2
        return half * (-slogdet(-2 * x).logabsdet + _LOG_2 * p) + mvlgamma(half, p)
