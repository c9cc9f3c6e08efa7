"""Modules that are imported when something of theirs is first asked for.

Most ops are used by few programs each, and all of them together take longer to import than NumPy. Their names are there
from the beginning all the same: each method as a `LaterMethod`, each function through the ``__getattr__`` of the module
that hands it out.
"""

from __future__ import annotations

import importlib
from typing import Any

_PACKAGE = __name__.partition(".")[0]
class LaterMethod:
    """Stands in a method's place, in a class, until it is asked for: then the method's module is imported.

    Whoever registers the method tells this object `found`, and puts the method in its place.
    """

    __slots__ = ("found", "module")

    def __init__(self, module: str) -> None:
        self.module = module
        self.found: Any = None

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        if self.found is None:
            importlib.import_module(self.module)
        return self.found.__get__(instance, owner)


waiting: list[str] = []  # modules with ops that have not all been imported
methods: dict[str, LaterMethod] = {}  # those of these modules, by name


def places(table: dict[str, str]) -> dict[str, str]:
    """By name, the module that has it, of a table of modules and the names in them."""
    return {name: module for module, names in table.items() for name in names.split()}


def load_all() -> None:
    """Import what is still waiting: somebody wants to see every op, or what answers for a NumPy function."""
    for module in waiting:
        importlib.import_module(module)
    waiting.clear()
    methods.clear()


def fetch(module: str, name: str, namespace: dict[str, Any]) -> Any:
    """An attribute of a module of this package, which the namespace has from now on, too."""
    namespace[name] = found = getattr(importlib.import_module(f"{_PACKAGE}.{module}"), name)
    return found
