"""Windows for the design of filters (``sym=True``) and for spectra (``sym=False``: periodic).

All take the number of points `M` first, and the dtype float32 or float64. The largest weight is 1, though it need not
be one of an even number of symmetric points.

Source: https://docs.pytorch.org/docs/stable/signal.html
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from .._core import dtypes
from .._core.dtypes import FLOAT32, FLOAT64
from .._core.modified_bessel import i0
from .._core.tensor import Tensor
from ..ops.making import finish

__all__ = [
    "bartlett", "blackman", "cosine", "exponential", "gaussian", "general_cosine", "general_hamming", "hamming", "hann",
    "kaiser", "nuttall",
]  # fmt: skip

Array = np.ndarray[Any, Any]


def _dtype(name: str, M: int, dtype: Any, layout: Any) -> np.dtype[Any]:  # noqa: N803 - PyTorch's name
    """The window's dtype.

    Raises:
        ValueError: a negative number of points, or a dtype other than float32 and float64, or a sparse layout.
    """
    if M < 0:
        raise ValueError(f"{name} requires non-negative window length, got M={M}")
    if layout is not None and "strided" not in str(layout):
        raise ValueError(f"{name} is implemented for strided tensors only, got: {layout}")
    kind = dtypes.default_numpy() if dtype is None else dtypes.to_numpy(dtype)
    if kind not in (FLOAT32, FLOAT64):
        raise ValueError(f"{name} expects float32 or float64 dtypes, got: {dtypes.from_numpy(kind)}")
    return kind


def _line(start: float, end: float, points: int, kind: np.dtype[Any]) -> Array:
    """Points at even distances, exact to both ends, as PyTorch's ``linspace`` computes them."""
    if points == 1:
        return np.array([start], kind)
    first, last = kind.type(start), kind.type(end)
    step = (last - first) / kind.type(points - 1)
    steps = np.arange(points).astype(kind)
    half = points // 2
    return np.concatenate([first + step * steps[:half], last - step * steps[::-1][half:]])


def _periods(M: int, sym: bool) -> int:  # noqa: N803
    """How many steps lie between the first point and the next one of its weight."""
    return M - 1 if sym or M <= 1 else M


def exponential(M: int, *, center: float | None = None, tau: float = 1.0, sym: bool = True, dtype: Any = None,  # noqa: N803
                layout: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:  # fmt: skip
    """``exp(-|n - center| / tau)``; a symmetric window is centred.

    Raises:
        ValueError: `tau` is not positive, or a symmetric window is given a center.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.signal.windows.exponential.html

    Example:
        >>> from tinygrad_nn.signal import windows
        >>> windows.exponential(3)
        tensor([0.3679, 1.0000, 0.3679])
    """
    kind = _dtype("exponential", M, dtype, layout)
    if tau <= 0:
        raise ValueError(f"Tau must be positive, got: {tau} instead.")
    if sym and center is not None:
        raise ValueError("Center must be None for symmetric windows")
    middle = _periods(M, sym) / 2.0 if center is None else center
    k = _line(-middle / tau, (-middle + (M - 1)) / tau, M, kind)
    return finish(np.exp(-np.abs(k)), requires_grad, device)


def cosine(M: int, *, sym: bool = True, dtype: Any = None, layout: Any = None, device: Any = None,  # noqa: N803
           requires_grad: bool = False) -> Tensor:  # fmt: skip
    """``sin(pi (n + 1/2) / M)``, half a wave.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.signal.windows.cosine.html

    Example:
        >>> from tinygrad_nn.signal import windows
        >>> windows.cosine(3)
        tensor([0.5000, 1.0000, 0.5000])
    """
    kind = _dtype("cosine", M, dtype, layout)
    constant = math.pi / (max(_periods(M, sym), 0) + 1)
    return finish(np.sin(_line(0.5 * constant, (0.5 + (M - 1)) * constant, M, kind)), requires_grad, device)


def gaussian(M: int, *, std: float = 1.0, sym: bool = True, dtype: Any = None, layout: Any = None,  # noqa: N803
             device: Any = None, requires_grad: bool = False) -> Tensor:  # fmt: skip
    """``exp(-(n / (std sqrt(2)))**2)``, with n counted from the middle.

    Raises:
        ValueError: `std` is not positive.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.signal.windows.gaussian.html

    Example:
        >>> from tinygrad_nn.signal import windows
        >>> windows.gaussian(3)
        tensor([0.6065, 1.0000, 0.6065])
    """
    kind = _dtype("gaussian", M, dtype, layout)
    if std <= 0:
        raise ValueError(f"Standard deviation must be positive, got: {std} instead.")
    start, constant = -_periods(M, sym) / 2.0, 1 / (std * math.sqrt(2))
    k = _line(start * constant, (start + (M - 1)) * constant, M, kind)
    return finish(np.exp(-(k * k)), requires_grad, device)


def kaiser(M: int, *, beta: float = 12.0, sym: bool = True, dtype: Any = None, layout: Any = None,  # noqa: N803
           device: Any = None, requires_grad: bool = False) -> Tensor:  # fmt: skip
    """``I0(beta sqrt(1 - x**2)) / I0(beta)`` for x from -1 to 1, with the modified Bessel function I0.

    Raises:
        ValueError: `beta` is negative.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.signal.windows.kaiser.html

    Example:
        >>> from tinygrad_nn.signal import windows
        >>> windows.kaiser(3, beta=3.0)
        tensor([0.2049, 1.0000, 0.2049])
    """
    kind = _dtype("kaiser", M, dtype, layout)
    if beta < 0:
        raise ValueError(f"beta must be non-negative, got: {beta} instead.")
    if M <= 1:
        return finish(np.ones(M, kind), requires_grad, device)
    slope = kind.type(beta)
    step = 2 * slope / _periods(M, sym)
    k = _line(-slope, min(slope, -slope + (M - 1) * step), M, kind)
    weights = i0(np.sqrt(np.maximum(slope * slope - k * k, 0))) / i0(np.full(1, slope))
    return finish(np.asarray(weights, kind), requires_grad, device)


def bartlett(M: int, *, sym: bool = True, dtype: Any = None, layout: Any = None, device: Any = None,  # noqa: N803
             requires_grad: bool = False) -> Tensor:  # fmt: skip
    """The triangle ``1 - |2 n / (M - 1) - 1|``.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.signal.windows.bartlett.html

    Example:
        >>> from tinygrad_nn.signal import windows
        >>> windows.bartlett(5)
        tensor([0.0000, 0.5000, 1.0000, 0.5000, 0.0000])
    """
    kind = _dtype("bartlett", M, dtype, layout)
    if M <= 1:
        return finish(np.ones(M, kind), requires_grad, device)
    k = _line(-1, -1 + (M - 1) * (2 / _periods(M, sym)), M, kind)
    return finish(1 - np.abs(k), requires_grad, device)


def general_cosine(M: int, *, a: Iterable[float], sym: bool = True, dtype: Any = None, layout: Any = None,  # noqa: N803
                   device: Any = None, requires_grad: bool = False) -> Tensor:  # fmt: skip
    """``a[0] - a[1] cos(x) + a[2] cos(2 x) - ...`` for x from 0 to 2 pi.

    Raises:
        TypeError: `a` is no sequence.
        ValueError: `a` is empty.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.signal.windows.general_cosine.html

    Example:
        >>> from tinygrad_nn.signal import windows
        >>> windows.general_cosine(3, a=[0.46, 0.54])
        tensor([-0.0800,  1.0000, -0.0800])
    """
    return _cosines("general_cosine", M, a, sym, dtype, layout, device, requires_grad)


def _cosines(
    name: str, M: int, a: Iterable[float], sym: bool, dtype: Any, layout: Any, device: Any, requires_grad: bool  # noqa: N803
) -> Tensor:  # fmt: skip
    kind = _dtype(name, M, dtype, layout)
    if M <= 1:
        return finish(np.ones(M, kind), requires_grad, device)
    if not isinstance(a, Iterable):
        raise TypeError("Coefficients must be a list/tuple")
    weights = [(-1) ** i * weight for i, weight in enumerate(a)]
    if not weights:
        raise ValueError("Coefficients cannot be empty")
    k = _line(0, (M - 1) * (2 * math.pi / _periods(M, sym)), M, kind)
    total = np.zeros(M, kind)
    for i, weight in enumerate(weights):
        total += kind.type(weight) * np.cos(kind.type(i) * k)
    return finish(total, requires_grad, device)


def general_hamming(M: int, *, alpha: float = 0.54, sym: bool = True, dtype: Any = None, layout: Any = None,  # noqa: N803
                    device: Any = None, requires_grad: bool = False) -> Tensor:  # fmt: skip
    """``alpha - (1 - alpha) cos(2 pi n / (M - 1))``.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.signal.windows.general_hamming.html

    Example:
        >>> from tinygrad_nn.signal import windows
        >>> windows.general_hamming(3, alpha=0.75)
        tensor([0.5000, 1.0000, 0.5000])
    """
    return _cosines("general_cosine", M, [alpha, 1.0 - alpha], sym, dtype, layout, device, requires_grad)


def hamming(M: int, *, sym: bool = True, dtype: Any = None, layout: Any = None, device: Any = None,  # noqa: N803
            requires_grad: bool = False) -> Tensor:  # fmt: skip
    """``0.54 - 0.46 cos(2 pi n / (M - 1))``.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.signal.windows.hamming.html

    Example:
        >>> from tinygrad_nn.signal import windows
        >>> windows.hamming(3)
        tensor([0.0800, 1.0000, 0.0800])
    """
    return _cosines("general_cosine", M, [0.54, 1.0 - 0.54], sym, dtype, layout, device, requires_grad)


def hann(M: int, *, sym: bool = True, dtype: Any = None, layout: Any = None, device: Any = None,  # noqa: N803
         requires_grad: bool = False) -> Tensor:  # fmt: skip
    """``(1 - cos(2 pi n / (M - 1))) / 2``.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.signal.windows.hann.html

    Example:
        >>> from tinygrad_nn.signal import windows
        >>> windows.hann(5)
        tensor([0.0000, 0.5000, 1.0000, 0.5000, 0.0000])
    """
    return _cosines("general_cosine", M, [0.5, 0.5], sym, dtype, layout, device, requires_grad)


def blackman(M: int, *, sym: bool = True, dtype: Any = None, layout: Any = None, device: Any = None,  # noqa: N803
             requires_grad: bool = False) -> Tensor:  # fmt: skip
    """``0.42 - 0.5 cos(2 pi n / (M - 1)) + 0.08 cos(4 pi n / (M - 1))``.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.signal.windows.blackman.html

    Example:
        >>> from tinygrad_nn.signal import windows
        >>> windows.blackman(5)[1:4]
        tensor([0.3400, 1.0000, 0.3400])
    """
    return _cosines("blackman", M, [0.42, 0.5, 0.08], sym, dtype, layout, device, requires_grad)


def nuttall(M: int, *, sym: bool = True, dtype: Any = None, layout: Any = None, device: Any = None,  # noqa: N803
            requires_grad: bool = False) -> Tensor:  # fmt: skip
    """The cosine window of four terms by Nuttall, with low sidelobes.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.signal.windows.nuttall.html

    Example:
        >>> from tinygrad_nn.signal import windows
        >>> windows.nuttall(5)[1:4]
        tensor([0.2270, 1.0000, 0.2270])
    """
    coefficients = [0.3635819, 0.4891775, 0.1365995, 0.0106411]
    return _cosines("general_cosine", M, coefficients, sym, dtype, layout, device, requires_grad)
