"""Shape: views of the same elements in another arrangement, and joining and splitting.

Source: https://docs.pytorch.org/docs/stable/tensor_view.html
"""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from .._core import dtypes
from .._core.backward import unbroadcast
from .._core.blocks import offset_of, strides_of
from .._core.errors import broadcast_shapes
from .._core.memory_format import check_format, copied, preserve_format
from .._core.op import case, composite, op
from .._core.outputs import shares_memory
from .._core.tensor import Tensor, check_dim, tensor_method, wrap
from .shortcuts import quick_view, usually, view_shortcut

__all__ = [
    "broadcast_tensors", "broadcast_to", "clone", "flatten", "ravel", "reshape", "squeeze", "unflatten", "unsqueeze",
]  # fmt: skip

_WHOLE = slice(None)
_SHAPES = [case((2, 6), shape=(3, 4)), case((2, 6), shape=(-1,)), case((), shape=(1, 1)), case((0, 3), shape=(3, 0)),
           case((1,), shape=())]  # fmt: skip


def lengths_of(name: str, shape: Any) -> tuple[int, ...]:
    """A shape that users gave as the argument of this name, as integers."""
    if type(shape) is tuple and all(type(n) is int for n in shape):
        return shape
    if isinstance(shape, int | np.integer):
        return (int(shape),)
    try:
        return tuple([operator.index(n) for n in shape])
    except TypeError:
        raise TypeError(f"argument '{name}' must be tuple of ints, got {shape!r}") from None


def _reshaped(x: np.ndarray[Any, Any], shape: Any) -> np.ndarray[Any, Any]:
    shape = lengths_of("shape", shape)
    if shape and min(shape) < -1:
        wrong = next(n for n in shape if n < -1)
        raise RuntimeError(
            f"invalid shape dimension {wrong} at index {shape.index(wrong)} of shape {list(shape)}. Only -1 stands for "
            "the length that remains."
        )
    try:
        return x.reshape(shape)
    except ValueError:
        if x.size == 0 and shape.count(-1) == 1:
            raise RuntimeError(
                f"cannot reshape tensor of 0 elements into shape {list(shape)} because the unspecified dimension size "
                "-1 can be any value and is ambiguous. Write the length instead of -1."
            ) from None
        if shape.count(-1) > 1:
            raise RuntimeError(f"only one dimension can be inferred, got shape {list(shape)}") from None
        raise RuntimeError(
            f"shape '{list(shape)}' is invalid for input of size {x.size}: the product of the lengths must be {x.size} "
            f"(input has shape {list(x.shape)})"
        ) from None


def _plainly_reshaped(x: np.ndarray[Any, Any], *given: Any) -> tuple[np.ndarray[Any, Any], dict[str, Any]] | None:
    """The shortcut of `reshape` and `view`: whole numbers, and elements that lie row by row."""
    shape = given[0] if len(given) == 1 and isinstance(given[0], tuple) else given
    for length in shape:
        if type(length) is not int or length < -1:
            return None
    if not x.size or not x.flags.c_contiguous or (not shape and not given):
        return None
    try:
        return x.reshape(shape), {"shape": shape}
    except ValueError:
        return None


@view_shortcut(_plainly_reshaped)
@op(np.reshape, vjp=lambda g, x_shape: g.reshape(x_shape), kind="view", collects="shape", cases=_SHAPES,
    node_name="ViewBackward0")
def reshape(x, /, shape):
    """The same elements, in row-major order, in another shape; one length may be -1. A view where that is possible.

    Raises:
        RuntimeError: the number of elements would change.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.arange(6).reshape(2, -1)
        tensor([[0, 1, 2],
                [3, 4, 5]])
    """
    return _reshaped(x, shape)


@op(vjp=lambda g, x_shape: g.reshape(x_shape), kind="view", collects="shape", cases=_SHAPES, method=False,
    torch_name="Tensor.view", node_name="ViewBackward0")  # fmt: skip
def _view(x, /, shape):
    """The same memory in another shape."""
    array = _reshaped(x, shape)
    if array.size and not shares_memory(array, x):
        raise RuntimeError(
            "view size is not compatible with input tensor's size and stride (at least one dimension spans across two "
            "contiguous subspaces). Use .reshape(...) instead."
        )
    return array


@tensor_method
def view(self: Tensor, *size: Any, **named: Any) -> Tensor:
    """The same memory in another shape, or (``x.view(dtype)``) read as another type.

    A type of other size changes the length of the last dimension.

    Raises:
        RuntimeError: the number of elements would change, or the memory order does not allow it: use `reshape`.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.arange(4).view(2, 2)
        tensor([[0, 1],
                [2, 3]])
        >>> tg.tensor([1.0]).view(tg.int32)
        tensor([1065353216], dtype=torch.int32)
    """
    if not named and isinstance(self, Tensor):
        quick = quick_view(_view.op, _plainly_reshaped, self, *size)
        if quick is not None:
            return quick
    given = (*size, *named.values())
    if len(named) > 1 or not {*named} <= {"size", "dtype"} or not given or (size and named):
        raise TypeError(
            f"view() received an invalid combination of arguments: got {given}, expected a size or a dtype"
        )
    if len(given) == 1 and isinstance(given[0], dtypes.dtype):
        return wrap(_viewed_as(self._array, given[0].dtype), cell=self._cell)
    result: Tensor = _view(self, *given)
    return result


def _viewed_as(array: np.ndarray[Any, Any], kind: np.dtype[Any]) -> np.ndarray[Any, Any]:
    """The same memory read as another type."""
    old, new = array.itemsize, kind.itemsize
    if old == new:
        return array.view(kind)
    what = f"to view {dtypes.type_name(array.dtype)} as {dtypes.type_name(kind)} (different element sizes)"
    if not array.ndim:
        raise RuntimeError(f"self.dim() cannot be 0 {what}")
    strides, ratio = strides_of(array), max(old, new) // min(old, new)
    if strides[-1] != 1:
        raise RuntimeError(f"self.stride(-1) must be 1 {what}, but got {strides[-1]}")
    if new > old:
        for place, length in ((-1, array.shape[-1]), *[(d, s) for d, s in enumerate(strides[:-1])]):
            if length % ratio:
                word = "size" if place == -1 else "stride"
                raise RuntimeError(f"self.{word}({place}) must be divisible by {ratio} {what}, but got {length}")
        if offset_of(array) % ratio:
            raise RuntimeError(f"self.storage_offset() must be divisible by {ratio} {what}")
    return array.view(kind)


@tensor_method
def view_as(self: Tensor, other: Tensor) -> Tensor:
    """This tensor's elements in the other's shape."""
    result: Tensor = _view(self, shape=other._array.shape)
    return result


@tensor_method
def reshape_as(self: Tensor, other: Tensor) -> Tensor:
    """This tensor's elements in the other's shape, copied if need be."""
    result: Tensor = reshape(self, shape=other._array.shape)
    return result


def _expanded_shape(shape: tuple[int, ...], wanted: Sequence[int]) -> tuple[int, ...]:
    """The wanted lengths, with -1 replaced by the tensor's own."""
    extra = len(wanted) - len(shape)
    if extra < 0:
        raise RuntimeError(
            f"the number of sizes provided ({len(wanted)}) must be greater or equal to the number of dimensions in the "
            f"tensor ({len(shape)})"
        )
    full = []
    for position, length in reversed([*enumerate(wanted)]):
        own = shape[position - extra] if position >= extra else None
        if length == -1 and own is None:
            raise RuntimeError(
                f"The expanded size of the tensor ({length}) isn't allowed in a leading, non-existing dimension "
                f"{position}"
            )
        length = own if length == -1 and own is not None else int(length)
        if own is not None and own != length and own != 1:
            raise RuntimeError(
                f"The expanded size of the tensor ({length}) must match the existing size ({own}) at non-singleton "
                f"dimension {position}.  Target sizes: {list(wanted)}.  Tensor sizes: {list(shape)}"
            )
        if length < 0:
            raise RuntimeError(f"The expanded size of the tensor ({length}) isn't allowed: lengths are not negative")
        full.append(length)
    return tuple(full[::-1])


def _plainly_expanded(x: np.ndarray[Any, Any], *given: Any) -> tuple[np.ndarray[Any, Any], dict[str, Any]] | None:
    """The shortcut of `expand`: what np.broadcast_to makes, in a fifth of its time."""
    shape = given[0] if len(given) == 1 and isinstance(given[0], tuple) else given
    extra = len(shape) - x.ndim
    if extra < 0 or not x.size or not x.flags.c_contiguous:
        return None
    lengths, steps = [], []
    for own, step, length in zip((1,) * extra + x.shape, (0,) * extra + x.strides, shape, strict=True):
        if type(length) is not int or length < 0 or (length != own and own != 1):
            return None
        lengths.append(length)
        steps.append(step if length == own else 0)
    return np.ndarray(lengths, x.dtype, x, 0, steps), {"shape": shape}


@view_shortcut(_plainly_expanded)
@op(np.broadcast_to, vjp=lambda g, x_shape: unbroadcast(g, x_shape), kind="view", collects="shape", aliases=("expand",),
    torch_name="broadcast_to", node_name="ExpandBackward0",
    cases=[case((3, 1), shape=(3, 4)), case((3, 1), shape=(2, -1, 4)), case((), shape=(2,)),
           case((1,), shape=(0,))])  # fmt: skip
def broadcast_to(x, /, shape):
    """The tensor repeated along dimensions of length 1 and new leading ones, without copying.

    ``x.expand(3, -1)`` is the method's usual name; -1 keeps a length.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.tensor([[1], [2]]).expand(2, 3)
        tensor([[1, 1, 1],
                [2, 2, 2]])
    """
    shape = lengths_of("shape", shape)
    full = _expanded_shape(x.shape, shape)
    wide = np.broadcast_to(x, full)
    if x.flags.writeable:  # in-place operations look for shared elements themselves
        wide.flags.writeable = True
    return wide


@tensor_method
def sum_to_size(self: Tensor, *size: Any) -> Tensor:
    """The tensor summed over those dimensions that would be repeated to expand this size to its own.

    Raises:
        RuntimeError: the size cannot be expanded to the tensor's.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.ones(3, 2).sum_to_size(1, 2)
        tensor([[3., 3.]])
    """
    shape = lengths_of("size", size[0] if len(size) == 1 and not isinstance(size[0], int) else size)
    own = self._array.shape
    extra = len(own) - len(shape)
    if extra < 0 or any(n not in (1, own[extra + d]) for d, n in enumerate(shape)):
        raise RuntimeError(f"size {{{list(shape)}}} is not expandable to size {{{list(own)}}}.")
    if not shape:
        result: Tensor = self.sum()
        return result
    return self if shape == own else unbroadcast(self, shape)


@tensor_method
def expand_as(self: Tensor, other: Tensor) -> Tensor:
    """The tensor expanded to the other's shape."""
    result: Tensor = broadcast_to(self, shape=other._array.shape)
    return result


def _plainly_squeezed(x: np.ndarray[Any, Any], *given: Any) -> tuple[np.ndarray[Any, Any], dict[str, Any]] | None:
    if not given:
        return x.squeeze(), {"dim": None}
    dim = given[0] if len(given) == 1 else None
    if type(dim) is not int or not -x.ndim <= dim < x.ndim:
        return None
    return x.squeeze(dim) if x.shape[dim] == 1 else x.view(), {"dim": dim}


# (the rule asks for `dim`, as the node is called after it)
@view_shortcut(_plainly_squeezed)
@op(np.squeeze, vjp=lambda g, x_shape, dim: g.reshape(x_shape), kind="view", collects="dim",
    cases=[case((1, 3, 1)), case((1, 3, 1), dim=0), case((1, 3, 1), dim=-1), case((1, 3, 1), dim=1),
           case((1, 3, 1), dim=(0, 2)), case(()), case((), dim=0)])  # fmt: skip
def squeeze(x, /, dim=None):
    """Without dimensions of length 1: all of them, or those named. Naming a longer one changes nothing.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.zeros(1, 3, 1).squeeze().shape, tg.zeros(1, 3, 1).squeeze(0).shape
        (torch.Size([3]), torch.Size([3, 1]))
        >>> tg.zeros(1, 3, 1).squeeze(0, -1).shape, tg.zeros(1, 3, 1).squeeze_(0, 1).shape
        (torch.Size([3]), torch.Size([3, 1]))
    """
    if dim is None:
        return x.squeeze()
    given = [check_dim(d, x.ndim) for d in ((dim,) if isinstance(dim, int | np.integer) else dim)]
    dims = set(given)
    if len(dims) < len(given):
        raise RuntimeError(f"dim {max(given, key=given.count)} appears multiple times in the list of dims")
    return x.reshape([n for d, n in enumerate(x.shape) if d not in dims or n != 1])


def _plainly_unsqueezed(x: np.ndarray[Any, Any], *given: Any) -> tuple[np.ndarray[Any, Any], dict[str, Any]] | None:
    dim, count = given[0] if len(given) == 1 else None, x.ndim + 1
    if type(dim) is not int or not -count <= dim < count:
        return None
    return x[(_WHOLE,) * (dim % count) + (None, ...)], {"dim": dim}


@view_shortcut(_plainly_unsqueezed)
@op(np.expand_dims, vjp=lambda g, x_shape: g.reshape(x_shape), kind="view",
    cases=[case((2, 3), dim=0), case((2, 3), dim=-1), case((2, 3), dim=1), case((), dim=0),
           case((0,), dim=1)])  # fmt: skip
def unsqueeze(x, /, dim):
    """A new dimension of length 1 at this place.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.tensor([1, 2]).unsqueeze(1).shape
        torch.Size([2, 1])
    """
    if isinstance(dim, tuple):  # NumPy's np.expand_dims
        return np.expand_dims(x, dim)
    # (by an index, as then the stride says nothing, and is shown as PyTorch chooses it)
    return x[(_WHOLE,) * check_dim(dim, x.ndim + 1) + (None, ...)]


def _plainly_flat(args: tuple[Any, ...]) -> Tensor | None:
    """The usual calls: all dimensions in one, or all from one on."""
    start = args[1] if len(args) == 2 else 0
    if 0 < len(args) < 3 and isinstance(args[0], Tensor) and type(start) is int and args[0]._array.size:
        shape = args[0]._array.shape
        if 0 <= start < len(shape) - 1:
            return quick_view(reshape.op, _plainly_reshaped, args[0], (*shape[:start], math.prod(shape[start:])))
    return None


@usually(_plainly_flat)
@composite(aliases=())
def flatten(input: Tensor, start_dim: int = 0, end_dim: int = -1) -> Tensor:
    """The dimensions from `start_dim` to `end_dim` joined into one.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.zeros(2, 3, 4).flatten(1).shape
        torch.Size([2, 12])
    """
    shape = input._array.shape
    first, last = check_dim(start_dim, len(shape)), check_dim(end_dim, len(shape))
    if first > last:
        raise RuntimeError(
            f"flatten() has invalid args: start_dim cannot come after end_dim, got {start_dim} and {end_dim}"
        )
    if not shape:
        result: Tensor = reshape(input, shape=(1,))
        return result
    length = 1
    for n in shape[first : last + 1]:
        length *= n
    if first == last:
        return input
    result = reshape(input, (*shape[:first], length, *shape[last + 1 :]))
    return result


@composite(np.ravel)
def ravel(input: Tensor) -> Tensor:
    """All elements in one dimension."""
    result: Tensor = reshape(input, shape=(-1,) if input._array.size else (0,))
    return result


@composite()
def unflatten(input: Tensor, dim: int, sizes: Sequence[int]) -> Tensor:
    """One dimension split into several of these lengths, one of which may be -1."""
    shape = input._array.shape
    place = check_dim(dim, len(shape))
    lengths = list(lengths_of("sizes", sizes))
    if not shape:
        raise RuntimeError("unflatten got an unexpected error: Dimension specified as 0 but tensor has no dimensions")
    if not lengths:
        raise RuntimeError("unflatten: sizes must be non-empty")
    if lengths.count(-1) > 1:
        raise RuntimeError(f"only one dimension can be inferred, got sizes {lengths} in unflatten()")
    if -1 in lengths:
        known = 1
        for n in lengths:
            known *= n if n != -1 else 1
        if not known:
            raise RuntimeError(
                f"unflatten got an unexpected error: cannot reshape tensor of {input._array.size} elements into shape "
                f"{lengths} because the unspecified dimension size -1 can be any value and is ambiguous"
            )
        lengths[lengths.index(-1)] = shape[place] // known
    product = 1
    for n in lengths:
        product *= n
    if product != shape[place]:
        raise RuntimeError(
            f"unflatten: Provided sizes {list(sizes)} don't multiply up to the size of dim {place} ({shape[place]}) in "
            "the input tensor"
        )
    result: Tensor = reshape(input, shape=(*shape[:place], *lengths, *shape[place + 1 :]))
    return result


# --- copies ------------------------------------------------------------------------------------------------------


@op(np.copy, vjp=lambda g: g, kind="general", cases=[case((2, 3)), case(()), case((0,))])
def clone(x, /, *, memory_format=None):
    """A copy, through which gradients flow; in the same order in memory, or in another (see `memory_format`)."""
    if memory_format is None or memory_format is preserve_format:
        return x.copy() if x.flags.c_contiguous else copied(x, None)
    check_format("clone", memory_format, x.ndim)
    return copied(x, memory_format)


@composite(method=False)
def broadcast_tensors(*tensors: Tensor) -> tuple[Tensor, ...]:
    """The tensors expanded to the one shape that they broadcast to."""
    shape = broadcast_shapes("broadcast_tensors", *[x._array.shape for x in tensors])
    return tuple([x if x._array.shape == shape else broadcast_to(x, shape=shape) for x in tensors])
