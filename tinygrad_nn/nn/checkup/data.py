"""What is wrong with the data, the targets and the loss."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..._core import dtypes
from ..._core.errors import describe
from ..._core.lines import Line, entries_of, is_users
from ..._core.tensor import Tensor
from .report import Finding
from .run import Call, Run


def float64_inputs(run: Run) -> Iterator[Finding]:
    """Inputs or targets of float64 for a model of another type."""
    own = next((p.dtype for p in run.model.parameters() if p._array.dtype.kind == "f"), None)
    if own is None or own is dtypes.float64:
        return
    given = {**{f"input {n}": v for n, v in enumerate(run.args)}, **run.kwargs, "the target": run.target}
    wide = [name for name, v in given.items() if isinstance(v, Tensor) and v.dtype is dtypes.float64]
    if wide:
        name = str(own).rpartition(".")[2]
        yield Finding(
            "float64 data",
            ", ".join(wide),
            run.doctor_line,
            f"{' and '.join(wide)} {'are' if len(wide) > 1 else 'is'} float64, and the parameters are {name}: layers "
            "refuse it. NumPy's and Python's numbers become float64 on their way through NumPy.",
            f"Convert the data once, where it is loaded: x.float(), or array.astype(np.{name}) before from_numpy.",
        )


def _error_line(run: Run) -> Line:
    """The user's line that an error comes from."""
    entries = [e for e in entries_of(run.error.__traceback__ if run.error else None) if is_users(e.tb_frame)]
    inside = [e for e in entries if e.tb_frame is not run.outside]
    if not inside:
        return run.doctor_line
    last = inside[-1]
    return Line(last.tb_frame.f_code.co_filename, last.tb_lineno, last.tb_frame.f_code.co_name)


def failures(run: Run) -> Iterator[Finding]:
    """What the model or the loss raised."""
    if run.error is None:
        return
    text = str(run.error)
    what = f"{type(run.error).__name__}: {text.split(chr(10))[0]}"
    if run.stage == "loss":
        yield Finding(
            "targets of the wrong kind",
            f"output {_described(run.output)}, target {_described(run.target)}",
            _error_line(run),
            what,
            _fix_for_target(run, text),
        )
    else:
        fix = text.split("\n")[-1].strip() if "\n" in text else "See the message."
        yield Finding(f"the {run.stage} pass fails", run.name, _error_line(run), what, fix)


def _described(value: Any) -> str:
    return describe(value) if isinstance(value, Tensor) else type(value).__name__


def _fix_for_target(run: Run, text: str) -> str:
    """The likely way to make the target fit the output."""
    output, target = run.output, run.target
    if not isinstance(target, Tensor):
        return "Give the target as a tensor: torch.tensor(target)."
    if not isinstance(output, Tensor):
        return f"The model gives a {type(output).__name__}: hand the loss the tensor in it."
    scores = output.ndim >= 2 and output.shape[1] > 1
    if "out of bounds" in text:
        low, high = int(target._array.min()), int(target._array.max())
        size = output.shape[1] if output.ndim > 1 else output.shape[0]
        one = ". They seem to be numbered from 1: target - 1" if low == 1 and high == size else ""
        return f"Classes go from 0 to {size - 1}, the targets from {low} to {high}{one}. Check the number of outputs."
    if scores and target.shape == output.shape and target._array.dtype.kind in "iub":
        return "The target is one-hot: give class numbers, target.argmax(1), or probabilities, target.float()."
    if scores and target.ndim == 2 and target.shape[1] == 1:
        return "Class numbers come in one dimension: target.squeeze(1), and whole: .long()."
    if scores and target._array.dtype.kind == "f" and target.ndim == output.ndim - 1:
        return "Class numbers are integers: target.long()."
    if scores and target.dtype in (dtypes.int32, dtypes.int16, dtypes.int8):
        return "Class numbers are of int64: target.long()."
    if not scores and target._array.dtype.kind in "iub":
        return "This loss compares floating point numbers: target.float()."
    if output.numel() == target.numel():
        return f"Bring both into one shape: target.reshape({list(output.shape)})."
    return "Give the loss a target of the kind and shape that its documentation names."


# --- shapes that broadcast ---------------------------------------------------------------------------------------


def broadcast_losses(run: Run) -> Iterator[Finding]:
    """Outputs (N, 1) and targets (N,), which broadcast to (N, N)."""
    for call in run.watch.calls[run.in_loss :]:
        shapes = [v.shape for v in call.inputs if isinstance(v, np.ndarray)]
        result = call.output.shape if isinstance(call.output, np.ndarray) else ()
        pair = len(shapes) == 2 and shapes[0] != shapes[1] and result not in shapes
        if call.op == "broadcast_to":
            other = run.target if isinstance(run.target, Tensor) else None
            source = shapes[0]
            sizes = {tuple(v.shape) for v in (run.output, other) if isinstance(v, Tensor)}
            pair = len(sizes) == 2 and source in sizes and result not in sizes
            shapes = list(sizes)
        if not pair or not _once_each(shapes):
            continue
        first, second = sorted(shapes, key=len, reverse=True)
        last = run.watch.calls[run.in_loss - 1] if run.in_loss else None
        yield Finding(
            f"{_letters(first)} against {_letters(second)} in the loss",
            f"output {_described(run.output)}, target {_described(run.target)}",
            call.line or run.line_for(last),
            f"{list(first)} and {list(second)} broadcast to {list(result)}: every output is compared with every "
            "target, and the model learns their mean.",
            _fix_for_shapes(run),
        )
        return


def _fix_for_shapes(run: Run) -> str:
    longer, shorter = "output", "target"
    if isinstance(run.target, Tensor) and isinstance(run.output, Tensor) and run.target.ndim > run.output.ndim:
        longer, shorter = shorter, longer
    return f"Give both one shape: {shorter}.unsqueeze(1), or {longer}.squeeze(1)."


def _once_each(shapes: list[Any]) -> bool:
    """Whether two shapes hold the same numbers of elements, but for dimensions of 1, so that they were to be paired."""
    squeezed = [tuple(length for length in shape if length != 1) for shape in shapes]
    return len(shapes) == 2 and squeezed[0] == squeezed[1]


def _letters(shape: tuple[int, ...]) -> str:
    """A shape in letters: ``(N, 1)``."""
    names = iter("NMKLPQRS")
    letters = ["1" if length == 1 else next(names, "?") for length in shape]
    return f"({', '.join(letters)}{',' if len(letters) == 1 else ''})"


# --- losses of classes -------------------------------------------------------------------------------------------


def _class_losses(run: Run) -> list[tuple[Call, Any]]:
    """The calls of the loss that take scores of classes, with the scores."""
    calls = run.watch.calls[run.in_loss :]
    wanted = ("_cross_entropy", "_log_softmax")
    return [(call, call.inputs[0]) for call in calls if call.op in wanted and isinstance(call.inputs[0], np.ndarray)]


def _are_probabilities(scores: Any, axis: int) -> bool:
    """Whether numbers are shares of 1, as a softmax gives them."""
    if scores.ndim < 1 or scores.shape[axis] < 2 or not scores.size:
        return False
    sums = scores.sum(axis)
    return bool((scores >= 0).all() and np.abs(sums - 1).max() < 1e-3)


def softmax_before_loss(run: Run) -> Iterator[Finding]:
    """Probabilities where a loss wants scores."""
    for call, scores in _class_losses(run):
        axis = call.options.get("dim", 1)
        axis = axis if isinstance(axis, int) and scores.ndim > 1 else -1
        if _are_probabilities(scores, axis):
            made = run.watch.made_by(scores, run.watch.calls.index(call))
            yield Finding(
                "softmax before cross-entropy",
                run.path(made.module if made is not None else None),
                run.line_for(made),
                "The loss is given probabilities. cross_entropy takes scores (logits) and applies log_softmax itself; "
                "a softmax before it squeezes them into 0 to 1, so that gradients are small and the loss cannot come "
                "near 0.",
                "Leave the softmax away for training, and apply it where probabilities are wanted.",
            )
            return
    for call in run.watch.calls[run.in_loss :]:
        if call.op == "_bce_with_logits" and isinstance(call.inputs[0], np.ndarray):
            made = run.watch.made_by(call.inputs[0], run.watch.calls.index(call))
            if made is not None and made.op == "sigmoid":
                yield Finding(
                    "sigmoid before binary cross-entropy with logits",
                    run.path(made.module),
                    run.line_for(made),
                    "The loss is given probabilities. binary_cross_entropy_with_logits applies the sigmoid itself.",
                    "Leave the sigmoid away, or use BCELoss.",
                )


def scores_without_logarithm(run: Run) -> Iterator[Finding]:
    """Scores where NLLLoss wants log probabilities."""
    for call in run.watch.calls[run.in_loss :]:
        if call.op != "_nll_loss" or not isinstance(call.inputs[0], np.ndarray) or call.inputs[0].ndim != 2:
            continue
        scores = call.inputs[0].astype(np.float64)
        with np.errstate(all="ignore"):
            sums = np.exp(scores).sum(1)
        if scores.size and not np.abs(sums - 1).max() < 1e-2:
            made = run.watch.made_by(call.inputs[0], run.watch.calls.index(call))
            yield Finding(
                "no log_softmax before NLLLoss",
                run.path(made.module if made is not None else None),
                run.line_for(made),
                "NLLLoss takes the logarithms of probabilities, and these do not sum to 1: the loss has no lower "
                "bound.",
                "Put nn.LogSoftmax(dim=1) before it, or use CrossEntropyLoss on the scores.",
            )
            return


def ignored_targets(run: Run) -> Iterator[Finding]:
    """Targets of which none counts."""
    for call in run.watch.calls[run.in_loss :]:
        ignored = call.options.get("ignore_index")
        arrays = [v for v in call.inputs if isinstance(v, np.ndarray) and v.dtype.kind in "iu"]
        if ignored is not None and arrays and arrays[-1].size and (arrays[-1] == ignored).all():
            yield Finding(
                "all targets ignored",
                f"target {_described(run.target)}",
                call.line or run.doctor_line,
                f"Every target of the batch is ignore_index ({ignored}): the mean over none of them is nan, or "
                "nothing is learned.",
                "Check how the targets are made; leave such batches out, or use reduction='sum' and divide by the "
                "number of targets that count.",
            )
            return


def soft_targets(run: Run) -> Iterator[Finding]:
    """Floating point targets of a cross-entropy that are no probabilities."""
    target, output = run.target, run.output
    if not isinstance(target, Tensor) or not isinstance(output, Tensor) or not _class_losses(run):
        return
    if target.shape != output.shape or target._array.dtype.kind != "f" or target.ndim < 2 or run.error is not None:
        return
    sums = target._array.sum(1)
    if sums.size and not np.abs(sums - 1).max() < 1e-2:
        yield Finding(
            "targets of the wrong kind",
            f"target {_described(target)}",
            run.doctor_line,
            "Targets in the shape of the scores are taken for the probabilities of the classes, and these do not sum "
            f"to 1 (but to {float(sums.min()):.3g} to {float(sums.max()):.3g}).",
            "For several labels at once use BCEWithLogitsLoss; for numbers MSELoss; for one class its number.",
        )


def loss_values(run: Run) -> Iterator[Finding]:
    """A loss that is nan or infinite."""
    if not isinstance(run.loss, Tensor) or run.loss._array.dtype.kind != "f" or np.isfinite(run.loss._array).all():
        return
    if any(ignored_targets(run)):  # which says it better
        return
    bad = next((c for c in run.watch.calls if _not_finite(c.output) and not any(map(_not_finite, c.inputs))), None)
    yield Finding(
        "the loss is not finite",
        str(run.loss._array if run.loss.numel() == 1 else "its elements"),
        run.line_for(bad),
        f"The first operation that gave nan or infinity is {bad.op.strip('_')}()." if bad is not None else "It is nan.",
        "Look at the inputs of that line: logarithms and roots of 0, divisions by 0, inputs that are nan themselves. "
        "tinygrad_nn.debug.trace_nan() follows it element by element.",
    )


def _not_finite(value: Any) -> bool:
    return isinstance(value, np.ndarray) and value.dtype.kind == "f" and not np.isfinite(value).all()
