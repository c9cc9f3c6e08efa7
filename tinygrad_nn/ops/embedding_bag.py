"""Rows of a table, looked up by number and summed, averaged or compared in bags.

Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.embedding_bag.html
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from .._core import dtypes
from .._core.errors import explained
from .._core.op import case, op
from .._core.tensor import Tensor, wrap
from .along import _gather
from .selection import choose
from .sparse import _add_rows, _embedding, _take_rows, limit_norms

__all__: list[str] = []

_LAYER = 2000  # elements that are summed up in the time that one more layer takes
_MODES = ("sum", "mean", "max")
_FLOATS = (np.dtype(np.float16), np.dtype(np.float32), np.dtype(np.float64))


@explained
def embedding_bag(
    input: Tensor,
    weight: Tensor,
    offsets: Tensor | None = None,
    max_norm: float | None = None,
    norm_type: float = 2,
    scale_grad_by_freq: bool = False,
    mode: str = "mean",
    sparse: bool = False,
    per_sample_weights: Tensor | None = None,
    include_last_offset: bool = False,
    padding_idx: int | None = None,
) -> Tensor:
    """The sums, means or maxima of bags of the rows of `weight`: shape (bags, embedding_dim). An empty bag gives zeros.

    Args:
        input: int64 or int32 numbers of rows: a bag in each row of a matrix, or all bags one after the other.
        weight: of shape (num_embeddings, embedding_dim).
        offsets: where each bag begins in `input`, if that is a vector; the first begins at 0.
        max_norm: rows in use whose norm is larger are first scaled down to it, in place.
        norm_type: the order of that norm.
        scale_grad_by_freq: divide each row's gradient by how often it is used. Not for maxima.
        mode: ``"sum"``, ``"mean"`` or ``"max"``.
        sparse: accepted and ignored; gradients are dense.
        per_sample_weights: what each row is multiplied with, of the shape of `input`; for sums only.
        include_last_offset: the last of `offsets` is the end of the last bag, not the beginning of one more.
        padding_idx: rows of this number count for nothing, and get no gradient.

    Raises:
        ValueError: the arguments contradict each other.
        RuntimeError: types do not fit, an offset or a row number is out of range.
        NotImplementedError: weights for means or maxima.

    Example:
        >>> import tinygrad_nn as tg
        >>> weight = tg.tensor([[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]])
        >>> tg.nn.functional.embedding_bag(tg.tensor([0, 1, 2]), weight, tg.tensor([0, 2]))
        tensor([[1., 2.],
                [4., 5.]])
    """
    if weight._array.dtype == np.int64 and input.is_floating_point():
        warnings.warn(
            "Argument order of nn.functional.embedding_bag was changed. Usage `embedding_bag(weight, input, ...)` is "
            "deprecated, and should now be `embedding_bag(input, weight, ...)`.",
            stacklevel=3,
        )
        input, weight = weight, input
    _check_arguments(input, weight, offsets, mode, per_sample_weights, scale_grad_by_freq, sparse)
    regular = offsets is None
    if regular:
        if not input._array.shape[1]:
            raise RuntimeError("step must be nonzero: the bags of an input of shape (n, 0) have no elements")
        begins = np.arange(0, input._array.size, input._array.shape[1])
    else:
        begins = offsets._array  # type: ignore[union-attr]
    if max_norm is not None:
        limit_norms(weight, input._array, max_norm, norm_type)
    if per_sample_weights is not None and mode != "sum":
        raise NotImplementedError(
            "embedding_bag: per_sample_weights was not None. per_sample_weights is only supported for mode='sum' (got "
            f"mode='{mode}')."
        )
    padding_idx = _check_types(input, weight, per_sample_weights, padding_idx)
    begins, lengths = _bags(begins, input._array.size, include_last_offset and not regular)
    bags = np.repeat(np.arange(lengths.size), lengths)
    rows = input._array.reshape(-1)[: bags.size]
    if per_sample_weights is not None:
        per_sample_weights = per_sample_weights.reshape(-1)[: bags.size]
    if padding_idx is not None:
        kept = np.flatnonzero(rows != padding_idx)
        if kept.size < rows.size:
            rows, bags = rows[kept], bags[kept]
            lengths = np.bincount(bags, minlength=lengths.size)
            per_sample_weights = None if per_sample_weights is None else per_sample_weights[wrap(kept)]
    return _reduced(weight, rows, bags, lengths, mode, per_sample_weights, scale_grad_by_freq)


def _reduced(
    weight: Tensor, rows: Any, bags: Any, lengths: Any, mode: str, weights: Tensor | None, by_frequency: bool
) -> Tensor:
    """The bags' sums, means or maxima; `rows` belong to the bags of the same position in `bags`, which rise."""
    x: Tensor = _embedding(weight, wrap(rows.copy()), scale_grad_by_freq=by_frequency)
    if weights is not None:
        x = x * weights.unsqueeze(1)
    if mode == "max":
        return _maxima(x, lengths)
    total: Tensor = _bag_sums(x, wrap(bags), lengths=lengths)
    if mode == "sum":
        return total
    return total / wrap(np.maximum(lengths, 1).astype(weight._array.dtype)[:, None])


@op(kind="general", method=False, torch_name="", names=("input", "index"), node_name="EmbeddingBagBackward0",
    vjp=(lambda g, bags: _take_rows.op.numpy(g, bags), None),
    cases=[case((5, 2), np.array([0, 0, 2, 2, 2]), lengths=np.array([2, 0, 3])),
           case((4, 2), np.array([0, 0, 1, 1]), lengths=np.array([2, 2])),
           case((0, 2), np.array([], int), lengths=np.array([0, 0]))])  # fmt: skip
def _bag_sums(x, bags, /, *, lengths):
    """The sums of rows that follow one another: so many for each bag. `bags` is the bag of each row."""
    if x.shape[0] and (lengths == lengths[0]).all():
        return x.reshape(lengths.size, lengths[0], x.shape[1]).sum(1)
    total = np.zeros((lengths.size, x.shape[1]), x.dtype)
    used = np.flatnonzero(lengths)
    begins, longest = (np.cumsum(lengths) - lengths)[used], lengths.max(initial=0)
    if longest * _LAYER > x.size:  # few bags have most of the rows
        total[used] = np.add.reduceat(x, begins, axis=0)
        return total
    for layer in range(longest):
        now = used if layer == 0 else np.flatnonzero(lengths[used] > layer)
        if layer == 0:
            total[used] = x.take(begins, 0)
        elif now.size == lengths.size:
            total += x.take(begins + layer, 0)
        else:
            total[used[now]] += x.take(begins[now] + layer, 0)
    return total


def _maxima(x: Tensor, lengths: Any) -> Tensor:
    """The largest element of each column of each bag; of equals, the first."""
    array = x._array
    used = np.flatnonzero(lengths)
    if not used.size:
        nothing: Tensor = _add_rows(x, wrap(used), count=lengths.size)
        return nothing
    begins = (np.cumsum(lengths) - lengths)[used]
    largest = array.take(begins, 0)
    first = np.repeat(begins[:, None], array.shape[1], axis=1)
    for layer in range(1, lengths.max()):
        now = np.flatnonzero(lengths[used] > layer)
        rows = begins[now] + layer
        candidates = array.take(rows, 0)
        better = candidates > largest[now]
        largest[now] = choose(better, candidates, largest[now])
        first[now] = np.maximum(first[now], better * rows[:, None])
    picked: Tensor = _gather(x, wrap(first), dim=0)
    if used.size == lengths.size:
        return picked
    result: Tensor = _add_rows(picked, wrap(used), count=lengths.size)
    return result


# --- checks ------------------------------------------------------------------------------------------------------


def _check_arguments(
    input: Tensor, weight: Tensor, offsets: Any, mode: str, weights: Tensor | None, by_frequency: bool, sparse: bool
) -> None:
    """What PyTorch checks in Python, in its order."""
    if weights is not None and input.shape != weights.shape:
        raise ValueError(
            f"embedding_bag: If per_sample_weights ({weights.shape}) is not None, then it must have the same shape as "
            f"the input ({input.shape})"
        )
    if weight.ndim != 2:
        raise ValueError(f"weight has to be a 2D Tensor, but got Tensor of dimension {weight.ndim}")
    if input.ndim == 2:
        if offsets is not None:
            raise ValueError(
                "if input is 2D, then offsets has to be None, as input is treated is a mini-batch of fixed length "
                f"sequences. However, found offsets of type {type(offsets)}"
            )
    elif input.ndim != 1:
        raise ValueError(f"input has to be 1D or 2D Tensor, but got Tensor of dimension {input.ndim}")
    elif offsets is None:
        raise ValueError("offsets has to be a 1D Tensor but got None")
    elif offsets.dim() != 1:
        raise ValueError("offsets has to be a 1D Tensor")
    if mode not in _MODES:
        raise ValueError(f"mode has to be one of sum, mean or max, got {mode!r}")
    if mode == "max" and by_frequency:
        raise ValueError("max mode does not support scaling the gradient by the frequency")
    if mode == "max" and sparse:
        raise ValueError("max mode does not support sparse weights")


def _check_types(input: Tensor, weight: Tensor, weights: Tensor | None, padding_idx: int | None) -> int | None:
    """The number of the padding, counted from the front."""
    rows = weight._array.shape[0]
    if padding_idx is not None and not -rows <= padding_idx < rows:
        raise RuntimeError(
            f"padding_idx must be within the number of embeddings, {-rows} through {rows - 1}, but got {padding_idx}"
        )
    array = input._array
    if array.dtype != np.int64 and array.dtype != np.int32:
        raise RuntimeError(
            "Expected tensor for argument #1 'indices' to have one of the following scalar types: Long, Int; but got "
            f"{dtypes.type_name(array.dtype)} instead (while checking arguments for embedding_bag)"
        )
    if weight._array.dtype not in _FLOATS:
        raise RuntimeError(
            "Expected tensor for argument #1 'weight' to have one of the following scalar types: Half, BFloat16, "
            f"Float, Double; but got {dtypes.type_name(weight._array.dtype)} instead (while checking arguments for "
            "embedding_bag)"
        )
    if weights is not None and weights._array.dtype != weight._array.dtype:
        raise RuntimeError(
            "Expected tensor for argument #1 'weight' to have the same type as tensor for argument #1 "
            f"'per_sample_weights'; but type {weight.type()} does not equal {weights.type()} (while checking arguments "
            "for embedding_bag)"
        )
    if array.size and (array.min() < 0 or array.max() >= rows):
        wrong = array.min() if array.min() < 0 else array.max()
        raise RuntimeError(f"Expected i < index_size to be true, but got false: row {wrong} of a weight with {rows}")
    return None if padding_idx is None else padding_idx % rows


def _bags(begins: Any, count: int, with_end: bool) -> tuple[Any, Any]:
    """Where the bags begin, and how many elements each of them has."""
    if with_end and not begins.size:
        raise RuntimeError("include_last_offset: number of offset should be at least 1")
    if begins.size and begins[0] != 0:
        raise RuntimeError(
            "offsets[0] has to be 0, i.e., the first sequence in the mini-batch has to start from position 0. However, "
            f"got {begins[0]}"
        )
    if begins.size and begins[-1] > count:
        raise RuntimeError(
            f"offsets[-1] can not be greater than input's length {count} but got offsets[-1] of {begins[-1]}"
        )
    lengths = np.diff(begins) if with_end else np.diff(np.append(begins, count))[: begins.size]
    if lengths.size and lengths.min() < 0:
        raise RuntimeError(f"offsets must not fall, got {begins.tolist()}")
    return begins, lengths
