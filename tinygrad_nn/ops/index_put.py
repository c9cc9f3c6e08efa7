"""Writing at places that index tensors name, and elements by their place in the flat tensor: index_put, put, take.

Source: https://docs.pytorch.org/docs/stable/generated/torch.Tensor.index_put_.html, torch.Tensor.put_.html,
torch.take.html
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .._core import dtypes
from .._core.errors import explained, must_be_tensor
from .._core.inplace import check_target, store
from .._core.op import case, composite, op
from .._core.tensor import Tensor, tensor_method
from .index import _getitem, _write, check_assigned, is_mask, kept, put_types, setitem, value_gradient
from .index_errors import assignment_error
from .index_parsing import index_array, too_many
from .places import WHOLE, add_at, out_of_bounds, pick
from .writing import exact_out, write_in_place

__all__ = ["index_put", "index_put_", "put", "take"]


# --- index_put ---------------------------------------------------------------------------------------------------


def _add(result: Any, values: Any, index: Any) -> None:
    """``result[index] += values``, in place, where an index may repeat."""
    picked = pick(result, index)
    extra = max(np.ndim(values) - picked.ndim, 0)
    wide = np.broadcast_to(np.reshape(values, np.shape(values)[extra:]), picked.shape)
    if result.flags.c_contiguous:
        add_at(result, index, wide)
    else:
        np.add.at(result, index, wide)


@op(vjp=(lambda g: g, value_gradient), kind="general", method=False, torch_name="", names=("input", "values"),
    node_name="IndexPutBackward0",
    cases=[case((3, 4), (4,), index=np.array([0, 2, 0])),
           case((3, 4), (2,), index=(np.array([0, 0]), np.array([1, 1]))),
           case((3, 4), (), index=(WHOLE, np.array([1, 1, 2])))])  # fmt: skip
def _index_added(x, value, /, index):
    """A copy of `x` with `value` added at the places that an index picks."""
    result = np.array(x, order="C")
    _add(result, value, index)
    return result


def _index_of(input: Tensor, indices: Any) -> tuple[Any, ...]:
    """The indices as NumPy takes them.

    Raises:
        TypeError: they are no list or tuple of tensors.
        IndexError: there are too many, or one is of another type, or out of bounds.
    """
    if not isinstance(indices, list | tuple):
        raise TypeError(
            f"index_put(): argument 'indices' (position 1) must be tuple of Tensors, not {type(indices).__name__}"
        )
    found = []
    for position, index in enumerate(indices):
        if not isinstance(index, Tensor):
            raise TypeError(
                f"expected Tensor as element {position} in argument 0, but got {type(index).__name__}. For a whole "
                "dimension give its arange; or write x[:, index] = values."
            )
        found.append(index_array(index))
    if not found:
        raise RuntimeError("index_put(): no indices were given")
    used = sum([max(i.ndim, 1) if i.dtype.kind == "b" else 1 for i in found])
    if used > input._array.ndim and not all(i.dtype.kind == "b" and not i.ndim for i in found):
        raise IndexError(f"{too_many(input._array.ndim)} (got {used})")
    return tuple(found)


def _check_values(input: Tensor, index: tuple[Any, ...], values: Any, accumulate: bool) -> Tensor:
    """The values, of the input's type, once they are known to fit the places."""
    if not isinstance(values, Tensor):
        raise must_be_tensor("index_put", "values", 2, values)
    array = values._array
    if not input._array.size:
        _picked_shape(input, index, array)
    if array.dtype != input._array.dtype:
        if accumulate or array.size != 1 or not is_mask(index):
            raise put_types(input._array, array)
        check_assigned(array.item(), input._array.dtype, "index_put")
        values = values.to(input._array.dtype)
    shape = _picked_shape(input, index, array)
    try:
        extra = max(array.ndim - len(shape), 0)
        np.broadcast_to(array.reshape(array.shape[extra:]), shape)
    except ValueError as error:
        raise assignment_error(error, input._array, index, array) from None
    fitting: Tensor = values
    return fitting


def _picked_shape(input: Tensor, index: tuple[Any, ...], values: Any) -> tuple[int, ...]:
    try:
        return tuple(pick(input._array, index).shape)
    except IndexError as error:
        raise assignment_error(error, input._array, index, values) from None


@composite()
def index_put(input: Tensor, indices: Any, values: Tensor, accumulate: bool = False) -> Tensor:
    """``input[indices] = values``, as a copy: `input` with `values` at the places that index tensors name together.

    Args:
        input: any tensor.
        indices: a tuple of index tensors (int64, int32 or bool), one for each of the first dimensions.
        values: a tensor of the type of `input`, that broadcasts to the places.
        accumulate: add the values instead; a place that is named twice gets both.

    Raises:
        TypeError: something is no tensor.
        IndexError: an index is out of bounds, or there are too many.
        RuntimeError: the values do not fit, or are of another type.

    Example:
        >>> import tinygrad_nn as tg
        >>> x, i = tg.zeros(3), tg.tensor([0, 0, 2])
        >>> tg.index_put(x, (i,), tg.ones(3), accumulate=True)
        tensor([2., 0., 1.])
    """
    index = _index_of(input, indices)
    values = _check_values(input, index, values, accumulate)
    put = _index_added if accumulate else setitem
    result: Tensor = put(input, values, index=kept(index))
    return result


@tensor_method
@explained
def index_put_(input: Tensor, indices: Any, values: Tensor, accumulate: bool = False) -> Tensor:
    """In-place version of `index_put`.

    Example:
        >>> import tinygrad_nn as tg
        >>> x = tg.zeros(3)
        >>> tg.index_put_(x, (tg.tensor([0, 2]),), tg.tensor(5.0))
        tensor([5., 0., 5.])
    """
    index = _index_of(input, indices)
    values = _check_values(input, index, values, accumulate)
    options = {"index": kept(index)}
    put, kernel = (_index_added, _add) if accumulate else (setitem, _write)
    return write_in_place(put.op, input, (values,), options, kernel)


# --- flat --------------------------------------------------------------------------------------------------------


def _flat_index(name: str, input: Tensor, index: Any) -> None:
    """Check places in the flat tensor.

    Raises:
        RuntimeError: they are of another type than int64.
        IndexError: one is out of range, or there are no elements.
    """
    if not isinstance(input, Tensor):
        raise must_be_tensor(name.rstrip("_"), "input", 0, input)
    if not isinstance(index, Tensor):
        raise must_be_tensor(name.rstrip("_"), "index", 1, index)
    array, size = index._array, input._array.size
    if array.dtype != np.int64:
        kind = dtypes.type_name(array.dtype)
        raise RuntimeError(f"{name}(): Expected a long tensor for index, but got {kind}. Convert: index.long()")
    if array.size and not size:
        what = "tried to take from an empty tensor" if name == "take" else "Tried to put elements into an empty tensor"
        raise IndexError(f"{name}(): {what}")
    wrong = out_of_bounds(array, size, -size)
    if wrong is not None:
        raise IndexError(f"out of range: tried to access index {wrong} on a tensor of {size} elements.")


@composite()
@exact_out
def take(input: Tensor, index: Tensor) -> Tensor:
    """The elements at these places of the flat tensor; the result has the index's shape.

    Args:
        input: any tensor.
        index: int64; negative places count from the end.

    Raises:
        IndexError: a place is out of range.
        RuntimeError: the index is of another type.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.take(tg.tensor([[4, 3], [6, 7]]), tg.tensor([0, 3, -1]))
        tensor([4, 7, 7])
    """
    _flat_index("take", input, index)
    if not input._array.size:
        return input.reshape(-1)[:0].reshape(index._array.shape)
    result: Tensor = _getitem(input.reshape(-1), index=index._array.copy())
    return result


@composite()
def put(input: Tensor, index: Tensor, source: Tensor, accumulate: bool = False) -> Tensor:
    """`input` with the elements of `source` at these places of the flat tensor.

    Args:
        input: any tensor.
        index: int64; negative places count from the end.
        source: as many elements, of the same type.
        accumulate: add them instead; a place that is named twice gets both.

    Raises:
        IndexError: a place is out of range, or there are more or fewer elements than places.
        RuntimeError: the types differ.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.put(tg.zeros(2, 2), tg.tensor([1, -1]), tg.tensor([5.0, 6.0]))
        tensor([[0., 5.],
                [0., 6.]])
    """
    if not isinstance(source, Tensor):
        raise must_be_tensor("put", "source", 2, source)
    if isinstance(index, Tensor) and isinstance(input, Tensor) and index._array.dtype == np.int64:
        ours, theirs = input.dtype, source.dtype
        if ours != theirs:
            raise RuntimeError(
                "put_(): self and source expected to have the same dtype, but got "
                f"self.dtype = {ours} and source.dtype = {theirs}. Convert: source.to(input.dtype)"
            )
        if source._array.size != index._array.size:
            raise IndexError(
                "put_(): Expected source and index to have the same number of elements, but got source.numel() = "
                f"{source._array.size}, index.numel() = {index._array.size}"
            )
    _flat_index("put_", input, index)
    write = _index_added if accumulate else setitem
    flat: Tensor = write(input.reshape(-1), source.reshape(-1), index=index._array.reshape(-1).copy())
    return flat.reshape(input._array.shape)


@tensor_method
@explained
def put_(self: Tensor, index: Tensor, source: Tensor, accumulate: bool = False) -> Tensor:
    """In-place version of `put`."""
    check_target(self, (source,))
    return store(self, put(self, index, source, accumulate))
