"""Random states as plain data: the process's (this package's, NumPy's, Python's), a thread's, those of single objects.

Plain data are numbers, strings, None, tensors, and dicts and lists of them: what `save` writes and checkpoints keep.
"""

from __future__ import annotations

import random
import threading
from typing import Any

import numpy as np

from .random import Generator, default_generator
from .tensor import Tensor, wrap

__all__ = ["RANDOM_TYPES", "get_random_states", "get_state", "set_random_states", "set_state", "set_thread_generator"]

RANDOM_TYPES = (Generator, np.random.Generator, np.random.RandomState, random.Random)


# --- one object --------------------------------------------------------------------------------------------------


def get_state(source: Any) -> Any:
    """The state of a source of random numbers: an object of one of `RANDOM_TYPES`.

    Example:
        >>> import random
        >>> dice = random.Random(7)
        >>> before = get_state(dice)
        >>> first = dice.random()
        >>> set_state(dice, before)
        >>> dice.random() == first
        True
    """
    if isinstance(source, Generator):
        return {"bytes": wrap(source.state_bytes())}
    if isinstance(source, np.random.RandomState):
        return _plain(source.get_state(legacy=False))
    if isinstance(source, np.random.Generator):
        return _plain(source.bit_generator.state)
    version, words, spare = source.getstate()
    if version != 3:  # a subclass's, or SystemRandom
        raise TypeError(f"{type(source).__name__} has a random state of a form that is not known here")
    return {"words": wrap(np.array(words, np.uint32)), "spare": spare}


def set_state(source: Any, state: Any) -> None:
    """Go on from a state that `get_state` has given.

    Raises:
        ValueError, TypeError, KeyError, RuntimeError: it is no state of this kind; nothing has been changed.
    """
    if isinstance(source, Generator):
        source.set_state_bytes(np.asarray(state["bytes"]))
    elif isinstance(source, np.random.RandomState):
        source.set_state(_arrays(state))
    elif isinstance(source, np.random.Generator):
        source.bit_generator.state = _arrays(state)
    else:
        source.setstate((3, tuple(np.asarray(state["words"]).tolist()), state["spare"]))


def _plain(state: Any) -> Any:
    """NumPy's dicts of states, with tensors for arrays and Python's numbers for NumPy's."""
    if isinstance(state, dict):
        return {name: _plain(value) for name, value in state.items()}
    if isinstance(state, np.ndarray):
        return wrap(state.copy())
    return state.item() if isinstance(state, np.generic) else state


def _arrays(state: Any) -> Any:
    if isinstance(state, dict):
        return {name: _arrays(value) for name, value in state.items()}
    return np.asarray(state) if isinstance(state, Tensor) else state


# --- the process -------------------------------------------------------------------------------------------------


def get_random_states() -> dict[str, Any]:
    """The states behind ``tinygrad_nn.rand``, ``np.random.rand`` and ``random.random``.

    Example:
        >>> import random
        >>> before = get_random_states()
        >>> first = random.random(), np.random.rand()
        >>> set_random_states(before)
        >>> (random.random(), np.random.rand()) == first
        True
    """
    return {"tinygrad_nn": get_state(default_generator), "numpy": get_state(_numpy()), "python": get_state(_python())}


def set_random_states(states: dict[str, Any]) -> None:
    """Go on from the states that `get_random_states` has given."""
    set_state(default_generator, states["tinygrad_nn"])
    set_state(_numpy(), states["numpy"])
    set_state(_python(), states["python"])


def _numpy() -> np.random.RandomState:
    """The object whose methods ``np.random.rand`` and the others are."""
    source: np.random.RandomState = np.random.mtrand._rand
    return source


def _python() -> random.Random:
    source: random.Random = random._inst
    return source


# --- threads -----------------------------------------------------------------------------------------------------


class _Own(threading.local):
    generator: Generator | None = None


_own = _Own()


def set_thread_generator(generator: Generator) -> None:
    """From now on, the default generator draws from this one in the running thread; elsewhere nothing changes."""
    default_generator.__class__ = _PerThread  # only now: programs without such threads pay nothing
    _own.generator = generator


def _attribute(name: str) -> property:
    """An attribute of the default generator, or, in a thread that has a generator of its own, of that one."""

    def get(self: Generator) -> Any:
        own = _own.generator
        return self.__dict__[name] if own is None or self is not default_generator else getattr(own, name)

    def put(self: Generator, value: Any) -> None:
        own = _own.generator
        if own is None or self is not default_generator:
            self.__dict__[name] = value
        else:
            setattr(own, name, value)

    return property(get, put)


class _PerThread(Generator):
    """The class of the default generator, once a thread has a stream of its own."""

    def __repr__(self) -> str:  # shown as it was before
        return f"<{Generator.__module__}.{Generator.__qualname__} object at {id(self):#x}>"

    _engine = _attribute("_engine")
    _seed = _attribute("_seed")
    _spare = _attribute("_spare")
    _float_spare = _attribute("_float_spare")
