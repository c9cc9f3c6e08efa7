"""Writing files whole or not at all."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from typing import Any

_CHUNK = 1 << 26  # of bytes handed to a file at once


def writer(file: Any) -> Callable[[Any], None]:
    """Hands all bytes to the file, which may take fewer at once."""

    def write(data: Any) -> None:
        rest = memoryview(data)
        while rest:
            taken = file.write(rest[:_CHUNK])
            rest = rest[taken if isinstance(taken, int) else min(_CHUNK, len(rest)) :]

    return write


def replace(path: str, fill: Callable[[Any], None]) -> None:
    """Fill a file that takes the path's place when it is complete, and is on the disk.

    Raises:
        RuntimeError: there is no such folder, or a folder has this name.
        OSError: the file cannot be written; what was there before is there still.
    """
    path = os.path.realpath(path)  # a link stays one
    folder = os.path.dirname(path)
    if not os.path.isdir(folder):
        raise RuntimeError(f"Parent directory {folder} does not exist.")
    if os.path.isdir(path):
        raise RuntimeError(f"open file failed with strerror: Is a directory: {path}")
    mode = os.stat(path).st_mode if os.path.exists(path) else None
    if mode is not None and not stat.S_ISREG(mode):  # a device or a pipe
        with open(path, "wb") as file:
            fill(file)
        return
    partial = os.path.join(folder, f".{os.path.basename(path)[:100]}.{os.urandom(6).hex()}.partial")
    try:
        with open(partial, "xb") as file:
            fill(file)
            file.flush()
            os.fsync(file.fileno())
        if mode is not None:
            os.chmod(partial, stat.S_IMODE(mode))
        os.replace(partial, path)
    except BaseException:
        if os.path.exists(partial):
            os.remove(partial)
        raise
