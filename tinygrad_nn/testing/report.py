"""How a failed check is told: op, check, call, the worst element, both values, and how far they are apart."""

from __future__ import annotations

from typing import Any

import numpy as np

from .samples import Sample

Array = np.ndarray[Any, Any]


class CheckError(AssertionError):
    """An op does not do what its declaration promises."""


def failure(sample: Sample, check: str, text: str) -> CheckError:
    """The error to raise, which says of which op and call the text speaks."""
    return CheckError(f"{sample.op.name}: check '{check}' failed\n  call: {sample}\n  {text}")


def differences(actual: Array, expected: Array) -> tuple[Array, Array]:
    """Absolute and relative differences; zero where both are the same infinity or both nan."""
    with np.errstate(all="ignore"):
        kind = np.complex128 if np.iscomplexobj(actual) or np.iscomplexobj(expected) else np.float64
        a, b = np.asarray(actual, kind), np.asarray(expected, kind)
        same = (a == b) | (np.isnan(a) & np.isnan(b))
        absolute = np.where(same, 0.0, np.abs(a - b))
        return absolute, np.where(same, 0.0, absolute / np.abs(b))


def compare(
    sample: Sample,
    check: str,
    what: str,
    actual: Array,
    expected: Array,
    *,
    tolerance: float = 0.0,
    names: tuple[str, str] = ("got", "expected"),
) -> None:
    """Hold two arrays equal: bit for bit, or up to a tolerance relative to the greatest value.

    Raises:
        CheckError: they differ; the text names the worst element.
    """
    if actual.shape != expected.shape or actual.dtype != expected.dtype:
        kinds = [f"{array.dtype}{list(array.shape)}" for array in (actual, expected)]
        raise failure(sample, check, f"{what}: {names[0]} is {kinds[0]}, {names[1]} is {kinds[1]}")
    if actual.dtype.kind not in "fc":
        absolute = (actual != expected).astype(np.float64)
        relative, allowed = absolute, 0.0
    else:
        absolute, relative = differences(actual, expected)
        finite = np.abs(expected[np.isfinite(expected)])
        allowed = tolerance * max(float(finite.max(initial=0.0)), 1e-3)
    bad = ~(absolute <= allowed)
    if bad.any():
        raise failure(sample, check, worst(what, actual, expected, absolute, relative, names))


def worst(what: str, actual: Array, expected: Array, absolute: Array, relative: Array, names: tuple[str, str]) -> str:
    """The line on the element that is furthest off."""
    index = np.unravel_index(int(np.argmax(np.where(np.isnan(absolute), np.inf, absolute))), actual.shape)
    place = tuple(int(i) for i in index)
    return (
        f"{what}: worst at index {place}: {names[0]} {actual[index]!s}, {names[1]} {expected[index]!s}, "
        f"absolute error {absolute[index]:.3g}, relative error {relative[index]:.3g}"
    )
