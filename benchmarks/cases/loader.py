"""Handing out batches, and nothing else: 60,000 digits in batches of 64, and larger arrays from workers."""

from __future__ import annotations

import functools
import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from benchmarks.cases.epoch import BATCH, digits
from benchmarks.harness import Case, Job, Settings

PICTURES, PICTURE = 256, (3, 224, 224)


class Pictures:
    """Arrays of the size of pictures, which take some work to make."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.base = np.random.default_rng(0).random(PICTURE, np.float32)

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> Any:
        return np.sqrt(self.base * np.float32(index)), index


def an_epoch(loader: Any) -> float:
    """The seconds for one batch, over an epoch."""
    started = time.perf_counter()
    count = 0
    for _ in loader:
        count += 1
    return (time.perf_counter() - started) / count


def from_memory(torch: Any, settings: Settings, *, part: bool = False, by_sample: bool = False) -> Job:
    """A TensorDataset, or a random part of one, or the same as a dataset of the user's own."""
    pixels, targets = digits(settings)
    data = torch.utils.data
    dataset = data.TensorDataset(torch.from_numpy(pixels), torch.from_numpy(targets))
    if part:
        dataset = data.random_split(dataset, [0.8, 0.2])[0]
    if by_sample:
        dataset = BySample(pixels, targets)
    torch.manual_seed(0)
    loader = data.DataLoader(dataset, batch_size=BATCH, shuffle=True)
    return Job(lambda: an_epoch(loader), lambda: order_of(torch, dataset))


class BySample:
    """What users write: one sample at a time, as arrays."""

    def __init__(self, pixels: Any, targets: Any) -> None:
        self.pixels, self.targets = pixels, targets

    def __len__(self) -> int:
        return len(self.targets)

    def __getitem__(self, index: int) -> Any:
        return self.pixels[index], self.targets[index]


def order_of(torch: Any, dataset: Any) -> Sequence[float]:
    """The sums of the first batches of a shuffled epoch: with the same seed, the same ones."""
    torch.manual_seed(1)
    loader = torch.utils.data.DataLoader(dataset, batch_size=BATCH, shuffle=True)
    return [float(inputs.sum()) + float(targets.sum()) for _, (inputs, targets) in zip(range(5), loader, strict=False)]


def from_workers(torch: Any, settings: Settings) -> Job:
    """Two processes that are forked before the clock starts, and whose batches are large."""
    count = 32 if settings.tiny else PICTURES
    loader = torch.utils.data.DataLoader(
        Pictures(count), batch_size=8, num_workers=2, multiprocessing_context="fork", persistent_workers=True
    )
    list(loader)
    return Job(lambda: an_epoch(loader), lambda: [float(inputs.sum()) for inputs, _ in loader])


CASES = [
    Case(
        name="loader/memory",
        about="one batch of 64 digits of 60,000 in memory, shuffled: DataLoader(TensorDataset(...))",
        contenders=dict.fromkeys(("tinygrad_nn", "torch"), from_memory),
        rounds=11,
    ),
    Case(
        name="loader/part",
        about="the same from a part that random_split made",
        contenders=dict.fromkeys(("tinygrad_nn", "torch"), functools.partial(from_memory, part=True)),
        rounds=5,
    ),
    Case(
        name="loader/samples",
        about="the same from a dataset that is asked sample by sample, for NumPy arrays",
        contenders=dict.fromkeys(("tinygrad_nn", "torch"), functools.partial(from_memory, by_sample=True)),
        rounds=5,
    ),
    Case(
        name="loader/workers",
        about="one batch of 8 arrays of 3 x 224 x 224 from two worker processes",
        contenders=dict.fromkeys(("tinygrad_nn", "torch"), from_workers),
        rounds=7,
    ),
]
