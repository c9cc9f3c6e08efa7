"""Systems of linear equations with triangular matrices, of which one triangle only is read.

Source: https://docs.pytorch.org/docs/stable/generated/torch.linalg.solve_triangular.html
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from .._core import return_types
from .._core.backward import unbroadcast
from .._core.errors import broadcast_shapes
from .._core.matrices import triangular
from .._core.op import case, composite, op
from .._core.tensor import Tensor
from .join import tril, triu
from .matrix_checks import SQUARE, SQUARES, TALL, adjoint, check_kernel, check_matrix, check_square, lapack, turned

__all__ = ["triangular_solve"]

_BLOCK = 48  # up to which NumPy's solver for any matrix is quicker than a product more


# --- on arrays ---------------------------------------------------------------------------------------------------


def substituted(a: Any, b: Any, *, upper: bool, unit: bool = False) -> Any:
    """The solution of ``a x = b`` by substitution; dividing by zero is allowed."""
    found = triangular(a, b, upper, unit)
    return found if found is not None else _by_blocks(a, b, upper, unit)


def _by_blocks(a: Any, b: Any, upper: bool, unit: bool) -> Any:
    """The same where there is no OpenBLAS, a block of rows after the other."""
    count = a.shape[-1]
    if count <= _BLOCK:
        return _block(a, b, upper, unit)
    batch = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    x = np.empty((*batch, *b.shape[-2:]), b.dtype)
    starts = range(0, count, _BLOCK)
    for start in reversed(starts) if upper else starts:
        rows = slice(start, min(start + _BLOCK, count))
        known = slice(rows.stop, count) if upper else slice(0, start)
        rest = b[..., rows, :] - a[..., rows, known] @ x[..., known, :]
        x[..., rows, :] = _block(a[..., rows, rows], rest, upper, unit)
    return x


@functools.lru_cache(maxsize=2 * _BLOCK)
def _above(count: int) -> Any:
    """Where the upper triangle of a matrix is; `np.triu` takes ten times as long."""
    return np.triu(np.ones((count, count), bool))


def _block(a: Any, b: Any, upper: bool, unit: bool) -> Any:
    """An upper triangular matrix needs no pivoting, so that LAPACK's solver for any matrix only substitutes."""
    if not upper:
        a, b = a[..., ::-1, ::-1], b[..., ::-1, :]
    a = np.where(_above(a.shape[-1]), a, a.dtype.type(0))
    if unit:
        np.einsum("...ii->...i", a)[...] = 1
    try:
        x = np.linalg.solve(a, b)
    except np.linalg.LinAlgError:  # there is a zero on the diagonal
        x = _rows(a, b)
    return x if upper else x[..., ::-1, :]


def _rows(a: Any, b: Any) -> Any:
    """Substitution row by row."""
    x = np.broadcast_to(b, (*np.broadcast_shapes(a.shape[:-2], b.shape[:-2]), *b.shape[-2:])).copy()
    for row in range(a.shape[-1] - 1, -1, -1):
        x[..., row, :] /= a[..., row, row, None]
        x[..., :row, :] -= a[..., :row, row, None] * x[..., None, row, :]
    return x


# --- the op ------------------------------------------------------------------------------------------------------


def _triangular_vjp(g: Any, a: Any, b_shape: Any, out: Any, upper: bool, unit: bool, needs: Any) -> Any:
    b_part = _triangular.op.numpy(turned(a), g, upper=not upper, unit=unit)
    a_part = None
    if needs[0]:
        triangle = np.triu if upper else np.tril
        full = unbroadcast(-(b_part @ turned(out)), a.shape)
        a_part = triangle(full, (1 if upper else -1) if unit else 0)
    return a_part, unbroadcast(b_part, b_shape)


@op(kind="general", method=False, torch_name="", node_name="LinalgSolveTriangularBackward0", vjp=_triangular_vjp,
    cases=[case(SQUARE, (3, 2), upper=True), case(SQUARES, (3, 2), upper=False), case(SQUARE, (2, 3, 1), upper=True),
           case(SQUARE, (3, 2), upper=False, unit=True), case(SQUARE, (3, 0), upper=True),
           case(SQUARE, TALL, upper=True, unit=True)],
    tolerance=(10, "products of matrices in another order"))  # fmt: skip
def _triangular(a, b, /, *, upper, unit=False):
    """The solution of ``a x = b``."""
    return lapack(substituted, a, b, upper=upper, unit=unit)


def solved_triangular(a: Any, b: Any, upper: bool, left: bool = True, unit: bool = False) -> Any:
    """The solution of ``a x = b``, or of ``x a = b``. On arrays and tensors: what rules call."""
    if left:
        return _triangular.op.numpy(a, b, upper=upper, unit=unit)
    return turned(_triangular.op.numpy(turned(a), turned(b), upper=not upper, unit=unit))


def check_system(name: str, a: Any, b: Any, left: bool, label: str = "A") -> None:
    """Refuse shapes that do not go together; the batches may broadcast."""
    if a.shape[-1] != b.shape[-2 if left else -1]:
        equation = "AX = B" if left else "XA = B"
        raise RuntimeError(
            f"{name}: Incompatible shapes of {label} and B for the equation {equation} "
            f"({a.shape[-2]}x{a.shape[-1]} and {b.shape[-2]}x{b.shape[-1]})"
        )
    broadcast_shapes(name, tuple(a.shape[:-2]), tuple(b.shape[:-2]))


@composite(method=False, out=True)
def solve_triangular(
    A: Tensor,  # noqa: N803 - PyTorch's name
    B: Tensor,  # noqa: N803
    *,
    upper: bool,
    left: bool = True,
    unitriangular: bool = False,
) -> Tensor:
    """The solution X of ``A X = B``, or with ``left=False`` of ``X A = B``, for a triangular matrix A.

    Args:
        A, B: ``(*, n, n)`` and ``(*, n, k)`` (with ``left=False``: ``(*, k, n)``); the batches broadcast.
        upper: which triangle of A is read.
        left: on which side A stands.
        unitriangular: the diagonal of A counts as ones, and is not read.

    Raises:
        RuntimeError: the shapes do not fit. Zeros on the diagonal are not noticed: the result is then infinite or nan.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.linalg.solve_triangular(tg.tensor([[2.0, 1.0], [0.0, 4.0]]), tg.tensor([[4.0], [8.0]]), upper=True)
        tensor([[1.],
                [2.]])
    """
    check_square("linalg.solve_triangular", A)
    check_matrix("linalg.solve_triangular", B, "B")
    check_system("linalg.solve_triangular", A, B, left)
    check_kernel("triangular_solve", A)
    result: Tensor = solved_triangular(A, B.to(A.dtype), bool(upper), left, unitriangular)
    return result


@composite(out=True)
def triangular_solve(
    b: Tensor,
    A: Tensor,  # noqa: N803 - PyTorch's name
    upper: bool = True,
    transpose: bool = False,
    unitriangular: bool = False,
) -> Any:
    """The solution of ``A X = b`` for a triangular matrix A, and a copy of A. PyTorch's older form.

    Args:
        b, A: ``(*, n, k)`` and ``(*, n, n)``; the batches broadcast.
        upper: which triangle of A is read.
        transpose: solve ``A.T X = b``.
        unitriangular: the diagonal of A counts as ones.

    Raises:
        RuntimeError: the shapes do not fit.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.triangular_solve(tg.tensor([[4.0], [8.0]]), tg.tensor([[2.0, 1.0], [0.0, 4.0]])).solution
        tensor([[1.],
                [2.]])
    """
    for label, tensor in (("b", b), ("A", A)):
        if tensor.ndim < 2:
            raise RuntimeError(
                f"torch.triangular_solve: Expected {label} to have at least 2 dimensions, but it has {tensor.ndim} "
                "dimensions instead"
            )
    check_square("triangular_solve", A)
    check_pair("triangular_solve", b, A)
    check_kernel("triangular_solve", A)
    copied = A.expand(*broadcast_shapes("triangular_solve", tuple(b.shape[:-2]), tuple(A.shape[:-2])), *A.shape[-2:])
    matrix, upper = (turned(A), not upper) if transpose else (A, bool(upper))
    return return_types.triangular_solve(solved_triangular(matrix, b, upper, unit=unitriangular), copied.clone())


def check_pair(name: str, b: Tensor, a: Tensor) -> None:
    """What PyTorch's older solvers refuse."""
    if a._array.dtype != b._array.dtype:
        raise RuntimeError(
            f"Expected b and A to have the same dtype, but found b of type {b.dtype} and A of type {a.dtype} instead."
        )
    if a.shape[-1] != b.shape[-2]:
        (m, n), (r, k) = a.shape[-2:], b.shape[-2:]
        raise RuntimeError(
            f"Incompatible matrix sizes for {name}: each A matrix is {m} by {n} but each b matrix is {r} by {k}"
        )


# --- with the factors of a Cholesky decomposition ----------------------------------------------------------------


def lower_and_upper(factor: Tensor, upper: bool) -> tuple[Any, Any]:
    """The two factors of a Hermitian matrix, of which one is given."""
    triangle = triu(factor) if upper else tril(factor)
    return (adjoint(triangle), triangle) if upper else (triangle, adjoint(triangle))
