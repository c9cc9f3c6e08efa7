"""Makes data_orders.json: in which order PyTorch's data tools hand out samples, and what they draw for it.

Run with PyTorch installed: ``python tests/golden/make_data_orders.py``. The tests load this file too, run the
same cases with tinygrad_nn (and with PyTorch, where it is installed), and compare.
"""

from __future__ import annotations

import json
import multiprocessing
import random
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

GOLDEN = Path(__file__).with_name("data_orders.json")


def run_cases(torch: Any) -> dict[str, Any]:
    """Every case's outcome, and the next numbers of the default generator and of a passed one after it."""
    outcomes = {}
    makers = (_sampler_cases, _loader_cases, _collate_cases, _worker_cases, _option_cases)
    for name, case in {name: case for make in makers for name, case in make(torch).items()}.items():
        torch.manual_seed(7)
        random.seed(7)
        np.random.seed(7)
        generator = torch.Generator()
        generator.manual_seed(11)
        outcomes[name] = {
            "result": case(generator),
            "next_default": torch.randint(0, 1000, (4,)).tolist(),
            "next_generator": torch.randint(0, 1000, (4,), generator=generator).tolist(),
            "next_numpy": int(np.random.randint(1000)),
            "next_python": random.randrange(1000),
        }
    return outcomes


def _plain(value: Any) -> Any:
    """Tensors and containers as lists of numbers."""
    if hasattr(value, "tolist"):
        return value.tolist()
    return [_plain(entry) for entry in value] if isinstance(value, list | tuple) else value


def _epochs(iterable: Any, count: int = 2) -> Any:
    return [[_plain(batch) for batch in iterable] for _ in range(count)]


def _broken_off(iterable: Any) -> Any:
    """An epoch that is left early, then a whole one."""
    return [_plain(next(iter(iterable))), *_epochs(iterable, 1)]


def _distributed_epochs(sampler: Any) -> Any:
    found = []
    for epoch in range(3):
        sampler.set_epoch(epoch)
        found.append(list(sampler))
    return found


def _sampler_cases(torch: Any) -> dict[str, Callable[[Any], Any]]:
    data = torch.utils.data
    ten, weights = range(10), [0.1, 3.0, 0.0, 2.0, 0.5, 1.0]
    return {
        "sequential": lambda g: _epochs(data.SequentialSampler(ten)),
        "random": lambda g: _epochs(data.RandomSampler(ten)),
        "random, generator": lambda g: _epochs(data.RandomSampler(ten, generator=g)),
        "random, one sample": lambda g: _epochs(data.RandomSampler([0])),
        "random, fewer samples": lambda g: _epochs(data.RandomSampler(ten, num_samples=4, generator=g)),
        "random, more samples": lambda g: _epochs(data.RandomSampler(ten, num_samples=25, generator=g)),
        "random, broken off": lambda g: _broken_off(data.RandomSampler(ten, num_samples=25, generator=g)),
        "replacement": lambda g: _epochs(data.RandomSampler(ten, replacement=True)),
        "replacement, 70": lambda g: _epochs(data.RandomSampler(ten, True, 70, generator=g)),
        "replacement, 64, broken off": lambda g: _broken_off(data.RandomSampler(ten, True, 64, generator=g)),
        "subset": lambda g: _epochs(data.SubsetRandomSampler([5, 9, 2, 7])),
        "subset, generator": lambda g: _epochs(data.SubsetRandomSampler([5, 9, 2, 7], generator=g)),
        "weighted": lambda g: _epochs(data.WeightedRandomSampler(weights, 12)),
        "weighted, generator": lambda g: _epochs(data.WeightedRandomSampler(weights, 12, generator=g)),
        "weighted, one": lambda g: _epochs(data.WeightedRandomSampler(weights, 1)),
        "weighted, without replacement": lambda g: _epochs(data.WeightedRandomSampler(weights, 5, False)),
        "batches": lambda g: _epochs(data.BatchSampler(data.RandomSampler(ten, generator=g), 4, False)),
        "batches, drop_last": lambda g: _epochs(
            data.BatchSampler(data.RandomSampler(ten, generator=g), 4, True)
        ),
        "distributed": lambda g: [
            list(data.DistributedSampler(range(11), replicas, rank, shuffle=shuffle, seed=3, drop_last=drop))
            for replicas in (1, 2, 3)
            for rank in range(replicas)
            for shuffle in (True, False)
            for drop in (True, False)
        ],
        "distributed, epochs": lambda g: _distributed_epochs(data.DistributedSampler(range(11), 2, 1)),
        "distributed, small": lambda g: [list(data.DistributedSampler(range(2), 7, rank)) for rank in range(7)],
        "split": lambda g: [part.indices for part in data.random_split(ten, [3, 7])],
        "split, generator": lambda g: [
            part.indices for part in data.random_split(ten, [2, 5, 3], generator=g)
        ],
        "split, fractions": lambda g: [
            part.indices for part in data.random_split(range(11), [0.3, 0.3, 0.4])
        ],
        "split, halves": lambda g: [
            part.indices for part in data.random_split(range(7), [0.5, 0.5], generator=g)
        ],
    }


def _loader_cases(torch: Any) -> dict[str, Callable[[Any], Any]]:
    data = torch.utils.data
    pairs = data.TensorDataset(torch.arange(22).reshape(11, 2), torch.arange(11))
    numbers = [float(i) for i in range(11)]
    eager = _EagerSampler(torch, 11)
    return {
        "loader": lambda g: _epochs(data.DataLoader(pairs, 4)),
        "loader, shuffle": lambda g: _epochs(data.DataLoader(pairs, 4, shuffle=True)),
        "loader, shuffle, generator": lambda g: _epochs(data.DataLoader(pairs, 4, shuffle=True, generator=g)),
        "loader, drop_last": lambda g: _epochs(data.DataLoader(pairs, 4, True, drop_last=True, generator=g)),
        "loader, even": lambda g: _epochs(data.DataLoader(numbers[:8], 4, True, generator=g)),
        "loader, broken off": lambda g: _broken_off(data.DataLoader(pairs, 4, True, generator=g)),
        "loader, numbers": lambda g: _epochs(data.DataLoader(numbers, 4, shuffle=True)),
        "loader, no batches": lambda g: _epochs(data.DataLoader(numbers, None, shuffle=True)),
        "loader, sampler": lambda g: _epochs(
            data.DataLoader(pairs, 4, sampler=data.SubsetRandomSampler([1, 8, 3]))
        ),
        "loader, eager sampler": lambda g: _epochs(data.DataLoader(pairs, 4, sampler=eager)),
        "loader, batch_sampler": lambda g: _epochs(
            data.DataLoader(
                pairs, batch_sampler=data.BatchSampler(data.RandomSampler(pairs), 3, True), generator=g
            )
        ),
        "loader, subset": lambda g: _epochs(
            data.DataLoader(data.random_split(pairs, [4, 7])[1], 3, shuffle=True)
        ),
        "loader, stack": lambda g: _epochs(data.DataLoader(data.StackDataset(pairs, numbers), 5, shuffle=True)),
        "loader, stack by name": lambda g: [
            [_plain(batch["a"]), _plain(batch["b"])]
            for batch in data.DataLoader(data.StackDataset(a=pairs, b=_Many(numbers)), 5, shuffle=True)
        ],
        "loader, chain": lambda g: _epochs(data.DataLoader(_stream(torch, 3)() + _stream(torch, 4)(), 2)),
        "loader, many at once": lambda g: _epochs(data.DataLoader(_Many(numbers), 4, shuffle=True)),
        "loader, distributed": lambda g: _epochs(
            data.DataLoader(pairs, 2, sampler=data.DistributedSampler(pairs, 2, 0))
        ),
        "loader, concat": lambda g: _epochs(data.DataLoader(pairs + pairs, 5, shuffle=True)),
        "loader, stream": lambda g: _epochs(data.DataLoader(_stream(torch, 7)(), 3)),
        "loader, stream, drop_last": lambda g: _epochs(
            data.DataLoader(_stream(torch, 7)(), 3, drop_last=True)
        ),
        "loader, stream, no batches": lambda g: _epochs(data.DataLoader(_stream(torch, 7)(), None)),
    }


def _collate_cases(torch: Any) -> dict[str, Callable[[Any], Any]]:
    """What a batch of samples becomes: types, shapes and values."""
    data = torch.utils.data
    samples = {
        "floats": [0.5, 1.5],
        "integers": [1, 2**40],
        "booleans": [True, False],
        "numbers": [1, 2.5],
        "text": ["a", "b"],
        "float32 scalars": [np.float32(1), np.float32(2)],
        "uint8 scalars": [np.uint8(1), np.uint8(2)],
        "bool scalars": [np.bool_(True), np.bool_(False)],
        "float64 arrays": [np.arange(2.0), np.ones(2)],
        "float16 arrays": [np.ones(2, np.float16)] * 2,
        "int32 arrays": [np.array([[1, 2]], np.int32)] * 2,
        "0-d arrays": [np.array(3), np.array(4)],
        "empty arrays": [np.zeros((0, 2))] * 2,
        "tensors": [torch.arange(3), torch.arange(3)],
        "0-d tensors": [torch.tensor(1.5), torch.tensor(2.5)],
        "complex": [torch.tensor([1j]), torch.tensor([2j])],
        "pairs": [(1, 0.5), (2, 1.5)],
        "lists": [[1, [2.0]], [3, [4.0]]],
        "dicts": [{"x": 1, "y": (2, "a")}, {"x": 3, "y": (4, "b")}],
    }
    return {
        f"{function.__name__}, {name}": lambda g, function=function, batch=batch: _described(function(batch))
        for function in (data.default_collate, data.default_convert)
        for name, batch in samples.items()
    }


def _described(batch: Any) -> Any:
    """Types, shapes and values of what is nested."""
    if hasattr(batch, "dtype") and hasattr(batch, "tolist"):
        values = batch.tolist()
        return [type(batch).__name__, str(batch.dtype), list(batch.shape), repr(values)]
    if isinstance(batch, dict):
        return ["dict", {key: _described(value) for key, value in batch.items()}]
    if isinstance(batch, list | tuple):
        return [type(batch).__name__, [_described(entry) for entry in batch]]
    return repr(batch)


def _option_cases(torch: Any) -> dict[str, Callable[[Any], Any]]:
    """Every worker's seeds and numbers, over a table of options."""
    data = torch.utils.data
    seeded = _Seeded(torch)
    table = {
        "1 worker": {"num_workers": 1},
        "2 workers": {"num_workers": 2},
        "3 workers": {"num_workers": 3},
        "one by one": {"num_workers": 2, "batch_size": None},
        "drop_last": {"num_workers": 2, "batch_size": 4, "drop_last": True},
        "prefetch 1": {"num_workers": 2, "batch_size": 3, "prefetch_factor": 1},
        "prefetch 4": {"num_workers": 3, "batch_size": 1, "prefetch_factor": 4},
        "more workers than batches": {"num_workers": 4, "batch_size": 5},
        "persistent": {"num_workers": 2, "persistent_workers": True},
        "persistent, drop_last": {"num_workers": 3, "batch_size": 2, "persistent_workers": True, "drop_last": True},
        "timeout, pinned": {"num_workers": 2, "timeout": 60},
    }
    cases: dict[str, Callable[[Any], Any]] = {}
    for name, options in table.items():
        given = {"batch_size": 2, **options}
        cases[f"seeds, {name}"] = lambda g, given=given: _epochs(data.DataLoader(seeded, **given))
        cases[f"seeds, {name}, shuffle, generator"] = lambda g, given=given: _epochs(
            data.DataLoader(seeded, shuffle=True, generator=g, **given)
        )
    cases["seeds, broken off"] = lambda g: _broken_off(data.DataLoader(seeded, 2, True, num_workers=2))
    cases["seeds, persistent, broken off"] = lambda g: _broken_off(
        data.DataLoader(seeded, 2, True, num_workers=2, persistent_workers=True, generator=g)
    )
    cases["seeds, batch_sampler"] = lambda g: _epochs(
        data.DataLoader(
            seeded, batch_sampler=data.BatchSampler(data.RandomSampler(seeded, generator=g), 2, False), num_workers=2
        )
    )
    return cases


class _Seeded:
    """A dataset whose samples are the seeds of the worker, and what the three kinds of random numbers give."""

    def __init__(self, torch: Any) -> None:
        self.torch = torch

    def __len__(self) -> int:
        return 9

    def __getitem__(self, index: int) -> Any:
        torch, info = self.torch, self.torch.utils.data.get_worker_info()
        drawn = torch.randint(0, 1000, ()).item(), int(np.random.randint(1000)), random.randrange(1000)
        # seeds need more bits than a float has; as text they would not be collated
        halves = [part for seed in (torch.initial_seed(), info.seed) for part in divmod(seed, 2**32)]
        return [index, info.id, info.num_workers, *halves, *drawn]


def _worker_cases(torch: Any) -> dict[str, Callable[[Any], Any]]:
    data = torch.utils.data
    pairs = data.TensorDataset(torch.arange(22).reshape(11, 2), torch.arange(11))
    noisy = _Noisy(torch)
    seeded = _seed_numpy(torch)
    return {
        "workers": lambda g: _epochs(data.DataLoader(pairs, 2, True, num_workers=2)),
        "workers, generator": lambda g: _epochs(data.DataLoader(pairs, 2, True, num_workers=2, generator=g)),
        "workers, broken off": lambda g: _broken_off(
            data.DataLoader(pairs, 2, True, num_workers=2, generator=g)
        ),
        "workers, prefetch": lambda g: _broken_off(
            data.DataLoader(
                pairs, 1, sampler=data.RandomSampler(pairs, True, 70, g), num_workers=2, prefetch_factor=17
            )
        ),
        "workers, eager sampler": lambda g: _epochs(
            data.DataLoader(pairs, 4, sampler=_EagerSampler(torch, 11), num_workers=1)
        ),
        "workers, persistent": lambda g: _epochs(
            data.DataLoader(noisy, 2, True, num_workers=2, persistent_workers=True), 3
        ),
        "workers, noise": lambda g: _epochs(data.DataLoader(noisy, 2, True, num_workers=2)),
        "workers, noise, generator": lambda g: _epochs(data.DataLoader(noisy, 3, num_workers=3, generator=g)),
        "workers, init": lambda g: _epochs(data.DataLoader(noisy, 2, num_workers=2, worker_init_fn=seeded)),
        "workers, no batches": lambda g: _epochs(data.DataLoader(noisy, None, True, num_workers=2)),
        "workers, stream": lambda g: _epochs(data.DataLoader(_stream(torch, 7)(), 3, num_workers=2)),
        "workers, shared stream": lambda g: _epochs(
            data.DataLoader(_shared_stream(torch)(), 2, num_workers=3)
        ),
        "workers, stream, drop_last": lambda g: _epochs(
            data.DataLoader(_shared_stream(torch)(), 2, num_workers=3, drop_last=True)
        ),
        "workers, stream, persistent": lambda g: _epochs(
            data.DataLoader(_shared_stream(torch)(), 2, num_workers=3, persistent_workers=True)
        ),
    }


class _Many:
    """Hands out a whole batch at once, and changed so that it shows."""

    def __init__(self, numbers: list[float]) -> None:
        self.numbers = numbers

    def __len__(self) -> int:
        return len(self.numbers)

    def __getitem__(self, index: int) -> float:
        return self.numbers[index]

    def __getitems__(self, indices: list[int]) -> list[float]:
        return [self.numbers[index] + 0.5 for index in indices]


class _EagerSampler:
    """Draws its order when iteration begins, not when the first index is asked for."""

    def __init__(self, torch: Any, size: int) -> None:
        self.torch, self.size = torch, size

    def __iter__(self) -> Any:
        return iter(self.torch.randperm(self.size).tolist())

    def __len__(self) -> int:
        return self.size


class _Noisy:
    """A dataset whose samples are random: numbers from three generators, whole so that they print alike."""

    def __init__(self, torch: Any) -> None:
        self.torch = torch

    def __len__(self) -> int:
        return 9

    def __getitem__(self, index: int) -> Any:
        worker = self.torch.utils.data.get_worker_info()
        drawn = self.torch.randint(0, 1000, ()).item(), int(np.random.randint(1000)), random.randrange(1000)
        return (index, -1 if worker is None else worker.id, *drawn)


def _seed_numpy(torch: Any) -> Callable[[int], None]:
    """The worker_init_fn of PyTorch's own notes on reproducibility."""

    def seed(worker_id: int) -> None:
        np.random.seed(torch.utils.data.get_worker_info().seed % 2**32 + worker_id)

    return seed


def _stream(torch: Any, size: int) -> Any:
    class Stream(torch.utils.data.IterableDataset):
        def __iter__(self) -> Any:
            return iter(range(size))

    return Stream


def _shared_stream(torch: Any) -> Any:
    class SharedStream(torch.utils.data.IterableDataset):
        """Divides 17 numbers among workers unevenly: the first has 3, the second 1, the third 13."""

        def __iter__(self) -> Any:
            start, stop = [(0, 3), (3, 4), (4, 17)][torch.utils.data.get_worker_info().id]
            for number in range(start, stop):
                yield number, torch.randint(0, 1000, ()).item()

    return SharedStream


if __name__ == "__main__":
    import torch
    import torch.utils.data

    multiprocessing.set_start_method("fork")  # the cases' datasets are local classes
    cases = run_cases(torch)
    lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(outcome)}" for name, outcome in cases.items())
    GOLDEN.write_text(f'{{"torch": {json.dumps(torch.__version__)}, "cases": {{\n{lines}\n}}}}\n')
    sys.stdout.write(f"{len(cases)} cases of PyTorch {torch.__version__} in {GOLDEN.name}\n")
