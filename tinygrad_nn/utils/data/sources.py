"""Sources of random numbers that datasets and samplers have as attributes: a part of where they stand."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

from tinygrad_nn._core.random import default_generator
from tinygrad_nn._core.random_states import (
    RANDOM_TYPES,
    get_random_states,
    get_state,
    set_random_states,
    set_state,
)

# Attributes by which these objects hold each other, and what they make samples with.
_HOLDERS = ("batch_sampler", "dataset", "datasets", "sampler", "target_transform", "transform", "transforms")
_DEEPEST, _MOST = 6, 100  # levels; entries of a container, which else holds data


def sources_of(holder: Any) -> dict[str, Any]:
    """The generators that an object has, and those of the datasets, samplers and transforms that it holds, by place.

    The default generator, and NumPy's and Python's global ones, are everybody's, and not among them.

    Example:
        >>> import random
        >>> from tinygrad_nn.utils.data import Subset
        >>> from tinygrad_nn.utils.data.sources import sources_of
        >>> class Dice:
        ...     def __init__(self):
        ...         self.random = random.Random(1)
        >>> [*sources_of(Subset(Dice(), [0]))]
        ['dataset.random']
    """
    return dict(_found(holder, "", 0))


def _found(holder: Any, place: str, depth: int) -> Iterator[tuple[str, Any]]:
    if depth > _DEEPEST:
        return
    for name, value in _parts(holder):
        if isinstance(value, RANDOM_TYPES):
            if value is not default_generator:
                yield f"{place}{name}", value
        elif name in _HOLDERS or isinstance(holder, dict | list | tuple):
            yield from _found(value, f"{place}{name}.", depth + 1)


def _parts(holder: Any) -> list[tuple[Any, Any]]:
    if isinstance(holder, dict | list | tuple):
        if len(holder) > _MOST:
            return []
        return list(holder.items() if isinstance(holder, dict) else enumerate(holder))
    return list(getattr(holder, "__dict__", {}).items())


def own_copy(holder: Any) -> Any:
    """A shallow copy that draws from sources of its own: copies of those that `sources_of` finds."""
    if isinstance(holder, RANDOM_TYPES):
        return copy.deepcopy(holder)
    if isinstance(holder, list | tuple):
        return type(holder)(own_copy(part) for part in holder) if sources_of(holder) else holder
    if isinstance(holder, dict):
        return {name: own_copy(part) for name, part in holder.items()} if sources_of(holder) else holder
    if not hasattr(holder, "__dict__"):
        return holder
    made = copy.copy(holder)
    for name, value in _parts(made):
        if isinstance(value, RANDOM_TYPES) or (name in _HOLDERS and sources_of(value)):
            vars(made)[name] = own_copy(value)
    return made


def get_states(holder: Any) -> dict[str, Any]:
    """All random states that an object may depend on: the process's, and those of its own sources."""
    return {
        "process": get_random_states(),
        "sources": {place: get_state(source) for place, source in sources_of(holder).items()},
    }


def set_states(holder: Any, states: dict[str, Any] | None) -> None:
    """Bring the process and an object's sources to where they were. None: leave them where they are.

    Raises:
        KeyError: the object has a source that it did not have then.
    """
    if states is not None:
        set_random_states(states["process"])
        set_sources(holder, states["sources"])


def set_sources(holder: Any, states: dict[str, Any]) -> None:
    """Bring an object's sources to where they were.

    Raises:
        KeyError: it has one that it did not have then.
    """
    for place, source in sources_of(holder).items():
        set_state(source, states[place])
