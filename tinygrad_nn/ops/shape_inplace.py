"""Changes of shape in place: the tensor itself is transposed, squeezed, resized, while its memory stays what it is.

Autograd follows as it does for any write: the tensor takes on the history of its transpose. Views of it keep their
place in memory.

Source: https://docs.pytorch.org/docs/stable/generated/torch.Tensor.transpose_.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .._core.blocks import block, dense_strides, extent, offset_of, strided
from .._core.errors import must_be_tensor
from .._core.inplace import check_history
from .._core.memory_format import ORDERS, check_format, contiguous_format, memory_format, preserve_format
from .._core.modes import modes
from .._core.storage import TypedStorage, UntypedStorage
from .._core.tensor import Tensor, tensor_attribute, tensor_method
from .shape import lengths_of, squeeze, unsqueeze
from .strides import as_strided, checked_geometry
from .transposes import swapaxes, swapdims, t, transpose


def _shape_form(function: Callable[..., Any], *names: str) -> None:
    """Give `Tensor` the in-place form of a function that gives a view, under these names."""

    def call(self: Tensor, *args: Any, **options: Any) -> Tensor:
        check_history(self)
        return _becomes(self, function(self, *args, **options))

    call.__name__ = call.__qualname__ = names[0]
    call.__doc__ = f"In-place version of `{function.__name__}`: the tensor itself gets the new shape."
    for name in names:
        tensor_attribute(name, call)


def _becomes(target: Tensor, view: Tensor) -> Tensor:
    """Let a tensor be what a view of it is."""
    target._array = view._array
    target._cell[0] += 1
    if modes.here.grad:
        target._edge = view._edge
    target._cell[1] += 1  # views of it are to be found anew, by their place in memory
    if target._view is not None and view._view is not None:
        view._view.origin = target._view.origin
        target._view = view._view
        target._view.version, target._view.generation = target._cell
    return target


_shape_form(t, "t_")
_shape_form(transpose, "transpose_")
_shape_form(swapaxes, "swapaxes_")
_shape_form(swapdims, "swapdims_")
_shape_form(unsqueeze, "unsqueeze_")
_shape_form(squeeze, "squeeze_")
_shape_form(as_strided, "as_strided_")


# --- other sizes -------------------------------------------------------------------------------------------------


def _may_be_resized(self: Tensor) -> None:
    if self.requires_grad:
        raise RuntimeError("cannot resize variables that require grad. Resize x.detach(), or make a new tensor.")


@tensor_method
def resize_(self: Tensor, *sizes: Any, memory_format: memory_format = contiguous_format) -> Tensor:
    """Give the tensor another size in place; elements keep their order in memory, and new ones may have any value.

    Where the memory is too small, the tensor gets more, of its own: tensors that shared it keep the former one.

    Raises:
        RuntimeError: the tensor requires grad.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.tensor([[1, 2], [3, 4]]).resize_(3)
        tensor([1, 2, 3])
    """
    shape = lengths_of("size", sizes[0] if len(sizes) == 1 and not isinstance(sizes[0], int) else sizes)
    _may_be_resized(self)
    if min(shape, default=0) < 0:
        raise RuntimeError(f"Trying to create tensor with negative dimension {min(shape)}: {list(shape)} in resize_()")
    check_format("resize_", memory_format, len(shape))
    if memory_format is preserve_format:
        raise RuntimeError("Unsupported memory format Preserve in resize_()")
    if shape == self._array.shape and memory_format is contiguous_format:
        return self
    order = ORDERS.get(memory_format, range(len(shape)))
    lengths = [shape[d] for d in order]
    _lay_out(self, lengths, dense_strides(lengths), offset_of(self._array))
    self._array = self._array.transpose(np.argsort(order)) if len(shape) else self._array
    return self


def _lay_out(self: Tensor, size: Any, stride: Any, offset: int) -> None:
    """Give a tensor this place in its memory, or in more memory."""
    array = self._array
    memory = block(array)
    needed = (offset + extent(size, stride)) * array.itemsize if extent(size, stride) else 0
    if needed > len(memory):
        more = np.zeros(needed // array.itemsize, array.dtype)
        block(more)[: len(memory)] = memory
        array = more
    self._array = strided(array, size, stride, offset if needed else 0)
    self._cell[1] += 1


@tensor_method
def resize_as_(self: Tensor, tensor: Tensor, memory_format: memory_format = contiguous_format) -> Tensor:
    """`Tensor.resize_` to another tensor's size."""
    if not isinstance(tensor, Tensor):
        raise must_be_tensor("resize_as_", "the_template", 0, tensor)
    if memory_format is preserve_format:
        memory_format = contiguous_format
    return resize_(self, tensor.shape, memory_format=memory_format)


@tensor_method
def set_(
    self: Tensor, source: Any = None, storage_offset: int = 0, size: Any = None, stride: Any = None
) -> Tensor:
    """Let the tensor be another one's memory: all of its elements, or those at the places given (see `as_strided`).

    Args:
        source: a tensor or a storage of the same dtype. None: no elements at all.
        storage_offset, size, stride: the places; by default those of a source tensor, or all of a source storage.

    Raises:
        RuntimeError: the tensor is a leaf that requires grad, the dtypes differ, or a place lies outside.

    Example:
        >>> import tinygrad_nn as tg
        >>> x, y = tg.zeros(2), tg.tensor([1.0, 2.0])
        >>> x.set_(y).mul_(3)
        tensor([3., 6.])
        >>> y
        tensor([3., 6.])
    """
    check_history(self)
    new = _source_array(self, source)
    if size is not None:
        size = lengths_of("size", size)
        stride = dense_strides(size) if stride is None else stride
        size, stride, offset = checked_geometry("set_", _plain(new), size, stride, storage_offset)
        new = strided(new, size, stride, offset)
    self._array = new
    self._cell[0] += 1
    return self


def _plain(array: np.ndarray[Any, Any]) -> Tensor:
    tensor = Tensor()
    tensor._array = array
    return tensor


def _source_array(self: Tensor, source: Any) -> np.ndarray[Any, Any]:
    kind = self._array.dtype
    if source is None:
        return np.empty(0, kind)
    if isinstance(source, Tensor):
        array = source._array
    elif isinstance(source, TypedStorage):
        array = source._flat()
    elif isinstance(source, UntypedStorage):
        array = source._bytes()[: source.nbytes() // kind.itemsize * kind.itemsize].view(kind)
    else:
        raise TypeError(f"set_(): argument 'source' must be Tensor or Storage, not {type(source).__name__}")
    if array.dtype != kind:
        raise RuntimeError(
            f"Could not set tensor of type {array.dtype} to a tensor of type {kind}. Convert the source first: "
            "source.to(x.dtype)."
        )
    return array


__all__ = ["resize_as_"]
