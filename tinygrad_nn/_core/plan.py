"""Plans: what a recorded op saves and which rules it runs, worked out once for each set of inputs that need it."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .graph import Node, next_sequence, watchers
from .tensor import Tensor, wrap

if TYPE_CHECKING:
    from .op import Op

# Where a saved value comes from.
INPUT, OUT, RESIDUAL, SHAPE, OPTION, NEEDS = range(6)
Source = tuple[int, Any]


def argument_names(function: Callable[..., Any]) -> tuple[str, ...]:
    """The names of a function's arguments. Read off its code where it has some: `inspect` takes ten times as long."""
    code = getattr(function, "__code__", None)
    if code is None or hasattr(function, "__wrapped__"):
        return tuple(inspect.signature(function).parameters)
    names: tuple[str, ...] = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    return names


class Rule:
    """A rule and the words that it asks for, besides ``g``."""

    __slots__ = ("function", "words")

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function
        self.words = argument_names(function)[1:]


class Plan:
    """For one op and one choice of inputs that need a gradient: the sources to save and the rules to run."""

    __slots__ = ("frees", "mask", "needs", "op", "record", "results", "rules", "sources", "steps", "takes_scalars")

    def __init__(self, op: Op, mask: int) -> None:
        self.op = op
        self.mask = mask
        self.takes_scalars = op.takes_scalars
        count = mask.bit_length() if op.variadic else len(op.inputs)
        self.needs = tuple(bool(mask >> i & 1) for i in range(count))
        chosen = self._choose_rules()
        words = dict.fromkeys(word for _, rule in chosen for word in rule.words)
        if op.parts is not None:  # higher derivatives start from the inputs
            words.update(dict.fromkeys(op.inputs))
            words.update(dict.fromkeys(op.defaults))
        order = list(words)
        self.sources: tuple[Source, ...] = tuple(self._source(word) for word in order)
        self.rules: tuple[tuple[int, Callable[..., Any], tuple[int, ...]], ...] = tuple(
            (position, rule.function, tuple(order.index(word) for word in rule.words))
            for position, rule in chosen
        )
        self.steps = tuple([(position, *calling(rule, slots)) for position, rule, slots in self.rules])
        # As in PyTorch, a node that saved no tensor can go backward again.
        self.frees = any(kind in (INPUT, OUT, RESIDUAL) for kind, _ in self.sources)
        self.results = tuple([i for i, (kind, _) in enumerate(self.sources) if kind in (OUT, RESIDUAL)])
        self.record = _compile(self)

    def _choose_rules(self) -> list[tuple[int, Rule]]:
        if self.op.joint:
            rule = self.op.rules[0]
            return [] if rule is None else [(-1, rule)]
        pairs = zip(self.needs, self.op.rules, strict=False)
        return [(i, rule) for i, (needed, rule) in enumerate(pairs) if needed and rule is not None]

    def _source(self, word: str) -> Source:
        op = self.op
        if word == "out":
            return OUT, None
        if word == "needs":
            return NEEDS, None
        if word in op.residuals:
            return RESIDUAL, op.residuals.index(word)
        if word in op.defaults:
            return OPTION, word
        if word in op.inputs:
            return INPUT, (op.inputs.index(word) if not op.variadic else -1)
        return SHAPE, (op.inputs.index(word.removesuffix("_shape")) if not op.variadic else -1)


class Plans(dict[int, Plan]):
    """An op's plans, by the bit mask of the inputs that need a gradient, made when they are first asked for."""

    def __init__(self, op: Op) -> None:
        super().__init__()
        self._op = op

    def __missing__(self, mask: int) -> Plan:
        found = self[mask] = Plan(self._op, mask)
        return found


# How a step calls its rule, other than with the number of the one thing saved that it wants.
UNCHANGED, WITH_ALL = -1, -2
_HANDS_ON = (lambda g: g).__code__.co_code


def calling(rule: Callable[..., Any], slots: tuple[int, ...]) -> tuple[Callable[..., Any], int]:
    """What the pass calls for a rule, and how: a call of Python takes 40 ns, of the 1,300 of a node.

    A rule that asks for one saved value is called with that, one that hands its gradient on (``lambda g: g``) not at
    all. For any other, here is a function of the gradient and all that was saved. It is built as an expression, as
    picking the slots in a loop would take three times as long.
    """
    if len(slots) == 1:
        return rule, slots[0]
    code = getattr(rule, "__code__", None)
    if code is not None and code.co_code == _HANDS_ON and code.co_argcount == 1:
        return rule, UNCHANGED
    words = "".join(f", saved[{slot}]" for slot in slots)
    function: Callable[..., Any] = eval(f"lambda g, saved: rule(g{words})", {"rule": rule})
    return function, WITH_ALL


def _compile(plan: Plan) -> Callable[..., Any]:
    """The function that adds a node of a plan to the graph: see `recording.record`, which says what it is given.

    It runs for every recorded op, so it is written out here, once, with what the rules have named in its place. Calling
    functions for the node, for what it saves and for the tensor instead takes 0.69 us where this takes 0.49.
    """
    values, versions = [], []
    for position, (kind, key) in enumerate(plan.sources):
        if kind == INPUT:
            values.append("arrays" if key < 0 else f"arrays[{key}]")
            if key >= 0:
                versions.append(f"(cells[{key}], cells[{key}][0], {position})")
        elif kind == OUT:
            values.append("out")
            if not plan.op.several:
                versions.append(f"(cell, 0, {position})")
        elif kind == SHAPE:
            values.append("tuple([a.shape for a in arrays])" if key < 0 else f"arrays[{key}].shape")
        else:
            values.append({RESIDUAL: f"residuals[{key!r}]", OPTION: f"options[{key!r}]", NEEDS: "needs"}[kind])
    text = _RECORD.format(
        saved="".join([f"{value}, " for value in values]), versions="".join([f"{version}, " for version in versions]),
        ending=_SEVERAL if plan.op.several else _ONE,
    )  # fmt: skip
    names: dict[str, Any] = {**_NAMES, "plan": plan, "needs": plan.needs}
    exec(text, names)
    function: Callable[..., Any] = names["record"]
    return function


_RECORD = """
def record(edges, arrays, cells, options, out, shapes=None, residuals=()):
    cell = [0, 0]
    node = new(Node)
    node.plan = plan
    node.edges = edges
    node.shapes = shapes
    node.sequence = next_sequence()
    node.hooks = node.metas = None
    node.saved = ({saved})
    node.versions = ({versions})
{ending}
"""
_ONE = """
    tensor = new(Tensor)
    tensor._array = out
    tensor._edge = node, 0
    tensor._grad = tensor._view = None
    tensor._cell = cell
    return tensor if not watchers else noted(node, tensor)
"""
_SEVERAL = "    return several(node, out)"


def _noted(node: Node, result: Any) -> Any:
    for watcher in watchers:
        watcher(node)
    return result


def _several(node: Node, outputs: tuple[Any, ...]) -> list[Tensor]:
    """Wrap each of several outputs on its edge, with a version cell of its own."""
    node.metas = tuple([(array.shape, array.dtype) for array in outputs])
    cells: list[list[int]] = [[0, 0] for _ in outputs]
    assert node.saved is not None
    for place in node.plan.results:  # all outputs, or one that is a residual
        value = node.saved[place]
        pairs = zip(outputs, cells, strict=True)
        node.versions += tuple([(cell, 0, place) for array, cell in pairs if value is outputs or value is array])
    wrapped = [wrap(a, (node, i), cell) for i, (a, cell) in enumerate(zip(outputs, cells, strict=True))]
    return _noted(node, wrapped) if watchers else wrapped


_NAMES = {
    "Node": Node, "Tensor": Tensor, "new": object.__new__, "next_sequence": next_sequence, "noted": _noted,
    "several": _several, "watchers": watchers,
}  # fmt: skip
