"""The QR decomposition, and products of the Householder reflections that it is made of.

``Q = H_1 H_2 ... H_k`` with ``H_i = 1 - tau_i v_i v_i^H``, where v_i is zero above its element i, which is 1.

Source: https://docs.pytorch.org/docs/stable/generated/torch.linalg.qr.html,
torch.linalg.householder_product.html
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .._core import dtypes, matrices, return_types
from .._core.modes import modes
from .._core.op import case, composite, op
from .._core.tensor import Tensor, wrap
from .matrix_checks import (
    SQUARE,
    SQUARES,
    TALL,
    WIDE,
    absent,
    adjoint,
    array_of,
    check_floats,
    check_kernel,
    check_matrix,
    lapack,
    not_implemented,
    turned,
    without_gradient,
)
from .triangular import solved_triangular

__all__ = ["geqrf", "orgqr", "ormqr", "qr"]


# --- QR ----------------------------------------------------------------------------------------------------------


def _qr_rule(g: Any, out: Any) -> Any:
    """PyTorch's formulas, for tall and for wide matrices."""
    (q, r), (g_q, g_r) = out, g
    m, n = array_of(q).shape[-2], array_of(r).shape[-1]
    k = array_of(q).shape[-1]
    one = np.eye(k, dtype=array_of(r).real.dtype)
    if m >= n:
        inner = g_r @ adjoint(r)
        inner = np.triu(inner if absent(g_q) else inner - adjoint(q) @ g_q)
        inner = (inner + adjoint(inner)) * (1 - 0.5 * one)
        return solved_triangular(adjoint(r), g_q + q @ inner, upper=False, left=False)
    g_r = np.triu(g_r)
    inner = adjoint(q) @ g_q - g_r @ adjoint(r)
    inner = np.tril(inner - adjoint(inner)) * (1 - 0.5 * one)
    inner = solved_triangular(adjoint(r[..., :k]), inner, upper=False, left=False)
    return q @ np.concatenate([inner + g_r[..., :k], g_r[..., k:]], -1)


@op(kind="general", method=False, torch_name="", several=True, holomorphic=False, vjp=_qr_rule,
    node_name="LinalgQrBackward0",
    cases=[case(SQUARE), case(SQUARES), case(TALL), case(WIDE), case((0, 2)), case((3, 0))],
    tolerance=(10, "products of matrices in another order"))  # fmt: skip
def _qr(x, /):
    """Q and R, with as many columns and rows as the shorter side is long."""
    return lapack(matrices.qr, x)


_NO_R = (
    "The derivative of linalg.qr depends on Q, which is not computed when mode='r'. Please use linalg.qr(A, "
    "mode='reduced') if you are going to differentiate through linalg.qr."
)
_NOT_COMPLETE = (
    "The QR decomposition is not differentiable when mode='complete' and nrows > ncols. With mode='reduced' it is."
)


@composite(np.linalg.qr, method=False, out=True)
def linalg_qr(A: Tensor, mode: str = "reduced") -> Any:  # noqa: N803 - PyTorch's name
    """Q, whose columns are orthonormal, and the upper triangular R of ``A = Q R``.

    Args:
        A: ``(*, m, n)``.
        mode: ``"reduced"``: Q ``(*, m, k)`` and R ``(*, k, n)`` with ``k = min(m, n)``; ``"complete"``: Q
            ``(*, m, m)`` and R ``(*, m, n)``; ``"r"``: R alone, as in the reduced form, with an empty Q.

    The gradient needs the first k columns of A to be independent; the complete form of a tall matrix has none, nor has
    R alone.

    Raises:
        RuntimeError: another mode; A has fewer than two dimensions, or is not of floating point or complex numbers.

    Example:
        >>> import tinygrad_nn as tg
        >>> Q, R = tg.linalg.qr(tg.tensor([[3.0, 1.0], [4.0, 2.0]]))
        >>> (Q @ R).round(decimals=4)
        tensor([[3., 1.],
                [4., 2.]])
    """
    check_matrix("linalg.qr", A)
    check_floats("linalg.qr", A, "geqrf")
    if mode not in ("reduced", "complete", "r"):
        raise RuntimeError(
            f"qr received unrecognized mode '{mode}' but expected one of 'reduced' (default), 'r', or 'complete'"
        )
    m, n = A.shape[-2:]
    if mode == "reduced" or (mode == "complete" and m <= n):
        return return_types.linalg_qr(*_qr(A))
    return return_types.linalg_qr(*_without_rule(A, mode))


def _without_rule(A: Tensor, mode: str) -> tuple[Any, ...]:  # noqa: N803
    if mode == "r":
        only = (np.empty(0, A._array.dtype), np.linalg.qr(A._array, mode="r"))
        return without_gradient(A, only, RuntimeError(_NO_R))
    return without_gradient(A, tuple(np.linalg.qr(A._array, "complete")), RuntimeError(_NOT_COMPLETE))


@composite(out=True)
def qr(input: Tensor, some: bool = True) -> Any:
    """Q and R of ``input = Q R``: PyTorch's older form of `linalg.qr`, complete with ``some=False``.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.qr(tg.ones(3, 2), some=False).Q.shape
        torch.Size([3, 3])
    """
    return return_types.qr(*linalg_qr(input, "reduced" if some else "complete"))


# --- reflections -------------------------------------------------------------------------------------------------


@composite(out=True)
def geqrf(input: Tensor) -> Any:
    """The QR decomposition as LAPACK keeps it: R in the upper triangle of `a`, the reflections below it and in `tau`.

    It has no gradient; `linalg.qr` has.

    Raises:
        RuntimeError: the input has fewer than two dimensions.

    Example:
        >>> import tinygrad_nn as tg
        >>> x = tg.tensor([[3.0, 1.0], [4.0, 2.0]])
        >>> a, tau = tg.geqrf(x)
        >>> tg.allclose(tg.orgqr(a, tau) @ a.triu(), x)
        True
    """
    if input.ndim < 2:
        raise RuntimeError(f"torch.geqrf: input must have at least 2 dimensions. Got shape {list(input.shape)}.")
    check_kernel("geqrf", input)
    packed, tau = np.linalg.qr(input._array, mode="raw")
    dtype = input._array.dtype
    results = (np.ascontiguousarray(turned(packed)).astype(dtype), tau.astype(dtype))
    return return_types.geqrf(*without_gradient(input, results, not_implemented("geqrf")))


def _reflected(packed: Any, tau: Any, other: Any, inverse: bool = False) -> Any:
    """``Q other``, or ``Q^H other``, in a handful of products: ``Q = 1 - V T V^H``.

    ``T = (1 + D S)^-1 D``, with tau as the diagonal of D, and S the part of ``V^H V`` above its diagonal.
    """
    m, k = array_of(packed).shape[-2], array_of(tau).shape[-1]
    unit = np.eye(m, k, dtype=array_of(tau).dtype)
    vectors = np.tril(packed[..., :k], -1) + unit
    inner = np.triu(adjoint(vectors) @ vectors, 1) * tau[..., :, None]
    core = adjoint(vectors) @ other
    if inverse:
        core = adjoint(tau[..., None, :]) * solved_triangular(adjoint(inner), core, upper=False, unit=True)
    else:
        core = solved_triangular(inner, tau[..., :, None] * core, upper=True, unit=True)
    return other - vectors @ core


def _product(packed: Tensor, tau: Tensor, other: Tensor, inverse: bool = False) -> Any:
    """The same, on arrays where nothing is recorded."""
    if modes.here.grad and (packed.requires_grad or tau.requires_grad or other.requires_grad):
        return _reflected(packed, tau, other, inverse)
    return wrap(modes.here.quiet(_reflected, packed._array, tau._array, other._array, inverse))


def _check_reflections(name: str, input: Tensor, tau: Tensor) -> None:
    words = f"torch.{name}: "
    if input.ndim < 2:
        raise RuntimeError(f"{words}input must have at least 2 dimensions. Got shape {list(input.shape)}.")
    if input.ndim - tau.ndim != 1:
        raise RuntimeError(
            f"{words}Expected tau to have one dimension less than input, but got tau.ndim equal to {tau.ndim} and "
            f"input.ndim is equal to {input.ndim}"
        )
    if tuple(input.shape[:-2]) != tuple(tau.shape[:-1]):
        raise RuntimeError(
            f"{words}Expected batch dimensions of tau to be equal to input.shape[:-2], but got "
            f"{list(tau.shape[:-1])} (input.shape[:-2] is {list(input.shape[:-2])})"
        )
    if input._array.dtype != tau._array.dtype:
        first, second = dtypes.type_name(tau._array.dtype), dtypes.type_name(input._array.dtype)
        raise RuntimeError(f"{words}tau dtype {first} does not match input dtype {second}")


@composite(method=False, out=True)
def householder_product(A: Tensor, tau: Tensor) -> Tensor:  # noqa: N803 - PyTorch's name
    """The first n columns of the product of reflections that `geqrf` gives.

    Args:
        A: ``(*, m, n)`` with m at least n; what is below the diagonal of each column is a reflection's vector.
        tau: ``(*, k)`` with k at most n.

    Raises:
        RuntimeError: the shapes or the dtypes do not fit.

    Example:
        >>> import tinygrad_nn as tg
        >>> Q = tg.linalg.householder_product(*tg.geqrf(tg.tensor([[3.0], [4.0]])))
        >>> Q.abs()
        tensor([[0.6000],
                [0.8000]])
    """
    name = "linalg.householder_product"
    if A.ndim >= 2 and A.shape[-2] < A.shape[-1]:
        raise RuntimeError(f"torch.{name}: input.shape[-2] must be greater than or equal to input.shape[-1]")
    if A.ndim >= 2 and tau.ndim and A.shape[-1] < tau.shape[-1]:
        raise RuntimeError(f"torch.{name}: input.shape[-1] must be greater than or equal to tau.shape[-1]")
    _check_reflections(name, A, tau)
    check_kernel("orgqr", A)
    result: Tensor = _product(A, tau, wrap(np.eye(*A._array.shape[-2:], dtype=A._array.dtype)))
    return result


@composite(out=True)
def orgqr(input: Tensor, tau: Tensor) -> Tensor:
    """As `linalg.householder_product`.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.orgqr(*tg.geqrf(tg.eye(2))).abs()
        tensor([[1., 0.],
                [0., 1.]])
    """
    result: Tensor = householder_product(input, tau)
    return result


@composite(out=True)
def ormqr(input: Tensor, tau: Tensor, other: Tensor, left: bool = True, transpose: bool = False) -> Tensor:
    """``Q other``, without computing Q, from the reflections that `geqrf` gives.

    Args:
        input, tau: ``(*, mn, k)`` and ``(*, k)``: Q is ``(*, mn, mn)``.
        other: ``(*, m, n)``.
        left: otherwise ``other Q``.
        transpose: with the conjugate transpose of Q.

    Raises:
        RuntimeError: the shapes or the dtypes do not fit.

    Example:
        >>> import tinygrad_nn as tg
        >>> x = tg.tensor([[3.0, 1.0], [4.0, 2.0]])
        >>> tg.ormqr(*tg.geqrf(x), x, transpose=True).abs().triu()
        tensor([[5.0000, 2.2000],
                [0.0000, 0.4000]])
    """
    if other.ndim < 2:
        raise RuntimeError(f"torch.ormqr: other must have at least 2 dimensions. Got shape {list(other.shape)}.")
    _check_reflections("ormqr", input, tau)
    side = -2 if left else -1
    if other.shape[side] != input.shape[-2]:
        raise RuntimeError(f"torch.ormqr: other.shape[{side}] must be equal to input.shape[-2]")
    if tau.shape[-1] != min(other.shape[side], input.shape[-1]):
        raise RuntimeError(f"torch.ormqr: tau.shape[-1] must be equal to min(other.shape[{side}], input.shape[-1])")
    if other._array.dtype != input._array.dtype:
        first, second = dtypes.type_name(input._array.dtype), dtypes.type_name(other._array.dtype)
        raise RuntimeError(
            f"torch.ormqr: Expected input and other to have the same dtype, but input has dtype {first} and other has "
            f"dtype {second}"
        )
    check_kernel("ormqr", input)
    if left:
        result: Tensor = _product(input, tau, other, transpose)
        return result
    turned_back: Tensor = adjoint(_product(input, tau, adjoint(other), not transpose))
    return turned_back
