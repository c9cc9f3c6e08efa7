"""Convolutions of arrays, and their two gradients: matrix products of weights, strips and gradients.

The three functions are each other's gradients, whichever two of input, weight and output are given. Images are of shape
(images, channels, ...) with at least two further dimensions; weights are (outputs, channels of a group, *kernel). Some
images are treated together, as many as stay in the cache from step to step.
"""

from __future__ import annotations

import functools
import itertools
import math
from typing import Any, NamedTuple

import numpy as np

from . import depthwise, rows
from .sharing import share
from .strips import (
    Strips,
    Window,
    as_matrices,
    bytes_of,
    images_at_once,
    index,
    is_small,
    is_thin,
    parts_for,
    weight_factors,
    weights_of,
    window,
)
from .written_windows import all_windows, are_running, are_taken, from_windows, running_windows, width

Array = np.ndarray[Any, Any]
# With more outputs, and so many weights for each, the product with a transposed copy of the gradient is the quicker.
_FEW, _SHORT = 16, 100


_CHANNELS = 8  # of images, with which their gradient is quicker as several convolutions than by adding up
# So many multiply-adds for an image, and in all for a thread, are worth a second thread. With fewer in each step, the
# threads wait for each other most of the time; up to `_QUICK` of them, the steps of several threads are twice as large.
_EACH, _QUICK, _SHARE = 200_000, 5_000_000, 7_000_000


def _tiles(over: Window, count: int, item: int, channels: int, outputs: int, whole: bool, wide: bool) -> list[slice]:
    """Which images are treated together; with so many channels going in and out. `wide`: twice as many."""
    step = images_at_once(count, bytes_of(over, channels, outputs, item, whole) // (2 if wide else 1))
    return [slice(start, start + step) for start in range(0, count, step)]


def _each(weights: int, over: Window) -> int:
    """The multiply-adds for an image, with so many weights."""
    return weights * math.prod(over.counts)


def _shares(images: int, weights: int, over: Window) -> int:
    """Into how many shares, at most, to divide the images."""
    each = _each(weights, over)
    return images * each // _SHARE if each >= _EACH else 1


def correlate(x: Array, weight: Array, bias: Array | None, over: Window, groups: int) -> Array:
    """The convolution of images with weights, plus a bias for each output channel."""
    images, channels = x.shape[:2]
    outputs, group = weight.shape[:2]
    out: Array
    if is_small(over, images * channels, groups):
        if are_running(over, images * channels):
            out = np.matmul(_in_groups(weight, groups), running_windows(x, over, groups))
            out = out.reshape(images, outputs, over.counts[0], width(over))[..., : over.counts[1]]
            return np.ascontiguousarray(out) if bias is None else out + bias.reshape(-1, 1, 1)
        columns = all_windows(x, over, groups)
        if images == groups == 1:  # one product starts in a third of the time of a stack of them
            matrix = columns[0, 0]
            out = weight.reshape(outputs, len(matrix)).dot(matrix)
        else:
            out = np.matmul(_in_groups(weight, groups), columns)
        out = out.reshape(images, outputs, *over.counts)
        return out if bias is None else np.add(out, bias.reshape(-1, *(1,) * len(over.counts)), out)
    if depthwise.suits(over, channels, outputs, groups):
        found = depthwise.correlate(x, weight, over, groups)
        if found is not None:
            return found if bias is None else np.add(found, bias.reshape(-1, 1, 1), found)
    if rows.suits(over, images, channels, outputs):
        return rows.correlate(x, weight, bias, over, groups)
    x = np.ascontiguousarray(x)
    out = np.empty((images, outputs, *over.counts), x.dtype)
    whole = is_thin(over, group)
    factors = weight_factors(weight, groups, whole)
    parts = parts_for(over.counts[-2] * over.counts[-1], outputs // groups * factors.shape[-1])
    shift = None if bias is None else bias.reshape(-1, *(1,) * len(over.counts))
    quick = _each(weight.size, over) < _QUICK

    def compute(some: slice) -> None:
        given, found = x[some], out[some]
        tiles = _tiles(over, len(given), x.itemsize, channels, outputs, whole, quick and len(given) < images)
        step = tiles[0].stop if tiles else 0
        strips = Strips(over, groups, step, channels, x.dtype, parts, whole)
        part = np.empty((step if len(factors) > 1 else 0, outputs, *over.counts), x.dtype)
        partial = as_matrices(part, groups, parts)
        for these in tiles:
            here = found[these]
            first, *others = strips.load(given[these])
            np.matmul(factors[0], first, as_matrices(here, groups, parts))
            for factor, matrices in zip(factors[1:], others, strict=True):
                np.matmul(factor, matrices, partial[: len(here)])
                np.add(here, part[: len(here)], here)
            if shift is not None:
                np.add(here, shift, here)

    share(compute, images, _shares(images, weight.size, over))
    return out


def weight_gradient(x: Array, g: Array, shape: tuple[int, ...], over: Window, groups: int) -> Array:
    """The gradient of the weights, of this shape, from the images and the gradient of the output."""
    channels = x.shape[1]
    outputs, group, *kernel = shape
    if is_small(over, len(x) * channels, groups):
        if are_running(over, len(x) * channels):
            wide = np.zeros((len(g), outputs, over.counts[0], width(over)), g.dtype)
            wide[..., : over.counts[1]] = g
            columns = running_windows(x, over, groups).swapaxes(-1, -2)
            found = np.matmul(wide.reshape(len(g), groups, outputs // groups, -1), columns).sum(0).ravel()
            if not math.isnan(found.dot(found)):  # an infinity between the rows, times 0
                return found.reshape(shape)  # type: ignore[no-any-return]
        columns = all_windows(x, over, groups).swapaxes(-1, -2)
        if len(x) == groups == 1:
            matrix = columns[0, 0]
            return g.reshape(outputs, len(matrix)).dot(matrix).reshape(shape)  # type: ignore[no-any-return]
        given = g.reshape(len(g), groups, outputs // groups, math.prod(over.counts))
        return np.matmul(given, columns).sum(0).reshape(shape)  # type: ignore[no-any-return]
    if depthwise.suits_weights(over, channels, outputs, groups):
        found = depthwise.weight_gradient(x, g, over, groups)
        if found is not None:
            return found
    if rows.suits(over, len(x), channels, outputs) and rows.suits_weights(shape):
        return rows.weight_gradient(x, g, shape, over, groups)
    x, g = np.ascontiguousarray(x), np.ascontiguousarray(g)
    whole = is_thin(over, group)
    turn = outputs > _FEW * groups and group * math.prod(kernel) >= _SHORT
    height = math.prod(kernel[:-1])
    kinds, tall = (1, height * group * kernel[-1]) if whole else (height, group * kernel[-1])
    parts = parts_for(over.counts[-2] * over.counts[-1], outputs // groups * tall, 256)
    summed = (0, *range(2, len(over.counts) + 1))
    quick = _each(math.prod(shape), over) < _QUICK

    def compute(some: slice) -> Array:
        images, gradients = x[some], g[some]
        tiles = _tiles(over, len(images), x.itemsize, channels, 2 * outputs, whole, quick and len(images) < len(x))
        strips = Strips(over, groups, tiles[0].stop if tiles else 0, channels, x.dtype, parts, whole)
        total = np.zeros((kinds, groups, tall, outputs // groups), x.dtype)
        for these in tiles:
            gradient = as_matrices(gradients[these], groups, parts).swapaxes(-1, -2)
            gradient = np.ascontiguousarray(gradient) if turn else gradient
            for kind, matrices in enumerate(strips.load(images[these])):
                total[kind] += np.matmul(matrices, gradient).sum(summed)
        return total

    total, *others = share(compute, len(x), _shares(len(x), math.prod(shape), over))
    for other in others:
        total += other
    if whole:
        total = total.reshape(groups, height, -1, outputs // groups).swapaxes(0, 1)
    return weights_of(total, shape)


def _in_groups(weight: Array, groups: int) -> Array:
    """Weights as a matrix for each group."""
    return weight.reshape(groups, len(weight) // groups, weight[0].size)


def input_gradient(g: Array, weight: Array, over: Window, groups: int) -> Array:
    """The gradient of the images from the gradient of the output and the weights."""
    outputs, group = weight.shape[:2]
    if depthwise.suits_input(over, group * groups, outputs, groups) and not is_small(over, len(g) * groups, groups):
        found = depthwise.input_gradient(g, weight, over, groups)
        if found is not None:
            return found
    # Adding up takes time for each element of the strips, the product for each of the more numerous results.
    back, turn, more = _back(over)
    if groups == 1 and (back is None or outputs >= 2 * group) and g.size and are_taken(over, len(g), group):
        factor = weight.reshape(outputs, weight[0].size).T
        given = g.reshape(len(g), outputs, g[0, 0].size)
        columns = factor.dot(given[0]) if len(g) == 1 else np.matmul(factor, given)
        return from_windows(columns, over, len(g), group)
    if back is None or more > 1 + 10 * groups / outputs:
        if rows.suits(over, len(g), group * groups, outputs):
            return rows.input_gradient(g, weight, over, groups)
        phases = _phases(over) if back is None and group * groups >= _CHANNELS else None
        return _scatter(g, weight, over, groups) if phases is None else _interleaved(g, weight, over, groups, phases)
    return _correlate_back(g, weight[turn], back, groups)


def _correlate_back(g: Array, turned: Array, back: Window, groups: int) -> Array:
    """The gradient of the images, by weights that are turned around."""
    if groups == 1:
        return correlate(g, turned.swapaxes(0, 1), None, back, 1)
    outputs, group, *kernel = turned.shape
    turned = turned.reshape(groups, outputs // groups, group, *kernel).swapaxes(1, 2)
    return correlate(g, turned.reshape(groups * group, outputs // groups, *kernel), None, back, groups)


class _Phase(NamedTuple):
    """Elements of images as far apart as windows are, and the gradient of these as a convolution."""

    elements: Any  # where they are
    weights: Any  # the weights that meet them, turned around
    back: Window


@functools.lru_cache(maxsize=128)
def _phases(over: Window) -> list[_Phase] | None:
    """All phases that have a gradient; None where elements of windows are apart, too."""
    if any(d != 1 for d in over.dilation):
        return None
    along = []
    given = zip(over.lengths, over.kernel, over.stride, over.padding, over.counts, strict=True)
    for length, kernel, step, (before, _), count in given:
        here = []
        for start in range(min(step, length)):
            first = (start + before) % step  # the first weight that meets these elements, of each step-th
            weights, elements = len(range(first, kernel, step)), len(range(start, length, step))
            shift = (start + before - first) // step
            last = first + (weights - 1) * step
            turned = slice(last, first - step if first >= step else None, -step)
            around = (weights - 1 - shift, elements - 1 + shift - (count - 1))
            if weights:
                here.append((slice(start, None, step), turned, weights, around))
        along.append(here)
    ones = (1,) * len(over.kernel)
    found = []
    for phase in itertools.product(*along):
        elements, turned, weights, around = zip(*phase, strict=True)
        back = window(over.counts, weights, ones, ones, around)
        found.append(_Phase(index(..., *elements), index(..., *turned), back))
    return found


def _interleaved(g: Array, weight: Array, over: Window, groups: int, phases: list[_Phase]) -> Array:
    """The gradient of the images where windows are some elements apart: a convolution for each phase.

    In half of the time of `_scatter` (16 images of 16 x 62 x 62, kernels of 4 x 4: 3.0 ms and 5.7; of 3 x 3: 1.7, 3.6).
    """
    made = np.empty if len(phases) == math.prod(over.stride) else np.zeros
    out = made((len(g), groups * weight.shape[1], *over.lengths), g.dtype)
    for phase in phases:
        out[phase.elements] = _correlate_back(g, weight[phase.weights], phase.back, groups)
    return out


@functools.lru_cache(maxsize=512)
def _back(over: Window) -> tuple[Window | None, Any, float]:
    """For the gradient of images as a convolution: its windows, how it turns the weights, how many more results it has.

    There are no windows where some elements are skipped.
    """
    more = math.prod(over.lengths) / max(math.prod(over.counts), 1)
    if any(s != 1 for s in over.stride):
        return None, None, more
    reach = [d * (k - 1) for d, k in zip(over.dilation, over.kernel, strict=True)]
    around = tuple([(r - before, r - after) for r, (before, after) in zip(reach, over.padding, strict=True)])
    back = window(over.counts, over.kernel, over.stride, over.dilation, around)
    return back, index(..., *(slice(None, None, -1),) * len(over.kernel)), more


def _scatter(g: Array, weight: Array, over: Window, groups: int) -> Array:
    """The gradient of the images by the adjoint of each step: products, adding up the rows, adding up the columns."""
    channels = groups * weight.shape[1]
    g = np.ascontiguousarray(g)
    out = np.zeros((len(g), channels, *over.lengths), g.dtype)
    factors = np.ascontiguousarray(weight_factors(weight, groups, False).swapaxes(-1, -2))
    parts = parts_for(over.counts[-2] * over.counts[-1], factors[0, 0].size)
    quick = _each(weight.size, over) < _QUICK

    def compute(some: slice) -> None:
        gradients, found = g[some], out[some]
        wide = quick and len(found) < len(g)
        tiles = _tiles(over, len(gradients), g.itemsize, 2 * channels, len(weight), False, wide)
        strips = Strips(over, groups, tiles[0].stop if tiles else 0, channels, g.dtype, parts)
        for these in tiles:
            here = found[these]
            given = as_matrices(gradients[these], groups, parts)
            for factor, target in zip(factors, strips.cleared(here), strict=True):
                target += np.matmul(factor, given)
            strips.unload(here)

    share(compute, len(g), _shares(len(g), weight.size, over))
    return out
