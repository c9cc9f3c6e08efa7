"""Reading files: all of one, or single tensors of an open one, or parts of them.

Source: https://huggingface.co/docs/safetensors/api/torch
"""

from __future__ import annotations

import math
import os
import sys
from io import BufferedReader
from types import TracebackType
from typing import Any

import numpy as np

from tinygrad_nn._core.tensor import Tensor, wrap
from tinygrad_nn.serialization.bfloat import widened

from .header import TYPES, Entry, Header, SafetensorError, length_of, parse, refused, stored, unknown

_FRAMEWORKS = {"pt": True, "torch": True, "pytorch": True, "np": False, "numpy": False}  # whether tensors are made


def load(data: bytes) -> dict[str, Tensor]:
    """The tensors of a safetensors file, given as bytes.

    Raises:
        SafetensorError: it is no safetensors file, or is damaged.
        TypeError: it is no bytes; or it holds tensors of a type that NumPy lacks.

    Source: https://huggingface.co/docs/safetensors/api/torch#safetensors.torch.load
    """
    if not isinstance(data, bytes | bytearray | memoryview):
        raise TypeError(f"load(): expected bytes, got {type(data).__name__}. Files are read by load_file(path).")
    view = memoryview(data)
    length = length_of(bytes(view[:8]), len(view))
    header = parse(bytes(view[8 : 8 + length]), len(view) - 8 - length)
    body = view[header.length :]
    kinds = {name: stored(name, entry) for name, entry in header.entries.items()}  # all, before anything is made
    return {name: wrap(_made(kinds[name], entry, body)) for name, entry in header.entries.items()}


def load_file(filename: str | os.PathLike[str], device: Any = "cpu", *, backend: str = "mmap") -> dict[str, Tensor]:
    """Read all tensors of a safetensors file. `safe_open` reads some of them.

    Args:
        filename: the path.
        device: ``"cpu"``.
        backend: accepted and ignored.

    Raises:
        FileNotFoundError: there is no such file.
        SafetensorError: it is no safetensors file, or is damaged.
        TypeError: it holds tensors of a type that NumPy lacks.

    Source: https://huggingface.co/docs/safetensors/api/torch#safetensors.torch.load_file
    """
    with safe_open(filename, "pt", device, backend=backend) as file:
        read: dict[str, Tensor] = file.get_tensors()
        return read


def _made(kind: np.dtype[Any], entry: Entry, body: memoryview) -> np.ndarray[Any, Any]:
    return _native(np.frombuffer(body[entry.start : entry.stop], kind).reshape(entry.shape).copy(), entry)


def _native(array: np.ndarray[Any, Any], entry: Entry) -> np.ndarray[Any, Any]:
    """The elements as they were read, in this machine's byte order, and of a type that NumPy has."""
    if entry.kind == "BF16":
        return widened(array)
    if entry.kind == "BOOL":
        return array.view(np.uint8).astype(bool)  # NumPy's must be 0 or 1
    return array if sys.byteorder == "little" else array.astype(array.dtype.newbyteorder("="))


class safe_open:  # noqa: N801 - the name of the class that it stands in for
    """A safetensors file of which only the head has been read. Use it in a ``with`` statement, which closes it.

    Args:
        filename: the path.
        framework: ``"pt"`` for tensors, ``"numpy"`` for arrays.
        device: ``"cpu"``.
        backend: accepted and ignored.

    Raises:
        FileNotFoundError: there is no such file.
        SafetensorError: it is no safetensors file, or is damaged; or the framework is unknown.
        RuntimeError: another device is asked for.

    Source: https://huggingface.co/docs/safetensors/api/torch

    Example:
        >>> import os, tempfile
        >>> import tinygrad_nn as tg
        >>> from tinygrad_nn.safetensors import safe_open, save_file
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = os.path.join(folder, "model.safetensors")
        ...     save_file({"weight": tg.arange(6.0).reshape(3, 2), "bias": tg.zeros(3)}, path)
        ...     with safe_open(path, framework="pt") as file:
        ...         print(file.keys(), file.get_slice("weight")[:2], file.get_slice("weight").get_shape())
        ['bias', 'weight'] tensor([[0., 1.],
                [2., 3.]]) [3, 2]
    """

    def __init__(
        self, filename: str | os.PathLike[str], framework: str = "pt", device: Any = "cpu", *, backend: str = "mmap"
    ) -> None:
        self._file: BufferedReader | None = None
        if framework not in _FRAMEWORKS:
            raise SafetensorError(f"framework {framework} is invalid. There are 'pt' and 'numpy' here.")
        kind = str(device).partition(":")[0]
        if kind != "cpu":
            raise RuntimeError(f"device {device!r}: tensors come to the CPU here. Say device='cpu'.")
        self._tensors = _FRAMEWORKS[framework]
        path = os.fspath(filename)
        if not os.path.exists(path):
            raise FileNotFoundError(f"No such file or directory: {path}")
        if not os.path.isfile(path):
            raise SafetensorError(f"{path}: expected a safetensors file, got a folder or device")
        self._file = open(path, "rb")  # noqa: SIM115 - it stays open
        try:
            self._header = self._read_header()
        except BaseException:
            self._close()
            raise

    def _read_header(self) -> Header:
        file = self._opened()
        size = file.seek(0, 2)
        file.seek(0)
        length = length_of(file.read(8), size)
        return parse(file.read(length), size - 8 - length)

    def _opened(self) -> BufferedReader:
        if self._file is None:
            raise SafetensorError("File is closed")
        return self._file

    def _close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def __enter__(self) -> safe_open:
        self._opened()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    def __del__(self) -> None:
        self._close()

    def keys(self) -> list[str]:
        """The names of all tensors, in alphabetical order."""
        self._opened()
        return sorted(self._header.entries)

    def offset_keys(self) -> list[str]:
        """The names of all tensors, in the order in which they lie in the file."""
        self._opened()
        entries = self._header.entries
        return sorted(entries, key=lambda name: entries[name][2:])

    def metadata(self) -> dict[str, str] | None:
        """The notes that were saved with the tensors, or None."""
        self._opened()
        return self._header.metadata

    def get_tensor(self, name: str) -> Any:
        """One tensor.

        Raises:
            SafetensorError: there is none of this name; or the file has been closed, or cut off meanwhile.
            TypeError: it is of a type that NumPy lacks.
        """
        entry = self._entry(name)
        return self._wrapped(self._read(name, entry, entry.start, entry.shape))

    def get_tensors(self) -> dict[str, Any]:
        """All tensors by name, in the order in which they lie in the file.

        Raises:
            SafetensorError, TypeError: as `get_tensor` does.
        """
        names = self.offset_keys()
        for name in names:  # refused before the first is read
            stored(name, self._header.entries[name])
        return {name: self.get_tensor(name) for name in names}

    def get_slice(self, name: str) -> SafeSlice:
        """A tensor that is read as far as it is indexed: ``file.get_slice("weight")[:10]`` reads ten rows.

        Raises:
            SafetensorError: there is none of this name.
        """
        return SafeSlice(self, name, self._entry(name))

    def _entry(self, name: str) -> Entry:
        self._opened()
        if name not in self._header.entries:
            raise unknown(name, self._header.entries)
        return self._header.entries[name]

    def _read(self, name: str, entry: Entry, start: int, shape: tuple[int, ...]) -> np.ndarray[Any, Any]:
        """Elements that lie together from this byte of the data on."""
        kind, file = stored(name, entry), self._opened()
        file.seek(self._header.length + start)
        array = np.empty(math.prod(shape), kind)
        if array.size and file.readinto(array.view(np.uint8).data) != array.nbytes:
            raise refused("the file has been cut off since it was opened")
        return _native(array.reshape(shape), entry)

    def _wrapped(self, array: np.ndarray[Any, Any]) -> Any:
        return wrap(array) if self._tensors else array


class SafeSlice:
    """A tensor in an open file. Indexing reads it: of a range of its first dimension, these rows only."""

    def __init__(self, file: safe_open, name: str, entry: Entry) -> None:
        self._file, self._name, self._entry = file, name, entry

    def get_shape(self) -> list[int]:
        """The lengths of its dimensions."""
        return list(self._entry.shape)

    def get_dtype(self) -> str:
        """The format's name of its type, such as ``"F32"``."""
        return self._entry.kind

    def __getitem__(self, index: Any) -> Any:
        parts = index if isinstance(index, tuple) else (index,)
        rows = parts[0] if parts else ...
        if isinstance(rows, slice) and self._entry.shape:
            start, stop, step = rows.indices(self._entry.shape[0])
            if step > 0:
                return self._pick(self._rows(start, max(stop, start)), (slice(None, None, step), *parts[1:]))
        return self._pick(self._rows(0, self._entry.shape[0] if self._entry.shape else 1), index)

    def _rows(self, start: int, stop: int) -> np.ndarray[Any, Any]:
        """The rows of a range, or the whole, where there are none."""
        entry, shape = self._entry, self._entry.shape
        if shape:
            shape = (stop - start, *shape[1:])
        length = TYPES[entry.kind].itemsize if entry.kind in TYPES else 0  # others are refused by _read
        row = math.prod(shape[1:]) * length
        return self._file._read(self._name, entry, entry.start + start * row, shape)

    def _pick(self, array: np.ndarray[Any, Any], index: Any) -> Any:
        picked = wrap(array)[index]
        return picked.clone() if self._file._tensors else picked.numpy().copy()
