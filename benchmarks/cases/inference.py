"""What a trained network takes to answer, without recording."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.cases.mlp import make_model
from benchmarks.digits import initial_parameters, made_up
from benchmarks.harness import Case, Contender, Job, Settings, Timed


def contender(batch: int, compiled: bool = False) -> Contender:
    """PyTorch and this package: the very same lines."""

    def make(torch: Any, settings: Settings) -> Job:
        model = make_model(torch).eval()
        x = torch.from_numpy(made_up(batch)[0])
        if compiled:
            model = torch.compile(model)

        def answer() -> Any:
            with torch.no_grad():
                return model(x)

        return Job(Timed(answer, settings), lambda: [float(v) for v in answer().reshape(-1)[:20]])

    return make


def by_hand(batch: int) -> Contender:
    """Three products."""

    def make(numpy: Any, settings: Settings) -> Job:
        w1, b1, w2, b2, w3, b3 = initial_parameters()
        x = made_up(batch)[0]

        def answer() -> Any:
            hidden = np.maximum(x @ w1.T + b1, 0)
            return np.maximum(hidden @ w2.T + b2, 0) @ w3.T + b3

        return Job(Timed(answer, settings), lambda: [float(v) for v in answer().reshape(-1)[:20]])

    return make


CASES = [
    Case(
        name=f"inference/b{batch}",
        about=f"a 784-128-64-10 network's answer for {batch} digits, under no_grad",
        contenders={
            "tinygrad_nn": contender(batch),
            "torch": contender(batch),
            "torch compile": contender(batch, compiled=True),
            "numpy": by_hand(batch),
        },
    )
    for batch in (1, 256)
]
