"""Normalising arrays to mean 0 and variance 1, and the gradients of that.

Plain functions of arrays, for the forward functions and rules of ops. Sums run as products with vectors (see
`kernels`), and what is left are as few passes over the arrays as the formulas allow, each in place where it can be.

With ``d = x - mean``, ``r = 1 / sqrt(variance + eps)`` and n elements that share a mean, the gradient of
``y = d * r * w + b`` is ``r * w * g - r * sum(w * g) / n - d * r ** 3 * sum(w * g * d) / n``
(Ioffe and Szegedy, 2015; Ba, Kiros and Hinton, 2016).
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from .dtypes import FLOAT32, FLOAT64
from .kernels import add_reduce, largest, ones, smallest
from .sharing import share

Array = np.ndarray[Any, Any]
_BLOCK = 262_144  # elements that are treated together, so that they stay in the cache from pass to pass
_LONG = 512  # elements in a plane that NumPy's broadcasting treats as quickly as copies
_MANY = 2 * _BLOCK  # elements that are not in the cache any more
_SHARE = 200_000  # elements of rows that are worth a thread
_FAR = 2.0  # deviations between a mean and 0


def row_dots(x: Array, y: Array) -> Array:
    """The sums of products along the last dimension."""
    return np.asarray(np.vecdot(x, y))


def sums(x: Array) -> Array:
    """The sums along the last dimension."""
    kind = x.dtype
    if kind is FLOAT32 or kind is FLOAT64:
        rows = x.reshape(-1, x.shape[-1]) if x.ndim > 2 and x.size else x  # one product, not one for each plane
        return np.asarray(rows.dot(ones(x.shape[-1], kind))).reshape(x.shape[:-1])
    return np.asarray(add_reduce(x, -1))


def inverse_root(variance: Array, eps: float) -> Array:
    """``1 / sqrt(variance + eps)``."""
    return np.asarray(1 / np.sqrt(variance + variance.dtype.type(eps)))


# --- over rows ---------------------------------------------------------------------------------------------------

# A matrix is scaled and moved by more matrices, each a product of a number for each row with one for each column. BLAS
# makes them in a third of the time that NumPy's broadcasting takes, which is worth its start where there are many
# numbers. Always of two terms, as OpenBLAS is quicker with them than with one; by `matmul`, as `dot` clears the result
# first (for 3200 rows of 64: broadcasting 51 us, `dot` 24, `matmul` 17).


def row_blocks(rows: int, columns: int) -> list[slice]:
    """The rows of a matrix, as many at a time as stay in the cache."""
    step = max(1, _BLOCK // max(columns, 1))
    return [slice(start, start + step) for start in range(0, rows, step)]


def _two_rows(first: Array | float, second: Array | float, columns: int, kind: Any) -> Array:
    """Two numbers for each column, to be multiplied by two numbers for each row."""
    pair = np.empty((2, columns), kind)
    pair[0], pair[1] = first, second
    return pair


def is_far(ratio: Array) -> bool:
    """Whether some means are so much larger than the deviations from them that sums of squares would lose these."""
    return bool(ratio.size) and not (largest(ratio) < _FAR and smallest(ratio) > -_FAR)


def _are_broadcast(rows: int, columns: int) -> bool:
    """Whether NumPy's broadcasting is the quicker way: over long rows and, while all are in the cache, over shorter."""
    return columns >= (_LONG if rows * columns <= _MANY else 4 * _LONG)


def _moments(x: Array, eps: float) -> tuple[Array, Array, Array, Array]:
    """The means and inverse roots of many rows, the products of the two, and the variances."""
    columns = x.shape[1]
    variance = row_dots(x, x)  # the first look at x: it fetches from memory at twice the speed of a product with ones
    variance /= columns
    mean = sums(x)
    mean /= columns
    variance -= mean * mean
    root = inverse_root(variance, eps)
    ratio = mean * root
    if is_far(ratio):
        centred = x - mean[:, None]
        variance = row_dots(centred, centred) / columns
        root = inverse_root(variance, eps)
        ratio = mean * root
    return mean, root, ratio, variance


def rows_normalised(
    x: Array, weight: Array | None, bias: Array | None, eps: float
) -> tuple[Array, Array, Array]:
    """Each row of a matrix normalised, with a weight and a bias for each column; and the rows' means and roots."""
    rows, columns = x.shape
    out = np.empty_like(x)
    means = np.empty(rows, x.dtype)
    terms = np.ones((3, rows), x.dtype)  # for each row its root, by what it is moved, and 1
    blocks = row_blocks(rows, columns)
    if _are_broadcast(rows, columns):
        share(functools.partial(_write_long_rows, x, weight, bias, eps, blocks, out, means, terms[0]),
              len(blocks), x.size // _SHARE)  # fmt: skip
        return out, means, terms[0]
    factor = 1 if weight is None else weight
    scale = _two_rows(factor, 0, columns, x.dtype)
    shift = _two_rows(factor, 0 if bias is None else bias, columns, x.dtype)

    def compute(some: slice) -> None:
        room = np.empty((2, min(blocks[0].stop, rows), columns), x.dtype)  # the result goes to memory once
        for block in blocks[some]:
            here, pairs = x[block], terms[:, block].T
            means[block], pairs[:, 0], ratio, _ = _moments(here, eps)
            np.negative(ratio, pairs[:, 1])
            scaled, by = room[:, : len(here)]
            np.multiply(here, np.matmul(pairs[:, :2], scale, scaled), scaled)
            np.add(scaled, np.matmul(pairs[:, 1:], shift, by), out[block])

    share(compute, len(blocks), x.size // _SHARE)
    return out, means, terms[0]


def _write_long_rows(
    x: Array, weight: Array | None, bias: Array | None, eps: float, blocks: list[slice], out: Array, means: Array,
    roots: Array, some: slice,
) -> None:  # fmt: skip
    """Some blocks of rows normalised: broadcast, in place, in .92 of the time that takes what BLAS makes."""
    for block in blocks[some]:
        means[block], roots[block], _, _ = _moments(x[block], eps)
        written = np.subtract(x[block], means[block, None], out[block])
        written *= roots[block, None]
        if weight is not None:
            written *= weight
        if bias is not None:
            written += bias


def rows_gradient(
    g: Array, x: Array, weight: Array | None, mean: Array | None, root: Array, wanted: bool
) -> tuple[Array | None, Array, Array]:
    """The gradients of rows (if it is wanted), weights and biases. Without means: of `rows_scaled`."""
    rows, columns = x.shape
    kind = x.dtype
    found = np.empty_like(x)
    factor = ones(columns, kind) if weight is None else weight
    scale, each = _two_rows(factor, 0, columns, kind), _two_rows(0, 1, columns, kind)
    blocks = row_blocks(rows, columns)

    def compute(x: Array, some: slice) -> tuple[Array, Array]:
        of_weight, of_bias = np.zeros(columns, kind), np.zeros(columns, kind)  # not views, which leaves would copy
        room = np.empty((2, min(blocks[0].stop, rows), columns), kind)
        for block in blocks[some]:
            given, here, r = g[block], x[block], root[block]
            m = np.zeros_like(r) if mean is None else mean[block]
            terms = np.ones((4, len(r)), kind)
            ratio = np.multiply(m, r, terms[2])
            if is_far(ratio):
                here, m = here - m[:, None], np.zeros_like(m)
                ratio.fill(0)
            products, by = room[:, : len(r)]
            np.multiply(given, here, products)
            moved, plain = terms[2:].dot(given)
            of_weight += r.dot(products)
            of_weight -= moved
            of_bias += plain
            if not wanted:
                continue
            terms[0] = r
            part = r / columns
            dots = products.dot(factor)
            if mean is not None:
                total = given.dot(factor)
                dots -= m * total
            if columns >= _LONG:  # broadcast, in place where it can be, in .93 of the time that takes what BLAS makes
                mixed = weight is not None and not _are_broadcast(rows, columns)  # or only what is of columns: .88
                slope = dots * (r * r * part if mixed else r * part)
                moves = np.multiply(here, slope[:, None], products)
                if mean is not None:
                    moves += (total * (part if mixed else 1 / columns) - slope * m)[:, None]
                if mixed:
                    np.subtract(np.multiply(given, np.matmul(terms[:2].T, scale, by), by), moves, found[block])
                    continue
                weighted = given if weight is None else np.multiply(given, weight, found[block])
                written = np.subtract(weighted, moves, found[block])
                written *= r[:, None]
                continue
            slope = np.multiply(dots, r * r * part, terms[1])
            np.multiply(given, np.matmul(terms[:2].T, scale, by), by)
            np.multiply(here, np.matmul(terms[:2].T, each, products), products)
            if mean is None:
                np.subtract(by, products, found[block])
                continue
            by -= products
            np.subtract(slope * m, part * total, terms[2])
            np.add(by, np.matmul(terms[1:3].T, each, products), found[block])
        return of_weight, of_bias

    (of_weight, of_bias), *others = share(functools.partial(compute, x), len(blocks), x.size // _SHARE)
    for more_of_weight, more_of_bias in others:
        of_weight += more_of_weight
        of_bias += more_of_bias
    return found if wanted else None, of_weight, of_bias


def rows_scaled(x: Array, weight: Array | None, eps: float) -> tuple[Array, Array]:
    """Each row of a matrix divided by the root of its mean square, times a weight for each column; and the roots."""
    rows, columns = x.shape
    out = np.empty_like(x)
    terms = np.ones((2, rows), x.dtype)
    scale = _two_rows(1 if weight is None else weight, 0, columns, x.dtype)
    for block in row_blocks(rows, columns):
        here = x[block]
        terms[0, block] = inverse_root(row_dots(here, here) / columns, eps)
        written = np.matmul(terms[:, block].T, scale, out[block])
        written *= here
    return out, terms[0]


# --- over groups of channels -------------------------------------------------------------------------------------


def groups_normalised(
    x: Array, weight: Array | None, bias: Array | None, groups: int, eps: float
) -> tuple[Array, Array, Array, Array]:
    """Each group of channels of each image normalised; and the means, inverse roots and variances."""
    images, channels, size = x.shape
    out = np.empty_like(x)
    means, roots, variances = np.empty((3, images, groups), x.dtype)
    for block in row_blocks(images, channels * size):
        rows = x[block].reshape(-1, channels // groups * size)
        mean, root, ratio, variance = (found.reshape(-1, groups) for found in _moments(rows, eps))
        means[block], roots[block], variances[block] = mean, root, variance
        shift = _each_channel(-ratio, weight, channels)
        shift = shift if bias is None else shift + bias
        written = np.multiply(x[block], _along(_each_channel(root, weight, channels), size), out[block])
        written += _along(shift, size)
    return out, means, roots, variances


def groups_gradient(
    g: Array, x: Array, weight: Array | None, mean: Array, root: Array, groups: int
) -> tuple[Array, Array, Array]:
    """The gradients of the input, of the weight and of the bias."""
    images, channels, size = x.shape
    share = channels // groups
    found = np.empty_like(x)
    of_weight, of_bias = np.zeros((2, channels), x.dtype)
    blocks = row_blocks(images, channels * size)
    room = np.empty((min(blocks[0].stop, images), channels, size) if blocks else 0, x.dtype)
    for block in blocks:
        given, here, m, r = g[block], x[block], mean[block], root[block]
        if is_far(m * r):
            here, m = here - _along(_each_channel(m, None, channels), 1), np.zeros_like(m)
        by_channel, dots = sums(given), row_dots(given, here)
        dots -= by_channel * _each_channel(m, None, channels)
        of_bias += add_reduce(by_channel, 0)
        of_weight += add_reduce(dots * _each_channel(r, None, channels), 0)
        weighted = (by_channel, dots) if weight is None else (by_channel * weight, dots * weight)
        total, dot = (add_reduce(w.reshape(-1, groups, share), 2) / (share * size) for w in weighted)
        slope = r * r * r * dot
        written = np.multiply(given, _along(_each_channel(r, weight, channels), size), found[block])
        written -= np.multiply(here, _along(_each_channel(slope, None, channels), size), room[: len(here)])
        written += _along(_each_channel(slope * m - r * total, None, channels), size)
    return found, of_weight, of_bias


def _along(by_channel: Array, size: int) -> Array:
    """A number for each channel of each image, for arithmetic with planes; repeated where these are short.

    For 512 planes: of 256 elements 13 + 15 us instead of 30, of 1024 elements 50 + 40 instead of 67.
    """
    return by_channel[..., None] if size >= _LONG else by_channel.repeat(size).reshape(*by_channel.shape, size)


def _each_channel(by_group: Array, weight: Array | None, channels: int) -> Array:
    """Numbers of the groups for each of their channels, times a weight."""
    each = by_group.repeat(channels // max(by_group.shape[1], 1), 1)
    return each if weight is None else each * weight
