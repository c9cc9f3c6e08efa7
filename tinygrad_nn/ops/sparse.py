"""Rows of a table by their numbers: embeddings, and the one-hot code.

Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.embedding.html, one_hot.html
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .._core import dtypes
from .._core.errors import explained, must_be_tensor
from .._core.kernels import largest, smallest
from .._core.op import Integers, case, op
from .._core.tensor import Tensor, wrap
from .places import out_of_bounds, row_totals


def _check_indices(indices: Any, count: int) -> None:
    if out_of_bounds(indices, count) is None:
        return
    place = tuple(int(i) for i in np.argwhere((indices < 0) | (indices >= count))[0])
    value = int(indices[place])
    raise IndexError(
        f"index out of range in self: {value} at position {list(place)} of the input, but num_embeddings is {count} "
        f"(the weight has rows 0 to {count - 1})."
    )


# Elements of a one-hot matrix, and bytes of its columns, up to which a product with it is the quickest sum.
_FEW, _COLUMN = 65_536, 128


# --- two adjoint ops ---------------------------------------------------------------------------------------------


def _added(g: Any, x_shape: tuple[int, ...], indices: Any) -> Any:
    return _add_rows.op.numpy(g, indices, count=x_shape[0])


@op(kind="general", names=("input", "index"), torch_name="", vjp=(_added, None),
    cases=[case((5, 2), Integers((2, 3), 5)), case((5, 2), Integers((), 5)),
           case((5, 2), Integers((0,), 5))])  # fmt: skip
def _take_rows(x, indices, /):
    """Rows of a matrix by their numbers."""
    return x.take(indices, axis=0)


@op(kind="general", names=("input", "index"), torch_name="",
    vjp=(lambda g, indices: _take_rows.op.numpy(g, indices), None),
    cases=[case((2, 3, 2), Integers((2, 3), 5), count=5), case((2,), Integers((), 5), count=5)])  # fmt: skip
def _add_rows(x, indices, /, *, count):
    """A matrix of zeros, with each row of `x` added to the row of that number."""
    x = x.reshape(indices.size, x.shape[-1])
    bytes_of_one = x.dtype.itemsize
    if count * bytes_of_one <= _COLUMN and count * indices.size <= _FEW and x.dtype.kind == "f" and bytes_of_one > 2:
        chosen = np.zeros((count, indices.size), x.dtype)
        chosen[indices.reshape(-1), np.arange(indices.size)] = 1
        return chosen @ x
    return row_totals((count, x.shape[-1]), indices, x)


# --- embedding ---------------------------------------------------------------------------------------------------


def _factor(indices: Any, dtype: Any, padding_idx: int | None, scale_grad_by_freq: bool) -> Any:
    """What each row's gradient is multiplied with; None for 1."""
    if padding_idx is None and not scale_grad_by_freq:
        return None
    factor = np.ones(indices.shape, dtype)
    if scale_grad_by_freq:
        _, inverse, counts = np.unique(indices, return_inverse=True, return_counts=True)
        factor /= counts[inverse.reshape(indices.shape)].astype(dtype)
    if padding_idx is not None:
        factor = np.where(indices == padding_idx, dtype.type(0), factor)
    return factor[..., None]


def _embedding_vjp(
    g: Any, weight_shape: tuple[int, ...], indices: Any, padding_idx: int | None, scale_grad_by_freq: bool
) -> Any:
    array = indices._array if isinstance(indices, Tensor) else indices
    dtype = (g._array if isinstance(g, Tensor) else g).dtype
    factor = _factor(array, dtype, padding_idx, scale_grad_by_freq)
    return _add_rows.op.numpy(g if factor is None else g * factor, indices, count=weight_shape[0])


@op(kind="general", vjp=(_embedding_vjp, None), method=False, names=("weight", "input"), torch_name="",
    node_name="EmbeddingBackward0",
    cases=[case((5, 2), Integers((2, 3), 5)), case((5, 2), Integers((), 5))],
    # gradients that by contract are not the derivative
    special=[case((5, 2), Integers((6,), 5), padding_idx=1),
             case((3, 2), Integers((8,), 3), scale_grad_by_freq=True)])  # fmt: skip
def _embedding(weight, indices, /, *, padding_idx=None, scale_grad_by_freq=False):
    """See `embedding`."""
    _check_indices(indices, weight.shape[0])
    return weight.take(indices, axis=0, mode="wrap")  # nothing is to be wrapped: it need not be looked at again


def limit_norms(weight: Tensor, indices: Any, max_norm: float, norm_type: float) -> None:
    """Shrink, in place, the rows in use whose norm is larger."""
    _check_indices(indices, weight._array.shape[0])
    used = np.unique(indices)
    norms = np.linalg.norm(weight._array[used], norm_type, axis=1)
    large = norms > max_norm
    scale = (max_norm / (norms[large] + 1e-7)).astype(weight._array.dtype)
    weight._array[used[large]] *= scale[:, None]
    weight._cell[0] += 1


def embedding(
    input: Tensor,
    weight: Tensor,
    padding_idx: int | None = None,
    max_norm: float | None = None,
    norm_type: float = 2.0,
    scale_grad_by_freq: bool = False,
    sparse: bool = False,
) -> Tensor:
    """The rows of `weight` that the integers of `input` name.

    Args:
        input: int64 or int32 indices of any shape; the output has one more dimension.
        weight: of shape (num_embeddings, embedding_dim).
        padding_idx: this row gets no gradient.
        max_norm: rows in use whose norm is larger are first scaled down to it, in place.
        norm_type: the order of that norm.
        scale_grad_by_freq: divide each row's gradient by how often it is used in this input.
        sparse: accepted and ignored; gradients are dense.

    Raises:
        IndexError: an index is negative, or not below num_embeddings.
        RuntimeError: the indices are no integers, or the weight is no matrix.

    Example:
        >>> import tinygrad_nn as tg
        >>> weight = tg.tensor([[0.0, 1.0], [2.0, 3.0]])
        >>> tg.nn.functional.embedding(tg.tensor([1, 0, 1]), weight)
        tensor([[2., 3.],
                [0., 1.],
                [2., 3.]])
    """
    for position, value in ((1, input), (0, weight)):
        if not isinstance(value, Tensor):
            raise must_be_tensor("embedding", "weight" if position == 0 else "input", 1 - position, value)
    indices = input._array
    if weight._array.ndim != 2:
        hint = " The arguments are (input, weight), in this order." if weight._array.dtype.kind in "iu" else ""
        raise RuntimeError(f"'weight' must be 2-D, got shape {list(weight.shape)}.{hint}")
    if padding_idx is not None:
        rows = weight._array.shape[0]
        if not -rows <= padding_idx < rows:
            raise AssertionError(
                f"Padding_idx must be within num_embeddings: got {padding_idx}, and num_embeddings is {rows}"
            )
        padding_idx %= rows
    if indices.dtype != np.int64 and indices.dtype != np.int32:
        raise RuntimeError(
            "Expected tensor for argument #1 'indices' to have one of the following scalar types: Long, Int; but got "
            f"{dtypes.type_name(indices.dtype)} instead (while checking arguments for embedding). Convert: "
            "input.long()."
        )
    if max_norm is not None:
        limit_norms(weight, indices, max_norm, norm_type)
    return _embedding(weight, input, padding_idx=padding_idx, scale_grad_by_freq=scale_grad_by_freq)


# --- one-hot -----------------------------------------------------------------------------------------------------


@explained
def one_hot(tensor: Tensor, num_classes: int = -1) -> Tensor:
    """For each class index a vector of zeros with a one in its place, as int64.

    Args:
        tensor: int64 indices of any shape; the output has one more dimension.
        num_classes: its length; by default, just enough for the largest index.

    Raises:
        RuntimeError: an index is negative or too large, the dtype is not int64, or there is nothing to infer from.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.nn.functional.one_hot(tg.tensor([0, 2]), num_classes=3)
        tensor([[1, 0, 0],
                [0, 0, 1]])
    """
    indices = tensor._array
    if indices.dtype != np.int64:
        raise RuntimeError(
            "one_hot is only applicable to index tensor of type LongTensor, got "
            f"{dtypes.type_name(indices.dtype)}. Convert: tensor.long()."
        )
    if not indices.size and num_classes <= 0:
        raise RuntimeError("Can not infer total number of classes from empty tensor. Give num_classes.")
    flat = indices.reshape(-1)
    most = -1
    if flat.size:
        most = largest(flat)
        if smallest(flat) < 0:
            raise RuntimeError(f"Class values must be non-negative, got {smallest(flat)}.")
    classes = int(most) + 1 if num_classes == -1 else num_classes
    if most >= classes:
        raise RuntimeError(f"Class values must be smaller than num_classes: got {most} for {classes} classes.")
    code = np.zeros((*indices.shape, classes), np.int64)
    if flat.size:
        places = np.arange(0, code.size, classes)
        places += flat
        code.reshape(-1)[places] = 1
    return wrap(code)
