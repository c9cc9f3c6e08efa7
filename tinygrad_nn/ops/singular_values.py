"""The singular value decomposition, ``A = U diag(S) V^H``.

Source: https://docs.pytorch.org/docs/stable/generated/torch.linalg.svd.html
"""

from __future__ import annotations

import contextlib
from typing import Any

import numpy as np

from .._core import matrices, return_types
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
    all_of,
    array_of,
    check_floats,
    check_matrix,
    failed,
    lapack,
)

__all__ = ["svd"]

_NOT_FINITE = "The algorithm failed to converge because the input matrix contained non-finite values. (info {0})"
_PHASE = (
    "svd_backward: The singular vectors in the complex case are specified up to multiplication by e^{i phi}. The "
    "specified loss function depends on this phase term, making it ill-defined."
)


def _decomposed(function: Any, x: Any, **options: Any) -> Any:
    found = None
    with contextlib.suppress(np.linalg.LinAlgError):
        found = lapack(function, x, **options)
    if found is None or not np.isfinite(found[0] if isinstance(found, tuple) else found).all():
        bad = ~np.isfinite(x).all((-2, -1))
        raise failed("linalg.svd", np.asarray(bad if bad.any() else ~bad, np.int32), _NOT_FINITE)
    return found


def _skew(x: Any) -> Any:
    return x - adjoint(x)


def _check_phase(u_part: Any, v_part: Any) -> None:
    phases = np.einsum("...ii->...i", all_of(u_part) + all_of(v_part)).imag
    if not np.allclose(phases, 0, rtol=1e-2, atol=1e-2):
        raise RuntimeError(_PHASE)


def _svd_rule(g: Any, out: Any, full: bool) -> Any:
    """PyTorch's formula; what is beyond the reduced form has no gradient."""
    u, s, vh = out
    g_u, g_s, g_vh = g
    k = array_of(s).shape[-1]
    if full:
        u, vh, g_u, g_vh = u[..., :k], vh[..., :k, :], g_u[..., :k], g_vh[..., :k, :]
    if absent(g_u) and absent(g_vh):
        return (u * g_s[..., None, :]) @ vh
    u_part, v_part = _skew(adjoint(u) @ g_u), _skew(vh @ adjoint(g_vh))
    one = np.eye(k, dtype=array_of(s).dtype)
    squares = s * s
    gaps = squares[..., None, :] - squares[..., :, None] + one
    inner = (u_part / gaps) * s[..., None, :] + s[..., :, None] * (v_part / gaps) + one * g_s[..., None, :]
    if array_of(u).dtype.kind == "c":
        _check_phase(u_part, v_part)
        inner = inner + one * u_part / (2 * s[..., None, :])
    m, n = array_of(u).shape[-2], array_of(vh).shape[-1]
    if m > k and not absent(g_u):
        scaled = g_u / s[..., None, :]
        return (u @ inner + scaled - u @ (adjoint(u) @ scaled)) @ vh
    if n > k and not absent(g_vh):
        scaled = g_vh / s[..., :, None]
        return u @ (inner @ vh + scaled - (scaled @ adjoint(vh)) @ vh)
    return u @ inner @ vh


@op(kind="general", method=False, torch_name="", several=True, holomorphic=False, node_name="LinalgSvdBackward0",
    vjp=_svd_rule,
    cases=[case(SQUARE), case(SQUARES), case(TALL), case(WIDE), case(np.stack([TALL, 2 * TALL])), case((0, 2)),
           case((3, 0))],
    tolerance=(10, "products of matrices in another order"))  # fmt: skip
def _svd(x, /, *, full=False):
    """U, S and V^H."""
    return _decomposed(matrices.svd, x, full_matrices=full)


def _check(A: Tensor, driver: str | None) -> None:  # noqa: N803
    check_floats("linalg.svd", A, "linalg_svd")
    check_matrix("linalg.svd", A)
    if driver is not None:
        raise RuntimeError(
            "torch.linalg.svd: keyword argument `driver=` is only supported on CUDA inputs with cuSOLVER backend. "
            f"Leave out driver={driver!r}."
        )


@composite(np.linalg.svd, method=False, out=True)
def linalg_svd(A: Tensor, full_matrices: bool = True, *, driver: str | None = None) -> Any:  # noqa: N803
    """The singular value decomposition ``A = U @ diag(S) @ Vh`` of a matrix, or of each of a batch.

    Args:
        A: ``(*, m, n)``.
        full_matrices: U is ``(*, m, m)`` and Vh ``(*, n, n)``; otherwise they have ``min(m, n)`` columns and rows.
        driver: only for other devices.

    The singular values S fall. Signs (of complex matrices, phases) of the singular vectors are not unique, nor are
    vectors of equal singular values: gradients through U and Vh are right only for what does not depend on the choice.

    Raises:
        LinAlgError: A is not finite; a RuntimeError, as in PyTorch.
        RuntimeError: A has fewer than two dimensions, or is not of floating point or complex numbers.

    Example:
        >>> import tinygrad_nn as tg
        >>> U, S, Vh = tg.linalg.svd(tg.tensor([[3.0, 0.0], [0.0, 4.0]]))
        >>> S
        tensor([4., 3.])
    """
    _check(A, driver)
    return return_types.linalg_svd(*_svd(A, full=bool(full_matrices)))


@composite(method=False, out=True)
def svdvals(A: Tensor, *, driver: str | None = None) -> Tensor:  # noqa: N803 - PyTorch's name
    """The singular values, which fall.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.linalg.svdvals(tg.tensor([[3.0, 0.0], [0.0, 4.0]]))
        tensor([4., 3.])
    """
    _check(A, driver)
    if modes.here.grad and A.requires_grad:
        values: Tensor = _svd(A)[1]
        return values
    return wrap(modes.here.quiet(_decomposed, matrices.svdvals, A._array))


if hasattr(np.linalg, "svdvals"):
    from .._core import dispatch

    dispatch.register(np.linalg.svdvals, svdvals)


@composite(out=True)
def svd(input: Tensor, some: bool = True, compute_uv: bool = True) -> Any:
    """The singular value decomposition ``input = U @ diag(S) @ V.mH``: PyTorch's older form, with V instead of V^H.

    Args:
        input: ``(*, m, n)``.
        some: U and V have ``min(m, n)`` columns; otherwise they are square.
        compute_uv: without, U and V are zeros.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.svd(tg.tensor([[3.0, 0.0], [0.0, 4.0]])).S
        tensor([4., 3.])
    """
    if compute_uv:
        u, s, vh = linalg_svd(input, not some)
        return return_types.svd(u, s, adjoint(vh))
    values = svdvals(input)
    *batch, m, n = input._array.shape
    dtype = input._array.dtype
    return return_types.svd(wrap(np.zeros((*batch, m, m), dtype)), values, wrap(np.zeros((*batch, n, n), dtype)))
