"""Convolutions of each channel by itself, as products with band matrices.

A row of a channel's result is the sum, over the kernel's rows, of a row of the image times a matrix that has the kernel
row's weights along its diagonals and zeros elsewhere. Most of the multiplications are with zeros, and yet the product
of all rows of a channel takes a third of the time of many products with a window's few weights: BLAS makes a hundred of
them in a nanosecond. Padding, stride and dilation along the columns are in the matrices, and cost nothing.

Zeros times what is not finite are nan, which would spread along a row. So results that are not finite are not returned.

Of wide images, some columns are treated at a time, each with a matrix of its own.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from .kernels import total
from .strips import Window, fit, images_at_once

Array = np.ndarray[Any, Any]
_WIDE = 48  # columns, from which some are treated at a time, as there are too many zeros
_DOTS = 9  # weights of a channel, for which as many dot products give their gradient sooner
_BYTES = 1_000_000  # of the channels that are then treated together, so that they stay in the cache
_TOGETHER = 16  # columns of the result that are treated at a time; of the weights' gradient, wherever there are more


def suits(over: Window, channels: int, outputs: int, groups: int) -> bool:
    """Whether each of so many channels is a group, and this is quicker than convolutions in general.

    For a pass over images of 28 x 28 with kernels of 3 x 3, 5 x 5 and 7 x 7 (ms, 16 x 64 channels): 3.1, 4.5, 6.7, and
    in general 2.1, 5.0, 9.3; every other column 0.9 and 1.4, in general 1.4 and 2.5.
    """
    if not _are_channels(over, channels, outputs, groups):
        return False
    columns, wide = over.kernel[1], max(over.lengths[1], over.counts[1])
    return columns >= 7 or wide <= (_WIDE if max(over.stride) > 1 else 7 * columns)


def suits_input(over: Window, channels: int, outputs: int, groups: int) -> bool:
    """The same, for the gradient of the images: where elements are skipped, in a third of the time at any size."""
    skipped = max(over.stride) > 1 and _are_channels(over, channels, outputs, groups)
    return skipped or suits(over, channels, outputs, groups)


def suits_weights(over: Window, channels: int, outputs: int, groups: int) -> bool:
    """The same, for the gradient of the weights: nearly always, and with large kernels in a third of the time."""
    return _are_channels(over, channels, outputs, groups)


def _are_channels(over: Window, channels: int, outputs: int, groups: int) -> bool:
    if len(over.lengths) != 2 or not groups == channels > 1:
        return False
    return outputs == groups or max(over.lengths[1], over.counts[1]) <= _WIDE


class _Columns(NamedTuple):
    """Columns of the result that are treated together."""

    inputs: slice  # the columns of the images that they need
    outputs: slice  # their numbers in the rows of results
    diagonals: list[tuple[Array, Array]]  # for each kernel column, the columns that it joins: of inputs, of outputs


class _Bands:
    """Where weights stand in the matrices, and where images' rows stand in what is multiplied by them."""

    def __init__(self, over: Window, groups: int, outputs: int, most: int = _WIDE) -> None:
        self.over, self.groups, self.share = over, groups, outputs // groups
        step, (before, _) = over.stride[0], over.padding[0]
        self.starts = [row * over.dilation[0] for row in range(over.kernel[0])]
        self.count = over.counts[0] + self.starts[-1] // step  # of results for an image, with those not wanted
        self.high = self.count * step + self.starts[-1] % step  # rows of an image, with padding
        self.high += -self.high % step
        self.count = self.high // step
        self.to, self.source = fit(over.lengths[0], -before, 1, self.high)
        wide = self.share == 1 and max(over.lengths[1], over.counts[1]) > most
        together = _TOGETHER if wide else over.counts[1]
        self.columns = [self._columns(start, together, wide) for start in range(0, over.counts[1], together)]

    def _columns(self, start: int, together: int, wide: bool) -> _Columns:
        over = self.over
        length, count, step, reach = over.lengths[1], over.counts[1], over.stride[1], over.dilation[1]
        stop = min(start + together, count)
        begin = start * step - over.padding[1][0]
        low, high = max(begin, 0), min(begin + (stop - start - 1) * step + reach * (over.kernel[1] - 1) + 1, length)
        high = max(low, high)
        diagonals = []
        for column in range(over.kernel[1]):
            first = begin + column * reach - low
            to, _ = fit(high - low, first, step, stop - start)
            outputs = np.arange(to.start, to.stop)
            diagonals.append((first + outputs * step, outputs))
        return _Columns(slice(low, high), slice(start, stop) if wide else slice(0, self.share * count), diagonals)

    def matrices(self, weight: Array) -> list[Array]:
        """For all columns that are treated together, (kernel rows, groups, input columns, a group's outputs)."""
        over = self.over
        apart = weight.reshape(self.groups, self.share, *over.kernel).transpose(3, 2, 0, 1)
        found = []
        for inputs, outputs, diagonals in self.columns:
            wide, count = inputs.stop - inputs.start, (outputs.stop - outputs.start) // self.share
            matrix = np.zeros((over.kernel[0], self.groups, wide, self.share, count), weight.dtype)
            for weights, (here, there) in zip(apart, diagonals, strict=True):
                matrix[:, :, here, :, there] = weights
            found.append(matrix.reshape(*matrix.shape[:3], -1))
        return found

    def weights(self, matrices: list[Array]) -> Array:
        """The adjoint of `matrices`: the sums along the diagonals."""
        over = self.over
        found: Any = 0
        for matrix, (_, _, diagonals) in zip(matrices, self.columns, strict=True):
            apart = matrix.reshape(*matrix.shape[:3], self.share, matrix.shape[3] // self.share)
            found = found + np.array([apart[:, :, here, :, there].sum(0) for here, there in diagonals])
        return np.ascontiguousarray(found.transpose(2, 3, 1, 0)).reshape(self.groups * self.share, 1, *over.kernel)

    def tiles(self, images: Array) -> list[slice]:
        """The images that are treated together."""
        over = self.over
        each = self.groups * (self.high * over.lengths[1] + 2 * self.count * self.share * over.counts[1])
        step = images_at_once(len(images), images.itemsize * each)
        return [slice(start, start + step) for start in range(0, len(images), step)]

    def rows(self, images: Array) -> Array:
        """The rows of all images, channel by channel."""
        found = np.zeros((self.groups, len(images), self.high, self.over.lengths[1]), images.dtype)
        found[:, :, self.to] = images[:, :, self.source].swapaxes(0, 1)
        return found.reshape(self.groups, -1, found.shape[-1])

    def under(self, rows: Array) -> list[Array]:
        """For each kernel row the rows that meet it, those of the first result first."""
        step = self.over.stride[0]
        stop = rows.shape[1] - self.starts[-1]
        return [rows[:, start : start + stop : step] for start in self.starts]

    def results(self, count: int, dtype: Any) -> tuple[Array, Array]:
        """Room for the results of so many images: their rows, and the same memory as (images, outputs, ...)."""
        over = self.over
        memory = np.zeros((self.groups, count, self.count, self.share, over.counts[1]), dtype)
        wanted = memory[:, :, : over.counts[0]].transpose(1, 0, 3, 2, 4)
        return memory.reshape(self.groups, count * self.count, -1), wanted


def correlate(x: Array, weight: Array, over: Window, groups: int) -> Array | None:
    """The convolution of images with weights; None where it is not finite."""
    bands = _Bands(over, groups, len(weight))
    out = np.empty((len(x), groups, bands.share, *over.counts), x.dtype)
    matrices = bands.matrices(weight)
    for these in bands.tiles(x):
        meeting = bands.under(bands.rows(x[these]))
        results, wanted = bands.results(len(x[these]), x.dtype)
        results = results[:, : meeting[0].shape[1]]
        for (inputs, outputs, _), (first, *others) in zip(bands.columns, matrices, strict=True):
            here = results[..., outputs]
            np.matmul(meeting[0][..., inputs], first, here)
            for rows, matrix in zip(meeting[1:], others, strict=True):
                here += np.matmul(rows[..., inputs], matrix)
        out[these] = wanted
    return _finite(out.reshape(len(x), len(weight), *over.counts))


def input_gradient(g: Array, weight: Array, over: Window, groups: int) -> Array | None:
    """The gradient of the images; None where it is not finite."""
    bands = _Bands(over, groups, len(weight))
    out = np.zeros((len(g), groups, *over.lengths), g.dtype)
    matrices = [np.ascontiguousarray(matrix.swapaxes(-1, -2)) for matrix in bands.matrices(weight)]
    for these in bands.tiles(g):
        given, wanted = bands.results(len(g[these]), g.dtype)
        wanted[...] = g[these].reshape(wanted.shape)
        rows = np.zeros((groups, len(g[these]), bands.high, over.lengths[1]), g.dtype)
        meeting = bands.under(rows.reshape(groups, -1, rows.shape[-1]))
        for (inputs, outputs, _), by_row in zip(bands.columns, matrices, strict=True):
            for row, matrix in zip(meeting, by_row, strict=True):
                here = row[..., inputs]
                here += np.matmul(given[:, : row.shape[1], outputs], matrix)
        out[these, :, bands.source] = rows[:, :, bands.to].swapaxes(0, 1)
    return _finite(out)


def weight_gradient(x: Array, g: Array, over: Window, groups: int) -> Array | None:
    """The gradient of the weights; None where it is not finite."""
    if math.prod(over.kernel) <= _DOTS and max(over.stride) == 1:
        return _weights_by_dots(x, g, over, groups)
    bands = _Bands(over, groups, g.shape[1], _TOGETHER)
    found: list[Any] = [0 for _ in bands.columns]
    for these in bands.tiles(x):
        given, wanted = bands.results(len(x[these]), g.dtype)
        wanted[...] = g[these].reshape(wanted.shape)
        meeting = bands.under(bands.rows(x[these]))
        for number, (inputs, outputs, _) in enumerate(bands.columns):
            products = [
                np.matmul(rows[..., inputs].swapaxes(1, 2), given[:, : rows.shape[1], outputs]) for rows in meeting
            ]
            found[number] = found[number] + np.array(products)
    return _finite(bands.weights(found))


def _weights_by_dots(x: Array, g: Array, over: Window, groups: int) -> Array | None:
    """The same where no element is skipped: for each weight a dot product, of images and gradients moved by a shift.

    All images of a channel are one row, with as much padding between rows and images as kernels reach. Of 3 x 3 weights
    that takes .5 to .8 of the time of band matrices, of more it is no quicker.
    """
    images, share = len(x), g.shape[1] // groups
    reach = [d * (k - 1) for d, k in zip(over.dilation, over.kernel, strict=True)]
    high, wide = [count + r for count, r in zip(over.counts, reach, strict=True)]
    size = images * high * wide
    used = size - reach[0] * wide - reach[1]
    to_rows, from_rows = fit(over.lengths[0], -over.padding[0][0], 1, high)
    to_columns, from_columns = fit(over.lengths[1], -over.padding[1][0], 1, wide)
    step = max(1, min(groups, _BYTES // max((1 + share) * size * x.itemsize, 1)))
    rows = np.zeros((step, images, high, wide), x.dtype)
    given = np.zeros((step, share, images, high, wide), x.dtype)
    gradients = g.reshape(images, groups, share, *over.counts)
    found = np.empty((groups, share, *over.kernel), x.dtype)
    for start in range(0, groups, step):
        some = slice(start, start + step)
        here = slice(min(step, groups - start))
        rows[here, :, to_rows, to_columns] = x[:, some, from_rows, from_columns].swapaxes(0, 1)
        given[here, ..., : over.counts[0], : over.counts[1]] = gradients[:, some].transpose(1, 2, 0, 3, 4)
        by_channel, of_channel = rows[here].reshape(-1, 1, size), given[here].reshape(-1, share, size)[..., :used]
        for row, column in np.ndindex(*over.kernel):
            shift = row * over.dilation[0] * wide + column * over.dilation[1]
            found[some, :, row, column] = np.vecdot(by_channel[..., shift : shift + used], of_channel)
    return _finite(found.reshape(groups * share, 1, *over.kernel))


def _finite(found: Array) -> Array | None:
    return found if math.isfinite(abs(total(found))) else None
