"""Least squares: the X that makes ``A X`` come nearest to B.

Source: https://docs.pytorch.org/docs/stable/generated/torch.linalg.lstsq.html
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .._core import dtypes, matrices, return_types
from .._core.backward import unbroadcast
from .._core.errors import broadcast_shapes
from .._core.op import case, composite, op
from .._core.tensor import Tensor, wrap
from .matrix_checks import SQUARE, TALL, WIDE, absent, adjoint, failed, lapack
from .pseudo_inverse import _pinv, _pinv_rule
from .singular_values import _svd

__all__: list[str] = []

_DRIVERS = ("gels", "gelsy", "gelsd", "gelss")


def _solution(a: Any, b: Any, rcond: float | None) -> Any:
    """The shortest of the solutions, by singular values; the rank, and the singular values."""
    if not a.size:
        batch = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
        none = np.zeros((*a.shape[:-2], min(a.shape[-2:])), a.real.dtype)
        return np.zeros((*batch, a.shape[-1], b.shape[-1]), a.dtype), np.zeros(a.shape[:-2], np.int64), none
    u, s, vh = matrices.svd(a, full_matrices=False)
    counts = _counts(s, a, rcond)
    inverse = np.where(counts, 1 / s, s.dtype.type(0))
    return adjoint(vh) @ (inverse[..., :, None] * (adjoint(u) @ b)), np.asarray(counts.sum(-1)), s


def _counts(s: Any, a: Any, rcond: float | None) -> Any:
    """Which singular values are not zero."""
    if rcond is None or rcond < 0:
        rcond = float(np.finfo(s.dtype).eps) * (max(a.shape[-2:]) if rcond is None else 1)
    return s > s[..., :1] * s.dtype.type(rcond)


def _vjp(g: Any, a: Any, b: Any, needs: Any) -> Any:
    inverse = _pinv.op.numpy(a)
    b_part = adjoint(inverse) @ g[0] if needs[1] else None
    a_part = _pinv_rule(g[0] @ adjoint(b), a, inverse) if needs[0] else None
    if needs[0] and not absent(g[2]):
        u, _, vh = _svd.op.numpy(a)
        a_part = unbroadcast(a_part, tuple(a.shape)) + (u * g[2][..., None, :]) @ vh
    return (
        None if a_part is None else unbroadcast(a_part, tuple(a.shape)),
        None if b_part is None else unbroadcast(b_part, tuple(b.shape)),
    )


@op(kind="general", method=False, torch_name="", holomorphic=False, several=True, vjp=_vjp,
    node_name="LinalgLstsqBackward0",
    cases=[case(TALL, (3, 2)), case(WIDE, (2, 1)), case(SQUARE, (3, 2)), case(np.stack([TALL, -TALL]), (3, 2)),
           case(TALL, (2, 3, 1)), case((0, 2), (0, 1))],
    tolerance=(10, "products of matrices in another order"))  # fmt: skip
def _least_squares(a, b, /, *, rcond=None):
    """The shortest solution, the rank, and the singular values."""
    return lapack(_solution, a, b, rcond=rcond)


def _check(A: Tensor, B: Tensor, driver: Any) -> None:  # noqa: N803
    name = "torch.linalg.lstsq"
    for label, tensor in (("input", A), ("other", B)):
        least = 2 if label == "input" else 1
        if tensor.ndim < least:
            raise RuntimeError(f"{name}: {label} must have at least {least} dimensions. Got {list(tensor.shape)}.")
    if not 0 <= A.ndim - B.ndim <= 1:
        raise RuntimeError(
            f"{name}: input.dim() must be greater or equal to other.dim() and (input.dim() - other.dim()) <= 1. Got "
            f"shapes {list(A.shape)} and {list(B.shape)}."
        )
    if A._array.dtype != B._array.dtype:
        first, second = dtypes.type_name(A._array.dtype), dtypes.type_name(B._array.dtype)
        raise RuntimeError(
            f"{name}: Expected input and other to have the same dtype, but got input's dtype {first} and other's dtype "
            f"{second}"
        )
    if A._array.dtype.kind not in "fc" or A._array.dtype == np.float16:
        raise NotImplementedError(
            "linalg.lstsq: This function doesn't handle types other than float and double. Convert it: A.float()."
        )
    if driver is not None and driver not in _DRIVERS:
        raise RuntimeError(f"{name}: parameter `driver` should be one of ({', '.join(_DRIVERS)}), got {driver!r}")


def _refuse_dependent(a: Any) -> None:
    """The driver "gels" takes matrices of full rank only; it notices exact zeros in R."""
    m, n = a.shape[-2:]
    r = np.linalg.qr(a if m >= n else adjoint(a), mode="r")
    zero = np.einsum("...ii->...i", r) == 0
    if a.size and zero.any():
        text = "The least squares solution could not be computed because the input matrix does not have full rank."
        raise failed("torch.linalg.lstsq", np.where(zero.any(-1), zero.argmax(-1) + 1, 0), text + " (error code: {0})")


@composite(np.linalg.lstsq, method=False)
def lstsq(
    A: Tensor,  # noqa: N803 - PyTorch's names
    B: Tensor,  # noqa: N803
    rcond: float | None = None,
    *,
    driver: str | None = None,
) -> Any:
    """The X for which ``|A X - B|`` is least; of several the shortest.

    Args:
        A: ``(*, m, n)``.
        B: ``(*, m, k)``, or with one dimension less than A: vectors ``(*, m)``. The batches broadcast.
        rcond: singular values up to this part of the largest count as zero; ``max(m, n) * eps`` by default.
        driver: LAPACK's function that PyTorch calls: ``"gelsy"`` (the default) tells the rank, ``"gelsd"`` and
            ``"gelss"`` the singular values as well, ``"gels"`` takes A to have full rank. Here all of them compute by
            singular values.

    Returns:
        A named tuple of `solution`, `residuals` (the sums of squares ``|A X - B|^2``, for ``m > n`` and full rank, not
        from ``"gelsy"``), `rank` and `singular_values`; empty where they are not told.

    Raises:
        RuntimeError: the shapes or the dtypes do not fit, or there is no such driver.

    Example:
        >>> import tinygrad_nn as tg
        >>> A = tg.tensor([[1.0, 1.0], [1.0, 2.0], [1.0, 3.0]])
        >>> tg.linalg.lstsq(A, tg.tensor([2.0, 3.0, 4.0])).solution.round(decimals=4)
        tensor([1., 1.])
    """
    _check(A, B, driver)
    vector = A.ndim - B.ndim == 1
    right: Tensor = B.unsqueeze(-1) if vector else B
    if A.shape[-2] != right.shape[-2]:
        raise RuntimeError(
            f"torch.linalg.lstsq: input.size(-2) should match other.size({-1 if vector else -2}). Got shapes "
            f"{list(A.shape)} and {list(B.shape)}."
        )
    broadcast_shapes("linalg.lstsq", tuple(A.shape[:-2]), tuple(right.shape[:-2]))
    chosen = driver or "gelsy"
    if chosen == "gels":
        _refuse_dependent(A._array)
    solution, rank, values = _least_squares(A, right, rcond=rcond)
    residuals = solution.reshape(-1)[:0].abs()  # empty, but of the graph
    m, n = A.shape[-2:]
    if m > n and chosen != "gelsy" and (chosen == "gels" or (rank._array == n).all()):
        rest = A @ solution - right
        residuals = (rest * rest.conj()).real.sum(dim=-2)
    if vector:
        solution = solution.squeeze(-1)
    told = wrap(np.empty(0, np.int64)) if chosen == "gels" else wrap(rank._array)
    shown = wrap(values._array) if chosen in ("gelsd", "gelss") else wrap(np.empty(0, A._array.real.dtype))
    return return_types.linalg_lstsq(solution, residuals, told, shown)
