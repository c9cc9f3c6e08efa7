"""What programs say to PyTorch's compiler: nothing is compiled, so it may be said, to no effect.

Source: https://docs.pytorch.org/docs/stable/torch.compiler_api.html

Example:
    >>> import tinygrad_nn as tg
    >>> @tg.compiler.disable
    ... def double(x: tg.Tensor) -> tg.Tensor:
    ...     return x * 2
    >>> double(tg.ones(2))
    tensor([2., 2.])
    >>> tg.compiler.is_compiling()
    False
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from .settings import compile

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

T = TypeVar("T")

__all__ = [
    "allow_in_graph", "assume_constant_result", "compile", "cudagraph_mark_step_begin", "disable", "is_compiling",
    "is_dynamo_compiling", "is_exporting", "list_backends", "reset", "set_stance",
]  # fmt: skip


def is_compiling() -> bool:
    """Whether the code is being compiled or exported: never."""
    return False


def is_dynamo_compiling() -> bool:
    """Whether the code is being compiled: never."""
    return False


def is_exporting() -> bool:
    """Whether the code is being exported: never."""
    return False


def disable(fn: Any = None, recursive: bool = True, *, reason: str | None = None) -> Any:
    """The function itself, or a decorator that gives it."""
    return (lambda fn: fn) if fn is None else fn


def allow_in_graph(fn: T) -> T:
    """The function itself."""
    return fn


def assume_constant_result(fn: T) -> T:
    """The function itself."""
    return fn


def reset() -> None:
    """Forget what has been compiled: nothing has."""


def cudagraph_mark_step_begin() -> None:
    """Say that a step begins, to no effect."""


def list_backends(exclude_tags: Sequence[str] | None = ("debug", "experimental")) -> list[str]:
    """The compilers that are there: none."""
    return []


@contextmanager
def _as_before() -> Iterator[None]:
    yield


def set_stance(stance: str = "default", *, skip_guard_eval_unsafe: bool = False, force_backend: Any = None) -> Any:
    """Choose how to compile, to no effect. It may be called, and stand in a ``with`` or before a function."""
    return _as_before()
