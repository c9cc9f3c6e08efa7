"""The parametrization of `parametrizations.orthogonal`."""

from __future__ import annotations

from ..._core.dtypes import finfo
from ..._core.modes import no_grad
from ..._core.tensor import Tensor
from ...ops.creation import eye, zeros_like
from ...ops.join import cat
from ...ops.matrix_functions import matrix_exp
from ...ops.orthogonal import geqrf, householder_product
from ...ops.random import randn
from ...ops.solve import solve
from ..module import Module

MAPS = ("matrix_exp", "cayley", "householder")


def _is_orthogonal(q: Tensor) -> bool:
    """Whether the columns are orthogonal and of length 1, as far as rounding lets us see."""
    n, k = q.shape[-2:]
    identity = eye(k, dtype=q.dtype)
    return bool((q.mH @ q).allclose(identity.expand(*q.shape[:-2], k, k), atol=10.0 * n * finfo(q.dtype).eps))


def _make_orthogonal(a: Tensor) -> Tensor:
    """The orthogonal factor of the QR decomposition whose R has a positive diagonal."""
    reflectors, tau = geqrf(a)
    signs: Tensor = reflectors.diagonal(dim1=-2, dim2=-1).sgn().unsqueeze(-2)
    return householder_product(reflectors, tau) * signs


class _Orthogonal(Module):
    """An orthogonal matrix from any matrix of its shape."""

    base: Tensor

    def __init__(self, weight: Tensor, orthogonal_map: str, *, use_trivialization: bool = True) -> None:
        super().__init__()
        if weight.is_complex() and orthogonal_map == "householder":
            raise ValueError("The householder parametrization does not support complex tensors.")
        self.shape = weight.shape
        self.orthogonal_map = orthogonal_map
        if use_trivialization:
            self.register_buffer("base", None)

    def forward(self, X: Tensor) -> Tensor:  # noqa: N803 - PyTorch's name
        """The orthogonal matrix."""
        wide = X.shape[-2] < X.shape[-1]
        x = X.mT if wide else X
        q = self._by_reflections(x) if self.orthogonal_map == "householder" else self._by_rotation(x)
        if hasattr(self, "base"):
            q = self.base @ q
        return q.mT if wide else q

    def _by_rotation(self, x: Tensor) -> Tensor:
        """By a skew-symmetric matrix `a`: its exponential, or its Cayley transform."""
        n, k = x.shape[-2:]
        x = x.tril()
        if n != k:
            x = cat([x, x.new_zeros(n, n - k).expand(*x.shape[:-2], n, n - k)], dim=-1)
        a = x - x.mH
        if self.orthogonal_map == "matrix_exp":
            q = matrix_exp(a)
        else:
            identity = eye(n, dtype=a.dtype)
            q = solve(identity - 0.5 * a, identity + 0.5 * a)
        return q if n == k else q[..., :k]

    @staticmethod
    def _by_reflections(x: Tensor) -> Tensor:
        """By Householder's reflections; the diagonal of `x` says which columns change their sign."""
        a = x.tril(-1)
        tau = 2.0 / (1.0 + (a * a).sum(-2))
        return householder_product(a, tau) * x.diagonal(dim1=-2, dim2=-1).int().unsqueeze(-2)

    def right_inverse(self, Q: Tensor) -> Tensor:  # noqa: N803 - PyTorch's name
        """What gives this matrix, or the nearest orthogonal one that the QR decomposition finds.

        Raises:
            ValueError: the shape is another.
            NotImplementedError: the map cannot be inverted without a trivialization.
        """
        if self.shape != Q.shape:
            raise ValueError(
                f"Expected a matrix or batch of matrices of shape {self.shape}. Got a tensor of shape {Q.shape}."
            )
        wide = Q.shape[-2] < Q.shape[-1]
        q = Q.mT if wide else Q
        with no_grad():
            if hasattr(self, "base"):
                self.base = self._completed(q)
                # minus the identity: every map makes the identity of it, as the diagonal holds signs
                start: Tensor = zeros_like(Q)
                start.diagonal(dim1=-2, dim2=-1).fill_(-1.0)
                return start
            if self.orthogonal_map != "householder":
                raise NotImplementedError(
                    "It is not possible to assign to the matrix exponential or the Cayley parametrizations when "
                    "use_trivialization=False."
                )
            a, tau = geqrf(q)
            diagonal = a.diagonal(dim1=-2, dim2=-1)
            diagonal.sign_()
            diagonal[tau == 0.0] *= -1  # exactly zero where no reflection was needed
            start = a.mT if wide else a
            return start

    @staticmethod
    def _completed(q: Tensor) -> Tensor:
        """A square orthogonal matrix that begins with these columns."""
        n, k = q.shape[-2:]
        if n == k:
            return q.clone() if _is_orthogonal(q) else _make_orthogonal(q)
        return _make_orthogonal(cat([q, randn(*q.shape[:-2], n, n - k, dtype=q.dtype)], dim=-1))
