"""Shorter ways for the usual calls of small ops, whose general callers take longer than NumPy does.

A view of 16 elements: NumPy takes 0.1 us, the tensor and the note that it is a view 0.6, PyTorch 1 in all. By the
general caller, which sorts out arguments and options, checks and translates, ``x.view(2, 8)`` took 3.4.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar, cast

import numpy as np

from .._core.dtypes import FLOAT32, FLOAT64
from .._core.inplace import check_memory, leaves_no_trace
from .._core.modes import modes
from .._core.numbers import operand
from .._core.op import Op, OpFunction
from .._core.outputs import become_view
from .._core.recording import CONSTANT
from .._core.tensor import Tensor, current_edge, tensor_attribute, wrap

_NUMBERS: set[type] = {float, int}
F = TypeVar("F", bound=Callable[..., Any])
# Of an array and what stands beside it in the call: the view, and the op's options; None where a call is not usual.
Shortcut = Callable[..., tuple[np.ndarray[Any, Any], dict[str, Any]] | None]


def usually(quick: Callable[[tuple[Any, ...]], Any]) -> Callable[[F], F]:
    """Let ``quick(args)`` answer calls without options, as most are; where it gives None, the function itself does.

    Sorting out the options takes longer than making a few elements: 1 us of the 1.9 of ``zeros(4)``.
    """

    def decorate(function: F) -> F:
        @functools.wraps(function)
        def call(*args: Any, **options: Any) -> Any:
            if not options and not modes.here.levels:
                made = quick(args)
                if made is not None:
                    return made
            return function(*args, **options)

        _replace_method(function, call)
        return cast(F, call)

    return decorate


def _replace_method(before: Any, after: Any) -> None:
    """Give `Tensor` a function under all names that it has there already in another form."""
    for name, value in [*vars(Tensor).items()]:
        if value is before:
            tensor_attribute(name, after)


def view_shortcut(shortcut: Shortcut) -> Callable[[OpFunction], OpFunction]:
    """Let an op that gives views go the shorter way, where its arguments are given by position and are the usual ones.

    The methods get it, too. Anything else, and anything wrong, is the general caller's.
    """

    def decorate(call: OpFunction) -> OpFunction:
        record = call.op

        @functools.wraps(call)
        def shorter(*args: Any, **options: Any) -> Any:
            if not options and args and isinstance(args[0], Tensor):
                made = quick_view(record, shortcut, *args)
                if made is not None:
                    return made
            return call(*args, **options)

        _replace_method(call, shorter)
        return cast(OpFunction, shorter)

    return decorate


def quick_view(record: Op, shortcut: Shortcut, source: Tensor, *args: Any) -> Tensor | None:
    """A view by the shorter way, or None."""
    array = source._array
    if type(array) is not np.ndarray or modes.here.observers:
        return None
    found = shortcut(array, *args)
    if found is None:
        return None
    picked, options = found
    result = recorded(record, source, options, picked)
    become_view(result, source, lambda base: record.call(base, **options))
    return result


def recorded(record: Op, input: Tensor, options: dict[str, Any], out: np.ndarray[Any, Any]) -> Tensor:
    """The tensor of an op's output, computed already of its only input; in the graph, where that is wanted.

    Only where nobody watches (``modes.here.observers``).
    """
    edge = input._edge if input._view is None else current_edge(input)
    if edge is None or not modes.here.grad:
        return wrap(out)
    result: Tensor = record.plans[1].record((edge,), (input._array,), (input._cell,), options, out)
    return result


def quick_call(record: Op, input: Tensor, options: dict[str, Any], *others: Any) -> Tensor | None:
    """An op's result, where only its first input may want a gradient; None for the general caller to say what is wrong.

    Args:
        record: an op of one output, without residuals.
        input, others: its inputs. The others are tensors or numbers, and of the right type: nothing is promoted.
        options: all of its options.
    """
    x = input._array
    arrays = [other._array if isinstance(other, Tensor) else other for other in others]
    if type(x) is not np.ndarray or modes.here.observers or modes.here.levels:
        return None
    try:
        array = modes.here.quiet(record.forward, x, *arrays, **options)
    except Exception:
        return None
    if type(array) is not np.ndarray:
        array = np.asarray(array)
    edge = input._edge if input._view is None else current_edge(input)
    if edge is None or not modes.here.grad or not record.differentiable:
        return wrap(array)
    cells = [input._cell, *[other._cell if isinstance(other, Tensor) else CONSTANT for other in others]]
    edges = (edge, *[None for _ in others])
    shapes = tuple([np.shape(a) for a in (x, *arrays)]) if record.broadcasts else None
    result: Tensor = record.plans[1].record(edges, (x, *arrays), cells, options, array, shapes)
    return result


def inplace_shortcut(function: OpFunction, name: str, ufunc: Any = None) -> None:
    """Let the in-place form of an arithmetic op write where the tensor is, where that leaves no trace in a graph.

    So do the updates of a program's own optimizer, or of a target network: ``x.mul_(0.9).add_(y, alpha=0.1)`` took
    twice PyTorch's time by way of new tensors. The general caller has all other types, shapes and checks.

    Args:
        function: the op.
        name: that of the in-place form, without its underscore.
        ufunc: what the op is, but for the factor ``alpha`` of its second operand: it can write to the first by itself.
    """
    record = function.op
    forward, defaults = record.forward, record.defaults
    general = vars(Tensor)[f"{name}_"]
    binary = len(record.inputs) == 2

    @functools.wraps(general)
    def call(input: Tensor, *others: Any, **options: Any) -> Tensor:
        operands = _plain_operands(input, others, binary) if len(others) == len(record.inputs) - 1 else None
        if operands is None or (options and not _are_numbers(options, defaults)):
            return general(input, *others, **options)  # type: ignore[no-any-return]
        x = input._array
        check_memory(x)
        if ufunc is not None:
            if options:  # sums have a factor
                operands[0] = modes.here.quiet(np.multiply, operands[0], operand(options["alpha"], x.dtype))
            modes.here.quiet(ufunc, x, *operands, x)
        else:
            np.copyto(x, modes.here.quiet(forward, x, *operands, **{**defaults, **options}))
        input._cell[0] += 1
        return input

    _replace_method(general, call)


def _plain_operands(input: Any, others: tuple[Any, ...], numbers_as_arrays: bool) -> list[Any] | None:
    """What is written into a tensor is computed of these: numbers, and arrays of its type and shape; else None."""
    if not isinstance(input, Tensor) or type(input._cell) is not list:
        return None
    x = input._array
    dtype = x.dtype
    if type(x) is not np.ndarray or (dtype is not FLOAT32 and dtype is not FLOAT64):
        return None
    operands, tensors = [], [input]
    for other in others:
        if type(other) is float or type(other) is int:
            operands.append(operand(other, dtype) if numbers_as_arrays else other)
        elif isinstance(other, Tensor):
            y = other._array
            alike = y.dtype is dtype and y.shape == x.shape and type(y) is np.ndarray
            if not alike or (y is not x and np.may_share_memory(x, y)):
                return None
            operands.append(y)
            tensors.append(other)
        else:
            return None
    return operands if leaves_no_trace(*tensors) else None


def _are_numbers(options: dict[str, Any], known: dict[str, Any]) -> bool:
    """Whether options are the op's, and floats or integers."""
    return known.keys() >= options.keys() and {*map(type, options.values())} <= _NUMBERS
