"""Batching of functions that look at elements: picking and sorting along a dimension, and what nothing is known of.

Most functions written in ops need nothing here: their ops have rules. One whose own code asks for elements ends up
here, where it is called on the values, with the dimension of the examples counted in; or for each example by itself.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from .._core.tensor import Tensor, check_dim
from .batched import BatchLevel
from .batching import loop, rows_of
from .indexing import batched_getitem

Given = dict[str, Any]
FunctionRule = Callable[[BatchLevel, Callable[..., Any], Given], Any]

FUNCTIONS: dict[str, FunctionRule] = {}
# Functions whose results have a shape that depends on the elements.
DYNAMIC = frozenset({
    "nonzero", "argwhere", "unique", "unique_consecutive", "masked_select", "bincount", "nonzero_static_", "is_nonzero",
})  # fmt: skip


def function_rule(*names: str) -> Callable[[FunctionRule], FunctionRule]:
    """Enter a rule for functions of these names."""

    def register(function: FunctionRule) -> FunctionRule:
        for name in names:
            FUNCTIONS[name] = function
        return function

    return register


def call_batched(level: BatchLevel, called: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """The result of a function of which some arguments are batched, or that draws numbers."""
    name = called.__name__
    if name == "__getitem__":
        return batched_getitem(*args, **kwargs)
    found = FUNCTIONS.get(name)
    if found is not None:
        return found(level, called, _by_name(called, args, kwargs))
    if name in DYNAMIC:
        raise RuntimeError(
            f"vmap: We do not support batching operators that can output dynamic shape. Attempted to vmap over {name}: "
            "its result has another shape for each example. Use torch.where and masks."
        )
    if name.endswith("_") and args and isinstance(args[0], Tensor):
        out_of_place = getattr(Tensor, name[:-1])
        return level.store(args[0], out_of_place(*args, **kwargs))
    if level.draws:
        with level.drawing():
            return level.wrap(loop(level, name, called, args, kwargs, warn=False))
    return level.wrap(loop(level, name, called, args, kwargs))


def _by_name(called: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Given:
    bound = inspect.signature(called).bind(*args, **kwargs)
    bound.apply_defaults()
    given = dict(bound.arguments)
    for parameter in bound.signature.parameters.values():
        if parameter.kind is inspect.Parameter.VAR_KEYWORD:
            given.update(given.pop(parameter.name))
    return given


def _along(*dims: str, flat: bool = False) -> FunctionRule:
    """For functions that do the same along a dimension for all places of the others.

    Args:
        dims: the arguments that name dimensions.
        flat: without a dimension (None) all elements count, in a row.
    """

    def by_dim(level: BatchLevel, called: Callable[..., Any], given: Given) -> Any:
        tensors = [name for name, value in given.items() if isinstance(value, Tensor)]
        ndim = max([given[name]._array.ndim for name in tensors])
        values = {name: level.full(value) for name, value in given.items()}
        if flat and all(given[name] is None for name in dims):
            values.update({name: rows_of(values[name]) for name in tensors}, **dict.fromkeys(dims, 1))
            return level.wrap(called(**values))
        values.update({name: check_dim(given[name], ndim) + 1 for name in dims})
        if ndim:
            return level.wrap(called(**values))
        values.update({name: values[name].unsqueeze(1) for name in tensors})
        return level.wrap(_each(called(**values), lambda result: result.squeeze(1)))

    return by_dim


def _each(result: Any, function: Callable[[Tensor], Tensor]) -> Any:
    """A function of a result, or of each of several."""
    if isinstance(result, Tensor):
        return function(result)
    made = [function(each) for each in result]
    return type(result)(*made) if hasattr(result, "_fields") else type(result)(made)


for _name in (
    "sort", "argsort", "topk", "kthvalue", "mode", "cummax", "cummin", "gather", "scatter", "scatter_add",
    "scatter_reduce", "index_reduce",
):  # fmt: skip
    FUNCTIONS[_name] = _along("dim")
for _name in ("take_along_dim",):
    FUNCTIONS[_name] = _along("dim", flat=True)
for _name in ("max", "min", "median", "nanmedian"):
    FUNCTIONS[_name] = _along("dim")


@function_rule("msort")
def _msort(level: BatchLevel, called: Callable[..., Any], given: Given) -> Any:
    (x,) = given.values()
    return x.sort(0).values


# --- made like another tensor ------------------------------------------------------------------------------------


@function_rule("zeros_like", "ones_like", "empty_like", "full_like")
def _like(level: BatchLevel, called: Callable[..., Any], given: Given) -> Any:
    if level.holds(given.get("fill_value")):
        return given["fill_value"].expand(given["input"].shape).clone()
    return level.wrap(called(**{**given, "input": level.full(given["input"])}))


# --- functions of batches of images, in which the examples' batches are joined -----------------------------------


def _joined(*names: str) -> FunctionRule:
    """For functions whose first dimension is a batch already."""

    def by_batch(level: BatchLevel, called: Callable[..., Any], given: Given) -> Any:
        values = dict(given)
        length = 0
        for name in names:
            value = level.full(given[name])
            length = value._array.shape[1]
            values[name] = value.reshape(level.size * length, *value._array.shape[2:])
        result = called(**values)
        return level.wrap(result.reshape(level.size, length, *result._array.shape[1:]))

    return by_batch


FUNCTIONS["grid_sample"] = _joined("input", "grid")
