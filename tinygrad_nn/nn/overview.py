"""A model at a glance: its layers, what goes through them, and what they cost."""

from __future__ import annotations

import html
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from .._core import dtypes
from .._core.callers import module_frames
from .._core.graph import Node
from .._core.lines import caller, name_of
from .._core.modes import enable_grad
from .._core.observe import Observer, observing
from .._core.tensor import Tensor, wrap
from .diagnosis import short
from .global_hooks import register_module_forward_hook
from .hidden import hidden_modules
from .module import Module
from .multiply_adds import multiply_adds
from .parameter import is_lazy
from .snapshot import RandomState, Snapshot

__all__ = ["Summary", "summary"]


@dataclass
class Row:
    """A layer. Its numbers are its own, without those of the layers in it, so that a column adds up."""

    name: str
    layer: str  # in a few words
    depth: int
    calls: int = 0
    input: str = ""
    output: str = ""
    parameters: int = 0
    multiply_adds: int = 0


@dataclass
class Summary:
    """What `summary` found. Printed, it is a table.

    Attributes:
        rows: the layers, in the order in which the model holds them.
        parameters, trainable: the numbers of parameters, and of those that are trained.
        multiply_adds: how many products are added up in a forward pass.
        parameter_bytes, buffer_bytes: the memory of parameters and buffers.
        saved_bytes: the memory that a forward pass keeps for the backward pass, beside parameters and buffers.
    """

    title: str
    rows: list[Row]
    parameters: int
    trainable: int
    multiply_adds: int
    parameter_bytes: int
    buffer_bytes: int
    saved_bytes: int

    def _cells(self) -> list[list[str]]:
        cells = [["layer", "input", "output", "parameters", "multiply-adds"]]
        for row in self.rows:
            times = f" x {row.calls}" if row.calls > 1 else ""
            label = f"{'  ' * row.depth}{row.name}: {row.layer}{times}" if row.name else row.layer
            output = row.output if row.calls or not self.rows[0].calls else "not called"
            numbers = [f"{number:,}" if number else "" for number in (row.parameters, row.multiply_adds)]
            cells.append([label, row.input, output, *numbers])
        return cells

    def _totals(self) -> list[str]:
        fixed = self.parameters - self.trainable
        kinds = f"{self.parameters:,}, all trainable" if not fixed else f"{self.parameters:,}, {fixed:,} of them frozen"
        memory = f"parameters {_size(self.parameter_bytes)}, kept for backward {_size(self.saved_bytes)}"
        if self.buffer_bytes:
            memory += f", buffers {_size(self.buffer_bytes)}"
        return [f"Parameters: {kinds}", f"Multiply-adds: {self.multiply_adds:,}", f"Memory: {memory}"]

    def __str__(self) -> str:
        cells = self._cells()
        widths = [max(len(row[column]) for row in cells) for column in range(5)]
        lines = [
            "  ".join(c.rjust(w) if n > 2 else c.ljust(w) for n, (c, w) in enumerate(zip(row, widths, strict=True)))
            for row in cells
        ]
        rule = "-" * max(len(line) for line in lines)
        head, *body = [line.rstrip() for line in lines]
        return "\n".join([self.title, rule, head, rule, *body, rule, *self._totals()])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        """For notebooks."""
        head, *body = self._cells()

        def line(cells: list[str], tag: str) -> str:
            return "".join(
                f"<{tag} style='text-align:{'right' if n > 2 else 'left'};white-space:pre'>{html.escape(c)}</{tag}>"
                for n, c in enumerate(cells)
            )

        rows = "".join(f"<tr>{line(cells, 'td')}</tr>" for cells in body)
        totals = "<br>".join(map(html.escape, self._totals()))
        return f"<b>{html.escape(self.title)}</b><table><tr>{line(head, 'th')}</tr>{rows}</table><p>{totals}</p>"


def _size(count: int) -> str:
    """Bytes in the unit that fits."""
    value = float(count)
    for unit in ("B", "KB", "MB"):
        if value < 1024:
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1024
    return f"{value:.1f} GB"


def summary(model: Module, input: Any = None, *, depth: int | None = None) -> Summary:
    """The layers of a model, what they are given and give, their parameters, memory and multiply-adds.

    The model is run once, in the mode that it is in, and left as it was, random numbers included.

    Args:
        model: the model.
        input: what it is called with: a tensor; a tuple or list of several arguments; a dictionary of keywords; or the
            sizes of a tensor, such as ``(1, 3, 32, 32)``, of which zeros are made. None: only parameters are counted.
        depth: how many levels of layers in layers are shown; None: all.

    Returns:
        Summary: to be printed, shown in a notebook, or looked through.

    Raises:
        TypeError: `model` is no module.

    Example:
        >>> import tinygrad_nn as tg
        >>> from tinygrad_nn import nn
        >>> net = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3))
        >>> print(nn.summary(net, (2, 4)))
        net (Sequential), in train mode
        ------------------------------------------------------------
        layer              input   output  parameters  multiply-adds
        ------------------------------------------------------------
        Sequential         (2, 4)  (2, 3)
          0: Linear(4, 8)  (2, 4)  (2, 8)          40             64
          1: ReLU          (2, 8)  (2, 8)
          2: Linear(8, 3)  (2, 8)  (2, 3)          27             48
        ------------------------------------------------------------
        Parameters: 67, all trainable
        Multiply-adds: 112
        Memory: parameters 268 B, kept for backward 96 B
    """
    if not isinstance(model, Module):
        raise TypeError(f"summary(): argument 'model' must be Module, not {type(model).__name__}")
    frame = caller(sys._getframe(1))
    name = name_of(model, frame) or "model"
    title = f"{name} ({type(model).__name__}), in {'train' if model.training else 'evaluation'} mode"
    watch = _Watch(model)
    if input is None:
        return watch.found(title, depth)
    args, kwargs = _arguments(model, input)
    with _untouched(model):
        with enable_grad(), _shapes_noted(watch), observing(watch):
            model(*args, **kwargs)
        return watch.found(title, depth)  # before lazy layers lose their shapes again


def _arguments(model: Module, input: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """What the model is called with."""
    if isinstance(input, dict):
        return (), input
    if isinstance(input, list | tuple):
        if input and all(isinstance(length, int) for length in input):
            own = next((p.dtype for p in model.parameters() if p.is_floating_point()), None)
            kind = dtypes.default_numpy() if own is None else dtypes.to_numpy(own)
            return (wrap(np.zeros(tuple(input), kind)),), {}
        return tuple(input), {}
    return (input,), {}


class _Watch(Observer):
    """Counts what every module does, and notes what is kept for the backward pass."""

    def __init__(self, model: Module) -> None:
        self.model = model
        self.rows: dict[int, Row] = {}
        self._nodes: list[Node] = []
        for path, module in model.named_modules():
            self.rows[id(module)] = Row(path.rpartition(".")[2], "", path.count(".") + 1 if path else 0)

    def found(self, title: str, depth: int | None) -> Summary:
        """All that was counted."""
        counted: set[int] = set()
        for module in self.model.modules():
            own = [p for p in module._parameters.values() if p is not None and id(p) not in counted]
            counted.update(map(id, own))
            row = self.rows[id(module)]
            row.layer, row.parameters = short(module), sum(p.numel() for p in own if not is_lazy(p))
        parameters = [p for p in self.model.parameters() if not is_lazy(p)]
        return Summary(
            title,
            [row for row in self.rows.values() if depth is None or row.depth <= depth],
            sum(p.numel() for p in parameters),
            sum(p.numel() for p in parameters if p.requires_grad),
            sum(row.multiply_adds for row in self.rows.values()),
            sum(p.nbytes for p in parameters),
            sum(b.nbytes for b in self.model.buffers() if not is_lazy(b)),
            self.saved_bytes(),
        )

    def forward(self, function: Callable[..., Any], inputs: tuple[Any, ...], options: dict[str, Any],
                compute: Callable[[], Any]) -> Any:  # fmt: skip
        """Count an op's products for the innermost module that is being called."""
        result = compute()
        first = result[0] if isinstance(result, tuple) and result else result
        count = multiply_adds(function, inputs, first)
        row = self._running() if count else None
        if row is not None:
            row.multiply_adds += count
        return result

    def recorded(self, node: Node) -> None:
        """Keep the node, to see in the end what it has saved."""
        self._nodes.append(node)

    def _running(self) -> Row | None:
        running = (id(frame.f_locals["self"]) for frame in module_frames())
        return next((self.rows[key] for key in running if key in self.rows), None)

    def saved_bytes(self) -> int:
        """The memory of all that the nodes have saved, each piece once, without parameters and buffers."""
        tensors = (*self.model.parameters(), *self.model.buffers())
        own = {id(_memory(tensor._array)) for tensor in tensors if not is_lazy(tensor)}
        pieces = {}
        for node in self._nodes:
            for value in node.saved or ():
                if isinstance(value, np.ndarray) and id(_memory(value)) not in own:
                    pieces[id(_memory(value))] = _memory(value).nbytes
        return sum(pieces.values())


def _memory(array: Any) -> Any:
    """The array that owns an array's memory."""
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array


@contextmanager
def _shapes_noted(watch: _Watch) -> Iterator[None]:
    """Note what every module of the model is given, and gives."""

    def note(module: Module, args: tuple[Any, ...], kwargs: dict[str, Any], output: Any) -> None:
        row = watch.rows.get(id(module))
        if row is not None:
            row.calls += 1
            row.input, row.output = _shapes((*args, *kwargs.values())), _shapes(output)

    handle = register_module_forward_hook(note, with_kwargs=True)
    try:
        yield
    finally:
        handle.remove()


def _shapes(value: Any) -> str:
    """The shapes of the tensors in a value."""
    if isinstance(value, Tensor):
        lengths = value._array.shape
        return f"({', '.join(map(str, lengths))}{',' if len(lengths) == 1 else ''})"
    if isinstance(value, list | tuple | dict):
        shown = [_shapes(part) for part in (value.values() if isinstance(value, dict) else value)]
        return ", ".join(part for part in shown if part)
    return ""


@contextmanager
def _untouched(model: Module) -> Iterator[None]:
    """Put the model and the random numbers back at the end."""
    state, random = Snapshot([*model.modules(), *hidden_modules(model)]), RandomState()
    try:
        yield
    finally:
        state.restore()
        random.restore()
