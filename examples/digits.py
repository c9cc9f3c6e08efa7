"""Learn to read handwritten digits, in a few seconds.

    python examples/digits.py
    python examples/digits.py --epochs 10 --seed 1 --output elsewhere --no-plot

The data is scikit-learn's `load_digits`: 1,797 digits of 8x8 pixels, which come with that package. 1,437 of
them are trained on; the other 360, the same in every run, only ever test. Written into the output folder: the
weights, and a picture of how the training went and of the digits that were misread.

Apart from its imports of tinygrad_nn this is a PyTorch program: with `torch` in their place it runs there.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from common import finish, make_parser, positive, progress
from pictures import draw_curves, draw_mistakes, new_figure
from sklearn.datasets import load_digits
from sklearn.metrics import classification_report
from sklearn.model_selection import train_test_split

import tinygrad_nn as torch
from tinygrad_nn import nn
from tinygrad_nn.utils.data import DataLoader, TensorDataset


def load_data() -> tuple[Any, Any, Any, Any]:
    """Pixels in [0, 1] and labels, for training and for the test."""
    pixels, labels = load_digits(return_X_y=True)
    # an equal share of each digit, and a fixed split: the seed of a run must not decide what is tested on
    pixels = (pixels / 16).astype(np.float32)
    split = train_test_split(pixels, labels, test_size=360, stratify=labels, random_state=0)
    train_x, test_x, train_y, test_y = (torch.from_numpy(array) for array in split)
    return train_x, train_y, test_x, test_y


def make_model() -> Any:
    """64 pixels in, 512 hidden units of which half are dropped while training, 10 classes out."""
    return nn.Sequential(nn.Linear(64, 512), nn.ReLU(), nn.Dropout(0.5), nn.Linear(512, 10))


def train_one_epoch(model: Any, loader: Any, optimizer: Any) -> float:
    """One pass over the training digits; returns their mean loss."""
    model.train()
    total = 0.0
    for inputs, targets in loader:
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(inputs), targets)
        loss.backward()
        optimizer.step()
        total += loss.item() * len(targets)
    return total / len(loader.dataset)


def evaluate(model: Any, inputs: Any, targets: Any) -> tuple[float, Any]:
    """The mean loss, and the predicted class of each input."""
    model.eval()
    with torch.no_grad():
        scores = model(inputs)
        return nn.functional.cross_entropy(scores, targets).item(), scores.argmax(dim=1)


def draw(history: list[tuple[float, float, float]], images: Any, targets: Any, predictions: Any) -> Any:
    """How it learned, and what it misread."""
    left, right = (figure := new_figure()).subfigures(1, 2)
    upper, lower = left.subplots(2, 1, sharex=True)
    training, test, accuracies = (list(values) for values in zip(*history, strict=True))
    draw_curves(upper, {"training": training, "test": test}, xlabel="", ylabel="cross entropy", yscale="log")
    draw_curves(lower, {"test": accuracies}, ylabel="test accuracy")
    draw_mistakes(right, images.numpy().reshape(-1, 8, 8), targets.numpy(), predictions.numpy())
    return figure


def main() -> None:
    """Train, test, report, and write down what came out."""
    parser = make_parser(__doc__)
    parser.add_argument("--epochs", type=positive, default=40)
    args = parser.parse_args()

    train_x, train_y, test_x, test_y = load_data()
    torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)
    model = make_model()
    loader = DataLoader(TensorDataset(train_x, train_y), batch_size=32, shuffle=True)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)

    started, history = time.perf_counter(), []
    for _ in progress(args.epochs):
        train_loss = train_one_epoch(model, loader, optimizer)
        test_loss, predictions = evaluate(model, test_x, test_y)
        history.append((train_loss, test_loss, (predictions == test_y).float().mean().item()))

    print(classification_report(test_y.numpy(), predictions.numpy(), digits=3, zero_division=0))
    args.output.mkdir(parents=True, exist_ok=True)
    np.savez(args.output / "digits.npz", **{name: value.numpy() for name, value in model.state_dict().items()})
    print(f"weights: {args.output / 'digits.npz'} (read them with numpy.load)")
    finish(args, {"test accuracy": history[-1][2]}, started, lambda: draw(history, test_x, test_y, predictions))


if __name__ == "__main__":
    main()
