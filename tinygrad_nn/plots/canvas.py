"""Where pictures are drawn: new figures, sizes in points, and texts that fit into them."""

from __future__ import annotations

import importlib
import math
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..metrics.reading import Array, as_array

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FONT, SMALLEST = 10.0, 6.0  # points
_WIDTH_OF_CHARACTER = 0.62  # of the font's size, in DejaVu Sans, on average
LONGEST_NAME = 24  # characters


def matplotlib(part: str) -> Any:
    """A module of matplotlib.

    Raises:
        ImportError: it is not installed.
    """
    try:
        return importlib.import_module(f"matplotlib.{part}")
    except ImportError as error:
        raise ImportError("tinygrad_nn.plots draws with matplotlib: python -m pip install matplotlib") from error


def new_figure(width: float, height: float) -> Any:
    """A figure of this size in inches, whose parts make room for each other."""
    return matplotlib("pyplot").figure(figsize=(width, height), layout="constrained")


def own_axes(ax: Axes | None, width: float = 6.4, height: float = 4.2) -> Axes:
    """The axes that were given, or those of a new figure."""
    if ax is not None:
        matplotlib("pyplot")  # the same error, whatever was given
        return ax
    made: Axes = new_figure(width, height).subplots()
    return made


def size_of(ax: Axes) -> tuple[float, float]:
    """Width and height of axes, in points, as the layout makes them with what they have so far."""
    ax.figure.draw_without_rendering()  # type: ignore[union-attr]  # which figures and subfigures have
    box = ax.get_window_extent()
    scale = 72 / ax.figure.dpi
    return float(box.width) * scale, float(box.height) * scale


def font_for(text_length: float, width: float, height: float, largest: float = FONT) -> float:
    """The size of a font in which so many characters fit into a box of points."""
    return min(largest, width / max(text_length * _WIDTH_OF_CHARACTER, 1e-9), height / 1.3)


def shortened(text: Any, length: int = LONGEST_NAME) -> str:
    """A text of at most so many characters; what is left out is shown as …"""
    whole = str(text)
    return whole if len(whole) <= max(length, 4) else whole[: max(length - 1, 1)].rstrip() + "…"


def class_names(names: Sequence[Any] | None, count: int) -> list[str]:
    """The names of so many classes: their numbers, if there are no names.

    Raises:
        ValueError: there are fewer names than classes.
    """
    if names is None:
        return [str(number) for number in range(count)]
    if len(names) < count:
        raise ValueError(f"names: expected one for each of {count} classes, got {len(names)}")
    return [str(name) for name in names[:count]]


def numbers(values: Any) -> Array:
    """The numbers of a tensor, with or without a graph, or of an array or a list."""
    array = as_array(values)
    return array if array.dtype != object else array.astype(np.float64)


def label_ticks(ax: Axes, which: str, labels: Sequence[str], room: float) -> None:
    """Name the positions 0, 1, ... of an axis, in a font for which there is room; or only some of them.

    Args:
        ax: the axes.
        which: "x" or "y".
        labels: the names.
        room: points for each of them.
    """
    font = min(FONT, max(SMALLEST, room / 1.15))
    step = max(1, math.ceil(font * 1.05 / room))
    positions = list(range(0, len(labels), step))
    lines = max(1, int(room / (font * 1.3)))
    names = [labels[position] for position in positions]
    if which == "y":
        ax.set_yticks(positions, [wrapped(name, LONGEST_NAME, lines) for name in names], fontsize=font)
        return
    flat = [wrapped(name, max(1, int(room * step * 0.95 / (font * _WIDTH_OF_CHARACTER))), 3) for name in names]
    if all(text.replace("\n", " ") == str(name) for text, name in zip(flat, names, strict=True)):
        ax.set_xticks(positions, flat, fontsize=font, rotation=0)
    else:
        ax.set_xticks(positions, [wrapped(name, LONGEST_NAME, lines) for name in names], fontsize=font, rotation=90)


def wrapped(text: str, length: int, lines: int) -> str:
    """A text in at most so many lines of so many characters; what is left out is shown as …"""
    found = textwrap.wrap(text, length, break_long_words=False) or [""]
    if len(found) > lines:
        found = [*found[: lines - 1], " ".join(found[lines - 1 :])]
    return "\n".join(shortened(line, length) for line in found)


def set_title(ax: Axes, title: str) -> None:
    """A title above axes, in as many lines as it takes: wide as they are, and a little more where there is room."""
    width, _ = size_of(ax)
    font = 11.0 if width > 260 else 9.5
    box, whole = ax.get_window_extent(), ax.figure.bbox
    middle = (box.x0 + box.x1) / 2
    beside = 2 * min(middle - whole.x0, whole.x1 - middle) * 72 / ax.figure.dpi
    room = max(12, int(min(beside, width * 1.4) / (font * _WIDTH_OF_CHARACTER)))
    ax.set_title("\n".join(part for line in title.split("\n") for part in _lines(line, room)), fontsize=font)


def _lines(text: str, room: int) -> list[str]:
    """A text in lines, broken where it means the least: behind a colon or comma, and never before a per cent sign."""
    for mark in (": ", ", "):
        first, found, rest = text.partition(mark)
        if len(text) > room and found and len(first) + 1 <= room and len(rest) <= room:
            return [first + mark.strip(), rest]
    return [line.replace("\u00a0", " ") for line in textwrap.wrap(text.replace(" %", "\u00a0%"), room)]


def percent(share: float, digits: int = 0) -> str:
    """A share in words: ``97.5 %``."""
    return f"{100 * share:.{digits}f} %"


def tidy(ax: Axes, grid: str = "both") -> None:
    """No frame on the right and above, and a faint grid behind."""
    ax.spines[["top", "right"]].set_visible(False)
    ax.grid(alpha=0.3, axis=grid)  # type: ignore[arg-type]
    ax.set_axisbelow(True)
