"""The outputs of an op's call: stored in the tensor given as ``out=``, or marked as views of the input."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from . import dtypes
from . import tensor as tensors
from .graph import View
from .inference import InferenceError, check_not_inference
from .inplace import cannot_cast, store
from .modes import modes
from .tensor import Tensor, current_edge

if TYPE_CHECKING:
    from .op import Op


def write_out(out: Tensor, result: Tensor) -> Tensor:
    """Store a result in the tensor given as ``out=``."""
    if not isinstance(out, Tensor):
        raise TypeError(f"out=: expected a Tensor, got {type(out).__name__}")
    check_not_inference(out._cell)
    if result._edge is not None or out.requires_grad:
        raise RuntimeError(
            "out=... arguments don't support automatic differentiation, but one of the arguments requires grad. "
            "Leave out= away, or compute under no_grad()."
        )
    if out._array.shape != result._array.shape:
        if not dtypes.can_cast(result._array.dtype, out._array.dtype):
            raise cannot_cast(result._array.dtype, out._array.dtype)
        out._array = np.empty(result._array.shape, out._array.dtype)
    return store(out, result)


def accepting_out(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function with one more argument, ``out=``: a tensor, or a tuple of as many as it returns."""

    @functools.wraps(function)
    def call(*args: Any, out: Any = None, **options: Any) -> Any:
        result = function(*args, **options)
        if out is None:
            return result
        if isinstance(result, Tensor):
            return write_out(out, result)
        written = [write_out(o, r) for o, r in zip(out, result, strict=True)]
        return type(result)(*written) if hasattr(result, "_fields") else type(result)(written)

    shown = inspect.signature(function)
    parameters = list(shown.parameters.values())
    place = len(parameters) - (bool(parameters) and parameters[-1].kind is inspect.Parameter.VAR_KEYWORD)
    parameters.insert(place, inspect.Parameter("out", inspect.Parameter.KEYWORD_ONLY, default=None, annotation="Any"))
    call.__signature__ = shown.replace(parameters=parameters)  # type: ignore[attr-defined]
    return call


def view_marker(op: Op) -> Callable[[Any, Tensor, dict[str, Any]], None]:
    """What marks the output of a view op, or its outputs, as views of their input, if their memory is indeed shared."""
    exact = op.name == "as_strided"

    def mark(output: Tensor, source: Tensor, options: dict[str, Any]) -> None:
        if shares_memory(output._array, source._array):
            become_view(output, source, lambda base: op.call(base, **options), "", exact)

    def mark_several(outputs: list[Tensor], source: Tensor, options: dict[str, Any]) -> None:
        for position, output in enumerate(outputs):
            if shares_memory(output._array, source._array):
                become_view(output, source, _replay_one(op, options, position), "several")

    return mark_several if op.several else mark


def _replay_one(op: Op, options: dict[str, Any], position: int) -> Callable[[Any], Any]:
    return lambda base: op.call(base, **options)[position]


def become_view(
    output: Tensor, source: Tensor, replay: Callable[[Any], Any], origin: str = "", exact: bool = False
) -> None:
    """Make a tensor known as a view of another, whose memory it shares.

    Args:
        output, source: the view, and what it is a view of.
        replay: takes the same view of the source, or of anything of its shape and layout.
        origin, exact: as those of `View`.
    """
    if not modes.here.grad:
        origin = "inference" if modes.here.inference else "no_grad"
    above = source._view
    if above is None:
        try:
            output._view = View(source, replay, source._cell, origin, exact)
        except InferenceError:  # autograd does not follow these, in any mode
            output._view = None
    else:
        if above.array is not above.base._array:  # the base's shape has been changed in place
            current_edge(source)
        before = above.replay
        whole = lambda base: replay(before(base))  # noqa: E731
        output._view = View(above.base, whole, source._cell, origin or above.origin, exact or above.exact)
        if exact:  # it may reach over what is between
            tensors.relocate_view(output, output._view)
    output._cell = source._cell


def shares_memory(array: np.ndarray[Any, Any], source: np.ndarray[Any, Any]) -> bool:
    """Whether a view op's output lies in its input's memory; some (reshape) copy when they must."""
    owner = array.base
    if owner is None:
        return array is source
    return owner is source or owner is source.base or np.may_share_memory(array, source)
