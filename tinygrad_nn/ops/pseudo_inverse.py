"""What singular values tell: pseudo-inverse, rank, condition.

Source: https://docs.pytorch.org/docs/stable/generated/torch.linalg.pinv.html
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .._core import dtypes, matrices
from .._core.op import case, composite, op
from .._core.tensor import Tensor, wrap
from .inverse import inv_ex
from .matrix_checks import (
    SQUARE,
    SQUARES,
    TALL,
    WIDE,
    adjoint,
    check_floats,
    check_square,
    lapack,
    mirrored,
)
from .norms import vector_norm
from .singular_values import svdvals

__all__ = ["pinverse"]


# --- tolerances --------------------------------------------------------------------------------------------------


def _number(value: Any, dtype: Any) -> Any:
    return value._array if isinstance(value, Tensor) else np.asarray(value, dtype)


def tolerances(x: Any, atol: Any, rtol: Any) -> tuple[Any, Any]:
    """The absolute and the relative tolerance; by default the longer side times the precision."""
    real = x.real.dtype
    absolute = _number(0.0 if atol is None else atol, real)
    if rtol is not None:
        return absolute, _number(rtol, real)
    usual = max(x.shape[-2:]) * float(np.finfo(real).eps)
    return absolute, np.where(absolute > 0, 0.0, usual).astype(real)


def cut_off(largest: Any, absolute: Any, relative: Any) -> Any:
    """Up to which size singular values count as zero, with a last dimension of 1."""
    return np.maximum(absolute[..., None], relative[..., None] * largest)


# --- pseudo-inverse ----------------------------------------------------------------------------------------------


def _pinv_of(x: Any, atol: Any, rtol: Any) -> Any:
    if not x.size:
        return np.zeros((*x.shape[:-2], x.shape[-1], x.shape[-2]), x.dtype)
    u, s, vh = matrices.svd(x, full_matrices=False)
    keep = s > cut_off(s[..., :1], *tolerances(x, atol, rtol))
    inverse = np.where(keep, 1 / s, s.dtype.type(0))
    return (adjoint(vh) * inverse[..., None, :]) @ adjoint(u)


def _pinv_rule(g: Any, x: Any, out: Any) -> Any:
    """PyTorch's formula, on the smaller side.

    Source: G. H. Golub and V. Pereyra, The differentiation of pseudo-inverses and nonlinear least squares problems,
    1973.
    """
    out_h, g_h = adjoint(out), adjoint(g)
    m, n = out.shape[-1], out.shape[-2]
    if m <= n:
        inner = g_h @ out
        right = inner @ out_h
        return -adjoint(out @ inner) + right - (x @ out) @ right + (out_h @ out) @ (g_h - inner @ x)
    inner = out @ g_h
    left = out_h @ inner
    return -adjoint(inner @ out) + (g_h - x @ inner) @ out @ out_h + left - (left @ out) @ x


@op(kind="general", method=False, torch_name="", holomorphic=False, vjp=_pinv_rule, node_name="LinalgPinvBackward0",
    cases=[case(SQUARE), case(SQUARES), case(TALL), case(WIDE), case((0, 2)), case(TALL, rtol=0.01),
           case(WIDE, atol=np.array(0.01))],
    tolerance=(10, "products of matrices in another order"))  # fmt: skip
def _pinv(x, /, *, atol=None, rtol=None):
    """The pseudo-inverse, with tolerances that are numbers or tensors."""
    return lapack(_pinv_of, x, atol=atol, rtol=rtol)


@composite(np.linalg.pinv, method=False, out=True)
def pinv(
    A: Tensor,  # noqa: N803 - PyTorch's name
    rcond: Any = None,
    hermitian: bool = False,
    *,
    atol: Any = None,
    rtol: Any = None,
) -> Tensor:
    """The pseudo-inverse (of Moore and Penrose) of a matrix, or of each of a batch.

    Args:
        A: ``(*, m, n)``; the result is ``(*, n, m)``.
        rcond: the older name of rtol.
        hermitian: A is Hermitian, and its lower triangle alone is read.
        atol, rtol: singular values up to ``max(atol, rtol * the largest)`` count as zero; numbers, or tensors of the
            batch's shape. rtol is ``max(m, n) * eps`` unless atol is given.

    The gradient is right where the rank does not change.

    Raises:
        RuntimeError: A has fewer than two dimensions, or is not of floating point or complex numbers.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.linalg.pinv(tg.tensor([[2.0, 0.0], [0.0, 4.0], [0.0, 0.0]]))
        tensor([[0.5000, 0.0000, 0.0000],
                [0.0000, 0.2500, 0.0000]])
    """
    dtype = A._array.dtype
    if A.ndim < 2 or dtype.kind not in "fc" or dtype == np.float16:
        raise RuntimeError(
            f"linalg.pinv({dtypes.type_name(dtype)}{{{list(A.shape)}}}): expected a tensor with 2 or more dimensions "
            "of float, double, cfloat or cdouble types"
        )
    if hermitian:
        check_square("linalg.eigh", A)
    whole = mirrored(A, False) if hermitian else A
    result: Tensor = _pinv(whole, atol=atol, rtol=rcond if rtol is None else rtol)
    return result


@composite()
def pinverse(input: Tensor, rcond: float = 1e-15) -> Tensor:
    """As `linalg.pinv`, with a fixed relative tolerance.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.pinverse(2.0 * tg.eye(2))
        tensor([[0.5000, 0.0000],
                [0.0000, 0.5000]])
    """
    result: Tensor = pinv(input, rcond)
    return result


# --- rank --------------------------------------------------------------------------------------------------------


def _sizes(A: Tensor, hermitian: bool) -> Any:  # noqa: N803
    """Singular values, the largest first or not."""
    if hermitian:
        check_square("linalg.eigvalsh", A)
        return np.abs(matrices.eigvalsh(A._array))
    return matrices.svdvals(A._array)


@composite(np.linalg.matrix_rank, method=False, out=True)
def matrix_rank(
    A: Tensor,  # noqa: N803 - PyTorch's name
    tol: Any = None,
    hermitian: bool = False,
    *,
    atol: Any = None,
    rtol: Any = None,
) -> Tensor:
    """The number of singular values above a tolerance, as integers.

    Args:
        A: ``(*, m, n)``.
        tol: the older name of atol, with rtol 0.
        hermitian: A is Hermitian; the absolute eigenvalues of its lower triangle are counted, which is quicker.
        atol, rtol: singular values up to ``max(atol, rtol * the largest)`` count as zero; numbers, or tensors of the
            batch's shape. rtol is ``max(m, n) * eps`` unless atol is given.

    Raises:
        RuntimeError: A has fewer than two dimensions, or is not of floating point or complex numbers.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.linalg.matrix_rank(tg.tensor([[1.0, 2.0], [2.0, 4.0]]))
        tensor(1)
    """
    if A.ndim < 2:
        raise RuntimeError(
            "torch.linalg.matrix_rank: The input tensor input must have at least 2 dimensions. Got shape "
            f"{list(A.shape)}."
        )
    if A._array.size or rtol is None:
        check_floats("torch.linalg.matrix_rank: This function doesn't handle types other than float and double", A)
    if tol is not None:
        atol, rtol = tol, 0.0
    array = A._array
    if not array.size:
        return wrap(np.zeros(array.shape[:-2], np.int64))
    sizes = _sizes(A, hermitian)
    limit = cut_off(sizes.max(-1, keepdims=True), *tolerances(array, atol, rtol))
    return wrap(np.asarray((sizes > limit).sum(-1)))


# --- condition ---------------------------------------------------------------------------------------------------


def _norm_of(x: Any, p: Any) -> Any:
    if p == "fro":
        return vector_norm(x, 2, (-2, -1))
    sums = x.abs().sum(dim=-2 if abs(p) == 1 else -1)
    return sums.amax(dim=-1) if p > 0 else sums.amin(dim=-1)


@composite(np.linalg.cond, method=False, out=True)
def cond(A: Tensor, p: Any = None) -> Tensor:  # noqa: N803 - PyTorch's name
    """The condition of a matrix, its norm times that of its inverse: infinite for singular matrices.

    Args:
        A: ``(*, m, n)``; square, except for the 2-norm.
        p: the norm: None or 2 (the largest singular value), -2, 1, -1, ``inf``, ``-inf``, ``"fro"``, ``"nuc"``.

    Raises:
        RuntimeError: another norm; A is not square, has fewer than two dimensions, or is not of floating point or
            complex numbers.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.linalg.cond(tg.tensor([[4.0, 0.0], [0.0, 2.0]]))
        tensor(2.)
    """
    if A.ndim < 2:
        raise RuntimeError(
            f"linalg.cond: The input tensor must have at least 2 dimensions. Got shape {list(A.shape)}."
        )
    if p not in (None, 2, -2, 1, -1, math.inf, -math.inf, "fro", "nuc"):
        raise RuntimeError(f"linalg.cond got an invalid norm type: {p}")
    if not A._array.size and not isinstance(p, str):
        return wrap(np.zeros(A._array.shape[:-2], A._array.real.dtype))
    if p in (None, 2, -2):
        values = svdvals(A)
        return values[..., -1] / values[..., 0] if p == -2 else values[..., 0] / values[..., -1]
    check_square(f"linalg.cond(ord={p})", A)
    if not A._array.size:
        return wrap(np.zeros(A._array.shape[:-2], A._array.real.dtype))
    check_floats("linalg.cond", A, "lu")
    if p == "nuc":
        values = svdvals(A)
        return values.sum(dim=-1) * (1 / values).sum(dim=-1)
    inverse, info = inv_ex(A)
    result: Tensor = _norm_of(A, p) * _norm_of(inverse, p)
    return result.masked_fill(wrap(info._array != 0), math.inf) if info._array.any() else result
