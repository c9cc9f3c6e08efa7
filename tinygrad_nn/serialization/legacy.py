"""Files in PyTorch's format from before version 1.6: pickles one after the other, and behind them tensors' memory.

The pickles are a number that tells the format, a version, notes on the machine, the data, and the keys of the storages
in the order in which these follow: of each, a count in eight bytes and that many elements, little-endian.

Source: https://docs.pytorch.org/docs/stable/notes/serialization.html
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pickle import UnpicklingError
from typing import Any

import numpy as np

from .._core.dtypes import dtype
from .machine import Machine
from .rebuild import Rebuilder

_MAGIC = 0x1950A86A20F9469CFC6C
_VERSION = 1001


class LegacyFile:
    """The memory of the tensors of one file. It says None of a storage before `find` has been shown all of them."""

    def __init__(self, data: bytes) -> None:
        self.swapped = sys.byteorder != "little"
        self._data = data
        self._wanted: dict[str, tuple[dtype, int]] = {}
        self._places: dict[str, int] | None = None

    def memory(self, key: str, kind: dtype, count: int) -> np.ndarray[Any, Any] | None:
        """The elements of one storage, as bytes.

        Raises:
            RuntimeError: the file does not have it.
        """
        if self._places is None:
            self._wanted[key] = (kind, count)
            return None
        if key not in self._places:
            raise RuntimeError(f"storage {key!r} is not in the file. {_DAMAGED}")
        return np.frombuffer(self._data, np.uint8, count * kind.itemsize, self._places[key]).copy()

    def find(self, keys: Any, start: int) -> None:
        """Go over the storages, which lie in this order from this place on.

        Raises:
            RuntimeError: one of them is not there, or not whole.
        """
        if type(keys) is not list or not all(type(key) is str for key in keys):
            raise RuntimeError(f"The keys of the storages are no list of strings. {_DAMAGED}")
        places, at = {}, start
        for key in keys:
            if key not in self._wanted:
                raise RuntimeError(f"storage key {key!r} not found in deserialized_objects. {_DAMAGED}")
            kind, count = self._wanted[key]
            found = int.from_bytes(self._data[at : at + 8], "little")
            end = at + 8 + count * kind.itemsize
            if found != count or end > len(self._data):
                raise RuntimeError(
                    f"storage has wrong byte size: expected {count * kind.itemsize} got {found * kind.itemsize}, with "
                    f"{max(len(self._data) - at - 8, 0)} left in the file. {_DAMAGED}"
                )
            places[key], at = at + 8, end
        self._places = places


_DAMAGED = "The file is cut off or damaged."


def is_legacy(first: bytes) -> bool:
    """Whether a file begins with the number that tells this format."""
    try:
        return bool(Machine(first, _Plain()).run() == _MAGIC)
    except UnpicklingError:
        return False


def load_legacy(data: bytes, make: Callable[[LegacyFile, int], Rebuilder]) -> Any:
    """The data of such a file. They are gone through twice, for only they say how large the storages are.

    Args:
        data: the whole file.
        make: gives a builder for a file whose pickle has so many bytes.

    Raises:
        pickle.UnpicklingError, RuntimeError, TypeError: as `load` does.
    """
    file = LegacyFile(data)
    magic = Machine(data, _Plain())
    magic.run()
    head = Machine(data, _Plain(), magic.end)
    version = head.run()
    if version != _VERSION:
        raise RuntimeError(f"Invalid protocol version: {version}")
    notes = Machine(data, _Plain(), head.end)
    notes.run()
    first = Machine(data, make(file, len(data)), notes.end)
    first.run()
    keys = Machine(data, _Plain(), first.end)
    file.find(keys.run(), keys.end)
    builder = make(file, first.end - notes.end)
    return builder.finished(Machine(data, builder, notes.end).run())


class _Plain:
    """The builder of pickles that hold nothing but numbers, strings and containers."""

    def named(self, module: str, name: str) -> Any:
        """Refused, as the three below."""
        raise UnpicklingError(f"The file's own notes name {module}.{name}")

    def called(self, function: Any, arguments: Any) -> Any:
        """Refused."""
        raise UnpicklingError("The file's own notes are no plain data")

    def stored(self, reference: Any) -> Any:
        """Refused."""
        raise UnpicklingError("The file's own notes are no plain data")

    def built(self, target: Any, state: Any) -> None:
        """Refused."""
        raise UnpicklingError("The file's own notes are no plain data")
