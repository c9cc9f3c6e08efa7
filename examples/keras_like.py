"""A network in the manner of Keras: layers added one by one, an optimizer and a loss by name. keras_mnist.py uses it.

    network = NN()
    network.add(FFL(input_shape=784, neurons=100, activation="sigmoid"))
    network.add(FFL(neurons=10, activation="softmax"))
    network.compile_model(lr=0.01, opt="adam", loss="cse", metrics=["accuracy"])
    network.summary()
    network.train(images, labels, epochs=20, show_every=5, batch_size=32, val_split=0.1)
    network.save_model("network.json")

What was faulty in the program that has these names, and how it is here:

- Softmax's derivative was taken as s (1 - s), which is only the diagonal of its Jacobian; and a softmax over a whole
  batch was divided by one sum. Here softmax is taken of each row, and its derivative is the op's own.
- relu's derivative switched at 1. It switches at 0.
- The gradient of the biases of a layer without inputs was not averaged. Here one mean is taken, of the loss.
- A sigmoid output counted as a 1 from 0.7 on. Here it does from 0.5 on.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from common import progress, say
from keras_layers import ACTIVATIONS, FFL, LOSSES, METRICS, OPTIMIZERS, WORDS, check_data, known
from pictures import draw_curves, new_figure

import tinygrad_nn as torch
from tinygrad_nn import nn
from tinygrad_nn.nn import functional as F  # noqa: N812 - its usual name
from tinygrad_nn.utils.data import DataLoader, TensorDataset


class NN:
    """Layers one after the other, and what trains them."""

    def __init__(self) -> None:
        self.layers = nn.Sequential()
        self.history: dict[str, list[float]] = {}
        self.optimizer: Any = None

    def add(self, layer: FFL) -> None:
        """Append a layer. It must take as many inputs as the one before has neurons, and learns it from there."""
        if not isinstance(layer, FFL):
            raise TypeError(f"add(): expected a layer, FFL, got {type(layer).__name__}")
        number = len(self.layers) + 1
        label = f"layer {layer.name or number}"
        if layer.name is not None and layer.name in self.names():
            raise ValueError(f"add(): there is a layer {layer.name!r} already. Give it another name")
        if number == 1 and layer.input_shape is None:
            raise ValueError(f"add(): {label} is the first one, so it needs an input_shape")
        if number > 1:
            before = self.layers[-1]
            if layer.input_shape is None:
                layer.build(before.neurons)
            elif layer.input_shape != before.neurons:
                raise ValueError(
                    f"add(): {label} takes {layer.input_shape} inputs, but the layer before it, {self.names()[-1]}, "
                    f"has {before.neurons} neurons. Leave input_shape out, or make it {before.neurons}"
                )
        self.layers.append(layer)
        self.optimizer = None  # it would not know the new weights

    def names(self) -> list[str]:
        """The layers' names: the given ones, or by their places."""
        last = len(self.layers)
        places = {1: "Input", last: "Output"}  # of a single layer: Output
        return [
            layer.name or f"{places.get(number, f'Hidden {number - 1}')} layer"
            for number, layer in enumerate(self.layers, start=1)
        ]

    def summary(self) -> str:
        """Print, and return, a table of the layers."""
        row = "{:<16}{:>8}{:>9}  {:<12}{:<6}{:>12}"
        lines = [row.format("name", "input", "neurons", "activation", "bias", "parameters")]
        for name, layer in zip(self.names(), self.layers, strict=True):
            count = sum(weights.numel() for weights in layer.parameters())
            lines.append(
                row.format(name, layer.input_shape, layer.neurons, layer.activation, str(layer.bias), f"{count:,}")
            )
        lines.append(f"total parameters: {sum(weights.numel() for weights in self.layers.parameters()):,}")
        print(text := "\n".join(lines))
        return text

    def compile_model(
        self, lr: float = 0.01, mr: float | None = None, opt: str = "sgd", loss: str = "mse",
        metrics: Sequence[str] = ("mse",),
    ) -> None:  # fmt: skip
        """Choose the optimizer, its rate and momentum, the loss and the metrics."""
        if len(self.layers) == 0:
            raise RuntimeError("compile_model(): the network has no layers. Add some first")
        self.opt, self.loss = known("opt", opt, OPTIMIZERS), known("loss", loss, LOSSES)
        self.metrics = [known("metrics", name, METRICS) for name in metrics]
        last = self.layers[-1].activation
        if "cse" in (loss, *metrics) and last not in ("sigmoid", "softmax"):
            raise ValueError(
                f"cse compares probabilities, but the last layer's activation is {last!r}. Make it softmax or sigmoid"
            )
        self.optimizer = OPTIMIZERS[opt](self.layers.parameters(), lr, mr)

    def check_trainable(self, x: Any, y: Any, what: str = "train()") -> tuple[Any, Any]:
        """The data as tensors, if the network can be trained on it."""
        if self.optimizer is None:
            raise RuntimeError(f"{what}: the network is not compiled. Call compile_model first")
        return check_data(what, x, y, self.layers[0].input_shape, self.layers[-1].neurons)

    def sums(self, x: Any) -> Any:
        """The last layer's weighted sums, before its activation."""
        for layer in self.layers[:-1]:
            x = ACTIVATIONS[layer.activation](layer(x))
        return self.layers[-1](x)

    def measure(self, name: str, sums: Any, targets: Any) -> Any:
        """A loss or a metric. Cross entropy is taken from the sums, where it cannot overflow."""
        last = self.layers[-1].activation
        if name == "cse":
            entropy = F.cross_entropy if last == "softmax" else F.binary_cross_entropy_with_logits
            return entropy(sums, targets)
        outputs = ACTIVATIONS[last](sums)
        if name == "mse":
            return F.mse_loss(outputs, targets)
        if outputs.shape[1] > 1:
            return (outputs.argmax(dim=1) == targets.argmax(dim=1)).float().mean()
        return ((outputs > 0.5) == (targets > 0.5)).float().mean()

    def evaluate(self, x: Any, y: Any) -> dict[str, float]:
        """The loss and the metrics on this data."""
        inputs, targets = self.check_trainable(x, y, "evaluate()")
        with torch.no_grad():
            sums = self.sums(inputs)
            names = dict.fromkeys([self.loss, *self.metrics])
            return {name: self.measure(name, sums, targets).item() for name in names}

    def train(
        self, x: Any, y: Any, epochs: int, show_every: int = 1, batch_size: int = 32, shuffle: bool = True,
        val_split: float = 0.0, val_x: Any = None, val_y: Any = None,
    ) -> dict[str, list[float]]:  # fmt: skip
        """Train, and return the loss and the metrics of each epoch, on validation data, too, if there is any.

        Validation data is either given, or the last `val_split` of the training data, which is not trained on then.
        """
        inputs, targets = self.check_trainable(x, y)
        for name, number in ("epochs", epochs), ("show_every", show_every), ("batch_size", batch_size):
            if number < 1:
                raise ValueError(f"train(): expected {name} from 1 on, got {number}")
        if not 0 <= val_split < 1:
            raise ValueError(f"train(): expected val_split to be a part, from 0 to below 1, got {val_split}")
        if (val_x is None) != (val_y is None):
            raise ValueError("train(): val_x and val_y belong together")
        validation = None if val_x is None else self.check_trainable(val_x, val_y, "train(), validation")
        if validation is None and val_split:
            kept = len(inputs) - round(len(inputs) * val_split)
            validation = inputs[kept:], targets[kept:]
            inputs, targets = inputs[:kept], targets[:kept]
        size = len(inputs) if self.opt == "iterative" else batch_size
        loader = DataLoader(TensorDataset(inputs, targets), batch_size=size, shuffle=shuffle)
        self.history = {}
        for epoch in progress(epochs):
            for batch, wanted in loader:
                self.optimizer.zero_grad()
                loss = self.measure(self.loss, self.sums(batch), wanted)
                loss.backward()
                self.optimizer.step()
            measured = self.evaluate(inputs, targets)
            if validation is not None:
                measured |= {f"validation {name}": value for name, value in self.evaluate(*validation).items()}
            for name, value in measured.items():
                self.history.setdefault(name, []).append(value)
            if (epoch + 1) % show_every == 0:
                say(f"epoch {epoch + 1}: " + ", ".join(f"{name} {value:.4f}" for name, value in measured.items()))
        return self.history

    def predict(self, x: Any) -> Any:
        """The outputs for these inputs, of shape (N, neurons of the last layer)."""
        inputs = torch.as_tensor(np.asarray(x), dtype=torch.float32)
        with torch.no_grad():
            return ACTIVATIONS[self.layers[-1].activation](self.sums(inputs))

    def visualize(self) -> Any:
        """A figure of the loss, and one of each metric, of training and validation."""
        names = [name for name in self.history if not name.startswith("validation")]
        figure = new_figure(4.5 * len(names), 3.5)
        for axes, name in zip(figure.subplots(1, len(names), squeeze=False)[0], names, strict=True):
            pair = {"training": self.history[name], "validation": self.history.get(f"validation {name}")}
            draw_curves(axes, {label: values for label, values in pair.items() if values}, ylabel=WORDS.get(name, name))
        return figure

    def save_model(self, path: str | Path) -> None:
        """Write layers, sizes, activations and weights into a JSON file."""
        from tinygrad_nn.serialization import save_json

        save_json(self.layers, path)

    @classmethod
    def load_model(cls, path: str | Path) -> NN:
        """The network that `save_model` wrote. It predicts at once; to train it, compile it."""
        from tinygrad_nn.serialization import load_json

        network = cls()
        network.layers = load_json(path, classes=[FFL])
        return network
