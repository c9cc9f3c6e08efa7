"""Eigenvalues and eigenvectors, of Hermitian (or symmetric) matrices and of any.

Source: https://docs.pytorch.org/docs/stable/generated/torch.linalg.eigh.html, torch.linalg.eig.html
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .._core import dtypes, matrices, return_types
from .._core.modes import modes
from .._core.op import case, composite, op
from .._core.tensor import Tensor, wrap
from .matrix_checks import (
    POSITIVE,
    SQUARE,
    SQUARES,
    absent,
    adjoint,
    all_of,
    array_of,
    check_kernel,
    check_square,
    lapack,
    mirrored,
)
from .solve import _solve

__all__: list[str] = []

_COMPLEX = {np.dtype(np.float16): np.complex64, np.dtype(np.float32): np.complex64,
            np.dtype(np.float64): np.complex128}  # fmt: skip


def _check_phase(name: str, matrix: Any) -> None:
    diagonal = np.einsum("...ii->...i", all_of(matrix))
    if diagonal.dtype.kind == "c" and not np.allclose(diagonal.imag, 0, rtol=1e-2, atol=1e-2):
        raise RuntimeError(
            f"{name}: The eigenvectors in the complex case are specified up to multiplication by e^{{i phi}}. The "
            "specified loss function depends on this quantity, so it is ill-defined."
        )


# --- Hermitian matrices ------------------------------------------------------------------------------------------


def _eigh_rule(g: Any, out: Any) -> Any:
    values, vectors = out
    g_values, g_vectors = g
    if absent(g_vectors):
        return (vectors * g_values[..., None, :]) @ adjoint(vectors)
    inner = adjoint(vectors) @ g_vectors
    _check_phase("linalg_eigh_backward", inner)
    one = np.eye(array_of(values).shape[-1], dtype=array_of(values).dtype)
    gaps = values[..., None, :] - values[..., :, None] + one
    inner = 0.5 * (inner - adjoint(inner)) / gaps * (1 - one) + one * g_values[..., None, :]
    return vectors @ inner @ adjoint(vectors)


@op(kind="general", method=False, torch_name="", several=True, holomorphic=False, node_name="LinalgEighBackward0",
    vjp=_eigh_rule, cases=[case(POSITIVE), case(np.stack([POSITIVE, -2 * POSITIVE])), case((0, 0))],
    tolerance=(10, "products of matrices in another order"))  # fmt: skip
def _eigh(x, /):
    """Eigenvalues and eigenvectors of the Hermitian part."""
    whole = 0.5 * (x + adjoint(x))
    try:
        return lapack(matrices.eigh, whole)
    except np.linalg.LinAlgError:  # as PyTorch does, for what is not finite
        return np.full(x.shape[:-1], np.nan, x.real.dtype), np.full(x.shape, np.nan, x.dtype)


def _triangle(name: str, A: Tensor, UPLO: str) -> Tensor:  # noqa: N803
    """The whole of a matrix of which one triangle counts."""
    if not isinstance(UPLO, str) or UPLO.upper() not in ("L", "U"):
        raise RuntimeError(f"Expected UPLO argument to be 'L' or 'U', but got {UPLO}")
    check_square(name, A)
    check_kernel("linalg_eigh", A, empty=True)
    return mirrored(A, UPLO.upper() == "U")


@composite(np.linalg.eigh, method=False, out=True)
def eigh(A: Tensor, UPLO: str = "L") -> Any:  # noqa: N803 - PyTorch's names
    """Eigenvalues, which rise, and eigenvectors, in columns, of a symmetric matrix, or of a complex Hermitian one.

    Args:
        A: ``(*, n, n)``; one triangle is read. The gradient is Hermitian.
        UPLO: which triangle, ``"L"`` or ``"U"``.

    Raises:
        RuntimeError: A is not square, or not of floating point or complex numbers.

    Example:
        >>> import tinygrad_nn as tg
        >>> L, Q = tg.linalg.eigh(tg.tensor([[2.0, 0.0], [0.0, 1.0]]))
        >>> L
        tensor([1., 2.])
    """
    return return_types.linalg_eigh(*_eigh(_triangle("linalg.eigh", A, UPLO)))


@composite(np.linalg.eigvalsh, method=False, out=True)
def eigvalsh(A: Tensor, UPLO: str = "L") -> Tensor:  # noqa: N803 - PyTorch's names
    """Eigenvalues of a symmetric or Hermitian matrix; they rise.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.linalg.eigvalsh(tg.tensor([[2.0, 1.0], [1.0, 2.0]]))
        tensor([1., 3.])
    """
    whole = _triangle("linalg.eigvalsh", A, UPLO)
    if (modes.here.grad and A.requires_grad) or not np.isfinite(whole._array).all():
        values: Tensor = _eigh(whole)[0]
        return values
    return wrap(lapack(matrices.eigvalsh, whole._array))


# --- any matrices ------------------------------------------------------------------------------------------------


def _eig_rule(g: Any, x: Any, out: Any) -> Any:
    values, vectors = out
    g_values, g_vectors = g
    turned = adjoint(vectors)
    if absent(g_vectors):
        inner = g_values[..., :, None] * turned
    else:
        inner = turned @ g_vectors
        one = np.eye(array_of(values).shape[-1], dtype=array_of(values).real.dtype)
        diagonal = (inner * one).sum(axis=-1)
        _check_phase("linalg_eig_backward", inner)
        inner = inner - turned @ (vectors * diagonal.real[..., None, :])
        conjugates = values.conj()
        gaps = conjugates[..., None, :] - conjugates[..., :, None] + one
        inner = (inner / gaps * (1 - one) + one * g_values[..., None, :]) @ turned
    result = _solve.op.numpy(turned, inner)
    return result if array_of(x).dtype.kind == "c" else result.real.astype(array_of(x).dtype)


@op(kind="general", method=False, torch_name="", several=True, holomorphic=False, node_name="LinalgEigBackward0",
    vjp=_eig_rule, cases=[case(SQUARE), case(SQUARES), case((0, 0))], complex_numbers=True)  # fmt: skip
def _eig(x, /):
    """Eigenvalues and eigenvectors, always as complex numbers."""
    kind = _COMPLEX.get(x.dtype, x.dtype)
    values, vectors = matrices.eig(x.astype(np.float32) if x.dtype == np.float16 else x)
    return values.astype(kind), vectors.astype(kind)


def _check_any(name: str, A: Tensor) -> None:  # noqa: N803
    check_square(name, A)
    dtype = A._array.dtype
    if dtype == np.float16:
        raise NotImplementedError("\"linalg_eig_out_cpu\" not implemented for 'Half'. Convert it first: A.float().")
    if dtype.kind not in "fc":
        raise RuntimeError(
            f"{name}: Unknown Complex ScalarType for {dtypes.type_name(dtype)}. Convert it first: A.float()."
        )
    if not np.isfinite(A._array).all():
        raise RuntimeError("torch.linalg.eig: input tensor should not contain infs or NaNs.")


@composite(np.linalg.eig, method=False, out=True)
def eig(A: Tensor) -> Any:  # noqa: N803 - PyTorch's name
    """Eigenvalues and eigenvectors, in columns, of a square matrix: complex numbers, in no order.

    The vectors have length 1, with a factor of length 1 that is not unique: gradients are right only for what does not
    depend on it.

    Raises:
        RuntimeError: A is not square, not finite, or not of floating point or complex numbers.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.linalg.eig(tg.tensor([[0.0, 1.0], [-1.0, 0.0]])).eigenvalues
        tensor([0.+1.j, 0.-1.j])
    """
    _check_any("linalg.eig", A)
    return return_types.linalg_eig(*_eig(A))


@composite(np.linalg.eigvals, method=False, out=True)
def eigvals(A: Tensor) -> Tensor:  # noqa: N803 - PyTorch's name
    """Eigenvalues of a square matrix: complex numbers, in no order.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.linalg.eigvals(tg.tensor([[2.0, 0.0], [0.0, 3.0]]))
        tensor([2.+0.j, 3.+0.j])
    """
    _check_any("linalg.eigvals", A)
    if modes.here.grad and A.requires_grad:
        values: Tensor = _eig(A)[0]
        return values
    return wrap(np.linalg.eigvals(A._array).astype(_COMPLEX.get(A._array.dtype, A._array.dtype)))
