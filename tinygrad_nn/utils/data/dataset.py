"""Datasets: what a sample is, and how many there are.

Source: https://docs.pytorch.org/docs/stable/data.html
"""

from __future__ import annotations

import bisect
import itertools
import math
import operator
import warnings
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Generic, TypeVar, cast

from tinygrad_nn._core import dtypes
from tinygrad_nn._core.random import Generator
from tinygrad_nn._core.tensor import Tensor
from tinygrad_nn.ops.data import as_tensor

from .sampler import random_source, size_of

T_co = TypeVar("T_co", covariant=True)
T = TypeVar("T")


class Dataset(Generic[T_co]):
    """A map from an index to a sample: subclass it, and write ``__getitem__`` and ``__len__``.

    A subclass may also write ``__getitems__(indices)``, which returns the list of a whole batch's samples at
    once.

    Source: https://docs.pytorch.org/docs/stable/data.html#torch.utils.data.Dataset

    Example:
        >>> from tinygrad_nn.utils.data import Dataset
        >>> class Squares(Dataset):
        ...     def __len__(self):
        ...         return 4
        ...     def __getitem__(self, index):
        ...         return index, index**2
        >>> Squares()[3]
        (3, 9)
    """

    def __getitem__(self, index: Any) -> T_co:
        raise NotImplementedError(
            f"Subclasses of Dataset should implement __getitem__. {type(self).__name__} does not: "
            "add `def __getitem__(self, index)`, which returns one sample"
        )

    # There is no default `__len__`: `len()` of a subclass without one has to stay a TypeError, as `list()`
    # relies on it.

    def __add__(self, other: Dataset[Any]) -> Dataset[Any]:
        return ConcatDataset([self, other])


class IterableDataset(Dataset[T_co], Iterable[T_co]):
    """A stream of samples: subclass it, and write ``__iter__``.

    With ``num_workers > 0`` every worker iterates over its own copy; divide the work with `get_worker_info`.

    Source: https://docs.pytorch.org/docs/stable/data.html#torch.utils.data.IterableDataset

    Example:
        >>> from tinygrad_nn.utils.data import DataLoader, IterableDataset
        >>> class Countdown(IterableDataset):
        ...     def __iter__(self):
        ...         return iter([3, 2, 1])
        >>> [batch.tolist() for batch in DataLoader(Countdown(), batch_size=2)]
        [[3, 2], [1]]
    """

    def __iter__(self) -> Iterator[T_co]:
        raise NotImplementedError(
            f"Subclasses of IterableDataset should implement __iter__. {type(self).__name__} does not: "
            "add `def __iter__(self)`, which yields one sample after the other"
        )

    def __add__(self, other: Dataset[Any]) -> Dataset[Any]:
        return ChainDataset([self, other])


class TensorDataset(Dataset[tuple[Tensor, ...]]):
    """Tensors of equal first size; sample ``i`` is the tuple of their ``i``-th entries.

    Args:
        *tensors: tensors of shape ``(N, ...)`` and any dtype. NumPy arrays are taken too, and share their
            memory.
        dtype: floating point tensors are converted to it, once. NumPy makes float64, layers are float32: give
            ``dtype=tinygrad_nn.float32``. Integer labels stay what they are. (Not in PyTorch.)

    Raises:
        AssertionError: the first sizes differ.
        IndexError: no tensor is given, or one has no first dimension.

    Source: https://docs.pytorch.org/docs/stable/data.html#torch.utils.data.TensorDataset

    Example:
        >>> import tinygrad_nn as tg
        >>> dataset = tg.utils.data.TensorDataset(tg.ones(3, 2), tg.arange(3))
        >>> len(dataset), dataset[2]
        (3, (tensor([1., 1.]), tensor(2)))
    """

    tensors: tuple[Tensor, ...]

    def __init__(self, *tensors: Any, dtype: dtypes.dtype | None = None) -> None:
        made = tuple(tensor if isinstance(tensor, Tensor) else as_tensor(tensor) for tensor in tensors)
        if not made:
            raise IndexError("TensorDataset: expected at least one tensor, got none")
        for position, tensor in enumerate(made):
            if tensor.dim() == 0:
                raise IndexError(
                    f"TensorDataset: tensor {position} has no first dimension to index (0-d); give it one, "
                    "for instance with x.unsqueeze(0)"
                )
        if any(tensor.size(0) != made[0].size(0) for tensor in made):
            shapes = ", ".join(str(list(tensor.shape)) for tensor in made)
            raise AssertionError(
                f"Size mismatch between tensors: expected the same first size everywhere, got shapes {shapes}"
            )
        if dtype is not None:
            made = tuple(tensor.to(dtype) if tensor.is_floating_point() else tensor for tensor in made)
        self.tensors = made

    def __getitem__(self, index: Any) -> tuple[Tensor, ...]:
        return tuple(tensor[index] for tensor in self.tensors)

    def __len__(self) -> int:
        return int(self.tensors[0].size(0))


class StackDataset(Dataset[Any]):
    """Datasets side by side: a sample is the tuple (or dict) of their samples.

    Args:
        *args: datasets of equal length; samples are tuples.
        **kwargs: the same by name; samples are dicts.

    Raises:
        ValueError: no dataset, both kinds at once, or lengths that differ.

    Source: https://docs.pytorch.org/docs/stable/data.html#torch.utils.data.StackDataset

    Example:
        >>> from tinygrad_nn.utils.data import StackDataset
        >>> StackDataset(image=[10, 20], text=["ten", "twenty"])[1]
        {'image': 20, 'text': 'twenty'}
    """

    datasets: tuple[Any, ...] | dict[str, Any]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if args and kwargs:
            raise ValueError(
                "StackDataset takes datasets by position (samples are tuples) or by name (samples are "
                f"dicts), but got both: {len(args)} by position and {sorted(kwargs)} by name"
            )
        lengths = [len(dataset) for dataset in args or kwargs.values()]
        if not lengths:
            raise ValueError("At least one dataset should be passed")
        if any(length != lengths[0] for length in lengths):
            raise ValueError(f"Size mismatch between datasets: expected equal lengths, got {lengths}")
        self.datasets = args or kwargs
        self._length = lengths[0]

    def __getitem__(self, index: Any) -> Any:
        if isinstance(self.datasets, dict):
            return {name: dataset[index] for name, dataset in self.datasets.items()}
        return tuple(dataset[index] for dataset in self.datasets)

    def __getitems__(self, indices: list[Any]) -> list[Any]:
        names = [*self.datasets] if isinstance(self.datasets, dict) else None
        parts = self.datasets.values() if isinstance(self.datasets, dict) else self.datasets
        columns = [_samples(dataset, indices) for dataset in parts]
        rows = zip(*columns, strict=True)
        return [tuple(row) if names is None else dict(zip(names, row, strict=True)) for row in rows]

    def __len__(self) -> int:
        return self._length


def _samples(dataset: Any, indices: list[Any]) -> list[Any]:
    """The samples at these indices, at once where the dataset can."""
    many = getattr(dataset, "__getitems__", None)
    if not callable(many):
        return [dataset[index] for index in indices]
    samples: list[Any] = many(indices)
    if len(samples) != len(indices):
        raise ValueError(
            f"Nested dataset's output size mismatch. Expected {len(indices)}, got {len(samples)} from "
            f"{type(dataset).__name__}.__getitems__, which has to return one sample for each index"
        )
    return samples


class ConcatDataset(Dataset[T_co]):
    """Datasets one after the other.

    Args:
        datasets: map-style datasets.

    Raises:
        AssertionError: there is no dataset, or one of them is an `IterableDataset`.

    Source: https://docs.pytorch.org/docs/stable/data.html#torch.utils.data.ConcatDataset

    Example:
        >>> from tinygrad_nn.utils.data import ConcatDataset
        >>> both = ConcatDataset([[1, 2], [3, 4, 5]])
        >>> len(both), both[2], both[-1]
        (5, 3, 5)
    """

    datasets: list[Dataset[T_co]]
    cumulative_sizes: list[int]

    def __init__(self, datasets: Iterable[Any]) -> None:
        self.datasets = list(datasets)
        if not self.datasets:
            raise AssertionError("datasets should not be an empty iterable")
        for position, dataset in enumerate(self.datasets):
            if isinstance(dataset, IterableDataset):
                raise AssertionError(
                    f"ConcatDataset does not support IterableDataset, got {type(dataset).__name__} at "
                    f"position {position}. Use ChainDataset for streams"
                )
        self.cumulative_sizes = list(itertools.accumulate(size_of(dataset) for dataset in self.datasets))

    def __len__(self) -> int:
        return self.cumulative_sizes[-1]

    def __getitem__(self, index: Any) -> T_co:
        length = len(self)
        if index < 0:
            if -index > length:
                raise ValueError(
                    f"absolute value of index should not exceed dataset length: got {index}, length {length}"
                )
            index = length + index
        elif index >= length:
            raise IndexError(f"index {index} is out of range: the {len(self.datasets)} datasets hold {length} samples")
        which = bisect.bisect_right(self.cumulative_sizes, index)
        return self.datasets[which][index - (self.cumulative_sizes[which - 1] if which else 0)]


class ChainDataset(IterableDataset[T_co]):
    """Streams one after the other.

    Args:
        datasets: iterable-style datasets.

    Raises:
        AssertionError: while iterating, at a dataset that is no `IterableDataset`.

    Source: https://docs.pytorch.org/docs/stable/data.html#torch.utils.data.ChainDataset

    Example:
        >>> from tinygrad_nn.utils.data import ChainDataset, IterableDataset
        >>> class Letters(IterableDataset):
        ...     def __iter__(self):
        ...         return iter("ab")
        >>> list(ChainDataset([Letters(), Letters()]))
        ['a', 'b', 'a', 'b']
    """

    def __init__(self, datasets: Iterable[Dataset[T_co]]) -> None:
        self.datasets = datasets

    def _streams(self) -> Iterator[IterableDataset[T_co]]:
        for position, dataset in enumerate(self.datasets):
            if not isinstance(dataset, IterableDataset):
                raise AssertionError(
                    f"ChainDataset only supports IterableDataset, got {type(dataset).__name__} at position "
                    f"{position}. Use ConcatDataset for datasets with an index"
                )
            yield dataset

    def __iter__(self) -> Iterator[T_co]:
        for stream in self._streams():
            yield from stream

    def __len__(self) -> int:
        return sum(size_of(stream) for stream in self._streams())


class Subset(Dataset[T_co]):
    """The samples of a dataset at some indices.

    Args:
        dataset: the whole.
        indices: which samples, in which order.

    Raises:
        NotImplementedError: a subclass overrides ``__getitem__`` without ``__getitems__``, which batches use.

    Source: https://docs.pytorch.org/docs/stable/data.html#torch.utils.data.Subset

    Example:
        >>> from tinygrad_nn.utils.data import Subset
        >>> list(Subset("abcdef", [5, 0, 2]))
        ['f', 'a', 'c']
    """

    dataset: Dataset[T_co]
    indices: Sequence[int]

    def __init__(self, dataset: Any, indices: Sequence[int]) -> None:
        kind = type(self)
        if kind.__getitem__ is not Subset.__getitem__ and kind.__getitems__ is Subset.__getitems__:
            raise NotImplementedError(
                f"{kind.__name__} overrides __getitem__ but not __getitems__, which DataLoader calls. "
                "Add:\n\n    def __getitems__(self, indices):\n"
                "        return [self[index] for index in indices]"
            )
        self.dataset = dataset
        self.indices = indices

    def __getitem__(self, index: Any) -> T_co:
        if isinstance(index, list):
            return self.dataset[[self.indices[i] for i in index]]
        return self.dataset[self.indices[index]]

    def __getitems__(self, indices: list[int]) -> list[T_co]:
        wanted = [self.indices[i] for i in indices]
        whole = getattr(self.dataset, "__getitems__", None)
        if callable(whole):
            samples: list[T_co] = whole(wanted)
            return samples
        return [self.dataset[i] for i in wanted]

    def __len__(self) -> int:
        return len(self.indices)


def random_split(
    dataset: Dataset[T], lengths: Sequence[int | float], generator: Generator | None = None
) -> list[Subset[T]]:
    """Split a dataset at random into parts that do not overlap.

    Args:
        dataset: a dataset with a length.
        lengths: the parts' lengths; or fractions that sum up to 1, which are rounded down, what remains going
            to the first parts, one each.
        generator: where the random numbers come from; the default generator if None.

    Returns:
        One `Subset` for each length.

    Raises:
        ValueError: the lengths do not sum up to the dataset's, or a fraction is not between 0 and 1.

    Source: https://docs.pytorch.org/docs/stable/data.html#torch.utils.data.random_split

    Example:
        >>> from tinygrad_nn.utils.data import random_split
        >>> [len(part) for part in random_split(range(10), [0.75, 0.25])]
        [8, 2]
    """
    size = size_of(dataset)
    counts = _split_counts(size, lengths)
    if sum(counts) != size:
        raise ValueError(
            f"Sum of input lengths does not equal the length of the input dataset! Got {list(lengths)} "
            f"(sum {sum(lengths)}) for {size} samples; give lengths that sum up to {size}, or fractions that "
            "sum up to 1"
        )
    if any(count < 0 for count in counts):
        raise ValueError(f"random_split: lengths should not be negative, got {list(lengths)}")
    counts = [operator.index(count) for count in counts]  # a TypeError for 3.0 before anything is drawn
    order = random_source(generator).permutation(size).tolist()
    ends = itertools.accumulate(counts)
    return [Subset(dataset, order[end - count : end]) for end, count in zip(ends, counts, strict=True)]


def _split_counts(size: int, lengths: Sequence[int | float]) -> list[int]:
    """The number of samples in each part, from lengths or fractions."""
    total = sum(lengths)
    if not (math.isclose(total, 1) and total <= 1):
        return cast(list[int], list(lengths))  # a fraction among them fails the caller's test of the sum
    for index, fraction in enumerate(lengths):
        if not 0 <= fraction <= 1:
            raise ValueError(f"Fraction at index {index} is not between 0 and 1, got {fraction} in {list(lengths)}")
    counts = [math.floor(size * fraction) for fraction in lengths]
    for extra in range(size - sum(counts)):
        counts[extra % len(counts)] += 1
    for index, count in enumerate(counts):
        if count == 0:
            warnings.warn(
                f"Length of split at index {index} is 0. This might result in an empty dataset.", stacklevel=3
            )
    return counts
