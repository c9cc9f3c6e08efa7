"""A graph of 100,000 operations in a row: building it, going back through it, and letting it go."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.harness import Case, Contender, Job, Settings

LENGTH = 100_000
FACTOR = 1.000001
PHASES = ("build", "backward", "free")


def phases(leaf: Callable[[], Any], length: int) -> tuple[dict[str, float], Any]:
    """Run once through all of it; the seconds of each phase, and the leaf's gradient."""
    x = leaf()
    started = time.perf_counter()
    y = x
    for _ in range(length):
        y = y * FACTOR
    built = time.perf_counter()
    y.sum().backward()
    back = time.perf_counter()
    del y
    return {"build": built - started, "backward": back - built, "free": time.perf_counter() - back}, x.grad


def contender(phase: str, make_leaf: Callable[[Any], Any]) -> Contender:
    """The time of one phase; the others are run each time as well."""

    def make(module: Any, settings: Settings) -> Job:
        length = 1000 if settings.quick else LENGTH

        def run() -> tuple[dict[str, float], Any]:
            return phases(lambda: make_leaf(module), length)

        return Job(lambda: run()[0][phase], lambda: [float(number) for number in run()[1]])

    return make


def torch_leaf(torch: Any) -> Any:
    """A leaf of PyTorch, or of this package."""
    return torch.ones(3, requires_grad=True)


def mygrad_leaf(mygrad: Any) -> Any:
    """A leaf of MyGrad."""
    return mygrad.tensor(np.ones(3, np.float32))


def make_case(phase: str) -> Case:
    """The case of one phase."""
    same = contender(phase, torch_leaf)
    return Case(
        name=f"chain/{phase}",
        about=f"a chain of {LENGTH:,} products: {phase}",
        contenders={"tinygrad_nn": same, "torch": same, "mygrad": contender(phase, mygrad_leaf)},
        unit="ms",
        rounds=5,
        tolerance=1e-2,  # a rounding in each of 100,000 products
    )


CASES = [make_case(phase) for phase in PHASES]
