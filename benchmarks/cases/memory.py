"""Memory of training: how far it grows, and how many pages a step faults in. Each in a process of its own (Linux)."""

from __future__ import annotations

import sys
from typing import Any

from benchmarks.footprint import in_own_process
from benchmarks.harness import Case, Contender, Job, Settings

TRAINED = {"mlp": "mlp/b128/adam", "cnn": "cnn/lenet", "gpt": "char/gpt"}
MEASURES = {
    "memory": ("growth", "MB", "growth of resident memory at its peak, over an idle process, of"),
    "faults": ("faults", "faults", "minor page faults of a step, after the first ones, of"),
}


def contender(name: str, case_name: str, measure: str) -> Contender:
    """One number of one package."""

    def make(module: Any, settings: Settings) -> Job:
        return Job(lambda: in_own_process(case_name, name, settings.tiny)[measure])

    return make


def make_case(group: str, model: str, case_name: str) -> Case:
    """The memory, or the faults, of one training."""
    measure, unit, about = MEASURES[group]
    names = ("tinygrad_nn", "torch", "numpy") if model == "mlp" else ("tinygrad_nn", "torch")
    return Case(
        name=f"{group}/{model}",
        about=f"{about} {case_name}",
        contenders={name: contender(name, case_name, measure) for name in names},
        unit=unit,
        rounds=1,
    )


CASES = (
    [make_case(group, model, case_name) for group in MEASURES for model, case_name in TRAINED.items()]
    if sys.platform == "linux"
    else []
)
