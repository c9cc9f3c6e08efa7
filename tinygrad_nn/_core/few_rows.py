"""Normalising the rows of small matrices, and the gradient of that: see `normalisation`.

Each step's start counts here, not how often the elements are read. So what the gradient needs is kept from the forward
pass, in two arrays of the input's size (a third of the gradient's time for 10,000 numbers); arithmetic is between
arrays of one shape where it can be, as broadcasting starts in three times the time (0.9 us, 0.27), and writing a number
for each row into a whole matrix in less (0.35); and numbers are arrays of no dimension, with which NumPy starts in half
of the time that Python's take.
"""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np

from .kernels import add_reduce, ones

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
) -> tuple[Array, tuple[Array, ...]]:
    """`rows_normalised` of few elements: the result, and what `few_rows_gradient` wants.

    That is: the inverse root for each row; the sum of squares that it was made of; the deviations from the rows' means;
    what these were multiplied by, of their shape, or a number for each row.
    """
    columns, kind = x.shape[1], x.dtype
    mean = x.dot(ones(columns, kind))
    mean /= _numbers(columns, eps, kind)[0]
    centred = np.empty(x.shape, kind)
    centred.T[...] = mean
    np.subtract(x, centred, centred)
    root, square, scale = _scaling(centred, weight, eps)
    out = centred * scale
    if bias is not None:
        out += bias
    return out, (root, square, centred, scale)


def few_rows_scaled(x: Array, weight: Array | None, eps: float) -> tuple[Array, tuple[Array, ...]]:
    """`rows_scaled` of few elements; kept are the roots, the sums of squares, and what x was multiplied by."""
    kept = _scaling(x, weight, eps)
    return x * kept[2], kept


def _scaling(x: Array, weight: Array | None, eps: float) -> tuple[Array, Array, Array]:
    """For each row the inverse root and the sum of squares that it was made of; and the factors of all elements."""
    _, added, length = _numbers(x.shape[1], eps, x.dtype)
    square = np.vecdot(x, x)
    square += added
    root = np.sqrt(square)
    np.divide(length, root, root)
    scale = root[:, None]
    return root, square, scale if weight is None else scale.dot(weight[None])


def few_rows_gradient(
    g: Array, x: Array, root: Array, square: Array, scale: Array, weight: Array | None, needs: tuple[bool, ...],
    moved: bool = True,
) -> tuple[Array | None, Array | None, Array | None]:  # fmt: skip
    """The gradients of rows, weights and biases, as far as they are needed.

    Args:
        g, weight, needs: as those of the rule.
        x: what was multiplied by `scale`: deviations from means, or the rows themselves.
        root, square, scale: from the forward pass.
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
    slope = products.dot(factor)
    slope *= root
    slope /= square  # which is columns / root ** 2
    found = np.empty(g.shape, kind)
    found.T[...] = slope
    found *= x
    if moved:
        each = g.dot(factor)
        each *= root
        each /= _numbers(columns, 0.0, kind)[0]
        products.T[...] = each
        found += products
    np.multiply(g, scale, products)
    np.subtract(products, found, found)
    return found, of_weight, of_bias


# --- groups of channels ------------------------------------------------------------------------------------------
# A group is a row; what has a number for each channel is repeated for each of its elements.


def few_groups_normalised(
    x: Array, weight: Array | None, bias: Array | None, groups: int, eps: float
) -> tuple[Array, tuple[Array | None, ...]]:
    """`groups_normalised` of few elements: the result, and what the gradient wants, as residuals in their order."""
    images, channels, size = x.shape
    rows = x.reshape(images * groups, channels // groups * size)
    out, (root, square, centred, scale) = few_rows_normalised(rows, None, None, eps)
    by_image = out.reshape(images, channels * size)
    if weight is not None:
        by_image *= weight.repeat(size)
    if bias is not None:
        by_image += bias.repeat(size)
    return out, (None, root, square, centred, scale)


def few_groups_gradient(
    g: Array, centred: Array, root: Array, square: Array, scale: Array, weight: Array | None, groups: int,
    needs: tuple[bool, ...],
) -> tuple[Array | None, Array | None, Array | None]:  # fmt: skip
    """The gradients of groups, weights and biases, as far as they are needed; for arguments see `few_rows_gradient`."""
    images, channels, size = g.shape
    planes, each = (images * channels, size), ones(size, g.dtype)
    of_weight = of_bias = None
    if needs[2]:
        of_bias = add_reduce(g.reshape(planes).dot(each).reshape(images, channels), 0)
    if needs[1]:
        by_channel = np.vecdot(g.reshape(planes), centred.reshape(planes)).reshape(len(root), channels // groups)
        by_channel *= scale
        of_weight = add_reduce(by_channel.reshape(images, channels), 0)
    if not needs[0]:
        return None, of_weight, of_bias
    if weight is not None:
        g = g.reshape(images, channels * size) * weight.repeat(size)
    found, _, _ = few_rows_gradient(g.reshape(centred.shape), centred, root, square, scale, None, _ROWS_ALONE)
    return found, of_weight, of_bias


_ROWS_ALONE = (True, False, False)
