"""Work on many images, shared by a few threads: NumPy lets other threads run while it multiplies and copies.

OpenBLAS's own threads share each product, which gains little where products are small; here each thread has images of
its own, and OpenBLAS is held to one thread meanwhile.

Its other threads would be in the way longer than that: after a product they wait for the next one for 20 ms, each on a
core. So once something of a thread has been shared, all its operations hold OpenBLAS to one thread, and large products
of linear layers are shared here, too (a step of a GPT with two threads: 0.82 of the time, measured). A program that
shares nothing, as in training most fully connected networks, has all of OpenBLAS.

What is shared, and how, depends on the program and the number of threads alone, so results are the same from run to
run.
"""

from __future__ import annotations

import functools
import itertools
import os
import threading
from collections.abc import Callable
from typing import Any, TypeVar

from .blas import function
from .helping import URGENT, Job, give_away, is_forked
from .modes import modes

T = TypeVar("T")
_busy = threading.Lock()  # held by whom the helpers work for; all others do their work alone
_changing = threading.RLock()  # a finaliser that runs operations may come in between
# OpenBLAS's threads while it is held to one; how many hold it
_state: dict[str, Any] = {"held": None, "holders": 0}


# --- how many threads --------------------------------------------------------------------------------------------


@functools.cache
def _openblas(name: str) -> Any | None:
    return function(f"openblas_{name}_num_threads")


def blas_threads() -> int | None:
    """How many threads OpenBLAS uses while it is not held to one; None where NumPy came with another library."""
    with _changing:
        ask = _openblas("get")
        return _state["held"] or (ask() if ask is not None else None)


def is_single() -> bool:
    """Whether OpenBLAS uses one thread for this thread's operations.

    Not whether it does just now: while another thread holds it, this one is to compute what it does at other times.
    """
    return modes.here.shares or blas_threads() == 1


def set_blas_threads(number: int) -> None:
    """Set it, where there is OpenBLAS."""
    with _changing:
        tell = _openblas("set")
        if _state["held"] is not None:
            _state["held"] = number
        elif tell is not None:
            tell(number)


def hold() -> None:
    """Hold OpenBLAS to one thread, until `let_go` has been called as often."""
    with _changing:
        _state["holders"] += 1  # first, for a finaliser's sake
        if _state["holders"] == 1:
            _state["held"] = _openblas("get")()  # type: ignore[misc]
            _openblas("set")(1)  # type: ignore[misc]


def let_go() -> None:
    """The end of a `hold`."""
    with _changing:
        if _state["holders"] == 1:
            number, _state["held"] = _state["held"], None
            _openblas("set")(number)  # type: ignore[misc]
        _state["holders"] = max(0, _state["holders"] - 1)  # a forked process has let go of what its parent held


def _begin() -> None:
    """Let this thread's operations hold OpenBLAS to one thread from now on."""
    run = modes.here.unwatched_quiet

    def held(function: Callable[..., Any], *inputs: Any, **options: Any) -> Any:
        hold()
        try:
            return run(function, *inputs, **options)
        finally:
            let_go()

    modes.here.shares = True
    if modes.here.quiet is run:  # else somebody watches, and puts it there afterwards
        modes.here.quiet = held
    modes.here.unwatched_quiet = held


# --- sharing -----------------------------------------------------------------------------------------------------


def threads_for(images: int, most: int) -> int:
    """Among how many threads `share` divides so many images, if no more than `most` shares are worth it."""
    return min(most, images, blas_threads() or 1) if most > 1 and not is_forked() else 1


def share(work: Callable[[slice], T], images: int, most: int) -> list[T]:
    """What `work` returns for each share of so many images, in their order.

    Args:
        work: does it for some images; safe to run in several threads at once.
        images: how many there are.
        most: how many shares are worth it; there are no more than OpenBLAS may use threads.
    """
    threads = threads_for(images, most)
    if threads <= 1:
        return [work(slice(0, images))]
    ends = [images * number // threads for number in range(threads + 1)]
    first, *others = [slice(start, stop) for start, stop in itertools.pairwise(ends)]
    if not modes.here.shares:
        _begin()
    hold()  # whoever does it, so that the same is computed
    try:
        if not _busy.acquire(blocking=False):
            return [work(part) for part in (first, *others)]
        try:
            return _together(work, first, others)
        finally:
            _busy.release()
    finally:
        let_go()


def even_blocks(count: int, most: int) -> int:
    """How many of so many things make a block of at most `most`, if all blocks are of a size, two or four or more."""
    blocks = -(-count // most)
    return -(-count // (blocks + blocks % 2)) if blocks > 1 else count


def _together(work: Callable[[slice], T], first: slice, others: list[slice]) -> list[T]:
    jobs = [Job(functools.partial(work, part), URGENT) for part in others]
    for job in jobs:
        give_away(job, len(jobs))
    try:
        own = work(first)
    finally:
        for job in jobs:
            job.finish()  # nobody may write to what is shared any more when this returns
    return [own, *[job.result() for job in jobs]]


def _in_child() -> None:
    """Another thread may have held these."""
    global _busy, _changing
    _busy, _changing = threading.Lock(), threading.RLock()
    if _state["holders"]:
        _state["holders"] = 1
        let_go()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_in_child)
