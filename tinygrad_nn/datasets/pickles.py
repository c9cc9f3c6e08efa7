"""Pickles of plain data with NumPy's arrays, such as CIFAR's files: read without running anything.

Source: https://docs.python.org/3/library/pickletools.html
"""

from __future__ import annotations

from pathlib import Path
from pickle import UnpicklingError
from typing import Any

from tinygrad_nn.serialization.machine import Machine
from tinygrad_nn.serialization.names import refusal
from tinygrad_nn.serialization.trusted import READERS, Trusted, file_name, fill

_KNOWN = {name: reader for name, reader in READERS.items() if name.startswith("numpy.")}


def read_pickle(path: Path) -> Any:
    """The data of a pickle of Python 2 or 3: containers, numbers, text and arrays of numbers.

    Raises:
        ValueError: it is damaged, or names anything else.
    """
    data = path.read_bytes()
    try:
        return Machine(data, _Builder(len(data)), encoding="latin1").run()
    except UnpicklingError as error:
        raise ValueError(f"{path}: {error} Nothing in it has been run.") from error


class _Builder:
    """Makes arrays; all else is refused."""

    def __init__(self, size: int) -> None:
        self._left = size  # bytes that may be copied into arrays, which the file must have

    def named(self, module: str, name: str) -> Any:
        """What makes an array, or bytes."""
        full = file_name(f"{module}.{name}")
        if full in _KNOWN:
            return Trusted(full, _KNOWN[full])
        if full == "_codecs.encode":
            return Trusted(full, _encoded)
        raise UnpicklingError(refusal(module, name))

    def called(self, function: Any, arguments: Any) -> Any:
        """An array without numbers, or its type."""
        if not isinstance(function, Trusted) or type(arguments) is not tuple:
            raise UnpicklingError(f"Trying to call {type(function).__name__}")
        return function.made(self, arguments)

    def stored(self, reference: Any) -> Any:
        """Refused."""
        raise UnpicklingError("It refers to another file")

    def built(self, target: Any, state: Any) -> None:
        """The numbers of an array."""
        if type(state) is tuple and state and type(state[-1]) is str:  # Python 2 has kept them as text
            state = (*state[:-1], _encoded(self, state[-1]))
        if type(state) is tuple and state and type(state[-1]) is bytes:
            self._left -= len(state[-1])
            if self._left < 0:
                raise UnpicklingError("The file has more data copied than it holds.")
        fill(target, state, ())


def _encoded(builder: Any, text: Any, encoding: Any = "latin1") -> bytes:
    if type(text) is not str or encoding != "latin1":
        raise UnpicklingError("Bytes are kept as latin1 text")
    return text.encode("latin1")
