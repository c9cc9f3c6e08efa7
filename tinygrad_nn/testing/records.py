"""What `check_op` may be given besides ops (functions of tensors, an `autograd.Function`, a module) in an op's form."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from .._core.modes import no_grad
from .._core.op import Case, Integers, Op, case
from .._core.plan import Rule
from .._core.random import default_generator
from .._core.tensor import Tensor, wrap
from ..autograd.function import Function
from ..nn.module import Module
from .samples import as_tensor, floats

_REFUSALS = (TypeError, ValueError, RuntimeError, IndexError)  # by which a function says that it wants other inputs


def record_of(function: Any, cases: Sequence[Case] | None = None) -> tuple[Op, Sequence[Case] | None]:
    """An op's record; for anything else a record without rules of its own, so that the checks can call it.

    Gives also the cases, to which the parameters of a module have been added.

    Raises:
        ValueError: a module for which no inputs can be guessed.
    """
    found = function if isinstance(function, Op) else getattr(function, "op", None)
    if isinstance(found, Op):
        return found, cases
    if isinstance(function, Module):
        return _module_record(function, cases)
    if isinstance(function, type) and issubclass(function, Function):
        call: Callable[..., Any] = function.apply
        names = _argument_names(function.forward)
        names = names if function.setup_context is not Function.setup_context else names[1:]  # without ctx
    else:
        call, names = function, _argument_names(function)
    name = getattr(function, "__name__", type(function).__name__)
    chosen = tuple(cases) if cases else (case(*((2, 3),) * len(names)),)
    return _record(name, call, names, chosen), chosen


def _record(name: str, call: Callable[..., Any], names: Sequence[str], cases: Sequence[Case]) -> Op:
    count = len(cases[0].inputs)
    inputs = tuple(names[i] if i < len(names) else f"input{i}" for i in range(count))
    record = Op(
        name=name.strip("_").replace("<lambda>", "function"), forward=_refuse, kind="general",
        rules=[Rule(lambda g: g)], joint=True, parts=None, residuals=(),
        several=isinstance(_tried(call, cases[0]), tuple | list), promotes=None, takes_numbers=False, inputs=inputs,
        variadic=False, public_names=(), defaults={}, required=(), positional=(), numpy_functions=(), direct=_refuse,
        domain=(-np.inf, np.inf), avoid=(), distinct=False, cases=tuple(cases), special=(), torch_name=None,
        tolerance=None, call=call,
    )  # fmt: skip
    if _is_elementwise(call, cases[0]):
        record.kind = "elementwise"
        record.broadcasts = _broadcasts(call, cases[0])
    return record


def _refuse(*arrays: Any, **options: Any) -> Any:
    raise TypeError("a function of tensors has no forward function of arrays")


def _argument_names(function: Callable[..., Any]) -> list[str]:
    """The arguments that have to be given, by position."""
    kinds = inspect.Parameter
    parameters = inspect.signature(function).parameters.values()
    return [
        p.name
        for p in parameters
        if p.default is p.empty and p.kind in (kinds.POSITIONAL_ONLY, kinds.POSITIONAL_OR_KEYWORD)
    ]


# --- what kind of function it is ---------------------------------------------------------------------------------


def _drawn(chosen: Case, shapes: Sequence[Any] | None = None) -> list[Any]:
    """Tensors for a case, of other shapes if some are given."""
    random = np.random.default_rng(0)
    inputs: list[Any] = []
    for position, wanted in enumerate(chosen.inputs):
        shape = shapes[position] if shapes is not None else wanted
        if isinstance(wanted, Integers):
            drawn = random.integers(0, wanted.high, wanted.shape)
            inputs.append(wrap(drawn.astype(bool) if wanted.boolean else drawn))
        else:
            inputs.append(as_tensor(floats(random, shape)) if isinstance(wanted, tuple) else as_tensor(wanted))
    return inputs


def _tried(call: Callable[..., Any], chosen: Case, inputs: Sequence[Any] | None = None) -> Any:
    """What the function gives; None where it refuses, as the checks will tell."""
    try:
        with no_grad():
            return call(*(_drawn(chosen) if inputs is None else inputs), **chosen.options)
    except _REFUSALS:
        return None


def _is_elementwise(call: Callable[..., Any], chosen: Case) -> bool:
    """Whether a part of the inputs gives that part of the output, and inputs without dimensions are taken."""
    if not chosen.inputs or not all(isinstance(wanted, tuple) for wanted in chosen.inputs):
        return False
    whole = _drawn(chosen, [(3, 4)] * len(chosen.inputs))
    result = _tried(call, chosen, whole)
    part = _tried(call, chosen, [wrap(tensor._array[1:, 2]) for tensor in whole])
    if not isinstance(result, Tensor) or not isinstance(part, Tensor) or result.shape != (3, 4):
        return False
    same = part.shape == (2,) and np.allclose(result._array[1:, 2], part._array, equal_nan=True)
    return bool(same and isinstance(_tried(call, chosen, _drawn(chosen, [()] * len(chosen.inputs))), Tensor))


def _broadcasts(call: Callable[..., Any], chosen: Case) -> bool:
    if len(chosen.inputs) < 2:
        return False
    shapes = [(3, 4), (4,), (1,), ()]
    result = _tried(call, chosen, _drawn(chosen, [shapes[i % 4] for i in range(len(chosen.inputs))]))
    return isinstance(result, Tensor) and result.shape == (3, 4)


# --- modules -----------------------------------------------------------------------------------------------------


def _module_record(module: Module, cases: Sequence[Case] | None) -> tuple[Op, Sequence[Case]]:
    """A module as a function of its inputs and its parameters. It is copied, and keeps its buffers and its mode."""
    own = copy.deepcopy(module)
    names = _argument_names(own.forward)
    parameters = {name: parameter._array.astype(np.float64) for name, parameter in own.named_parameters()}
    buffers = [(owner, name, buffer) for owner, name, buffer in _float_buffers(own)]

    def call(*tensors: Any, **options: Any) -> Any:
        count = len(tensors) - len(parameters)
        with _set_up(own, dict(zip(parameters, tensors[count:], strict=True)), buffers):
            return own(*tensors[:count], **options)

    chosen = list(cases) if cases else [_guessed(module, call, parameters)]
    full = [Case((*each.inputs, *parameters.values()), each.options) for each in chosen]
    count = len(chosen[0].inputs)
    positional = [*names[:count], *(f"input{i}" for i in range(len(names), count))]
    return _record(type(module).__name__, call, [*positional, *parameters], full), full


def _float_buffers(module: Module) -> Iterator[tuple[Module, str, Tensor]]:
    for owner in module.modules():
        for name, buffer in owner._buffers.items():
            if buffer is not None and buffer.is_floating_point():
                yield owner, name, buffer


@contextmanager
def _set_up(
    module: Module, parameters: dict[str, Any], buffers: Sequence[tuple[Module, str, Tensor]]
) -> Iterator[None]:
    """Let the module have these tensors for parameters, fresh buffers, and the same random numbers each time."""
    dtype = next((p._array.dtype for p in parameters.values() if isinstance(p, Tensor)), np.dtype(np.float64))
    state = default_generator.get_state()
    for path, tensor in parameters.items():
        owner, _, name = path.rpartition(".")
        module.get_submodule(owner)._parameters[name] = tensor
    for each, name, buffer in buffers:
        each._buffers[name] = wrap(buffer._array.astype(dtype))
    default_generator.manual_seed(0)
    try:
        yield
    finally:
        default_generator.set_state(state)


def _guessed(module: Module, call: Callable[..., Any], parameters: dict[str, Any]) -> Case:
    """An input that the module takes, by the second dimension of its first parameter."""
    first = next(iter(parameters.values()), np.zeros((1, 3)))
    for width in dict.fromkeys((first.shape[-1] if first.ndim < 3 else first.shape[1], first.shape[0])):
        for shape in ((4, width), (2, width, 5), (2, width, 5, 5), (2, 3, width), (2, width, 4, 5, 5)):
            found = case(shape)
            if _tried(call, Case((shape, *parameters.values()))) is not None:
                return found
    numbers = Integers((4,), first.shape[0])  # rows of an embedding
    if _tried(call, Case((numbers, *parameters.values()))) is not None:
        return case(numbers)
    raise ValueError(
        f"check_op: cannot guess what {type(module).__name__} takes. Say it: check_op(module, cases=[case((4, 3))]) "
        "for one input of shape (4, 3)."
    )
