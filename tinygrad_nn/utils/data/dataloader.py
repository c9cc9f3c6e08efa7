"""The data loader: batches of a dataset, in PyTorch's order.

Source: https://docs.pytorch.org/docs/stable/data.html#torch.utils.data.DataLoader
"""

from __future__ import annotations

import warnings
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Generic, TypeVar

from tinygrad_nn._core.random import Generator

from .collate import default_collate, default_convert
from .dataset import Dataset, IterableDataset
from .fetch import END, batch_getter, make_fetch
from .sampler import BatchSampler, RandomSampler, Sampler, SequentialSampler, draw_seed, size_of
from .worker import Worker, make_worker

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
        num_workers: how many workers make batches. They take turns in this process, no other is started;
            orders, batches, and the random numbers that a dataset draws are those of PyTorch with as many
            processes.
        collate_fn: from a list of samples to a batch; `default_collate` if None.
        pin_memory: accepted; there is no device to pin memory for.
        drop_last: leave out the last batch where it is shorter.
        timeout: accepted for ``num_workers > 0``; nothing is waited for.
        worker_init_fn: called with each worker's id, at the start of an epoch.
        multiprocessing_context: checked for ``num_workers > 0``; no process is started.
        generator: where base seed and order come from; the default generator if None.
        prefetch_factor: batches whose indices are drawn in advance, for each worker; 2 if None.
        persistent_workers: keep the workers, and where their random streams are, from epoch to epoch.
        pin_memory_device: accepted, as ``pin_memory``.
        in_order: accepted; batches always come in order.

    Raises:
        ValueError: an option has a wrong value, or contradicts another one. The text names both.
        TypeError: the dataset has no length, or ``multiprocessing_context`` is none.

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
        _check_workers(num_workers, timeout, prefetch_factor, persistent_workers, multiprocessing_context)
        _check_order(dataset, batch_size, shuffle, sampler, batch_sampler, drop_last)
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
        self.multiprocessing_context = multiprocessing_context
        self.generator = generator
        self.prefetch_factor = 2 if num_workers > 0 and prefetch_factor is None else prefetch_factor
        self.in_order = in_order
        self._reported_length: int | None = None  # what len() told of a stream
        self._kept: _WorkersIterator | None = None
        self.persistent_workers = persistent_workers  # the last one: from here on `__setattr__` refuses

    def __setattr__(self, name: str, value: Any) -> None:
        if name in _FIXED and hasattr(self, "persistent_workers"):
            kind = type(self).__name__
            raise ValueError(
                f"{name} attribute should not be set after {kind} is initialized. Make a new {kind}"
            )
        super().__setattr__(name, value)

    @property
    def index_sampler(self) -> Any:
        """What the indices come from: lists of them where batches are made, single ones otherwise."""
        return self.sampler if self.batch_sampler is None else self.batch_sampler

    def __iter__(self) -> Iterator[Any]:
        if self.num_workers == 0:
            if self.timeout != 0:
                raise AssertionError(
                    f"timeout needs num_workers > 0, got timeout={self.timeout} and num_workers=0"
                )
            return _Iterator(self)
        if self._kept is not None:
            self._kept.restart()
            return self._kept
        iterator = _WorkersIterator(self)
        if self.persistent_workers:
            self._kept = iterator
        return iterator

    def __len__(self) -> int:
        if not isinstance(self.dataset, IterableDataset):
            return len(self.index_sampler)
        length = size_of(self.dataset)
        self._reported_length = length
        if self.batch_size is None:
            return length
        return length // self.batch_size if self.drop_last else -(-length // self.batch_size)


_FIXED = ("batch_size", "batch_sampler", "sampler", "drop_last", "dataset", "persistent_workers")


class _Iterator:
    """One epoch, without workers."""

    def __init__(self, loader: DataLoader[Any]) -> None:
        self._loader = loader
        self._indices = iter(loader.index_sampler)  # PyTorch's order: the sampler first, then the base seed
        self._base_seed = draw_seed(loader.generator)
        self._yielded = 0
        self._start()

    def _start(self) -> None:
        self._fetch = make_fetch(self._loader, self._loader.dataset)

    def _next(self) -> Any:
        return self._fetch(next(self._indices))

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        batch = self._next()
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


class _WorkersIterator(_Iterator):
    """One epoch with workers that take turns; several with persistent ones."""

    def _start(self) -> None:
        loader = self._loader
        # no code of the user's runs where whole batches are taken from tensors: nothing to keep apart
        quiet = loader.collate_fn is default_collate and batch_getter(loader.dataset) is not None
        self._workers = [
            make_worker(number, self._base_seed, loader, lambda dataset: make_fetch(loader, dataset), quiet)
            for number in range(loader.num_workers)
        ]
        self._assign()

    def restart(self) -> None:
        """Begin the next epoch with the same workers; no new base seed is drawn."""
        self._yielded = 0
        for worker in self._workers:
            worker.restart()
        self._assign()

    def _assign(self) -> None:
        """Draw the first indices in advance, as many as PyTorch does: it shows in the generator's state."""
        self._indices = iter(self._loader.index_sampler)
        self._turns: deque[Worker] = deque(self._workers)  # whose stream has not ended, the next one first
        self._tasks: deque[tuple[Worker, Any]] = deque()
        for _ in range((self._loader.prefetch_factor or 0) * len(self._workers)):
            self._add_task()

    def _add_task(self) -> None:
        index = next(self._indices, END)
        if index is not END and self._turns:
            self._tasks.append((self._turns[0], index))
            self._turns.rotate(-1)

    def _next(self) -> Any:
        while self._tasks:
            worker, index = self._tasks.popleft()
            if worker not in self._turns:
                continue
            try:
                return worker.fetch(index)
            except StopIteration:
                if not isinstance(self._loader.dataset, IterableDataset):
                    raise
                self._turns.remove(worker)
            finally:
                self._add_task()
        raise StopIteration


class _Endless(Sampler[None]):
    """The sampler of streams: it only counts, and the stream says when to stop."""

    def __iter__(self) -> Iterator[None]:
        while True:
            yield None


def _default_sampler(dataset: Any, shuffle: bool, generator: Generator | None) -> Sampler[Any]:
    if isinstance(dataset, IterableDataset):
        return _Endless()
    return RandomSampler(dataset, generator=generator) if shuffle else SequentialSampler(dataset)


def _check_workers(
    num_workers: int, timeout: float, prefetch_factor: int | None, persistent_workers: bool, context: Any
) -> None:
    if num_workers < 0:
        raise ValueError(
            "num_workers option should be non-negative; use num_workers=0 to load without workers, "
            f"got {num_workers}"
        )
    if timeout < 0:
        raise ValueError(f"timeout option should be non-negative, got {timeout}")
    if prefetch_factor is not None and num_workers == 0:
        raise ValueError(
            "prefetch_factor option could only be specified in multiprocessing: "
            f"got prefetch_factor={prefetch_factor} with num_workers=0. Let num_workers > 0, or leave it out"
        )
    if prefetch_factor is not None and prefetch_factor <= 0:
        raise ValueError(f"prefetch_factor option should be positive, got {prefetch_factor}")
    if persistent_workers and num_workers == 0:
        raise ValueError("persistent_workers option needs num_workers > 0, got num_workers=0")
    if context is not None:
        _check_context(context, num_workers)


def _check_context(context: Any, num_workers: int) -> None:
    import multiprocessing  # here, as few programs pass a context and importing it takes its time
    import multiprocessing.context

    if num_workers == 0:
        raise ValueError(
            "multiprocessing_context can only be used with multi-process loading (num_workers > 0), but got "
            "num_workers=0"
        )
    methods = multiprocessing.get_all_start_methods()
    if isinstance(context, str) and context not in methods:
        raise ValueError(
            f"multiprocessing_context option should specify a valid start method in {methods!r}, but got "
            f"multiprocessing_context={context!r}"
        )
    if not isinstance(context, str | multiprocessing.context.BaseContext):
        raise TypeError(
            "multiprocessing_context option should be a valid context object or a string specifying the "
            f"start method, but got multiprocessing_context={context!r}"
        )


def _check_order(
    dataset: Any,
    batch_size: int | None,
    shuffle: bool | None,
    sampler: Any,
    batch_sampler: Any,
    drop_last: bool,
) -> None:
    """Refuse options that contradict each other."""
    if isinstance(dataset, IterableDataset):
        given = {"shuffle": shuffle or None, "sampler": sampler, "batch_sampler": batch_sampler}
        for name, value in given.items():
            if value is not None:
                raise ValueError(
                    f"DataLoader with IterableDataset: expected unspecified {name} option, but got "
                    f"{name}={value}. A stream decides on its order itself, in __iter__"
                )
    if sampler is not None and shuffle:
        raise ValueError(
            "sampler option is mutually exclusive with shuffle; leave out shuffle=True, or the sampler"
        )
    if batch_sampler is not None:
        given = {
            "batch_size": batch_size != 1,
            "shuffle": shuffle,
            "sampler": sampler is not None,
            "drop_last": drop_last,
        }
        if any(given.values()):
            also = ", ".join(name for name, is_given in given.items() if is_given)
            raise ValueError(
                "batch_sampler option is mutually exclusive with batch_size, shuffle, sampler, and "
                f"drop_last, but got also {also}; leave them out, the batch_sampler decides"
            )
    elif batch_size is None and drop_last:
        raise ValueError(
            "batch_size=None option disables auto-batching and is mutually exclusive with drop_last"
        )
