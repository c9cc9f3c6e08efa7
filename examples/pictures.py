"""The pictures that the examples draw. They are small files: few colors, and nothing that is not needed."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

COLORS = 128  # in a file


def new_figure(width: float = 10, height: float = 4) -> Any:
    """An empty figure, that needs no screen."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    return pyplot.figure(figsize=(width, height), layout="constrained")


def save_figure(figure: Any, path: Path) -> None:
    """Write a figure as a PNG file with a palette, a third of the size that it has without, and forget it."""
    from matplotlib import pyplot
    from PIL import Image

    memory = io.BytesIO()
    figure.savefig(memory, dpi=100)
    pyplot.close(figure)
    image = Image.open(memory).convert("RGB")
    image.quantize(COLORS, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE).save(path, optimize=True)


def draw_curves(axes: Any, curves: Mapping[str, Sequence[float]], every: float = 1, **labels: Any) -> None:
    """A line for each of these lists of numbers, of which there is one `every` so many epochs, or what `xlabel` says.

    `labels` are what `axes.set` takes.
    """
    for name, values in curves.items():
        axes.plot(every * np.arange(1, len(values) + 1), values, ".-" if len(values) <= 50 else "-", label=name)
    axes.set(**{"xlabel": "epoch", **labels})
    axes.xaxis.get_major_locator().set_params(integer=True)
    if len(curves) > 1:
        axes.legend(frameon=False)
    axes.grid(alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)


def draw_images(figure: Any, images: np.ndarray, titles: Sequence[str], columns: int = 6) -> None:
    """Images of shape (N, height, width) in a grid, each below its title."""
    rows = max(1, -(-len(images) // columns))
    for axes in (grid := figure.subplots(rows, columns, squeeze=False).flatten()):
        axes.axis("off")
    for axes, image, title in zip(grid, images, titles, strict=False):
        axes.imshow(image, cmap="gray_r")
        axes.set_title(title, fontsize=9)


def draw_mistakes(
    figure: Any, images: np.ndarray, targets: np.ndarray, predictions: np.ndarray, most: int = 12
) -> None:
    """The first images that were misread, with what they show and what they were taken for."""
    wrong = np.flatnonzero(predictions != targets)
    figure.suptitle(f"misread: {len(wrong)} of {len(targets)}")
    titles = [f"{targets[index]} read as {predictions[index]}" for index in wrong[:most]]
    draw_images(figure, images[wrong[:most]], titles, columns=4)
