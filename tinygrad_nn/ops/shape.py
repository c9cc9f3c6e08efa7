"""Shape: views of the same elements in another arrangement, and joining and splitting.

Source: https://docs.pytorch.org/docs/stable/tensor_view.html
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from .._core import dispatch, dtypes
from .._core.backward import unbroadcast
from .._core.calls import shares_memory
from .._core.errors import broadcast_shapes
from .._core.op import case, composite, op
from .._core.tensor import Tensor, check_dim, tensor_method, wrap

_SHAPES = [case((2, 6), shape=(3, 4)), case((2, 6), shape=(-1,)), case((), shape=(1, 1)), case((0, 3), shape=(3, 0)),
           case((1,), shape=())]  # fmt: skip


def _lengths(shape: Any) -> tuple[int, ...]:
    """A shape that users gave, as integers."""
    if isinstance(shape, int | np.integer):
        return (int(shape),)
    try:
        return tuple([operator.index(n) for n in shape])
    except TypeError:
        raise TypeError(f"argument 'shape' must be tuple of ints, got {shape!r}") from None


def _reshaped(x: np.ndarray[Any, Any], shape: Any) -> np.ndarray[Any, Any]:
    shape = _lengths(shape)
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
def view(self: Tensor, *shape: Any) -> Tensor:
    """The same memory in another shape, or (``x.view(dtype)``) read as another type of the same size.

    Raises:
        RuntimeError: the number of elements would change, or the memory order does not allow it: use `reshape`.
    """
    if len(shape) == 1 and isinstance(shape[0], dtypes.dtype):
        return wrap(_viewed_as(self._array, shape[0].dtype), cell=self._cell)
    result: Tensor = _view(self, *shape) if shape else _view(self, ())
    return result


def _viewed_as(array: np.ndarray[Any, Any], kind: np.dtype[Any]) -> np.ndarray[Any, Any]:
    try:
        return array.view(kind)
    except ValueError as error:
        raise RuntimeError(
            f"self.size(-1) must be divisible by {kind.itemsize // array.itemsize} to view "
            f"{dtypes.type_name(array.dtype)} as {dtypes.type_name(kind)} (different element sizes), but got shape "
            f"{list(array.shape)}: {error}"
        ) from None


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


@op(np.swapaxes, vjp=lambda g, dim0, dim1: g.swapaxes(dim0, dim1), kind="view",
    aliases=("swapaxes", "swapdims"),
    cases=[case((2, 3), dim0=0, dim1=1), case((2, 3, 4), dim0=-1, dim1=0), case((0, 2), dim0=0, dim1=1)])  # fmt: skip
def transpose(x, /, dim0, dim1):
    """Two dimensions exchanged, as a view.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.zeros(2, 3).transpose(0, 1).shape
        torch.Size([3, 2])
    """
    if x.ndim == 0 and dim0 in (0, -1) and dim1 in (0, -1):
        return x.view()
    return x.swapaxes(dim0, dim1)


swapaxes = swapdims = transpose


def _inverse(dims: Sequence[int]) -> tuple[int, ...]:
    """The permutation that undoes this one."""
    count = len(dims)
    inverse = [0] * count
    for position, dim in enumerate(dims):
        inverse[dim % count] = position
    return tuple(inverse)


@op(vjp=lambda g, dims: _permute_array(g, _inverse(dims)), kind="view", collects="dims",
    cases=[case((2, 3, 4), dims=(2, 0, 1)), case((2, 3), dims=(-1, 0)), case((), dims=())])  # fmt: skip
def permute(x, /, dims):
    """The dimensions in another order, as a view.

    Raises:
        RuntimeError: the order does not name every dimension once.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.zeros(2, 3, 4).permute(2, 0, 1).shape
        torch.Size([4, 2, 3])
    """
    if isinstance(dims, str):
        raise TypeError(f"argument 'dims' must be tuple of ints, got {dims!r}")
    if len(dims) != x.ndim:
        raise RuntimeError(
            "permute(sparse_coo): number of dimensions in the tensor input does not match the length of the desired "
            f"ordering of dimensions i.e. input.dim() = {x.ndim} is not equal to len(dims) = {len(dims)}"
        )
    if len({check_dim(dim, x.ndim) for dim in dims}) != x.ndim:
        raise RuntimeError(f"permute(): duplicate dims are not allowed. Got {list(dims)}.")
    return x.transpose(dims)


def _permute_array(x: Any, dims: Sequence[int]) -> Any:
    return permute.op.numpy(x, dims=dims)


@composite(np.moveaxis, aliases=("moveaxis",))
def movedim(input: Tensor, source: Any, destination: Any) -> Tensor:
    """Dimensions moved to other places; the rest keep their order."""
    ndim = input._array.ndim
    sources = [check_dim(d, ndim) for d in ([source] if isinstance(source, int) else source)]
    targets = [check_dim(d, ndim) for d in ([destination] if isinstance(destination, int) else destination)]
    if len(sources) != len(targets):
        raise RuntimeError(
            f"movedim: Invalid source or destination dims: source ({sources} dims) should contain the same number of "
            f"dims as destination ({targets} dims)"
        )
    for word, given in (("source", sources), ("destination", targets)):
        if len(set(given)) < len(given):
            raise RuntimeError(f"movedim: repeated dim in `{word}` ({given})")
    order = [d for d in range(ndim) if d not in sources]
    for target, dim in sorted(zip(targets, sources, strict=True)):
        order.insert(target, dim)
    result: Tensor = permute(input, dims=tuple(order))
    return result


moveaxis = movedim


@composite()
def t(input: Tensor) -> Tensor:
    """The transpose of a matrix; tensors of fewer dimensions as they are.

    Raises:
        RuntimeError: more than two dimensions.
    """
    if input._array.ndim > 2:
        raise RuntimeError(f"t() expects a tensor with <= 2 dimensions, but self is {input._array.ndim}D")
    result: Tensor = transpose(input, dim0=0, dim1=-1)
    return result


def _reversed(self: Tensor) -> Tensor:
    """The dimensions in reverse order."""
    result: Tensor = permute(self, dims=tuple(range(self._array.ndim))[::-1])
    return result


def _matrix_transpose(self: Tensor) -> Tensor:
    """The last two dimensions exchanged."""
    if self._array.ndim < 2:
        raise RuntimeError(
            f"tensor.mT is only supported on matrices or batches of matrices. Got {self._array.ndim}-D tensor."
        )
    result: Tensor = transpose(self, dim0=-2, dim1=-1)
    return result


for _name, _getter in {"T": _reversed, "mT": _matrix_transpose}.items():
    setattr(Tensor, _name, property(_getter))


def _numpy_transpose(a: Tensor, axes: Any = None) -> Tensor:
    return _reversed(a) if axes is None else permute(a, dims=tuple(axes))


dispatch.register(np.transpose, _numpy_transpose)
dispatch.register(np.matrix_transpose, lambda x: _matrix_transpose(x))


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
    shape = _lengths(shape)
    full = _expanded_shape(x.shape, shape)
    # as_strided-like views of NumPy's are read-only; in-place operations check for shared elements themselves
    return np.broadcast_to(x, full)


@tensor_method
def expand_as(self: Tensor, other: Tensor) -> Tensor:
    """The tensor expanded to the other's shape."""
    result: Tensor = broadcast_to(self, shape=other._array.shape)
    return result


@op(np.squeeze, vjp=lambda g, x_shape: g.reshape(x_shape), kind="view",
    cases=[case((1, 3, 1)), case((1, 3, 1), dim=0), case((1, 3, 1), dim=-1), case((1, 3, 1), dim=1),
           case((1, 3, 1), dim=(0, 2)), case(()), case((), dim=0)])  # fmt: skip
def squeeze(x, /, dim=None):
    """Without dimensions of length 1: all of them, or those named. Naming a longer one changes nothing.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.zeros(1, 3, 1).squeeze().shape, tg.zeros(1, 3, 1).squeeze(0).shape
        (torch.Size([3]), torch.Size([3, 1]))
    """
    if dim is None:
        return x.squeeze()
    dims = {check_dim(d, x.ndim) for d in ((dim,) if isinstance(dim, int | np.integer) else dim)}
    return x.reshape([n for d, n in enumerate(x.shape) if d not in dims or n != 1])


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
    place = check_dim(dim, x.ndim + 1)
    return x[(slice(None),) * place + (None,)]


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
    result = reshape(input, shape=(*shape[:first], length, *shape[last + 1 :]))
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
    lengths = list(sizes)
    if not lengths:
        raise RuntimeError("unflatten: sizes must be non-empty")
    if lengths.count(-1) > 1:
        raise RuntimeError(f"only one dimension can be inferred, got sizes {lengths} in unflatten()")
    if -1 in lengths:
        known = 1
        for n in lengths:
            known *= n if n != -1 else 1
        lengths[lengths.index(-1)] = shape[place] // known if known else 0
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
    """A copy, through which gradients flow."""
    return x.copy(order="K") if memory_format is None else x.copy()


@tensor_method
def contiguous(self: Tensor, memory_format: Any = None) -> Tensor:
    """The tensor itself if its elements lie row by row in memory, else a copy that does."""
    if self._array.flags.c_contiguous:
        return self
    result: Tensor = clone(self, memory_format="contiguous")
    return result


@composite(method=False)
def broadcast_tensors(*tensors: Tensor) -> tuple[Tensor, ...]:
    """The tensors expanded to the one shape that they broadcast to."""
    shape = broadcast_shapes("broadcast_tensors", *[x._array.shape for x in tensors])
    return tuple([broadcast_to(x, shape=shape) for x in tensors])
