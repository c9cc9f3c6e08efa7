"""Watching ops run: what anomaly detection, the profiler and the tracing of nan are built on.

An observer is asked around every forward computation, every recorded node and every step of the backward pass of its
thread. Where nobody watches, nothing is looked up for it: an observer replaces the functions that are called anyway.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from .graph import Edge, Node, watchers
from .lifted import refusing
from .modes import modes
from .op import REGISTRY, Op

Sent = tuple[Edge, Any]  # a gradient (an array, or a tensor in a recorded pass), and the edge that it was sent along


class Observer:
    """Sees what a thread computes. Override what is of interest; each method here does what happens without it."""

    def forward(self, function: Callable[..., Any], inputs: tuple[Any, ...], options: dict[str, Any],
                compute: Callable[[], Any]) -> Any:  # fmt: skip
        """Around an op's forward function, which `compute` runs on the arrays: give its result."""
        return compute()

    def recorded(self, node: Node) -> None:
        """A node has been added to the graph."""

    def backward(self, node: Node, saved: tuple[Any, ...], gradient: Any, step: Callable[[], list[Sent]]) -> None:
        """Around a node's step of the backward pass, which `step` makes; it gives what was sent on, and where to.

        What the node has saved is handed over, as the step may free it.
        """
        step()

    def region(self, name: str) -> Callable[[], None]:
        """A part of the program that has a name begins; what this gives is called at its end."""
        return _nothing


def _nothing() -> None:
    pass


class region:  # noqa: N801 - a ``with`` block
    """A part of the program with a name, for observers: nothing where nobody watches."""

    __slots__ = ("_ends", "name")

    def __init__(self, name: str) -> None:
        self.name = name

    def __enter__(self) -> None:
        self._ends = [observer.region(self.name) for observer in modes.here.observers]

    def __exit__(self, *error: object) -> None:
        while self._ends:
            self._ends.pop()()


_OPS: dict[Any, Op] = {}


def op_of(function: Callable[..., Any]) -> Op | None:
    """The op whose forward function an observer sees; None for what is no op's."""
    found = _OPS.get(function)
    if found is None:
        _OPS.update({function: op for op in REGISTRY.values() for function in (op.direct, op.forward)})
        found = _OPS.get(function)
    return found


@contextmanager
def observing(observer: Observer) -> Iterator[None]:
    """Let an observer see what this thread computes in the ``with`` block. Blocks may end in any order."""
    _watch((*modes.here.observers, observer))
    watch_nodes()
    try:
        yield
    finally:
        _watch(tuple([each for each in modes.here.observers if each is not observer]))


def _watch(observers: tuple[Observer, ...]) -> None:
    """Put these observers, and no others, around what is computed; the last of them outermost."""
    modes.here.observers = observers
    modes.here.quiet, modes.here.around_step = modes.here.unwatched_quiet, None
    for observer in observers:
        modes.here.quiet = _around_forward(observer, modes.here.quiet)
        modes.here.around_step = _around_step(observer, modes.here.around_step)
    if modes.here.levels:
        modes.here.quiet = refusing(modes.here.quiet)


def _around_forward(observer: Observer, quiet: Callable[..., Any]) -> Callable[..., Any]:
    def call(function: Callable[..., Any], *inputs: Any, **options: Any) -> Any:
        return observer.forward(function, inputs, options, lambda: quiet(function, *inputs, **options))

    return call


def _around_step(observer: Observer, outer: Any) -> Callable[..., Any]:
    def wrap(step: Callable[..., None]) -> Callable[..., None]:
        inner = step if outer is None else outer(step)

        def watched(node: Node, saved: Any, gradient: Any, retain_graph: bool, send: Any) -> None:
            sent: list[Sent] = []

            def note(edge: Edge, part: Any) -> None:
                sent.append((edge, part))
                send(edge, part)

            def run() -> list[Sent]:
                inner(node, saved, gradient, retain_graph, note)
                return sent

            observer.backward(node, saved, gradient, run)

        return watched

    return wrap


def watch_nodes() -> None:
    """From now on, observers and ``modes.here.on_record`` of a thread are told of its nodes.

    It stays so: other threads may be watching.
    """
    if note_node not in watchers:
        watchers.append(note_node)


def note_node(node: Node) -> None:
    """Tell whoever watches of a new node."""
    if modes.here.on_record is not None:
        modes.here.on_record(node)
    for observer in modes.here.observers:
        observer.recorded(node)
