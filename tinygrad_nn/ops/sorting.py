"""Sorting: ``sort``, ``argsort``, ``msort`` and ``topk``.

Equal elements keep their order always, as PyTorch promises with ``stable=True`` only; ``nan`` is larger than any
number. The gradient goes to the elements that stand at the returned indices.

Source: https://docs.pytorch.org/docs/stable/generated/torch.sort.html, torch.topk.html
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .._core import dispatch, return_types
from .._core.op import case, composite, op
from .._core.ordering import first_of_order, order
from .._core.tensor import Tensor, check_dim, wrap
from .places import flat_places

Array = np.ndarray[Any, Any]

__all__ = ["argsort", "msort", "sort", "topk"]


# --- picking by indices of one dimension -------------------------------------------------------------------------


def _lies_across(indices: Array, dim: int) -> bool:
    """Whether a dimension is the last in memory without being the last: so sorting it leaves the indices."""
    return dim < indices.ndim - 1 and not indices.flags.c_contiguous


def _placed(g: Any, x_shape: tuple[int, ...], indices: Any, dim: int, distinct: bool) -> Any:
    return _place_several.op.numpy(g, indices=indices, dim=dim, length=x_shape[dim], distinct=distinct)


@op(kind="general", method=False, torch_name="", node_name="SortBackward0", vjp=_placed,
    cases=[case((2, 3), indices=np.array([[2, 0], [0, 1]]), dim=1),
           case((2, 3), indices=np.array([[1, 1, 1], [0, 1, 0], [1, 0, 0]]), dim=0, distinct=False),
           case((3,), indices=np.array([1, 1, 2, 0]), dim=0, distinct=False)])  # fmt: skip
def _pick_several(x, /, *, indices, dim, distinct=True):
    """The elements at indices of one dimension, any number of them for each place of the other dimensions."""
    dim %= x.ndim
    if _lies_across(indices, dim):
        return _picked(x.swapaxes(dim, -1), indices.swapaxes(dim, -1), x.ndim - 1).swapaxes(dim, -1)
    return _picked(x, indices, dim)


def _picked(x: Array, indices: Array, dim: int) -> Array:
    return x.reshape(-1).take(flat_places(indices, dim, x.shape[dim])).reshape(indices.shape)


@op(kind="general", method=False, torch_name="",
    vjp=lambda g, indices, dim: _pick_several.op.numpy(g, indices=indices, dim=dim, distinct=False),
    cases=[case((2, 2), indices=np.array([[2, 0], [0, 1]]), dim=1, length=3),
           case((4,), indices=np.array([1, 1, 2, 0]), dim=0, length=3, distinct=False)])  # fmt: skip
def _place_several(x, /, *, indices, dim, length, distinct=True):
    """Zeros, with each element added at its index of a dimension: the adjoint of `_pick_several`."""
    dim %= x.ndim
    if _lies_across(indices, dim):
        return _put(x.swapaxes(dim, -1), indices.swapaxes(dim, -1), x.ndim - 1, length, distinct).swapaxes(dim, -1)
    return _put(x, indices, dim, length, distinct)


def _put(x: Array, indices: Array, dim: int, length: int, distinct: bool) -> Array:
    placed = np.zeros((*x.shape[:dim], length, *x.shape[dim + 1 :]), x.dtype)
    flat, elements, places = placed.reshape(-1), x.reshape(-1), flat_places(indices, dim, length)
    if distinct:
        flat[places] = elements
    else:
        np.add.at(flat, places, elements)
    return placed


def pick(input: Tensor, indices: Array, dim: int, *, distinct: bool = True) -> Tensor:
    """The elements at indices of a dimension, of which none (`distinct`) or some stand twice in a row."""
    picked: Tensor = _pick_several(input, indices=indices, dim=dim, distinct=distinct)
    return picked


def picked(x: Array, indices: Array, dim: int) -> Any:
    """The elements of an array at indices of a dimension, of which some stand twice in a row."""
    return _pick_several.op.numpy(x, indices=indices, dim=dim, distinct=False)


def placed(g: Any, indices: Array, dim: int, length: int) -> Any:
    """Zeros, with the elements of an array or tensor added at their indices of a dimension: the adjoint of `picked`."""
    return _place_several.op.numpy(g, indices=indices, dim=dim, length=length, distinct=False)


# --- the public functions ----------------------------------------------------------------------------------------


def _refuse_complex(name: str, x: Array) -> None:
    if x.dtype.kind == "c":
        raise RuntimeError(f"{name} does not support complex dtypes on CPU. They have no order: use x.abs().")


@composite(out=True)
def sort(input: Tensor, dim: int = -1, descending: bool = False, *, stable: bool = False) -> Any:
    """The elements in ascending (or descending) order along a dimension, with their indices in the input.

    Args:
        dim: the dimension, by default the last.
        descending: the largest first. ``nan`` counts as the largest.
        stable: equal elements keep their order. They do so without it, too.

    Returns:
        A named tuple of values and indices (int64).

    Raises:
        RuntimeError: the elements are complex.
        IndexError: there is no such dimension.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.sort.html

    Example:
        >>> import tinygrad_nn as tg
        >>> values, indices = tg.sort(tg.tensor([3.0, 1.0, 2.0]), descending=True)
        >>> values, indices
        (tensor([3., 2., 1.]), tensor([0, 2, 1]))
    """
    array = input._array
    dim = check_dim(dim, array.ndim)
    _refuse_complex("Sort", array)
    if not array.ndim:
        return return_types.sort(input.clone(), wrap(np.zeros((), np.int64)))
    indices = order(array, dim, descending)
    return return_types.sort(pick(input, indices, dim), wrap(indices))


@composite()
def argsort(input: Tensor, dim: int = -1, descending: bool = False, *, stable: bool = False) -> Tensor:
    """The indices that `sort` returns.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.argsort.html

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.argsort(tg.tensor([3.0, 1.0, 2.0]))
        tensor([1, 2, 0])
    """
    array = input._array
    dim = check_dim(dim, array.ndim)
    _refuse_complex("Sort", array)
    return wrap(order(array, dim, descending) if array.ndim else np.zeros((), np.int64))


@composite(out=True)
def msort(input: Tensor) -> Tensor:
    """The elements in ascending order along the first dimension.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.msort.html

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.msort(tg.tensor([[3, 1], [2, 4]]))
        tensor([[2, 1],
                [3, 4]])
    """
    values: Tensor = sort(input, 0).values
    return values


@composite(out=True)
def topk(input: Tensor, k: Any, dim: int = -1, largest: bool = True, sorted: bool = True) -> Any:
    """The `k` largest (or smallest) elements along a dimension, with their indices.

    Args:
        k: how many, an integer.
        dim: the dimension, by default the last.
        largest: False gives the smallest.
        sorted: the results are in order. They are without it, too.

    Returns:
        A named tuple of values and indices (int64). Among equal elements those that come first are taken (where that
        costs nothing, which PyTorch leaves open as well).

    Raises:
        RuntimeError: there are fewer than `k` elements; or they are booleans or complex numbers.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.topk.html

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.topk(tg.tensor([1.0, 5.0, 3.0]), 2)
        torch.return_types.topk(
        values=tensor([5., 3.]),
        indices=tensor([1, 2]))
    """
    array = input._array
    count = count_of("topk", k)
    dim = check_dim(dim, array.ndim)
    length = array.shape[dim] if array.ndim else 1
    if not 0 <= count <= length:
        raise RuntimeError(
            f"selected index k out of range: topk() was asked for {count} of the {length} elements of dimension {dim} "
            f"(the input has shape {list(array.shape)})"
        )
    _refuse_complex("topk", array)
    if array.dtype.kind == "b":
        raise RuntimeError("topk does not support bool dtypes on CPU. Convert first: x.int().topk(k).")
    if not array.ndim:
        return return_types.topk(input.clone(), wrap(np.zeros((), np.int64)))
    indices = first_of_order(array, count, dim, largest)
    return return_types.topk(pick(input, indices, dim), wrap(indices))


def count_of(name: str, k: Any) -> int:
    """An argument ``k`` as an integer.

    Raises:
        TypeError: it is none.
    """
    if isinstance(k, Tensor) and k._array.size == 1 and k._array.dtype.kind in "iu":
        return int(k._array.item())
    if not isinstance(k, int | np.integer) or isinstance(k, bool):
        raise TypeError(f"{name}(): argument 'k' (position 2) must be int, not {type(k).__name__} (got {k!r})")
    return int(k)


def _numpy_sort(a: Tensor, axis: int | None = -1, kind: Any = None, *, stable: Any = None) -> Tensor:
    """NumPy's signature, whose result is the values alone; without an axis, of the flattened elements."""
    values: Tensor = sort(a.reshape(-1), 0).values if axis is None else sort(a, axis).values
    return values


dispatch.register(np.sort, _numpy_sort)
