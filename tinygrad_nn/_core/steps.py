"""A step of the backward pass in words: which input a gradient is for, by which rule, and with which numbers."""

from __future__ import annotations

import dis
import linecache
import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .errors import shown_name
from .graph import Edge, Node
from .node_names import saved_words
from .tensor import Tensor

Array = np.ndarray[Any, Any]
Index = tuple[int, ...]


def as_array(value: Any) -> Array:
    """The array of a tensor, or of anything else."""
    return value._array if isinstance(value, Tensor) else np.asarray(value)


def op_name(node: Node) -> str:
    """What users call a node's op, or its `Function`."""
    op = node.plan.op
    return op.name if op.kind == "function" else shown_name(op)


def input_positions(node: Node, edges: Sequence[Edge]) -> list[int]:
    """Which of the node's inputs each of the edges belongs to, along which it has sent gradients.

    One tensor may be two of the inputs; what is sent along its edge comes in the order of the inputs.
    """
    free = [(position, edge) for position, edge in enumerate(node.edges) if edge is not None]
    found = []
    for edge in edges:
        chosen = next((pair for pair in free if pair[1] == edge), None)
        if chosen is not None:
            free.remove(chosen)
        found.append(-1 if chosen is None else chosen[0])
    return found


def input_name(node: Node, position: int) -> str:
    """What the op calls its input at a position, such as ``x``."""
    names = getattr(node.plan.op, "inputs", ())
    return names[min(position, len(names) - 1)] if names else f"input {position}"


def words_of(node: Node, saved: tuple[Any, ...]) -> dict[str, Any]:
    """The arrays and numbers among what a node has saved, by the words of its rules."""
    if node.plan.op.kind == "function":
        return {}
    found = saved_words(node, saved)
    return {word: v for word, v in found.items() if isinstance(v, np.ndarray | np.generic | float | int)}


def at_index(value: Any, index: Index, shape: Index) -> Any:
    """An element of what broadcasts to a shape; None where it does not."""
    if not isinstance(value, np.ndarray):
        return value
    try:
        return np.broadcast_to(value, shape)[index]
    except ValueError:
        return None


def first_index(mask: Array) -> Index:
    """The index of the first True."""
    return tuple(int(i) for i in np.unravel_index(int(np.argmax(mask)), mask.shape))


def how_computed(
    node: Node, saved: tuple[Any, ...], gradient: Any, position: int, index: Index, shape: Index
) -> str:
    """What an element of an input's gradient is, and of which numbers: ``g / (2 * out), where g = 1, out = nan``."""
    rule, numbers = rule_text(node, position), element_words(node, saved, gradient, index, shape)
    return ", where ".join(text for text in (rule, numbers) if text)


def element_words(node: Node, saved: tuple[Any, ...], gradient: Any, index: Index, shape: Index) -> str:
    """For an elementwise op, the numbers that a gradient's element was computed from: ``g = 1, x = -1``."""
    if node.plan.op.kind != "elementwise" or node.metas is not None:
        return ""
    words = {"g": as_array(gradient), **words_of(node, saved)}
    found = {word: at_index(value, index, shape) for word, value in words.items()}
    return ", ".join(f"{word} = {number:g}" for word, number in found.items() if isinstance(number, _NUMBERS))


_NUMBERS = (int, float, np.floating, np.integer)


def rule_text(node: Node, position: int) -> str:
    """The rule of an input as its author wrote it, such as ``g * out``; empty where it is no single expression."""
    op = node.plan.op
    rules = getattr(op, "rules", ())
    if getattr(op, "joint", True) or position >= len(rules) or rules[position] is None:
        return ""
    return expression_text(rules[position].function)


def expression_text(function: Callable[..., Any]) -> str:
    """The expression of a lambda, or of a function that is one ``return``; of others the formula of their docstring.

    Where that is more than a formula in double backquotes, it is empty.
    """
    code = getattr(function, "__code__", None)
    if code is None:
        return ""
    instructions = [i for i in dis.get_instructions(code) if i.opname not in _WITHOUT_TEXT]
    if code.co_name != "<lambda>" and not _is_one_return(instructions):
        formula = re.fullmatch(r"``([^`]+)``", function.__doc__ or "")
        return formula[1] if formula else ""
    places = [i.positions for i in instructions if i.positions is not None and not i.opname.startswith("RETURN")]
    spans = [(p.lineno, p.col_offset, p.end_lineno, p.end_col_offset) for p in places if p.lineno and p.end_lineno]
    if not spans or any(column is None for span in spans for column in span):
        return ""
    first, last = min(s[:2] for s in spans), max(s[2:] for s in spans)
    return _source_between(code.co_filename, first, last)


def _is_one_return(instructions: list[dis.Instruction]) -> bool:
    returns = sum(i.opname.startswith("RETURN") for i in instructions)
    return returns == 1 and not any("STORE_FAST" in i.opname for i in instructions)


_WITHOUT_TEXT = ("RESUME", "COPY_FREE_VARS", "NOP", "CACHE", "MAKE_CELL")


def _source_between(filename: str, first: Any, last: Any) -> str:
    """The source from one (line, byte) to another, in one line."""
    lines = [linecache.getline(filename, number).encode() for number in range(first[0], last[0] + 1)]
    if not all(lines):
        return ""
    lines[-1] = lines[-1][: last[1]]
    lines[0] = lines[0][first[1] :]
    return " ".join(b" ".join(lines).decode().split())
