"""Batching rules of indexing: ``x[index]`` and ``x[index] = value`` where any of the three may be batched.

An index array's dimensions stand in the result where the array stood in the index, unless there are several arrays with
something between them: then they come first. That is what makes these rules longer than one would think.

Source: https://numpy.org/doc/stable/user/basics.indexing.html#combining-advanced-and-basic-indexing
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .._core.lifted import lifted_of, top_level
from .._core.tensor import Tensor, wrap
from ..ops.places import Steps
from .batched import BatchLevel, unbatched_target
from .batching import Options, rule

WHOLE = slice(None)
_NO_MASK = (
    "vmap: We do not support batching operators that can support dynamic shape. Attempting to batch over indexing with "
    "a boolean mask: it picks another number of elements for each example. Use torch.where(mask, x, y)."
)


@dataclass(frozen=True)
class Layout:
    """Where the dimensions of index arrays stand in what an index picks."""

    before: int  # dimensions in front of them
    arrays: int  # how many they are
    total: int  # dimensions of what is picked
    apart: bool  # there is something between the arrays


def layout_of(items: tuple[Any, ...], ndim: int) -> Layout:
    """The layout for an index whose items are numbers, slices, None, an ellipsis, and arrays or tensors."""
    used = sum([_uses(item) for item in items])
    before = after = arrays = 0
    state = "before"  # the arrays; "in" them; "after"
    apart = False
    for item in items:
        if _is_array(item):
            apart = apart or state == "after"
            state = "in"
            arrays = max(arrays, _result_dims(item))
            continue
        kept = ndim - used if item is Ellipsis else int(item is None or isinstance(item, slice))
        if isinstance(item, int | np.integer) or _is_number(item):
            continue
        state = "after" if state == "in" else state
        if state == "before":
            before += kept
        else:
            after += kept
    if state == "before":  # no arrays
        arrays = 0
    rest = 0 if any(item is Ellipsis for item in items) else ndim - used
    return Layout(0 if apart else before, arrays, before + after + rest + arrays, apart)


def _is_number(item: Any) -> bool:
    """An integer without dimensions selects, as a Python number does."""
    return isinstance(item, Tensor | np.ndarray) and not item.ndim and _kind(item) != "b"


def _is_array(item: Any) -> bool:
    return isinstance(item, Tensor | np.ndarray | list) and not _is_number(item)


def _kind(item: Any) -> str:
    kind: str = (item._array if isinstance(item, Tensor) else item).dtype.kind
    return kind


def _uses(item: Any) -> int:
    if isinstance(item, Tensor | np.ndarray):
        return item.ndim if _kind(item) == "b" else 1
    return int(isinstance(item, int | np.integer | slice | list))


def _result_dims(item: Any) -> int:
    if isinstance(item, list):
        return int(np.ndim(item))
    return 1 if _kind(item) == "b" else item.ndim


def _items(index: Any) -> tuple[Any, ...]:
    """An index as a tuple, whose nested lists are arrays, and whose Python bools are masks without dimensions."""
    items = index if isinstance(index, tuple) else (index,)
    return tuple([_item(item) for item in items])


def _item(item: Any) -> Any:
    if isinstance(item, bool):
        return np.asarray(item)
    if isinstance(item, list) and top_level(item) is None:
        return np.asarray(item)
    if isinstance(item, list):
        from ..ops.join import stack

        return stack([i if isinstance(i, Tensor) else wrap(np.asarray(i)) for i in item])
    return item


# --- x[index] ----------------------------------------------------------------------------------------------------


def batched_getitem(x: Tensor, index: Any) -> Tensor:
    """``x[index]`` of which at least one is batched."""
    items = _items(index)
    level: BatchLevel = top_level((x, items))
    level.check_alive()
    result: Tensor = level.wrap(_pick(level, x, items))
    return result


def _pick(level: BatchLevel, x: Tensor, items: tuple[Any, ...]) -> Any:
    found = layout_of(items, x._array.ndim)
    value = level.value(x)
    if not any(level.holds(item) for item in items):
        picked = value[(WHOLE, *items)]
        return picked.movedim(found.arrays, 0) if found.apart else picked
    own = _own_indices(level, items, found.arrays)
    if not level.holds(x):  # the examples' dimension comes in front of the arrays'
        picked = value[own]
        return picked if found.apart else picked.movedim(found.before, 0)
    picked = value[(_numbers(level, found.arrays), *own)]
    return _moved(picked, 1, 1 + found.before, found.arrays)


def _own_indices(level: BatchLevel, items: tuple[Any, ...], arrays: int) -> tuple[Any, ...]:
    """The items with all examples' indices, whose dimensions align."""
    own = []
    for item in items:
        if level.holds(item):
            if _kind(item) == "b":
                raise RuntimeError(_NO_MASK)
            item = level.ranked(item, arrays)
        elif isinstance(item, Tensor) and lifted_of(item) is None and _kind(item) == "b":
            item = item.nonzero(as_tuple=True)  # several index arrays
            own += list(item)
            continue
        own.append(item)
    return tuple(own)


def _numbers(level: BatchLevel, arrays: int) -> Tensor:
    """The examples' numbers, as an index of the dimension that counts them."""
    return wrap(np.arange(level.size).reshape(level.size, *(1,) * arrays))


def _moved(x: Tensor, start: int, end: int, count: int) -> Tensor:
    """Neighbouring dimensions moved to another place."""
    if start == end or not count:
        return x
    moved: Tensor = x.movedim(tuple(range(start, start + count)), tuple(range(end, end + count)))
    return moved


# --- x[index] = value --------------------------------------------------------------------------------------------


def batched_setitem(x: Tensor, index: Any, value: Any) -> None:
    """``x[index] = value``, where one of the three is batched."""
    items = _items(index)
    level: BatchLevel = top_level((x, items, value))
    level.check_alive()
    if not level.holds(x):
        raise unbatched_target()
    whole, value = written_places(level, x._array.ndim, items, value)
    level.value(x)[whole] = value


def written_places(
    level: BatchLevel, ndim: int, items: tuple[Any, ...], value: Any, *, own: bool = False
) -> tuple[tuple[Any, ...], Any]:
    """An index that writes for all examples what `items` write for one, and the value in the shape that it wants.

    With `own` it counts the examples by an array in any case, and has no slice in front of the arrays.
    """
    found = layout_of(items, ndim)
    own = own or any(level.holds(item) for item in items)
    if isinstance(value, Tensor) and value._array.ndim > found.total:  # leading dimensions of length 1
        value = value.reshape(value._array.shape[value._array.ndim - found.total :])
    if level.holds(value):
        value = level.ranked(value, found.total)
        if own:
            value = _moved(value, 1 + found.before, 1, found.arrays)
        elif found.apart:
            value = value.movedim(0, found.arrays)
    elif found.apart and not own:
        value = _with_room(value, found)
    elif own and isinstance(value, Tensor) and found.before and value._array.ndim:
        value = _moved(level.ranked(level.wrap(level.full(value)), found.total), 1 + found.before, 1, found.arrays)
    if own:
        return (_numbers(level, found.arrays), *_own_indices(level, items, found.arrays)), value
    return (WHOLE, *items), value


def _with_room(value: Any, found: Layout) -> Any:
    """A value for all examples, with a dimension for them where they stand: behind those of arrays that are apart."""
    behind = found.total - found.arrays
    if not isinstance(value, Tensor) or value._array.ndim <= behind:
        return value
    return value.unsqueeze(value._array.ndim - behind)


# --- the ops -----------------------------------------------------------------------------------------------------


def _for_all(index: Any) -> Any:
    """An index that the ops have, as one for the values."""
    if type(index) is Steps:
        return Steps((WHOLE, *index.basic), (WHOLE, *index.picks))
    return (WHOLE, *(index if isinstance(index, tuple) else (index,)))


def _layout(index: Any, ndim: int) -> Layout:
    if type(index) is Steps:
        ndim += sum([item is None for item in index.basic])
        ndim -= sum([isinstance(item, int | np.integer) for item in index.basic])
        return layout_of(index.picks, ndim)
    return layout_of(index if isinstance(index, tuple) else (index,), ndim)


@rule("getitem", "getitem_number", "getitem_slice", "getitem_none", "getitem_all", "getitem_slices")
def _getitem(level: BatchLevel, op: Any, inputs: tuple[Any, ...], options: Options) -> Any:
    (x,) = inputs
    picked = op.call(level.value(x), index=_for_all(options["index"]))
    found = _layout(options["index"], x._array.ndim)
    return picked.movedim(found.arrays, 0) if found.apart else picked


@rule("put")
def _put(level: BatchLevel, op: Any, inputs: tuple[Any, ...], options: Options) -> Any:
    value, shape = level.value(inputs[0]), options["shape"]
    found = _layout(options["index"], len(shape))
    value = value.movedim(0, found.arrays) if found.apart else value
    return op.call(value, shape=(level.size, *shape), index=_for_all(options["index"]))


@rule("setitem", "index_added")
def _set(level: BatchLevel, op: Any, inputs: tuple[Any, ...], options: Options) -> Any:
    x, value = inputs
    found = _layout(options["index"], x._array.ndim)
    if level.holds(value):
        extra = max(value._array.ndim - found.total, 0)
        value = value.reshape(value._array.shape[extra:]) if extra else value
        value = level.ranked(value, found.total)
        value = value.movedim(0, found.arrays) if found.apart else value
    elif found.apart:
        value = _with_room(value, found)
    return op.call(level.full(x), value, index=_for_all(options["index"]))
