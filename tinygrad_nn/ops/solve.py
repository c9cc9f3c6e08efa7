"""Systems of linear equations, ``A X = B``.

Source: https://docs.pytorch.org/docs/stable/generated/torch.linalg.solve.html
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .._core import matrices, return_types
from .._core.backward import unbroadcast
from .._core.errors import broadcast_shapes
from .._core.op import case, composite, op
from .._core.tensor import Tensor, wrap
from .inverse import _inverse, inverted
from .matrix_checks import (
    SQUARE,
    SQUARES,
    LinAlgError,
    check_floats,
    check_matrix,
    check_same_dtype,
    check_square,
    failed,
    infos,
    lapack,
    turned,
)

__all__: list[str] = []

_SINGULAR = (
    "The solver failed because the input matrix is singular. (Element {0} of the diagonal of U in A = P L U is zero.) "
    "For a matrix that may be singular there is linalg.lstsq."
)


def _solve_vjp(g: Any, a: Any, b_shape: Any, out: Any, needs: Any) -> Any:
    b_part = _solve.op.numpy(turned(a), g)
    a_part = unbroadcast(-(b_part @ turned(out)), a.shape) if needs[0] else None
    return a_part, unbroadcast(b_part, b_shape)


@op(kind="general", method=False, torch_name="linalg.solve", names=("A", "B"), node_name="LinalgSolveExBackward0",
    vjp=_solve_vjp, tolerance=(10, "products of matrices in another order"),
    cases=[case(SQUARE, (3, 2)), case(SQUARES, (3, 2)), case(SQUARE, (2, 3, 1)), case((0, 0), (0, 2)),
           case(SQUARES, (5, 1, 3, 2)), case(SQUARE, (3, 0))])  # fmt: skip
def _solve(a, b, /, *, check=True):
    """The solution of ``a x = b``; without `check`, of singular systems what dividing by zero gives."""
    try:
        return lapack(matrices.solve, a, b)
    except np.linalg.LinAlgError:
        if check:
            raise LinAlgError("singular") from None
    from .elimination import factorised, solved  # only here: most systems have a solution

    packed, pivots, _ = lapack(factorised, a)
    return lapack(lambda lu, right: solved(lu, pivots, right), packed, b)


def _is_vector(A: Tensor, B: Tensor) -> bool:  # noqa: N803
    """Whether B is one vector, or a batch of them just as A is of matrices: PyTorch's rule."""
    return B.ndim == 1 or (A.ndim - 1 == B.ndim and tuple(B.shape) == tuple(A.shape[:-1]))


def _prepared(name: str, A: Tensor, B: Tensor, left: bool) -> tuple[Tensor, Tensor, bool]:  # noqa: N803
    """Both as matrices for ``A X = B``, and whether B was a vector."""
    check_floats(name, A, "lu")
    check_same_dtype(
        f"{name}: Expected A and B to have the same dtype, but found A of type {{0}} and B of type {{1}} instead", A, B
    )
    check_square(name, A)
    vector = _is_vector(A, B)
    if not vector:
        check_matrix(name, B, "B")
    matrix: Tensor = B.unsqueeze(-1) if vector else B
    if A.shape[-1] != matrix.shape[-2 if left else -1]:
        equation = "AX = B" if left else "XA = B"
        raise RuntimeError(
            f"{name}: Incompatible shapes of A and B for the equation {equation} "
            f"({A.shape[-2]}x{A.shape[-1]} and {matrix.shape[-2]}x{matrix.shape[-1]})"
        )
    broadcast_shapes(name, tuple(A.shape[:-2]), tuple(matrix.shape[:-2]))
    return (A, matrix, vector) if left else (turned(A), turned(matrix), vector)


def _finished(x: Any, left: bool, vector: bool) -> Any:
    x = x if left else turned(x)
    return x.squeeze(-1) if vector else x


def _attempt(name: str, A: Tensor, B: Tensor, left: bool) -> Tensor:  # noqa: N803
    matrix, right, vector = _prepared(name, A, B, left)
    try:
        found: Tensor = _finished(_solve(matrix, right), left, vector)
    except LinAlgError:
        raise failed(f"torch.{name}", inverted(matrix._array)[1], _SINGULAR) from None
    return found


@composite(np.linalg.solve, method=False, out=True)
def solve(A: Tensor, B: Tensor, *, left: bool = True) -> Tensor:  # noqa: N803 - PyTorch's names
    """The solution X of ``A X = B``, or with ``left=False`` of ``X A = B``.

    Args:
        A: ``(*, n, n)``.
        B: ``(*, n, k)`` (with ``left=False``: ``(*, k, n)``), where the batches broadcast; a vector ``(n,)``, or a
            batch of vectors of just A's batch.
        left: on which side A stands.

    Raises:
        LinAlgError: a matrix is singular; a RuntimeError, as in PyTorch.
        RuntimeError: the shapes or the dtypes do not fit.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.linalg.solve(tg.tensor([[2.0, 0.0], [1.0, 1.0]]), tg.tensor([4.0, 5.0]))
        tensor([2., 3.])
    """
    return _attempt("linalg.solve", A, B, left)


@composite(method=False, out=True)
def solve_ex(A: Tensor, B: Tensor, *, left: bool = True, check_errors: bool = False) -> Any:  # noqa: N803
    """As `solve`, and 0 where it succeeded; else which element of U's diagonal is zero in ``A = P L U``, from 1 on.

    Raises:
        LinAlgError: with `check_errors`, a matrix is singular.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.linalg.solve_ex(tg.zeros(2, 2), tg.ones(2)).info
        tensor(1, dtype=torch.int32)
    """
    try:
        return return_types.linalg_solve_ex(_attempt("linalg.solve_ex", A, B, left), infos(A._array.shape[:-2]))
    except LinAlgError:
        if check_errors:
            raise
    matrix, right, vector = _prepared("linalg.solve_ex", A, B, left)
    result = _finished(_solve(matrix, right, check=False), left, vector)
    return return_types.linalg_solve_ex(result, wrap(np.asarray(inverted(matrix._array)[1])))


# --- tensors as matrices -----------------------------------------------------------------------------------------


@composite(np.linalg.tensorinv, method=False, out=True)
def tensorinv(A: Tensor, ind: int = 2) -> Tensor:  # noqa: N803 - PyTorch's name
    """The inverse of a tensor that maps its last dimensions to its first `ind`, as `tensordot` multiplies.

    Raises:
        RuntimeError: the first and the last dimensions have different numbers of elements, or `ind` is not positive.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.linalg.tensorinv(tg.eye(6).reshape(2, 3, 6)).shape
        torch.Size([6, 2, 3])
    """
    if ind <= 0:
        raise RuntimeError(f"Expected a strictly positive integer for 'ind', but got {ind}")
    first, last = tuple(A.shape[:ind]), tuple(A.shape[ind:])
    if math.prod(first) != math.prod(last):
        raise RuntimeError(
            "Expected self to satisfy the requirement prod(self.shape[ind:]) == prod(self.shape[:ind]), but got "
            f"{math.prod(last)} != {math.prod(first)}"
        )
    check_floats("linalg.inv", A)
    matrix = A.reshape(math.prod(first), math.prod(last))
    result: Tensor = _inverse(matrix, name="inv").reshape(last + first)
    return result


@composite(np.linalg.tensorsolve, method=False, out=True)
def tensorsolve(A: Tensor, B: Tensor, dims: Any = None) -> Tensor:  # noqa: N803 - PyTorch's names
    """The solution X of ``tensordot(A, X, dims=X.ndim) = B``.

    Args:
        A, B: B's shape is that of A's first dimensions; those that follow, X's, have as many elements.
        dims: dimensions of A that are moved to its end first.

    Raises:
        RuntimeError: the numbers of elements do not fit.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.linalg.tensorsolve(tg.eye(6).reshape(2, 3, 6), tg.ones(2, 3)).shape
        torch.Size([6])
    """
    if dims is not None:
        moved = (dims,) if isinstance(dims, int) else tuple(dims)
        last: Tensor = A.movedim(moved, tuple(range(A.ndim - len(moved), A.ndim)))
        return tensorsolve(last, B)
    wanted = tuple(A.shape[B.ndim :])
    rows, columns = math.prod(A.shape[: B.ndim]), math.prod(wanted)
    if rows != columns:
        raise RuntimeError(
            "Expected self to satisfy the requirement prod(self.shape[other.ndim:]) == prod(self.shape[:other.ndim]), "
            f"but got {columns} != {rows}"
        )
    result: Tensor = solve(A.reshape(rows, columns), B.reshape(-1)).reshape(wanted)
    return result
