"""Sequences of unlike lengths: padded into one tensor, or packed, so that recurrent layers skip the padding.

Packed sequences stand one step after the other: the first elements of all sequences, longest sequence first, then the
second ones of those that have one, and so on.

Source: https://docs.pytorch.org/docs/stable/nn.html#utility-functions-in-other-modules
"""

from __future__ import annotations

import builtins
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, TypeVar

import numpy as np

from ..._core import dtypes
from ..._core.errors import must_be_tensor
from ..._core.tensor import Tensor, wrap
from ...ops.join import cat

__all__ = [
    "PackedSequence",
    "invert_permutation",
    "pack_padded_sequence",
    "pack_sequence",
    "pad_packed_sequence",
    "pad_sequence",
    "unpack_sequence",
    "unpad_sequence",
]

Array = np.ndarray[Any, Any]
P = TypeVar("P", bound="PackedSequence")


def invert_permutation(permutation: Tensor | None) -> Tensor | None:
    """The permutation that undoes one; None for None.

    Example:
        >>> import tinygrad_nn as tg
        >>> from tinygrad_nn.nn.utils.rnn import invert_permutation
        >>> invert_permutation(tg.tensor([2, 0, 1]))
        tensor([1, 2, 0])
    """
    if permutation is None:
        return None
    order = permutation._array
    inverse = np.empty_like(order)
    inverse[order] = np.arange(order.size)
    return wrap(inverse)


# --- packed sequences --------------------------------------------------------------------------------------------


class _Fields(NamedTuple):
    data: Tensor
    batch_sizes: Tensor
    sorted_indices: Tensor | None
    unsorted_indices: Tensor | None


class PackedSequence(_Fields):
    """Packed sequences, as `pack_padded_sequence` and `pack_sequence` make them.

    Attributes:
        data: all elements, step by step.
        batch_sizes: how many sequences each step has.
        sorted_indices: the sequences by falling length, where they were not given so.
        unsorted_indices: the way back.
    """

    __slots__ = ()

    def __new__(
        cls: type[P],
        data: Any,
        batch_sizes: Tensor | None = None,
        sorted_indices: Tensor | None = None,
        unsorted_indices: Tensor | None = None,
    ) -> P:
        """See the class."""
        if unsorted_indices is None:
            unsorted_indices = invert_permutation(sorted_indices)
        if batch_sizes is None:
            if not isinstance(data, list | tuple) or len(data) != 2:
                raise AssertionError("Expected data to be a list or tuple of length 2: of data and batch_sizes")
            data, batch_sizes = data
        return super().__new__(cls, data, batch_sizes, sorted_indices, unsorted_indices)

    def _with(self: P, data: Tensor) -> P:
        if data is self.data:
            return self
        return type(self)(data, self.batch_sizes, self.sorted_indices, self.unsorted_indices)

    def to(self: P, *args: Any, **kwargs: Any) -> P:
        """The sequences with their data converted; themselves if there is nothing to do."""
        return self._with(self.data.to(*args, **kwargs))

    def cpu(self: P, *args: Any, **kwargs: Any) -> P:
        """The sequences themselves, or converted: they are on the CPU."""
        return self.to(*args, **{**kwargs, "device": "cpu"}) if args or kwargs else self

    def cuda(self: P, *args: Any, **kwargs: Any) -> P:
        """Refused: there is no GPU here.

        Raises:
            RuntimeError: always.
        """
        return self._with(self.data.cuda(*args, **kwargs))

    def double(self: P) -> P:
        """With data of float64."""
        return self.to(dtype=dtypes.float64)

    def float(self: P) -> P:
        """With data of float32."""
        return self.to(dtype=dtypes.float32)

    def half(self: P) -> P:
        """With data of float16."""
        return self.to(dtype=dtypes.float16)

    def long(self: P) -> P:
        """With data of int64."""
        return self.to(dtype=dtypes.int64)

    def int(self: P) -> P:
        """With data of int32."""
        return self.to(dtype=dtypes.int32)

    def short(self: P) -> P:
        """With data of int16."""
        return self.to(dtype=dtypes.int16)

    def char(self: P) -> P:
        """With data of int8."""
        return self.to(dtype=dtypes.int8)

    def byte(self: P) -> P:
        """With data of uint8."""
        return self.to(dtype=dtypes.uint8)

    def pin_memory(self: P) -> P:
        """The sequences themselves: there is no other device to send them to."""
        return self

    def is_pinned(self) -> bool:
        """Whether the data's memory is pinned: it never is."""
        return False

    @property
    def is_cuda(self) -> bool:
        """Whether the data is on a GPU: it never is."""
        return False


def _places(sizes: Array, longest: builtins.int, batch_first: bool) -> Array:
    """Where in a flattened padded tensor each packed element stands."""
    count = builtins.int(sizes[0])
    steps, rows = np.nonzero(np.arange(count) < sizes[:, None])
    return rows * longest + steps if batch_first else steps * count + rows


def _checked_lengths(lengths: Any, count: builtins.int, longest: builtins.int) -> Array:
    """Lengths as an array, one for each sequence.

    Raises:
        RuntimeError: they are not as many, or not between 1 and the longest possible.
    """
    array: Array = np.asarray(lengths._array if isinstance(lengths, Tensor) else lengths).astype(np.int64)
    if array.ndim != 1:
        raise RuntimeError(
            f"'lengths' argument should be a 1D CPU int64 tensor, but got {array.ndim}D cpu Long tensor "
            "(pack_padded_sequence() takes a length for each sequence)"
        )
    if array.size != count:
        raise RuntimeError(
            f"Expected `len(lengths)` to be equal to batch_size, but got {array.size} (batch_size={count})"
        )
    if array.size and array.min() <= 0:
        raise RuntimeError(
            "Length of all samples has to be greater than 0, but found an element in 'lengths' that is <= 0: "
            f"{array.min()}"
        )
    if array.size and array.max() > longest:
        raise RuntimeError(f"Expected lengths of at most {longest}, as long as the input is, but got {array.max()}")
    return array


def pack_padded_sequence(
    input: Tensor, lengths: Any, batch_first: bool = False, enforce_sorted: bool = True
) -> PackedSequence:
    """Pack padded sequences.

    Args:
        input: of shape (steps, count, ...), or (count, steps, ...) with `batch_first`.
        lengths: of each sequence; a tensor or a list.
        batch_first: the order of the input's first two dimensions.
        enforce_sorted: insist that the longest sequences come first; else they are put in order.

    Raises:
        RuntimeError: the lengths do not fit, or are not in order.

    Example:
        >>> import tinygrad_nn as tg
        >>> from tinygrad_nn.nn.utils.rnn import pack_padded_sequence
        >>> padded = tg.tensor([[1, 2, 0], [3, 0, 0], [4, 5, 6]])
        >>> packed = pack_padded_sequence(padded, [2, 1, 3], batch_first=True, enforce_sorted=False)
        >>> packed.data, packed.batch_sizes
        (tensor([4, 1, 3, 5, 2, 6]), tensor([3, 2, 1]))
    """
    if not isinstance(input, Tensor):
        raise must_be_tensor("pack_padded_sequence", "input", 0, input)
    if input.ndim < 2:
        raise IndexError(
            f"Dimension out of range (expected to be in range of [{-input.ndim or -1}, {max(input.ndim, 1) - 1}], but "
            "got 1): pack_padded_sequence() takes sequences of shape (steps, count, ...)"
        )
    count, longest = (input.shape[0], input.shape[1]) if batch_first else (input.shape[1], input.shape[0])
    sizes_of = _checked_lengths(lengths, count, longest)
    if not count:
        raise RuntimeError("Cannot pack empty tensors.")
    order = None
    if not enforce_sorted:
        chosen = np.argsort(-sizes_of, kind="stable")
        order, sizes_of = wrap(chosen), sizes_of[chosen]
        input = input.index_select(0 if batch_first else 1, order)
    elif (np.diff(sizes_of) > 0).any():
        raise RuntimeError(
            "`lengths` array must be sorted in decreasing order when `enforce_sorted` is True. You can pass "
            "`enforce_sorted=False` to pack_padded_sequence and/or pack_sequence to sidestep this requirement if you "
            "do not need ONNX exportability."
        )
    sizes = (sizes_of[:, None] > np.arange(sizes_of[0])).sum(0)
    data = input.flatten(0, 1).index_select(0, wrap(_places(sizes, longest, batch_first)))
    return PackedSequence(data, wrap(sizes), order, None)


def pad_packed_sequence(
    sequence: PackedSequence,
    batch_first: bool = False,
    padding_value: builtins.float = 0.0,
    total_length: builtins.int | None = None,
) -> tuple[Tensor, Tensor]:
    """Undo `pack_padded_sequence`.

    Args:
        sequence: what was packed.
        batch_first: the order of the result's first two dimensions.
        padding_value: what stands after the end of shorter sequences.
        total_length: pad to this length; to that of the longest sequence by default.

    Returns:
        The padded sequences in their first order, and their lengths.

    Raises:
        ValueError: the total length is below that of the longest sequence.

    Example:
        >>> import tinygrad_nn as tg
        >>> from tinygrad_nn.nn.utils.rnn import pack_sequence, pad_packed_sequence
        >>> pad_packed_sequence(pack_sequence([tg.tensor([1, 2]), tg.tensor([3])]), batch_first=True)
        (tensor([[1, 2],
                [3, 0]]), tensor([2, 1]))
    """
    sizes = sequence.batch_sizes._array
    longest = len(sizes)
    if total_length is not None:
        if total_length < longest:
            raise ValueError(
                "Expected total_length to be at least the length of the longest sequence in input, but got "
                f"total_length={total_length} and max sequence length being {longest}"
            )
        longest = total_length
    data, count = sequence.data, builtins.int(sizes[0])
    empty = data.detach().new_full((longest * count, *data.shape[1:]), padding_value)
    flat = empty.index_copy(0, wrap(_places(sizes, longest, batch_first)), data)
    padded: Any = flat.unflatten(0, (count, longest) if batch_first else (longest, count))
    lengths = wrap((np.arange(count) < sizes[:, None]).sum(0))
    back = sequence.unsorted_indices
    if back is None:
        return padded, lengths
    return padded.index_select(0 if batch_first else 1, back), lengths.index_select(0, back)


# --- padded sequences --------------------------------------------------------------------------------------------


def pad_sequence(
    sequences: Iterable[Tensor],
    batch_first: bool = False,
    padding_value: builtins.float = 0.0,
    padding_side: str = "right",
) -> Tensor:
    """Sequences of shapes ``(length, ...)``, filled up to the longest and stacked.

    Returns:
        Tensor: of shape ``(longest, count, ...)``, or ``(count, longest, ...)`` with `batch_first`.

    Raises:
        RuntimeError: there are no sequences; their other dimensions differ; `padding_side` is neither of its values.

    Example:
        >>> import tinygrad_nn as tg
        >>> from tinygrad_nn.nn.utils.rnn import pad_sequence
        >>> pad_sequence([tg.tensor([1, 2, 3]), tg.tensor([4])], batch_first=True)
        tensor([[1, 2, 3],
                [4, 0, 0]])
    """
    if not isinstance(sequences, Iterable):
        raise RuntimeError(
            f"pad_sequence: Expected iterable for input sequences, but got arg of type: {type(sequences)}"
        )
    parts = list(sequences)
    if padding_side not in ("left", "right"):
        raise RuntimeError(f"Expected padding_side to be one of left or right, but got {padding_side}.")
    if not parts:
        raise RuntimeError("received an empty list of sequences in pad_sequence()")
    rest = _trailing(parts)
    lengths = np.array([part.shape[0] for part in parts])
    longest, count = builtins.int(lengths.max()), len(parts)
    rows = np.repeat(np.arange(count), lengths)
    steps = np.concatenate([np.arange(length) for length in lengths])
    if padding_side == "left":
        steps += (longest - lengths)[rows]
    places = rows * longest + steps if batch_first else steps * count + rows
    data = cat([part.to(parts[0].dtype) for part in parts])
    flat = parts[0].detach().new_full((longest * count, *rest), padding_value).index_copy(0, wrap(places), data)
    padded: Tensor = flat.unflatten(0, (count, longest) if batch_first else (longest, count))
    return padded


def _trailing(parts: Sequence[Any]) -> tuple[builtins.int, ...]:
    """The dimensions after the first, which all sequences share."""
    for position, part in enumerate(parts):
        if not isinstance(part, Tensor):
            raise must_be_tensor("pad_sequence", "sequences", position, part)
        if not part.ndim:
            raise RuntimeError("pad_sequence(): sequences have at least one dimension, got a number")
        first, own = tuple(parts[0].shape[1:]), tuple(part.shape[1:])
        if own != first:
            place = next((d for d, pair in enumerate(zip(first, own, strict=False)) if pair[0] != pair[1]), -1)
            sizes = (first[place], own[place]) if place >= 0 else (len(first) + 1, len(own) + 1)
            raise RuntimeError(
                f"The size of tensor a ({sizes[0]}) must match the size of tensor b ({sizes[1]}) at non-singleton "
                f"dimension {place + 1}: pad_sequence() got sequences of shapes {list(parts[0].shape)} and "
                f"{list(part.shape)}"
            )
    return tuple(parts[0].shape[1:])


def unpad_sequence(padded_sequences: Tensor, lengths: Tensor, batch_first: bool = False) -> list[Tensor]:
    """Undo `pad_sequence`, given the lengths. (Without `batch_first`, PyTorch transposes the tensor that it is given.)

    Raises:
        ValueError: there are not as many lengths as sequences.

    Example:
        >>> import tinygrad_nn as tg
        >>> from tinygrad_nn.nn.utils.rnn import unpad_sequence
        >>> unpad_sequence(tg.tensor([[1, 2, 3], [4, 0, 0]]), tg.tensor([3, 1]), batch_first=True)
        [tensor([1, 2, 3]), tensor([4])]
    """
    by_sequence = padded_sequences if batch_first else padded_sequences.transpose(0, 1)
    found: list[Any] = [row[: builtins.int(n)] for row, n in zip(by_sequence, lengths, strict=True)]
    return found


def pack_sequence(sequences: Sequence[Tensor], enforce_sorted: bool = True) -> PackedSequence:
    """Pack sequences of shapes ``(length, ...)``.

    Args:
        sequences: the sequences.
        enforce_sorted: insist that the longest come first; else they are put in order.

    Raises:
        RuntimeError: the sequences do not fit, or are not in order.

    Example:
        >>> import tinygrad_nn as tg
        >>> from tinygrad_nn.nn.utils.rnn import pack_sequence
        >>> pack_sequence([tg.tensor([1, 2, 3]), tg.tensor([4, 5]), tg.tensor([6])]).data
        tensor([1, 4, 6, 2, 5, 3])
    """
    lengths = [len(sequence) for sequence in sequences]
    return pack_padded_sequence(pad_sequence(sequences), lengths, enforce_sorted=enforce_sorted)


def unpack_sequence(packed_sequences: PackedSequence) -> list[Tensor]:
    """Undo `pack_sequence`.

    Example:
        >>> import tinygrad_nn as tg
        >>> from tinygrad_nn.nn.utils.rnn import pack_sequence, unpack_sequence
        >>> unpack_sequence(pack_sequence([tg.tensor([1, 2]), tg.tensor([3])]))
        [tensor([1, 2]), tensor([3])]
    """
    return unpad_sequence(*pad_packed_sequence(packed_sequences, batch_first=True), batch_first=True)
