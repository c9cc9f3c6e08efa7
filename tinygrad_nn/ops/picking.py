"""Parts of a tensor: one slice, several in a row, and those that a mask names.

Source: https://docs.pytorch.org/docs/stable/torch.html#indexing-slicing-joining-mutating-ops
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .._core import dtypes
from .._core.backward import unbroadcast
from .._core.errors import broadcast_shapes, explained, must_be_tensor
from .._core.inplace import check_target, store
from .._core.op import Integers, case, composite, op
from .._core.tensor import Tensor, check_dim, tensor_method
from .index import _getitem, check_assigned, setitem
from .index_family import index_select as index_select
from .places import WHOLE
from .scatter import gather as gather
from .scatter import scatter as scatter
from .scatter import scatter_add as scatter_add
from .scatter import take_along_dim as take_along_dim
from .selection import choose, keep
from .shortcuts import quick_call
from .writing import exact_out, write_in_place

__all__ = [
    "masked_fill", "masked_scatter", "masked_select", "narrow", "select", ]  # fmt: skip

_MANY = 2000  # elements from which selecting bits is quicker than writing through a mask

# --- slices ------------------------------------------------------------------------------------------------------


def _one_slice(input: Tensor, dim: int, index: Any) -> tuple[Any, ...]:
    """The NumPy index of one slice along a dimension."""
    if not input._array.ndim:
        raise IndexError("select() cannot be applied to a 0-dim tensor.")
    place = check_dim(dim, input._array.ndim)
    if isinstance(index, float | bool) or not hasattr(index, "__index__"):
        raise TypeError(f"select(): argument 'index' (position 3) must be int, not {type(index).__name__}")
    number, length = index.__index__(), input._array.shape[place]
    if not -length <= number < length:
        raise IndexError(
            f"select(): index {number} out of range for tensor of size {list(input._array.shape)} at dimension {place}"
        )
    return (WHOLE,) * place + (number,)


@composite()
def select(input: Tensor, dim: int, index: int) -> Tensor:
    """One slice along a dimension, which is lost; a view.

    Raises:
        IndexError: there is no such slice, or no such dimension.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.select(tg.tensor([[1, 2], [3, 4]]), 1, -1)
        tensor([2, 4])
    """
    return input[_one_slice(input, dim, index)]


def _range(input: Tensor, dim: int, start: Any, length: Any, name: str) -> tuple[Any, ...]:
    """The NumPy index of so many slices from one on."""
    shape = input._array.shape
    if not shape:
        raise RuntimeError("narrow() cannot be applied to a 0-dim tensor.")
    if isinstance(start, Tensor):
        if start._array.ndim or start._array.dtype.kind not in "iu":
            raise RuntimeError(f"start must be an 0-dim integral Tensor, got {start.dtype} {list(start.shape)}.")
        start = int(start._array)
    place = check_dim(dim, len(shape))
    size, count, first = shape[place], length.__index__(), start.__index__()
    if count < 0 and name == "narrow":
        raise RuntimeError(f"narrow(): length must be non-negative. Got {count}.")
    if not -size <= first <= size:
        raise IndexError(
            f"start out of range (expected to be in range of [{-size}, {size}], but got {first}) in {name}() of "
            f"{list(shape)} along dimension {place}"
        )
    begin = first + (size if first < 0 else 0)
    if not 0 <= begin <= begin + count <= size:
        raise RuntimeError(f"start ({first}) + length ({count}) exceeds dimension size ({size}).")
    return (WHOLE,) * place + (slice(begin, begin + count),)


@composite()
def narrow(input: Tensor, dim: int, start: Any, length: int) -> Tensor:
    """`length` slices along a dimension, from `start` (a number, or a 0-d tensor of integers) on; a view.

    Raises:
        IndexError: `start` is out of range.
        RuntimeError: there are not so many slices, or `start` is another tensor.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.narrow(tg.tensor([1, 2, 3, 4]), 0, 1, 2)
        tensor([2, 3])
    """
    return input[_range(input, dim, start, length, "narrow")]


@composite()
@exact_out
def narrow_copy(input: Tensor, dim: int, start: int, length: int) -> Tensor:
    """`narrow`, as a copy.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.narrow_copy(tg.tensor([1, 2, 3, 4]), 0, 1, 2)
        tensor([2, 3])
    """
    return input[_range(input, dim, start, length, "narrow_copy")].clone()


@composite(method=False)
@exact_out
def select_copy(input: Tensor, dim: int, index: int) -> Tensor:
    """`select`, as a copy.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.select_copy(tg.tensor([[1, 2], [3, 4]]), 1, -1)
        tensor([2, 4])
    """
    return select(input, dim, index).clone()


def _steps(input: Tensor, dim: int, start: Any, end: Any, step: Any) -> tuple[Any, ...]:
    """The NumPy index of the slices from `start` to `end`."""
    if not input._array.ndim:
        raise RuntimeError("slice() cannot be applied to a 0-dim tensor.")
    place = check_dim(dim, input._array.ndim)
    if step <= 0:
        raise RuntimeError(f"slice step must be positive, got {step}")
    return (WHOLE,) * place + (slice(start, end, step),)


@composite(method=False)
@exact_out
def slice_copy(input: Tensor, dim: int = 0, start: int | None = None, end: int | None = None, step: int = 1) -> Tensor:
    """The slices along a dimension from `start` to `end`, as ``input[start:end:step]`` for ``dim=0``, as a copy.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.slice_copy(tg.arange(5), 0, 1, 5, 2)
        tensor([1, 3])
    """
    return input[_steps(input, dim, start, end, step)].clone()


# --- masks -------------------------------------------------------------------------------------------------------


@composite()
@exact_out
def masked_select(input: Tensor, mask: Tensor) -> Tensor:
    """The elements where a mask is true, in one dimension; the two broadcast.

    Raises:
        RuntimeError: the mask is not boolean, or the two do not broadcast.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.masked_select(tg.tensor([1, 2, 3]), tg.tensor([True, False, True]))
        tensor([1, 3])
    """
    if not isinstance(mask, Tensor):
        raise must_be_tensor("masked_select", "mask", 1, mask)
    if mask._array.dtype.kind != "b":
        raise RuntimeError(f"masked_select: expected BoolTensor for mask, got {mask.dtype}. Write mask.bool().")
    shape = broadcast_shapes("masked_select", mask._array.shape, input._array.shape)
    if input._array.shape != shape:
        input = input.expand(*shape)
    places = np.flatnonzero(np.broadcast_to(mask._array, shape))
    result: Tensor = _getitem(input.reshape(-1), index=places)
    return result


def _fill(result: Any, mask: Any, value: Any) -> None:
    """``result[mask] = value``, in place; the mask broadcasts."""
    if mask.shape == result.shape and result.size > 1:
        result[...] = choose(mask, np.asarray(value).astype(result.dtype), result)
    else:
        np.copyto(result, value, where=mask, casting="unsafe")


@op(vjp=(lambda g, x_shape, mask: unbroadcast(keep(g, _negated(mask, g)), x_shape), None,
         lambda g, mask, value_shape: unbroadcast(keep(g, _wide(mask, g)), value_shape)),
    kind="general", method=False, torch_name="", names=("input", "mask", "value"), node_name="MaskedFillBackward0",
    cases=[case((2, 3), Integers((2, 3), 2, boolean=True), ()), case((3,), Integers((2, 3), 2, boolean=True), ()),
           case((2, 3), Integers((3,), 2, boolean=True), -1.5)])  # fmt: skip
def _masked_fill(x, mask, value, /):
    """`value` where the mask is true, `x` elsewhere."""
    if mask.shape == x.shape and x.size < _MANY and type(value) in (float, int):
        result = x.copy()
        np.copyto(result, value, where=mask, casting="unsafe")
        return result
    shape = broadcast_shapes("masked_fill", mask.shape, x.shape)
    if mask.shape == x.shape and x.dtype.kind == "f":
        return choose(mask, np.asarray(value).astype(x.dtype), x)
    result = np.broadcast_to(x, shape).copy()
    np.copyto(result, value, where=mask, casting="unsafe")
    return result


def _wide(mask: Any, g: Any) -> Any:
    """The mask in the gradient's shape."""
    array = mask._array if isinstance(mask, Tensor) else mask
    return array if array.shape == g.shape else np.ascontiguousarray(np.broadcast_to(array, g.shape))


def _negated(mask: Any, g: Any) -> Any:
    return ~_wide(mask, g)


def _check_fill(input: Tensor, mask: Any, value: Any) -> Any:
    """The value to fill with, of the input's type where it is a tensor."""
    if not isinstance(mask, Tensor):
        raise must_be_tensor("masked_fill", "mask", 1, mask)
    if mask._array.dtype.kind != "b":
        raise RuntimeError(
            f"masked_fill_ only supports boolean masks, but got mask with dtype {mask.dtype}. Write mask.bool()."
        )
    if not isinstance(value, Tensor):
        return check_assigned(value, input._array.dtype, "masked_fill")
    if value._array.ndim:
        raise RuntimeError(
            "masked_fill_ only supports a 0-dimensional value tensor, but got tensor with "
            f"{value._array.ndim} dimension(s). Use tinygrad_nn.where(mask, value, input)."
        )
    if value._array.dtype == input._array.dtype:
        return value
    check_assigned(value._array.item(), input._array.dtype, "masked_fill")
    return value.to(input._array.dtype)


@composite()
def masked_fill(input: Tensor, mask: Tensor, value: Any) -> Tensor:
    """`input` with a number (or 0-d tensor) wherever a mask is true; input and mask broadcast.

    Raises:
        RuntimeError: the mask is no boolean tensor, or the value no number that the input's type holds.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.tensor([1.0, 2.0]).masked_fill(tg.tensor([True, False]), 0.0)
        tensor([0., 2.])
    """
    value = _check_fill(input, mask, value)
    quick = None if isinstance(value, Tensor) else quick_call(_masked_fill.op, input, {}, mask, value)
    result: Tensor = quick if quick is not None else _masked_fill(input, mask, value)
    return result


@tensor_method
@explained
def masked_fill_(self: Tensor, mask: Tensor, value: Any) -> Tensor:
    """In-place version of `masked_fill`."""
    value = _check_fill(self, mask, value)
    _must_fit("masked_fill_", self, mask)
    return write_in_place(_masked_fill.op, self, (mask, value), {}, _fill)


def _must_fit(name: str, target: Tensor, mask: Tensor) -> None:
    shape = broadcast_shapes(name, mask._array.shape, target._array.shape)
    if shape != target._array.shape:
        raise RuntimeError(
            f"output with shape {list(target._array.shape)} doesn't match the broadcast shape {list(shape)} in "
            f"{name}(). An in-place operation cannot change the shape; write x = x + y instead of x += y."
        )


def _places(input: Tensor, mask: Any, source: Any) -> tuple[Any, tuple[int, ...]]:
    """The flat places where elements of `source` go, and the shape of the result."""
    for position, (name, value) in enumerate((("mask", mask), ("source", source))):
        if not isinstance(value, Tensor):
            raise must_be_tensor("masked_scatter", name, position + 1, value)
    if mask._array.dtype.kind != "b":
        kind = dtypes.type_name(mask._array.dtype)
        raise RuntimeError(f"masked_scatter_ only supports boolean masks, but got mask with dtype {kind}")
    if source._array.dtype != input._array.dtype:
        ours, theirs = dtypes.type_name(input._array.dtype), dtypes.type_name(source._array.dtype)
        raise RuntimeError(f"masked_scatter: expected self and source to have same dtypes but got {ours} and {theirs}")
    shape = broadcast_shapes("masked_scatter", mask._array.shape, input._array.shape)
    places = np.flatnonzero(np.broadcast_to(mask._array, shape))
    if source._array.size < places.size:
        raise RuntimeError(
            f"Number of elements of source < number of ones in mask: {source._array.size} and {places.size}"
        )
    return places, shape


@composite()
def masked_scatter(input: Tensor, mask: Tensor, source: Tensor) -> Tensor:
    """`input` with the elements of `source`, one after the other, wherever a mask is true; input and mask broadcast.

    Raises:
        RuntimeError: the mask is not boolean, the types differ, or `source` has too few elements.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.masked_scatter(tg.zeros(4), tg.tensor([False, True, False, True]), tg.tensor([5.0, 6.0, 7.0]))
        tensor([0., 5., 0., 6.])
    """
    places, shape = _places(input, mask, source)
    wide = input if input._array.shape == shape else input.expand(*shape)
    written: Tensor = setitem(wide.reshape(-1), source.reshape(-1)[: places.size], index=places)
    return written.reshape(shape)


@tensor_method
@explained
def masked_scatter_(self: Tensor, mask: Tensor, source: Tensor) -> Tensor:
    """In-place version of `masked_scatter`."""
    _, shape = _places(self, mask, source)
    if shape != self._array.shape:
        raise RuntimeError(
            f"expand(mask {list(mask._array.shape)}, size={list(self._array.shape)}): the mask must broadcast to the "
            "tensor's shape (masked_scatter_)"
        )
    check_target(self, (source,))
    return store(self, masked_scatter(self, mask, source))
