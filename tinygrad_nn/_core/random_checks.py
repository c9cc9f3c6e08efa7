"""What a draw may be asked for: PyTorch's checks of dtypes, ranges and weights, made before any draw."""

from __future__ import annotations

import functools
import math
import operator
from typing import TYPE_CHECKING, Any

import numpy as np

from .dtypes import FLOAT32

if TYPE_CHECKING:
    from numpy.typing import DTypeLike, NDArray

__all__ = [
    "LOWEST64",
    "Shape",
    "all_at_most",
    "check_uniform_bounds",
    "check_weights",
    "element_count",
    "floating_dtype",
    "integer_range",
    "largest_integer",
]

Shape = int | tuple[int, ...]

LOWEST64 = -(1 << 63)
_LARGEST_BITS = 0x7F7FFFFF  # of a finite float32
_FEW = 64  # weights that are looked at one by one


def element_count(shape: Shape) -> int:
    """The number of elements of a shape, which may be a single length."""
    return shape if isinstance(shape, int) else math.prod(shape)


def floating_dtype(name: str, dtype: DTypeLike) -> np.dtype[Any]:
    """Check that a draw called ``name`` exists for a dtype: for float16, float32 and float64."""
    result = np.dtype(dtype)
    if result.kind != "f" or result.itemsize > 8:
        raise NotImplementedError(
            f"{name}: not implemented for {result}; expected float16, float32 or float64"
        )
    return result


def check_uniform_bounds(dtype: np.dtype[Any], low: float, high: float) -> None:
    """Check that [low, high) and its length lie within a dtype."""
    limit = float(np.finfo(dtype).max)
    for name, bound in (("from", low), ("to", high)):
        if not -limit <= bound <= limit:
            raise RuntimeError(
                f"uniform_: {name} is out of bounds for {dtype}: expected |{name}| <= {limit}, got {bound}"
            )
    if low > high:
        raise RuntimeError(f"uniform_ expects to return a [from, to) range, but found from={low} > to={high}")
    if high - low > limit:
        raise RuntimeError(
            f"uniform_ expects to-from <= {limit} for {dtype}, but found to={high} and from={low}"
        )


def largest_integer(dtype: np.dtype[Any]) -> int:
    """The largest value of a dtype, or the largest integer up to which a floating dtype holds them all."""
    if dtype.kind == "b":
        return 1
    return int(np.iinfo(dtype).max) if dtype.kind in "iu" else 1 << (np.finfo(dtype).nmant + 1)


def integer_range(low: int, high: int | None, dtype: np.dtype[Any]) -> tuple[int, int]:
    """Check a range of integers for a dtype; give back its start and its length."""
    if dtype.kind not in "biuf":
        raise NotImplementedError(
            f"random_: not implemented for {dtype}; expected a boolean, integer or floating dtype"
        )
    if high is None:
        if low == LOWEST64 and dtype in (np.int64, np.float64, np.float32):
            return low, 1 << 64
        low, high = _representable(low, 1, dtype), largest_integer(dtype) + 1
    else:
        high = operator.index(high)
        if low >= high:
            raise RuntimeError(
                f"random_ expects 'from' to be less than 'to', but got from={low} >= to={high}"
            )
        low, high = _representable(low, 1, dtype), _representable(high, -1, dtype)
    if low >= high:
        raise RuntimeError(
            f"random_ expects 'from' casted to {dtype} to be less than 'to', got from={low} >= to={high}"
        )
    smallest, largest = _limits(dtype)
    for name, value in (("from", low), ("to - 1", high - 1)):
        if not smallest <= value <= largest:
            raise RuntimeError(
                f"{name} is out of bounds for {dtype}: expected {smallest} to {largest}, got {value}"
            )
    return low, high - low


@functools.cache
def _limits(dtype: np.dtype[Any]) -> tuple[float, float]:
    if dtype.kind == "f":
        return float(np.finfo(dtype).min), float(np.finfo(dtype).max)
    if dtype.kind == "b":
        return 0, 1
    return int(np.iinfo(dtype).min), min(int(np.iinfo(dtype).max), (1 << 63) - 1)


def _representable(bound: int, inward: int, dtype: np.dtype[Any]) -> int:
    """Move a bound inward to a floating dtype's next integer if its neighbour in the range rounds outside."""
    if dtype.kind != "f":
        return bound
    neighbour = bound + inward
    with np.errstate(over="ignore"):
        rounded = float(dtype.type(neighbour))
    if not abs(rounded) < 1 << 63:
        return bound  # out of int64, where PyTorch does not look
    outside = rounded < bound if inward > 0 else rounded >= bound
    if not outside:
        return bound
    return int(rounded) + inward * (1 << max(abs(neighbour).bit_length() - 1 - np.finfo(dtype).nmant, 0))


def _all_well(weights: NDArray[Any]) -> bool:
    """Whether a few weights are good to draw by, at a tenth of what three reductions cost (0.7 us of 6 for four)."""
    for row in [weights.tolist()] if weights.ndim == 1 else weights.tolist():
        if not row or min(row) < 0 or not 0 < sum(row) < math.inf:  # (the sum finds nan)
            return False
    return True


def all_at_most(numbers: NDArray[Any], bits: int) -> bool:
    """Whether float32 numbers, read as integers, are at most `bits`: none is negative, nan or larger than those are.

    That is one reduction where `min` and `max` are two; False also for what it does not know.
    """
    return numbers.dtype is FLOAT32 and numbers.size > 0 and bool(numbers.view(np.uint32).max() <= bits)


def check_weights(weights: NDArray[Any], num_samples: int, replacement: bool) -> None:
    """PyTorch's checks of ``torch.multinomial``, with its messages."""
    if weights.ndim not in (1, 2):
        raise RuntimeError(f"prob_dist must be 1 or 2 dim, got {weights.ndim} dimensions")
    if weights.dtype.kind != "f":
        raise RuntimeError(f"multinomial only supports floating-point dtypes for input, got: {weights.dtype}")
    if num_samples <= 0:
        raise RuntimeError(f"cannot sample n_sample <= 0 samples, got {num_samples}")
    categories = weights.shape[-1]
    if not replacement and num_samples > categories:
        raise RuntimeError(
            "cannot sample n_sample > prob_dist.size(-1) samples without replacement, got "
            f"n_sample={num_samples} and {categories} categories; pass replacement=True or ask for fewer"
        )
    if categories > 1 << 24:
        raise RuntimeError(f"number of categories cannot exceed 2^24, got {categories}")
    if weights.size <= _FEW and _all_well(weights):
        return
    if weights.size and not (all_at_most(weights, _LARGEST_BITS) or (weights.max() < np.inf and weights.min() >= 0)):
        raise RuntimeError("probability tensor contains either `inf`, `nan` or element < 0")
    if (weights.dot(np.ones(categories, weights.dtype)) == 0).any():  # (`sum` takes three times as long)
        raise RuntimeError("invalid multinomial distribution (sum of probabilities <= 0)")
