"""Going backward through a graph only to look: no hook runs, no leaf gets a gradient, nothing is freed."""

from __future__ import annotations

from collections.abc import Iterator
from heapq import heappop
from typing import Any, NamedTuple

import numpy as np

from .backward import Pass, _raw
from .graph import Edge, Node
from .modes import modes
from .saved import SECOND_TIME, modified


class Step(NamedTuple):
    """A node, what it has saved, what arrived, and what it sent on."""

    node: Node
    saved: tuple[Any, ...]
    gradient: Any  # an array, or a list of arrays and None for a node of several outputs
    sent: list[tuple[Edge, Any]]


def walk(root: Edge, gradient: np.ndarray[Any, Any]) -> Iterator[Step]:
    """The steps of a backward pass, in its order; the leaves, which send nothing on, come last.

    Raises:
        RuntimeError: the graph has been freed, or an array that it needs was written to.
    """
    waiting = Pass([(root, gradient)], True)
    waiting.begin()
    while waiting.heap:
        node = heappop(waiting.heap)[1]
        step = _step(node, waiting.take(node))
        for edge, part in step.sent:
            waiting.send(edge, part)
        yield step
    for leaf in waiting.leaves:
        yield Step(leaf, (), waiting.take(leaf), [])


def _step(node: Node, gradient: Any) -> Step:
    saved = node.saved
    if saved is None:
        raise RuntimeError(SECOND_TIME.format(node.name()))
    for cell, version, position in node.versions:
        if cell[0] != version:
            raise modified(node, position, cell[0], version)
    sent: list[tuple[Edge, Any]] = []
    before, modes.here.grad = modes.here.grad, False
    try:
        with np.errstate(all="ignore"):
            _raw(node, saved, gradient, True, lambda edge, part: sent.append((edge, part)))
    finally:
        modes.here.grad = before
    return Step(node, saved, gradient, sent)
