"""Recording: adding a node to the graph for an operation whose result has been computed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from .graph import Edge

if TYPE_CHECKING:
    from .op import Op

CONSTANT = [0, 0]  # the version cell of what nobody can write to


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
    return op.plans[mask].record(edges, arrays, cells, options, out, shapes, residuals)
