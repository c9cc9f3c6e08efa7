"""What a module checks about its attributes, and what it says when something is wrong."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .._core import dtypes
from .._core.errors import near
from .._core.tensor import Tensor
from .parameter import Parameter

if TYPE_CHECKING:
    from .module import Module

REGISTRIES = ("_parameters", "_buffers", "_modules")


class NoAttributeError(AttributeError):
    """PyTorch's message, and the near name, which is sought only if somebody reads the message."""

    def __init__(self, module: Module, wanted: str) -> None:
        super().__init__(f"'{type(module).__name__}' object has no attribute '{wanted}'")
        self._module = module
        self._wanted = wanted

    def __str__(self) -> str:
        text: str = self.args[0]
        if isinstance(getattr(type(self._module), self._wanted, None), property):
            return f"{text}: the property of this name raised an AttributeError of its own"
        hint = near(self._wanted, [name for name in dir(self._module) if not name.startswith("_")])
        return f"{text}.{hint}" if hint else text

    def __reduce__(self) -> Any:
        return AttributeError, (str(self),)


# As tracebacks show it: to users it is Python's own.
NoAttributeError.__name__ = NoAttributeError.__qualname__ = "AttributeError"
NoAttributeError.__module__ = "builtins"


def type_name(value: Any) -> str:
    """The name of a value's type in messages, such as ``torch.FloatTensor`` or ``str``."""
    kind = type(value)
    if isinstance(value, Tensor):
        return f"torch.{dtypes.type_name(value._array.dtype)}Tensor"
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


def check_started(module: Module, what: str) -> None:
    """Refuse to register anything before ``Module.__init__`` has run."""
    if "_modules" not in module.__dict__:
        raise AttributeError(
            f"cannot assign {what} before Module.__init__() call. "
            f"Write super().__init__() as the first line of {type(module).__name__}.__init__()."
        )


def check_name(module: Module, kind: str, name: Any, registry: Mapping[str, Any]) -> None:
    """Refuse a name that no attribute path could hold, or that is taken."""
    if not isinstance(name, str):
        raise TypeError(f"{kind} name should be a string. Got {type_name(name)}")
    if "." in name:
        raise KeyError(f'{kind} name can\'t contain ".", got: {name}')
    if not name:
        raise KeyError(f'{kind} name can\'t be empty string ""')
    if name not in registry and hasattr(module, name):
        raise KeyError(f"attribute '{name}' already exists")


def check_kind(name: str, value: Any, how: str, kind: Any, expected: str) -> None:
    """Refuse a value of another kind than the name stands for; None is always right."""
    if value is not None and not isinstance(value, kind):
        hint = " Wrap it: nn.Parameter(...)" if kind is Parameter and isinstance(value, Tensor) else ""
        raise TypeError(f"cannot assign '{type_name(value)}' {how} '{name}' ({expected}).{hint}")


def remove_others(module: Module, name: str, keep: str) -> None:
    """A name stands for one thing: take away what it stood for, if that was of another kind."""
    module.__dict__.pop(name, None)
    for registry in REGISTRIES:
        if registry != keep:
            module.__dict__[registry].pop(name, None)
    if keep != "_buffers":
        module._non_persistent_buffers_set.discard(name)


def member(module: Module, name: str, kind: Any, what: str) -> Any:
    """The attribute of this name, of this kind.

    Raises:
        AttributeError: there is none, or it is of another kind.
    """
    if not hasattr(module, name):
        hint = near(name, [key for registry in REGISTRIES for key in module.__dict__[registry]])
        raise AttributeError(f"{module._get_name()} has no attribute `{name}`{'.' + hint if hint else ''}")
    found = getattr(module, name)
    if not isinstance(found, kind):
        raise AttributeError(f"`{name}` is not {what}")
    return found


def warn_of_container(module: Module, name: str, value: Any, module_type: Any) -> None:
    """Warn of layers or parameters in a plain container. PyTorch says nothing, and they are never trained."""
    items = list(value.values() if isinstance(value, dict) else value)
    wanted = [item for item in items if isinstance(item, module_type | Parameter)]
    if not wanted:
        return
    known = {id(item) for item in (*module.modules(), *module.parameters())}
    if all(id(item) in known for item in wanted):
        return
    what = "Parameter" if isinstance(wanted[0], Parameter) else "Module"
    holder = f"nn.{what}{'Dict' if isinstance(value, dict) else 'List'}"
    warnings.warn(
        f"{type(module).__name__}.{name} is a plain {type(value).__name__} of {what}s: their parameters are not "
        "registered, so parameters(), state_dict(), train() and to() pass them by. "
        f"Write self.{name} = {holder}(...).",
        UserWarning,
        stacklevel=3,
    )
