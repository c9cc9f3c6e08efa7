"""The NumPy contender: what one writes without a framework, with care but without tricks.

Arrays are allocated where an expression makes one, as everybody writes it; the optimizers update in place. What can be
had when nothing is allocated is in `by_hand_out`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

Array = np.ndarray[tuple[int, ...], np.dtype[np.float32]]
Labels = np.ndarray[tuple[int, ...], np.dtype[np.int64]]


class Network:
    """Linear layers with ReLU in between, and the cross entropy of its outputs.

    Args:
        parameters: weight (outputs, inputs) and bias of each layer in turn; copied.
    """

    def __init__(self, parameters: Sequence[Array]) -> None:
        self.parameters = [parameter.copy() for parameter in parameters]

    def loss(self, inputs: Array, targets: Labels) -> tuple[float, list[Array]]:
        """The mean loss, and the gradient of each parameter."""
        weights, biases = self.parameters[0::2], self.parameters[1::2]
        activations = [inputs]
        for weight, bias in zip(weights[:-1], biases[:-1], strict=True):
            activations.append(np.maximum(activations[-1] @ weight.T + bias, 0))
        logits = activations[-1] @ weights[-1].T + biases[-1]
        loss, gradient = cross_entropy(logits, targets)
        gradients: list[Array] = []
        for layer in reversed(range(len(weights))):
            gradients += [gradient.sum(axis=0), gradient.T @ activations[layer]]
            if layer:
                gradient = (gradient @ weights[layer]) * (activations[layer] > 0)
        return loss, gradients[::-1]


def cross_entropy(logits: Array, targets: Labels) -> tuple[float, Array]:
    """The mean cross entropy, and its gradient by the logits."""
    rows = np.arange(len(targets))
    shifted = logits - logits.max(axis=1, keepdims=True)
    exponentials = np.exp(shifted)
    sums = exponentials.sum(axis=1, keepdims=True)
    loss = float((np.log(sums[:, 0]) - shifted[rows, targets]).mean())
    gradient = exponentials / sums
    gradient[rows, targets] -= 1
    gradient /= len(targets)
    return loss, gradient


class SGD:
    """Gradient descent, with or without momentum."""

    def __init__(self, parameters: Sequence[Array], lr: float = 1e-3, momentum: float = 0.0) -> None:
        self.parameters, self.lr, self.momentum = parameters, lr, momentum
        self.velocities = [np.zeros_like(p) for p in parameters] if momentum else []

    def step(self, gradients: Sequence[Array]) -> None:
        """Update every parameter in place."""
        if self.momentum:
            for velocity, gradient in zip(self.velocities, gradients, strict=True):
                velocity *= self.momentum
                velocity += gradient
            gradients = self.velocities
        for parameter, gradient in zip(self.parameters, gradients, strict=True):
            parameter -= self.lr * gradient


class Adam:
    """PyTorch's formula, see https://docs.pytorch.org/docs/stable/generated/torch.optim.Adam.html."""

    def __init__(
        self,
        parameters: Sequence[Array],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
    ) -> None:
        self.parameters, self.lr, self.betas, self.eps = parameters, lr, betas, eps
        self.means = [np.zeros_like(p) for p in parameters]
        self.squares = [np.zeros_like(p) for p in parameters]
        self.steps = 0

    def step(self, gradients: Sequence[Array]) -> None:
        """Update every parameter in place."""
        self.steps += 1
        first, second = self.betas
        size = self.lr / (1 - first**self.steps)
        root = (1 - second**self.steps) ** 0.5
        for parameter, gradient, mean, square in zip(self.parameters, gradients, self.means, self.squares, strict=True):
            mean *= first
            mean += (1 - first) * gradient
            square *= second
            square += (1 - second) * gradient * gradient
            parameter -= size * mean / (np.sqrt(square) / root + self.eps)


OPTIMIZERS: dict[str, type[SGD] | type[Adam]] = {"SGD": SGD, "Adam": Adam}
