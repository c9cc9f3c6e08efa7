"""The generated tests are tested: a mistake put into any one rule of any op makes them fail.

And four mistakes that micrograd, and many a small framework after it, has made.
"""

from __future__ import annotations

import gc
import itertools
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tinygrad_nn as tg
from tinygrad_nn._core.op import REGISTRY, Op
from tinygrad_nn._core.plan import Rule
from tinygrad_nn.testing import CHECKS
from tinygrad_nn.testing.derivatives import grad_outputs, gradients
from tinygrad_nn.testing.samples import samples

_COUNTER = itertools.count()
MISTAKES: dict[str, Callable[[Any], Any]] = {
    "wrong sign": lambda result: -result,
    "missing factor": lambda result: result * 1.001,
}


def rule_positions() -> list[Any]:
    """Every input of every op that a rule gives a gradient to."""
    found = []
    for name, op in sorted(REGISTRY.items()):
        if op.forward.__module__.startswith("tinygrad_nn.") and not op.complex_numbers:
            reached = sorted({position for sample in samples(op) for position in sample.differentiable})
            found += [pytest.param(op, position, id=f"{name}-{position}") for position in reached]
    return found


def planted(op: Op, position: int, mistake: Callable[[Any], Any]) -> list[Rule | None]:
    """The op's rules, with a mistake in what one of them returns (or, for a joint rule, returns for one input)."""

    def wrong(g: Any, *saved: Any) -> Any:
        result = right.function(g, *saved)
        if not op.joint:
            return mistake(result)
        return tuple([mistake(r) if i == position and r is not None else r for i, r in enumerate(result)])

    rules = list(op.rules)
    right = rules[0 if op.joint else position]
    assert right is not None
    broken = Rule(wrong)
    broken.words = right.words
    rules[0 if op.joint else position] = broken
    return rules


def always_zero(op: Op, position: int) -> bool:
    """Whether the gradient is zero wherever it is checked, as that of `floor`."""
    for sample in samples(op):
        for found, gradient in zip(sample.differentiable, gradients(sample, grad_outputs(sample)), strict=True):
            if found == position and gradient.any():
                return False
    return True


@pytest.mark.parametrize("mistake", MISTAKES)
@pytest.mark.parametrize(("op", "position"), rule_positions())
def test_a_planted_mistake_is_found(op: Op, position: int, mistake: str, monkeypatch: pytest.MonkeyPatch) -> None:
    CHECKS["gradient"](op, None)
    change = (lambda result: result + 1) if always_zero(op, position) else MISTAKES[mistake]
    monkeypatch.setattr(op, "rules", planted(op, position, change))
    op.plans.clear()  # which hold the right rules
    try:
        with pytest.raises(AssertionError, match=r"(?s)gradient.*(analytic|numeric).*error|along a random direction"):
            CHECKS["gradient"](op, None)
    finally:
        op.plans.clear()


def test_the_second_derivative_of_a_first_order_rule_is_checked() -> None:
    """A rule that turns its input into a constant is right to first order only."""

    @tg.op(vjp=lambda g, x: g * 2 * (x._array if isinstance(x, tg.Tensor) else x), method=False)
    def constant_in_rule(x, /):
        return x * x

    try:
        CHECKS["gradient"](constant_in_rule.op, None)
        with pytest.raises(AssertionError, match="second gradient"):
            CHECKS["second_gradient"](constant_in_rule.op, None)
    finally:
        del REGISTRY["constant_in_rule"]


@pytest.mark.parametrize(
    ("check", "rule", "forward"),
    [
        ("raw_equals_recorded", lambda g, x: g * (3 if isinstance(g, tg.Tensor) else 2) * x, lambda x: x * x),
        ("float_types", lambda g, x: g * np.float64(2) * x, lambda x: x * x),
        ("float_types", lambda g, x: g, lambda x: x * np.ones(1)),
        ("linear_in_gradient", lambda g, x: g * g * x, lambda x: x * x),
        ("inputs_unchanged", lambda g, x: g, lambda x: np.add(x, 1, out=x)),
        ("layouts", lambda g: g, lambda x: x + x.flags.c_contiguous),
        ("empty_and_zero_dim", lambda g: g, lambda x: np.atleast_1d(x)),
        ("deterministic", lambda g: g, lambda x: x + next(_COUNTER)),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_every_check_can_fail(check: str, rule: Any, forward: Any) -> None:
    def mistaken(x, /):
        return forward(x)

    made = tg.op(vjp=rule, method=False)(mistaken)
    try:
        with pytest.raises(AssertionError, match="mistaken: check"):
            CHECKS[check](made.op, None)
    finally:
        del REGISTRY["mistaken"]


# --- what micrograd got wrong ------------------------------------------------------------------------------------


def test_a_second_backward_is_refused_and_a_retained_one_accumulates() -> None:
    """Source: https://github.com/karpathy/micrograd/issues/53."""
    x = tg.tensor(3.0, requires_grad=True)
    y = x * x
    y.backward(retain_graph=True)
    y.backward()
    assert x.grad.item() == 12.0
    with pytest.raises(RuntimeError, match="backward through the graph a second time"):
        y.backward()
    assert x.grad.item() == 12.0


def test_a_value_used_twice_on_two_levels() -> None:
    """Source: https://github.com/karpathy/micrograd/issues/64."""
    a = tg.tensor(1.0, requires_grad=True)
    b = a + a
    c = b + b
    c.backward()
    assert a.grad.item() == 4.0


def test_a_long_chain_needs_no_recursion_and_no_cycle_collector() -> None:
    """Source: https://github.com/karpathy/micrograd/issues/90."""
    gc.disable()
    try:
        x = tg.tensor([1.0, 2.0], requires_grad=True)
        y = x
        for _ in range(100_000):
            y = y * 1.0
        y.sum().backward()
        assert x.grad.tolist() == [1.0, 1.0]
        node = weakref.ref(y.grad_fn)
        del y
        assert node() is None
    finally:
        gc.enable()


def test_a_long_chain_that_never_went_backward_is_freed_without_recursion() -> None:
    gc.disable()
    try:
        x = tg.tensor([1.0], requires_grad=True)
        y = x * 2.0
        first = weakref.ref(y.grad_fn)
        for _ in range(100_000):
            y = y * y
        del y
        assert first() is None
    finally:
        gc.enable()


def test_a_power_of_a_negative_base() -> None:
    """Source: https://github.com/karpathy/micrograd/issues/41."""
    x = tg.tensor([-2.0, -3.0], requires_grad=True)
    (x**2).sum().backward()
    assert x.grad.tolist() == [-4.0, -6.0]
    x.grad = None
    (x**3.0).sum().backward()
    assert x.grad.tolist() == [12.0, 27.0]
