"""Convolutions of arrays, and their two gradients: matrix products of weights, strips and gradients.

The three functions are each other's gradients, whichever two of input, weight and output are given. Images are of shape
(images, channels, ...) with at least two further dimensions; weights are (outputs, channels of a group, *kernel).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .strips import Strips, Window, bytes_of, images_at_once, is_thin, parts_for, window

Array = np.ndarray[Any, Any]
# With more outputs, and so many weights for each, the product with a transposed copy of the gradient is the quicker.
_FEW, _SHORT = 16, 100


def correlate(x: Array, weight: Array, bias: Array | None, over: Window, groups: int) -> Array:
    """The convolution of images with weights, plus a bias for each output channel."""
    together = _folds(x.shape[:2], weight.shape[0], over)
    if together:
        return _by_folding(x, weight, bias, over, groups, together)
    images, channels = x.shape[:2]
    outputs, group = weight.shape[:2]
    x = np.ascontiguousarray(x)
    out = np.empty((images, outputs, *over.counts), x.dtype)
    whole = is_thin(over, group)
    factors = _factors(weight, groups, whole)
    parts = parts_for(over.counts[-2] * over.counts[-1], outputs // groups * factors.shape[-1])
    size = images_at_once(images, bytes_of(over, channels, outputs, x.itemsize, whole))
    strips = Strips(over, groups, size, channels, x.dtype, parts, whole)
    part = np.empty((size, *out.shape[1:]), x.dtype) if len(factors) > 1 else out[:0]
    targets, partial = _as_matrices(out, groups, parts), _as_matrices(part, groups, parts)
    shift = None if bias is None else bias.reshape(-1, *(1,) * len(over.counts))
    for start in range(0, images, size):
        these = slice(start, start + size)
        here = out[these]
        first, *others = strips.load(x[these])
        np.matmul(factors[0], first, targets[these])
        for factor, matrices in zip(factors[1:], others, strict=True):
            np.matmul(factor, matrices, partial[: len(here)])
            np.add(here, part[: len(here)], here)
        if shift is not None:
            np.add(here, shift, here)
    return out


def weight_gradient(x: Array, g: Array, shape: tuple[int, ...], over: Window, groups: int) -> Array:
    """The gradient of the weights, of this shape, from the images and the gradient of the output."""
    images, channels = x.shape[:2]
    outputs, group, *kernel = shape
    together = _folds(x.shape[:2], outputs, over)
    if together:
        return _weights_by_folding(x, g, shape, over, groups, together)
    x = np.ascontiguousarray(x)
    whole = is_thin(over, group)
    size = images_at_once(images, bytes_of(over, channels, 2 * outputs, x.itemsize, whole))
    turn = outputs > _FEW * groups and group * math.prod(kernel) >= _SHORT
    rows = math.prod(kernel[:-1])
    kinds, tall = (1, rows * group * kernel[-1]) if whole else (rows, group * kernel[-1])
    parts = parts_for(over.counts[-2] * over.counts[-1], outputs // groups * tall, 256)
    strips = Strips(over, groups, size, channels, x.dtype, parts, whole)
    given = _as_matrices(g, groups, parts).swapaxes(-1, -2)
    total = np.zeros((kinds, groups, tall, outputs // groups), x.dtype)
    summed = (0, *range(2, given.ndim - 2))
    for start in range(0, images, size):
        these = slice(start, start + size)
        gradient = np.ascontiguousarray(given[these]) if turn else given[these]
        for kind, matrices in enumerate(strips.load(x[these])):
            total[kind] += np.matmul(matrices, gradient).sum(summed)
    # (kinds, groups, tall, outputs of a group), as `_factors` has it
    if whole:
        total = total.reshape(groups, rows, -1, outputs // groups).swapaxes(0, 1)
    apart = total.reshape(rows, groups, group, kernel[-1], outputs // groups)
    return np.ascontiguousarray(apart.transpose(1, 4, 2, 0, 3)).reshape(shape)


def input_gradient(g: Array, weight: Array, over: Window, groups: int) -> Array:
    """The gradient of the images from the gradient of the output and the weights."""
    outputs, group, *kernel = weight.shape
    # Adding up takes time for each element of the strips, the product for each of the more numerous results.
    more = math.prod(over.lengths) / max(math.prod(over.counts), 1)
    if any(s != 1 for s in over.stride) or more > 1 + 10 * groups / outputs:
        together = _folds((len(g), groups * group), outputs, over)
        if together:
            return _scatter_by_folding(g, weight, over, groups, together)
        return _scatter(g, weight, over, groups)
    reach = [d * (k - 1) for d, k in zip(over.dilation, kernel, strict=True)]
    around = tuple([(r - before, r - after) for r, (before, after) in zip(reach, over.padding, strict=True)])
    turned = np.flip(weight, tuple(range(2, weight.ndim))).reshape(groups, outputs // groups, group, *kernel)
    turned = turned.swapaxes(1, 2).reshape(groups * group, outputs // groups, *kernel)
    return correlate(g, turned, None, window(over.counts, over.kernel, over.stride, over.dilation, around), groups)


def _scatter(g: Array, weight: Array, over: Window, groups: int) -> Array:
    """The gradient of the images by the adjoint of each step: products, adding up the rows, adding up the columns."""
    images, channels = len(g), groups * weight.shape[1]
    g = np.ascontiguousarray(g)
    out = np.zeros((images, channels, *over.lengths), g.dtype)
    size = images_at_once(images, bytes_of(over, 2 * channels, weight.shape[0], g.itemsize, False))
    factors = np.ascontiguousarray(_factors(weight, groups, False).swapaxes(-1, -2))
    parts = parts_for(over.counts[-2] * over.counts[-1], factors[0, 0].size)
    strips = Strips(over, groups, size, channels, g.dtype, parts)
    given = _as_matrices(g, groups, parts)
    for start in range(0, images, size):
        these = slice(start, start + size)
        for factor, target in zip(factors, strips.cleared(out[these]), strict=True):
            target += np.matmul(factor, given[these])
        strips.unload(out[these])
    return out


# --- many small images -------------------------------------------------------------------------------------------

# Where images are narrow, their rows are too short to be copied quickly. Several images are then laid into one another,
# as one image each of whose columns holds a column of all of them; what was a distance of 1 is now one of so many.


def _folds(sizes: tuple[int, ...], outputs: int, over: Window) -> int:
    """How many images to lay into one another; 0 where that is not worth its two copies."""
    images, channels = sizes
    if images < 8 or over.shifts is not None or over.plain or over.stride[-1] != 1 or over.counts[-1] > 24:
        return 0
    runs = channels * over.kernel[-1] * math.prod(over.rows)
    elements = channels * math.prod(over.lengths) + outputs * math.prod(over.counts)
    if 8 * runs < elements:
        return 0
    return min(32, images_at_once(images, bytes_of(over, channels, outputs, 4, False)))


def _folded(images: Array) -> Array:
    """Images as one, the images being the innermost dimension; that dimension and the columns are joined."""
    inward = np.ascontiguousarray(images.transpose(*range(1, images.ndim), 0))
    return inward.reshape(1, *inward.shape[:-2], inward.shape[-2] * inward.shape[-1])


def _unfold(folded: Array, images: Array) -> None:
    """The reverse of `_folded`, into an array."""
    inward = folded.reshape(*images.shape[1:], len(images))
    images[...] = inward.transpose(inward.ndim - 1, *range(inward.ndim - 1))


def _folded_window(over: Window, images: int) -> Window:
    def stretched(numbers: Any, by: Any) -> Any:
        return (*numbers[:-1], by(numbers[-1]))

    return window(
        stretched(over.lengths, lambda n: n * images), over.kernel, over.stride,
        stretched(over.dilation, lambda n: n * images),
        stretched(over.padding, lambda pair: (pair[0] * images, pair[1] * images)),
    )  # fmt: skip


def _by_folding(x: Array, weight: Array, bias: Array | None, over: Window, groups: int, together: int) -> Array:
    out = np.empty((len(x), weight.shape[0], *over.counts), x.dtype)
    for start in range(0, len(x), together):
        here = out[start : start + together]
        inside = _folded_window(over, len(here))
        _unfold(correlate(_folded(x[start : start + together]), weight, bias, inside, groups), here)
    return out


def _scatter_by_folding(g: Array, weight: Array, over: Window, groups: int, together: int) -> Array:
    out = np.empty((len(g), groups * weight.shape[1], *over.lengths), g.dtype)
    for start in range(0, len(g), together):
        here = out[start : start + together]
        _unfold(_scatter(_folded(g[start : start + together]), weight, _folded_window(over, len(here)), groups), here)
    return out


def _weights_by_folding(
    x: Array, g: Array, shape: tuple[int, ...], over: Window, groups: int, together: int
) -> Array:
    total = np.zeros(shape, x.dtype)
    for start in range(0, len(x), together):
        these = slice(start, start + together)
        inside = _folded_window(over, len(x[these]))
        total += weight_gradient(_folded(x[these]), _folded(g[these]), shape, inside, groups)
    return total


# --- arranging ---------------------------------------------------------------------------------------------------


def _as_matrices(out: Array, groups: int, parts: int) -> Array:
    """An output (images, channels, *counts) as products give it, a view.

    That is (images, groups, *outer counts, parts, channels of a group, columns), where the last two dimensions are in
    the columns.
    """
    images, outputs, *outer, high, wide = out.shape
    apart = out.reshape(images, groups, outputs // groups, *outer, parts, high * wide // parts)
    return apart.transpose(0, 1, *range(3, apart.ndim - 1), 2, -1 % apart.ndim)


def _factors(weight: Array, groups: int, whole: bool) -> Array:
    """Weights as the factors of the strips' matrices: for each kernel row, or for all together, a matrix.

    Their shape is (kinds, groups, 1, ..., outputs of a group, rows of the strips' matrix).
    """
    outputs, group, *kernel = weight.shape
    rows = math.prod(kernel[:-1])
    apart = weight.reshape(groups, outputs // groups, group, rows, kernel[-1])
    kinds, order = (1, (0, 1, 3, 2, 4)) if whole else (rows, (3, 0, 1, 2, 4))
    ones = (1,) * (len(kernel) - 1)
    arranged = np.ascontiguousarray(apart.transpose(order))
    return arranged.reshape(kinds, groups, *ones, outputs // groups, weight[0].size // kinds)
