"""The decision boundary of a problem with two inputs."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..metrics.probabilities import are_probabilities, softmax
from ..metrics.reading import Array
from ..nn import Module
from .canvas import class_names, matplotlib, numbers, own_axes, percent, set_title, shortened

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MARKERS = "osD^vP*X"


def decision_boundary(
    model: Any,
    x: Any,
    y: Any,
    names: Sequence[Any] | None = None,
    *,
    features: Sequence[str] = ("first feature", "second feature"),
    resolution: int = 200,
    ax: Axes | None = None,
) -> Axes:
    """Which class a model predicts where, and the examples. The paler the colour, the less sure it is.

    Args:
        model: a module whose outputs are logits, one for each class or one in all; something with ``predict_proba`` or
            ``predict``, such as a `Trainer` or a scikit-learn estimator; or a function of points (N, 2) that gives one
            of these.
        x: the examples, (N, 2).
        y: their class numbers.
        names: of the classes; their numbers if None.
        features: what the two inputs are called.
        resolution: how many points are tried along each axis.
        ax: where to draw; a new figure if None.

    Raises:
        ValueError: the examples do not have two inputs.

    Example:
        >>> import numpy as np
        >>> from tinygrad_nn import plots
        >>> ax = plots.decision_boundary(lambda points: points[:, 0] > 0, [[-1, 0], [1, 1]], [0, 1], ["left", "right"])
        >>> ax.get_title()
        'Decision boundary: 100.0 % of 2 examples are right'
    """
    points, target = numbers(x).astype(np.float64), numbers(y).reshape(-1).astype(np.int64)
    if points.ndim != 2 or points.shape[1] != 2 or len(points) != len(target) or not len(points):
        raise ValueError(
            f"decision_boundary: expected examples (N, 2) and N classes, got {points.shape} and {target.shape}"
        )
    low, high = points.min(axis=0), points.max(axis=0)
    margin = np.where(high > low, (high - low) * 0.08, 0.5)
    low, high = low - margin, high + margin
    across, up = (np.linspace(low[axis], high[axis], resolution) for axis in (0, 1))
    grid = np.stack(np.meshgrid(across, up), axis=-1).reshape(-1, 2)
    shares = _probabilities(model, np.concatenate([grid, points]))
    classes = max(shares.shape[1], int(target.max()) + 1)
    labels = class_names(names, classes)
    colors = _colors(classes)
    ax = own_axes(ax, 7.0 + 1.2 * (classes > 12), 4.6)
    _paint(ax, shares[: len(grid)], colors, (low[0], high[0], low[1], high[1]), resolution)
    for number in np.unique(target):
        rows = points[target == number]
        ax.scatter(
            rows[:, 0], rows[:, 1], s=26, color=colors[number][None], marker=_MARKERS[(number // 10) % len(_MARKERS)],
            edgecolors="white", linewidths=0.6, label=shortened(labels[number]),
        )  # fmt: skip
    right = percent((shares[len(grid) :].argmax(axis=1) == target).mean(), 1)
    ax.set(xlabel=features[0], ylabel=features[1], xlim=(low[0], high[0]), ylim=(low[1], high[1]))
    ax.legend(
        title="true class", loc="upper left", bbox_to_anchor=(1.01, 1.0), borderaxespad=0, frameon=False, fontsize=9,
        ncols=math.ceil(len(np.unique(target)) / 13),
    )  # fmt: skip
    set_title(ax, f"Decision boundary: {right} of {len(points)} examples are right")
    return ax


def _paint(ax: Axes, shares: Array, colors: Array, extent: Any, resolution: int) -> None:
    """Each point of the grid in its class's colour, paler where another class is nearly as likely; and the borders."""
    winners, sure = shares.argmax(axis=1), shares.max(axis=1)
    least = 1 / shares.shape[1]
    strength = 0.15 + 0.4 * np.clip((sure - least) / (1 - least), 0, 1)
    background = 1 - (1 - colors[winners]) * strength[:, None]
    ax.imshow(
        background.reshape(resolution, resolution, 3), extent=extent, origin="lower", aspect="auto",
        interpolation="bilinear",
    )  # fmt: skip
    for number in np.unique(winners)[:-1]:
        ahead = shares[:, number] - np.delete(shares, number, axis=1).max(axis=1)  # of all others
        ax.contour(
            ahead.reshape(resolution, resolution), levels=[0], colors="#404040", linewidths=0.8, extent=extent,
            origin="lower",
        )  # fmt: skip


def _colors(classes: int) -> Array:
    """A colour (red, green, blue) for each class; from the eleventh on they come again, with another marker."""
    ten = np.array([matplotlib("colors").to_rgb(f"C{number}") for number in range(10)])
    return ten[np.arange(classes) % 10]


def _probabilities(model: Any, points: Array) -> Array:
    """Probabilities (N, classes) from whatever the model gives."""
    given = numbers(_asker(model)(points))
    if given.ndim == 2 and given.shape[1] == 1:
        given = given[:, 0]
    if given.ndim == 1 and given.dtype.kind in "iub":
        return np.eye(max(2, int(given.max()) + 1))[given.astype(np.int64)]
    given = given.astype(np.float64)
    if given.ndim == 1:
        one = given if are_probabilities(given) and not isinstance(model, Module) else 1 / (1 + np.exp(-given))
        return np.stack([1 - one, one], axis=1)
    return given if are_probabilities(given) and not isinstance(model, Module) else softmax(given)


def _asker(model: Any) -> Callable[[Array], Any]:
    if isinstance(model, Module):
        return lambda given: _of_module(model, given)
    for name in ("predict_proba", "predict"):
        if hasattr(model, name):
            found: Callable[[Array], Any] = getattr(model, name)
            return found
    if callable(model):
        return lambda given: model(given)
    raise TypeError(f"decision_boundary: expected a module, an estimator or a function, got {type(model).__name__}")


def _of_module(model: Module, points: Array) -> Any:
    """The outputs of a module in evaluation mode, which it leaves again."""
    from .._core.modes import no_grad
    from .._core.tensor import wrap

    kinds = [p._array.dtype for p in model.parameters() if p._array.dtype.kind == "f"]
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        with no_grad():
            return model(wrap(points.astype(kinds[0] if kinds else np.float32)))
    finally:
        for module, training in modes:
            module.training = training
