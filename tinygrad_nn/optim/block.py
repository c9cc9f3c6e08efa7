"""Blocks: the part of a bundle over which a formula runs at once."""

from __future__ import annotations

from collections import deque
from itertools import accumulate, pairwise, repeat
from typing import Any

import numpy as np

from .._core.blas import axpby

Array = np.ndarray[Any, Any]

_all = deque[Any](maxlen=0).extend  # runs through a map, and keeps nothing


class Block:
    """Some parameters, or a piece of a large one.

    Args:
        targets: the parameters' arrays, to be updated in place; or a piece of one, as a flat view.
        first, last: which of the bundle's parameters these are.
        piece: which part of the flattened parameter; None for whole ones.

    Attributes:
        state: the block's part of each flat array. Complex numbers count as two real ones.
        work: flat scratch arrays. The first gets the gradient, and ends as the direction of the step.
        views: each scratch array as arrays of the targets' forms.
    """

    __slots__ = (
        "_addresses", "_axpby", "_places", "_stored", "first", "last", "piece", "state", "targets", "views", "work",
    )  # fmt: skip

    def __init__(self, targets: list[Array], first: int, last: int, piece: slice | None) -> None:
        self.targets = targets
        self.first = first
        self.last = last
        self.piece = piece

    def furnish(self, state: list[Array], work: list[Array], views: list[list[Array]], stored: list[Array]) -> None:
        """Set the arrays. `stored` is where the state lies between steps, if not in `state`."""
        self.state = state
        self.work = work
        self.views = views
        self._stored = stored
        self._axpby = axpby(work[0].dtype)
        self._addresses = {id(array): array.ctypes.data for array in state + work}
        pairs = list(zip(views[0], self.targets, strict=True))
        self._places: list[tuple[int, int, int]] = []  # lengths, and addresses of directions and parameters
        if all(_lie_alike(view, target) for view, target in pairs):
            per_element = views[0][0].itemsize // work[0].itemsize
            self._places = [(v.size * per_element, v.ctypes.data, target.ctypes.data) for v, target in pairs]

    # --- gradients and parameters --------------------------------------------------------------------------------

    def _own(self, gradients: list[Array]) -> list[Array]:
        if self.piece is not None:
            return [gradients[self.first][self.piece]]
        return gradients[self.first : self.last]

    def gather(self, gradients: list[Array], factor: Array) -> None:
        """The gradients, times a factor, into the first scratch array."""
        _all(map(np.multiply, self._own(gradients), repeat(factor), self.views[0]))

    def add_parameters(self, factor: Array) -> None:
        """Add the parameters, times a factor, to the first scratch array; the second is used up."""
        self.take_parameters(factor, 1)
        np.add(self.work[0], self.work[1], self.work[0])

    def take_parameters(self, factor: Array, number: int = 0) -> None:
        """The parameters, times a factor, into one of the scratch arrays."""
        _all(map(np.multiply, self.targets, repeat(factor), self.views[number]))

    def move(self, rate: float, shrink: float = 1.0) -> None:
        """``p = shrink * p - rate * direction``, with the direction in the first scratch array."""
        if shrink != 1 and self._axpby is not None and self._places:
            for size, direction, place in self._places:
                self._axpby(size, -rate, direction, 1, shrink, place, 1)
            return
        step = self.work[0]
        if rate != 1:
            np.multiply(step, np.array(rate, step.dtype), step)
        if shrink == 1:
            _all(map(np.subtract, self.targets, self.views[0], self.targets))
            return
        factor = np.array(shrink, step.dtype)
        for target, view in zip(self.targets, self.views[0], strict=True):
            np.multiply(target, factor, target)
            np.subtract(target, view, target)

    def descend(self, gradients: list[Array], factor: Array, penalty: Array | None) -> None:
        """``p -= factor * g + penalty * p``, while one parameter after the other is in the cache."""
        multiply, subtract = np.multiply, np.subtract
        for gradient, target, step, other in zip(self._own(gradients), self.targets, *self.views[:2], strict=True):
            multiply(gradient, factor, step)
            if penalty is not None:
                multiply(target, penalty, other)
                np.add(step, other, step)
            subtract(target, step, target)

    # --- for formulas --------------------------------------------------------------------------------------------

    def segments(self) -> list[list[Array]]:
        """The scratch arrays, each cut into one flat part for each parameter."""
        per_element = len(self.work[0]) // max(1, sum(target.size for target in self.targets))
        ends = [0, *accumulate(per_element * target.size for target in self.targets)]
        return [[array[start:end] for start, end in pairwise(ends)] for array in self.work]

    def blend(self, mean: Array, keep: float, new: Array, rest: float) -> None:
        """``mean = keep * mean + rest * new``, for two of the block's arrays; the last scratch array may be used up."""
        if self._axpby is not None:
            place = self._addresses
            self._axpby(len(mean), rest, place[id(new)], 1, keep, place[id(mean)], 1)
            return
        work = self.work[-1]
        np.multiply(mean, keep, mean)
        np.add(mean, np.multiply(new, rest, work), mean)

    def widen(self) -> None:
        """Take the state in single precision, if it is stored in half."""
        for wide, stored in zip(self.state, self._stored, strict=False):
            np.copyto(wide, stored)

    def narrow(self) -> None:
        """Put it back."""
        for wide, stored in zip(self.state, self._stored, strict=False):
            np.copyto(stored, wide, casting="same_kind")


def _lie_alike(view: Array, target: Array) -> bool:
    """Whether two arrays have the same numbers in the same order, without gaps, and the target may be written to."""
    flags = target.flags
    return (flags.c_contiguous or flags.f_contiguous) and flags.writeable and view.dtype == target.dtype
