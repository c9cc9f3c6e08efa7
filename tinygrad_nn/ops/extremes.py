"""Largest and smallest elements: of all, along dimensions, and where they stand.

Where several elements are equally extreme, `amax`, `amin` and the forms of `max` and `min` without ``dim`` share the
gradient equally among them; ``max(dim=...)`` and ``min(dim=...)`` give it to the element whose index they return.

Source: https://docs.pytorch.org/docs/stable/generated/torch.max.html, torch.amax.html
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from .._core import return_types
from .._core.blas import turned
from .._core.dtypes import FLOAT32
from .._core.graph import named
from .._core.kernels import maximum_reduce, minimum_reduce, row_maxima
from .._core.modes import modes
from .._core.op import REGISTRY, Integers, case, composite, op
from .._core.tensor import Tensor, check_dim, wrap
from .places import flat_places
from .reduce import axes, restore
from .shortcuts import recorded, usually

_FEW = 4096  # rows whose starts are remembered
_MANY = 100_000  # elements that are turned, so that a dimension is the last

__all__ = ["amax", "amin", "aminmax", "argmax", "argmin", "max", "min"]


def _check_not_empty(name: str, x: Any, axis: Any) -> None:
    """Refuse an extreme of no elements, as PyTorch does."""
    if x.size:
        return
    if axis is None:
        kind = IndexError if name.startswith("arg") else RuntimeError
        raise kind(
            f"{name}(): Expected reduction dim to be specified for input.numel() == 0. Specify the reduction dim with "
            f"the 'dim' argument. (The input has shape {list(x.shape)}.)"
        )
    for d in (axis,) if isinstance(axis, int) else axis:
        if x.shape[d] == 0:
            raise IndexError(
                f"{name}(): Expected reduction dim {d % x.ndim} to have non-zero size. (The input has shape "
                f"{list(x.shape)}.)"
            )


def _extreme(name: str, ufunc: Any, x: Any, dim: Any, keepdim: bool) -> Any:
    axis = axes(dim, x.ndim)
    _check_not_empty(name, x, axis)
    if ufunc is np.maximum and x.ndim == 2 and axis in (1, -1) and x.shape[0] > 8:
        result = row_maxima(x)
        return result if keepdim else result[:, 0]
    return ufunc.reduce(x, axis, None, None, keepdim)


def _share(g: Any, x: Any, out: Any, dim: Any, keepdim: bool) -> Any:
    """The gradient, in equal parts, to the elements that equal the extreme."""
    equal = x == restore(out, x.shape, dim, keepdim)
    count = equal.sum(axis=axes(dim, x.ndim), keepdims=True).astype(x.dtype)
    return restore(g, x.shape, dim, keepdim) / count * equal


_DIMS = [
    case((2, 3)), case((2, 3), dim=1), case((2, 3), dim=-2, keepdim=True), case((2, 3, 4), dim=(0, -1)),
    case((2, 3, 4), dim=(0, 2), keepdim=True), case((2, 3), dim=()), case((), dim=0), case((20, 3), dim=-1),
    case((20, 30), dim=1, keepdim=True), case((2, 0), dim=0), case((20, 200), dim=1),
    case(Integers((2, 3), 9), dim=1),
]  # fmt: skip
_TIES = [case(np.array([2.0, 2.0, 1.0])), case(np.array([[1.0, 1.0], [0.0, 1.0]]), dim=1),
         case(np.array([np.inf, np.inf, -np.inf, -np.inf])), case(np.array([1.0, np.nan, 2.0]))]  # fmt: skip


@op(np.amax, np.max, kind="reduction", distinct=True, cases=_DIMS, special=_TIES,
    vjp=lambda g, x, out, dim, keepdim: _share(g, x, out, dim, keepdim))  # fmt: skip
def amax(x, /, dim=None, keepdim=False):
    """Largest of the elements, of all or along dimensions. Equal ones share the gradient.

    Raises:
        RuntimeError, IndexError: there is no element to choose.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.tensor([[1.0, 5.0], [7.0, 2.0]]).amax(dim=1)
        tensor([5., 7.])
    """
    return _extreme("amax", np.maximum, x, dim, keepdim)


@op(np.amin, np.min, kind="reduction", distinct=True, cases=_DIMS, special=_TIES,
    vjp=lambda g, x, out, dim, keepdim: _share(g, x, out, dim, keepdim))  # fmt: skip
def amin(x, /, dim=None, keepdim=False):
    """Smallest of the elements, of all or along dimensions. Equal ones share the gradient.

    Raises:
        RuntimeError, IndexError: there is no element to choose.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.tensor([[1.0, 5.0], [7.0, 2.0]]).amin(dim=0)
        tensor([1., 2.])
    """
    return _extreme("amin", np.minimum, x, dim, keepdim)


def _share_all(g: Any, x: Any, out: Any) -> Any:
    """As `_share`, and a nan that is the extreme has its part."""
    equal = x == out if (out == out).all() else x != x
    return g / equal.sum().astype(x.dtype) * equal


@op(kind="reduction", vjp=_share_all, distinct=True, cases=[case((2, 3)), case(()), case(Integers((4,), 9))],
    special=[case(np.array([2.0, 2.0, 1.0])), case(np.array([np.nan, 1.0, np.nan]))], torch_name="max")  # fmt: skip
def _max_of_all(x, /):
    """The largest element."""
    _check_not_empty("max", x, None)
    return maximum_reduce(x, None)


@op(kind="reduction", vjp=_share_all, distinct=True, cases=[case((2, 3)), case(()), case(Integers((4,), 9))],
    special=[case(np.array([2.0, 1.0, 1.0])), case(np.array([np.nan, 1.0, np.nan]))], torch_name="min")  # fmt: skip
def _min_of_all(x, /):
    """The smallest element."""
    _check_not_empty("min", x, None)
    return minimum_reduce(x, None)


# --- one dimension, with indices ---------------------------------------------------------------------------------


def _places(indices: Any, length: int) -> Any:
    """Where the indices of the last dimension stand in the flattened array."""
    last = indices.ravel()
    return last + (_row_starts if last.size <= _FEW else _new_row_starts)(last.size, length)


def _new_row_starts(count: int, length: int) -> Any:
    """Where each of so many rows starts."""
    starts = np.arange(0, count * length, length)
    starts.flags.writeable = False  # it may be shared
    return starts


_row_starts = functools.lru_cache(maxsize=64)(_new_row_starts)


def _placed(g: Any, indices: Any, dim: int, keepdim: bool, x_shape: tuple[int, ...]) -> Any:
    kept = g if keepdim else g.reshape(indices.shape)
    if type(g) is np.ndarray:
        return _placed_along(kept, indices, dim, x_shape[dim])
    return _place_along.op.numpy(kept, indices=indices, dim=dim, length=x_shape[dim])


@op(kind="general", method=False, torch_name="", node_name="MaxBackward0", vjp=_placed,
    cases=[case((2, 3), indices=np.array([[2], [0]]), dim=1),
           case((2, 3), indices=np.array([[1, 0, 1]]), dim=0),
           case((2, 3), indices=np.array([[1, 0, 1]]), dim=0, keepdim=False),
           case((2, 3), indices=np.array([[2], [0]]), dim=1, keepdim=False)])  # fmt: skip
def _pick_along(x, /, *, indices, dim, keepdim=True):
    """The element at one index of a dimension, for each place of the others. The dimension stays, of length 1, or not.

    The indices have it in any case.
    """
    return _picked_along(x, indices, dim, keepdim)


def _picked_along(x: Any, indices: Any, dim: int, keepdim: bool) -> Any:
    if dim == x.ndim - 1:
        picked = x.ravel().take(_places(indices, x.shape[dim]))
        return picked.reshape(indices.shape if keepdim else indices.shape[:-1])
    picked = x.reshape(-1).take(flat_places(indices, dim, x.shape[dim]))
    return picked.reshape(indices.shape if keepdim else (*indices.shape[:dim], *indices.shape[dim + 1 :]))


@op(kind="general", method=False, torch_name="",
    vjp=lambda g, indices, dim: _pick_along.op.numpy(g, indices=indices, dim=dim),
    cases=[case((2, 1), indices=np.array([[2], [0]]), dim=1, length=3)])  # fmt: skip
def _place_along(x, /, *, indices, dim, length):
    """Zeros, with each element at its index of a dimension: the adjoint of `_pick_along`."""
    return _placed_along(x, indices, dim, length)


def _placed_along(x: Any, indices: Any, dim: int, length: int) -> Any:
    if dim == x.ndim - 1:
        placed = np.zeros((*x.shape[:-1], length), x.dtype)
        placed.ravel()[_places(indices, length)] = x.ravel()
        return placed
    placed = np.zeros((*x.shape[:dim], length, *x.shape[dim + 1 :]), x.dtype)
    placed.ravel()[flat_places(indices, dim, length)] = x.ravel()
    return placed


def _index_along(name: str, x: Any, dim: int) -> Any:
    """Where the extreme stands along a dimension, which stays with length 1."""
    if dim == x.ndim - 2 and x.dtype is FLOAT32 and x.size >= _MANY:  # half to a quarter of the time
        return getattr(turned(x), name)(-1)[..., None, :]
    return getattr(x, name)(dim, keepdims=True)


def pick_one(input: Tensor, indices: np.ndarray[Any, Any], dim: int, keepdim: bool) -> Tensor:
    """The element at one index of a dimension, which the indices have with length 1."""
    options = {"indices": indices, "dim": dim, "keepdim": keepdim}
    if modes.here.observers or type(input._array) is not np.ndarray:
        return _pick_along(input, **options)
    return recorded(_pick_along.op, input, options, _picked_along(input._array, indices, dim, keepdim))


def _along(name: str, input: Tensor, dim: Any, keepdim: bool) -> Any:
    """``max`` and ``min`` along one dimension: values and indices."""
    array = input._array
    if not isinstance(dim, int | np.integer):
        raise TypeError(
            f"{name}(): argument 'dim' must be int, not {type(dim).__name__}. For several dimensions there is "
            f"a{name}(dim=...)."
        )
    dim = check_dim(dim, array.ndim)
    if array.ndim and array.shape[dim] == 0:
        _check_not_empty(name, array, dim)
    if array.dtype.kind == "c":
        raise RuntimeError(f"{name}(): does not support complex input, as complex numbers have no order")
    result = getattr(return_types, name)
    if not array.ndim:
        return result(input.view_as(input), wrap(np.zeros((), np.int64)))
    if type(array) is np.ndarray:  # one op instead of four
        numbers = array.view(np.uint8) if array.dtype.kind == "b" else array
        found = _index_along("argmax" if name == "max" else "argmin", numbers, dim)
        values = pick_one(input, found, dim, keepdim)
        # the result's own `__new__`, and the general caller of `pick_one`, take a tenth of the time of 64 elements
        return tuple.__new__(result, (values, wrap(found if keepdim else found.squeeze(dim))))
    lifted = wrap(array.view(np.uint8)) if array.dtype.kind == "b" else input
    indices = (argmax if name == "max" else argmin)(lifted, dim, True)
    values = _pick_along(input, indices=indices._array, dim=dim)
    return result(values, indices) if keepdim else result(values.squeeze(dim), indices.squeeze(dim))


def _max_or_min(name: str, input: Any, dim: Any, keepdim: bool, other: Any, axis: Any) -> Any:
    if axis is not None:
        dim = axis
    if isinstance(dim, Tensor | np.ndarray):
        dim, other = None, dim
    if other is not None:
        return REGISTRY["maximum" if name == "max" else "minimum"].call(input, other)
    if dim is None or not isinstance(input, Tensor):
        return (_max_of_all if name == "max" else _min_of_all)(input)
    return _along(name, input, dim, keepdim)


def _usual(name: str, of_all: Any) -> Any:
    """The usual calls: of all elements, and along a dimension, of floating point numbers."""

    def quick(args: tuple[Any, ...]) -> Any:
        input = args[0] if args else None
        if not isinstance(input, Tensor):
            return None
        if len(args) == 1:
            return of_all(input)
        array, dim = input._array, args[1]
        if len(args) > 2 or type(dim) is not int or type(array) is not np.ndarray or not array.size:
            return None
        if not -array.ndim <= dim < array.ndim or array.dtype.kind != "f":
            return None
        found = _along(name, input, dim, False)
        return found if name == "max" else named(found, "MinBackward0")  # the op's own name is the maximum's

    return quick


@usually(_usual("max", _max_of_all))
@composite(out=True)
def max(
    input: Tensor,
    dim: Any = None,
    keepdim: bool = False,
    *,
    other: Tensor | None = None,
    axis: int | None = None,
) -> Any:
    """Largest element: of all, along one dimension (with its index), or of two tensors element by element.

    ``max(x)`` is one value, and equal elements share its gradient. ``max(x, dim)`` is a named tuple of values and
    indices, and the gradient goes to those indices. ``max(x, y)`` is ``maximum(x, y)``.

    Raises:
        RuntimeError, IndexError: there is no element to choose, or no such dimension.

    Example:
        >>> import tinygrad_nn as tg
        >>> x = tg.tensor([[1.0, 5.0], [7.0, 2.0]])
        >>> x.max()
        tensor(7.)
        >>> values, indices = x.max(dim=1)
        >>> indices
        tensor([1, 0])
    """
    return _max_or_min("max", input, dim, keepdim, other, axis)


@usually(_usual("min", _min_of_all))
@composite(out=True)
def min(
    input: Tensor,
    dim: Any = None,
    keepdim: bool = False,
    *,
    other: Tensor | None = None,
    axis: int | None = None,
) -> Any:
    """Smallest element: of all, along one dimension (with its index), or of two tensors element by element.

    The same three forms as `max`.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.tensor([[1.0, 5.0], [7.0, 2.0]]).min(dim=1).values
        tensor([1., 2.])
    """
    return _max_or_min("min", input, dim, keepdim, other, axis)


@composite(out=True)
def aminmax(input: Tensor, *, dim: int | None = None, keepdim: bool = False) -> Any:
    """The smallest and the largest element, of all or along a dimension.

    Example:
        >>> import tinygrad_nn as tg
        >>> low, high = tg.aminmax(tg.tensor([3.0, 1.0, 2.0]))
        >>> low.item(), high.item()
        (1.0, 3.0)
    """
    return return_types.aminmax(amin(input, dim, keepdim), amax(input, dim, keepdim))


# --- indices -----------------------------------------------------------------------------------------------------

_INDICES = [case((2, 3)), case((2, 3), dim=1), case((2, 3, 4), dim=-2, keepdim=True), case((2, 3), keepdim=True),
            case((), dim=0), case((2, 0), dim=0), case(Integers((2, 5), 3), dim=1)]  # fmt: skip


def _index(name: str, x: Any, dim: Any, keepdim: bool) -> Any:
    if dim is not None and not isinstance(dim, int | np.integer):
        raise TypeError(f"{name}(): argument 'dim' (position 1) must be int, not {type(dim).__name__}")
    if x.dtype.kind == "b":
        raise RuntimeError(f"{name}(): does not support bool input. Convert first: x.int().{name}().")
    axis = axes(dim, x.ndim)
    if axis is not None:
        axis = check_dim(axis, x.ndim)
    if not x.size and (axis is None or not x.shape[axis]):
        _check_not_empty(name, x, axis)
    if axis is not None and x.size >= _MANY:
        found = _index_along(name, x, axis % x.ndim)
        return found if keepdim else found.squeeze(axis)
    function = x.argmax if name == "argmax" else x.argmin
    return function(axis, keepdims=True) if keepdim else function(axis)


@op(np.argmax, kind="reduction", vjp=None, cases=_INDICES, distinct=True)
def argmax(x, /, dim=None, keepdim=False):
    """Index of the largest element (the first of equal ones), among all or along a dimension.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.tensor([[1.0, 5.0], [7.0, 2.0]]).argmax(dim=1)
        tensor([1, 0])
    """
    return _index("argmax", x, dim, keepdim)


@op(np.argmin, kind="reduction", vjp=None, cases=_INDICES, distinct=True)
def argmin(x, /, dim=None, keepdim=False):
    """Index of the smallest element (the first of equal ones), among all or along a dimension.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.tensor([[1.0, 5.0], [7.0, 2.0]]).argmin(dim=1)
        tensor([0, 1])
    """
    return _index("argmin", x, dim, keepdim)
