"""Grids and combinations of the elements of vectors, and matrices of blocks.

Source: https://docs.pytorch.org/docs/stable/torch.html#other-operations
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np

from .._core import dispatch, dtypes
from .._core.errors import explained
from .._core.tensor import Tensor, wrap
from .join import cat, stack
from .shape import broadcast_to, reshape

__all__ = ["block_diag", "cartesian_prod", "combinations", "meshgrid"]


def _check_tensors(name: str, tensors: Sequence[Any]) -> None:
    for place, tensor in enumerate(tensors):
        if not isinstance(tensor, Tensor):
            raise TypeError(
                f"expected Tensor as element {place} in argument 0, but got {type(tensor).__name__} (in {name}())"
            )


def _check_vector(name: str, tensor: Tensor) -> None:
    if tensor.ndim != 1:
        raise RuntimeError(f"Expect a 1D vector, but got shape {list(tensor.shape)} (in {name}())")


@explained
def meshgrid(*tensors: Any, indexing: str | None = None) -> tuple[Tensor, ...]:
    """Grids of the coordinates that vectors give: one per vector, each a view of the shape of all their lengths.

    Args:
        tensors: vectors (or numbers) of one dtype; also as one list.
        indexing: ``"ij"`` (the default): the shape is that of the lengths in order; ``"xy"``: the first two are
            swapped, as NumPy's `meshgrid` has it.

    Raises:
        RuntimeError: there is none, one has more than one dimension, or the dtypes differ.

    Example:
        >>> import tinygrad_nn as tg
        >>> rows, columns = tg.meshgrid(tg.tensor([1, 2]), tg.tensor([3, 4, 5]), indexing="ij")
        >>> rows
        tensor([[1, 1, 1],
                [2, 2, 2]])
    """
    if len(tensors) == 1 and isinstance(tensors[0], list | tuple):
        tensors = tuple(tensors[0])
    _check_tensors("meshgrid", tensors)
    if not tensors:
        raise RuntimeError("meshgrid expects a non-empty TensorList")
    for tensor in tensors:
        if tensor.ndim > 1:
            raise RuntimeError(
                f"torch.meshgrid: Expected 0D or 1D tensor in the tensor list but got: shape {list(tensor.shape)}"
            )
        if tensor._array.dtype != tensors[0]._array.dtype:
            raise RuntimeError("meshgrid expects all tensors to have the same dtype")
    if indexing not in (None, "ij", "xy"):
        raise RuntimeError(f'torch.meshgrid: indexing must be one of "xy" or "ij", but received: {indexing}')
    swaps = indexing == "xy" and len(tensors) > 1
    if swaps:
        tensors = (tensors[1], tensors[0], *tensors[2:])
    shape = tuple([tensor.numel() for tensor in tensors])
    grids = []
    for place, tensor in enumerate(tensors):
        line = reshape(tensor, (1,) * place + (shape[place],) + (1,) * (len(shape) - place - 1))
        grids.append(broadcast_to(line, shape))
    return (grids[1], grids[0], *grids[2:]) if swaps else tuple(grids)


dispatch.register(np.meshgrid, lambda *xi, indexing="xy": meshgrid(*xi, indexing=indexing))


@explained
def cartesian_prod(*tensors: Tensor) -> Tensor:
    """All tuples with one element of each vector, a row each, as `itertools.product` orders them. One vector: itself.

    Raises:
        RuntimeError: there is none, one is no vector, or the dtypes differ.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.cartesian_prod(tg.tensor([1, 2]), tg.tensor([5, 6]))
        tensor([[1, 5],
                [1, 6],
                [2, 5],
                [2, 6]])
    """
    _check_tensors("cartesian_prod", tensors)
    for tensor in tensors:
        _check_vector("cartesian_prod", tensor)
    if len(tensors) == 1:
        return tensors[0].view_as(tensors[0])
    grids = meshgrid(*tensors, indexing="ij")
    return stack([reshape(grid, (grid.numel(),)) for grid in grids], dim=1)


@explained
def combinations(input: Tensor, r: int = 2, with_replacement: bool = False) -> Tensor:
    """All choices of r elements of a vector, a row each, as `itertools.combinations` orders them.

    Args:
        input: the vector.
        r: how many elements are chosen.
        with_replacement: one element may be chosen several times.

    Raises:
        RuntimeError: the input is no vector, or r is negative.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.combinations(tg.tensor([1, 2, 3]))
        tensor([[1, 2],
                [1, 3],
                [2, 3]])
    """
    _check_vector("combinations", input)
    if not isinstance(r, int | np.integer) or isinstance(r, bool):
        raise TypeError(f"combinations(): argument 'r' (position 2) must be int, not {type(r).__name__}")
    if r < 0:
        raise RuntimeError(f"Expect a non-negative number, but got {r}")
    if r == 0:
        return wrap(np.empty(0, input._array.dtype))
    count = input._array.shape[0]
    if r == 2:
        chosen: Any = np.stack(np.triu_indices(count, 0 if with_replacement else 1), 1)
    else:
        choose: Any = itertools.combinations_with_replacement if with_replacement else itertools.combinations
        flat = np.fromiter(itertools.chain.from_iterable(choose(range(count), r)), np.int64)
        chosen = flat.reshape(-1, r)
    return input[chosen]


@explained
def block_diag(*tensors: Tensor) -> Tensor:
    """A matrix with the given matrices along its diagonal, and zeros. Vectors count as rows.

    The dtypes are brought together.

    Raises:
        RuntimeError: a tensor has more than two dimensions.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.block_diag(tg.tensor([[1, 2]]), tg.tensor(3))
        tensor([[1, 2, 0],
                [0, 0, 3]])
    """
    _check_tensors("block_diag", tensors)
    for place, tensor in enumerate(tensors):
        if tensor.ndim > 2:
            raise RuntimeError(
                f"torch.block_diag: Input tensors must have 2 or fewer dimensions. Input {place} has {tensor.ndim} "
                "dimensions"
            )
    if not tensors:
        return wrap(np.empty((1, 0), dtypes.default_numpy()))
    kind = dtypes.result_type([tensor._array for tensor in tensors])
    blocks = [x if x.ndim == 2 else reshape(x, (1,) * (2 - x.ndim) + tuple(x._array.shape)) for x in tensors]
    blocks = [x if x._array.dtype == kind else x.to(kind) for x in blocks]
    width = sum(block._array.shape[1] for block in blocks)
    rows, before = [], 0
    for block in blocks:
        height, own = block._array.shape
        left, right = [wrap(np.zeros((height, n), kind)) for n in (before, width - before - own)]
        pieces = [left] * (before > 0) + [block] + [right] * (right._array.shape[1] > 0)
        rows.append(cat(pieces, dim=1) if len(pieces) > 1 else block)
        before += own
    return cat(rows, dim=0)
