"""What a failed check of a rule says beyond the numbers: whether the point is a kink, what the mistake looks like."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..autograd.diagnosis import kink_text, kinks, likely_mistake, sweep, sweep_text
from ..autograd.jacobians import Differences, analytical_jacobians, outputs, parts_of
from . import numeric
from .samples import Sample

Array = np.ndarray[Any, Any]
_MOST = 2500  # elements of a Jacobian that is computed for a report


def diagnosed(
    value: numeric.Function, arrays: list[Any], place: int, weights: Any, index: tuple[int, ...], analytic: Array,
    slow: Array, likely: str,
) -> str:  # fmt: skip
    """Lines on one element of a gradient that is wrong.

    Args:
        value: the function, on arrays.
        arrays, place: its inputs, and which of them the gradient is for.
        weights: the gradients of its outputs.
        index: the element.
        analytic, slow: the gradient by the rule, and by differences.
        likely: what is known of the mistake already.
    """
    direction = np.zeros_like(arrays[place])
    direction[index] = 1.0

    def along(distance: float) -> Array:
        return np.asarray(numeric.weighted(weights, value(numeric.moved(arrays, place, distance * direction))))

    swept = sweep(along, abs(float(arrays[place][index])))
    allowed = 1e-6 * max(1.0, abs(float(slow[index])))
    if kinks(swept, np.asarray(allowed)):
        sides = float(swept.left), float(swept.right), float(swept.jump), float(analytic[index])
        return kink_text(*sides, allowed)
    likely = likely or likely_mistake(analytic, slow, arrays[place])
    lines = [f"likely: {likely}"] if likely else []
    if np.isfinite(swept.best):
        lines.append(sweep_text(swept, ()))
    return "\n  ".join(lines)


def likely(sample: Sample, place: int) -> str:
    """What the mistake in a rule looks like, by the Jacobians of all inputs; empty where that cannot be said."""
    tensors = sample.tensors(True)
    wanted = list(sample.differentiable)
    produced = [output for output in sample.call(tensors) if output._array.dtype.kind == "f"]
    if not all(output.requires_grad for output in produced):
        return ""
    if sum(output.numel() for output in produced) * max(tensors[i].numel() for i in wanted) > _MOST:
        return ""
    differences = Differences(lambda *inputs: sample.call(inputs), tuple(tensors), wanted, 1e-5)
    by_output: list[dict[int, tuple[Array, Array]]] = []
    for number, output in enumerate(outputs(sample.call(tensors))):
        if output._array.dtype.kind != "f":
            continue
        (part,) = parts_of(output._array)
        found = analytical_jacobians(output, [tensors[i] for i in wanted], part)
        by_output.append({i: (a, differences.jacobian(i, number, part)) for i, a in zip(wanted, found, strict=True)})
    return _said(by_output, place, sample.inputs[place], wanted)


def _said(by_output: list[dict[int, tuple[Array, Array]]], place: int, given: Array, wanted: list[int]) -> str:
    wrong = [number for number, pairs in enumerate(by_output) if not _agree(*pairs[place])]
    if not wrong:
        return "the rule is right for a gradient of 1, but not linear in g: g must be a factor of every term, once"
    if len(wrong) < len(by_output):
        text = f"only what comes from output(s) {wrong} is wrong"
        more = likely_mistake(*by_output[wrong[0]][place], given)
        return f"{text}; there: {more}" if more else text
    analytic, numerical = (np.concatenate(parts, axis=1) for parts in zip(*(p[place] for p in by_output), strict=True))
    for other in wanted:
        if other != place and all(_swapped(pairs[place], pairs[other]) for pairs in by_output):
            return f"this is the gradient of input {other}: the rules are in the wrong order"
    return likely_mistake(analytic, numerical, given)


def _swapped(one: tuple[Array, Array], other: tuple[Array, Array]) -> bool:
    return _agree(one[0], other[1]) and _agree(other[0], one[1])


def _agree(analytic: Array, numerical: Array) -> bool:
    return analytic.shape == numerical.shape and bool(np.allclose(analytic, numerical, rtol=1e-4, atol=1e-5))
