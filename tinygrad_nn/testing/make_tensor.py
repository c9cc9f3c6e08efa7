"""Tensors of random numbers for tests.

Source: https://docs.pytorch.org/docs/stable/testing.html#torch.testing.make_tensor
"""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np

from .._core import dtypes
from .._core.device import check_device
from .._core.tensor import Tensor, wrap
from ..ops.random import randint


def make_tensor(
    *shape: Any,
    dtype: Any,
    device: Any,
    low: float | None = None,
    high: float | None = None,
    requires_grad: bool = False,
    noncontiguous: bool = False,
    exclude_zero: bool = False,
    memory_format: Any = None,
) -> Tensor:
    """A tensor of numbers drawn uniformly from ``low`` to ``high``, in PyTorch's random stream.

    Args:
        shape: sizes, or a sequence of them.
        dtype: the type of the elements.
        device: the CPU.
        low, high: the least number, and the number that all are below. Default: -9 and 9 for floating point and complex
            numbers, -9 and 10 for integers, 0 and 10 for unsigned ones, 0 and 2 for booleans.
        requires_grad: whether gradients are recorded.
        noncontiguous: let the elements have gaps between them. Ignored for fewer than two elements.
        exclude_zero: replace zeros by 1, or by the smallest normal number.
        memory_format: the order of the elements in memory.

    Raises:
        ValueError: ``low`` is not below ``high``, one of them is nan, the type cannot hold them, or arguments that do
            not go together.
        TypeError: a type that no tensor can have.

    Example:
        >>> from tinygrad_nn.testing import make_tensor
        >>> import tinygrad_nn as tg
        >>> x = make_tensor((3,), device="cpu", dtype=tg.float32, low=-1, high=1)
        >>> bool((x >= -1).all() and (x < 1).all())
        True
    """
    check_device(device)
    sizes = tuple(shape[0]) if len(shape) == 1 and isinstance(shape[0], list | tuple) else shape
    numpy_type = dtypes.to_numpy(dtype)
    floating = numpy_type.kind in "fc"
    if noncontiguous and memory_format is not None:
        raise ValueError(
            "The parameters `noncontiguous` and `memory_format` are mutually exclusive, "
            f"but got {noncontiguous=} and {memory_format=}"
        )
    if requires_grad and not floating:
        raise ValueError(f"`requires_grad=True` is not supported for boolean and integral dtypes, but got {dtype=}")
    gaps = noncontiguous and math.prod(sizes) > 1
    drawn = _drawn((*sizes[:-1], 2 * sizes[-1]) if gaps else sizes, dtype, *_bounds(low, high, dtype, numpy_type))
    if gaps:
        drawn = drawn[..., 1::2]
    elif memory_format is not None:
        drawn = drawn.clone(memory_format=memory_format)
    if exclude_zero:
        array = drawn._array
        array[array == 0] = np.finfo(array.dtype).tiny * (1 + 1j if array.dtype.kind == "c" else 1) if floating else 1
    return drawn.requires_grad_(requires_grad) if floating else drawn


def _bounds(low: float | None, high: float | None, dtype: Any, kind: np.dtype[Any]) -> tuple[float, float]:
    """The two ends, checked and brought into what the type can hold."""
    least: float
    most: float
    if kind.kind in "fc":
        info = np.finfo(kind)
        least, most, default_low, default_high = float(info.min), float(info.max), -9, 9
    elif kind.kind == "b":
        least, most, default_low, default_high = 0, 2, 0, 2
    else:
        bounds = np.iinfo(kind)
        least, most = int(bounds.min), int(bounds.max) + (kind != np.int64)
        default_low, default_high = -9, 10
    low = default_low if low is None else low
    high = default_high if high is None else high
    if math.isnan(low) or math.isnan(high):
        raise ValueError(f"`low` and `high` cannot be NaN, but got {low=} and {high=}")
    if low == high and kind.kind in "fc":
        warnings.warn(
            "Passing `low==high` to `torch.testing.make_tensor` for floating or complex types is deprecated since 2.1 "
            "and will be removed in 2.3. Use `torch.full(...)` instead.",
            FutureWarning,
            stacklevel=3,
        )
    elif low >= high:
        raise ValueError(f"`low` must be less than `high`, but got {low} >= {high}")
    elif high < least or low >= most:
        raise ValueError(
            f"The value interval specified by `low` and `high` is [{low}, {high}), but {dtype} only supports "
            f"[{least}, {most})"
        )
    low, high = (min(max(bound, least), most) for bound in (low, high))
    return (low, high) if kind.kind in "fc" else (math.ceil(low), math.ceil(high))


def _drawn(sizes: tuple[int, ...], dtype: Any, low: float, high: float) -> Tensor:
    kind = dtypes.to_numpy(dtype)
    if kind.kind not in "fc":
        integers: Tensor = randint(int(low), int(high), sizes, dtype=dtype)
        return integers
    half = np.dtype(f"f{kind.itemsize // 2}") if kind.kind == "c" else kind  # complex numbers are pairs
    numbers: Any = wrap(np.empty((*sizes, 2) if kind.kind == "c" else sizes, half))
    if high - low >= float(np.finfo(half).max):
        numbers.uniform_(low / 2, high / 2).mul_(2)
    else:
        numbers.uniform_(low, high)
    found: Tensor = wrap(numbers._array.view(kind)[..., 0]) if kind.kind == "c" else numbers
    return found
