"""Keep freed memory: a training step frees and allocates the same arrays again and again.

By default glibc gives every block above 128 KiB back to the system when it is freed, and the pages fault in anew at the
next use: about 2 us for each 4 KiB, half of a training step. Two settings keep the memory with the process. PyTorch
programs need no such thing as it brings an allocator of its own.

Set the environment variable ``TINYGRAD_NN_KEEP_MEMORY=0`` to leave the process's allocator as it is.
"""

from __future__ import annotations

import ctypes
import os
import sys

# From glibc's malloc.h.
_M_TRIM_THRESHOLD = -1
_M_MMAP_THRESHOLD = -3


def keep_freed_memory() -> bool:
    """Let freed memory stay with the process. Returns whether that was done: with glibc, unless switched off."""
    if not sys.platform.startswith("linux") or os.environ.get("TINYGRAD_NN_KEEP_MEMORY") == "0":
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):  # another C library, such as musl
        return False
    # Both: with the first alone, every free at the top of the heap would trim it.
    return bool(mallopt(_M_MMAP_THRESHOLD, 1 << 30)) and bool(mallopt(_M_TRIM_THRESHOLD, 2**31 - 1))
