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


def contender(phase: str, make_leaf: Callable[[Any], Any]) -> Contender:
    """The time of one phase."""

    def make(module: Any, settings: Settings) -> Job:
        length = 1000 if settings.quick else LENGTH
        return Job(
            lambda: seconds(phase, make_leaf(module), length),
            lambda: gradient(make_leaf(module), length),
        )

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
