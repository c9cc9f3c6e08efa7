"""The wire format of protocol buffers, as far as event files need it: bytes of one field each, to be added up.

A field is its number and kind, then its value. As in protocol buffers' own encoders, fields stand in the order of their
numbers, and one that has its type's default is left out. Members of a ``oneof`` are always written: `one_of`.

Source: https://protobuf.dev/programming-guides/encoding/
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from typing import Any

import numpy as np

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5


def varint(number: int) -> bytes:
    """An integer in groups of seven bits, the low ones first; negative ones as their 64-bit complement.

    Example:
        >>> from tinygrad_nn.utils.tensorboard.wire import varint
        >>> varint(300).hex()
        'ac02'
    """
    number &= 0xFFFF_FFFF_FFFF_FFFF
    made = bytearray()
    while number > 0x7F:
        made.append(number & 0x7F | 0x80)
        number >>= 7
    made.append(number)
    return bytes(made)


def _key(field: int, kind: int) -> bytes:
    return varint(field << 3 | kind)


def integer(field: int, value: int, one_of: bool = False) -> bytes:
    """An int32, int64, uint32, bool or enum."""
    return _key(field, _VARINT) + varint(int(value)) if value or one_of else b""


def double(field: int, value: float, one_of: bool = False) -> bytes:
    """A double."""
    packed = struct.pack("<d", value)
    return _key(field, _FIXED64) + packed if one_of or any(packed) else b""


def single(field: int, value: float, one_of: bool = False) -> bytes:
    """A float. What is too large for one becomes an infinity."""
    with np.errstate(over="ignore"):
        packed = np.float32(value).astype("<f4").tobytes()
    return _key(field, _FIXED32) + packed if one_of or any(packed) else b""


def blob(field: int, value: bytes | str, one_of: bool = False) -> bytes:
    """Bytes or a string."""
    data = value.encode() if isinstance(value, str) else value
    return _key(field, _BYTES) + varint(len(data)) + data if data or one_of else b""


def message(field: int, *parts: bytes) -> bytes:
    """A message, which is the sum of its fields. An empty one is there, too."""
    return blob(field, b"".join(parts), one_of=True)


def strings(field: int, values: Iterable[str | bytes]) -> bytes:
    """A repeated string."""
    return b"".join(blob(field, value, one_of=True) for value in values)


def integers(field: int, values: Iterable[int]) -> bytes:
    """Repeated integers, packed."""
    return blob(field, b"".join(varint(int(value)) for value in values))


def reals(field: int, values: Any, double: bool) -> bytes:
    """Repeated floats or doubles, packed."""
    with np.errstate(over="ignore"):
        return blob(field, np.asarray(values, "<f8" if double else "<f4").tobytes())
