"""Made-up digits of MNIST's size and kind, the same on every machine; or MNIST's own, from its files."""

from __future__ import annotations

import functools
import itertools
from pathlib import Path
from typing import Any

import numpy as np

PIXELS, CLASSES, SIDE = 784, 10, 28
SIZES = (PIXELS, 128, 64, CLASSES)  # of the network that learns them


@functools.cache
def made_up(count: int, seed: int = 0) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Pixels in [0, 1] of shape (count, 784), four fifths of them 0 as in MNIST, and labels.

    One label in ten is wrong, so that no network fits them all: gradients keep an ordinary size, however long the
    training.
    """
    rng = np.random.default_rng(seed)
    strokes = np.stack([_stroke(rng) for _ in range(CLASSES)])
    targets = rng.integers(0, CLASSES, count)
    pixels = strokes[targets]
    pixels *= rng.random((count, PIXELS), dtype=np.float32)
    wrong = rng.random(count) < 0.1
    targets[wrong] = rng.integers(0, CLASSES, int(wrong.sum()))
    return pixels, targets


def small(pixels: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """The middles of pictures, of every second pixel: 8 x 8, the size of scikit-learn's digits."""
    return np.ascontiguousarray(pixels.reshape(-1, SIDE, SIDE)[:, 6:22:2, 6:22:2]).reshape(-1, 64)


def _stroke(rng: np.random.Generator) -> np.ndarray[Any, Any]:
    """A thick random walk through the middle of a picture: about as many bright pixels as a digit has."""
    picture = np.zeros((SIDE, SIDE), np.float32)
    row, column = 14, 14
    for _ in range(60):
        picture[row - 1 : row + 2, column - 1 : column + 2] = 1
        row, column = np.clip([row, column] + rng.integers(-2, 3, 2), 5, SIDE - 6)
    return picture.reshape(PIXELS)


@functools.cache
def real(folder: Path) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """MNIST's training digits in the same form."""
    from tinygrad_nn.datasets import MNIST

    digits = MNIST(folder)
    return digits.data.numpy().reshape(-1, PIXELS).astype(np.float32) / 255, digits.targets.numpy()


@functools.cache
def initial_parameters(sizes: tuple[int, ...] = SIZES, seed: int = 1) -> tuple[np.ndarray[Any, Any], ...]:
    """Weight (outputs, inputs) and bias of each layer, drawn as PyTorch draws them."""
    rng = np.random.default_rng(seed)
    parameters = []
    for inputs, outputs in itertools.pairwise(sizes):
        bound = inputs**-0.5
        parameters.append(rng.uniform(-bound, bound, (outputs, inputs)).astype(np.float32))
        parameters.append(rng.uniform(-bound, bound, outputs).astype(np.float32))
    return tuple(parameters)
