"""One training step of the smallest network there is: all overhead, no arithmetic."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.harness import Case, Contender, Job, Settings, Timed
from benchmarks.peers import Task, in_tinygrad

INPUTS = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], np.float32)
TARGETS = np.array([[0], [1], [1], [0]], np.float32)
LEARNING_RATE = 0.5
CHECKED_STEPS = 20


def initial_parameters() -> list[np.ndarray[Any, Any]]:
    """Weights and biases of the 2-3-1 network."""
    rng = np.random.default_rng(3)
    return [rng.uniform(-1, 1, shape).astype(np.float32) for shape in ((3, 2), (3,), (1, 3), (1,))]


def in_torch(compiled: bool = False) -> Contender:
    """PyTorch and this package: the very same lines."""

    def make(torch: Any, settings: Settings) -> Job:
        nn = torch.nn
        model = nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 1), nn.Sigmoid())
        with torch.no_grad():
            for parameter, values in zip(model.parameters(), initial_parameters(), strict=True):
                parameter.copy_(torch.from_numpy(values))
        optimizer = torch.optim.SGD(model.parameters(), lr=LEARNING_RATE)
        inputs, targets = torch.from_numpy(INPUTS), torch.from_numpy(TARGETS)
        criterion = nn.MSELoss()

        def loss_of(inputs: Any, targets: Any) -> Any:
            return criterion(model(inputs), targets)

        if compiled:
            loss_of = torch.compile(loss_of)

        def step() -> Any:
            optimizer.zero_grad()
            loss = loss_of(inputs, targets)
            loss.backward()
            optimizer.step()
            return loss

        return Job(Timed(step, settings), lambda: [step().item() for _ in range(CHECKED_STEPS)])

    return make


def in_numpy(numpy: Any, settings: Settings) -> Job:
    """The same by hand."""
    weight, bias, weight_out, bias_out = parameters = initial_parameters()

    def step() -> float:
        hidden = np.tanh(INPUTS @ weight.T + bias)
        output = 1 / (1 + np.exp(-(hidden @ weight_out.T + bias_out)))
        error = output - TARGETS
        loss = (error * error).mean()
        gradient = 2 / error.size * error * output * (1 - output)
        inner = (gradient @ weight_out) * (1 - hidden * hidden)
        gradients = inner.T @ INPUTS, inner.sum(axis=0), gradient.T @ hidden, gradient.sum(axis=0)
        for parameter, each in zip(parameters, gradients, strict=True):
            parameter -= LEARNING_RATE * each
        return float(loss)

    return Job(Timed(step, settings), lambda: [step() for _ in range(CHECKED_STEPS)])


def in_mygrad(mygrad: Any, settings: Settings) -> Job:
    """MyGrad's gradients, and the update by hand."""
    weight, bias, weight_out, bias_out = parameters = [mygrad.tensor(values) for values in initial_parameters()]

    def step() -> float:
        hidden = mygrad.tanh(mygrad.matmul(INPUTS, weight.T) + bias)
        output = 1 / (1 + mygrad.exp(-(mygrad.matmul(hidden, weight_out.T) + bias_out)))
        error = output - TARGETS
        loss = (error * error).mean()
        loss.backward()
        for parameter in parameters:
            values = parameter.data
            values -= LEARNING_RATE * parameter.grad
        return float(loss.item())

    return Job(Timed(step, settings), lambda: [step() for _ in range(CHECKED_STEPS)])


def task(settings: Settings) -> Task:
    """What tinygrad is given."""
    return Task(initial_parameters(), [(INPUTS, TARGETS)], "SGD", {"lr": LEARNING_RATE})


def tinygrad_loss(parameters: list[Any], inputs: Any, targets: Any) -> Any:
    """The loss in tinygrad."""
    weight, bias, weight_out, bias_out = parameters
    output = inputs.linear(weight.T, bias).tanh().linear(weight_out.T, bias_out).sigmoid()
    return (output - targets).square().mean()


CASES = [
    Case(
        name="xor",
        about="training step of a 2-3-1 network on the four points of xor, SGD",
        contenders={
            "tinygrad_nn": in_torch(),
            "torch": in_torch(),
            "torch compile": in_torch(compiled=True),
            "numpy": in_numpy,
            "mygrad": in_mygrad,
            "tinygrad": in_tinygrad(task, tinygrad_loss),
            "tinygrad jit": in_tinygrad(task, tinygrad_loss, jit=True),
        },
    )
]
