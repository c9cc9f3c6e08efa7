"""A graph of 100,000 operations in a row: building it, going back through it, and letting it go."""

from __future__ import annotations

import time
from typing import Any

from benchmarks.harness import Case, Contender, Job, Settings

LENGTH = 100_000
FACTOR = 1.000001
PHASES = ("build", "backward", "free")


def build(x: Any, length: int) -> Any:
    """The end of the chain."""
    for _ in range(length):
        x = x * FACTOR
    return x


def seconds(phase: str, leaf: Any, length: int) -> float:
    """The seconds of one phase; building comes before the others, and is not counted in them."""
    started = time.perf_counter()
    end = build(leaf, length)
    if phase == "build":
        return time.perf_counter() - started
    started = time.perf_counter()
    if phase == "backward":
        end.sum().backward()
    else:  # a graph that has not been through backward is freed as a whole
        del end
    return time.perf_counter() - started


def gradient(leaf: Any, length: int) -> list[float]:
    """The gradient of the chain's start."""
    build(leaf, length).sum().backward()
    return [float(number) for number in leaf.grad]


def contender(phase: str) -> Contender:
    """The time of one phase, in PyTorch or in this package."""

    def make(torch: Any, settings: Settings) -> Job:
        length = 1000 if settings.tiny else LENGTH
        return Job(
            lambda: seconds(phase, torch.ones(3, requires_grad=True), length),
            lambda: gradient(torch.ones(3, requires_grad=True), length),
        )

    return make


CASES = [
    Case(
        name=f"chain/{phase}",
        about=f"a chain of {LENGTH:,} products: {phase}",
        contenders={"tinygrad_nn": contender(phase), "torch": contender(phase)},
        unit="ms",
        rounds=7,
        tolerance=1e-2,  # a rounding in each of 100,000 products
    )
    for phase in PHASES
]
