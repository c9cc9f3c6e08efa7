"""Bundles: parameters that are stepped together, their state in one flat array for each name.

A formula then runs over all of them in one call for each of its passes, where it would start anew for every parameter.
Parameters and gradients stay where they are; each parameter's own state is a view into the flat arrays, so it looks and
saves as if it stood alone.

A bundle is gone through in blocks. For each block the gradients are gathered into a flat scratch array, which all
blocks share; the formula turns it into the step; the step is subtracted from the parameters. So a step allocates
nothing, and needs no scratch memory of the model's size.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from operator import is_
from typing import Any, NamedTuple

import numpy as np

from .._core.blocks import aligned
from .._core.dtypes import default_numpy
from .._core.tensor import Tensor, wrap
from .block import Array, Block

Memory = dict[np.dtype[Any], list[Array]]

# Long enough for the calls not to count, short enough for a block's arrays to stay in the cache of most processors.
LIMIT = 1 << 19

_ONE = np.ones(())  # half of the time that Python's number takes


class Kept(NamedTuple):
    """What an optimizer keeps for each parameter: names and first values, in the order of PyTorch's state.

    Args:
        numbers: such as ``{"step": 0.0}``.
        arrays: such as ``{"exp_avg": 0.0, "exp_avg_sq": 0.0}``, each of the parameter's shape.
    """

    numbers: Mapping[str, float]
    arrays: Mapping[str, float]

    @property
    def names(self) -> tuple[str, ...]:
        """All names, in order."""
        return (*self.numbers, *self.arrays)


class Bundle:
    """Some parameters of one type, whose kept numbers are the same.

    Args:
        params, states: the parameters, and the state that the optimizer keeps for each.
        kept: what that is; it is made, or moved in here.
        scratch: how many flat arrays the formula works in.
        whole: keep large parameters in one piece, for formulas that need all of one.
        memory: the scratch arrays that the optimizer's bundles share.
    """

    def __init__(
        self, params: list[Tensor], states: list[dict[str, Any]], kept: Kept, scratch: int, whole: bool, memory: Memory
    ) -> None:
        self.params = params
        self.states = states if kept.names else []
        self.arrays = [param._array for param in params]
        self.dtype = self.arrays[0].dtype
        self.gradients: list[Array] = []
        # Numbers of half precision are computed with in single precision, and rounded once.
        self.real = np.dtype(np.float32) if self.dtype == np.float16 else np.empty(0, self.dtype).real.dtype
        self.fresh = all(is_fresh(state, kept) for state in states)
        self.numbers = {
            name: np.array([number_of(state, name, first) for state in states]) for name, first in kept.numbers.items()
        }
        self._move_in(kept)
        self.blocks = self._cut(whole)
        self._furnish(scratch, memory)

    # --- how it is made ------------------------------------------------------------------------------------------

    def _move_in(self, kept: Kept) -> None:
        """Make the parameters' state views of the flat arrays, with the values that it had."""
        stored = np.empty(0, self.dtype).real.dtype
        total = sum(array.nbytes for array in self.arrays) // stored.itemsize
        self.flat = [aligned((total,), stored) for _ in kept.arrays]
        for flat, first in zip(self.flat, kept.arrays.values(), strict=True):
            flat.fill(first)
        start = 0
        for number, (array, state) in enumerate(zip(self.arrays, self.states, strict=False)):
            moved: dict[str, Any] = {}
            for name in kept.numbers:
                moved[name] = wrap(self.numbers[name][number : number + 1].reshape(()))
            for name, flat in zip(kept.arrays, self.flat, strict=True):
                view = _part(flat, start, array, self.dtype)
                before = state.get(name)
                if before is not None:
                    np.copyto(view, before._array)
                moved[name] = wrap(view)
            others = {name: value for name, value in state.items() if name not in moved}
            state.clear()
            state.update(moved)
            state.update(others)
            start += array.nbytes
        self.places = [(state, name, state[name]._array) for state in self.states for name in kept.names]

    def _cut(self, whole: bool) -> list[Block]:
        """Blocks of at most `LIMIT` numbers; a parameter of more stands alone, in pieces if its memory has no gaps."""
        per_block = LIMIT // (2 if self.dtype.kind == "c" else 1)
        blocks = []
        first = size = 0
        for number, array in enumerate(self.arrays):
            large = array.size > per_block
            if number > first and (large or size + array.size > per_block):
                blocks.append(Block(self.arrays[first:number], first, number, None))
                first, size = number, 0
            size += array.size
            if large and not whole and array.flags.c_contiguous:
                flat = array.reshape(-1)
                for start in range(0, array.size, per_block):
                    piece = slice(start, min(start + per_block, array.size))
                    blocks.append(Block([flat[piece]], number, number + 1, piece))
                first, size = number + 1, 0
        if first < len(self.arrays):
            blocks.append(Block(self.arrays[first:], first, len(self.arrays), None))
        return blocks

    def _furnish(self, scratch: int, memory: Memory) -> None:
        """Give the blocks their parts of the flat arrays, and of the scratch memory."""
        widened = self.dtype == np.float16
        count = scratch + (len(self.flat) if widened else 0)
        parts = 2 if self.dtype.kind == "c" else 1
        lengths = [parts * sum(target.size for target in block.targets) for block in self.blocks]
        arrays = _shared(memory, self.real, count, max(lengths))
        working = self.dtype if self.dtype.kind == "c" else self.real
        start = 0
        for block, length in zip(self.blocks, lengths, strict=True):
            stored = [flat[start : start + length] for flat in self.flat]
            work = [array[:length] for array in arrays[:scratch]]
            # Where no state is kept, no formula runs over the whole block: the same memory serves all, and stays hot.
            views = [_parts(array, block.targets, working, apart=bool(self.flat)) for array in work]
            if widened:
                block.furnish([array[:length] for array in arrays[scratch:count]], work, views, stored)
            else:
                block.furnish(stored, work, views, [])
            start += length
        self.split = {block.first for block in self.blocks if block.piece is not None}

    # --- how it is used ------------------------------------------------------------------------------------------

    def is_intact(self, state: Mapping[Any, dict[str, Any]]) -> bool:
        """Whether nobody has put other arrays in the place of the parameters' and their states'."""
        # Plain loops: a chain of `map` and `attrgetter` takes twice the time.
        for param, array in zip(self.params, self.arrays, strict=True):
            if param._array is not array:
                return False
        if not self._comes_first(state) and not all(map(is_, map(state.get, self.params), self.states)):
            return False
        try:
            for kept, name, array in self.places:
                if kept[name]._array is not array:
                    return False
        except (KeyError, AttributeError):  # not there any more, or no tensor
            return False
        for vector in self.numbers.values():  # a user may have written to one of them
            written = vector.tobytes()
            if written != written[: vector.itemsize] * len(vector):
                return False
        return True

    def _comes_first(self, state: Mapping[Any, dict[str, Any]]) -> bool:
        """Whether the state begins with these parameters' in their order, to see which none has to be hashed."""
        if len(state) < len(self.states):
            return False
        for (key, value), param, kept in zip(state.items(), self.params, self.states, strict=False):
            if key is not param or value is not kept:
                return False
        return True

    def advance(self) -> float:
        """Count one more step, and give their number."""
        steps = self.numbers["step"]
        np.add(steps, _ONE, steps)
        return steps.item(0)  # type: ignore[no-any-return]

    def scalars(self, *numbers: float) -> list[Array]:
        """Numbers as 0-d arrays of the type that is computed with, which ufuncs take in half the time of floats."""
        return [np.array(number, self.real) for number in numbers]

    def gathered(
        self, factor: float, penalty: float = 0.0, rate: float = 1.0, shrink: float = 1.0
    ) -> Iterator[Block]:
        """Go through the blocks, with ``factor * g + penalty * p`` in the first scratch array.

        The formula makes a direction of it. Then ``p = shrink * p - rate * direction``.
        """
        gradients = self._flattened()
        (factor_,) = self.scalars(factor)
        for block in self.blocks:
            block.gather(gradients, factor_)
            if penalty:
                block.add_parameters(*self.scalars(penalty))
            if block.stored:
                block.widen()
                yield block
                block.narrow()
            else:
                yield block
            block.move(rate, shrink)
        self._finish()

    def followed(self) -> Iterator[Block]:
        """Go through the blocks once more, with the parameters themselves in the first scratch array."""
        (one,) = self.scalars(1.0)
        for block in self.blocks:
            block.take_parameters(one)
            block.widen()
            yield block
            block.narrow()

    def descend(self, factor: float, penalty: float = 0.0) -> None:
        """``p -= factor * g + penalty * p``, one parameter after the other: where no formula comes in between."""
        gradients = self._flattened()
        factor_, penalty_ = self.scalars(factor, penalty)
        for block in self.blocks:
            block.descend(gradients, factor_, penalty_ if penalty else None)
        self._finish()

    def _flattened(self) -> list[Array]:
        """The gradients; flat, where a block needs a piece of one. Their memory is not held beyond the step."""
        gradients, self.gradients = self.gradients, []
        for number in self.split:
            gradients[number] = gradients[number].reshape(-1)
        return gradients

    def _finish(self) -> None:
        for param in self.params:
            param._cell[0] += 1  # written to: what a graph has saved of it is no longer valid
        self.fresh = False


def _part(flat: Array, start: int, like: Array, dtype: np.dtype[Any]) -> Array:
    """A view of another array's shape and memory order, from this byte on."""
    return np.ndarray(like.shape, dtype, flat, start, np.empty_like(like, dtype).strides)


def _parts(flat: Array, targets: list[Array], dtype: np.dtype[Any], apart: bool) -> list[Array]:
    """Views of the targets' shapes, one behind the other (`apart`), or all of the same memory."""
    views, start = [], 0
    for target in targets:
        views.append(_part(flat, start, target, dtype))
        start += views[-1].nbytes if apart else 0
    return views


def _shared(memory: Memory, dtype: np.dtype[Any], count: int, length: int) -> list[Array]:
    """At least so many scratch arrays of at least this length."""
    arrays = memory.get(dtype, [])
    if len(arrays) < count or len(arrays[0]) < length:
        length = max(length, len(arrays[0]) if arrays else 0)
        arrays = memory[dtype] = [aligned((length,), dtype) for _ in range(max(count, len(arrays)))]
    return arrays


def is_fresh(state: Mapping[str, Any], kept: Kept) -> bool:
    """Whether nothing has been kept yet."""
    return not any(state.get(name) is not None for name in kept.names)


def number_of(state: Mapping[str, Any], name: str, first: float) -> Any:
    """A kept number in its own type; in the default type if it was no tensor yet."""
    value = state.get(name)
    if isinstance(value, Tensor):
        return value._array.reshape(())[()]
    return default_numpy().type(first if value is None else value)


def divide(
    params: list[Tensor], states: list[dict[str, Any]], kept: Kept
) -> list[tuple[list[Tensor], list[dict[str, Any]]]]:
    """Parameters that can be stepped together: of one type, with the same numbers."""
    parts: dict[Any, tuple[list[Tensor], list[dict[str, Any]]]] = {}
    for param, state in zip(params, states, strict=True):
        numbers = [number_of(state, name, first) for name, first in kept.numbers.items()]
        key = param._array.dtype, is_fresh(state, kept), *[(number.dtype, number.item()) for number in numbers]
        members = parts.setdefault(key, ([], []))
        members[0].append(param)
        members[1].append(state)
    return list(parts.values())
