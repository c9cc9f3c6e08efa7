"""Writing files whole or not at all: whatever happens, the old one or the new one is there, whole."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Callable
from typing import IO, Any

try:
    import fcntl
except ImportError:  # Windows, where nobody can remove a file that is open
    fcntl = None  # type: ignore[assignment]

_CHUNK = 1 << 26  # of bytes handed to a file at once


def writer(file: Any) -> Callable[[Any], None]:
    """Hands all bytes to the file, which may take fewer at once."""

    def write(data: Any) -> None:
        rest = memoryview(data)
        while rest:
            taken = file.write(rest[:_CHUNK])
            rest = rest[taken if isinstance(taken, int) else min(_CHUNK, len(rest)) :]

    return write


def replace(path: str, fill: Callable[[IO[bytes]], Any]) -> None:
    """Fill a file that takes the path's place when it is complete, and is on the disk.

    It is written under another name beside the path. If the process is killed, that file stays behind; the next one
    that is written to the path removes it.

    Args:
        path: where it is to be. A link stays one; a device or a pipe is written to.
        fill: writes to the open file.

    Raises:
        RuntimeError: there is no such folder, or the path is a folder.
        OSError: it cannot be written. What was there is still there.
    """
    path = os.path.realpath(path)
    folder, name = os.path.split(path)
    if not os.path.isdir(folder):
        raise RuntimeError(f"Parent directory {folder} does not exist.")
    if os.path.isdir(path):
        raise RuntimeError(f"open file failed with strerror: Is a directory: {path}")
    mode = os.stat(path).st_mode if os.path.exists(path) else None
    if mode is not None and not stat.S_ISREG(mode):
        with open(path, "wb") as device:
            fill(device)
        return
    start = f".{name[:100]}."
    _remove_abandoned(folder, start)
    file, partial = _open_partial(folder, start)
    try:
        with file:
            fill(file)
            file.flush()
            os.fsync(file.fileno())
        if mode is not None:
            os.chmod(partial, stat.S_IMODE(mode))
        os.replace(partial, path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.remove(partial)
        raise
    _sync_folder(folder)


_END = ".partial"


def _open_partial(folder: str, start: str) -> tuple[IO[bytes], str]:
    """A new file, locked so that others see that it is being written."""
    while True:
        partial = os.path.join(folder, f"{start}{os.urandom(6).hex()}{_END}")
        file = open(partial, "xb")  # noqa: SIM115 - the caller closes it
        if _lock(file) and os.path.exists(partial):
            return file, partial
        file.close()  # someone took it for abandoned between the two lines


def _lock(file: IO[bytes]) -> bool:
    """Whether it is ours. Where files cannot be locked it is, for there nobody removes another's."""
    if fcntl is None:
        return True
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True


def _remove_abandoned(folder: str, start: str) -> None:
    """Remove what processes that were killed have left: files that nobody holds the lock of."""
    if fcntl is None:
        return
    for name in os.listdir(folder):
        if name.startswith(start) and name.endswith(_END) and len(name) == len(start) + 12 + len(_END):
            path = os.path.join(folder, name)
            with contextlib.suppress(OSError), open(path, "r+b") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                os.remove(path)


def _sync_folder(folder: str) -> None:
    """See to it that the new name is on the disk, too."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    with contextlib.suppress(OSError):  # some file systems cannot
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
