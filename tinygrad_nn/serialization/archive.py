"""The zip archive around PyTorch's files, read and written.

Its records are stored, never compressed, and each begins at a multiple of 64 bytes, so that programs can map the file
into memory. `write_archive` writes what PyTorch's own writer does, byte for byte.

Source: https://docs.pytorch.org/docs/stable/notes/serialization.html
"""

from __future__ import annotations

import mmap
import struct
import sys
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import IO, Any

import numpy as np

from .._core.dtypes import dtype

ALIGNMENT = 64
_CHUNK = 1 << 20
_LIMIT = 0xFFFFFFFF  # sizes and places from here on stand in fields of 64 bits


class Archive:
    """The records of an open file. Nothing it says of itself is believed before it has been compared with its size.

    Raises:
        RuntimeError: it is no whole zip archive, not one of PyTorch's, or its records cannot all lie in it.
    """

    _map: mmap.mmap | None = None

    def __init__(self, file: IO[bytes]) -> None:
        import zipfile  # not at the top: most programs never come here

        self._file = file
        start = file.tell()
        size = file.seek(0, 2) - start
        file.seek(start)
        with _damage("failed finding central directory"):
            self._zip = zipfile.ZipFile(file)
        records = self._zip.infolist()
        if any(record.compress_type or record.compress_size != record.file_size for record in records):
            raise RuntimeError(f"{_FAILED}: it holds compressed records, and PyTorch's files have none.")
        if sum(record.file_size for record in records) > size:
            raise RuntimeError(f"{_FAILED}: its records claim more bytes than the {size} of the file. {_DAMAGED}")
        outside = next((r.filename for r in records if "/" not in r.filename), None)
        if outside is not None or not records:
            hint = " This is NumPy's format: read it with numpy.load." if str(outside).endswith(".npy") else ""
            raise RuntimeError(f"file in archive is not in a subdirectory: {outside}. No file of torch.save.{hint}")
        prefix = records[0].filename.partition("/")[0] + "/"
        self._records = {r.filename[len(prefix) :]: r for r in records if r.filename.startswith(prefix)}

    def __contains__(self, name: str) -> bool:
        return name in self._records

    def size(self, name: str) -> int:
        """The number of bytes of a record.

        Raises:
            RuntimeError: there is no such record.
        """
        if name not in self._records:
            raise RuntimeError(f"PytorchStreamReader failed locating file {name}: file not found. {_DAMAGED}")
        return self._records[name].file_size

    def read(self, name: str) -> bytes:
        """All bytes of a record.

        Raises:
            RuntimeError: there is no such record, or it is damaged.
        """
        return self.memory(name).tobytes()

    def memory(self, name: str) -> np.ndarray[Any, Any]:
        """All bytes of a record, in memory that can be written to.

        Raises:
            RuntimeError: there is no such record, or it is damaged.
        """
        memory = np.empty(self.size(name), np.uint8)
        with _damage(f"failed reading file {name}"), self._zip.open(self._records[name]) as record:
            at = 0
            while piece := record.read(_CHUNK):  # the end checks the sum
                memory[at : at + len(piece)] = np.frombuffer(piece, np.uint8)
                at += len(piece)
        if at != len(memory):
            raise RuntimeError(f"{_FAILED}: file {name} ends after {at} of {len(memory)} bytes. {_DAMAGED}")
        return memory


    def mapped(self, name: str) -> np.ndarray[Any, Any]:
        """All bytes of a record, in memory that is read from the file as it is used, and that can be written to.

        Raises:
            RuntimeError: there is no such record, or it does not lie in the file.
        """
        size, at = self.size(name), self._records[name].header_offset
        if self._map is None:
            self._map = mmap.mmap(self._file.fileno(), 0, access=mmap.ACCESS_COPY)
        head = self._map[at : at + 30]
        start = at + 30 + sum(struct.unpack("<HH", head[26:30])) if len(head) == 30 else len(self._map) + 1
        if head[:4] != b"PK\3\4" or start + size > len(self._map):
            raise RuntimeError(f"{_FAILED}: file {name} does not lie in it. {_DAMAGED}")
        return np.frombuffer(self._map, np.uint8, size, start)


class Storages:
    """The memory of the tensors in an archive.

    Args:
        archive: the archive.
        mapped: memory is read from the file as it is used.

    Raises:
        ValueError: the archive is of a byte order that there is not.
    """

    def __init__(self, archive: Archive, mapped: bool) -> None:
        order = archive.read("byteorder").decode("latin1") if "byteorder" in archive else "little"
        if order not in ("little", "big"):
            raise ValueError(f"Unknown endianness type: {order}")
        self.swapped = order != sys.byteorder
        self._archive, self._mapped = archive, mapped

    def memory(self, key: str, kind: dtype, count: int) -> np.ndarray[Any, Any]:
        """The elements of one storage, as bytes.

        Raises:
            RuntimeError: the archive does not have them, or they are damaged.
        """
        name, size = f"data/{key}", self._archive.size(f"data/{key}")
        if size // kind.itemsize != count:  # PyTorch, too, leaves a rest that is no whole element
            raise RuntimeError(
                f"storage {name} has wrong byte size: expected {count * kind.itemsize} got {size}. {_DAMAGED}"
            )
        memory = self._archive.mapped(name) if self._mapped and size else self._archive.memory(name)
        if memory.ctypes.data % kind.itemsize:  # in files of other programs' making
            memory = memory.copy()
        return memory[: count * kind.itemsize]


_FAILED = "PytorchStreamReader failed reading zip archive"
_DAMAGED = (
    "Your checkpoint file is corrupted, most likely. This can happen if it was not saved properly, was transferred "
    "incorrectly, or was modified after saving."
)


@contextmanager
def _damage(what: str) -> Iterator[None]:
    """Give errors of the zip reader PyTorch's type and words."""
    import zipfile

    odd = (zipfile.BadZipFile, ValueError, struct.error, NotImplementedError, OverflowError, EOFError, LookupError)
    try:
        yield
    except (*odd, OSError, RuntimeError) as error:
        raise RuntimeError(f"{_FAILED}: {what} ({error}). {_DAMAGED}") from error


# --- writing -----------------------------------------------------------------------------------------------------


def write_archive(write: Callable[[Any], Any], name: str, records: Iterable[tuple[str, Any]]) -> None:
    """Write records, and after them a version and an identity, from front to back: the file need not be seekable.

    Args:
        write: takes the bytes.
        name: the folder in which all records lie.
        records: names, and bytes or flat arrays of them.
    """
    writer = _Writer(write, name)
    sums = 0
    for record, data in [*records, ("version", b"3\n")]:
        sums = zlib.crc32(struct.pack("<I", writer.add(record, data)), sums)
    named = zlib.crc32("\n".join(entry[0].decode() for entry in writer.entries).encode())
    writer.add(".data/serialization_id", f"{named:020d}{sums:020d}".encode())
    writer.finish()


class _Writer:
    def __init__(self, write: Callable[[Any], Any], folder: str) -> None:
        self.entries: list[tuple[bytes, int, int, int]] = []  # name, checksum, size, place
        self._write, self._folder, self._at = write, folder, 0

    def _put(self, data: Any) -> None:
        self._write(data)
        self._at += len(data)

    def add(self, record: str, data: Any) -> int:
        """Write a record, and return its checksum."""
        name, size, place = f"{self._folder}/{record}".encode(), len(data), self._at
        large = _large_sizes(size, place)
        padding = -(place + 30 + len(name) + len(large) + 4) % ALIGNMENT
        extra = large + b"FB" + struct.pack("<H", padding) + b"Z" * padding
        flags = 0x808 if size else 0x800  # the name is UTF-8; sizes and checksum follow the data
        self._put(struct.pack("<4s5H3I2H", b"PK\3\4", 0, flags, 0, 0, 0, 0, 0, 0, len(name), len(extra)))
        self._put(name + extra)
        checksum = zlib.crc32(data)
        self._put(data)
        if size:
            sizes = "<4sIQQ" if large else "<4sIII"
            self._put(struct.pack(sizes, b"PK\7\x08", checksum, size, size))
        self.entries.append((name, checksum, size, place))
        return checksum

    def finish(self) -> None:
        """Write the directory of all records."""
        start, count = self._at, len(self.entries)
        for name, checksum, size, place in self.entries:
            large, flags, shown = _large_sizes(size, place), 0x808 if size else 0x800, min(size, _LIMIT)
            head = (b"PK\1\2", 0, 0, flags, 0, 0, 0, checksum, shown, shown, len(name), len(large), 0, 0, 0, 0)
            self._put(struct.pack("<4s6H3I5H2I", *head, min(place, _LIMIT)) + name + large)
        length, end = self._at - start, self._at
        self._put(struct.pack("<4sQHHIIQQQQ", b"PK\6\6", 44, 0x31E, 0x2D, 0, 0, count, count, length, start))
        self._put(struct.pack("<4sIQI", b"PK\6\7", 0, end, 1))
        shown = min(count, 0xFFFF)
        sizes = (min(length, _LIMIT), min(start, _LIMIT))
        self._put(struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, shown, shown, *sizes, 0))


def _large_sizes(size: int, place: int) -> bytes:
    """The field for sizes and places that do not fit into 32 bits; nothing where they do."""
    numbers = ([size, size] if size >= _LIMIT else []) + ([place] if place >= _LIMIT else [])
    return struct.pack(f"<HH{len(numbers)}Q", 1, 8 * len(numbers), *numbers) if numbers else b""
