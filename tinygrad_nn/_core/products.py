"""Large products of matrices, their rows shared by a few threads."""

from __future__ import annotations

from typing import Any

import numpy as np

from .dtypes import FLOAT32, FLOAT64
from .modes import modes
from .sharing import share

Array = np.ndarray[Any, Any]

_SHARE = 8_000_000  # multiplications that are worth a thread, which takes over in 20 to 70 us
LARGE = 2 * _SHARE  # and those of products that may be shared


def are_shared(rows: Array, columns: int) -> bool:
    """Whether a product of these rows with so many columns is shared: if it is large, and other work is shared, too.

    In a program where nothing else is, OpenBLAS's own threads are as quick, and take over sooner.
    """
    kind = rows.dtype
    return rows.size * columns >= LARGE and modes.here.shares and (kind is FLOAT32 or kind is FLOAT64)


def shared_product(x: Array, y: Array, bias: Array | None = None) -> Array:
    """``x @ y + bias``."""
    out = np.empty((len(x), y.shape[1]), x.dtype)

    def compute(rows: slice) -> None:
        part = out[rows]
        np.dot(x[rows], y, part)
        if bias is not None:
            part += bias

    share(compute, len(x), x.size * y.shape[1] // _SHARE)
    return out


def shared_weight_gradient(g: Array, x: Array) -> Array:
    """``g.T @ x``: the sum of what the threads find for their rows."""
    found: Array
    found, *others = share(lambda rows: g[rows].T.dot(x[rows]), len(x), g.size * x.shape[1] // _SHARE)
    for other in others:
        found += other
    return found
