"""Write the network of four_layer.py in two more styles: as a PyTorch module, and as Keras has it.

    python examples/four_layer_styles.py --data DIR
    python examples/four_layer_styles.py --data DIR --style keras --epochs 3

The module has three linear layers and is trained with SGD and the binary cross entropy of its scores and one-hot
labels. In Keras' style a network is a list of layers: Flatten, and Dense three times; `compile` takes the names of an
optimizer and a loss, `fit` the data, and data to validate with if wanted. Fifty lines make such classes.
"""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Sequence
from typing import Any

import numpy as np
from common import finish, load_mnist, make_parser, positive, progress, say
from pictures import draw_curves, new_figure

import tinygrad_nn as torch
from tinygrad_nn import nn
from tinygrad_nn.utils.data import DataLoader, TensorDataset

# --- PyTorch's style ---------------------------------------------------------------------------------------------


class Net(nn.Module):
    """784-128-64-10, sigmoid in the hidden layers; returns scores."""

    def __init__(self) -> None:
        super().__init__()
        self.linear1 = nn.Linear(784, 128)
        self.linear2 = nn.Linear(128, 64)
        self.linear3 = nn.Linear(64, 10)

    def forward(self, x: Any) -> Any:
        x = torch.sigmoid(self.linear1(x.flatten(1)))  # (N, 28, 28) -> (N, 128)
        x = torch.sigmoid(self.linear2(x))
        return self.linear3(x)  # (N, 10)


def train_module(args: Any, train: tuple[Any, Any], test: tuple[Any, Any]) -> list[float]:
    """Train; returns the test accuracy after each epoch."""
    net = Net()
    optimizer = torch.optim.SGD(net.parameters(), lr=args.lr, momentum=0.9)
    criterion = nn.BCEWithLogitsLoss()
    accuracies = []
    for _ in progress(args.epochs):
        for x, y in DataLoader(TensorDataset(*train), batch_size=args.batch_size, shuffle=True):
            optimizer.zero_grad()
            loss = criterion(net(x), nn.functional.one_hot(y, 10).float())
            loss.backward()
            optimizer.step()
        with torch.no_grad():
            accuracies.append((net(test[0]).argmax(dim=1) == test[1]).float().mean().item())
        say(f"loss {loss.item():.4f}, test accuracy {accuracies[-1]:.4f}")
    return accuracies


# --- Keras' style ------------------------------------------------------------------------------------------------


class Flatten:
    """Images of this shape as rows."""

    def __init__(self, input_shape: tuple[int, ...]) -> None:
        self.units = math.prod(input_shape)

    def build(self, inputs: int) -> list[nn.Module]:
        return [nn.Flatten()]


class Dense:
    """Units that see all outputs of the layer before; made when it is known how many those are."""

    ACTIVATIONS = {"linear": nn.Identity, "sigmoid": nn.Sigmoid, "relu": nn.ReLU, "tanh": nn.Tanh}  # noqa: RUF012

    def __init__(self, units: int, activation: str = "linear") -> None:
        self.units, self.activation = units, activation

    def build(self, inputs: int) -> list[nn.Module]:
        return [nn.Linear(inputs, self.units), self.ACTIVATIONS[self.activation]()]


class Sequential:
    """A network that trains itself."""

    OPTIMIZERS = {"sgd": torch.optim.SGD, "rmsprop": torch.optim.RMSprop, "adam": torch.optim.Adam}  # noqa: RUF012
    LOSSES = {"mse": nn.MSELoss, "sparse_categorical_crossentropy": nn.CrossEntropyLoss}  # noqa: RUF012

    def __init__(self, layers: Sequence[Flatten | Dense]) -> None:
        inputs = [0, *(layer.units for layer in layers)]
        built = [layer.build(units) for layer, units in zip(layers, inputs, strict=False)]
        self.network = nn.Sequential(*itertools.chain(*built))

    def compile(self, optimizer: str = "adam", loss: str = "sparse_categorical_crossentropy", lr: float = 1e-3) -> None:
        self.optimizer = self.OPTIMIZERS[optimizer](self.network.parameters(), lr=lr)
        self.criterion = self.LOSSES[loss]()

    def fit(
        self, x: Any, y: Any, batch_size: int = 32, epochs: int = 1, validation_data: tuple[Any, Any] | None = None
    ) -> dict[str, list[float]]:
        history: dict[str, list[float]] = {"loss": [], "val_accuracy": []}
        for _ in progress(epochs):
            total = 0.0
            for inputs, targets in DataLoader(TensorDataset(x, y), batch_size=batch_size, shuffle=True):
                self.optimizer.zero_grad()
                loss = self.criterion(self.network(inputs), targets)
                loss.backward()
                self.optimizer.step()
                total += loss.item() * len(targets)
            history["loss"].append(total / len(y))
            if validation_data is not None:
                history["val_accuracy"].append(self.evaluate(*validation_data))
            say(", ".join(f"{name} {values[-1]:.4f}" for name, values in history.items() if values))
        return history

    def evaluate(self, x: Any, y: Any) -> float:
        with torch.no_grad():
            return (self.network(x).argmax(dim=1) == y).float().mean().item()


def train_keras(args: Any, train: tuple[Any, Any], test: tuple[Any, Any]) -> list[float]:
    """Train; returns the test accuracy after each epoch."""
    layers = [Flatten(input_shape=(28, 28)), Dense(128, "sigmoid"), Dense(64, "sigmoid"), Dense(10)]
    model = Sequential(layers)
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy")
    history = model.fit(*train, batch_size=args.batch_size, epochs=args.epochs, validation_data=test)
    return history["val_accuracy"]


STYLES = {"module": train_module, "keras": train_keras}


def draw(curves: dict[str, list[float]]) -> Any:
    """The test accuracies of the styles."""
    figure = new_figure(6, 3)
    draw_curves(figure.subplots(), curves, ylabel="test accuracy")
    return figure


def main() -> None:
    """Train the network as it is written in each style."""
    parser = make_parser(__doc__, data="MNIST's IDX files")
    parser.add_argument("--style", choices=STYLES, help="only this one")
    parser.add_argument("--epochs", type=positive, default=10)
    parser.add_argument("--batch-size", type=positive, default=32)
    parser.add_argument("--lr", type=float, default=0.1, help="SGD's rate, for the module")
    args = parser.parse_args()

    train_images, train_labels, test_images, test_labels = load_mnist(args)
    train = torch.from_numpy(train_images.astype(np.float32) / 255), torch.from_numpy(train_labels)
    test = torch.from_numpy(test_images.astype(np.float32) / 255), torch.from_numpy(test_labels)
    torch.set_num_threads(args.threads)
    started, curves = time.perf_counter(), {}
    for style in [args.style] if args.style else STYLES:
        torch.manual_seed(args.seed)
        curves[style] = STYLES[style](args, train, test)
    finish(
        args, {f"{style}: test accuracy": values[-1] for style, values in curves.items()}, started,
        lambda: draw(curves),
    )  # fmt: skip


if __name__ == "__main__":
    main()
