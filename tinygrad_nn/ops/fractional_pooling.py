"""Fractional max pooling: windows of one size, at distances that are drawn.

Source: Graham, "Fractional Max-Pooling", https://arxiv.org/abs/1412.6071;
https://docs.pytorch.org/docs/stable/generated/torch.nn.FractionalMaxPool2d.html
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, overload

import numpy as np

from .._core import dtypes
from .._core.errors import explained, must_be_tensor
from .._core.tensor import Tensor
from .adaptive_pooling import places_of_maxima
from .max_pooling import picked
from .pool_options import numbers
from .random import rand

__all__: list[str] = []

Numbers = int | Sequence[int]
Lengths = tuple[int, ...]


def _counts(function: str, dims: int, input: Tensor, output_size: Any, output_ratio: Any) -> Lengths:
    """How many windows there are to be along each dimension.

    Raises:
        ValueError: neither a size nor a ratio is given.
        RuntimeError: a number is negative.
    """
    if output_size is None and output_ratio is None:
        raise ValueError(f"{function} requires specifying either an output_size or an output_ratio")
    if output_size is None:
        ratios = tuple(output_ratio) if isinstance(output_ratio, list | tuple) else (output_ratio,) * dims
        if len(ratios) != dims:
            raise ValueError(f"{function} requires output_ratio to either be a single Int or tuple of Ints.")
        return tuple([int(n * ratio) for n, ratio in zip(input.shape[-dims:], ratios, strict=True)])
    counts = numbers(function, "output_size", output_size, dims)
    if min(counts) < 0:
        raise RuntimeError(f"Trying to create tensor with negative dimension: {function}() got {output_size}")
    return counts


def _check(function: str, dims: int, x: np.ndarray[Any, Any], kernel: Lengths, counts: Lengths) -> None:
    if x.dtype.kind != "f":
        raise NotImplementedError(
            f"\"{function}\" not implemented for '{dtypes.type_name(x.dtype)}'. Convert the input first: x.float()."
        )
    if x.ndim not in (dims + 1, dims + 2) or 0 in x.shape[-dims - 1 :]:
        raise RuntimeError(
            f"{function}(): Expected {dims + 1}D or {dims + 2}D (batch mode) tensor with optional 0 dim batch size for "
            f"input, but got: {list(x.shape)}"
        )
    for word, n, k, count in zip(("time", "height", "width")[-dims:], x.shape[-dims:], kernel, counts, strict=True):
        if k < 1:
            raise RuntimeError(f"{function}: kernel_size must be positive, got {list(kernel)}")
        if count + k - 1 > n - (dims == 3):  # of volumes, PyTorch wants one element more
            raise RuntimeError(f"{function}(): pool {word} {k} too large relative to input {word} {n}")


def _check_samples(samples: Any, x: np.ndarray[Any, Any], dims: int) -> None:
    given = samples._array
    images, channels = (1, x.shape[0]) if x.ndim == dims + 1 else x.shape[:2]
    if given.dtype != x.dtype:
        raise RuntimeError(
            f"Expect _random_samples to have the same dtype as input, got {samples.dtype} and {x.dtype}"
        )  # fmt: skip
    if given.ndim != 3:
        raise RuntimeError(f"Expect _random_samples to have 3 dimensions, got {given.ndim}")
    if given.shape[0] < images:
        raise RuntimeError(f"Expect _random_samples.size(0) no less then input batch size. Got {given.shape[0]}.")
    if given.shape[1] != channels:
        raise RuntimeError(f"Expect _random_samples.size(1) equals to input channel size {channels}.")
    if given.shape[2] != dims:
        raise RuntimeError(f"Expect _random_samples.size(2) equals to {dims} got {given.shape[2]}.")


def _starts(samples: np.ndarray[Any, Any], length: int, count: int, kernel: int) -> np.ndarray[Any, Any]:
    """Where the windows along a dimension start, in each plane."""
    last = np.full((*samples.shape, 1), length - kernel)
    if count < 2:
        return last[..., :count]
    kind = samples.dtype.type
    step = kind(length - kernel) / kind(count - 1)
    shifted = (np.arange(count - 1, dtype=samples.dtype) + samples[..., None]) * step
    return np.concatenate([shifted.astype(np.intp) - (samples * step).astype(np.intp)[..., None], last], -1)


def _pool(
    function: str, dims: int, input: Any, kernel_size: Any, output_size: Any, output_ratio: Any, return_indices: Any,
    samples: Any,
) -> Any:  # fmt: skip
    if not isinstance(input, Tensor):
        raise must_be_tensor(function, "input", 0, input)
    x = input._array
    if x.ndim < dims + 1:
        raise IndexError(
            f"Dimension out of range: {function}() expects an input of {dims + 1} or {dims + 2} dimensions: {x.ndim}"
        )
    kernel = numbers(function, "kernel_size", kernel_size, dims)
    counts = _counts(function, dims, input, output_size, output_ratio)
    _check(function, dims, x, kernel, counts)
    single = x.ndim == dims + 1
    if samples is None:
        samples = rand(1 if single else len(x), x.shape[-dims - 1], dims, dtype=dtypes.from_numpy(x.dtype))
    _check_samples(samples, x, dims)
    drawn = samples._array[0] if single else samples._array[: len(x)]
    order = (1, 0) if dims == 2 else (0, 1, 2)  # of an image, the columns' number comes first
    given = zip(order, x.shape[-dims:], counts, kernel, strict=True)
    starts = [_starts(drawn[..., place], n, count, k) for place, n, count, k in given]
    stops = [start + k for start, k in zip(starts, kernel, strict=True)]
    values, places = picked(input, places_of_maxima(x, starts, stops), dims)
    return (values, places) if return_indices else values


@overload
def fractional_max_pool2d(
    input: Tensor,
    kernel_size: Numbers,
    output_size: Numbers | None = ...,
    output_ratio: float | Sequence[float] | None = ...,
    return_indices: Literal[False] = False,
    _random_samples: Tensor | None = ...,
) -> Tensor: ...


@overload
def fractional_max_pool2d(
    input: Tensor,
    kernel_size: Numbers,
    output_size: Numbers | None = ...,
    output_ratio: float | Sequence[float] | None = ...,
    return_indices: bool = ...,
    _random_samples: Tensor | None = ...,
) -> Any: ...


@explained
def fractional_max_pool2d(
    input: Tensor,
    kernel_size: Numbers,
    output_size: Numbers | None = None,
    output_ratio: float | Sequence[float] | None = None,
    return_indices: bool = False,
    _random_samples: Tensor | None = None,
) -> Any:
    """The greatest element of each of the windows of images, whose distances are drawn for each plane.

    Args:
        input: of shape (N, C, H, W), or (C, H, W).
        kernel_size: the windows' height and width; one number for all or one for each.
        output_size: how many windows there are to be.
        output_ratio: instead of a size: the ratio of the result's lengths to the input's.
        return_indices: return also where in their plane the elements are.
        _random_samples: the draws, of shape (N, C, 2), instead of new ones.

    Raises:
        ValueError: neither a size nor a ratio is given.
        RuntimeError: shapes do not fit.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.fractional_max_pool2d.html

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.nn.functional.fractional_max_pool2d(tg.ones(1, 5, 5), 2, output_size=3).shape
        torch.Size([1, 3, 3])
    """
    return _pool(
        "fractional_max_pool2d", 2, input, kernel_size, output_size, output_ratio, return_indices, _random_samples
    )


def fractional_max_pool2d_with_indices(
    input: Tensor,
    kernel_size: Numbers,
    output_size: Numbers | None = None,
    output_ratio: float | Sequence[float] | None = None,
    return_indices: bool = True,
    _random_samples: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """`fractional_max_pool2d` with ``return_indices=True``."""
    found: tuple[Tensor, Tensor] = fractional_max_pool2d(
        input, kernel_size, output_size, output_ratio, True, _random_samples
    )
    return found


@overload
def fractional_max_pool3d(
    input: Tensor,
    kernel_size: Numbers,
    output_size: Numbers | None = ...,
    output_ratio: float | Sequence[float] | None = ...,
    return_indices: Literal[False] = False,
    _random_samples: Tensor | None = ...,
) -> Tensor: ...


@overload
def fractional_max_pool3d(
    input: Tensor,
    kernel_size: Numbers,
    output_size: Numbers | None = ...,
    output_ratio: float | Sequence[float] | None = ...,
    return_indices: bool = ...,
    _random_samples: Tensor | None = ...,
) -> Any: ...


@explained
def fractional_max_pool3d(
    input: Tensor,
    kernel_size: Numbers,
    output_size: Numbers | None = None,
    output_ratio: float | Sequence[float] | None = None,
    return_indices: bool = False,
    _random_samples: Tensor | None = None,
) -> Any:
    """The greatest element of each of the windows of volumes, whose distances are drawn for each plane.

    Args:
        input: of shape (N, C, D, H, W), or (C, D, H, W).
        kernel_size: the windows' depth, height and width; one number for all or one for each.
        output_size: how many windows there are to be.
        output_ratio: instead of a size: the ratio of the result's lengths to the input's.
        return_indices: return also where in their plane the elements are.
        _random_samples: the draws, of shape (N, C, 3), instead of new ones.

    Raises:
        ValueError: neither a size nor a ratio is given.
        RuntimeError: shapes do not fit.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.fractional_max_pool3d.html

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.nn.functional.fractional_max_pool3d(tg.ones(1, 5, 5, 5), 2, output_size=3).shape
        torch.Size([1, 3, 3, 3])
    """
    return _pool(
        "fractional_max_pool3d", 3, input, kernel_size, output_size, output_ratio, return_indices, _random_samples
    )


def fractional_max_pool3d_with_indices(
    input: Tensor,
    kernel_size: Numbers,
    output_size: Numbers | None = None,
    output_ratio: float | Sequence[float] | None = None,
    return_indices: bool = True,
    _random_samples: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """`fractional_max_pool3d` with ``return_indices=True``."""
    found: tuple[Tensor, Tensor] = fractional_max_pool3d(
        input, kernel_size, output_size, output_ratio, True, _random_samples
    )
    return found
