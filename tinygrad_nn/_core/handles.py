"""Hooks in a dictionary, in the order in which they run, and the handles that remove them."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any

_next_id = itertools.count().__next__
Hooks = dict[int, Callable[..., Any]]


class RemovableHandle:
    """Removes a hook: ``handle.remove()``, or at the end of a ``with`` block.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.utils.hooks.RemovableHandle.html
    """

    __slots__ = ("_dictionaries", "id")

    def __init__(self, hooks_dict: dict[int, Any], *, extra_dict: Any = None) -> None:
        extra = [extra_dict] if isinstance(extra_dict, dict) else extra_dict or ()
        self._dictionaries = [hooks_dict, *extra]
        self.id = _next_id()

    def remove(self) -> None:
        """Take the hook away; doing so twice is harmless."""
        for dictionary in self._dictionaries:
            dictionary.pop(self.id, None)

    def __enter__(self) -> RemovableHandle:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.remove()


def add_hook(
    hooks: Hooks, hook: Callable[..., Any], prepend: bool = False, flags: Sequence[dict[int, bool]] = ()
) -> RemovableHandle:
    """Enter a hook, last or (`prepend`) first, and in these lists; give the handle that removes it."""
    handle = RemovableHandle(hooks, extra_dict=flags)
    others = list(hooks.items()) if prepend else []
    for key, _ in others:
        del hooks[key]
    hooks[handle.id] = hook
    hooks.update(others)
    for flag in flags:
        flag[handle.id] = True
    return handle
