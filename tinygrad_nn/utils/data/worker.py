"""Workers of a `DataLoader` with ``num_workers > 0``, played in this process.

PyTorch starts processes. Here the workers take turns in the calling process, but each has what a process of
its own would give it: its random streams (this package's, NumPy's and Python's, seeded anew in each epoch),
its shallow copy of the dataset, and its `WorkerInfo`. Batches, their order and every random number in them
are the ones that PyTorch's processes would make.

Source: https://docs.pytorch.org/docs/stable/data.html#multi-process-data-loading
"""

from __future__ import annotations

import copy
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from tinygrad_nn._core.random import default_generator


@dataclass(frozen=True, slots=True)
class WorkerInfo:
    """What `get_worker_info` tells: a worker's ``id`` of ``num_workers``, ``seed`` and ``dataset``."""

    id: int
    num_workers: int
    seed: int
    dataset: Any


_current: WorkerInfo | None = None


def get_worker_info() -> WorkerInfo | None:
    """The worker that is at work; None outside of the code that a `DataLoader` with workers calls.

    Source: https://docs.pytorch.org/docs/stable/data.html#torch.utils.data.get_worker_info

    Example:
        >>> from tinygrad_nn.utils.data import DataLoader, IterableDataset, get_worker_info
        >>> class Numbers(IterableDataset):
        ...     def __iter__(self):
        ...         worker = get_worker_info()  # each worker reads its share
        ...         return iter(range(worker.id, 6, worker.num_workers))
        >>> [batch.tolist() for batch in DataLoader(Numbers(), batch_size=2, num_workers=2)]
        [[0, 2], [1, 3], [4], [5]]
    """
    return _current


class Worker:
    """One worker: its copy of the dataset, its random streams, and its way to fetch a batch.

    Args:
        info: who it is; its dataset is copied already.
        base_seed: the seed that the epoch drew.
        init: called with the worker's id before anything is fetched.
        make_fetch: from a dataset to the function that fetches a batch.
        quiet: fetching draws no random numbers, so the streams need not be exchanged for it.
    """

    def __init__(
        self,
        info: WorkerInfo,
        base_seed: int,
        init: Callable[[int], None] | None,
        make_fetch: Callable[[Any], Callable[[Any], Any]],
        quiet: bool,
    ) -> None:
        self.info = info
        self._quiet = quiet
        self._make_fetch = make_fetch
        self._streams: Any = None
        self._run(self._start, base_seed, init)

    def _start(self, base_seed: int, init: Callable[[int], None] | None) -> None:
        random.seed(self.info.seed)
        default_generator.manual_seed(self.info.seed)
        entropy = [self.info.id, base_seed & (2**32 - 1), base_seed >> 32, 0]
        np.random.seed(np.random.SeedSequence(entropy).generate_state(4))
        if init is not None:
            init(self.info.id)
        self._fetch = self._make_fetch(self.info.dataset)

    def restart(self) -> None:
        """Begin another epoch; the random streams go on where they are."""

        def again() -> None:
            self._fetch = self._make_fetch(self.info.dataset)

        self._run(again)

    def fetch(self, index: Any) -> Any:
        """The batch of these indices."""
        return self._fetch(index) if self._quiet else self._run(self._fetch, index)

    def _run(self, function: Callable[..., Any], *args: Any) -> Any:
        """Call a function as this worker, with its random streams in place of the caller's."""
        global _current
        outside, outside_streams = _current, _get_streams()
        _current = self.info
        if self._streams is not None:
            _set_streams(self._streams)
        try:
            return function(*args)
        finally:
            self._streams = _get_streams()
            _set_streams(outside_streams)
            _current = outside


def make_worker(
    number: int, base_seed: int, loader: Any, make_fetch: Callable[[Any], Any], quiet: bool
) -> Worker:
    """The worker of this number, for a loader."""
    info = WorkerInfo(number, loader.num_workers, base_seed + number, copy.copy(loader.dataset))
    return Worker(info, base_seed, loader.worker_init_fn, make_fetch, quiet)


def _get_streams() -> tuple[Any, Any, Any]:
    return default_generator.state_bytes(), np.random.get_state(), random.getstate()


def _set_streams(streams: tuple[Any, Any, Any]) -> None:
    default_generator.set_state_bytes(streams[0])
    np.random.set_state(streams[1])
    random.setstate(streams[2])
