"""Adaptive pooling: as many windows as are wanted, of whatever size that takes.

Window i of n over a length L reaches from ``i * L // n`` up to ``ceil((i + 1) * L / n)``; neighbours may overlap.

Source: https://docs.pytorch.org/docs/stable/nn.functional.html#pooling-functions
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from typing import Any, Literal, overload

import numpy as np

from .._core.errors import explained, must_be_tensor
from .._core.pooling import pool
from .._core.resampling import area_map
from .._core.tensor import Tensor
from .interpolation import _resampled
from .max_pooling import picked, pooled
from .pool_options import check_input

__all__ = ["adaptive_avg_pool1d"]

Sizes = int | Sequence[int | None] | None
Lengths = tuple[int, ...]


def _wanted(function: str, dims: int, input: Any, output_size: Any) -> Lengths:
    """How many windows are wanted along each dimension; None: as many as there are elements.

    Raises:
        TypeError: that is no number, and no list or tuple of such.
        RuntimeError: there are too many or too few, or one is negative.
    """
    if not isinstance(input, Tensor):
        raise must_be_tensor(function, "input", 0, input)
    several = isinstance(output_size, list | tuple)
    given = list(output_size) if several else [output_size] * dims
    if not several and (output_size is None or not hasattr(output_size, "__index__")):
        kind = type(output_size).__name__
        raise TypeError(f"{function}(): argument 'output_size' (position 2) must be int or tuple of ints, not {kind}")
    if several and dims > 1 and input.ndim <= len(given):
        raise ValueError(f"Input dimension should be at least {len(given) + 1}, got {input.ndim} in {function}()")
    if len(given) != dims:
        raise RuntimeError(f"{function}: output_size must be {dims}: one number, or {dims} of them, got {output_size}")
    lengths = input._array.shape[-dims:]
    for position, number in enumerate(given):
        if number is None and position < len(lengths):
            given[position] = lengths[position]
        elif isinstance(number, bool) or not hasattr(number, "__index__"):
            raise TypeError(
                f"{function}(): argument 'output_size' (position 2) must be tuple of ints, but found element of type "
                f"{type(number).__name__} at pos {position}"
            )
    if min(given) < 0:
        raise RuntimeError(
            f"{function}: elements of output_size must be greater than or equal to 0 but received {given}"
        )
    return tuple([int(n) for n in given])


def _adaptive_avg(function: str, dims: int, input: Any, output_size: Any) -> Tensor:
    wanted = _wanted(function, dims, input, output_size)
    shape = input._array.shape
    if dims < 3 and len(shape) > dims and shape[-dims - 1] == 0:  # without channels, there is nothing to average
        x = input._array
    else:
        x = check_input(function, input, dims, "biuc")
    if wanted == (1,) * dims and x.dtype.kind == "f" and x.size:
        mean: Tensor = input.mean(tuple(range(-dims, 0)), keepdim=True)
        return mean
    kind = np.float64 if x.dtype == np.float64 else np.float32
    maps = tuple([area_map(n, m, kind) for n, m in zip(shape[-dims:], wanted, strict=True)])
    result: Tensor = _resampled(input, maps=maps)
    return result


def _adaptive_max(function: str, dims: int, input: Any, output_size: Any, return_indices: Any) -> Any:
    wanted = _wanted(function, dims, input, output_size)
    x = check_input(function, input, dims, "biuc")
    lengths = x.shape[x.ndim - dims :]
    regular = min(wanted) > 0 and all(n % m == 0 for n, m in zip(lengths, wanted, strict=True))
    if regular and not return_indices:
        kernel = tuple([n // m for n, m in zip(lengths, wanted, strict=True)])
        zeros, ones = (0,) * dims, (1,) * dims
        return pooled(input, pool(lengths, kernel, kernel, zeros, ones, wanted))
    values, places = picked(input, _places_among(x, _elements(lengths, wanted), wanted), dims)
    return (values, places) if return_indices else values


@functools.lru_cache(maxsize=64)
def _elements(lengths: Lengths, wanted: Lengths) -> np.ndarray[Any, Any]:
    """The numbers of each window's elements in a plane: of shape (1, windows, elements)."""
    starts = [np.arange(m) * n // max(m, 1) for n, m in zip(lengths, wanted, strict=True)]
    stops = [-(-(np.arange(m) + 1) * n // max(m, 1)) for n, m in zip(lengths, wanted, strict=True)]
    return _elements_between(lengths, starts, stops)


def _elements_between(lengths: Lengths, starts: list[Any], stops: list[Any]) -> np.ndarray[Any, Any]:
    """The numbers of the windows' elements in a plane of these lengths: of shape (planes or 1, windows, elements)."""
    dims = len(lengths)
    place: Any = np.zeros((1,) * (1 + 2 * dims), np.intp)
    for position, (start, stop) in enumerate(zip(starts, stops, strict=True)):
        # windows that are shorter than the longest take their last element again
        reach = np.arange(max(int((stop - start).max(initial=1)), 1))
        index = np.minimum(start[..., None] + reach, stop[..., None] - 1)  # (..., windows, elements)
        spread = [math.prod(index.shape[:-2]), *[1] * (2 * dims)]
        spread[1 + position], spread[1 + dims + position] = index.shape[-2:]
        place = place * lengths[position] + index.reshape(spread)
    windows, elements = math.prod(place.shape[1 : 1 + dims]), math.prod(place.shape[1 + dims :])
    return place.reshape(len(place), windows, elements)  # type: ignore[no-any-return]


def places_of_maxima(x: np.ndarray[Any, Any], starts: list[Any], stops: list[Any]) -> np.ndarray[Any, Any]:
    """The number in x of the greatest element of each window; windows reach from starts up to stops.

    Starts and stops are given for each dimension, and differ from plane to plane: of shape (images, channels, windows).
    """
    counts = tuple([start.shape[-1] for start in starts])
    return _places_among(x, _elements_between(x.shape[x.ndim - len(starts) :], starts, stops), counts)


_TOGETHER = 131_072  # elements of windows that are compared together, so that they stay in the cache


def _places_among(x: np.ndarray[Any, Any], elements: np.ndarray[Any, Any], counts: Lengths) -> np.ndarray[Any, Any]:
    """The number in x of the greatest of each window's elements, which are the same in all planes or given for each."""
    lead = x.shape[: x.ndim - len(counts)]
    windows, reach = elements.shape[1:]
    planes = x.reshape(math.prod(lead), math.prod(x.shape[len(lead) :]))
    places = np.empty((len(planes), windows), np.intp)
    step = max(1, _TOGETHER // max(windows * reach, 1))
    for start in range(0, len(planes) if places.size else 0, step):
        some = planes[start : start + step]
        these = elements[start : start + step] if len(elements) > 1 else elements
        numbers = these.reshape(len(these), -1)
        found = some.take(numbers[0], 1) if len(these) == 1 else np.take_along_axis(some, numbers, 1)
        found = found.reshape(len(some), windows, reach)
        best = found.argmax(2)
        if x.dtype.kind == "f" and np.isnan(found.max()):  # of several nan, PyTorch takes the last
            nan = np.isnan(found)
            best = np.where(nan.any(2), reach - 1 - nan[..., ::-1].argmax(2), best)
        best += np.arange(0, numbers.size, reach).reshape(-1, windows)
        places[start : start + step] = numbers.ravel().take(best)
    places += np.arange(0, x.size, max(planes.shape[1], 1))[:, None]
    return places.reshape(*lead, *counts)


@explained
def adaptive_avg_pool1d(input: Tensor, output_size: int | Sequence[int]) -> Tensor:
    """The means of so many windows of sequences.

    Args:
        input: of shape (N, C, length), or (C, length).
        output_size: how many windows.

    Raises:
        RuntimeError: shapes do not fit.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.AdaptiveAvgPool1d.html

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.nn.functional.adaptive_avg_pool1d(tg.tensor([[1.0, 2.0, 3.0, 4.0]]), 2)
        tensor([[1.5000, 3.5000]])
    """
    return _adaptive_avg("adaptive_avg_pool1d", 1, input, output_size)


@explained
def adaptive_avg_pool2d(input: Tensor, output_size: Sizes) -> Tensor:
    """The means of so many windows of images.

    Args:
        input: of shape (N, C, H, W), or (C, H, W).
        output_size: how many windows along each dimension; one number for all. None: as many as there are elements.

    Raises:
        RuntimeError: shapes do not fit.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.AdaptiveAvgPool2d.html

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.nn.functional.adaptive_avg_pool2d(tg.arange(16.0).reshape(1, 4, 4), 1)
        tensor([[[7.5000]]])
    """
    return _adaptive_avg("adaptive_avg_pool2d", 2, input, output_size)


@explained
def adaptive_avg_pool3d(input: Tensor, output_size: Sizes) -> Tensor:
    """The means of so many windows of volumes.

    Args:
        input: of shape (N, C, D, H, W), or (C, D, H, W).
        output_size: how many windows along each dimension; one number for all. None: as many as there are elements.

    Raises:
        RuntimeError: shapes do not fit.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.AdaptiveAvgPool3d.html

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.nn.functional.adaptive_avg_pool3d(tg.arange(64.0).reshape(1, 4, 4, 4), 1)
        tensor([[[[31.5000]]]])
    """
    return _adaptive_avg("adaptive_avg_pool3d", 3, input, output_size)


@overload
def adaptive_max_pool1d(
    input: Tensor, output_size: int | Sequence[int], return_indices: Literal[False] = False
) -> Tensor: ...


@overload
def adaptive_max_pool1d(input: Tensor, output_size: int | Sequence[int], return_indices: bool) -> Any: ...


@explained
def adaptive_max_pool1d(input: Tensor, output_size: int | Sequence[int], return_indices: bool = False) -> Any:
    """The greatest elements of so many windows of sequences.

    Args:
        input: of shape (N, C, length), or (C, length).
        output_size: how many windows.
        return_indices: return also where in their plane the elements are.

    Raises:
        RuntimeError: shapes do not fit.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.AdaptiveMaxPool1d.html

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.nn.functional.adaptive_max_pool1d(tg.tensor([[1.0, 2.0, 3.0, 4.0]]), 2)
        tensor([[2., 4.]])
    """
    return _adaptive_max("adaptive_max_pool1d", 1, input, output_size, return_indices)


def adaptive_max_pool1d_with_indices(
    input: Tensor, output_size: int | Sequence[int], return_indices: bool = True
) -> tuple[Tensor, Tensor]:
    """`adaptive_max_pool1d` with ``return_indices=True``."""
    found: tuple[Tensor, Tensor] = adaptive_max_pool1d(input, output_size, True)
    return found


@overload
def adaptive_max_pool2d(input: Tensor, output_size: Sizes, return_indices: Literal[False] = False) -> Tensor: ...


@overload
def adaptive_max_pool2d(input: Tensor, output_size: Sizes, return_indices: bool) -> Any: ...


@explained
def adaptive_max_pool2d(input: Tensor, output_size: Sizes, return_indices: bool = False) -> Any:
    """The greatest elements of so many windows of images.

    Args:
        input: of shape (N, C, H, W), or (C, H, W).
        output_size: how many windows along each dimension; one number for all. None: as many as there are elements.
        return_indices: return also where in their plane the elements are.

    Raises:
        RuntimeError: shapes do not fit.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.AdaptiveMaxPool2d.html

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.nn.functional.adaptive_max_pool2d(tg.arange(16.0).reshape(1, 4, 4), 1)
        tensor([[[15.]]])
    """
    return _adaptive_max("adaptive_max_pool2d", 2, input, output_size, return_indices)


def adaptive_max_pool2d_with_indices(
    input: Tensor, output_size: Sizes, return_indices: bool = True
) -> tuple[Tensor, Tensor]:
    """`adaptive_max_pool2d` with ``return_indices=True``."""
    found: tuple[Tensor, Tensor] = adaptive_max_pool2d(input, output_size, True)
    return found


@overload
def adaptive_max_pool3d(input: Tensor, output_size: Sizes, return_indices: Literal[False] = False) -> Tensor: ...


@overload
def adaptive_max_pool3d(input: Tensor, output_size: Sizes, return_indices: bool) -> Any: ...


@explained
def adaptive_max_pool3d(input: Tensor, output_size: Sizes, return_indices: bool = False) -> Any:
    """The greatest elements of so many windows of volumes.

    Args:
        input: of shape (N, C, D, H, W), or (C, D, H, W).
        output_size: how many windows along each dimension; one number for all. None: as many as there are elements.
        return_indices: return also where in their plane the elements are.

    Raises:
        RuntimeError: shapes do not fit.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.AdaptiveMaxPool3d.html

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.nn.functional.adaptive_max_pool3d(tg.arange(64.0).reshape(1, 4, 4, 4), 1)
        tensor([[[[63.]]]])
    """
    return _adaptive_max("adaptive_max_pool3d", 3, input, output_size, return_indices)


def adaptive_max_pool3d_with_indices(
    input: Tensor, output_size: Sizes, return_indices: bool = True
) -> tuple[Tensor, Tensor]:
    """`adaptive_max_pool3d` with ``return_indices=True``."""
    found: tuple[Tensor, Tensor] = adaptive_max_pool3d(input, output_size, True)
    return found
