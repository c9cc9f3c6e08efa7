"""Learn to read handwritten digits, in a few seconds.

    python examples/digits.py
    python examples/digits.py --epochs 10 --seed 1 --output elsewhere --no-plot

The data is scikit-learn's `load_digits`: 1,797 digits of 8x8 pixels, which come with that package. 1,437 of
them are trained on; the other 360, the same in every run, only ever test. Written into the output folder: the
weights, and a picture of how the training went and of the digits that were misread.

Apart from its imports of tinygrad_nn this is a PyTorch program: with `torch` in their place it runs there.
"""

from __future__ import annotations

import os

# One thread multiplies matrices this small as fast as two, and never waits for the other on a busy machine.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import argparse
import time
from pathlib import Path
from typing import Any

import numpy as np
from common import progress, save_picture
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


def main() -> None:
    """Train, test, report, and write down what came out."""
    parser = argparse.ArgumentParser(description="Learn to read handwritten digits.")
    parser.add_argument("--epochs", type=int, default=40)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--output", type=Path, default=Path("outputs"), help="where to write (outputs)")
    parser.add_argument("--no-plot", action="store_true", help="draw no picture (needs no matplotlib)")
    args = parser.parse_args()
    if args.epochs < 1:
        parser.error(f"--epochs: expected at least 1, got {args.epochs}")

    train_x, train_y, test_x, test_y = load_data()
    torch.manual_seed(args.seed)
    model = make_model()
    loader = DataLoader(TensorDataset(train_x, train_y), batch_size=32, shuffle=True)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)

    started = time.perf_counter()
    history = []
    for _ in progress(args.epochs):
        train_loss = train_one_epoch(model, loader, optimizer)
        test_loss, predictions = evaluate(model, test_x, test_y)
        history.append((train_loss, test_loss, (predictions == test_y).float().mean().item()))
    seconds = time.perf_counter() - started
    print(
        f"trained on {len(train_y)} digits, {args.epochs} epochs in {seconds:.1f} s, loss {train_loss:.4f}\n"
    )
    print(classification_report(test_y.numpy(), predictions.numpy(), digits=3, zero_division=0))

    args.output.mkdir(parents=True, exist_ok=True)
    weights = args.output / "digits.npz"
    np.savez(weights, **{name: value.numpy() for name, value in model.state_dict().items()})
    print(f"weights: {weights} (read them with numpy.load)")
    if not args.no_plot:
        picture = args.output / "digits.png"
        images = test_x.numpy().reshape(-1, 8, 8)
        save_picture(picture, history, images, test_y.numpy(), predictions.numpy())
        print(f"picture: {picture}")
    print(f"test accuracy {history[-1][2]:.4f}")


if __name__ == "__main__":
    main()
