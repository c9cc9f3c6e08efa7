"""Writing into a tensor's memory at places that an index names, for the in-place forms of the indexing families.

Their rules need neither what stood there before nor the result: so the kernel that fills a copy in the op's forward
function can work on the tensor's own memory, and only the node is recorded. No second array, no second pass.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any, TypeVar, cast

import numpy as np

from .._core import dtypes, inplace
from .._core.inplace import check_history, check_memory
from .._core.modes import modes
from .._core.op import Op
from .._core.outputs import accepting_out
from .._core.recording import CONSTANT, record
from .._core.tensor import Tensor, current_edge

F = TypeVar("F", bound=Callable[..., Any])


def exact_out(function: F) -> F:
    """The function with one more argument, ``out=``, a tensor that must be of the result's own type."""
    accepting = accepting_out(lambda result: result)

    @functools.wraps(function)
    def call(*args: Any, out: Any = None, **options: Any) -> Any:
        result = function(*args, **options)
        if out is None:
            return result
        if isinstance(out, Tensor) and isinstance(result, Tensor) and out._array.dtype != result._array.dtype:
            wanted, got = [dtypes.type_name(t._array.dtype).lower() for t in (result, out)]
            raise RuntimeError(f"Expected out tensor to have dtype {wanted}, but got {got} instead")
        return accepting(result, out=out)

    call.__signature__ = inspect.signature(accepting_out(function))  # type: ignore[attr-defined]
    call.without_out = function  # type: ignore[attr-defined] # what a call without it needs
    return cast(F, call)


def write_in_place(
    op: Op, target: Tensor, others: tuple[Any, ...], options: dict[str, Any], kernel: Callable[..., None]
) -> Tensor:
    """Run ``kernel(memory, *others, **options)`` on the target, and record the op there.

    Args:
        op: out of place: ``result = copy of the first input; kernel(result, ...)``.
        target: the tensor to write to.
        others: the op's further inputs: tensors or numbers.
        options: the op's options, all of them.
        kernel: see above; it must raise before it has changed anything.
    """
    check_history(target, others)
    memory = target._array
    check_memory(memory)
    arrays = [o._array if isinstance(o, Tensor) else o for o in others]
    for array in arrays:
        if isinstance(array, np.ndarray) and array.ndim and np.may_share_memory(array, memory):
            raise RuntimeError(
                "unsupported operation: some elements of the input tensor and the written-to tensor refer to a single "
                "memory location. Please clone() the tensor before performing the operation."
            )
    modes.here.quiet(lambda: kernel(memory, *arrays, **options))
    target._cell[0] += 1
    if modes.here.grad:
        edges = [current_edge(o) if isinstance(o, Tensor) else None for o in (target, *others)]
        mask = sum([1 << position for position, edge in enumerate(edges) if edge is not None])
        if mask:
            cells = [o._cell if isinstance(o, Tensor) else CONSTANT for o in (target, *others)]
            written = record(op, mask, tuple(edges), (memory, *arrays), cells, options, memory)
            inplace.adopt(target, written)
    return target


def same_type(name: str, input: Tensor, source: Tensor) -> None:
    """Refuse values of another type than the tensor's.

    Raises:
        RuntimeError: they are.
    """
    ours, theirs = input._array.dtype, source._array.dtype
    if ours != theirs:
        raise RuntimeError(
            f"{name}(): self ({dtypes.type_name(ours)}) and source ({dtypes.type_name(theirs)}) must have the same "
            "scalar type. Convert: source.to(input.dtype)"
        )
