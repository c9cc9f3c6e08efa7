"""A run that is interrupted anywhere goes on as if it had not been: loaders, samplers, workers, random numbers."""

from __future__ import annotations

import copy
import multiprocessing
import os
import random

import numpy as np
import pytest

import tinygrad_nn as tg
from tinygrad_nn._core.random_states import get_random_states, get_state, set_random_states, set_state
from tinygrad_nn.testing import assert_resumes
from tinygrad_nn.utils.data import (
    BatchSampler,
    DataLoader,
    Dataset,
    DistributedSampler,
    IterableDataset,
    RandomSampler,
    Sampler,
    SequentialSampler,
    StatefulDataLoader,
    SubsetRandomSampler,
    TensorDataset,
    WeightedRandomSampler,
    get_worker_info,
)

needs_fork = pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="no fork here")
EPOCHS = 3


def generator(seed=5):
    return tg.Generator().manual_seed(seed)


# ------------------------------------------------------------------------------------ datasets and samplers


class Noisy(Dataset):
    """Samples with random numbers of all three kinds in them."""

    def __init__(self, length=11):
        self.length = length

    def __len__(self):
        return self.length

    def __getitem__(self, index):
        info = get_worker_info()
        if info is not None and info.rng is not None:  # in a thread
            numbers = info.rng.numpy_generator.random(), info.rng.random_generator.random()
        else:
            numbers = np.random.randn(), random.gauss(0, 1)
        return (index, tg.randn(1).item(), *numbers)


class Counting(Noisy):
    """Has a state: how many samples it has handed out."""

    def __init__(self):
        super().__init__()
        self.count = 0

    def __getitem__(self, index):
        self.count += 1
        return index, self.count

    def state_dict(self):
        return {"count": self.count}

    def load_state_dict(self, state):
        self.count = state["count"]


class Stream(IterableDataset):
    """Has no state, so it is gone through again."""

    def __iter__(self):
        info = get_worker_info()
        start, step = (0, 1) if info is None else (info.id, info.num_workers + info.id)  # uneven shares
        for number in range(start, 13, step):
            yield number, tg.rand(1).item() if info is not None else 0.0


class StreamWithIterator(IterableDataset):
    """Its iterator has a state."""

    class Iterator:
        def __init__(self):
            self.at = 0
            self.shift = random.random()

        def __next__(self):
            if self.at == 9:
                raise StopIteration
            self.at += 1
            return self.at + self.shift + np.random.rand()

        def __iter__(self):
            return self

        def state_dict(self):
            return {"at": self.at, "shift": self.shift}

        def load_state_dict(self, state):
            self.at, self.shift = state["at"], state["shift"]

    def __iter__(self):
        return self.Iterator()


class StreamWithState(IterableDataset):
    """Has a state itself."""

    def __init__(self):
        self.at = 0

    def __iter__(self):
        while self.at < 9:
            self.at += 1
            yield self.at + np.random.rand()
        self.at = 0

    def state_dict(self):
        return {"at": self.at}

    def load_state_dict(self, state):
        self.at = state["at"]


class ByNumpy(Sampler):
    """Draws when it is asked for its iterator."""

    def __iter__(self):
        return iter(np.random.permutation(11).tolist())

    def __len__(self):
        return 11


class ByPython(Sampler):
    """Draws when it is asked for the first index, and has a source of its own."""

    def __init__(self):
        self.own = np.random.default_rng(3)
        self.dice = random.Random(4)

    def __iter__(self):
        order = list(range(11))
        random.shuffle(order)
        for index in order:
            yield (index + self.own.integers(11) + self.dice.randrange(11)) % 11

    def __len__(self):
        return 11


class Backwards(RandomSampler):
    """Changes the iteration of a sampler that could tell its state."""

    def __iter__(self):
        return iter([*super().__iter__()][::-1])


class Remembering(Sampler):
    """Has a state itself."""

    def __init__(self):
        self.done, self.epoch = 0, 0

    def __iter__(self):
        while self.done < 11:
            self.done += 1
            yield (self.done * 7 + self.epoch) % 11
        self.done, self.epoch = 0, self.epoch + 1

    def state_dict(self):
        return {"done": self.done, "epoch": self.epoch}

    def load_state_dict(self, state):
        self.done, self.epoch = state["done"], state["epoch"]


def named(number):
    return {"points": (number, "text"), "blob": b"\x00\xff"}


TENSORS = tg.arange(22).reshape(11, 2)

# ------------------------------------------------------------------------------------------------ the table

PLAIN = {
    "in order": lambda: DataLoader(Noisy(), 3),
    "shuffled": lambda: DataLoader(Noisy(), 3, shuffle=True),
    "generator": lambda: DataLoader(Noisy(), 3, shuffle=True, generator=generator()),
    "tensors": lambda: DataLoader(TensorDataset(TENSORS), 3, shuffle=True, drop_last=True),
    "no batches": lambda: DataLoader(Noisy(), None, shuffle=True),
    "replacement": lambda: DataLoader(Noisy(), 16, sampler=RandomSampler(Noisy(), True, 70)),
    "replacement, generator": lambda: DataLoader(Noisy(), 16, sampler=RandomSampler(Noisy(), True, 70, generator())),
    "more samples": lambda: DataLoader(Noisy(), 4, sampler=RandomSampler(Noisy(), num_samples=25)),
    "more samples, generator": lambda: DataLoader(
        Noisy(), 4, sampler=RandomSampler(Noisy(), num_samples=25, generator=generator())
    ),
    "subset": lambda: DataLoader(Noisy(), 2, sampler=SubsetRandomSampler([1, 8, 3, 5])),
    "weights": lambda: DataLoader(Noisy(), 2, sampler=WeightedRandomSampler([1.0, 2.0, 3.0], 7)),
    "weights, generator": lambda: DataLoader(
        Noisy(), 2, sampler=WeightedRandomSampler([1.0, 2.0, 3.0], 7, generator=generator())
    ),
    "batch sampler": lambda: DataLoader(Noisy(), batch_sampler=BatchSampler(RandomSampler(Noisy()), 3, True)),
    "distributed": lambda: DataLoader(Noisy(), 2, sampler=DistributedSampler(Noisy(), 2, 1, seed=3)),
    "list": lambda: DataLoader(Noisy(), 2, sampler=[1, 5, 2, 9, 9]),
    "batches as lists": lambda: DataLoader(Noisy(), batch_sampler=[[1, 2], [3], [4, 5]]),
    "sampler by numpy": lambda: DataLoader(Noisy(), 3, sampler=ByNumpy()),
    "sampler by numpy, no batches": lambda: DataLoader(Noisy(), None, sampler=ByNumpy()),
    "sampler by python": lambda: DataLoader(Noisy(), 3, sampler=ByPython()),
    "sampler by python, no batches": lambda: DataLoader(Noisy(), None, sampler=ByPython()),
    "sampler of a changed class": lambda: DataLoader(Noisy(), 3, sampler=Backwards(Noisy())),
    "sampler with a state": lambda: DataLoader(Noisy(), 3, sampler=Remembering()),
    "dataset with a state": lambda: DataLoader(Counting(), 3, shuffle=True),
    "stream": lambda: DataLoader(Stream(), 3),
    "stream, drop_last": lambda: DataLoader(Stream(), 3, drop_last=True),
    "stream, no batches": lambda: DataLoader(Stream(), None),
    "stream whose iterator has a state": lambda: DataLoader(StreamWithIterator(), 2),
    "stream with a state": lambda: DataLoader(StreamWithState(), 2),
    "dicts": lambda: DataLoader(Noisy(), 3, shuffle=True, collate_fn=lambda samples: named(samples[0][0])),
    "torchdata": lambda: StatefulDataLoader(Noisy(), 3, shuffle=True, snapshot_every_n_steps=2),
}

WORKERS = {
    "noise": lambda c: DataLoader(Noisy(), 2, shuffle=True, num_workers=2, multiprocessing_context=c),
    "generator": lambda c: DataLoader(
        Noisy(), 2, shuffle=True, num_workers=2, multiprocessing_context=c, generator=generator()
    ),
    "persistent": lambda c: DataLoader(
        Noisy(), 2, shuffle=True, num_workers=2, multiprocessing_context=c, persistent_workers=True
    ),
    "many ahead": lambda c: DataLoader(Noisy(23), 1, num_workers=3, multiprocessing_context=c, prefetch_factor=5),
    "tensors": lambda c: DataLoader(TensorDataset(TENSORS), 2, True, num_workers=2, multiprocessing_context=c),
    "weights": lambda c: DataLoader(
        Noisy(), 2, sampler=WeightedRandomSampler([1.0, 2.0, 3.0], 17), num_workers=2, multiprocessing_context=c
    ),
    "sampler by python": lambda c: DataLoader(Noisy(), 2, sampler=ByPython(), num_workers=2, multiprocessing_context=c),
    "dataset with a state": lambda c: DataLoader(Counting(), 2, num_workers=2, multiprocessing_context=c),
    "dataset with a state, persistent": lambda c: DataLoader(
        Counting(), 2, num_workers=2, multiprocessing_context=c, persistent_workers=True
    ),
    "stream": lambda c: DataLoader(Stream(), 2, num_workers=3, multiprocessing_context=c),
    "stream, persistent": lambda c: DataLoader(
        Stream(), 2, num_workers=3, multiprocessing_context=c, persistent_workers=True
    ),
}
STATEFUL_STREAMS = {  # draw from NumPy's and Python's random numbers, which threads share
    "stream whose iterator has a state": lambda c: DataLoader(
        StreamWithIterator(), 2, num_workers=2, multiprocessing_context=c
    ),
    "stream with a state, persistent": lambda c: DataLoader(
        StreamWithState(), 2, num_workers=2, multiprocessing_context=c, persistent_workers=True
    ),
}

# ----------------------------------------------------------------------------------------- going on anywhere


def plain(batch):
    if isinstance(batch, tg.Tensor):
        return str(batch.dtype), batch.tolist()
    if isinstance(batch, list | tuple):
        return [plain(entry) for entry in batch]
    return batch


def scramble(seed):
    tg.manual_seed(seed)
    np.random.seed(seed)
    random.seed(seed)


def draws():
    """One of each of the process's random numbers."""
    return tg.randn(1).item(), np.random.randn(), random.gauss(0, 1)


def run(loader, epoch=0, on_batch=lambda: None, on_epoch=lambda: None):
    """All that can be seen of the epochs from this one on."""
    seen = []
    for _ in range(epoch, EPOCHS):
        for batch in loader:
            seen.append((plain(batch), draws()))
            on_batch()
        seen.append(("epoch", draws()))
        on_epoch()
    return seen


def check_resume(make, path, every=1):
    """Stop after every batch, and between epochs; each time go on with another loader."""
    states = []  # how much has been seen, the epoch to go on with, and the checkpoint
    epochs = 0
    seen_batches = 0
    loader = make()

    def keep():
        tg.save_checkpoint(path, loader=loader, epoch=epochs)
        states.append((seen_batches, epochs, path.read_bytes()))

    def on_batch():
        nonlocal seen_batches
        seen_batches += 1
        if seen_batches % every == 0:
            keep()

    def on_epoch():
        nonlocal seen_batches, epochs
        seen_batches += 1
        epochs += 1
        keep()

    scramble(1)
    whole = run(loader, 0, on_batch, on_epoch)
    assert len(states) > 4
    scramble(1)
    assert run(make()) == whole  # that checkpoints were written changes nothing
    for number, (seen, epoch, content) in enumerate(states):
        path.write_bytes(content)
        other = make()
        scramble(100 + number)
        assert tg.load_checkpoint(path, loader=other) == {"epoch": epoch}
        assert run(other, epoch) == whole[seen:], f"stopped after {seen} of {len(whole)}, in epoch {epoch}"


@pytest.mark.parametrize("case", PLAIN)
def test_every_stop_without_workers(case, tmp_path):
    check_resume(PLAIN[case], tmp_path / "checkpoint")


@needs_fork
@pytest.mark.parametrize("case", WORKERS | STATEFUL_STREAMS)
def test_stops_with_processes(case, tmp_path):
    check_resume(lambda: (WORKERS | STATEFUL_STREAMS)[case]("fork"), tmp_path / "checkpoint", every=3)


@pytest.mark.parametrize("case", WORKERS)
def test_every_stop_with_threads(case, tmp_path):
    check_resume(lambda: WORKERS[case]("thread"), tmp_path / "checkpoint")
