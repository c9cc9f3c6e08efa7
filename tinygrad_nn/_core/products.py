"""Large products of matrices, their rows shared by a few threads."""

from __future__ import annotations

from typing import Any

import numpy as np

from .block_products import product
from .dtypes import FLOAT32, FLOAT64
from .errands import later
from .modes import modes
from .sharing import share

Array = np.ndarray[Any, Any]

EACH = 4_000_000  # multiplications from which a product is worth another thread's while, if nobody waits for it
_SHARE = 2 * EACH  # that are worth a thread which somebody waits for: it takes over in 20 to 70 us
LARGE = 2 * _SHARE  # and those of products that may be shared
_LONG = 6 * _SHARE  # of which several threads make shorter work than one beside the others


def are_shared(rows: Array, columns: int, least: int = LARGE) -> bool:
    """Whether a product of these rows with so many columns is shared: if it is large, and other work is shared, too.

    In a program where nothing else is, OpenBLAS's own threads are as quick, and take over sooner.
    """
    kind = rows.dtype
    return rows.size * columns >= least and modes.here.shares and (kind is FLOAT32 or kind is FLOAT64)


def shared_product(x: Array, y: Array, bias: Array | None = None) -> Array:
    """``x @ y + bias``."""
    out = np.empty((len(x), y.shape[1]), x.dtype)

    def compute(rows: slice) -> None:
        part = out[rows]
        product(x[rows], y, part)
        if bias is not None:
            part += bias

    share(compute, len(x), x.size * y.shape[1] // _SHARE)
    return out


def weight_gradient(g: Array, x: Array) -> Any:
    """``g.T @ x``: an `Errand` where another thread computes it, or the sum of what several threads find."""
    if not are_shared(g, x.shape[1], EACH):
        return product(g.T, x)
    if (size := g.size * x.shape[1]) < _LONG:
        return later(lambda: product(g.T, x))
    found: Array
    found, *others = share(lambda rows: product(g[rows].T, x[rows]), len(x), size // _SHARE)
    for other in others:
        found += other
    return found
