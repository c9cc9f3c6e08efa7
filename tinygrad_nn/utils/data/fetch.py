"""Fetching: from the indices of a batch to the batch.

Source: https://docs.pytorch.org/docs/stable/data.html#loading-batched-and-non-batched-data
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

import numpy as np

from tinygrad_nn._core.tensor import Tensor, wrap

from .collate import collate_tensor_fn, default_collate, default_collate_fn_map
from .dataset import IterableDataset, Subset, TensorDataset
from .order import is_stateful

END = object()  # what `next` gives in place of an exception, where a stream may end


@dataclass(frozen=True, slots=True)
class Recipe:
    """How batches are made of samples.

    Args:
        collate: from a list of samples to a batch, or, without batches, from a sample to what is handed out.
        batched: an index is a list of them, and makes a batch.
        drop_last: a last batch that is shorter is left out. Samplers see to it; for streams, the fetching does.
    """

    collate: Callable[[Any], Any]
    batched: bool
    drop_last: bool


def make_fetch(dataset: Any, recipe: Recipe, state: dict[str, Any] | None = None) -> Callable[[Any], Any]:
    """The function from indices (or one index) to a batch.

    Args:
        dataset: the loader's dataset, or a worker's copy of it.
        recipe: how batches are made.
        state: what `fetch_state` gave, to go on from there.
    """
    if state is not None and state["dataset"] is not None:
        dataset.load_state_dict(copy.deepcopy(state["dataset"]))
    collate = recipe.collate
    if isinstance(dataset, IterableDataset):
        return StreamFetch(dataset, recipe, state)
    if not recipe.batched:
        return lambda index: collate(dataset[index])
    many = getattr(dataset, "__getitems__", None)

    def by_sample(indices: Any) -> Any:
        return collate(many(indices) if many else [dataset[index] for index in indices])

    whole = batch_getter(dataset, recipe)
    if whole is None:
        return by_sample

    def by_batch(indices: Any) -> Any:
        batch = whole(indices)
        return by_sample(indices) if batch is None else batch

    return by_batch


class StreamFetch:
    """Fetches from a stream, of which the indices tell only how many samples are wanted."""

    def __init__(self, dataset: IterableDataset[Any], recipe: Recipe, state: dict[str, Any] | None) -> None:
        self.samples = iter(dataset)
        self.ended = False
        self._recipe = recipe
        if state is not None:
            self.ended = state["ended"]
            if state["iterator"] is not None:
                iterator: Any = self.samples
                iterator.load_state_dict(copy.deepcopy(state["iterator"]))

    def __call__(self, indices: Any) -> Any:
        recipe = self._recipe
        if self.ended:
            raise StopIteration
        if not recipe.batched:
            return recipe.collate(next(self.samples))
        batch = []
        for _ in indices:
            sample = next(self.samples, END)
            if sample is END:
                self.ended = True
                break
            batch.append(sample)
        if not batch or (recipe.drop_last and self.ended):
            raise StopIteration
        return recipe.collate(batch)


def tells_state(dataset: Any, fetch: Any) -> bool:
    """Whether `fetch_state` says all: not of a stream that has no state; that one has to be gone through again."""
    return not isinstance(fetch, StreamFetch) or is_stateful(dataset) or is_stateful(fetch.samples)


def fetch_state(dataset: Any, fetch: Any) -> dict[str, Any]:
    """The states of the dataset, and of its iterator if it is a stream, as far as they have some: copies."""
    samples: Any = fetch.samples if isinstance(fetch, StreamFetch) else None
    return {
        "dataset": copy.deepcopy(dataset.state_dict()) if is_stateful(dataset) else None,
        "iterator": copy.deepcopy(samples.state_dict()) if samples is not None and is_stateful(samples) else None,
        "ended": isinstance(fetch, StreamFetch) and fetch.ended,
    }


# --- whole batches -----------------------------------------------------------------------------------------------


def batch_getter(dataset: Any, recipe: Recipe) -> Callable[[Any], list[Tensor] | None] | None:
    """A function that makes a whole batch by indexing each tensor once, where that comes to the same.

    It does for a `TensorDataset`, and for a `Subset` of one, unless a subclass or a changed ``collate_fn`` makes
    something else of the samples. The function returns None for indices that are not plain integers; the caller then
    goes sample by sample.
    """
    plain = default_collate_fn_map.get(Tensor) is collate_tensor_fn
    return _getter(dataset) if recipe.batched and recipe.collate is default_collate and plain else None


def _getter(dataset: Any) -> Callable[[Any], list[Tensor] | None] | None:
    kind = type(dataset)
    if isinstance(dataset, TensorDataset):
        if kind.__getitem__ is not TensorDataset.__getitem__ or hasattr(dataset, "__getitems__"):
            return None
        return lambda indices: _gather(dataset.tensors, indices)
    if isinstance(dataset, Subset):
        inner = _getter(dataset.dataset)
        if inner is None or kind.__getitems__ is not Subset.__getitems__:
            return None
        return lambda indices: inner(_chosen(dataset.indices, indices))
    return None


def _chosen(places: Any, indices: Any) -> Any:
    """The entries of a subset's indices."""
    if type(places) is np.ndarray and places.ndim == 1:
        return places[indices]
    if type(indices) is list and len(indices) > 1:
        return itemgetter(*indices)(places)
    return [places[index] for index in indices]


def _gather(tensors: tuple[Tensor, ...], indices: Any) -> list[Tensor] | None:
    """The entries of each tensor at these indices, or None if these are no plain list of integers."""
    rows = np.asarray(indices)
    if rows.ndim != 1 or rows.dtype.kind not in "iu":
        return None
    return [_rows(tensor, rows) for tensor in tensors]


def _rows(tensor: Tensor, rows: np.ndarray[Any, Any]) -> Tensor:
    array = tensor._array
    if type(tensor) is Tensor and array.flags.c_contiguous and not tensor.requires_grad:
        try:
            return wrap(array.take(rows, 0))  # the general way takes as long again to find out that this is it
        except IndexError:
            pass  # it has PyTorch's words for it
    return tensor[rows]
