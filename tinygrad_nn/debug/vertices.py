"""The recorded graph as a straight program: one line for each tensor that took part, in the order of the forward pass.

This is what drawings and explanations are made of.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .._core.callers import user_frames
from .._core.graph import AccumulateGrad, Node
from .._core.plan import INPUT
from .._core.steps import op_name, rule_text
from .._core.tensor import Tensor, current_edge
from .._core.walk import Step, walk
from ..autograd.profiler_table import format_memory

Array = np.ndarray[Any, Any]


@dataclass(eq=False)
class Vertex:
    """A tensor that took part: the result of an op, a leaf, or data that an op has kept.

    Attributes:
        kind: ``"op"``, ``"leaf"``, ``"data"``, or ``"more"``, which stands for all that was left out.
        name: what the program calls it, or a name such as ``v3``.
        op: the op that made it; empty for what no op has made.
        inputs: the op's inputs: vertices, or texts for numbers and for what was not kept.
        numbers: which output of each input it takes, where that has several.
        output_names: of an op with several outputs, what the program calls each.
        shape, dtype: of the tensor; None where that is not known any more, as the graph was freed.
        gradient: of the result with respect to this tensor; None where it is not known.
        saved_bytes: what the node keeps for the backward pass.
        value: the tensor itself, where it is known.
    """

    node: Node | None
    kind: str
    name: str
    op: str = ""
    inputs: list[Vertex | str] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    output_names: list[str] = field(default_factory=list)
    shape: tuple[int, ...] | None = None
    dtype: Any = None
    gradient: Array | None = None
    saved_bytes: int = 0
    value: Array | None = None

    @property
    def parents(self) -> list[Vertex]:
        """The inputs that are vertices, each once."""
        return list(dict.fromkeys(source for source in self.inputs if isinstance(source, Vertex)))

    @property
    def nbytes(self) -> int | None:
        """The size of the tensor."""
        if self.shape is None or self.dtype is None:
            return None
        return int(np.prod(self.shape, dtype=np.int64)) * int(self.dtype.itemsize)

    @property
    def gradient_norm(self) -> float | None:
        """The length of the gradient."""
        if self.gradient is None:
            return None
        with np.errstate(all="ignore"):
            return float(np.sqrt(np.sum(np.abs(self.gradient.astype(np.complex128)) ** 2)))

    def expression(self) -> str:
        """What it is computed by, such as ``linear(x, weight, bias)``."""
        if self.kind != "op":
            return self.kind
        shown = [s if isinstance(s, str) else s.output(n) for s, n in zip(self.inputs, self.numbers, strict=True)]
        return f"{self.op}({', '.join(shown)})"

    def output(self, number: int) -> str:
        """The name of one of its outputs."""
        if not self.output_names:
            return self.name
        return self.output_names[number] or f"{self.name}[{number}]"

    def type_text(self) -> str:
        """Type and shape, such as ``float32[4, 2]``."""
        return "?" if self.shape is None else f"{self.dtype}{list(self.shape)}"

    def rules(self) -> list[str]:
        """The rules by which gradients are sent on, such as ``x: g * y``."""
        if self.node is None or self.kind != "op":
            return []
        inputs = getattr(self.node.plan.op, "inputs", ())
        wanted = [(i, name) for i, name in enumerate(inputs) if self.node.edges[i : i + 1] not in ((), (None,))]
        texts = [(name, rule_text(self.node, i)) for i, name in wanted]
        return [f"{name}: {text}" for name, text in texts if text]

    def learn(self, array: Array) -> None:
        """Take shape and type, and the value, from the tensor's array."""
        self.shape, self.dtype, self.value = array.shape, array.dtype, array


def size_text(count: int | None) -> str:
    """A number of bytes; nothing for None."""
    return "" if count is None else format_memory(count)


def vertices_of(
    result: Tensor, names: Any = None, *, gradients: bool = True, limit: int | None = None
) -> tuple[list[Vertex], list[Step], str]:
    """The program that has made a tensor; the steps of its backward pass; and, where there are none, the reason.

    Args:
        result: a tensor that requires grad.
        names: a module, or tensors by their names, or several of these. Default: the caller's variables.
        gradients: go backward through the graph, without any effect on it, to learn of shapes and gradients.
        limit: how many nodes to take, of those nearest to the result.

    Raises:
        TypeError: `result` is no tensor.
        RuntimeError: it does not require grad.
    """
    if not isinstance(result, Tensor):
        raise TypeError(f"expected the Tensor at the end of a graph, got {type(result).__name__}")
    edge = current_edge(result)
    if edge is None:
        raise RuntimeError(
            "element 0 of tensors does not require grad and does not have a grad_fn: there is no graph to show. "
            "Make what it is computed from with requires_grad=True."
        )
    steps, reason = _walked(edge, result._array) if gradients else ([], "gradients=False was given")
    nodes = _reachable(edge[0])
    kept = nodes if limit is None else nodes[-limit:]
    known = _Names(names)
    found: dict[Node, Vertex] = {}
    program: list[Vertex] = []
    rest = Vertex(None, "more", f"{len(nodes) - len(kept)} more nodes")
    if len(kept) < len(nodes):
        program.append(rest)
    for node in kept:
        if not isinstance(node, AccumulateGrad):
            program += _op_vertices(node, found, known, rest, set(kept))
    if not program:
        program = [_leaf_vertex(edge[0], found, known)]
    _complete(program, steps, known)
    last = found[edge[0]]
    last.learn(result._array)
    last.name = known.of(result) or last.name
    return program, steps, reason


def _walked(edge: tuple[Node, int], array: Array) -> tuple[list[Step], str]:
    try:
        return list(walk(edge, np.ones_like(array))), ""
    except RuntimeError as error:
        if "a second time" in str(error):
            return [], "the graph has been freed: show it before backward(), or keep it with retain_graph=True"
        return [], str(error)


def _reachable(root: Node) -> list[Node]:
    """The nodes of a graph, the oldest first; a leaf's comes before the ops that use it."""
    seen, stack = {root}, [root]
    while stack:
        for edge in stack.pop().edges:
            if edge is not None and edge[0] not in seen:
                seen.add(edge[0])
                stack.append(edge[0])
    return sorted(seen, key=lambda node: node.sequence)


def _op_vertices(
    node: Node, found: dict[Node, Vertex], known: _Names, rest: Vertex, kept: set[Node]
) -> list[Vertex]:
    """The vertex of an op, after those of its inputs that no op has made and that are not there yet."""
    made: list[Vertex] = []
    vertex = Vertex(node, "op", "", op_name(node))
    saved = _saved_inputs(node)
    for position, edge in enumerate(node.edges):
        vertex.numbers.append(0 if edge is None else edge[1])
        if edge is None:
            source = _constant(saved.get(position), known, found)
            if isinstance(source, Vertex) and source.node is None and source not in found.values():
                found[Node.__new__(Node)] = source  # under a key of its own
                made.append(source)
            vertex.inputs.append(source)
        elif edge[0] in found:
            vertex.inputs.append(found[edge[0]])
        elif isinstance(edge[0], AccumulateGrad):
            leaf = _leaf_vertex(edge[0], found, known)
            made.append(leaf)
            vertex.inputs.append(leaf)
        else:
            vertex.inputs.append(rest)
    vertex.saved_bytes = _bytes_kept(node)
    if node.metas is not None:
        vertex.output_names = [known.of_edge((node, number)) for number in range(len(node.metas))]
        vertex.name = ", ".join(vertex.output_names) if all(vertex.output_names) else ""
    found[node] = vertex
    return [*made, vertex]


def _leaf_vertex(node: Node, found: dict[Node, Vertex], known: _Names) -> Vertex:
    tensor = getattr(node, "variable", None)
    vertex = found[node] = Vertex(node, "leaf", "")
    if isinstance(tensor, Tensor):
        vertex.name = known.of(tensor)
        vertex.learn(tensor._array)
        if tensor._grad is not None:
            vertex.gradient = tensor._grad._array
    return vertex


def _saved_inputs(node: Node) -> dict[int, Any]:
    """What a node has saved of its inputs, by their position."""
    if node.plan.op.kind == "function" or node.saved is None:
        return {}
    return {
        key: np.asarray(value) if isinstance(value, np.generic) else value
        for (kind, key), value in zip(node.plan.sources, node.saved, strict=True)
        if kind == INPUT and key >= 0
    }


def _constant(value: Any, known: _Names, found: Mapping[Node, Vertex]) -> Vertex | str:
    """An input that wants no gradient: data, a number, or something that was not kept."""
    if isinstance(value, np.ndarray) and value.size != 1:
        before = next((v for v in found.values() if v.kind == "data" and v.value is value), None)
        if before is not None:
            return before
        vertex = Vertex(None, "data", known.of_array(value))
        vertex.learn(value)
        return vertex
    if isinstance(value, np.ndarray):
        value = value.item()
    return f"{value:g}" if isinstance(value, float | int) else "..."


def _bytes_kept(node: Node) -> int:
    if node.plan.op.kind == "function":
        return 0
    return sum(int(value.nbytes) for value in node.saved or () if isinstance(value, np.ndarray))


def _complete(program: Sequence[Vertex], steps: Iterable[Step], known: _Names) -> None:
    """Fill in what the backward pass tells, and names for what has none."""
    by_node = {vertex.node: vertex for vertex in program if vertex.node is not None}
    for step in steps:
        vertex = by_node.get(step.node)
        several = isinstance(step.gradient, list)
        first = next((g for g in step.gradient if g is not None), None) if several else step.gradient
        if vertex is not None and first is not None:
            vertex.gradient = first
            vertex.shape, vertex.dtype = first.shape, first.dtype
    for vertex in by_node.values():
        for source, value in zip(vertex.inputs, _by_position(vertex), strict=True):
            if isinstance(source, Vertex) and not source.output_names and isinstance(value, np.ndarray):
                source.learn(value)
    for vertex in program:
        if not vertex.name and vertex.kind == "op" and vertex.node is not None:
            vertex.name = known.of_edge((vertex.node, 0))
    _number({vertex.name for vertex in program}, [vertex for vertex in program if not vertex.name])


def _number(taken: set[str], nameless: Iterable[Vertex]) -> None:
    """Call results v1, v2, ..., leaves w1, w2, ..., and data x1, x2, ..., as far as these names are free."""
    names = {kind: map(f"{letter}{{}}".format, itertools.count(1)) for kind, letter in _LETTERS.items()}
    for vertex in nameless:
        vertex.name = next(name for name in names[vertex.kind] if name not in taken)


_LETTERS = {"op": "v", "leaf": "w", "data": "x"}


def _by_position(vertex: Vertex) -> list[Any]:
    saved = _saved_inputs(vertex.node) if vertex.node is not None and vertex.kind == "op" else {}
    return [saved.get(position) for position in range(len(vertex.inputs))]


class _Names:
    """What the program calls its tensors."""

    def __init__(self, given: Any) -> None:
        self.tensors: list[tuple[str, Tensor]] = []
        if given is None:
            frames = user_frames()
            variables = frames[0].f_locals if frames else {}
            self._add({name: value for name, value in variables.items() if not name.startswith("_")}, True)
        else:
            for each in given if isinstance(given, list | tuple) else [given]:
                self._add(each if isinstance(each, Mapping) else dict(each.named_parameters()), False)

    def _add(self, variables: Mapping[str, Any], with_prefix: bool) -> None:
        modules = {n: v for n, v in variables.items() if hasattr(v, "named_parameters") and not isinstance(v, type)}
        for prefix, module in modules.items():
            for name, parameter in module.named_parameters():
                self.tensors.append((f"{prefix}.{name}" if with_prefix else name, parameter))
        self.tensors += [(name, value) for name, value in variables.items() if isinstance(value, Tensor)]

    def of(self, tensor: Tensor) -> str:
        """The name of this tensor; empty if it has none."""
        return next((name for name, value in self.tensors if value is tensor), "")

    def of_array(self, array: Array) -> str:
        """The name of the tensor around an array."""
        return next((name for name, value in self.tensors if value._array is array), "")

    def of_edge(self, edge: tuple[Node, int]) -> str:
        """The name of the tensor that a node has made."""
        return next((name for name, value in self.tensors if value._edge == edge), "")
