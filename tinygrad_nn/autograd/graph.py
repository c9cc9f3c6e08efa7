"""The recorded graph, as programs get at it: hooks on what is saved, edges, hooks on several tensors.

Source: https://docs.pytorch.org/docs/stable/autograd.html#torch.autograd.graph
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from .._core.backward import rewrap
from .._core.graph import GradientEdge, Node
from .._core.modes import modes
from .._core.observe import watch_nodes
from .._core.plan import INPUT, OUT, RESIDUAL
from .._core.tensor import Tensor, current_edge
from .function_context import FunctionCtx

__all__ = [
    "GradientEdge", "Node", "allow_mutation_on_saved_tensors", "disable_saved_tensors_hooks", "get_gradient_edge", "increment_version",
    "register_multi_grad_hook", "save_on_cpu", "saved_tensors_hooks",
]  # fmt: skip

_SAVED: Any = Node.__dict__["saved"]


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


# --- hooks on what is saved --------------------------------------------------------------------------------------


class _Packed:
    """A saved array in the form that a pack hook has given it."""

    __slots__ = ("unpack", "value")

    def __init__(self, value: Any, unpack: Callable[[Any], Any]) -> None:
        self.value = value
        self.unpack = unpack

    def array(self) -> Any:
        tensor = self.unpack(self.value)
        if not isinstance(tensor, Tensor):
            raise TypeError(
                "Output of saved tensor unpack_hook expected to be a Tensor but got result of type "
                f"{type(tensor).__name__}"
            )
        return tensor._array


class _PackedNode(Node):
    """A node whose saved arrays are packed, and unpacked each time they are asked for."""

    __slots__ = ()

    @property
    def saved(self) -> tuple[Any, ...] | None:
        stored = _SAVED.__get__(self)
        return None if stored is None else tuple([v.array() if type(v) is _Packed else v for v in stored])

    @saved.setter
    def saved(self, values: tuple[Any, ...] | None) -> None:
        _SAVED.__set__(self, values)

    def name(self) -> str:
        """The node's name."""
        return Node.name(self)


def _pack(node: Node, pack: Callable[[Tensor], Any], unpack: Callable[[Any], Tensor]) -> None:
    """Give what a node has saved to the hook, and keep what the hook returns."""
    saved = node.saved
    if not saved:
        return
    if isinstance(saved[0], FunctionCtx):
        saved[0].pack(pack, unpack)
        return
    values: list[Any] = []
    for source, value in zip(node.plan.sources, saved, strict=True):
        if source[0] in (INPUT, OUT, RESIDUAL) and isinstance(value, np.ndarray):
            tensor = rewrap(node, source, value)
            value = _Packed(pack(tensor if isinstance(tensor, Tensor) else Tensor(value)), unpack)
        values.append(value)
    node.__class__ = _PackedNode
    node.saved = tuple(values)
    node.versions = ()  # what happens to the memory is now the hooks' affair


class _Disabled(threading.local):
    message: str | None = None
    keeping = False  # inside of `allow_mutation_on_saved_tensors`


_disabled = _Disabled()


class saved_tensors_hooks:  # noqa: N801 - PyTorch's name
    """Between forward and backward, keep saved tensors in a form of one's own: on disk, in half the precision.

    Args:
        pack_hook: called with each tensor that an operation saves; what it returns is kept.
        unpack_hook: called with that when a gradient needs the tensor; gives a tensor of the same content.

    Example:
        >>> import tinygrad_nn as tg
        >>> x = tg.tensor([1.0, 2.0], requires_grad=True)
        >>> with tg.autograd.graph.saved_tensors_hooks(lambda t: t.half(), lambda t: t.float()):
        ...     y = x * x
        >>> y.sum().backward()
        >>> x.grad
        tensor([2., 4.])
    """

    def __init__(self, pack_hook: Callable[[Tensor], Any], unpack_hook: Callable[[Any], Tensor]) -> None:
        self.pack_hook = pack_hook
        self.unpack_hook = unpack_hook
        self._before: list[Any] = []

    def __enter__(self) -> None:
        if _disabled.message is not None:
            raise RuntimeError(_disabled.message)
        self._before.append(modes.on_record)
        watch_nodes()
        modes.on_record = self._recorded

    def _recorded(self, node: Node) -> None:
        modes.on_record, mine = None, modes.on_record  # the hook's own operations are not packed
        try:
            with _not_recording():
                _pack(node, self.pack_hook, self.unpack_hook)
        finally:
            modes.on_record = mine

    def __exit__(self, *error: object) -> None:
        modes.on_record = self._before.pop()


@contextmanager
def _not_recording() -> Iterator[None]:
    before, modes.grad = modes.grad, False
    try:
        yield
    finally:
        modes.grad = before


class allow_mutation_on_saved_tensors:  # noqa: N801 - PyTorch's name
    """Let tensors be written to in place that a gradient needs: what they were is kept.

    Each tensor that an operation saves is copied, so this takes more memory.

    Raises:
        RuntimeError: inside of another such block.
        AssertionError: (in the backward pass) the block has been left.

    Source: https://docs.pytorch.org/docs/stable/autograd.html#torch.autograd.graph.allow_mutation_on_saved_tensors

    Example:
        >>> import tinygrad_nn as tg
        >>> with tg.autograd.graph.allow_mutation_on_saved_tensors():
        ...     x = tg.ones(2, requires_grad=True)
        ...     y = x.clone()
        ...     out = (y ** 2).sum()
        ...     _ = y.sin_()
        ...     out.backward()
        >>> x.grad
        tensor([2., 2.])
    """

    def __enter__(self) -> allow_mutation_on_saved_tensors:
        if _disabled.keeping:
            raise RuntimeError("allow_mutation_on_saved_tensors contexts cannot be nested")
        _disabled.keeping = self.active = True
        self._hooks = saved_tensors_hooks(lambda tensor: tensor.detach().clone(), self._kept)
        self._hooks.__enter__()
        return self

    def _kept(self, tensor: Tensor) -> Tensor:
        if not self.active:
            raise AssertionError(
                "Trying to backward outside of the 'allow_mutation_on_saved_tensors' context in which the graph was "
                "originally recorded."
            )
        return tensor

    def __exit__(self, *error: object) -> None:
        self._hooks.__exit__()
        _disabled.keeping = self.active = False


class save_on_cpu(saved_tensors_hooks):  # noqa: N801 - PyTorch's name
    """Keep saved tensors in the CPU's memory, where they are in any case: it changes nothing."""

    def __init__(self, pin_memory: bool = False, device_type: str = "cuda") -> None:
        super().__init__(lambda tensor: tensor, lambda tensor: tensor)


@contextmanager
def disable_saved_tensors_hooks(error_message: str) -> Iterator[None]:
    """Refuse `saved_tensors_hooks` in the ``with`` block, with this message."""
    before, _disabled.message = _disabled.message, error_message
    try:
        yield
    finally:
        _disabled.message = before


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
            if arrived.backward_pass is not modes.backward_pass:
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
        self.backward_pass = modes.backward_pass
        self.gradients = [None] * len(nodes)
        running = _running_nodes()
        self.missing = sum(node in running for node in nodes)
        self.called = False


def _running_nodes() -> set[Node]:
    """The nodes that get a gradient in the running backward pass."""
    roots, needed = modes.backward_pass
    found = {edge[0] for edge, _ in roots}
    stack = list(found)
    while stack:
        node = stack.pop()
        if needed is not None and node not in needed:
            continue
        for edge in node.edges:
            if edge is not None and edge[0] not in found:
                found.add(edge[0])
                stack.append(edge[0])
    return found
