"""A model's graph for TensorBoard: its inputs, parameters and operations, each inside the layers that call it.

Source: https://github.com/tensorflow/tensorboard/blob/master/tensorboard/compat/proto/graph.proto
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..._core.callers import module_frames
from ..._core.errors import shown_name
from ..._core.modes import no_grad
from ..._core.observe import Observer, observing, op_of
from ..._core.tensor import Tensor
from . import wire


@dataclass
class Vertex:
    """A node of the drawn graph.

    Attributes:
        name: with the layers that it is in, a slash between them.
        kind: of which kind it is; for operations, PyTorch's name.
        inputs: the names of those that it uses.
        shapes: of what it gives.
    """

    name: str
    kind: str
    inputs: list[str]
    shapes: list[tuple[int, ...]]


def graph_of(model: Any, inputs: Any) -> list[Vertex]:
    """The graph of a model that is called once with these inputs, in evaluation mode.

    Args:
        model: the module.
        inputs: a tensor, or a tuple or list of several arguments.
    """
    args = tuple(inputs) if isinstance(inputs, list | tuple) else (inputs,)
    watch = _Watch(model)
    for number, tensor in enumerate(_tensors(args), start=1):
        watch.add(f"input/input.{number}", "IO Node", [], tensor._array)
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        with no_grad(), observing(watch):
            output = model(*args)
    finally:
        for module, training in modes:
            module.training = training
    for number, tensor in enumerate(_tensors(output), start=1):
        watch.vertices.append(
            Vertex(f"output/output.{number}", "IO Node", watch.names([tensor._array]), [tensor._array.shape])
        )
    return watch.vertices


def _tensors(value: Any) -> Iterator[Tensor]:
    """The tensors in a value."""
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, list | tuple | dict):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _tensors(part)


class _Watch(Observer):
    """Notes every operation, which arrays it was given and which it gave."""

    def __init__(self, model: Any) -> None:
        self.vertices: list[Vertex] = []
        self._made: dict[int, tuple[np.ndarray[Any, Any], str]] = {}  # the arrays are kept: a number is used only once
        self._scopes = {id(model): type(model).__name__}
        for path, module in model.named_modules():
            if path:
                above, _, name = path.rpartition(".")
                scope = self._scopes[id(model.get_submodule(above))]
                self._scopes[id(module)] = f"{scope}/{type(module).__name__}[{name}]"
        for path, parameter in model.named_parameters():
            above, _, name = path.rpartition(".")
            scope = self._scopes[id(model.get_submodule(above))]
            self.add(f"{scope}/{name}", "Parameter", [], parameter._array)

    def add(self, name: str, kind: str, inputs: list[str], *outputs: Any) -> None:
        """Add a vertex that gives these arrays."""
        self.vertices.append(Vertex(name, kind, inputs, [np.shape(output) for output in outputs]))
        self._made.update({id(output): (output, name) for output in outputs})

    def names(self, arrays: Any) -> list[str]:
        """The names of those that gave these arrays, as far as they are known: constants are not."""
        return [self._made[id(array)][1] for array in arrays if id(array) in self._made]

    def forward(self, function: Callable[..., Any], inputs: tuple[Any, ...], options: dict[str, Any],
                compute: Callable[[], Any]) -> Any:  # fmt: skip
        """Add a vertex for an operation."""
        result = compute()
        op = op_of(function)
        if op is not None:
            inside = (id(frame.f_locals["self"]) for frame in module_frames())
            scope = next((self._scopes[key] for key in inside if key in self._scopes), "")
            name = f"{scope}/{shown_name(op)}_{len(self.vertices)}".lstrip("/")
            outputs = result if isinstance(result, tuple) else (result,)
            kinds = [output for output in outputs if isinstance(output, np.ndarray)]
            self.add(name, f"aten::{shown_name(op)}", self.names(inputs), *kinds)
        return result


def encoded(vertices: list[Vertex]) -> bytes:
    """A graph as the content of an event."""
    nodes = [wire.message(1, _node(vertex)) for vertex in vertices]
    return wire.blob(4, b"".join((*nodes, wire.message(4, wire.integer(1, 22)))))


def _node(vertex: Vertex) -> bytes:
    shapes = [
        wire.message(7, *(wire.message(2, wire.integer(1, length)) for length in shape)) for shape in vertex.shapes
    ]
    attribute = wire.message(5, wire.blob(1, "_output_shapes"), wire.message(2, wire.message(1, *shapes)))
    return wire.blob(1, vertex.name) + wire.blob(2, vertex.kind) + wire.strings(3, vertex.inputs) + attribute
