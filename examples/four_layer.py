"""Read handwritten digits with four layers of units, whose weights lie in a dictionary.

    python examples/four_layer.py --data DIR
    python examples/four_layer.py --data DIR --activation relu --bias --batch-size 32 --optimizer adam

A network 784-128-64-10 without biases: sigmoid in the hidden layers, softmax at the output, weights drawn from a normal
distribution and scaled by sqrt(1 / rows). It sees one image at a time, at rate 0.001, ten times all of them. 15 % of
MNIST's 70,000 digits are held out. What the program that this one goes back to left to its readers are options here:
other activations, biases, any list of sizes, mini-batches, momentum, RMSprop, Adam; convolutions are in cnn.py.

Three faults of that program, which are not repeated:

- The gradient of each weight took the layer's own output in place of its input. Here no gradient is written by hand.
- The accuracy was a sum divided by 100, which is a percentage of 10,000 digits; but it held out 10,500. So its
  "95 %" are 9,500 digits of 10,500, which is 90.5 %. `--as-published` prints the accuracy that way, too.
- The weights were changed row by row, in a loop. Here a step is one operation on each matrix.
"""

from __future__ import annotations

import itertools
import math
import time
from typing import Any

import numpy as np
from common import finish, load_mnist, make_parser, positive, progress, say
from pictures import draw_curves, draw_mistakes, new_figure

import tinygrad_nn as torch
from tinygrad_nn import nn
from tinygrad_nn.utils.data import DataLoader, TensorDataset

ACTIVATIONS = {"sigmoid": torch.sigmoid, "relu": torch.relu, "tanh": torch.tanh}
OPTIMIZERS = {
    "sgd": lambda weights, lr: torch.optim.SGD(weights, lr=lr),
    "momentum": lambda weights, lr: torch.optim.SGD(weights, lr=lr, momentum=0.9),
    "rmsprop": lambda weights, lr: torch.optim.RMSprop(weights, lr=lr),
    "adam": lambda weights, lr: torch.optim.Adam(weights, lr=lr),
}


def split(args: Any) -> tuple[Any, Any, Any, Any]:
    """All of MNIST, shuffled: pixels in [0, 1] and labels of 85 % to train on, and of the rest."""
    train_images, train_labels, test_images, test_labels = load_mnist(args)
    images = np.concatenate([train_images, test_images]).reshape(-1, 784).astype(np.float32) / 255
    labels = np.concatenate([train_labels, test_labels])
    order = np.random.default_rng(42).permutation(len(images))
    held_out, rest = np.split(order, [round(0.15 * len(order))])
    arrays = images[rest], labels[rest], images[held_out], labels[held_out]
    return tuple(torch.from_numpy(array) for array in arrays)


def make_parameters(sizes: list[int], bias: bool) -> dict[str, Any]:
    """W1, W2, ... of shape (units, inputs), and b1, b2, ... of shape (units,) if wanted."""
    parameters = {}
    for number, (inputs, units) in enumerate(itertools.pairwise(sizes), start=1):
        parameters[f"W{number}"] = (torch.randn(units, inputs) * math.sqrt(1 / units)).requires_grad_()
        if bias:
            parameters[f"b{number}"] = torch.zeros(units, requires_grad=True)
    return parameters


def forward(parameters: dict[str, Any], x: Any, activation: Any) -> Any:
    """The scores of each class, of shape (N, 10). Their softmax is taken by the loss, shifted by the largest."""
    layers = sum(name.startswith("W") for name in parameters)
    for number in range(1, layers + 1):
        x = nn.functional.linear(x, parameters[f"W{number}"], parameters.get(f"b{number}"))
        if number < layers:
            x = activation(x)
    return x


def train_one_epoch(parameters: dict[str, Any], activation: Any, loader: Any, optimizer: Any) -> float:
    """One pass over the training digits; returns their mean loss."""
    total = 0.0
    for x, y in loader:
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(forward(parameters, x, activation), y)
        loss.backward()
        optimizer.step()
        total += loss.item() * len(y)
    return total / len(loader.dataset)


def draw(losses: list[float], accuracies: list[float], images: Any, targets: Any, predictions: Any) -> Any:
    """How it learned, and what it misread."""
    left, right = (figure := new_figure()).subfigures(1, 2)
    upper, lower = left.subplots(2, 1, sharex=True)
    draw_curves(upper, {"training": losses}, xlabel="", ylabel="cross entropy")
    draw_curves(lower, {"held out": accuracies}, ylabel="accuracy, held out")
    draw_mistakes(right, images.numpy().reshape(-1, 28, 28), targets.numpy(), predictions.numpy())
    return figure


def main() -> None:
    """Train, and print the accuracy on the digits held out, and the time, after each epoch."""
    parser = make_parser(__doc__, data="MNIST's IDX files")
    parser.add_argument("--epochs", type=positive, default=10)
    parser.add_argument("--batch-size", type=positive, default=1)
    parser.add_argument("--lr", type=float, default=0.001, help="the rate")
    parser.add_argument("--sizes", type=positive, nargs="+", default=[784, 128, 64, 10], help="from pixels to classes")
    parser.add_argument("--activation", choices=ACTIVATIONS, default="sigmoid")
    parser.add_argument("--bias", action="store_true", help="give the layers biases")
    parser.add_argument("--optimizer", choices=OPTIMIZERS, default="sgd")
    parser.add_argument("--as-published", action="store_true", help="also print the accuracy as a sum divided by 100")
    args = parser.parse_args()
    if (args.sizes[0], args.sizes[-1]) != (784, 10):
        parser.error(f"--sizes: expected 784 first and 10 last, got {args.sizes}")

    train_x, train_y, test_x, test_y = split(args)
    torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)
    activation = ACTIVATIONS[args.activation]
    parameters = make_parameters(args.sizes, args.bias)
    optimizer = OPTIMIZERS[args.optimizer](parameters.values(), args.lr)
    loader = DataLoader(TensorDataset(train_x, train_y), batch_size=args.batch_size, shuffle=True)

    started, losses, accuracies = time.perf_counter(), [], []
    for epoch in progress(args.epochs):
        losses.append(train_one_epoch(parameters, activation, loader, optimizer))
        with torch.no_grad():
            predictions = forward(parameters, test_x, activation).argmax(dim=1)
        right = (predictions == test_y).sum().item()
        accuracies.append(right / len(test_y))
        published = f", as published {right / 100:.2f} %" if args.as_published else ""
        seconds = time.perf_counter() - started
        say(f"epoch {epoch + 1}, {seconds:.1f} s: loss {losses[-1]:.4f}, accuracy {accuracies[-1]:.2%}{published}")

    figures = {"held-out accuracy": accuracies[-1]}
    if args.as_published:
        figures["accuracy as published"] = right / 100 / 100
    finish(args, figures, started, lambda: draw(losses, accuracies, test_x, test_y, predictions))


if __name__ == "__main__":
    main()
