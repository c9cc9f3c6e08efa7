"""Convolutions of each channel by itself, as products with band matrices.

A row of a channel's result is the sum, over the kernel's rows, of a row of the image times a matrix that has the kernel
row's weights along its diagonals and zeros elsewhere. Most of the multiplications are with zeros, and yet the product
of all rows of a channel takes a third of the time of many products with a window's few weights: BLAS makes a hundred of
them in a nanosecond. Padding, stride and dilation along the columns are in the matrices, and cost nothing.

Zeros times what is not finite are nan, which would spread along a row. So results that are not finite are not returned.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from .kernels import total
from .strips import Window, fit, images_at_once

Array = np.ndarray[Any, Any]
_WIDE = 48  # columns, from which there are too many zeros


def suits(over: Window, channels: int, groups: int) -> bool:
    """Whether so many channels, each a group, are convolved this way."""
    return groups == channels > 1 and len(over.lengths) == 2 and max(over.lengths[1], over.counts[1]) <= _WIDE


class _Bands:
    """Where weights stand in the matrices, and where images' rows stand in what is multiplied by them."""

    def __init__(self, over: Window, groups: int, outputs: int) -> None:
        self.over, self.groups, self.share = over, groups, outputs // groups
        step, (before, _) = over.stride[0], over.padding[0]
        self.starts = [row * over.dilation[0] for row in range(over.kernel[0])]
        self.count = over.counts[0] + self.starts[-1] // step  # of results for an image, with those not wanted
        self.high = self.count * step + self.starts[-1] % step  # rows of an image, with padding
        self.high += -self.high % step
        self.count = self.high // step
        self.to, self.source = fit(over.lengths[0], -before, 1, self.high)

    def diagonals(self) -> Iterator[tuple[Array, Array]]:
        """For each kernel column, the input's columns and the output's that it joins."""
        over = self.over
        for column in range(over.kernel[1]):
            first = column * over.dilation[1] - over.padding[1][0]
            to, _ = fit(over.lengths[1], first, over.stride[1], over.counts[1])
            outputs = np.arange(to.start, to.stop)
            yield first + outputs * over.stride[1], outputs

    def matrices(self, weight: Array) -> Array:
        """The matrices (kernel rows, groups, input columns, outputs of a group times output columns)."""
        over = self.over
        found = np.zeros((over.kernel[0], self.groups, over.lengths[1], self.share, over.counts[1]), weight.dtype)
        apart = weight.reshape(self.groups, self.share, *over.kernel).transpose(3, 2, 0, 1)
        for weights, (inputs, outputs) in zip(apart, self.diagonals(), strict=True):
            found[:, :, inputs, :, outputs] = weights
        return found.reshape(*found.shape[:3], -1)

    def weights(self, matrices: Array) -> Array:
        """The adjoint of `matrices`: the sums along the diagonals."""
        over = self.over
        apart = matrices.reshape(over.kernel[0], self.groups, over.lengths[1], self.share, over.counts[1])
        found = np.array([apart[:, :, inputs, :, outputs].sum(0) for inputs, outputs in self.diagonals()])
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
    first, *others = bands.matrices(weight)
    for these in bands.tiles(x):
        meeting, *more = bands.under(bands.rows(x[these]))
        results, wanted = bands.results(len(x[these]), x.dtype)
        results = results[:, : meeting.shape[1]]
        np.matmul(meeting, first, results)
        for rows, matrix in zip(more, others, strict=True):
            results += np.matmul(rows, matrix)
        out[these] = wanted
    return _finite(out.reshape(len(x), len(weight), *over.counts))


def input_gradient(g: Array, weight: Array, over: Window, groups: int) -> Array | None:
    """The gradient of the images; None where it is not finite."""
    bands = _Bands(over, groups, len(weight))
    out = np.zeros((len(g), groups, *over.lengths), g.dtype)
    matrices = np.ascontiguousarray(bands.matrices(weight).swapaxes(-1, -2))
    for these in bands.tiles(g):
        given, wanted = bands.results(len(g[these]), g.dtype)
        wanted[...] = g[these].reshape(wanted.shape)
        rows = np.zeros((groups, len(g[these]), bands.high, over.lengths[1]), g.dtype)
        for meeting, matrix in zip(bands.under(rows.reshape(groups, -1, rows.shape[-1])), matrices, strict=True):
            meeting += np.matmul(given[:, : meeting.shape[1]], matrix)
        out[these, :, bands.source] = rows[:, :, bands.to].swapaxes(0, 1)
    return _finite(out)


def weight_gradient(x: Array, g: Array, over: Window, groups: int) -> Array | None:
    """The gradient of the weights; None where it is not finite."""
    bands = _Bands(over, groups, g.shape[1])
    found: Any = 0
    for these in bands.tiles(x):
        given, wanted = bands.results(len(x[these]), g.dtype)
        wanted[...] = g[these].reshape(wanted.shape)
        meeting = bands.under(bands.rows(x[these]))
        found = found + np.array([np.matmul(m.swapaxes(1, 2), given[:, : m.shape[1]]) for m in meeting])
    return _finite(bands.weights(found))


def _finite(found: Array) -> Array | None:
    return found if math.isfinite(abs(total(found))) else None
