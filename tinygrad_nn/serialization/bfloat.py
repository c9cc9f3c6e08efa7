"""bfloat16, which NumPy lacks: read as float32, of which its numbers are the first halves. Nothing is rounded."""

from __future__ import annotations

from typing import Any

import numpy as np


def widened(memory: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """The float32 numbers that these bfloat16 ones are equal to, given as uint16 (of any shape)."""
    wide = memory.astype(np.uint32)
    wide <<= 16
    return wide.view(np.float32)
