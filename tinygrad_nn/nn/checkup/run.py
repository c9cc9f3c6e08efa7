"""A training step that is watched, and leaves no trace: what a check-up looks at."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType
from typing import Any

import numpy as np

from ..._core.callers import module_frames, user_frames
from ..._core.lines import Line, line_of
from ..._core.modes import enable_grad, modes
from ..._core.observe import Observer, observing
from ..._core.tensor import Tensor
from ...autograd import grad
from ..hidden import hidden_modules
from ..module import Module
from ..parameter import Parameter
from ..snapshot import RandomState, Snapshot

# What passes values on, so that what comes out can be said to be what went in.
_PASSING = ("view", "reshape", "broadcast_to", "squeeze", "unsqueeze", "flatten", "transpose", "permute", "_getitem")


@dataclass(eq=False)
class Call:
    """An op that ran: its name, arrays, and where."""

    op: str
    inputs: tuple[Any, ...]
    options: dict[str, Any]
    output: Any
    line: Line | None  # of the user's program, if it is inside of the model's or the loss's code
    module: Module | None  # the innermost one that was being called


class Watch(Observer):
    """Notes every op down, with its line and module."""

    def __init__(self, outside: FrameType) -> None:
        self.outside = outside  # the frame of whoever called the doctor
        self.calls: list[Call] = []
        self.called: dict[int, Module] = {}  # modules that were called, in the order of their first op

    def forward(self, function: Callable[..., Any], inputs: tuple[Any, ...], options: dict[str, Any],
                compute: Callable[[], Any]) -> Any:  # fmt: skip
        """Note the op, and who called it."""
        result = compute()
        first = result[0] if isinstance(result, tuple) and result else result
        line, modules = self._place()
        for module in reversed(modules):
            self.called.setdefault(id(module), module)
        name = getattr(function, "__name__", "")
        self.calls.append(Call(name, inputs, options, first, line, modules[0] if modules else None))
        return result

    def _place(self) -> tuple[Line | None, list[Module]]:
        """The nearest line of the user's, and the modules that are being called, from the innermost on."""
        inside = itertools.takewhile(lambda frame: frame is not self.outside, user_frames())
        return next(map(line_of, inside), None), [frame.f_locals["self"] for frame in module_frames()]

    def made_by(self, array: Any, before: int | None = None) -> Call | None:
        """The op that made an array, or what it is a view of or was copied from."""
        for call in reversed(self.calls[:before]):
            if call.output is array or _same_memory(call.output, array):
                if any(word in call.op for word in _PASSING) and len(call.inputs):
                    return self.made_by(call.inputs[0], self.calls.index(call))
                return call
        return None


def _same_memory(first: Any, second: Any) -> bool:
    if not isinstance(first, np.ndarray) or not isinstance(second, np.ndarray) or not first.size:
        return False
    return first.size == second.size and first.__array_interface__["data"] == second.__array_interface__["data"]


@dataclass
class Run:
    """A step with everything that was seen of it."""

    model: Module
    loss_fn: Any
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    target: Any
    optimizer: Any
    outside: FrameType
    recording: bool  # whether gradients were on when the doctor was called
    name: str = "model"  # what the program calls the model
    watch: Watch = field(init=False)
    in_loss: int = 0  # from this one on, the ops are those of the loss
    output: Any = None
    loss: Any = None
    error: Exception | None = None
    stage: str = "model"  # what failed, if something did: "model", "loss" or "backward"
    gradients: dict[str, Any] = field(default_factory=dict)  # arrays by the names of parameters; None: none came
    warned: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.watch = Watch(self.outside)

    @property
    def doctor_line(self) -> Line:
        """Where the doctor was called."""
        return line_of(self.outside)

    def parameters(self) -> dict[str, Parameter]:
        """The parameters that are to be trained."""
        return {name: p for name, p in self.model.named_parameters() if p.requires_grad}

    def path(self, module: Module | None) -> str:
        """A module as the program names it: ``model.body.1 (ReLU)``."""
        from ..diagnosis import short

        if module is None:
            return self.name
        path = next((path for path, part in self.model.named_modules() if part is module), None)
        if path is None:
            return short(module)
        return f"{self.name}.{path} ({short(module)})" if path else f"{self.name} ({short(module)})"

    def line_for(self, call: Call | None) -> Line:
        """The line to show for an op: that of the user's code that calls it, or where its layer was made."""
        if call is not None and call.line is not None:
            return call.line
        return self.line_of_module(call.module if call is not None else None)

    def line_of_module(self, module: Module | None) -> Line:
        """Where a module was made."""
        made = None if module is None else module.__dict__.get("_made_at")
        return self.doctor_line if made is None else Line(*made)

    def owner(self, name: str) -> Module:
        """The module that a parameter belongs to."""
        return self.model.get_submodule(name.rpartition(".")[0])


def step(run: Run) -> None:
    """Run the model, the loss and the backward pass, and put everything back as it was."""
    with _untouched(run.model), warnings.catch_warnings(record=True) as caught, enable_grad():
        warnings.simplefilter("always")
        try:
            with observing(run.watch):
                run.output = run.model(*run.args, **run.kwargs)
                run.stage = "loss"
                if run.loss_fn is None:
                    run.loss = run.output
                else:
                    run.in_loss = len(run.watch.calls)
                    run.loss = run.loss_fn(run.output, run.target)
            run.stage = "backward"
            _go_backward(run)
        except Exception as error:
            run.error = error
        run.warned = [str(warning.message) for warning in caught]


def _go_backward(run: Run) -> None:
    if not isinstance(run.loss, Tensor):
        return
    parameters = run.parameters()
    run.gradients = dict.fromkeys(parameters)
    if not run.loss.requires_grad or not parameters:
        return
    total = run.loss if run.loss.numel() == 1 else run.loss.sum()
    found = grad(total, list(parameters.values()), allow_unused=True)
    for name, gradient in zip(parameters, found, strict=True):
        run.gradients[name] = None if gradient is None else gradient._array


@contextmanager
def _untouched(model: Module) -> Iterator[None]:
    """Put the model, its gradients, and the random numbers back at the end."""
    modules = [*model.modules(), *hidden_modules(model)]
    state, random, before = Snapshot(modules), RandomState(), modes.here.grad
    try:
        yield
    finally:
        state.restore()
        random.restore()
        modes.here.grad = before
