"""Derivatives by transforms of functions: the gradient of each example alone, Jacobians, products with Hessians."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.harness import Case, Contender, Job, Settings, Timed

BATCH = 64
NETWORKS = {"small": (20, 32, 32, 10), "medium": (64, 128, 128, 10)}
Run = Callable[[Any], Callable[[], Any]]  # given the contender's problem, what is timed


class Problem:
    """A network with ReLU and cross entropy, as a function of its parameters, and a batch for it."""

    def __init__(self, torch: Any, sizes: tuple[int, ...]) -> None:
        random = np.random.RandomState(0)
        self.torch = torch
        parameters: list[Any] = []
        for inputs, outputs in itertools.pairwise(sizes):
            weight = random.standard_normal((outputs, inputs)) / np.sqrt(inputs)
            parameters += [torch.from_numpy(weight.astype(np.float32)), torch.zeros(outputs)]
        self.parameters = tuple(parameters)
        self.x = torch.from_numpy(random.standard_normal((BATCH, sizes[0])).astype(np.float32))
        self.y = torch.from_numpy(random.randint(0, sizes[-1], BATCH))

    def logits(self, parameters: Any, x: Any) -> Any:
        """The scores of one example, or of all."""
        functional = self.torch.nn.functional
        for weight, bias in zip(parameters[:-2:2], parameters[1:-2:2], strict=True):
            x = functional.relu(functional.linear(x, weight, bias))
        return functional.linear(x, parameters[-2], parameters[-1])

    def loss(self, parameters: Any, x: Any, y: Any) -> Any:
        """The loss of one example, or the mean of all."""
        return self.torch.nn.functional.cross_entropy(self.logits(parameters, x), y)


def per_sample(problem: Problem) -> Callable[[], Any]:
    """All examples' gradients at once."""
    func = problem.torch.func
    gradients = func.vmap(func.grad(problem.loss), in_dims=(None, 0, 0))
    return lambda: gradients(problem.parameters, problem.x, problem.y)


def per_sample_in_a_loop(problem: Problem) -> Callable[[], Any]:
    """One example's gradient after the other."""
    gradient = problem.torch.func.grad(problem.loss)

    def run() -> Any:
        found = [gradient(problem.parameters, x, y) for x, y in zip(problem.x, problem.y, strict=True)]
        return tuple(problem.torch.stack(column) for column in zip(*found, strict=True))

    return run


def jacobian(problem: Problem) -> Callable[[], Any]:
    """The derivative of one example's scores by all parameters."""
    of = problem.torch.func.jacrev(problem.logits)
    return lambda: of(problem.parameters, problem.x[0])


def hessian_product(problem: Problem) -> Callable[[], Any]:
    """The Hessian of the batch's loss times a direction, which are the parameters themselves."""
    func, parameters = problem.torch.func, problem.parameters
    gradient = func.grad(lambda given: problem.loss(given, problem.x, problem.y))
    return lambda: func.jvp(gradient, (parameters,), (parameters,))[1]


RUNS: dict[str, tuple[Run, str]] = {
    "per_sample": (per_sample, f"{BATCH} examples' gradients by vmap(grad)"),
    "per_sample_loop": (per_sample_in_a_loop, f"{BATCH} examples' gradients in a loop"),
    "jacobian": (jacobian, "the Jacobian of 10 scores by all parameters"),
    "hvp": (hessian_product, f"the product of a Hessian and a direction, at batch {BATCH}"),
}


def contender(run: Run, sizes: tuple[int, ...]) -> Contender:
    """The same lines, in PyTorch or in this package."""

    def make(torch: Any, settings: Settings) -> Job:
        function = run(Problem(torch, sizes))
        return Job(Timed(function, settings), lambda: [float(part.abs().sum()) for part in function()])

    return make


CASES = [
    Case(
        name=f"derivatives/{name}/{network}",
        about=f"{about}, {'-'.join(map(str, sizes))}",
        contenders={"tinygrad_nn": contender(run, sizes), "torch": contender(run, sizes)},
        rounds=15,
    )
    for network, sizes in NETWORKS.items()
    for name, (run, about) in RUNS.items()
]
