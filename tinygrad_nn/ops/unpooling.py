"""Max unpooling: the greatest elements back where they were, zeros elsewhere.

Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.MaxUnpool2d.html
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from .._core import dtypes
from .._core.errors import explained, must_be_tensor
from .._core.tensor import Tensor, wrap
from .pool_options import numbers
from .scatter import scatter

__all__: list[str] = []

Numbers = int | Sequence[int]
Lengths = tuple[int, ...]


def _size(input: Tensor, kernel: Lengths, stride: Lengths, padding: Lengths, output_size: Any) -> Lengths:
    """The lengths of the result.

    Raises:
        ValueError: the size that is asked for is not one that could have been pooled.
    """
    dims = len(kernel)
    given = zip(input.shape[-dims:], kernel, stride, padding, strict=True)
    usual = tuple([(n - 1) * s + k - 2 * p for n, k, s, p in given])
    if output_size is None:
        return usual
    wanted = tuple(output_size) if isinstance(output_size, list | tuple) else (output_size,)
    wanted = wanted[2:] if len(wanted) == dims + 2 else wanted
    if len(wanted) != dims:
        raise ValueError(
            f"output_size should be a sequence containing {dims} or {dims + 2} elements, but it has a length of "
            f"'{len(wanted)}'"
        )
    for place, (size, middle, s) in enumerate(zip(wanted, usual, stride, strict=True)):
        if not middle - s < size < middle + s:
            raise ValueError(
                f'invalid output_size "{wanted}" (dim {place} must be between {middle - s} and {middle + s})'
            )
    return tuple([int(n) for n in wanted])


def _check(function: str, dims: int, input: Any, indices: Any) -> None:
    for position, (name, value) in enumerate((("input", input), ("indices", indices))):
        if not isinstance(value, Tensor):
            raise must_be_tensor(function, name, position, value)
    if indices._array.dtype != np.int64:
        kind = dtypes.type_name(indices._array.dtype)
        raise RuntimeError(f"elements in indices should be type int64 but got: {kind} in {function}()")
    if input.ndim not in (dims + 1, dims + 2):
        raise RuntimeError(
            f"Input to {function}() should be a {dims + 1}d or {dims + 2}d Tensor, but got a tensor with {input.ndim} "
            "dimensions."
        )
    if input.shape != indices.shape:
        raise RuntimeError(
            f"Expected shape of indices to be same as that of the input tensor ({list(input.shape)}) but got indices "
            f"tensor with shape: {list(indices.shape)}"
        )
    if 0 in input.shape[-dims - 1 :]:
        raise RuntimeError(
            f"{function}(): Expected input to have non-zero size for non-batch dimensions, but got {list(input.shape)}"
        )
    if input._array.dtype.kind != "f":
        kind = dtypes.type_name(input._array.dtype)
        raise NotImplementedError(f"\"{function}\" not implemented for '{kind}'. Convert the input first: x.float().")


def _unpool(
    function: str, dims: int, input: Any, indices: Any, kernel_size: Any, stride: Any, padding: Any, output_size: Any
) -> Tensor:
    kernel = numbers(function, "kernel_size", kernel_size, dims)
    step = kernel if stride is None else numbers(function, "stride", stride, dims)
    around = numbers(function, "padding", padding, dims)
    if not isinstance(input, Tensor):
        raise must_be_tensor(function, "input", 0, input)
    size = _size(input, kernel, step, around, output_size)
    _check(function, dims, input, indices)
    if min(step) < 1 and dims == 3:
        raise RuntimeError(f"strides should be greater than zero, but got stride: {list(step)}")
    if min(size) < 0:
        raise RuntimeError(f"Trying to create tensor with negative dimension: {function}() got the size {size}")
    places = indices._array
    volume = math.prod(size)
    wrong = (places < 0) | (places >= volume)
    if wrong.any():
        raise RuntimeError(
            f"Found an invalid max index: {int(places[wrong][0])} (output volumes are of size "
            f"{'x'.join(map(str, size))}) in {function}()"
        )
    lead = input.shape[: input.ndim - dims]
    flat = (*lead, math.prod(input.shape[input.ndim - dims :]))
    empty = wrap(np.zeros((*lead, volume), input._array.dtype))
    filled = scatter(empty, -1, indices.reshape(flat), input.reshape(flat))
    return filled.reshape(*lead, *size)


@explained
def max_unpool1d(
    input: Tensor,
    indices: Tensor,
    kernel_size: Numbers,
    stride: Numbers | None = None,
    padding: Numbers = 0,
    output_size: Sequence[int] | None = None,
) -> Tensor:
    """Elements at the places that `max_pool1d` found them at, and zeros elsewhere.

    Args:
        input: of shape (N, C, length), or (C, length).
        indices: for each element where it belongs in its sequence, int64.
        kernel_size, stride, padding: those of the pooling.
        output_size: the size before the pooling, where several lengths give the same number of windows.

    Raises:
        ValueError: no input of this size could have been pooled to the input.
        RuntimeError: shapes do not fit, or an index is out of bounds.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.MaxUnpool1d.html

    Example:
        >>> import tinygrad_nn as tg
        >>> x = tg.arange(2.0).reshape(1, 2)
        >>> pooled, indices = tg.nn.functional.max_pool1d(x, 2, return_indices=True)
        >>> tg.nn.functional.max_unpool1d(pooled, indices, 2).flatten()
        tensor([0., 1.])
    """
    return _unpool("max_unpool1d", 1, input, indices, kernel_size, stride, padding, output_size)


@explained
def max_unpool2d(
    input: Tensor,
    indices: Tensor,
    kernel_size: Numbers,
    stride: Numbers | None = None,
    padding: Numbers = 0,
    output_size: Sequence[int] | None = None,
) -> Tensor:
    """Elements at the places that `max_pool2d` found them at, and zeros elsewhere.

    Args:
        input: of shape (N, C, H, W), or (C, H, W).
        indices: for each element where it belongs in its plane, int64.
        kernel_size, stride, padding: those of the pooling.
        output_size: the size before the pooling, where several lengths give the same number of windows.

    Raises:
        ValueError: no input of this size could have been pooled to the input.
        RuntimeError: shapes do not fit, or an index is out of bounds.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.MaxUnpool2d.html

    Example:
        >>> import tinygrad_nn as tg
        >>> x = tg.arange(4.0).reshape(1, 2, 2)
        >>> pooled, indices = tg.nn.functional.max_pool2d(x, 2, return_indices=True)
        >>> tg.nn.functional.max_unpool2d(pooled, indices, 2).flatten()
        tensor([0., 0., 0., 3.])
    """
    return _unpool("max_unpool2d", 2, input, indices, kernel_size, stride, padding, output_size)


@explained
def max_unpool3d(
    input: Tensor,
    indices: Tensor,
    kernel_size: Numbers,
    stride: Numbers | None = None,
    padding: Numbers = 0,
    output_size: Sequence[int] | None = None,
) -> Tensor:
    """Elements at the places that `max_pool3d` found them at, and zeros elsewhere.

    Args:
        input: of shape (N, C, D, H, W), or (C, D, H, W).
        indices: for each element where it belongs in its volume, int64.
        kernel_size, stride, padding: those of the pooling.
        output_size: the size before the pooling, where several lengths give the same number of windows.

    Raises:
        ValueError: no input of this size could have been pooled to the input.
        RuntimeError: shapes do not fit, or an index is out of bounds.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.MaxUnpool3d.html

    Example:
        >>> import tinygrad_nn as tg
        >>> x = tg.arange(8.0).reshape(1, 2, 2, 2)
        >>> pooled, indices = tg.nn.functional.max_pool3d(x, 2, return_indices=True)
        >>> tg.nn.functional.max_unpool3d(pooled, indices, 2).flatten()
        tensor([0., 0., 0., 0., 0., 0., 0., 7.])
    """
    return _unpool("max_unpool3d", 3, input, indices, kernel_size, stride, padding, output_size)
