"""Where the elements stand that are not zero, and the coordinates of flat indices. Integers only: no gradients.

Source: https://docs.pytorch.org/docs/stable/generated/torch.nonzero.html, torch.argwhere.html,
torch.Tensor.nonzero_static.html, torch.unravel_index.html
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .._core.errors import explained
from .._core.op import composite
from .._core.tensor import Tensor, tensor_method, wrap
from .shortcuts import usually
from .writing import exact_out

__all__ = ["argwhere", "nonzero_static", "unravel_index"]


_FEW = 500  # elements of which NumPy's coordinates take less than divisions


def _rows(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """A row of coordinates for each element that is not zero."""
    if array.ndim == 1:
        return array.nonzero()[0][:, None]
    if 0 < array.size <= _FEW and array.ndim:
        found = array.nonzero()
        rows = np.empty((found[0].size, array.ndim), np.int64)
        for dim, coordinates in enumerate(found):
            rows[:, dim] = coordinates
        return rows
    places = np.flatnonzero(array)  # several times quicker than NumPy's argwhere
    rows = np.empty((places.size, array.ndim), np.int64)
    for dim in range(array.ndim - 1, 0, -1):
        places, rows[:, dim] = np.divmod(places, array.shape[dim] or 1)
    if array.ndim:
        rows[:, 0] = places
    return rows


def _of_one(args: tuple[Any, ...]) -> Tensor | None:
    """The usual call of `nonzero`."""
    if len(args) == 1 and isinstance(args[0], Tensor):
        return wrap(_rows(args[0]._array))
    return None


@usually(_of_one)
@composite(np.nonzero)
@exact_out
def nonzero(input: Tensor, *, as_tuple: bool = False) -> Any:
    """The indices of the elements that are not zero: a row for each, or one vector for each dimension.

    Args:
        input: any tensor, of shape with n dimensions.
        as_tuple: n vectors, with which ``input[...]`` picks the elements, instead of an int64 matrix with n columns.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.nonzero(tg.tensor([0, 3, 0, 5]))
        tensor([[1],
                [3]])
        >>> tg.nonzero(tg.tensor([[0, 3], [5, 0]]), as_tuple=True)
        (tensor([0, 1]), tensor([1, 0]))
    """
    if as_tuple:
        rows = _rows(np.atleast_1d(input._array))
        return tuple([wrap(np.ascontiguousarray(rows[:, dim])) for dim in range(rows.shape[1])])
    return wrap(_rows(input._array))


@composite(np.argwhere)
def argwhere(input: Tensor) -> Tensor:
    """The indices of the elements that are not zero, a row for each: int64, of shape (count, dimensions).

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.argwhere(tg.tensor([[1, 0], [0, 1]]))
        tensor([[0, 0],
                [1, 1]])
    """
    return wrap(_rows(input._array))


@composite()
@exact_out
def nonzero_static(input: Tensor, *, size: int, fill_value: int = -1) -> Tensor:
    """`nonzero` with a given number of rows: the first ones, or, where there are fewer, further ones of `fill_value`.

    Raises:
        RuntimeError: the size is negative.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.nonzero_static(tg.tensor([0, 3, 0, 5]), size=3)
        tensor([[ 1],
                [ 3],
                [-1]])
    """
    if size < 0:
        raise RuntimeError(f"nonzero_static: 'size' must be an non-negative integer, got {size}")
    found = _rows(input._array)[:size]
    result = np.full((size, input._array.ndim), fill_value, np.int64)
    result[: len(found)] = found
    return wrap(result)


@tensor_method
def __contains__(self: Tensor, element: Any, /) -> bool:  # noqa: N807 - the name under which it becomes a method
    """Whether a number, or a tensor (broadcast, any of its elements), stands in the tensor."""
    if isinstance(element, Tensor):
        return bool((self == element)._array.any())
    if not isinstance(element, int | float | complex | np.generic):
        raise RuntimeError(f"Tensor.__contains__ only supports Tensor or scalar, but you passed in a {type(element)}.")
    return bool((self._array == element).any())


@explained
def unravel_index(indices: Tensor, shape: int | Sequence[int]) -> tuple[Tensor, ...]:
    """The coordinates, in a tensor of a shape, of places in its flat form: a tensor for each dimension.

    Places wrap around: ``(indices // lengths behind the dimension) % length``.

    Raises:
        TypeError: the indices are no integers, or the shape is not of integers.
        ValueError: a length is negative.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.unravel_index(tg.tensor([1, 5]), (2, 3))
        (tensor([0, 1]), tensor([1, 2]))
    """
    array = indices._array
    if array.dtype.kind not in "iu":
        raise TypeError(f"expected 'indices' to be integer dtype, but got {indices.dtype}. Convert: indices.long()")
    if not isinstance(shape, int | Sequence):
        raise TypeError(f"expected 'shape' to be int or sequence of ints, but got {type(shape)}")
    lengths = (shape,) if isinstance(shape, int) else tuple(shape)
    strange = [n for n in lengths if not isinstance(n, int)]
    if strange:
        raise TypeError(f"expected 'shape' sequence to only contain ints, but got {type(strange[0])}")
    if any(n < 0 for n in lengths):
        raise ValueError(f"'shape' cannot have negative values, but got {lengths}")
    if 0 in lengths and array.size:
        raise RuntimeError(f"ZeroDivisionError: a tensor of shape {list(lengths)} has no elements to point to")
    found = []
    step = 1
    for length in reversed(lengths):
        found.append(wrap(np.asarray(array // step % max(length, 1), np.int64)))
        step *= length or 1
    return tuple(reversed(found))
