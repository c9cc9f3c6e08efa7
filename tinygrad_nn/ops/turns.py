"""Turning: by right angles, left to right and upside down.

Source: https://docs.pytorch.org/docs/stable/generated/torch.rot90.html
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .._core import dispatch
from .._core.memory_format import contiguous_format
from .._core.op import composite
from .._core.tensor import Tensor, check_dim
from .join import flip
from .shape import clone
from .transposes import transpose


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
    result: Tensor = input
    if k % 4 == 1:
        result = transpose(flip(input, dims=(second,)), first, second)
    elif k % 4 == 2:
        result = flip(input, dims=(first, second))
    elif k % 4 == 3:
        result = transpose(flip(input, dims=(first,)), first, second)
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
