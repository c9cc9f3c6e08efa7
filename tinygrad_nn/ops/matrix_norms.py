"""Norms of matrices: ``linalg.matrix_norm``, ``linalg.norm``, and PyTorch's older names of two of them.

Source: https://docs.pytorch.org/docs/stable/generated/torch.linalg.matrix_norm.html, torch.linalg.norm.html
"""

from __future__ import annotations

import importlib
from math import inf
from typing import Any

import numpy as np

from .._core import dispatch
from .._core.op import composite
from .._core.tensor import Tensor, check_dim
from .extremes import amax, amin
from .matrix_checks import check_floats, check_matrix
from .norms import in_dtype, order_number, vector_norm
from .reduce import sum as sum_of
from .shape import unsqueeze
from .transposes import movedim

__all__ = ["frobenius_norm", "nuclear_norm"]

_NAME = "linalg.matrix_norm"


def _singular_values(x: Tensor, first: int, second: int) -> Tensor:
    """The singular values of the matrices that two dimensions make, along the last dimension."""
    check_floats(_NAME, x)
    svdvals = importlib.import_module("tinygrad_nn.linalg").svdvals
    result: Tensor = svdvals(movedim(x, (first, second), (-2, -1)))
    return result


def _extreme(x: Tensor, dim: int, largest: bool, keepdim: bool) -> Tensor:
    """The largest or the smallest of values that are not negative; the largest of none is 0."""
    if largest and not x._array.shape[dim]:
        return sum_of(x, dim, keepdim)
    result: Tensor = (amax if largest else amin)(x, dim, keepdim)
    return result


def _restored(x: Tensor, first: int, second: int, keepdim: bool) -> Tensor:
    """With the two dimensions back, of length 1, if they are to be kept."""
    if keepdim:
        for dim in sorted((first, second)):
            x = unsqueeze(x, dim)
    return x


def _check_dims(x: Tensor, dim: Any) -> tuple[int, int]:
    check_matrix(_NAME, x._array)
    if not isinstance(dim, tuple | list):
        raise TypeError(f"{_NAME}(): argument 'dim' must be tuple of ints, not {type(dim).__name__}")
    if len(dim) != 2:
        raise RuntimeError(f"{_NAME}: dim must be a 2-tuple. Got {' '.join(map(str, dim))}")
    first, second = [check_dim(d, x.ndim) for d in dim]
    if first == second:
        raise RuntimeError(f"{_NAME}: dims must be different. Got ({dim[0]}, {dim[1]})")
    return first, second


@composite(method=False, out=True)
def matrix_norm(
    A: Tensor,  # noqa: N803 - PyTorch's name
    ord: Any = "fro",
    dim: Any = (-2, -1),
    keepdim: bool = False,
    *,
    dtype: Any = None,
) -> Tensor:
    """Norm of matrices.

    ``"fro"``: the root of the sum of all squares. ``"nuc"``: the sum of the singular values. 2 and -2: the largest and
    the smallest singular value. 1 and -1: the largest and the smallest sum of magnitudes of a column; ``inf`` and
    ``-inf``: of a row.

    Args:
        A: real or complex; the norm is real.
        ord: the order.
        dim: the two dimensions of the matrices.
        keepdim: keep them, with length 1.
        dtype: the (wider) type in which the norm is computed.

    Raises:
        RuntimeError: there is no such order, the dimensions are not two, or the elements are integers.

    Example:
        >>> import tinygrad_nn as tg
        >>> from tinygrad_nn.ops.matrix_norms import matrix_norm
        >>> x = tg.tensor([[3.0, 0.0], [4.0, -5.0]])
        >>> matrix_norm(x, 1), matrix_norm(x, float("inf"))
        (tensor(7.), tensor(9.))
    """
    if isinstance(ord, str):
        if ord not in ("fro", "nuc"):
            raise RuntimeError(f"{_NAME}: Order {ord} not supported. Orders are 'fro', 'nuc', inf, -inf, 1, -1, 2, -2.")
    else:
        ord = order_number(_NAME, ord)
        if abs(ord) not in (1, 2, inf):
            raise RuntimeError(f"{_NAME}: Order {ord} not supported. Orders are 'fro', 'nuc', inf, -inf, 1, -1, 2, -2.")
    first, second = _check_dims(A, dim)
    A = in_dtype(_NAME, A, dtype)  # noqa: N806
    if ord == "fro":
        return vector_norm(A, 2, (first, second), keepdim)
    if ord == "nuc":
        return _restored(sum_of(_singular_values(A, first, second), -1), first, second, keepdim)
    largest = bool(ord > 0)
    if abs(ord) == 2:
        return _restored(_extreme(_singular_values(A, first, second), -1, largest, False), first, second, keepdim)
    along, over = (first, second) if abs(ord) == 1 else (second, first)
    sums = vector_norm(A, 1, along, True)
    result = _extreme(sums, over, largest, True)
    return result if keepdim else result.squeeze((first, second))


@composite(method=False, out=True)
def linalg_norm(
    A: Tensor,  # noqa: N803 - PyTorch's name
    ord: Any = None,
    dim: Any = None,
    keepdim: bool = False,
    *,
    dtype: Any = None,
) -> Tensor:
    """Vector or matrix norm: `vector_norm` of one dimension, `matrix_norm` of two.

    Without `ord` it is the 2-norm of all elements, or along `dim`. With `ord`, and no `dim`, the tensor must have one
    or two dimensions.

    Raises:
        RuntimeError: there is no such norm of so many dimensions, or the elements are integers.

    Example:
        >>> import tinygrad_nn as tg
        >>> from tinygrad_nn.ops.matrix_norms import linalg_norm
        >>> x = tg.tensor([[3.0, 0.0], [0.0, 4.0]])
        >>> linalg_norm(x), linalg_norm(x, 1), linalg_norm(x, 2, dim=0)
        (tensor(5.), tensor(4.), tensor([3., 4.]))
    """
    dims = (dim,) if isinstance(dim, int | np.integer) else dim
    if dims is not None and len(dims) not in (1, 2):
        raise RuntimeError(f"linalg.norm: If dim is specified, it must be of length 1 or 2. Got {list(dims)}")
    if ord is None:
        return vector_norm(A, 2, dims, keepdim, dtype=dtype)
    if dims is None:
        if A.ndim not in (1, 2):
            raise RuntimeError(
                f"linalg.norm: If dim is not specified but ord is, the input must be 1D or 2D. Got {A.ndim}D."
            )
        dims = tuple(range(A.ndim))
    if isinstance(ord, str) or len(dims) == 2:
        return matrix_norm(A, ord, dims, keepdim, dtype=dtype)
    return vector_norm(A, ord, dims, keepdim, dtype=dtype)


def _numpy_norm(x: Tensor, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Tensor:
    """NumPy's `linalg.norm`."""
    return linalg_norm(x, ord, axis, keepdims)


dispatch.register(np.linalg.norm, _numpy_norm)


@composite(method=False, out=True)
def frobenius_norm(input: Tensor, dim: Any, keepdim: bool = False) -> Tensor:
    """The root of the sum of squares over one or two dimensions (none: all). New programs use `linalg.matrix_norm`.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.frobenius_norm(tg.tensor([[3.0, 4.0]]), dim=(0, 1))
        tensor(5.)
    """
    dims = (dim,) if isinstance(dim, int) else tuple(dim)
    if len(dims) > 2:
        raise RuntimeError(f"Expected at most 2 dimensions, but got {len(dims)} dimensions instead.")
    return vector_norm(input, 2, dims, keepdim)


@composite(method=False, out=True)
def nuclear_norm(input: Tensor, dim: Any = (-2, -1), keepdim: bool = False) -> Tensor:
    """The sum of a matrix's singular values. New programs use `linalg.matrix_norm`.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.nuclear_norm(tg.tensor([[3.0, 0.0], [0.0, -4.0]]))
        tensor(7.)
    """
    if isinstance(dim, bool):  # nuclear_norm(input, keepdim)
        dim, keepdim = (-2, -1), dim
    return matrix_norm(input, "nuc", dim, keepdim)
