"""Indexing, reading and writing: ``x[i]``, ``x[i] = v``, and the functions that pick elements along a dimension.

Picking and adding back are each other's gradient, so the ops come in pairs that are closed under differentiation.

Source: https://docs.pytorch.org/docs/stable/tensor_view.html and the pages of the single functions.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .._core import dispatch, inplace
from .._core.backward import unbroadcast
from .._core.inplace import check_target
from .._core.modes import modes
from .._core.op import Integers, case, composite, op
from .._core.recording import record
from .._core.tensor import Tensor, check_dim, current_edge, tensor_method, wrap
from .forms import inplace_form

_INDICES = [
    case((3, 4), index=1), case((3, 4), index=(slice(None), -1)), case((3, 4), index=(..., None, slice(0, 3, 2))),
    case((3, 4), index=np.array([0, 2, 0])), case((3, 4), index=(np.array([[0], [1]]), np.array([1, 3]))),
    case((3, 4), index=(slice(None), np.array([1, 1]))), case((2, 3), index=np.array([[True, False, True], [False] * 3])),
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
    array = index._array if isinstance(index, Tensor) else np.asarray(_plain(index))
    if array.size == 0 and array.dtype.kind == "f":
        array = array.astype(np.int64)  # an empty list
    if array.dtype.kind not in "biu":
        raise IndexError(
            f"tensors used as indices must be long, int, byte or bool tensors, got {array.dtype}. Convert: index.long()"
        )
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


@op(vjp=lambda g, x_shape, index: _put.op.numpy(g, shape=x_shape, index=index), kind="view", method=False, torch_name="",
    node_name="IndexBackward0", cases=_INDICES)  # fmt: skip
def _getitem(x, /, index):
    """The elements that an index picks: a view for slices and integers, else a copy."""
    try:
        picked = x[index]
    except IndexError as error:
        raise IndexError(str(error).replace("axis", "dimension").replace("array", "tensor")) from None
    if type(picked) is np.ndarray:
        return picked
    return x[(*index, ...) if isinstance(index, tuple) else (index, ...)]  # a view of one element, not a number


@op(vjp=lambda g, index: _getitem.op.numpy(g, index=index), kind="general", method=False, torch_name="",
    cases=[case((2, 4), shape=(3, 4), index=np.array([0, 2])), case((2, 4), shape=(3, 4), index=np.array([1, 1])),
           case((4,), shape=(3, 4), index=1), case((2,), shape=(2, 2), index=np.array([[True, False], [False, True]]))])  # fmt: skip
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
def __getitem__(self: Tensor, index: Any) -> Tensor:
    """The elements that an index picks."""
    result: Tensor = _getitem(self, index=normalise_index(index))
    return result


# --- x[index] = value --------------------------------------------------------------------------------------------


@op(vjp=(lambda g, index: _setitem.op.numpy(g, 0.0, index=index),
         lambda g, value_shape, index: unbroadcast(_getitem.op.numpy(g, index=index), value_shape)),
    kind="general", method=False, torch_name="", node_name="CopySlices",
    cases=[case((3, 4), (4,), index=1), case((3, 4), (), index=(slice(None), 2)),
           case((3, 4), (2, 1), index=np.array([0, 2])), case((3,), (3,), index=slice(None))])  # fmt: skip
def _setitem(x, value, /, index):
    """A copy of `x` with `value` at the places that an index picks."""
    result = x.copy()
    result[index] = value
    return result


@tensor_method
def __setitem__(self: Tensor, index: Any, value: Any) -> None:
    """Write to the elements that an index picks; the value broadcasts, and gets its gradient."""
    index = normalise_index(index)
    if not isinstance(value, Tensor | int | float | complex | np.ndarray | np.generic):
        raise TypeError(f"can't assign a {type(value).__name__} to a {self.type()}")  # type: ignore[attr-defined]
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
            edges = (edges[0], current_edge(value.to(self._array.dtype)))  # type: ignore[attr-defined]
        arrays = (self._array, np.asarray(array))
        written = record(
            _setitem.op, mask, edges, arrays, (self._cell, self._cell), {"index": index}, self._array  # type: ignore[attr-defined]
        )
        inplace.adopt(self, written)


def _assign(target: np.ndarray[Any, Any], index: Any, value: Any) -> None:
    try:
        with np.errstate(all="ignore"):
            target[index] = value
    except IndexError as error:
        raise IndexError(str(error).replace("axis", "dimension").replace("array", "tensor")) from None
    except ValueError:
        picked = list(target[index].shape)
        raise RuntimeError(
            f"shape mismatch: value tensor of shape {list(np.shape(value))} cannot be broadcast to indexing result of "
            f"shape {picked}"
        ) from None


# --- writes through views ----------------------------------------------------------------------------------------


@op(vjp=(lambda g, source_shape, replay: _view_scatter.op.numpy(g, np.zeros(source_shape), replay=replay),
         lambda g, replay: _replayed(g, replay)),
    kind="general", method=False, torch_name="", node_name="CopySlices",
    cases=[case((3, 4), (4,), replay=lambda base: base[1]), case((3, 4), (4, 3), replay=lambda base: base.T)])  # fmt: skip
def _view_scatter(base, source, /, replay):
    """A copy of `base` in which the view that `replay` takes of it is replaced by `source`."""
    result = base.copy()
    replay(wrap(result))._array[...] = source
    return result


def _replayed(g: Any, replay: Any) -> Any:
    return replay(g) if isinstance(g, Tensor) else replay(wrap(g))._array


inplace.view_scatter = _view_scatter.op  # type: ignore[attr-defined]


# --- along a dimension -------------------------------------------------------------------------------------------


def _clip_to(x: Any, index: Any, dim: int) -> Any:
    """`x` cut to the index's lengths in all dimensions but one: gather and scatter ignore the rest."""
    cut = tuple([slice(None) if d == dim else slice(0, n) for d, n in enumerate(index.shape)])
    return x[cut]


def _check_along(name: str, input: Tensor, dim: int, index: Any) -> int:
    if not isinstance(index, Tensor):
        raise TypeError(f"{name}(): argument 'index' must be Tensor, not {type(index).__name__}")
    if index._array.dtype.kind not in "iu":
        raise RuntimeError(f"{name}(): Expected dtype int32/int64 for index, got {index.dtype}. Convert: index.long()")
    place = check_dim(dim, input._array.ndim)
    if index._array.size == 0:
        return place
    if max(index._array.ndim, 1) != max(input._array.ndim, 1):
        raise RuntimeError(
            f"Index tensor must have the same number of dimensions as input tensor: got {index._array.ndim} and "
            f"{input._array.ndim}"
        )
    for d, (n, m) in enumerate(zip(index._array.shape, input._array.shape, strict=False)):
        if n > m and d != place:
            raise RuntimeError(
                f"Size does not match at dimension {d} expected index {list(index._array.shape)} to be no larger than "
                f"self {list(input._array.shape)} apart from dimension {place}"
            )
    length = input._array.shape[place] if input._array.ndim else 1
    low, high = index._array.min(), index._array.max()
    if low < 0 or high >= length:
        raise RuntimeError(f"index {low if low < 0 else high} is out of bounds for dimension {place} with size {length}")
    return place


@op(vjp=(lambda g, x_shape, index, dim: _scatter_zeros.op.numpy(g, index, shape=x_shape, dim=dim), None), kind="general",
    node_name="GatherBackward0", method=False, torch_name="", cases=[case((3, 4), Integers((3, 2), 4), dim=1), case((3, 4), Integers((2, 4), 3), dim=0),
                                        case((3, 4), Integers((2, 2), 4), dim=-1), case((3,), Integers((5,), 3), dim=0)])  # fmt: skip
def _gather(x, index, /, dim):
    """Elements of `x` along a dimension, one for each element of the index."""
    if x.ndim == 0:
        return np.broadcast_to(x, index.shape).copy()
    return np.take_along_axis(_clip_to(x, index, dim % x.ndim), index, dim)


@op(vjp=(lambda g, index, dim: _gather.op.numpy(g, index, dim=dim), None), kind="general", method=False, torch_name="",
    cases=[case((3, 2), Integers((3, 2), 4), shape=(3, 4), dim=1), case((5,), Integers((5,), 3), shape=(3,), dim=0)])  # fmt: skip
def _scatter_zeros(x, index, /, shape, dim):
    """Zeros of a shape, with the elements of `x` added where the index says: the gradient of `gather`."""
    result = np.zeros(shape, x.dtype)
    if not shape:
        result[...] = x.sum()
        return result
    where = list(np.ogrid[tuple([slice(0, n) for n in index.shape])])
    where[dim % len(shape)] = index
    flat = np.ravel_multi_index(tuple(np.broadcast_arrays(*where)), shape).reshape(-1) if index.size else index.reshape(-1)
    np.add.at(result.reshape(-1), flat, x[tuple([slice(0, n) for n in index.shape])].reshape(-1))
    return result


@composite()
def gather(input: Tensor, dim: int, index: Tensor, *, sparse_grad: bool = False) -> Tensor:
    """Elements along a dimension: ``out[i][j] = input[i][index[i][j]]`` for ``dim=1``.

    Raises:
        RuntimeError: the index is out of bounds, of another number of dimensions, larger than the input, or no integers.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.gather.html

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.gather(tg.tensor([[1, 2], [3, 4]]), 1, tg.tensor([[0, 0], [1, 0]]))
        tensor([[1, 1],
                [4, 3]])
    """
    place = _check_along("gather", input, dim, index)
    result: Tensor = _gather(input, index, dim=place)
    return result


@composite()
def scatter_add(input: Tensor, dim: int, index: Tensor, src: Tensor) -> Tensor:
    """`input` with the elements of `src` added at the places along a dimension that the index says.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.Tensor.scatter_add_.html
    """
    place = _check_along("scatter_add", input, dim, index) if index._array.size else check_dim(dim, input._array.ndim)
    added: Tensor = _scatter_zeros(_clip_all(src, index), index, shape=input._array.shape, dim=place)
    return input + added  # type: ignore[operator, no-any-return]


def _clip_all(src: Tensor, index: Tensor) -> Tensor:
    """`src` cut to the index's lengths."""
    if src._array.shape == index._array.shape:
        return src
    return src[tuple([slice(0, n) for n in index._array.shape])]  # type: ignore[no-any-return]


@composite()
def scatter(input: Tensor, dim: int, index: Tensor, src: Any = None, *, value: Any = None) -> Tensor:
    """`input` with the elements of `src`, or a number, written at the places along a dimension that the index says.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.Tensor.scatter_.html
    """
    place = _check_along("scatter", input, dim, index)
    where: list[Any] = list(np.ogrid[tuple([slice(0, n) for n in index._array.shape])])
    where[place] = index._array.copy()
    given = src if src is not None else value
    given = _clip_all(given, index) if isinstance(given, Tensor) and given._array.ndim else given
    result: Tensor = _setitem(input, given, index=tuple(where))
    return result


@op(np.take_along_axis, vjp=(lambda g, x_shape, index, dim: _scatter_zeros.op.numpy(g, index, shape=x_shape, dim=dim), None),
    kind="general", method=False, torch_name="", names=("input", "indices"),
    cases=[case((3, 4), Integers((3, 2), 4), dim=1)])  # fmt: skip
def _take_along(x, index, /, dim):
    """Elements along a dimension."""
    return np.take_along_axis(x, index, dim)


@composite()
def take_along_dim(input: Tensor, indices: Tensor, dim: int | None = None) -> Tensor:
    """Elements along a dimension by an index such as `argsort` gives; both broadcast elsewhere."""
    if dim is None:
        return take_along_dim(input.reshape(-1), indices.reshape(-1), 0)  # type: ignore[attr-defined, no-any-return]
    place = check_dim(dim, input._array.ndim)
    lengths = list(np.broadcast_shapes(
        tuple(1 if d == place else n for d, n in enumerate(input._array.shape)),
        tuple(1 if d == place else n for d, n in enumerate(indices._array.shape)),
    ))  # fmt: skip
    wide = input.expand(*(-1 if d == place else n for d, n in enumerate(lengths)))  # type: ignore[attr-defined]
    index = indices.expand(*(-1 if d == place else n for d, n in enumerate(lengths)))  # type: ignore[attr-defined]
    result: Tensor = _gather(wide, index, dim=place)
    return result


@composite()
def index_select(input: Tensor, dim: int, index: Tensor) -> Tensor:
    """The slices along a dimension that a vector of indices names.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.index_select(tg.tensor([[1, 2], [3, 4]]), 1, tg.tensor([1]))
        tensor([[2],
                [4]])
    """
    if index._array.ndim > 1:
        raise IndexError(f"index_select(): Index is supposed to be a vector, got shape {list(index._array.shape)}")
    place = check_dim(dim, input._array.ndim)
    length = input._array.shape[place] if input._array.ndim else 1
    if index._array.size and (index._array.min() < 0 or index._array.max() >= length):
        raise IndexError(f"index out of range in self: got {index.tolist()}, dimension {place} has {length} slices")
    return input[(slice(None),) * place + (index.reshape(-1),)]  # type: ignore[attr-defined, no-any-return]


@composite()
def select(input: Tensor, dim: int, index: int) -> Tensor:
    """One slice along a dimension, which is lost; a view."""
    place = check_dim(dim, input._array.ndim)
    length = input._array.shape[place] if input._array.ndim else 0
    if not -length <= int(index) < length:
        raise IndexError(f"select(): index {index} out of range for tensor of size {list(input._array.shape)} at dimension {place}")
    return input[(slice(None),) * place + (int(index),)]  # type: ignore[no-any-return]


@composite()
def narrow(input: Tensor, dim: int, start: Any, length: int) -> Tensor:
    """`length` slices along a dimension, from `start` on; a view."""
    place = check_dim(dim, input._array.ndim)
    size = input._array.shape[place]
    begin = int(start) + (size if int(start) < 0 else 0)
    if not 0 <= begin <= begin + length <= size:
        raise RuntimeError(f"start ({start}) + length ({length}) exceeds dimension size ({size}).")
    return input[(slice(None),) * place + (slice(begin, begin + length),)]  # type: ignore[no-any-return]


@composite()
def masked_select(input: Tensor, mask: Tensor) -> Tensor:
    """The elements where a mask is true, in one dimension; the two broadcast."""
    if mask._array.dtype.kind != "b":
        raise RuntimeError(f"masked_select: expected BoolTensor for mask, got {mask.dtype}. Write mask.bool().")
    shape = np.broadcast_shapes(input._array.shape, mask._array.shape)
    picked = input.expand(*shape)[mask.expand(*shape)]  # type: ignore[attr-defined]
    return picked.reshape(-1)  # type: ignore[no-any-return]


@op(vjp=(lambda g, mask: np.where(mask, 0, g), None, lambda g, mask, value_shape: unbroadcast(np.where(mask, g, 0), value_shape)),
    kind="general", method=False, torch_name="", names=("input", "mask", "value"), node_name="MaskedFillBackward0",
    cases=[case((2, 3), Integers((2, 3), 2, boolean=True), ()), case((2, 3), Integers((3,), 2, boolean=True), -1.5)])  # fmt: skip
def _masked_fill(x, mask, value, /):
    """`value` where the mask is true, `x` elsewhere."""
    result = np.broadcast_to(x, np.broadcast_shapes(x.shape, mask.shape)).copy()
    np.copyto(result, value, where=mask, casting="unsafe")
    return result


@composite()
def masked_fill(input: Tensor, mask: Tensor, value: Any) -> Tensor:
    """`input` with a number (or 0-d tensor) wherever a mask is true.

    Raises:
        RuntimeError: the mask is no boolean tensor, or the value no number.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.tensor([1.0, 2.0]).masked_fill(tg.tensor([True, False]), 0.0)
        tensor([0., 2.])
    """
    if not isinstance(mask, Tensor) or mask._array.dtype.kind != "b":
        got = mask.dtype if isinstance(mask, Tensor) else type(mask).__name__
        raise RuntimeError(f"masked_fill_ only supports boolean masks, but got mask with dtype {got}. Write mask.bool().")
    if isinstance(value, Tensor) and value._array.ndim:
        raise RuntimeError(
            "masked_fill_ only supports a 0-dimensional value tensor, but got tensor with "
            f"{value._array.ndim} dimension(s). Use tinygrad_nn.where(mask, value, input)."
        )
    result: Tensor = _masked_fill(input, mask, value)
    return result


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


for _function in (masked_fill, scatter, scatter_add):
    inplace_form(_function)
