"""Which arguments of a function are differentiated: ``argnums``."""

from __future__ import annotations

from typing import Any


def _checked(argnum: Any, count: int) -> int:
    if not isinstance(argnum, int):
        raise RuntimeError(f"argnum must be int, got: {type(argnum)}")
    if not -count <= argnum < count:
        raise RuntimeError(f"Got argnum={argnum}, but only {count} positional inputs")
    return argnum % count


def chosen(args: tuple[Any, ...], argnums: Any) -> Any:
    """The argument of this number, or a tuple of those of several.

    Raises:
        RuntimeError: it is no number, or none of an argument; or the tuple is empty, or names one twice.
    """
    if isinstance(argnums, int):
        return args[_checked(argnums, len(args))]
    if not isinstance(argnums, tuple):
        raise RuntimeError(f"argnums must be int or Tuple[int, ...], got: {type(argnums)}")
    numbers = [_checked(argnum, len(args)) for argnum in argnums]
    if not numbers:
        raise RuntimeError("argnums must be non-empty")
    if len({*numbers}) < len(numbers):
        raise RuntimeError(f"argnums elements must be unique, got {argnums}")
    return tuple([args[number] for number in numbers])


def with_chosen(args: tuple[Any, ...], values: Any, argnums: Any) -> tuple[Any, ...]:
    """The arguments with others in these places."""
    whole = list(args)
    if isinstance(argnums, int):
        whole[argnums % len(args)] = values
    else:
        for number, value in zip(argnums, values, strict=True):
            whole[number % len(args)] = value
    return tuple(whole)
