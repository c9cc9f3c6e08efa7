"""Checks of rules: first and second derivatives, and that a rule is the same on arrays and on tensors."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._core.op import Op
from . import numeric
from .derivatives import forward_arrays, grad_outputs, gradients, outputs, second_gradients
from .diagnosed import diagnosed, likely
from .report import compare, failure
from .samples import Sample, samples
from .table import FUSED, REORDERED, Cases, check, factor

_ANALYTIC = ("analytic", "numeric")


def _hold(
    sample: Sample, name: str, what: str, analytic: Any, arrays: list[Any], place: int, functions: Any, weights: Any
) -> None:
    """Compare one gradient with the numeric derivative along a random direction."""
    if not arrays[place].size or not any(weight is not None and weight.size for weight in weights):
        return
    value, complex_value = functions
    if analytic.shape != arrays[place].shape:
        shapes = f"it has shape {list(analytic.shape)}, the input {list(arrays[place].shape)}"
        raise failure(sample, name, f"{what}: {shapes}. A rule sums over what was repeated and gives its input's shape")
    direction = sample.random(2, place).uniform(0.5, 1.0, arrays[place].shape)
    direction *= np.where(sample.random(3, place).random(arrays[place].shape) < 0.5, -1.0, 1.0)
    expected, accuracy = numeric.derivative(value, complex_value, arrays, place, direction, weights)
    parts = analytic * direction
    scale = max(float(np.abs(parts).sum()), abs(expected), 1e-3)
    if abs(float(parts.sum()) - expected) <= accuracy * factor(sample.op) * scale:
        return
    slow = numeric.elementwise(value, arrays, place, weights)

    def note(index: tuple[int, ...]) -> str:
        found = likely(sample, place) if name == "gradient" else ""
        return diagnosed(value, arrays, place, weights, index, analytic, slow, found)

    compare(sample, name, what, analytic, slow, tolerance=accuracy * factor(sample.op), names=_ANALYTIC, note=note)
    raise failure(
        sample, name, f"{what}: along a random direction: analytic {parts.sum():.12g}, numeric {expected:.12g}"
    )


@check
def gradient(op: Op, cases: Cases = None) -> None:
    """The rules give the derivative of the forward function."""
    for sample in samples(op, cases):
        given = grad_outputs(sample)
        arrays = list(sample.inputs)

        def value(changed: list[Any], sample: Sample = sample) -> list[Any]:
            return outputs(sample.replace(dict(enumerate(changed))))

        def complex_value(changed: list[Any], sample: Sample = sample) -> list[Any]:
            return forward_arrays(sample, changed)

        for position, analytic in zip(sample.differentiable, gradients(sample, given), strict=True):
            what = f"gradient of input {position} ('{_name(op, position)}')"
            _hold(sample, "gradient", what, analytic, arrays, position, (value, complex_value), given)


def _name(op: Op, position: int) -> str:
    return op.inputs[min(position, len(op.inputs) - 1)]


@check
def second_gradient(op: Op, cases: Cases = None) -> None:
    """The recorded gradient is differentiable, in the inputs and in the gradient that arrived."""
    for sample in samples(op, cases):
        given = grad_outputs(sample)
        positions = sample.differentiable
        random = sample.random(4)
        weights = [np.asarray(random.uniform(-1.0, 1.0, sample.inputs[i].shape)) for i in positions]
        by_input, by_given = second_gradients(sample, given, weights)
        count = len(positions)

        def value(changed: list[Any], sample: Sample = sample, count: int = count) -> list[Any]:
            values = dict(zip(sample.differentiable, changed[:count], strict=True))
            return list(gradients(sample.replace(values), changed[count:]))

        arrays = [*(sample.inputs[i] for i in positions), *given]
        for place, analytic in enumerate([*by_input, *by_given]):
            if analytic is not None:
                what = f"second gradient, by {f'input {positions[place]}' if place < count else 'the gradient'}"
                _hold(sample, "second_gradient", what, analytic, arrays, place, (value, None), weights)


@check
def raw_equals_recorded(op: Op, cases: Cases = None) -> None:
    """A rule gives on tensors what it gives on arrays, bit for bit; a fused op's parts give what its own rule gives.

    An op that declares a tolerance, with its reason, may round differently.
    """
    tolerance = FUSED * factor(op) if op.parts is not None else 1e-14 * factor(op) if op.tolerance else 0.0
    for sample in samples(op, cases, special=True):
        given = grad_outputs(sample)
        raw, recorded = gradients(sample, given), gradients(sample, given, create_graph=True)
        for position, a, b in zip(sample.differentiable, recorded, raw, strict=True):
            what = f"gradient of input {position}"
            compare(sample, "raw_equals_recorded", what, a, b, tolerance=tolerance, names=("recorded", "raw"))


@check
def linear_in_gradient(op: Op, cases: Cases = None) -> None:
    """A rule is linear in the gradient that arrives."""
    for sample in samples(op, cases):
        first, second = grad_outputs(sample), grad_outputs(sample, 1)
        mixed = [None if a is None or b is None else 3 * a - 0.5 * b for a, b in zip(first, second, strict=True)]
        found = zip(sample.differentiable, *(gradients(sample, g) for g in (mixed, first, second)), strict=True)
        for position, actual, a, b in found:
            what = f"gradient of input {position} for 3 g - h / 2"
            compare(sample, "linear_in_gradient", what, actual, 3 * a - 0.5 * b, tolerance=1e-12 * factor(op))


@check
def each_input_alone(op: Op, cases: Cases = None) -> None:
    """Which other inputs want a gradient does not change an input's own."""
    for sample in samples(op, cases):
        given = grad_outputs(sample)
        for position, expected in zip(sample.differentiable, gradients(sample, given), strict=True):
            for recorded in (False, True):
                (alone,) = gradients(sample, given, only=[position], create_graph=recorded)
                tolerance = FUSED * factor(op) if recorded and op.parts is not None else REORDERED
                what = f"gradient of input {position} when no other wants one"
                compare(sample, "each_input_alone", what, alone, expected, tolerance=tolerance)
