"""Indexing, reading and writing: ``x[i]``, ``x[i] = v``, and writes through views.

Picking and adding back are each other's gradient, so the ops come in pairs that are closed under differentiation.

Source: https://docs.pytorch.org/docs/stable/tensor_view.html
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from .._core import dispatch, inplace
from .._core.backward import unbroadcast
from .._core.inplace import check_target
from .._core.modes import modes
from .._core.op import case, composite, op
from .._core.recording import record
from .._core.tensor import Tensor, check_dim, current_edge, tensor_method, wrap
from .forms import check_number

_INDICES = [
    case((3, 4), index=1), case((3, 4), index=(slice(None), -1)), case((3, 4), index=(..., None, slice(0, 3, 2))),
    case((3, 4), index=np.array([0, 2, 0])), case((3, 4), index=(np.array([[0], [1]]), np.array([1, 3]))),
    case((3, 4), index=(slice(None), np.array([1, 1]))),
    case((2, 3), index=np.array([[True, False, True], [False] * 3])),
    case((), index=...), case((), index=None), case((0, 2), index=slice(None)), case((3,), index=np.array([], int)),
    case((2, 3, 2), index=(np.array([0, 1]), slice(None), np.array([1, 1]))),
]  # fmt: skip


# --- x[index] ----------------------------------------------------------------------------------------------------


def normalise_index(index: Any) -> Any:
    """An index as NumPy takes it: tensors become arrays (copies, as the rule needs them later), lists too.

    Raises:
        IndexError: an index tensor is neither of integers nor booleans.
        ValueError: a step is not positive.
    """
    if type(index) is int or index is None or index is Ellipsis:
        return index
    if isinstance(index, tuple):
        return tuple([normalise_index(i) for i in index])
    if isinstance(index, slice):
        step = index.step
        if step is not None and int(step) <= 0:
            raise ValueError(f"step must be greater than zero, got {index}. Use x.flip(dim) to reverse a dimension.")
        if isinstance(index.start, Tensor) or isinstance(index.stop, Tensor) or isinstance(step, Tensor):
            return slice(*(int(i) if isinstance(i, Tensor) else i for i in (index.start, index.stop, step)))
        return index
    if isinstance(index, bool | np.bool_):
        return bool(index)
    if isinstance(index, np.integer):
        return int(index)
    if isinstance(index, str):
        raise TypeError(
            f"new(): invalid data type 'str': a tensor is indexed with numbers, slices and masks, got {index!r}"
        )
    if not isinstance(index, Tensor | np.ndarray | list | range):
        raise IndexError(
            "only integers, slices (`:`), ellipsis (`...`), None and long or byte Variables are valid indices (got "
            f"{type(index).__name__})"
        )
    array = index._array if isinstance(index, Tensor) else np.asarray(_plain(index))
    if array.size == 0 and array.dtype.kind == "f":
        array = array.astype(np.int64)  # an empty list
    if array.dtype.kind not in "biu":
        raise IndexError(
            f"tensors used as indices must be long, int, byte or bool tensors, got {array.dtype}. Convert: index.long()"
        )
    if array.dtype == np.uint8:
        warnings.warn(
            "indexing with dtype torch.uint8 is now deprecated, please use a dtype torch.bool instead: mask.bool() for "
            "a mask, index.long() for indices.",
            UserWarning,
            stacklevel=4,
        )
        return array.astype(bool)
    if array.ndim == 0 and array.dtype.kind != "b":
        return int(array)
    return array.copy() if isinstance(index, Tensor) or array is index else array


def _plain(index: Any) -> Any:
    """Lists of tensors as lists of numbers."""
    if isinstance(index, list):
        return [i.tolist() if isinstance(i, Tensor) else i for i in index]
    return index


def _is_basic(index: Any) -> bool:
    """Whether the index picks each element at most once by slicing alone."""
    if isinstance(index, tuple):
        return all(_is_basic(i) for i in index)
    return not isinstance(index, np.ndarray | bool)


def _put_back(g: Any, x_shape: tuple[int, ...], index: Any) -> Any:
    """The gradient of picking: the picked elements' gradients where they came from."""
    return _put.op.numpy(g, shape=x_shape, index=index)


@op(vjp=_put_back, kind="view", method=False, torch_name="", node_name="IndexBackward0", cases=_INDICES)
def _getitem(x, /, index):
    """The elements that an index picks: a view for slices and integers, else a copy."""
    try:
        picked = x[index]
    except IndexError as error:
        raise _index_error(error, x, index) from None
    if type(picked) is np.ndarray:
        return picked
    return x[(*index, ...) if isinstance(index, tuple) else (index, ...)]  # a view of one element, not a number


@op(vjp=lambda g, index: _getitem.op.numpy(g, index=index), kind="general", method=False, torch_name="",
    cases=[case((2, 4), shape=(3, 4), index=np.array([0, 2])), case((2, 4), shape=(3, 4), index=np.array([1, 1])),
           case((4,), shape=(3, 4), index=1),
           case((2,), shape=(2, 2), index=np.array([[True, False], [False, True]]))])  # fmt: skip
def _put(x, /, shape, index):
    """Zeros with `x` added at the places that an index picks: the gradient of picking them."""
    result = np.zeros(shape, x.dtype)
    if _is_basic(index) or (isinstance(index, np.ndarray) and index.dtype.kind == "b"):
        result[index] = x
    elif isinstance(index, np.ndarray):
        add_rows(result, index, x)
    else:
        np.add.at(result, index, x)
    return result


def add_rows(result: np.ndarray[Any, Any], index: np.ndarray[Any, Any], x: np.ndarray[Any, Any]) -> None:
    """``result[index] += x`` where an index may repeat.

    ``np.add.at`` is quick on flat arrays only, so rows are added through the indices of their single elements.
    """
    width = result[0].size if len(result) else 1
    flat = (index.reshape(-1, 1) % max(len(result), 1) * width + np.arange(width)).reshape(-1)
    np.add.at(result.reshape(-1), flat, x.reshape(-1))


@tensor_method
def __getitem__(self: Tensor, index: Any) -> Tensor:  # noqa: N807 - the name under which it becomes a method
    """The elements that an index picks."""
    result: Tensor = _getitem(self, index=normalise_index(index))
    return result


# --- x[index] = value --------------------------------------------------------------------------------------------


def _cleared(g: Any, index: Any) -> Any:
    """The gradient of what was there before: none where it was overwritten."""
    return setitem.op.numpy(g, 0.0, index=index)


@op(vjp=(_cleared,
         lambda g, value_shape, index: unbroadcast(_getitem.op.numpy(g, index=index), value_shape)),
    kind="general", method=False, torch_name="", node_name="CopySlices",
    cases=[case((3, 4), (4,), index=1), case((3, 4), (), index=(slice(None), 2)),
           case((3, 4), (2, 1), index=np.array([0, 2])), case((3,), (3,), index=slice(None))])  # fmt: skip
def setitem(x, value, /, index):
    """A copy of `x` with `value` at the places that an index picks."""
    result = x.copy()
    result[index] = value
    return result


@tensor_method
def __delitem__(self: Tensor, index: Any) -> None:  # noqa: N807
    """Refused: tensors have a fixed size."""
    raise TypeError("Tensor does not support deleting items. Pick those that stay: x[keep], with a mask or indices.")


@tensor_method
def __setitem__(self: Tensor, index: Any, value: Any) -> None:  # noqa: N807 - as above
    """Write to the elements that an index picks; the value broadcasts, and gets its gradient."""
    index = normalise_index(index)
    if not isinstance(value, Tensor | int | float | complex | np.ndarray | np.generic):
        raise TypeError(f"can't assign a {type(value).__name__} to a {self.type()}")
    if isinstance(value, int | float) and self._array.dtype.kind in "iu":
        check_number("setitem", value, self._array.dtype)
    check_target(self, (value,))
    array = value._array if isinstance(value, Tensor) else value
    _assign(self._array, index, array)
    self._cell[0] += 1
    if not modes.grad:
        return
    edges = (current_edge(self), current_edge(value) if isinstance(value, Tensor) else None)
    mask = (edges[0] is not None) + 2 * (edges[1] is not None)
    if mask:
        if isinstance(value, Tensor) and value._array.dtype != self._array.dtype:
            edges = (edges[0], current_edge(value.to(self._array.dtype)))
        arrays = (self._array, np.asarray(array))
        written = record(setitem.op, mask, edges, arrays, (self._cell, self._cell), {"index": index}, self._array)
        inplace.adopt(self, written)


def _assign(target: np.ndarray[Any, Any], index: Any, value: Any) -> None:
    try:
        with np.errstate(all="ignore"):
            target[index] = value
    except IndexError as error:
        raise _index_error(error, target, index) from None
    except ValueError:
        picked = list(target[index].shape)
        raise RuntimeError(
            f"shape mismatch: value tensor of shape {list(np.shape(value))} cannot be broadcast to indexing result of "
            f"shape {picked}"
        ) from None


def _index_error(error: IndexError, x: np.ndarray[Any, Any], index: Any) -> IndexError:
    """NumPy's complaint about an index in PyTorch's words."""
    text, shape = str(error), list(x.shape)
    if not x.ndim:
        return IndexError(
            "invalid index of a 0-dim tensor. Use `tensor.item()` in Python to convert a 0-dim tensor to a number"
        )
    if text.startswith("too many indices"):
        return IndexError(f"too many indices for tensor of dimension {x.ndim} (shape {shape})")
    if text.startswith("boolean index"):
        masks = [i for i in (index if isinstance(index, tuple) else (index,)) if isinstance(i, np.ndarray)]
        mask = next((list(i.shape) for i in masks if i.dtype.kind == "b"), [])
        return IndexError(
            f"The shape of the mask {mask} at index 0 does not match the shape of the indexed tensor {shape} at index "
            f"0: {text.replace('array', 'tensor').replace('axis', 'dimension')}"
        )
    text = text.replace("axis", "dimension").replace("array", "tensor")
    return IndexError(f"{text} (a tensor of shape {shape} was indexed)" if "out of bounds" in text else text)


# --- writes through views ----------------------------------------------------------------------------------------


def _cleared_view(g: Any, source_shape: tuple[int, ...], replay: Any) -> Any:
    return _view_scatter.op.numpy(g, np.zeros(source_shape), replay=replay)


def _replayed(g: Any, replay: Any) -> Any:
    return replay(g) if isinstance(g, Tensor) else replay(wrap(g))._array


@op(vjp=(_cleared_view, _replayed), kind="general", method=False, torch_name="", node_name="CopySlices",
    cases=[case((3, 4), (4,), replay=lambda base: base[1]),
           case((3, 4), (4, 3), replay=lambda base: base.T)])  # fmt: skip
def _view_scatter(base, source, /, replay):
    """A copy of `base` in which the view that `replay` takes of it is replaced by `source`."""
    result = base.copy()
    replay(wrap(result))._array[...] = source
    return result


inplace.view_scatter = _view_scatter.op


# --- as functions ----------------------------------------------------------------------------------------------------


@composite(np.nonzero, np.argwhere)
def nonzero(input: Tensor, *, as_tuple: bool = False) -> Any:
    """The indices of the elements that are not zero: a row for each, or one vector for each dimension.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.nonzero(tg.tensor([0, 3, 0, 5]))
        tensor([[1],
                [3]])
    """
    if as_tuple:
        return tuple([wrap(i) for i in np.nonzero(np.atleast_1d(input._array))])
    return wrap(np.argwhere(input._array))


dispatch.register(np.take, lambda a, indices, axis=None: (
    a.reshape(-1)[indices] if axis is None else a[(slice(None),) * check_dim(axis, a.ndim) + (indices,)]))  # fmt: skip
