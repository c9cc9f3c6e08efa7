"""Inverses of square matrices.

Source: https://docs.pytorch.org/docs/stable/generated/torch.linalg.inv.html
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .._core import matrices, return_types
from .._core.op import case, composite, op
from .._core.tensor import Tensor, wrap
from .matrix_checks import (
    SQUARE,
    SQUARES,
    LinAlgError,
    check_floats,
    check_square,
    failed,
    infos,
    lapack,
    turned,
)

__all__ = ["inverse"]

_SINGULAR = (
    "The diagonal element {0} is zero, the inversion could not be completed because the input matrix is singular. "
    "(Element {0} of the diagonal of U in A = P L U.) For a matrix that may be singular there is linalg.pinv."
)


def inverted(x: Any) -> Any:
    """Inverses and where each failed, 0 where it did not; of singular matrices, what dividing by zero gives."""
    try:
        return lapack(matrices.inverse, x), np.zeros(x.shape[:-2], np.int32)
    except np.linalg.LinAlgError:
        from .elimination import factorised, solved  # only here: most matrices have an inverse

    with np.errstate(all="ignore"):
        packed, pivots, info = lapack(factorised, x)
        unit = np.broadcast_to(np.eye(x.shape[-1], dtype=x.dtype), x.shape)
        return lapack(lambda lu, b: solved(lu, pivots, b), packed, unit), info


@op(kind="general", method=False, torch_name="linalg.inv", node_name="LinalgInvExBackward0",
    vjp=lambda g, out: -(turned(out) @ g @ turned(out)),
    cases=[case(SQUARE), case(SQUARES), case((0, 0)), case(SQUARE[None, :2, :2])])  # fmt: skip
def _inverse(x, /, *, name="linalg.inv", check=True):
    """The inverse; `check` refuses singular matrices in the name of a function."""
    if not check:
        return inverted(x)[0]
    try:
        return lapack(matrices.inverse, x)
    except np.linalg.LinAlgError:
        raise failed(name, inverted(x)[1], _SINGULAR) from None


@composite(np.linalg.inv, method=False, out=True)
def inv(A: Tensor) -> Tensor:  # noqa: N803 - PyTorch's name
    """The inverse of a square matrix, or of each of a batch.

    Raises:
        LinAlgError: a matrix is singular; a RuntimeError, as in PyTorch.
        RuntimeError: the matrices are not square, or not of floating point or complex numbers.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.linalg.inv(tg.tensor([[2.0, 0.0], [0.0, 4.0]]))
        tensor([[0.5000, 0.0000],
                [0.0000, 0.2500]])
    """
    check_square("linalg.inv", A)
    check_floats("linalg.inv", A)
    return _inverse(A)


@composite(out=True)
def inverse(input: Tensor) -> Tensor:
    """As `linalg.inv`.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.inverse(tg.tensor([[2.0, 0.0], [0.0, 4.0]]))
        tensor([[0.5000, 0.0000],
                [0.0000, 0.2500]])
    """
    result: Tensor = inv(input)
    return result


@composite(method=False, out=True)
def inv_ex(A: Tensor, *, check_errors: bool = False) -> Any:  # noqa: N803 - PyTorch's name
    """The inverse, and 0 where it is right; else which diagonal element of the LU decomposition is zero, from 1 on.

    Raises:
        LinAlgError: with `check_errors`, a matrix is singular.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.linalg.inv_ex(tg.zeros(2, 2)).info
        tensor(1, dtype=torch.int32)
    """
    check_square("linalg.inv_ex", A)
    check_floats("linalg.inv_ex", A)
    try:
        return return_types.linalg_inv_ex(_inverse(A, name="linalg.inv_ex"), infos(A._array.shape[:-2]))
    except LinAlgError:
        if check_errors:
            raise
    return return_types.linalg_inv_ex(_inverse(A, check=False), wrap(np.asarray(inverted(A._array)[1])))
