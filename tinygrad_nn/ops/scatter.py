"""Picking and writing along a dimension, with an index for each element: gather, scatter and its kin.

With ``dim=1``, `gather` gives ``out[i][j] = input[i][index[i][j]]``, and `scatter` ``out[i][index[i][j]] = src[i][j]``.

Source: https://docs.pytorch.org/docs/stable/generated/torch.gather.html, torch.Tensor.scatter_.html,
torch.Tensor.scatter_add_.html, torch.Tensor.scatter_reduce_.html, torch.take_along_dim.html
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .._core import dispatch, dtypes
from .._core.dtypes import INT64
from .._core.errors import explained, must_be_tensor
from .._core.inplace import check_target, store
from .._core.op import Integers, case, composite, op
from .._core.tensor import Tensor, check_dim, tensor_method, wrap
from .along import _gather, clip_all, scatter_into
from .index import check_assigned
from .places import out_of_bounds, places_along
from .reduction_into import REDUCTIONS, check_reduction, reduced_into
from .shortcuts import quick_call, usually
from .writing import exact_out, write_in_place

__all__ = ["gather", "scatter", "scatter_add", "scatter_reduce", "take_along_dim"]

_MEANS = dict.fromkeys(REDUCTIONS, "") | {f: f"scatter_gather_tensor_cpu_reduce_{f}" for f in ("mean", "amax", "amin")}


def _check_along(name: str, input: Tensor, dim: int, index: Any, *, own: str = "self") -> int:
    """The dimension, counted from the front, after all that can be wrong with an index along it.

    Raises:
        TypeError: the index is no tensor.
        IndexError: there is no such dimension.
        RuntimeError: the index is not of integers, of another number of dimensions, too large, or out of bounds.
    """
    if not isinstance(input, Tensor):
        raise must_be_tensor(name, "input", 0, input)
    place = check_dim(dim, input._array.ndim)
    if not isinstance(index, Tensor):
        raise must_be_tensor(name, "index", 2, index)
    array, shape = index._array, input._array.shape
    if array.size == 0:
        return place
    if array.dtype is not INT64 and array.dtype != np.int64 and array.dtype != np.int32:
        raise RuntimeError(f"{name}(): Expected dtype int32/int64 for index, got {index.dtype}. Convert: index.long()")
    if array.ndim != len(shape) and max(array.ndim, 1) != max(len(shape), 1):
        raise RuntimeError(
            f"Index tensor must have the same number of dimensions as {own} tensor: got {array.ndim} and "
            f"{len(shape)} ({name}())"
        )
    longer = [d for d, (n, m) in enumerate(zip(array.shape, shape, strict=False)) if n > m and d != place]
    if longer:
        sizes = f"index {list(array.shape)} to be no larger than self {list(shape)} apart from dimension {place}"
        if name == "gather":
            raise RuntimeError(f"Size does not match at dimension {longer[0]} expected {sizes}")
        raise RuntimeError(f"Expected {sizes}")
    _check_bounds(name, array, shape[place] if shape else 1, place)
    return place


def _check_bounds(name: str, index: np.ndarray[Any, Any], length: int, place: int) -> None:
    wrong = out_of_bounds(index, length)
    if wrong is not None:
        at = [int(i) for i in np.argwhere(index == wrong)[0]]
        raise RuntimeError(
            f"index {wrong} is out of bounds for dimension {place} with size {length} ({name}(): it stands at {at} of "
            "the index)"
        )


def _check_source(name: str, input: Tensor, index: Tensor, src: Any, place: int) -> None:
    """Refuse a source that is too small for the index, or of another dtype."""
    if not isinstance(src, Tensor):
        raise must_be_tensor(name, "src", 3, src)
    if src._array.dtype != input._array.dtype:
        raise RuntimeError(
            f"scatter(): Expected self.dtype to be equal to src.dtype, got {input.dtype} and {src.dtype}. Convert: "
            "src.to(input.dtype)"
        )
    sizes, given = index._array.shape, src._array.shape
    if not index._array.size:
        return
    if max(len(sizes), 1) != max(len(given), 1):
        raise RuntimeError(
            f"Index tensor must have the same number of dimensions as src tensor: got {len(sizes)} and {len(given)}"
        )
    if any(n > m for n, m in zip(sizes or (1,), given or (1,), strict=True)):
        raise RuntimeError(
            f"Expected index {list(sizes)} to be no larger than self {list(input._array.shape)} apart from dimension "
            f"{place} and to be no larger size than src {list(given)}"
        )


def _fitting(index: Tensor, src: Tensor) -> Tensor:
    """`src` as far as there are indices."""
    sizes, given = index._array.shape, src._array.shape
    if sizes == given:
        return src
    if index._array.size == 0:
        return src.reshape(-1)[:0].reshape(sizes)
    if len(sizes) != len(given):
        src = src.reshape(-1)[0] if not sizes else src.reshape(1)
    result: Tensor = clip_all(src, sizes)
    return result


# --- gather ------------------------------------------------------------------------------------------------------


def _from_each_row(args: tuple[Any, ...]) -> Tensor | None:
    """The usual call of `gather`: from each row of a matrix, as the values of actions are picked."""
    if len(args) != 3 or not isinstance(args[0], Tensor) or not isinstance(args[2], Tensor):
        return None
    x, dim, index = args[0]._array, args[1], args[2]._array
    if (type(dim) is int and (dim == 1 or dim == -1)) and index.ndim == x.ndim == 2 and index.dtype is INT64:
        if len(index) <= len(x) and type(index) is np.ndarray and out_of_bounds(index, x.shape[1]) is None:
            return quick_call(_gather.op, args[0], {"dim": 1}, args[2])
    return None


@usually(_from_each_row)
@composite()
@exact_out
def gather(input: Tensor, dim: int, index: Tensor, *, sparse_grad: bool = False) -> Tensor:
    """Elements along a dimension: ``out[i][j] = input[i][index[i][j]]`` for ``dim=1``.

    Args:
        input: any tensor.
        dim: the dimension along which the index points.
        index: int64 or int32, of as many dimensions; the result has its shape.
        sparse_grad: accepted and ignored; gradients are dense.

    Raises:
        RuntimeError: the index is out of bounds, of another number of dimensions, larger than the input, or not of
            integers.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.gather(tg.tensor([[1, 2], [3, 4]]), 1, tg.tensor([[0, 0], [1, 0]]))
        tensor([[1, 1],
                [4, 3]])
    """
    place = _check_along("gather", input, dim, index, own="input")
    result: Tensor = _gather(input, index, place)
    return result


def _as_gathered(args: tuple[Any, ...]) -> Tensor | None:
    """The usual call of `take_along_dim`: an index as `argsort` gives it, with places for each row of a matrix."""
    if len(args) != 3 or not isinstance(args[0], Tensor) or not isinstance(args[1], Tensor):
        return None
    alike = args[0]._array.shape[:1] == args[1]._array.shape[:1]
    return _from_each_row((args[0], args[2], args[1])) if alike else None


@usually(_as_gathered)
@composite()
@exact_out
def take_along_dim(input: Tensor, indices: Tensor, dim: int | None = None) -> Tensor:
    """Elements along a dimension by an index such as `argsort` gives; both broadcast in the other dimensions.

    Args:
        input: any tensor.
        indices: int64, of as many dimensions. Indices wrap around.
        dim: the dimension; None: both are taken as vectors.

    Raises:
        RuntimeError: the indices are of another type, or of another number of dimensions, or do not broadcast.

    Example:
        >>> import tinygrad_nn as tg
        >>> x = tg.tensor([[3, 1, 2]])
        >>> tg.take_along_dim(x, tg.tensor([[1, 2, 0]]), dim=1)
        tensor([[1, 2, 3]])
    """
    if not isinstance(indices, Tensor):
        raise must_be_tensor("take_along_dim", "indices", 1, indices)
    if indices._array.dtype != np.int64:
        raise RuntimeError(
            "torch.take_along_dim(): dtype of indices should be Long but got "
            f"{dtypes.type_name(indices._array.dtype)}. Convert: indices.long()"
        )
    if dim is None:
        return gather(input.reshape(-1), 0, indices.reshape(-1))
    if indices._array.ndim != input._array.ndim:
        raise RuntimeError(
            "torch.take_along_dim(): input and indices should have the same number of dimensions, but got "
            f"{input._array.ndim} dimensions for input, and {indices._array.ndim} dimensions for indices"
        )
    place = check_dim(dim, input._array.ndim)
    if not input._array.ndim:
        raise IndexError(f"Dimension specified as {dim} but tensor has no dimensions")
    shapes = [tuple([1 if d == place else n for d, n in enumerate(t._array.shape)]) for t in (input, indices)]
    try:
        lengths = [-1 if d == place else n for d, n in enumerate(np.broadcast_shapes(*shapes))]
    except ValueError:
        d = next(d for d, (n, m) in enumerate(zip(*shapes, strict=True)) if n != m and 1 not in (n, m))
        raise RuntimeError(
            f"The size of tensor a ({shapes[0][d]}) must match the size of tensor b ({shapes[1][d]}) at non-singleton "
            f"dimension {d} in take_along_dim(): input and indices must broadcast apart from dimension {place}"
        ) from None
    index, length = indices.expand(*lengths), input._array.shape[place]
    if out_of_bounds(index._array, length) is not None:
        index = index % max(length, 1)
        _check_bounds("take_along_dim", index._array, length, place)
    result: Tensor = _gather(input.expand(*lengths), index, dim=place)
    return result


def _numpy_take_along_axis(arr: Tensor, indices: Any, axis: int | None = -1) -> Tensor:
    """``np.take_along_axis``, whose indices may be an array."""
    return take_along_dim(arr, indices if isinstance(indices, Tensor) else wrap(np.asarray(indices)), axis)


dispatch.register(np.take_along_axis, _numpy_take_along_axis)


# --- scatter -----------------------------------------------------------------------------------------------------


def _set(result: Any, src: Any, index: Any, dim: int) -> None:
    """Write the elements of `src`, or a number, where the index says."""
    if not index.size:
        return
    if not result.ndim:
        result[...] = src.reshape(-1)[-1] if isinstance(src, np.ndarray) else src
        return
    if result.flags.c_contiguous:
        result.reshape(-1)[places_along(index, result.shape, dim)] = src
        return
    where: list[Any] = list(np.ogrid[tuple([slice(0, n) for n in index.shape])]) if index.ndim else [index]
    where[dim] = index
    result[tuple(where)] = src


def _cleared(g: Any, index: Any, dim: int) -> Any:
    return _scatter.op.numpy(g, 0.0, index, dim=dim)


def _set_gradient(g: Any, src_shape: tuple[int, ...], index: Any, dim: int) -> Any:
    picked = _gather.op.numpy(g, index, dim=dim)
    return picked if picked.shape == src_shape else picked.sum()


@op(vjp=(_cleared, _set_gradient, None), kind="general", method=False, torch_name="", names=("input", "src", "index"),
    node_name="ScatterBackward0",
    cases=[case((3, 4), (3, 2), np.array([[0, 2], [1, 3], [3, 0]]), dim=1), case((4,), 2.0, Integers((2,), 4), dim=0),
           case((3, 4), (2, 2), np.array([[0, 2], [1, 1]]), dim=0)])  # fmt: skip
def _scatter(x, src, index, /, dim):
    """See `scatter`."""
    result = np.array(x, order="C")
    _set(result, src, index, dim)
    return result


def _prepare_scatter(input: Tensor, dim: int, index: Tensor, src: Any, value: Any, name: str) -> tuple[int, Any]:
    """The dimension, and what is to be written: a tensor of the index's shape, or a number."""
    if (src is None) == (value is None):
        raise TypeError(f"{name}() missing an argument: give src (a tensor), or value (a number)")
    place = _check_along("scatter", input, dim, index)
    given = value if src is None else src
    if isinstance(given, Tensor) and value is None:
        _check_source("scatter", input, index, given, place)
        return place, _fitting(index, given)
    if isinstance(given, Tensor):
        given = given.item()
    if index._array.size:
        given = check_assigned(given, input._array.dtype, "scatter")
    return place, given


def _reduction(name: str, reduce: Any) -> str:
    """PyTorch's reduction for scatter's old words."""
    if reduce not in ("add", "multiply"):
        raise RuntimeError(f"{name}(): reduce argument must be either add or multiply, got {reduce!r}.")
    return "sum" if reduce == "add" else "prod"


def _scatter_reducing(input: Tensor, place: int, index: Tensor, given: Any, reduce: str) -> Tensor:
    if not index._array.size:
        return input.clone()
    if not isinstance(given, Tensor):
        given = input.new_full(index._array.shape, given)
    return reduced_into(input, place, index, given, reduce, True)


@composite()
@exact_out
def scatter(
    input: Tensor, dim: int, index: Tensor, src: Any = None, *, value: Any = None, reduce: str | None = None
) -> Tensor:
    """`input` with the elements of `src`, or a number, written at the places along a dimension that the index says.

    Args:
        input: any tensor.
        dim: the dimension along which the index points.
        index: int64 or int32, of as many dimensions; at most as long as `src` in all, and as `input` in the others.
            If it points to a place twice, the last element stays.
        src: a tensor, or a number.
        value: a number.
        reduce: ``"add"`` or ``"multiply"``: combine the elements with those of `input`. `scatter_reduce` knows more.

    Raises:
        RuntimeError: the shapes or types do not fit, or an index is out of bounds.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.scatter(tg.zeros(2, 3), 1, tg.tensor([[2], [0]]), 5.0)
        tensor([[0., 0., 5.],
                [5., 0., 0.]])
    """
    place, given = _prepare_scatter(input, dim, index, src, value, "scatter")
    if reduce is not None:
        return _scatter_reducing(input, place, index, given, _reduction("scatter", reduce))
    result: Tensor = _scatter(input, given, index, dim=place)
    return result


@tensor_method
@explained
def scatter_(
    self: Tensor, dim: int, index: Tensor, src: Any = None, *, value: Any = None, reduce: str | None = None
) -> Tensor:
    """In-place version of `scatter`."""
    if reduce is not None:
        check_target(self, (src,))
        return store(self, scatter(self, dim, index, src, value=value, reduce=reduce))
    place, given = _prepare_scatter(self, dim, index, src, value, "scatter_")
    return write_in_place(_scatter.op, self, (given, index), {"dim": place}, _set)


# --- scatter_add -------------------------------------------------------------------------------------------------


@op(vjp=(lambda g: g, lambda g, index, dim: _gather.op.numpy(g, index, dim=dim), None), kind="general", method=False,
    torch_name="", names=("input", "src", "index"), node_name="ScatterAddBackward0",
    cases=[case((3, 4), (3, 2), Integers((3, 2), 4), dim=1), case((4,), (3,), Integers((3,), 4), dim=0)])  # fmt: skip
def _scatter_add(x, src, index, /, dim):
    """See `scatter_add`."""
    result = np.array(x, order="C")
    scatter_into(result, src, index, dim)
    return result


def _prepare_add(input: Tensor, dim: int, index: Tensor, src: Tensor) -> tuple[int, Tensor]:
    place = _check_along("scatter_add", input, dim, index)
    _check_source("scatter_add", input, index, src, place)
    return place, _fitting(index, src)


@composite()
@exact_out
def scatter_add(input: Tensor, dim: int, index: Tensor, src: Tensor) -> Tensor:
    """`input` with the elements of `src` added at the places along a dimension that the index says; they may repeat.

    For ``dim=1``: ``out[i][index[i][j]] += src[i][j]``. Arguments and errors are those of `scatter`.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.scatter_add(tg.zeros(3), 0, tg.tensor([0, 2, 0]), tg.tensor([1.0, 2.0, 3.0]))
        tensor([4., 0., 2.])
    """
    place, src = _prepare_add(input, dim, index, src)
    result: Tensor = _scatter_add(input, src, index, dim=place)
    return result


@tensor_method
@explained
def scatter_add_(self: Tensor, dim: int, index: Tensor, src: Tensor) -> Tensor:
    """In-place version of `scatter_add`."""
    place, src = _prepare_add(self, dim, index, src)
    return write_in_place(_scatter_add.op, self, (src, index), {"dim": place}, scatter_into)


# --- scatter_reduce ----------------------------------------------------------------------------------------------


@composite()
@exact_out
def scatter_reduce(
    input: Tensor, dim: int, index: Tensor, src: Tensor, reduce: str, *, include_self: bool = True
) -> Tensor:
    """`input` with the elements of `src` reduced into the places along a dimension that the index says.

    Args:
        input, dim, index, src: as for `scatter`.
        reduce: ``"sum"``, ``"prod"``, ``"mean"``, ``"amax"`` or ``"amin"``.
        include_self: whether the elements of `input` take part; if not, those that are reduced into do not count.

    Raises:
        RuntimeError: the shapes or types do not fit, an index is out of bounds, or there is no such reduction.

    Example:
        >>> import tinygrad_nn as tg
        >>> index, src = tg.tensor([0, 1, 0]), tg.tensor([1.0, 2.0, 3.0])
        >>> tg.scatter_reduce(tg.zeros(3), 0, index, src, "mean", include_self=False)
        tensor([2., 2., 0.])
    """
    if isinstance(input, Tensor):
        check_dim(dim, input._array.ndim)
        check_reduction(reduce, input._array.dtype, _MEANS)
    place = _check_along("scatter_reduce", input, dim, index)
    _check_source("scatter_reduce", input, index, src, place)
    if reduce not in REDUCTIONS:
        raise RuntimeError(f"reduce argument must be either sum, prod, mean, amax or amin, got {reduce}")
    if not index._array.size:
        return input.clone()
    return reduced_into(input, place, index, _fitting(index, src), reduce, include_self)


@tensor_method
@explained
def scatter_reduce_(
    self: Tensor, dim: int, index: Tensor, src: Tensor, reduce: str, *, include_self: bool = True
) -> Tensor:
    """In-place version of `scatter_reduce`."""
    check_target(self, (src,))
    return store(self, scatter_reduce(self, dim, index, src, reduce, include_self=include_self))
