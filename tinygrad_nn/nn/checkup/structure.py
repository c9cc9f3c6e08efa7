"""What can be seen of a model without running it: hidden layers, the optimizer's parameters, modes, schedules."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from typing import Any

from ..._core.lines import Line
from ..checks import evaluations, is_mode_dependent
from ..hidden import hidden_in, line_of_attribute
from .report import Finding
from .run import Run


def shown_names(names: list[str], most: int = 4) -> str:
    """Some names, and how many more there are."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def plain_containers(run: Run) -> Iterator[Finding]:
    """Layers or parameters in plain lists."""
    for hidden in hidden_in(run.model):
        what = "parameters" if hidden.kind == "Parameter" else "layers"
        kind = type(hidden.container).__name__
        where = ".".join(part for part in (run.name, hidden.path, hidden.attribute) if part)
        yield Finding(
            f"{what} in a plain {kind}",
            where,
            line_of_attribute(hidden.owner, hidden.attribute) or run.line_of_module(hidden.owner),
            f"{where} is a {kind} that holds {len(hidden.items)} {what}. They are not registered: they are missing "
            "from parameters(), so no optimizer trains them, from state_dict(), so they are not saved, and from "
            "train(), eval() and to().",
            f"Write self.{hidden.attribute} = {hidden.holder}(...). Where it is meant, as for a frozen teacher, "
            "nothing is wrong.",
        )


def missing_from_optimizer(run: Run) -> Iterator[Finding]:
    """Parameters of the model that the optimizer does not have."""
    if run.optimizer is None:
        return
    held = {id(p) for group in run.optimizer.param_groups for p in group["params"]}
    parameters = run.parameters()
    missing = [name for name, parameter in parameters.items() if id(parameter) not in held]
    if not missing:
        return
    strangers = len(held - {id(p) for p in run.model.parameters()})
    made = getattr(run.optimizer, "_made_at", None)
    if len(missing) == len(parameters):
        what = "The optimizer has none of the model's parameters"
        what += f", but {strangers} others: was the model made anew after it?" if strangers else "."
    else:
        what = f"{len(missing)} of {len(parameters)} parameters are not in the optimizer: they are never updated."
        what += f" It has {strangers} that the model does not have." if strangers else ""
    kind = type(run.optimizer).__name__
    yield Finding(
        "parameters missing from the optimizer",
        shown_names([f"{run.name}.{name}" for name in missing]),
        Line(*made) if made is not None else run.line_of_module(run.owner(missing[0])),
        what,
        f"Make it with all of them: {kind}({run.name}.parameters(), ...), after the model is complete, or add them "
        "with optimizer.add_param_group({'params': ...}). Those that are to stay as they are: requires_grad_(False).",
    )


def modes(run: Run) -> Iterator[Finding]:
    """Evaluation in train mode, training in evaluation mode, and modes that are mixed."""
    layers = [(path, module) for path, module in run.model.named_modules() if is_mode_dependent(module)]
    training = [run.path(module) for _, module in layers if module.training]
    seen = evaluations.get(run.model)
    name = "evaluation left in train mode"
    if seen is not None and training:
        what = f"{run.name} was called without gradients, after it had been trained, with its layers in train mode."
        yield Finding(name, shown_names(training), Line(*seen), what, _CALL_EVAL.format(run.name))
    elif not run.recording and training:
        yield Finding(
            name, shown_names(training), run.doctor_line,
            f"Gradients are off (no_grad), and {run.name} is in train mode: dropout drops, and batch normalisation "
            "uses and changes the statistics of the batch.", _CALL_EVAL.format(run.name),
        )  # fmt: skip
    elif not run.model.training and training:
        yield Finding(
            name, shown_names(training), run.line_of_module(run.model),
            f"{run.name} is in evaluation mode, but these layers in it are in train mode.", _CALL_EVAL.format(run.name),
        )  # fmt: skip
    elif run.optimizer is not None and run.recording and layers and not training:
        yield Finding(
            "training left in evaluation mode", shown_names([run.path(module) for _, module in layers]),
            run.doctor_line,
            "An optimizer is given, and these layers are in evaluation mode: dropout does nothing, and the statistics "
            "of batch normalisation stand still.",
            f"Call {run.name}.train() before training, after every {run.name}.eval().",
        )  # fmt: skip


_CALL_EVAL = "Call {0}.eval() before evaluating, and {0}.train() afterwards."


def schedules(run: Run) -> Iterator[Finding]:
    """A schedule of learning rates that was stepped before the optimizer."""
    optimizer = run.optimizer
    if optimizer is None or optimizer.state or getattr(optimizer, "_opt_called", False):
        return
    for scheduler in _schedulers_of(optimizer):
        if scheduler._step_count > 1:  # the first step is that of its making
            yield Finding(
                "scheduler stepped before its optimizer",
                type(scheduler).__name__,
                run.doctor_line,
                f"{type(scheduler).__name__} has been stepped, and the optimizer has not: the first value of the "
                "schedule is skipped. (There was a warning at that line.)",
                "Call optimizer.step() before scheduler.step().",
            )
            return


def _schedulers_of(optimizer: Any) -> list[Any]:
    """The schedules of an optimizer, which know it, and not the other way round: found by who refers to it."""
    found = []
    for holder in gc.get_referrers(optimizer):
        for owner in gc.get_referrers(holder) if isinstance(holder, dict) else [holder]:
            if getattr(owner, "optimizer", None) is optimizer and isinstance(getattr(owner, "_step_count", None), int):
                found.append(owner)
    return found
