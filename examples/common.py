"""What an example shows while it runs, and the picture that it leaves behind."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np


def progress(epochs: int) -> Iterator[int]:
    """Count epochs behind a progress bar; in plain text where tqdm is not installed."""
    try:
        from tqdm import trange
    except ImportError:
        for epoch in range(epochs):
            print(f"epoch {epoch + 1}/{epochs}", flush=True)
            yield epoch
    else:
        yield from trange(epochs, desc="training", unit="epoch")


def save_picture(
    path: Path,
    history: Sequence[tuple[float, float, float]],
    images: np.ndarray,
    targets: np.ndarray,
    predictions: np.ndarray,
) -> None:
    """Draw how a training went, and the images that were misread.

    Args:
        path: the PNG file to write.
        history: training loss, test loss and test accuracy of each epoch.
        images: the test images, of shape (N, height, width).
        targets: what they show.
        predictions: what they were taken for.
    """
    import matplotlib

    matplotlib.use("Agg")  # draws into files, so no screen is needed
    import matplotlib.pyplot as plt

    figure = plt.figure(figsize=(12, 5), layout="constrained")
    left, right = figure.subfigures(1, 2, width_ratios=(5, 4))
    _draw_curves(left, history)
    _draw_mistakes(right, images, targets, predictions)
    figure.savefig(path, dpi=120)
    plt.close(figure)


def _draw_curves(figure: Any, history: Sequence[tuple[float, float, float]]) -> None:
    train_loss, test_loss, accuracy = zip(*history, strict=True)
    epochs = range(1, len(history) + 1)
    top, bottom = figure.subplots(2, 1, sharex=True)
    top.plot(epochs, train_loss, ".-", label="training")
    top.plot(epochs, test_loss, ".-", label="test")
    top.set(ylabel="cross entropy", yscale="log", title="How it learned")
    top.legend(frameon=False)
    bottom.plot(epochs, accuracy, ".-", color="tab:orange")
    last = (epochs[-1], accuracy[-1])
    bottom.annotate(f"{last[1]:.4f}", last, (0, -20), textcoords="offset points", ha="right")
    bottom.set(xlabel="epoch", ylabel="test accuracy", ylim=(min(0.9, *accuracy) - 0.01, 1))
    for axes in (top, bottom):
        axes.grid(alpha=0.3)
        axes.spines[["top", "right"]].set_visible(False)


def _draw_mistakes(figure: Any, images: np.ndarray, targets: np.ndarray, predictions: np.ndarray) -> None:
    wrong = np.flatnonzero(predictions != targets)
    figure.suptitle(f"What it misread: {len(wrong)} of {len(targets)}")
    rows = min(3, max(1, -(-len(wrong) // 4)))
    grid = figure.subplots(rows, 4).flatten()
    for axes in grid:
        axes.axis("off")
    for axes, index in zip(grid, wrong, strict=False):  # the first twelve, if there are more
        axes.imshow(images[index], cmap="gray_r")
        axes.set_title(f"{targets[index]} read as {predictions[index]}", fontsize=10)
