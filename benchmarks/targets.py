"""What is aimed at, in ratios, and whether a run reaches it."""

from __future__ import annotations

import fnmatch
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from benchmarks.harness import OURS, Result

STEPS = ("xor", "mlp/*", "cnn/*", "char/*", "words", "formulas/*", "graph/*")
IN_TINYGRAD = ("xor", "mlp/*", "cnn/lenet", "formulas/*", "graph/*")


@dataclass(frozen=True)
class Target:
    """A bound on ratios of this package's time to another's.

    Args:
        about: what is to be at most the bound.
        cases: patterns of their names.
        bound: the highest ratio that is aimed at.
        to: the contender that it is a ratio to.
        whole: of all cases the geometric mean, not each by itself.
        besides: patterns of cases that have bounds of their own.
    """

    about: str
    cases: Sequence[str]
    bound: float
    to: str = "torch"
    whole: bool = False
    besides: Sequence[str] = ()


TARGETS = (
    Target("all training steps", STEPS, 0.68, whole=True),
    Target("fully connected networks", ("mlp/*",), 0.72, whole=True),
    Target("xor", ("xor",), 0.28),
    Target("chains and wide graphs", ("graph/*",), 0.45, whole=True),
    Target("single operations", ("single/*",), 0.5, whole=True),
    Target("Adam's step", ("optim/adam",), 0.40),
    Target("inference at batch 1", ("inference/b1",), 0.55),
    Target("an epoch", ("epoch",), 0.45),
    Target("every training step", STEPS, 1.0, besides=("cnn/*", "char/gpt*", "char/lstm")),
    Target("every CNN, GPT and LSTM step", ("cnn/*", "char/gpt*", "char/lstm"), 1.1),
    Target("every single operation", ("single/*",), 1.5, besides=("single/layer_norm/large",)),
    Target("layer_norm of 4,000,000 numbers", ("single/layer_norm/large",), 2.0),
    Target("steps beside NumPy by hand", ("mlp/*", "cnn/*"), 1.2, to="numpy"),
    Target("steps beside MyGrad", ("xor", "mlp/*", "op/*"), 1.0, to="mygrad"),
    Target("steps beside HIPS autograd", ("xor", "mlp/*", "op/*"), 1.0, to="autograd"),
    Target("steps beside scikit-learn", ("mlp/*",), 1.0, to="sklearn"),
    Target("steps beside tinygrad", IN_TINYGRAD, 1.0, to="tinygrad"),
    Target("steps beside tinygrad under TinyJit", IN_TINYGRAD, 1.0, to="tinygrad jit"),
    Target("steps beside torch.compile", STEPS, 1.0, to="torch compile", whole=True),
    Target("memory of training", ("memory/*",), 1.0),
)


def ratios(target: Target, results: Sequence[Result]) -> Iterator[tuple[str, float]]:
    """The cases of a target that were measured, and their ratios."""
    for result in results:
        name = result.case.name
        chosen = any(fnmatch.fnmatch(name, pattern) for pattern in target.cases)
        if not chosen or any(fnmatch.fnmatch(name, pattern) for pattern in target.besides):
            continue
        ratio = result.ratio(OURS, target.to)
        if ratio is not None:
            yield name, ratio


def table(results: Sequence[Result]) -> str:
    """A Markdown table of all targets of which there are results."""
    rows = ["| at most | ratio to | aimed at | measured | |", "|---|---|---:|---:|---|"]
    for target in TARGETS:
        found = dict(ratios(target, results))
        if not found:
            continue
        over = [f"{name} {ratio:.2f}" for name, ratio in found.items() if ratio > target.bound]
        if target.whole:
            value = statistics.geometric_mean(found.values())
            missed = f"missed (mean of {len(found)})" if value > target.bound else f"mean of {len(found)}"
        else:
            value = max(found.values())
            missed = f"missed by {', '.join(over)}" if over else f"highest of {len(found)}"
        rows.append(f"| {target.about} | {target.to} | {target.bound:.2f} | {value:.2f} | {missed} |")
    return "\n".join(rows)
