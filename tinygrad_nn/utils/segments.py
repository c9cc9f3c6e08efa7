"""A part of a computation that is forgotten, and done again when something of it is asked for: `checkpoint`'s work."""

from __future__ import annotations

import contextlib
import weakref
from collections.abc import Callable
from typing import Any

from .._core.modes import enable_grad, modes, no_grad
from .._core.tensor import Tensor
from ..autograd.saved_hooks import active_hooks, saved_tensors_hooks

_TIP = (
    "Tip: the function must compute the same each time that it is called with the same arguments. To see which "
    "operations it ran, pass debug=True to checkpoint(...)."
)


class CheckpointError(RuntimeError):
    """What was computed again differs from what was computed first."""


class _Place:
    """The placeholder of a saved tensor: where it comes among all that the segment saves."""

    __slots__ = ("__weakref__", "number")

    def __init__(self, number: int) -> None:
        self.number = number


class Segment:
    """A call that has been forgotten: how to do it again, and what it saved."""

    def __init__(
        self, again: Callable[..., None], args: tuple[Any, ...], early_stop: bool, check: bool, debug: bool
    ) -> None:
        self.again = again
        self.early_stop = early_stop
        self.check = check
        self.debug = debug
        self.places: list[weakref.ref[_Place]] = []
        self.saved: list[tuple[Any, ...]] = []  # shape and dtype of each
        self.operations: tuple[list[str], list[str]] = ([], [])  # of the two calls
        self.complete = False
        self.backward_pass: Any = None  # for which it was computed again
        self.tensors: dict[int, Tensor | None] = {}  # what this gave, by place; None where it has been taken
        # the arguments are saved as well: by whatever sees what is saved outside of this segment
        self._outer = active_hooks()
        self._args = [self._keep(arg) if isinstance(arg, Tensor) else (arg, None) for arg in args]

    def _keep(self, tensor: Tensor) -> tuple[Any, bool | None]:
        with no_grad():
            kept = tensor if self._outer is None else self._outer.pack_hook(tensor)
        return kept, tensor.requires_grad

    def arguments(self) -> list[Any]:
        """The arguments, outside of the graph."""
        found = []
        for kept, required in self._args:
            if required is not None:
                tensor = kept if self._outer is None else self._outer.unpack_hook(kept)
                kept = tensor.detach().requires_grad_(required)
            found.append(kept)
        return found

    def unpack(self, place: _Place) -> Tensor:
        """A saved tensor, after computing everything again, once for each backward pass."""
        running = modes.here.backward_pass
        if running is None or self.backward_pass is not running:
            self.backward_pass = running
            self._compute()
        tensor = self.tensors.get(place.number)
        if tensor is None:
            raise CheckpointError(
                "torch.utils.checkpoint: Unpack is being triggered for a tensor that was already unpacked once. If you "
                "are calling ctx.saved_tensors in backward, make sure to do so only once."
            )
        self.tensors[place.number] = None
        return tensor

    def _compute(self) -> None:
        self.tensors = {}
        arguments = self.arguments()
        remembering = _Remembering(self)
        with contextlib.suppress(_Enough), remembering, enable_grad():
            self.again(*arguments)
        self._compare(remembering)

    def _compare(self, second: _Remembering) -> None:
        if second.ignored:
            return
        if second.count != len(self.places):
            raise CheckpointError(
                "torch.utils.checkpoint: A different number of tensors was saved during the original forward and "
                f"recomputation.\nNumber of tensors saved during forward: {len(self.places)}\nNumber of tensors saved "
                f"during recomputation: {second.count}.\n{self.hint()}"
            )
        if not self.check:
            return
        wrong = []
        for number, place in enumerate(self.places):
            tensor = self.tensors.get(number)
            if place() is None or tensor is None:
                continue
            now, before = _described(tensor), self.saved[number]
            if now != before:
                wrong.append(
                    f"tensor at position {number}:\nsaved metadata: {_shown(before)}\n"
                    f"recomputed metadata: {_shown(now)}\n"
                )
        if wrong:
            raise CheckpointError(
                "torch.utils.checkpoint: Recomputed values for the following tensors have different metadata than "
                f"during the forward pass.\n{''.join(wrong)}.\n{self.hint()}"
            )

    def hint(self) -> str:
        """What to say at the end of an error."""
        if not self.debug:
            return _TIP
        first, second = ("\n".join(names) for names in self.operations)
        return (
            f"Operations executed during the original forward:\n\n{first}\n\nOperations executed during recomputation:"
            f"\n\n{second}\n"
        )


def _described(tensor: Tensor) -> tuple[Any, ...]:
    return tuple(tensor.shape), tensor.dtype


def _shown(description: tuple[Any, ...]) -> str:
    shape, dtype = description
    return f"{{'shape': torch.Size({list(shape)}), 'dtype': {dtype}, 'device': device(type='cpu')}}"


class _Enough(Exception):  # noqa: N818 - it is no error
    """All that is needed has been computed."""


class _Hooks(saved_tensors_hooks):
    """Hooks that are methods: none is kept as an attribute, as such a circle would keep the segment's memory."""

    def __init__(self, segment: Segment) -> None:
        self.segment = segment
        self._before = []


class Forgetting(_Hooks):
    """During the first call: keep placeholders of what is saved."""

    def pack_hook(self, tensor: Tensor) -> _Place:
        """A placeholder."""
        place = _Place(len(self.segment.places))
        self.segment.places.append(weakref.ref(place))
        self.segment.saved.append(_described(tensor))
        return place

    def unpack_hook(self, place: _Place) -> Tensor:
        """The tensor, computed again."""
        return self.segment.unpack(place)

    def _recorded(self, node: Any) -> None:
        if self.segment.debug:
            self.segment.operations[0].append(node.name())
        super()._recorded(node)


class _Remembering(_Hooks):
    """During the second call: note what is saved, for the placeholders that are still held."""

    def __init__(self, segment: Segment) -> None:
        super().__init__(segment)
        self.count = 0
        self.ignored = False

    def unpack_hook(self, tensor: Tensor) -> Tensor:
        """The tensor itself."""
        return tensor

    def pack_hook(self, tensor: Tensor) -> Tensor:
        """The tensor itself, after it was noted."""
        segment, number = self.segment, self.count
        tensor = tensor.detach()
        self.count += 1
        if number >= len(segment.places):
            if not segment.complete:  # a backward pass inside of the function itself
                self.ignored = True
                return tensor
            raise CheckpointError(
                "torch.utils.checkpoint: trying to save more tensors during recomputation than during the original "
                f"forward pass.\n{segment.hint()}"
            )
        if segment.places[number]() is not None:
            segment.tensors[number] = tensor
        if segment.early_stop and self.count == len(segment.places):
            raise _Enough
        return tensor

    def _recorded(self, node: Any) -> None:
        if self.segment.debug:
            self.segment.operations[1].append(node.name())
        super()._recorded(node)
