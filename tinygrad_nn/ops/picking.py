"""Picking and writing along a dimension: ``gather`` and ``scatter`` by an index for each element, slices, and masks.

Source: https://docs.pytorch.org/docs/stable/torch.html#indexing-slicing-joining-mutating-ops
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .._core import dtypes
from .._core.backward import unbroadcast
from .._core.errors import broadcast_shapes, must_be_tensor
from .._core.op import Integers, case, composite, op
from .._core.tensor import Tensor, check_dim
from .forms import check_number, inplace_form
from .index import setitem


def _clip_to(x: Any, index: Any, dim: int) -> Any:
    """`x` cut to the index's lengths in all dimensions but one: gather and scatter ignore the rest."""
    cut = tuple([slice(None) if d == dim else slice(0, n) for d, n in enumerate(index.shape)])
    return x[cut]


def _check_along(name: str, input: Tensor, dim: int, index: Any) -> int:
    if not isinstance(index, Tensor):
        raise must_be_tensor(name, "index", 2, index)
    if index._array.dtype.kind not in "iu":
        raise RuntimeError(f"{name}(): Expected dtype int32/int64 for index, got {index.dtype}. Convert: index.long()")
    place = check_dim(dim, input._array.ndim)
    if index._array.size == 0:
        return place
    if max(index._array.ndim, 1) != max(input._array.ndim, 1):
        raise RuntimeError(
            f"Index tensor must have the same number of dimensions as input tensor: got {index._array.ndim} and "
            f"{input._array.ndim} ({name}())"
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
        wrong = low if low < 0 else high
        at = [int(i) for i in np.argwhere(index._array == wrong)[0]]
        raise RuntimeError(
            f"index {wrong} is out of bounds for dimension {place} with size {length} ({name}(): it stands at {at} of "
            "the index)"
        )
    return place


def _scattered(g: Any, x_shape: tuple[int, ...], index: Any, dim: int) -> Any:
    """The gradient of picking along a dimension: added back where the elements came from."""
    return _scatter_zeros.op.numpy(g, index, shape=x_shape, dim=dim)


@op(vjp=(_scattered, None), kind="general", node_name="GatherBackward0", method=False, torch_name="",
    cases=[case((3, 4), Integers((3, 2), 4), dim=1), case((3, 4), Integers((2, 4), 3), dim=0),
           case((3, 4), Integers((2, 2), 4), dim=-1), case((3,), Integers((5,), 3), dim=0)])  # fmt: skip
def _gather(x, index, /, dim):
    """Elements of `x` along a dimension, one for each element of the index."""
    if x.ndim == 0:
        return np.broadcast_to(x, index.shape).copy()
    return np.take_along_axis(_clip_to(x, index, dim % x.ndim), index, dim)


@op(vjp=(lambda g, index, dim: _gather.op.numpy(g, index, dim=dim), None), kind="general", method=False, torch_name="",
    cases=[case((3, 2), Integers((3, 2), 4), shape=(3, 4), dim=1),
           case((5,), Integers((5,), 3), shape=(3,), dim=0)])  # fmt: skip
def _scatter_zeros(x, index, /, shape, dim):
    """Zeros of a shape, with the elements of `x` added where the index says: the gradient of `gather`."""
    result = np.zeros(shape, x.dtype)
    if not shape:
        result[...] = x.sum()
        return result
    where = list(np.ogrid[tuple([slice(0, n) for n in index.shape])])
    where[dim % len(shape)] = index
    if index.size:
        flat = np.ravel_multi_index(tuple(np.broadcast_arrays(*where)), shape).reshape(-1)
        np.add.at(result.reshape(-1), flat, x[tuple([slice(0, n) for n in index.shape])].reshape(-1))
    return result


@composite()
def gather(input: Tensor, dim: int, index: Tensor, *, sparse_grad: bool = False) -> Tensor:
    """Elements along a dimension: ``out[i][j] = input[i][index[i][j]]`` for ``dim=1``.

    Raises:
        RuntimeError: the index is out of bounds, of another number of dimensions, larger than the input, or not of
            integers.

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
    _check_source(input, index, src, place)
    added: Tensor = _scatter_zeros(_clip_all(src, index), index, shape=input._array.shape, dim=place)
    return input + added


def _check_source(input: Tensor, index: Tensor, src: Tensor, place: int) -> None:
    """Refuse a source that is too small for the index, or of another dtype."""
    if src._array.dtype != input._array.dtype:
        raise RuntimeError(
            f"scatter(): Expected self.dtype to be equal to src.dtype, got {input.dtype} and {src.dtype}. Convert: "
            "src.to(input.dtype)"
        )
    sizes, given = index._array.shape, src._array.shape
    if index._array.size and (len(sizes) != len(given) or any(n > m for n, m in zip(sizes, given, strict=True))):
        raise RuntimeError(
            f"Expected index {list(sizes)} to be no larger than self {list(input._array.shape)} apart from dimension "
            f"{place} and to be no larger size than src {list(given)}"
        )


def _clip_all(src: Tensor, index: Tensor) -> Tensor:
    """`src` cut to the index's lengths."""
    if src._array.shape == index._array.shape:
        return src
    return src[tuple([slice(0, n) for n in index._array.shape])]


@composite()
def scatter(input: Tensor, dim: int, index: Tensor, src: Any = None, *, value: Any = None) -> Tensor:
    """`input` with the elements of `src`, or a number, written at the places along a dimension that the index says.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.Tensor.scatter_.html
    """
    place = _check_along("scatter", input, dim, index)
    if src is None and value is None:
        raise TypeError("scatter() missing an argument: give src (a tensor), or value (a number)")
    if isinstance(src, Tensor) and src._array.ndim:
        _check_source(input, index, src, place)
    where: list[Any] = list(np.ogrid[tuple([slice(0, n) for n in index._array.shape])])
    where[place] = index._array.copy()
    given = src if src is not None else value
    given = _clip_all(given, index) if isinstance(given, Tensor) and given._array.ndim else given
    result: Tensor = setitem(input, given, index=tuple(where))
    return result


@op(np.take_along_axis, vjp=(_scattered, None), kind="general", method=False, torch_name="", names=("input", "indices"),
    cases=[case((3, 4), Integers((3, 2), 4), dim=1)])  # fmt: skip
def _take_along(x, index, /, dim):
    """Elements along a dimension."""
    return np.take_along_axis(x, index, dim)


@composite()
def take_along_dim(input: Tensor, indices: Tensor, dim: int | None = None) -> Tensor:
    """Elements along a dimension by an index such as `argsort` gives; both broadcast elsewhere."""
    if indices._array.dtype.kind not in "iu":
        raise RuntimeError(
            "torch.take_along_dim(): dtype of indices should be Long but got "
            f"{dtypes.type_name(indices._array.dtype)}. Convert: indices.long()"
        )
    if dim is None:
        return take_along_dim(input.reshape(-1), indices.reshape(-1), 0)
    place = check_dim(dim, input._array.ndim)
    if indices._array.ndim != input._array.ndim:
        raise RuntimeError(
            "torch.take_along_dim(): input and indices should have the same number of dimensions, but got "
            f"{input._array.ndim} dimensions for input, and {indices._array.ndim} dimensions for indices"
        )
    lengths = list(np.broadcast_shapes(
        tuple(1 if d == place else n for d, n in enumerate(input._array.shape)),
        tuple(1 if d == place else n for d, n in enumerate(indices._array.shape)),
    ))  # fmt: skip
    wide = input.expand(*(-1 if d == place else n for d, n in enumerate(lengths)))
    index = indices.expand(*(-1 if d == place else n for d, n in enumerate(lengths)))
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
    if index._array.dtype.kind not in "iu":
        raise RuntimeError(
            f"index_select(): Expected dtype int32 or int64 for index, got {index.dtype}. Convert: index.long()"
        )
    if index._array.ndim > 1:
        raise IndexError(f"index_select(): Index is supposed to be a vector, got shape {list(index._array.shape)}")
    place = check_dim(dim, input._array.ndim)
    length = input._array.shape[place] if input._array.ndim else 1
    if index._array.size and (index._array.min() < 0 or index._array.max() >= length):
        raise IndexError(f"index out of range in self: got {index.tolist()}, dimension {place} has {length} slices")
    return input[(slice(None),) * place + (index.reshape(-1),)]


@composite()
def select(input: Tensor, dim: int, index: int) -> Tensor:
    """One slice along a dimension, which is lost; a view."""
    place = check_dim(dim, input._array.ndim)
    if not input._array.ndim:
        raise IndexError("select() cannot be applied to a 0-dim tensor.")
    length = input._array.shape[place]
    if not -length <= int(index) < length:
        raise IndexError(
            f"select(): index {index} out of range for tensor of size {list(input._array.shape)} at dimension {place}"
        )
    return input[(slice(None),) * place + (int(index),)]


@composite()
def narrow(input: Tensor, dim: int, start: Any, length: int) -> Tensor:
    """`length` slices along a dimension, from `start` on; a view."""
    if not input._array.ndim:
        raise RuntimeError("narrow() cannot be applied to a 0-dim tensor.")
    place = check_dim(dim, input._array.ndim)
    size = input._array.shape[place]
    if length < 0:
        raise RuntimeError(f"narrow(): length must be non-negative. Got {length}.")
    if not -size <= int(start) <= size:
        raise IndexError(
            f"start out of range (expected to be in range of [{-size}, {size}], but got {start}) in narrow() of "
            f"{list(input._array.shape)} along dimension {place}"
        )
    begin = int(start) + (size if int(start) < 0 else 0)
    if not 0 <= begin <= begin + length <= size:
        raise RuntimeError(f"start ({start}) + length ({length}) exceeds dimension size ({size}).")
    return input[(slice(None),) * place + (slice(begin, begin + length),)]


@composite()
def masked_select(input: Tensor, mask: Tensor) -> Tensor:
    """The elements where a mask is true, in one dimension; the two broadcast."""
    if mask._array.dtype.kind != "b":
        raise RuntimeError(f"masked_select: expected BoolTensor for mask, got {mask.dtype}. Write mask.bool().")
    shape = broadcast_shapes("masked_select", input._array.shape, mask._array.shape)
    picked = input.expand(*shape)[mask.expand(*shape)]
    return picked.reshape(-1)


@op(vjp=(lambda g, mask: np.where(mask, 0, g), None,
         lambda g, mask, value_shape: unbroadcast(np.where(mask, g, 0), value_shape)),
    kind="general", method=False, torch_name="", names=("input", "mask", "value"), node_name="MaskedFillBackward0",
    cases=[case((2, 3), Integers((2, 3), 2, boolean=True), ()),
           case((2, 3), Integers((3,), 2, boolean=True), -1.5)])  # fmt: skip
def _masked_fill(x, mask, value, /):
    """`value` where the mask is true, `x` elsewhere."""
    result = np.broadcast_to(x, broadcast_shapes("masked_fill", x.shape, mask.shape)).copy()
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
    if mask._array.dtype.kind != "b":
        raise RuntimeError(
            f"masked_fill_ only supports boolean masks, but got mask with dtype {mask.dtype}. Write mask.bool()."
        )
    if isinstance(value, Tensor) and value._array.ndim:
        raise RuntimeError(
            "masked_fill_ only supports a 0-dimensional value tensor, but got tensor with "
            f"{value._array.ndim} dimension(s). Use tinygrad_nn.where(mask, value, input)."
        )
    if not isinstance(value, Tensor):
        check_number("masked_fill", value, input._array.dtype)
    result: Tensor = _masked_fill(input, mask, value)
    return result


for _function in (masked_fill, scatter, scatter_add):
    inplace_form(_function)
