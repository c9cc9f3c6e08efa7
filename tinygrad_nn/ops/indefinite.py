"""Decompositions of symmetric (or Hermitian) matrices that need not be positive definite: ``A = P L D L^H P^T``.

Source: https://docs.pytorch.org/docs/stable/generated/torch.linalg.ldl_factor.html
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .._core import dtypes, return_types
from .._core.errors import broadcast_shapes
from .._core.matrices import pivoted
from .._core.op import composite
from .._core.tensor import Tensor
from .matrix_checks import check_kernel, check_square, not_implemented, without_gradient

__all__: list[str] = []

_ALPHA = (1 + 17**0.5) / 8  # Bunch and Kaufman's bound on the growth of elements


def _size(x: Any) -> Any:
    """How LAPACK measures elements."""
    return np.abs(x.real) + np.abs(x.imag) if x.dtype.kind == "c" else np.abs(x)


def _choose(a: Any, k: int, hermitian: bool) -> tuple[int, int]:
    """The row that becomes row k (or k + 1), and whether one or two rows are eliminated at once; 0: they are zero."""
    n = len(a)
    column = _size(a[k + 1 :, k])
    here = abs(a[k, k].real) if hermitian else float(_size(a[k, k]))
    most = k + 1 + int(column.argmax()) if k + 1 < n else k
    largest = float(column.max(initial=0.0))
    if max(here, largest) == 0 or np.isnan(here):
        return k, 0
    if here >= _ALPHA * largest:
        return k, 1
    across = max(float(_size(a[most, k:most]).max(initial=0)), float(_size(a[most + 1 :, most]).max(initial=0)))
    if here >= _ALPHA * largest * (largest / across):
        return k, 1
    there = abs(a[most, most].real) if hermitian else float(_size(a[most, most]))
    return (most, 1) if there >= _ALPHA * across else (most, 2)


def _exchange(a: Any, i: int, j: int, hermitian: bool) -> None:
    """Exchange rows and columns i < j of what is left of a matrix of which the lower triangle is kept."""
    turn = np.conj if hermitian else (lambda x: x)
    a[j + 1 :, [i, j]] = a[j + 1 :, [j, i]]
    between = a[i + 1 : j, i].copy()
    a[i + 1 : j, i] = turn(a[j, i + 1 : j])
    a[j, i + 1 : j] = turn(between)
    a[j, i] = turn(a[j, i])
    a[i, i], a[j, j] = a[j, j], a[i, i]


def _eliminate(a: Any, k: int, step: int, hermitian: bool) -> None:
    """Subtract what a block of D explains, and keep the columns of L in its place."""
    turn = np.conj if hermitian else (lambda x: x)
    rest = slice(k + step, None)
    block = a[k : k + step, k : k + step].copy()
    if hermitian:
        block[range(step), range(step)] = block[range(step), range(step)].real
    if step == 2:
        block[0, 1] = turn(block[1, 0])
    columns = a[rest, k : k + step].copy()
    if not len(columns):
        return
    factors = columns / block if step == 1 else np.linalg.solve(block.T, columns.T).T
    a[rest, rest] -= np.tril(factors @ turn(columns).T)
    a[rest, k : k + step] = factors


def _factorised(x: Any, hermitian: bool) -> tuple[Any, Any, int]:
    """LAPACK's ``sytrf`` (or ``hetrf``) on the lower triangle of one matrix."""
    return pivoted(x, hermitian) or _by_steps(x, hermitian)


def _by_steps(x: Any, hermitian: bool) -> tuple[Any, Any, int]:
    """The same where there is no OpenBLAS, as LAPACK's ``sytf2`` does it."""
    a, n = np.tril(x), len(x)
    pivots, info, k = np.zeros(n, np.int32), 0, 0
    while k < n:
        chosen, step = _choose(a, k, hermitian)
        if not step:
            info, step = info or k + 1, 1
            pivots[k] = k + 1
            k += 1
            continue
        last = k + step - 1
        if chosen != last:
            if step == 2:  # the part of the first of the two rows
                _exchange_second(a, k, last, chosen, hermitian)
            else:
                _exchange(a, k, chosen, hermitian)
        if hermitian:
            a[range(k, last + 1), range(k, last + 1)] = a[range(k, last + 1), range(k, last + 1)].real
        pivots[k : last + 1] = chosen + 1 if step == 1 else -(chosen + 1)
        _eliminate(a, k, step, hermitian)
        k += step
    return a, pivots, info


def _exchange_second(a: Any, k: int, i: int, j: int, hermitian: bool) -> None:
    _exchange(a, i, j, hermitian)
    a[i, k], a[j, k] = a[j, k], a[i, k]


def _each(function: Any, *arrays: Any) -> list[Any]:
    """One result after the other for each matrix of a batch; a list of stacked parts."""
    results = [function(*parts) for parts in zip(*arrays, strict=True)]
    return [np.stack(part) for part in zip(*results, strict=True)]


def _factor(name: str, A: Tensor, hermitian: bool) -> tuple[Any, Any, Any]:  # noqa: N803
    check_square(f"torch.{name}", A)
    check_kernel("ldl_factor_kernel", A, empty=True)
    array = A._array
    *batch, n, _ = array.shape
    flat = array.reshape(int(np.prod(batch)), n, n)
    with np.errstate(all="ignore"):
        if len(flat):
            packed, pivots, info = _each(lambda x: _factorised(x, hermitian and array.dtype.kind == "c"), flat)
        else:
            packed, pivots, info = flat, np.zeros((0, n)), np.zeros(0)
    results = (
        packed.reshape(array.shape).astype(array.dtype),
        pivots.reshape((*batch, n)).astype(np.int32),
        np.asarray(info.reshape(tuple(batch)), np.int32),
    )
    found = without_gradient(A, results, not_implemented("linalg_ldl_factor_ex"))
    return found[0], found[1], found[2]


@composite(method=False, out=True)
def ldl_factor(A: Tensor, *, hermitian: bool = False) -> Any:  # noqa: N803 - PyTorch's name
    """L and D in one matrix, and the pivots: what `ldl_solve` takes. It has no gradient.

    Args:
        A: ``(*, n, n)``, symmetric; the lower triangle is read.
        hermitian: a complex A is Hermitian.

    Raises:
        RuntimeError: A is singular or not square.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.linalg.ldl_factor(tg.tensor([[4.0, 2.0], [2.0, -3.0]])).LD.tril()
        tensor([[ 4.0000,  0.0000],
                [ 0.5000, -4.0000]])
    """
    packed, pivots, info = _factor("linalg.ldl_factor", A, hermitian)
    if info._array.any():
        first = info._array.reshape(-1)[np.flatnonzero(info._array.reshape(-1))[0]]
        raise RuntimeError(
            f"torch.linalg.ldl_factor: D[{first},{first}] is zero: the matrix is singular. ldl_factor_ex goes on."
        )
    return return_types.linalg_ldl_factor(packed, pivots)


@composite(method=False, out=True)
def ldl_factor_ex(A: Tensor, *, hermitian: bool = False, check_errors: bool = False) -> Any:  # noqa: N803
    """As `ldl_factor`, with the place of the first zero of D, from 1 on; 0 where there is none.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.linalg.ldl_factor_ex(tg.zeros(2, 2)).info
        tensor(1, dtype=torch.int32)
    """
    packed, pivots, info = _factor("linalg.ldl_factor_ex", A, hermitian)
    if check_errors and info._array.any():
        raise RuntimeError("torch.linalg.ldl_factor_ex: the matrix is singular.")
    return return_types.linalg_ldl_factor_ex(packed, pivots, info)


def _solved(a: Any, pivots: Any, b: Any, hermitian: bool) -> tuple[Any]:
    """The steps of ``_factorised``, first forward, then back."""
    turn = np.conj if hermitian else (lambda x: x)
    x, n, k, steps = b.copy(), len(a), 0, []
    while k < n:
        step = 1 if pivots[k] > 0 else 2
        last, other = k + step - 1, abs(int(pivots[k])) - 1
        x[[last, other]] = x[[other, last]]
        steps.append((k, step, last, other))
        rest = slice(k + step, None)
        x[rest] -= a[rest, k : k + step] @ x[k : k + step]
        block = a[k : k + step, k : k + step].copy()
        if step == 2:
            block[0, 1] = turn(block[1, 0])
        x[k : k + step] = x[k : k + step] / block if step == 1 else np.linalg.solve(block, x[k : k + step])
        k += step
    for k, step, last, other in reversed(steps):
        rest = slice(k + step, None)
        x[k : k + step] -= turn(a[rest, k : k + step]).T @ x[rest]
        x[[last, other]] = x[[other, last]]
    return (x,)


@composite(method=False, out=True)
def ldl_solve(
    LD: Tensor,  # noqa: N803 - PyTorch's names
    pivots: Tensor,
    B: Tensor,  # noqa: N803
    *,
    hermitian: bool = False,
) -> Tensor:
    """The solution X of ``A X = B``, from what `ldl_factor` gives for A. It has no gradient.

    Args:
        LD, pivots: as given.
        B: ``(*, n, k)``; the batches broadcast.
        hermitian: as for `ldl_factor`.

    Raises:
        RuntimeError: the shapes or the dtypes do not fit.

    Example:
        >>> import tinygrad_nn as tg
        >>> LD, pivots = tg.linalg.ldl_factor(tg.tensor([[4.0, 2.0], [2.0, -3.0]]))
        >>> tg.linalg.ldl_solve(LD, pivots, tg.tensor([[8.0], [-4.0]]))
        tensor([[1.],
                [2.]])
    """
    name = "torch.linalg.ldl_solve"
    check_square(name, LD)
    if B.ndim < 2:
        raise IndexError(f"Dimension out of range (expected to be in range of [-1, 0], but got -2): {name} needs a B "
                         "of at least 2 dimensions. Make it a column: B[:, None].")  # fmt: skip
    if tuple(pivots.shape) != tuple(LD.shape[:-1]):
        raise RuntimeError(
            f"{name}: Expected LD.shape[:-1] and pivots.shape to be the same, but got pivots with shape "
            f"{list(pivots.shape)} and LD with shape {list(LD.shape)}"
        )
    if pivots._array.dtype.kind not in "iu":
        raise RuntimeError(f"{name}: Expected pivots to be integers. Got {pivots.dtype}")
    if LD._array.dtype != B._array.dtype:
        first, second = dtypes.type_name(LD._array.dtype), dtypes.type_name(B._array.dtype)
        raise RuntimeError(f"{name}: Expected LD dtype {first} and B dtype {second} to be the same")
    if LD.shape[-1] != B.shape[-2]:
        raise RuntimeError(
            f"{name}: Incompatible matrix sizes: each A matrix is {LD.shape[-1]} by {LD.shape[-1]} but each b matrix "
            f"is {B.shape[-2]} by {B.shape[-1]}"
        )
    check_kernel("ldl_solve", LD)
    return _ldl_solution(name, LD, pivots, B, hermitian and LD._array.dtype.kind == "c")


def _ldl_solution(name: str, LD: Any, pivots: Any, B: Any, hermitian: bool) -> Tensor:  # noqa: N803
    batch = broadcast_shapes(name, tuple(LD.shape[:-2]), tuple(B.shape[:-2]))
    n, count = LD.shape[-1], int(np.prod(batch))
    packed = np.broadcast_to(LD._array, (*batch, n, n)).reshape(count, n, n)
    order = np.broadcast_to(pivots._array, (*batch, n)).reshape(count, n)
    right = np.broadcast_to(B._array, (*batch, *B._array.shape[-2:]))
    flat = right.reshape(count, *right.shape[-2:])
    with np.errstate(all="ignore"):
        found = _each(lambda a, p, b: _solved(a, p, b, hermitian), packed, order, flat)[0] if count else flat
    asker = LD if LD.requires_grad else B
    (result,) = without_gradient(asker, (found.reshape(right.shape),), not_implemented("linalg_ldl_solve"))
    return result
