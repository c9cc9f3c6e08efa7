"""Holding out a part of the data."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._core.random import Generator
from ..ops.random import randperm
from ..utils.data import IterableDataset, Subset
from ..utils.data.sampler import draw_seed
from .data import Given, is_loader
from .weights import check_weights

Array = np.ndarray[Any, Any]


def split_rows(count: int, share: float, seed: int) -> tuple[Array, Array]:
    """Which samples are trained on and which are for validation, by chance.

    Raises:
        ValueError: the share is none, or leaves nothing on one side.
    """
    if not 0 < share < 1:
        raise ValueError(f"validation_split: expected a share between 0 and 1, got {share}")
    held_out = max(1, round(count * share))
    if held_out >= count:
        raise ValueError(
            f"validation_split={share} of {count} samples leaves none to train on. Give more data, or a smaller share"
        )
    order = np.asarray(randperm(count, generator=Generator().manual_seed(seed)))
    return np.sort(order[held_out:]), np.sort(order[:held_out])


def draw_split_seed() -> int:
    """A seed for `split_rows`, from the default generator."""
    return draw_seed(None)


def split(data: Any, weight: Any, share: float, seed: int) -> tuple[Any, Any, tuple[Any, Any]]:
    """Data and weights to train on, and those for validation."""
    if is_loader(data) or isinstance(data, IterableDataset):
        raise ValueError(
            f"validation_split needs all samples at hand, and {type(data).__name__} hands them out. Split the dataset "
            "with random_split, and give the other part as validation_data"
        )
    train: Any
    held_out: Any
    train, held_out = split_rows(len(data), share, seed)
    if isinstance(data, Given):
        return data.part(train), None, (data.part(held_out), None)
    weights = None if weight is None else check_weights(weight, len(data))
    parts = [None if weights is None else weights[rows] for rows in (train, held_out)]
    return Subset(data, train), parts[0], (Subset(data, held_out), parts[1])
