"""A line search for points that satisfy the strong Wolfe conditions.

Source: Nocedal and Wright, Numerical Optimization, algorithms 3.5 and 3.6, in the form of minFunc
(https://www.cs.ubc.ca/~schmidtm/Software/minFunc.html), which PyTorch's `torch.optim.LBFGS` follows step by step.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

Array = np.ndarray[Any, Any]


class Point(NamedTuple):
    """A point on the line.

    Args:
        at: its distance from the start, in lengths of the direction.
        value: the function there.
        gradient: the gradient there.
        slope: the gradient along the direction.
    """

    at: Any
    value: float
    gradient: Array
    slope: Any


def search(
    evaluate: Callable[[Any], Point],
    first: Any,
    start: Point,
    largest: Any,
    decrease: float = 1e-4,
    flatness: float = 0.9,
    tolerance: float = 1e-9,
    evaluations: int = 25,
) -> tuple[Point, int]:
    """Search along a line for ``f(t) <= f(0) + decrease * t * slope`` and ``|slope(t)| <= flatness * |slope|``.

    Args:
        evaluate: gives the point at a distance.
        first: the first distance to try.
        start: the point where the line starts.
        largest: the largest component of the direction, by which the tolerance is measured.
        decrease, flatness: c1 and c2 of the conditions.
        tolerance: a bracket that is smaller than this is as good as a point.
        evaluations: about how often `evaluate` may be called.

    Returns:
        The point, and how often it was called.
    """

    def is_too_high(point: Point) -> bool:
        return bool(point.value > start.value + decrease * point.at * start.slope)

    def is_flat(point: Point) -> bool:
        return bool(abs(point.slope) <= -flatness * start.slope)

    previous, point, count = start, evaluate(first), 1
    bracket = [start, point]  # if there is no time to find one
    for tried in range(evaluations):
        if is_too_high(point) or (tried > 1 and point.value >= previous.value):
            bracket = [previous, point]
            break
        if is_flat(point):
            return point, count
        if point.slope >= 0:
            bracket = [previous, point]
            break
        bounds = point.at + 0.01 * (point.at - previous.at), point.at * 10
        previous, point = point, evaluate(_interpolated(previous, point, bounds))
        count += 1
        bracket = [start, point]
    return _zoom(evaluate, bracket, largest, tolerance, evaluations + 1, count, is_too_high, is_flat)


def _zoom(
    evaluate: Callable[[Any], Point],
    bracket: list[Point],
    largest: Any,
    tolerance: float,
    evaluations: int,
    count: int,
    is_too_high: Callable[[Point], bool],
    is_flat: Callable[[Point], bool],
) -> tuple[Point, int]:
    """Make a bracket smaller until a point satisfies the conditions."""
    low = 0 if bracket[0].value <= bracket[-1].value else 1
    stuck = False
    while count < evaluations and not abs(bracket[1].at - bracket[0].at) * largest < tolerance:
        at = _interpolated(bracket[0], bracket[1], None)
        at, stuck = _away_from_the_ends(at, bracket, stuck)
        point = evaluate(at)
        count += 1
        high = 1 - low
        if is_too_high(point) or point.value >= bracket[low].value:
            bracket[high] = point
            low = 0 if bracket[0].value <= bracket[1].value else 1
            continue
        if is_flat(point):
            return point, count
        if point.slope * (bracket[high].at - bracket[low].at) >= 0:
            bracket[high] = bracket[low]
        bracket[low] = point
    return bracket[low], count


def _away_from_the_ends(at: Any, bracket: list[Point], stuck: bool) -> tuple[Any, bool]:
    """Move a point that is close to an end for the second time, or beyond it, by a tenth of the bracket."""
    least, most = sorted((bracket[0].at, bracket[1].at))
    margin = 0.1 * (most - least)
    if not min(most - at, at - least) < margin:
        return at, False
    if stuck or at >= most or at <= least:
        return (most - margin if abs(at - most) < abs(at - least) else least + margin), False
    return at, True


def _interpolated(one: Point, other: Point, bounds: tuple[Any, Any] | None) -> Any:
    """Where the cubic through two points with their slopes is least, within bounds; their middle if it has no least."""
    if bounds is None:
        bounds = (one.at, other.at) if one.at <= other.at else (other.at, one.at)
    (x1, f1, _, g1), (x2, f2, _, g2) = one, other
    with np.errstate(all="ignore"):
        d1 = g1 + g2 - 3 * (f1 - f2) / (x1 - x2)
        square = d1**2 - g1 * g2
        if not square >= 0:
            return (bounds[0] + bounds[1]) / 2.0
        d2 = np.sqrt(square)
        if x1 <= x2:
            least = x2 - (x2 - x1) * ((g2 + d2 - d1) / (g2 - g1 + 2 * d2))
        else:
            least = x1 - (x1 - x2) * ((g1 + d2 - d1) / (g1 - g2 + 2 * d2))
    return min(max(least, bounds[0]), bounds[1])
