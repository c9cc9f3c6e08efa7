"""Modules and parameters in plain lists, tuples, dictionaries and sets, which no module knows of.

PyTorch says nothing of them, and they are never trained. Here there is a warning, once for each attribute: when such a
container is assigned, and, as lists are often filled afterwards, when the parameters are first asked for.
"""

from __future__ import annotations

import ast
import inspect
import sys
import textwrap
import warnings
import weakref
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from .._core.lines import Line, caller
from .hooks import Hooked
from .parameter import Parameter

if TYPE_CHECKING:
    from .module import Module

_OWN = ("_parameters", "_buffers", "_modules", "_hooks")
_looked_over: weakref.WeakSet[Any] = weakref.WeakSet()  # modules whose parameters have been asked for
_warned: weakref.WeakKeyDictionary[Any, set[str]] = weakref.WeakKeyDictionary()  # attributes, by module


class Hidden(NamedTuple):
    """An attribute that holds modules or parameters in a plain container."""

    owner: Module
    path: str  # of the owner
    attribute: str
    container: Any
    items: list[Any]  # those that are not registered elsewhere

    @property
    def kind(self) -> str:
        """What is in it: ``"Parameter"`` or ``"Module"``."""
        return "Parameter" if isinstance(self.items[0], Parameter) else "Module"

    @property
    def holder(self) -> str:
        """What to use in its place: ``nn.ModuleList``, for instance."""
        return f"nn.{self.kind}{'Dict' if isinstance(self.container, dict) else 'List'}"


def hidden_in(model: Module) -> list[Hidden]:
    """All such attributes of a model and the modules in it."""
    found: list[Hidden] = []
    known: set[int] = set()
    for path, module in model.named_modules():
        for name, value in list(vars(module).items()):
            if name in _OWN or not isinstance(value, list | tuple | dict | set):
                continue
            items = list(_items(value))
            if items and not known:
                known = {id(item) for item in (*model.modules(), *(p for _, p in model.named_parameters()))}
            items = [item for item in items if id(item) not in known]
            if items:
                found.append(Hidden(module, path, name, value, items))
    return found


def hidden_modules(model: Module) -> list[Module]:
    """The modules in such attributes, and those in them."""
    found: dict[int, Module] = {}
    for hidden in hidden_in(model):
        for item in hidden.items if hidden.kind == "Module" else ():
            found.update({id(module): module for module in item.modules()})
    return list(found.values())


def _items(value: Any, depth: int = 3) -> Iterator[Any]:
    """The modules and parameters in a container, or in containers in it."""
    inner: Iterable[Any] = value.values() if isinstance(value, dict) else value
    for item in inner:
        if isinstance(item, Hooked | Parameter):
            yield item
        elif isinstance(item, list | tuple | dict | set) and depth:
            yield from _items(item, depth - 1)


def line_of_attribute(module: Module, attribute: str) -> Line | None:
    """The line of a class where an attribute is set; None where the source cannot be read."""
    for kind in type(module).__mro__:
        if kind.__module__.split(".", 1)[0] == __name__.split(".", 1)[0]:
            return None
        try:
            lines, first = inspect.getsourcelines(kind)
            tree = ast.parse(textwrap.dedent("".join(lines)))
        except (OSError, TypeError, SyntaxError):
            continue
        for node in ast.walk(tree):
            for target in node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]:
                if isinstance(target, ast.Attribute) and target.attr == attribute:
                    return Line(inspect.getsourcefile(kind) or "", target.lineno + first - 1)
    return None


# --- warnings ----------------------------------------------------------------------------------------------------


def warn_of_container(module: Module, name: str, value: Any) -> None:
    """Warn where a container that holds layers or parameters is assigned to a module's attribute."""
    items = list(_items(value))
    if items:
        known = {id(item) for item in (*module.modules(), *(p for _, p in module.named_parameters()))}
        items = [item for item in items if id(item) not in known]
    if items:
        _warn(Hidden(module, "", name, value, items))


def warn_of_hidden(model: Module) -> None:
    """Warn when the parameters of a model are first asked for."""
    if model in _looked_over:
        return
    for hidden in hidden_in(model):
        _looked_over.add(model)
        _warn(hidden)
    _looked_over.add(model)


def _warn(hidden: Hidden) -> None:
    told = _warned.setdefault(hidden.owner, set())
    if hidden.attribute in told:
        return
    told.add(hidden.attribute)
    frame = caller(sys._getframe(1))
    text = (
        f"{type(hidden.owner).__name__}.{hidden.attribute} is a plain {type(hidden.container).__name__} of "
        f"{hidden.kind}s: their parameters are not registered, so parameters(), state_dict(), train() and to() pass "
        f"them by. Write self.{hidden.attribute} = {hidden.holder}(...)."
    )
    if frame is None:
        warnings.warn(text, UserWarning, stacklevel=2)
    else:
        warnings.warn_explicit(text, UserWarning, frame.f_code.co_filename, frame.f_lineno, frame.f_globals["__name__"])
