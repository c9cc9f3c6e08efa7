"""Graphs of numbers, as in a first course: every node is a Python-level operation, and none has work to do.

``torch.compile`` takes no part: for 40 operations in a row it needs 14 seconds, for 80 more than two minutes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.harness import Case, Contender, Job, Settings, Timed
from benchmarks.peers import tinygrad_gradients

Graph = Callable[[Any, Any], Any]


def chain(x: Any, y: Any) -> Any:
    """200 operations, one after the other."""
    for _ in range(50):
        x = (x * y + 0.1) * 0.5 - x
    return x


def wide(x: Any, y: Any) -> Any:
    """1,000 nodes, half of them side by side, as a sum over branches."""
    total = x * y
    for number in range(333):
        branch = (x + number * 0.001) * y
        total = total + branch
    return total


GRAPHS: dict[str, Graph] = {"chain200": chain, "wide1000": wide}


def contender(graph: Graph) -> Contender:
    """Forward and backward on two numbers, in PyTorch or in this package."""

    def make(torch: Any, settings: Settings) -> Job:
        x, y = (torch.tensor(value, requires_grad=True) for value in (0.7, 0.3))

        def both() -> Any:
            x.grad = y.grad = None
            end = graph(x, y)
            end.backward()
            return end

        return Job(Timed(both, settings), lambda: [both().item(), x.grad.item(), y.grad.item()])

    return make


def in_tinygrad(graph: Graph, jit: bool = False) -> Contender:
    """The same lines in tinygrad, which makes one program of all operations: under ``TinyJit`` once, else each time."""

    def make(tinygrad: Any, settings: Settings) -> Job:
        arrays = [np.array(value, np.float32) for value in (0.7, 0.3)]
        both = tinygrad_gradients(tinygrad, graph, arrays, 2, jit)

        def answers() -> list[float]:
            end, gradients = both()
            return [float(found.item()) for found in (end, *gradients)]

        return Job(Timed(both, settings), answers)

    return make


CASES = [
    Case(
        name=f"graph/{name}",
        about=f"{graph.__doc__.splitlines()[0].rstrip('.')}: forward and backward" if graph.__doc__ else name,
        contenders={
            "tinygrad_nn": contender(graph),
            "torch": contender(graph),
            "tinygrad": in_tinygrad(graph),
            "tinygrad jit": in_tinygrad(graph, jit=True),
        },
    )
    for name, graph in GRAPHS.items()
]
