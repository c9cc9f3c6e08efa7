"""NumPy's .npz files of tensors: a zip archive of arrays, which NumPy alone reads, too.

NumPy's own reader unpickles arrays of objects, where it is allowed to. Here there are none.

Source: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
"""

from __future__ import annotations

import math
import os
import re
import struct
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any, NoReturn

import numpy as np

from .._core.dtypes import ALL
from .._core.tensor import Tensor, wrap
from .files import replace

if TYPE_CHECKING:
    import zipfile

_CHUNK = 1 << 20
_MOST_HEADER = 10_000  # bytes of an array's own head, NumPy's limit
_MOST_DIMENSIONS = 64  # NumPy's limit
_STORED, _DEFLATED = 0, 8
_KINDS = {kind.dtype for kind in ALL}


def save_npz(tensors: Mapping[str, Any], f: Any, *, compressed: bool = False) -> None:
    """Write tensors by name, such as a ``state_dict()``, to a file that ``numpy.load`` reads as well.

    A file that exists is replaced at once when the new one is complete.

    Args:
        tensors: tensors, arrays and numbers by name.
        f: a path, to which nothing is added, or a file that is open for writing bytes.
        compressed: smaller, and slower.

    Raises:
        TypeError: a name is no string, or a value no tensor; nothing has been written.
        ValueError: a name cannot be one in an archive.
        RuntimeError: there is no such folder.

    Source: https://numpy.org/doc/stable/reference/generated/numpy.savez.html

    Example:
        >>> import io
        >>> import numpy as np
        >>> import tinygrad_nn as tg
        >>> from tinygrad_nn.serialization import load_npz, save_npz
        >>> file = io.BytesIO()
        >>> save_npz(tg.nn.Linear(2, 1).state_dict(), file)
        >>> _ = file.seek(0)
        >>> {name: tensor.shape for name, tensor in load_npz(file).items()}
        {'weight': torch.Size([1, 2]), 'bias': torch.Size([1])}
        >>> _ = file.seek(0)
        >>> np.load(file)["weight"].shape
        (1, 2)
    """
    arrays = {name: _array(name, value) for name, value in tensors.items()}
    if isinstance(f, str | os.PathLike):
        replace(os.fspath(f), lambda file: _write(arrays, file, compressed))
    else:
        _write(arrays, f, compressed)


def load_npz(f: Any, *, max_bytes: int = 1 << 30) -> dict[str, Tensor]:
    """Read the tensors of a file of `save_npz`, or of ``numpy.savez``. Nothing in it can be executed.

    A file that is not compressed cannot ask for more memory than it has bytes. A compressed one can, up to `max_bytes`.

    Args:
        f: a path, or a file that is open for reading bytes and can be sought in.
        max_bytes: refuse a compressed file whose arrays take more bytes than this; 1 GiB if not given.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is no such file, or damaged, or larger than ``max_bytes``; or an array holds no numbers.

    Source: https://numpy.org/doc/stable/reference/generated/numpy.load.html
    """
    if isinstance(f, str | os.PathLike):
        with open(f, "rb") as file:
            return _read(file, f"load_npz(): {os.fspath(f)}", max_bytes)
    return _read(f, "load_npz()", max_bytes)


# --- writing -----------------------------------------------------------------------------------------------------


def _array(name: Any, value: Any) -> np.ndarray[Any, Any]:
    if not isinstance(name, str):
        raise TypeError(f"save_npz(): names must be strings, got {name!r}")
    if "\0" in name or not name.isprintable() or len(name.encode("utf-8", "replace")) > 60_000:
        raise ValueError(f"save_npz(): {name[:40]!r} cannot be a name in an archive")
    if isinstance(value, Tensor):
        return value._array
    if isinstance(value, bool | int | float | complex | np.ndarray | np.number | np.bool_):
        array = np.asarray(value)
        if array.dtype.newbyteorder("=") in _KINDS:
            return array
    raise TypeError(
        f"save_npz(): {name!r} is of type {type(value).__name__}, and only tensors, arrays and numbers are saved. Of "
        "optimizers, save the state with tinygrad_nn.save()."
    )


def _write(arrays: Mapping[str, np.ndarray[Any, Any]], file: IO[bytes], compressed: bool) -> None:
    import zipfile

    method = zipfile.ZIP_DEFLATED if compressed else zipfile.ZIP_STORED
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, array in arrays.items():
            entry = zipfile.ZipInfo(f"{name}.npy")  # of a fixed date: equal tensors make equal files
            entry.compress_type = method
            with archive.open(entry, "w", force_zip64=True) as record:
                np.lib.format.write_array(record, array, allow_pickle=False)


# --- reading -----------------------------------------------------------------------------------------------------


def _read(file: IO[bytes], where: str, max_bytes: int) -> dict[str, Tensor]:
    import zipfile

    with _damage(where):
        start = file.tell()
        size = file.seek(0, 2) - start
        file.seek(start)
        first = file.read(6)
        file.seek(start)
        if first == b"\x93NUMPY":
            _refuse(where, "it holds one array, and is no archive of them", "Read it with numpy.load")
        if not zipfile.is_zipfile(file):
            _refuse(where, f"no .npz file: it begins with {first!r}", "Is it cut off, or something else?")
        file.seek(start)
        archive = zipfile.ZipFile(file)
        entries = archive.infolist()
    _check_entries(entries, where, size, max_bytes)
    return {entry.filename.removesuffix(".npy"): wrap(read_array(archive, entry, where)) for entry in entries}


def _check_entries(entries: list[zipfile.ZipInfo], where: str, size: int, max_bytes: int) -> None:
    """Hold what the archive says of its entries against its size."""
    seen: set[str] = set()
    odd = next((e.filename for e in entries if not e.filename.endswith(".npy") or _again(e.filename, seen)), None)
    if odd is not None:
        hint = "Read files of save() with load()" if odd.endswith(("data.pkl", "version")) else "Is it of numpy.savez?"
        _refuse(where, f"{odd[:80]!r} is no array, or stands there twice", hint)
    if any(entry.compress_type not in (_STORED, _DEFLATED) or entry.flag_bits & 1 for entry in entries):
        _refuse(where, "it is compressed in a way that numpy.savez does not use, or encrypted", "Save it again")
    if sum(entry.compress_size for entry in entries) > size or any(
        entry.compress_type == _STORED and entry.compress_size != entry.file_size for entry in entries
    ):
        _refuse(where, f"its entries claim more bytes than the {size} of the file", "It is damaged")
    total = sum(entry.file_size for entry in entries)
    if total > max(size, max_bytes):
        _refuse(where, f"its arrays take {total} bytes, more than max_bytes={max_bytes}", "Give a larger one")


def _again(name: str, seen: set[str]) -> bool:
    before = name in seen
    seen.add(name)
    return before


def read_array(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, where: str) -> np.ndarray[Any, Any]:
    """One array of an archive, of which the sizes of the entries have been checked.

    Raises:
        ValueError: it is damaged, or holds no numbers.
    """
    place = f"{where}: array {entry.filename.removesuffix('.npy')[:80]!r}"
    with _damage(place), archive.open(entry) as record:
        kind, columns, shape, length = _read_head(record, place)
        expected = math.prod(shape) * kind.itemsize
        if expected != entry.file_size - length:
            found = entry.file_size - length
            _refuse(place, f"expected {expected} bytes for shape {shape}, got {found}", "It is damaged")
        data = bytearray()  # which grows: what is compressed may claim more than it unpacks to
        while piece := record.read(_CHUNK):  # the end checks the sum
            data += piece
    if len(data) != expected:
        _refuse(place, f"it ends after {len(data)} of {expected} bytes", "It is cut off")
    memory = np.frombuffer(data, np.uint8)
    array = memory.view(kind)
    if kind.kind == "b":
        array = memory.astype(bool)  # NumPy's must be 0 or 1
    if not kind.isnative:
        array = array.byteswap(inplace=True).view(kind.newbyteorder("="))
    return array.reshape(shape[::-1]).T if columns else array.reshape(shape)


def _read_head(record: IO[bytes], where: str) -> tuple[np.dtype[Any], bool, tuple[int, ...], int]:
    """Type, whether columns come first, shape, and the length of the head."""
    magic = record.read(8)
    if len(magic) < 8 or magic[:6] != b"\x93NUMPY" or magic[6] not in (1, 2, 3):
        _refuse(where, f"no array: it begins with {magic!r}", "Is it of numpy.savez?")
    form = "<H" if magic[6] == 1 else "<I"
    (length,) = struct.unpack(form, record.read(struct.calcsize(form)))
    if length > _MOST_HEADER:
        _refuse(where, f"its head has {length} bytes, and {_MOST_HEADER} are the most", "It is damaged")
    text = record.read(length)
    entries = _entries(text.decode("utf-8" if magic[6] == 3 else "latin1", "replace"))
    if entries is None or set(entries) != {"descr", "fortran_order", "shape"}:
        _refuse(where, f"its head cannot be read: {text[:80]!r}", "It is damaged")
    shape = tuple(int(length) for length in re.findall(r"\d+", entries["shape"]))
    if len(shape) > _MOST_DIMENSIONS or math.prod(n or 1 for n in shape) >= 2**62:
        _refuse(where, f"it cannot have the shape {str(shape)[:80]}", "It is damaged")
    kind = _kind(entries["descr"].strip("'\""), where)
    return kind, entries["fortran_order"] == "True", shape, 8 + struct.calcsize(form) + length


# A head is a dict as Python writes it, of these values: a type, whether columns come first, and a shape.
_VALUE = r"""'[^'\\]{1,30}'|"[^"\\]{1,30}"|True|False|\([\d\s,]{0,1400}\)"""
_ENTRY = re.compile(rf"""\s*['"](\w+)['"]\s*:\s*({_VALUE})\s*(?:,|$)""", re.ASCII)
_TYPES = {"descr": "'\"", "fortran_order": "TF", "shape": "("}  # how the values begin


def _entries(text: str) -> dict[str, str] | None:
    """The entries of a head, or None where it is none."""
    text, at, entries = text.strip(" \n\0"), 1, dict[str, str]()
    if not (text.startswith("{") and text.endswith("}")):
        return None
    inside = text[:-1].rstrip()
    while at < len(inside):
        entry = _ENTRY.match(inside, at)
        if entry is None or entry[1] in entries or entry[2][0] not in _TYPES.get(entry[1], ""):
            return None
        entries[entry[1]], at = entry[2], entry.end()
    return entries


_CODE = re.compile(r"[<>|=]?([?bBhHiIlLqQefdgFDG]|[biufc]\d{1,2})")


def _kind(code: str, where: str) -> np.dtype[Any]:
    try:
        kind = np.dtype(code) if _CODE.fullmatch(code) else None  # NumPy itself reads more, and runs a parser for it
    except TypeError:
        kind = None
    if kind is None or kind.newbyteorder("=") not in _KINDS:
        what = "objects, which would be pickled" if code.endswith("O") else repr(code)
        _refuse(where, f"it is of {what}", "Arrays of numbers are read: array.astype(numpy.float32)")
    return kind


def _refuse(where: str, found: str, fix: str) -> NoReturn:
    raise ValueError(f"{where}: {found}. {fix}.")


@contextmanager
def _damage(where: str) -> Iterator[None]:
    """Give errors of the zip reader one type."""
    import zipfile

    odd = (zipfile.BadZipFile, zlib.error, struct.error, NotImplementedError, OverflowError, EOFError, LookupError)
    try:
        yield
    except (*odd, OSError, RuntimeError) as error:
        raise ValueError(f"{where}: the file is damaged ({error}). Copy or download it again.") from error
    except ValueError as error:
        if str(error).startswith(where):
            raise
        raise ValueError(f"{where}: the file is damaged ({error}). Copy or download it again.") from error
