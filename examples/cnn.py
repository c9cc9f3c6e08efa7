"""Read MNIST's digits with a convolutional network: at least 99.0 % of the 10,000 test digits.

    python examples/cnn.py --data DIR
    python examples/cnn.py --data DIR --epochs 2 --channels 8 16

Two convolutions of 3 x 3, each followed by ReLU and the largest of 2 x 2 neighbours; then a hidden layer, half of which
is dropped while training, and ten classes. Adam's rate rises and falls again within the run (one cycle). This is also
the outlook of four_layer.py: a network that knows that pixels have neighbours.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from common import finish, load_mnist, make_parser, positive, progress, say
from pictures import draw_curves, draw_images, draw_mistakes, new_figure

import tinygrad_nn as torch
from tinygrad_nn import nn
from tinygrad_nn.utils.data import DataLoader, TensorDataset


class Net(nn.Module):
    """Images of shape (N, 1, 28, 28) in, scores of shape (N, 10) out."""

    def __init__(self, first: int, second: int) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, first, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),  # (N, first, 14, 14)
            nn.Conv2d(first, second, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),  # (N, second, 7, 7)
        )  # fmt: skip
        self.classifier = nn.Sequential(
            nn.Flatten(), nn.Linear(second * 7 * 7, 128), nn.ReLU(), nn.Dropout(0.5), nn.Linear(128, 10)
        )

    def forward(self, x: Any) -> Any:
        return self.classifier(self.features(x))


def tensors(images: np.ndarray, labels: np.ndarray) -> tuple[Any, Any]:
    """Pixels in [0, 1], as images of one channel, and labels."""
    return torch.from_numpy(images[:, None].astype(np.float32) / 255), torch.from_numpy(labels)


def train_one_epoch(net: Net, loader: Any, optimizer: Any, scheduler: Any) -> float:
    """One pass over the training digits; returns their mean loss."""
    net.train()
    total = 0.0
    for x, y in loader:
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(net(x), y)
        loss.backward()
        optimizer.step()
        scheduler.step()
        total += loss.item() * len(y)
    return total / len(loader.dataset)


def predict(net: Net, x: Any) -> Any:
    """The most probable digit of each image; 500 at a time, to save memory."""
    net.eval()
    with torch.no_grad():
        return torch.cat([net(part).argmax(dim=1) for part in x.split(500)])


def draw(net: Net, accuracies: list[float], x: Any, y: Any, predictions: Any) -> Any:
    """How it learned, the filters of the first layer, and what it misread."""
    left, middle, right = (figure := new_figure(12, 4)).subfigures(1, 3, width_ratios=(4, 3, 5))
    draw_curves(left.subplots(), {"test": accuracies}, ylabel="test accuracy")
    filters = net.features[0].weight.detach().numpy()[:16, 0]
    middle.suptitle("filters of the first layer")
    draw_images(middle, filters, [""] * len(filters), columns=4)
    draw_mistakes(right, x.numpy()[:, 0], y.numpy(), predictions.numpy())
    return figure


def main() -> None:
    """Train, and test after each epoch."""
    parser = make_parser(__doc__, data="MNIST's IDX files")
    parser.add_argument("--epochs", type=positive, default=5)
    parser.add_argument("--batch-size", type=positive, default=64)
    parser.add_argument("--lr", type=float, default=3e-3, help="Adam's highest rate")
    parser.add_argument("--channels", type=positive, nargs=2, default=[16, 32], help="of the two convolutions")
    args = parser.parse_args()

    train_images, train_labels, test_images, test_labels = load_mnist(args)
    (train_x, train_y), (test_x, test_y) = tensors(train_images, train_labels), tensors(test_images, test_labels)
    torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)
    net = Net(*args.channels)
    loader = DataLoader(TensorDataset(train_x, train_y), batch_size=args.batch_size, shuffle=True)
    optimizer = torch.optim.Adam(net.parameters())
    scheduler = torch.optim.lr_scheduler.OneCycleLR(optimizer, args.lr, total_steps=args.epochs * len(loader))

    started, accuracies = time.perf_counter(), []
    for epoch in progress(args.epochs):
        loss = train_one_epoch(net, loader, optimizer, scheduler)
        predictions = predict(net, test_x)
        accuracies.append((predictions == test_y).float().mean().item())
        say(f"epoch {epoch + 1}: loss {loss:.4f}, test accuracy {accuracies[-1]:.4f}")
    finish(
        args, {"test accuracy": accuracies[-1]}, started, lambda: draw(net, accuracies, test_x, test_y, predictions)
    )


if __name__ == "__main__":
    main()
