"""Convolutions of small images, a row at a time: several images laid into one another, as one wide image.

Where images are narrow, their rows are too short for good products, and for quick copies. So each column of a wide
image holds that column of several images: what was a distance of one column is one of as many as there are images.

Its rows come first in memory, before the channels. Then the kernel's rows, its columns and the channels of the elements
under the windows of an output row follow each other: all rows are products of one stack, and none has to be added up.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from .sharing import share, threads_for
from .strips import Window, fit, weight_factors, weights_of

Array = np.ndarray[Any, Any]
_NARROW = 24  # columns
_LEAST, _COLUMNS = 8, 48  # images, and columns of a wide image
# Columns where several threads have wide images: each of NumPy's steps is then one in which no thread waits for Python,
# and the gradients of LeNet's second convolution take .6 of the time (2.0 ms instead of 3.4).
_COLUMNS_OF_MANY = 256
_SHARE = 5_000_000  # multiply-adds that are worth a thread
_LARGE = 200_000  # weights, of whose gradient there are too many parts to add up


def suits(over: Window, images: int, channels: int, outputs: int) -> bool:
    """Whether so many images are convolved this way."""
    if images < _LEAST or len(over.counts) != 2 or over.shifts is not None or over.plain or over.counts[1] > _NARROW:
        return False
    if over.stride != (1, 1) or over.dilation[0] != 1:
        return False
    # what is gained for each run of elements is more than what laying images into one another costs
    runs = channels * over.kernel[1] * over.rows[0]
    return 30 * runs >= channels * math.prod(over.lengths) + outputs * math.prod(over.counts)


def suits_weights(shape: tuple[int, ...]) -> bool:
    """Whether the gradient of so many weights is found this way."""
    return math.prod(shape) <= _LARGE


def _shares(images: int, weights: int, over: Window) -> int:
    """Into how many shares, at most, to divide the wide images, with so many weights."""
    return images * weights * math.prod(over.counts) // _SHARE


class _Wide:
    """Wide images: how many there are in each, and what of them lies where."""

    def __init__(self, over: Window, groups: int, images: int, threads: int) -> None:
        self.over, self.groups = over, groups
        if threads == 1:
            self.step = next((n for n in (_LEAST, 16, 32) if n * over.counts[1] >= _COLUMNS), 64)
        else:
            parts = threads * max(1, images * over.counts[1] // (threads * _COLUMNS_OF_MANY))
            self.step = -(-images // parts)
        self.high = over.counts[0] + over.kernel[0] - 1  # rows of an image, with padding
        self.to, self.source = fit(over.lengths[0], -over.padding[0][0], 1, self.high)

    def tiles(self, count: int) -> list[slice]:
        """The images that are laid into one another."""
        return [slice(start, start + self.step) for start in range(0, count, self.step)]

    def columns(self, count: int) -> Iterator[tuple[int, slice, slice]]:
        """For each kernel column, where in the output's columns, and from which of the input's, of so many images."""
        for column, (_, to, source) in enumerate(self.over.columns):
            wide_to, wide_source = (slice(part.start * count, part.stop * count) for part in (to, source))
            yield column, wide_to, wide_source

    def rows(self, images: Array) -> Array:
        """Wide images' rows: (groups, rows, channels of a group, columns)."""
        count, channels, high, wide = images.shape
        apart = images.reshape(count, self.groups, channels // self.groups, high, wide)
        inward = np.ascontiguousarray(apart.transpose(1, 3, 2, 4, 0))
        return inward.reshape(*inward.shape[:3], wide * count)

    def images(self, rows: Array, out: Array) -> None:
        """The reverse of `rows`, written into images."""
        count, channels, high, wide = out.shape
        apart = rows.reshape(self.groups, high, channels // self.groups, wide, count)
        out.reshape(count, *apart.shape[:1], *apart.shape[2:3], high, wide)[...] = apart.transpose(4, 0, 2, 1, 3)

    def strips(self, shape: tuple[int, ...], dtype: Any) -> Array:
        """Room for strips of images of this shape: (groups, rows, kernel columns, channels of a group, columns)."""
        count, channels = shape[:2]
        wide = self.over.counts[1] * count
        make = np.zeros if self.over.padded else np.empty
        return make((self.groups, self.high, self.over.kernel[1], channels // self.groups, wide), dtype)

    def windows(self, images: Array) -> Array:
        """The elements under the windows of each row: (groups, rows, elements of a window, columns)."""
        rows, strips = self.rows(images), self.strips(images.shape, images.dtype)
        for column, to, source in self.columns(len(images)):
            strips[:, self.to, column, :, to] = rows[:, self.source, :, source]
        _, _, columns, group, wide = strips.shape
        height, count = self.over.kernel[0], self.over.counts[0]
        shape = (self.groups, count, height * columns * group, wide)
        return np.ndarray(shape, strips.dtype, strips, 0, (*strips.strides[:2], *strips.strides[3:]))


def correlate(x: Array, weight: Array, bias: Array | None, over: Window, groups: int) -> Array:
    """The convolution of images with weights, plus a bias for each output channel."""
    most = _shares(len(x), weight.size, over)
    wide = _Wide(over, groups, len(x), threads_for(len(x), most))
    out = np.empty((len(x), len(weight), *over.counts), x.dtype)
    factors = weight_factors(weight, groups, True)[0]
    shift = None if bias is None else bias.reshape(groups, 1, -1, 1)
    tiles = wide.tiles(len(x))

    def compute(some: slice) -> None:
        for these in tiles[some]:
            found = np.matmul(factors, wide.windows(x[these]))
            if shift is not None:
                found += shift
            wide.images(found, out[these])

    share(compute, len(tiles), most)
    return out


def weight_gradient(x: Array, g: Array, shape: tuple[int, ...], over: Window, groups: int) -> Array:
    """The gradient of the weights, of this shape, from the images and the gradient of the output."""
    most = _shares(len(x), math.prod(shape), over)
    wide = _Wide(over, groups, len(x), threads_for(len(x), most))
    outputs = shape[0] // groups
    tiles = wide.tiles(len(x))

    def compute(some: slice) -> Array:
        total = np.zeros((groups, math.prod(shape[1:]), outputs), x.dtype)
        for these in tiles[some]:
            given = g[these]
            apart = given.reshape(len(given), groups, outputs, *over.counts).transpose(1, 3, 4, 0, 2)
            turned = np.ascontiguousarray(apart).reshape(groups, over.counts[0], -1, outputs)
            total += np.matmul(wide.windows(x[these]), turned).sum(1)
        return total

    total, *others = share(compute, len(tiles), most)
    for other in others:
        total += other
    return weights_of(total.reshape(groups, shape[2], -1, outputs).swapaxes(0, 1), shape)


def input_gradient(g: Array, weight: Array, over: Window, groups: int) -> Array:
    """The gradient of the images: products for each row, and adding up the columns."""
    outputs, group, height, across = weight.shape
    most = _shares(len(g), weight.size, over)
    wide = _Wide(over, groups, len(g), threads_for(len(g), most))
    out = np.empty((len(g), groups * group, *over.lengths), g.dtype)
    apart = weight.reshape(groups, outputs // groups, group, height, across)[:, :, :, ::-1]
    factors = np.ascontiguousarray(apart.transpose(0, 4, 2, 3, 1)).reshape(groups, across * group, -1)
    tiles = wide.tiles(len(g))

    def compute(some: slice) -> None:
        for these in tiles[some]:
            rows = wide.rows(g[these])
            count = len(g[these])
            strips = wide.strips((count, groups * group), g.dtype)
            _spread(rows, factors, strips.reshape(groups, wide.high, across * group, -1), height, wide.to)
            found = np.zeros((groups, over.lengths[0], group, over.lengths[1] * count), g.dtype)
            for column, to, source in wide.columns(count):
                found[:, wide.source, :, source] += strips[:, wide.to, column, :, to]
            wide.images(found, out[these])

    share(compute, len(tiles), most)
    return out


def _spread(rows: Array, factors: Array, strips: Array, height: int, wanted: slice) -> None:
    """The rows that the kernel's rows spread over; row i is made of rows up to i, with the last kernel row first."""
    groups, count, outputs, columns = rows.shape
    given = rows.reshape(groups, count * outputs, columns)
    inner = slice(max(wanted.start, height - 1), min(wanted.stop, count))  # rows that all kernel rows reach
    if inner.start < inner.stop:
        shape = (groups, inner.stop - inner.start, height * outputs, columns)
        start = (inner.start - height + 1) * rows.strides[1]
        steps = (*rows.strides[:2], *rows.strides[2:])
        whole = np.ndarray(shape, rows.dtype, rows, start, steps)
        np.matmul(factors[:, None], whole, strips[:, inner])
    for i in range(wanted.start, wanted.stop):
        if inner.start <= i < inner.stop:
            continue
        first = i - height + 1
        low, high = max(0, first), min(count, i + 1)
        part = factors[..., (low - first) * outputs : (high - first) * outputs]
        np.matmul(part, given[:, low * outputs : high * outputs], strips[:, i])
