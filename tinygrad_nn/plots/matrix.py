"""The confusion matrix."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .canvas import (
    LONGEST_NAME,
    class_names,
    font_for,
    label_ticks,
    matplotlib,
    numbers,
    own_axes,
    percent,
    set_title,
    size_of,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_CELL, _CHARACTER = 0.36, 0.095  # inches: a cell among many, with room for five digits; a character of a name


def confusion_matrix(
    matrix: Any, names: Sequence[Any] | None = None, *, title: str | None = None, ax: Axes | None = None
) -> Axes:
    """How often each class was taken for each. The numbers are counts, the colours shares of the true class.

    Args:
        matrix: counts, (classes, classes), with a row for each true class: as `metrics.ConfusionMatrix` and
            scikit-learn have it.
        names: of the classes; their numbers if None.
        title: what stands above; the share that is right if None.
        ax: where to draw; a new figure, large enough for all classes, if None.

    Raises:
        ValueError: the matrix is not square, or has more classes than there are names.

    Example:
        >>> from tinygrad_nn import plots
        >>> ax = plots.confusion_matrix([[48, 2], [5, 45]], names=["cat", "dog"])
        >>> ax.get_title()
        'Confusion matrix: 93.0 % of 100 are right'
    """
    counts = numbers(matrix)
    if counts.ndim != 2 or counts.shape[0] != counts.shape[1] or not len(counts):
        raise ValueError(f"a confusion matrix is square, (classes, classes), got shape {counts.shape}")
    classes = len(counts)
    names = class_names(names, classes)
    if ax is None:
        longest = max(map(len, names))
        # There is room for a few names below their columns, in up to three lines.
        side = max(2.6, classes * _CELL, classes * longest / 3 * _CHARACTER * (classes <= 4))
        beside = min(longest, LONGEST_NAME) * _CHARACTER
        ax = own_axes(None, max(side + beside + 1.7, 5.2), side + (beside if classes > 4 else 0.5) + 0.7)
    with np.errstate(all="ignore"):
        shares = np.nan_to_num(counts / counts.sum(axis=1, keepdims=True))
    # Most mistakes are a few per cent of their class: on this scale they can be seen.
    image = ax.imshow(shares, cmap="Blues", norm=matplotlib("colors").PowerNorm(0.5, 0, 1))
    ticks = [0, 0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 1] if size_of(ax)[1] > 180 else [0, 0.1, 0.5, 1]
    bar = ax.figure.colorbar(image, ax=ax, shrink=0.8, ticks=ticks)
    bar.ax.set_yticklabels([percent(tick) for tick in ticks])
    bar.set_label("share of the true class")
    bar.outline.set_visible(False)
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    ax.set(xlabel="predicted class", ylabel="true class")
    for _ in range(2):  # names take room from the cells, which then have less for names
        room = min(size_of(ax)) / classes
        for which in ("x", "y"):
            label_ticks(ax, which, names, room)
    _write_counts(ax, counts, shares, min(size_of(ax)) / classes)
    total = counts.sum()
    right = f"{percent(np.trace(counts) / total, 1)} of {_number(total)} are right" if total else "nothing was counted"
    set_title(ax, f"Confusion matrix: {right}" if title is None else title)
    return ax


def _number(value: float) -> str:
    """A count, or a weighted one."""
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:.3g}"


def _write_counts(ax: Axes, counts: Any, shares: Any, room: float) -> None:
    """The numbers that are not 0, unless they would be too small to read."""
    texts = [[_number(value).replace(",", "") for value in row] for row in counts]
    longest = max(len(text) for row in texts for text in row)
    font = font_for(longest, room * 0.92, room)
    if font < 5:
        return
    for row, column in np.argwhere(counts != 0):
        color = "white" if shares[row, column] > 0.3 else "#20304a"
        ax.text(column, row, texts[row][column], ha="center", va="center", fontsize=font, color=color)
