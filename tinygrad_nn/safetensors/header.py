"""The head of a safetensors file: its length, and JSON that says of each tensor its type, its shape and its place.

Source: https://github.com/huggingface/safetensors#format
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np

from tinygrad_nn._core import dtypes
from tinygrad_nn._core.dtypes import dtype
from tinygrad_nn._core.errors import near

MOST_BYTES = 100_000_000  # of JSON, the format's own limit
_ALIGNMENT = 8  # where the data begin
_MOST_DIMENSIONS = 64  # NumPy's limit
_LARGEST = 2**63 - 1  # a length
_METADATA = "__metadata__"

# The format's names of types, the largest and most aligned first: in this order the tensors lie in the files.
TYPES: dict[str, dtype] = {
    "U64": dtypes.uint64, "I64": dtypes.int64, "F64": dtypes.float64, "C64": dtypes.complex64, "F32": dtypes.float32,
    "U32": dtypes.uint32, "I32": dtypes.int32, "BF16": dtypes.bfloat16, "F16": dtypes.float16, "U16": dtypes.uint16,
    "I16": dtypes.int16, "I8": dtypes.int8, "U8": dtypes.uint8, "BOOL": dtypes.bool_,
}  # fmt: skip
NAMES = {kind: name for name, kind in TYPES.items() if name != "BF16"}
# Types that the format has and NumPy lacks, with their bits: a file of one is whole, but the tensor cannot be made.
_OTHERS = {
    "F8_E5M2": 8, "F8_E4M3": 8, "F8_E8M0": 8, "F8_E4M3FNUZ": 8, "F8_E5M2FNUZ": 8, "F6_E2M3": 6, "F6_E3M2": 6, "F4": 4,
}  # fmt: skip
_RANK = {name: rank for rank, name in enumerate(TYPES)}


class SafetensorError(Exception):
    """A file is no safetensors file, or is damaged; or it lacks what was asked for."""


class Entry(NamedTuple):
    """What the head says of one tensor."""

    kind: str
    shape: tuple[int, ...]
    start: int
    stop: int


class Header(NamedTuple):
    """What the head says: the tensors in the order of the head, and the notes that came with them."""

    entries: dict[str, Entry]
    metadata: dict[str, str] | None
    length: int  # of bytes before the data


# --- writing -----------------------------------------------------------------------------------------------------


def build(tensors: Mapping[str, np.ndarray[Any, Any]], metadata: Mapping[str, str] | None) -> tuple[bytes, list[str]]:
    """The bytes of a head, its length included, and the names in the order in which their data follow."""
    kinds = {name: NAMES[dtypes.from_numpy(array.dtype)] for name, array in tensors.items()}
    order = sorted(tensors, key=lambda name: (_RANK[kinds[name]], name.encode("utf-8", "surrogatepass")))
    head: dict[str, Any] = {} if metadata is None else {_METADATA: dict(metadata)}
    place = 0
    for name in order:
        array, start = tensors[name], place
        place += array.nbytes
        head[name] = {"dtype": kinds[name], "shape": list(array.shape), "data_offsets": [start, place]}
    text = json.dumps(head, ensure_ascii=False, separators=(",", ":")).encode()
    text += b" " * (-len(text) % _ALIGNMENT)
    if len(text) > MOST_BYTES:
        raise SafetensorError(f"Error while serializing: header too large: {len(text)} bytes, {MOST_BYTES} at most")
    return len(text).to_bytes(8, "little") + text, order


# --- reading -----------------------------------------------------------------------------------------------------


def length_of(first: bytes, size: int) -> int:
    """The length of the JSON, which the first eight bytes of a file of this size say.

    Raises:
        SafetensorError: the file is too short for it, or the JSON too long.
    """
    if len(first) < 8:
        raise refused(f"header too small: a file of {size} bytes, where the length of the head alone takes 8")
    length = int.from_bytes(first[:8], "little")
    if length > MOST_BYTES:
        hint = " The file begins as text or as another format does." if first[:4].isascii() else ""
        raise refused(f"header too large: {length} bytes, {MOST_BYTES} at most.{hint}")
    if length + 8 > size:
        raise refused(f"invalid header length: {length} bytes, and the file has {size} in all. It is cut off")
    return length


def parse(text: bytes, data_size: int) -> Header:
    """Read the JSON, and hold what it says against the number of bytes that follow it.

    Raises:
        SafetensorError: it is no such JSON; or tensors overlap, leave gaps, or do not end where the file ends.
    """
    read = _read_json(text)
    metadata = read.pop(_METADATA, None)
    if metadata is not None and not (
        type(metadata) is dict and all(type(value) is str for value in metadata.values())
    ):
        raise refused(f"invalid JSON in header: {_METADATA} must map strings to strings")
    entries = {name: _entry(name, described) for name, described in read.items()}
    place = 0
    for name, entry in sorted(entries.items(), key=lambda item: item[1][2:]):
        if entry.start != place or entry.stop < entry.start:
            raise refused(
                f"invalid offset for tensor `{name}`: it lies at {entry.start} to {entry.stop}, and was expected to "
                f"begin at {place}, where the one before it ends"
            )
        _check_size(name, entry)
        place = entry.stop
    if place != data_size:
        raise refused(
            f"incomplete metadata, file not fully covered: the tensors take {place} bytes, and {data_size} follow the "
            f"head. {'The file is cut off' if place > data_size else 'Something was added to the file'}"
        )
    return Header(entries, metadata, 8 + len(text))


def _read_json(text: bytes) -> dict[str, Any]:
    try:
        read = json.loads(text.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_no_constant)
    except UnicodeDecodeError as error:
        raise refused(f"invalid UTF-8 in header: {error}") from None
    except RecursionError:
        raise refused("invalid JSON in header: nested too deeply") from None
    except ValueError as error:
        raise refused(f"invalid JSON in header: {error}") from None
    if type(read) is not dict:
        raise refused(f"invalid JSON in header: expected an object, got {type(read).__name__}")
    return read


def _unique(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    read: dict[str, Any] = {}
    for name, value in pairs:
        if name in read:
            raise ValueError(f"the name {name!r} stands there twice")
        read[name] = value
    return read


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no number")


def _entry(name: str, described: Any) -> Entry:
    if type(described) is not dict:
        raise refused(f"invalid JSON in header: tensor `{name}` is described by {type(described).__name__}, no object")
    missing = next((field for field in ("dtype", "shape", "data_offsets") if field not in described), None)
    if missing is not None:
        raise refused(f"invalid JSON in header: missing field `{missing}` of tensor `{name}`")
    kind, shape, offsets = described["dtype"], described["shape"], described["data_offsets"]
    if type(kind) is not str or (kind not in TYPES and kind not in _OTHERS):
        raise refused(
            f"invalid JSON in header: unknown variant `{str(kind)[:40]}` of tensor `{name}`, expected one of "
            f"{', '.join((*TYPES, *_OTHERS))}"
        )
    if not _whole(shape):
        raise refused(f"invalid JSON in header: the shape of tensor `{name}` must be a list of whole numbers")
    if not _whole(offsets) or len(offsets) != 2:
        raise refused(f"invalid JSON in header: data_offsets of tensor `{name}` must be two whole numbers")
    return Entry(kind, tuple(shape), offsets[0], offsets[1])


def _whole(numbers: Any) -> bool:
    return type(numbers) is list and all(type(n) is int and 0 <= n <= _LARGEST for n in numbers)


def _check_size(name: str, entry: Entry) -> None:
    if len(entry.shape) > _MOST_DIMENSIONS:
        raise refused(f"tensor `{name}` has {len(entry.shape)} dimensions, NumPy's arrays {_MOST_DIMENSIONS} at most")
    bits = _OTHERS.get(entry.kind) or TYPES[entry.kind].itemsize * 8
    # a length of 0 must not hide others that NumPy cannot hold
    if math.prod(length or 1 for length in entry.shape) * bits // 8 > _LARGEST:
        raise refused(f"overflow computing buffer size from shape and/or element type of tensor `{name}`")
    if math.prod(entry.shape) * bits != (entry.stop - entry.start) * 8:
        raise refused(
            f"invalid shape, data type, or offset for tensor `{name}`: {list(entry.shape)} of {entry.kind} in "
            f"{entry.stop - entry.start} bytes"
        )


def stored(name: str, entry: Entry) -> np.dtype[Any]:
    """How the elements of a tensor lie in the file; bfloat16 as uint16.

    Raises:
        TypeError: NumPy has no such type.
    """
    if entry.kind in _OTHERS:
        raise TypeError(
            f"tensor `{name}` is of type {entry.kind}, and NumPy has no such numbers. Convert it in the program that "
            "has made the file: tensor.float()."
        )
    return np.dtype(np.uint16 if entry.kind == "BF16" else TYPES[entry.kind].dtype).newbyteorder("<")


def refused(what: str) -> SafetensorError:
    """The error for a file that cannot be read."""
    return SafetensorError(f"Error while deserializing: {what}")


def unknown(name: str, names: Iterable[str]) -> SafetensorError:
    """The error for a tensor that is not there."""
    return SafetensorError(f"File does not contain tensor {name}.{near(name, list(names))}")
