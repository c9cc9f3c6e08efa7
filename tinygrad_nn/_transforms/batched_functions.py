"""Batching of functions that look at elements: sorting, drawing random numbers, and what nothing is known of.

Most functions written in ops need nothing here: their ops have rules. One whose own code asks for elements ends up
here, where it is called on the values, with the dimension of the examples counted in; or for each example by itself.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from .._core.tensor import Tensor, check_dim
from .batched import BatchLevel
from .batching import loop
from .indexing import batched_getitem
from .inplace import write

FunctionRule = Callable[[BatchLevel, Callable[..., Any], dict[str, Any]], Any]

FUNCTIONS: dict[str, FunctionRule] = {}


def function_rule(*names: str) -> Callable[[FunctionRule], FunctionRule]:
    """Enter a rule for functions of these names."""

    def register(function: FunctionRule) -> FunctionRule:
        for name in names:
            FUNCTIONS[name] = function
        return function

    return register


def call_batched(level: BatchLevel, called: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """The result of a function of which some arguments are batched."""
    name = called.__name__
    if name == "__getitem__":
        return batched_getitem(*args, **kwargs)
    found = FUNCTIONS.get(name)
    if found is not None:
        bound = inspect.signature(called).bind(*args, **kwargs)
        bound.apply_defaults()
        return found(level, called, dict(bound.arguments))
    if name.endswith("_") and not name.endswith("__") and args and level.holds(args[0]):
        return write(level, args[0], getattr(type(args[0]), name[:-1])(*args, **kwargs))
    return loop(level, name, called, args, kwargs)


def along(*dims: str, default: int | None = None) -> FunctionRule:
    """For functions that do the same along a dimension for all places of the others."""

    def by_dim(level: BatchLevel, called: Callable[..., Any], given: dict[str, Any]) -> Any:
        tensors = [name for name, value in given.items() if isinstance(value, Tensor)]
        ndim = max([given[name]._array.ndim for name in tensors])
        given = {name: level.full(value) for name, value in given.items()}
        for name in dims:
            given[name] = check_dim(given[name], ndim) + 1
        if not ndim:
            given = {name: value.unsqueeze(1) if name in tensors else value for name, value in given.items()}
        result = level.wrap(called(**given))
        return result if ndim else _without_dim(result)

    return by_dim


def _without_dim(result: Any) -> Any:
    if isinstance(result, Tensor):
        return result.squeeze(0)
    made = [each.squeeze(0) for each in result]
    return type(result)(*made) if hasattr(result, "_fields") else type(result)(made)
