"""Where values belong among sorted ones: ``searchsorted`` and ``bucketize``.

Source: https://docs.pytorch.org/docs/stable/generated/torch.searchsorted.html, torch.bucketize.html
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .._core import dtypes
from .._core.errors import must_be_tensor
from .._core.op import composite
from .._core.tensor import Tensor, wrap
from .shortcuts import usually

__all__ = ["bucketize", "searchsorted"]


def _side(right: bool, side: str | None) -> bool:
    """Whether the last suitable place is wanted, from the two ways to say it."""
    if side is None:
        return right
    if side not in ("left", "right"):
        raise RuntimeError(f"torch.searchsorted(): side can only be 'left' or 'right' but got {side}")
    if right and side == "left":
        raise RuntimeError(
            "torch.searchsorted(): side and right can't be set to opposites, got side of left while right was True"
        )
    return side == "right"


def _check_shapes(sequence: np.ndarray[Any, Any], values: np.ndarray[Any, Any]) -> None:
    if not sequence.ndim:
        raise RuntimeError(
            "torch.searchsorted(): boundaries tensor should have positive dimension, but got 0 dimension"
        )
    if not values.ndim and sequence.ndim != 1:
        raise RuntimeError(
            "torch.searchsorted(): input value can be a scalar only when boundaries tensor dimension is 1, but we got "
            f"boundaries tensor dim({sequence.ndim}) and input value's dim(0) numel(1)"
        )
    if sequence.ndim != 1 and sequence.shape[:-1] != values.shape[:-1]:
        raise RuntimeError(
            "torch.searchsorted(): boundaries tensor should be 1 dimension or the first N-1 dimensions of boundaries "
            f"tensor and input value tensor must match, but we got boundaries tensor {list(sequence.shape)} and input "
            f"value tensor {list(values.shape)}"
        )


def _sorted_by(sequence: np.ndarray[Any, Any], sorter: Any) -> np.ndarray[Any, Any]:
    """The sequence in the order that a tensor of indices says."""
    if not isinstance(sorter, Tensor):
        raise must_be_tensor("searchsorted", "sorter", 2, sorter)
    indices = sorter._array
    if indices.shape != sequence.shape:
        raise RuntimeError(
            "torch.searchsorted(): boundary and sorter must have the same size, but got boundary tensor "
            f"{list(sequence.shape)} and got sorter tensor {list(indices.shape)}"
        )
    if indices.dtype != np.int64:
        raise RuntimeError(
            "torch.searchsorted(): sorter must be a tensor of long dtype but got dtype "
            f"{dtypes.type_name(indices.dtype)}. Convert: sorter.long()"
        )
    if indices.size and (indices.min() < 0 or indices.max() >= sequence.shape[-1]):
        raise RuntimeError(
            f"torch.searchsorted(): sorter index out of range: expected 0 to {sequence.shape[-1] - 1}, got "
            f"{indices.min()} to {indices.max()}"
        )
    return np.take_along_axis(sequence, indices, -1)


def _bisect(sequence: np.ndarray[Any, Any], values: np.ndarray[Any, Any], right: bool) -> np.ndarray[Any, Any]:
    """PyTorch's binary search, of all values at once; every comparison with nan sends it to the right."""
    length = sequence.shape[-1]
    start = np.zeros(values.shape, np.int64)
    end = np.full(values.shape, length, np.int64)
    if not values.size or not length:
        return start
    rows = sequence.reshape(-1)
    shift = np.zeros((), np.int64)
    if sequence.ndim > 1:
        shift = (np.arange(rows.size // length) * length).reshape(*sequence.shape[:-1], 1)
    for _ in range(length.bit_length()):
        middle = start + (end - start) // 2
        searching = start < end
        at = rows.take(np.where(searching, middle + shift, 0))
        onward = ~(at > values if right else at >= values) & searching
        start = np.where(onward, middle + 1, start)
        end = np.where(searching & ~onward, middle, end)
    return start


def _places(sequence: np.ndarray[Any, Any], values: np.ndarray[Any, Any], right: bool) -> np.ndarray[Any, Any]:
    if sequence.ndim > 1 or not sequence.size:
        return _bisect(sequence, values, right)
    if sequence.dtype.kind == "f" and sequence[-1] != sequence[-1]:  # NumPy sorts nan last
        return _bisect(sequence, values, right)
    return np.asarray(sequence.searchsorted(values, "right" if right else "left"))


def _search(sequence: Any, values: Any, right: bool, out_int32: bool) -> Tensor:
    """The places of values, a tensor or a number, in a sequence."""
    given = values._array if isinstance(values, Tensor) else values
    common = dtypes.result_type([sequence, given])
    if common.kind in "bc":
        raise NotImplementedError(
            f"\"searchsorted_out_cpu\" not implemented for '{dtypes.type_name(common)}'. Convert first, for example to "
            "integers: x.int()."
        )
    found = _places(sequence.astype(common, copy=False), np.asarray(given, common), right)
    return wrap(found.astype(np.int32 if out_int32 else np.int64, copy=False))


def _quick_search(sequence: Any, values: Any) -> Tensor | None:
    """The places of values in one sequence of their type, of real numbers that end with none that is nan."""
    if not isinstance(sequence, Tensor) or not isinstance(values, Tensor):
        return None
    among, given = sequence._array, values._array
    if among.ndim != 1 or not among.size or among.dtype is not given.dtype or among.dtype.kind not in "fiu":
        return None
    return wrap(np.asarray(among.searchsorted(given))) if among[-1] == among[-1] else None


@usually(lambda args: _quick_search(*args) if len(args) == 2 else None)
@composite(method=False, out=True)
def searchsorted(
    sorted_sequence: Tensor,
    values: Any,
    *,
    out_int32: bool = False,
    right: bool = False,
    side: str | None = None,
    sorter: Tensor | None = None,
) -> Tensor:
    """Where values would have to be inserted into a sorted sequence, so that it stays sorted.

    Args:
        sorted_sequence: one sequence, or one in each row, for the values in the same row.
        values: a tensor or a number.
        out_int32: the result is int32 instead of int64.
        right: behind equal elements instead of before them.
        side: ``"left"`` or ``"right"``, another way to say it.
        sorter: indices that sort the sequence (as `argsort` returns), which then need not be sorted.

    Returns:
        Indices, of the shape of `values`.

    Raises:
        RuntimeError: the rows do not match, or the options contradict each other.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.searchsorted.html

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.searchsorted(tg.tensor([1, 3, 5]), tg.tensor([3, 6]), side="right")
        tensor([2, 3])
    """
    last = _side(right, side)
    if isinstance(values, Tensor):
        _check_shapes(sorted_sequence._array, values._array)
    elif isinstance(values, int | float | complex | np.number):
        _check_shapes(sorted_sequence._array, np.asarray(values))
    else:
        raise must_be_tensor("searchsorted", "values", 1, values)
    sequence = sorted_sequence._array
    if sorter is not None:
        sequence = _sorted_by(sequence, sorter)
    return _search(sequence, values, last, out_int32)


@usually(lambda args: _quick_search(args[1], args[0]) if len(args) == 2 else None)
@composite(method=False, out=True)
def bucketize(input: Any, boundaries: Tensor, *, out_int32: bool = False, right: bool = False) -> Tensor:
    """In which bucket each value lies: ``boundaries[i - 1] < value <= boundaries[i]``.

    Args:
        input: a tensor or a number.
        boundaries: the ends of the buckets, in ascending order.
        out_int32: the result is int32 instead of int64.
        right: ``boundaries[i - 1] <= value < boundaries[i]``.

    Raises:
        RuntimeError: the boundaries are not one-dimensional.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.bucketize.html

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.bucketize(tg.tensor([0.5, 1.0, 4.0]), tg.tensor([1.0, 3.0]))
        tensor([0, 0, 2])
    """
    if not isinstance(boundaries, Tensor):
        raise must_be_tensor("bucketize", "boundaries", 1, boundaries)
    if not isinstance(input, Tensor | int | float | complex | np.number):
        raise must_be_tensor("bucketize", "input", 0, input)
    if boundaries._array.ndim != 1:
        raise RuntimeError(f"boundaries tensor must be 1 dimension, but got dim({boundaries._array.ndim})")
    return _search(boundaries._array, input, right, out_int32)
