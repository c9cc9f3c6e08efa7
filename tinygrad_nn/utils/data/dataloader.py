"""The data loader: batches of a dataset, in PyTorch's order.

Source: https://docs.pytorch.org/docs/stable/data.html#torch.utils.data.DataLoader
"""

from __future__ import annotations

import copy
import weakref
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Generic, TypeVar

from tinygrad_nn._core.random import Generator
from tinygrad_nn._core.random_states import get_state

from .collate import default_collate, default_convert
from .dataset import Dataset, IterableDataset
from .epoch import PlainEpoch, WorkersEpoch
from .options import as_context, check_order, check_workers
from .order import asks_itself, is_stateful
from .sampler import BatchSampler, Endless, RandomSampler, Sampler, SequentialSampler, size_of
from .sources import set_sources, sources_of

T_co = TypeVar("T_co", covariant=True)


class DataLoader(Generic[T_co]):
    """Iterates over a dataset in batches.

    Under the same seed the batches are PyTorch's, and the default generator is where PyTorch's would be:
    every ``iter(loader)`` draws one base seed, and a shuffled epoch one more for its order.

    Args:
        dataset: a map-style `Dataset` (anything with ``__getitem__`` and ``__len__``), or an
            `IterableDataset`.
        batch_size: samples in a batch; None hands out samples one by one, not collated.
        shuffle: another random order in each epoch.
        sampler: an iterable of indices, in place of ``shuffle``.
        batch_sampler: an iterable of lists of indices, in place of all four: ``batch_size``, ``shuffle``,
            ``sampler`` and ``drop_last``.
        num_workers: how many workers make batches, beside the calling process. 0: it makes them itself, when
            they are asked for.
        collate_fn: from a list of samples to a batch; `default_collate` if None.
        pin_memory: accepted; there is no device to pin memory for.
        drop_last: leave out the last batch where it is shorter.
        timeout: with workers, how many seconds to wait for a batch; 0 waits for ever.
        worker_init_fn: called in each worker with its id, when it is seeded and before it fetches anything.
        multiprocessing_context: how workers are started: "fork", "spawn", "forkserver" or a context of
            `multiprocessing`; the system's usual way if None. Or "thread": see below.
        generator: where base seed and order come from; the default generator if None.
        prefetch_factor: batches whose indices are drawn in advance, for each worker; 2 if None.
        persistent_workers: keep the workers, and where their random streams are, from epoch to epoch.
        pin_memory_device: accepted, as ``pin_memory``.
        in_order: with workers, hand out batches in the order of the sampler; else as they get ready.

    Raises:
        ValueError: an option has a wrong value, or contradicts another one. The text names both.
        TypeError: the dataset has no length, or ``multiprocessing_context`` is none.

    Workers. Each has its copy of the dataset, and its random numbers: this package's, NumPy's and Python's are seeded
    per worker and per epoch, as PyTorch seeds them. Arrays come from worker processes through shared memory. An
    exception in a worker is raised by the iterator, with the worker's traceback; if a process dies, that is a
    RuntimeError with its id. Workers ignore Ctrl-C and end with the process that has started them, however it ends.

    Threads (``multiprocessing_context="thread"``) start at once, and nothing has to be pickled or copied; they are side
    by side in NumPy, and where files are waited for. The default generator is a worker's own in its thread. NumPy's and
    Python's global ones are not: draw from ``get_worker_info().rng`` instead.

    Source: https://docs.pytorch.org/docs/stable/data.html#torch.utils.data.DataLoader

    Example:
        >>> import tinygrad_nn as tg
        >>> from tinygrad_nn.utils.data import DataLoader, TensorDataset
        >>> _ = tg.manual_seed(0)
        >>> loader = DataLoader(TensorDataset(tg.arange(5)), batch_size=2, shuffle=True)
        >>> [batch.tolist() for (batch,) in loader]
        [[1, 4], [2, 3], [0]]
        >>> len(loader)
        3
    """

    def __init__(
        self,
        dataset: Any,
        batch_size: int | None = 1,
        shuffle: bool | None = None,
        sampler: Sampler[Any] | Iterable[Any] | None = None,
        batch_sampler: Sampler[Any] | Iterable[Any] | None = None,
        num_workers: int = 0,
        collate_fn: Callable[[list[Any]], Any] | None = None,
        pin_memory: bool = False,
        drop_last: bool = False,
        timeout: float = 0,
        worker_init_fn: Callable[[int], None] | None = None,
        multiprocessing_context: Any = None,
        generator: Generator | None = None,
        *,
        prefetch_factor: int | None = None,
        persistent_workers: bool = False,
        pin_memory_device: str = "",
        in_order: bool = True,
    ) -> None:
        check_workers(num_workers, timeout, prefetch_factor, persistent_workers)
        context = as_context(multiprocessing_context, num_workers)
        check_order(dataset, batch_size, shuffle, sampler, batch_sampler, drop_last)
        if sampler is None:
            sampler = _default_sampler(dataset, bool(shuffle), generator)
        if batch_sampler is not None:
            batch_size = None
        elif batch_size is not None:
            batch_sampler = BatchSampler(sampler, batch_size, drop_last)
        if collate_fn is None:
            collate_fn = default_convert if batch_sampler is None else default_collate

        self.dataset: Dataset[T_co] = dataset
        self.batch_size = batch_size
        self.sampler = sampler
        self.batch_sampler = batch_sampler
        self.drop_last = drop_last
        self.num_workers = num_workers
        self.collate_fn = collate_fn
        self.pin_memory = pin_memory
        self.pin_memory_device = pin_memory_device
        self.timeout = timeout
        self.worker_init_fn = worker_init_fn
        self._context = context
        self.generator = generator
        self.prefetch_factor = 2 if num_workers > 0 and prefetch_factor is None else prefetch_factor
        self.in_order = in_order
        self._reported_length: int | None = None  # what len() told of a stream
        self._running: list[Any] = []  # epochs, as weak references
        self._loaded: deque[dict[str, Any]] = deque()  # states of epochs that are to be taken up
        self._kept_crew: Any = None  # persistent workers
        self._idle_crew: dict[str, Any] | None = None  # the state of such workers, when none were at work
        self.persistent_workers = persistent_workers  # the last one: from here on `__setattr__` refuses

    def __setattr__(self, name: str, value: Any) -> None:
        if name in _FIXED and hasattr(self, "persistent_workers"):
            kind = type(self).__name__
            raise ValueError(f"{name} attribute should not be set after {kind} is initialized. Make a new {kind}")
        super().__setattr__(name, value)

    @property
    def index_sampler(self) -> Any:
        """What the indices come from: lists of them where batches are made, single ones otherwise."""
        return self.sampler if self.batch_sampler is None else self.batch_sampler

    @property
    def multiprocessing_context(self) -> Any:
        """What starts the workers: a context of `multiprocessing`, "thread", or None for the system's usual way."""
        return self._context

    @multiprocessing_context.setter
    def multiprocessing_context(self, context: Any) -> None:
        self._context = as_context(context, self.num_workers)

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "_kept_crew": None, "_running": []}

    def __iter__(self) -> Iterator[Any]:
        if self.num_workers == 0 and self.timeout != 0:
            raise AssertionError(f"timeout needs num_workers > 0, got timeout={self.timeout} and num_workers=0")
        state = self._loaded.popleft() if self._loaded else None
        epoch = WorkersEpoch(self, state) if self.num_workers > 0 else PlainEpoch(self, state)
        self._running = [*self._in_progress(), weakref.ref(epoch)]
        return epoch

    def __len__(self) -> int:
        if not isinstance(self.dataset, IterableDataset):
            return len(self.index_sampler)
        length = size_of(self.dataset)
        self._reported_length = length
        if self.batch_size is None:
            return length
        return length // self.batch_size if self.drop_last else -(-length // self.batch_size)

    # --- state ------------------------------------------------------------------------------------------------------

    def state_dict(self) -> dict[str, Any]:
        """Where the loader stands, as plain data: all that it takes to go on from the batch after the last one.

        Epochs that are in progress are in it, each with its order, how much of it has been handed out, and the random
        states of its workers; also the states of generators that the loader or its sampler was given, and of persistent
        workers between two epochs. An epoch counts as in progress as long as its iterator exists and has not ended: a
        loop that was left early leaves nothing to go on with.

        Samplers, datasets and their iterators that have ``state_dict`` and ``load_state_dict`` are asked for their
        states. Without them, a stream or a sampler is gone through again from the beginning.

        The default generator, and NumPy's and Python's, are not in it: `save_checkpoint` saves them.

        Example:
            >>> from tinygrad_nn.utils.data import DataLoader
            >>> loader = DataLoader(range(5), batch_size=2)
            >>> for batch in loader:
            ...     state = loader.state_dict()
            ...     break
            >>> other = DataLoader(range(5), batch_size=2)
            >>> other.load_state_dict(state)
            >>> [batch.tolist() for batch in other]
            [[2, 3], [4]]
            >>> [batch.tolist() for batch in other]
            [[0, 1], [2, 3], [4]]
        """
        running = [epoch for epoch in (reference() for reference in self._in_progress()) if epoch is not None]
        crew, idle = self._kept_crew, self._idle_crew
        if crew is not None and not any(getattr(epoch, "_crew", None) is crew for epoch in running):
            idle = {"base_seed": crew.base_seed, "workers": crew.idle_states()}
        return {
            "made_of": self._made_of(),
            "epochs": [*(epoch.state_dict() for epoch in running), *copy.deepcopy([*self._loaded])],
            "idle_workers": copy.deepcopy(idle),
            "generators": {place: get_state(source) for place, source in sources_of(self).items()},
            "objects": {name: copy.deepcopy(part.state_dict()) for name, part in self._stateful().items()},
            "reported_length": self._reported_length,
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Let the next ``iter(loader)`` go on where `state_dict` was called.

        Where several epochs were in progress, as in nested loops, each ``iter(loader)`` takes up the next one, in the
        order in which they were begun. Iterators that exist already are not touched.

        Raises:
            ValueError: the state is another loader's: its options or its dataset's length differ. Nothing is changed.
            KeyError, TypeError: it is no loader's state.
        """
        if not isinstance(state_dict, Mapping):
            got = type(state_dict).__name__
            raise TypeError(f"load_state_dict(): expected a dict that state_dict() gave, got {got}")
        for name, was in state_dict["made_of"].items():
            now = self._made_of().get(name)
            if was != now:
                raise ValueError(
                    f"The state is that of another DataLoader: {name} was {was!r} and is {now!r}. Make the loader "
                    "as it was made when the state was saved"
                )
        state = copy.deepcopy(dict(state_dict))
        epochs, idle = state["epochs"], state["idle_workers"]
        set_sources(self, state["generators"])
        for name, part in self._stateful().items():
            part.load_state_dict(state["objects"][name])
        self._loaded, self._idle_crew, self._kept_crew = deque(epochs), idle, None
        self._reported_length = state["reported_length"]

    def _in_progress(self) -> list[Any]:
        found = [(reference, reference()) for reference in self._running]
        return [reference for reference, epoch in found if epoch is not None and epoch.in_progress]

    def _made_of(self) -> dict[str, Any]:
        """What must be the same where a state is loaded."""
        length = None if isinstance(self.dataset, IterableDataset) else _length_or_none(self.dataset)
        return {
            "dataset": type(self.dataset).__name__,
            "length": length,
            "sampler": type(self.index_sampler).__name__,
            "batch_size": self.batch_size,
            "drop_last": self.drop_last,
            "num_workers": self.num_workers,
            "threads": self.multiprocessing_context == "thread",
            "persistent_workers": self.persistent_workers,
            "generators": [*sources_of(self)],
            "stateful": [*self._stateful()],
        }

    def _samplers(self) -> dict[str, Any]:
        inner = getattr(self.batch_sampler, "sampler", None)
        return {"sampler": self.sampler, "batch_sampler": self.batch_sampler, "batch_sampler.sampler": inner}

    def _stateful(self) -> dict[str, Any]:
        """The dataset and the samplers, as far as they are somebody's own and have a state."""
        found = {name: sampler for name, sampler in self._samplers().items() if asks_itself(sampler)}
        return {"dataset": self.dataset, **found} if is_stateful(self.dataset) else found


class StatefulDataLoader(DataLoader[T_co]):
    """A `DataLoader` under the name that it has in torchdata, where only this one has ``state_dict``.

    Args:
        *args, **kwargs: those of `DataLoader`.
        snapshot_every_n_steps: accepted. Workers tell their state as often as it costs next to nothing, and what they
            did since is done again; the batches come out the same.

    Source: https://meta-pytorch.org/data/main/torchdata.stateful_dataloader.html

    Example:
        >>> from tinygrad_nn.utils.data import StatefulDataLoader
        >>> loader = StatefulDataLoader(range(4), batch_size=2)
        >>> batches = iter(loader)
        >>> next(batches)
        tensor([0, 1])
        >>> loader.load_state_dict(loader.state_dict())
        >>> list(loader)
        [tensor([2, 3])]
    """

    def __init__(self, *args: Any, snapshot_every_n_steps: int | None = 1, **kwargs: Any) -> None:
        self.snapshot_every_n_steps = snapshot_every_n_steps
        super().__init__(*args, **kwargs)


_FIXED = ("batch_size", "batch_sampler", "sampler", "drop_last", "dataset", "persistent_workers")


def _default_sampler(dataset: Any, shuffle: bool, generator: Generator | None) -> Sampler[Any]:
    if isinstance(dataset, IterableDataset):
        return Endless()
    return RandomSampler(dataset, generator=generator) if shuffle else SequentialSampler(dataset)


def _length_or_none(dataset: Any) -> int | None:
    try:
        return size_of(dataset)
    except (TypeError, NotImplementedError):
        return None
