"""Derivatives of the second, third and fourth order, of every op of the registry that has one.

Along a line through an op's inputs its result is a function of one number t. Each derivative by t is held to the finite
difference of the one before, and all ways to the fourth to each other. Fused ops get there through their parts.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tinygrad_nn as tg
from tinygrad_nn._core.op import REGISTRY, Op
from tinygrad_nn.testing.samples import Sample, samples
from tinygrad_nn.testing.table import factor

ORDER = 4
STEP = 2e-4
OPS = {
    name: op
    for name, op in sorted(REGISTRY.items())
    if op.forward.__module__.startswith("tinygrad_nn.") and not op.complex_numbers and op.differentiable
}

Curve = Callable[[Any], Any]


def curve(sample: Sample) -> Curve:
    """The op along a line: a number for a number."""
    inputs = sample.tensors()
    random = sample.random(1)
    directions = {
        place: tg.from_numpy(random.uniform(-0.3, 0.3, sample.inputs[place].shape)) for place in sample.differentiable
    }

    def of(t: Any) -> Any:
        given = [x + t * directions[place] if place in directions else x for place, x in enumerate(inputs)]
        outputs = [out for out in sample.call(given) if out.is_floating_point()]
        weights = np.random.RandomState(0)
        drawn = [tg.from_numpy(np.asarray(weights.uniform(0.5, 1.5, tuple(out.shape)))) for out in outputs]
        weighted = [out * weight for out, weight in zip(outputs, drawn, strict=True)]
        return sum((w + 0.1 * w * w).sum() for w in weighted)  # so that the op's own derivatives meet others

    return of


def derivatives(of: Curve, at: float) -> list[float]:
    """The value at a point, and four derivatives, each from the recorded graph of the one before."""
    t = tg.tensor(at, dtype=tg.float64, requires_grad=True)
    found = [of(t)]
    for _ in range(ORDER):
        last = found[-1]
        if not last.requires_grad:  # it does not depend on t
            found.append(tg.zeros((), dtype=tg.float64))
            continue
        found.append(tg.autograd.grad(last, t, create_graph=True, materialize_grads=True)[0])
    return [value.item() for value in found]


def differences(of: Curve) -> list[float]:
    """The derivatives of the first to the fourth order at 0, from the values of the one before around it."""
    left2, left, right, right2 = (np.array(derivatives(of, at * STEP)) for at in (-2, -1, 1, 2))
    found: list[float] = ((8 * (right - left) - (right2 - left2)) / (12 * STEP))[:-1].tolist()
    return found


def test_most_ops_have_curves() -> None:
    """So that the tests below cannot pass because nothing is finite."""
    without = [name for name, op in OPS.items() if not curves(op)]
    assert len(without) < 0.02 * len(OPS), without


def curves(op: Op) -> list[tuple[Sample, Curve]]:
    """Samples along lines on which everything is finite."""
    found = []
    for sample in samples(op):
        if any(sample.inputs[place].size for place in sample.differentiable):
            of = curve(sample)
            value = of(tg.tensor(0.0, dtype=tg.float64))
            if isinstance(value, tg.Tensor) and value.isfinite():
                found.append((sample, of))
    return found


@pytest.mark.parametrize("op", [pytest.param(op, id=name) for name, op in OPS.items()])
def test_each_order_is_the_derivative_of_the_one_before(op: Op) -> None:
    for sample, of in curves(op):
        exact = derivatives(of, 0.0)
        for order, (ours, difference) in enumerate(zip(exact[1:], differences(of), strict=True), 1):
            scale = max(1.0, *map(abs, exact[: order + 1]))
            assert abs(ours - difference) <= 1e-7 * factor(op) * scale, f"{sample}: {order}: {exact}, {difference}"


@pytest.mark.parametrize("op", [pytest.param(op, id=name) for name, op in OPS.items()])
def test_all_ways_to_the_fourth_derivative(op: Op) -> None:
    one = tg.ones((), dtype=tg.float64)

    def forward(of: Curve) -> Curve:
        return lambda t: tg.func.jvp(of, (t,), (one,))[1]

    ways = {
        "forward of all": lambda of: forward(forward(forward(forward(of)))),
        "forward of forward of reverse": lambda of: forward(forward(tg.func.grad(tg.func.grad(of)))),
        "reverse of reverse of forward": lambda of: tg.func.grad(tg.func.grad(forward(forward(of)))),
    }
    for sample, of in curves(op)[:2]:
        exact = derivatives(of, 0.0)
        scale = max(1.0, *map(abs, exact))
        for name, way in ways.items():
            with warnings.catch_warnings(action="ignore", category=UserWarning):
                ours = way(of)(tg.zeros((), dtype=tg.float64)).item()
            assert abs(ours - exact[ORDER]) <= 1e-10 * factor(op) * scale, f"{sample}: {name}: {ours}, {exact}"
