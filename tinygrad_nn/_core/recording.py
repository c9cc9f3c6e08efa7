"""Recording: adding a node to the graph for an operation whose result has been computed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .graph import Edge, Node, next_sequence
from .tensor import wrap

if TYPE_CHECKING:
    from .op import Op

CONSTANT = [0, 0]  # the version cell of what nobody can write to
_new_node = Node.__new__


def record(
    op: Op,
    mask: int,
    edges: tuple[Edge | None, ...],
    arrays: tuple[Any, ...],
    cells: tuple[list[int], ...],
    options: dict[str, Any],
    out: Any,
    residuals: tuple[Any, ...] = (),
) -> Any:
    """Add a node to the graph, and wrap the output (or the several outputs) on its edge."""
    plan = op.plans.get(mask) or op.plan(mask)
    node = _new_node(Node)
    node.plan = plan
    node.edges = edges
    node.options = options
    node.sequence = next_sequence()
    node.hooks = node.metas = node.shapes = None
    if op.several:
        node.metas = tuple([(a.shape, a.dtype) for a in out])
        node.saved, node.versions = plan.save(arrays, cells, options, out, CONSTANT, residuals, plan.needs)
        return [wrap(a, (node, i)) for i, a in enumerate(out)]
    if len(edges) > 1 and op.kind == "elementwise":
        node.shapes = tuple([getattr(a, "shape", ()) for a in arrays])
    cell = [0, 0]
    node.saved, node.versions = plan.save(arrays, cells, options, out, cell, residuals, plan.needs)
    return wrap(out, (node, 0), cell)
