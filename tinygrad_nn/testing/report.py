"""How a failed check is told: op, check, call, the worst element, both values, and how far they are apart."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .._core.steps import first_index
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
    note: Callable[[tuple[int, ...]], str] | None = None,
) -> None:
    """Hold two arrays equal: bit for bit, or up to a tolerance relative to the greatest value.

    Args:
        sample, check: the call, and the check that makes it.
        what: what is compared.
        actual, expected, names: the two arrays, and what to call them.
        tolerance: how far they may be apart, as a fraction of the greatest value.
        note: says more about the worst element, given its index.

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
        index = first_index(_worst_first(absolute) == _worst_first(absolute).max())
        text = (
            f"{what}: worst at index {index}: {names[0]} {actual[index]!s}, {names[1]} {expected[index]!s}, "
            f"absolute error {absolute[index]:.3g}, relative error {relative[index]:.3g}"
        )
        if bad.size > 1:
            text += f"\n  {int(bad.sum())} of {bad.size} elements differ"
        more = note(index) if note is not None else ""
        raise failure(sample, check, f"{text}\n  {more}" if more else text)


def _worst_first(absolute: Array) -> Array:
    return np.where(np.isnan(absolute), np.inf, absolute)
