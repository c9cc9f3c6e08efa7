"""The workers of a `DataLoader`, as its epochs see them: tasks with numbers, replies, and how far each worker is.

Source: https://docs.pytorch.org/docs/stable/data.html#multi-process-data-loading
"""

from __future__ import annotations

import itertools
import weakref
from collections.abc import Container
from typing import Any

from .fetch import Recipe, batch_getter
from .worker import Job, Reply


class Progress:
    """How far a worker is, counting what has been handed out.

    Args:
        state: a state that it has told.
        again: what it has fetched since then, to be fetched once more by whoever goes on from there.
    """

    def __init__(self, state: dict[str, Any] | None, again: list[Any]) -> None:
        self.state, self.again = state, again


class Crew:
    """Processes or threads that fetch batches.

    Args:
        loader: whose they are. No reference to it is kept.
        base_seed: what they are seeded from.
    """

    def __init__(self, loader: Any, base_seed: int) -> None:
        self.base_seed = base_seed
        self.user: Any = None  # the epoch that it works for, as a weak reference
        recipe = Recipe(loader.collate_fn, loader.batch_sampler is not None, loader.drop_last)
        # no code of the user's runs where whole batches are taken from tensors, so there is no state
        self._quiet = batch_getter(loader.dataset, recipe) is not None
        count = loader.num_workers
        jobs = [Job(n, count, base_seed, loader.dataset, recipe, loader.worker_init_fn) for n in range(count)]
        self._pool = _pool(jobs, loader.multiprocessing_context)
        self.close = weakref.finalize(self, self._pool.close)  # ends all workers: when asked to, or with this object
        self._numbers = itertools.count()
        self._arrived: dict[int, Reply] = {}  # and not yet asked for
        self._awaited: set[int] = set()
        self._beginnings: dict[int, int] = {}  # of an epoch: numbers of tasks whose state is a worker's first progress
        self._progress = [Progress(None, []) for _ in jobs]

    # --- tasks ------------------------------------------------------------------------------------------------------

    def begin(self, worker: int, progress: Progress | None = None) -> None:
        """Let a worker begin an epoch from where it is, or from where another one was."""
        state, again = (None, []) if progress is None else (progress.state, progress.again)
        number = self._give(worker, "begin", {"state": state, "again": again})
        self._awaited.discard(number)
        if progress is None:
            self._beginnings[number] = worker
        else:
            self._progress[worker] = progress

    def fetch(self, worker: int, index: Any) -> int:
        """Let a worker fetch a batch. Returns the task's number."""
        return self._give(worker, "fetch", index)

    def _give(self, worker: int, task: str, value: Any) -> int:
        number = next(self._numbers)
        self._awaited.add(number)
        self._pool.send(worker, number, task, value)
        return number

    def forget_all(self) -> None:
        """Nobody will ask for any reply."""
        for number in [*self._awaited, *self._arrived]:
            self.forget(number)

    def forget(self, number: int) -> None:
        """Nobody will ask for this task's reply."""
        self._awaited.discard(number)
        reply = self._arrived.pop(number, None)
        if reply is not None:
            _drop(reply)

    # --- replies ----------------------------------------------------------------------------------------------------

    def reply(self, number: int, timeout: float | None) -> Reply:
        """The reply to a task.

        Raises:
            queue.Empty: nothing came in time.
            WorkerDiedError: a worker process is dead.
        """
        while number not in self._arrived:
            self._receive(timeout)
        return self._arrived.pop(number)

    def first_reply(self, numbers: Container[int], timeout: float | None) -> Reply:
        """The first reply that came to any of these tasks."""
        while True:
            for number in self._arrived:
                if number in numbers:
                    return self._arrived.pop(number)
            self._receive(timeout)

    def _receive(self, timeout: float | None) -> None:
        worker, reply = self._pool.receive(timeout)
        number = reply.number
        if self._beginnings.pop(number, None) is not None:
            self._progress[worker] = Progress(reply.state, [])
        elif number in self._awaited:
            self._awaited.discard(number)
            self._arrived[number] = reply
        else:
            _drop(reply)

    # --- progress ---------------------------------------------------------------------------------------------------

    def done(self, worker: int, index: Any, reply: Reply) -> None:
        """A worker's batch has been handed out."""
        if self._quiet:
            return
        progress = self._progress[worker]
        if reply.state is not None:
            self._progress[worker] = Progress(reply.state, [])
        else:
            progress.again.append(index)

    def progress(self) -> list[Progress]:
        """How far the workers are."""
        while self._beginnings:
            self._receive(None)
        return self._progress

    def idle_states(self) -> list[dict[str, Any] | None]:
        """The states of the workers when all their tasks are done."""
        self.forget_all()
        numbers = [self._give(worker, "state", None) for worker in range(len(self._progress))]
        return [self.reply(number, None).state for number in numbers]


def _drop(reply: Reply) -> None:
    if reply.kind == "batch":
        reply.value.drop()


def _pool(jobs: list[Job], context: Any) -> Any:
    if context == "thread":
        from .threads import Threads

        return Threads(jobs)
    import multiprocessing  # here, as it takes its time, and most programs have no workers

    from .processes import Processes

    return Processes(jobs, multiprocessing.get_context() if context is None else context)
