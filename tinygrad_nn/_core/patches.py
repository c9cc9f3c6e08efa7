"""Sliding windows over the last dimensions of arrays: taking the patches out, and adding them up again.

Both run over the offsets inside a window, of which there are few, and handle all windows' elements at one offset in one
slice, unless there are few elements. Nothing is padded: elements that a window covers beyond the edges are left out.
"""

from __future__ import annotations

import functools
import itertools
import math
from dataclasses import dataclass
from typing import Any

import numpy as np

Lengths = tuple[int, ...]
_FEW = 8192  # elements in windows, which are taken by their numbers sooner than in slices, one for each offset


@dataclass(frozen=True)
class Windows:
    """Windows over dimensions of some lengths: how many there are, and what lies where."""

    lengths: Lengths  # of the dimensions
    kernel: Lengths  # of a window
    counts: Lengths  # of windows, along each dimension
    whole: bool  # no window reaches beyond an edge
    # for each offset in a window: the offset, the windows that have an element there, and those elements
    places: tuple[tuple[Lengths, tuple[slice, ...], tuple[slice, ...]], ...]

    @functools.cached_property
    def numbers(self) -> np.ndarray[Any, Any]:
        """The numbers of all windows' elements in a plane; beyond the edges, the number after the last."""
        plane = math.prod(self.lengths)
        found = np.full((*self.kernel, *self.counts), plane)
        elements = np.arange(plane).reshape(self.lengths)
        for offset, chosen, here in self.places:
            target: Any = (*offset, *chosen)
            found[target] = elements[here]
        return found.ravel()

    def are_few(self, planes: int) -> bool:
        """Whether windows on so many planes have so few elements that these are taken by their numbers."""
        return 0 < planes * math.prod(self.kernel) * math.prod(self.counts) <= _FEW


def window_counts(lengths: Lengths, kernel: Lengths, stride: Lengths, dilation: Lengths, padding: Lengths) -> Lengths:
    """How many windows fit along each dimension (not above 0 where not even one does)."""
    given = zip(lengths, kernel, stride, dilation, padding, strict=True)
    return tuple([(n + 2 * p - d * (k - 1) - 1) // s + 1 for n, k, s, d, p in given])


@functools.lru_cache(maxsize=256)
def windows(
    lengths: Lengths,
    kernel: Lengths,
    stride: Lengths,
    dilation: Lengths,
    padding: Lengths,
    counts: Lengths | None = None,
) -> Windows:
    """The windows of a kernel (stride, dilation and zero padding as for a convolution) over dimensions of a length.

    There are as many as fit in, unless `counts` says how many.
    """
    counts = counts or window_counts(lengths, kernel, stride, dilation, padding)
    places, whole = [], True
    for offset in itertools.product(*[range(k) for k in kernel]):
        chosen, elements = [], []
        for i, n, count, s, d, p in zip(offset, lengths, counts, stride, dilation, padding, strict=True):
            first = i * d - p  # where the first window has this offset
            low = max(0, -(first // s))
            high = max(low, min(count, (n - 1 - first) // s + 1))
            chosen.append(slice(low, high))
            start = first + low * s
            elements.append(slice(start, start + (high - low - 1) * s + 1 if high > low else start, s))
            whole = whole and low == 0 and high == count
        if all(c.start < c.stop for c in chosen):
            places.append((offset, tuple(chosen), tuple(elements)))
    return Windows(lengths, kernel, counts, whole, tuple(places))


def gather_patches(x: np.ndarray[Any, Any], over: Windows) -> np.ndarray[Any, Any]:
    """Every window's elements: of shape (..., *kernel, *counts). Beyond the edges there are zeros."""
    lead = x.shape[: x.ndim - len(over.lengths)]
    if over.are_few(math.prod(lead)):
        planes = x.reshape(math.prod(lead), math.prod(over.lengths))
        if not over.whole:
            planes = np.concatenate([planes, np.zeros((len(planes), 1), x.dtype)], 1)
        return planes.take(over.numbers, 1).reshape(*lead, *over.kernel, *over.counts)
    patches = (np.empty if over.whole else np.zeros)((*lead, *over.kernel, *over.counts), x.dtype)
    for offset, chosen, elements in over.places:
        source: Any = (..., *elements)
        target: Any = (..., *offset, *chosen)
        patches[target] = x[source]
    return patches


def scatter_patches(patches: np.ndarray[Any, Any], over: Windows) -> np.ndarray[Any, Any]:
    """The adjoint of `gather_patches`: each element's sum over the windows that it lies in."""
    lead = patches.shape[: patches.ndim - 2 * len(over.lengths)]
    count = math.prod(lead)
    if over.are_few(count):
        plane = math.prod(over.lengths)
        wide = np.zeros((count, plane + (not over.whole)), patches.dtype)
        numbers = over.numbers + np.arange(0, wide.size, wide.shape[1])[:, None]
        np.add.at(wide.ravel(), numbers.ravel(), patches.ravel())
        return wide[:, :plane].reshape(*lead, *over.lengths)
    x = np.zeros((*lead, *over.lengths), patches.dtype)
    for offset, chosen, elements in over.places:
        source: Any = (..., *offset, *chosen)
        target: Any = (..., *elements)
        x[target] += patches[source]
    return x
