"""Collating: many samples become one batch.

Source: https://docs.pytorch.org/docs/stable/data.html#torch.utils.data.default_collate
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, MutableMapping, MutableSequence, Sequence
from typing import Any

import numpy as np

from tinygrad_nn._core import dtypes
from tinygrad_nn._core.tensor import Tensor
from tinygrad_nn.ops.data import as_tensor, tensor
from tinygrad_nn.ops.join import stack


def default_collate(batch: Sequence[Any]) -> Any:
    """Make one batch of a list of samples: tensors gain a first dimension, containers keep their structure.

    Args:
        batch: the samples, all of one kind. Tensors and arrays of equal shape are stacked. Numbers become a
            tensor: Python floats float64, Python integers int64, booleans bool, NumPy scalars their own
                dtype. Strings
            stay a list. Tuples become a list of batches, named tuples, dicts and lists keep their type.

    Raises:
        TypeError: samples of another kind (None, objects, arrays of strings).
        RuntimeError: tensors of different shapes, or sequences of different lengths.

    Source: https://docs.pytorch.org/docs/stable/data.html#torch.utils.data.default_collate

    Example:
        >>> from tinygrad_nn.utils.data import default_collate
        >>> default_collate([(0.5, "a"), (1.5, "b")])
        [tensor([0.5000, 1.5000], dtype=torch.float64), ('a', 'b')]
        >>> default_collate([{"x": 1}, {"x": 2}])
        {'x': tensor([1, 2])}
    """
    first = batch[0]
    if isinstance(first, Tensor):
        return _stack(batch)
    if isinstance(first, np.ndarray):
        if first.dtype.kind in "SUO":
            raise _unknown(f"arrays of {first.dtype}")
        return _stack([as_tensor(sample) for sample in batch])
    if isinstance(first, np.bool_ | np.number):  # before float: np.float64 is a subclass of it
        return as_tensor(np.asarray(batch))
    if isinstance(first, float):
        return tensor(batch, dtype=dtypes.float64)
    if isinstance(first, int):
        return tensor(batch)
    if isinstance(first, str | bytes):
        return batch
    if isinstance(first, Mapping):
        return _rebuild_mapping(first, lambda key: default_collate([sample[key] for sample in batch]))
    if isinstance(first, Sequence):
        return _collate_sequences(first, batch)
    raise _unknown(str(type(first)))


def default_convert(data: Any) -> Any:
    """Make tensors of the NumPy arrays and scalars in one sample, and leave everything else as it is.

    A `DataLoader` with ``batch_size=None`` uses it in place of `default_collate`.

    Args:
        data: a sample: an array, or a tuple, list or dict of samples.

    Source: https://docs.pytorch.org/docs/stable/data.html#torch.utils.data.default_convert

    Example:
        >>> import numpy as np
        >>> from tinygrad_nn.utils.data import default_convert
        >>> default_convert({"x": np.array([0, 1]), "name": "a"})
        {'x': tensor([0, 1]), 'name': 'a'}
    """
    if isinstance(data, np.ndarray):
        return data if data.dtype.kind in "SUO" else as_tensor(data)
    if isinstance(data, np.bool_ | np.number):
        return as_tensor(data)
    if isinstance(data, Mapping):
        return _rebuild_mapping(data, lambda key: default_convert(data[key]))
    if isinstance(data, Sequence) and not isinstance(data, str | bytes):
        return _rebuild_sequence(data, [default_convert(entry) for entry in data])
    return data


def _stack(samples: Sequence[Tensor]) -> Tensor:
    try:
        return stack(samples)
    except RuntimeError as error:
        raise RuntimeError(
            f"{str(error).rstrip('.')}. Samples of one batch need equal sizes: crop or pad them in the dataset, or "
            "give the DataLoader a collate_fn which pads (nn.utils.rnn.pad_sequence)"
        ) from error


def _collate_sequences(first: Sequence[Any], batch: Sequence[Any]) -> Any:
    """Collate position by position."""
    lengths = [len(sample) for sample in batch]
    if any(length != lengths[0] for length in lengths):
        raise RuntimeError(
            f"each element in list of batch should be of equal size, got lengths {lengths}. Return sequences "
            "of one length from the dataset, or give the DataLoader a collate_fn"
        )
    return _rebuild_sequence(first, [default_collate(entries) for entries in zip(*batch, strict=True)])


def _rebuild_mapping(like: Mapping[Any, Any], value_of: Callable[[Any], Any]) -> Any:
    """A mapping of the same type with new values; a dict where its type can't be made anew."""
    values = {key: value_of(key) for key in like}
    try:
        if isinstance(like, MutableMapping):
            clone = copy.copy(like)  # not type(like)(values): a subclass may carry more than its items
            clone.update(values)
            return clone
        kind: Any = type(like)
        return kind(values)
    except TypeError:
        return values


def _rebuild_sequence(like: Sequence[Any], values: list[Any]) -> Any:
    """A sequence of the same type with new entries; a list for tuples (as in PyTorch) and ranges."""
    if isinstance(like, tuple):
        return type(like)(*values) if hasattr(like, "_fields") else values
    try:
        if isinstance(like, MutableSequence):
            clone = copy.copy(like)
            for position, value in enumerate(values):
                clone[position] = value
            return clone
        kind: Any = type(like)
        return kind(values)
    except TypeError:
        return values


def _unknown(found: str) -> TypeError:
    return TypeError(
        f"default_collate: batch must contain tensors, numpy arrays, numbers, dicts or lists; found {found}. "
        "Return one of these from the dataset, or give the DataLoader a collate_fn"
    )
