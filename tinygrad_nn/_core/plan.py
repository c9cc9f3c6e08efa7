"""Plans: what a recorded op saves and which rules it runs, worked out once for each set of inputs that need it."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

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

    __slots__ = ("frees", "mask", "needs", "op", "results", "rules", "save", "sources", "steps")

    def __init__(self, op: Op, mask: int) -> None:
        self.op = op
        self.mask = mask
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
        self.steps = tuple([(position, with_saved(rule, slots)) for position, rule, slots in self.rules])
        # As in PyTorch, a node that saved no tensor can go backward again.
        self.frees = any(kind in (INPUT, OUT, RESIDUAL) for kind, _ in self.sources)
        self.results = tuple([i for i, (kind, _) in enumerate(self.sources) if kind in (OUT, RESIDUAL)])
        self.save = _compile(self.sources)

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


def with_saved(rule: Callable[..., Any], slots: tuple[int, ...]) -> Callable[[Any, tuple[Any, ...]], Any]:
    """A function of the gradient and all that was saved, which hands the rule what it asked for.

    Built as an expression, as it runs for every node: picking the slots in a loop would take three times as long.
    """
    words = "".join(f", saved[{slot}]" for slot in slots)
    function: Callable[..., Any] = eval(f"lambda g, saved: rule(g{words})", {"rule": rule})
    return function


def _compile(sources: tuple[Source, ...]) -> Callable[..., tuple[tuple[Any, ...], tuple[Any, ...]]]:
    """A function that collects what is to be saved, and the versions of what may be written to meanwhile.

    It runs for every recorded op, so it is built as one expression, here, instead of looping over the sources there.
    """
    values, versions = [], []
    for position, (kind, key) in enumerate(sources):
        if kind == INPUT:
            values.append("arrays" if key < 0 else f"arrays[{key}]")
            if key >= 0:
                versions.append(f"(cells[{key}], cells[{key}][0], {position})")
        elif kind == OUT:
            values.append("out")
            versions.append(f"(cell, 0, {position})")
        elif kind == SHAPE:
            values.append("tuple([a.shape for a in arrays])" if key < 0 else f"arrays[{key}].shape")
        else:
            values.append({RESIDUAL: f"residuals[{key!r}]", OPTION: f"options[{key!r}]", NEEDS: "needs"}[kind])
    text = f"({''.join(f'{v}, ' for v in values)}), ({''.join(f'{v}, ' for v in versions)})"
    function: Callable[..., Any] = eval(f"lambda arrays, cells, options, out, cell, residuals, needs: ({text})")
    return function
