"""Normalising arrays to mean 0 and variance 1, and the gradients of that.

Plain functions of arrays, for the forward functions and rules of ops. Sums run as products with vectors (see
`kernels`), and what is left are as few passes over the arrays as the formulas allow, each in place where it can be.

With ``d = x - mean``, ``r = 1 / sqrt(variance + eps)`` and n elements that share a mean, the gradient of
``y = d * r * w + b`` is ``r * w * g - r * sum(w * g) / n - d * r ** 3 * sum(w * g * d) / n``
(Ioffe and Szegedy, 2015; Ba, Kiros and Hinton, 2016).
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any, TypeVar, cast

import numpy as np

from .dtypes import FLOAT32, FLOAT64
from .kernels import add_reduce, column_sums, ones

Array = np.ndarray[Any, Any]
F = TypeVar("F", bound=Callable[..., Any])
_BLOCK = 32_768  # elements that are treated together, so that they stay in the cache from pass to pass
_PIECE = 1024  # elements that NumPy treats at a time where it broadcasts
_FAR = 8.0  # deviations between a mean and 0


def row_dots(x: Array, y: Array) -> Array:
    """The sums of products along the last dimension."""
    return np.asarray(np.vecdot(x, y))


def sums(x: Array) -> Array:
    """The sums along the last dimension."""
    kind = x.dtype
    if kind is FLOAT32 or kind is FLOAT64:
        return np.asarray(x.dot(ones(x.shape[-1], kind)))
    return np.asarray(add_reduce(x, -1))


def inverse_root(variance: Array, eps: float) -> Array:
    """``1 / sqrt(variance + eps)``."""
    return np.asarray(1 / np.sqrt(variance + variance.dtype.type(eps)))


def _in_short_pieces(function: F) -> F:
    """The function, in which NumPy copies broadcast operands to its buffers only where they are shorter than these.

    With rows of a thousand elements or more, arithmetic with a number for each row, or a row for all, then takes half
    of the time.
    """

    @functools.wraps(function)
    def call(*args: Any) -> Any:
        before = np.setbufsize(_PIECE)
        try:
            return function(*args)
        finally:
            np.setbufsize(before)

    return cast(F, call)


# --- over a batch ------------------------------------------------------------------------------------------------


def _planes(x: Array) -> Array:
    """(images, channels, ...) as (images, channels, elements); a batch of vectors as (1, channels, vectors)."""
    if x.ndim == 2:
        return x.T[None]
    return x.reshape(x.shape[0], x.shape[1], math.prod(x.shape[2:]))


def _beside(by_channel: Array, planes: Array) -> Array:
    """A number for each channel, for arithmetic with planes.

    Repeated for all elements of a plane, so that it runs over a whole image at once.
    """
    images, _, size = planes.shape
    return by_channel[:, None] if images == 1 else np.repeat(by_channel, size).reshape(-1, size)


@_in_short_pieces
def batch_normalised(
    x: Array, weight: Array | None, bias: Array | None, eps: float
) -> tuple[Array, Array, Array, Array]:
    """Each channel normalised over all images; and the channels' means, inverse roots and variances."""
    planes = _planes(x)
    count = planes.shape[0] * planes.shape[2]
    mean = _channel_sums(planes) / count
    centred = planes - _beside(mean, planes)
    variance = _channel_dots(centred, centred) / count
    root = inverse_root(variance, eps)
    centred *= _beside(root if weight is None else root * weight, planes)
    if bias is not None:
        centred += _beside(bias, planes)
    return _as_images(centred, x), mean, root, variance


@_in_short_pieces
def batch_gradient(
    g: Array, x: Array, weight: Array | None, mean: Array, root: Array, wanted: bool
) -> tuple[Array | None, Array, Array]:
    """The gradients of the input (if it is wanted), of the weight and of the bias."""
    planes, given = _planes(x), _planes(g)
    count = planes.shape[0] * planes.shape[2]
    centred = planes - _beside(mean, planes)
    of_bias = _channel_sums(given)
    dots = _channel_dots(given, centred)
    if not wanted:
        return None, dots * root, of_bias
    scale = root if weight is None else root * weight
    centred *= _beside(scale * root * root * dots / -count, planes)
    centred -= _beside(scale * of_bias / count, planes)
    found = given * _beside(scale, planes)
    found += centred
    return _as_images(found, x), dots * root, of_bias


def _channel_sums(planes: Array) -> Array:
    if planes.flags.c_contiguous:
        return np.asarray(add_reduce(sums(planes), 0))
    if len(planes) == 1:  # of vectors
        return np.asarray(column_sums(planes[0].T))
    return np.asarray(add_reduce(planes, (0, 2)))


def _channel_dots(x: Array, y: Array) -> Array:
    if x.flags.c_contiguous and y.flags.c_contiguous:
        return np.asarray(add_reduce(row_dots(x, y), 0))
    return np.asarray(np.einsum("ncp,ncp->c", x, y))


def _as_images(planes: Array, like: Array) -> Array:
    return planes[0].T if like.ndim == 2 else planes.reshape(like.shape)


# --- over rows ---------------------------------------------------------------------------------------------------

# A matrix is scaled and moved by two more matrices, each a product of a number for each row with one for each column.
# BLAS writes them in half of the time that NumPy's broadcasting takes.


def _blocks(rows: int, columns: int) -> list[slice]:
    step = max(1, _BLOCK // max(columns, 1))
    return [slice(start, start + step) for start in range(0, rows, step)]


def _spread(by_row: Array, by_column: Array, other_row: Any = None, other_column: Any = None) -> Array:
    """``by_row * by_column + other_row * other_column`` as a matrix."""
    columns = np.zeros((len(by_row), 2), by_row.dtype)
    columns[:, 0] = by_row
    rows = np.zeros((2, by_column.size), by_row.dtype)
    rows[0] = by_column
    if other_row is not None:
        columns[:, 1], rows[1] = other_row, other_column
    return columns.dot(rows)  # type: ignore[no-any-return]


def _is_far(mean: Array, root: Array) -> bool:
    """Whether some means are so much larger than the deviations from them that sums of squares would lose these."""
    ratio = mean * root
    return bool(ratio.size) and not float(np.abs(ratio).max()) < _FAR


def rows_normalised(
    x: Array, weight: Array | None, bias: Array | None, eps: float
) -> tuple[Array, Array, Array]:
    """Each row of a matrix normalised, with a weight and a bias for each column; and the rows' means and roots."""
    rows, columns = x.shape
    out = np.empty_like(x)
    means, roots = np.empty(rows, x.dtype), np.empty(rows, x.dtype)
    factor = ones(columns, x.dtype) if weight is None else weight
    for block in _blocks(rows, columns):
        here, mean = x[block], sums(x[block]) / columns
        variance = row_dots(here, here) / columns - mean * mean
        root = inverse_root(variance, eps)
        if _is_far(mean, root):
            centred = here - mean[:, None]
            root = inverse_root(row_dots(centred, centred) / columns, eps)
        written = np.multiply(here, _spread(root, factor), out=out[block])
        written += _spread(-mean * root, factor, None if bias is None else 1, bias)
        means[block], roots[block] = mean, root
    return out, means, roots


def rows_gradient(
    g: Array, x: Array, weight: Array | None, mean: Array | None, root: Array, needs: tuple[bool, ...]
) -> tuple[Array | None, Array | None, Array | None]:
    """The gradients of rows, weights and biases, as far as they are needed. Without means: of `rows_scaled`."""
    rows, columns = x.shape
    found = np.empty_like(x) if needs[0] else None
    of_weight = np.zeros(columns, x.dtype) if needs[1] else None
    of_bias = column_sums(g) if len(needs) > 2 and needs[2] else None
    factor = ones(columns, x.dtype) if weight is None else weight
    for block in _blocks(rows, columns) if needs[0] or needs[1] else ():
        given, here, r = g[block], x[block], root[block]
        m = None if mean is None else mean[block]
        if m is not None and _is_far(m, r):
            here, m = here - m[:, None], np.zeros_like(m)
        products = given * here
        if of_weight is not None:
            of_weight += r.dot(products)
            of_weight -= 0 if m is None else (r * m).dot(given)
        if found is None:
            continue
        dots = products.dot(factor)
        written = np.multiply(given, _spread(r, factor), out=found[block])
        if m is not None:
            total = given.dot(factor)
            dots -= m * total
        slope = r * r * r * dots / columns
        written -= np.multiply(here, _spread(slope, ones(columns, x.dtype)), out=products)
        if m is not None:
            written -= _spread(r * total / columns - slope * m, ones(columns, x.dtype))
    return found, of_weight, of_bias


def rows_scaled(x: Array, weight: Array | None, eps: float) -> tuple[Array, Array]:
    """Each row of a matrix divided by the root of its mean square, times a weight for each column; and the roots."""
    rows, columns = x.shape
    out, roots = np.empty_like(x), np.empty(rows, x.dtype)
    factor = ones(columns, x.dtype) if weight is None else weight
    for block in _blocks(rows, columns):
        here = x[block]
        roots[block] = root = inverse_root(row_dots(here, here) / columns, eps)
        np.multiply(here, _spread(root, factor), out=out[block])
    return out, roots


# --- over groups of channels -------------------------------------------------------------------------------------


def groups_normalised(
    x: Array, weight: Array | None, bias: Array | None, groups: int, eps: float
) -> tuple[Array, Array, Array, Array]:
    """Each group of channels of each image normalised; and the means, inverse roots and variances."""
    images, channels, size = x.shape
    rows = x.reshape(images, groups, channels // groups * size)
    count = rows.shape[2]
    mean = sums(rows) / count
    centred = rows - mean[..., None]
    variance = row_dots(centred, centred) / count
    root = inverse_root(variance, eps)
    out = centred.reshape(x.shape)
    out *= _each_channel(root, weight, channels)[..., None]
    if bias is not None:
        out += bias[:, None]
    return out, mean, root, variance


def groups_gradient(
    g: Array, x: Array, weight: Array | None, mean: Array, root: Array, groups: int
) -> tuple[Array, Array, Array]:
    """The gradients of the input, of the weight and of the bias."""
    images, channels, size = x.shape
    share = channels // groups
    centred = (x.reshape(images, groups, share * size) - mean[..., None]).reshape(x.shape)
    by_channel = sums(g)
    dots = row_dots(g, centred)
    weighted = (by_channel, dots) if weight is None else (by_channel * weight, dots * weight)
    count = share * size
    total, dot = (w.reshape(images, groups, share).sum(2) / count for w in weighted)
    centred *= _each_channel(root * root * root * dot, None, channels)[..., None]
    centred += _each_channel(root * total, None, channels)[..., None]
    found = g * _each_channel(root, weight, channels)[..., None]
    found -= centred
    return found, (dots * _each_channel(root, None, channels)).sum(0), by_channel.sum(0)


def _each_channel(by_group: Array, weight: Array | None, channels: int) -> Array:
    """Numbers of the groups for each of their channels, times a weight."""
    each = np.repeat(by_group, channels // max(by_group.shape[1], 1), axis=1)
    return each if weight is None else each * weight
