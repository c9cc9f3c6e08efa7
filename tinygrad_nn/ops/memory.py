"""How tensors lie in memory: memory formats, strides of one's choice, and questions about the memory.

Source: https://docs.pytorch.org/docs/stable/tensor_attributes.html#torch-memory-format
"""

from __future__ import annotations

import itertools
import operator
import warnings
from typing import Any

import numpy as np

from .._core.blocks import address, block, dense_order, is_dense, owner, strides_of
from .._core.errors import explained
from .._core.memory_format import (
    channels_last,
    channels_last_3d,
    check_format,
    contiguous_format,
    has_format,
    memory_format,
    preserve_format,
)
from .._core.storage import TypedStorage, UntypedStorage, is_storage
from .._core.tensor import Size, Tensor, tensor_attribute, tensor_method, wrap
from .join import flip
from .shape import clone, lengths_of


@tensor_method
def contiguous(self: Tensor, memory_format: memory_format = contiguous_format) -> Tensor:
    """The tensor itself if its elements lie row by row in memory (or in the order asked for), else a copy that does.

    Raises:
        RuntimeError: the format is for another number of dimensions.
    """
    if self._array.flags.c_contiguous and memory_format is contiguous_format:
        return self
    if memory_format is not contiguous_format:
        check_format("contiguous", memory_format, self._array.ndim)
        if has_format(self._array, memory_format):
            return self
    if memory_format is preserve_format:
        raise RuntimeError("preserve memory format is unsupported by the contiguous operator")
    result: Tensor = clone(self, memory_format=memory_format)
    return result


@tensor_method
def dim_order(self: Tensor, *, ambiguity_check: Any = False) -> tuple[int, ...]:
    """The dimensions in their order in memory, slowest first.

    Args:
        ambiguity_check: True: raise if another order were right as well; a list of memory formats: raise unless the
            tensor has exactly one of them.

    Raises:
        RuntimeError: the order is not unique, as asked for.
        TypeError: `ambiguity_check` is neither.
    """
    formats = ambiguity_check if isinstance(ambiguity_check, list) else []
    if not isinstance(ambiguity_check, bool | list) or not all(isinstance(f, memory_format) for f in formats):
        raise TypeError("The ambiguity_check argument must be a bool or a list of memory formats.")
    array = self._array
    order = dense_order(array)
    if formats:
        several = sum(has_format(array, each) for each in formats) != 1
    else:
        steps = [strides_of(array)[d] for d in order]
        several = 1 in array.shape or any(a <= b for a, b in itertools.pairwise(steps))
    if ambiguity_check and several:
        raise RuntimeError(
            "The tensor does not have unique dim order, or cannot map to exact one of the given memory formats."
        )
    return order


# --- questions ---------------------------------------------------------------------------------------------------


def broadcast_shapes(*shapes: Any) -> Size:
    """The shape that tensors of these shapes broadcast to.

    Raises:
        RuntimeError: there is none.
        ValueError: a length is negative.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.broadcast_shapes((2, 1), (3,))
        torch.Size([2, 3])
    """
    given = [(operator.index(s),) if isinstance(s, int | np.integer) else tuple(s) for s in shapes]
    if any(length < 0 for shape in given for length in shape):
        raise ValueError(f"Attempting to broadcast a dimension with negative length! Got {given}")
    try:
        return Size(np.broadcast_shapes(*given))
    except ValueError:
        raise RuntimeError(
            "Shape mismatch: objects cannot be broadcast to a single shape. Attempting to broadcast "
            f"{', '.join(str(list(shape)) for shape in given)}: from the right, lengths must be equal, or 1."
        ) from None


@tensor_method
def is_same_size(input: Tensor, other: Tensor) -> bool:
    """Whether two tensors have one shape."""
    return bool(input._array.shape == other._array.shape)


@tensor_method
def is_set_to(self: Tensor, tensor: Tensor) -> bool:
    """Whether two tensors are the same elements of the same memory."""
    a, b = self._array, tensor._array
    same = a.shape == b.shape and strides_of(a) == strides_of(b) and address(a) == address(b)
    return bool(same and address(block(a)) == address(block(b)))


@tensor_method
def is_shared(self: Tensor) -> bool:
    """Whether the memory is such that processes forked from this one share it (see `share_memory_`)."""
    from mmap import mmap

    return isinstance(owner(self._array).base, mmap)


@tensor_method
def share_memory_(self: Tensor) -> Tensor:
    """Move the tensor's elements to memory that is shared with processes which are forked from this one.

    Processes that are started anew ("spawn") get a copy all the same. Views that were taken before stay where they are.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.Tensor.share_memory_.html

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.ones(2).share_memory_().is_shared()
        True
    """
    from mmap import mmap

    array = self._array
    if not self.is_shared():
        strides = array.strides if is_dense(array) else None
        moved = np.ndarray(array.shape, array.dtype, mmap(-1, max(array.nbytes, 1)), 0, strides)
        moved[...] = array
        self._array = moved
    return self


@tensor_method
def pin_memory(self: Tensor, device: Any = None) -> Tensor:
    """The tensor itself: there is no other device to copy to."""
    return self


@tensor_method
def is_pinned(self: Tensor, device: Any = None) -> bool:
    """Whether the memory is locked for copies to another device: no."""
    return False


@tensor_method
def new(self: Tensor, *data: Any, device: Any = None) -> Tensor:
    """A tensor of this one's type, of these sizes or of this data. New programs use `Tensor.new_tensor` and its kin."""
    kind = self._array.dtype
    if len(data) == 1 and isinstance(data[0], Tensor):
        return data[0].detach()
    if len(data) == 1 and isinstance(data[0], list | tuple) and not isinstance(data[0], Size):
        return wrap(np.array(data[0], kind))
    return wrap(np.zeros(lengths_of("size", data[0] if len(data) == 1 else data) if data else (0,), kind))


@tensor_method
def __reversed__(self: Tensor) -> Tensor:  # noqa: N807 - the name under which it becomes a method
    """The order reversed along the first dimension."""
    result: Tensor = flip(self, dims=(0,)) if self._array.ndim else self
    return result


def _warn_resize(name: str) -> None:
    warnings.warn(f"non-inplace {name} is deprecated", UserWarning, stacklevel=3)


@tensor_method
def resize(self: Tensor, *sizes: Any) -> Tensor:
    """Former name of a reshape that keeps the number of elements; use `reshape` or `Tensor.resize_`."""
    _warn_resize("resize")
    result: Tensor = self.reshape(*sizes)
    return result


@tensor_method
def resize_as(self: Tensor, tensor: Tensor) -> Tensor:
    """Former name of `Tensor.reshape_as`."""
    _warn_resize("resize_as")
    result: Tensor = self.reshape(tensor._array.shape)
    return result


def _retains_grad(self: Tensor) -> bool:
    """Whether this is no leaf, and `Tensor.retain_grad` was called for it."""
    return "_retains_grad" in self.__dict__ and not self.is_leaf


tensor_attribute("retains_grad", property(_retains_grad))

@explained
def detach(input: Tensor) -> Tensor:
    """The same memory, outside the graph; see `Tensor.detach`.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.detach(tg.ones(2, requires_grad=True)).requires_grad
        False
    """
    return input.detach()


@explained
def detach_(input: Tensor) -> Tensor:
    """`Tensor.detach_` as a function: takes the tensor out of the graph that made it."""
    return input.detach_()


# PyTorch's tensors may have had names once; these have none.
tensor_attribute("name", None)


__all__ = [
    "TypedStorage", "UntypedStorage", "broadcast_shapes", "channels_last", "channels_last_3d", "contiguous_format",
    "detach", "detach_",
    "is_same_size", "is_storage", "memory_format", "preserve_format",
]  # fmt: skip
