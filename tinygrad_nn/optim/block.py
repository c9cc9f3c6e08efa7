"""Blocks: the part of a bundle over which a formula runs at once."""

from __future__ import annotations

from collections import deque
from itertools import accumulate, pairwise, repeat
from typing import Any

import numpy as np

from .._core.blas import ONE, address, axpby, count

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
        work: flat scratch arrays. The first gets the gradient.
        views: each scratch array as arrays of the targets' forms.
        direction: where the formula leaves the direction of the step: the first scratch array, if it sets no other.
    """

    __slots__ = (
        "_addresses", "_axpby", "_gapless", "_length", "_places", "direction", "first", "last", "piece",
        "state", "stored", "targets", "views", "work",
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
        self.stored = stored
        self._axpby = axpby(work[0].dtype)
        self._length = count(len(work[0]))
        self._addresses = {id(array): address(array.ctypes.data) for array in state + work}
        self._gapless = all(_lie_alike(view, target) for view, target in zip(views[0], self.targets, strict=True))
        self._places: dict[int, list[tuple[Any, Any, Any]]] = {}

    # --- gradients and parameters --------------------------------------------------------------------------------

    def _own(self, gradients: list[Array]) -> list[Array]:
        if self.piece is not None:
            return [gradients[self.first][self.piece]]
        return gradients[self.first : self.last]

    def gather(self, gradients: list[Array], factor: Array) -> None:
        """The gradients, times a factor, into the first scratch array."""
        _all(map(np.multiply, self._own(gradients), repeat(factor), self.views[0]))
        self.direction = self.work[0]

    def add_parameters(self, factor: Array) -> None:
        """Add the parameters, times a factor, to the first scratch array; the second is used up."""
        self.take_parameters(factor, 1)
        np.add(self.work[0], self.work[1], self.work[0])

    def take_parameters(self, factor: Array, number: int = 0) -> None:
        """The parameters, times a factor, into one of the scratch arrays."""
        _all(map(np.multiply, self.targets, repeat(factor), self.views[number]))

    def move(self, rate: float, shrink: float = 1.0) -> None:
        """``p = shrink * p - rate * direction``; the first scratch array may be used up."""
        step, direction = self.work[0], self.direction
        if self._axpby is not None and self._gapless:
            call, real = self._axpby
            factor, kept = real(-rate), real(shrink)
            for size, along, place in self._places.get(id(direction)) or self._find_places(direction):
                call(size, factor, along, ONE, kept, place, ONE)
            return
        np.multiply(direction, np.array(rate, step.dtype), step)
        if shrink == 1:
            _all(map(np.subtract, self.targets, self.views[0], self.targets))
            return
        shrinkage = np.array(shrink, step.dtype)
        for target, view in zip(self.targets, self.views[0], strict=True):
            np.multiply(target, shrinkage, target)
            np.subtract(target, view, target)

    def _find_places(self, direction: Array) -> list[tuple[Any, Any, Any]]:
        """The length of each parameter, its address, and that of its part of a direction."""
        start, places = direction.ctypes.data, []
        for target in self.targets:
            length = target.nbytes // direction.itemsize
            places.append((count(length), address(start), address(target.ctypes.data)))
            start += target.nbytes
        self._places[id(direction)] = places
        return places

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
            (call, real), place = self._axpby, self._addresses
            call(self._length, real(rest), place[id(new)], ONE, real(keep), place[id(mean)], ONE)
            return
        work = self.work[-1]
        np.multiply(mean, keep, mean)
        np.add(mean, np.multiply(new, rest, work), mean)

    def widen(self) -> None:
        """Take the state in single precision, if it is stored in half."""
        for wide, stored in zip(self.state, self.stored, strict=False):
            np.copyto(wide, stored)

    def narrow(self) -> None:
        """Put it back."""
        for wide, stored in zip(self.state, self.stored, strict=False):
            np.copyto(stored, wide, casting="same_kind")


def _lie_alike(view: Array, target: Array) -> bool:
    """Whether two arrays have the same numbers in the same order, without gaps, and the target may be written to."""
    flags = target.flags
    return (flags.c_contiguous or flags.f_contiguous) and flags.writeable and view.dtype == target.dtype
