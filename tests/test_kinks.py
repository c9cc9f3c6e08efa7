"""Gradients at kinks, ties and singular points: PyTorch's choice, line by line, and PyTorch's own where it is there."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from math import inf, isnan, nan
from typing import Any

import pytest

import tinygrad_nn

PACKAGES = [pytest.param(tinygrad_nn, id="here")]
if importlib.util.find_spec("torch") is not None:
    import torch

    PACKAGES.append(pytest.param(torch, id="torch"))

# what is computed, at which points, and the gradient of the sum of the results at each point
KINKS: dict[str, tuple[Callable[[Any, Any], Any], list[float], list[float]]] = {
    "abs at 0": (lambda t, x: x.abs(), [0.0], [0.0]),
    "relu at 0": (lambda t, x: t.relu(x), [0.0], [0.0]),
    "maximum, tie": (lambda t, x: t.maximum(x[0], x[1]), [1.0, 1.0], [0.5, 0.5]),
    "minimum, tie": (lambda t, x: t.minimum(x[0], x[1]), [1.0, 1.0], [0.5, 0.5]),
    "maximum(x, 0) at 0": (lambda t, x: t.maximum(x, t.zeros(1, dtype=t.float64)), [0.0], [0.5]),
    "clamp_min(0) at 0": (lambda t, x: x.clamp_min(0), [0.0], [1.0]),
    "max of all, tie": (lambda t, x: x.max(), [2.0, 2.0, 1.0], [0.5, 0.5, 0.0]),
    "amax, tie": (lambda t, x: x.amax(), [2.0, 2.0, 1.0], [0.5, 0.5, 0.0]),
    "min of all, tie": (lambda t, x: x.min(), [1.0, 2.0, 1.0], [0.5, 0.0, 0.5]),
    "max(dim), tie": (lambda t, x: x.max(dim=0).values, [2.0, 2.0, 1.0], [1.0, 0.0, 0.0]),
    "median of all, tie": (lambda t, x: x.median(), [2.0, 2.0, 1.0, 2.0], [1 / 3, 1 / 3, 0.0, 1 / 3]),
    "clamp at both ends": (lambda t, x: x.clamp(0, 1), [0.0, 1.0], [1.0, 1.0]),
    "norm at 0": (lambda t, x: x.norm(), [0.0, 0.0], [0.0, 0.0]),
    "std of equal elements": (lambda t, x: x.std(), [3.0, 3.0], [0.0, 0.0]),
    "std of one element": (lambda t, x: x.std(), [3.0], [nan]),
    "sqrt at 0": (lambda t, x: x.sqrt(), [0.0], [inf]),
    "power of a negative number": (lambda t, x: t.tensor(-2.0, dtype=t.float64) ** x, [3.0], [nan]),
    "prod, one zero": (lambda t, x: x.prod(), [0.0, 2.0, 3.0], [6.0, 0.0, 0.0]),
    "prod, two zeros": (lambda t, x: x.prod(), [0.0, 0.0, 3.0], [0.0, 0.0, 0.0]),
    "where, the branch not taken is nan": (lambda t, x: t.where(x > 0, x.sqrt(), x), [-1.0], [nan]),
    "atan2 at 0, 0": (lambda t, x: t.atan2(x[0], x[1]), [0.0, 0.0], [0.0, 0.0]),
    "logaddexp of -inf": (lambda t, x: t.logaddexp(x[0], x[1]), [-inf, -inf], [nan, nan]),
    "hardtanh at its ends": (lambda t, x: t.nn.functional.hardtanh(x), [-1.0, 1.0], [0.0, 0.0]),
    "leaky_relu at 0": (lambda t, x: t.nn.functional.leaky_relu(x, 0.1), [0.0], [0.1]),
    "sign at 0": (lambda t, x: x.sign(), [0.0], [0.0]),
    "hypot at 0, 0": (lambda t, x: t.hypot(x[0], x[1]), [0.0, 0.0], [nan, nan]),
}


@pytest.mark.parametrize("package", PACKAGES)
@pytest.mark.parametrize("name", KINKS)
@pytest.mark.filterwarnings("ignore:std")
def test_gradient_at(name: str, package: Any) -> None:
    function, points, expected = KINKS[name]
    x = package.tensor(points, dtype=package.float64, requires_grad=True)
    function(package, x).sum().backward()
    found = x.grad.tolist()
    assert len(found) == len(expected)
    for actual, wanted in zip(found, expected, strict=True):
        assert (isnan(actual) and isnan(wanted)) or actual == wanted, f"{name}: {found}, expected {expected}"
