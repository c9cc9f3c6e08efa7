"""Average pooling: the mean of each window; and power-average pooling.

Windows are products of windows along each dimension, and so are their means: see `tinygrad_nn._core.resampling`.

Source: https://docs.pytorch.org/docs/stable/nn.functional.html#pooling-functions
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from math import inf
from typing import Any

import numpy as np

from .._core.axis_maps import AxisMap
from .._core.errors import explained
from .._core.resampling import resample
from .._core.side_by_side import summed
from .._core.tensor import Tensor, wrap
from .arithmetic import sign
from .interpolation import _resampled
from .max_pooling import max_pool1d, max_pool2d, max_pool3d
from .pool_options import Pooling, check_input, check_numbers, numbers, pooling

__all__ = ["avg_pool1d"]

Numbers = int | Sequence[int]


@functools.lru_cache(maxsize=128)
def _window_map(
    length: int, kernel: int, stride: int, padding: int, count: int, divisor: str, kind: Any
) -> AxisMap | None:
    """The mean of each window along a dimension; or its sum.

    Args:
        divisor: ``"all"``: the window's length, but for what lies beyond the padding; ``"inside"``: how much of it is
            inside; ``"one"``: 1.
    """
    if kernel == stride == 1 and not padding and count == length:
        return None
    if stride == kernel and not padding:
        found = summed(length, count, kernel, 1.0 if divisor == "one" else 1.0 / kernel)
        if found is not None:
            return found
    starts = np.arange(count)[:, None] * stride - padding
    indices = starts + np.arange(kernel)
    inside = (indices >= 0) & (indices < length)
    sizes = np.minimum(starts + kernel, length + padding) - starts if divisor == "all" else inside.sum(1, keepdims=True)
    weights = np.where(inside, 1.0 if divisor == "one" else 1.0 / np.maximum(sizes, 1), 0.0)
    return AxisMap(np.clip(indices, 0, length - 1), weights.astype(kind), length)


def _maps(lengths: tuple[int, ...], found: Pooling, divisor: str, kind: Any) -> tuple[AxisMap | None, ...]:
    given = zip(lengths, found.kernel, found.stride, found.padding, found.counts, strict=True)
    return tuple([_window_map(n, k, s, p, count, divisor, kind) for n, k, s, p, count in given])


def _avg_pool(
    function: str, dims: int, input: Any, kernel_size: Any, stride: Any, padding: Any, ceil_mode: Any,
    count_include_pad: Any, divisor_override: Any = None,
) -> Tensor:  # fmt: skip
    check_numbers(function, kernel_size=kernel_size, stride=kernel_size if stride is None else stride, padding=padding)
    if divisor_override is not None:
        if isinstance(divisor_override, bool) or not hasattr(divisor_override, "__index__"):
            given = type(divisor_override).__name__
            raise TypeError(f"{function}(): argument 'divisor_override' must be int, not {given}")
        if divisor_override == 0:
            raise RuntimeError(f"divisor must be not zero: {function}() got divisor_override=0")
    if dims == 2 and isinstance(input, Tensor) and input.ndim < 3:
        bound = max(input.ndim, 1)
        raise IndexError(
            f"Dimension out of range (expected to be in range of [{-bound}, {bound - 1}], but got -3) in {function}(), "
            f"which expects an input of 3 or 4 dimensions: got {list(input.shape)}"
        )
    x = check_input(function, input, dims, "bcu")
    found = pooling(function, x.shape, dims, kernel_size, stride, padding, 1, ceil_mode)
    lengths = x.shape[x.ndim - dims :]
    if dims == 3 and any(n < k for n, k in zip(lengths, found.kernel, strict=True)):
        raise RuntimeError(f"input image {list(lengths)} smaller than kernel size {list(found.kernel)} in {function}()")
    way = "one" if divisor_override is not None else "all" if count_include_pad else "inside"
    if x.dtype.kind == "i":
        return _of_integers(x, lengths, found, way, divisor_override)
    kind = np.float64 if x.dtype == np.float64 else np.float32
    result: Tensor = _resampled(input, maps=_maps(lengths, found, way, kind))
    return result if divisor_override is None else result / divisor_override


def _of_integers(x: Any, lengths: tuple[int, ...], found: Pooling, way: str, divisor: int | None) -> Tensor:
    """Sums divided by sizes, towards 0."""
    sums = np.rint(resample(x.astype(np.float64), _maps(lengths, found, "one", np.float64)))
    if divisor is None:
        shares = resample(np.ones(x.shape), _maps(lengths, found, way, np.float64))  # what part of a window is inside
        inside = resample(np.ones(x.shape), _maps(lengths, found, "one", np.float64))
        sums = sums / np.rint(inside / shares)
    else:
        sums = sums / divisor
    return wrap(np.trunc(sums).astype(x.dtype))


@explained
def avg_pool1d(
    input: Tensor,
    kernel_size: Numbers,
    stride: Numbers | None = None,
    padding: Numbers = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Tensor:
    """The mean of each window of sequences.

    Args:
        input: of shape (N, C, length), or (C, length).
        kernel_size: the windows' length.
        stride: the distance of the windows, as long as the windows unless given.
        padding: how many zeros there are around the input; at most half of the window.
        ceil_mode: also take windows that reach beyond the end.
        count_include_pad: the padding's zeros count as elements.

    Raises:
        RuntimeError: shapes or options do not fit.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.avg_pool1d.html

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.nn.functional.avg_pool1d(tg.tensor([[1.0, 3.0, 2.0, 0.0]]), 2)
        tensor([[2., 1.]])
    """
    return _avg_pool(
        "avg_pool1d", 1, input, kernel_size, stride, padding, ceil_mode, count_include_pad
    )


@explained
def avg_pool2d(
    input: Tensor,
    kernel_size: Numbers,
    stride: Numbers | None = None,
    padding: Numbers = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Tensor:
    """The mean of each window of images.

    Args:
        input: of shape (N, C, H, W), or (C, H, W).
        kernel_size: the windows' height and width; one number for both or one for each, as for the others.
        stride: the distance of the windows, as long as the windows unless given.
        padding: how many zeros there are around the input; at most half of the window.
        ceil_mode: also take windows that reach beyond the end.
        count_include_pad: the padding's zeros count as elements.
        divisor_override: what sums are divided by, instead of the windows' sizes.

    Raises:
        RuntimeError: shapes or options do not fit.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.avg_pool2d.html

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.nn.functional.avg_pool2d(tg.arange(16.0).reshape(1, 4, 4), 2)
        tensor([[[ 2.5000,  4.5000],
                 [10.5000, 12.5000]]])
    """
    return _avg_pool(
        "avg_pool2d", 2, input, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override
    )


@explained
def avg_pool3d(
    input: Tensor,
    kernel_size: Numbers,
    stride: Numbers | None = None,
    padding: Numbers = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Tensor:
    """The mean of each window of volumes.

    Args:
        input: of shape (N, C, D, H, W), or (C, D, H, W).
        kernel_size: the windows' depth, height and width; one number for all or one for each.
        stride: the distance of the windows, as long as the windows unless given.
        padding: how many zeros there are around the input; at most half of the window.
        ceil_mode: also take windows that reach beyond the end.
        count_include_pad: the padding's zeros count as elements.
        divisor_override: what sums are divided by, instead of the windows' sizes.

    Raises:
        RuntimeError: shapes or options do not fit.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.avg_pool3d.html

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.nn.functional.avg_pool3d(tg.arange(8.0).reshape(1, 2, 2, 2), 2)
        tensor([[[[3.5000]]]])
    """
    return _avg_pool(
        "avg_pool3d", 3, input, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override
    )


# --- power averages ----------------------------------------------------------------------------------------------


def _lp_pool(
    dims: int, input: Tensor, norm_type: float, kernel_size: Any, stride: Any, ceil_mode: bool
) -> Tensor:
    most: Any = (max_pool1d, max_pool2d, max_pool3d)[dims - 1]
    if norm_type == inf:
        return most(input.abs(), kernel_size, stride, 0, 1, ceil_mode)  # type: ignore[no-any-return]
    if norm_type == -inf:
        return -most(-input.abs(), kernel_size, stride, 0, 1, ceil_mode)  # type: ignore[no-any-return]
    mean: Any = (avg_pool1d, avg_pool2d, avg_pool3d)[dims - 1]
    size = int(np.prod(numbers(f"lp_pool{dims}d", "kernel_size", kernel_size, dims)))
    means = mean(input.pow(norm_type), kernel_size, stride, 0, ceil_mode)
    result: Tensor = (sign(means) * means.abs().relu()).mul(size).pow(1.0 / norm_type)
    return result


def lp_pool1d(
    input: Tensor,
    norm_type: float,
    kernel_size: int,
    stride: Numbers | None = None,
    ceil_mode: bool = False,
) -> Tensor:
    """The power average ``sum(x ** p) ** (1 / p)`` of each window of sequences.

    Args:
        input: of shape (N, C, length), or (C, length).
        norm_type: p; infinity: the greatest absolute value.
        kernel_size: the windows' length.
        stride: the distance of the windows, as long as the windows unless given.
        ceil_mode: also take windows that reach beyond the end.

    Raises:
        RuntimeError: shapes or options do not fit.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.LPPool1d.html

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.nn.functional.lp_pool1d(tg.full((1, 2), 3.0), 2, 2).flatten()
        tensor([4.2426])
    """
    return _lp_pool(1, input, norm_type, kernel_size, stride, ceil_mode)


def lp_pool2d(
    input: Tensor,
    norm_type: float,
    kernel_size: Numbers,
    stride: Numbers | None = None,
    ceil_mode: bool = False,
) -> Tensor:
    """The power average ``sum(x ** p) ** (1 / p)`` of each window of images.

    Args:
        input: of shape (N, C, H, W), or (C, H, W).
        norm_type: p; infinity: the greatest absolute value.
        kernel_size: the windows' height and width; one number for both or one for each, as for the others.
        stride: the distance of the windows, as long as the windows unless given.
        ceil_mode: also take windows that reach beyond the end.

    Raises:
        RuntimeError: shapes or options do not fit.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.LPPool2d.html

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.nn.functional.lp_pool2d(tg.full((1, 2, 2), 3.0), 2, 2).flatten()
        tensor([6.])
    """
    return _lp_pool(2, input, norm_type, kernel_size, stride, ceil_mode)


def lp_pool3d(
    input: Tensor,
    norm_type: float,
    kernel_size: Numbers,
    stride: Numbers | None = None,
    ceil_mode: bool = False,
) -> Tensor:
    """The power average ``sum(x ** p) ** (1 / p)`` of each window of volumes.

    Args:
        input: of shape (N, C, D, H, W), or (C, D, H, W).
        norm_type: p; infinity: the greatest absolute value.
        kernel_size: the windows' depth, height and width; one number for all or one for each.
        stride: the distance of the windows, as long as the windows unless given.
        ceil_mode: also take windows that reach beyond the end.

    Raises:
        RuntimeError: shapes or options do not fit.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.LPPool3d.html

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.nn.functional.lp_pool3d(tg.full((1, 2, 2, 2), 3.0), 2, 2).flatten()
        tensor([8.4853])
    """
    return _lp_pool(3, input, norm_type, kernel_size, stride, ceil_mode)
