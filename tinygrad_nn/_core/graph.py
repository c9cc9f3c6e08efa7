"""The recorded graph: nodes that know how to pass a gradient on, and edges between them.

An edge is a pair ``(node, output number)``. Edges lead to nodes, never to tensors, so a graph holds only the arrays
that its rules have named, has no reference cycles, and is freed by reference counting alone.
"""

from __future__ import annotations

import functools
import itertools
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from .plan import Plan

Edge = tuple["Node", int]

# Every node is younger than the nodes that its edges lead to: falling sequence is a topological order.
next_sequence = itertools.count().__next__

watchers: list[Callable[[Node], None]] = []  # told of every node that is made; empty where nobody watches


def _plain_name(node: Any) -> str:
    name: str = node.plan.op.node_name
    return name


name_of: Callable[[Any], str] = _plain_name  # `node_names` sets a better one


class Node:
    """One recorded operation, a tensor's ``grad_fn``."""

    __slots__ = (
        "__weakref__",
        "edges",
        "hooks",
        "label",
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
    hooks: list[Callable[[list[Any]], list[Any]]] | None  # run on the gradients of the outputs; None: no function of
    # the program's own runs at this node
    label: str  # its name, once asked for or given; not there before

    def name(self) -> str:
        """The node's name, as PyTorch builds it: ``ExpBackward0``."""
        label: str | None = getattr(self, "label", None)
        if label is None:
            label = self.label = name_of(self)
        return label

    def as_shown(self) -> Node:
        """The node itself, of a class with its name, so that ``type(y.grad_fn)`` is as in PyTorch."""
        if type(self) is Node:
            self.__class__ = _class_named(self.name().rpartition("::")[2])
        return self

    def register_prehook(self, hook: Callable[[tuple[Any, ...]], Any]) -> Handle:
        """Call ``hook(grad_outputs)`` before this node's rules run; a tuple that it returns replaces the gradients.

        Source: https://docs.pytorch.org/docs/stable/generated/torch.autograd.graph.Node.register_prehook.html
        """

        def on_node(gradients: list[Any]) -> list[Any]:
            replaced = hook(tuple(gradients))
            return gradients if replaced is None else list(replaced)

        if self.hooks is None:
            self.hooks = []
        self.hooks.append(on_node)
        return Handle(self.hooks, on_node)

    def register_hook(self, hook: Callable[[tuple[Any, ...], tuple[Any, ...]], Any]) -> Handle:
        """Call ``hook(grad_inputs, grad_outputs)`` after this node's rules; a tuple that it returns goes on instead.

        Source: https://docs.pytorch.org/docs/stable/generated/torch.autograd.graph.Node.register_hook.html
        """
        if self.hooks is None:
            self.hooks = []  # the engine asks for hooks of either kind where there is a list
        hooks = POST_HOOKS.setdefault(self, [])
        hooks.append(hook)
        return Handle(hooks, hook)

    @property
    def metadata(self) -> dict[Any, Any]:
        """A dictionary for whoever wants to note something down about this node."""
        return _METADATA.setdefault(self, {})

    @property
    def next_functions(self) -> tuple[tuple[Any, int], ...]:
        """The nodes that this node passes gradients to, each with the number of the output it goes to."""
        return tuple((None, 0) if edge is None else (edge[0].as_shown(), edge[1]) for edge in self.edges)

    def __repr__(self) -> str:
        return f"<{type(self.as_shown()).__name__} object at {id(self):#x}>"


@functools.cache
def _class_named(name: str) -> type[Node]:
    return type(name, (Node,), {"__slots__": (), "__doc__": Node.__doc__})


def named(result: Any, name: str) -> Any:
    """Call the node that made a result by this name, where PyTorch has one function for what are several ops here.

    Args:
        result: a tensor, or a tuple of them, which is returned. Only a node that was made for it may be named.
        name: such as ``"TopkBackward0"``.
    """
    for tensor in result if isinstance(result, tuple) else (result,):
        edge = tensor._edge
        if edge is not None and type(edge[0]) is Node:
            edge[0].label = name
    return result


class Handle:
    """Removes a hook: ``handle.remove()``."""

    def __init__(self, hooks: list[Any], hook: Any) -> None:
        self._hooks = hooks
        self._hook = hook

    def remove(self) -> None:
        """Take the hook away; doing so twice is harmless."""
        if self._hook in self._hooks:
            self._hooks.remove(self._hook)

    def __enter__(self) -> Handle:
        return self

    def __exit__(self, *error: object) -> None:
        self.remove()


# Few nodes have these, so they have no place in every node.
POST_HOOKS: weakref.WeakKeyDictionary[Node, list[Callable[..., Any]]] = weakref.WeakKeyDictionary()
_METADATA: weakref.WeakKeyDictionary[Node, dict[Any, Any]] = weakref.WeakKeyDictionary()


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
        return "torch::autograd::AccumulateGrad"

    @property
    def variable(self) -> Any:
        """The leaf tensor, or None if it is gone."""
        return self.leaf()


class Nowhere(AccumulateGrad):
    """Where the gradient goes of a view that requires grad only as its base does, made while nothing was recorded."""

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__(self)
        self.leaf = lambda: None  # type: ignore[assignment]


class GradientEdge(NamedTuple):
    """A place in the graph: a node, and which of its outputs. `autograd.grad` takes it in place of a tensor."""

    node: Node
    output_nr: int
    ownership_token: Any = None  # shape and dtype of what arrives there, where it is known

    def __repr__(self) -> str:
        return f"GradientEdge(node={self.node}, output_nr={self.output_nr}, ownership_token=None)"


class View:
    """How a view came from its base, so that a write into one of the two can be passed on to the other."""

    __slots__ = ("array", "base", "exact", "generation", "origin", "replay", "version")

    def __init__(
        self, base: Any, replay: Callable[[Any], Any], cell: list[int], origin: str = "", exact: bool = False
    ) -> None:
        self.base = base  # the tensor whose memory this is; itself no view
        self.array = base._array  # as it was: the base's shape may be changed in place
        self.replay = replay  # takes the same view of the base, or of anything of its shape and layout
        self.version, self.generation = cell  # the base's writes, and recorded writes, when the view's edge was made
        self.origin = origin  # "several": one of several outputs; "no_grad": made while nothing was recorded
        self.exact = exact  # the replay needs the base's very place in its memory, too
