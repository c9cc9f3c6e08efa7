"""One training step of convolutional networks: LeNet on digits, and a residual block with batch norm."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.digits import made_up
from benchmarks.harness import Case, Settings
from benchmarks.training import CHECKED_STEPS, Problem, contenders

DIGITS, PICTURES = 64, 32  # in a batch


def lenet(torch: Any, settings: Settings) -> Problem:
    """Two convolutions of 5 x 5 with pooling, two linear layers."""
    nn = torch.nn
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Conv2d(1, 16, 5), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 5), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(512, 64), nn.ReLU(), nn.Linear(64, 10),
    )  # fmt: skip
    size = 4 if settings.tiny else DIGITS
    pixels, targets = made_up(size * CHECKED_STEPS)
    digits, labels = pixels.reshape(-1, size, 1, 28, 28), targets.reshape(-1, size)
    batches = [(torch.from_numpy(x), torch.from_numpy(y)) for x, y in zip(digits, labels, strict=True)]
    cross_entropy = nn.functional.cross_entropy
    return Problem(model, lambda model, x, y: cross_entropy(model(x), y), batches)


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
        contenders=contenders(lenet, "Adam"),
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
