"""Event files: records with checksums, one after the other, as TensorFlow writes them.

A record is its length, a checksum of that, the bytes, and a checksum of them.

Source: https://www.tensorflow.org/tutorials/load_data/tfrecord#tfrecords_format_details
"""

from __future__ import annotations

import itertools
import os
import socket
import struct
import time
import weakref
from typing import BinaryIO

from . import wire

_numbers = itertools.count()


def _table() -> tuple[int, ...]:
    """The remainders of all bytes by Castagnoli's polynomial, bits reversed."""
    made = []
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ 0x82F63B78 if byte & 1 else byte >> 1
        made.append(byte)
    return tuple(made)


_TABLE = _table()


def crc32c(data: bytes) -> int:
    """The checksum CRC-32C.

    Source: https://www.rfc-editor.org/rfc/rfc3720#appendix-B.4

    Example:
        >>> from tinygrad_nn.utils.tensorboard.records import crc32c
        >>> hex(crc32c(b"123456789"))
        '0xe3069283'
    """
    table, remainder = _TABLE, 0xFFFFFFFF
    for byte in data:
        remainder = table[remainder & 0xFF ^ byte] ^ remainder >> 8
    return remainder ^ 0xFFFFFFFF


def masked(checksum: int) -> int:
    """A checksum rotated and shifted: a file of checksums then has another checksum than its content."""
    return ((checksum >> 15 | checksum << 17) + 0xA282EAD8) & 0xFFFFFFFF


def record(data: bytes) -> bytes:
    """The bytes as a record."""
    length = struct.pack("<Q", len(data))
    return b"".join((length, _checksum(length), data, _checksum(data)))


def _checksum(data: bytes) -> bytes:
    return struct.pack("<I", masked(crc32c(data)))


class EventFile:
    """A new file of events in a folder, which is made if it is not there.

    Args:
        folder: the folder.
        max_queue: after so many events they go to the file.
        flush_secs: after so many seconds they do, when the next one comes.
        suffix: the end of the file's name.
    """

    def __init__(self, folder: str, max_queue: int = 10, flush_secs: float = 120, suffix: str = "") -> None:
        os.makedirs(folder, exist_ok=True)
        name = f"events.out.tfevents.{int(time.time()):010d}.{socket.gethostname()}.{os.getpid()}.{next(_numbers)}"
        self.path = os.path.join(folder, name + suffix)
        self._file: BinaryIO = open(self.path, "wb", buffering=1 << 20)  # noqa: SIM115 - `close` closes it
        self._finalizer = weakref.finalize(self, self._file.close)  # if nobody does
        self._max_queue, self._flush_secs = max_queue, flush_secs
        self._waiting, self._flushed = 0, time.monotonic()
        self.write(wire.blob(3, "brain.Event:2") + wire.message(10, wire.blob(1, "tinygrad_nn")), time.time(), None)
        self.flush()

    def write(self, content: bytes, wall_time: float, step: int | None) -> None:
        """Add an event: its fields beside the time and the step."""
        head = wire.double(1, wall_time) + wire.integer(2, 0 if step is None else int(step))
        self._file.write(record(head + content))
        self._waiting += 1
        if self._waiting >= self._max_queue or time.monotonic() - self._flushed >= self._flush_secs:
            self.flush()

    def flush(self) -> None:
        """Hand all events to the system, so that other programs see them."""
        self._file.flush()
        self._waiting, self._flushed = 0, time.monotonic()

    def close(self) -> None:
        """Write what is left, and close the file."""
        self._finalizer()
