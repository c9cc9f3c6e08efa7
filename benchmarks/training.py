"""Training steps, written once for PyTorch and this package: zero_grad, forward, loss, backward, step."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.harness import Contender, Job, Settings, Timed

CHECKED_STEPS = 20
FUSED = ("SGD", "Adam", "AdamW", "Adagrad")  # the optimizers of which PyTorch has a version in C++ for the CPU


@dataclass(frozen=True)
class Problem:
    """What is trained.

    Args:
        model: a module with the weights that every contender starts from.
        loss: of the model and the parts of a batch.
        batches: tensors, or tuples of them; training goes through them again and again.
    """

    model: Any
    loss: Callable[..., Any]
    batches: Sequence[tuple[Any, ...]]


Build = Callable[[Any, Settings], Problem]  # given torch or tinygrad_nn


def stepping_job(
    batches: Sequence[tuple[Any, ...]], step: Callable[..., Any], read: Callable[[Any], float], settings: Settings
) -> Job:
    """Step through the batches in turn, first for the losses and then for the time.

    Args:
        batches: the arguments of the steps.
        step: trains on one batch, and returns its loss before.
        read: the loss as a number.
        settings: for the least length of a sample.
    """
    turn = itertools.cycle(batches)
    return Job(
        sample=Timed(lambda: step(*next(turn)), settings),
        answers=lambda: [read(step(*next(turn))) for _ in range(CHECKED_STEPS)],
    )


def trained(build: Build, optimizer: str, *, compiled: bool = False, **options: Any) -> Contender:
    """PyTorch or this package: the very same lines.

    Args:
        build: makes the problem.
        optimizer: a class of ``torch.optim``.
        compiled: through ``torch.compile``.
        options: of the optimizer.
    """

    def make(torch: Any, settings: Settings) -> Job:
        problem = build(torch, settings)
        model, loss_of = problem.model, problem.loss
        stepper = getattr(torch.optim, optimizer)(model.parameters(), **options)
        if compiled:
            loss_of = torch.compile(loss_of)

        def step(*batch: Any) -> Any:
            stepper.zero_grad()
            loss = loss_of(model, *batch)
            loss.backward()
            stepper.step()
            return loss

        return stepping_job(problem.batches, step, lambda loss: float(loss.item()), settings)

    return make


def contenders(build: Build, optimizer: str, **options: Any) -> dict[str, Contender]:
    """This package, PyTorch eager with its default and with its fused optimizer, and ``torch.compile``."""
    same = trained(build, optimizer, **options)
    found = {"tinygrad_nn": same, "torch": same}
    if optimizer in FUSED:
        found["torch fused"] = trained(build, optimizer, fused=True, **options)
    return {**found, "torch compile": trained(build, optimizer, compiled=True, **options)}
