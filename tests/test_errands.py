"""Gradients of weights that another thread computes: what they are, and that nobody sees them unfinished."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Generator
from typing import Any

import numpy as np
import pytest
from several_threads import at_once, threads

import tinygrad_nn as tg
from tinygrad_nn._core import errands, helping, products, sharing
from tinygrad_nn.nn import functional

pytestmark = pytest.mark.skipif(sharing.blas_threads() is None, reason="NumPy came without OpenBLAS")

ROWS, WIDTH = 2100, 48  # a product of 4.8 million multiplications


@contextlib.contextmanager
def no_helper_is_free() -> Generator[None]:
    """Keep all helpers busy, so that errands wait until somebody needs them."""
    meet, over = threading.Barrier(max(len(helping._helpers), 1) + 1, timeout=60), threading.Event()

    def wait() -> None:
        meet.wait()
        over.wait(60)

    jobs = [helping.Job(wait, helping.URGENT) for _ in range(meet.parties - 1)]
    for job in jobs:
        helping.give_away(job, len(jobs))
    meet.wait()
    try:
        yield
    finally:
        over.set()
        for job in jobs:
            job.finish()


def in_a_thread_of_its_own(work: Callable[[], Any], number: int = 2) -> Any:
    """What a function returns in a thread whose work is shared."""
    found: list[Any] = []

    def run() -> None:
        with threads(number):
            sharing.share(lambda _: None, 2, 2)
            try:
                found.append(work())
            except BaseException as error:
                found.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if isinstance(found[0], BaseException):
        raise found[0]
    return found[0]


def leaves(*shapes: tuple[int, ...]) -> list[Any]:
    rng = np.random.default_rng(0)
    return [tg.from_numpy(rng.normal(size=shape)).requires_grad_() for shape in shapes]


def gradients(of: list[Any]) -> list[np.ndarray[Any, Any]]:
    return [leaf.grad.numpy() for leaf in of]


def count_errands(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """A list that gets as long as errands there are."""
    made: list[int] = []
    give_away = errands.give_away

    def counted(*args: Any) -> None:
        made.append(1)
        give_away(*args)

    monkeypatch.setattr(errands, "give_away", counted)
    return made


def plain(x: Any, weight: Any) -> Any:
    return functional.linear(x, weight).square().sum()


def twice(x: Any, weight: Any) -> Any:
    return functional.linear(functional.linear(x, weight), weight).square().sum()


def thrice(x: Any, weight: Any) -> Any:
    return (functional.linear(functional.linear(x, weight), weight) + x @ weight).square().sum()


def computed(x: Any, weight: Any) -> Any:
    return functional.linear(x, weight * 2).square().sum()


def many(x: Any, weight: Any) -> Any:
    for number in range(1, 9):
        x = functional.linear(x, weight * (1 / number)) + functional.linear(x, weight)
    return x.square().sum()


@pytest.mark.parametrize("free", [True, False])
@pytest.mark.parametrize("loss", [plain, twice, thrice, computed, many])
def test_gradients_are_what_they_are_in_one_thread(loss: Any, free: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    made = count_errands(monkeypatch)

    def work() -> list[np.ndarray[Any, Any]]:
        given = leaves((ROWS, WIDTH), (WIDTH, WIDTH))
        loss(*given).backward()
        return gradients(given)

    with contextlib.nullcontext() if free else no_helper_is_free():
        several = in_a_thread_of_its_own(work)
    assert made
    for found, expected in zip(several, in_a_thread_of_its_own(work, 1), strict=True):
        assert np.array_equal(found, expected)
    assert not helping.ERRANDS
    assert not helping.URGENT


def test_a_leaf_takes_the_array_over(monkeypatch: pytest.MonkeyPatch) -> None:
    made = count_errands(monkeypatch)
    products_made: list[int] = []

    def kept(work: Callable[[], Any]) -> Any:
        def computing() -> Any:
            found = work()
            products_made.append(found.ctypes.data)
            return found

        return errands.later(computing)

    monkeypatch.setattr(products, "later", kept)

    def work() -> int:
        given = leaves((ROWS, WIDTH), (WIDTH, WIDTH))
        plain(*given).backward()
        address: int = gradients(given)[1].ctypes.data
        return address

    assert [in_a_thread_of_its_own(work)] == products_made
    assert len(made) == 1


@pytest.mark.parametrize("where", ["tensor", "leaf", "after", "node", "function", "unpack"])
def test_a_function_of_the_program_may_write_to_what_an_errand_reads(
    where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = count_errands(monkeypatch)

    def work(writes: bool = True) -> np.ndarray[Any, Any]:
        before, x, weight = leaves((ROWS, WIDTH), (ROWS, WIDTH), (WIDTH, WIDTH))
        x.requires_grad_(where in ("after", "leaf"))

        def write(*_: Any) -> None:
            if writes:
                x.data.zero_()

        class Writing(tg.autograd.Function):
            @staticmethod
            def forward(ctx: Any, x: Any) -> Any:
                return x.clone()

            @staticmethod
            def backward(ctx: Any, gradient: Any) -> Any:
                write()
                return gradient

        middle = before * 2
        if where == "function":
            middle = Writing.apply(middle)
        if where == "tensor":
            middle.register_hook(write)
        if where == "node":
            middle.grad_fn.register_hook(write)
        if where == "leaf":
            x.register_hook(write)
        if where == "after":
            x.register_post_accumulate_grad_hook(write)
        if where == "unpack":
            with tg.autograd.graph.saved_tensors_hooks(lambda t: t, lambda t: (write(), t)[1]):
                middle = middle * middle
        loss = (middle + functional.linear(x, weight)).square().sum()  # what is on the right comes first
        with no_helper_is_free():
            loss.backward()
        assert bool(x.data.any()) is not writes
        found: np.ndarray[Any, Any] = gradients([weight])[0]
        return found

    assert np.array_equal(in_a_thread_of_its_own(work), in_a_thread_of_its_own(lambda: work(False)))
    assert made


@pytest.mark.parametrize("free", [True, False])
def test_an_error_of_an_errand_is_raised_by_the_pass(free: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails() -> Any:
        raise MemoryError("no room")

    monkeypatch.setattr(products, "later", lambda work: errands.later(fails))

    def work() -> None:
        given = leaves((ROWS, WIDTH), (WIDTH, WIDTH))
        with pytest.raises(MemoryError, match="no room"):
            plain(*given).backward()
        assert tg.get_num_threads() == sharing._openblas("get")() == 2

    with contextlib.nullcontext() if free else no_helper_is_free():
        in_a_thread_of_its_own(work)
    assert sharing._state["holders"] == 0


def _refuse(g: Any, x: Any) -> Any:
    raise ValueError("so it is")


@tg.op(vjp=_refuse, method=False)
def _refusing(x: Any, /) -> Any:
    return x + 1


def test_an_error_of_the_pass_leaves_no_errand_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    made = count_errands(monkeypatch)

    def work() -> None:
        x, weight = leaves((ROWS, WIDTH), (WIDTH, WIDTH))
        with no_helper_is_free():
            with pytest.raises(ValueError, match="so it is"):
                plain(_refusing(x), weight).backward()
            assert not helping.ERRANDS
        assert weight.grad is None

    in_a_thread_of_its_own(work)
    assert made
    assert not helping.ERRANDS
    assert sharing._state["holders"] == 0


def test_passes_that_are_watched_recorded_or_asked_for_single_gradients_have_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = count_errands(monkeypatch)

    def work() -> list[np.ndarray[Any, Any]]:
        given = leaves((ROWS, WIDTH), (WIDTH, WIDTH))
        found = [tg.autograd.grad(plain(*given), given[1])[0]]
        found += tg.autograd.grad(plain(*given), given[1], create_graph=True)
        with tg.autograd.set_detect_anomaly(True):
            plain(*given).backward()
        return [*[each.numpy(force=True) for each in found], *gradients(given[1:])]

    first, *others = in_a_thread_of_its_own(work)
    for other in others:
        np.testing.assert_allclose(first, other, rtol=1e-10)
    assert not made


def test_passes_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    def work() -> list[np.ndarray[Any, Any]]:
        given = leaves((ROWS, WIDTH), (WIDTH, WIDTH))
        for _ in range(5):
            many(*given).backward()
        return gradients(given)

    expected = in_a_thread_of_its_own(work)
    with threads(2):
        found = at_once(lambda: in_a_thread_of_its_own(work))
    for arrays in found:
        assert all(np.array_equal(a, b) for a, b in zip(arrays, expected, strict=True))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_job_that_somebody_has_begun_is_done_again_in_a_forked_process() -> None:
    begun, over = threading.Event(), threading.Event()
    parent = os.getpid()

    def work() -> int:
        begun.set()
        if os.getpid() == parent:
            over.wait(60)
        return 7

    jobs = [helping.Job(work, helping.ERRANDS) for _ in range(2)]
    for job in jobs:
        helping.give_away(job, 1)
    assert begun.wait(60)
    child = os.fork()
    if child == 0:
        for job in jobs:
            job.finish()
            job.finish()
        os._exit(0 if [job.result() for job in jobs] == [7, 7] else 1)
    over.set()
    assert os.waitpid(child, 0)[1] == 0
    assert [job.result() for job in jobs] == [7, 7]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_process_that_is_forked_during_a_pass_goes_on_alone() -> None:
    def train(hook: Callable[[Any], None]) -> list[np.ndarray[Any, Any]]:
        x, first, second = leaves((ROWS, WIDTH), (WIDTH, WIDTH), (WIDTH, WIDTH))
        middle = functional.linear(x, first)
        middle.register_hook(hook)
        functional.linear(middle, second).square().sum().backward()
        return gradients([x, first, second])

    def work() -> tuple[list[np.ndarray[Any, Any]], int]:
        processes: list[int] = []
        found = train(lambda _: processes.append(os.fork()))
        if processes != [0]:
            return found, processes[0]
        expected = train(lambda _: None)
        # a child's OpenBLAS is not held to one thread any more, which adds up in another order
        same = all(np.allclose(a, b, 1e-10) for a, b in zip(found, expected, strict=True))
        os._exit(0 if same and not helping._helpers else 1)

    found, child = in_a_thread_of_its_own(work)
    assert os.waitpid(child, 0)[1] == 0
    for here, alone in zip(found, in_a_thread_of_its_own(lambda: train(lambda _: None), 1), strict=True):
        assert np.array_equal(here, alone)
