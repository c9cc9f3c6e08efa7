"""Datasets, samplers, collating, the loader. The orders are PyTorch's: see golden/make_data_orders.py."""

from __future__ import annotations

import json
import multiprocessing
import runpy
import warnings
from collections import OrderedDict, UserList, namedtuple
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pytest

import tinygrad_nn as tg
from tinygrad_nn.utils.data import (
    BatchSampler,
    ChainDataset,
    ConcatDataset,
    DataLoader,
    Dataset,
    DistributedSampler,
    IterableDataset,
    RandomSampler,
    Sampler,
    SequentialSampler,
    StackDataset,
    Subset,
    SubsetRandomSampler,
    TensorDataset,
    WeightedRandomSampler,
    default_collate,
    default_convert,
    random_split,
)

ORDERS = runpy.run_path(str(Path(__file__).parent / "golden" / "make_data_orders.py"))
GOLDEN = json.loads(ORDERS["GOLDEN"].read_text())["cases"]
Point = namedtuple("Point", ["x", "y"])


class Squares(Dataset):
    def __init__(self, length=7):
        self.length = length

    def __len__(self):
        return self.length

    def __getitem__(self, index):
        return index, index**2


class Count(IterableDataset):
    def __init__(self, stop=5, length=None):
        self.stop = stop
        self.length = length

    def __iter__(self):
        return iter(range(self.stop))

    def __len__(self):
        if self.length is None:
            raise TypeError("no length")
        return self.length


def as_lists(batches):
    return [batch.tolist() for batch in batches]


def same(batch, expected, dtype):
    assert isinstance(batch, tg.Tensor)
    assert batch.dtype == dtype
    assert batch.tolist() == expected


# ---------------------------------------------------------------------------------------- PyTorch's orders


def run_orders(package):
    """The cases' outcomes. Their datasets are classes inside of functions, so the workers have to be forked."""
    before = multiprocessing.get_start_method(allow_none=True)
    multiprocessing.set_start_method("fork", force=True)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # PyTorch's, that there are fewer processors than workers
            return json.loads(json.dumps(ORDERS["run_cases"](package)))
    finally:
        multiprocessing.set_start_method(before, force=True)


needs_fork = pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="no fork here")


@pytest.fixture(scope="module")
def orders():
    return run_orders(tg)


@needs_fork
@pytest.mark.parametrize("case", GOLDEN)
def test_order_and_numbers_drawn_are_those_of_pytorch(orders, case):
    assert orders[case] == GOLDEN[case]


@needs_fork
def test_order_and_numbers_drawn_are_those_of_the_installed_pytorch(orders):
    assert orders == run_orders(pytest.importorskip("torch"))


# ------------------------------------------------------------------------------------------------ datasets


def test_tensor_dataset():
    dataset = TensorDataset(tg.arange(6).reshape(3, 2), tg.arange(3))
    assert len(dataset) == 3
    image, label = dataset[1]
    assert image.tolist() == [2, 3]
    assert label.tolist() == 1
    assert dataset[-1][1].tolist() == 2
    with pytest.raises(IndexError):
        dataset[3]


def test_tensor_dataset_takes_arrays_and_converts_floating_ones():
    pixels = np.ones((3, 2))
    assert TensorDataset(pixels)[0][0].dtype == tg.float64
    dataset = TensorDataset(pixels, np.arange(3), dtype=tg.float32)
    assert [tensor.dtype for tensor in dataset.tensors] == [tg.float32, tg.int64]


def test_tensor_dataset_refuses_what_does_not_fit():
    with pytest.raises(AssertionError, match=r"Size mismatch between tensors.*\[3, 2\], \[4\]"):
        TensorDataset(tg.ones(3, 2), tg.ones(4))
    with pytest.raises(IndexError, match="tensor 1 has no first dimension"):
        TensorDataset(tg.ones(3), tg.tensor(1.0))
    with pytest.raises(IndexError, match="at least one tensor"):
        TensorDataset()


def test_dataset_without_getitem_names_it():
    class Empty(Dataset):
        pass

    with pytest.raises(NotImplementedError, match=r"Empty does not: add `def __getitem__"):
        Empty()[0]
    with pytest.raises(TypeError, match="has no len"):
        len(Empty())

    class Nothing(IterableDataset):
        pass

    with pytest.raises(NotImplementedError, match=r"Nothing does not: add `def __iter__"):
        iter(Nothing())


def test_concat_dataset():
    both = Squares(2) + Squares(3)
    assert isinstance(both, ConcatDataset)
    assert both.cumulative_sizes == [2, 5]
    assert [both[i] for i in range(5)] == [(0, 0), (1, 1), (0, 0), (1, 1), (2, 4)]
    assert both[-1] == (2, 4)
    with pytest.raises(ValueError, match="absolute value of index should not exceed dataset length"):
        both[-6]
    with pytest.raises(IndexError, match="index 5 is out of range"):
        both[5]
    with pytest.raises(AssertionError, match="empty iterable"):
        ConcatDataset([])
    with pytest.raises(AssertionError, match=r"Count at position 1. Use ChainDataset"):
        ConcatDataset([Squares(), Count()])


def test_chain_dataset():
    chain = Count(2, 2) + Count(3, 3)
    assert isinstance(chain, ChainDataset)
    assert list(chain) == [0, 1, 0, 1, 2]
    assert len(chain) == 5
    with pytest.raises(AssertionError, match=r"Squares at position 0. Use ConcatDataset"):
        list(ChainDataset([Squares()]))


def test_stack_dataset():
    assert StackDataset([1, 2], "ab")[1] == (2, "b")
    assert len(StackDataset(n=[1, 2])) == 2
    with pytest.raises(ValueError, match=r"expected equal lengths, got \[1, 2\]"):
        StackDataset([1], [1, 2])
    with pytest.raises(ValueError, match="At least one"):
        StackDataset()
    with pytest.raises(ValueError, match="got both: 1 by position and"):
        StackDataset([1], b=[1])


def test_stack_dataset_asks_for_whole_batches():
    class Many(Squares):
        def __getitems__(self, indices):
            return [-index for index in indices]

    assert StackDataset(Many(), Squares()).__getitems__([2, 0]) == [(-2, (2, 4)), (0, (0, 0))]
    assert StackDataset(a=Many(), b=Squares()).__getitems__([2]) == [{"a": -2, "b": (2, 4)}]

    class Short(Squares):
        def __getitems__(self, indices):
            return indices[1:]

    for stacked in (StackDataset(Short()), StackDataset(a=Short())):
        with pytest.raises(ValueError, match=r"output size mismatch. Expected 2, got 1 from Short.__getitems__"):
            stacked.__getitems__([1, 2])


def test_subset():
    subset = Subset(Squares(), [5, 0, 3])
    assert len(subset) == 3
    assert [subset[i] for i in range(3)] == [(5, 25), (0, 0), (3, 9)]
    assert subset.__getitems__([2, 0]) == [(3, 9), (5, 25)]
    assert Subset(subset, [1]).__getitems__([0]) == [(0, 0)]
    assert Subset(np.arange(9), [5, 0, 3])[[0, 2]].tolist() == [5, 3]


def test_subset_subclass_has_to_override_both():
    class Half(Subset):
        def __getitem__(self, index):
            return 0

    with pytest.raises(NotImplementedError, match=r"Half overrides __getitem__ but not __getitems__"):
        Half([1], [0])

    class Whole(Half):
        def __getitems__(self, indices):
            return [self[index] for index in indices]

    assert as_lists(DataLoader(Whole([1, 2], [0, 1]), 2)) == [[0, 0]]


def test_random_split_lengths():
    parts = random_split(range(10), [3, 7])
    assert [len(part) for part in parts] == [3, 7]
    assert sorted(i for part in parts for i in part.indices) == list(range(10))
    assert [len(part) for part in random_split(range(11), [0.3, 0.3, 0.4])] == [4, 3, 4]


@pytest.mark.parametrize(
    ("lengths", "error", "text"),
    [
        ([3, 8], ValueError, r"Got \[3, 8\] \(sum 11\) for 10 samples"),
        ([0.5, 0.6], ValueError, "Sum of input lengths does not equal"),
        ([1.5, -0.5], ValueError, "Fraction at index 0 is not between 0 and 1, got 1.5"),
        ([-1, 11], ValueError, "should not be negative"),
        ([3.0, 7.0], TypeError, "float"),
    ],
)
def test_random_split_refuses_and_draws_nothing(lengths, error, text):
    generator = tg.Generator()
    generator.manual_seed(0)
    with pytest.raises(error, match=text):
        random_split(range(10), lengths, generator=generator)
    after = tg.randint(0, 1000, (3,), generator=generator).tolist()
    generator.manual_seed(0)
    assert after == tg.randint(0, 1000, (3,), generator=generator).tolist()


def test_random_split_warns_of_an_empty_part():
    with pytest.warns(UserWarning, match="Length of split at index 1 is 0"):
        random_split(range(1), [0.5, 0.5])


# ------------------------------------------------------------------------------------------------ samplers


def test_indices_are_pythons_integers():
    for sampler in (RandomSampler(range(3)), RandomSampler(range(3), True), WeightedRandomSampler([1.0], 2)):
        assert {type(index) for index in sampler} == {int}
        assert {type(index) for batch in BatchSampler(sampler, 2, False) for index in batch} == {int}
    assert [*SubsetRandomSampler(["a"])] == ["a"]  # whatever a dataset takes


def test_samplers_have_lengths():
    assert len(SequentialSampler(range(4))) == 4
    assert len(RandomSampler(range(4))) == 4
    assert len(RandomSampler(range(4), num_samples=9)) == 9
    assert len(SubsetRandomSampler([1, 2])) == 2
    assert len(WeightedRandomSampler([1.0, 2.0], 5)) == 5
    assert len(BatchSampler(range(5), 2, False)) == 3
    assert len(BatchSampler(range(5), 2, True)) == 2


def test_random_sampler_sees_a_dataset_grow():
    data = [1]
    sampler = RandomSampler(data)
    data.append(2)
    assert sorted(sampler) == [0, 1]


def test_weights_may_be_a_tensor_or_an_array():
    for weights in ([0, 1], tg.tensor([0.0, 1.0]), np.array([0, 1])):
        assert list(WeightedRandomSampler(weights, 2)) == [1, 1]


@pytest.mark.parametrize(
    ("make", "error", "text"),
    [
        (lambda: RandomSampler([]), ValueError, "num_samples=0 .the dataset is empty"),
        (lambda: RandomSampler([1], num_samples=0), ValueError, "num_samples=0$"),
        (
            lambda: RandomSampler([1], num_samples=2.0),
            ValueError,
            "positive integer value, but got num_samples=2.0",
        ),
        (lambda: RandomSampler([1], 3), TypeError, "replacement=3.*was num_samples meant"),
        (lambda: RandomSampler(iter([1])), TypeError, "'list_iterator' has no len"),
        (
            lambda: list(RandomSampler([1, 2], generator=7)),
            TypeError,
            "'generator' must be Generator, not builtins.int",
        ),
        (lambda: WeightedRandomSampler([1.0], True), ValueError, "num_samples=True"),
        (lambda: WeightedRandomSampler([1.0], 1, 1), ValueError, "replacement should be a boolean"),
        (lambda: WeightedRandomSampler([[1.0]], 1), ValueError, r"weights have shape \(1, 1\)"),
        (lambda: list(WeightedRandomSampler([1.0, 1.0], 3, False)), RuntimeError, "without replacement"),
        (lambda: BatchSampler([1], 0, False), ValueError, "batch_size=0"),
        (lambda: BatchSampler([1], "2", False), ValueError, "batch_size='2'"),
        (lambda: BatchSampler([1], 2, 1), ValueError, "drop_last=1"),
        (lambda: iter(Sampler()), NotImplementedError, "Sampler does not: add `def __iter__"),
        (lambda: DistributedSampler([1]), RuntimeError, "Requires distributed package .* give num_replicas="),
        (lambda: DistributedSampler([1], 2), RuntimeError, "give rank="),
        (lambda: DistributedSampler([1], 2, 2), ValueError, r"Invalid rank 2, .* interval \[0, 1\]"),
    ],
)
def test_samplers_refuse(make, error, text):
    with pytest.raises(error, match=text):
        make()


# ---------------------------------------------------------------------------------------------- collating


def test_collate_numbers():
    same(default_collate([0.5, 1.0]), [0.5, 1.0], tg.float64)
    same(default_collate([1, 2]), [1, 2], tg.int64)
    same(default_collate([True, False]), [True, False], tg.bool)
    same(default_collate([np.float32(0.5), np.float32(1)]), [0.5, 1.0], tg.float32)
    same(default_collate([np.float64(0.5)]), [0.5], tg.float64)
    same(default_collate([np.uint8(3), np.uint8(4)]), [3, 4], tg.uint8)
    same(default_collate([np.bool_(True)]), [True], tg.bool)


def test_collate_tensors_and_arrays():
    same(default_collate([tg.ones(2), tg.zeros(2)]), [[1.0, 1.0], [0.0, 0.0]], tg.float32)
    same(default_collate([tg.tensor(1), tg.tensor(2)]), [1, 2], tg.int64)
    same(default_collate([np.ones(2), np.zeros(2)]), [[1.0, 1.0], [0.0, 0.0]], tg.float64)
    same(default_collate([np.array(3), np.array(4)]), [3, 4], tg.int64)


def test_collate_does_not_share_memory():
    array = np.zeros(2)
    batch = default_collate([array])
    array[0] = 1
    assert batch.tolist() == [[0.0, 0.0]]


def test_collate_containers():
    assert default_collate(["a", "b"]) == ["a", "b"]
    assert default_collate([b"a", b"b"]) == [b"a", b"b"]
    pair = default_collate([(1, "a"), (2, "b")])
    assert isinstance(pair, list)
    assert pair[0].tolist() == [1, 2]
    assert pair[1] == ("a", "b")
    point = default_collate([Point(1, 2.0), Point(3, 4.0)])
    assert isinstance(point, Point)
    same(point.y, [2.0, 4.0], tg.float64)
    nested = default_collate([{"a": [1, {"b": 2}]}, {"a": [3, {"b": 4}]}])
    assert nested["a"][0].tolist() == [1, 3]
    assert nested["a"][1]["b"].tolist() == [2, 4]


def test_collate_keeps_the_type_of_a_container():
    ordered = default_collate([OrderedDict(a=1), OrderedDict(a=2)])
    assert isinstance(ordered, OrderedDict)
    proxy = default_collate([MappingProxyType({"a": 1})])
    assert isinstance(proxy, MappingProxyType)
    users = default_collate([UserList([1, 2]), UserList([3, 4])])
    assert isinstance(users, UserList)
    assert users[1].tolist() == [2, 4]
    assert as_lists(default_collate([range(2), range(2, 4)])) == [[0, 2], [1, 3]]


@pytest.mark.parametrize(
    ("batch", "error", "text"),
    [
        ([None], TypeError, "found <class 'NoneType'>.*collate_fn"),
        ([object()], TypeError, "found <class 'object'>"),
        ([np.array(["a"])], TypeError, "found arrays of <U1"),
        ([np.array([None])], TypeError, "found arrays of object"),
        ([(1, 2), (3,)], RuntimeError, r"should be of equal size, got lengths \[2, 1\]"),
    ],
)
def test_collate_refuses(batch, error, text):
    with pytest.raises(error, match=text):
        default_collate(batch)


def test_collate_of_ragged_tensors_says_what_to_do():
    for samples in ([tg.ones(2), tg.ones(3)], [np.ones(2), np.ones(3)]):
        with pytest.raises(RuntimeError, match=r"(?s)equal size.*\[2\].*\[3\].*pad"):
            default_collate(samples)


def test_collate_learns_types():
    from tinygrad_nn.utils.data._utils.collate import collate, collate_tensor_fn, default_collate_fn_map

    class Word(str):
        pass

    def joined(batch, *, collate_fn_map=None):
        return "".join(batch)

    assert collate([("a", 1), ("b", 2)], collate_fn_map={str: joined, int: lambda b, collate_fn_map: sum(b)}) == [
        "ab",
        3,
    ]
    assert collate([Word("a"), Word("b")], collate_fn_map={(int, str): joined}) == "ab"  # a subclass, a tuple of types
    with pytest.raises(TypeError, match="found <class 'int'>"):
        collate([1, 2], collate_fn_map={str: joined})
    data = TensorDataset(tg.arange(4))
    try:
        default_collate_fn_map[Word] = joined
        assert default_collate([{"x": Word("a")}, {"x": Word("b")}]) == {"x": "ab"}
        default_collate_fn_map[tg.Tensor] = lambda batch, *, collate_fn_map=None: len(batch)
        assert list(DataLoader(data, 2)) == [[2], [2]]  # no whole batches past a changed rule
    finally:
        default_collate_fn_map[tg.Tensor] = collate_tensor_fn
        del default_collate_fn_map[Word]
    assert as_lists(batch for (batch,) in DataLoader(data, 2)) == [[0, 1], [2, 3]]


def test_convert():
    converted = default_convert((np.arange(2), {"x": np.float32(1), "s": "a"}, Point(1, np.ones(1)), [np.zeros(1)], 5))
    assert isinstance(converted, list)
    same(converted[0], [0, 1], tg.int64)
    same(converted[1]["x"], 1.0, tg.float32)
    assert converted[1]["s"] == "a"
    same(converted[2].y, [1.0], tg.float64)
    same(converted[3][0], [0.0], tg.float64)
    assert converted[4] == 5
    strings = np.array(["a"])
    assert default_convert(strings) is strings


# ---------------------------------------------------------------------------------------------- the loader


def test_whole_batches_are_what_single_samples_collate_to():
    dataset = TensorDataset(tg.arange(20).reshape(10, 2).float(), tg.arange(10))

    class BySample(TensorDataset):
        def __getitem__(self, index):
            return super().__getitem__(index)

    for part in (lambda d: d, lambda d: Subset(d, [7, 1, 1, 4, 9])):
        fast, slow = (DataLoader(part(d), 3) for d in (dataset, BySample(*dataset.tensors)))
        for one, other in zip(fast, slow, strict=True):
            assert type(one) is type(other) is list
            for a, b in zip(one, other, strict=True):
                same(a, b.tolist(), b.dtype)
    assert DataLoader(dataset, batch_sampler=[[2, tg.tensor(-1)], np.array([0])]).__iter__().__next__()[1].tolist() == [
        2,
        9,
    ]


def test_changed_datasets_are_asked_sample_by_sample():
    class Doubled(TensorDataset):
        def __getitem__(self, index):
            return super().__getitem__(index)[0] * 2

    class Many(TensorDataset):
        def __getitems__(self, indices):
            return [-index for index in indices]

    data = tg.arange(4)
    assert as_lists(DataLoader(Doubled(data), 2)) == [[0, 2], [4, 6]]
    assert as_lists(DataLoader(Subset(Doubled(data), [3, 0]), 2)) == [[6, 0]]
    assert as_lists(DataLoader(Many(data), 2)) == [[0, -1], [-2, -3]]
    assert list(DataLoader(TensorDataset(data), 2, collate_fn=len)) == [2, 2]


def test_batches_of_a_dataset_do_not_share_its_memory():
    data = tg.zeros(4)
    (batch,) = next(iter(DataLoader(TensorDataset(data), 2)))
    batch += 1
    assert data.tolist() == [0.0] * 4


def test_gradients_flow_through_a_batch():
    data = tg.ones(4, requires_grad=True)
    for (batch,) in DataLoader(TensorDataset(data), 2):
        (batch * 3).sum().backward()
    assert data.grad.tolist() == [3.0] * 4


def test_loader_lengths():
    assert len(DataLoader(Squares(7), 3)) == 3
    assert len(DataLoader(Squares(7), 3, drop_last=True)) == 2
    assert len(DataLoader(Squares(7), None)) == 7
    assert len(DataLoader(Squares(7), batch_sampler=[[1], [2]])) == 2
    assert len(DataLoader(Squares(7), sampler=[1, 2, 3], batch_size=2)) == 2
    assert len(DataLoader(Count(7, 7), 3)) == 3
    assert len(DataLoader(Count(7, 7), 3, drop_last=True)) == 2
    assert len(DataLoader(Count(7, 7), None)) == 7
    assert len(iter(DataLoader(Squares(7), 3))) == 3
    with pytest.raises(TypeError):
        len(DataLoader(Count(7), 3))


def test_loader_of_plain_sequences():
    assert list(DataLoader("abc", 2)) == [["a", "b"], ["c"]]
    assert list(DataLoader(["a", "b"], None)) == ["a", "b"]
    same(next(iter(DataLoader([1.5, 2.5], 2))), [1.5, 2.5], tg.float64)
    same(next(iter(DataLoader(np.arange(3), None))), 0, tg.int64)


def test_loader_keeps_its_attributes():
    loader = DataLoader(Squares(), 4, drop_last=True, num_workers=2, pin_memory=True, timeout=3)
    assert (loader.batch_size, loader.drop_last, loader.num_workers) == (4, True, 2)
    assert (loader.pin_memory, loader.timeout, loader.prefetch_factor) == (True, 3, 2)
    assert isinstance(loader.sampler, SequentialSampler)
    assert isinstance(loader.batch_sampler, BatchSampler)
    assert loader.collate_fn is default_collate
    assert DataLoader(Squares(), None).collate_fn is default_convert
    loader.num_workers = 0
    for name in ("batch_size", "batch_sampler", "sampler", "drop_last", "dataset", "persistent_workers"):
        with pytest.raises(ValueError, match=f"{name} attribute should not be set after DataLoader is initialized"):
            setattr(loader, name, None)


def test_an_error_in_a_dataset_reaches_the_caller_and_the_loader_goes_on():
    class Faulty(Squares):
        def __getitem__(self, index):
            if index == 1:
                raise KeyError("one")
            return index

    for workers, context in ((0, None), (2, "thread")):
        batches = iter(DataLoader(Faulty(3), num_workers=workers, multiprocessing_context=context))
        assert next(batches).tolist() == [0]
        with pytest.raises(KeyError, match="one"):
            next(batches)
        assert next(batches).tolist() == [2]
        with pytest.raises(StopIteration):
            next(batches)
        with pytest.raises(StopIteration):
            next(batches)


def test_a_stream_that_is_longer_than_it_said_warns():
    loader = DataLoader(Count(2, length=1))
    assert len(loader) == 1
    with pytest.warns(UserWarning, match="was reported to be 1 .*but 2 samples have been fetched"):
        assert as_lists(loader) == [[0], [1]]


@pytest.mark.parametrize(
    ("options", "error", "text"),
    [
        ({"num_workers": -1}, ValueError, "non-negative.*got -1"),
        ({"timeout": -1}, ValueError, "timeout option should be non-negative"),
        ({"prefetch_factor": 2}, ValueError, "prefetch_factor=2 with num_workers=0"),
        ({"prefetch_factor": 0, "num_workers": 1}, ValueError, "should be positive, got 0"),
        ({"persistent_workers": True}, ValueError, "needs num_workers > 0"),
        ({"multiprocessing_context": "fork"}, ValueError, "got num_workers=0"),
        ({"multiprocessing_context": "spoon", "num_workers": 1}, ValueError, "valid start method.*'spoon'"),
        ({"multiprocessing_context": 3, "num_workers": 1}, TypeError, "multiprocessing_context=3"),
        ({"sampler": [1], "shuffle": True}, ValueError, "mutually exclusive with shuffle"),
        ({"batch_sampler": [[1]], "batch_size": 2}, ValueError, "got also batch_size;"),
        (
            {"batch_sampler": [[1]], "drop_last": True, "shuffle": True},
            ValueError,
            "also shuffle, drop_last;",
        ),
        ({"batch_size": None, "drop_last": True}, ValueError, "disables auto-batching"),
        ({"batch_size": 0}, ValueError, "batch_size=0"),
        ({"batch_size": 2.0}, ValueError, "batch_size=2.0"),
    ],
)
def test_loader_refuses(options, error, text):
    with pytest.raises(error, match=text):
        DataLoader(Squares(), **options)


def test_loader_accepts_contexts():
    assert DataLoader(Squares(2), num_workers=1, multiprocessing_context="thread").multiprocessing_context == "thread"
    spawn = multiprocessing.get_context("spawn")
    for context in ("spawn", spawn):
        loader = DataLoader(Squares(2), 2, num_workers=1, multiprocessing_context=context)
        assert loader.multiprocessing_context is spawn
    loader.multiprocessing_context = None
    with pytest.raises(ValueError, match="valid start method"):
        loader.multiprocessing_context = "spoon"


def test_loader_refuses_orders_for_streams():
    for name, value in (("shuffle", True), ("sampler", [1]), ("batch_sampler", [[1]])):
        with pytest.raises(ValueError, match=f"expected unspecified {name} option, but got {name}="):
            DataLoader(Count(), **{name: value})
    assert as_lists(DataLoader(Count(3), 2, shuffle=False)) == [[0, 1], [2]]


def test_loader_refuses_a_timeout_without_workers():
    with pytest.raises(AssertionError, match="timeout needs num_workers > 0"):
        iter(DataLoader(Squares(), timeout=1))


def test_loader_refuses_another_generator_before_it_draws():
    loader = DataLoader(Squares(), shuffle=True, generator=np.random.default_rng(0))
    with pytest.raises(TypeError, match="'generator' must be Generator, not numpy"):
        iter(loader)


def test_a_dataset_without_length_is_named():
    class Endless(Dataset):
        def __getitem__(self, index):
            return index

    with pytest.raises(TypeError, match=r"'Endless' has no len.*Add `def __len__"):
        DataLoader(Endless(), shuffle=True)
    with pytest.raises(TypeError, match="'Endless' has no len"):
        next(iter(DataLoader(Endless())))
