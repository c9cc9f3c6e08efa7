"""Bars: the probabilities of an example, and how much gradient reaches each layer."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..nn import Module
from .canvas import (
    class_names,
    label_ticks,
    new_figure,
    numbers,
    own_axes,
    percent,
    set_title,
    shortened,
    size_of,
    tidy,
)
from .pictures import as_pictures, show

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def probabilities(
    values: Any,
    names: Sequence[Any] | None = None,
    *,
    truth: int | None = None,
    most: int = 10,
    image: Any = None,
    ax: Axes | None = None,
) -> Axes:
    """The probability of each class for one example. The prediction is blue, the truth green.

    Args:
        values: probabilities, (classes,).
        names: of the classes; their numbers if None.
        truth: the number of the true class, if it is known.
        most: with more classes than this, only the most likely ones (and the true one) are shown.
        image: the example itself, to be shown beside the bars; in a new figure only.
        ax: where to draw; a new figure if None.

    Raises:
        ValueError: there are several examples; or an image and axes.

    Example:
        >>> from tinygrad_nn import plots
        >>> ax = plots.probabilities([0.1, 0.7, 0.2], ["cat", "dog", "cow"], truth=2)
        >>> ax.get_title()
        'Predicted: dog (70.0 %), true: cow'
    """
    shares = numbers(values).astype(np.float64)
    if shares.ndim == 2 and len(shares) == 1:
        shares = shares[0]
    if shares.ndim != 1 or not len(shares):
        raise ValueError(f"probabilities: expected those of one example, (classes,), got shape {shares.shape}")
    if image is not None and ax is not None:
        raise ValueError("image: it is drawn beside the bars, in a figure of its own. Leave ax away")
    names = class_names(names, len(shares))
    order = _shown(shares, truth, most)
    height = max(1.8, 0.32 * len(order) + 1.1)
    if image is not None:
        picture, ax = new_figure(8.0, max(height, 2.6)).subplots(1, 2, width_ratios=(2, 3))
        show(picture, as_pictures(np.asarray(numbers(image))[None])[0])
    ax = own_axes(ax, 6.0, height)
    predicted = int(shares.argmax())
    colors = ["tab:green" if number == truth else "tab:blue" if number == predicted else "#b8c4d0" for number in order]
    ax.barh(range(len(order)), shares[order], color=colors)
    for place, number in enumerate(order):
        ax.annotate(
            percent(shares[number], 1), (shares[number], place), (3, 0), textcoords="offset points",
            va="center", fontsize=9,
        )  # fmt: skip
    ax.set(xlim=(0, 1.16), ylim=(len(order) - 0.4, -0.6), xlabel="probability", ylabel="class")
    ax.set_xticks(np.arange(0, 1.01, 0.25), [percent(share) for share in np.arange(0, 1.01, 0.25)])
    title = f"Predicted: {shortened(names[predicted])} ({percent(shares[predicted], 1)})"
    if truth is not None:
        title += ", which is right" if truth == predicted else f", true: {shortened(names[truth])}"
    if len(order) < len(shares):
        title += f"\nthe {len(order)} most likely of {len(shares)} classes"
    tidy(ax, "x")
    for _ in range(2):  # the title takes room from the names, and they from it
        label_ticks(ax, "y", [names[number] for number in order], size_of(ax)[1] / (len(order) + 0.2))
        set_title(ax, title)
    return ax


def _shown(shares: Any, truth: int | None, most: int) -> list[int]:
    """The classes to show, in their own order, or the most likely first where there are too many."""
    if len(shares) <= most:
        return list(range(len(shares)))
    order = [int(number) for number in np.argsort(-shares, kind="stable")[:most]]
    if truth is not None and truth not in order:
        order[-1] = truth
    return order


def gradient_flow(model: Any, *, biases: bool = False, ax: Axes | None = None) -> Axes:
    """How large the gradients of each layer are, after ``loss.backward()``: their mean size, and the largest one.

    Where bars get shorter and shorter toward the first layer, gradients vanish; where they grow, they explode.

    Args:
        model: the module; or its parameters by name.
        biases: whether biases are shown, too.
        ax: where to draw; a new figure if None.

    Raises:
        ValueError: there are no parameters, or none has a gradient.

    Example:
        >>> import tinygrad_nn as tg
        >>> from tinygrad_nn import nn, plots
        >>> model = nn.Sequential(nn.Linear(4, 3), nn.Sigmoid(), nn.Linear(3, 1))
        >>> model(tg.ones(2, 4)).sum().backward()
        >>> ax = plots.gradient_flow(model)
        >>> [label.get_text() for label in ax.get_yticklabels()]
        ['0.weight', '2.weight']
    """
    named = model.named_parameters() if isinstance(model, Module) else dict(model).items()
    parameters = [(name, p) for name, p in named if biases or p.dim() > 1]
    if not parameters:
        raise ValueError("gradient_flow: there are no weights to show. For those of one dimension give biases=True")
    if all(parameter.grad is None for _, parameter in parameters):
        raise ValueError("gradient_flow: no parameter has a gradient. Call it after loss.backward()")
    sizes = [None if p.grad is None else np.abs(p.grad._array).astype(np.float64) for _, p in parameters]
    means = np.array([0.0 if size is None else size.mean() for size in sizes])
    largest = np.array([0.0 if size is None else size.max() for size in sizes])
    ax = own_axes(ax, 6.6, max(2.2, 0.3 * len(sizes) + 1.4))
    places = np.arange(len(sizes))
    ax.barh(places, largest, color="#b9d3ee", label="largest")
    ax.barh(places, means, height=0.5, color="tab:blue", label="mean")
    _set_scale(ax, means, largest)
    for place, size in enumerate(sizes):
        if size is None or not size.any():
            text = "no gradient" if size is None else "all zero"
            ax.annotate(text, (0, place), (4, 0), xycoords=("axes fraction", "data"), textcoords="offset points",
                        va="center", fontsize=9, color="tab:red")  # fmt: skip
    ax.set(xlabel="size of the gradients (absolute value)", ylabel="from input to output")
    ax.set_ylim(len(sizes) - 0.4, -0.6)
    ax.legend(frameon=False, fontsize=9, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    tidy(ax, "x")
    label_ticks(ax, "y", [name for name, _ in parameters], size_of(ax)[1] / len(sizes))
    set_title(ax, "Gradient flow by layer")
    return ax


def _set_scale(ax: Axes, means: Any, largest: Any) -> None:
    """A logarithmic scale, with some room on both sides."""
    positive = means[(means > 0) & np.isfinite(means)]
    finite = largest[np.isfinite(largest)]
    if len(positive):
        ax.set_xscale("log")
        ax.set_xlim(10 ** math.floor(math.log10(positive.min()) - 0.3), max(finite.max(), positive.max()) * 2)
