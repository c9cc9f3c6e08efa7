"""Worker threads of a `DataLoader`: ``multiprocessing_context="thread"``.

They start at once, need no pickling and copy nothing. They run side by side as long as they are in NumPy, which lets
go of Python's lock, or wait for files.
"""

from __future__ import annotations

import dataclasses
import queue
import threading
import time
from typing import Any

from .sources import own_copy
from .worker import Job, Reply, Worker

_GRACE = 2.0  # seconds for a worker to finish its task, when it is to end


class Threads:
    """The worker threads of one loader."""

    def __init__(self, jobs: list[Job]) -> None:
        self._replies: queue.SimpleQueue[tuple[int, Reply]] = queue.SimpleQueue()
        self._ended = threading.Event()
        self._inboxes: list[queue.SimpleQueue[Any]] = [queue.SimpleQueue() for _ in jobs]
        # each has a copy of the dataset, as a worker process has: it may be told to read a share, and draws by itself
        own = [dataclasses.replace(job, dataset=own_copy(job.dataset)) for job in jobs]
        self._threads = [
            threading.Thread(
                target=_work,
                args=(job, inbox, self._replies, self._ended),
                name=f"DataLoader worker {job.number}",
                daemon=True,
            )
            for job, inbox in zip(own, self._inboxes, strict=True)
        ]
        for thread in self._threads:
            thread.start()

    @property
    def pids(self) -> list[int]:
        """The ids of processes: there are none."""
        return []

    def send(self, worker: int, number: int, task: str, value: Any) -> None:
        """Give a worker a task."""
        self._inboxes[worker].put((number, task, value))

    def receive(self, timeout: float | None) -> tuple[int, Reply]:
        """The next reply of any worker, and whose it is.

        Raises:
            queue.Empty: none came in time.
        """
        return self._replies.get(timeout=timeout)

    def close(self) -> None:
        """End all workers. One that is at work finishes its task; it cannot be stopped."""
        self._ended.set()
        for inbox in self._inboxes:
            inbox.put(None)
        end = time.monotonic() + _GRACE
        for thread in self._threads:
            if thread is not threading.current_thread():
                thread.join(max(0.0, end - time.monotonic()))


class _Ready:
    """A batch, ready to be used."""

    def __init__(self, batch: Any) -> None:
        self._batch = batch

    def unpack(self) -> Any:
        """The batch."""
        return self._batch

    def drop(self) -> None:
        """Nobody wants it."""


def _work(
    job: Job, inbox: queue.SimpleQueue[Any], replies: queue.SimpleQueue[tuple[int, Reply]], ended: threading.Event
) -> None:
    worker = Worker(job, "thread")
    while (message := inbox.get()) is not None and not ended.is_set():
        try:
            reply = worker.answer(*message)
        except BaseException as error:  # a process would end by it, which is seen; a thread would be waited for
            reply = worker.failed(message[0], error)
        if reply.kind == "batch":
            reply = reply._replace(value=_Ready(reply.value))
        replies.put((job.number, reply))
        del reply, message
