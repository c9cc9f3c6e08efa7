"""What new worker processes get from their parent: pickled once for each, with its arrays in memory that all share.

A forked process has it all already. One that is started anew would get a copy of the whole dataset through a pipe.
"""

from __future__ import annotations

import io
import mmap
import os
import pickle
from multiprocessing import reduction
from typing import Any

import numpy as np

from . import shared


class Handover:
    """Carries some objects into new processes.

    There, the arrays lie in the shared memory until they are written to; then the process gets its own copy of that
    page. So no worker sees what another one writes.

    Args:
        parts: the objects.
    """

    def __init__(self, *parts: Any) -> None:
        self.parts = parts
        self._descriptor: int | None = None
        self._lengths: list[int] = []

    def close(self) -> None:
        """Give up the parent's hold on the memory."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def __getstate__(self) -> Any:
        """Called while a process is being started."""
        buffers: list[Any] = []
        stream = io.BytesIO()
        callback = shared.aside(buffers) if shared.AVAILABLE else None
        reduction.ForkingPickler(stream, 5, True, callback).dump(self.parts)
        try:
            self._fill(buffers)
        except OSError:  # no memory to share
            return bytes(reduction.ForkingPickler.dumps(self.parts, 5)), None, []
        file = None if self._descriptor is None else reduction.DupFd(self._descriptor)
        return stream.getvalue(), file, self._lengths

    def _fill(self, buffers: list[Any]) -> None:
        """Put the buffers one after the other, unless an earlier process has got the same ones."""
        lengths = [buffer.nbytes for buffer in buffers]
        if not buffers or (self._descriptor is not None and lengths == self._lengths):
            return
        self.close()
        size = sum(shared.padded(length) for length in lengths)
        descriptor = shared.anonymous_file(size)
        self._descriptor, self._lengths = descriptor, lengths
        with mmap.mmap(descriptor, size) as memory:
            start = 0
            for buffer in buffers:
                memory[start : start + buffer.nbytes] = buffer
                start += shared.padded(buffer.nbytes)

    def __setstate__(self, state: Any) -> None:
        """Called in the new process."""
        body, file, lengths = state
        self._descriptor, self._lengths = None, []
        arrays, start = [], 0
        if file is not None:
            descriptor = file.detach()
            size = sum(shared.padded(length) for length in lengths)
            memory = mmap.mmap(descriptor, size, flags=mmap.MAP_PRIVATE, prot=mmap.PROT_READ | mmap.PROT_WRITE)
            os.close(descriptor)
            for length in lengths:
                arrays.append(np.frombuffer(memory, np.uint8, length, start))
                start += shared.padded(length)
        self.parts = pickle.loads(body, buffers=arrays)
