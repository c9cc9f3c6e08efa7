"""The network of a multilayer perceptron: its layers, its loss, and its weights as scikit-learn names them."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np

from tinygrad_nn import nn
from tinygrad_nn._core import dtypes
from tinygrad_nn._core.modes import no_grad
from tinygrad_nn._core.tensor import Tensor, wrap
from tinygrad_nn.nn import functional
from tinygrad_nn.ops.exponential import xlogy
from tinygrad_nn.random import fork_rng

Array = np.ndarray[Any, Any]

ACTIVATIONS: dict[str, type[nn.Module]] = {
    "identity": nn.Identity,
    "logistic": nn.Sigmoid,
    "tanh": nn.Tanh,
    "relu": nn.ReLU,
}


def make_network(sizes: Sequence[int], activation: str, dtype: np.dtype[Any], random_state: Any) -> nn.Sequential:
    """Linear layers with an activation in between, drawn as scikit-learn draws them.

    Weights and biases are uniform on ``±sqrt(6 / (inputs + outputs))``, or a factor 2 in place of 6 for the logistic
    function (Glorot and Bengio, 2010).
    """
    factor = 2.0 if activation == "logistic" else 6.0
    layers: list[nn.Module] = []
    for inputs, outputs in itertools.pairwise(sizes):
        bound = np.sqrt(factor / (inputs + outputs))
        coef = random_state.uniform(-bound, bound, (inputs, outputs)).astype(dtype)
        intercept = random_state.uniform(-bound, bound, outputs).astype(dtype)
        with fork_rng():  # what the layer draws for itself must not move the program's own stream
            layer = nn.Linear(inputs, outputs, dtype=dtypes.from_numpy(dtype))
        with no_grad():
            layer.weight.copy_(wrap(coef.T))
            assert layer.bias is not None
            layer.bias.copy_(wrap(intercept))
        layers += [layer, ACTIVATIONS[activation]()]
    return nn.Sequential(*layers[:-1])


def linear_layers(network: nn.Sequential) -> list[nn.Linear]:
    """The layers that have weights."""
    return [layer for layer in network if isinstance(layer, nn.Linear)]


def weights_of(network: nn.Sequential) -> list[Array]:
    """Arrays (outputs, inputs), the network's own."""
    return [layer.weight._array for layer in linear_layers(network)]


def biases_of(network: nn.Sequential) -> list[Array]:
    """Arrays (outputs,), the network's own."""
    return [layer.bias._array for layer in linear_layers(network) if layer.bias is not None]


def data_loss(kind: str, output: Tensor, target: Tensor, weight: Tensor | None) -> Tensor:
    """The loss of each example, summed over its outputs, and the mean over the examples.

    Args:
        kind: the output's activation, which decides the loss: "softmax", "logistic", "exp" or "identity".
        output: the last layer's sums, before that activation.
        target: class numbers (N,) for "softmax", else (N, outputs).
        weight: of each example, (N,).
    """
    if weight is None and kind != "identity":
        if kind == "softmax":
            return functional.cross_entropy(output, target)
        if kind == "logistic":
            return functional.binary_cross_entropy_with_logits(output, target, reduction="sum") / len(output)
        return (output.exp() - target * output + _constant(target)).sum() / len(output)
    if kind == "softmax":
        each = functional.cross_entropy(output, target, reduction="none")
    elif kind == "logistic":
        each = functional.binary_cross_entropy_with_logits(output, target, reduction="none").sum(dim=1)
    elif kind == "exp":
        each = (output.exp() - target * output + _constant(target)).sum(dim=1)
    else:
        if weight is None:
            return functional.mse_loss(output, target, reduction="sum") / (2 * len(output))
        each = (output - target).square().sum(dim=1) / 2
    assert weight is not None
    return (each * weight).sum() / weight.sum()


def _constant(target: Tensor) -> Tensor:
    """What makes the Poisson loss half a deviance, 0 at its best."""
    return xlogy(target, target) - target


def squares(weights: Sequence[Array]) -> float:
    """The sum of all squared weights."""
    return float(sum(np.dot(flat, flat) for flat in (array.reshape(-1) for array in weights)))
