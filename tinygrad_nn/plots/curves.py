"""Curves of a training: loss and metrics, epoch by epoch."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .._core.errors import near
from ..metrics.reading import Array
from .canvas import matplotlib, new_figure, numbers, own_axes, tidy

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_LOWER_IS_BETTER = ("loss", "error", "mse", "mae", "rmse", "perplexity")
_SHOWN = {
    "lr": "learning rate", "seconds": "seconds", "mse": "mean squared error", "mae": "mean absolute error",
    "rmse": "root mean squared error", "r2": "R²", "auc": "area under the ROC curve",
}  # fmt: skip
_SPREAD = 20  # a loss that falls by more than this factor is drawn on a logarithmic scale


def curve(history: Mapping[str, Sequence[float]], name: str = "loss", ax: Axes | None = None) -> Axes:
    """How a number went, in training and in validation. The best epoch of the validation is marked.

    Args:
        history: a list of numbers for each name, one for each epoch, as `Trainer.fit` returns it. Those of the
            validation have "val_" in front of their name.
        name: what to draw.
        ax: where to draw; a new figure if None.

    Raises:
        KeyError: the history has no such name.

    Example:
        >>> from tinygrad_nn import plots
        >>> ax = plots.curve({"loss": [1.0, 0.5, 0.3], "val_loss": [1.1, 0.7, 0.8]})
        >>> ax.get_xlabel(), ax.get_ylabel()
        ('epoch', 'loss')
    """
    name = name.removeprefix("val_")
    if name not in history and f"val_{name}" not in history:
        raise KeyError(f"the history has no {name!r}.{near(name, history)} It has {', '.join(history)}")
    ax = own_axes(ax)
    train, validation = _numbers(history, name), _numbers(history, f"val_{name}")
    if train is not None:
        ax.plot(_epochs(train), train, ".-", color="tab:blue", label="training", markersize=_markers(train))
    if validation is not None:
        ax.plot(
            _epochs(validation), validation, ".-", color="tab:orange", label="validation",
            markersize=_markers(validation),
        )  # fmt: skip
        _mark_best(ax, validation, name)
    shown = _SHOWN.get(name, name.replace("_", " "))
    ax.set(xlabel="epoch", ylabel=shown)
    ax.set_title(shown[:1].upper() + shown[1:], fontsize=11)
    _scale(ax, [values for values in (train, validation) if values is not None], name)
    epochs = max((len(values) for values in (train, validation) if values is not None), default=1)
    ax.set_xlim(1 - max(0.02 * epochs, 0.15), epochs + max(0.02 * epochs, 0.15))
    ax.xaxis.set_major_locator(matplotlib("ticker").MaxNLocator(integer=True, nbins=8, min_n_ticks=1))
    tidy(ax)
    ax.legend(frameon=False, fontsize=9, loc="best")
    return ax


def _numbers(history: Mapping[str, Sequence[float]], name: str) -> Array | None:
    if name not in history:
        return None
    values = numbers(history[name]).astype(np.float64)
    return values if values.ndim == 1 else None


def _epochs(values: Array) -> Array:
    return np.arange(1, len(values) + 1)


def _markers(values: Array) -> float:
    return 7.0 if len(values) <= 50 else 0.0


def _mark_best(ax: Axes, values: Array, name: str) -> None:
    if np.isnan(values).all():
        return
    lower = any(word in name for word in _LOWER_IS_BETTER)
    best = int(np.nanargmin(values) if lower else np.nanargmax(values))
    ax.plot(
        best + 1, values[best], "o", markersize=9, markerfacecolor="none", color="tab:orange",
        label=f"best: {values[best]:.4g} (epoch {best + 1})",
    )  # fmt: skip


def _scale(ax: Axes, curves: Sequence[Array], name: str) -> None:
    """A logarithmic scale for a loss that falls far; a scale that ends at 1 for shares."""
    finite = np.concatenate([values[np.isfinite(values)] for values in curves])
    if not len(finite):
        return
    falls = any(word in name for word in (*_LOWER_IS_BETTER, "lr"))
    if falls and finite.min() > 0 and finite.max() / finite.min() > _SPREAD:
        ticker = matplotlib("ticker")
        ax.set_yscale("log")
        ax.set_ylabel(f"{ax.get_ylabel()} (logarithmic scale)")
        decades = np.log10(finite.max() / finite.min())
        ax.yaxis.set_major_locator(ticker.LogLocator(subs=(1, 2, 5) if decades < 2.5 else (1,)))
        ax.yaxis.set_major_formatter(ticker.FuncFormatter(lambda value, _: f"{value:g}"))
        ax.yaxis.set_minor_formatter(ticker.NullFormatter())
    elif not falls and finite.min() >= 0 and finite.max() <= 1:
        bottom, _ = ax.get_ylim()
        ax.set_ylim(bottom, 1 + (1 - bottom) * 0.03)
        ax.set_yticks([tick for tick in ax.get_yticks() if bottom <= tick <= 1.0001])


def history(
    history: Mapping[str, Sequence[float]], names: Sequence[str] | None = None, figure: Any = None
) -> Any:
    """Curves of the loss and of all metrics, side by side.

    Args:
        history: as `Trainer.fit` returns it; see `curve`.
        names: what to draw; the loss and the metrics if None.
        figure: a figure or subfigure to draw into; a new one if None.

    Returns:
        The figure.

    Example:
        >>> from tinygrad_nn import plots
        >>> figure = plots.history({"loss": [1.0, 0.5], "accuracy": [0.6, 0.8], "lr": [0.1, 0.1]})
        >>> [ax.get_title() for ax in figure.axes]
        ['Loss', 'Accuracy']
    """
    if names is None:
        known = dict.fromkeys(name.removeprefix("val_") for name in history)
        names = [name for name in known if name not in ("lr", "seconds") and _is_curve(history, name)]
    if not names:
        raise ValueError(f"the history has nothing to draw: it has {', '.join(history) or 'no names'}")
    columns = min(len(names), 3)
    rows = math.ceil(len(names) / columns)
    figure = figure or new_figure(4.4 * columns + 0.4, 3.5 * rows + 0.2)
    panels = figure.subplots(rows, columns, squeeze=False).ravel()
    for ax, name in zip(panels, names, strict=False):
        curve(history, name, ax)
    for ax in panels[len(names) :]:
        ax.remove()
    return figure


def _is_curve(history: Mapping[str, Sequence[float]], name: str) -> bool:
    return any(_numbers(history, each) is not None for each in (name, f"val_{name}"))
