"""Data in the forms that people have it in, as batches: arrays, tensors, datasets, loaders."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .. import nn
from .._core.tensor import Tensor, wrap
from ..utils.data import DataLoader, Dataset, IterableDataset, RandomSampler, TensorDataset
from .arrays import as_array
from .batches import Layout, Reader, read_batch, read_weighted
from .weights import check_weights, targets_of

Array = np.ndarray[Any, Any]

BATCH_SIZE = 32
EVALUATION_BATCH_SIZE = 256  # nothing is kept for a backward pass


@dataclass(frozen=True)
class Source:
    """Batches, and how they are read.

    Attributes:
        batches: what is gone through once in an epoch.
        read: from one of them to the arguments of the model, the target and the weights.
        targets: all targets, where they are at hand.
        is_arrays: whether they were given as arrays, so that predictions are to be arrays, too.
    """

    batches: Any
    read: Reader
    targets: Any = None
    is_arrays: bool = False

    def __len__(self) -> int:
        return len(self.batches)

    @property
    def count(self) -> int | None:
        """How many batches there are, if that is known."""
        try:
            return len(self.batches)
        except TypeError:
            return None


class Slices:
    """Tensors of equal length in batches, in order. Unlike a loader, it draws no random numbers."""

    def __init__(self, tensors: Sequence[Tensor], batch_size: int) -> None:
        self.tensors, self.batch_size = tensors, batch_size

    def __len__(self) -> int:
        return -(-len(self.tensors[0]) // self.batch_size)

    def __iter__(self) -> Iterator[list[Tensor]]:
        for start in range(0, len(self.tensors[0]), self.batch_size):
            yield [tensor[start : start + self.batch_size] for tensor in self.tensors]


class Weighted(Dataset[Any]):
    """A dataset whose samples come with their weights: ``(sample, weight)``."""

    def __init__(self, dataset: Any, weights: Array) -> None:
        self.dataset, self.weights = dataset, weights

    def __len__(self) -> int:
        return len(self.weights)

    def __getitem__(self, index: Any) -> Any:
        return self.dataset[index], self.weights[index]


# --- what was given ----------------------------------------------------------------------------------------------


def is_loader(x: Any) -> bool:
    """Whether something hands out batches: a `DataLoader`, or what can only be gone through."""
    plain = isinstance(x, Tensor | np.ndarray | list | tuple | Mapping | Dataset | str | Given)
    only_gone_through = hasattr(x, "__iter__") and not (hasattr(x, "__getitem__") or hasattr(x, "__array__"))
    return isinstance(x, DataLoader) or (only_gone_through and not plain)


def is_dataset(x: Any) -> bool:
    """Whether something hands out samples by their number, and is no array."""
    plain = isinstance(x, Tensor | np.ndarray | list | tuple | Mapping | str) or hasattr(x, "__array__")
    return isinstance(x, Dataset) or (hasattr(x, "__getitem__") and not plain and not isinstance(x, DataLoader))


@dataclass
class Given:
    """Arrays as tensors, in the order in which a batch has them: inputs, target, weight.

    `convert` makes it.
    """

    tensors: list[Tensor]
    layout: Layout
    is_arrays: bool

    def __len__(self) -> int:
        return len(self.tensors[0])

    @property
    def target(self) -> Tensor | None:
        """The targets, if there are some."""
        return self.tensors[self.layout.inputs] if self.layout.has_target else None

    def part(self, rows: Array) -> Given:
        """Some of the samples."""
        return Given([tensor[rows] for tensor in self.tensors], self.layout, self.is_arrays)


class Converter:
    """Makes tensors of what was given, of the types that a model and its loss ask for.

    Args:
        model: floating point numbers get the type of its parameters. So do whole numbers, unless it has an embedding.
        keeps_whole_targets: whether targets that are whole numbers stay that, as int64, which classes are.
    """

    def __init__(self, model: nn.Module, keeps_whole_targets: bool) -> None:
        kinds = [p._array.dtype for p in model.parameters() if p._array.dtype.kind == "f"]
        self.float_type = kinds[0] if kinds else np.dtype(np.float32)
        self.keeps_integers = any(isinstance(m, nn.Embedding) for m in model.modules())
        self.keeps_whole_targets = keeps_whole_targets

    def convert(self, x: Any, y: Any = None, weight: Any = None, *, needs_target: bool = True) -> Given:
        """All arrays.

        Raises:
            ValueError: they are empty, or their lengths differ.
            TypeError: there is no target, or something has no numbers in it.
        """
        parts, keys = _parts(x)
        names = [f"x[{key!r}]" for key in keys] if len(parts) > 1 or isinstance(x, Mapping) else ["x"]
        tensors = [self._input(part, name) for part, name in zip(parts, names, strict=True)]
        if y is not None:
            tensors.append(self._target(y))
            names.append("y")
        elif needs_target:
            raise TypeError("y is missing: what should the model give for each sample of x? For an autoencoder, x")
        if not len(tensors[0]):
            raise ValueError(f"x is empty: its shape is {tuple(tensors[0].shape)}. There is nothing to learn from")
        if weight is not None:
            tensors.append(wrap(check_weights(weight, len(tensors[0])).astype(self.float_type)))
            names.append("sample_weight")
        lengths = {name: len(tensor) for name, tensor in zip(names, tensors, strict=True)}
        if len(set(lengths.values())) > 1:
            told = ", ".join(f"{name} has {length}" for name, length in lengths.items())
            raise ValueError(f"x and y must have the same number of samples: {told}")
        names_of_inputs = tuple(keys) if isinstance(x, Mapping) else None
        layout = Layout(len(parts), y is not None, weight is not None, names_of_inputs)
        return Given(tensors, layout, not any(isinstance(part, Tensor) for part in parts))

    def _input(self, values: Any, name: str) -> Tensor:
        array, given = as_array(values, name), values if isinstance(values, Tensor) else None
        kind = array.dtype.kind
        if kind == "f" or (kind in "iub" and not self.keeps_integers):
            wanted = self.float_type
        else:
            wanted = np.dtype(np.int64) if kind in "iu" else array.dtype
        return given if given is not None and given._array.dtype == wanted else wrap(_typed(array, wanted))

    def _target(self, values: Any) -> Tensor:
        array, given = as_array(values, "y"), values if isinstance(values, Tensor) else None
        whole = array.dtype.kind in "iub"
        wanted = np.dtype(np.int64) if whole and self.keeps_whole_targets else self.float_type
        if array.dtype.kind == "c":
            wanted = array.dtype
        return given if given is not None and given._array.dtype == wanted else wrap(_typed(array, wanted))


def _typed(array: Array, wanted: np.dtype[Any]) -> Array:
    """The array in this type and in C order, from which batches are taken fastest; the same memory if it is that."""
    return np.ascontiguousarray(array, wanted)


def _parts(x: Any) -> tuple[list[Any], list[Any]]:
    """The inputs, and their names: those of a dict, or the positions in a tuple."""
    if isinstance(x, Mapping):
        parts, keys = list(x.values()), list(x)
    elif isinstance(x, tuple):
        parts, keys = list(x), list(range(len(x)))
    else:
        parts, keys = [x], [0]
    if not parts:
        raise ValueError(f"x is an empty {type(x).__name__}: there is nothing to learn from")
    return parts, keys


# --- sources -----------------------------------------------------------------------------------------------------


def training_source(data: Any, batch_size: int | None, shuffle: bool | None, weight: Any = None) -> Source:
    """Batches to train on.

    Args:
        data: what `Converter` made, a dataset, or a loader.
        batch_size, shuffle: of the loader that is made; None: 32, and yes.
        weight: the weights of a dataset's samples.

    Raises:
        ValueError: options that belong to a loader are given beside one; or there is no data.
        TypeError: a stream cannot be shuffled or weighted.
    """
    if isinstance(data, Given):
        loader: Any = DataLoader(TensorDataset(*data.tensors), _size(batch_size), shuffle=shuffle is not False)
        return Source(loader, data.layout.read, data.target)
    if is_loader(data):
        _refuse_beside_loader(data, batch_size=batch_size, shuffle=shuffle, sample_weight=weight)
        return Source(data, read_batch)
    if isinstance(data, IterableDataset):
        if shuffle or weight is not None:
            raise TypeError("a stream (IterableDataset) can be neither shuffled nor weighted by sample_weight")
        return Source(DataLoader(data, _size(batch_size)), read_batch)
    if not len(data):
        raise ValueError(f"the dataset is empty: {type(data).__name__} has no samples")
    dataset, read = data, read_batch
    if weight is not None:
        dataset, read = Weighted(data, check_weights(weight, len(data)).astype(np.float32)), read_weighted
    return Source(DataLoader(dataset, _size(batch_size), shuffle=shuffle is not False), read, targets_of(data))


def evaluation_source(data: Any, batch_size: int | None, weight: Any = None) -> Source:
    """Batches in order. Of arrays they take no random numbers. Arguments as for `training_source`."""
    if is_loader(data):
        return training_source(data, batch_size, None, weight)
    batch_size = EVALUATION_BATCH_SIZE if batch_size is None else batch_size
    if isinstance(data, Given):
        return Source(Slices(data.tensors, _size(batch_size)), data.layout.read, data.target, data.is_arrays)
    return training_source(data, batch_size, False, weight)


def _size(batch_size: int | None) -> int:
    size = BATCH_SIZE if batch_size is None else batch_size
    if not isinstance(size, int | np.integer) or isinstance(size, bool) or size < 1:
        raise ValueError(f"batch_size: expected a positive integer, got {batch_size!r}")
    return int(size)


def _refuse_beside_loader(loader: Any, **options: Any) -> None:
    for name, value in options.items():
        if value is not None:
            raise ValueError(
                f"{name} cannot be given beside a {type(loader).__name__}, which makes its batches itself. Give it to "
                "the loader, or give fit the dataset"
            )
    dataset: Any = loader.dataset if isinstance(loader, DataLoader) else None
    if dataset is not None and not isinstance(dataset, IterableDataset) and not len(loader):
        raise ValueError(
            f"the DataLoader gives no batches: {len(dataset)} samples, batch_size={loader.batch_size}, "
            f"drop_last={loader.drop_last}"
        )


def check_order(source: Any) -> None:
    """Refuse a loader that shuffles, where results are to be in the order of the data.

    Raises:
        ValueError: it does.
    """
    if isinstance(source, DataLoader) and isinstance(source.sampler, RandomSampler):
        raise ValueError(
            "predict() was given a DataLoader that shuffles: the predictions would come in an order that nobody knows. "
            "Make it with shuffle=False, or give its dataset"
        )


def concatenated(parts: list[Any], join: Callable[[list[Any]], Any]) -> Any:
    """Batches of outputs as one: tensors, or tuples, lists and dicts of them."""
    first = parts[0]
    if isinstance(first, Tensor):
        return join(parts)
    if isinstance(first, Mapping):
        return {key: concatenated([part[key] for part in parts], join) for key in first}
    if isinstance(first, list | tuple):
        return type(first)(concatenated(list(column), join) for column in zip(*parts, strict=True))
    raise TypeError(f"predict(): the model gives {type(first).__name__}, which cannot be joined. Expected tensors")
