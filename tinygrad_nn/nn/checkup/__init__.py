"""Looking a model over before it is trained: `nn.doctor`."""

from __future__ import annotations

import copy
import sys
from collections.abc import Callable, Iterator
from typing import Any

from ..._core import dtypes
from ..._core.lines import caller, name_of
from ..._core.modes import modes as grad_modes
from ..._core.modes import no_grad
from ..._core.tensor import Tensor
from ..module import Module
from ..parameter import is_lazy
from ..snapshot import RandomState
from . import data, flow, structure
from .report import Finding, Report
from .run import Run, step

__all__ = ["Finding", "Report", "doctor"]

RULES: tuple[Callable[[Run], Iterator[Finding]], ...] = (
    structure.plain_containers,
    structure.missing_from_optimizer,
    structure.schedules,
    structure.modes,
    data.float64_inputs,
    data.failures,
    data.broadcast_losses,
    data.softmax_before_loss,
    data.scores_without_logarithm,
    data.ignored_targets,
    data.soft_targets,
    data.loss_values,
    flow.without_gradient,
    flow.dead_relus,
    flow.gradient_sizes,
)

CHECKED = (
    "layers or parameters in plain lists", "parameters missing from the optimizer",
    "parameters never reached by a gradient", "(N, 1) against (N,) in the loss", "softmax before cross-entropy",
    "targets of the wrong kind", "all targets ignored", "float64 data", "dead ReLUs", "evaluation left in train mode",
    "a scheduler stepped before its optimizer", "exploding or vanishing gradients",
)  # fmt: skip


def doctor(model: Module, loss_fn: Any, batch: Any, optimizer: Any = None) -> Report:
    """Look a model, its loss and a batch over for mistakes that run without an error.

    One training step is run and watched: forward, loss, backward, but no step of the optimizer. The model, its
    gradients and running statistics, the optimizer and the random numbers are as before afterwards. (Hooks of your own
    do run.)

    It looks for: layers or parameters in plain lists; parameters missing from the optimizer, or never reached by a
    gradient; (N, 1) against (N,) in the loss; softmax before cross-entropy; targets of the wrong kind; all targets
    ignored; float64 data; dead ReLUs; evaluation left in train mode; a scheduler stepped before its optimizer;
    exploding or vanishing gradients, by layer. These are signs, not proofs.

    Args:
        model: the model.
        loss_fn: called with ``(output, target)``; None if the model gives its loss itself.
        batch: ``(input, target)``. The input may be a tuple of several arguments or a dictionary of keywords. A single
            tensor is its own target.
        optimizer: the optimizer that is to train the model.

    Returns:
        Report: the findings, each with its line and fix, to be printed, shown in a notebook or looked through.

    Raises:
        TypeError: `model` is no module.

    Example:
        >>> import tinygrad_nn as tg
        >>> from tinygrad_nn import nn
        >>> tg.manual_seed(0)  # doctest: +ELLIPSIS
        <...>
        >>> model = nn.Sequential(nn.Linear(4, 3), nn.Softmax(dim=1))
        >>> report = nn.doctor(model, nn.CrossEntropyLoss(), (tg.randn(8, 4), tg.randint(3, (8,))))
        >>> [finding.name for finding in report]
        ['softmax before cross-entropy']
        >>> report[0].where
        'model.1 (Softmax(dim=1))'
    """
    if not isinstance(model, Module):
        raise TypeError(f"doctor(): argument 'model' must be Module, not {type(model).__name__}")
    frame = caller(sys._getframe(1)) or sys._getframe(1)
    name = name_of(model, frame) or "model"
    args, kwargs, target = _parts(batch)
    model = _with_shapes(model, args, kwargs)
    run = Run(model, loss_fn, args, kwargs, target, optimizer, frame, grad_modes.here.grad, name)
    report = Report(f"nn.doctor on {run.name} ({type(model).__name__})", checked=CHECKED)
    report.findings.extend(data.float64_inputs(run))
    if report.findings:
        _narrow(run)
    step(run)
    for rule in RULES:
        if rule is not data.float64_inputs:
            report.findings.extend(rule(run))
    if run.error is not None:
        report.skipped = f"What comes after the {run.stage} could not be looked at."
    return report


def _parts(batch: Any) -> tuple[tuple[Any, ...], dict[str, Any], Any]:
    """The arguments of the model, by position and by keyword, and the target."""
    if not isinstance(batch, list | tuple):
        return (batch,), {}, batch
    *inputs, target = batch if len(batch) > 1 else (batch[0], batch[0])
    if len(inputs) == 1 and isinstance(inputs[0], dict):
        return (), inputs[0], target
    if len(inputs) == 1 and isinstance(inputs[0], tuple):
        return inputs[0], {}, target
    return tuple(inputs), {}, target


def _with_shapes(model: Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Module:
    """The model; of one with lazy layers, which get their shapes when they are called, a copy that has been called."""
    if not any(map(is_lazy, (*model.parameters(), *model.buffers()))):
        return model
    made, random = copy.deepcopy(model), RandomState()
    try:
        with no_grad():
            made.train(False)(*args, **kwargs)
    finally:
        random.restore()
    for part, original in zip(made.modules(), model.modules(), strict=True):
        part.training = original.training
    return made


def _narrow(run: Run) -> None:
    """Go on with the data in the type of the parameters, so that the rest can be looked at."""
    own = next(p.dtype for p in run.model.parameters() if p._array.dtype.kind == "f")

    def convert(value: Any) -> Any:
        return value.detach().to(own) if isinstance(value, Tensor) and value.dtype is dtypes.float64 else value

    run.args = tuple(map(convert, run.args))
    run.kwargs = {name: convert(value) for name, value in run.kwargs.items()}
    run.target = convert(run.target)
