"""One training step of the smallest network there is: all overhead, no arithmetic."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.harness import Case, Job, Settings, Timed

INPUTS = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], np.float32)
TARGETS = np.array([[0], [1], [1], [0]], np.float32)
LEARNING_RATE = 0.5
CHECKED_STEPS = 20


def initial_parameters() -> list[np.ndarray[Any, Any]]:
    """Weights and biases of the 2-3-1 network."""
    rng = np.random.default_rng(3)
    return [rng.uniform(-1, 1, shape).astype(np.float32) for shape in ((3, 2), (3,), (1, 3), (1,))]


def in_torch(torch: Any, settings: Settings) -> Job:
    """PyTorch and this package: the very same lines."""
    nn = torch.nn
    model = nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 1), nn.Sigmoid())
    with torch.no_grad():
        for parameter, values in zip(model.parameters(), initial_parameters(), strict=True):
            parameter.copy_(torch.from_numpy(values))
    criterion = nn.MSELoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=LEARNING_RATE)
    inputs, targets = torch.from_numpy(INPUTS), torch.from_numpy(TARGETS)

    def step() -> Any:
        optimizer.zero_grad()
        loss = criterion(model(inputs), targets)
        loss.backward()
        optimizer.step()
        return loss

    return Job(Timed(step, settings), lambda: [step().item() for _ in range(CHECKED_STEPS)])


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


CASES = [
    Case(
        name="xor",
        about="training step of a 2-3-1 network on the four points of xor, SGD",
        contenders={"tinygrad_nn": in_torch, "torch": in_torch, "numpy": in_numpy, "mygrad": in_mygrad},
    )
]
