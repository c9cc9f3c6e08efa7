"""Fetching: from the indices of a batch to the batch.

Source: https://docs.pytorch.org/docs/stable/data.html#loading-batched-and-non-batched-data
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from tinygrad_nn._core.tensor import Tensor

from .collate import default_collate
from .dataset import IterableDataset, Subset, TensorDataset

if TYPE_CHECKING:
    from .dataloader import DataLoader

END = object()  # what `next` gives in place of an exception, where a stream may end


def make_fetch(loader: DataLoader[Any], dataset: Any) -> Callable[[Any], Any]:
    """The function from indices (or one index) to a batch; for a loader's dataset or a worker's copy."""
    collate = loader.collate_fn
    batched = loader.batch_sampler is not None
    if isinstance(dataset, IterableDataset):
        return _StreamFetch(dataset, collate, batched, loader.drop_last)
    if not batched:
        return lambda index: collate(dataset[index])
    many = getattr(dataset, "__getitems__", None)

    def by_sample(indices: Any) -> Any:
        return collate(many(indices) if many else [dataset[index] for index in indices])

    whole = batch_getter(dataset) if collate is default_collate else None
    if whole is None:
        return by_sample

    def by_batch(indices: Any) -> Any:
        batch = whole(indices)
        return by_sample(indices) if batch is None else batch

    return by_batch


class _StreamFetch:
    """Fetches from a stream, of which the indices tell only how many samples are wanted."""

    def __init__(
        self, dataset: IterableDataset[Any], collate: Callable[[Any], Any], batched: bool, drop_last: bool
    ):
        self._samples = iter(dataset)
        self._collate = collate
        self._batched = batched
        self._drop_last = drop_last
        self._ended = False

    def __call__(self, indices: Any) -> Any:
        if self._ended:
            raise StopIteration
        if not self._batched:
            return self._collate(next(self._samples))
        batch = []
        for _ in indices:
            sample = next(self._samples, END)
            if sample is END:
                self._ended = True
                break
            batch.append(sample)
        if not batch or (self._drop_last and self._ended):
            raise StopIteration
        return self._collate(batch)


def batch_getter(dataset: Any) -> Callable[[Any], list[Tensor] | None] | None:
    """A function that makes a whole batch by indexing each tensor once, where that comes to the same.

    It does for a `TensorDataset`, and for a `Subset` of one, unless a subclass changed how samples are
    made. The function returns None for indices that are not plain integers; the caller then goes sample by
    sample.
    """
    kind = type(dataset)
    if isinstance(dataset, TensorDataset):
        if kind.__getitem__ is not TensorDataset.__getitem__ or hasattr(dataset, "__getitems__"):
            return None
        return lambda indices: _gather(dataset.tensors, indices)
    if isinstance(dataset, Subset):
        inner = batch_getter(dataset.dataset)
        if inner is None or kind.__getitems__ is not Subset.__getitems__:
            return None
        return lambda indices: inner([dataset.indices[index] for index in indices])
    return None


def _gather(tensors: tuple[Tensor, ...], indices: Any) -> list[Tensor] | None:
    """The entries of each tensor at these indices, or None if these are no plain list of integers."""
    rows = np.asarray(indices)
    if rows.ndim != 1 or rows.dtype.kind not in "iu":
        return None
    return [tensor[rows] for tensor in tensors]
