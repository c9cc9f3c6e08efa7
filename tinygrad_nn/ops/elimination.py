"""Gaussian elimination with partial pivoting on arrays, whole batches at once: what `lu` is made with.

Source: G. H. Golub and C. F. Van Loan, Matrix Computations, 4th edition, section 3.4.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .._core.matrices import eliminated
from .matrix_checks import turned
from .triangular import substituted

__all__: list[str] = []

_PANEL = 32  # columns that are eliminated one by one, before the rest of the matrix takes part in one product


def factorised(x: Any) -> tuple[Any, Any, Any]:
    """The factors in one matrix, the pivots, and the first zero on the diagonal of U, from 1 on (0: none)."""
    m, n = x.shape[-2:]
    count = min(m, n)
    if not x.size:
        batch = x.shape[:-2]
        return x.copy(), np.ones((*batch, count), np.int32), np.zeros(batch, np.int32)
    found = eliminated(x.reshape(-1, m, n))
    lu, pivots, info = _by_panels(x.reshape(-1, m, n)) if found is None else found
    batch = x.shape[:-2]
    return lu.reshape(x.shape), pivots.reshape(*batch, count), info.reshape(batch)


def _by_panels(x: Any) -> tuple[Any, Any, Any]:
    """The same where there is no OpenBLAS."""
    m, n = x.shape[-2:]
    count = min(m, n)
    lu = np.array(x)
    pivots = np.empty((len(lu), count), np.int32)
    for start in range(0, count, _PANEL):
        stop = min(start + _PANEL, count)
        _eliminate(lu, pivots, start, stop)
        if stop < n:
            square = lu[:, start:stop, start:stop]
            lu[:, start:stop, stop:] = substituted(square, lu[:, start:stop, stop:], upper=False, unit=True)
            lu[:, stop:, stop:] -= lu[:, stop:, start:stop] @ lu[:, start:stop, stop:]
    zero = np.einsum("...ii->...i", lu[:, :count, :count]) == 0
    info = np.where(zero.any(-1), zero.argmax(-1) + 1, 0).astype(np.int32)
    return lu, pivots, info


def _eliminate(lu: Any, pivots: Any, start: int, stop: int) -> None:
    """Gaussian elimination of some columns, of all matrices of the batch at once. Whole rows are exchanged."""
    if len(lu) == 1:
        _eliminate_one(lu[0], pivots[0], start, stop)
        return
    every = np.arange(len(lu))
    for j in range(start, stop):
        column = lu[:, j:, j]
        size = np.abs(column.real) + np.abs(column.imag) if column.dtype.kind == "c" else np.abs(column)
        chosen = size.argmax(1) + j
        pivots[:, j] = chosen + 1
        rows = lu[every, chosen]
        lu[every, chosen] = lu[:, j]
        lu[:, j] = rows
        pivot = lu[:, j, j]
        below = lu[:, j + 1 :, j]
        below /= np.where(pivot == 0, pivot.dtype.type(1), pivot)[:, None]
        if j + 1 < stop:
            lu[:, j + 1 :, j + 1 : stop] -= below[:, :, None] * lu[:, j, None, j + 1 : stop]


def _eliminate_one(lu: Any, pivots: Any, start: int, stop: int) -> None:
    """The same for one matrix, which takes a third of the time."""
    is_complex = lu.dtype.kind == "c"
    for j in range(start, stop):
        below = lu[j:, j]
        size = np.abs(below.real) + np.abs(below.imag) if is_complex else np.abs(below)
        chosen = int(size.argmax()) + j
        pivots[j] = chosen + 1
        if chosen != j:
            lu[[j, chosen]] = lu[[chosen, j]]
        if lu[j, j] != 0:
            lu[j + 1 :, j] /= lu[j, j]
        if j + 1 < stop:
            lu[j + 1 :, j + 1 : stop] -= lu[j + 1 :, j, None] * lu[j, j + 1 : stop]


def permutation(pivots: Any, count: int) -> Any:
    """The order of A's rows in ``L U``."""
    orders = np.empty((*pivots.shape[:-1], count), np.int64)
    for place in np.ndindex(pivots.shape[:-1]):
        order = [*range(count)]
        for row, other in enumerate(pivots[place].tolist()):
            order[row], order[other - 1] = order[other - 1], order[row]
        orders[place] = order
    return orders


def permuting(pivots: Any, count: int, dtype: Any) -> Any:
    """The matrix P, which brings the rows of ``L U`` back into A's order."""
    return turned(np.eye(count, dtype=dtype)[permutation(pivots, count)])


def solved(lu: Any, pivots: Any, b: Any) -> Any:
    """The solution of ``A x = b``, where dividing by zero is allowed."""
    ordered = turned(permuting(pivots, lu.shape[-1], lu.dtype)) @ b
    return substituted(lu, substituted(lu, ordered, upper=False, unit=True), upper=True)
