"""All elements under the windows of few or medium images written out in one step, and the way back."""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np

from .kernels import column_sums
from .strips import Lengths, Window, runs_on

Array = np.ndarray[Any, Any]
_TAKEN = 4_000  # so many elements are taken by their places, which are remembered, in half of the time


def all_windows(images: Array, over: Window, groups: int) -> Array:
    """The elements under all windows: (images, groups, channels and places in the kernel, windows), in one step.

    For few elements, of which no step is worth its own start.
    """
    count, channels = images.shape[:2]
    if count * channels * over.size > _TAKEN:
        return _written_out(images, over, groups)
    places, padded = _places(over, count, channels, groups)
    return (_and_zero(images) if padded else images.ravel()).take(places)


def are_running(over: Window, planes: int) -> bool:
    """Whether windows on so many planes are written out by `running_windows`."""
    return planes * over.size > _TAKEN and runs_on(over)


def width(over: Window) -> int:
    """How many elements a row of the padded image has."""
    return over.lengths[1] if over.around is None else over.around[0][1]


def running_windows(images: Array, over: Window, groups: int) -> Array:
    """`all_windows`, and between the rows of windows some that run on into the next row, which are of no meaning.

    So each place in the kernel is a single run of elements, of as many rows as there are windows: of short rows, that
    takes .4 of the time (6 ns for each row that is copied by itself).
    """
    count, channels = images.shape[:2]
    lengths = over.lengths if over.around is None else over.around[0]
    size = count * channels * math.prod(lengths)
    row = np.zeros(size + over.dilation[1] * (over.kernel[1] - 1), images.dtype)  # the last ones run on beyond the end
    padded = row[:size].reshape(count, channels, *lengths)
    if over.around is None:
        padded[...] = images
    else:
        padded[over.around[1]] = images[over.around[2]]
    shape, steps, matrices = _running_layout(over, count, channels, groups, row.itemsize)
    return np.ndarray(shape, row.dtype, row, 0, steps).reshape(matrices)


@functools.lru_cache(maxsize=512)
def _running_layout(
    over: Window, count: int, channels: int, groups: int, item: int
) -> tuple[Lengths, Lengths, Lengths]:
    """Shape and strides of running windows, and the shape of the matrices that they make."""
    shape, steps, _ = _windows_layout(over, count, channels, groups, item)
    run = over.counts[0] * width(over)
    matrices = (count, groups, channels // groups * math.prod(over.kernel), run)
    return (*shape[:-2], run), (*steps[:-2], item), matrices


def _and_zero(x: Array) -> Array:
    """All elements in a row, and a zero after them: in .7 of the time that it takes to join the two."""
    row = np.zeros(x.size + 1, x.dtype)
    row[:-1] = x.ravel()
    return row


@functools.lru_cache(maxsize=128)
def _places(over: Window, count: int, channels: int, groups: int) -> tuple[Array, bool]:
    """Where all windows' elements are in so many images, and whether some are in the padding: after all others."""
    numbers = np.arange(1, 1 + count * channels * math.prod(over.lengths)).reshape(count, channels, *over.lengths)
    places = _written_out(numbers, over, groups)
    padded = not places.all()
    places[places == 0] = numbers.size + 1
    places -= 1
    return places, padded


def from_windows(columns: Array, over: Window, count: int, channels: int) -> Array:
    """The adjoint of `all_windows` of few elements, in one group: all that came from an element, added up.

    Picked, a row for each place in the kernel, and summed by BLAS: the strips take ten times as long.
    """
    sources = _sources(over, count, channels)
    found: Array = column_sums(_and_zero(columns).take(sources))
    return found.reshape(count, channels, *over.lengths)


def are_taken(over: Window, count: int, channels: int) -> bool:
    """Whether so many images have few enough elements, under windows and in all, for `from_windows`."""
    planes = count * channels
    return planes * max(over.size, math.prod(over.kernel) * math.prod(over.lengths)) <= _TAKEN


@functools.lru_cache(maxsize=128)
def _sources(over: Window, count: int, channels: int) -> Array:
    """Where in the windows each element is, a row for each place in the kernel; after all others where it is not."""
    places, _ = _places(over, count, channels, 1)
    kernel = math.prod(over.kernel)
    sources = np.full((kernel, 1 + count * channels * math.prod(over.lengths)), places.size)
    rows = np.arange(places.shape[2])[:, None] % kernel
    sources[np.broadcast_to(rows, places.shape), places] = np.arange(places.size).reshape(places.shape)
    return np.ascontiguousarray(sources[:, :-1])


def _written_out(images: Array, over: Window, groups: int) -> Array:
    count, channels = images.shape[:2]
    if over.around is None:
        padded = np.ascontiguousarray(images)
    else:
        lengths, to, source = over.around
        padded = np.zeros((count, channels, *lengths), images.dtype)
        padded[to] = images[source]
    shape, steps, matrices = _windows_layout(over, count, channels, groups, padded.itemsize)
    return np.ndarray(shape, padded.dtype, padded, 0, steps).reshape(matrices)


@functools.lru_cache(maxsize=512)
def _windows_layout(
    over: Window, count: int, channels: int, groups: int, item: int
) -> tuple[Lengths, Lengths, Lengths]:
    """Shape and strides of all windows in padded images, and the shape of the matrices that they make."""
    lengths = over.lengths if over.around is None else over.around[0]
    steps = [math.prod(lengths[i + 1 :]) * item for i in range(len(lengths))]
    plane, share = math.prod(lengths) * item, channels // groups
    apart = [step * d for step, d in zip(steps, over.dilation, strict=True)]
    moved = [step * s for step, s in zip(steps, over.stride, strict=True)]
    shape = (count, groups, share, *over.kernel, *over.counts)
    matrices = (count, groups, share * math.prod(over.kernel), math.prod(over.counts))
    return shape, (plane * channels, plane * share, plane, *apart, *moved), matrices
