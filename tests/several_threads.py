"""For tests of what several threads do."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Generator
from typing import TypeVar

import tinygrad_nn as tg

T = TypeVar("T")


@contextlib.contextmanager
def threads(number: int) -> Generator[None]:
    """So many threads, for a while."""
    before = tg.get_num_threads()
    tg.set_num_threads(number)
    try:
        yield
    finally:
        tg.set_num_threads(before)


def at_once(work: Callable[[], T], number: int = 4) -> list[T]:
    """What a function returns in so many threads at once."""
    found: list[T] = []
    several = [threading.Thread(target=lambda: found.append(work())) for _ in range(number)]
    for thread in several:
        thread.start()
    for thread in several:
        thread.join()
    assert len(found) == number
    return found
