"""Recording: adding a node to the graph for an operation whose result has been computed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from .graph import Edge, Node, next_sequence
from .tensor import wrap

if TYPE_CHECKING:
    from .op import Op

CONSTANT = [0, 0]  # the version cell of what nobody can write to
_new = object.__new__


def record(
    op: Op,
    mask: int,
    edges: tuple[Edge | None, ...],
    arrays: tuple[Any, ...],
    cells: Sequence[list[int]],
    options: dict[str, Any],
    out: Any,
    shapes: tuple[tuple[int, ...], ...] | None = None,
    residuals: tuple[Any, ...] = (),
) -> Any:
    """Add a node to the graph, and wrap the output (or the several outputs) on its edge.

    Args:
        op, mask: the operation, and which inputs need a gradient, a bit each.
        edges, arrays, cells: of each input its edge (or None), its array, and the version cell of its memory.
        options, out, residuals: what the forward function was given and has returned.
        shapes: of the inputs, where broadcasting has to be undone; None where nothing was broadcast.
    """
    plan = op.plans.get(mask) or op.plan(mask)
    node = _new(Node)
    node.plan = plan
    node.edges = edges
    node.shapes = shapes
    node.sequence = next_sequence()
    node.hooks = None
    if op.several:
        node.metas = tuple([(a.shape, a.dtype) for a in out])
        node.saved, node.versions = plan.save(arrays, cells, options, out, CONSTANT, residuals, plan.needs)
        own: list[list[int]] = [[0, 0] for _ in out]
        for place in plan.results:  # all outputs, or one that is a residual: each has a cell of its own
            value = node.saved[place]
            node.versions += tuple([(c, 0, place) for a, c in zip(out, own, strict=True) if value is out or value is a])
        return [wrap(a, (node, i), cell) for i, (a, cell) in enumerate(zip(out, own, strict=True))]
    node.metas = None
    cell = [0, 0]
    node.saved, node.versions = plan.save(arrays, cells, options, out, cell, residuals, plan.needs)
    return wrap(out, (node, 0), cell)
