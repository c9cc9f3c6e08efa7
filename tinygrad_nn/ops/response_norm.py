"""Local response normalisation: each element divided by what its neighbours in other channels come to.

Source: Krizhevsky, Sutskever and Hinton, "ImageNet Classification with Deep Convolutional Neural Networks";
https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.local_response_norm.html
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from .._core import dtypes
from .._core.axis_maps import AxisMap
from .._core.errors import explained
from .._core.tensor import Tensor
from .interpolation import _resampled
from .norm_checks import check_tensors

__all__: list[str] = []


@functools.lru_cache(maxsize=64)
def _neighbours(channels: int, before: int, after: int, size: int, kind: Any) -> AxisMap:
    """The sum over the channels around each, divided by a size."""
    indices = np.arange(channels)[:, None] + np.arange(-before, after + 1)
    weights = np.where((indices >= 0) & (indices < channels), 1.0 / size, 0.0).astype(kind)
    return AxisMap(np.clip(indices, 0, channels - 1), weights, channels)


def response(input: Tensor, before: int, after: int, size: int, alpha: float, beta: float, k: float) -> Tensor:
    """``(k + alpha * sum / size) ** beta``, of the squares from so many channels before to so many after each."""
    x = input._array
    whole = x.dtype.kind == "i"  # whose means are rounded down, as those of `avg_pool2d` are
    kind = np.float64 if whole or x.dtype == np.float64 else np.float32
    around: Any = _neighbours(x.shape[1], before, after, 1 if whole else size, kind)
    squares = (input * input).double() if whole else input * input
    means: Any = _resampled(squares, maps=(around, *(None,) * (x.ndim - 2)))
    means = (means / size).floor().to(dtypes.get_default_dtype()) if whole else means
    found: Tensor = (means * alpha + k) ** beta
    return found


@explained
def local_response_norm(
    input: Tensor, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0
) -> Tensor:
    """``x / (k + alpha * mean) ** beta``, where the mean is that of the squares in `size` channels around each.

    Channels beyond the first and last count as 0.

    Args:
        input: of shape (N, C, ...).
        size: the number of channels.
        alpha, beta, k: the constants of the formula.

    Raises:
        ValueError: the input has fewer than 3 dimensions.
        RuntimeError: the size is not positive.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.local_response_norm.html

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.nn.functional.local_response_norm(tg.ones(1, 3, 1), size=3, alpha=3.0, beta=1.0)
        tensor([[[0.3333],
                 [0.2500],
                 [0.3333]]])
    """
    x = check_tensors("local_response_norm", input)
    if x.ndim < 3:
        raise ValueError(f"Expected 3D or higher dimensionality input (got {x.ndim} dimensions)")
    if isinstance(size, bool) or not hasattr(size, "__index__"):
        raise TypeError(f"local_response_norm(): argument 'size' must be int, not {type(size).__name__}")
    if size < 1:
        raise RuntimeError(f"kernel size should be greater than zero, but got {size} in local_response_norm()")
    if x.dtype == np.float16:  # squares would overflow
        result: Tensor = local_response_norm(input.float(), size, alpha, beta, k).half()
        return result
    if x.dtype.kind != "f" and x.dtype != np.int64:
        raise NotImplementedError(
            f"\"local_response_norm\" not implemented for '{dtypes.type_name(x.dtype)}'. Convert it first: x.float()."
        )
    if not x.size:
        return input
    found: Tensor = input / response(input, size // 2, (size - 1) // 2, size, alpha, beta, k)
    return found


def cross_map_response_norm(input: Tensor, size: int, alpha: float, beta: float, k: float) -> Tensor:
    """`local_response_norm` of images, over as many channels before each as after it.

    Raises:
        ValueError: the input has not four dimensions.
    """
    if input.ndim != 4:
        raise ValueError(f"CrossMapLRN2d: Expected input to be 4D, got {input.ndim}D instead.")
    reach = (size - 1) // 2
    return input / response(input, reach, reach, size, alpha, beta, k)
