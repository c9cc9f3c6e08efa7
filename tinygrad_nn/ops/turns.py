"""Turning: by right angles, left to right and upside down.

Source: https://docs.pytorch.org/docs/stable/generated/torch.rot90.html
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .._core import dispatch
from .._core.memory_format import contiguous_format, row_by_row
from .._core.op import case, composite, op
from .._core.tensor import Tensor, check_dim
from .join import flip
from .shape import clone


def _turned_back(g: Any, first: int, second: int) -> Any:
    return _quarter.op.numpy(g, first=second, second=first)


@op(kind="general", vjp=_turned_back, method=False, torch_name="", node_name="Rot90Backward0",
    cases=[case((2, 3), first=0, second=1), case((2, 3, 4), first=2, second=0),
           case((0, 2), first=0, second=1)])  # fmt: skip
def _quarter(x, /, *, first, second):
    """Turned by 90 degrees from the first dimension towards the second, row by row in memory.

    Of two orders, that in which whole rows change places, and not single elements, which takes .8 of the time.
    """
    if first < second:
        return np.flip(row_by_row(x.swapaxes(first, second)), first).copy()
    return row_by_row(np.flip(x, second).copy().swapaxes(first, second))


@composite()
def rot90(input: Tensor, k: int = 1, dims: Sequence[int] = (0, 1)) -> Tensor:
    """The tensor turned by 90 degrees, `k` times, from the first of two dimensions towards the second.

    Args:
        input: the tensor.
        k: how often; negative numbers turn the other way.
        dims: the two dimensions.

    Raises:
        RuntimeError: not two dimensions, or the same one twice.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.rot90(tg.tensor([[1, 2], [3, 4]]))
        tensor([[2, 4],
                [1, 3]])
    """
    ndim, given = input._array.ndim, list(dims)
    if len(given) != 2:
        raise RuntimeError(f"expected total rotation dims == 2, but got dims = {len(given)}")
    if ndim < 2:
        raise RuntimeError(f"expected total dims >= 2, but got total dims = {ndim}")
    first, second = [check_dim(d, ndim) for d in given]
    if first == second:
        raise RuntimeError(
            f"expected rotation dims to be different, but got dim0 = {given[0]} and dim1 = {given[1]}"
        )
    if k % 2:
        first, second = (first, second) if k % 4 == 1 else (second, first)
        turned: Tensor = _quarter(input, first=first, second=second)
        return turned
    result: Tensor = flip(input, dims=(first, second)) if k % 4 else input
    if k % 4 and result.is_contiguous():
        return result
    return clone(result, memory_format=contiguous_format)


def _numpy_rot90(m: Tensor, k: int = 1, axes: Sequence[int] = (0, 1)) -> Tensor:
    """NumPy's names of the arguments."""
    return rot90(m, k, axes)


dispatch.register(np.rot90, _numpy_rot90)


@composite(np.fliplr)
def fliplr(input: Tensor) -> Tensor:
    """The order reversed along the second dimension, as a copy.

    Raises:
        RuntimeError: fewer than two dimensions.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.fliplr(tg.tensor([[1, 2], [3, 4]]))
        tensor([[2, 1],
                [4, 3]])
    """
    if input._array.ndim < 2:
        raise RuntimeError(f"Input must be >= 2-d. fliplr() got shape {list(input._array.shape)}")
    result: Tensor = flip(input, dims=(1,))
    return result


@composite(np.flipud)
def flipud(input: Tensor) -> Tensor:
    """The order reversed along the first dimension, as a copy.

    Raises:
        RuntimeError: no dimensions.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.flipud(tg.tensor([1, 2]))
        tensor([2, 1])
    """
    if not input._array.ndim:
        raise RuntimeError("Input must be >= 1-d. flipud() got a number")
    result: Tensor = flip(input, dims=(0,))
    return result


__all__ = ["fliplr", "flipud", "rot90"]
