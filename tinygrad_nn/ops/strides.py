"""Views by their place in memory: `as_strided` and `Tensor.unfold`, with their gradients.

A gradient has a memory of its own, so it is laid out as the input was before it is taken by the same strides. Where a
view takes an element several times, its gradients add up.

Source: https://docs.pytorch.org/docs/stable/generated/torch.as_strided.html
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .._core import tensor as _tensor
from .._core.blocks import block, extent, offset_of, strided, strides_of
from .._core.errors import explained
from .._core.graph import View
from .._core.op import case, op
from .._core.tensor import Tensor, check_dim, tensor_method
from .shape import lengths_of

# the shape, the strides and the offset of what a view was taken of
Geometry = tuple[tuple[int, ...], tuple[int, ...], int]

_ROWS: Geometry = ((3, 4), (4, 1), 0)
_SPREAD: Geometry = ((3, 4), (0, 1), 2)
_CASES = [
    case((3, 4), size=(2, 3), stride=(1, 2), storage_offset=1, source=_ROWS),
    case((3, 4), size=(3, 3), stride=(1, 1), storage_offset=0, source=_ROWS),
    case((3, 4), size=(2, 2), stride=(0, 1), storage_offset=3, source=_ROWS),
    case((3, 4), size=(0, 2), stride=(1, 1), storage_offset=0, source=_ROWS),
    case((3, 4), size=(), stride=(), storage_offset=5, source=_ROWS),
]


def geometry_of(array: np.ndarray[Any, Any]) -> Geometry:
    """Where an array's elements lie in its block of memory."""
    return array.shape, strides_of(array), offset_of(array)


def _overlapping(size: Sequence[int], stride: Sequence[int]) -> bool:
    """Whether one element may be in several places (PyTorch's test)."""
    reached = 0
    for step, length in sorted(zip(stride, size, strict=True)):
        if length > 1:
            if step <= reached:
                return True
            reached += step * (length - 1)
    return False


def _numbers(size: Sequence[int], stride: Sequence[int], offset: int) -> np.ndarray[Any, Any]:
    """The place in memory of each element."""
    places = np.full(tuple(size), offset)
    for dim, (length, step) in enumerate(zip(size, stride, strict=True)):
        places += (np.arange(length) * step).reshape((-1,) + (1,) * (len(size) - dim - 1))
    return places


def _written(x: Any, size: Any, stride: Any, offset: int, length: int) -> Any:
    """A block of memory with elements laid out in it: zeros between them, sums where several lie in one place."""
    memory = np.zeros(length, x.dtype)
    if _overlapping(size, stride):
        np.add.at(memory, _numbers(size, stride, offset).reshape(-1), x.reshape(-1))
    else:
        strided(memory, size, stride, offset)[...] = x
    return memory


def _shared_out(memory: Any, source: Geometry, offset: int) -> Any:
    """The block, where each element is divided by how often the source shows it."""
    shape, strides, _ = source
    if not _overlapping(shape, strides):
        return memory
    places = _numbers(shape, strides, offset).reshape(-1)
    count = np.bincount(places, minlength=len(memory)).astype(memory.real.dtype)
    return memory / np.maximum(count, 1)


def _bounds(size: Any, stride: Any, offset: int, source: Geometry) -> tuple[int, int]:
    """The first place in memory that matters, and how many do from there on."""
    first = min(offset, source[2])
    last = max(offset + extent(size, stride), source[2] + extent(source[0], source[1]))
    return first, last - first


def _given_back(g: Any, size: Any, stride: Any, storage_offset: int, source: Geometry) -> Any:
    return _unstrided.op.numpy(g, size=size, stride=stride, storage_offset=storage_offset, source=source)


@op(vjp=_given_back, kind="view", method=False, torch_name="", node_name="AsStridedBackward0", cases=_CASES)
def _as_strided(x, /, size, stride, storage_offset, source):
    """The elements of the block of memory that lie at these places: a view, if `x` lies there as `source` says."""
    if geometry_of(x) == source:
        return strided(x, size, stride, storage_offset)
    return _restrided.op.numpy(x, size=size, stride=stride, storage_offset=storage_offset, source=source)


@op(vjp=_given_back, kind="general", method=False, torch_name="",
    cases=[*_CASES, case((3, 4), size=(2, 3), stride=(1, 2), storage_offset=1, source=_SPREAD)])  # fmt: skip
def _restrided(x, /, size, stride, storage_offset, source):
    """What `_as_strided` would give of `x`, were it laid out in memory as `source` says; a copy."""
    if 0 in size or 0 in source[0]:
        return np.zeros(size, x.dtype)
    first, length = _bounds(size, stride, storage_offset, source)
    memory = _shared_out(_written(x, source[0], source[1], source[2] - first, length), source, source[2] - first)
    return strided(memory, size, stride, storage_offset - first).copy()


@op(vjp=lambda g, size, stride, storage_offset, source: _restrided.op.numpy(
        g, size=size, stride=stride, storage_offset=storage_offset, source=source),
    kind="general", method=False, torch_name="",
    cases=[case(c.options["size"], **c.options) for c in _CASES])  # fmt: skip
def _unstrided(x, /, size, stride, storage_offset, source):
    """The gradient of `_as_strided`: each element at its place, those at one place added up."""
    if 0 in size or 0 in source[0]:
        return np.zeros(source[0], x.dtype)
    first, length = _bounds(size, stride, storage_offset, source)
    memory = _shared_out(_written(x, size, stride, storage_offset - first, length), source, source[2] - first)
    return strided(memory, source[0], source[1], source[2] - first).copy()


def checked_geometry(name: str, input: Tensor, size: Any, stride: Any, storage_offset: Any) -> Geometry:
    """The shape, strides and offset that users gave, if such elements lie in the tensor's memory.

    Raises:
        RuntimeError: they do not, or are negative.
    """
    for position, (word, given) in enumerate((("size", size), ("stride", stride))):
        if isinstance(given, int):
            raise TypeError(f"{name}(): argument '{word}' (position {position + 1}) must be tuple of ints, not int")
    size, stride = lengths_of("size", size), lengths_of("stride", stride)
    offset = offset_of(input._array) if storage_offset is None else int(storage_offset)
    if len(size) != len(stride):
        raise RuntimeError(f"mismatch in length of strides and shape: got size {list(size)} and stride {list(stride)}")
    if min(stride, default=0) < 0:
        raise RuntimeError(
            f"{name}: Negative strides are not supported at the moment, got strides: {list(stride)}. Use flip()."
        )
    if offset < 0:
        raise RuntimeError(f"{name}: invalid storage offset {offset}: offsets are not negative")
    if min(size, default=0) < 0:
        raise RuntimeError(f"{name}: sizes are not negative, got {list(size)}")
    room = len(block(input._array)) // input._array.itemsize
    if extent(size, stride) and offset + extent(size, stride) > room:
        raise RuntimeError(
            f"setStorage: sizes {list(size)}, strides {list(stride)}, storage offset {offset}, and itemsize "
            f"{input._array.itemsize} requiring a storage size of {offset + extent(size, stride)} elements are out of "
            f"bounds for storage of size {room} elements"
        )
    return size, stride, offset


@explained
def as_strided(input: Tensor, size: Any, stride: Any, storage_offset: int | None = None) -> Tensor:
    """A view of the memory that a tensor lies in: element ``[i, j]`` is the one at ``offset + i * s0 + j * s1`` there.

    Args:
        input: the tensor.
        size, stride: the view's lengths, and how many elements of memory lie between neighbours.
        storage_offset: the place of the first element; the tensor's own if None.

    Raises:
        RuntimeError: some of these places lie outside of the tensor's memory.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.as_strided(tg.arange(9), (2, 2), (1, 2), 3)
        tensor([[3, 5],
                [4, 6]])
    """
    size, stride, offset = checked_geometry("as_strided", input, size, stride, storage_offset)
    source = geometry_of(input._array)
    result: Tensor = _as_strided(input, size=size, stride=stride, storage_offset=offset, source=source)
    return result


tensor_method(as_strided)


def _relocate(tensor: Tensor, view: View) -> None:
    """Let a view be taken by its place in memory, as its base has got another shape there."""
    base, array = view.base._array, tensor._array
    view.array = base
    if not array.size or not np.may_share_memory(base, array):
        return
    size, stride, offset = geometry_of(array)
    source = geometry_of(base)
    view.exact = True
    view.replay = lambda base: _as_strided(base, size=size, stride=stride, storage_offset=offset, source=source)


_tensor.relocate_view = _relocate


# --- windows -----------------------------------------------------------------------------------------------------


def _folded_back(g: Any, x_shape: tuple[int, ...], dimension: int, size: int, step: int) -> Any:
    return _fold_windows.op.numpy(g, shape=x_shape, dimension=dimension, size=size, step=step)


@op(vjp=_folded_back, kind="view", torch_name="Tensor.unfold",
    cases=[case((7, 2), dimension=0, size=3, step=2), case((2, 5), dimension=-1, size=2, step=1),
           case((5,), dimension=0, size=2, step=3), case((), dimension=0, size=1, step=1),
           case((0, 3), dimension=1, size=3, step=1), case((4,), dimension=0, size=0, step=1)])  # fmt: skip
def unfold(x, /, dimension, size, step):
    """All windows of `size` elements along a dimension, `step` apart, as a view with one more dimension, the last.

    Raises:
        RuntimeError: the dimension is shorter than a window, or the step is not positive.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.arange(5).unfold(0, 3, 2)
        tensor([[0, 1, 2],
                [2, 3, 4]])
    """
    dim = check_dim(dimension, x.ndim)
    length = x.shape[dim] if x.ndim else 1
    if size < 0:
        raise RuntimeError(f"size is {size} but must be >= 0")
    if size > length:
        raise RuntimeError(f"maximum size for tensor at dimension {dim} is {length} but size is {size}")
    if step <= 0:
        raise RuntimeError(f"step is {step} but must be > 0")
    if not x.ndim:
        return x.reshape(1)[:size]
    count = (length - size) // step + 1
    shape = (*x.shape[:dim], count, *x.shape[dim + 1 :], size)
    strides = strides_of(x)
    return strided(x, shape, (*strides[:dim], strides[dim] * step, *strides[dim + 1 :], strides[dim]), offset_of(x))


@op(vjp=lambda g, dimension, size, step: unfold.op.numpy(g, dimension=dimension, size=size, step=step),
    kind="general", method=False, torch_name="",
    cases=[case((3, 2, 3), shape=(7, 2), dimension=0, size=3, step=2),
           case((2, 4, 2), shape=(2, 5), dimension=-1, size=2, step=1),
           case((1,), shape=(), dimension=0, size=1, step=1)])  # fmt: skip
def _fold_windows(x, /, shape, dimension, size, step):
    """The sum of windows, each at its place: the gradient of `unfold`."""
    result = np.zeros(shape, x.dtype)
    if not shape:
        return x.sum(axis=0, dtype=x.dtype) if size else result
    dim = check_dim(dimension, len(shape))
    before = (slice(None),) * dim
    count = x.shape[dim]
    if size <= count:
        for place in range(size):
            result[(*before, slice(place, place + (count - 1) * step + 1, step))] += x[..., place]
    else:
        along = np.moveaxis(result, dim, -1)
        for number in range(count):
            along[..., number * step : number * step + size] += x[(*before, number)]
    return result


__all__ = ["as_strided"]
