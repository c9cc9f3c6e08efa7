"""A run that is interrupted anywhere goes on as if it had not been: loaders, samplers, workers, random numbers."""

from __future__ import annotations

import copy
import itertools
import multiprocessing
import os
import random

import kill_and_resume
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
    Subset,
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


class OwnSource(Noisy):
    """Draws from sources of its own, as many datasets and their transforms do."""

    class Shift:
        def __init__(self):
            self.dice = random.Random(5)

    def __init__(self):
        super().__init__()
        self.numbers = np.random.default_rng(4)
        self.transform = self.Shift()

    def __getitem__(self, index):
        return index, self.numbers.random(), self.transform.dice.random()


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
    "dataset with its own sources": lambda: DataLoader(Subset(OwnSource() + OwnSource(), range(20)), 3, shuffle=True),
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
    "dataset with its own sources": lambda c: DataLoader(
        Subset(OwnSource(), range(9)), 2, num_workers=2, multiprocessing_context=c, persistent_workers=True
    ),
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


# ------------------------------------------------------------------------------------------ what goes on, and what not


def pairs(loader):
    return [batch.tolist() for batch in loader]


@pytest.mark.parametrize("workers", [0, 2])
def test_after_the_last_batch_the_epoch_is_still_to_be_ended(workers):
    """Else what comes after the loop would be left out, or the epoch begin anew."""

    def make():
        options = {"num_workers": workers, "multiprocessing_context": "thread"} if workers else {}
        return DataLoader(range(4), 2, **options)

    loader = make()
    states = []
    for _ in loader:
        states.append(loader.state_dict())
    states.append(loader.state_dict())
    for state, expected in zip(states, ([[2, 3]], [], [[0, 1], [2, 3]]), strict=True):
        other = make()
        other.load_state_dict(state)
        assert pairs(other) == expected
        assert pairs(other) == [[0, 1], [2, 3]]


@pytest.mark.parametrize("workers", [0, 2])
def test_a_loop_that_was_left_is_not_gone_on_with(workers):
    options = {"num_workers": workers, "multiprocessing_context": "thread"} if workers else {}
    loader = DataLoader(range(6), 2, **options)
    for _ in loader:
        break
    other = DataLoader(range(6), 2, **options)
    other.load_state_dict(loader.state_dict())
    assert pairs(other) == [[0, 1], [2, 3], [4, 5]]


@needs_fork
@pytest.mark.parametrize("context", ["fork", "thread"])
@pytest.mark.parametrize("dataset", [Noisy, Counting, OwnSource])
def test_persistent_workers_whose_epoch_was_left(context, dataset):
    """They have fetched ahead by then, and drawn for it: as many batches as PyTorch's."""

    def make():
        return DataLoader(
            dataset(), 1, num_workers=2, multiprocessing_context=context, persistent_workers=True, collate_fn=plain
        )

    loader = make()
    scramble(1)
    for count, _ in enumerate(loader):
        if count == 3:
            break
    state, states = loader.state_dict(), get_random_states()
    second, third, drawn = list(loader), list(loader), draws()
    other = make()
    scramble(2)
    other.load_state_dict(state)
    assert repr(other.state_dict()) == repr(state)
    set_random_states(states)
    assert (list(other), list(other), draws()) == (second, third, drawn)


def test_loading_and_telling_gives_the_same():
    loader = DataLoader(Noisy(), 2, shuffle=True, generator=generator())
    batches = iter(loader)
    next(batches)
    state = loader.state_dict()
    before = copy.deepcopy(state)
    other = DataLoader(Noisy(), 2, shuffle=True, generator=generator(9))
    other.load_state_dict(state)
    assert repr(other.state_dict()) == repr(state) == repr(before)
    rest = [batch[0].tolist() for batch in batches]
    assert [batch[0].tolist() for batch in other] == rest
    assert repr(state) == repr(before)  # what was given is left alone
    assert other.generator.initial_seed() == 5


def test_resumed_more_than_once_within_an_epoch():
    loader = DataLoader(range(20), 2, shuffle=True, generator=generator())
    whole = pairs(loader)
    seen = []
    state = DataLoader(range(20), 2, shuffle=True, generator=generator()).state_dict()
    for _ in range(10):
        loader = DataLoader(range(20), 2, shuffle=True, generator=generator(1))
        loader.load_state_dict(state)
        batches = iter(loader)
        seen.append(next(batches).tolist())
        state = loader.state_dict()
    assert seen == whole


def test_nested_loops_go_on_in_the_order_in_which_they_were_begun():
    loader = DataLoader(range(6), 2, shuffle=True, generator=generator())
    outer, inner = iter(loader), iter(loader)
    next(outer), next(inner), next(inner)
    other = DataLoader(range(6), 2, shuffle=True, generator=generator(1))
    other.load_state_dict(loader.state_dict())
    rest = pairs(outer), pairs(inner)
    assert [len(part) for part in rest] == [2, 1]
    assert (pairs(other), pairs(other)) == rest
    assert pairs(other) == pairs(loader)


def test_out_of_order_no_batch_is_lost_or_comes_twice():
    options = {"num_workers": 3, "multiprocessing_context": "thread", "in_order": False}
    loader = DataLoader(range(23), 2, shuffle=True, **options)
    seen, states = [], []
    for batch in loader:
        seen.append(batch.tolist())
        states.append((len(seen), loader.state_dict()))
    for count, state in states:
        other = DataLoader(range(23), 2, shuffle=True, **options)
        other.load_state_dict(state)
        rest = [index for batch in other for index in batch.tolist()]
        assert sorted(itertools.chain(rest, *seen[:count])) == list(range(23))


def test_a_failed_batch_stays_behind():
    class Faulty(Noisy):
        def __getitem__(self, index):
            if index == 4:
                tg.rand(1)
                raise KeyError("four")
            return super().__getitem__(index)

    def make():
        return DataLoader(Faulty(9), 1, num_workers=1, multiprocessing_context="thread", collate_fn=plain)

    loader = make()
    tg.manual_seed(0)
    batches = iter(loader)
    seen = [next(batches) for _ in range(4)]
    with pytest.raises(KeyError):
        next(batches)
    state = loader.state_dict()
    rest = list(batches)
    other = make()
    other.load_state_dict(state)
    assert list(other) == rest
    assert len(seen + rest) == 8


def test_states_are_kept_by_pytorchs_files_too(tmp_path):
    loader = DataLoader(
        Noisy(), 2, shuffle=True, num_workers=2, multiprocessing_context="thread", generator=generator()
    )
    batches = iter(loader)
    next(batches)
    tg.save(loader.state_dict(), tmp_path / "loader.pt")
    rest = plain(list(batches))
    other = DataLoader(
        Noisy(), 2, shuffle=True, num_workers=2, multiprocessing_context="thread", generator=generator(1)
    )
    other.load_state_dict(tg.load(tmp_path / "loader.pt"))
    assert plain(list(other)) == rest


@pytest.mark.parametrize(
    ("other", "text"),
    [
        (lambda: DataLoader(range(9), 2), "length was 8 and is 9"),
        (lambda: DataLoader([0] * 8, 2), "dataset was 'range' and is 'list'"),
        (lambda: DataLoader(range(8), 4), "batch_size was 2 and is 4"),
        (lambda: DataLoader(range(8), 2, drop_last=True), "drop_last was False and is True"),
        (lambda: DataLoader(range(8), batch_sampler=[[1]]), "sampler was 'BatchSampler' and is 'list'"),
        (lambda: DataLoader(range(8), 2, num_workers=1), "num_workers was 0 and is 1"),
        (lambda: DataLoader(range(8), 2, generator=generator()), r"generators was \[\] and is \['generator'\]"),
    ],
)
def test_another_loaders_state_is_refused(other, text):
    loader = DataLoader(range(8), 2)
    batches = iter(loader)
    next(batches)
    wrong = other()
    with pytest.raises(ValueError, match=f"state is that of another DataLoader: {text}. Make the loader as it was"):
        wrong.load_state_dict(loader.state_dict())
    assert wrong.state_dict()["epochs"] == []


def test_what_is_no_state_is_refused():
    loader = DataLoader(range(8), 2)
    with pytest.raises(TypeError, match=r"expected a dict that state_dict\(\) gave, got list"):
        loader.load_state_dict([])
    with pytest.raises(KeyError, match="made_of"):
        loader.load_state_dict({})


class Whimsical(Sampler):
    """Draws from where nobody can know of."""

    def __iter__(self):
        return iter(np.random.default_rng().permutation(50).tolist())

    def __len__(self):
        return 50


@pytest.mark.parametrize("batch_size", [5, None])
def test_a_sampler_that_does_not_repeat_itself_is_an_error_and_not_another_order(batch_size):
    loader = DataLoader(range(50), batch_size, sampler=Whimsical())
    batches = iter(loader)
    for _ in range(9):
        next(batches)
    other = DataLoader(range(50), batch_size, sampler=Whimsical())
    other.load_state_dict(loader.state_dict())
    with pytest.raises(RuntimeError, match=r"Whimsical does not give the .* indices that it gave before"):
        next(iter(other))


# ------------------------------------------------------------------------------------------- samplers by themselves

SAMPLERS = {
    "sequential": lambda: SequentialSampler(range(7)),
    "random": lambda: RandomSampler(range(7)),
    "random, generator": lambda: RandomSampler(range(7), generator=generator()),
    "replacement": lambda: RandomSampler(range(7), True, 70),
    "replacement, generator": lambda: RandomSampler(range(7), True, 70, generator()),
    "more": lambda: RandomSampler(range(7), num_samples=17, generator=generator()),
    "subset": lambda: SubsetRandomSampler([5, 7, 9]),
    "weighted": lambda: WeightedRandomSampler([1.0, 2.0], 6, generator=generator()),
    "batches": lambda: BatchSampler(RandomSampler(range(7)), 2, False),
    "distributed": lambda: DistributedSampler(range(7), 2, 0),
    "distributed, in order": lambda: DistributedSampler(range(7), 2, 0, shuffle=False),
}


@pytest.mark.parametrize("name", SAMPLERS)
def test_samplers_go_on_by_themselves(name):
    make = SAMPLERS[name]
    scramble(3)
    sampler = make()
    if name == "distributed":
        sampler.set_epoch(4)
    first, second, drawn = list(sampler), list(sampler), draws()
    for count in range(len(first) + 1):
        scramble(3)
        sampler = make()
        if name == "distributed":
            sampler.set_epoch(4)
        order = iter(sampler)
        seen = [next(order) for _ in range(count)]
        state, states = sampler.state_dict(), get_random_states()
        other = make()
        scramble(4)
        other.load_state_dict(state)
        assert repr(other.state_dict()) == repr(state)
        set_random_states(states)
        rest = list(other)
        assert seen + rest == first
        assert list(other) == second
        assert draws() == drawn


# ------------------------------------------------------------------------------------------------ random states


@pytest.mark.parametrize(
    "make",
    [
        generator,
        lambda: np.random.default_rng(3),
        lambda: np.random.Generator(np.random.MT19937(3)),
        lambda: np.random.RandomState(3),
        lambda: random.Random(3),
    ],
)
def test_sources_of_random_numbers_are_parts_of_a_checkpoint(make, tmp_path):
    def numbers(source):
        if isinstance(source, tg.Generator):
            return tg.randn(5, generator=source).tolist()
        if isinstance(source, random.Random):
            return [source.gauss(0, 1) for _ in range(5)]
        return [float(source.standard_normal()) for _ in range(5)]

    source = make()
    numbers(source)
    tg.save_checkpoint(tmp_path / "checkpoint", source=source)
    expected = numbers(source)
    other = make()
    assert tg.load_checkpoint(tmp_path / "checkpoint", source=other) == {}
    assert numbers(other) == expected


def test_the_processs_random_states_go_on(tmp_path):
    scramble(1)
    draws()  # an odd number of normals: each source keeps a second one
    tg.save_checkpoint(tmp_path / "checkpoint")
    expected = [draws() for _ in range(3)]
    scramble(2)
    assert tg.load_checkpoint(tmp_path / "checkpoint") == {}
    assert [draws() for _ in range(3)] == expected


def test_a_state_of_another_kind_of_source_is_refused():
    with pytest.raises((ValueError, TypeError, KeyError)):
        set_state(np.random.default_rng(1), get_state(np.random.Generator(np.random.MT19937(3))))
    with pytest.raises(TypeError, match="SystemRandom"):
        get_state(type("SystemRandom", (random.Random,), {"getstate": lambda self: (1, (), None)})())


# ----------------------------------------------------------------------------------------------- assert_resumes


def training(*, leave_out=(), workers=0, epochs=2):
    """A function that trains, and forgets to save some parts."""

    def train(path):
        nn = tg.nn
        model = nn.Sequential(nn.Linear(2, 8), nn.ReLU(), nn.Dropout(0.2), nn.Linear(8, 1))
        optimizer = tg.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
        data = TensorDataset(tg.randn(12, 2, generator=generator()), tg.randn(12, 1, generator=generator(6)))
        options = {"num_workers": workers, "multiprocessing_context": "thread"} if workers else {}
        loader = DataLoader(data, 4, shuffle=True, **options)
        run = {"model": model, "optimizer": optimizer, "loader": loader}
        run = {name: part for name, part in run.items() if name not in leave_out}
        epoch, losses = 0, []
        if os.path.exists(path):
            states = get_random_states()
            data = tg.load_checkpoint(path, **run)
            epoch, losses = data["epoch"], data["losses"]
            if "random" in leave_out:
                set_random_states(states)
        while epoch < epochs:
            for inputs, targets in loader:
                optimizer.zero_grad()
                loss = tg.nn.functional.mse_loss(model(inputs), targets)
                loss.backward()
                optimizer.step()
                losses.append(loss.item())
                tg.save_checkpoint(path, epoch=epoch, losses=losses, **run)
            epoch += 1
        return {"model": model, "losses": losses, "last": tg.rand(1)}

    return train


@pytest.mark.parametrize("workers", [0, 2])
def test_a_run_that_saves_everything(workers):
    before = get_random_states()
    assert_resumes(training(workers=workers))
    assert_resumes(training(workers=workers), stops=[2], seed=7)
    assert repr(get_random_states()) == repr(before)


@pytest.mark.parametrize(
    ("forgotten", "text"),
    [
        ("model", r"after checkpoint 1 of 6 .*the result\['model'\]\['0.weight'\]\[0, 0\] is .* \(\d+ of 16 elements"),
        ("optimizer", r"after checkpoint 1 of 6 .*the result\['model'\]"),
        ("loader", r"after checkpoint 1 of 6 .*the result\['model'\]"),
        ("random", r"after checkpoint 1 of 6 .*the result\['model'\]"),
    ],
)
def test_a_run_that_forgets_something(forgotten, text):
    with pytest.raises(AssertionError, match=f"(?s){text}.*that save_checkpoint is not given"):
        assert_resumes(training(leave_out=[forgotten]))


def test_a_run_that_saves_nothing():
    with pytest.raises(AssertionError, match="has written no checkpoint"):
        assert_resumes(lambda path: None)


@pytest.mark.parametrize(
    ("one", "other", "text"),
    [
        (1.0, 2.0, "the result is 2.0, not 1.0"),
        ([1, 2], [1], "the result has 1 entries, not 2"),
        ({"a": 1}, {"b": 1}, r"the result has the keys \['b'\], not \['a'\]"),
        ({"a": (1, [2])}, {"a": (1, [3])}, r"the result\['a'\]\[1\]\[0\] is 3, not 2"),
        (1, 1.0, "is a float, not a int"),
        (np.zeros(2), np.zeros(3), r"is float64\[3\], not float64\[2\]"),
        (np.array([0.0]), np.array([-0.0]), r"\[0\] is .*-0.0.*\(1 of 1 elements differ\)"),
        (tg.tensor(1.0), tg.tensor(2.0), "the result is .*2.0.*, not .*1.0"),
    ],
)
def test_differences_are_named(one, other, text):
    def returning(*results):
        left = iter(results)

        def train(path):
            if not os.path.exists(path):
                tg.save_checkpoint(path)
            return next(left)

        return train

    with pytest.raises(AssertionError, match=text):
        assert_resumes(returning(one, other, other))
    assert_resumes(returning(one, copy.deepcopy(one)))


@needs_fork
@pytest.mark.parametrize("workers", [0, 2])
def test_killed_at_random_moments(workers):
    """Five times; the program kills fifty times by itself: python tests/kill_and_resume.py."""
    report = kill_and_resume.check(kills=5, epochs=8, workers=workers, seed=workers)
    assert report.startswith("5 kills")
    assert "bit-identical" in report
