"""Products of several matrices, in the order of the fewest multiplications.

Source: https://docs.pytorch.org/docs/stable/generated/torch.linalg.multi_dot.html
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from .._core import dispatch, dtypes
from .._core.op import composite
from .._core.tensor import Tensor
from .linalg import matmul
from .product_errors import C_NAMES, check_ndim, warn_once
from .shape import reshape

__all__ = ["chain_matmul"]


def _chain(matrices: Sequence[Tensor]) -> Tensor:
    """The product of matrices that fit, in the order of the fewest multiplications."""
    if len(matrices) == 2:
        return matmul(*matrices)
    lengths = [matrices[0]._array.shape[0], *[m._array.shape[1] for m in matrices]]
    count = len(matrices)
    cost = {(i, i): (0, i) for i in range(count)}
    for width in range(1, count):
        for i in range(count - width):
            j = i + width
            cost[i, j] = min((cost[i, k][0] + cost[k + 1, j][0] + lengths[i] * lengths[k + 1] * lengths[j + 1], k)
                             for k in range(i, j))  # fmt: skip

    def product(i: int, j: int) -> Tensor:
        return matrices[i] if i == j else matmul(product(i, cost[i, j][1]), product(cost[i, j][1] + 1, j))

    return product(0, count - 1)


def _check_chain(tensors: Sequence[Tensor]) -> None:
    if len(tensors) < 2:
        raise RuntimeError(f"multi_dot(): expected at least 2 tensors but got {len(tensors)}")
    last = len(tensors) - 1
    for place, tensor in enumerate(tensors):
        if place in (0, last) and tensor.ndim not in (1, 2):
            end = "first" if place == 0 else "last"
            raise RuntimeError(f"multi_dot(): the {end} tensor must be 1D or 2D but got {tensor.ndim}D")
        if 0 < place < last and tensor.ndim != 2:
            raise RuntimeError(f"multi_dot(): tensor {place} must be 2D but got {tensor.ndim}D")
        if tensor._array.dtype != tensors[0]._array.dtype:
            names = [C_NAMES.get(n, n) for n in (dtypes.type_name(t._array.dtype) for t in (tensors[0], tensor))]
            raise RuntimeError(
                f"multi_dot(): all tensors must have be the same dtype but tensor 0 is {names[0]} and tensor {place} "
                f"{names[1]}"
            )
    for place, (x, y) in enumerate(pairwise(tensors)):
        if x.shape[-1] != y.shape[0]:
            raise RuntimeError(
                f"multi_dot(): tensors {place} and {place + 1} with shapes {list(x.shape)} and {list(y.shape)} cannot "
                "be multiplied"
            )


@composite(method=False, out=True)
def multi_dot(tensors: Sequence[Tensor]) -> Tensor:
    """Product of two or more matrices, in the order of the fewest multiplications.

    The first may be a vector, which counts as a row, and the last one, which counts as a column; these dimensions are
    dropped.

    Raises:
        RuntimeError: there are fewer than two, or their shapes or dtypes do not fit.

    Example:
        >>> import tinygrad_nn as tg
        >>> from tinygrad_nn.ops.chains import multi_dot
        >>> multi_dot([tg.ones(2, 10), tg.ones(10, 3), tg.ones(3)])
        tensor([30., 30.])
    """
    _check_chain(tensors)
    first, last = tensors[0], tensors[-1]
    matrices = list(tensors)
    if first.ndim == 1:
        matrices[0] = first.unsqueeze(0)
    if last.ndim == 1:
        matrices[-1] = last.unsqueeze(1)
    result = _chain(matrices)
    return reshape(result, tuple(first._array.shape[:-1] + last._array.shape[1:]))


dispatch.register(np.linalg.multi_dot, multi_dot)


@composite(method=False, out=True)
def chain_matmul(*matrices: Tensor) -> Tensor:
    """Product of matrices, in the order of the fewest multiplications. New programs use `linalg.multi_dot`.

    Raises:
        RuntimeError: there is none, or their shapes or dtypes do not fit.

    Example:
        >>> import warnings
        >>> import tinygrad_nn as tg
        >>> with warnings.catch_warnings():
        ...     warnings.simplefilter("ignore")
        ...     tg.chain_matmul(tg.ones(1, 3), tg.ones(3, 2), tg.ones(2, 1))
        tensor([[6.]])
    """
    if not matrices:
        raise RuntimeError("chain_matmul(): Expected one or more matrices")
    warn_once(
        "torch.chain_matmul is deprecated and will be removed in a future PyTorch release. Use torch.linalg.multi_dot "
        "instead, which accepts a list of two or more tensors rather than multiple parameters."
    )
    check_ndim("Tensor dimension is {0}, expected 2 instead.", *[(m, 2) for m in matrices])
    return matrices[0] if len(matrices) == 1 else multi_dot(matrices)
