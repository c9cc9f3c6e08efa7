"""Windows for spectra: weights that fall off to both ends. See `tinygrad_nn.signal.windows` for more.

A periodic window of length L is the symmetric one of length L + 1 without its last point.

Source: https://docs.pytorch.org/docs/stable/torch.html#spectral-ops
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .._core import dtypes
from .._core.modified_bessel import i0
from .._core.tensor import Tensor
from .making import finish

__all__ = ["bartlett_window", "blackman_window", "hamming_window", "hann_window", "kaiser_window"]

_NUMBER = int | float


def _checked(name: str, length: Any, dtype: Any) -> np.dtype[Any]:
    """The dtype of a window, after a look at its length.

    Raises:
        TypeError, RuntimeError: the length is no integer, or negative; or the dtype is none of floating point numbers.
    """
    if not isinstance(length, int | np.integer) or isinstance(length, bool):
        raise TypeError(
            f"{name}(): argument 'window_length' (position 1) must be int, not {type(length).__name__} (got {length!r})"
        )
    kind = dtypes.default_numpy() if dtype is None else dtypes.to_numpy(dtype)
    if kind.kind not in "fc":
        raise RuntimeError(f"{name} expects floating point dtypes, got: {dtypes.from_numpy(kind)}")
    if length < 0:
        raise RuntimeError(f"{name} requires non-negative window_length, got window_length={length}")
    if kind.kind == "c" and length > 1:
        raise NotImplementedError(f"\"arange_cpu\" not implemented for '{dtypes.type_name(kind)}'")
    return kind


def _made(
    name: str, window_length: Any, periodic: bool, weights: Any, dtype: Any, device: Any, requires_grad: bool
) -> Tensor:
    """The window whose `weights` are a function of the points 0, 1, ... and their number."""
    kind = _checked(name, window_length, dtype)
    if window_length <= 1:
        return finish(np.ones(window_length, kind), requires_grad, device)
    points = window_length + bool(periodic)
    with np.errstate(all="ignore"):
        array = np.asarray(weights(np.arange(points).astype(kind), points), kind)
    return finish(array[:window_length].copy(), requires_grad, device)


def _cosine(points: Any, step: float, scale: float) -> Any:
    return np.cos(points * points.dtype.type(step)) * points.dtype.type(scale)


def bartlett_window(
    window_length: int,
    periodic: bool = True,
    *,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    pin_memory: bool = False,
    requires_grad: bool = False,
) -> Tensor:
    """The triangle ``1 - |2 n / (N - 1) - 1|``.

    Raises:
        RuntimeError: a negative length, or a dtype of integers.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.bartlett_window.html

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.bartlett_window(4)
        tensor([0.0000, 0.5000, 1.0000, 0.5000])
    """

    def weights(points: Any, count: int) -> Any:
        rising = points * points.dtype.type(2.0 / (count - 1))
        rising[(count - 1) // 2 + 1 :] = 2 - rising[(count - 1) // 2 + 1 :]
        return rising

    return _made("bartlett_window", window_length, periodic, weights, dtype, device, requires_grad)


def blackman_window(
    window_length: int,
    periodic: bool = True,
    *,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    pin_memory: bool = False,
    requires_grad: bool = False,
) -> Tensor:
    """``0.42 - 0.5 cos(2 pi n / (N - 1)) + 0.08 cos(4 pi n / (N - 1))``.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.blackman_window.html

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.blackman_window(4).round(decimals=2).abs()
        tensor([0.0000, 0.3400, 1.0000, 0.3400])
    """

    def weights(points: Any, count: int) -> Any:
        angle = points * points.dtype.type(math.pi / (count - 1))
        return _cosine(angle, 4, 0.08) - _cosine(angle, 2, 0.5) + points.dtype.type(0.42)

    return _made("blackman_window", window_length, periodic, weights, dtype, device, requires_grad)


def hamming_window(
    window_length: int,
    periodic: bool = True,
    alpha: float = 0.54,
    beta: float = 0.46,
    *,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    pin_memory: bool = False,
    requires_grad: bool = False,
) -> Tensor:
    """``alpha - beta cos(2 pi n / (N - 1))``.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.hamming_window.html

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.hamming_window(4)
        tensor([0.0800, 0.5400, 1.0000, 0.5400])
    """
    return _hamming("hamming_window", window_length, periodic, alpha, beta, dtype, device, requires_grad)


def _hamming(
    name: str, length: Any, periodic: bool, alpha: float, beta: float, dtype: Any, device: Any, requires_grad: bool
) -> Tensor:
    def weights(points: Any, count: int) -> Any:
        return _cosine(points, 2.0 * math.pi / (count - 1), -beta) + points.dtype.type(alpha)

    return _made(name, length, periodic, weights, dtype, device, requires_grad)


def hann_window(
    window_length: int,
    periodic: bool = True,
    *,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    pin_memory: bool = False,
    requires_grad: bool = False,
) -> Tensor:
    """``(1 - cos(2 pi n / (N - 1))) / 2``.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.hann_window.html

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.hann_window(4)
        tensor([0.0000, 0.5000, 1.0000, 0.5000])
    """
    return _hamming("hann_window", window_length, periodic, 0.5, 0.5, dtype, device, requires_grad)


def kaiser_window(
    window_length: int,
    periodic: bool = True,
    beta: float = 12.0,
    *,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    pin_memory: bool = False,
    requires_grad: bool = False,
) -> Tensor:
    """``I0(beta sqrt(1 - (2 n / (N - 1) - 1)**2)) / I0(beta)``, with the modified Bessel function I0.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.kaiser_window.html

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.kaiser_window(4, beta=3.0)
        tensor([0.2049, 0.7269, 1.0000, 0.7269])
    """

    def weights(points: Any, count: int) -> Any:
        place = points.astype(np.float64) * (2.0 / (count - 1)) - 1
        return i0(beta * np.sqrt(np.maximum(0, 1 - place * place))) / i0(np.float64(beta))

    return _made("kaiser_window", window_length, periodic, weights, dtype, device, requires_grad)
