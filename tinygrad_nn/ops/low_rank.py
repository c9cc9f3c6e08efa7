"""Approximate decompositions of large matrices of low rank, by random projections.

Source: https://docs.pytorch.org/docs/stable/generated/torch.svd_lowrank.html, torch.pca_lowrank.html
"""

from __future__ import annotations

from typing import Any

from .._core import dtypes
from .._core.tensor import Tensor
from .matrix_checks import adjoint
from .orthogonal import linalg_qr
from .random import randn
from .singular_values import linalg_svd

__all__ = ["pca_lowrank", "svd_lowrank"]


def _basis(A: Tensor, q: int, niter: int, M: Tensor | None) -> Any:  # noqa: N803
    """An orthonormal basis of what A maps random vectors to, drawn as PyTorch draws them."""
    dtype = dtypes.from_numpy(A._array.dtype) if A._array.dtype.kind in "fc" else dtypes.get_default_dtype()

    def applied(x: Any, *, turn: bool = False) -> Any:
        product = (adjoint(A) if turn else A) @ x
        return product if M is None else product - (adjoint(M) if turn else M) @ x

    basis = linalg_qr(applied(randn(A.shape[-1], q, dtype=dtype))).Q
    for _ in range(niter):
        basis = linalg_qr(applied(basis, turn=True)).Q
        basis = linalg_qr(applied(basis)).Q
    return basis


def svd_lowrank(
    A: Tensor,  # noqa: N803 - PyTorch's names
    q: int | None = 6,
    niter: int | None = 2,
    M: Tensor | None = None,  # noqa: N803
) -> tuple[Any, Any, Any]:
    """U, S and V of ``A = U @ diag(S) @ V.mH``, approximately, of rank q.

    Args:
        A: ``(*, m, n)``.
        q: how many singular values; a few more than are wanted.
        niter: how often the random subspace is improved.
        M: a matrix to be subtracted from A; it broadcasts.

    Source: N. Halko, P.-G. Martinsson and J. Tropp, Finding structure with randomness, algorithm 5.1, 2009.

    Example:
        >>> import tinygrad_nn as tg
        >>> U, S, V = tg.svd_lowrank(tg.ones(20, 10), q=2)
        >>> S[0]
        tensor(14.1421)
    """
    count, rounds = 6 if q is None else q, 2 if niter is None else niter
    wide = A.shape[-2] < A.shape[-1]
    mean = None if M is None else M.broadcast_to(tuple(A.shape))
    matrix: Tensor = adjoint(A) if wide else A
    if wide and mean is not None:
        mean = adjoint(mean)
    basis = _basis(matrix, count, rounds, mean)
    small = adjoint(basis) @ (matrix if mean is None else matrix - mean)
    u, s, vh = linalg_svd(small, full_matrices=False)
    u, v = basis @ u, adjoint(vh)
    return (v, s, u) if wide else (u, s, v)


def pca_lowrank(
    A: Tensor,  # noqa: N803 - PyTorch's name
    q: int | None = None,
    center: bool = True,
    niter: int = 2,
) -> tuple[Any, Any, Any]:
    """Principal components, approximately: `svd_lowrank` of A less the means of its columns.

    Args:
        A: ``(*, m, n)``: m samples of n features. The columns of V are the principal directions.
        q: how many components, by default ``min(6, m, n)``.
        center: subtract the means; False where that is done already.
        niter: how often the random subspace is improved.

    Raises:
        ValueError: q or niter is negative, or q is greater than m or n.

    Example:
        >>> import tinygrad_nn as tg
        >>> U, S, V = tg.pca_lowrank(tg.eye(4), q=2)
        >>> V.shape
        torch.Size([4, 2])
    """
    m, n = A.shape[-2:]
    if q is None:
        q = min(6, m, n)
    elif not 0 <= q <= min(m, n):
        raise ValueError(f"q(={q}) must be non-negative integer and not greater than min(m, n)={min(m, n)}")
    if niter < 0:
        raise ValueError(f"niter(={niter}) must be non-negative integer")
    return svd_lowrank(A - A.mean(dim=-2, keepdim=True) if center else A, q, niter)
