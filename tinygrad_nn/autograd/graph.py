"""The recorded graph, as programs get at it: hooks on what is saved, edges, hooks on several tensors.

Source: https://docs.pytorch.org/docs/stable/autograd.html#torch.autograd.graph
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from .._core.graph import GradientEdge, Node
from .._core.modes import modes
from .._core.tensor import Tensor, current_edge
from .saved_hooks import (
    allow_mutation_on_saved_tensors,
    disable_saved_tensors_hooks,
    save_on_cpu,
    saved_tensors_hooks,
)

__all__ = [
    "GradientEdge", "Node", "allow_mutation_on_saved_tensors", "disable_saved_tensors_hooks", "get_gradient_edge",
    "increment_version", "register_multi_grad_hook", "save_on_cpu", "saved_tensors_hooks",
]  # fmt: skip


def get_gradient_edge(tensor: Tensor) -> GradientEdge:
    """The place in the graph at which a tensor's gradient arrives.

    Raises:
        RuntimeError: the tensor does not require grad.

    Example:
        >>> import tinygrad_nn as tg
        >>> x = tg.ones(2, requires_grad=True)
        >>> tg.autograd.graph.get_gradient_edge(x.exp()).node.name()
        'ExpBackward0'
    """
    edge = current_edge(tensor)
    if edge is None:
        raise RuntimeError("It is not possible to get the gradient edge for a Tensor that does not require gradients")
    return GradientEdge(*edge, (tensor._array.shape, tensor._array.dtype))


def increment_version(tensor: Tensor | Sequence[Tensor]) -> None:
    """Count a write to a tensor's memory that autograd could not see, such as one through its array."""
    for each in [tensor] if isinstance(tensor, Tensor) else tensor:
        each._cell[0] += 1


# --- hooks on several tensors ------------------------------------------------------------------------------------


class _Handles:
    """Removes several hooks at once."""

    def __init__(self, handles: Sequence[Any]) -> None:
        self._handles = tuple(handles)

    def remove(self) -> None:
        """Take the hooks away."""
        for handle in self._handles:
            handle.remove()


def register_multi_grad_hook(
    tensors: Sequence[Tensor], fn: Callable[..., None], *, mode: str = "all"
) -> _Handles:
    """Call a function when the gradients of several tensors have been computed in a backward pass.

    Args:
        tensors: tensors that require grad.
        fn: with ``mode="all"``, called once all gradients of a pass are there, with a list of them (None for tensors
            that take no part); with ``mode="any"``, called with the first of them.
        mode: "all" or "any".

    Raises:
        ValueError: another mode.
        RuntimeError: a tensor does not require grad.

    Example:
        >>> import tinygrad_nn as tg
        >>> a, b = tg.ones(2, requires_grad=True), tg.ones(2, requires_grad=True)
        >>> handle = tg.autograd.graph.register_multi_grad_hook((a, b), lambda gradients: print(len(gradients)))
        >>> (a * b).sum().backward()
        2
    """
    if mode not in ("all", "any"):
        raise ValueError(f"Expects mode to be one of ('all', 'any') but got {mode}")
    nodes = [get_gradient_edge(tensor).node for tensor in tensors]
    arrived = _Arrived()

    def hook_of(position: int) -> Callable[[Tensor], None]:
        def hook(gradient: Tensor) -> None:
            if arrived.backward_pass is not modes.here.backward_pass:
                arrived.begin(nodes)
            arrived.gradients[position] = gradient
            arrived.missing -= 1
            if mode == "any":
                if not arrived.called:
                    arrived.called = True
                    fn(gradient)
            elif not arrived.missing:
                fn(arrived.gradients)

        return hook

    return _Handles([tensor.register_hook(hook_of(i)) for i, tensor in enumerate(tensors)])


class _Arrived:
    """Which gradients have arrived in the running backward pass."""

    def __init__(self) -> None:
        self.backward_pass: Any = None
        self.gradients: list[Tensor | None] = []
        self.missing = 0
        self.called = False

    def begin(self, nodes: Sequence[Node]) -> None:
        self.backward_pass = modes.here.backward_pass
        self.gradients = [None] * len(nodes)
        running = _running_nodes()
        self.missing = sum(node in running for node in nodes)
        self.called = False


def _running_nodes() -> set[Node]:
    """The nodes that get a gradient in the running backward pass."""
    running = modes.here.backward_pass
    found = {edge[0] for edge, _ in running.roots}
    stack = list(found)
    while stack:
        node = stack.pop()
        if running.needed is not None and node not in running.needed:
            continue
        for edge in node.edges:
            if edge is not None and edge[0] not in found:
                found.add(edge[0])
                stack.append(edge[0])
    return {node for node in found if running.will_run(node)}
