"""What a node has saved, when the backward pass comes to need it: whether it is still there, and still what it was."""

from __future__ import annotations

from typing import Any

from . import dtypes
from .graph import Node
from .plan import INPUT, OPTION, OUT

SECOND_TIME = (
    "Trying to backward through the graph a second time (or directly access saved tensors after they have already been "
    "freed). Saved intermediate values of the graph are freed when you call .backward() or autograd.grad(). Specify "
    "retain_graph=True if you need to backward through the graph a second time or if you need to access saved tensors "
    "after calling backward. (node: {})"
)


def checked(node: Node) -> tuple[Any, ...]:
    """What a node has saved, after a look whether it has been freed or written to.

    Raises:
        RuntimeError: it has.
    """
    saved = node.saved
    if saved is None:
        raise RuntimeError(SECOND_TIME.format(node.name()))
    for cell, version, position in node.versions:
        if cell[0] != version:
            saved = _computed_again(node, saved, position, cell[0], version)
    return saved


def _computed_again(node: Node, saved: tuple[Any, ...], position: int, version: int, expected: int) -> tuple[Any, ...]:
    """What a node has saved, with its output anew, which was written over since.

    Raises:
        RuntimeError: the op does not offer that, or it is an input that was written over.
    """
    op, sources = node.plan.op, node.plan.sources
    if not op.recomputes or sources[position][0] != OUT:
        raise modified(node, position, version, expected)
    inputs = [value for (kind, _), value in zip(sources, saved, strict=True) if kind == INPUT]
    options = {key: value for (kind, key), value in zip(sources, saved, strict=True) if kind == OPTION}
    return (*saved[:position], op.forward(*inputs, **options), *saved[position + 1 :])


def modified(node: Node, position: int, version: int, expected: int) -> RuntimeError:
    """The error for something saved that has been written to since."""
    assert node.saved is not None
    value = node.saved[position]
    if isinstance(value, tuple):  # several outputs
        value = value[0]
    kind = f"torch.{dtypes.type_name(value.dtype)}Tensor {list(value.shape)}"
    source = node.plan.sources[position]
    what = f"output 0 of {node.name()}"
    if source[0] == INPUT:
        edge = node.edges[source[1]]
        made = "a leaf or a tensor that needs no gradient" if edge is None else f"output {edge[1]} of {edge[0].name()}"
        what = f"{made}, saved as input '{node.plan.op.public_names[source[1]]}' of {node.plan.op.name}()"
    return RuntimeError(
        "one of the variables needed for gradient computation has been modified by an inplace operation: "
        f"[{kind}], which is {what}, is at version {version}; expected version {expected} instead. Hint: write the "
        "change out of place (x = x + y instead of x += y), or change a clone()."
    )
