"""Work on many images, shared by a few threads: NumPy lets other threads run while it multiplies and copies.

OpenBLAS's own threads share each product, which gains little where products are small; here each thread has images of
its own, and OpenBLAS is held to one thread meanwhile. What is shared, and how, depends on the numbers of images and
threads alone, so results are the same from run to run.
"""

from __future__ import annotations

import contextvars
import functools
import itertools
import os
import queue
import threading
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from .blas import function

T = TypeVar("T")
_busy = threading.Lock()  # held by whom the helpers work for; all others do their work alone
_changing = threading.Lock()
_helpers: list[_Helper] = []
_state: dict[str, int | None] = {"held": None, "forked": 0}  # OpenBLAS's threads while it is held to one


# --- how many threads --------------------------------------------------------------------------------------------


@functools.cache
def _openblas(name: str) -> Any | None:
    return function(f"openblas_{name}_num_threads")


def blas_threads() -> int | None:
    """How many threads OpenBLAS uses while it is not held to one; None where NumPy came with another library."""
    with _changing:
        ask = _openblas("get")
        return _state["held"] or (ask() if ask is not None else None)


def set_blas_threads(number: int) -> None:
    """Set it, where there is OpenBLAS."""
    with _changing:
        tell = _openblas("set")
        if _state["held"] is not None:
            _state["held"] = number
        elif tell is not None:
            tell(number)


def _hold() -> None:
    with _changing:
        _state["held"] = _openblas("get")()  # type: ignore[misc]
        _openblas("set")(1)  # type: ignore[misc]


def _let_go() -> None:
    with _changing:
        number, _state["held"] = _state["held"], None
        _openblas("set")(number)  # type: ignore[misc]


# --- sharing -----------------------------------------------------------------------------------------------------


class _Job(Generic[T]):
    """A share of the work, done by a helper."""

    def __init__(self, work: Callable[[slice], T], images: slice) -> None:
        self.work, self.images, self.context = work, images, contextvars.copy_context()  # NumPy's errstate is in there
        self.result: T | None = None
        self.error: BaseException | None = None
        self.done = threading.Lock()
        self.done.acquire()

    def run(self) -> None:
        try:
            self.result = self.context.run(self.work, self.images)
        except BaseException as error:  # for whom it was done
            self.error = error
        del self.work, self.context
        self.done.release()

    def wait(self) -> T:
        with self.done:
            if self.error is not None:
                raise self.error
            return self.result  # type: ignore[return-value]


class _Helper:
    """A thread that waits for jobs as long as the process runs."""

    def __init__(self) -> None:
        self.jobs: queue.SimpleQueue[_Job[Any]] = queue.SimpleQueue()
        threading.Thread(target=self._work, name="tinygrad_nn", daemon=True).start()

    def _work(self) -> None:
        while True:
            self.jobs.get().run()


def share(work: Callable[[slice], T], images: int, most: int) -> list[T]:
    """What `work` returns for each share of so many images, in their order.

    Args:
        work: does it for some images; safe to run in several threads at once.
        images: how many there are.
        most: how many shares are worth it; there are no more than OpenBLAS may use threads.
    """
    threads = min(most, images, blas_threads() or 1) if most > 1 and not _state["forked"] else 1
    if threads <= 1:
        return [work(slice(0, images))]
    ends = [images * number // threads for number in range(threads + 1)]
    first, *others = [slice(start, stop) for start, stop in itertools.pairwise(ends)]
    if not _busy.acquire(blocking=False):
        return [work(part) for part in (first, *others)]
    try:
        _hold()
        try:
            return _together(work, first, others)
        finally:
            _let_go()
    finally:
        _busy.release()


def _together(work: Callable[[slice], T], first: slice, others: list[slice]) -> list[T]:
    while len(_helpers) < len(others):
        _helpers.append(_Helper())
    jobs = [_Job(work, part) for part in others]
    for helper, job in zip(_helpers, jobs, strict=False):
        helper.jobs.put(job)
    try:
        own = work(first)
    finally:
        for job in jobs:
            with job.done:  # nobody may write to what is shared any more when this returns
                pass
    return [own, *[job.wait() for job in jobs]]


def _in_child() -> None:
    """A forked process has none of the threads, and is most often one of several that have the cores for themselves."""
    _helpers.clear()
    _state["forked"] = 1
    for lock in (_busy, _changing):
        if lock.locked():
            lock.release()
    if _state["held"] is not None:
        _let_go()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_in_child)
