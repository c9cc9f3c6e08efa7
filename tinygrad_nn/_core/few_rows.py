"""Normalising the rows of small matrices, and the gradient of that: see `normalisation`.

Each step's start counts here, not how often the elements are read. So what the gradient needs is kept from the forward
pass, in two arrays of the input's size (a third of the gradient's time for 10,000 numbers); arithmetic is between
arrays of one shape where it can be, as broadcasting starts in three times the time (0.9 us, 0.27); and numbers are
arrays of no dimension, with which NumPy starts in half of the time that Python's take.
"""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np

from .kernels import ones

Array = np.ndarray[Any, Any]
_FEW = 16_384  # elements for which the steps here take less time than those of `normalisation`


def are_few(x: Array) -> bool:
    """Whether a matrix is one for the functions here."""
    return x.size < _FEW


@functools.lru_cache(maxsize=256)
def _numbers(columns: int, eps: float, kind: Any) -> tuple[Array, ...]:
    """What so many columns are divided by and so on."""
    return tuple([np.array(number, kind) for number in (columns, columns * eps, math.sqrt(columns))])


def few_rows_normalised(
    x: Array, weight: Array | None, bias: Array | None, eps: float
) -> tuple[Array, Array, Array, Array]:
    """`rows_normalised` of few elements: the result, and what `few_rows_gradient` wants.

    Returns:
        The result; the inverse root for each row; the deviations from the rows' means; what these were multiplied by,
        of their shape, or a number for each row.
    """
    columns = x.shape[1]
    kind = x.dtype
    count, added, length = _numbers(columns, eps, kind)
    mean = x.dot(ones(columns, kind))
    mean /= count
    centred = x - mean[:, None]
    root = np.vecdot(centred, centred)
    root += added
    np.divide(length, np.sqrt(root, root), root)
    scale = root[:, None]
    if weight is not None:
        scale = scale.dot(weight[None])
    out = centred * scale
    if bias is not None:
        out += bias
    return out, root, centred, scale


def few_rows_scaled(x: Array, weight: Array | None, eps: float) -> tuple[Array, Array, Array]:
    """`rows_scaled` of few elements: the result, the roots, and what x was multiplied by."""
    _, added, length = _numbers(x.shape[1], eps, x.dtype)
    root = np.vecdot(x, x)
    root += added
    np.divide(length, np.sqrt(root, root), root)
    scale = root[:, None]
    if weight is not None:
        scale = scale.dot(weight[None])
    return x * scale, root, scale


def few_rows_gradient(
    g: Array, x: Array, root: Array, scale: Array, weight: Array | None, needs: tuple[bool, ...], moved: bool = True
) -> tuple[Array | None, Array | None, Array | None]:
    """The gradients of rows, weights and biases, as far as they are needed.

    Args:
        g, weight, needs: as those of the rule.
        x: what was multiplied by `scale`: deviations from means, or the rows themselves.
        root, scale: from the forward pass.
        moved: whether these are deviations from means.
    """
    rows, columns = g.shape
    kind = g.dtype
    of_bias = ones(rows, kind).dot(g) if moved and needs[2] else None
    products = g * x
    of_weight = root.dot(products) if needs[1] else None
    if not needs[0]:
        return None, of_weight, of_bias
    factor = ones(columns, kind) if weight is None else weight
    each = root / _numbers(columns, 0.0, kind)[0]
    slope = products.dot(factor)
    slope *= each
    slope *= root
    slope *= root
    np.multiply(x, slope[:, None], products)
    if moved:
        each *= g.dot(factor)
        products += each[:, None]
    found = g * scale
    found -= products
    return found, of_weight, of_bias
