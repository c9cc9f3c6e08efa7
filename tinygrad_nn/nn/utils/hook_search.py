"""Finding the hook that makes a parameter of others."""

from __future__ import annotations

from typing import Any

from ..module import Module


def find_pre_hook(module: Module, kind: type[Any], attribute: str, name: str) -> tuple[int, Any]:
    """The key of a module's forward pre-hook of a kind, for a parameter's name, and the hook; -1 and None without."""
    if module._hooks is not None:
        for key, hook in module._forward_pre_hooks.items():
            if isinstance(hook, kind) and getattr(hook, attribute) == name:
                return key, hook
    return -1, None


def refuse_second(module: Module, kind: type[Any], attribute: str, name: str, what: str) -> None:
    """Refuse a second hook of a kind on one parameter."""
    if find_pre_hook(module, kind, attribute, name)[1] is not None:
        raise RuntimeError(f"Cannot register two {what} hooks on the same parameter {name}")
