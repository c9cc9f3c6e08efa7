"""What the operations are timed on: arrays of few, some and many numbers, made by a generator."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
SIZES = ("few", "some", "many")
# Of a generator and the index of a size: an array of float32 (or float64), which wants its gradient, or another.
Input = Callable[[np.random.Generator, int], Array]

MATRICES = ((8, 8), (100, 100), (2000, 1000))
BATCHES = ((2, 4, 8), (10, 20, 50), (20, 100, 1000))
IMAGES = ((1, 4, 8, 8), (4, 4, 25, 25), (16, 16, 62, 62))
SEQUENCES = ((1, 4, 16), (4, 8, 300), (16, 32, 4000))
HEADS = ((1, 2, 8, 8), (4, 4, 32, 16), (8, 8, 256, 32))
SQUARES = (8, 50, 400)


@dataclass(frozen=True)
class Operation:
    """An operation, timed forward, and backward where it gives a gradient.

    Args:
        function: of torch (or tinygrad_nn), and of the inputs as tensors. It gives a tensor.
        inputs: what it is called with.
        tolerance: of results and gradients, relative to the largest.
    """

    function: Callable[..., Any]
    inputs: Sequence[Input]
    tolerance: float = 1e-4


def numbers(*shapes: Sequence[int], scale: float = 1.0) -> Input:
    """Normal numbers: of one shape, or of one for each size."""

    def make(rng: np.random.Generator, size: int) -> Array:
        shape = shapes[size if len(shapes) > 1 else 0]
        return (rng.standard_normal(shape) * scale).astype(np.float32)

    return make


def between(least: float, most: float) -> Input:
    """A matrix of uniform numbers."""
    return lambda rng, size: rng.uniform(least, most, MATRICES[size]).astype(np.float32)


def integers(below: Callable[[int], int], shape: Callable[[int], Sequence[int] | int]) -> Input:
    """Integers from 0 on: below a bound, and of a shape, for each size."""
    return lambda rng, size: rng.integers(0, below(size), shape(size))


matrix = numbers(*MATRICES)
row = numbers(*[(columns,) for _, columns in MATRICES])
column = numbers(*[(rows, 1) for rows, _ in MATRICES])
vector = numbers(*[(rows * columns,) for rows, columns in MATRICES])
batch = numbers(*BATCHES)
images = numbers(*IMAGES)
sequences = numbers(*SEQUENCES)
heads = numbers(*HEADS)
probabilities = between(0.05, 0.95)
positive = between(0.3, 3.3)
rows_again = integers(lambda size: MATRICES[size][0], lambda size: MATRICES[size][0])
places = integers(lambda size: MATRICES[size][1], lambda size: MATRICES[size])
labels = integers(lambda size: MATRICES[size][1], lambda size: MATRICES[size][0])


def double(rng: np.random.Generator, size: int) -> Array:
    """A matrix of float64."""
    return rng.standard_normal(MATRICES[size])


def mask(rng: np.random.Generator, size: int) -> Array:
    """A matrix of truth values."""
    return rng.random(MATRICES[size]) < 0.5


def signs(rng: np.random.Generator, size: int) -> Array:
    """A matrix of ones and minus ones, as integers."""
    return rng.choice((-1, 1), MATRICES[size])


def row_signs(rng: np.random.Generator, size: int) -> Array:
    """A one or minus one for each row."""
    return rng.choice((-1, 1), MATRICES[size][0])


def whole_numbers(rng: np.random.Generator, size: int) -> Array:
    """A matrix of integers of both signs."""
    return rng.integers(-50, 50, MATRICES[size])


def distinct(rng: np.random.Generator, size: int) -> Array:
    """A matrix without equal elements."""
    rows, columns = MATRICES[size]
    return rng.permutation(rows * columns).astype(np.float32).reshape(rows, columns)


def row_order(rng: np.random.Generator, size: int) -> Array:
    """Each row's number once, in any order."""
    return rng.permutation(MATRICES[size][0])


def sorted_row(rng: np.random.Generator, size: int) -> Array:
    """As many ascending numbers as there are columns."""
    return np.sort(rng.standard_normal(MATRICES[size][1]).astype(np.float32))


def square(rng: np.random.Generator, size: int) -> Array:
    """A matrix that can be inverted well."""
    n = SQUARES[size]
    return (rng.standard_normal((n, n)) / np.sqrt(n) + 2 * np.eye(n)).astype(np.float32)


def definite(rng: np.random.Generator, size: int) -> Array:
    """A symmetric matrix with positive eigenvalues."""
    n = SQUARES[size]
    factor = rng.standard_normal((n, n)) / np.sqrt(n)
    return (factor @ factor.T + np.diag(np.arange(1, n + 1))).astype(np.float32)


def weights(outputs: int, *kernel: int, transposed: bool = False, separate: bool = False) -> Input:
    """Filters for `images` (two lengths of the kernel, or three) or `sequences` (one)."""

    def make(rng: np.random.Generator, size: int) -> Array:
        channels = (SEQUENCES if len(kernel) == 1 else IMAGES)[size][1]
        if separate:
            shape = (channels, 1, *kernel)
        else:
            shape = (channels, outputs, *kernel) if transposed else (outputs, channels, *kernel)
        return (rng.standard_normal(shape) * 0.1).astype(np.float32)

    return make
