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

CollateMap = dict[Any, Callable[..., Any]]


def default_collate(batch: Sequence[Any]) -> Any:
    """Make one batch of a list of samples: tensors gain a first dimension, containers keep their structure.

    Args:
        batch: the samples, all of one kind. Tensors and arrays of equal shape are stacked. Numbers become a tensor:
            Python floats float64, Python integers int64, booleans bool, NumPy scalars their own dtype. Strings stay a
            list. Tuples become a list of batches, named tuples, dicts and lists keep their type. Other types can be
            added to `default_collate_fn_map`.

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
    return collate(batch, collate_fn_map=default_collate_fn_map)


def collate(batch: Sequence[Any], *, collate_fn_map: CollateMap | None = None) -> Any:
    """Make one batch of a list of samples, with a function for each type of entry.

    Args:
        batch: the samples, all of one kind.
        collate_fn_map: from a type, or a tuple of types, to ``function(batch, *, collate_fn_map)``. The exact type of
            the first entry is looked for first, then the first type that it is an instance of. Containers that are not
            found are gone into.

    Raises:
        TypeError: samples of another kind.
        RuntimeError: sequences of different lengths.

    Source: https://docs.pytorch.org/docs/stable/data.html#torch.utils.data.default_collate

    Example:
        >>> from tinygrad_nn.utils.data.collate import collate
        >>> collate([("a", "b"), ("c", "d")], collate_fn_map={str: lambda batch, collate_fn_map: "".join(batch)})
        ['ac', 'bd']
    """
    first = batch[0]
    kind = type(first)
    if collate_fn_map is not None:
        found = collate_fn_map.get(kind)
        if found is None:
            found = next((made for wanted, made in collate_fn_map.items() if isinstance(first, wanted)), None)
        if found is not None:
            return found(batch, collate_fn_map=collate_fn_map)
    if isinstance(first, Mapping):
        return _rebuild_mapping(
            first, lambda key: collate([sample[key] for sample in batch], collate_fn_map=collate_fn_map)
        )
    if isinstance(first, Sequence):
        return _collate_sequences(first, batch, collate_fn_map)
    raise _unknown(str(kind))


# --- a function for each type ------------------------------------------------------------------------------------


def collate_tensor_fn(batch: Sequence[Tensor], *, collate_fn_map: CollateMap | None = None) -> Tensor:
    """Stack tensors of equal shape."""
    try:
        return stack(batch)
    except RuntimeError as error:
        raise RuntimeError(
            f"{str(error).rstrip('.')}. Samples of one batch need equal sizes: crop or pad them in the dataset, or "
            "give the DataLoader a collate_fn which pads (nn.utils.rnn.pad_sequence)"
        ) from error


def collate_numpy_array_fn(batch: Sequence[Any], *, collate_fn_map: CollateMap | None = None) -> Any:
    """Stack arrays of equal shape, as tensors."""
    if batch[0].dtype.kind in "SUO":
        raise _unknown(f"arrays of {batch[0].dtype}")
    return collate([as_tensor(sample) for sample in batch], collate_fn_map=collate_fn_map)


def collate_numpy_scalar_fn(batch: Sequence[Any], *, collate_fn_map: CollateMap | None = None) -> Tensor:
    """A tensor of NumPy's numbers, in their dtype."""
    return as_tensor(np.asarray(batch))


def collate_float_fn(batch: Sequence[float], *, collate_fn_map: CollateMap | None = None) -> Tensor:
    """A float64 tensor of Python's floats."""
    return tensor(batch, dtype=dtypes.float64)


def collate_int_fn(batch: Sequence[int], *, collate_fn_map: CollateMap | None = None) -> Tensor:
    """An int64 (or bool) tensor of Python's integers."""
    return tensor(batch)


def collate_str_fn(batch: Sequence[Any], *, collate_fn_map: CollateMap | None = None) -> Any:
    """Text stays as it is."""
    return batch


default_collate_fn_map: CollateMap = {
    Tensor: collate_tensor_fn,
    np.ndarray: collate_numpy_array_fn,
    (np.bool_, np.number): collate_numpy_scalar_fn,  # before float: np.float64 is a subclass of it
    float: collate_float_fn,
    int: collate_int_fn,
    str: collate_str_fn,
    bytes: collate_str_fn,
}


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


def _collate_sequences(first: Sequence[Any], batch: Sequence[Any], collate_fn_map: CollateMap | None) -> Any:
    """Collate position by position."""
    lengths = [len(sample) for sample in batch]
    if any(length != lengths[0] for length in lengths):
        raise RuntimeError(
            f"each element in list of batch should be of equal size, got lengths {lengths}. Return sequences of one "
            "length from the dataset, or give the DataLoader a collate_fn"
        )
    entries = [collate(column, collate_fn_map=collate_fn_map) for column in zip(*batch, strict=True)]
    return _rebuild_sequence(first, entries)


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
