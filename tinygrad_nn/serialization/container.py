"""The file of a checkpoint: a zip archive of one JSON text and NumPy's ``.npy`` files, all stored as they are.

Any zip program opens it, and ``numpy.load`` gives its arrays. Nothing in it is ever executed: JSON is text, and arrays
of objects are refused. Every part has a checksum.
"""

from __future__ import annotations

import json
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

import numpy as np

from .npz import read_array
from .plain_data import Array, Encoder, decode

_FORMAT, _VERSION = "tinygrad_nn checkpoint", 1
_TEXT = "checkpoint.json"
_ODD = (zipfile.BadZipFile, zlib.error, ValueError, TypeError, LookupError, AttributeError, OverflowError,
        NotImplementedError, RuntimeError, RecursionError, EOFError)  # fmt: skip


def write_container(file: IO[bytes], data: dict[str, Any], encoder: Encoder) -> None:
    """Write encoded data and its arrays. The same data makes the same bytes, whenever it is written.

    Args:
        file: open for writing, and empty.
        data: what the encoder has made.
        encoder: has the arrays.
    """
    text = json.dumps({"format": _FORMAT, "version": _VERSION, **data}, indent=1, ensure_ascii=False, allow_nan=False)
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr(_entry(_TEXT), text.encode("utf-8", "surrogatepass"))
        for name, array in encoder.arrays.items():
            with archive.open(_entry(f"{name}.npy"), "w", force_zip64=array.nbytes >= 1 << 31) as stream:
                np.lib.format.write_array(stream, np.asanyarray(array), allow_pickle=False)


def _entry(name: str) -> zipfile.ZipInfo:
    """An entry without the time and the permissions of today."""
    entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
    entry.external_attr = 0o644 << 16
    return entry


class Container:
    """Reads such a file.

    Args:
        file: open for reading.
        name: what errors call it.

    Raises:
        RuntimeError: it is no checkpoint, is damaged, or comes from a later version.
    """

    def __init__(self, file: IO[bytes], name: str) -> None:
        self._name = name
        self._arrays: dict[str, Array] = {}
        self._check_start(file)
        with self._damage():
            self._archive = zipfile.ZipFile(file)
            entries = self._archive.infolist()
            self._entries = {entry.filename: entry for entry in entries}
            size = file.seek(0, 2)
            if any(entry.compress_type != zipfile.ZIP_STORED for entry in entries):
                raise ValueError("it has compressed parts, and checkpoints have none")
            if len(self._entries) < len(entries) or sum(entry.file_size for entry in entries) > size:
                raise ValueError("its parts overlap")
        if _TEXT not in self._entries:
            raise RuntimeError(f"{self._name} is no checkpoint of save_checkpoint: it has no {_TEXT}. {_OTHERS}")
        with self._damage():
            self.data = json.loads(self._archive.read(_TEXT).decode("utf-8", "surrogatepass"))
            if not isinstance(self.data, dict) or self.data.get("format") != _FORMAT:
                raise ValueError(f"its {_TEXT} is not that of a checkpoint")
        if self.data.get("version") != _VERSION:
            raise RuntimeError(
                f"{self._name} is a checkpoint of version {self.data.get('version')!r}, and this package reads version "
                f"{_VERSION}. Use a later tinygrad_nn"
            )

    def _check_start(self, file: IO[bytes]) -> None:
        start = file.read(4)
        file.seek(0)
        if start != b"PK\x03\x04":
            what = "is empty" if not start else f"begins with {start!r}"
            raise RuntimeError(f"{self._name} is no checkpoint of save_checkpoint: it {what}. {_OTHERS}")

    @contextmanager
    def _damage(self) -> Iterator[None]:
        try:
            yield
        except _ODD as error:
            what = f"{type(error).__name__}: {error}".rstrip(".")
            raise RuntimeError(
                f"{self._name} is damaged: {what}. save_checkpoint leaves whole files only, "
                "so it was cut or changed afterwards, or on its way; go back to an earlier one"
            ) from error

    def value(self, key: str) -> Any:
        """The decoded data of one entry.

        Raises:
            RuntimeError: it is damaged.
        """
        with self._damage():
            return decode(self.data[key], self._array)

    def _array(self, name: Any) -> Array:
        """An array; the same one for the same name."""
        if name not in self._arrays:
            entry = self._entries[f"{name}.npy"]
            self._arrays[name] = read_array(self._archive, entry, "checkpoint")
        return self._arrays[name]


_OTHERS = "Files of tinygrad_nn.save and PyTorch are read by tinygrad_nn.load"
