"""What is what in a batch: the model's arguments, the target, the weights."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .._core.tensor import Tensor

# Arguments of the model by position and by name, the target, and the weights of the samples.
Batch = tuple[tuple[Any, ...], dict[str, Any], Any, Any]
Reader = Callable[[Any], Batch]

_NOTHING: dict[str, Any] = {}


@dataclass(frozen=True)
class Layout:
    """What tensors in a row are: first the inputs, then the target and the weights, as far as they are there.

    Attributes:
        inputs: how many inputs there are.
        has_target, has_weight: whether the others are there.
        names: of the inputs, if the model takes them by name.
    """

    inputs: int
    has_target: bool
    has_weight: bool
    names: tuple[str, ...] | None = None

    def read(self, batch: Any) -> Batch:
        """The parts of a batch."""
        if len(batch) == 2 and self.has_target and self.names is None:
            return (batch[0],), _NOTHING, batch[1], None
        given = batch[: self.inputs]
        target = batch[self.inputs] if self.has_target else None
        weight = batch[-1] if self.has_weight else None
        if self.names is not None:
            return (), dict(zip(self.names, given, strict=True)), target, weight
        return tuple(given), _NOTHING, target, weight


def read_batch(batch: Any) -> Batch:
    """The parts of a loader's batch: ``(input, target)``; several inputs and a target; or an input that is its own.

    An input may also be a tuple, for several arguments, or a dict, for named ones.

    Raises:
        TypeError: it is something else.
    """
    if isinstance(batch, Tensor):
        return (batch,), _NOTHING, batch, None
    if not isinstance(batch, list | tuple) or not batch:
        got = f"a dict with {', '.join(map(repr, batch))}" if isinstance(batch, dict) else type(batch).__name__
        raise TypeError(
            f"expected a batch to be (input, target), got {got}. A collate_fn of the DataLoader can make such a pair"
        )
    *inputs, target = batch if len(batch) > 1 else (batch[0], batch[0])
    if len(inputs) == 1:
        if isinstance(inputs[0], dict):
            return (), inputs[0], target, None
        if isinstance(inputs[0], tuple | list):
            return tuple(inputs[0]), _NOTHING, target, None
    return tuple(inputs), _NOTHING, target, None


def read_weighted(batch: Any) -> Batch:
    """The parts of a batch that comes with the weights of its samples."""
    args, kwargs, target, _ = read_batch(batch[0])
    return args, kwargs, target, batch[1]


def size_of(args: tuple[Any, ...], kwargs: dict[str, Any], target: Any) -> int:
    """How many samples a batch has."""
    for part in (target, *args, *kwargs.values()):
        if isinstance(part, Tensor) and part.ndim:
            return len(part)
    return 1
