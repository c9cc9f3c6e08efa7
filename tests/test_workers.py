"""Worker processes and threads: what they hand out, what goes wrong in them, and that nothing is left behind."""

from __future__ import annotations

import copy
import gc
import mmap
import multiprocessing
import os
import pickle
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

import tinygrad_nn as tg
from tinygrad_nn.utils.data import (
    DataLoader,
    Dataset,
    IterableDataset,
    TensorDataset,
    get_worker_info,
    processes,
    shared,
)

METHODS = multiprocessing.get_all_start_methods()
needs_fork = pytest.mark.skipif("fork" not in METHODS, reason="no fork here")
PROCESSES = "fork" if "fork" in METHODS else "spawn"
LARGE = 50_000  # elements: far more than what goes through a pipe

# These stand at the top level, where processes that are not forked find them.


class Squares(Dataset):
    def __init__(self, length=12):
        self.length = length

    def __len__(self):
        return self.length

    def __getitem__(self, index):
        return index, index**2


class Large(Squares):
    def __getitem__(self, index):
        return np.full(LARGE, index, np.float32), index


class Seeds(Squares):
    """Who has made it, and with which seed."""

    def __getitem__(self, index):
        info = get_worker_info()
        return [index, info.id, info.seed % 2**40, tg.initial_seed() % 2**40, os.getpid(), threading.get_ident()]


class Shares(IterableDataset):
    def __iter__(self):
        info = get_worker_info()
        return iter(range(info.id, 10, info.num_workers))


class Failing(Squares):
    def __init__(self, length=6, at=4, error=None):
        super().__init__(length)
        self.at, self.error = at, error or ValueError("not this one")

    def __getitem__(self, index):
        if index == self.at:
            raise self.error
        return index


class TwoArgumentsError(Exception):
    def __init__(self, first, second):
        super().__init__(first, second)


class Dying(Squares):
    def __init__(self, length=6, how="kill"):
        super().__init__(length)
        self.how = how

    def __getitem__(self, index):
        if index == 4 and self.how == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if index == 4 and self.how == "exit":
            os._exit(3)
        if index == 4 and self.how == "sys.exit":
            sys.exit(4)
        return index


class Sleeping(Squares):
    def __init__(self, length=6, seconds=0.0, at=None):
        super().__init__(length)
        self.seconds, self.at = seconds, at

    def __getitem__(self, index):
        if self.at is None or index == self.at:
            time.sleep(self.seconds)
        return index


class Unpicklable(Squares):
    def __getitem__(self, index):
        return lambda: index


def same(sample):
    return sample


def first_only(samples):
    return samples[0]


def close_to(seconds):
    """Whether less time than this, and a margin for a busy machine, has gone by since the start."""
    return time.monotonic() - close_to.start < seconds + 10


def workers():
    """This process's children, but for those that joblib keeps for scikit-learn's next call."""
    return [child for child in multiprocessing.active_children() if type(child).__name__ != "LokyProcess"]


@pytest.fixture(autouse=True)
def nothing_is_left():
    """No worker outlives its test."""
    before = threading.active_count()
    yield
    gc.collect()
    deadline = time.monotonic() + 10
    while (workers() or threading.active_count() > before) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert workers() == []
    assert threading.active_count() <= before


# ------------------------------------------------------------------------------------------------- the same


@pytest.mark.parametrize("context", [*METHODS, "thread"])
def test_every_way_to_start_gives_the_same(context):
    def batches(workers, context):
        tg.manual_seed(3)
        options = {"num_workers": workers, "multiprocessing_context": context}
        made = [batch[0][:, :2].tolist() for batch in DataLoader(Large(), 5, True, **options)]
        streamed = [batch.tolist() for batch in DataLoader(Shares(), 2, num_workers=2, multiprocessing_context=context)]
        return made, streamed, tg.rand(2).tolist()

    made, streamed, drawn = batches(2, context)
    tg.manual_seed(3)
    assert made == [batch[0][:, :2].tolist() for batch in DataLoader(Large(), 5, True)]
    assert streamed == [[0, 2], [1, 3], [4, 6], [5, 7], [8], [9]]
    assert batches(3, context)[0] == made
    if context == "thread":
        assert batches(2, PROCESSES) == (made, streamed, drawn)


@pytest.mark.parametrize("context", [PROCESSES, "thread"])
def test_workers_have_their_seeds_and_places(context):
    loader = DataLoader(Seeds(), 2, num_workers=3, multiprocessing_context=context, collate_fn=same)
    epochs = [[sample for batch in loader for sample in batch] for _ in range(2)]
    for samples in epochs:
        assert [sample[0] for sample in samples] == list(range(12))
        assert [sample[1] for sample in samples] == [0, 0, 1, 1, 2, 2] * 2
        assert all(seed == initial for _, _, seed, initial, _, _ in samples)
        base = samples[0][2]
        assert [sample[2] for sample in samples] == [base + sample[1] for sample in samples]
        places = {tuple(sample[4:]) for sample in samples}
        assert len(places) == 3
        assert (os.getpid(), threading.get_ident()) not in places
    assert epochs[0][0][2] != epochs[1][0][2]  # another seed for each epoch


def test_threads_draw_from_sources_of_their_own():
    class Noise(Squares):
        def __getitem__(self, index):
            info = get_worker_info()
            assert info.worker_method == "thread"
            sources = info.rng
            drawn = sources.numpy_generator.random(), sources.random_generator.random()
            assert sources.torch_generator.initial_seed() == tg.initial_seed() == info.seed
            return (*drawn, tg.randn(1).item(), tg.nn.functional.dropout(tg.ones(4)).tolist())

    def run():
        tg.manual_seed(0)
        loader = DataLoader(Noise(), 2, num_workers=3, multiprocessing_context="thread", collate_fn=same)
        return [list(loader) for _ in range(2)], tg.rand(1).item(), tg.initial_seed()

    (first, second), drawn, seed = run()
    assert run() == ([first, second], drawn, seed)
    assert first != second
    assert seed == 0
    tg.manual_seed(0)
    for _ in range(2):
        iter(DataLoader(Noise(), 2))
    assert tg.rand(1).item() == drawn  # the base seeds, and nothing that a thread has drawn
    assert get_worker_info() is None


def test_a_thread_has_its_copy_of_the_dataset():
    class Limited(IterableDataset):
        stop = 4

        def __iter__(self):
            return iter(range(self.stop))

    dataset = Limited()

    def limit(worker):
        get_worker_info().dataset.stop = worker + 1

    loader = DataLoader(dataset, num_workers=2, multiprocessing_context="thread", worker_init_fn=limit)
    assert [batch.tolist() for batch in loader] == [[0], [0], [1]]
    assert dataset.stop == 4


@pytest.mark.parametrize("context", [PROCESSES, "thread"])
def test_work_goes_on_side_by_side(context):
    def seconds(workers, context):
        loader = DataLoader(Sleeping(8, 0.2), 1, num_workers=workers, multiprocessing_context=context)
        batches = iter(loader)
        next(batches)  # the workers have started
        start = time.perf_counter()
        assert len(list(batches)) == 7
        return time.perf_counter() - start

    assert seconds(4, context) < 0.6 * seconds(0, None)


def test_batches_are_fetched_ahead():
    fetched = []

    class Noted(Squares):
        def __getitem__(self, index):
            fetched.append(index)
            return index

    loader = DataLoader(Noted(), 1, num_workers=2, prefetch_factor=3, multiprocessing_context="thread")
    batches = iter(loader)
    next(batches)
    deadline = time.monotonic() + 10
    while len(fetched) < 7 and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(0.05)
    assert sorted(fetched) == list(range(7))  # three for each, and one since the first was handed out


def total(samples):
    return "x" * 3_000_000, sum(samples)


def test_large_tasks_and_large_replies_do_not_wait_for_each_other():
    """Both are more than a pipe holds: whoever sends must not have to wait for the other to receive."""
    indices = list(range(200_000))
    loader = DataLoader(
        range(200_000),
        batch_sampler=[indices] * 12,
        num_workers=2,
        prefetch_factor=6,
        multiprocessing_context=PROCESSES,
        collate_fn=total,
        timeout=60,
    )
    assert [(len(text), value) for text, value in loader] == [(3_000_000, sum(indices))] * 12


# ----------------------------------------------------------------------------------------- shared memory


@needs_fork
def test_large_arrays_come_through_shared_memory():
    first = next(iter(DataLoader(Large(), 4, num_workers=1, multiprocessing_context="fork")))
    base = first[0].numpy()
    while isinstance(base.base, np.ndarray):
        base = base.base
    assert (base.base is not None) == shared.AVAILABLE
    first[0].mul_(2)  # ours alone
    assert first[0][:, 0].tolist() == [0, 2, 4, 6]
    assert first[0].untyped_storage().nbytes() == 4 * LARGE * 4  # not all of the memory that was shared


@needs_fork
@pytest.mark.parametrize("way", ["shared", "no sharing", "no memory"])
def test_batches_that_are_kept_stay_what_they_are(way, monkeypatch):
    if way == "no sharing":
        monkeypatch.setattr(shared, "AVAILABLE", False)
    if way == "no memory":

        def full(size):
            raise OSError("no memory left")

        monkeypatch.setattr(shared, "anonymous_file", full)
    loader = DataLoader(Large(40), 2, num_workers=2, multiprocessing_context="fork")
    kept = list(loader)  # more than there are slabs
    for number, (values, _) in enumerate(kept):
        assert values[:, ::1000].tolist() == [[2.0 * number] * 50, [2.0 * number + 1] * 50]
    kept[3][0].add_(100)
    again = list(loader)
    assert [values.sum().item() for values, _ in again] == [LARGE * (4.0 * n + 1) for n in range(20)]
    assert kept[3][0][0, 0].item() == 106
    assert kept[4][0][0, 0].item() == 8


@needs_fork
def test_parts_of_a_batch_keep_its_memory():
    loader = DataLoader(Large(60), 1, num_workers=1, multiprocessing_context="fork")
    rows = [values[0, 10:20] for values, _ in loader]  # views, of batches that are gone
    assert [row.tolist() for row in rows] == [[float(n)] * 10 for n in range(60)]


@needs_fork
@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="open files are counted in /proc")
def test_no_files_stay_open():
    def count():
        gc.collect()
        return len(os.listdir("/proc/self/fd"))

    list(DataLoader(Large(), 2, num_workers=2, multiprocessing_context="fork"))
    before = count()
    for _ in range(3):
        kept = list(DataLoader(Large(20), 2, num_workers=2, multiprocessing_context="fork"))
        next(iter(DataLoader(Large(20), 2, num_workers=2, multiprocessing_context="fork")))
    del kept
    assert count() <= before


class Growing(Squares):
    """Batches of all sizes: slabs have to be replaced."""

    def __getitem__(self, index):
        return [np.full((1000 * (index % 7 + 1) * (index + 1),), index), np.zeros((0, 3)), np.array("text"), index, "t"]


@needs_fork
def test_batches_of_changing_sizes_and_kinds():
    loader = DataLoader(Growing(30), None, num_workers=2, multiprocessing_context="fork", collate_fn=same)
    for index, (values, empty, text, number, letter) in enumerate(loader):
        assert values.shape == (1000 * (index % 7 + 1) * (index + 1),)
        assert (values == index).all()
        assert (empty.shape, text.item(), number, letter) == ((0, 3), "text", index, "t")


class Views(Squares):
    def __getitem__(self, index):
        table = np.arange(40_000.0).reshape(200, 200)
        return table.T, table[:, ::2], table[::-1], np.broadcast_to(table[:1], (200, 200)), tg.from_numpy(table).t()


@needs_fork
def test_arrays_of_every_layout_arrive():
    (sample,) = DataLoader(Views(1), None, num_workers=1, multiprocessing_context="fork", collate_fn=same)
    for got, expected in zip(sample, Views()[0], strict=True):
        assert np.array_equal(np.asarray(got), np.asarray(expected))


class Leaf(Squares):
    def __init__(self, length=1, graph=False):
        super().__init__(length)
        self.graph = graph

    def __getitem__(self, index):
        x = tg.ones(3000, requires_grad=True)
        return x * 2 if self.graph else x


@needs_fork
def test_gradients_do_not_pass_from_process_to_process():
    options = {"batch_size": None, "num_workers": 1, "multiprocessing_context": "fork"}
    (leaf,) = DataLoader(Leaf(), **options)
    assert leaf.requires_grad
    with pytest.raises(RuntimeError, match=r"(?s)in DataLoader worker process 0.*part of a graph. Use x.detach"):
        list(DataLoader(Leaf(graph=True), **options))


class Held(Squares):
    """Arrays that every worker gets, and writes to."""

    def __init__(self, length=6):
        super().__init__(length)
        self.table = np.arange(LARGE, dtype=np.float64)
        self.tensor = tg.ones(LARGE)
        self.few = np.arange(3)
        self.event = multiprocessing.get_context("spawn").Event()  # goes only to processes that are being started

    def __getitem__(self, index):
        self.table[7] += 1
        self.tensor[0] += 1
        owner = self.table
        while isinstance(owner.base, np.ndarray):
            owner = owner.base
        shares = isinstance(getattr(owner.base, "obj", None), mmap.mmap)  # else it lies in what was pickled
        return self.table[7].item(), self.tensor[0].item(), self.table[8].item(), self.few.tolist(), shares


@pytest.mark.parametrize("method", [method for method in METHODS if method != "fork"])
@pytest.mark.parametrize("sharing", [True, False])
def test_processes_that_are_not_forked_share_the_datasets_arrays(method, sharing, monkeypatch):
    if not sharing:

        def full(size):
            raise OSError("no memory left")

        monkeypatch.setattr(shared, "anonymous_file", full)
    dataset = Held()
    loader = DataLoader(dataset, 1, num_workers=2, multiprocessing_context=method, collate_fn=same)
    found = [sample for batch in loader for sample in batch]
    # each writes to what is its own
    assert [sample[0] for sample in found] == [8.0, 8.0, 9.0, 9.0, 10.0, 10.0]
    assert [sample[1] for sample in found] == [2.0, 2.0, 3.0, 3.0, 4.0, 4.0]
    assert {sample[2] for sample in found} == {8.0}
    assert all(sample[3] == [0, 1, 2] for sample in found)
    assert {sample[4] for sample in found} == {sharing and shared.AVAILABLE}
    assert (dataset.table[7], dataset.tensor[0].item()) == (7, 1)


# -------------------------------------------------------------------------------------------- what goes wrong


@pytest.mark.parametrize(("context", "kind"), [(PROCESSES, "process"), ("thread", "thread")])
def test_an_exception_arrives_with_its_own_traceback_and_the_loader_goes_on(context, kind):
    batches = iter(DataLoader(Failing(), 1, num_workers=2, multiprocessing_context=context))
    assert [next(batches).tolist() for _ in range(4)] == [[0], [1], [2], [3]]
    with pytest.raises(ValueError, match="not this one") as caught:
        next(batches)
    text = str(caught.value)
    assert text.startswith(
        f"Caught ValueError in DataLoader worker {kind} 0.\nOriginal Traceback (most recent call last)"
    )
    assert "in __getitem__" in text
    assert "raise self.error" in text
    assert [batch.tolist() for batch in batches] == [[5]]


@pytest.mark.parametrize("context", [PROCESSES, "thread"])
@pytest.mark.parametrize(
    ("error", "type_of_it"),
    [
        (KeyError("one"), KeyError),
        (TwoArgumentsError(1, 2), RuntimeError),
        (type("LocalError", (ValueError,), {})("x"), None),
        (UnicodeDecodeError("utf8", b"", 0, 1, "x"), RuntimeError),
        (StopAsyncIteration("x"), StopAsyncIteration),
    ],
)
def test_any_exception_arrives(context, error, type_of_it):
    if type_of_it is None:  # its class cannot be found from another process
        type_of_it = RuntimeError if context != "thread" else ValueError
    if context == "spawn":
        pytest.skip("the dataset holds what cannot be pickled")
    with pytest.raises(type_of_it) as caught:
        list(DataLoader(Failing(error=error), 1, num_workers=1, multiprocessing_context=context))
    assert str(caught.value).startswith(f"Caught {type(error).__name__} in DataLoader worker")
    assert "\n  File " in str(caught.value)  # with real line breaks


def failing_init(worker):
    raise OSError("no")


def failing_collate(samples):
    raise LookupError("no")


class FailingStream(IterableDataset):
    def __iter__(self):
        raise ArithmeticError("no")


@pytest.mark.parametrize("context", [PROCESSES, "thread"])
@pytest.mark.parametrize(
    ("make", "error"),
    [
        (lambda **o: DataLoader(Squares(), worker_init_fn=failing_init, **o), OSError),
        (lambda **o: DataLoader(Squares(), collate_fn=failing_collate, **o), LookupError),
        (lambda **o: DataLoader(FailingStream(), **o), ArithmeticError),
    ],
)
def test_all_that_runs_in_a_worker_may_fail(context, make, error):
    loader = make(num_workers=2, multiprocessing_context=context)
    batches = iter(loader)  # this much works, as in PyTorch
    for _ in range(2):
        with pytest.raises(error, match="Caught"):
            next(batches)


@needs_fork
def test_a_batch_that_cannot_be_pickled_is_an_error_and_no_hang():
    loader = DataLoader(Unpicklable(2), None, num_workers=1, multiprocessing_context="fork", collate_fn=same)
    with pytest.raises((AttributeError, pickle.PicklingError), match=r"(?s)worker process 0.*pickle"):
        next(iter(loader))


@needs_fork
@pytest.mark.parametrize(
    ("how", "text"),
    [
        ("kill", "killed by SIGKILL, as the system does when it runs out of memory"),
        ("exit", "exit status 3"),
        ("sys.exit", "exit status 4"),
    ],
)
@pytest.mark.parametrize("persistent", [False, True])
def test_a_dead_worker_is_reported(how, text, persistent):
    loader = DataLoader(
        Dying(how=how),
        1,
        num_workers=2,
        multiprocessing_context="fork",
        persistent_workers=persistent,
        prefetch_factor=1,
    )
    batches = iter(loader)
    pids = [process.pid for process in workers()]
    seen = []
    with pytest.raises(RuntimeError, match=text) as caught:
        seen.extend(batch.item() for batch in batches)
    assert seen == [0, 1, 2, 3][: len(seen)]
    found = str(caught.value)
    assert found.startswith("DataLoader worker (pid(s) ")
    assert " exited unexpectedly: " in found
    assert int(found.split("pid(s) ")[1].split(")")[0]) in pids
    with pytest.raises(RuntimeError, match="exited unexpectedly"):  # and never goes on without its batches
        next(batches)
    assert workers() == []
    loader.dataset.how = ""
    assert [batch.item() for batch in loader] == [0, 1, 2, 3, 4, 5]  # new workers


@needs_fork
def test_a_worker_that_is_killed_from_outside():
    batches = iter(DataLoader(Sleeping(6, 100, at=2), 1, num_workers=2, multiprocessing_context="fork"))
    assert next(batches).item() == 0
    close_to.start = time.monotonic()
    for process in workers():
        os.kill(process.pid, signal.SIGTERM)
    with pytest.raises(RuntimeError, match=r"exited unexpectedly.*SIGTERM"):
        list(batches)
    assert close_to(0)


@pytest.mark.parametrize("context", [PROCESSES, "thread"])
def test_a_worker_that_hangs(context):
    seconds = 1000 if context != "thread" else 3
    loader = DataLoader(Sleeping(6, seconds, at=2), 2, num_workers=2, multiprocessing_context=context, timeout=0.3)
    batches = iter(loader)
    assert next(batches).tolist() == [0, 1]
    close_to.start = time.monotonic()
    for _ in range(2):
        with pytest.raises(
            RuntimeError, match=r"timed out after 0.3 seconds: worker 1 has not answered, index \[2, 3\]"
        ):
            next(batches)
    assert close_to(0.6)
    del batches, loader
    assert close_to(4)


@pytest.mark.parametrize("method", [method for method in METHODS if method != "fork"])
def test_what_cannot_be_pickled_is_named(method):
    class Local(Squares):
        pass

    options = {"num_workers": 1, "multiprocessing_context": method}
    for wrong, names in (
        ({"dataset": Local()}, "The dataset cannot be pickled"),
        ({"dataset": Squares(), "collate_fn": lambda samples: samples}, "The collate_fn cannot"),
        ({"dataset": Local(), "worker_init_fn": lambda w: None}, "The dataset and worker_init_fn cannot"),
    ):
        with pytest.raises((AttributeError, pickle.PicklingError), match=f"(?s)pickle.*{names}.*{method}.*'?thread"):
            next(iter(DataLoader(**wrong, **options)))


# ------------------------------------------------------------------------------------------- coming and going


@pytest.mark.parametrize("context", [PROCESSES, "thread"])
def test_leaving_a_loop_ends_the_workers(context):
    for _ in range(3):
        for batch in DataLoader(Squares(100), 2, num_workers=2, multiprocessing_context=context):
            assert batch[0].tolist() == [0, 1]
            break
        gc.collect()
        assert workers() == []


@pytest.mark.parametrize("context", [PROCESSES, "thread"])
def test_two_at_once_and_nested(context):
    loader = DataLoader(Squares(6), 2, num_workers=2, multiprocessing_context=context)
    one, other = iter(loader), iter(loader)
    assert next(one)[0].tolist() == next(other)[0].tolist() == [0, 1]
    assert [a[0].tolist() == b[0].tolist() for a, b in zip(one, other, strict=True)] == [True, True]
    inner = DataLoader(Squares(4), 2, num_workers=1, multiprocessing_context=context)
    pairs = [(a[0].tolist(), b[0].tolist()) for a in loader for b in inner]
    assert pairs == [(a, b) for a in ([0, 1], [2, 3], [4, 5]) for b in ([0, 1], [2, 3])]


@needs_fork
def test_persistent_workers_stay():
    loader = DataLoader(Seeds(), 2, num_workers=2, multiprocessing_context="fork", persistent_workers=True)
    pids = [{pid for batch in loader for pid in batch[4].tolist()} for _ in range(3)]
    for batch in loader:  # and are not disturbed by what was left
        assert batch[0].tolist() == [0, 1]
        break
    pids.append({pid for batch in loader for pid in batch[4].tolist()})
    assert len(pids[0]) == 2
    assert pids == [pids[0]] * 4
    batches = iter(loader)
    next(batches)
    assert [index for batch in loader for index in batch[0].tolist()] == list(range(12))
    with pytest.raises(
        RuntimeError, match="no longer valid: with persistent_workers=True there is one epoch at a time"
    ):
        next(batches)


@pytest.mark.parametrize("context", [PROCESSES, "thread"])
def test_out_of_order(context):
    options = {"num_workers": 2, "multiprocessing_context": context, "in_order": False}
    order = [batch.item() for batch in DataLoader(Sleeping(9, 1.0, at=0), 1, **options)]
    assert sorted(order) == list(range(9))
    assert order[-2:] == [0, 2]  # the other worker has done the rest in the meantime
    assert sorted(n for batch in DataLoader(Shares(), 2, **options) for n in batch.tolist()) == list(range(10))


def test_the_end_stays_the_end():
    batches = iter(DataLoader(Squares(2), 2, num_workers=1, multiprocessing_context="thread"))
    assert len(list(batches)) == 1
    assert next(batches, None) is None
    assert next(batches, None) is None


def test_loaders_are_copied_without_their_workers():
    loader = DataLoader(Squares(4), 2, num_workers=1, multiprocessing_context="thread", persistent_workers=True)
    batches = iter(loader)
    for other in (copy.copy(loader), copy.deepcopy(loader), pickle.loads(pickle.dumps(loader))):
        assert [batch[0].tolist() for batch in other] == [[0, 1], [2, 3]]
    with pytest.raises(NotImplementedError, match=r"cannot be pickled. Save the loader's state_dict"):
        pickle.dumps(batches)


def test_whole_batches_from_workers():
    data = TensorDataset(tg.arange(2 * LARGE).reshape(10, -1), tg.arange(10))
    for context in (PROCESSES, "thread"):
        loader = DataLoader(data, 4, num_workers=2, multiprocessing_context=context)
        assert [batch[1].tolist() for batch in loader] == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]


# ------------------------------------------------------------------------- the process that has started them

PROGRAM = """
import signal, sys, time
import numpy as np
import tinygrad_nn as tg

class Slow(tg.utils.data.Dataset):
    def __len__(self):
        return 10_000
    def __getitem__(self, index):
        time.sleep(0.001)
        return np.full(20_000, index)

if __name__ == "__main__":
    method, what = sys.argv[1:]
    loaders = [
        tg.utils.data.DataLoader(Slow(), 4, num_workers=2, multiprocessing_context=method, persistent_workers=p)
        for p in (False, True)
    ]
    epochs = [iter(loader) for loader in loaders]
    if what == "handle":
        interrupted = []
        signal.signal(signal.SIGINT, lambda *a: interrupted.append(1))
    print(*(pid for epoch in epochs for pid in epoch._crew._pool.pids), flush=True)
    count = 0
    for batch in zip(*epochs):
        count += 1
        if what == "end" and count == 5:
            break
        if what == "handle" and interrupted and count > 20:
            print("went on", flush=True)
            break
"""


def is_running(pid):
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in "ZX"


@pytest.mark.skipif(not Path("/proc/self/stat").is_file(), reason="processes are looked up in /proc")
@pytest.mark.parametrize(
    ("method", "what", "number", "status"),
    [
        ("fork", "interrupt", signal.SIGINT, -signal.SIGINT),
        ("fork", "kill", signal.SIGKILL, -signal.SIGKILL),
        ("fork", "terminate", signal.SIGTERM, -signal.SIGTERM),
        ("fork", "end", None, 0),
        ("fork", "handle", signal.SIGINT, 0),
        ("spawn", "interrupt", signal.SIGINT, -signal.SIGINT),
        ("spawn", "kill", signal.SIGKILL, -signal.SIGKILL),
        ("forkserver", "kill", signal.SIGKILL, -signal.SIGKILL),
    ],
)
def test_workers_end_with_their_parent_and_leave_nothing(method, what, number, status, tmp_path):
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    root = Path(tg.__file__).parent.parent
    environment = {**os.environ, "PYTHONPATH": str(root), "OPENBLAS_NUM_THREADS": "1"}
    command = [sys.executable, "-W", "error", str(program), method, what]
    shared_before = set(os.listdir("/dev/shm")) if os.path.isdir("/dev/shm") else set()
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment, start_new_session=True
    )
    with process:
        pids = [int(pid) for pid in process.stdout.readline().split()]
        assert len(pids) == 4, process.stderr.read()
        if number is not None:
            time.sleep(0.1)
            os.killpg(process.pid, number) if number == signal.SIGINT else os.kill(process.pid, number)
        output, errors = process.communicate(timeout=60)
    assert process.returncode == status, errors
    if what == "handle":
        assert output == "went on\n"  # Ctrl-C reached the workers, too, and they left it to their parent
    assert errors.count("Traceback") == (what == "interrupt"), errors
    deadline = time.monotonic() + 15
    while any(is_running(pid) for pid in pids) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not [pid for pid in pids if is_running(pid)]
    if os.path.isdir("/dev/shm"):
        names = {name for name in set(os.listdir("/dev/shm")) - shared_before if str(process.pid) in name}
        assert not names


def test_seeding_is_left_to_the_workers():
    """What a worker draws changes nothing in the process that has started it."""

    def numbers():
        tg.manual_seed(0)
        np.random.seed(0)
        random.seed(0)
        list(DataLoader(Squares(), 2, num_workers=2, multiprocessing_context=PROCESSES))
        return tg.rand(1).item(), np.random.rand(), random.random()

    assert numbers() == numbers()


def test_workers_ends_are_closed_in_forked_children():
    """Else a worker's siblings would keep its pipe open, and it would not see its parent die."""
    loader = DataLoader(Squares(), 2, num_workers=2, multiprocessing_context=PROCESSES)
    batches = iter(loader)
    assert len([end for end in processes._ends if not end.closed]) >= 4
    del batches
    gc.collect()
    assert not [end for end in processes._ends if not end.closed]
