"""Cross entropy of few scores, whose exponentials are kept: computed again they are half of the gradient's time."""

from __future__ import annotations

from typing import Any

import numpy as np

from .dtypes import FLOAT32, FLOAT64
from .kernels import are_moderate, ones, row_maxima

Array = np.ndarray[Any, Any]
_FEW = 16_384  # scores that are worth being kept


def are_few(x: Array) -> bool:
    """Whether a matrix of scores, a row for each example, is one for the functions here."""
    return 0 < x.size <= _FEW and (x.dtype is FLOAT32 or x.dtype is FLOAT64)


def few_losses(x: Array, places: Array) -> tuple[Array, Array, Array]:
    """The loss of each row, whose right class has this place in the flattened scores; and what the gradient wants.

    Returns:
        The losses; the exponentials, moved where they need it, in C order; the sum of each row of these.
    """
    scores = x.ravel().take(places)
    powers = np.exp(x, order="C")
    sums = powers.dot(ones(x.shape[1], x.dtype))
    if not are_moderate(sums):  # most need not be moved, which their sums tell at less cost than a look at x
        shift = row_maxima(x)
        np.exp(np.subtract(x, shift, powers), powers)
        sums = powers.dot(ones(x.shape[1], x.dtype))
        scores -= shift[:, 0]
    return np.log(sums) - scores, powers, sums


def few_slopes(g: Array, places: Array, powers: Array, sums: Array) -> Array:
    """The gradient of the scores; g is that of the losses, one or a number for each."""
    found: Array = powers * (g / sums)[:, None]
    found.ravel()[places] -= g
    return found
