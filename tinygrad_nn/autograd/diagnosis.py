"""What is wrong with a derivative: the rule, the step of the differences, or the point, which is a kink. In words.

`gradcheck` and `testing.check_op` give it an analytical derivative and a numerical one that differ.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

Array = np.ndarray[Any, Any]
STEPS = (1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8)
_ALIKE = 1e-3  # relative difference up to which numbers count as the same pattern


class Sweep(NamedTuple):
    """Differences of a function along one direction, for steps of many lengths.

    Attributes:
        central: the derivative for each step, by differences to both sides.
        best: the one that agrees best with its neighbours; `doubt`: how far it and the next are apart.
        left, right: the derivatives from either side, for the step at which they settle.
        jump: where the function jumps: what it gains, however short the step.
    """

    steps: tuple[float, ...]
    central: Array
    best: Array
    doubt: Array
    left: Array
    right: Array
    jump: Array


def sweep(value: Callable[[float], Array], size: float = 1.0, roundoff: float = 2.2e-16) -> Sweep:
    """Try steps of many lengths.

    Args:
        value: the function's value (any shape) at a signed distance along the direction.
        size: that of the number that is changed. Steps are fractions of it, or of 1 if it is smaller; of a small one,
            which may lie beside a pole, fractions of itself are tried as well.
        roundoff: the relative accuracy of the function's values; steps at which it drowns the difference are left out.
    """
    usual = [step * max(size, 1.0) for step in STEPS if step > 4 * roundoff ** (1 / 2)]
    small = [step * size for step in STEPS[:4] if 0 < step * size < usual[-1]]
    steps = (*usual, *small)
    with np.errstate(all="ignore"):
        middle = value(0.0)
        ahead, behind = [value(step) for step in steps], [value(-step) for step in steps]
        right = [(a - middle) / s for a, s in zip(ahead, steps, strict=True)]
        left = [(middle - b) / s for b, s in zip(behind, steps, strict=True)]
        central = [(a - b) / (2 * s) for a, b, s in zip(ahead, behind, steps, strict=True)]
        best, doubt = _settled(central)
        level = np.abs(right[-1] - left[-1]) <= 1e-4 * np.maximum(np.abs(right[-1]), np.abs(left[-1]))
        bent = level & (np.abs(central[-1] - best) > 10 * doubt)  # only the longer steps reach over a kink nearby
        best, doubt = np.where(bent, central[-1], best), np.where(bent, np.abs(right[-1] - left[-1]), doubt)
        jump = np.asarray(ahead[-1] - behind[-1])
        grows = np.abs(central[-1]) > 5 * np.abs(central[-2])  # ten times as steep for a step a tenth as long
        jump = np.where(grows & (np.abs(jump) > 1e3 * roundoff * (1 + np.abs(middle))), jump, 0.0)
    from_left, from_right = (np.where(level, side[-1], _settled(side)[0]) for side in (left, right))
    return Sweep(steps, np.array(central), best, doubt, from_left, from_right, jump)


def _settled(found: Sequence[Array]) -> tuple[Array, Array]:
    """Of values for ever shorter steps, elementwise, the one that agrees best with the one before; and how well."""
    stack = np.array(found)
    apart = np.array([np.abs(a - b) for a, b in pairwise(found)])
    apart = np.where(np.isnan(apart), np.inf, apart)
    # relative to their size: steps longer than a wave give small numbers, which are near to one another
    relative = apart / np.array([np.maximum(np.abs(a), np.abs(b)) + 1e-8 for a, b in pairwise(found)])
    chosen = np.expand_dims(np.argmin(np.where(np.isnan(relative), np.inf, relative), axis=0), 0)
    best = np.take_along_axis(stack, chosen + 1, axis=0)[0]
    return np.asarray(best), np.asarray(np.take_along_axis(apart, chosen, axis=0)[0])


# --- the point ---------------------------------------------------------------------------------------------------


def kinks(swept: Sweep, allowed: Array) -> Array:
    """Where the derivatives from the two sides differ by more than is allowed, or the function jumps."""
    with np.errstate(all="ignore"):
        sided = np.abs(swept.right - swept.left) > 2 * np.maximum(allowed, 10 * swept.doubt)
        settled = np.isfinite(swept.left) & np.isfinite(swept.right)
    return np.asarray((sided & settled & ~np.isclose(swept.left, swept.right, rtol=1e-3)) | (swept.jump != 0))


def kink_text(left: float, right: float, jump: float, analytical: float, allowed: float) -> str:
    """A sentence on a kink: what the function does there, and whether the rule's value can be defended."""
    if jump:
        return f"The function jumps here, by {jump:.6g}: it has no derivative. Choose another point."
    low, high = sorted((left, right))
    between = low - allowed <= analytical <= high + allowed
    verdict = (
        "lies between them, which is as right as it can be. A kink or a tie is no mistake of the rule: move the input "
        "away from it (for check_op: avoid=, distinct=True)"
        if between
        else "lies outside of both, so the rule is wrong at this point"
    )
    return (
        f"Kink: the derivative from the left is {left:.6g}, from the right {right:.6g}. The analytical value "
        f"{analytical:.6g} {verdict}."
    )


def sweep_text(swept: Sweep, index: Any) -> str:
    """The derivative at one place for each step that was tried, or that the step does not matter."""
    found = [float(central[index]) for central in swept.central]
    if max(found) - min(found) <= 1e-2 * max(abs(value) for value in found):
        return f"The step does not matter: from {swept.steps[0]:.0e} to {swept.steps[-1]:.0e} the differences agree."
    values = [f"{step:.0e}: {central[index]:.7g}" for step, central in zip(swept.steps, swept.central, strict=True)]
    return "By step: " + ", ".join(values)


# --- the rule ----------------------------------------------------------------------------------------------------


def likely_mistake(analytical: Array, numerical: Array, given: Array | None = None) -> str:
    """What an analytical derivative has to do with the right one, if it is something that is often done wrong.

    Args:
        analytical, numerical: of one shape. A Jacobian has a row for each element of the input.
        given: the input's values.
    """
    a, n = np.asarray(analytical, np.complex128), np.asarray(numerical, np.complex128)
    if np.isnan(n).all() and not np.isnan(a).any():
        return "the function itself is nan here: keep the inputs inside its domain (for check_op: domain=(low, high))"
    if np.isnan(a).any() and not np.isnan(n).any():
        return f"the analytical derivative is nan at {int(np.isnan(a).sum())} of {a.size} elements"
    size = max(float(np.abs(n).max(initial=0.0)), float(np.abs(a).max(initial=0.0)))
    if not np.isfinite(size) or size == 0:
        return ""
    for text in (_whole(a, n, size), _rearranged(a, n, size, given), _by_value(a, n, given), _where(a, n, size, given)):
        if text:
            return text
    return ""


def _same(a: Array, b: Array, size: float) -> bool:
    return bool(np.all(np.abs(a - b) <= _ALIKE * size))


def _whole(a: Array, n: Array, size: float) -> str:
    """One thing that is wrong everywhere: nothing comes, the sign, a factor, a constant."""
    if _same(a, np.zeros_like(a), size):
        return "the analytical derivative is 0: a part of the graph is cut off (detach(), .data, None from a rule)"
    if _same(a, -n, size):
        return "wrong sign: the analytical derivative is minus the numerical one"
    if _same(a, n.conj(), size):
        return "the analytical derivative is the complex conjugate of the numerical one"
    large = np.abs(n) > 1e-2 * size
    if large.any():
        ratios = (a[large] / n[large]).real
        factor = float(np.median(ratios))
        if factor and _same(a, factor * n, size):
            return f"a factor: the analytical derivative is {_named(factor, n)} times the numerical one, everywhere"
    used = (np.abs(a) > 1e-9 * size) | (np.abs(n) > 1e-9 * size)  # where the output depends on the input at all
    offset = complex(np.median((a - n)[used].real))
    if used.sum() > 2 and abs(offset) > _ALIKE * size and _same(a[used], n[used] + offset, size):
        return f"a term too much: the analytical derivative is the numerical one plus {offset.real:.6g}, everywhere"
    return ""


def _named(factor: float, n: Array) -> str:
    """A factor as a fraction, where it is one, with what may be behind it."""
    for whole in (*range(2, 65), *{int(length) for length in (n.size, *n.shape) if length > 64}):
        for value, shown in ((float(whole), str(whole)), (1.0 / whole, f"1/{whole}")):
            if abs(abs(factor) - value) <= _ALIKE * value:
                return f"{'-' if factor < 0 else ''}{shown}"
    return f"{factor:.6g}"


def _rearranged(a: Array, n: Array, size: float, given: Array | None) -> str:
    """The right numbers in the wrong places."""
    if given is not None and given.ndim >= 2:
        shape = (*given.shape, *a.shape[1:]) if a.shape[0] == given.size and a.ndim == 2 else a.shape
        if shape[: given.ndim] == given.shape and given.shape[-1] == given.shape[-2]:
            turned = np.swapaxes(a.reshape(shape), given.ndim - 1, given.ndim - 2)
            if _same(turned, n.reshape(shape), size):
                return "transposed: the analytical derivative is right with the input's last two dimensions swapped"
    if a.ndim == 2 and a.shape[0] == a.shape[1] and _same(a.T, n, size):
        return "transposed: the analytical Jacobian is the transpose of the numerical one"
    if a.size > 2 and np.ptp(n.real) > _ALIKE * size and _same(np.sort(a, axis=None), np.sort(n, axis=None), size):
        return "the right numbers in the wrong places: transposed, reversed, or in another order"
    return ""


def _by_value(a: Array, n: Array, given: Array | None) -> str:
    """A factor that is a simple function of the input."""
    if given is None or given.dtype.kind != "f":
        return ""
    pairs = _element_by_element(a, n, given)
    if pairs is None:
        return ""
    ratio, x = pairs
    if ratio.size < 2:
        return ""
    with np.errstate(all="ignore"):
        for name, value in (("x", x), ("1/x", 1 / x), ("x**2", x * x), ("1/x**2", 1 / (x * x)), ("|x|", np.abs(x)),
                            ("sign(x)", np.sign(x)), ("exp(x)", np.exp(x)), ("exp(-x)", np.exp(-x))):  # fmt: skip
            factors = ratio / value
            factor = float(np.median(factors))
            if np.isfinite(factor) and factor and np.all(np.abs(factors - factor) <= 1e-2 * abs(factor)):
                shown = name if abs(factor - 1) <= 1e-2 else f"{factor:.6g} * {name}"
                return f"a factor: the analytical derivative is the numerical one times {shown}, x being the input"
    return ""


def _element_by_element(a: Array, n: Array, given: Array) -> tuple[Array, Array] | None:
    """The ratios of the derivatives, with the input's elements that they belong to."""
    x = given.reshape(-1).astype(np.float64)
    if a.shape == given.shape:
        found = a.reshape(-1), n.reshape(-1)
    elif a.ndim == 2 and a.shape[0] == x.size:
        largest = np.argmax(np.abs(n), axis=1)
        found = a[np.arange(x.size), largest], n[np.arange(x.size), largest]
    else:
        return None
    use = (np.abs(found[1]) > 0) & (x != 0)
    return ((found[0][use] / found[1][use]).real, x[use]) if use.any() else None


def _where(a: Array, n: Array, size: float, given: Array | None) -> str:
    """If not all is wrong: which elements are, by the input's values or by their place."""
    wrong = np.abs(a - n) > _ALIKE * size
    if wrong.all() or not wrong.any():
        return ""
    text = f"{int(wrong.sum())} of {wrong.size} elements are wrong"
    if given is None or given.dtype.kind != "f":
        return text
    rows = wrong.reshape(given.size, -1).any(axis=1) if wrong.size % max(given.size, 1) == 0 else None
    if rows is None or rows.all():
        return text
    x = given.reshape(-1)
    bad, good = x[rows], x[~rows]
    if bad.max() < good.min():
        return f"{text}: those where the input is {_limit(bad.max(), good.min(), '<')}, a branch of its own perhaps"
    if bad.min() > good.max():
        return f"{text}: those where the input is {_limit(good.max(), bad.min(), '>')}, a branch of its own perhaps"
    for dim in range(given.ndim):
        hit = rows.reshape(given.shape).any(axis=tuple(i for i in range(given.ndim) if i != dim))
        if hit.sum() == 1 and given.shape[dim] > 1:
            return f"{text}: all of them at index {int(np.argmax(hit))} of the input's dimension {dim}"
    return text


def _limit(low: float, high: float, sign: str) -> str:
    """A round number between two."""
    if low < 0 <= high:
        return f"{sign} 0"
    return f"{sign} {(low + high) / 2:.3g}"
