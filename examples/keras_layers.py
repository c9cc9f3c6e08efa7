"""What keras_like.py is built from: its layers, and what its names of activations, optimizers and losses mean."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

import tinygrad_nn as torch
from tinygrad_nn import nn

ACTIVATIONS = {
    "linear": nn.Identity(), "relu": nn.ReLU(), "sigmoid": nn.Sigmoid(), "tanh": nn.Tanh(), "softmax": nn.Softmax(dim=1)
}  # fmt: skip
# "iterative" is gradient descent on all examples at once; `train` sees to that.
OPTIMIZERS = {
    "sgd": lambda weights, lr, mr: torch.optim.SGD(weights, lr=lr, momentum=mr or 0.0),
    "iterative": lambda weights, lr, mr: torch.optim.SGD(weights, lr=lr, momentum=mr or 0.0),
    "momentum": lambda weights, lr, mr: torch.optim.SGD(weights, lr=lr, momentum=0.9 if mr is None else mr),
    "rmsprop": lambda weights, lr, mr: torch.optim.RMSprop(weights, lr=lr, momentum=mr or 0.0),
    "adagrad": lambda weights, lr, mr: torch.optim.Adagrad(weights, lr=lr),
    "adam": lambda weights, lr, mr: torch.optim.Adam(weights, lr=lr),
    "adamax": lambda weights, lr, mr: torch.optim.Adamax(weights, lr=lr),
    "adadelta": lambda weights, lr, mr: torch.optim.Adadelta(weights, lr=lr),
}
LOSSES = ("mse", "cse")
METRICS = ("mse", "accuracy", "cse")
WORDS = {"mse": "mean square error", "cse": "cross entropy"}  # in pictures


def known(what: str, name: Any, names: Iterable[str]) -> Any:
    """The name, if it is one of these."""
    if name not in names:
        raise ValueError(f"{what}: there is no {name!r}. Known are {', '.join(names)}")
    return name


class FFL(nn.Module):
    """A layer of units that see all inputs: activation(W x + b).

    Args:
        input_shape: how many numbers it takes; may be left out if a layer stands before it.
        neurons: how many units it has.
        activation: linear, relu, sigmoid, tanh or softmax.
        bias: whether the units have biases.
        weights: the first weights, of shape (neurons, inputs), in place of random ones.
        name: for the summary and for errors.
    """

    def __init__(
        self, input_shape: int | None = None, neurons: int = 1, activation: str = "linear", bias: bool = True,
        weights: Any = None, name: str | None = None,
    ) -> None:  # fmt: skip
        super().__init__()
        for what, number in ("input_shape", input_shape), ("neurons", neurons):
            if number is not None and (not isinstance(number, int) or number < 1):
                raise ValueError(f"{what}: expected a whole number from 1 on, got {number!r}")
        self.input_shape, self.neurons, self.bias, self.name = input_shape, neurons, bias, name
        self.activation = known("activation", activation, ACTIVATIONS)
        self.given = weights
        if input_shape is not None:
            self.build(input_shape)

    def build(self, inputs: int) -> None:
        """Make the weights, as it is known now how many inputs there are."""
        self.input_shape, self.linear = inputs, nn.Linear(inputs, self.neurons, bias=self.bias)
        if self.given is not None:
            weights, shape = torch.as_tensor(self.given, dtype=torch.float32), (self.neurons, inputs)
            if tuple(weights.shape) != shape:
                raise ValueError(f"weights: expected shape {shape}, (neurons, inputs), got {tuple(weights.shape)}")
            with torch.no_grad():
                self.linear.weight.copy_(weights)
            self.given = None

    def forward(self, x: Any) -> Any:
        """The weighted sums, of shape (N, neurons). The activation comes later: a loss may want them without."""
        return self.linear(x)


def check_data(what: str, x: Any, y: Any, width: int, neurons: int) -> tuple[Any, Any]:
    """The data as tensors, if it fits a network with so many inputs and neurons in its last layer."""
    inputs, targets = (torch.as_tensor(np.asarray(values), dtype=torch.float32) for values in (x, y))
    if len(inputs) != len(targets):
        raise ValueError(f"{what}: there are {len(inputs)} inputs, but {len(targets)} targets")
    for name, values, size in ("inputs", inputs, width), ("targets", targets, neurons):
        if values.dim() != 2 or values.shape[1] != size:
            raise ValueError(f"{what}: expected {name} of shape (N, {size}), got {tuple(values.shape)}")
    return inputs, targets
