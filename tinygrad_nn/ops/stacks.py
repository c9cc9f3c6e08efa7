"""More dimensions: `atleast_1d` and kin, and joining tensors that are first brought to two or three dimensions.

Source: https://docs.pytorch.org/docs/stable/torch.html#indexing-slicing-joining-mutating-ops
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .._core.op import composite
from .._core.tensor import Tensor
from .join import cat, checked_tensors, vstack
from .shape import reshape


def _each(name: str, tensors: tuple[Any, ...], change: Callable[[Tensor], Tensor]) -> Any:
    """The function of one tensor, or of each of several, given one by one or as a sequence."""
    if len(tensors) == 1 and isinstance(tensors[0], Tensor):
        return change(tensors[0])
    given = tensors[0] if len(tensors) == 1 and isinstance(tensors[0], list | tuple) else tensors
    for number, x in enumerate(given):
        if not isinstance(x, Tensor):
            raise TypeError(f"{name}(): expected Tensor as element {number} in argument 0, but got {type(x).__name__}")
    return tuple([change(x) for x in given])


def _flat(x: Tensor) -> Tensor:
    result: Tensor = x if x._array.ndim else reshape(x, shape=(1,))
    return result


def _row(x: Tensor) -> Tensor:
    result: Tensor = x if x._array.ndim > 1 else reshape(x, shape=(1, x._array.size))
    return result


def _deep(x: Tensor) -> Tensor:
    shape = x._array.shape
    if len(shape) > 2:
        return x
    result: Tensor = reshape(x, shape=(*shape, 1) if len(shape) == 2 else (1, x._array.size, 1))
    return result


@composite(np.atleast_1d, method=False)
def atleast_1d(*tensors: Any) -> Any:
    """Each tensor with at least one dimension, as a view; a tuple for several of them.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.atleast_1d(tg.tensor(1.0))
        tensor([1.])
    """
    return _each("atleast_1d", tensors, _flat)


@composite(np.atleast_2d, method=False)
def atleast_2d(*tensors: Any) -> Any:
    """Each tensor with at least two dimensions, as a view; vectors become rows.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.atleast_2d(tg.tensor([1.0, 2.0]))
        tensor([[1., 2.]])
    """
    return _each("atleast_2d", tensors, _row)


@composite(np.atleast_3d, method=False)
def atleast_3d(*tensors: Any) -> Any:
    """Each tensor with at least three dimensions, as a view; vectors lie along the second, matrices
    along the first two.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.atleast_3d(tg.zeros(2)).shape, tg.atleast_3d(tg.zeros(2, 3)).shape
        (torch.Size([1, 2, 1]), torch.Size([2, 3, 1]))
    """
    return _each("atleast_3d", tensors, _deep)


@composite(np.dstack, method=False, out=True)
def dstack(tensors: Sequence[Tensor]) -> Tensor:
    """Tensors joined along the third dimension, after `atleast_3d`.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.dstack((tg.tensor([1, 2]), tg.tensor([3, 4])))
        tensor([[[1, 3],
                 [2, 4]]])
    """
    return cat([_deep(x) for x in checked_tensors("dstack", tensors)], dim=2)


@composite(np.column_stack, method=False, out=True)
def column_stack(tensors: Sequence[Tensor]) -> Tensor:
    """Tensors joined along the second dimension; numbers and vectors become columns.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.column_stack((tg.tensor([1, 2]), tg.tensor([[3, 4], [5, 6]])))
        tensor([[1, 3, 4],
                [2, 5, 6]])
    """
    given = checked_tensors("column_stack", tensors)
    return cat([x if x._array.ndim > 1 else reshape(x, shape=(x._array.size, 1)) for x in given], dim=1)


row_stack = vstack

__all__ = ["atleast_1d", "atleast_2d", "atleast_3d", "column_stack", "dstack", "row_stack"]
