"""`vmap` where it meets the rest: indexing, writing in place, nesting, recording, random numbers, ops of one's own."""

from __future__ import annotations

import threading
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tinygrad_nn as tg
from tinygrad_nn._core.modes import modes

COUNT = 3


def numbers(*shape: int) -> tg.Tensor:
    count = int(np.prod(shape))
    return (tg.arange(count, dtype=tg.float64).reshape(shape) * 1.7).sin()


def hold(found: Any, expected: Any) -> None:
    assert (found.dtype, found.shape) == (expected.dtype, expected.shape)
    np.testing.assert_allclose(found.detach().numpy(), expected.detach().numpy(), rtol=1e-12, atol=1e-12)


def one_by_one(function: Callable[..., Any], dims: tuple[int | None, ...], args: tuple[Any, ...]) -> Any:
    chosen = [
        [a if d is None else a.select(d, number) for a, d in zip(args, dims, strict=True)] for number in range(COUNT)
    ]
    return tg.stack([function(*each) for each in chosen])


# --- indexing ----------------------------------------------------------------------------------------------------

I, J, M = "I", "J", "M"  # an index array of shape (2,), one of shape (2, 1), and a mask of shape (3,)
INDICES = [
    (0,), (-1, 2), (slice(1, None),), (slice(None, None, 2), 1), (Ellipsis, 0), (None, 0), (slice(None), None, 1),
    (I,), (slice(None), I), (Ellipsis, I), (I, 0), (I, slice(None), I), (0, slice(None), I), (I, J),
    (slice(None), I, J), (I, slice(None), J), (I, None, J), (slice(1), J), (M,), (M, I), (slice(None), slice(None), J),
    (I, J, 0), (slice(None), 0, I), (None, I, slice(None), 0), (J, Ellipsis),
]  # fmt: skip


def items(index: tuple[Any, ...], first: tg.Tensor, second: tg.Tensor) -> tuple[Any, ...]:
    named = {I: first, J: second, M: tg.tensor([True, False, True])}
    return tuple(named[item] if isinstance(item, str) else item for item in index)


def has_arrays(index: tuple[Any, ...]) -> bool:
    return bool({I, J} & {item for item in index if isinstance(item, str)})


def index_arrays(batched: bool) -> tuple[tg.Tensor, tg.Tensor]:
    first, second = tg.tensor([[0, 2], [1, -1], [2, 2]]), tg.tensor([[[1], [0]], [[0], [0]], [[-2], [1]]])
    return (first, second) if batched else (first[0], second[0])


@pytest.mark.parametrize("index", INDICES, ids=str)
def test_picking_is_a_loop(index: tuple[Any, ...]) -> None:
    for by_x, by_index in ((True, True), (True, False), (False, True)):
        if by_index and not has_arrays(index):
            continue
        x = numbers(COUNT, 3, 4, 3) if by_x else numbers(3, 4, 3)
        args, dims = (x, *index_arrays(by_index)), (0 if by_x else None, *(0 if by_index else None,) * 2)

        def pick(x: Any, first: Any, second: Any) -> Any:
            return x[items(index, first, second)]

        leaf = args[0].requires_grad_()
        found, expected = tg.vmap(pick, dims)(*args), one_by_one(pick, dims, args)
        hold(found, expected)
        weights = numbers(*expected.shape)
        hold(tg.autograd.grad((found * weights).sum(), leaf)[0], tg.autograd.grad((expected * weights).sum(), leaf)[0])


@pytest.mark.parametrize("index", INDICES, ids=str)
def test_writing_is_a_loop(index: tuple[Any, ...]) -> None:
    for by_index in (True, False):
        first, second = index_arrays(False)
        shape = tuple(numbers(3, 4, 3)[items(index, first, second)].shape)
        if by_index and not has_arrays(index):
            continue
        for value in (numbers(COUNT, *shape), numbers(*shape), numbers(COUNT), tg.tensor(2.0, dtype=tg.float64)):
            by_value = value.ndim > 0 and value.shape[0] == COUNT and value.shape != shape
            args = (numbers(COUNT, 3, 4, 3), *index_arrays(by_index), value)
            dims = (0, *(0 if by_index else None,) * 2, 0 if by_value else None)

            def write(x: Any, first: Any, second: Any, value: Any) -> Any:
                copy = x * 1
                copy[items(index, first, second)] = value
                return copy

            distinct = not by_index or "J" not in index  # else some places are written twice, in some order
            if distinct:
                hold(tg.vmap(write, dims)(*args), one_by_one(write, dims, args))


def test_a_batched_mask_picks_another_number_for_each_example() -> None:
    x = numbers(COUNT, 4)
    with pytest.raises(RuntimeError, match=r"dynamic shape.*Use torch.where"):
        tg.vmap(lambda x: x[x > 0])(x)


# --- writing in place --------------------------------------------------------------------------------------------


def test_writing_in_place_is_seen_through_views_and_outside() -> None:
    def change(x: Any) -> Any:
        row = x[0]
        row.mul_(2).add_(1)
        x.t()[1].zero_()
        x[1, 0] += 5
        return row

    x, expected = numbers(COUNT, 2, 3), numbers(COUNT, 2, 3)
    rows = one_by_one(change, (0,), (expected,))
    hold(tg.vmap(change)(x), rows)
    hold(x, expected)


def test_writing_in_place_is_recorded() -> None:
    def change(x: Any, y: Any) -> Any:
        copy = x * 1
        copy[1:] = y * 2
        copy.exp_()
        return copy.cumsum(0)

    x, y = numbers(COUNT, 4).requires_grad_(), numbers(COUNT, 3).requires_grad_()
    found = tg.autograd.grad(tg.vmap(change)(x, y).square().sum(), (x, y))
    expected = tg.autograd.grad(one_by_one(change, (0, 0), (x, y)).square().sum(), (x, y))
    for ours, theirs in zip(found, expected, strict=True):
        hold(ours, theirs)


def test_a_leaf_is_protected() -> None:
    x = numbers(COUNT, 2).requires_grad_()
    with pytest.raises(RuntimeError, match="a leaf Variable that requires grad"):
        tg.vmap(lambda x: x.add_(1))(x)


def test_all_examples_do_not_fit_into_one() -> None:
    total = tg.zeros(2, dtype=tg.float64)
    for write in (lambda x: total.add_(x), lambda x: total.__setitem__(0, x[0]), lambda x: tg.add(x, 1, out=total)):
        with pytest.raises(RuntimeError, match="vmap"):
            tg.vmap(lambda x, write=write: (write(x), x)[1])(numbers(COUNT, 2))
    assert total.tolist() == [0, 0]


# --- nesting -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("outer", [(0, None), (None, 1), (0, 0), (1, 0), (-1, -1)])
@pytest.mark.parametrize("inner", [(0, None), (None, 0), (0, 0), (1, 1)])
def test_nested(outer: tuple[int | None, int | None], inner: tuple[int | None, int | None]) -> None:
    def of(x: Any, y: Any) -> Any:
        return (x.unsqueeze(-1) * y.flatten()[:2]).tanh().sum(-1) + x[..., 0].sum()

    shapes = [3 + (o is not None) + (i is not None) for o, i in zip(outer, inner, strict=True)]
    x, y = (numbers(*(COUNT,) * n) for n in shapes)
    found = tg.vmap(tg.vmap(of, inner), outer)(x, y)
    hold(found, one_by_one(lambda x, y: one_by_one(of, inner, (x, y)), outer, (x, y)))


def test_a_pairwise_function_by_nesting() -> None:
    x, y = numbers(4, 3), numbers(5, 3)
    found = tg.vmap(tg.vmap(lambda a, b: (a - b).norm(), (None, 0)), (0, None))(x, y)
    hold(found, tg.cdist(x, y))


def test_transforms_end_with_their_function() -> None:
    kept: list[Any] = []
    quiet = modes.here.quiet
    tg.vmap(lambda x: (kept.append(x), x)[1])(numbers(COUNT, 2))
    for use in (lambda x: x + 1, lambda x: x[0], lambda x: x.add_(1), lambda x: x.sort()):
        with pytest.raises(RuntimeError, match="has left the function"):
            use(kept[0])

    def fails(x: Any) -> Any:
        raise KeyError("mine")

    with pytest.raises(KeyError):
        tg.vmap(tg.func.grad(fails))(numbers(COUNT))
    assert modes.here.levels == ()
    assert modes.here.quiet == quiet
    hold(numbers(2) + 1, 1 + numbers(2))


def test_observers_may_come_and_go_inside() -> None:
    quiet, x = modes.here.quiet, numbers(COUNT, 4)

    def of(x: Any) -> Any:
        with tg.profiler.profile() as profile:
            y = x.sin() * 2
        assert {"aten::sin", "aten::mul"} <= {event.key for event in profile.key_averages()}
        return y.cos()

    hold(tg.vmap(of)(x), (x.sin() * 2).cos())
    with tg.profiler.profile():
        hold(tg.vmap(lambda x: x.sin())(x), x.sin())
    assert modes.here.quiet == quiet


def test_each_thread_has_its_own() -> None:
    inside, done = threading.Event(), threading.Event()
    found: list[Any] = []

    def other() -> None:
        inside.wait(10)
        found.append(modes.here.levels)
        found.append(tg.vmap(lambda x: x.sum())(numbers(COUNT, 2)))
        done.set()

    def waits(x: Any) -> Any:
        inside.set()
        assert done.wait(10)
        return x * 2

    thread = threading.Thread(target=other)
    thread.start()
    hold(tg.vmap(waits)(numbers(COUNT, 2)), numbers(COUNT, 2) * 2)
    thread.join()
    assert found[0] == ()
    hold(found[1], numbers(COUNT, 2).sum(1))


# --- recording ---------------------------------------------------------------------------------------------------


def test_the_gradient_goes_through() -> None:
    weight, x = numbers(4, 2).requires_grad_(), numbers(COUNT, 2).requires_grad_()
    found = tg.vmap(lambda x: (weight @ x).relu().sum())(x).square().sum()
    expected = (x @ weight.T).relu().sum(1).square().sum()
    for ours, theirs in zip(
        tg.autograd.grad(found, (weight, x)), tg.autograd.grad(expected, (weight, x)), strict=True
    ):
        hold(ours, theirs)


def test_grad_modes_inside() -> None:
    x = numbers(COUNT, 2).requires_grad_()

    def of(x: Any) -> Any:
        with tg.no_grad():
            still = x * 2
        assert (x.requires_grad, still.requires_grad, (x * still).requires_grad) == (True, False, True)
        return still, x * still

    assert [t.requires_grad for t in tg.vmap(of)(x)] == [False, True]
    with tg.no_grad():
        assert not tg.vmap(lambda x: x * 2)(x).requires_grad


@pytest.mark.parametrize("size", [1, 2, 5, 7, 100])
def test_chunks_change_nothing(size: int) -> None:
    x, y = numbers(7, 3), numbers(3, 7)

    def of(x: Any, y: Any) -> Any:
        return {"a": (x * y).sum(), "b": (x.outer(y), y)}

    whole = tg.vmap(of, (0, 1), {"a": 0, "b": (1, -1)})(x, y)
    chunks = tg.vmap(of, (0, 1), {"a": 0, "b": (1, -1)}, chunk_size=size)(x, y)
    hold(chunks["a"], whole["a"])
    for ours, theirs in zip(chunks["b"], whole["b"], strict=True):
        hold(ours, theirs)
    assert whole["b"][1].shape == (3, 7)


# --- random numbers ----------------------------------------------------------------------------------------------


def test_random_numbers_are_others_or_the_same() -> None:
    x = numbers(COUNT, 200)
    draws = {
        "rand_like": tg.rand_like, "randn": lambda x: tg.randn(200), "randperm": lambda x: tg.randperm(200),
        "normal_": lambda x: x.clone().normal_(), "dropout": lambda x: tg.nn.functional.dropout(x, 0.5),
        "randint": lambda x: tg.randint(0, 9, (200,)), "bernoulli": lambda x: tg.bernoulli(x * 0 + 0.5),
        "multinomial": lambda x: tg.multinomial(x.abs() + 1, 200, True),
    }  # fmt: skip
    for name, draw in draws.items():
        with pytest.raises(RuntimeError, match="random"):
            tg.vmap(draw)(x)
        other = tg.vmap(draw, randomness="different")(x)
        assert not any(tg.equal(other[0], other[i]) for i in (1, 2)), name
        if name not in ("bernoulli", "multinomial"):  # of which each example has its own probabilities
            same = tg.vmap(draw, randomness="same")(x * 0 + 1)
            assert all(tg.equal(same[0], same[i]) for i in (1, 2)), name


# --- ops of one's own --------------------------------------------------------------------------------------------


@tg.op(vjp=lambda g, x: g * 3 * x**2, method=False)
def cube_for_vmap(x, /):
    return x**3


@tg.op(vjp=lambda g, x: g * np.ones_like(x), kind="general", method=False)
def total_for_vmap(x, /):
    return np.asarray(x.sum())


@tg.op(vjp=lambda g, x: g * np.ones_like(x), method=False)
def mistaken_for_vmap(x, /):
    return np.asarray(x.sum())


def test_an_op_of_one_s_own_is_batched_by_its_kind() -> None:
    x, y = numbers(COUNT, 2), numbers(2, COUNT)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        hold(tg.vmap(cube_for_vmap)(x), x**3)
        hold(tg.vmap(tg.func.grad(lambda x: cube_for_vmap(x).sum()), 1)(y), (3 * y**2).T)
        hold(tg.func.jvp(cube_for_vmap, (x,), (x,))[1], 3 * x**3)
        hold(tg.func.hessian(lambda x: cube_for_vmap(x).sum())(x[0]), tg.diag(6 * x[0]))


def test_an_op_that_nothing_is_known_of_is_called_one_by_one() -> None:
    x = numbers(COUNT, 2).requires_grad_()
    with pytest.warns(UserWarning, match="performance drop because we have not yet implemented the batching rule"):
        found = tg.vmap(total_for_vmap)(x)
    hold(found, x.sum(1))
    hold(tg.autograd.grad(found.sum(), x)[0], tg.ones_like(x))


def test_an_op_of_the_wrong_kind_is_found() -> None:
    with pytest.raises(RuntimeError, match="is declared as an elementwise op, but gives another shape"):
        tg.vmap(mistaken_for_vmap)(numbers(COUNT, 2))


# --- speed -------------------------------------------------------------------------------------------------------


def test_per_sample_gradients_beat_a_loop() -> None:
    """The benchmarks `derivatives/per_sample` and its loop show 5 times and more; this holds a third of that."""
    shapes = ((32, 20), (32,), (32, 32), (32,), (10, 32), (10,))
    parameters = tuple(numbers(*shape).float() for shape in shapes)
    x, y = numbers(64, 20).float(), tg.arange(64) % 10

    def loss(parameters: Any, x: Any, y: Any) -> Any:
        w1, b1, w2, b2, w3, b3 = parameters
        hidden = ((x @ w1.T + b1).relu() @ w2.T + b2).relu()
        return tg.nn.functional.cross_entropy(hidden @ w3.T + b3, y)

    at_once = tg.vmap(tg.func.grad(loss), (None, 0, 0))
    alone = tg.func.grad(loss)

    def seconds(run: Callable[[], Any]) -> float:
        times = []
        for _ in range(5):
            start = time.perf_counter()
            run()
            times.append(time.perf_counter() - start)
        return min(times)

    def loop() -> list[Any]:
        return [alone(parameters, x[i], y[i]) for i in range(64)]

    for ours, theirs in zip(at_once(parameters, x, y), zip(*loop(), strict=True), strict=True):
        np.testing.assert_allclose(ours.numpy(), tg.stack(list(theirs)).numpy(), rtol=1e-4, atol=1e-6)
    assert seconds(loop) > 5 / 3 * seconds(lambda: at_once(parameters, x, y))
