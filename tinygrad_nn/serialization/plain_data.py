"""Plain data as JSON, with the arrays apart: what checkpoints hold, in a form that any program can read.

What JSON has stands for itself. Everything else is an object of one entry, whose name begins with a dollar sign:
``{"$tuple": [1, 2]}``, ``{"$tensor": "model/weight"}``.
"""

from __future__ import annotations

import base64
import math
import operator
import re
from collections import Counter, OrderedDict, deque
from collections.abc import Callable
from typing import Any

import numpy as np

from .._core import dtypes
from .._core.blocks import address
from .._core.device import device
from .._core.dtypes import dtype
from .._core.tensor import Size, Tensor, wrap

Array = np.ndarray[Any, Any]
_DEEPEST = 100


class Encoder:
    """Makes JSON's data of plain data, and collects the arrays in `arrays`, by names made of their places."""

    def __init__(self) -> None:
        self.arrays: dict[str, Array] = {}
        self._names: dict[Any, str] = {}  # of arrays that are there already: tied weights are kept once
        self._path: list[str] = []

    def encode(self, value: Any, name: str) -> Any:
        """The data for a value, of which `name` is the place.

        Raises:
            TypeError: something in it is no plain data; the text says where it is.
            ValueError: it is nested too deeply, or in itself.
        """
        self._path.append(name)
        try:
            if len(self._path) > _DEEPEST:
                raise ValueError(f"data at {self._place()[:200]}... is nested too deeply, or contains itself")
            kind = type(value)
            if value is None or kind in (bool, int, str):
                return value
            if kind is float:
                return value if math.isfinite(value) else {"$float": repr(value)}
            if kind is dict:
                return self._dict(value)
            if kind is list:
                return self._items(value)
            encode = _ENCODERS.get(kind)
            if encode is not None:
                return encode(self, value)
            if isinstance(value, np.ndarray | np.generic):
                return self._array("$array" if isinstance(value, np.ndarray) else "$number", np.asarray(value))
            raise TypeError(f"{self._place()} is no plain data: {_explained(value)}")
        finally:
            self._path.pop()

    def _place(self) -> str:
        return "/".join(self._path)

    def _items(self, values: Any) -> list[Any]:
        return [self.encode(value, str(number)) for number, value in enumerate(values)]

    def _pairs(self, mapping: Any) -> list[Any]:
        return [[self.encode(key, "(key)"), self.encode(value, str(key))] for key, value in mapping.items()]

    def _dict(self, value: dict[Any, Any]) -> Any:
        if all(type(key) is str and not key.startswith("$") for key in value):
            return {key: self.encode(item, key) for key, item in value.items()}
        return {"$dict": self._pairs(value)}

    def _ordered(self, value: OrderedDict[Any, Any]) -> Any:
        made: dict[str, Any] = {"$ordered": self._pairs(value)}
        if vars(value):  # a module's `_metadata`
            made["attributes"] = self.encode(dict(vars(value)), "(attributes)")
        return made

    def _tensor(self, value: Tensor) -> Any:
        if vars(value):
            raise TypeError(
                f"{self._place()} is a tensor with attributes of its own: {', '.join(vars(value))}. Save them as data"
            )
        return self._array("$leaf" if value.requires_grad else "$tensor", value._array)

    def _array(self, tag: str, array: Array) -> Any:
        if array.dtype.kind not in "biufc":
            raise TypeError(f"{self._place()} is no plain data: an array of {array.dtype}")
        key = (address(array), array.shape, array.strides, array.dtype.str) if array.size else None
        name = self._names.get(key)
        if name is None:
            name = self._new_name()
            self.arrays[name] = array
            if key is not None:
                self._names[key] = name
        return {tag: name}

    def _new_name(self) -> str:
        """The place, in letters that are no trouble in names of files."""
        parts = [re.sub(r"[^A-Za-z0-9_.\-]+", "_", part)[:60] for part in self._path]
        name = "/".join("_" if not part.strip(".") else part for part in parts)
        number = 2
        while name in self.arrays or (number > 2 and f"{name}~{number}" in self.arrays):
            if f"{name}~{number}" not in self.arrays:
                return f"{name}~{number}"
            number += 1
        return name


_ENCODERS: dict[type, Callable[[Encoder, Any], Any]] = {
    tuple: lambda self, value: {"$tuple": self._items(value)},
    set: lambda self, value: {"$set": self._items(sorted(value, key=repr))},
    Size: lambda self, value: {"$size": [*value]},
    deque: lambda self, value: {"$deque": self._items(value), "maxlen": value.maxlen},
    Counter: lambda self, value: {"$counter": self._pairs(value)},
    OrderedDict: Encoder._ordered,
    bytes: lambda self, value: {"$bytes": base64.b64encode(value).decode()},
    complex: lambda self, value: {"$complex": [repr(value.real), repr(value.imag)]},
    dtype: lambda self, value: {"$dtype": value.name},
    device: lambda self, value: {"$device": str(value)},
    Tensor: Encoder._tensor,
}


def _explained(value: Any) -> str:
    kind = type(value)
    named = f"{kind.__module__}.{kind.__qualname__}"
    if hasattr(kind, "state_dict"):
        return f"{named} has a state_dict: give it to save_checkpoint by a name of its own, not inside of something"
    return f"{named}. Plain are numbers, text, tensors, arrays, and lists, tuples, sets and dicts of them"


# --- back --------------------------------------------------------------------------------------------------------


def decode(data: Any, array: Callable[[Any], Array], depth: int = 0) -> Any:
    """The value that `Encoder.encode` was given.

    Args:
        data: the data.
        array: gives an array by its name.
        depth: how deep it lies.

    Raises:
        ValueError: it is no such data.
    """
    if depth > 2 * _DEEPEST:
        raise ValueError("it is nested too deeply")
    if isinstance(data, list):
        return [decode(item, array, depth + 1) for item in data]
    if not isinstance(data, dict):
        return data
    tag = next(iter(data), "")
    if not tag.startswith("$"):
        return {key: decode(value, array, depth + 1) for key, value in data.items()}
    if tag not in _DECODERS:
        raise ValueError(f"it has something named {tag[:40]!r}, which this version does not know")
    return _DECODERS[tag](data, lambda item: decode(item, array, depth + 1), array)


def _pairs(items: Any, back: Callable[[Any], Any]) -> Any:
    return [(back(key), back(value)) for key, value in items]


def _ordered(data: Any, back: Callable[[Any], Any], array: Any) -> OrderedDict[Any, Any]:
    made: OrderedDict[Any, Any] = OrderedDict(_pairs(data["$ordered"], back))
    for name, value in back(data.get("attributes", {})).items():
        if hasattr(OrderedDict, name):
            raise ValueError(f"an ordered dict cannot have an attribute {name[:40]!r}")
        vars(made)[name] = value
    return made


_DECODERS: dict[str, Callable[[Any, Callable[[Any], Any], Callable[[Any], Array]], Any]] = {
    "$float": lambda data, back, array: float(data["$float"]),
    "$tuple": lambda data, back, array: tuple(back(data["$tuple"])),
    "$set": lambda data, back, array: set(back(data["$set"])),
    "$size": lambda data, back, array: Size([operator.index(length) for length in data["$size"]]),
    "$deque": lambda data, back, array: deque(back(data["$deque"]), data["maxlen"]),
    "$counter": lambda data, back, array: Counter(dict(_pairs(data["$counter"], back))),
    "$dict": lambda data, back, array: dict(_pairs(data["$dict"], back)),
    "$ordered": _ordered,
    "$bytes": lambda data, back, array: base64.b64decode(data["$bytes"], validate=True),
    "$complex": lambda data, back, array: complex(*map(float, data["$complex"])),
    "$dtype": lambda data, back, array: dtypes.from_name(data["$dtype"]),
    "$device": lambda data, back, array: device(data["$device"]),
    "$array": lambda data, back, array: array(data["$array"]),
    "$number": lambda data, back, array: array(data["$number"])[()],
    "$tensor": lambda data, back, array: wrap(array(data["$tensor"])),
    "$leaf": lambda data, back, array: wrap(array(data["$leaf"])).requires_grad_(),
}
