"""The LU decomposition with partial pivoting, ``A = P L U``.

The factors are kept in one matrix: U in the upper triangle, L, whose diagonal is ones, below it. `pivots` says with
which row each row was exchanged, one after the other, counted from 1.

Source: https://docs.pytorch.org/docs/stable/generated/torch.linalg.lu.html
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .._core import return_types
from .._core.errors import explained
from .._core.op import case, composite, op
from .._core.outputs import accepting_out
from .._core.tensor import Tensor, tensor_attribute, wrap
from .elimination import factorised, permuting
from .join import tril, triu
from .matrix_checks import (
    SQUARE,
    SQUARES,
    TALL,
    WIDE,
    adjoint,
    array_of,
    check_floats,
    check_kernel,
    check_matrix,
    check_same_dtype,
    lapack,
    turned,
)
from .triangular import check_system, solved_triangular

__all__ = ["lu", "lu_solve", "lu_unpack"]


# --- the op ------------------------------------------------------------------------------------------------------


def _lu_rule(g: Any, lu: Any, pivots: Any) -> Any:
    """PyTorch's formulas for square, wide and tall matrices."""
    m, n = lu.shape[-2:]
    k = min(m, n)
    lower, upper = lu[..., :, :k], np.triu(lu[..., :k, :])
    lower = np.tril(lower, -1) + np.eye(m, k, dtype=lu.dtype)
    g_lower, g_upper = np.tril(g[..., :, :k], -1), np.triu(g[..., :k, :])
    square_lower, square_upper = lower[..., :k, :], upper[..., :, :k]
    by_lower, by_upper = turned(lower) @ g_lower, g_upper @ turned(upper)
    if m < n:
        inner = _over(np.tril(by_lower - by_upper, -1), square_upper)
        inner = _under(square_lower, np.concatenate([inner + g_upper[..., :, :k], g_upper[..., :, k:]], -1))
    elif m > n:
        inner = _under(square_lower, np.triu(by_upper - by_lower))
        inner = _over(np.concatenate([inner + g_lower[..., :k, :], g_lower[..., k:, :]], -2), square_upper)
    else:
        inner = _under(lower, _over(np.tril(by_lower, -1) + np.triu(by_upper), upper))
    return permuting(pivots, m, lu.dtype) @ inner


def _over(x: Any, upper: Any) -> Any:
    """``x U^-T``."""
    return solved_triangular(turned(upper), x, upper=False, left=False)


def _under(lower: Any, x: Any) -> Any:
    """``L^-T x``."""
    return solved_triangular(turned(lower), x, upper=True, unit=True)


@op(kind="general", method=False, torch_name="", several=True, node_name="LinalgLuFactorExBackward0",
    vjp=lambda g, out: _lu_rule(g[0], out[0], array_of(out[1])),
    cases=[case(SQUARE), case(SQUARES), case(TALL), case(WIDE), case((0, 2)), case(TALL[::-1].copy())],
    tolerance=(10, "products of matrices in another order"))  # fmt: skip
def _packed_lu(x, /):
    """Both factors in one matrix, the pivots, and where the first zero stands on U's diagonal."""
    return lapack(factorised, x)


def _factors(A: Tensor, pivot: bool, name: str = "linalg.lu_factor") -> tuple[Any, Any, Any]:  # noqa: N803
    if A.ndim < 2:
        raise RuntimeError(
            f"torch.lu_factor: Expected tensor with 2 or more dimensions. Got size: {list(A.shape)} instead"
        )
    check_kernel("lu", A, empty=True)
    if not pivot:
        raise RuntimeError(f"{name}: LU without pivoting is not implemented on the CPU. Leave out pivot=False.")
    packed, pivots, info = _packed_lu(A)
    return packed, wrap(pivots._array), wrap(np.asarray(info._array))


def _refuse_zeros(name: str, info: Any) -> None:
    array = info._array
    if array.any():
        k = int(array.reshape(-1)[np.flatnonzero(array.reshape(-1))[0]])
        raise RuntimeError(
            f"{name}: U[{k},{k}] is zero and using it on lu_solve would result in a division by zero. If you still "
            "want to perform the factorization, consider calling linalg.lu(A, pivot) or linalg.lu_factor_ex(A, pivot)"
        )


# --- the public functions ----------------------------------------------------------------------------------------


@composite(method=False, out=True)
def lu_factor(A: Tensor, *, pivot: bool = True) -> Any:  # noqa: N803 - PyTorch's name
    """Both factors in one matrix, and the pivots: what `lu_solve` takes.

    Raises:
        RuntimeError: U has a zero on its diagonal, or `pivot` is False.

    Example:
        >>> import tinygrad_nn as tg
        >>> LU, pivots = tg.linalg.lu_factor(tg.tensor([[1.0, 2.0], [4.0, 4.0]]))
        >>> LU
        tensor([[4.0000, 4.0000],
                [0.2500, 1.0000]])
        >>> pivots
        tensor([2, 2], dtype=torch.int32)
    """
    packed, pivots, info = _factors(A, pivot)
    _refuse_zeros("torch.linalg.lu_factor", info)
    return return_types.linalg_lu_factor(packed, pivots)


@composite(method=False, out=True)
def lu_factor_ex(A: Tensor, *, pivot: bool = True, check_errors: bool = False) -> Any:  # noqa: N803
    """As `lu_factor`, with the place of the first zero on the diagonal of U, from 1 on; 0 where there is none.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.linalg.lu_factor_ex(tg.tensor([[1.0, 2.0], [2.0, 4.0]])).info
        tensor(2, dtype=torch.int32)
    """
    packed, pivots, info = _factors(A, pivot)
    if check_errors:
        _refuse_zeros("torch.linalg.lu_factor_ex", info)
    return return_types.linalg_lu_factor_ex(packed, pivots, info)


def unpacked(packed: Any) -> tuple[Any, Any]:
    """L and U out of one matrix."""
    m, n = packed.shape[-2:]
    k = min(m, n)
    dtype = array_of(packed).dtype
    return tril(packed[..., :, :k], -1) + wrap(np.eye(m, k, dtype=dtype)), triu(packed[..., :k, :])


@composite(method=False, out=True)
def linalg_lu(A: Tensor, *, pivot: bool = True) -> Any:  # noqa: N803 - PyTorch's name
    """The permutation P, the lower triangular L with ones on its diagonal, and the upper triangular U: ``A = P L U``.

    Raises:
        RuntimeError: A has fewer than two dimensions, or `pivot` is False.

    Example:
        >>> import tinygrad_nn as tg
        >>> P, L, U = tg.linalg.lu(tg.tensor([[1.0, 2.0], [4.0, 4.0]]))
        >>> P @ L @ U
        tensor([[1., 2.],
                [4., 4.]])
    """
    packed, pivots, _ = _factors(A, pivot)
    lower, upper = unpacked(packed)
    return return_types.linalg_lu(wrap(permuting(pivots._array, A.shape[-2], A._array.dtype)), lower, upper)


@explained
def lu(A: Tensor, pivot: bool = True, get_infos: bool = False, out: Any = None) -> Any:  # noqa: N803
    """Both factors in one matrix, the pivots, and on request where the first zero of U's diagonal stands.

    PyTorch's older form of `linalg.lu_factor` and `linalg.lu_factor_ex`.

    Raises:
        RuntimeError: without `get_infos`, U has a zero on its diagonal.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.lu(tg.tensor([[1.0, 2.0], [4.0, 4.0]]))[1]
        tensor([2, 2], dtype=torch.int32)
    """

    def factor(A: Tensor) -> Any:  # noqa: N803
        found = _factors(A, pivot)
        if not get_infos:
            _refuse_zeros("torch.linalg.lu_factor", found[2])
        return found if get_infos else found[:2]

    return accepting_out(factor)(A, out=out)


def _lu_method(self: Tensor, pivot: bool = True, get_infos: bool = False) -> Any:
    """See `tinygrad_nn.lu`."""
    return lu(self, pivot, get_infos)


tensor_attribute("lu", _lu_method)


def _check_pivots(name: str, lu_data: Tensor, pivots: Tensor) -> None:
    if pivots._array.dtype != np.int32:
        raise RuntimeError(
            f"{name}: pivots should be a Tensor of scalar type torch.int32, as torch.linalg.lu_factor gives them; got "
            f"{pivots.dtype}. (LU_pivots is expected to be a contiguous tensor of torch.int32 dtype.)"
        )
    rows = lu_data.shape[-2]
    if pivots._array.size and not (pivots._array.min() >= 1 and pivots._array.max() <= rows):
        raise RuntimeError(
            "pivots passed to lu_unpack must be between 1 and LU.size(-2) inclusive.Did you properly pass the result "
            f"of lu_factor? (Got {pivots._array.min()} to {pivots._array.max()}, for {rows} rows.)"
        )


@composite(method=False, out=True)
def lu_unpack(
    LU_data: Tensor,  # noqa: N803 - PyTorch's names
    LU_pivots: Tensor,  # noqa: N803
    unpack_data: bool = True,
    unpack_pivots: bool = True,
) -> Any:
    """P, L and U out of what `linalg.lu_factor` gives; empty tensors for what is not asked for.

    Raises:
        RuntimeError: the pivots are not of int32, or not rows of the matrix.

    Example:
        >>> import tinygrad_nn as tg
        >>> A = tg.tensor([[1.0, 2.0], [4.0, 4.0]])
        >>> P, L, U = tg.lu_unpack(*tg.linalg.lu_factor(A))
        >>> L
        tensor([[1.0000, 0.0000],
                [0.2500, 1.0000]])
    """
    check_matrix("torch.lu_unpack", LU_data, "LU_data")
    if unpack_pivots:
        _check_pivots("torch.lu_unpack", LU_data, LU_pivots)
    dtype = LU_data._array.dtype
    none = wrap(np.empty(0, dtype))
    lower, upper = unpacked(LU_data) if unpack_data else (none, none)
    permuted = wrap(permuting(LU_pivots._array, LU_data.shape[-2], dtype)) if unpack_pivots else none
    return return_types.lu_unpack(permuted, lower, upper)


@composite(method=False, out=True)
def linalg_lu_solve(
    LU: Tensor,  # noqa: N803 - PyTorch's names
    pivots: Tensor,
    B: Tensor,  # noqa: N803
    *,
    left: bool = True,
    adjoint: bool = False,
) -> Tensor:
    """The solution of ``A X = B`` from A's LU decomposition; of ``X A = B`` and with ``A^H`` on request.

    Args:
        LU, pivots: what `linalg.lu_factor` gives for ``(*, n, n)``.
        B: ``(*, n, k)``, with ``left=False`` ``(*, k, n)``; the batches broadcast.
        left: on which side A stands.
        adjoint: solve with the conjugate transpose of A.

    Raises:
        RuntimeError: the shapes or the dtypes do not fit.

    Example:
        >>> import tinygrad_nn as tg
        >>> LU, pivots = tg.linalg.lu_factor(tg.tensor([[1.0, 2.0], [4.0, 4.0]]))
        >>> tg.linalg.lu_solve(LU, pivots, tg.tensor([[3.0], [8.0]]))
        tensor([[1.],
                [1.]])
    """
    name = "linalg.lu_solve"
    check_matrix(name, LU, "LU")
    check_matrix(name, B, "B")
    if LU.shape[-1] != LU.shape[-2]:
        m, n = LU.shape[-2:]
        raise RuntimeError(f"torch.{name}: A must be batches of square matrices, but they are {m} by {n} matrices")
    words = ": Expected LU and B to have the same dtype, but found LU of type {0} and B of type {1} instead"
    check_same_dtype(name + words, LU, B)
    if tuple(pivots.shape) != (*LU.shape[:-2], LU.shape[-1]):
        raise RuntimeError(f"{name}: Number of pivots per batch should be same as the dimension of the matrix")
    _check_pivots(name, LU, pivots)
    check_floats(f"torch.{name}", LU, "lu_solve")
    check_system(name, LU, B, left, "LU")
    return _lu_solution(LU, pivots, B, left, adjoint)


def _lu_solution(LU: Any, pivots: Any, B: Any, left: bool, use_adjoint: bool) -> Tensor:  # noqa: N803
    if not left:
        solution: Tensor = adjoint(_lu_solution(LU, pivots, adjoint(B), True, not use_adjoint))
        return solution
    order = wrap(permuting(pivots._array, LU.shape[-1], LU._array.dtype))
    lower, upper = unpacked(LU)
    if use_adjoint:
        inner = solved_triangular(adjoint(upper), B, upper=False)
        result: Tensor = order @ solved_triangular(adjoint(lower), inner, upper=True, unit=True)
        return result
    inner = solved_triangular(lower, turned(order) @ B, upper=False, unit=True)
    last: Tensor = solved_triangular(upper, inner, upper=True)
    return last


@composite(out=True)
def lu_solve(b: Tensor, LU_data: Tensor, LU_pivots: Tensor) -> Tensor:  # noqa: N803 - PyTorch's names
    """The solution of ``A X = b`` from A's LU decomposition; the older form of `linalg.lu_solve`.

    Example:
        >>> import tinygrad_nn as tg
        >>> LU, pivots = tg.linalg.lu_factor(tg.tensor([[1.0, 2.0], [4.0, 4.0]]))
        >>> tg.lu_solve(tg.tensor([[3.0], [8.0]]), LU, pivots)
        tensor([[1.],
                [1.]])
    """
    result: Tensor = linalg_lu_solve(LU_data, LU_pivots, b)
    return result
