"""What a worker of a `DataLoader` does, be it a process or a thread.

Source: https://docs.pytorch.org/docs/stable/data.html#multi-process-data-loading
"""

from __future__ import annotations

import contextlib
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from tinygrad_nn._core.random import Generator, default_generator
from tinygrad_nn._core.random_states import get_state, set_thread_generator

from .failure import Failure
from .fetch import Recipe, StreamFetch, batch_getter, fetch_state, make_fetch, tells_state
from .order import is_stateful
from .sources import get_states, set_sources, set_states, sources_of

# Of a worker's time, at most one part in so many goes into telling its state.
_SHARE = 40


@dataclass(frozen=True, slots=True)
class RandomSources:
    """What a worker thread draws from. Its ``torch_generator`` is also the default generator of the thread."""

    random_generator: random.Random
    torch_generator: Generator
    numpy_generator: np.random.Generator


@dataclass(frozen=True, slots=True)
class WorkerInfo:
    """What `get_worker_info` tells: a worker's ``id`` of ``num_workers``, its ``seed`` and its copy of the ``dataset``.

    ``worker_method`` is "multiprocessing" or "thread". A thread shares NumPy's and Python's global random numbers with
    all others, so it has sources of its own in ``rng``; for a process that is None.
    """

    id: int
    num_workers: int
    seed: int
    dataset: Any
    rng: RandomSources | None = None
    worker_method: str = "multiprocessing"


class _Current(threading.local):
    info: WorkerInfo | None = None


_current = _Current()


def get_worker_info() -> WorkerInfo | None:
    """The worker that is at work; None outside of the code that a `DataLoader` with workers calls.

    Source: https://docs.pytorch.org/docs/stable/data.html#torch.utils.data.get_worker_info

    Example:
        >>> from tinygrad_nn.utils.data import DataLoader, IterableDataset, get_worker_info
        >>> class Numbers(IterableDataset):
        ...     def __iter__(self):
        ...         worker = get_worker_info()  # each worker reads its share
        ...         return iter(range(worker.id, 6, worker.num_workers))
        >>> loader = DataLoader(Numbers(), batch_size=2, num_workers=2, multiprocessing_context="thread")
        >>> [batch.tolist() for batch in loader]
        [[0, 2], [1, 3], [4], [5]]
    """
    return _current.info


@dataclass(frozen=True, slots=True)
class Job:
    """All that a worker has to know."""

    number: int
    num_workers: int
    base_seed: int
    dataset: Any
    recipe: Recipe
    init: Callable[[int], None] | None


class Reply(NamedTuple):
    """What a worker answers.

    Args:
        number: the task's.
        kind: "batch", "failure" or "ended" (the worker's stream); "state" where only that was asked for.
        value: the batch, or the `Failure`.
        state: the worker's, after this task; None where it has not been told.
    """

    number: int
    kind: str
    value: Any
    state: dict[str, Any] | None


class Worker:
    """One worker: its copy of the dataset, its random streams, and its way to fetch a batch."""

    def __init__(self, job: Job, method: str) -> None:
        self._job, self._dataset = job, job.dataset
        self._where = f"in DataLoader worker {'thread' if method == 'thread' else 'process'} {job.number}"
        self._failure: Failure | None = None
        self._fetch: Any = None
        self._cost, self._told = 0.0, -1.0  # how long it takes to tell the state, and when it was told last
        self._quiet = batch_getter(job.dataset, job.recipe) is not None  # no code that could change it
        sources = _thread_sources(job) if method == "thread" else None
        self._own: dict[str, Any] | None = None  # what a thread draws from; a process has the global sources
        if sources is None:
            _seed_process(job)
        else:
            names = ("random_generator", "torch_generator", "numpy_generator")
            self._own = {"dataset": self._dataset, "thread": {name: getattr(sources, name) for name in names}}
        seed = job.base_seed + job.number
        self._info = WorkerInfo(job.number, job.num_workers, seed, self._dataset, sources, method)
        _current.info = self._info
        if job.init is not None:
            try:
                job.init(job.number)
            except Exception as error:
                self._failure = Failure(error, self._where)

    # --- tasks ------------------------------------------------------------------------------------------------------

    def answer(self, number: int, task: str, value: Any) -> Reply:
        """Do one task: "fetch" a batch, "begin" an epoch, or tell the "state"."""
        if task == "begin":
            state = None if self._failure is not None else self._streams()
            self._begin(**value)
            return Reply(number, "state", None, state)
        if task == "state":
            return Reply(number, "state", None, None if self._failure is not None else self._streams())
        if self._failure is not None:
            return Reply(number, "failure", self._failure, None)
        try:
            batch = self._fetch(value)
        except Exception as error:
            if not (isinstance(error, StopIteration) and isinstance(self._fetch, StreamFetch)):
                return self.failed(number, error)
            self._fetch.ended = True
            return Reply(number, "ended", None, None)
        try:
            return Reply(number, "batch", batch, self._state_if_due())
        except Exception as error:  # of the dataset's state_dict
            return self.failed(number, error)

    def failed(self, number: int, error: BaseException) -> Reply:
        """The answer where something has gone wrong."""
        return Reply(number, "failure", Failure(error, self._where), None)

    # --- states -----------------------------------------------------------------------------------------------------

    def _begin(self, state: dict[str, Any] | None, again: list[Any]) -> None:
        """Begin an epoch, or take one up: from a state, by fetching once more what was fetched since."""
        if self._failure is not None:
            return
        try:
            streams = None if state is None else state["streams"]
            if streams is not None:
                self._set_streams(streams)
            self._fetch = make_fetch(self._dataset, self._job.recipe, None if state is None else state["fetch"])
            if streams is not None and state is not None and state["fetch"]["begun"]:
                self._set_streams(streams)  # which the dataset may have used when it was asked for its iterator
            for index in again:
                with contextlib.suppress(Exception):  # raised once already
                    self._fetch(index)
        except Exception as error:
            self._failure = Failure(error, self._where)

    def _streams(self) -> dict[str, Any]:
        """The state between two epochs."""
        dataset = self._dataset.state_dict() if is_stateful(self._dataset) else None
        fetch = {"dataset": dataset, "iterator": None, "ended": False, "begun": False}
        return {"streams": self._get_streams(), "fetch": fetch}

    def _state(self) -> dict[str, Any] | None:
        """The state within an epoch; None of a stream that has to be gone through again."""
        if not tells_state(self._dataset, self._fetch):
            return None
        return {"streams": self._get_streams(), "fetch": {**fetch_state(self._dataset, self._fetch), "begun": True}}

    def _state_if_due(self) -> dict[str, Any] | None:
        """The state, unless telling it so often would take too much time: what was done since can be done again."""
        started = time.perf_counter()
        if self._quiet:
            return None
        if self._told >= 0 and started - self._told < _SHARE * self._cost:
            return None
        state = self._state()
        self._told = time.perf_counter()
        self._cost = self._told - started
        return state

    def _get_streams(self) -> dict[str, Any]:
        """The states of all that the worker draws from."""
        if self._own is None:
            return get_states(self._dataset)
        return {place: get_state(source) for place, source in sources_of(self._own).items()}

    def _set_streams(self, streams: dict[str, Any]) -> None:
        if self._own is None:
            set_states(self._dataset, streams)
        else:
            set_sources(self._own, streams)


def _numpy_seed(job: Job) -> np.ndarray[Any, Any]:
    """Another seed for NumPy than for Python's random numbers, which have the same engine."""
    entropy = [job.number, job.base_seed & (2**32 - 1), job.base_seed >> 32, 0]
    return np.random.SeedSequence(entropy).generate_state(4)


def _seed_process(job: Job) -> None:
    seed = job.base_seed + job.number
    random.seed(seed)
    default_generator.manual_seed(seed)
    np.random.seed(_numpy_seed(job))


def _thread_sources(job: Job) -> RandomSources:
    seed = job.base_seed + job.number
    generator = Generator().manual_seed(seed)
    set_thread_generator(generator)
    return RandomSources(random.Random(seed), generator, np.random.default_rng(_numpy_seed(job)))
