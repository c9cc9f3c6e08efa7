"""What stands between the brackets of ``x[...]``: PyTorch's indices made into NumPy's.

Source: https://docs.pytorch.org/docs/stable/generated/torch.Tensor.__getitem__.html and
https://numpy.org/doc/stable/user/basics.indexing.html
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from .._core.tensor import Tensor
from .places import WHOLE, Steps

_UINT8 = np.dtype(np.uint8)
_INT64 = np.dtype(np.int64)
_REFUSED = (np.dtype(np.int8), np.dtype(np.int16))  # unless 0-d
_MANY = 32  # a list of this length is never taken for a tuple
_WHAT = "only integers, slices (`:`), ellipsis (`...`), None and long or byte Variables are valid indices (got {})"


def normalise_index(index: Any, ndim: int) -> Any:
    """An index as NumPy takes it, or `Steps`. Tensors become their arrays: whoever keeps the index copies them.

    Args:
        index: whatever stood between the brackets.
        ndim: of the tensor that is indexed.

    Raises:
        IndexError: it is no index, a tensor of another type than integers or booleans, or there are too many.
        TypeError: a string, or a slice of what are no integers.
        ValueError: a step is not positive.
    """
    kind = type(index)
    if kind is int or index is None or index is Ellipsis:
        return index
    if kind is slice:
        return _slice(index)
    if isinstance(index, Tensor):
        found = _tensor(index)
        return _steps([found], ndim) if type(found) is bool else found
    if not isinstance(index, tuple):
        if isinstance(index, list | str) and _stands_for_tuple(index):
            index = tuple(index) if isinstance(index, list) else (index,)
        else:
            found = _item(index)
            return _steps([found], ndim) if type(found) is bool else found
    return _tuple([_item(i) for i in index], ndim)


def is_plain(items: tuple[Any, ...]) -> bool:
    """Whether these are numbers, None, and slices that step by one: what NumPy takes as it is, and mostly stands there.

    To be asked before anything is looked at closely; an ellipsis at the end may be added.
    """
    for item in items:
        kind = type(item)
        if kind is slice:
            start, stop = item.start, item.stop
            if item.step is not None or not (start is None or type(start) is int):
                return False
            if not (stop is None or type(stop) is int):
                return False
        elif kind is not int and item is not None:
            return False
    return True


def _tuple(items: list[Any], ndim: int) -> Any:
    arrays = other = False
    dots = 0
    for item in items:
        dots += item is Ellipsis
        if type(item) is np.ndarray:
            arrays = True
        elif type(item) is bool:
            arrays = other = True
        elif item is not None and not (type(item) is slice and item == WHOLE):
            other = True
    return _steps(items, ndim) if (arrays and other) or dots > 1 else tuple(items)


def _steps(items: list[Any], ndim: int) -> Steps | tuple[Any, ...]:
    """The index in two steps; a tuple if there is but the first."""
    used = sum([_uses(i) for i in items])
    if used > ndim:
        raise too_many(ndim)
    basic: list[Any] = []
    picks: list[Any] = []
    found = False  # an ellipsis: a second one stands for nothing
    for position, item in enumerate(items):
        if item is Ellipsis:
            if found and any(_uses(i) for i in items[position:]):
                raise IndexError(f"index is out of bounds for dimension {ndim}: it stands behind a second ellipsis")
            width = 0 if found else ndim - used
            found = True
            basic += [WHOLE] * width
            picks += [WHOLE] * width
        elif type(item) is int:
            basic.append(item)
        elif type(item) is bool:
            basic.append(None)
            picks.append(np.zeros(int(item), np.intp))
        elif type(item) is np.ndarray:
            basic += [WHOLE] * _uses(item)
            picks.append(item)
        else:
            basic.append(item)
            picks.append(WHOLE)
    if not any(type(i) is np.ndarray for i in picks):
        return tuple(basic)
    while picks and type(picks[-1]) is slice:
        picks.pop()
    return Steps(tuple(basic), tuple(picks))


def _uses(item: Any) -> int:
    """How many dimensions an item of an index is for."""
    if type(item) is np.ndarray:
        return item.ndim if item.dtype.kind == "b" else 1
    return int(type(item) in (int, slice))


def too_many(ndim: int) -> IndexError:
    """PyTorch's error for more indices than dimensions."""
    return IndexError(f"too many indices for tensor of dimension {ndim}")


# --- single items ------------------------------------------------------------------------------------------------


def _item(item: Any) -> Any:
    """One item: a number, a slice, None, an ellipsis, a Python bool, or an array of one or more dimensions."""
    kind = type(item)
    if kind is int or item is None or item is Ellipsis or kind is bool:
        return item
    if kind is slice:
        return _slice(item)
    if isinstance(item, Tensor):
        return _tensor(item)
    if isinstance(item, np.integer | int):
        return int(item)
    if isinstance(item, np.ndarray):
        return _array(_indexing_data(item))
    if isinstance(item, str):
        raise TypeError(
            f"new(): invalid data type 'str': a tensor is indexed with numbers, slices and masks, got {item!r}"
        )
    if isinstance(item, list | tuple | range):
        return _array(_indexing_data(np.asarray(_plain(item))))
    raise IndexError(_WHAT.format(f"numpy.{kind.__name__}" if kind.__module__ == "numpy" else kind.__name__))


def _slice(item: slice) -> slice:
    """A slice of numbers, with a step that PyTorch allows."""
    start, stop, step = item.start, item.stop, item.step
    if step is not None:
        if isinstance(step, Tensor):
            step = step.__index__()
        if hasattr(step, "__index__") and step <= 0:
            if step == 0:
                raise ValueError("slice step cannot be zero")
            raise ValueError(f"step must be greater than zero, got {item}. Use x.flip(dim) to reverse a dimension.")
    if isinstance(start, Tensor) or isinstance(stop, Tensor) or step is not item.step:
        return slice(*[i.__index__() if isinstance(i, Tensor) else i for i in (start, stop, step)])
    return item


def _tensor(item: Tensor) -> Any:
    """An index tensor's array; of no dimensions, a number or a bool."""
    return _array(_checked(item))


def index_array(item: Tensor) -> np.ndarray[Any, Any]:
    """An index tensor's array, also if it is of no dimensions.

    Raises:
        IndexError: it is of another type than integers or booleans.
    """
    array = _checked(item)
    return array if array.ndim and array.dtype != _UINT8 else np.asarray(_array(array))


def _checked(item: Tensor) -> np.ndarray[Any, Any]:
    array = item._array
    if array.dtype.kind not in "biu" or (array.ndim and array.dtype in _REFUSED):
        raise IndexError(
            f"tensors used as indices must be long, int, byte or bool tensors, got {item.dtype}. Convert: index.long()"
        )
    return array


def _array(array: np.ndarray[Any, Any]) -> Any:
    if array.dtype == _UINT8:
        warnings.warn(
            "indexing with dtype torch.uint8 is now deprecated, please use a dtype torch.bool instead: mask.bool() for "
            "a mask, index.long() for indices.",
            UserWarning,
            stacklevel=6,
        )
        array = array.astype(np.bool_)
    if array.ndim:
        return array
    return bool(array) if array.dtype.kind == "b" else int(array)


def _indexing_data(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Data as index arrays: masks stay, and all other numbers become integers."""
    if array.dtype.kind == "b" or array.dtype == _UINT8 or array.dtype == _INT64:
        return array
    if array.dtype.kind == "f" and array.size:
        raise IndexError(
            f"tensors used as indices must be long, int, byte or bool tensors, got {array.dtype}. Round and convert "
            "first: PyTorch cuts off what stands behind the point here."
        )
    if array.dtype.kind not in "iuf":
        raise TypeError(
            f"can't convert np.ndarray of type {array.dtype} to an index. Use integers or booleans, such as "
            "array.astype(np.int64)."
        )
    return array.astype(np.int64)


def _plain(item: Any) -> Any:
    """Sequences that hold tensors as sequences of numbers."""
    if isinstance(item, list | tuple):
        return [i.tolist() if isinstance(i, Tensor) else _plain(i) for i in item]
    return item


def _stands_for_tuple(index: Any) -> bool:
    """Whether a list means a tuple: PyTorch takes one that holds sequences, tensors, slices or None for it, as yet."""
    if isinstance(index, list) and (
        len(index) >= _MANY
        or not any(
            i is None or i is Ellipsis or isinstance(i, Tensor | np.ndarray | list | tuple | range | slice | str)
            for i in index
        )
    ):
        return False
    warnings.warn(
        "Using a non-tuple sequence for multidimensional indexing is deprecated and will be changed in pytorch 2.9; "
        "use x[tuple(seq)] instead of x[seq]. In pytorch 2.9 this will be interpreted as tensor index, "
        "x[torch.tensor(seq)], which will result either in an error or a different result",
        UserWarning,
        stacklevel=4,
    )
    return True
