"""Modules that hold parameters, as a list or a dictionary.

Source: https://docs.pytorch.org/docs/stable/nn.html#containers
"""

from __future__ import annotations

import operator
from collections import OrderedDict
from collections.abc import Iterable, Iterator, KeysView
from typing import Any, TypeVar

from .._core.tensor import Tensor
from .checks import type_name
from .containers import pairs_of
from .module import Module
from .parameter import Parameter

__all__ = ["ParameterDict", "ParameterList"]

P = TypeVar("P", bound="ParameterList")
D = TypeVar("D", bound="ParameterDict")


def _describe(key: Any, value: Any, kind: str) -> str:
    """A line of the list of parameters."""
    if not isinstance(value, Tensor):
        return f"  ({key}): Object of type: {type(value).__name__}"
    name = "Parameter" if isinstance(value, Parameter) else "Tensor"
    return f"  ({key}): {name} containing: [{kind} of size {'x'.join(str(length) for length in value.shape)}]"


class ParameterList(Module):
    """A list of parameters. Tensors become parameters; other values are kept as they are.

    Args:
        values: the tensors or other values.

    Example:
        >>> import tinygrad_nn as tg
        >>> scales = tg.nn.ParameterList([tg.ones(2), tg.zeros(3)])
        >>> [name for name, _ in scales.named_parameters()]
        ['0', '1']
    """

    def __init__(self, values: Iterable[Any] | None = None) -> None:
        super().__init__()
        self._size = 0
        if values is not None:
            self.extend(values)

    def _name_at(self, index: Any) -> str:
        index = operator.index(index)
        if not -self._size <= index < self._size:
            raise IndexError(f"index {index} is out of range")
        return str(index % self._size)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return type(self)([self[i] for i in range(*index.indices(len(self)))])
        return getattr(self, self._name_at(index))

    def __setitem__(self, index: int, value: Any) -> None:
        setattr(self, self._name_at(index), _as_parameter(value))

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[Any]:
        return iter([self[i] for i in range(self._size)])

    def __iadd__(self: P, values: Iterable[Any]) -> P:
        return self.extend(values)

    def append(self: P, value: Any) -> P:
        """Add a value at the end."""
        self._size += 1
        self[self._size - 1] = value
        return self

    def extend(self: P, values: Iterable[Any]) -> P:
        """Add values at the end.

        Raises:
            TypeError: they are no iterable, or a tensor.
        """
        if not isinstance(values, Iterable) or isinstance(values, Tensor):
            raise TypeError(f"ParameterList.extend should be called with an iterable, but got {type(values).__name__}")
        for value in list(values):
            self.append(value)
        return self

    def extra_repr(self) -> str:
        """A line for each value."""
        return "\n".join(
            _describe(i, value, str(value.dtype) if isinstance(value, Tensor) else "") for i, value in enumerate(self)
        )

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Refused."""
        raise RuntimeError("ParameterList should not be called.")


def _as_parameter(value: Any) -> Any:
    return Parameter(value) if isinstance(value, Tensor) and not isinstance(value, Parameter) else value


class _NoKeyError(KeyError, AttributeError):
    """A key that is not there: dictionaries raise the one, PyTorch's `ParameterDict` the other."""


class ParameterDict(Module):
    """A dictionary of parameters. Tensors become parameters; other values are kept as they are.

    Args:
        parameters: a mapping (a plain dictionary is sorted), or pairs.

    Example:
        >>> import tinygrad_nn as tg
        >>> scales = tg.nn.ParameterDict({"left": tg.ones(2), "right": tg.zeros(3)})
        >>> [name for name, _ in scales.named_parameters()]
        ['left', 'right']
    """

    _keys: dict[str, None]

    def __init__(self, parameters: Any = None) -> None:
        super().__init__()
        self._keys = {}
        if parameters is not None:
            self.update(parameters)

    def __getitem__(self, key: str) -> Any:
        if key not in self._keys:
            raise _NoKeyError(key)
        return getattr(self, key)

    def __setitem__(self, key: str, value: Any) -> None:
        if not isinstance(key, str):
            raise TypeError(
                "Index given to ParameterDict cannot be used as a key as it is not a string "
                f"(type is '{type(key).__name__}')."
            )
        setattr(self, key, _as_parameter(value))
        self._keys[key] = None

    def __delitem__(self, key: str) -> None:
        del self._keys[key]
        delattr(self, key)

    def __len__(self) -> int:
        return len(self._keys)

    def __iter__(self) -> Iterator[str]:
        return iter(self._keys)

    def __reversed__(self) -> Iterator[str]:
        return reversed(self._keys)

    def __contains__(self, key: str) -> bool:
        return key in self._keys

    def copy(self) -> ParameterDict:
        """Another dictionary of the same parameters."""
        return ParameterDict(OrderedDict(self.items()))

    def setdefault(self, key: str, default: Any = None) -> Any:
        """The value of a key, entered first where there is none."""
        if key not in self:
            self[key] = default
        return self[key]

    def clear(self) -> None:
        """Take all away."""
        for key in list(self._keys):
            del self[key]

    def pop(self, key: str) -> Any:
        """Take a value away, and return it."""
        found = self[key]
        del self[key]
        return found

    def popitem(self) -> tuple[str, Any]:
        """Take the last away, and return key and value."""
        key = next(reversed(self._keys))
        return key, self.pop(key)

    def get(self, key: str, default: Any = None) -> Any:
        """The value of a key, or the default."""
        return self[key] if key in self else default  # noqa: SIM401 - this is what get is made of

    def fromkeys(self, keys: Iterable[str], default: Any = None) -> ParameterDict:
        """A new dictionary with one value for all keys."""
        return ParameterDict((key, default) for key in keys)

    def keys(self) -> KeysView[str]:
        """The keys."""
        return self._keys.keys()

    def items(self) -> Iterable[tuple[str, Any]]:
        """The keys and values."""
        return [(key, self[key]) for key in self._keys]

    def values(self) -> Iterable[Any]:
        """The values."""
        return [self[key] for key in self._keys]

    def update(self, parameters: Any) -> None:
        """Add values; those of the same key are replaced.

        Raises:
            TypeError: it is neither a mapping nor pairs.
        """
        for key, value in pairs_of(parameters, "ParameterDict", sort=True):
            self[key] = value

    def __or__(self, other: Any) -> ParameterDict:
        made = self.copy()
        made.update(other)
        return made

    def __ror__(self, other: Any) -> ParameterDict:
        made = ParameterDict(OrderedDict(other.items()))
        made.update(self)
        return made

    def __ior__(self: D, other: Any) -> D:
        self.update(other)
        return self

    def extra_repr(self) -> str:
        """A line for each value."""
        return "\n".join(_describe(key, value, type_name(value)) for key, value in self.items())

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Refused."""
        raise RuntimeError("ParameterDict should not be called.")
