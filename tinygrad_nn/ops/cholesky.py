"""The Cholesky decomposition of positive definite matrices, ``A = L L^H``, and what is solved with it.

The functions read one triangle of A; their gradients are Hermitian, as those of PyTorch are.

Source: https://docs.pytorch.org/docs/stable/generated/torch.linalg.cholesky.html
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .._core import matrices, return_types
from .._core.errors import broadcast_shapes
from .._core.op import case, composite, op
from .._core.tensor import Tensor, wrap
from .matrix_checks import (
    POSITIVE,
    LinAlgError,
    adjoint,
    check_floats,
    check_kernel,
    check_square,
    failed,
    identity,
    infos,
    lapack,
    mirrored,
)
from .triangular import check_pair, lower_and_upper, solved_triangular

__all__ = ["cholesky", "cholesky_inverse", "cholesky_solve"]

_NOT_POSITIVE = (
    "The factorization could not be completed because the input is not positive-definite (the leading minor of order "
    "{0} is not positive-definite). Symmetric matrices that only lack a little are helped by A + 1e-6 * torch.eye(n)."
)


def _cholesky_rule(g: Any, out: Any) -> Any:
    """``L^-H phi(L^H g) L^-1`` with the lower triangle, mirrored and halved, as phi."""
    inner = np.tril(adjoint(out) @ g)
    inner = 0.5 * (inner + adjoint(np.tril(inner, -1)))
    right = solved_triangular(adjoint(out), inner, upper=True)
    return solved_triangular(out, right, upper=False, left=False)


@op(kind="general", method=False, torch_name="", holomorphic=False, node_name="LinalgCholeskyExBackward0",
    vjp=_cholesky_rule, cases=[case(POSITIVE), case(np.stack([POSITIVE, 2 * POSITIVE])), case((0, 0))],
    tolerance=(10, "products of matrices in another order"))  # fmt: skip
def _cholesky(x, /):
    """The lower factor of the Hermitian part of a matrix."""
    try:
        return lapack(matrices.cholesky, 0.5 * (x + adjoint(x)))
    except np.linalg.LinAlgError:
        raise LinAlgError("the matrix is not positive definite") from None


def _attempt(x: Any) -> tuple[Any, Any]:
    """The factors as far as they go, and the order of the first minor that is not positive, 0 where there is none."""
    result, info = np.tril(x), np.zeros(x.shape[:-2], np.int32)
    for k in range(x.shape[-1]):
        row = result[..., k, :k]
        square = result[..., k, k].real - (row * row.conj()).sum(-1).real
        info[(info == 0) & ~(square > 0)] = k + 1
        going = (info == 0)[..., None]
        rest = result[..., k + 1 :, k] - (result[..., k + 1 :, :k] * row.conj()[..., None, :]).sum(-1)
        root = np.sqrt(square)[..., None]
        result[..., k, k] = np.where(info == 0, root[..., 0], square)
        result[..., k + 1 :, k] = np.where(going, rest / root, result[..., k + 1 :, k])
    return result, info


def _factor(name: str, A: Tensor, upper: bool) -> Tensor:  # noqa: N803 - PyTorch's name
    whole = mirrored(A, upper)
    try:
        lower: Tensor = _cholesky(whole)
    except LinAlgError:
        raise failed(name, _quietly(whole)[1], _NOT_POSITIVE) from None
    return adjoint(lower) if upper else lower


def _quietly(whole: Tensor) -> tuple[Any, Any]:
    with np.errstate(all="ignore"):
        return _attempt(whole._array)


@composite(np.linalg.cholesky, method=False, out=True)
def linalg_cholesky(A: Tensor, *, upper: bool = False) -> Tensor:  # noqa: N803 - PyTorch's name
    """The lower triangular L of ``A = L L^H``, or with `upper` the upper triangular U of ``A = U^H U``.

    A is symmetric (or, of complex numbers, Hermitian) and positive definite; one triangle is read.

    Raises:
        LinAlgError: a matrix is not positive definite; a RuntimeError, as in PyTorch.
        RuntimeError: the matrices are not square, or not of floating point or complex numbers.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.linalg.cholesky(tg.tensor([[4.0, 2.0], [2.0, 5.0]]))
        tensor([[2., 0.],
                [1., 2.]])
    """
    check_square("linalg.cholesky", A)
    check_floats("linalg.cholesky", A, "cholesky")
    return _factor("linalg.cholesky", A, upper)


@composite(out=True)
def cholesky(input: Tensor, upper: bool = False) -> Tensor:
    """The lower (or upper) triangular factor of a positive definite matrix; see `linalg.cholesky`.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.cholesky(tg.tensor([[4.0, 2.0], [2.0, 5.0]]), upper=True)
        tensor([[2., 1.],
                [0., 2.]])
    """
    check_square("cholesky", input)
    if not input._array.size:
        return input.clone()
    check_kernel("cholesky", input)
    return _factor("cholesky", input, upper)


@composite(method=False, out=True)
def cholesky_ex(A: Tensor, *, upper: bool = False, check_errors: bool = False) -> Any:  # noqa: N803 - PyTorch's name
    """The triangular factor, and 0 where A is positive definite; else the order of the first minor that is not.

    Raises:
        LinAlgError: with `check_errors`, a matrix is not positive definite.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.linalg.cholesky_ex(tg.tensor([[1.0, 2.0], [2.0, 1.0]])).info
        tensor(2, dtype=torch.int32)
    """
    check_square("linalg.cholesky_ex", A)
    check_floats("linalg.cholesky_ex", A, "cholesky")
    try:
        return return_types.linalg_cholesky_ex(_factor("linalg.cholesky_ex", A, upper), infos(A._array.shape[:-2]))
    except LinAlgError:
        if check_errors:
            raise
    lower, info = _quietly(mirrored(A, upper))
    return return_types.linalg_cholesky_ex(wrap(adjoint(lower) if upper else lower), wrap(np.asarray(info)))


@composite(out=True)
def cholesky_solve(B: Tensor, L: Tensor, upper: bool = False) -> Tensor:  # noqa: N803 - PyTorch's names
    """The solution X of ``A X = B``, for a matrix A of which the Cholesky factor L (or with `upper` U) is given.

    Args:
        B, L: ``(*, n, k)`` and ``(*, n, n)``; the batches broadcast.
        upper: the factor is the upper one.

    Raises:
        RuntimeError: the shapes or dtypes do not fit.

    Example:
        >>> import tinygrad_nn as tg
        >>> A = tg.tensor([[4.0, 2.0], [2.0, 5.0]])
        >>> tg.cholesky_solve(tg.tensor([[8.0], [12.0]]), tg.linalg.cholesky(A))
        tensor([[1.],
                [2.]])
    """
    for label, tensor in (("b", B), ("u", L)):
        if tensor.ndim < 2:
            raise RuntimeError(f"{label} should have at least 2 dimensions, but has {tensor.ndim} dimensions instead")
    check_square("cholesky_solve", L)
    check_pair("cholesky_solve", B, L)
    check_kernel("cholesky_solve", L)
    broadcast_shapes("cholesky_solve", tuple(B.shape[:-2]), tuple(L.shape[:-2]))
    lower, higher = lower_and_upper(L, upper)
    result: Tensor = solved_triangular(higher, solved_triangular(lower, B, upper=False), upper=True)
    return result


@composite(out=True)
def cholesky_inverse(L: Tensor, upper: bool = False) -> Tensor:  # noqa: N803 - PyTorch's name
    """The inverse of a matrix of which the Cholesky factor is given.

    Raises:
        LinAlgError: an element of the factor's diagonal is zero.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.cholesky_inverse(tg.linalg.cholesky(tg.tensor([[4.0, 0.0], [0.0, 2.0]])))
        tensor([[0.2500, 0.0000],
                [0.0000, 0.5000]])
    """
    check_square("cholesky_inverse", L)
    check_kernel("cholesky_inverse_out", L)
    zeros = np.einsum("...ii->...i", L._array) == 0
    if zeros.any():
        first = np.where(zeros.any(-1), zeros.argmax(-1) + 1, 0)
        words = "The diagonal element {0} is zero, the inversion could not be completed because the input matrix is "
        raise failed("cholesky_inverse", np.asarray(first), words + "singular.")
    lower, _ = lower_and_upper(L, upper)
    inverse = solved_triangular(lower, wrap(identity(L.shape[-1], L)), upper=False)
    result: Tensor = adjoint(inverse) @ inverse
    return result
