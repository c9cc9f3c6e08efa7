"""Padding: a tensor made larger (or, by negative amounts, smaller) at its sides.

Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.pad.html
"""

from __future__ import annotations

import functools
import itertools
import math
import operator
from collections.abc import Iterable
from typing import Any

import numpy as np

from .._core import dispatch
from .._core.errors import must_be_tensor
from .._core.op import case, composite, op
from .._core.tensor import Tensor

__all__ = ["constant_pad_nd"]

# --- constants ---------------------------------------------------------------------------------------------------


def _padded(x: Any, pad: tuple[int, ...], value: Any) -> Any:
    """`x` in a larger array of one value; amounts stand in pairs, the last dimension's first."""
    before = (0,) * (x.ndim - len(pad) // 2) + pad[-2::-2]
    after = (0,) * (x.ndim - len(pad) // 2) + pad[::-2]
    shape = tuple([n + b + a for n, b, a in zip(x.shape, before, after, strict=True)])
    if max(pad, default=0) <= 0:
        return x[tuple([slice(-b, n - b) for n, b in zip(shape, before, strict=True)])].copy()
    out = np.zeros(shape, x.dtype) if value == 0 else np.full(shape, value, x.dtype)
    # what of x is to be seen, and where it goes; nothing where all of it is cut away
    seen = [(max(-b, 0), n + min(a, 0)) for n, b, a in zip(x.shape, before, after, strict=True)]
    if all(start < stop for start, stop in seen):
        target = [slice(start + b, stop + b) for (start, stop), b in zip(seen, before, strict=True)]
        out[tuple(target)] = x[tuple([slice(start, stop) for start, stop in seen])]
    return out


def _cut(g: Any, pad: tuple[int, ...]) -> Any:
    """The gradient of padding: what was added is cut away, and what was cut away gets zeros."""
    return _constant_pad.op.numpy(g, pad=tuple([-amount for amount in pad]))


@op(kind="general", vjp=_cut, method=False, torch_name="", node_name="ConstantPadNdBackward0",
    cases=[case((2, 3), pad=(1, 2)), case((2, 3), pad=(-1, 2, 1, 0), value=3.0), case((2, 3), pad=(-1, -1)),
           case((2, 3, 4), pad=()), case((2, 0), pad=(1, 1)), case((4,), pad=(-4, 2)), case((), pad=())])  # fmt: skip
def _constant_pad(x, /, *, pad, value=0.0):
    """See `constant_pad_nd`. Its gradient is padded by the negative amounts."""
    return _padded(x, pad, value)


def _amounts(function: str, pad: Any, ndim: int) -> tuple[int, ...]:
    """The amounts as integers.

    Raises:
        TypeError: they are no integers.
        RuntimeError: they are no pairs, or too many.
    """
    if not isinstance(pad, list | tuple):
        kind = type(pad).__name__
        raise TypeError(f"{function}(): argument 'pad' (position 2) must be tuple of ints, not {kind}. Write (1, 1).")
    for position, amount in enumerate(pad):
        if isinstance(amount, bool) or not hasattr(amount, "__index__"):
            raise TypeError(
                f"{function}(): argument 'pad' (position 2) must be tuple of ints, but found element of type "
                f"{type(amount).__name__} at pos {position}"
            )
    if len(pad) % 2:
        raise RuntimeError(
            f"Padding length must be divisible by 2, got {list(pad)}. Two amounts for each dimension, the last "
            "dimension's first: (left, right, top, bottom)."
        )
    if len(pad) > 2 * ndim:
        raise RuntimeError(
            "Padding length should be less than or equal to two times the input dimension but got padding length "
            f"{len(pad)} and input of dimension {ndim}"
        )
    return tuple([operator.index(amount) for amount in pad])


def _check_value(function: str, value: Any, dtype: np.dtype[Any]) -> Any:
    """The value to fill in, if the dtype can hold it."""
    if dtype.kind in "iu" and isinstance(value, float | int):
        limits = np.iinfo(dtype)
        if not limits.min <= value <= limits.max:
            raise RuntimeError(
                f"value cannot be converted to type {dtype} without overflow in {function}(): got {value!r}"
            )
        return int(value)
    return value


@composite(method=False)
def constant_pad_nd(input: Tensor, pad: Iterable[int], value: float = 0) -> Tensor:
    """A constant around the last dimensions.

    Args:
        input: any tensor.
        pad: amounts before and after, for the last dimension, then for the one before it, and so on: ``(left, right,
            top, bottom)``. Negative amounts cut away.
        value: what is filled in.

    Raises:
        RuntimeError: amounts are not in pairs, too many, or cut away more than there is.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.constant_pad_nd(tg.tensor([1, 2]), (1, 2), 9)
        tensor([9, 1, 2, 9, 9])
    """
    amounts = _amounts("constant_pad_nd", pad, input._array.ndim)
    if max(amounts, default=0) > 0:
        value = _check_value("constant_pad_nd", value, input._array.dtype)
    for position, (before, after) in enumerate(zip(amounts[::2], amounts[1::2], strict=True)):
        length = input._array.shape[-1 - position]
        if length + before + after < 0 or length + before < 0 or length + after < 0:
            raise RuntimeError(
                f"narrow(): length must be non-negative. The amounts {before} and {after} cut more than all away from "
                f"dimension {input._array.ndim - 1 - position} of the input {list(input.shape)}."
            )
    result: Tensor = _constant_pad(input, pad=amounts, value=value)
    return result


# --- the input's own elements ------------------------------------------------------------------------------------

# For each padded dimension, its pieces in order: where in the input a piece starts, its length, and its step, which is
# -1 where it runs backwards, and 0 where one element is repeated.
Piece = tuple[int, int, int]
_STEPS = {"reflect": -1, "replicate": 0, "circular": 1}


@functools.lru_cache(maxsize=256)
def _pieces(mode: str, length: int, before: int, after: int) -> tuple[Piece, ...]:
    """One dimension's pieces: what comes before the input, what is seen of it, and what comes after."""
    first = 0
    if mode == "circular":  # what is left of the input goes around, as in PyTorch
        first, last = max(-before, 0), length + min(after, 0)
        length, before, after = last - first, max(before, 0), max(after, 0)
    found = []
    for start, stop in ((-before, 0), (0, length), (length, length + after)):
        start, stop = max(start, -before), min(stop, length + after)
        if start >= stop:
            continue
        if start < 0:
            origin = {"reflect": -start, "replicate": 0, "circular": start + length}[mode]
        else:
            origin = {"reflect": 2 * (length - 1) - start, "replicate": length - 1, "circular": start - length}[mode]
        if 0 <= start < length:
            found.append((first + start, stop - start, 1))
        else:
            found.append((first + origin, stop - start, _STEPS[mode]))
    return tuple(found)


@functools.lru_cache(maxsize=256)
def _blocks(pieces: tuple[tuple[Piece, ...], ...]) -> tuple[tuple[Any, Any, tuple[int, ...]], ...]:
    """For each combination of pieces: where it goes, where it comes from, and the dimensions that repeat."""
    placed = []
    for dimension in pieces:
        at, here = 0, []
        for start, length, step in dimension:
            end: int | None = start + length * step if step else start + 1
            source = slice(start, None if end is not None and end < 0 else end, step or 1)
            here.append((slice(at, at + length), source, step == 0))
            at += length
        placed.append(here)
    found = []
    for combination in itertools.product(*placed):
        targets, sources, repeats = zip(*combination, strict=True)
        axes = tuple([i - len(repeats) for i, repeat in enumerate(repeats) if repeat])
        found.append(((..., *targets), (..., *sources), axes))
    return tuple(found)


_FEW = 4096  # elements, which are taken by their numbers sooner than in slices: nine of them in two dimensions


@functools.lru_cache(maxsize=64)
def _numbers(shape: tuple[int, ...], pieces: tuple[tuple[Piece, ...], ...]) -> np.ndarray[Any, Any]:
    """For each element of the result, the number of the one that it is in an input of this shape."""
    found: np.ndarray[Any, Any] = _in_a_row(np.arange(math.prod(shape)).reshape(shape), pieces)
    return found


def _collect(g: Any, x_shape: tuple[int, ...], pieces: Any) -> Any:
    return _collected.op.numpy(g, pieces=pieces, shape=x_shape)


@op(kind="general", vjp=_collect, method=False, torch_name="", node_name="PadBackward0",
    cases=[case((2, 3), pieces=(((1, 1, -1), (0, 3, 1), (1, 2, -1)),)),
           case((2, 3), pieces=(((0, 2, 0), (0, 2, 1)), ((1, 2, 1), (0, 3, 1))))])  # fmt: skip
def _arranged(x, /, *, pieces):
    """Pieces of the last dimensions in a row."""
    if x.size <= _FEW:
        return x.ravel().take(_numbers(x.shape, pieces))
    return _in_a_row(x, pieces)


def _in_a_row(x: Any, pieces: Any) -> Any:
    lengths = [sum([piece[1] for piece in dimension]) for dimension in pieces]
    out = np.empty((*x.shape[: x.ndim - len(pieces)], *lengths), x.dtype)
    for target, source, _ in _blocks(pieces):
        out[target] = x[source]
    return out


@op(kind="general", method=False, torch_name="", node_name="PadBackwardBackward0",
    vjp=lambda g, pieces: _arranged.op.numpy(g, pieces=pieces),
    cases=[case((2, 6), pieces=(((1, 1, -1), (0, 3, 1), (1, 2, -1)),), shape=(2, 3)),
           case((4, 3), pieces=(((0, 2, 0), (0, 2, 1)), ((1, 2, 1), (0, 1, 1))), shape=(2, 3))])  # fmt: skip
def _collected(g, /, *, pieces, shape):
    """The adjoint of `_arranged`: each element of the input gets the sum of its copies."""
    out = np.zeros(shape, g.dtype)
    if out.size <= _FEW:
        np.add.at(out.ravel(), _numbers(shape, pieces).ravel(), g.ravel())
        return out
    for target, source, axes in _blocks(pieces):
        out[source] += g[target].sum(axis=axes, keepdims=True) if axes else g[target]
    return out


def _check_padded(mode: str, shape: tuple[int, ...], pad: tuple[int, ...], dtype: np.dtype[Any]) -> None:
    count = len(pad) // 2
    if not 1 <= count <= 3 or len(shape) not in (count + 1, count + 2):
        raise NotImplementedError(
            f"Only 2D, 3D, 4D, 5D padding with non-constant padding are supported for now. Padding size {len(pad)} is "
            f"not supported for {len(shape)}D input tensor. Mode {mode!r} pads the last {count or 'one'} dimensions of "
            f"an input of {count + 1} or {count + 2}."
        )
    if mode != "circular" and dtype.kind == "b":
        kind = "reflection_pad" if mode == "reflect" else "replication_pad"
        raise NotImplementedError(f"\"{kind}{count}d\" not implemented for 'Bool'. Convert the input first: x.int().")
    batch = len(shape) == count + 2
    if mode != "circular" and 0 in shape[1 if batch else 0 :]:
        raise RuntimeError(
            f"Expected {count + 1}D or {count + 2}D (batch mode) tensor with possibly 0 batch size and other non-zero "
            f"dimensions for input, but got: {list(shape)}"
        )
    sizes = []
    for position in range(count):
        before, after = pad[2 * position], pad[2 * position + 1]
        length = shape[-1 - position]
        dim = len(shape) - 1 - position
        if mode == "reflect" and max(before, after) >= length:
            raise RuntimeError(
                "Argument #4: Padding size should be less than the corresponding input dimension, but got: padding "
                f"({before}, {after}) at dimension {dim} of input {list(shape)}"
            )
        kept = length + min(before, 0) + min(after, 0)
        if mode == "circular" and max(before, after) > max(kept, 0):
            raise RuntimeError(
                f"Padding value causes wrapping around more than once: ({before}, {after}) at dimension {dim} of input "
                f"{list(shape)}"
            )
        sizes.append(length + before + after)
    if min(sizes) < 0 or (mode != "circular" and max(sizes) < 1):
        raise RuntimeError(
            f"input {list(shape)} is too small for the amounts {list(pad)}. Calculated output lengths: {sizes[::-1]}"
        )


@composite(method=False)
def pad(input: Tensor, pad: Iterable[int], mode: str = "constant", value: float | None = None) -> Tensor:
    """A border around the last dimensions.

    Args:
        input: any tensor; for modes other than ``"constant"`` one with as many padded dimensions as there are pairs
            of amounts, after one (channels) or two (batch, channels) others.
        pad: amounts before and after, for the last dimension, then for the one before it, and so on: ``(left, right,
            top, bottom)``. Negative amounts cut away.
        mode: ``"constant"``; ``"reflect"``: mirrored at the edge elements, which are not repeated; ``"replicate"``: the
            edge elements; ``"circular"``: the other side.
        value: the constant, 0 unless given.

    Raises:
        RuntimeError: amounts are not in pairs, too many, too large for the mode, or nothing would be left.
        NotImplementedError: no such mode, or too many or too few dimensions for it.

    Example:
        >>> import tinygrad_nn as tg
        >>> x = tg.tensor([[1.0, 2.0, 3.0]])
        >>> tg.nn.functional.pad(x, (1, 2))
        tensor([[0., 1., 2., 3., 0., 0.]])
        >>> tg.nn.functional.pad(x, (1, 2), mode="reflect")
        tensor([[2., 1., 2., 3., 2., 1.]])
    """
    if not isinstance(input, Tensor):
        raise must_be_tensor("pad", "input", 0, input)
    x = input._array
    amounts = _amounts("pad", pad, x.ndim if mode == "constant" else 99)
    if value is not None and not isinstance(value, float | int | np.number | Tensor):
        raise TypeError(f"pad(): argument 'value' (position 4) must be float, not {type(value).__name__}")
    if mode == "constant":
        return constant_pad_nd(input, amounts, 0 if value is None else float(value))
    if value is not None and value != 0:
        raise RuntimeError(f'Padding mode "{mode}" doesn\'t take in value argument, got {value!r}')
    if mode not in _STEPS:
        raise NotImplementedError(
            f"Unrecognised padding mode {mode}; expected 'constant', 'reflect', 'replicate' or 'circular'"
        )
    _check_padded(mode, x.shape, amounts, x.dtype)
    pairs = zip(amounts[-2::-2], amounts[::-2], strict=True)
    lengths = x.shape[x.ndim - len(amounts) // 2 :]
    pieces = tuple([_pieces(mode, n, before, after) for n, (before, after) in zip(lengths, pairs, strict=True)])
    result: Tensor = _arranged(input, pieces=pieces)
    return result


def _numpy_pad(array: Tensor, pad_width: Any, mode: str = "constant", constant_values: Any = 0) -> Tensor:
    """``np.pad`` of a tensor: amounts for all dimensions, the first dimension's first."""
    width = np.broadcast_to(np.asarray(pad_width), (array.ndim, 2)).tolist()
    if mode == "constant":
        return constant_pad_nd(array, [amount for pair in width[::-1] for amount in pair], constant_values)
    names = {"edge": "replicate", "wrap": "circular", "reflect": "reflect"}
    if mode not in names:
        raise NotImplementedError(f"np.pad on a Tensor: expected mode 'constant' or one of {list(names)}, got {mode!r}")
    lengths = array._array.shape
    if any(max(pair) > n - (mode == "reflect") for n, pair in zip(lengths, width, strict=True) if mode != "edge"):
        raise ValueError(f"np.pad on a Tensor: amounts {width} are too large for mode {mode!r} and shape {lengths}")
    pieces = tuple([_pieces(names[mode], n, *pair) for n, pair in zip(lengths, width, strict=True)])
    result: Tensor = _arranged(array, pieces=pieces)
    return result


dispatch.register(np.pad, _numpy_pad)
