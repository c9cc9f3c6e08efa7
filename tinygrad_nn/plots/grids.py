"""Many small pictures: examples, mistakes, and what the units of a first layer look for."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import nn
from ..metrics.reading import Array
from .canvas import LONGEST_NAME, SMALLEST, class_names, new_figure, numbers, percent, shortened
from .pictures import as_pictures, show

_NARROW = 0.59  # the width of a character of names in a line, of the font's size: on average, and a little more
_RIGHT, _WRONG = "#1a7f37", "#c62828"


def _grid(
    count: int, figure: Any, width: float, height: float, columns: int | None, beside: float = 0.0
) -> tuple[Any, list[Any]]:
    """A figure with so many axes of so many inches, and more inches beside them all."""
    columns = columns or min(count, 6 if count > 8 else 4)
    rows = math.ceil(count / columns)
    figure = figure if figure is not None else new_figure(max(width * columns + beside, 4.4), height * rows + 0.5)
    axes = list(figure.subplots(rows, columns, squeeze=False).ravel())
    for ax in axes[count:]:
        ax.remove()
    return figure, axes[:count]


def _fitting(count: int, figure: Any, columns: int | None) -> tuple[int, int | None]:
    """How many pictures can be read in a figure that was given, and in how many columns."""
    if figure is None:
        return count, columns
    width, height = figure.bbox.width / figure.dpi, figure.bbox.height / figure.dpi
    columns = columns or min(count, max(1, int(width / 1.25)))
    return min(count, columns * max(1, int((height - 0.4) / 1.25))), columns


def _title_room(figure: Any, axes: Sequence[Any], longest: int = 0) -> tuple[float, int]:
    """The size of the font of the titles above the pictures, and how many characters fit: if it can be, the longest."""
    grid = axes[0].get_gridspec()
    scale = 72 / figure.dpi
    width, height = figure.bbox.width * scale / grid.ncols, figure.bbox.height * scale / grid.nrows
    font = min(9.0, max(SMALLEST, height * 0.11))  # two lines, and the picture
    if longest:
        font = max(SMALLEST, min(font, width * 0.96 / (longest * _NARROW)))
    return font, max(6, int(width * 0.96 / (font * _NARROW)))


def examples(
    images: Any,
    target: Any = None,
    output: Any = None,
    names: Sequence[Any] | None = None,
    *,
    count: int = 16,
    columns: int | None = None,
    shape: tuple[int, ...] | None = None,
    title: str | None = None,
    figure: Any = None,
) -> Any:
    """A grid of examples, each with what was predicted and what is true: green if right, red if wrong.

    Args:
        images: (N, height, width), (N, channels, height, width), or flat, (N, pixels).
        target: the class number of each.
        output: what was predicted: class numbers (N,), or scores (N, classes), the largest of which counts.
        names: of the classes; their numbers if None.
        count: how many are shown: the first ones.
        columns: how many stand beside each other.
        shape: of one image, if they are flat and not square.
        title: what stands above.
        figure: a figure or subfigure to draw into; a new one if None.

    Returns:
        The figure.

    Example:
        >>> import numpy as np
        >>> from tinygrad_nn import plots
        >>> figure = plots.examples(np.eye(4).reshape(1, 16), [1], [0], names=["cat", "dog"])
        >>> figure.axes[0].get_title()
        'cat\\ntrue: dog'
    """
    count, columns = _fitting(min(count, len(images)), figure, columns)
    pictures = as_pictures(images, shape)[:count]
    if not len(pictures):
        raise ValueError("examples: there are none to show")
    target = None if target is None else numbers(target)[: len(pictures)]
    predicted = None if output is None else _classes(numbers(output))[: len(pictures)]
    known = [array for array in (target, predicted) if array is not None]
    names = class_names(names, 1 + max((int(array.max()) for array in known), default=0))
    figure, axes = _grid(len(pictures), figure, 1.55, 1.95, columns)
    font, room = _title_room(figure, axes)
    for place, (ax, picture) in enumerate(zip(axes, pictures, strict=True)):
        show(ax, picture)
        if predicted is None:
            if target is not None:
                ax.set_title(shortened(names[int(target[place])], room), fontsize=font)
            continue
        text, color = shortened(names[int(predicted[place])], room), "black"
        if target is not None:
            right = predicted[place] == target[place]
            text += "" if right else "\ntrue: " + shortened(names[int(target[place])], max(room - 6, 3))
            color = _RIGHT if right else _WRONG
        ax.set_title(text, fontsize=font, color=color)
    what = "Examples" if predicted is None else "Examples, and what was predicted for each"
    if predicted is not None and target is not None:
        what = "Examples, and what was predicted: right (green) or wrong (red)"
    _set_suptitle(figure, what if title is None else title)
    return figure


def _set_suptitle(figure: Any, title: str) -> None:
    """A title above the whole figure, in as many lines as it takes."""
    width = figure.bbox.width * 72 / figure.dpi
    font = 12.0 if width > 300 else 10.0
    figure.suptitle(textwrap.fill(title, max(16, int(width / (font * 0.62)))), fontsize=font)


def _classes(output: Array) -> Array:
    return output.argmax(axis=1) if output.ndim == 2 else output


def mistakes(
    images: Any,
    target: Any,
    probabilities: Any,
    names: Sequence[Any] | None = None,
    *,
    count: int = 12,
    columns: int | None = None,
    shape: tuple[int, ...] | None = None,
    figure: Any = None,
) -> Any:
    """The examples that were classified wrong, the most confident mistake first.

    Args:
        images: (N, height, width), (N, channels, height, width), or flat, (N, pixels).
        target: the class number of each.
        probabilities: of each class, (N, classes).
        names: of the classes; their numbers if None.
        count: how many mistakes are shown at most.
        columns: how many stand beside each other.
        shape: of one image, if they are flat and not square.
        figure: a figure or subfigure to draw into; a new one if None.

    Returns:
        The figure.

    Example:
        >>> import numpy as np
        >>> from tinygrad_nn import plots
        >>> shares = [[0.9, 0.1], [0.2, 0.8], [0.4, 0.6]]
        >>> figure = plots.mistakes(np.zeros((3, 4, 4)), [0, 0, 0], shares)
        >>> [ax.get_title() for ax in figure.axes]
        ['1 (80 %)\\ntrue: 0 (20 %)', '1 (60 %)\\ntrue: 0 (40 %)']
    """
    shares, target = numbers(probabilities), numbers(target).astype(np.int64)
    if shares.ndim != 2 or len(shares) != len(target):
        raise ValueError(f"mistakes: expected probabilities (N, classes) for {len(target)} targets, got {shares.shape}")
    names = class_names(names, shares.shape[1])
    predicted = shares.argmax(axis=1)
    wrong = np.flatnonzero(predicted != target)
    wrong = wrong[np.argsort(-shares[wrong, predicted[wrong]], kind="stable")]
    if not len(wrong):
        figure = figure or new_figure(5.0, 1.4)
        _set_suptitle(figure, f"No mistakes among {len(target)} examples")
        return figure
    count, columns = _fitting(min(count, len(wrong)), figure, columns)
    shown = wrong[:count]
    pictures = as_pictures(numbers(images)[shown], shape)
    figure, axes = _grid(len(shown), figure, 1.75, 2.0, columns)
    longest = max(len(str(names[number])) for number in (*predicted[shown], *target[shown]))
    font, room = _title_room(figure, axes, min(LONGEST_NAME, len("true:  (99 %)") + longest))
    for ax, picture, number in zip(axes, pictures, shown, strict=True):
        show(ax, picture)
        guess = _with_share("", names[predicted[number]], shares[number, predicted[number]], room)
        truth = _with_share("true: ", names[target[number]], shares[number, target[number]], room)
        ax.set_title(f"{guess}\n{truth}", fontsize=font, color=_WRONG)
    total = f"{len(wrong)} of {len(target)} are wrong"
    order = "" if len(shown) == 1 else ", the most confident first"
    _set_suptitle(figure, total + (order if len(shown) == len(wrong) else f"{order} ({len(shown)} shown)"))
    return figure


def _with_share(before: str, name: str, share: float, room: int) -> str:
    told = f" ({percent(share)})"
    return before + shortened(name, max(room - len(before) - len(told), 3)) + told


def weights(
    model: Any,
    *,
    count: int = 36,
    columns: int | None = None,
    shape: tuple[int, ...] | None = None,
    figure: Any = None,
) -> Any:
    """What each unit of the first layer looks for: its weights as an image. Red is positive, blue negative.

    Args:
        model: a module, whose first `Linear` or `Conv2d` is shown; or weights, (units, inputs) or (units, channels,
            height, width).
        count: how many units are shown at most: the first ones.
        columns: how many stand beside each other.
        shape: of an input, (height, width), if it is not square.
        figure: a figure or subfigure to draw into; a new one if None.

    Returns:
        The figure.

    Raises:
        ValueError: there is no such layer, or its inputs are no images.

    Example:
        >>> from tinygrad_nn import nn, plots
        >>> figure = plots.weights(nn.Sequential(nn.Linear(64, 10), nn.ReLU()))
        >>> figure.get_suptitle()
        'Weights of 10 units in the first layer'
    """
    array = _first_weights(model)
    total = len(array)
    array = array[:count]
    if array.ndim == 4 and array.shape[1] not in (1, 3):
        array = array.mean(axis=1, keepdims=True)  # of many channels, what they have in common
    colored = array.ndim == 4 and array.shape[1] == 3
    pictures = as_pictures(array, None if array.ndim == 4 else shape)
    limit = float(np.abs(array).max()) or 1.0
    if figure is not None and columns is None:  # as many as make the images large
        columns = max(1, round(math.sqrt(len(array) * figure.bbox.width * 0.8 / figure.bbox.height)))
    columns = columns or min(len(array), 9 if len(array) > 16 else 6)
    figure, axes = _grid(len(array), figure, 0.95, 1.08, columns, beside=0.0 if colored else 1.0)
    image = None
    for number, (ax, picture) in enumerate(zip(axes, pictures, strict=True)):
        if colored:
            show(ax, picture / (2 * limit) + 0.5)
        else:
            image = show(ax, picture, cmap="RdBu_r", vmin=-limit, vmax=limit)
        ax.set_title(str(number), fontsize=8, pad=2)
    if image is not None:
        bar = figure.colorbar(image, ax=axes, shrink=0.8, aspect=30)
        bar.set_label("weight")
    what = f"{len(array)} of {total} units" if len(array) < total else f"{total} units"
    _set_suptitle(figure, f"Weights of {what} in the first layer" + (" (gray is 0)" if colored else ""))
    return figure


def _first_weights(model: Any) -> Array:
    if not isinstance(model, nn.Module):
        return numbers(model)
    kinds = tuple(kind for name in ("Linear", "Conv2d") if (kind := getattr(nn, name, None)) is not None)
    for layer in model.modules():
        if isinstance(layer, kinds):
            return numbers(layer.weight)
    raise ValueError(f"weights: {type(model).__name__} has neither a Linear nor a Conv2d layer. Give its weights")
