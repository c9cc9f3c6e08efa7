"""Writing to batched tensors: the result is computed, and the values are written."""

from __future__ import annotations

from typing import Any

from .._core.inplace import check_target, store
from .._core.tensor import Tensor
from .batched import BatchLevel


def write(level: BatchLevel, target: Tensor, result: Tensor) -> Tensor:
    """Store a result in the values of a batched tensor, which is returned.

    Raises:
        RuntimeError: it has another shape.
    """
    if result._array.shape != target._array.shape:
        raise RuntimeError(
            f"output with shape {list(target._array.shape)} doesn't match the broadcast shape "
            f"{list(result._array.shape)}. An in-place operation cannot change the shape; write x = x + y instead of "
            "x += y."
        )
    value = level.value(target)
    check_target(value)
    store(value, level.full(result))
    return target
