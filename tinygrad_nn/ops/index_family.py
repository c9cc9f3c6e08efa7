"""Slices along a dimension, named by a vector of indices: selected, added to, copied to, filled.

Every function here has an in-place form on `Tensor` (``x.index_add_(...)``), which works in the tensor's own memory.

Source: https://docs.pytorch.org/docs/stable/generated/torch.index_select.html, torch.Tensor.index_add_.html,
torch.Tensor.index_copy_.html, torch.Tensor.index_fill_.html
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .._core import dtypes
from .._core.errors import explained, must_be_tensor
from .._core.graph import named
from .._core.modes import modes
from .._core.op import Integers, case, composite, op
from .._core.tensor import Tensor, check_dim, tensor_method
from .index import _getitem, check_assigned, select_slices
from .places import WHOLE, add_along, nonnegative, out_of_bounds
from .shortcuts import recorded, usually
from .writing import exact_out, same_type, write_in_place

__all__ = ["index_add", "index_copy", "index_fill", "index_select"]

_INT64 = np.dtype(np.int64)


def _slices(index: Any, dim: int) -> Any:
    """The NumPy index of the slices that a vector names."""
    return (WHOLE,) * dim + (index.reshape(-1),)


def _vector(name: str, input: Any, dim: Any, index: Any, kinds: str, position: int = 2) -> tuple[int, int]:
    """Check what all functions here ask of an index; the dimension, counted from the front, and its length.

    Raises:
        TypeError: the index is no tensor.
        IndexError: there is no such dimension.
        RuntimeError: the index is of another type than int64 (or, with `kinds` "il", int32).
    """
    if not isinstance(input, Tensor):
        raise must_be_tensor(name, "input", 0, input)
    if not isinstance(index, Tensor):
        raise must_be_tensor(name, "index", position, index)
    place = check_dim(dim, input._array.ndim)
    dtype = index._array.dtype
    if dtype is not _INT64 and dtype != _INT64 and (kinds != "il" or dtype != np.int32):
        if name == "index_select":
            raise RuntimeError(
                f"index_select(): Expected dtype int32 or int64 for index, got {index.dtype}. Convert: index.long()"
            )
        text = "Expected dtype int32/int64 for index but got:" if kinds == "il" else "Expected a long tensor, but got"
        raise RuntimeError(f"{name}(): {text} {dtypes.type_name(dtype)}. Convert: index.long()")
    return place, input._array.shape[place] if input._array.ndim else 1


def _in_bounds(index: Tensor, place: int, length: int, name: str, error: type[Exception], low: int = 0) -> None:
    wrong = out_of_bounds(index._array, length, low)
    if wrong is not None:
        raise error(f"{name}index {wrong} is out of bounds for dimension {place} with size {length}")


# --- index_select ------------------------------------------------------------------------------------------------


def _rows_taken(args: tuple[Any, ...]) -> Tensor | None:
    """The usual call of `index_select`, in .4 of the time for 100 rows."""
    if len(args) != 3 or not isinstance(args[0], Tensor) or type(args[1]) is not int or not isinstance(args[2], Tensor):
        return None
    input, dim, index = args[0], args[1], args[2]._array
    x = input._array
    if type(x) is not np.ndarray or not 0 <= dim < x.ndim or not x.flags.c_contiguous or modes.here.observers:
        return None
    if type(index) is not np.ndarray or index.ndim != 1 or index.dtype is not _INT64 or not index.size or not x.size:
        return None
    if out_of_bounds(index, x.shape[dim]) is not None:
        return None
    picked = x.take(index, dim, mode="wrap")  # nothing is to be wrapped, but it takes .7 of the time of "raise"
    return recorded(select_slices.op, input, {"index": _slices(index.copy(), dim)}, picked)


@usually(_rows_taken)
@composite()
@exact_out
def index_select(input: Tensor, dim: int, index: Tensor) -> Tensor:
    """The slices along a dimension that a vector of indices names, as a copy.

    Raises:
        IndexError: an index is negative or too large, the index is no vector, or there is no such dimension.
        RuntimeError: the index is of another type than int64 or int32.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.index_select(tg.tensor([[1, 2], [3, 4]]), 1, tg.tensor([1]))
        tensor([[2],
                [4]])
    """
    if isinstance(index, Tensor) and index._array.ndim > 1:
        raise IndexError(f"index_select(): Index is supposed to be a vector, got shape {list(index._array.shape)}")
    place, length = _vector("index_select", input, dim, index, "il")
    array = index._array
    if not input._array.ndim and array.size != 1:
        raise RuntimeError(f"index_select(): Index to scalar can have only 1 value, got {array.size} value(s)")
    wrong = out_of_bounds(array, length)
    if wrong is not None:
        if not input._array.size and input._array.ndim > 1:
            raise RuntimeError(
                f"index_select(): INDICES element is out of DATA bounds, id={wrong} axis_dim={length} (self indexing "
                "axis dim should be positive)"
            )
        raise IndexError(f"index out of range in self: got [{wrong}], dimension {place} has {length} slices")
    if not input._array.ndim:
        return named(input.clone(), "IndexSelectBackward0")  # type: ignore[no-any-return]
    result: Tensor = select_slices(input, _slices(array.copy(), place))
    return result


# --- index_add ---------------------------------------------------------------------------------------------------


def _add(result: Any, source: Any, index: Any, dim: int, alpha: Any) -> None:
    if alpha != 1:
        source = source * source.dtype.type(alpha)
    if not result.ndim:
        result[...] += source.reshape(())
    elif result.flags.c_contiguous:
        add_along(result, index.reshape(-1), source, dim)
    else:
        np.add.at(result, _slices(index, dim), source)


def _times(g: Any, alpha: Any) -> Any:
    return g if alpha == 1 else g * alpha


def _select(g: Any, index: Any, dim: int) -> Any:
    """The slices of a gradient that an index names."""
    array = index._array if isinstance(index, Tensor) else index
    return _getitem.op.numpy(g, index=_slices(array, dim)) if g.ndim else g


@op(vjp=(lambda g: g, lambda g, index, dim, alpha: _times(_select(g, index, dim), alpha), None), kind="general",
    method=False, torch_name="", names=("input", "source", "index"), node_name="IndexAddBackward0",
    cases=[case((3, 4), (2, 4), Integers((2,), 3), dim=0, alpha=1),
           case((3, 4), (3, 5), Integers((5,), 4), dim=1, alpha=-2.5)])  # fmt: skip
def _index_add(x, source, index, /, dim, alpha):
    """See `index_add`."""
    result = np.array(x, order="C")
    _add(result, source, index, dim, alpha)
    return result


def check_slices(input: Tensor, dim: int, index: Tensor, source: Tensor, name: str) -> int:
    if isinstance(index, Tensor) and index._array.ndim > 1:
        kind, sizes = dtypes.type_name(index._array.dtype), list(index._array.shape)
        raise IndexError(
            f"{name}(): Index is supposed to be a vector, but got dim: {len(sizes)} with type: {kind} and size: {sizes}"
        )
    place, _ = _vector(name, input, dim, index, "il")
    if not isinstance(source, Tensor):
        raise must_be_tensor(name.rstrip("_"), "source", 3, source)
    shape, given = input._array.shape, source._array.shape
    same_type(name, input, source)
    along = given[place] if place < len(given) else 1
    if along != index._array.size and not given:
        raise IndexError(f"Dimension specified as {dim} but tensor has no dimensions ({name}: one index, one element)")
    if along != index._array.size:
        raise RuntimeError(
            f"{name}(): Number of indices ({index._array.size}) should be equal to source.size(dim): ({along}), for "
            f"dim: {place}"
        )
    if len(given) != len(shape) or any(n != m for d, (n, m) in enumerate(zip(given, shape, strict=True)) if d != place):
        raise RuntimeError(
            "source tensor shape must match self tensor shape, excluding the specified dimension. Got self.shape = "
            f"{list(shape)} source.shape = {list(given)}"
        )
    return place


def _prepare_add(input: Tensor, dim: int, index: Tensor, source: Tensor, alpha: Any) -> dict[str, Any]:
    place = check_slices(input, dim, index, source, "index_add_")
    check_assigned(alpha, input._array.dtype, "index_add_")
    length = input._array.shape[place] if input._array.ndim else 1
    alpha = alpha.item() if isinstance(alpha, Tensor) else alpha
    _in_bounds(index, place, length, "", RuntimeError if input._array.ndim > 1 and alpha == 1 else IndexError)
    return {"dim": place, "alpha": alpha}


@composite()
@exact_out
def index_add(input: Tensor, dim: int, index: Tensor, source: Tensor, *, alpha: Any = 1) -> Tensor:
    """`input` with ``alpha`` times the slices of `source` added to its slices that a vector of indices names.

    For ``dim=0``: ``out[index[i]] += alpha * source[i]``. An index may repeat.

    Args:
        input: any tensor.
        dim: the dimension.
        index: int64 or int32, one for each slice of `source`.
        source: of the shape of `input`, but for the length along `dim`.
        alpha: a number.

    Raises:
        RuntimeError: the shapes or types do not fit, or an index is out of bounds (as in PyTorch an IndexError if
            `alpha` is not 1 or there is one dimension).
        IndexError: the index is no vector, or there is no such dimension.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.index_add(tg.zeros(3), 0, tg.tensor([0, 2, 0]), tg.tensor([1.0, 2.0, 3.0]))
        tensor([4., 0., 2.])
    """
    result: Tensor = _index_add(input, source, index, **_prepare_add(input, dim, index, source, alpha))
    return result


@tensor_method
@explained
def index_add_(self: Tensor, dim: int, index: Tensor, source: Tensor, *, alpha: Any = 1) -> Tensor:
    """In-place version of `index_add`."""
    options = _prepare_add(self, dim, index, source, alpha)
    return write_in_place(_index_add.op, self, (source, index), options, _add)


def _cleared(g: Any, index: Any, dim: int) -> Any:
    """A gradient, but 0 in the slices that an index names."""
    return _index_fill.op.numpy(g, 0.0, index, dim=dim)


# --- index_copy --------------------------------------------------------------------------------------------------


def _copy(result: Any, source: Any, index: Any, dim: int) -> None:
    if not result.ndim:
        result[...] = source.reshape(-1)[-1:].reshape(()) if index.size else result
    else:
        result[_slices(index, dim)] = source


@op(vjp=(_cleared,
         lambda g, index, dim, source_shape: _select(g, index, dim).reshape(source_shape), None),
    kind="general", method=False, torch_name="", names=("input", "source", "index"), node_name="IndexCopyBackward0",
    cases=[case((3, 4), (2, 4), np.array([2, 0]), dim=0),
           case((3, 4), (3, 3), np.array([0, 3, 1]), dim=1)])  # fmt: skip
def _index_copy(x, source, index, /, dim):
    """See `index_copy`."""
    result = np.array(x, order="C")
    _copy(result, source, index, dim)
    return result


def _prepare_copy(input: Tensor, dim: int, index: Tensor, source: Tensor) -> dict[str, Any]:
    for position, (name, value) in enumerate((("index", index), ("source", source))):
        if not isinstance(value, Tensor):
            raise must_be_tensor("index_copy", name, position + 2, value)
    check_dim(dim, input._array.ndim)
    count, given, shape = index._array.size, source._array.shape, input._array.shape
    if index._array.ndim > 1:
        raise IndexError(f"index_copy_(): Index should have dimension 1 or 0 (got {index._array.ndim})")
    if not given and count != 1:
        raise IndexError(f"index_copy_(): When source is scalar, index should have one element (got {count})")
    if given and shape and len(given) != len(shape):
        raise IndexError(
            "index_copy_(): When source and destination are not scalars, their dimensionality must match. Source "
            f"dimensionality ({len(given)}), destination dimensionality ({len(shape)})"
        )
    place, length = _vector("index_copy_", input, dim, index, "l")
    ours, theirs = dtypes.type_name(input._array.dtype), dtypes.type_name(source._array.dtype)
    if ours != theirs:
        raise RuntimeError(
            f"index_copy_(): self and source expected to have the same dtype, but got (self) {ours} and (source) "
            f"{theirs}. Convert: source.to(input.dtype)"
        )
    ours_rest, rest = shape[:place] + shape[place + 1 :], given[:place] + given[place + 1 :]
    if ours_rest != rest:
        raise RuntimeError(
            "index_copy_(): Source/destination tensor must have same slice shapes. Destination slice shape: "
            f"{list(ours_rest)} at dimension {place} and source slice shape: {list(rest)} at dimension {place}."
        )
    if given and given[place] != count:
        raise IndexError(
            f"index_copy_(): Number of indices ({count}) should be equal to source.size(dim) ({given[place]})"
        )
    _in_bounds(index, place, length, "index_copy_(): ", IndexError)
    return {"dim": place}


@composite()
@exact_out
def index_copy(input: Tensor, dim: int, index: Tensor, source: Tensor) -> Tensor:
    """`input` with its slices that a vector of indices names replaced by the slices of `source`.

    For ``dim=0``: ``out[index[i]] = source[i]``. If an index repeats, its last slice stays.

    Raises:
        RuntimeError: the shapes or types do not fit.
        IndexError: an index is out of bounds, or there is one too many.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.index_copy(tg.zeros(3), 0, tg.tensor([2, 0]), tg.tensor([1.0, 2.0]))
        tensor([2., 0., 1.])
    """
    result: Tensor = _index_copy(input, source, index, **_prepare_copy(input, dim, index, source))
    return result


@tensor_method
@explained
def index_copy_(self: Tensor, dim: int, index: Tensor, source: Tensor) -> Tensor:
    """In-place version of `index_copy`."""
    return write_in_place(_index_copy.op, self, (source, index), _prepare_copy(self, dim, index, source), _copy)


# --- index_fill --------------------------------------------------------------------------------------------------


def _fill(result: Any, value: Any, index: Any, dim: int) -> None:
    if result.ndim:
        result[_slices(index, dim)] = value
    elif index.size:
        result[...] = value


def _fill_gradient(g: Any, index: Any, dim: int) -> Any:
    array = index._array if isinstance(index, Tensor) else index
    if not g.ndim:
        return g
    return _select(g, np.unique(nonnegative(array.reshape(-1), g.shape[dim])), dim).sum()


@op(vjp=(_cleared, _fill_gradient, None), kind="general",
    method=False, torch_name="", names=("input", "value", "index"), node_name="IndexFillBackward0",
    cases=[case((3, 4), (), Integers((2,), 3), dim=0), case((3, 4), 2.0, Integers((3,), 4), dim=1)])  # fmt: skip
def _index_fill(x, value, index, /, dim):
    """See `index_fill`."""
    result = np.array(x, order="C")
    _fill(result, value, index, dim)
    return result


def _prepare_fill(input: Tensor, dim: int, index: Tensor, value: Any) -> dict[str, Any]:
    if isinstance(value, Tensor):
        if value._array.ndim:
            raise RuntimeError(
                "index_fill_ only supports a 0-dimensional value tensor, but got tensor with "
                f"{value._array.ndim} dimension(s)."
            )
        value = value._array.item()
    elif not isinstance(value, int | float | complex | np.number | np.bool_):
        raise TypeError(
            f"index_fill() received an invalid combination of arguments: value must be a number or a 0-d tensor, not "
            f"{type(value).__name__}"
        )
    if isinstance(index, Tensor) and index._array.dtype != np.int64:
        raise IndexError(f"index_fill_(): Expected dtype int64 for index, got {index.dtype}. Convert: index.long()")
    if isinstance(value, complex) and isinstance(input, Tensor) and input._array.dtype.kind != "c":
        raise RuntimeError("index_fill_(): Converting complex Scalar to non-complex type is not supported")
    place, length = _vector("index_fill_", input, dim, index, "l")
    if index._array.ndim > 1:
        raise RuntimeError(f"index_fill_(): Index has to be a vector/scalar, got shape {list(index._array.shape)}")
    check_assigned(value, input._array.dtype, "index_fill_")
    _in_bounds(index, place, length, "", IndexError, -length)
    return {"dim": place}


@composite()
def index_fill(input: Tensor, dim: int, index: Tensor, value: Any) -> Tensor:
    """`input` with a number (or 0-d tensor) in all its slices that a vector of indices names.

    Raises:
        RuntimeError: the value cannot be held, or has dimensions.
        IndexError: an index is out of bounds, or the index is not of int64.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.index_fill(tg.zeros(3), 0, tg.tensor([0, -1]), 7)
        tensor([7., 0., 7.])
    """
    options = _prepare_fill(input, dim, index, value)
    result: Tensor = _index_fill(input, _of_type(value, input), index, **options)
    return result


@tensor_method
@explained
def index_fill_(self: Tensor, dim: int, index: Tensor, value: Any) -> Tensor:
    """In-place version of `index_fill`."""
    options = _prepare_fill(self, dim, index, value)
    return write_in_place(_index_fill.op, self, (_of_type(value, self), index), options, _fill)


def _of_type(value: Any, input: Tensor) -> Any:
    """A value as the type of the tensor that it goes to."""
    if isinstance(value, Tensor) and value._array.dtype != input._array.dtype:
        return value.to(input._array.dtype)
    return value if isinstance(value, Tensor) else check_assigned(value, input._array.dtype)
