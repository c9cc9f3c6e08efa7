"""Indexing, reading and writing: ``x[i]``, ``x[i] = v``, and writes through views.

Picking and adding back are each other's gradient, so the ops come in pairs that are closed under differentiation.

Source: https://docs.pytorch.org/docs/stable/tensor_view.html
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .._core import blocks, dispatch, dtypes, inplace
from .._core.backward import unbroadcast
from .._core.graph import Edge
from .._core.inplace import check_apart, check_history, check_memory, is_there_already
from .._core.lifted import LiftedError, lifted_getitem, lifted_setitem
from .._core.modes import modes
from .._core.op import OpFunction, case, op
from .._core.outputs import become_view
from .._core.recording import record
from .._core.tensor import Tensor, check_dim, current_edge, tensor_method, wrap
from .finding import nonzero
from .forms import check_number
from .index_errors import assignment_error, check_empty_masks, index_error
from .index_parsing import is_plain, normalise_index
from .places import WHOLE, Steps, fits, is_basic, pick, put_at, row_totals

__all__ = ["nonzero"]

_INDICES = [
    case((3, 4), index=1), case((3, 4), index=(slice(None), -1)), case((3, 4), index=(..., None, slice(0, 3, 2))),
    case((3, 4), index=np.array([0, 2, 0])), case((3, 4), index=(np.array([[0], [1]]), np.array([1, 3]))),
    case((3, 4), index=(slice(None), np.array([1, 1]))),
    case((2, 3), index=np.array([[True, False, True], [False] * 3])),
    case((), index=...), case((), index=None), case((0, 2), index=slice(None)), case((3,), index=np.array([], int)),
    case((2, 3, 2), index=(np.array([0, 1]), slice(None), np.array([1, 1]))),
]  # fmt: skip
_LARGE = 60000.0  # numbers below which all floating point types hold
_MANY = 1000  # elements from which a mask is first turned into indices


# --- x[index] ----------------------------------------------------------------------------------------------------


def _put_back(g: Any, x_shape: tuple[int, ...], index: Any) -> Any:
    """The gradient of picking: the picked elements' gradients where they came from."""
    return _put_array(g, x_shape, index) if type(g) is np.ndarray else _put(g, shape=x_shape, index=index)


def _picked(x: Any, index: Any) -> Any:
    """``x[index]``: a view for slices and integers, else a copy."""
    try:
        picked = pick(x, index)
    except (IndexError, TypeError, ValueError) as error:
        raise index_error(error, x, index) from None
    if type(picked) is np.ndarray:
        if not picked.size:
            check_empty_masks(x, index)
        return picked
    return x[(*index, ...) if isinstance(index, tuple) else (index, ...)]  # a view of one element, not a number


def _picking(name: str, node_name: str) -> OpFunction:
    """The op of picking, under the name that PyTorch gives to it where the index ends in a number, a slice, ..."""

    def forward(x: Any, /, index: Any) -> Any:
        return _picked(x, index)

    forward.__name__ = forward.__qualname__ = name
    forward.__doc__ = "The elements that an index picks: a view for slices and integers, else a copy."
    cases = _INDICES if name == "_getitem" else _INDICES[:1]
    register = op(vjp=_put_back, kind="view", method=False, torch_name="", node_name=node_name, cases=cases)
    return register(forward)


_getitem = _picking("_getitem", "IndexBackward0")
select_slices = _picking("_getitem_slices", "IndexSelectBackward0")  # by a vector of indices: of `index_select`
_NAMED = {
    int: _picking("_getitem_number", "SelectBackward0").op,
    slice: _picking("_getitem_slice", "SliceBackward0").op,
    type(None): _picking("_getitem_none", "UnsqueezeBackward0").op,
    type(...): _picking("_getitem_all", "AliasBackward0").op,
}


@op(vjp=lambda g, index: _getitem.op.numpy(g, index=index), kind="general", method=False, torch_name="",
    cases=[case((2, 4), shape=(3, 4), index=np.array([0, 2])), case((2, 4), shape=(3, 4), index=np.array([1, 1])),
           case((4,), shape=(3, 4), index=1),
           case((2,), shape=(2, 2), index=np.array([[True, False], [False, True]]))])  # fmt: skip
def _put(x, /, shape, index):
    """Zeros with `x` added at the places that an index picks: the gradient of picking them."""
    return _put_array(x, shape, index)


def _put_array(x: Any, shape: tuple[int, ...], index: Any) -> Any:
    if type(index) is tuple and len(index) == 1 and type(index[0]) is np.ndarray and index[0].dtype.kind == "i":
        return row_totals(shape, index[0], x)
    if not is_basic(index):
        return put_at(shape, index, x)
    result = np.zeros(shape, x.dtype)
    result[index] = x
    return result


@tensor_method
def __getitem__(self: Tensor, index: Any) -> Tensor:  # noqa: N807 - the name under which it becomes a method
    """The elements that an index picks: a view for slices and integers, else a copy."""
    array = self._array
    kind = type(index)
    if kind is int:
        try:
            return _view(self, array[index, ...], index, int)
        except IndexError as error:
            raise index_error(error, array, index) from None
    if kind is slice or kind is tuple:
        items = index if kind is tuple else (index,)
        if is_plain(items):
            try:
                picked = array[*items, ...]
            except IndexError as error:
                raise index_error(error, array, index) from None
            return _view(self, picked, index, type(items[-1]) if items else type(...))
    given = index
    try:
        index = normalise_index(index, array.ndim)
        picked = _picked(array, index)
    except LiftedError:
        return lifted_getitem(self, given)
    if is_basic(index):
        last = index[-1] if isinstance(index, tuple) else index
        return _view(self, picked, index, type(last))
    edge = self._edge if self._view is None else current_edge(self)
    if edge is None or not modes.here.grad:
        return wrap(picked)
    result: Tensor = record(_getitem.op, 1, (edge,), (array,), (self._cell,), {"index": kept(index)}, picked)
    return result


def _view(source: Tensor, picked: np.ndarray[Any, Any], index: Any, kind: type) -> Tensor:
    """A tensor around a part of another's memory: `make_call` for views, in fewer steps."""
    cell = source._cell
    edge = source._edge if source._view is None else current_edge(source)
    if edge is None or not modes.here.grad:
        result = wrap(picked)
    else:
        result = record(_NAMED[kind], 1, (edge,), (source._array,), (cell,), {"index": index}, picked)
    become_view(result, source, lambda base: base[index])
    return result


def kept(index: Any) -> Any:
    """An index for later use: its arrays, which may be the memory of tensors, are copied."""
    if isinstance(index, np.ndarray):
        return index.copy()
    if isinstance(index, tuple):
        return tuple([kept(i) for i in index])
    return Steps(index.basic, kept(index.picks)) if type(index) is Steps else index


# --- x[index] = value --------------------------------------------------------------------------------------------


def _cleared(g: Any, index: Any) -> Any:
    """The gradient of what was there before: none where it was overwritten."""
    return setitem.op.numpy(g, 0.0, index=index)


def value_gradient(g: Any, value_shape: tuple[int, ...], index: Any) -> Any:
    """The gradient of what was written: those of the places, added up where the value was broadcast to them."""
    picked = _getitem.op.numpy(g, index=index)
    extra = max(len(value_shape) - picked.ndim, 0)  # leading dimensions of length 1
    summed = unbroadcast(picked, value_shape[extra:])
    return summed.reshape(value_shape) if extra else summed


@op(vjp=(_cleared, value_gradient),
    kind="general", method=False, torch_name="", node_name="CopySlices",
    cases=[case((3, 4), (4,), index=1), case((3, 4), (), index=(slice(None), 2)),
           case((3, 4), (2, 1), index=np.array([0, 2])), case((3,), (3,), index=slice(None))])  # fmt: skip
def setitem(x, value, /, index):
    """A copy of `x` with `value` at the places that an index picks."""
    result = np.array(x, order="C")
    _write(result, value, index)
    return result


@tensor_method
def __delitem__(self: Tensor, index: Any) -> None:  # noqa: N807
    """Refused: tensors have a fixed size."""
    raise TypeError("Tensor does not support deleting items. Pick those that stay: x[keep], with a mask or indices.")


@tensor_method
def __setitem__(self: Tensor, index: Any, value: Any) -> None:  # noqa: N807 - as above
    """Write to the elements that an index picks; the value broadcasts, and gets its gradient."""
    target, given = self._array, index
    try:
        index = normalise_index(index, target.ndim)
    except LiftedError:
        return lifted_setitem(self, given, value)
    array = _value_of(self, index, value)
    try:
        place = _place(target, index)
        _check_history(self, index, value)
        if place is not target and is_there_already(self, place, value):
            self._cell[0] += 1
            return
        edges = (current_edge(self), _edge_as(value, target.dtype)) if modes.here.grad else (None, None)
        check_memory(place, shared=place is target)
        if isinstance(value, Tensor) and np.may_share_memory(place, array):
            _check_apart(target, place, index, array)
        if place is target:
            modes.here.quiet(_write, target, without_ones(array) if isinstance(array, np.ndarray) else array, index)
        else:
            modes.here.quiet(_write, place, array, ...)
    except LiftedError:
        return lifted_setitem(self, index, value)
    except (IndexError, TypeError, ValueError) as error:
        raise assignment_error(error, target, index, array) from None
    self._cell[0] += 1
    mask = (edges[0] is not None) + 2 * (edges[1] is not None)
    if mask:
        if self._view is not None and place is not target and not blocks.is_dense(target):
            # some of these elements may be in other places of this view, too: write to those that are picked alone
            self, target, index = self[index], place, ...
            edges = (current_edge(self), edges[1])
        arrays, options = (target, np.asarray(array)), {"index": kept(index)}
        written = record(setitem.op, mask, edges, arrays, (self._cell, self._cell), options, target)
        inplace.adopt(self, written)


def _edge_as(value: Any, kind: np.dtype[Any]) -> Edge | None:
    """Where the gradient of a value goes that is written as this type."""
    if not isinstance(value, Tensor):
        return None
    edge = current_edge(value)
    return edge if edge is None or value._array.dtype == kind else current_edge(value.to(kind))


def _check_history(self: Tensor, index: Any, value: Any) -> None:
    """Refuse a write that autograd could not follow; but too many indices first."""
    try:
        check_history(self, (value,))
    except RuntimeError:
        try:
            pick(self._array, index)
        except IndexError as error:
            if str(error).startswith("too many"):
                raise
        raise


def _check_apart(target: Any, place: Any, index: Any, array: np.ndarray[Any, Any]) -> None:
    """Refuse a value that lies in the memory which is written to, unless it is that very memory."""
    if place is not target:
        check_apart(place, _expanded(array, place.shape))
    elif not is_mask(index):
        check_apart(place, array, same=False)


def without_ones(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """The array without leading dimensions of length 1."""
    while array.ndim and array.shape[0] == 1:
        array = array[0, ...]
    return array


def _expanded(array: np.ndarray[Any, Any], shape: tuple[int, ...]) -> np.ndarray[Any, Any]:
    """The array expanded to a shape, after PyTorch's manner; as it is, where it cannot be."""
    if array.shape == shape:
        return array
    array = without_ones(array)
    try:
        return np.broadcast_to(array, shape)
    except ValueError:
        return array


def _place(target: np.ndarray[Any, Any], index: Any) -> np.ndarray[Any, Any]:
    """The memory that is written to: what a basic index picks, or all."""
    if not is_basic(index):
        return target
    items = index if type(index) is tuple else (index,)
    return target[items if ... in items else (*items, ...)]  # an array, even of a single element


def _value_of(self: Tensor, index: Any, value: Any) -> Any:
    """The value as an array or a number.

    Raises:
        TypeError: it is neither a tensor nor a number.
        RuntimeError: a number that the tensor cannot hold, or, for index arrays, a tensor of another type.
    """
    target = self._array
    if isinstance(value, Tensor):
        array = value._array
        if array.dtype != target.dtype and not is_basic(index) and not (array.size == 1 and is_mask(index)):
            raise put_types(target, array)
        return array
    if isinstance(value, np.ndarray | np.generic):
        return value
    if not isinstance(value, int | float | complex):
        raise TypeError(f"can't assign a {type(value).__name__} to a {self.type()}")
    if type(value) is not float or target.dtype.kind != "f" or not -_LARGE < value < _LARGE:
        return check_assigned(value, target.dtype)
    return value


def check_assigned(value: Any, dtype: np.dtype[Any], name: str = "setitem") -> Any:
    """The number as it is written into an array of this type: negative ones wrap around for unsigned integers.

    Raises:
        TypeError: it is no number.
        RuntimeError: the type cannot hold it.
    """
    if isinstance(value, complex) and dtype.kind not in "bc" and value.imag:
        raise RuntimeError(
            f"value cannot be converted to type {dtype} without overflow: {value!r} is complex ({name}). "
            "Use its .real, or a complex tensor."
        )
    if dtype.kind == "c":
        parts = np.dtype(f"f{dtype.itemsize // 2}")
        check_number(name, value.real, parts)
        check_number(name, value.imag, parts)
    elif dtype.kind != "f" or dtype.itemsize > 2:
        check_number(name, value, dtype)
    return np.asarray(value).astype(dtype) if dtype.kind == "u" else value


def is_mask(index: Any) -> bool:
    """Whether the index is a single mask."""
    if isinstance(index, tuple) and len(index) == 1:
        index = index[0]
    return isinstance(index, np.ndarray) and index.dtype.kind == "b"


def put_types(target: np.ndarray[Any, Any], source: np.ndarray[Any, Any]) -> RuntimeError:
    """PyTorch's error for values of another type."""
    ours, theirs = dtypes.type_name(target.dtype), dtypes.type_name(source.dtype)
    return RuntimeError(
        f"Index put requires the source and destination dtypes match, got {ours} for the destination and {theirs} for "
        "the source. Convert: value.to(x.dtype)"
    )


def _write(target: np.ndarray[Any, Any], value: Any, index: Any) -> None:
    """``target[index] = value``. Large masks are written as indices, which is quicker than NumPy's way."""
    if type(index) is Steps:
        target[index.basic][index.picks] = value
        return
    if type(index) is np.ndarray and index.dtype.kind == "b" and index.size > _MANY and fits(index, target):
        rest = target.shape[index.ndim :]
        if target.flags.c_contiguous:
            target.reshape(index.size, *rest)[np.flatnonzero(index)] = value
            return
    target[index] = value


# --- writes through views ----------------------------------------------------------------------------------------


@op(vjp=lambda g: g, kind="general", method=False, torch_name="", cases=[case((3, 4), layout=((1, 3), 2, 20))])
def _laid_out(x, /, layout):
    """The same elements, laid out in memory in a given way (see `blocks.layout_of`)."""
    return blocks.laid_out(x, layout)


def _cleared_view(g: Any, source_shape: tuple[int, ...], replay: Any, layout: Any) -> Any:
    return _view_scatter.op.numpy(g, np.zeros(source_shape), replay=replay, layout=layout)


def _replayed(g: Any, replay: Any, layout: Any) -> Any:
    if isinstance(g, Tensor):
        return replay(g if blocks.has_layout(g._array, layout) else _laid_out(g, layout=layout))
    return replay(wrap(g if blocks.has_layout(g, layout) else blocks.laid_out(g, layout)))._array


@op(vjp=(_cleared_view, _replayed), kind="general", method=False, torch_name="", node_name="CopySlices",
    holomorphic=False,  # the view may be of real or imaginary parts; what is picked of a gradient needs no conjugate
    cases=[case((3, 4), (4,), replay=lambda base: base[1], layout=None),
           case((3, 4), (4, 3), replay=lambda base: base.T, layout=None),
           case((3, 4), (12,), replay=lambda base: base.T.view(-1), layout=((1, 3), 0, 12))])  # fmt: skip
def _view_scatter(base, source, /, replay, layout):
    """A copy of `base` in which the view that `replay` takes of it is replaced by `source`."""
    result = blocks.laid_out(base, layout)
    replay(wrap(result))._array[...] = source
    return result


inplace.view_scatter = _view_scatter.op

dispatch.register(np.take, lambda a, indices, axis=None: (
    a.reshape(-1)[indices] if axis is None else a[(WHOLE,) * check_dim(axis, a.ndim) + (indices,)]))  # fmt: skip
