"""Diagonals: taken as views, laid into matrices, and filled.

Source: https://docs.pytorch.org/docs/stable/generated/torch.diagonal.html
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .._core import dispatch
from .._core.blocks import strides_of
from .._core.op import case, composite, op
from .._core.tensor import Tensor, check_dim, tensor_method
from .forms import inplace_form, refuse
from .join import tril, triu
from .reduce import sum as _sum
from .shape import clone, reshape
from .strides import as_strided


def _two_dims(ndim: int, dim1: Any, dim2: Any) -> tuple[int, int]:
    """Two different dimensions, counted from the front.

    Raises:
        RuntimeError: they are the same.
    """
    first, second = check_dim(dim1, ndim), check_dim(dim2, ndim)
    if first == second:
        raise RuntimeError(f"diagonal dimensions cannot be identical {dim1}, {dim2}")
    return first, second


def _diagonal_of(x: np.ndarray[Any, Any], offset: int, dim1: int, dim2: int) -> np.ndarray[Any, Any]:
    rows, columns = x.shape[dim1], x.shape[dim2]
    offset = min(max(offset, -rows), columns)  # beyond, there is nothing either
    picked = x.diagonal(offset, dim1, dim2)
    if x.flags.writeable:
        picked.flags.writeable = True
    return picked


def _laid_back(g: Any, x_shape: tuple[int, ...], offset: int, dim1: int, dim2: int) -> Any:
    return _laid_in.op.numpy(g, shape=x_shape, offset=offset, dim1=dim1, dim2=dim2)


@op(vjp=_laid_back, kind="view",
    cases=[case((3, 4)), case((3, 4), offset=1), case((4, 2), offset=-2), case((2, 3, 4), offset=1, dim1=-1, dim2=0),
           case((2, 3), offset=5), case((0, 3))])  # fmt: skip
def diagonal(x, /, offset=0, dim1=0, dim2=1):
    """The diagonal of two dimensions, as a view in which it is the last dimension.

    Args:
        x: the tensor.
        offset: 0 is the main diagonal, positive ones lie above it, negative ones below.
        dim1, dim2: the dimensions of the matrices.

    Raises:
        RuntimeError: the two dimensions are the same.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.arange(9).reshape(3, 3).diagonal(offset=1)
        tensor([1, 5])
    """
    return _diagonal_of(x, offset, *_two_dims(x.ndim, dim1, dim2))


def _numpy_diagonal(a: Tensor, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Tensor:
    """NumPy's names of the arguments."""
    result: Tensor = diagonal(a, offset=offset, dim1=axis1, dim2=axis2)
    return result


dispatch.register(np.diagonal, _numpy_diagonal)
dispatch.register(np.trace, lambda a, offset=0, axis1=0, axis2=1: _numpy_diagonal(a, offset, axis1, axis2).sum(-1))


@op(vjp=lambda g, offset, dim1, dim2: diagonal.op.numpy(g, offset=offset, dim1=dim1, dim2=dim2), kind="general",
    method=False, torch_name="",
    cases=[case((3,), shape=(3, 4), offset=0, dim1=0, dim2=1),
           case((3, 2), shape=(2, 3, 4), offset=-1, dim1=-1, dim2=0)])  # fmt: skip
def _laid_in(x, /, shape, offset, dim1, dim2):
    """Zeros with `x` on a diagonal."""
    result = np.zeros(shape, x.dtype)
    _diagonal_of(result, offset, *_two_dims(len(shape), dim1, dim2))[...] = x
    return result


@composite()
def diag_embed(input: Tensor, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Tensor:
    """Matrices with the last dimension's elements on a diagonal, and zeros elsewhere.

    Args:
        input: the diagonals.
        offset: which diagonal, as for `diagonal`.
        dim1, dim2: where the matrices' dimensions are to stand in the result.

    Raises:
        RuntimeError: the two dimensions are the same.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.diag_embed(tg.tensor([1, 2]))
        tensor([[1, 0],
                [0, 2]])
    """
    shape = input._array.shape
    first, second = _two_dims(len(shape) + 1, dim1, dim2)
    length = shape[-1] + abs(offset)
    full = list(shape[:-1])
    for place in sorted((first, second)):
        full.insert(place, length)
    result: Tensor = _laid_in(input, shape=tuple(full), offset=offset, dim1=first, dim2=second)
    return result


@composite(np.diag, out=True)
def diag(input: Tensor, diagonal: int = 0) -> Tensor:
    """The diagonal of a matrix, as a copy, or a matrix with a vector's elements on a diagonal.

    Raises:
        RuntimeError: neither a vector nor a matrix.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.diag(tg.tensor([[1, 2], [3, 4]])), tg.diag(tg.tensor([1]), 1)
        (tensor([1, 4]), tensor([[0, 1],
                [0, 0]]))
    """
    ndim = input._array.ndim
    if ndim not in (1, 2):
        raise RuntimeError(f"diag(): Supports 1D or 2D tensors. Got {ndim}D")
    result: Tensor = diag_embed(input, diagonal) if ndim == 1 else clone(_diagonal(input, offset=diagonal))
    return result


_diagonal = diagonal  # `diag` has an argument of this name


@composite(np.diagflat)
def diagflat(input: Tensor, offset: int = 0) -> Tensor:
    """A matrix with all of a tensor's elements on a diagonal.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.diagflat(tg.tensor([[1], [2]]), 1)
        tensor([[0, 1, 0],
                [0, 0, 2],
                [0, 0, 0]])
    """
    result: Tensor = diag_embed(reshape(input, shape=(input._array.size,)), offset)
    return result


@composite()
def trace(input: Tensor) -> Tensor:
    """The sum of a matrix's main diagonal; integers add up to int64.

    Raises:
        RuntimeError: not a matrix.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.trace(tg.tensor([[1.0, 2.0], [3.0, 4.0]]))
        tensor(5.)
    """
    refuse("trace", input._array, "b")
    if input._array.ndim != 2:
        raise RuntimeError(f"trace: expected a matrix, but got tensor with dim {input._array.ndim}")
    result: Tensor = _sum(diagonal(input))
    return result


@tensor_method
def fill_diagonal_(self: Tensor, fill_value: Any, wrap: bool = False) -> Tensor:
    """Set the main diagonal to a number: the elements whose indices are all equal.

    Args:
        fill_value: the number.
        wrap: begin again, one row further down, below the square at the top of a tall matrix.

    Raises:
        RuntimeError: fewer than two dimensions, or more, of different lengths.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.zeros(2, 3).fill_diagonal_(1)
        tensor([[1., 0., 0.],
                [0., 1., 0.]])
    """
    shape = self._array.shape
    if len(shape) < 2:
        raise RuntimeError(f"dimensions must larger than 1: got shape {list(shape)} in fill_diagonal_()")
    if len(shape) > 2 and len(set(shape)) > 1:
        raise RuntimeError(f"all dimensions of input must be of equal length: got {list(shape)} in fill_diagonal_()")
    strides = strides_of(self._array)
    step, length = sum(strides), min(shape)
    as_strided(self, (length,), (step,)).fill_(fill_value)
    if wrap and len(shape) == 2 and shape[0] > shape[1] + 1:
        rows, columns = shape
        rest = (rows * columns - 1) // (columns + 1) + 1 - columns
        start = self.storage_offset() + strides[0] * (columns + 1)
        as_strided(self, (rest,), (step,), start).fill_(fill_value)
    return self


inplace_form(tril)
inplace_form(triu)

__all__ = ["diag", "diag_embed", "diagflat", "diagonal", "trace"]
