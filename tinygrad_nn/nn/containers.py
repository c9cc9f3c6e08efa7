"""Modules that hold other modules, as a sequence, a list or a dictionary.

Source: https://docs.pytorch.org/docs/stable/nn.html#containers
"""

from __future__ import annotations

import operator
from collections import OrderedDict
from collections.abc import ItemsView, Iterable, Iterator, KeysView, Mapping, ValuesView
from typing import Any, Self, TypeVar, overload

from .checks import check_name, type_name
from .module import Module, indent

__all__ = ["Container", "ModuleDict", "ModuleList", "Sequential"]

S = TypeVar("S", bound="_Sequence")


class Container(Module):
    """Modules given by keyword, with no ``forward``: the former form of `ModuleDict`."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__()
        for name, module in kwargs.items():
            self.add_module(name, module)


class _Sequence(Module):
    """Modules that are counted: what `Sequential` and `ModuleList` have in common."""

    def _name_at(self, index: Any) -> str:
        index = operator.index(index)
        count = len(self._modules)
        if not -count <= index < count:
            raise IndexError(f"index {index} is out of range for {type(self).__name__} of {count} modules")
        name: str = list(self._modules)[index]
        return name

    def _set_all(self, modules: Iterable[Module | None], first: int = 0) -> None:
        """Hold these modules, counted from 0; those before the first keep their names."""
        names = list(self._modules)[:first]
        renamed = {names[n] if n < first else str(n): module for n, module in enumerate(modules)}
        self._modules.clear()
        self._modules.update(renamed)

    @overload
    def __getitem__(self, index: slice) -> Self: ...
    @overload
    def __getitem__(self, index: int) -> Any: ...
    def __getitem__(self, index: int | slice) -> Any:
        if isinstance(index, slice):
            return self._of(list(self._modules.items())[index])
        return self._modules[self._name_at(index)]

    def _of(self, items: list[tuple[str, Any]]) -> Self:
        """Another of its kind, of some of its names and modules."""
        kind: Any = type(self)  # a subclass here takes its modules
        made: Self = kind([module for _, module in items])
        return made

    def __setitem__(self, index: int, module: Module) -> None:
        setattr(self, self._name_at(index), module)

    def __delitem__(self, index: int | slice) -> None:
        modules = list(self._modules.values())
        if not isinstance(index, slice):
            self._name_at(index)
        del modules[index]
        self._set_all(modules)

    def __len__(self) -> int:
        return len(self._modules)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._modules.values())

    def __iadd__(self: S, other: Iterable[Module]) -> S:
        return self.extend(other)

    def append(self: S, module: Module) -> S:
        """Add a module at the end."""
        self.add_module(str(len(self)), module)
        return self

    def insert(self: S, index: int, module: Module) -> S:
        """Put a module before the one of this number.

        Raises:
            IndexError: there is no such place.
            AssertionError: it is no module.
        """
        if not isinstance(module, Module):
            raise AssertionError(f"module should be of type: {Module}, got {type_name(module)}")
        if not -len(self) <= index <= len(self):
            raise IndexError(f"Index out of range: {index}")
        modules = list(self._modules.values())
        modules.insert(index, module)
        self._set_all(modules, first=index if index >= 0 else index + len(self))
        return self

    def extend(self: S, modules: Iterable[Module]) -> S:
        """Add modules at the end.

        Raises:
            TypeError: they are no iterable, or one of them is no module.
        """
        if not isinstance(modules, Iterable):
            raise TypeError(
                f"{type(self).__name__}.extend should be called with an iterable, but got {type(modules).__name__}"
            )
        given = list(modules)
        for module in given:  # all or none are added
            if module is not None and not isinstance(module, Module):
                raise TypeError(f"{type_name(module)} is not a Module subclass")
        for module in given:
            self.append(module)
        return self

    def pop(self, key: int | slice) -> Any:
        """Take a module away, and return it."""
        found = self[key]
        del self[key]
        return found


class Sequential(_Sequence):
    """Modules one after the other: each is given what the one before gave.

    Args:
        args: the modules, or one dictionary of names and modules.

    Example:
        >>> import tinygrad_nn as tg
        >>> from tinygrad_nn import nn
        >>> net = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1))
        >>> net
        Sequential(
          (0): Linear(in_features=2, out_features=3, bias=True)
          (1): ReLU()
          (2): Linear(in_features=3, out_features=1, bias=True)
        )
        >>> net(tg.ones(5, 2)).shape
        torch.Size([5, 1])
        >>> len(net[:2])
        2
    """

    in_order = True  # for what looks for the origin of an input: each module gets what the one before gave

    def __init__(self, *args: Any) -> None:
        super().__init__()
        if len(args) == 1 and isinstance(args[0], OrderedDict | dict):
            for name, module in args[0].items():
                self.add_module(name, module)
        else:
            for number, module in enumerate(args):
                self.add_module(str(number), _checked(module, number))

    def _of(self, items: list[tuple[str, Any]]) -> Self:
        return type(self)(OrderedDict(items))  # names are kept

    def forward(self, input: Any) -> Any:
        """The input, led through all modules."""
        modules: Any = self._modules
        for module in modules.values():
            input = module(input)
        return input

    def __add__(self, other: Any) -> Sequential:
        if not isinstance(other, Sequential):
            raise ValueError(f"add operator supports only objects of Sequential class, but {type(other)} is given.")
        return Sequential(*self, *other)

    def __iadd__(self, other: Any) -> Any:
        if not isinstance(other, Sequential):
            raise ValueError(f"add operator supports only objects of Sequential class, but {type(other)} is given.")
        return self.extend(other)

    def __mul__(self, other: int) -> Sequential:
        if not isinstance(other, int):
            raise TypeError(f"unsupported operand type(s) for *: {type(self)} and {type(other)}")
        if other <= 0:
            raise ValueError(f"Non-positive multiplication factor {other} for {type(self)}")
        return Sequential(*(module for _ in range(other) for module in self))

    __rmul__ = __mul__

    def __imul__(self, other: int) -> Sequential:
        return self.extend((self * other)[len(self) :])


def _checked(module: Any, number: int) -> Any:
    """Say what is meant where a list of modules is given instead of the modules."""
    if isinstance(module, list | tuple):
        raise TypeError(
            f"{type_name(module)} is not a Module subclass (argument {number} of Sequential). "
            "Write Sequential(*layers), with a star."
        )
    if isinstance(module, type) and issubclass(module, Module):
        raise TypeError(
            f"type is not a Module subclass (argument {number} of Sequential). Make one: {module.__name__}()"
        )
    return module


class ModuleList(_Sequence):
    """A list of modules, whose parameters are registered, unlike those of modules in a plain list.

    Args:
        modules: the modules.

    Example:
        >>> from tinygrad_nn import nn
        >>> nn.ModuleList([nn.Linear(2, 2) for _ in range(3)])
        ModuleList(
          (0-2): 3 x Linear(in_features=2, out_features=2, bias=True)
        )
    """

    def __init__(self, modules: Iterable[Module] | None = None) -> None:
        super().__init__()
        if modules is not None:
            self.extend(modules)

    def __add__(self, other: Iterable[Module]) -> ModuleList:
        return ModuleList([*self, *other])

    def __repr__(self) -> str:
        """The modules, each run of equal ones in one line."""
        runs: list[list[Any]] = []  # first number, last number, text
        for number, module in enumerate(self):
            text = repr(module)
            if runs and runs[-1][2] == text:
                runs[-1][1] = number
            else:
                runs.append([number, number, text])
        if not runs:
            return f"{self._get_name()}()"
        lines = [
            f"({first}): {indent(text)}" if first == last else f"({first}-{last}): {last - first + 1} x {indent(text)}"
            for first, last, text in runs
        ]
        return "{}(\n  {}\n)".format(self._get_name(), "\n  ".join(lines))


class ModuleDict(Module):
    """A dictionary of modules, whose parameters are registered.

    Args:
        modules: a mapping, or pairs of names and modules.

    Example:
        >>> from tinygrad_nn import nn
        >>> heads = nn.ModuleDict({"digit": nn.Linear(8, 10), "parity": nn.Linear(8, 2)})
        >>> list(heads)
        ['digit', 'parity']
    """

    def __init__(self, modules: Mapping[str, Module] | Iterable[tuple[str, Module]] | None = None) -> None:
        super().__init__()
        if modules is not None:
            self.update(modules)

    def __getitem__(self, key: str) -> Any:
        return self._modules[key]

    def __setitem__(self, key: str, module: Module) -> None:
        self.add_module(key, module)

    def __delitem__(self, key: str) -> None:
        del self._modules[key]

    def __len__(self) -> int:
        return len(self._modules)

    def __iter__(self) -> Iterator[str]:
        return iter(self._modules)

    def __contains__(self, key: str) -> bool:
        return key in self._modules

    def clear(self) -> None:
        """Take all modules away."""
        self._modules.clear()

    def pop(self, key: str) -> Any:
        """Take a module away, and return it."""
        return self._modules.pop(key)

    def keys(self) -> KeysView[str]:
        """The names."""
        return self._modules.keys()

    def items(self) -> ItemsView[str, Any]:
        """The names and modules."""
        return self._modules.items()

    def values(self) -> ValuesView[Any]:
        """The modules."""
        return self._modules.values()

    def update(self, modules: Any) -> None:
        """Add modules; those of the same name are replaced.

        Raises:
            TypeError: it is neither a mapping nor pairs.
        """
        pairs = pairs_of(modules, "ModuleDict", sort=False)
        for key, module in pairs:  # all or none are added
            if module is not None and not isinstance(module, Module):
                raise TypeError(f"{type_name(module)} is not a Module subclass (key {key!r})")
            check_name(self, "module", key, self._modules)
        for key, module in pairs:
            self[key] = module


def pairs_of(given: Any, name: str, *, sort: bool) -> list[tuple[str, Any]]:
    """The pairs of a mapping or of an iterable of pairs."""
    if not isinstance(given, Iterable):
        raise TypeError(
            f"{name}.update should be called with an iterable of key/value pairs, but got {type(given).__name__}"
        )
    if isinstance(given, OrderedDict) or (isinstance(given, Module) and hasattr(given, "items")):
        return list(given.items())
    if isinstance(given, Mapping):
        return sorted(given.items()) if sort else list(given.items())
    pairs: list[tuple[str, Any]] = []
    for number, pair in enumerate(given):
        if not isinstance(pair, Iterable):
            raise TypeError(f"{name} update sequence element #{number} should be Iterable; is {type(pair).__name__}")
        pair = tuple(pair)
        if len(pair) != 2:
            raise ValueError(f"{name} update sequence element #{number} has length {len(pair)}; 2 is required")
        pairs.append(pair)
    return pairs
