"""One training step of convolutional networks: LeNet on digits, and a residual block with batch norm."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from benchmarks import by_hand
from benchmarks.by_hand_images import LeNet
from benchmarks.digits import made_up
from benchmarks.harness import Case, Job, Settings
from benchmarks.peers import Task, in_tinygrad
from benchmarks.training import CHECKED_STEPS, Problem, contenders, stepping_job

DIGITS, PICTURES = 64, 32  # in a batch


def digits(settings: Settings) -> list[tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]]:
    """Batches of pictures of 28 x 28, and labels."""
    size = 4 if settings.tiny else DIGITS
    pixels, targets = made_up(size * CHECKED_STEPS)
    return list(zip(pixels.reshape(-1, size, 1, 28, 28), targets.reshape(-1, size), strict=True))


SHAPES = ((16, 1, 5, 5), (16,), (32, 16, 5, 5), (32,), (64, 512), (64,), (10, 64), (10,))


def start() -> list[np.ndarray[Any, Any]]:
    """LeNet's parameters."""
    rng = np.random.default_rng(1)
    bounds = [math.prod(shape[1:]) ** -0.5 for shape in SHAPES[::2] for _ in range(2)]
    return [rng.uniform(-b, b, shape).astype(np.float32) for b, shape in zip(bounds, SHAPES, strict=True)]


def lenet(torch: Any, settings: Settings) -> Problem:
    """Two convolutions of 5 x 5 with pooling, two linear layers."""
    nn = torch.nn
    model = nn.Sequential(
        nn.Conv2d(1, 16, 5), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 5), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(512, 64), nn.ReLU(), nn.Linear(64, 10),
    )  # fmt: skip
    with torch.no_grad():
        for parameter, values in zip(model.parameters(), start(), strict=True):
            parameter.copy_(torch.from_numpy(values))
    batches = [(torch.from_numpy(x), torch.from_numpy(y)) for x, y in digits(settings)]
    cross_entropy = nn.functional.cross_entropy
    return Problem(model, lambda model, x, y: cross_entropy(model(x), y), batches)


def lenet_by_hand(numpy: Any, settings: Settings) -> Job:
    """The same in NumPy."""
    network = LeNet(start())
    optimizer = by_hand.Adam(network.parameters)

    def step(x: Any, y: Any) -> float:
        loss, gradients = network.loss(x, y)
        optimizer.step(gradients)
        return loss

    return stepping_job(digits(settings), step, float, settings)


def lenet_task(settings: Settings) -> Task:
    """What tinygrad is given."""
    return Task(start(), digits(settings), "Adam", {})


def lenet_in_tinygrad(parameters: list[Any], inputs: Any, targets: Any) -> Any:
    """The loss in tinygrad."""
    kernel, shift, kernel_2, shift_2, weight, bias, weight_out, bias_out = parameters
    hidden = inputs.conv2d(kernel, shift).relu().max_pool2d()
    hidden = hidden.conv2d(kernel_2, shift_2).relu().max_pool2d().flatten(1)
    hidden = hidden.linear(weight.T, bias).relu().linear(weight_out.T, bias_out)
    return hidden.sparse_categorical_crossentropy(targets)


def residual(torch: Any, settings: Settings) -> Problem:
    """A stem, a block of two convolutions of 3 x 3 with batch norm and a way around them, a classifier."""
    nn = torch.nn
    torch.manual_seed(0)

    class Block(nn.Module):  # type: ignore[misc]
        def __init__(self, channels: int) -> None:
            super().__init__()
            self.conv1 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
            self.norm1 = nn.BatchNorm2d(channels)
            self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
            self.norm2 = nn.BatchNorm2d(channels)
            self.relu = nn.ReLU()

        def forward(self, x: Any) -> Any:
            hidden = self.relu(self.norm1(self.conv1(x)))
            return self.relu(self.norm2(self.conv2(hidden)) + x)

    model = nn.Sequential(
        nn.Conv2d(3, 32, 3, padding=1), nn.ReLU(), Block(32), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(32, 10)
    )
    rng = np.random.default_rng(0)
    size = 2 if settings.tiny else PICTURES
    pictures = rng.normal(size=(CHECKED_STEPS, size, 3, 16, 16)).astype(np.float32)
    labels = rng.integers(0, 10, (CHECKED_STEPS, size))
    batches = [(torch.from_numpy(x), torch.from_numpy(y)) for x, y in zip(pictures, labels, strict=True)]
    cross_entropy = nn.functional.cross_entropy
    return Problem(model, lambda model, x, y: cross_entropy(model(x), y), batches)


CASES = [
    Case(
        name="cnn/lenet",
        about=f"training step of two convolutions with pooling and two linear layers, {DIGITS} digits, Adam",
        contenders={
            **contenders(lenet, "Adam"),
            "numpy": lenet_by_hand,
            "tinygrad": in_tinygrad(lenet_task, lenet_in_tinygrad),
            "tinygrad jit": in_tinygrad(lenet_task, lenet_in_tinygrad, jit=True),
        },
        rounds=20,
    ),
    Case(
        name="cnn/residual",
        about=f"training step of a residual block of 32 channels with batch norm, {PICTURES} pictures of 16 x 16, SGD",
        contenders=contenders(residual, "SGD", lr=1e-2),
        rounds=20,
        tolerance=1e-3,
    ),
]
