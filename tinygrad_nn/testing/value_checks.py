"""Checks of values, types and memory, for any op."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .._core.op import Op
from .derivatives import grad_outputs, gradients, outputs
from .report import compare, failure
from .samples import Sample, is_float, samples
from .table import REORDERED, Cases, check, factor

_FLOATS = (np.float16, np.float32, np.float64)


@check
def deterministic(op: Op, cases: Cases = None) -> None:
    """The same inputs give the same output, bit for bit."""
    for sample in samples(op, cases, special=True):
        for number, (first, again) in enumerate(zip(outputs(sample), outputs(sample), strict=True)):
            compare(sample, "deterministic", f"output {number}", again, first, names=("second call", "first call"))


def _transposed(array: Any) -> Any:
    return np.asfortranarray(array) if array.ndim > 1 else array.copy()


def _strided(array: Any) -> Any:
    wide = np.zeros((*array.shape[:-1], 2 * array.shape[-1] + 1) if array.ndim else (3,), array.dtype)
    view = wide[..., 1::2] if array.ndim else wide[1:2].reshape(())
    view[...] = array
    return view


def _reversed(array: Any) -> Any:
    backward = (slice(None, None, -1),) * array.ndim + (...,)
    return array[backward].copy()[backward]


def _read_only(array: Any) -> Any:
    copied = array.copy()
    copied.flags.writeable = False
    return copied


LAYOUTS = {"transposed": _transposed, "strided": _strided, "reversed": _reversed, "read-only": _read_only}


@check
def layouts(op: Op, cases: Cases = None) -> None:
    """How the inputs lie in memory, and whether they may be written to, changes neither values nor gradients."""
    for sample in samples(op, cases):
        given = grad_outputs(sample)
        values, grads = outputs(sample), gradients(sample, given) if sample.differentiable else []
        for name, relay in LAYOUTS.items():
            other = sample.replace({i: relay(v) for i, v in enumerate(sample.inputs) if isinstance(v, np.ndarray)})
            _same_in_layout(sample, other, name, given, values, grads)


def _same_in_layout(
    sample: Sample, other: Sample, name: str, given: Sequence[Any], values: list[Any], grads: list[Any]
) -> None:
    names = (f"{name} inputs", "contiguous inputs")
    tolerance = REORDERED * factor(sample.op)
    try:
        found = outputs(other)
    except RuntimeError as error:
        if sample.op.name == "view" and "not compatible" in str(error):
            return  # documented: `view` refuses what would need a copy
        raise
    for number, (a, b) in enumerate(zip(found, values, strict=True)):
        compare(sample, "layouts", f"output {number}", a, b, tolerance=tolerance, names=names)
    if not sample.differentiable:
        return
    # what arrives may lie in any order as well
    relaid = [None if g is None else LAYOUTS[name](g) for g in given]
    for position, a, b in zip(sample.differentiable, gradients(other, relaid), grads, strict=True):
        compare(sample, "layouts", f"gradient of input {position}", a, b, tolerance=tolerance, names=names)


@check
def inputs_unchanged(op: Op, cases: Cases = None) -> None:
    """Neither forward nor backward writes to an input or to the gradient that arrives."""
    for sample in samples(op, cases, special=True):
        given = grad_outputs(sample)
        arrays = {f"input {i}": value for i, value in enumerate(sample.inputs) if isinstance(value, np.ndarray)}
        arrays |= {f"gradient of output {i}": value for i, value in enumerate(given) if value is not None}
        before = {name: array.copy() for name, array in arrays.items()}
        passes: list[Callable[[], Any]] = [functools.partial(outputs, sample)]
        if sample.differentiable:
            passes += [functools.partial(gradients, sample, given, create_graph=recorded) for recorded in (False, True)]
        for run in passes:
            run()
            for name, array in arrays.items():
                compare(sample, "inputs_unchanged", name, array, before[name], names=("afterwards", "before"))


@check
def float_types(op: Op, cases: Cases = None) -> None:
    """Gradients have the type of their input, and outputs too, unless another was asked for."""
    for dtype in map(np.dtype, _FLOATS):
        for sample in samples(op, cases, dtype):
            floating = {value.dtype for value in sample.inputs if is_float(value)}
            asked = any("dtype" in name or name in ("target", "source") for name in sample.options)
            for number, value in enumerate(outputs(sample)):
                if floating and is_float(value) and not asked and value.dtype not in floating:
                    text = f"output {number} is {value.dtype}, the inputs are {dtype}. {_LEAK}"
                    raise failure(sample, "float_types", text)
            _gradient_types(sample)


def _gradient_types(sample: Sample) -> None:
    if not sample.differentiable:
        return
    given = grad_outputs(sample)
    for recorded in (False, True):
        found = gradients(sample, given, create_graph=recorded)
        for position, gradient in zip(sample.differentiable, found, strict=True):
            value = sample.inputs[position]
            if gradient.dtype != value.dtype or gradient.shape != value.shape:
                mode = "recorded" if recorded else "raw"
                leak = f". {_LEAK}" if gradient.dtype != value.dtype else ""
                raise failure(
                    sample, "float_types",
                    f"{mode} gradient of input {position} is {gradient.dtype}{list(gradient.shape)}, the input is "
                    f"{value.dtype}{list(value.shape)}{leak}",
                )  # fmt: skip


_LEAK = (
    "A NumPy scalar or a new array widened it: write 2.0 and math.log(2) instead of np.float64(2) and np.log(2), "
    "and np.zeros_like(x) instead of np.zeros(shape)"
)
