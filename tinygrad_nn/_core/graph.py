"""The recorded graph: nodes that know how to pass a gradient on, and edges between them.

An edge is a pair ``(node, output number)``. Edges lead to nodes, never to tensors, so a graph holds only the arrays
that its rules have named, has no reference cycles, and is freed by reference counting alone.
"""

from __future__ import annotations

import itertools
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .plan import Plan

Edge = tuple["Node", int]

# Every node is younger than the nodes that its edges lead to: falling sequence is a topological order.
next_sequence = itertools.count().__next__


class Node:
    """One recorded operation, a tensor's ``grad_fn``."""

    __slots__ = (
        "__weakref__",
        "edges",
        "hooks",
        "metas",
        "plan",
        "saved",
        "sequence",
        "shapes",
        "versions",
    )

    plan: Plan
    sequence: int
    edges: tuple[Edge | None, ...]  # one for each input; None where no gradient is wanted
    saved: tuple[Any, ...] | None  # what the rules named, in the plan's order; None once freed
    versions: tuple[tuple[list[int], int, int], ...]  # (version cell, version when saved, position in `saved`)
    shapes: tuple[tuple[int, ...], ...] | None  # the inputs' shapes, where broadcasting has to be undone
    metas: tuple[tuple[tuple[int, ...], Any], ...] | None  # shape and dtype of each of several outputs
    hooks: list[Callable[[list[Any]], list[Any]]] | None  # run on the gradients of the outputs

    def name(self) -> str:
        """The node's name, as PyTorch builds it: ``ExpBackward0``."""
        return self.plan.op.node_name

    @property
    def next_functions(self) -> tuple[tuple[Any, int], ...]:
        """The nodes that this node passes gradients to, each with the number of the output it goes to."""
        return tuple((None, 0) if edge is None else edge for edge in self.edges)

    def __repr__(self) -> str:
        return f"<{self.name()} object at {id(self):#x}>"


class AccumulateGrad(Node):
    """The end of the road: adds the gradient that arrives to its leaf's ``grad``.

    The leaf holds its node and the node knows the leaf weakly, so there is no cycle; a leaf that nobody holds
    any more needs no gradient.
    """

    __slots__ = ("leaf", "post_hooks")

    def __init__(self, leaf: Any) -> None:
        self.leaf = weakref.ref(leaf)
        self.edges = ()
        self.saved = ()
        self.versions = ()
        self.metas = None
        self.hooks = None
        self.post_hooks: list[Callable[[Any], None]] | None = None
        self.sequence = next_sequence()

    def name(self) -> str:
        """The node's name."""
        return "AccumulateGrad"

    @property
    def variable(self) -> Any:
        """The leaf tensor, or None if it is gone."""
        return self.leaf()


class View:
    """How a view came from its base, so that a write into one of the two can be passed on to the other."""

    __slots__ = ("base", "generation", "replay", "several")

    def __init__(self, base: Any, replay: Callable[[Any], Any], generation: int, several: bool) -> None:
        self.base = base  # the tensor whose memory this is; itself no view
        self.replay = replay  # takes the same view of the base, or of anything of its shape
        self.generation = generation  # the base's count of recorded writes when the view's edge was made
        self.several = several  # one of several outputs (split, unbind, ...)
