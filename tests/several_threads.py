"""For tests of what several threads do."""

from __future__ import annotations

import contextlib
from collections.abc import Generator

import tinygrad_nn as tg


@contextlib.contextmanager
def threads(number: int) -> Generator[None]:
    """So many threads, for a while."""
    before = tg.get_num_threads()
    tg.set_num_threads(number)
    try:
        yield
    finally:
        tg.set_num_threads(before)
