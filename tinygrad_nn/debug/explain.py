"""Backward step by step, in words: what arrives, the local derivative, and their product. For those who learn."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from typing import Any

import numpy as np

from .._core.backward import unbroadcast
from .._core.graph import AccumulateGrad, Node
from .._core.steps import expression_text, input_positions, rule_text
from .._core.tensor import Tensor
from .._core.walk import Step
from .vertices import Vertex, vertices_of

Array = np.ndarray[Any, Any]
_FEW = 12  # elements of an array that is written out
_SMALL_JACOBIAN = 36


class Explanation:
    """What `explain` found: ``print`` shows it, and so does a notebook."""

    def __init__(self, forward: Sequence[str], steps: Sequence[str], leaves: Sequence[str]) -> None:
        self.forward, self.steps, self.leaves = list(forward), list(steps), list(leaves)

    def __str__(self) -> str:
        backward = [
            "Backward: from the result to the leaves. Each step multiplies what arrives (upstream) by the",
            "derivative of its own operation (local).",
        ]
        parts = ["Forward: what was computed.", *self.forward, "", *backward, *self.steps, "Gradients of the leaves."]
        return "\n".join([*parts, *self.leaves])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return f"<pre>{escape(str(self))}</pre>"


def explain(result: Tensor, names: Any = None) -> Explanation:
    """Tell how the gradient of a tensor comes about: every step of its backward pass, with the numbers.

    Small arrays are written out; of greater ones the range and the norm are given. It has no effect: no ``grad``
    changes, no hook runs, and ``backward()`` may follow.

    Args:
        result: a tensor that requires grad, a loss for example. Of several elements, their sum is explained.
        names: what to call the leaves: a module, or a dictionary of tensors. Default: the caller's variables.

    Raises:
        TypeError: `result` is no tensor.
        RuntimeError: it does not require grad, or its graph has been freed.

    Example:
        >>> import tinygrad_nn as tg
        >>> a = tg.tensor(2.0, requires_grad=True)
        >>> b = tg.tensor(3.0, requires_grad=True)
        >>> loss = (a * b).square()
        >>> print(tg.debug.explain(loss))
        Forward: what was computed.
          a    = 2
          b    = 3
          v1   = mul(a, b) = 6
          loss = square(v1) = 36
        <BLANKLINE>
        Backward: from the result to the leaves. Each step multiplies what arrives (upstream) by the
        derivative of its own operation (local).
        1. loss = square(v1)
             upstream  d loss / d loss = 1
             local     d loss / d v1 = 12   (rule: g * (2 * x))
             product   d loss / d v1 = 1 * 12 = 12
        2. v1 = mul(a, b)
             upstream  d loss / d v1 = 12
             local     d v1 / d a = 3   (rule: g * y)
             product   d loss / d a = 12 * 3 = 36
             local     d v1 / d b = 2   (rule: g * x)
             product   d loss / d b = 12 * 2 = 24
        Gradients of the leaves.
          a: 36
          b: 24
    """
    vertices, steps, reason = vertices_of(result, names)
    if not steps:
        raise RuntimeError(f"explain(): {reason}")
    _recompute(vertices)
    return _Teller(vertices, steps).tell()


# --- values of the forward pass ----------------------------------------------------------------------------------


def _recompute(vertices: Sequence[Vertex]) -> None:
    """Find the values that no rule has kept by computing them again, where everything needed for that is known."""
    for vertex in vertices:
        if vertex.kind == "op" and vertex.value is None and vertex.node is not None:
            value = _computed(vertex, vertex.node)
            if value is not None and value.shape == vertex.shape and value.dtype == vertex.dtype:
                vertex.value = value


def _computed(vertex: Vertex, node: Node) -> Array | None:
    op = node.plan.op
    if op.kind == "function" or op.several or op.residuals or op.variadic or node.saved is None:
        return None
    values = [s.value if isinstance(s, Vertex) else _number(s) for s in vertex.inputs]
    if any(value is None for value in values) or any(n for n in vertex.numbers):
        return None
    kept = {str(key): value for (_, key), value in zip(node.plan.sources, node.saved, strict=True)}
    options = {name: kept.get(name, default) for name, default in op.defaults.items()}
    if any(name not in kept for name in op.defaults if name in op.required):
        return None
    try:
        with np.errstate(all="ignore"):
            return np.asarray(op.forward(*values, **options))
    except Exception:  # whatever it says to options that were not kept: then the value stays unknown
        return None


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


# --- telling -----------------------------------------------------------------------------------------------------


class _Teller:
    """Goes through the steps and keeps in mind which gradient came from where."""

    def __init__(self, vertices: Sequence[Vertex], steps: Sequence[Step]) -> None:
        self.vertices = vertices
        self.steps = steps
        self.by_node = {vertex.node: vertex for vertex in vertices if vertex.node is not None}
        self.result = vertices[-1].name
        self.parts: dict[tuple[Node, int], list[tuple[int, Array]]] = {}  # of each edge: the steps and what they sent

    def tell(self) -> Explanation:
        wide = max(len(vertex.name) for vertex in self.vertices)
        forward = [f"  {vertex.name:<{wide}} = {_forward_text(vertex)}" for vertex in self.vertices]
        told = [line for number, step in enumerate(self._ops(), 1) for line in self._step(number, step)]
        leaves = [line for step in self.steps if isinstance(step.node, AccumulateGrad) for line in self._leaf(step)]
        return Explanation(forward, told, leaves)

    def _ops(self) -> Iterator[Step]:
        return (step for step in self.steps if not isinstance(step.node, AccumulateGrad))

    def _step(self, number: int, step: Step) -> Iterator[str]:
        vertex = self.by_node[step.node]
        yield f"{number}. {vertex.name} = {vertex.expression()}"
        given = step.gradient if isinstance(step.gradient, list) else [step.gradient]
        for output, gradient in enumerate(given):
            if gradient is not None:
                name = vertex.output(output)
                arrived = self._sum_text((step.node, output), gradient)
                yield f"     upstream  d {self.result} / d {name} = {arrived}"
        positions = input_positions(step.node, [edge for edge, _ in step.sent])
        for position, (edge, part) in zip(positions, step.sent, strict=True):
            self.parts.setdefault(edge, []).append((number, part))
            yield from self._input(vertex, step, position, part)

    def _input(self, vertex: Vertex, step: Step, position: int, part: Array) -> Iterator[str]:
        source = vertex.inputs[position] if 0 <= position < len(vertex.inputs) else "..."
        number = vertex.numbers[position] if isinstance(source, Vertex) else 0
        name = source.output(number) if isinstance(source, Vertex) else source
        rule = rule_text(step.node, position) or _joint_text(step.node)
        shown = f"   (rule: {rule})" if rule else ""
        local, exact = _local(step, position, part)
        if local is None:
            yield f"     local     d {vertex.name} / d {name}: by the rule of {vertex.op}{shown}"
            yield f"     product   d {self.result} / d {name} = {_value_text(part)}"
            return
        kind = "" if exact else "   (a Jacobian: a row for each element of the output)"
        yield f"     local     d {vertex.name} / d {name} = {_value_text(local)}{shown}{kind}"
        upstream = _value_text(step.gradient)
        times = f"{upstream} * {_value_text(local)} = " if exact and local.size == part.size == 1 else ""
        summed = "   (summed over what was repeated)" if exact and local.shape != part.shape else ""
        yield f"     product   d {self.result} / d {name} = {times}{_value_text(part)}{summed}"

    def _leaf(self, step: Step) -> Iterator[str]:
        vertex = self.by_node.get(step.node)
        if vertex is not None:
            yield f"  {vertex.name}: {self._sum_text((step.node, 0), step.gradient)}"

    def _sum_text(self, edge: tuple[Node, int], gradient: Array) -> str:
        parts = self.parts.get(edge, [])
        total = _value_text(gradient)
        if len(parts) < 2:
            return total
        if gradient.size <= _FEW:
            shown = " + ".join(f"{_value_text(part)} (step {number})" for number, part in parts)
            return f"{shown} = {total}"
        return f"{total}, the sum of what steps {', '.join(str(number) for number, _ in parts)} sent"


def _forward_text(vertex: Vertex) -> str:
    made = f"{vertex.expression()} = " if vertex.kind == "op" else ""
    if vertex.value is not None:
        return made + _value_text(vertex.value)
    return f"{made}{vertex.type_text()}"


def _joint_text(node: Node) -> str:
    rules = getattr(node.plan.op, "rules", ())
    return expression_text(rules[0].function) if getattr(node.plan.op, "joint", False) and rules else ""


def _local(step: Step, position: int, part: Array) -> tuple[Array | None, bool]:
    """The local derivative by an input: an element for each of the output's; or a small Jacobian; or nothing.

    A rule is linear in what arrives, so for an elementwise op the rule of ones is the derivative itself.
    """
    node, op = step.node, step.node.plan.op
    if op.kind == "function" or op.joint or isinstance(step.gradient, list) or part.dtype.kind == "c":
        return None, False
    rule = next(((function, slots) for place, function, slots in node.plan.rules if place == position), None)
    if rule is None:
        return None, False
    saved = [step.saved[slot] for slot in rule[1]]
    with np.errstate(all="ignore"):
        if op.kind == "elementwise":
            return np.asarray(rule[0](np.ones_like(step.gradient), *saved)), True
        if step.gradient.size * part.size > _SMALL_JACOBIAN:
            return None, False
        rows = []
        for index in np.ndindex(step.gradient.shape):
            unit = np.zeros_like(step.gradient)
            unit[index] = 1.0
            row = np.asarray(rule[0](unit, *saved))
            rows.append((row if row.shape == part.shape else unbroadcast(row, part.shape)).reshape(-1))
    return np.array(rows), False


def _value_text(value: Any) -> str:
    """An array in a line: its elements, or what they are like."""
    array = np.asarray(value)
    if array.size == 1:
        return f"{array.item():.6g}"
    if array.size <= _FEW:
        text = np.array2string(array, precision=4, separator=", ", suppress_small=True, max_line_width=10**6)
        return text.replace("\n ", " ").replace("\n", " ")
    described = f"{array.dtype}{list(array.shape)}"
    if array.dtype.kind != "f":
        return described
    with np.errstate(all="ignore"):
        return f"{described} from {array.min():.4g} to {array.max():.4g}, norm {np.sqrt(np.sum(array * array)):.4g}"
