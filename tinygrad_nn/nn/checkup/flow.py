"""How values and gradients get through the layers: dead units, parameters without gradients, too small, too large."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..._core.tensor import Tensor
from .report import Finding
from .run import Run
from .structure import shown_names

ENOUGH = 8  # a unit that is 0 for fewer examples may be so by chance
DEAD = 0.5  # from this share of dead units on
RATIO = 1e-4  # a layer's gradients against the largest layer's: less are vanishing
GROWTH = 1e3  # a gradient against its parameter: more is exploding


def without_gradient(run: Run) -> Iterator[Finding]:
    """Parameters that the loss does not depend on."""
    if run.stage != "backward" or run.error is not None or not run.gradients:
        return
    missing = [name for name, gradient in run.gradients.items() if gradient is None]
    if not missing:
        return
    names = [f"{run.name}.{name}" for name in missing]
    name = "parameters never reached by a gradient"
    if len(missing) == len(run.gradients):
        cut = isinstance(run.output, Tensor) and not run.output.requires_grad
        yield Finding(
            name, shown_names(names), _line_of_cut(run) or run.line_of_module(run.owner(missing[0])),
            f"The loss depends on no parameter at all{': the output of the model has left the graph' if cut else ''}.",
            "Look for .detach(), .item(), .numpy(), argmax, rounding, no_grad or tensor(...) on the way to the loss.",
        )  # fmt: skip
        return
    unused = [n for n in missing if id(run.owner(n)) not in run.watch.called]
    first = unused[0] if unused else missing[0]
    layer = run.path(run.owner(first))
    if len(unused) == len(missing):
        what = f"{layer} {'and others are' if len(missing) > 2 else 'is'} never used in the forward pass."
        fix = "Use it in forward, or take it away. If it is meant, leave it out of the optimizer."
    else:
        what = f"{layer} is called, but what it gives does not lead to the loss."
        fix = "Look for .detach(), .item(), argmax or no_grad behind it, or for a result that is not used."
    yield Finding(name, shown_names(names), run.line_of_module(run.owner(first)), what, fix)


def _line_of_cut(run: Run) -> Any:
    """The last line of the user's model code, where its output was made."""
    before = run.watch.calls[: run.in_loss]
    return next((call.line for call in reversed(before) if call.line is not None), None)


def dead_relus(run: Run) -> Iterator[Finding]:
    """Units that are 0 for every example of the batch."""
    for call in run.watch.calls[: run.in_loss or None]:
        out = call.output
        if call.op not in ("relu", "relu6", "_relu") or not isinstance(out, np.ndarray) or out.ndim < 2:
            continue
        axes = (0, *range(2, out.ndim)) if out.ndim > 3 else tuple(range(out.ndim - 1))
        examples = out.size // max(1, out.shape[1 if out.ndim > 3 else -1])
        dead = ~(out > 0).any(axis=axes)
        share = float(dead.mean()) if dead.size else 0.0
        if share > DEAD and (examples >= ENOUGH or share == 1):
            yield Finding(
                "dead ReLUs",
                run.path(call.module),
                run.line_for(call),
                f"{int(dead.sum())} of {dead.size} units give 0 for each of the {examples} examples: no gradient gets "
                "through them, so they do not recover.",
                "Lower the learning rate; look at the biases and at the scale of the inputs; or use LeakyReLU or GELU.",
            )


def _layers(run: Run) -> list[tuple[str, float, float]]:
    """Weights with a gradient, in the order in which their layers were called: name, root mean squares of both."""
    order = {key: number for number, key in enumerate(run.watch.called)}
    parameters = run.parameters()
    rows = []
    for name, gradient in run.gradients.items():
        if gradient is None or gradient.ndim < 2 or not gradient.size:
            continue
        place = order.get(id(run.owner(name)), len(order))
        rows.append((place, name, _size(parameters[name]._array), _size(gradient)))
    return [(name, weight, gradient) for _, name, weight, gradient in sorted(rows, key=lambda row: row[0])]


def _size(array: Any) -> float:
    with np.errstate(all="ignore"):
        return float(np.sqrt(np.mean(np.square(array.astype(np.float64)))))


def gradient_sizes(run: Run) -> Iterator[Finding]:
    """Gradients that are not finite, huge, or fade from layer to layer."""
    layers = _layers(run)
    if not layers or not np.isfinite(run.loss._array).all():  # then so are the gradients
        return
    width = max(len(name) for name, *_ in layers)
    table = tuple(f"{n:{width}}  weight {weight:8.2e}  gradient {gradient:8.2e}" for n, weight, gradient in layers)
    large = [row for row in layers if not np.isfinite(row[2]) or row[2] > GROWTH * max(row[1], 1e-3)]
    if large:
        name, weight, gradient = max(large, key=lambda row: row[2] if np.isfinite(row[2]) else np.inf)
        size = f"{gradient / max(weight, 1e-3):.1e} times its weights" if np.isfinite(gradient) else "not finite"
        yield Finding(
            "exploding gradients", f"{run.name}.{name}", run.line_of_module(run.owner(name)),
            f"The gradient of {name} is {size} (root mean squares, by layer, from the first called to the last):",
            "Scale inputs and targets to about 1, lower the learning rate, clip (nn.utils.clip_grad_norm_), or "
            "normalise between the layers.", table,
        )  # fmt: skip
        return
    some = [row for row in layers if row[2] > 0]  # exact zeros have other reasons: dead units, layers that start at 0
    most = max((gradient for *_, gradient in some), default=0.0)
    faint = [row for row in some if row[2] < RATIO * most]
    if faint:
        name, _, gradient = min(faint, key=lambda row: row[2])
        yield Finding(
            "vanishing gradients", f"{run.name}.{name}", run.line_of_module(run.owner(name)),
            f"The gradient of {name} is {gradient / most:.1e} of the largest layer's (root mean squares, by layer, "
            "from the first called to the last):",
            "Use ReLU, GELU or SiLU instead of sigmoid or tanh, normalisation or residual connections between the "
            "layers, and initial weights that fit (nn.init.kaiming_normal_).", table,
        )  # fmt: skip
