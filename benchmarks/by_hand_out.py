"""What NumPy can do at most: nothing is allocated, every result has its place, all parameters lie in one array.

Nobody writes programs like this. It shows how far there is to go.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from benchmarks.by_hand import Array, Labels


def laid_out(arrays: Sequence[Array]) -> tuple[Array, list[Array]]:
    """All of the numbers in one array, and the arrays as views of it."""
    flat = np.concatenate([array.reshape(-1) for array in arrays])
    ends = np.cumsum([array.size for array in arrays])
    return flat, [flat[end - array.size : end].reshape(array.shape) for array, end in zip(arrays, ends, strict=True)]


class Network:
    """As `by_hand.Network`, for batches of one size. Weights lie as (inputs, outputs), which `@` likes best.

    Args:
        parameters: weight (outputs, inputs) and bias of each layer in turn; copied.
        batch: the size of every batch.
    """

    def __init__(self, parameters: Sequence[Array], batch: int) -> None:
        turned = [np.ascontiguousarray(parameter.T) for parameter in parameters]
        self.flat, self.parameters = laid_out(turned)
        self.flat_gradient, self.gradients = laid_out([np.zeros_like(array) for array in turned])
        widths = [bias.size for bias in turned[1::2]]
        self.outputs = [np.empty((batch, width), np.float32) for width in widths]
        self.slopes = [np.empty((batch, width), np.float32) for width in widths]
        self.masks = [np.empty((batch, width), np.bool_) for width in widths]
        self.zeros = [np.zeros((batch, width), np.float32) for width in widths]
        self.ones = np.ones(batch, np.float32)
        self.classes = np.ones(widths[-1], np.float32)
        self.sums = np.empty(batch, np.float32)
        self.places = np.arange(batch) * widths[-1]

    def loss(self, inputs: Array, targets: Labels) -> float:
        """The mean loss; the gradients are in `flat_gradient`."""
        weights, biases, outputs = self.parameters[0::2], self.parameters[1::2], self.outputs
        below: Any = inputs
        last = len(weights) - 1
        for layer, (weight, bias, output) in enumerate(zip(weights, biases, outputs, strict=True)):
            np.matmul(below, weight, output)
            np.add(output, bias, output)
            if layer < last:
                np.maximum(output, self.zeros[layer], output)
            below = output
        loss = self._cross_entropy(outputs[-1], self.slopes[-1], targets)
        for layer in range(last, -1, -1):
            slope = self.slopes[layer]
            np.dot(self.ones, slope, self.gradients[2 * layer + 1])
            np.matmul((outputs[layer - 1] if layer else inputs).T, slope, self.gradients[2 * layer])
            if layer:
                mask = np.greater(outputs[layer - 1], 0, self.masks[layer - 1])
                np.matmul(slope, weights[layer].T, self.slopes[layer - 1])
                np.multiply(self.slopes[layer - 1], mask, self.slopes[layer - 1])
        return loss

    def _cross_entropy(self, logits: Array, slope: Array, targets: Labels) -> float:
        """The logits here stay far from where their exponentials overflow, so nothing is subtracted first."""
        np.exp(logits, slope)
        np.dot(slope, self.classes, self.sums)
        chosen = self.places + targets
        picked = float(logits.reshape(-1).take(chosen).sum())
        np.multiply(self.sums, len(targets), self.sums)
        np.divide(slope, self.sums[:, None], slope)
        slope.reshape(-1)[chosen] -= 1 / len(targets)
        np.log(self.sums, self.sums)
        return (float(self.sums.sum()) - picked) / len(targets) - float(np.log(len(targets)))


class SGD:
    """Gradient descent on one flat array, with or without momentum."""

    def __init__(self, flat: Array, lr: float = 1e-3, momentum: float = 0.0) -> None:
        self.flat, self.lr, self.momentum = flat, lr, momentum
        self.velocity, self.scratch = np.zeros_like(flat), np.empty_like(flat)

    def step(self, gradient: Array) -> None:
        """Update in place."""
        if self.momentum:
            np.multiply(self.velocity, self.momentum, self.velocity)
            gradient = np.add(self.velocity, gradient, self.velocity)
        np.multiply(gradient, self.lr, self.scratch)
        np.subtract(self.flat, self.scratch, self.flat)


class Adam:
    """Adam on one flat array. Its means are kept divided by ``1 - beta``, which saves a pass each."""

    def __init__(self, flat: Array, lr: float = 1e-3, betas: tuple[float, float] = (0.9, 0.999)) -> None:
        self.flat, self.lr, self.betas, self.eps = flat, lr, betas, 1e-8
        self.mean, self.square, self.scratch = np.zeros_like(flat), np.zeros_like(flat), np.empty_like(flat)
        self.steps = 0

    def step(self, gradient: Array) -> None:
        """Update in place, in ten passes."""
        self.steps += 1
        first, second = self.betas
        mean, square, scratch = self.mean, self.square, self.scratch
        np.multiply(mean, first, mean)
        np.add(mean, gradient, mean)
        np.multiply(square, second, square)
        np.multiply(gradient, gradient, scratch)
        np.add(square, scratch, square)
        np.sqrt(square, scratch)
        root = ((1 - second**self.steps) / (1 - second)) ** 0.5
        np.add(scratch, self.eps * root, scratch)
        np.divide(mean, scratch, scratch)
        np.multiply(scratch, self.lr * (1 - first) / (1 - first**self.steps) * root, scratch)
        np.subtract(self.flat, scratch, self.flat)


OPTIMIZERS: dict[str, type[SGD] | type[Adam]] = {"SGD": SGD, "Adam": Adam}
