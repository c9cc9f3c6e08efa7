"""Hooks in a dictionary, in the order in which they run, and the handles that remove them."""

from __future__ import annotations

import itertools
from types import TracebackType
from typing import Any

_next_id = itertools.count().__next__


class RemovableHandle:
    """Removes a hook: ``handle.remove()``, or at the end of a ``with`` block."""

    __slots__ = ("_hooks", "id")

    def __init__(self, hooks: dict[int, Any]) -> None:
        self._hooks = hooks
        self.id = _next_id()

    def remove(self) -> None:
        """Take the hook away; doing so twice is harmless."""
        self._hooks.pop(self.id, None)

    def __enter__(self) -> RemovableHandle:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.remove()


def add_hook(hooks: dict[int, Any], hook: Any, prepend: bool = False) -> RemovableHandle:
    """Enter a hook, last or (`prepend`) first, and give the handle that removes it."""
    handle = RemovableHandle(hooks)
    others = list(hooks.items()) if prepend else []
    for key, _ in others:
        del hooks[key]
    hooks[handle.id] = hook
    hooks.update(others)
    return handle
