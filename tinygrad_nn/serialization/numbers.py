"""Tensors as JSON has them: type, shape, and numbers in nested lists, so short that they are read as what they were."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .._core import dtypes
from .._core.tensor import Tensor, wrap

_TYPES = {kind.name: kind for kind in dtypes.ALL}
_MOST_DIMENSIONS = 32
_NOT_FINITE = {"nan", "inf", "-inf"}  # numbers for which JSON has strings only


def numbers_of(tensor: Tensor) -> dict[str, Any]:
    """Type, shape and numbers."""
    array = tensor.detach()._array
    kind = dtypes.from_numpy(array.dtype)
    if array.dtype.kind == "c":  # the parts, along a last dimension
        array = array.reshape(*array.shape, 1).view(array.real.dtype)
    return {"dtype": kind.name, "shape": list(tensor.shape), "data": _nested(array)}


def _nested(array: np.ndarray[Any, Any]) -> Any:
    if array.dtype.kind != "f":
        return array.tolist()
    # the shortest decimal number that is read as this one, of its own type
    flat = [float(str(number)) if math.isfinite(number) else str(number) for number in array.reshape(-1)]
    return np.array(flat, object).reshape(array.shape).tolist() if array.ndim else flat[0]


def tensor_of(described: Any, place: str) -> Tensor:
    """The tensor that is described.

    Raises:
        ValueError: it is no such description, or there are more or fewer numbers than the shape says.
    """
    if type(described) is not dict or set(described) != {"dtype", "shape", "data"}:
        raise ValueError(f"the tensor {place!r} must be an object with 'dtype', 'shape' and 'data'")
    kind, shape = _TYPES.get(str(described["dtype"])), described["shape"]
    if kind is None:
        raise ValueError(f"the tensor {place!r} is of an unknown type: {str(described['dtype'])[:40]!r}")
    if type(shape) is not list or len(shape) > _MOST_DIMENSIONS or not all(type(n) is int and n >= 0 for n in shape):
        raise ValueError(f"the tensor {place!r} has no shape: {str(shape)[:60]}")
    lengths = [*shape, 2] if kind.kind == "c" else shape
    if math.prod(n or 1 for n in lengths) >= 2**62:
        raise ValueError(f"the tensor {place!r} cannot have the shape {str(shape)[:60]}")
    flat: list[Any] = []
    _flatten(described["data"], lengths, flat, place)
    part = np.dtype(kind.dtype.type(0).real.dtype)
    try:
        array = np.array([_number(value, part) for value in flat], part)
    except (OverflowError, ValueError, TypeError) as error:
        raise ValueError(f"the tensor {place!r} of {kind.name} has an odd number: {error}") from None
    if kind.kind == "c":
        array = array.view(kind.dtype)
    return wrap(array.reshape(shape))


def _flatten(data: Any, lengths: list[int], flat: list[Any], place: str) -> None:
    """All numbers, row by row; the lists must be as long as the shape says."""
    if not lengths:
        flat.append(data)
        return
    if type(data) is not list or len(data) != lengths[0]:
        found = len(data) if type(data) is list else type(data).__name__
        raise ValueError(f"the tensor {place!r}: expected a list of {lengths[0]}, got {found}")
    for item in data:
        _flatten(item, lengths[1:], flat, place)


def _number(value: Any, kind: np.dtype[Any]) -> Any:
    if kind.kind == "b":
        wanted: tuple[type, ...] = (bool,)
    else:
        wanted = (int, float) if kind.kind == "f" else (int,)
    if type(value) in wanted:
        return value
    if kind.kind == "f" and type(value) is str and value in _NOT_FINITE:
        return float(value)
    raise ValueError(f"{str(value)[:40]!r} is none")
