"""One epoch of a `DataLoader`: what ``iter(loader)`` gives.

Source: https://docs.pytorch.org/docs/stable/data.html#torch.utils.data.DataLoader
"""

from __future__ import annotations

import contextlib
import queue
import warnings
import weakref
from collections import deque
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from .crew import Crew, Progress
from .dataset import IterableDataset, TensorDataset
from .failure import WorkerDiedError
from .fetch import END, Recipe, batch_getter, fetch_state, make_fetch, tells_state
from .order import Places
from .sampler import draw_seed
from .sources import get_states, set_states

if TYPE_CHECKING:
    from .dataloader import DataLoader


class Epoch(Iterator[Any]):
    """The batches of one epoch, one after the other."""

    def __init__(self, loader: DataLoader[Any]) -> None:
        self._loader = loader
        self._yielded = 0
        self.finished = False

    @property
    def in_progress(self) -> bool:
        """Whether there may be more batches to come."""
        return not self.finished

    def state_dict(self) -> dict[str, Any]:
        """How far it is."""
        raise NotImplementedError

    def _next(self) -> Any:
        raise NotImplementedError

    def __next__(self) -> Any:
        try:
            batch = self._next()
        except StopIteration:
            self.finished = True
            raise
        self._yielded += 1
        reported = self._loader._reported_length
        if reported is not None and self._yielded > reported:
            warnings.warn(
                f"Length of IterableDataset {self._loader.dataset} was reported to be {reported} (when "
                f"accessing len(dataloader)), but {self._yielded} samples have been fetched. Correct its "
                "__len__; with workers, let each of them yield its own share (see get_worker_info)",
                stacklevel=2,
            )
        return batch

    def __len__(self) -> int:
        return len(self._loader.index_sampler)

    def __getstate__(self) -> Any:
        raise NotImplementedError(f"{type(self).__name__} cannot be pickled. Save the loader's state_dict()")

    # The index of a stream's batch is a list of Nones, of which only the length is kept.

    def _short(self, index: Any) -> Any:
        stream = isinstance(self._loader.dataset, IterableDataset)
        return len(index) if stream and index is not None else index

    def _long(self, index: Any) -> Any:
        stream = isinstance(self._loader.dataset, IterableDataset)
        return [None] * index if stream and index is not None else index


class PlainEpoch(Epoch):
    """An epoch without workers."""

    def __init__(self, loader: DataLoader[Any], state: dict[str, Any] | None = None) -> None:
        super().__init__(loader)
        self._dataset = loader.dataset
        self._recipe = Recipe(loader.collate_fn, loader.batch_sampler is not None, loader.drop_last)
        self._start: dict[str, Any] | None = None  # where a stream begins that has to be gone through again
        self._again: list[Any] | None = None
        if state is None:
            self._begin(loader)
        else:
            self._load(state)
        if isinstance(loader.dataset, TensorDataset) and batch_getter(loader.dataset, self._recipe) is not None:
            self._places.allow_arrays()

    def _begin(self, loader: DataLoader[Any]) -> None:
        self._places = Places(loader.index_sampler)  # PyTorch's order: the sampler first, then the base seed
        draw_seed(loader.generator)
        stream = isinstance(loader.dataset, IterableDataset)
        start = get_states(self._dataset) if stream else None
        self._fetch = make_fetch(self._dataset, self._recipe)
        if stream and not tells_state(self._dataset, self._fetch):
            self._start, self._again = start, []

    def _next(self) -> Any:
        index = next(self._places)
        if self._again is not None:
            self._again.append(self._short(index))
        return self._fetch(index)

    def state_dict(self) -> dict[str, Any]:
        """How far it is."""
        return {
            "places": self._places.state_dict(),
            "yielded": self._yielded,
            "fetch": fetch_state(self._dataset, self._fetch) if self._again is None else None,
            "start": self._start,
            "again": None if self._again is None else [*self._again],
        }

    def _load(self, state: dict[str, Any]) -> None:
        self._places = Places(self._loader.index_sampler, state["places"])
        self._yielded = state["yielded"]
        now = get_states(self._dataset)
        try:
            set_states(self._dataset, state["start"])
            self._fetch = make_fetch(self._dataset, self._recipe, state["fetch"])
            self._start, self._again = state["start"], state["again"]
            for index in self._again or []:
                with contextlib.suppress(Exception):  # raised once already; the end of the stream comes again
                    self._fetch(self._long(index))
        finally:
            set_states(self._dataset, now)


class WorkersEpoch(Epoch):
    """An epoch with workers.

    So many batches are always under way: ``prefetch_factor`` for each worker. In which order indices are drawn and
    workers take turns shows in the batches, so it is PyTorch's.
    """

    def __init__(self, loader: DataLoader[Any], state: dict[str, Any] | None = None) -> None:
        super().__init__(loader)
        self._limit = (loader.prefetch_factor or 2) * loader.num_workers
        self._tasks: dict[int, tuple[int, Any]] = {}  # number: worker and index; the next one first
        self._broken = ""
        if state is None:
            self._crew = self._find_crew(loader)
            self._places = Places(loader.index_sampler)
            self._turns = deque(range(loader.num_workers))  # whose stream has not ended, the next one first
        else:
            self._crew = Crew(loader, state["base_seed"])
            self._load(state)
        self._crew.user = weakref.ref(self)
        if loader.persistent_workers:
            loader._kept_crew = self._crew
        while len(self._tasks) < self._limit and self._add_task():
            pass

    def _find_crew(self, loader: DataLoader[Any]) -> Crew:
        kept: Crew | None = loader._kept_crew
        if kept is not None:
            kept.forget_all()  # of an epoch that was left early
            for worker in range(loader.num_workers):
                kept.begin(worker)
            return kept
        resumed, loader._idle_crew = loader._idle_crew, None
        if resumed is not None:
            crew = Crew(loader, resumed["base_seed"])
            for worker, state in enumerate(resumed["workers"]):
                crew.begin(worker, Progress(state, []))
            return crew
        iter(loader.index_sampler)  # PyTorch asks for the order twice, which shows if it is drawn at once
        crew = Crew(loader, draw_seed(loader.generator))
        for worker in range(loader.num_workers):
            crew.begin(worker)
        return crew

    # --- the next batch ---------------------------------------------------------------------------------------------

    def _next(self) -> Any:
        self._check_usable()
        while self._tasks:
            number = next(iter(self._tasks))
            worker, index = self._tasks[number]
            if worker not in self._turns:
                self._forget(number)
                continue
            reply = self._reply(number)
            worker, index = self._tasks.pop(reply.number)
            if reply.kind == "ended":
                if worker in self._turns:
                    self._turns.remove(worker)
                    self._add_task()
                continue
            self._crew.done(worker, self._short(index), reply)
            self._add_task()
            if reply.kind == "failure":
                reply.value.reraise()
            return reply.value.unpack()
        if self._crew is not self._loader._kept_crew:
            self._crew.close()
        raise StopIteration

    def _reply(self, number: int) -> Any:
        timeout = self._loader.timeout or None
        try:
            if self._loader.in_order:
                return self._crew.reply(number, timeout)
            return self._crew.first_reply(self._tasks, timeout)
        except queue.Empty:
            worker, index = self._tasks[number]
            raise RuntimeError(
                f"DataLoader timed out after {timeout} seconds: worker {worker} has not answered, index {_shown(index)}"
            ) from None
        except WorkerDiedError as error:
            self._broken = str(error)
            self._crew.close()
            if self._crew is self._loader._kept_crew:
                self._loader._kept_crew = None
            raise RuntimeError(self._broken) from None

    @property
    def in_progress(self) -> bool:
        """Whether there may be more batches to come."""
        return not self.finished and not self._broken and self._crew.user() is self

    def _check_usable(self) -> None:
        if self._broken:
            raise RuntimeError(self._broken)
        if self._crew.user() is not self and not self.finished:
            raise RuntimeError(
                "This iterator is no longer valid: with persistent_workers=True there is one epoch at a time, and "
                "iter(loader) has begun another. Use a second DataLoader, or persistent_workers=False"
            )

    def _forget(self, number: int) -> None:
        self._crew.forget(number)
        del self._tasks[number]

    def _add_task(self) -> bool:
        """Draw the next indices and give them to the worker whose turn it is."""
        index = next(self._places, END)
        if index is END:
            return False
        worker = self._next_worker()
        if worker is not None:
            self._tasks[self._crew.fetch(worker, index)] = (worker, index)
        return worker is not None

    def _next_worker(self) -> int | None:
        turns = self._turns
        busy = [] if self._loader.in_order else [worker for worker, _ in self._tasks.values()]
        for _ in range(len(turns)):
            worker = turns[0]
            turns.rotate(-1)
            if busy.count(worker) < self._limit // len(turns):
                return worker
        return None

    # --- state ------------------------------------------------------------------------------------------------------

    def state_dict(self) -> dict[str, Any]:
        """How far it is."""
        pending = [[w, self._short(index)] for w, index in self._tasks.values() if w in self._turns]
        return {
            "places": self._places.state_dict(),
            "yielded": self._yielded,
            "base_seed": self._crew.base_seed,
            "pending": pending,
            "turns": [*self._turns],
            "workers": [{"state": p.state, "again": [*p.again]} for p in self._crew.progress()],
        }

    def _load(self, state: dict[str, Any]) -> None:
        self._places = Places(self._loader.index_sampler, state["places"])
        self._yielded = state["yielded"]
        self._turns = deque(state["turns"])
        for worker, kept in enumerate(state["workers"]):
            again = [self._long(index) for index in kept["again"]]
            self._crew.begin(worker, Progress(kept["state"], again))
        for worker, index in state["pending"]:
            index = self._long(index)
            self._tasks[self._crew.fetch(worker, index)] = (worker, index)


def _shown(index: Any) -> str:
    text = repr(index)
    return text if len(text) <= 80 else f"{text[:77]}..."
