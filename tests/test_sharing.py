"""Work shared by a few threads: the same results every time, errors passed on, and nobody in another's way."""

from __future__ import annotations

import os
import threading
from collections.abc import Generator
from typing import Any

import numpy as np
import pytest
from several_threads import at_once, threads

import tinygrad_nn as tg
from tinygrad_nn._core import sharing
from tinygrad_nn._core.convolution import _shares, correlate, input_gradient, weight_gradient
from tinygrad_nn._core.strips import window

pytestmark = pytest.mark.skipif(sharing.blas_threads() is None, reason="NumPy came without OpenBLAS")


@pytest.fixture(autouse=True)
def two_threads() -> Generator[None]:
    with threads(2):
        yield


def convolutions(dtype: Any, stride: int = 1) -> list[np.ndarray[Any, Any]]:
    """A convolution large enough to be shared, and its gradients."""
    rng = np.random.default_rng(0)
    over = window((20, 20), (3, 3), (stride, stride), (1, 1), ((1, 1), (1, 1)))
    x = rng.normal(size=(25, 32, 20, 20)).astype(dtype)
    weight, bias = rng.normal(size=(64, 32, 3, 3)).astype(dtype), rng.normal(size=64).astype(dtype)
    g = rng.normal(size=(25, 64, *over.counts)).astype(dtype)
    assert _shares(len(x), weight.size, over) > 1
    found = correlate(x, weight, bias, over, 1), weight_gradient(x, g, weight.shape, over, 1)
    return [*found, input_gradient(g, weight, over, 1)]


@pytest.mark.parametrize("stride", [1, 2])
def test_convolutions_are_what_they_are_in_one_thread(stride: int) -> None:
    shared, again = convolutions(np.float64, stride), convolutions(np.float64, stride)
    with threads(1):
        one = convolutions(np.float64, stride)
    for found, same, alone in zip(shared, again, one, strict=True):
        assert np.array_equal(found, same)
        np.testing.assert_allclose(found, alone, rtol=1e-10, atol=1e-10)


def test_shares_come_in_order_and_from_two_threads() -> None:
    meet = threading.Barrier(2, timeout=60)

    def work(images: slice) -> tuple[int, int, int]:
        meet.wait()
        assert sharing._openblas("get")() == 1
        assert tg.get_num_threads() == 2  # what was set, not what holds for the moment
        return images.start, images.stop, threading.get_ident()

    (first, second, own), (third, last, other) = sharing.share(work, 5, 9)
    assert (first, second, third, last) == (0, 2, 2, 5)
    assert own == threading.get_ident() != other
    assert sharing._openblas("get")() == 2


def test_one_thread_shares_nothing() -> None:
    here = threading.get_ident()
    with threads(1):
        assert sharing.share(lambda images: (images, threading.get_ident()), 5, 9) == [(slice(0, 5), here)]


@pytest.mark.parametrize("start", [0, 2])
def test_an_error_is_passed_on_and_nothing_stays_held(start: int) -> None:
    def work(images: slice) -> int:
        if images.start == start:
            raise ValueError("so it is")
        return 1

    for _ in range(3):
        with pytest.raises(ValueError, match="so it is"):
            sharing.share(work, 4, 2)
    assert sharing.share(lambda images: images.start, 4, 2) == [0, 2]
    assert tg.get_num_threads() == sharing._openblas("get")() == 2


def test_helpers_go_by_the_callers_floating_point_warnings() -> None:
    with np.errstate(divide="raise"):
        assert [state["divide"] for state in sharing.share(lambda _: np.geterr(), 2, 2)] == ["raise", "raise"]


def test_threads_at_once_do_their_work_alone_while_the_helpers_are_busy() -> None:
    found = at_once(lambda: convolutions(np.float32))
    for arrays in found:
        assert all(np.array_equal(a, b) for a, b in zip(arrays, found[0], strict=True))
    assert tg.get_num_threads() == sharing._openblas("get")() == 2


def test_a_number_of_threads_set_meanwhile_holds_afterwards() -> None:
    def work(images: slice) -> None:
        if images.start == 0:
            tg.set_num_threads(3)

    with threads(2):
        sharing.share(work, 2, 2)
        assert tg.get_num_threads() == sharing._openblas("get")() == 3


@pytest.mark.parametrize("call", range(3))
def test_a_finaliser_may_hold_it_in_between(call: int, monkeypatch: pytest.MonkeyPatch) -> None:
    real, calls = sharing._openblas, iter(range(10))

    def interrupted(name: str) -> Any:
        def ask_or_tell(*number: int) -> Any:
            result = real(name)(*number)
            if next(calls) == call:  # as where an object is collected here whose __del__ runs operations
                sharing.hold()
                sharing.let_go()
            return result

        return ask_or_tell

    monkeypatch.setattr(sharing, "_openblas", interrupted)
    sharing.hold()  # asks, and sets 1
    assert real("get")() == 1
    sharing.let_go()  # sets 2
    assert real("get")() == 2
    assert sharing._state["holders"] == 0


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_forked_process_shares_nothing() -> None:
    convolutions(np.float32)
    child = os.fork()
    if child == 0:
        here = threading.get_ident()
        same = sharing.share(lambda images: (images, threading.get_ident()), 4, 2) == [(slice(0, 4), here)]
        os._exit(0 if same else 1)
    assert os.waitpid(child, 0)[1] == 0


# --- what follows once something has been shared -------------------------------------------------------------------


def in_a_thread_of_its_own(work: Any) -> Any:
    """What a function returns in a thread where nothing has been shared yet."""
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.append(work()))
    thread.start()
    thread.join()
    return found[0]


@tg.op(vjp=lambda g, x: g * _seen(x), method=False)
def _watching(x: Any, /) -> Any:
    return x * _seen(x)


_threads_seen: list[int] = []


def _seen(x: Any) -> int:
    _threads_seen.append(sharing._openblas("get")())
    return 1


def train() -> list[int]:
    """OpenBLAS's threads in a step's forward and backward computation, and after it."""
    _threads_seen.clear()
    _watching(tg.ones(2, requires_grad=True)).sum().backward()
    return [*_threads_seen, sharing._openblas("get")()]


def test_operations_hold_openblas_once_something_was_shared() -> None:
    def work() -> list[list[int]]:
        found = [train()]
        sharing.share(lambda _: None, 2, 2)
        found.append(train())
        with tg.autograd.set_detect_anomaly(True):
            found.append(train()[:2])
        with threads(3):
            found.append(train())
        return found

    assert in_a_thread_of_its_own(work) == [[2, 2, 2], [1, 1, 2], [1, 1], [1, 1, 3]]


def test_who_finds_the_helpers_busy_holds_openblas_as_well() -> None:
    def work() -> list[int]:
        return [*sharing.share(lambda _: int(sharing._openblas("get")()), 2, 2), *train()]

    with sharing._busy:
        assert in_a_thread_of_its_own(work) == [1, 1, 1, 1, 2]


def test_who_shares_nothing_multiplies_as_ever_while_another_thread_holds_openblas() -> None:
    """Or what it computes would depend on chance."""
    assert at_once(sharing.is_single, 1) == [False]
    sharing.hold()
    try:
        assert at_once(sharing.is_single, 1) == [False]
    finally:
        sharing.let_go()
    assert at_once(lambda: sharing.share(lambda part: sharing.is_single(), 4, 2), 1) == [[True, True]]
    with threads(1):
        assert at_once(sharing.is_single, 1) == [True]


def test_shared_while_somebody_watches() -> None:
    def work() -> list[int]:
        with tg.autograd.set_detect_anomaly(True):
            sharing.share(lambda _: None, 2, 2)
        return train()

    assert in_a_thread_of_its_own(work) == [1, 1, 2]


def test_an_error_in_a_held_operation() -> None:
    def work() -> int:
        sharing.share(lambda _: None, 2, 2)
        with pytest.raises(RuntimeError, match="must match"):
            tg.ones(2) + tg.ones(3)
        found: int = sharing._openblas("get")()
        return found

    assert in_a_thread_of_its_own(work) == 2


@pytest.mark.parametrize("shape", [(4000, 64), (40, 100, 64)])
@pytest.mark.parametrize("biased", [True, False])
def test_linear_layers_are_what_they_are_in_one_thread(shape: tuple[int, ...], biased: bool) -> None:
    rng = np.random.default_rng(0)
    x, weight, bias = (rng.normal(size=size) for size in (shape, (96, 64), (96,)))

    def linear(first: bool) -> list[np.ndarray[Any, Any]]:
        if first:
            sharing.share(lambda _: None, 2, 2)
        leaves = [tg.from_numpy(each).requires_grad_() for each in (x, weight, bias)]
        out = tg.nn.functional.linear(leaves[0], leaves[1], leaves[2] if biased else None)
        (out * out).sum().backward()
        return [out.numpy(force=True), *[leaf.grad.numpy() for leaf in leaves[: 2 + biased] if leaf.grad is not None]]

    shared, again, alone = (in_a_thread_of_its_own(lambda first=first: linear(first)) for first in (True, True, False))
    assert len(shared) == 3 + biased
    for found, same, expected in zip(shared, again, alone, strict=True):
        assert np.array_equal(found, same)
        np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize(("count", "most", "length"), [(0, 4, 0), (3, 4, 3), (5, 4, 3), (9, 4, 3), (16, 4, 4)])
def test_blocks_are_of_a_size(count, most, length):
    assert sharing.even_blocks(count, most) == length
