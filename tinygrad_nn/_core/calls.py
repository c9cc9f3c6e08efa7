"""Calling an op: take the arrays out of the tensors, compute, and record if a gradient is wanted.

Here are the callers of elementwise ops of one and of two inputs, which most of a small program is made of; those of
all others are in `general_calls`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from . import lifted
from .arguments import complete, promote
from .dtypes import BOOL, FLOAT32, FLOAT64, INT64
from .errors import NotATensorError, not_a_tensor
from .general_calls import again, make_call
from .inplace import check_target, store
from .lifted import LiftedError
from .modes import modes
from .numbers import TABLE_32, TABLE_64, TABLE_INT64, as_array
from .outputs import write_out
from .real_only import complaint, refused
from .recording import CONSTANT
from .tensor import Tensor, current_edge, wrap

if TYPE_CHECKING:
    from .op import Op

_ndarray = np.ndarray
_NO_OPTIONS: dict[str, Any] = {}


def make_unary(op: Op) -> Callable[..., Tensor]:
    """The caller of an elementwise op of one input, without options."""
    direct = op.direct
    differentiable = op.differentiable
    to_float = op.promotes == "float"
    real_only = complaint(op.name)
    plans = op.plans

    def call(input: Any, *, out: Tensor | None = None) -> Tensor:
        if not isinstance(input, Tensor):
            raise not_a_tensor(op, 0, input)
        x = input._array
        dtype = x.dtype
        if dtype is not FLOAT32 and dtype is not FLOAT64:
            if real_only is not None and dtype.kind == "c":
                raise refused(real_only, x)
            if to_float:
                (input,) = promote(op, (input,))
                x = input._array
        here = modes.here
        quiet = here.quiet
        try:
            array = quiet(direct, x)
        except LiftedError:
            return lifted.operation(op, (input,), _NO_OPTIONS, out)  # type: ignore[no-any-return]
        except Exception as error:
            array = again(op, (input,), _NO_OPTIONS, error)
        if type(array) is not _ndarray:
            array = np.asarray(array)
        edge = input._edge if input._view is None else current_edge(input)
        if edge is None or not differentiable or not here.grad:
            result = wrap(array)
        else:
            result = plans[1].record((edge,), (x,), (input._cell,), _NO_OPTIONS, array)
        return result if out is None else write_out(out, result)

    return call


def make_binary(op: Op, *, operator: bool = False) -> Callable[..., Any]:
    """The caller of an elementwise op of two inputs, whose options, if any, are given by keyword.

    Args:
        operator: without options, and giving NotImplemented for an operand that is no tensor or number: its class may
            know what to do.
    """
    forward, direct = op.forward, op.direct
    defaults = op.defaults
    differentiable = op.differentiable
    plans = op.plans
    scalars = op.takes_scalars
    general = make_call(op, None)
    # Of one type already, and not to become floats. (Booleans are not subtracted.)
    whole = op.promotes == "same" and op.name != "sub"

    # Most of a small program's time is spent in here, and in the `record` of a plan.
    def apply(input: Any, other: Any, out: Tensor | None = None, options: dict[str, Any] = defaults) -> Any:
        shapes = None
        if (
            isinstance(input, Tensor)
            and isinstance(other, Tensor)
            and (dtype := (x := input._array).dtype) is (y := other._array).dtype
            and (dtype is FLOAT32 or dtype is FLOAT64 or (whole and (dtype is INT64 or dtype is BOOL)))
        ):
            edge_x = input._edge if input._view is None else current_edge(input)
            edge_y = other._edge if other._view is None else current_edge(other)
            cells = input._cell, other._cell
            if scalars and not x.ndim and not y.ndim and type(x) is _ndarray and type(y) is _ndarray:
                x, y = x[()], y[()]
            elif x.shape != y.shape:
                shapes = x.shape, y.shape
        elif (
            ((kind := type(other)) is float or kind is int)
            and isinstance(input, Tensor)
            and (
                (dtype := (x := input._array).dtype) is FLOAT32
                or dtype is FLOAT64
                or (whole and dtype is INT64 and kind is int)
            )
        ):
            table = TABLE_32 if dtype is FLOAT32 else TABLE_64 if dtype is FLOAT64 else TABLE_INT64
            if scalars and not x.ndim and type(x) is _ndarray:
                x, y = x[()], other
            else:
                y = table.get(other) or as_array(other, dtype)
            edge_x = input._edge if input._view is None else current_edge(input)
            edge_y = None
            cells = input._cell, CONSTANT
        elif (
            ((kind := type(input)) is float or kind is int)
            and isinstance(other, Tensor)
            and (
                (dtype := (y := other._array).dtype) is FLOAT32
                or dtype is FLOAT64
                or (whole and dtype is INT64 and kind is int)
            )
        ):
            table = TABLE_32 if dtype is FLOAT32 else TABLE_64 if dtype is FLOAT64 else TABLE_INT64
            if scalars and not y.ndim and type(y) is _ndarray:
                x, y = input, y[()]
            else:
                x = table.get(input) or as_array(input, dtype)
            edge_x = None
            edge_y = other._edge if other._view is None else current_edge(other)
            cells = CONSTANT, other._cell
        else:
            return from_any(input, other, out, options)
        here = modes.here
        quiet = here.quiet
        try:
            array = quiet(direct, x, y) if options is defaults else quiet(forward, x, y, **options)
        except LiftedError:
            return lifted.operation(op, (input, other), options, out)
        except Exception as error:
            array = again(op, (input, other), options, error)
        if type(array) is not _ndarray:
            array = np.asarray(array)
        mask = 0 if edge_x is None else 1
        if edge_y is not None:
            mask += 2
        if mask == 0 or not differentiable or not here.grad:
            result = wrap(array)
        else:
            result = plans[mask].record((edge_x, edge_y), (x, y), cells, options, array, shapes)
        return result if out is None else write_out(out, result)

    def from_any(input: Any, other: Any, out: Tensor | None, options: dict[str, Any]) -> Any:
        try:
            if out is None and options is defaults:
                return general(input, other)
            return general(input, other, out=out, **options)
        except NotATensorError:
            if operator:
                return NotImplemented
            raise

    def call(input: Any, other: Any, *, out: Tensor | None = None, **options: Any) -> Any:
        return apply(input, other, out, complete(op, options) if options else defaults)

    return apply if operator else call


def make_inplace(op: Op) -> Callable[..., Tensor]:
    """The in-place form: the op's result is stored in the first input's memory, and its history adopted."""

    def call(input: Tensor, *others: Any, **options: Any) -> Tensor:
        check_target(input, others)
        return store(input, op.call(input, *others, **options))

    call.__name__ = call.__qualname__ = f"{op.name}_"
    call.__doc__ = f"In-place version of `{op.name}`."
    return call
