"""Writing in place: `x += y`, `x.add_(y)`, `x[i] = v`.

A write is the same operation out of place, whose result is then stored in the tensor's memory and whose history the
tensor adopts. A write through a view is passed on to the base as a scatter of the view's new value; other views of that
base find out from the count of recorded writes that they share, and take their history from the base anew.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from . import dtypes
from .graph import AccumulateGrad
from .modes import modes
from .recording import record
from .tensor import Tensor, current_edge

# Set by the ops: the op (base, source, replay) -> base with the view that `replay` takes replaced by source.
view_scatter: Any = None


def check_target(target: Any, others: tuple[Any, ...] = ()) -> None:
    """Refuse a write that autograd could not follow, before anything is changed.

    Raises:
        RuntimeError: the target is a leaf that requires grad, a view of one, or memory that several elements share.
    """
    if not isinstance(target, Tensor):
        raise TypeError(f"in-place operation: expected a Tensor to write to, got {type(target).__name__}")
    if modes.grad:
        edge = current_edge(target)
        view = target._view
        if edge is not None and isinstance(edge[0], AccumulateGrad):
            raise RuntimeError(
                "a leaf Variable that requires grad is being used in an in-place operation. "
                "Write under no_grad(), or work on x.clone()."
            )
        if view is not None and (edge is not None or any(isinstance(o, Tensor) and o.requires_grad for o in others)):
            base_edge = view.base._edge
            if base_edge is not None and isinstance(base_edge[0], AccumulateGrad):
                raise RuntimeError(
                    "a view of a leaf Variable that requires grad is being used in an in-place operation. "
                    "Write under no_grad(), or work on x.clone()."
                )
            if view.several:
                raise RuntimeError(
                    "Output 0 of this view is being modified inplace, but it is the output of a function that returns "
                    "multiple views. Such functions do not allow the output views to be modified inplace. "
                    "You should replace the inplace operation by an out-of-place one."
                )
    array = target._array
    if not array.flags.writeable or (array.size > 1 and 0 in array.strides and _overlaps(array)):
        raise RuntimeError(
            "unsupported operation: more than one element of the written-to tensor refers to a single memory location, "
            "or the memory is read-only. Please clone() the tensor before performing the operation."
        )


def _overlaps(array: np.ndarray[Any, Any]) -> bool:
    return any(step == 0 and length > 1 for step, length in zip(array.strides, array.shape, strict=True))


def store(target: Tensor, result: Tensor) -> Tensor:
    """Store a result that was computed out of place, and adopt its history.

    Raises:
        RuntimeError: it has another shape, or a type that the target's cannot hold.
    """
    array, new = target._array, result._array
    if new.shape != array.shape:
        raise RuntimeError(
            f"output with shape {list(array.shape)} doesn't match the broadcast shape {list(new.shape)}. "
            "An in-place operation cannot change the shape; write x = x + y instead of x += y."
        )
    if new.dtype != array.dtype:
        if not dtypes.can_cast(new.dtype, array.dtype):
            raise cannot_cast(new.dtype, array.dtype)
        result = result.to(array.dtype)
    if result._edge is not None:
        _keep_saved(target, result)
    np.copyto(array, result._array)
    target._cell[0] += 1
    if modes.grad:
        adopt(target, result)
    return target


def cannot_cast(result: np.dtype[Any], target: np.dtype[Any]) -> RuntimeError:
    """PyTorch's error for a result that the target's type cannot hold."""
    return RuntimeError(
        f"result type {dtypes.type_name(result)} can't be cast to the desired output type {dtypes.type_name(target)}. "
        "Convert the target first, or write x = x + y."
    )


def _keep_saved(target: Tensor, result: Tensor) -> None:
    """The node may have saved the memory that is about to be overwritten, or its own output, which now lives there."""
    assert result._edge is not None
    node = result._edge[0]
    if not node.saved:
        return
    saved = list(node.saved)
    versions = list(node.versions)
    for cell, version, position in node.versions:
        if saved[position] is target._array:
            saved[position] = target._array.copy()
            versions.remove((cell, version, position))
        elif cell is result._cell:
            saved[position] = target._array
            versions[versions.index((cell, version, position))] = (target._cell, target._cell[0] + 1, position)
    node.saved = tuple(saved)
    node.versions = tuple(versions)


def adopt(target: Tensor, result: Tensor) -> None:
    """Give the target the history of a result that now lies in its memory; a view hands it on to its base."""
    edge = result._edge
    view = target._view
    if view is None:
        if edge is not None or target._edge is not None:
            target._edge = edge
            target._cell[1] += 1
        return
    if edge is None and current_edge(target) is None:
        return
    base = view.base
    edges = (base._edge, edge)
    mask = (base._edge is not None) + 2 * (edge is not None)
    cells = (base._cell, target._cell)
    # the memory is written already: only the node is wanted
    written = record(
        view_scatter, mask, edges, (base._array, target._array), cells, {"replay": view.replay}, base._array
    )
    base._edge = written._edge
    base._cell[1] += 1  # the target's own edge is made anew from the base, as that of every other view
