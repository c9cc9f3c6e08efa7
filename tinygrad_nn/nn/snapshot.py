"""Putting a module back as it was: its tensors, its attributes, and the random numbers that it draws.

What looks at a module by running it (`doctor`, `summary`), and what may find out halfway that it cannot be done
(`load_state_dict`), changes nothing in the end.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from .._core.random import default_generator
from .._core.tensor import Tensor
from .hooks import ModuleHooks

if TYPE_CHECKING:
    from .module import Module


_ARRAY: Any = Tensor.__dict__["_array"]  # the slot itself, past what a subclass may put before it


class Snapshot:
    """What modules hold now: ``restore()`` puts it back.

    Attributes that are lists, dictionaries or sets get their former contents back; what is deeper inside of other
    objects is not followed.

    Args:
        modules: the modules, without their children.
    """

    def __init__(self, modules: Iterable[Module]) -> None:
        self._modules = list(modules)
        self._kinds = [type(module) for module in self._modules]
        self._attributes = [dict(module.__dict__) for module in self._modules]
        self._contents: dict[int, tuple[Any, Any]] = {}  # by identity: the container, and a copy of it
        self._tensors: dict[int, _TensorState] = {}
        for attributes in self._attributes:
            for value in attributes.values():
                self._note(value)

    def _note(self, value: Any) -> None:
        if isinstance(value, Tensor):
            if id(value) not in self._tensors:
                self._tensors[id(value)] = _TensorState(value)
        elif isinstance(value, ModuleHooks):
            for dictionary in vars(value).values():
                self._note(dictionary)
        elif isinstance(value, list | dict | set | deque) and id(value) not in self._contents:
            self._contents[id(value)] = (value, value.copy())
            for inner in value.values() if isinstance(value, dict) else value:
                if isinstance(inner, Tensor):
                    self._note(inner)

    def restore(self) -> None:
        """Put everything back. Memory that has not been written to since is left alone."""
        for module, kind, attributes in zip(self._modules, self._kinds, self._attributes, strict=True):
            if type(module) is not kind:  # a lazy layer has become an ordinary one
                module.__class__ = kind
            module.__dict__.clear()
            module.__dict__.update(attributes)
        for container, content in self._contents.values():
            container.clear()
            (container.extend if isinstance(container, list | deque) else container.update)(content)
        for state in self._tensors.values():
            state.restore()


class _TensorState:
    """A tensor's memory, edge and gradient; those, too, of a tensor that has no shape yet and says so."""

    def __init__(self, tensor: Tensor) -> None:
        self.tensor = tensor
        self.kind = type(tensor)
        self.array, self.cell = _ARRAY.__get__(tensor), tensor._cell
        self.edge, self.view, self.gradient = tensor._edge, tensor._view, tensor._grad
        self.values = self.array.copy()
        self.counts = list(tensor._cell)
        self.gradient_state = None if tensor._grad is None else _TensorState(tensor._grad)

    def restore(self) -> None:
        """Put it back."""
        tensor = self.tensor
        if type(tensor) is not self.kind:
            tensor.__class__ = self.kind
        _ARRAY.__set__(tensor, self.array)
        tensor._cell = self.cell
        tensor._edge, tensor._view, tensor._grad = self.edge, self.view, self.gradient
        if not np.array_equal(self.array, self.values):
            self.array[...] = self.values
        self.cell[:] = self.counts  # the contents are those of then, and so the graphs that saved them are right
        if self.gradient_state is not None:
            self.gradient_state.restore()


class RandomState:
    """Where the streams of random numbers stand now, this package's, NumPy's and Python's: ``restore()`` goes back."""

    def __init__(self) -> None:
        import random

        self._own = default_generator.get_state()
        self._numpy = np.random.get_state()
        self._python = random.getstate()

    def restore(self) -> None:
        """Go back to where they stood."""
        import random

        default_generator.set_state(self._own)
        np.random.set_state(self._numpy)
        random.setstate(self._python)
