"""All checks on one op, or on any function of tensors, in one call."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .._core.op import Case, Op
from .checks import CHECKS, applicable
from .derivatives import grad_outputs, gradients, outputs
from .records import record_of
from .report import compare
from .samples import Sample, is_float, samples
from .table import factor


def check_op(
    function: Any,
    *,
    cases: Sequence[Case] | None = None,
    reference: Callable[..., Any] | None = None,
    torch_reference: Callable[..., Any] | None = None,
    checks: Sequence[str] | None = None,
    domain: tuple[float, float] | None = None,
    avoid: Sequence[float] | None = None,
    distinct: bool | None = None,
    tolerance: float | None = None,
) -> None:
    """Check everything that has to hold for an op: values, first and second derivatives, types, shapes, memory.

    Args:
        function: what ``@op`` returned, an `autograd.Function`, any differentiable function of tensors, or a module,
            whose parameters are then inputs as well.
        cases: how to call it, made with ``case``: shapes of random inputs, and options. Default: those beside the op;
            for a function one of shape (2, 3) for each argument, for a module one that its first parameter suggests.
        reference: the same in NumPy, to compare values with: ``reference(*arrays, **options)``.
        torch_reference: the same in PyTorch, to compare values and gradients with.
        checks: the names of the checks to run, of those in `CHECKS`. Default: all that mean something for the op.
        domain, avoid, distinct: instead of what the op declares of its random inputs.
        tolerance: how much looser comparisons are, instead of what the op declares.

    Raises:
        AssertionError: a check failed. The text names the op, the check, the call, the worst element, both values, and
            their absolute and relative difference.

    Example:
        >>> import tinygrad_nn as tg
        >>> from tinygrad_nn.testing import check_op
        >>> @tg.op(vjp=lambda g, x: g * 3 * x * x, method=False)
        ... def cube(x, /):
        ...     return x * x * x
        >>> check_op(cube)
        >>> @tg.op(vjp=lambda g, x: g * 2 * x * x, method=False)
        ... def wrong_cube(x, /):
        ...     return x * x * x
        >>> check_op(wrong_cube)  # doctest: +ELLIPSIS
        Traceback (most recent call last):
            ...
        tinygrad_nn.testing.report.CheckError: wrong_cube: check 'gradient' failed
          call: wrong_cube(float64[2, 3])
          gradient of input 0 ('x'): worst at index ...: analytic ..., numeric ..., absolute error ...
    """
    changes = {"domain": domain, "avoid": avoid, "distinct": distinct, "tolerance": tolerance and (tolerance, "given")}
    record, cases = record_of(function, cases)
    record = _changed(record, {name: v for name, v in changes.items() if v is not None})
    for name in applicable(record, cases) if checks is None else checks:
        if name not in CHECKS:
            raise ValueError(f"check_op: there is no check {name!r}; there are {', '.join(CHECKS)}")
        CHECKS[name](record, cases)
    for sample in samples(record, cases):
        if reference is not None:
            _hold_values(sample, reference)
        if torch_reference is not None:
            _hold_torch(sample, torch_reference)


def _changed(record: Op, changes: dict[str, Any]) -> Op:
    return record.changed(**changes) if changes else record


def _hold_values(sample: Sample, reference: Callable[..., Any]) -> None:
    arrays = [v.copy() if isinstance(v, np.ndarray) else v for v in sample.inputs]
    expected = reference(*arrays, **sample.options)
    for number, value in enumerate(outputs(sample)):
        wanted = np.asarray(expected[number] if isinstance(expected, tuple) else expected)
        what = f"output {number}"
        compare(
            sample, "reference", what, value, wanted, tolerance=1e-10 * factor(sample.op), names=("op", "reference")
        )


def _hold_torch(sample: Sample, reference: Callable[..., Any]) -> None:
    torch: Any = importlib.import_module("torch")
    given = grad_outputs(sample)
    tensors = [torch.tensor(v) if isinstance(v, np.ndarray) else v for v in sample.inputs]
    for position in sample.differentiable:
        tensors[position].requires_grad_()
    result = reference(*tensors, **sample.options)
    produced = list(result) if isinstance(result, tuple | list) else [result]
    for number, (value, theirs) in enumerate(zip(outputs(sample), produced, strict=True)):
        wanted = theirs.detach().numpy()
        compare(
            sample,
            "torch",
            f"output {number}",
            value,
            wanted,
            tolerance=1e-10 * factor(sample.op),
            names=("op", "torch"),
        )
    pairs = [(t, torch.tensor(g)) for t, g in zip(produced, given, strict=True) if is_float(g) and t.requires_grad]
    wanted_grads = torch.autograd.grad(
        [t for t, _ in pairs], [tensors[i] for i in sample.differentiable], [g for _, g in pairs], allow_unused=True
    )
    for position, ours, theirs in zip(sample.differentiable, gradients(sample, given), wanted_grads, strict=True):
        wanted = np.zeros_like(ours) if theirs is None else theirs.numpy()
        what = f"gradient of input {position}"
        compare(sample, "torch", what, ours, wanted, tolerance=1e-10 * factor(sample.op), names=("op", "torch"))
