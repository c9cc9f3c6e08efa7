"""One training step of a 784-128-64-10 network: zero_grad, forward, loss, backward, step."""

from __future__ import annotations

import importlib
import itertools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from benchmarks.by_hand import OPTIMIZERS, Network
from benchmarks.digits import SIZES, initial_parameters, made_up, real
from benchmarks.harness import Case, Contender, Job, Settings, Timed

CHECKED_STEPS = 20
Step = Callable[[Any, Any], float]  # trains on one batch, returns the loss before
Arrays = tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]


def batches(settings: Settings, size: int) -> list[Arrays]:
    """Different digits for at least so many steps as are checked; training goes through them again and again."""
    count = size * CHECKED_STEPS if settings.tiny else max(8192, size * CHECKED_STEPS)
    pixels, targets = real(settings.data) if settings.data else made_up(count)
    starts = range(0, min(count, len(targets)) - size + 1, size)
    return [(pixels[start : start + size], targets[start : start + size]) for start in starts]


def make_model(torch: Any) -> Any:
    """The network, in PyTorch or in this package, with the weights that every contender starts from."""
    nn = torch.nn
    layers: list[Any] = []
    for inputs, outputs in itertools.pairwise(SIZES):
        layers += [nn.Linear(inputs, outputs), nn.ReLU()]
    model = nn.Sequential(*layers[:-1])
    with torch.no_grad():
        for parameter, values in zip(model.parameters(), initial_parameters(), strict=True):
            parameter.copy_(torch.from_numpy(values))
    return model


def training_job(data: Sequence[tuple[Any, Any]], step: Step, read: Callable[[Any], float], settings: Settings) -> Job:
    """Step through the batches in turn, first for the losses and then for the time."""
    turn = itertools.cycle(data)
    return Job(
        sample=Timed(lambda: step(*next(turn)), settings),
        answers=lambda: [read(step(*next(turn))) for _ in range(CHECKED_STEPS)],
    )


def in_torch(size: int, optimizer_name: str) -> Contender:
    """PyTorch and this package: the very same lines."""

    def make(torch: Any, settings: Settings) -> Job:
        model = make_model(torch)
        optimizer = getattr(torch.optim, optimizer_name)(model.parameters())
        cross_entropy = torch.nn.functional.cross_entropy

        def step(inputs: Any, targets: Any) -> Any:
            optimizer.zero_grad()
            loss = cross_entropy(model(inputs), targets)
            loss.backward()
            optimizer.step()
            return loss

        data = [(torch.from_numpy(x), torch.from_numpy(y)) for x, y in batches(settings, size)]
        return training_job(data, step, lambda loss: float(loss.item()), settings)

    return make


def in_numpy(size: int, optimizer_name: str) -> Contender:
    """Forward, backward and update written by hand."""

    def make(numpy: Any, settings: Settings) -> Job:
        network = Network(initial_parameters())
        optimizer = OPTIMIZERS[optimizer_name](network.parameters)

        def step(inputs: Any, targets: Any) -> float:
            loss, gradients = network.loss(inputs, targets)
            optimizer.step(gradients)
            return loss

        return training_job(batches(settings, size), step, float, settings)

    return make


def in_mygrad(size: int, optimizer_name: str) -> Contender:
    """MyGrad's layers, losses and gradients; it has no optimizers, so the update is the one by hand."""

    def make(mygrad: Any, settings: Settings) -> Job:
        relu = importlib.import_module("mygrad.nnet.activations").relu
        cross_entropy = importlib.import_module("mygrad.nnet.losses").softmax_crossentropy
        parameters = [mygrad.tensor(values) for values in initial_parameters()]
        optimizer = OPTIMIZERS[optimizer_name]([parameter.data for parameter in parameters])

        def step(inputs: Any, targets: Any) -> float:
            hidden = inputs
            for weight, bias in zip(parameters[:-2:2], parameters[1:-2:2], strict=True):
                hidden = relu(mygrad.matmul(hidden, weight.T) + bias)
            loss = cross_entropy(mygrad.matmul(hidden, parameters[-2].T) + parameters[-1], targets)
            loss.backward()
            optimizer.step([parameter.grad for parameter in parameters])
            return loss.item()

        return training_job(batches(settings, size), step, float, settings)

    return make


def autograd_loss(parameters: list[Any], inputs: Any, targets: Any) -> Any:
    """The network's loss in HIPS autograd's functions."""
    functions = importlib.import_module("autograd.numpy")
    logsumexp = importlib.import_module("autograd.scipy.special").logsumexp
    hidden = inputs
    for weight, bias in zip(parameters[:-2:2], parameters[1:-2:2], strict=True):
        hidden = functions.maximum(functions.dot(hidden, weight.T) + bias, 0)
    logits = functions.dot(hidden, parameters[-2].T) + parameters[-1]
    return functions.mean(logsumexp(logits, axis=1) - logits[np.arange(len(targets)), targets])


def in_autograd(size: int, optimizer_name: str) -> Contender:
    """HIPS autograd's gradients, and the update by hand."""

    def make(autograd: Any, settings: Settings) -> Job:
        parameters = [values.copy() for values in initial_parameters()]
        optimizer = OPTIMIZERS[optimizer_name](parameters)

        gradient = autograd.value_and_grad(autograd_loss)

        def step(inputs: Any, targets: Any) -> float:
            loss, gradients = gradient(parameters, inputs, targets)
            optimizer.step(gradients)
            return float(loss)

        return training_job(batches(settings, size), step, float, settings)

    return make


def make_case(size: int, optimizer: str) -> Case:
    """The case of one batch size and one optimizer, each with its defaults."""
    same = in_torch(size, optimizer)
    return Case(
        name=f"mlp/b{size}/{optimizer.lower()}",
        about=f"training step of a 784-128-64-10 network, batch {size}, {optimizer}",
        contenders={
            "tinygrad_nn": same,
            "torch": same,
            "numpy": in_numpy(size, optimizer),
            "mygrad": in_mygrad(size, optimizer),
            "autograd": in_autograd(size, optimizer),
        },
    )


CASES = [make_case(size, optimizer) for size in (1, 32, 128, 1024) for optimizer in ("SGD", "Adam")]
