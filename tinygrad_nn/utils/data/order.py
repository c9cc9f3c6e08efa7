"""Orders of indices that know how far they have come, so that an epoch can be taken up where it was left.

Source: https://docs.pytorch.org/docs/stable/data.html#data-loading-order-and-sampler
"""

from __future__ import annotations

import itertools
import marshal
import re
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from tinygrad_nn._core.random import Generator
from tinygrad_nn._core.random_states import get_state, set_state

from .sources import get_states, set_states

Block = Sequence[int] | np.ndarray[Any, Any]
Draw = Callable[[Any, int], Block | None]


class Order(Iterator[int]):
    """The indices of one epoch, which are drawn block by block.

    Args:
        draw: makes a block from a generator and the block's number; None after the last one.
        generator: what to draw from. Or what makes it when the first block is drawn: then it is this order's own, and
            its state is kept with the order. None where nothing is random.
        short: blocks are so short that they are kept themselves, and not the state that they were drawn from.
    """

    def __init__(
        self,
        draw: Draw,
        generator: Generator | Callable[[], Generator] | None = None,
        *,
        short: bool = False,
    ) -> None:
        self._draw, self._short = draw, short
        self._make = None if generator is None or isinstance(generator, Generator) else generator
        self._generator = generator if isinstance(generator, Generator) else None
        self._before: Any = None  # the state that the block was drawn from
        self._block: Block = ()
        self._number = self._at = 0  # of blocks drawn; in the block

    def __next__(self) -> int:
        while self._at >= len(self._block):
            if not self._next_block():
                raise StopIteration
        self._at += 1
        index = self._block[self._at - 1]
        return int(index) if isinstance(self._block, np.ndarray) else index

    def take(self, count: int) -> list[int]:
        """The next so many indices; fewer at the end."""
        taken = _listed(self.part(count))
        while len(taken) < count and self._next_block():
            taken += _listed(self.part(count - len(taken)))
        return taken

    def part(self, count: int) -> Block:
        """The next so many indices of the block, as they are in it; fewer at its end."""
        taken = self._block[self._at : self._at + count]
        self._at += len(taken)
        return taken

    def _next_block(self) -> bool:
        if self._generator is None and self._make is not None:
            self._generator = self._make()
        generator = self._generator
        before = None if generator is None or self._short else get_state(generator)
        block = self._draw(generator, self._number)
        if block is None:
            return False
        self._before, self._block, self._at = before, block, 0
        self._number += 1
        return True

    def state_dict(self) -> dict[str, Any]:
        """Where it stands."""
        own = self._make is not None and self._generator is not None
        return {
            "block": self._number,
            "at": self._at,
            "before": self._before,
            "left": _listed(self._block[self._at :]) if self._short else None,
            "generator": get_state(self._generator) if own else None,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from there. A generator that is not the order's own is left where it is."""
        self._number, self._at, self._before = state["block"], state["at"], state["before"]
        if state["left"] is not None:
            self._block, self._at = state["left"], 0
        elif self._number:
            block = self._draw(_generator_at(self._before), self._number - 1)
            self._block = () if block is None else block
        if self._make is not None:
            self._generator = _generator_at(state["generator"])


def _generator_at(state: Any) -> Generator | None:
    """A new generator in this state; None without one."""
    if state is None:
        return None
    made = Generator()
    set_state(made, state)
    return made


def _listed(block: Block) -> list[int]:
    return block.tolist() if isinstance(block, np.ndarray) else list(block)


class Forever(Iterator[None]):
    """None, without end: the indices of a stream, which says itself when it stops."""

    def __next__(self) -> None:
        return None

    def take(self, count: int) -> list[None]:
        """So many times None."""
        return [None] * count

    def state_dict(self) -> dict[str, Any]:
        """Nothing: every place is alike."""
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on."""


class Batches(Iterator[list[int]]):
    """The indices of a sampler in lists of one length."""

    def __init__(self, sampler: Iterable[int], size: int, drop_last: bool) -> None:
        self._sampler, self._size, self._drop_last = sampler, size, drop_last
        self._places: Places | None = None  # made when the first batch is asked for, as in PyTorch
        self.as_arrays = False  # batches may also come as arrays, which is quicker

    def __next__(self) -> list[int]:
        places = self._places
        if places is None:
            places = self._places = Places(self._sampler)
        if self.as_arrays:
            part: Any = places.part(self._size)
            if len(part) == self._size:
                return part  # type: ignore[no-any-return]  # to whoever has asked for it
            batch = [*_listed(part), *places.take(self._size - len(part))]
        else:
            batch = places.take(self._size)
        if not batch or (self._drop_last and len(batch) < self._size):
            raise StopIteration
        return batch

    def state_dict(self) -> dict[str, Any]:
        """Where it stands."""
        return {"sampler": None if self._places is None else self._places.state_dict()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from there."""
        self._places = None if state["sampler"] is None else Places(self._sampler, state["sampler"])


def is_stateful(thing: Any) -> bool:
    """Whether something tells its state and takes it back."""
    return callable(getattr(thing, "state_dict", None)) and callable(getattr(thing, "load_state_dict", None))


class Places(Iterator[Any]):
    """Goes through a sampler, and can go on later from where it is, in another process too.

    The samplers of this package, and those whose iterator, or which themselves, have ``state_dict`` and
    ``load_state_dict``, are asked for their state. Any other is gone through again from the beginning, from the random
    states of then; if it then gives other indices than it did, that is an error.

    Args:
        sampler: any iterable.
        state: what `state_dict` gave.

    Raises:
        RuntimeError: the sampler does not repeat what it gave.
    """

    def __init__(self, sampler: Any, state: dict[str, Any] | None = None) -> None:
        self._sampler = sampler
        self._start: dict[str, Any] | None = None  # where a sampler begins that has to be gone through again
        self._first: dict[str, Any] | None = None
        self._drawn = self._check = 0
        self._ended = False
        self._iterator: Any
        self._asked = asks_itself(sampler)
        if state is not None:
            self._load(state)
            return
        if not self._asked and not _is_plain(sampler):
            self._start = get_states(sampler)
        self._iterator = iter(sampler)
        self._replayed = not (self._asked or is_stateful(self._iterator))

    def __next__(self) -> Any:
        if type(self._iterator) is Batches:
            return next(self._iterator)
        taken = self.take(1)
        if not taken:
            raise StopIteration
        return taken[0]

    def part(self, count: int) -> Block:
        """The next so many as they are kept, or fewer; the rest is to be taken."""
        return self._iterator.part(count) if isinstance(self._iterator, Order) else ()

    def take(self, count: int) -> list[Any]:
        """The next so many; fewer at the end."""
        iterator = self._iterator
        if isinstance(iterator, Order | Forever):
            return iterator.take(count)
        if self._replayed and self._start is not None and self._first is None:
            self._first = get_states(self._sampler)
        taken = list(itertools.islice(iterator, count))
        self._ended = len(taken) < count
        if self._replayed:
            self._drawn += len(taken)
            for item in taken:
                self._check = zlib.crc32(_bytes_of(item), self._check)
        return taken

    def allow_arrays(self) -> None:
        """Batches of indices may come as arrays."""
        if type(self._iterator) is Batches:
            self._iterator.as_arrays = True

    def state_dict(self) -> dict[str, Any]:
        """Where it stands."""
        if self._ended:  # some samplers begin anew by themselves, so they are not asked again
            return {"ended": True}
        if is_stateful(self._iterator):
            return {"iterator": self._iterator.state_dict()}
        if self._asked:
            return {"sampler": self._sampler.state_dict()}
        return {"start": self._start, "first": self._first, "drawn": self._drawn, "check": self._check}

    def _load(self, state: dict[str, Any]) -> None:
        self._ended, self._replayed = "ended" in state, "drawn" in state
        if self._ended:
            self._iterator = iter(())
        elif self._replayed:
            self._replay(state)
        else:
            if "sampler" in state:
                self._sampler.load_state_dict(state["sampler"])
            self._iterator = iter(self._sampler)
            if "iterator" in state:
                self._iterator.load_state_dict(state["iterator"])

    def _replay(self, state: dict[str, Any]) -> None:
        now = get_states(self._sampler)
        try:
            self._start, self._first = state["start"], state["first"]
            set_states(self._sampler, self._start)
            self._iterator = iter(self._sampler)
            set_states(self._sampler, self._first)
            self.take(state["drawn"])
        finally:
            set_states(self._sampler, now)
        if (self._drawn, self._check) != (state["drawn"], state["check"]):
            kind = type(self._sampler).__name__
            raise RuntimeError(
                f"The epoch cannot be taken up again: {kind} does not give the {state['drawn']} indices that it gave "
                "before. It depends on something that is not saved: give it state_dict() and load_state_dict(), or let "
                "it draw from tinygrad_nn's, NumPy's or Python's random numbers"
            )


_HERE = __name__.rpartition(".")[0]


def asks_itself(sampler: Any) -> bool:
    """Whether a sampler is somebody's own and has a state: not that of a sampler of this package that it derives from.

    For those the iterator is asked; and if a class has changed the iteration, what its base says is no longer true.
    """
    if not is_stateful(sampler):
        return False
    owner = next(kind for kind in type(sampler).__mro__ if "state_dict" in vars(kind))
    return not owner.__module__.startswith(_HERE)


def _is_plain(sampler: Any) -> bool:
    """Whether no random numbers are drawn, or its iterator tells them."""
    return isinstance(sampler, list | tuple | range) or type(sampler).__module__.startswith(_HERE)


_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")


def _bytes_of(item: Any) -> bytes:
    """The same bytes for the same index in every process."""
    try:
        return marshal.dumps(item, 2)  # later versions tell how often an object is used
    except ValueError:
        return _ADDRESS.sub("", repr(item)).encode()
