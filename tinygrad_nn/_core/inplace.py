"""Writing in place: `x += y`, `x.add_(y)`, `x[i] = v`.

A write is the same operation out of place, whose result is then stored in the tensor's memory and whose history the
tensor adopts. A write through a view is passed on to the base as a scatter of the view's new value; other views of that
base find out from the count of recorded writes that they share, and take their history from the base anew.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from . import dtypes, lifted
from .blocks import layout_of, partly_overlap, same_place
from .graph import AccumulateGrad, Node
from .inference import InferenceCell, check_not_inference
from .lifted import LiftedError, lifted_of
from .modes import modes
from .plan import INPUT
from .recording import record
from .tensor import Tensor, current_edge, stale_view

# Set by the ops: the op (base, source, replay, layout) -> base with the view that `replay` takes replaced by source.
view_scatter: Any = None


def check_target(target: Any, others: tuple[Any, ...] = ()) -> None:
    """Refuse a write that autograd could not follow, before anything is changed.

    Args:
        target: the tensor that is to be written to.
        others: what is read meanwhile.

    Raises:
        RuntimeError: the target is a leaf that requires grad, a view of one, or memory that several elements share; or
            another input lies partly in the same memory.
    """
    check_history(target, others)
    check_memory(target._array, others)


def check_history(target: Any, others: tuple[Any, ...] = ()) -> None:
    """The part of `check_target` that asks whether autograd could follow the write."""
    if not isinstance(target, Tensor):
        raise TypeError(f"in-place operation: expected a Tensor to write to, got {type(target).__name__}")
    if type(target._cell) is InferenceCell:
        check_not_inference(target._cell)
    if modes.here.grad:
        if target._view is not None:
            _check_view(target, others)
        edge = target._edge
        if edge is not None and isinstance(edge[0], AccumulateGrad):
            raise RuntimeError(
                "a leaf Variable that requires grad is being used in an in-place operation. "
                "Write under no_grad(), or work on x.clone()."
            )


def check_memory(array: np.ndarray[Any, Any], others: tuple[Any, ...] = (), *, shared: bool = False) -> None:
    """The part of `check_target` that looks at the memory which is to be written to.

    Args:
        array, others: the memory, and what is read meanwhile.
        shared: let one place be written to several times, as PyTorch does where indices choose the places.
    """
    if not array.flags.writeable or (not shared and array.size > 1 and 0 in array.strides and _overlaps(array)):
        raise RuntimeError(
            "unsupported operation: more than one element of the written-to tensor refers to a single memory location, "
            "or the memory is read-only. Please clone() the tensor before performing the operation."
        )
    for other in others:
        if isinstance(other, Tensor) and other._array is not array:
            check_apart(array, other._array)


def check_apart(array: np.ndarray[Any, Any], other: np.ndarray[Any, Any], *, same: bool = True) -> None:
    """Refuse to write to memory of which another part is read meanwhile.

    Args:
        array, other: what is written, and what is read.
        same: let them be the same elements.

    Raises:
        RuntimeError: the two arrays share some memory, but not element by element.
    """
    if partly_overlap(array, other, same=same):
        raise RuntimeError(
            "unsupported operation: some elements of the input tensor and the written-to tensor refer to a single "
            "memory location. Please clone() the tensor before performing the operation."
        )


def _check_view(target: Tensor, others: tuple[Any, ...]) -> None:
    """Refuse a write into a view whose history could not follow."""
    view = target._view
    assert view is not None
    needed = target.requires_grad
    if not needed and not any(isinstance(other, Tensor) and other.requires_grad for other in others):
        return
    if view.origin:
        raise RuntimeError(stale_view(view.origin, "is being"))
    base_edge = view.base._edge
    if needed and (base_edge is None or isinstance(base_edge[0], AccumulateGrad)):
        raise RuntimeError(
            "a view of a leaf Variable that requires grad is being used in an in-place operation. "
            "Write under no_grad(), or work on x.clone()."
        )
    current_edge(target)


def leaves_no_trace(target: Tensor, *sources: Tensor) -> bool:
    """Whether a write to a target is none of autograd's business, so that it may be done where it is.

    That is where nothing is recorded, or nobody wants a gradient; and no transform runs.
    """
    if modes.here.levels or modes.here.observers:
        return False
    if modes.here.grad:
        for tensor in (target, *sources):
            if tensor._edge is not None or tensor._view is not None:
                return False
    return True


def is_there_already(target: Tensor, place: np.ndarray[Any, Any], value: Any) -> bool:
    """Whether a value is what it is written over, element by element, where several elements are in one place.

    PyTorch takes that for no write, which it would refuse. So the history stays as well, which must be the value's.

    Args:
        target, place: the tensor that is written to, and the part of its memory.
        value: what is written.
    """
    return (
        isinstance(value, Tensor)
        and type(place) is type(value._array) is np.ndarray
        and 0 in place.strides
        and _overlaps(place)
        and same_place(place, value._array)
        and (not modes.here.grad or value.requires_grad == target.requires_grad)
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
        if modes.here.levels and (lifted_of(result) is not None or lifted_of(target) is not None):
            return lifted.store(target, result)
        _keep_saved(target, result)
    try:
        np.copyto(array, result._array)
    except LiftedError:
        return lifted.store(target, result)
    target._cell[0] += 1
    if modes.here.grad:
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
    if not node.versions or not node.saved:  # (what hooks have packed has no versions, and is not to be unpacked here)
        return
    saved = list(node.saved)
    versions = list(node.versions)
    for cell, version, position in node.versions:
        if saved[position] is target._array:
            saved[position] = target._array.copy()
            versions.remove((cell, version, position))
        elif isinstance(saved[position], np.generic) and _is_target(node, position):  # a copy already
            versions.remove((cell, version, position))
        elif cell is result._cell:
            saved[position] = target._array
            versions[versions.index((cell, version, position))] = (target._cell, target._cell[0] + 1, position)
    node.saved = tuple(saved)
    node.versions = tuple(versions)


def _is_target(node: Node, position: int) -> bool:
    """Whether what a node of an in-place operation has saved there is its first input, which is written to."""
    kind, number = node.plan.sources[position]
    edge = node.edges[number] if kind == INPUT else None
    return kind == INPUT and (number == 0 or (edge is not None and edge == node.edges[0]))


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
    options = {"replay": view.replay, "layout": layout_of(base._array, view.exact)}
    # the memory is written already: only the node is wanted
    written = record(view_scatter, mask, edges, (base._array, target._array), cells, options, base._array)
    base._edge = written._edge
    base._cell[1] += 1  # the target's own edge is made anew from the base, as that of every other view
