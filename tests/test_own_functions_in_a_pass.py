"""Functions of the program's own that a backward pass runs: in the program's own context, and wherever they stand.

Most of a pass runs in a context of its own, in which NumPy is quiet (see `backward`).
"""

from __future__ import annotations

import contextvars
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygrad_nn as tg

_SEEN: contextvars.ContextVar[str] = contextvars.ContextVar("seen")
Call = Callable[[], None]


class _Calling(tg.autograd.Function):
    call: Call

    @staticmethod
    def forward(ctx: Any, x: Any, call: Call) -> Any:
        ctx.call = call
        return x.clone()

    @staticmethod
    def backward(ctx: Any, gradient: Any) -> Any:
        ctx.call()
        return gradient, None


class _CallingTwice(tg.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Any, call: Call) -> Any:
        ctx.call = call
        return x.clone(), x.clone()

    @staticmethod
    def backward(ctx: Any, first: Any, second: Any) -> Any:
        ctx.call()
        return first + second, None


def _on_a_leaf(x: Any, call: Call) -> Any:
    x.register_hook(lambda gradient: call())
    return x * 2


def _after_accumulation(x: Any, call: Call) -> Any:
    x.register_post_accumulate_grad_hook(lambda leaf: call())
    return x * 2


def _in_between(x: Any, call: Call) -> Any:
    y = x * 2
    y.register_hook(lambda gradient: call())
    return y


def _before_a_node(x: Any, call: Call) -> Any:
    y = x * 2
    y.grad_fn.register_prehook(lambda gradients: call())
    return y


def _after_a_node(x: Any, call: Call) -> Any:
    y = x * 2
    y.grad_fn.register_hook(lambda before, after: call())
    return y


def _a_function(x: Any, call: Call) -> Any:
    return _Calling.apply(x * 2, call)


def _a_function_of_two_outputs(x: Any, call: Call) -> Any:
    first, second = _CallingTwice.apply(x * 2, call)
    return (first + second) / 2


def _what_unpacks(x: Any, call: Call) -> Any:
    def unpack(tensor: Any) -> Any:
        call()
        return tensor

    with tg.autograd.graph.saved_tensors_hooks(lambda tensor: tensor, unpack):
        return (x * x).exp().log() / x * 2  # several nodes save something


def _of_a_module(x: Any, call: Call) -> Any:
    module = tg.nn.Identity()
    module.register_full_backward_hook(lambda module, before, after: call())
    return module(x * 2)


PLACES = [
    _on_a_leaf, _after_accumulation, _in_between, _before_a_node, _after_a_node, _a_function,
    _a_function_of_two_outputs, _what_unpacks, _of_a_module,
]  # fmt: skip


@pytest.mark.parametrize("place", PLACES)
def test_it_runs_in_the_programs_context(place: Callable[[Any, Call], Any]) -> None:
    """What it sets is still set afterwards, in this thread's context."""

    def call() -> None:
        assert _SEEN.get() in ("before", "inside")
        _SEEN.set("inside")

    x = tg.tensor([1.0, 2.0], requires_grad=True)
    token = _SEEN.set("before")
    try:
        (place(x, call).exp().log() * 3).sum().backward()
        assert _SEEN.get() == "inside"
    finally:
        _SEEN.reset(token)
    np.testing.assert_allclose(x.grad.numpy(), [6.0, 6.0], rtol=1e-5)


@pytest.mark.parametrize("place", PLACES)
def test_it_may_go_backward_itself(place: Callable[[Any, Call], Any]) -> None:
    w = tg.tensor(3.0, requires_grad=True)

    def call() -> None:
        with tg.enable_grad():
            (w * w).backward()

    x = tg.tensor([1.0, 2.0], requires_grad=True)
    (place(x, call).exp().log() * 3).sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), [6.0, 6.0], rtol=1e-5)
    assert w.grad.item() % 6 == 0


@pytest.mark.parametrize("place", PLACES)
def test_the_next_pass_is_as_usual_when_it_raises(place: Callable[[Any, Call], Any]) -> None:
    def call() -> None:
        raise KeyError("no gradient today")

    x = tg.tensor([1.0, 2.0], requires_grad=True)
    with pytest.raises(KeyError, match="today"):
        (place(x, call) * 3).sum().backward()
    y = tg.tensor([1.0, 2.0], requires_grad=True)
    (y * 1e38).square().sum().backward()  # inf, without a warning
    assert y.grad.isinf().all()


def test_leaves_with_hooks_come_in_their_order_among_others() -> None:
    """Those before them have got their gradients, and all that come after get theirs as well."""
    leaves = [tg.tensor(float(number), requires_grad=True) for number in range(5)]
    order: list[int] = []
    for number in (1, 3):
        leaves[number].register_hook(lambda gradient, number=number: order.append(number))
    total: Any = 0
    for leaf in leaves:
        total = total + leaf * 2
    total.backward()
    assert sorted(order) == [1, 3]
    assert [leaf.grad.item() for leaf in leaves] == [2.0] * 5
    total = sum([leaf * 2 for leaf in leaves], tg.tensor(0.0))
    total.backward()
    assert [leaf.grad.item() for leaf in leaves] == [4.0] * 5


def test_sums_of_gradients_overflow_without_a_warning() -> None:
    x = tg.tensor(3e38, requires_grad=True)
    for _ in range(2):
        (x * 3e38).backward()  # in the leaf
    assert x.grad.isinf()
    y = tg.tensor(1.0, requires_grad=True)
    z = y * 3e38
    (z + z + z).backward()
    assert y.grad.isinf()


def test_a_pass_from_several_tensors_with_a_hook_in_one() -> None:
    x = tg.tensor([1.0, 2.0], requires_grad=True)
    seen: list[Any] = []
    first, second = (x * 2).sum(), (x * 3).sum()
    first.register_hook(seen.append)
    tg.autograd.backward([first, second])
    assert [gradient.item() for gradient in seen] == [1.0]
    assert x.grad.tolist() == [5.0, 5.0]


def test_what_is_told_of_an_arrays_end_may_go_backward() -> None:
    """It may be told while rules run, in the pass's own context."""
    w = tg.tensor(3.0, requires_grad=True)
    x = tg.tensor([1.0, 2.0], requires_grad=True)
    y = (x * 2).exp()

    def told() -> None:
        with tg.enable_grad():
            (w * w).backward()

    weakref.finalize(y._array, told)
    z = (y * 1).sum()  # the last to hold the array is the node of exp
    del y
    z.backward()
    assert w.grad is not None
    assert w.grad.item() == 6.0
    np.testing.assert_allclose(x.grad.numpy(), 2 * np.exp([2.0, 4.0]), rtol=1e-5)


_STEPS: list[Callable[[Any, Any], Any]] = [
    lambda x, y: x * y, lambda x, y: (x + y) / 2, lambda x, y: x.tanh(), lambda x, y: y.sin(),
]  # fmt: skip


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 1000), st.integers(0, 1000)), min_size=1, max_size=40))
@settings(deadline=None, max_examples=60)
def test_each_node_is_visited_once_after_all_that_lead_to_it(steps: list[tuple[int, int, int]]) -> None:
    """In any graph, however chains and what waits beside them take turns: as in a pass that is recorded."""
    found = []
    for create_graph in (False, True):
        leaves = [tg.tensor(value, dtype=tg.float64, requires_grad=True) for value in (0.3, -0.5)]
        values: list[Any] = [leaf * 1 for leaf in leaves]
        for kind, first, second in steps:
            x, y = values[first % len(values)], values[second % len(values)]
            values.append(_STEPS[kind](x, y))
        sum(values[-3:], tg.tensor(0.0, dtype=tg.float64)).backward(create_graph=create_graph)
        found.append([0.0 if leaf.grad is None else leaf.grad.item() for leaf in leaves])
    np.testing.assert_allclose(found[0], found[1], rtol=1e-12, atol=1e-12)
