"""Normalising each channel of a batch to mean 0 and variance 1, and the gradient of that: see `normalisation`."""

from __future__ import annotations

import functools
import math
from typing import Any, NamedTuple

import numpy as np

from .dtypes import FLOAT32, FLOAT64
from .kernels import add_reduce, column_sums, ones
from .normalisation import inverse_root, is_far, row_blocks, row_dots, sums

Array = np.ndarray[Any, Any]
_SOME = 100_000  # elements for which the starts of more steps take longer than these
_FEW = 16_384  # elements for which the starts of the steps count more than how quickly NumPy broadcasts
_LONG = 512  # elements in a plane that NumPy's broadcasting treats as quickly as copies


def _planes(x: Array) -> Array:
    """(images, channels, ...) as (images, channels, elements); a batch of vectors as (1, channels, vectors)."""
    if x.ndim == 2:
        return x.T[None]
    return x.reshape(x.shape[0], x.shape[1], math.prod(x.shape[2:]))


def _beside(by_channel: Array, planes: Array) -> Array:
    """A number for each channel, for arithmetic with planes.

    Repeated for all elements of short planes, so that it runs over a whole image at once. With long ones arithmetic
    with a number reads only one array.
    """
    images, _, size = planes.shape
    return by_channel[:, None] if images == 1 or size >= _LONG else by_channel.repeat(size).reshape(-1, size)


def batch_normalised(
    x: Array, weight: Array | None, bias: Array | None, eps: float
) -> tuple[Array, Array, Array, Array]:
    """Each channel normalised over all images; and the channels' means, inverse roots and variances."""
    planes = _planes(x)
    count = planes.shape[0] * planes.shape[2]
    if x.size < _SOME:
        return _batch_centred(x, planes, _channel_sums(planes) / count, weight, bias, eps)
    total, square = _channel_totals(planes, planes)
    mean = total / count
    variance = square / count - mean * mean
    root = inverse_root(variance, eps)
    if is_far(mean * root):
        return _batch_centred(x, planes, mean, weight, bias, eps)
    scale = root if weight is None else root * weight
    shift = -mean * scale if bias is None else bias - mean * scale
    out = np.empty_like(planes)
    scale, shift = _beside(scale, planes), _beside(shift, planes)
    for block in reversed(_image_blocks(planes)):
        written = np.multiply(planes[block], scale, out[block])
        written += shift
    return _as_images(out, x), mean, root, variance


def _batch_centred(
    x: Array, planes: Array, mean: Array, weight: Array | None, bias: Array | None, eps: float
) -> tuple[Array, Array, Array, Array]:
    """The same by the sums of the squares of deviations: of few elements, or where means are far from 0."""
    centred = planes - _beside(mean, planes)
    variance = _channel_dots(centred, centred) / (planes.shape[0] * planes.shape[2])
    root = inverse_root(variance, eps)
    centred *= _beside(root if weight is None else root * weight, planes)
    if bias is not None:
        centred += _beside(bias, planes)
    return _as_images(centred, x), mean, root, variance


def batch_gradient(
    g: Array, x: Array, weight: Array | None, mean: Array, root: Array, wanted: bool
) -> tuple[Array | None, Array, Array]:
    """The gradients of the input (if it is wanted), of the weight and of the bias."""
    planes, given = _planes(x), _planes(g)
    count = planes.shape[0] * planes.shape[2]
    scale = root if weight is None else root * weight
    if x.size < _SOME or is_far(mean * root):
        found = planes - _beside(mean, planes)
        of_bias, dots = _channel_sums(given), _channel_dots(given, found)
        if wanted:
            terms = (root * root * dots / -count, of_bias / -count, scale)
            _move(found, found, given, *[_beside(by_channel, planes) for by_channel in terms])
        return _as_images(found, x) if wanted else None, dots * root, of_bias
    of_bias, dots = _channel_totals(given, planes)
    dots -= mean * of_bias
    if not wanted:
        return None, dots * root, of_bias
    found = np.empty_like(planes)
    slope = root * root * dots / -count
    moved = of_bias / -count - slope * mean
    factors = [_beside(by_channel, planes) for by_channel in (slope, moved, scale)]
    for block in reversed(_image_blocks(planes)):
        _move(found[block], planes[block], given[block], *factors)
    return _as_images(found, x), dots * root, of_bias


def _move(found: Array, planes: Array, given: Array, slope: Array, moved: Array, scale: Array) -> None:
    """``found = (planes * slope + moved + given) * scale``."""
    np.multiply(planes, slope, found)
    found += moved
    found += given
    found *= scale


# --- of few elements ---------------------------------------------------------------------------------------------

# Each step's start counts here. An array times an array of no dimension starts in half of the time that a Python number
# takes (0.31 us, 0.60), and an array of the input's shape, no view of it, is what a leaf takes over without a copy.
# The deviations are kept for the gradient, as to compute them again is a tenth of all.


class _Plan(NamedTuple):
    """Shapes and numbers that only depend on the shape of the images, and their type."""

    planes: tuple[int, ...]  # (images, channels, elements); of vectors (vectors, channels)
    rows: tuple[int, int]  # (images * channels, elements); of vectors (vectors, channels)
    column: tuple[int, ...]  # the shape of a number for each channel that is to be broadcast to the planes
    beside: tuple[int, ...]  # and to the images
    by_image: tuple[int, int] | None  # the shape of a number for each row; None where there is one image
    each: Array  # how many elements a channel has
    minus_each: Array
    eps: Array
    all_elements: Array  # ones; to sum up planes; of no use to vectors
    all_images: Array  # to sum up images, or vectors


@functools.lru_cache(maxsize=256)
def _plan(shape: tuple[int, ...], eps: float, kind: Any) -> _Plan:
    images, channels, *lengths = shape
    size = math.prod(lengths)
    count = images * size
    each, minus_each, added = [np.array(number, kind) for number in (count, -count, eps)]
    column: tuple[int, ...]
    planes, column = ((images, channels, size), (channels, 1)) if lengths else (shape, (channels,))
    rows = (images * channels, size) if lengths else (images, channels)
    by_image = (images, channels) if lengths and images > 1 else None
    beside: tuple[int, ...] = (channels, *(1,) * len(lengths))
    if channels == 1:  # a number, with which arithmetic starts in a third of the time that broadcasting takes
        column = beside = ()
    totals = ones(size, kind), ones(images, kind)
    return _Plan(planes, rows, column, beside, by_image, each, minus_each, added, *totals)


def are_few(x: Array) -> bool:
    """Whether these are images for `few_normalised` and `few_gradient`."""
    kind = x.dtype
    return 0 < x.size < _FEW and x.ndim > 1 and (kind is FLOAT32 or kind is FLOAT64) and x.flags.c_contiguous


def _few_sums(rows: Array, plan: _Plan) -> Array:
    """The sum of each channel."""
    if len(plan.planes) == 2:
        return np.asarray(plan.all_images.dot(rows))
    by_plane = rows.dot(plan.all_elements)
    return by_plane if plan.by_image is None else np.asarray(plan.all_images.dot(by_plane.reshape(plan.by_image)))


def _few_dots(x: Array, y: Array, plan: _Plan) -> Array:
    """The sum of products of each channel."""
    if len(plan.planes) == 2:
        return np.asarray(plan.all_images.dot(x * y))
    by_plane: Array = np.vecdot(x, y)
    return by_plane if plan.by_image is None else np.asarray(plan.all_images.dot(by_plane.reshape(plan.by_image)))


def few_normalised(
    x: Array, weight: Array | None, bias: Array | None, eps: float
) -> tuple[Array, Array, Array, Array, Array]:
    """`batch_normalised` of few elements, in half of the time; and the deviations from the means."""
    plan = _plan(x.shape, eps, x.dtype)
    mean = _few_sums(x.reshape(plan.rows), plan)
    mean /= plan.each
    centred = x - mean.reshape(plan.beside)
    rows = centred.reshape(plan.rows)
    variance = _few_dots(rows, rows, plan)
    variance /= plan.each
    root = variance + plan.eps
    np.reciprocal(np.sqrt(root, root), root)
    out = centred * (root if weight is None else root * weight).reshape(plan.beside)
    if bias is not None:
        out += bias.reshape(plan.beside)
    return out, mean, root, variance, centred


def few_gradient(
    g: Array, centred: Array, weight: Array | None, root: Array, wanted: bool
) -> tuple[Array | None, Array, Array]:
    """`batch_gradient` of few elements."""
    plan = _plan(centred.shape, 0.0, centred.dtype)
    given = g.reshape(plan.rows)
    of_bias = _few_sums(given, plan)
    of_weight = _few_dots(given, centred.reshape(plan.rows), plan)
    of_weight *= root
    if not wanted:
        return None, of_weight, of_bias
    slope = of_weight * root
    slope /= plan.minus_each
    found = centred * slope.reshape(plan.beside)
    planes = found.reshape(plan.planes)
    planes += (of_bias / plan.minus_each).reshape(plan.column)
    planes += g.reshape(plan.planes)
    planes *= (root if weight is None else root * weight).reshape(plan.column)
    return found, of_weight, of_bias


def _image_blocks(planes: Array) -> list[slice]:
    """Images that stay in the cache from pass to pass, which takes 0.7 to 0.85 of the time.

    After the sums have been taken they are gone through from the last, which is in the cache still (.95).
    """
    return row_blocks(len(planes), planes[:1].size)


def _channel_totals(x: Array, y: Array) -> tuple[Array, Array]:
    """The sums of ``x`` and of ``x * y`` over each channel."""
    blocks = _image_blocks(x)
    if len(blocks) == 1:
        return _channel_sums(x), _channel_dots(x, y)
    found = [(_channel_dots(x[block], y[block]), _channel_sums(x[block])) for block in blocks]
    dots, total = np.array(found).sum(0)
    return total, dots


def _channel_sums(planes: Array) -> Array:
    if planes.flags.c_contiguous:
        return np.asarray(add_reduce(sums(planes), 0))
    if len(planes) == 1:  # of vectors
        return np.asarray(column_sums(planes[0].T))
    return np.asarray(add_reduce(planes, (0, 2)))


def _channel_dots(x: Array, y: Array) -> Array:
    if x.flags.c_contiguous and y.flags.c_contiguous:
        return np.asarray(add_reduce(row_dots(x, y), 0))
    if len(x) == 1:  # of vectors; einsum adds one by one, and loses half a digit with a thousand
        return np.asarray(column_sums((x[0] * y[0]).T))
    return np.asarray(np.einsum("ncp,ncp->c", x, y))


def _as_images(planes: Array, like: Array) -> Array:
    return planes[0].T if like.ndim == 2 else planes.reshape(like.shape)
