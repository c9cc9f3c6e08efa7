"""Arrays of a batch in memory that a worker process and its parent share, so that they do not go through a pipe.

The memory has no name: it is a file descriptor, handed over once, and mapped on both sides. When the last process that
has it mapped ends, in whatever way, the system frees it; there is nothing to leave behind. A piece of it, a slab, is
used for one batch after the other: when the parent's arrays on it are gone, it says so with its next task.
"""

from __future__ import annotations

import functools
import mmap
import os
import pickle
import sys
import tempfile
import weakref
from collections import deque
from collections.abc import Callable
from multiprocessing import reduction
from typing import Any

import numpy as np

AVAILABLE = sys.platform != "win32" and hasattr(reduction, "send_handle")
_ALIGNMENT = 64
_SMALL = 2048  # arrays of fewer bytes go with the rest
# Slabs of one worker that batches may lie in at a time. Who keeps more batches than that gets copies: every slab holds
# a file descriptor, of which there are few.
_KEPT = 4

# Where the buffers of a reply lie: the slab, its size if it is a new one, slabs that are given up, places and lengths.
Placed = tuple[int, int | None, list[int], list[tuple[int, int]]]


def pack(value: Any) -> tuple[bytes, list[Any]]:
    """Pickle a value, with the memory of its larger arrays apart.

    Raises:
        Exception: whatever pickle raises of something that cannot be pickled.
    """
    buffers: list[Any] = []
    return pickle.dumps(value, 5, buffer_callback=aside(buffers)), buffers


def aside(buffers: list[Any]) -> Callable[[pickle.PickleBuffer], bool]:
    """A callback for pickle that puts the memory of larger arrays into a list."""

    def put(buffer: pickle.PickleBuffer) -> bool:
        raw = buffer.raw()
        if raw.nbytes < _SMALL:
            return True  # keep it inside
        buffers.append(raw)
        return False

    return put


def padded(length: int) -> int:
    """The room for a buffer, so that the next one begins at a good place."""
    return -(-length // _ALIGNMENT) * _ALIGNMENT


class Writer:
    """The worker's side: finds a slab for the buffers of each batch."""

    def __init__(self) -> None:
        self._slabs: dict[int, mmap.mmap] = {}
        self._free: set[int] = set()
        self._made = 0

    def free(self, numbers: list[int]) -> None:
        """The parent no longer uses these."""
        self._free.update(number for number in numbers if number in self._slabs)

    def place(self, buffers: list[Any]) -> tuple[Placed, int | None]:
        """Copy buffers into a slab. Returns where they lie, and the file descriptor of a new slab, to be handed over.

        Raises:
            OSError: there is no memory left.
        """
        places, end = [], 0
        for buffer in buffers:
            places.append((end, buffer.nbytes))
            end += padded(buffer.nbytes)
        fitting = next((number for number in self._free if len(self._slabs[number]) >= end), None)
        new, given_up, descriptor = None, [], None
        if fitting is None:
            descriptor = anonymous_file(end)
            given_up = [*self._free]  # all too small
            for number in given_up:
                self._slabs.pop(number).close()
            self._free.clear()
            fitting, new = self._made, end
            self._slabs[fitting] = mmap.mmap(descriptor, end)
            self._made += 1
        self._free.discard(fitting)
        slab = memoryview(self._slabs[fitting])
        for (start, length), buffer in zip(places, buffers, strict=True):
            slab[start : start + length] = buffer
        return (fitting, new, given_up, places), descriptor


def anonymous_file(size: int) -> int:
    """A file descriptor of memory of this size, which is there: without it, the first write to it would kill us."""
    if hasattr(os, "memfd_create"):
        descriptor = os.memfd_create("tinygrad_nn batch")
    else:
        with tempfile.TemporaryFile() as file:
            descriptor = os.dup(file.fileno())
    try:
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(descriptor, 0, size)
        else:
            os.ftruncate(descriptor, size)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


class _Slab:
    """The parent's side of one slab."""

    def __init__(self, number: int, memory: mmap.mmap) -> None:
        self.number, self.memory = number, memory
        self.alive: dict[int, Any] = {}  # weak references to the arrays on it, by their ids: arrays have no hash


class Reader:
    """The parent's side: makes arrays on the slabs of one worker."""

    def __init__(self) -> None:
        self._slabs: dict[int, _Slab] = {}
        self._released: deque[int] = deque()

    def released(self) -> list[int]:
        """The slabs that have become free since this was asked last. Arrays may go in any thread at any moment."""
        numbers = []
        while self._released:
            numbers.append(self._released.popleft())
        return numbers

    def take_over(self, placed: Placed, descriptor: int | None) -> None:
        """Map a new slab, and forget those that the worker has given up."""
        number, new, given_up, _ = placed
        for old in given_up:
            self._slabs.pop(old, None)
        if descriptor is not None and new is not None:
            try:
                self._slabs[number] = _Slab(number, mmap.mmap(descriptor, new))
            finally:
                os.close(descriptor)

    def unpack(self, body: bytes, placed: Placed) -> Any:
        """The value that `pack` and `Writer.place` were given; its arrays lie on the slab."""
        number, _, _, places = placed
        slab = self._slabs[number]
        arrays = [np.frombuffer(slab.memory, np.uint8, length, start) for start, length in places]
        if sum(bool(other.alive) for other in self._slabs.values()) >= _KEPT:
            arrays = [array.copy() for array in arrays]
            self._released.append(number)
            return pickle.loads(body, buffers=arrays)
        gone = functools.partial(self._gone, slab)
        references = [weakref.ref(array, gone) for array in arrays]
        slab.alive.update((id(reference), reference) for reference in references)
        return pickle.loads(body, buffers=arrays)

    def drop(self, placed: Placed) -> None:
        """Nobody wants this batch."""
        self._released.append(placed[0])

    def _gone(self, slab: _Slab, reference: Any) -> None:
        slab.alive.pop(id(reference), None)
        if not slab.alive:
            self._released.append(slab.number)
