"""Train a 784-128-64-10 network on MNIST, and time the epochs; with --torch also in PyTorch, side by side.

    python examples/mnist.py --data DIR
    python examples/mnist.py --data DIR --epochs 5 --lr 0.002 --seed 1 --torch

DIR holds MNIST's four IDX files, {train,t10k}-{images-idx3,labels-idx1}-ubyte, plain or .gz: either directly,
or in MNIST/raw, where torchvision keeps them.

`run` is the whole program, and takes the framework as an argument: PyTorch runs the very same lines, with the
same weights and the same order of the digits, as both draw the same random numbers from the same seed.
"""

from __future__ import annotations

import os

# One thread multiplies matrices this small as fast as two, and never waits for the other on a busy machine.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import argparse
import time
from typing import Any, NamedTuple

import numpy as np

import tinygrad_nn
from tinygrad_nn.datasets import MNIST


class Epoch(NamedTuple):
    """What one epoch came to."""

    seconds: float
    loss: float
    accuracy: float


def load_data(folder: str) -> list[np.ndarray]:
    """Pixels in [0, 1] of shape (N, 784) and labels, for training and for the test."""
    arrays = []
    for train in (True, False):
        part = MNIST(folder, train=train)
        arrays += [part.data.numpy().reshape(len(part), 784).astype(np.float32) / 255, part.targets.numpy()]
    return arrays


def run(torch: Any, data: list[np.ndarray], args: argparse.Namespace) -> list[Epoch]:
    """Train and test in this framework: `tinygrad_nn` or `torch`."""
    nn = torch.nn
    train_x, train_y, test_x, test_y = (torch.from_numpy(array) for array in data)
    torch.manual_seed(args.seed)
    model = nn.Sequential(nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, 10))
    optimizer = torch.optim.Adam(model.parameters(), lr=args.lr)
    dataset = torch.utils.data.TensorDataset(train_x, train_y)
    loader = torch.utils.data.DataLoader(dataset, batch_size=args.batch_size, shuffle=True)

    epochs = []
    for number in range(1, args.epochs + 1):
        # smaller steps towards the end settle the weights: the last epoch's are a fifth of the first's
        optimizer.param_groups[0]["lr"] = args.lr * (1 - (number - 1) / args.epochs)
        started, total = time.perf_counter(), 0.0
        for inputs, targets in loader:
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model(inputs), targets)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(targets)
        seconds = time.perf_counter() - started
        with torch.no_grad():
            accuracy = (model(test_x).argmax(dim=1) == test_y).float().mean().item()
        epochs.append(Epoch(seconds, total / len(dataset), accuracy))
        mean = epochs[-1].loss
        print(f"epoch {number}   {seconds:6.2f} s   loss {mean:.4f}   test {accuracy:.4f}", flush=True)
    return epochs


def compare(ours: list[Epoch], theirs: list[Epoch]) -> None:
    """Both frameworks' epochs, line by line."""
    print(f"\n{'':6}{'tinygrad_nn':28}PyTorch\nepoch" + 2 * "    time     loss     test  ")
    for number, (a, b) in enumerate(zip(ours, theirs, strict=True), start=1):
        columns = "  ".join(f"{e.seconds:6.2f} s   {e.loss:.4f}   {e.accuracy:.4f}" for e in (a, b))
        print(f"{number:5} {columns}")
    fast, other = (min(epoch.seconds for epoch in epochs) for epochs in (ours, theirs))
    print(f"\nfastest epoch: {fast:.2f} s, PyTorch {other:.2f} s (ratio {fast / other:.2f})")


def main() -> None:
    """Read the files, train, and print the accuracy on the 10,000 test digits."""
    parser = argparse.ArgumentParser(description="Train a small network on MNIST.")
    parser.add_argument("--data", required=True, help="folder of MNIST's IDX files")
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--lr", type=float, default=2e-3, help="Adam's learning rate in the first epoch")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--torch", action="store_true", help="run it in PyTorch too, and compare")
    args = parser.parse_args()
    if args.epochs < 1:
        parser.error(f"--epochs: expected at least 1, got {args.epochs}")
    try:
        data = load_data(args.data)
    except (RuntimeError, ValueError) as error:
        parser.error(str(error))

    print(f"{len(data[0])} digits to train on, {len(data[2])} to test\n")
    print(f"tinygrad_nn, BLAS threads: {os.environ['OPENBLAS_NUM_THREADS']}")
    ours = run(tinygrad_nn, data, args)
    if args.torch:
        try:
            import torch
        except ImportError:
            parser.exit(1, "--torch: PyTorch is not installed. Install it, or leave --torch out\n")
        print(f"\nPyTorch {torch.__version__}, threads: {torch.get_num_threads()}")
        compare(ours, run(torch, data, args))
    print(f"test accuracy {ours[-1].accuracy:.4f}")


if __name__ == "__main__":
    main()
