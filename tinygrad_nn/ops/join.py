"""Joining, splitting, repeating and reversing.

Source: https://docs.pytorch.org/docs/stable/torch.html#indexing-slicing-joining-mutating-ops
"""

from __future__ import annotations

import itertools
import operator
from collections.abc import Iterable, Sequence
from typing import Any, cast

import numpy as np

from .._core import dtypes
from .._core.calls import shares_memory
from .._core.op import case, composite, op
from .._core.tensor import Tensor, check_dim, tensor_method, wrap
from .shape import broadcast_to, clone, reshape, unsqueeze


def _pieces(g: Any, dim: int, lengths: Sequence[int]) -> tuple[Any, ...]:
    before = (slice(None),) * (dim % g.ndim)
    pieces, start = [], 0
    for length in lengths:
        pieces.append(g[(*before, slice(start, start + length))])
        start += length
    return tuple(pieces)


@op(vjp=lambda g, dim, xs_shape: _pieces(g, dim, [s[dim] for s in xs_shape]), kind="general", method=False,
    torch_name="cat", node_name="CatBackward0",
    cases=[case((2, 3), (1, 3)), case((2, 1), (2, 3), dim=1), case((2, 1), dim=-1),
           case((0, 2), (2, 2), (1, 2))])  # fmt: skip
def _concatenate(*xs, dim=0):
    """Arrays joined along a dimension that they have."""
    return np.concatenate(xs, axis=dim)


@composite(np.concatenate, method=False)
def cat(tensors: Sequence[Tensor], dim: int = 0, *, axis: int | None = None) -> Tensor:
    """Tensors joined along a dimension that they have; all others must have equal lengths.

    Raises:
        RuntimeError: lengths differ in another dimension.
        ValueError: no tensors.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.cat([tg.ones(2), tg.zeros(1)])
        tensor([1., 1., 0.])
    """
    given = _tensors("cat", tensors)
    place = check_dim(dim if axis is None else axis, max(x._array.ndim for x in given))
    # PyTorch's old exception: an empty 1-d tensor joins with anything
    kept = [x for x in given if x._array.shape != (0,)] or given
    first = kept[0]._array.shape
    for number, x in enumerate(kept):
        shape = x._array.shape
        if len(shape) == 0:
            raise RuntimeError(f"zero-dimensional tensor (at position {number}) cannot be concatenated. Use stack().")
        if len(shape) != len(first):
            raise RuntimeError(
                f"Tensors must have same number of dimensions: got {len(first)} and {len(shape)} (at position {number})"
            )
        for d, (a, b) in enumerate(zip(first, shape, strict=True)):
            if a != b and d != place:
                raise RuntimeError(
                    f"Sizes of tensors must match except in dimension {place}. Expected size {a} but got size {b} for "
                    f"tensor number {number} in the list. (shapes {[list(x._array.shape) for x in kept]})"
                )
    result: Tensor = _concatenate(_promoted(kept), dim=place)
    return result


concat = concatenate = cat


@op(vjp=lambda g, dim, xs_shape: tuple([g[(slice(None),) * (dim % g.ndim) + (i,)] for i in range(len(xs_shape))]),
    kind="general", method=False, torch_name="stack", node_name="StackBackward0",
    cases=[case((2, 3), (2, 3)), case((2,), (2,), dim=1), case((), (), (), dim=-1), case((0, 2), (0, 2))])  # fmt: skip
def _stacked(*xs, dim=0):
    """Arrays of one shape joined along a new dimension."""
    return np.stack(xs, axis=dim)


@composite(np.stack, method=False)
def stack(tensors: Sequence[Tensor], dim: int = 0, *, axis: int | None = None) -> Tensor:
    """Tensors of one shape joined along a new dimension.

    Raises:
        RuntimeError: no tensors, or their shapes differ.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.stack([tg.tensor([1, 2]), tg.tensor([3, 4])], dim=1)
        tensor([[1, 3],
                [2, 4]])
    """
    given = _tensors("stack", tensors)
    first = given[0]._array.shape
    place = check_dim(dim if axis is None else axis, len(first) + 1)
    for number, x in enumerate(given):
        if x._array.shape != first:
            raise RuntimeError(
                f"stack expects each tensor to be equal size, but got {list(first)} at entry 0 and "
                f"{list(x._array.shape)} at entry {number}. Pad them to one length, or join along an existing "
                "dimension with cat."
            )
    result: Tensor = _stacked(_promoted(given), dim=place)
    return result


def _tensors(name: str, tensors: Any) -> list[Tensor]:
    if not isinstance(tensors, Sequence):
        fix = f" Write {name}(list(...))." if isinstance(tensors, Iterable) and not isinstance(tensors, Tensor) else ""
        raise TypeError(
            f"{name}(): argument 'tensors' (position 1) must be tuple of Tensors, not {type(tensors).__name__}.{fix}"
        )
    given = list(tensors)
    if not given and name == "cat":
        raise ValueError("cat(): expected a non-empty list of Tensors")
    if not given:
        raise RuntimeError(f"{name} expects a non-empty TensorList, got an empty list")
    for number, x in enumerate(given):
        if isinstance(x, np.ndarray):
            given[number] = wrap(x)
        elif not isinstance(x, Tensor):
            raise TypeError(f"{name}(): expected Tensor as element {number} in argument 0, but got {type(x).__name__}")
    return given


def _promoted(tensors: list[Tensor]) -> list[Tensor]:
    """All of one dtype, by the rules of promotion."""
    first = tensors[0]._array.dtype
    if all(x._array.dtype == first for x in tensors):
        return tensors
    wanted = dtypes.result_type([x._array for x in tensors])
    return [x.to(wanted) for x in tensors]


def _at_least(x: Tensor, ndim: int) -> Tensor:
    while x._array.ndim < ndim:
        x = unsqueeze(x, dim=0)
    return x


@composite(np.hstack, method=False)
def hstack(tensors: Sequence[Tensor]) -> Tensor:
    """Tensors joined side by side: along the only dimension of vectors, else along the second."""
    given = [_at_least(x, 1) for x in _tensors("hstack", tensors)]
    return cat(given, dim=0 if given[0]._array.ndim == 1 else 1)


@composite(np.vstack, method=False)
def vstack(tensors: Sequence[Tensor]) -> Tensor:
    """Tensors joined row upon row."""
    return cat([_at_least(x, 2) for x in _tensors("vstack", tensors)], dim=0)


# --- splitting ---------------------------------------------------------------------------------------------------


@op(vjp=lambda g, dim: np.concatenate(g, axis=dim), kind="view", several=True, method=False, torch_name="split",
    node_name="SplitBackward0",
    cases=[case((5, 2), lengths=(2, 2, 1)), case((2, 4), lengths=(1, 3), dim=-1),
           case((0, 2), lengths=(0,))])  # fmt: skip
def _split_lengths(x, /, lengths, dim=0):
    """Consecutive pieces of these lengths."""
    return _pieces(x, dim, lengths)


def _length(name: str, input: Tensor, place: int) -> int:
    """The length of the dimension that is to be split."""
    if not input._array.ndim:
        raise RuntimeError(f"{name} expects at least a 1-dimensional tensor, got a tensor with 0 dims")
    length: int = input._array.shape[place]
    return length


@composite(np.split)
def split(input: Tensor, split_size_or_sections: Any, dim: int = 0, *, axis: int | None = None) -> tuple[Tensor, ...]:
    """Consecutive pieces, as views: of one length (the last may be shorter), or of the lengths given.

    Raises:
        RuntimeError: the lengths do not add up.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.arange(5).split(2)
        (tensor([0, 1]), tensor([2, 3]), tensor([4]))
    """
    place = check_dim(dim if axis is None else axis, input._array.ndim)
    length = _length("split", input, place)
    size = split_size_or_sections
    if isinstance(size, int | np.integer):
        if size < 0:
            raise RuntimeError(f"split expects split_size be non-negative, but got split_size={size}")
        if size == 0 and length:
            raise RuntimeError(f"split_size can only be 0 if dimension size is 0, but got dimension size of {length}")
        lengths = [min(int(size), length - start) for start in range(0, length, int(size) or 1)] or [0]
    else:
        if not isinstance(size, Iterable):
            kind = type(size).__name__
            raise TypeError(f"split(): argument 'split_size_or_sections' must be int or tuple of ints, not {kind}")
        lengths = [int(n) for n in size]
        if min(lengths, default=0) < 0:
            raise RuntimeError(
                f"split_with_sizes expects split_sizes have only non-negative entries, but got split_sizes={lengths}"
            )
        if sum(lengths) != length:
            raise RuntimeError(
                f"split_with_sizes expects split_sizes to sum exactly to {length} (input tensor's size at dimension "
                f"{place}), but got split_sizes={lengths}"
            )
    return cast(tuple[Tensor, ...], _split_lengths(input, lengths=tuple(lengths), dim=place))


@composite()
def chunk(input: Tensor, chunks: int, dim: int = 0) -> tuple[Tensor, ...]:
    """At most this many pieces of equal length, the last of which may be shorter."""
    if not isinstance(chunks, int | np.integer):
        raise TypeError(f"chunk(): argument 'chunks' (position 1) must be int, not {type(chunks).__name__}")
    if chunks < 1:
        raise RuntimeError(f"chunk expects `chunks` to be greater than 0, got: {chunks}")
    length = _length("chunk", input, check_dim(dim, input._array.ndim))
    return split(input, max(-(-length // chunks), 1), dim=dim)


@composite(np.array_split)
def tensor_split(input: Tensor, indices_or_sections: Any, dim: int = 0) -> tuple[Tensor, ...]:
    """Pieces whose lengths differ by at most one, or cut at these places."""
    length = _length("tensor_split", input, check_dim(dim, input._array.ndim))
    if isinstance(indices_or_sections, int):
        count = indices_or_sections
        if count < 1:
            raise RuntimeError(f"number of sections must be larger than 0, got {count}")
        lengths = [length // count + (i < length % count) for i in range(count)]
    else:
        cuts = [0, *(min(max(int(i) + length * (i < 0), 0), length) for i in indices_or_sections), length]
        lengths = [max(b - a, 0) for a, b in itertools.pairwise(cuts)]
        if sum(lengths) != length:
            raise RuntimeError(f"tensor_split: the cuts must not fall, got {list(indices_or_sections)}")
    return split(input, lengths, dim=dim)


@op(vjp=lambda g, dim: np.stack(g, axis=dim), kind="view", several=True,
    cases=[case((2, 3)), case((2, 3), dim=-1), case((3, 0))])  # fmt: skip
def unbind(x, /, dim=0):
    """The slices along a dimension, which they lose.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.tensor([[1, 2], [3, 4]]).unbind()
        (tensor([1, 2]), tensor([3, 4]))
    """
    before = (slice(None),) * check_dim(dim, x.ndim)
    if not x.ndim:
        raise IndexError(f"Dimension specified as {dim} but tensor has no dimensions (unbind)")
    return tuple([x[(*before, i, ...)] for i in range(x.shape[dim])])


# --- repeating and reversing -------------------------------------------------------------------------------------


def _times(name: str, sizes: tuple[Any, ...]) -> tuple[int, ...]:
    """How often to repeat, given as numbers or as one sequence."""
    given = sizes[0] if len(sizes) == 1 and not isinstance(sizes[0], int) else sizes
    try:
        times = tuple([operator.index(n) for n in given])
    except TypeError:
        raise TypeError(f"{name}(): argument 'repeats' must be tuple of ints, got {given!r}") from None
    if min(times, default=0) < 0:
        raise RuntimeError(f"Trying to create tensor with negative dimension in {name}(): got counts {list(times)}")
    return times


@tensor_method
def repeat(self: Tensor, *sizes: Any) -> Tensor:
    """The whole tensor repeated this often along each dimension; missing dimensions are added in front.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.tensor([1, 2]).repeat(2, 2)
        tensor([[1, 2, 1, 2],
                [1, 2, 1, 2]])
    """
    times = _times("repeat", sizes)
    if len(times) < self._array.ndim:
        raise RuntimeError(
            "Number of dimensions of repeat dims can not be smaller than number of dimensions of tensor: got "
            f"{list(times)} for a tensor of shape {list(self._array.shape)}"
        )
    x = _at_least(self, len(times))
    shape = x._array.shape
    apart = [n for length in shape for n in (1, length)]
    spread = [n for count, length in zip(times, shape, strict=True) for n in (count, length)]
    wide: Tensor = broadcast_to(reshape(x, shape=apart), shape=spread)
    result: Tensor = reshape(wide, shape=[a * b for a, b in zip(times, shape, strict=True)])
    return clone(result) if shares_memory(result._array, self._array) else result


@composite(np.tile)
def tile(input: Tensor, *dims: Any) -> Tensor:
    """As `Tensor.repeat`, where missing counts are 1."""
    times = _times("tile", dims)
    missing = input._array.ndim - len(times)
    return input.repeat(*((1,) * missing + times))


@op(np.flip, vjp=lambda g, dims: np.flip(g, dims), kind="general", collects="dims",
    cases=[case((2, 3), dims=(0,)), case((2, 3), dims=(0, -1)), case((2, 3), dims=()),
           case((0, 2), dims=(1,))])  # fmt: skip
def flip(x, /, dims):
    """The order reversed along these dimensions, as a copy."""
    chosen = [check_dim(d, x.ndim) for d in ((dims,) if isinstance(dims, int) else dims)]
    if len(set(chosen)) < len(chosen):
        twice = max(chosen, key=chosen.count)
        raise RuntimeError(f"dim {twice} appears multiple times in the list of dims (got {dims})")
    return np.flip(x, dims).copy()


@op(np.roll, vjp=lambda g, shifts, dims: np.roll(g, _negated(shifts), dims), kind="general",
    cases=[case((2, 3), shifts=1), case((2, 3), shifts=-1, dims=1),
           case((2, 3), shifts=(1, 2), dims=(0, 1))])  # fmt: skip
def roll(x, /, shifts, dims=None):
    """The elements moved along dimensions; those that fall off one end enter at the other."""
    several = [1 if isinstance(value, int | np.integer) else len(value) for value in (shifts, dims or 0)]
    if dims is not None and several[0] != several[1]:
        raise RuntimeError(f"shifts and dimensions must align. shifts: {several[0]}, dims:{several[1]}")
    return np.roll(x, shifts, dims)


def _negated(shifts: Any) -> Any:
    return -shifts if isinstance(shifts, int) else tuple([-s for s in shifts])


@op(np.tril, vjp=lambda g, diagonal: np.tril(g, diagonal), kind="general",
    cases=[case((3, 3)), case((2, 3, 4), diagonal=1), case((3, 2), diagonal=-1)])  # fmt: skip
def tril(x, /, diagonal=0):
    """The lower triangle of matrices; zero above the diagonal of this number."""
    _check_triangle("tril", x, diagonal)
    return np.tril(x, diagonal)


def _check_triangle(name: str, x: Any, diagonal: Any) -> None:
    if x.ndim < 2:
        raise RuntimeError(f"{name}: input tensor must have at least 2 dimensions, got shape {list(x.shape)}")
    if not isinstance(diagonal, int | np.integer):
        raise TypeError(f"argument 'diagonal' must be int, not {type(diagonal).__name__}")


@op(np.triu, vjp=lambda g, diagonal: np.triu(g, diagonal), kind="general",
    cases=[case((3, 3)), case((2, 3, 4), diagonal=1), case((3, 2), diagonal=-1)])  # fmt: skip
def triu(x, /, diagonal=0):
    """The upper triangle of matrices; zero below the diagonal of this number."""
    _check_triangle("triu", x, diagonal)
    return np.triu(x, diagonal)
