"""Threads that help: they wait for jobs as long as the process runs.

Of what waits, they take first what somebody is about to wait for. And who needs a job that no helper has begun does it
himself, so a helper that is woken late, or has other work, is in nobody's way.
"""

from __future__ import annotations

import collections
import contextvars
import os
import queue
import threading
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from .modes import modes

T = TypeVar("T")


class Job(Generic[T]):
    """Something that another thread may do.

    Args:
        work: called without arguments, once.
        waiting: where it waits, one of `URGENT` and `ERRANDS`.
    """

    def __init__(self, work: Callable[[], T], waiting: collections.deque[Job[Any]]) -> None:
        self.work, self.waiting = work, waiting
        self.context = contextvars.copy_context()  # NumPy's errstate is in there
        self.value: T | None = None
        self.error: BaseException | None = None
        self.done = threading.Lock()
        self.done.acquire()

    def run(self) -> None:
        try:
            self.value = self.context.run(self.work)
        except BaseException as error:  # for whom it was done
            self.error = error
        self.done.release()
        del self.work, self.context

    def finish(self) -> None:
        """See to it that it is done: here, if nobody has begun it."""
        try:
            self.waiting.remove(self)
        except ValueError:
            if not _state["forked"]:
                with self.done:
                    return
            if self.done.acquire(blocking=False):  # it was done before the process forked
                self.done.release()
                return
            self.context = self.context.copy()  # whoever has entered it is not in this process
        self.run()

    def result(self) -> T:
        """What the work returned. To be asked for once: nothing else holds it afterwards.

        Raises:
            BaseException: what the work has raised.
        """
        self.finish()
        if self.error is not None:
            raise self.error
        value, self.value = self.value, None
        return value  # type: ignore[return-value]


URGENT: collections.deque[Job[Any]] = collections.deque()
ERRANDS: collections.deque[Job[Any]] = collections.deque()
_calls: queue.SimpleQueue[None] = queue.SimpleQueue()  # one for each job that was given away
_helpers: list[threading.Thread] = []
_state = {"forked": False}


def is_forked() -> bool:
    """Whether this process is a fork: most often one of several, which have the cores for themselves."""
    return _state["forked"]


def give_away(job: Job[Any], helpers: int) -> None:
    """Let one of so many helpers do a job. Whoever needs it has to ask for its `result`, or at least to `finish` it."""
    while len(_helpers) < helpers:
        helper = threading.Thread(target=_help, name="tinygrad_nn", daemon=True)
        _helpers.append(helper)
        helper.start()
    job.waiting.append(job)
    _calls.put(None)


def _help() -> None:
    modes.here.shares = True  # all that it does
    while True:
        _calls.get()
        for waiting in (URGENT, ERRANDS):
            try:
                job = waiting.popleft()
            except IndexError:  # whoever gave it away has done it himself
                continue
            job.run()
            del job
            break


def _in_child() -> None:
    """A forked process has none of the threads."""
    global _calls
    _calls = queue.SimpleQueue()
    _helpers.clear()
    _state["forked"] = True


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_in_child)
