"""Shapes: reshaping, dimensions moved, added and removed, expanding, reversing, moving channels."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from .drawing import ANY, COMPLEX, arrays, broadcastable, dims_of, several_dims_of, shapes
from .table import Call, Draw, drawn

TYPES = (*ANY, *COMPLEX)


def another_shape(draw: Draw, size: int) -> list[int]:
    """A shape of so many elements, or, at times, of others; -1 may stand for a length."""
    lengths: list[int] = []
    rest = size
    while rest > 1 and draw(st.booleans()):
        length = draw(st.sampled_from([n for n in range(1, rest + 1) if rest % n == 0]))
        lengths.append(length)
        rest //= length
    lengths.append(rest)
    if draw(st.booleans()):
        lengths.insert(draw(st.integers(0, len(lengths))), 1)
    if draw(st.booleans()):
        lengths[draw(st.integers(0, len(lengths) - 1))] = -1
    if draw(st.integers(0, 5)) == 0:
        lengths[draw(st.integers(0, len(lengths) - 1))] = draw(st.sampled_from([0, 3, -1, -2]))
    return lengths


@drawn("reshape", examples=120)
def reshape(draw: Draw) -> Call:
    x = draw(arrays(TYPES))
    shape = another_shape(draw, x.size)
    return Call(x, draw(st.sampled_from([shape, tuple(shape)]))) if draw(st.booleans()) else Call(x, shape=shape)


@drawn("Tensor.reshape", examples=80, forms=("method",))
def reshape_method(draw: Draw) -> Call:
    x = draw(arrays(TYPES))
    shape = another_shape(draw, x.size)
    return Call(x, *shape) if draw(st.booleans()) else Call(x, tuple(shape))


_VIEWED = tuple(np.dtype(d) for d in ("f8", "f4", "f2", "i8", "i4", "i2", "i1", "u1", "?", "c8", "c16"))


@drawn("Tensor.view", examples=250, forms=("method",))
def view(draw: Draw) -> Call:
    if draw(st.booleans()):
        return reshape_method(draw)
    return Call(draw(arrays((*TYPES, np.float16, np.int8), min_side=1)), draw(st.sampled_from(_VIEWED)))


@drawn("view_copy", forms=("function", "out"))
def view_copy(draw: Draw) -> Call:
    x = draw(arrays(TYPES))
    return Call(x, another_shape(draw, x.size))


@drawn("Tensor.view_as", "Tensor.reshape_as", forms=("method",))
def view_as(draw: Draw) -> Call:
    x = draw(arrays(TYPES))
    return Call(x, draw(arrays((np.float32,), tuple(abs(n) for n in another_shape(draw, x.size)))))


@drawn("Tensor.expand_as", forms=("method",))
def expand_as(draw: Draw) -> Call:
    a, b = draw(broadcastable(2))
    return Call(draw(arrays(TYPES, a)), draw(arrays((np.float32,), b)))


@drawn("flatten", examples=80)
def flatten(draw: Draw) -> Call:
    x = draw(arrays(TYPES, max_dims=4))
    if draw(st.booleans()):
        return Call(x)
    first, last = draw(dims_of(x, wrong=True)), draw(dims_of(x, wrong=True))
    return Call(x, first, last) if draw(st.booleans()) else Call(x, start_dim=first)


@drawn("ravel")
def ravel(draw: Draw) -> Call:
    return Call(draw(arrays(TYPES)))


@drawn("unflatten", examples=80)
def unflatten(draw: Draw) -> Call:
    x = draw(arrays(TYPES))
    dim = draw(dims_of(x, wrong=True))
    length = x.shape[dim] if -x.ndim <= dim < x.ndim else 1
    sizes = another_shape(draw, length)
    return Call(x, dim, sizes) if draw(st.booleans()) else Call(x, dim=dim, sizes=tuple(sizes))


@drawn("squeeze", "squeeze_copy", examples=80)
def squeeze(draw: Draw) -> Call:
    x = draw(arrays(TYPES, shapes(max_dims=4, max_side=2)))
    kind = draw(st.integers(0, 2))
    if kind == 0:
        return Call(x)
    if kind == 1:
        return Call(x, draw(dims_of(x, wrong=True)))
    dims = draw(st.one_of(several_dims_of(x), st.lists(dims_of(x), max_size=3).map(tuple)))
    return Call(x, dims) if draw(st.booleans()) else Call(x, dim=dims)


@drawn("unsqueeze", "unsqueeze_copy", examples=60)
def unsqueeze(draw: Draw) -> Call:
    x = draw(arrays(TYPES))
    dim = draw(dims_of(x.ndim + 1, wrong=True))
    return Call(x, dim) if draw(st.booleans()) else Call(x, dim=dim)


@drawn("transpose", "swapdims", "transpose_copy", examples=60)
def transpose(draw: Draw) -> Call:
    x = draw(arrays(TYPES))
    first, second = draw(dims_of(x, wrong=True)), draw(dims_of(x, wrong=True))
    return Call(x, first, second) if draw(st.booleans()) else Call(x, dim0=first, dim1=second)


@drawn("swapaxes")
def swapaxes(draw: Draw) -> Call:
    x = draw(arrays(TYPES))
    first, second = draw(dims_of(x, wrong=True)), draw(dims_of(x))
    return Call(x, first, second) if draw(st.booleans()) else Call(x, axis0=first, axis1=second)


@drawn("permute", "permute_copy", examples=60)
def permute(draw: Draw) -> Call:
    x = draw(arrays(TYPES, max_dims=4))
    dims = draw(st.permutations(range(x.ndim))) if draw(st.integers(0, 4)) else draw(st.lists(dims_of(x, wrong=True)))
    dims = [d - x.ndim if draw(st.booleans()) else d for d in dims]
    return Call(x, tuple(dims)) if draw(st.booleans()) else Call(x, dims=dims)


@drawn("Tensor.permute", forms=("method",))
def permute_method(draw: Draw) -> Call:
    x = draw(arrays(TYPES, min_dims=1))
    return Call(x, *draw(st.permutations(range(x.ndim))))


@drawn("movedim", "moveaxis", examples=100)
def movedim(draw: Draw) -> Call:
    x = draw(arrays(TYPES, max_dims=4))
    if draw(st.booleans()):
        return Call(x, draw(dims_of(x, wrong=True)), draw(dims_of(x)))
    source = draw(st.one_of(several_dims_of(x), st.lists(dims_of(x), max_size=3)))
    target = draw(several_dims_of(x))
    return Call(x, source, target) if draw(st.booleans()) else Call(x, source=source, destination=target)


@drawn("t", "t_copy")
def t(draw: Draw) -> Call:
    return Call(draw(arrays(TYPES)))


def wider(draw: Draw, x: Any) -> list[int]:
    """Lengths to expand to, at times wrong ones."""
    lengths = [draw(st.integers(0, 3)) if n == 1 and draw(st.booleans()) else n for n in x.shape]
    lengths = [-1 if draw(st.integers(0, 3)) == 0 else n for n in lengths]
    lengths = draw(st.lists(st.integers(0, 3), max_size=2)) + lengths
    # of no elements PyTorch makes tensors with negative lengths
    if lengths and 0 not in lengths and x.size and draw(st.integers(0, 5)) == 0:
        lengths[draw(st.integers(0, len(lengths) - 1))] = draw(st.sampled_from([-1, 3]))
    return lengths


@drawn("broadcast_to", "expand_copy", examples=100)
def broadcast_to(draw: Draw) -> Call:
    x = draw(arrays(TYPES, max_side=2))
    shape = wider(draw, x)
    return Call(x, shape) if draw(st.booleans()) else Call(x, size=tuple(shape))


@drawn("Tensor.expand", examples=100, forms=("method",))
def expand(draw: Draw) -> Call:
    x = draw(arrays(TYPES, max_side=2))
    shape = wider(draw, x)
    return Call(x, *shape) if shape and draw(st.booleans()) else Call(x, tuple(shape))


@drawn("broadcast_tensors")
def broadcast_tensors(draw: Draw) -> Call:
    given = draw(st.one_of(broadcastable(3), st.lists(shapes(max_side=3), min_size=1, max_size=3)))
    return Call(*[draw(arrays(TYPES, shape)) for shape in given])


@drawn("broadcast_shapes", gradient=False, reason="shapes have none", examples=80)
def broadcast_shapes(draw: Draw) -> Call:
    given = draw(st.one_of(broadcastable(3), st.lists(shapes(max_side=3), max_size=3)))
    return Call(*[shape[0] if len(shape) == 1 and draw(st.booleans()) else shape for shape in given])


@drawn("Tensor.sum_to_size", forms=("method",), examples=80)
def sum_to_size(draw: Draw) -> Call:
    x = draw(arrays(TYPES))
    lengths = [1 if draw(st.booleans()) else n for n in x.shape[draw(st.integers(0, x.ndim)) :]]
    if draw(st.integers(0, 5)) == 0:
        lengths = draw(st.lists(st.integers(0, 3), max_size=3))
    return Call(x, *lengths) if lengths and draw(st.booleans()) else Call(x, tuple(lengths))


# --- reversing ---------------------------------------------------------------------------------------------------


@drawn("flip", examples=80)
def flip(draw: Draw) -> Call:
    x = draw(arrays(TYPES))
    # which of two errors comes first differs in PyTorch with the shape
    dims = draw(
        st.one_of(several_dims_of(x), st.lists(dims_of(x), max_size=3), st.lists(dims_of(x, wrong=True), max_size=1))
    )
    return Call(x, dims) if draw(st.booleans()) else Call(x, dims=dims)


@drawn("Tensor.flip", forms=("method",))
def flip_method(draw: Draw) -> Call:
    x = draw(arrays(TYPES))
    return Call(x, *draw(several_dims_of(x, min_size=1)))


@drawn("fliplr", "flipud")
def fliplr(draw: Draw) -> Call:
    return Call(draw(arrays(TYPES)))


@drawn("rot90", examples=100)
def rot90(draw: Draw) -> Call:
    x = draw(arrays(TYPES))
    if draw(st.booleans()):
        return Call(x)
    k = draw(st.integers(-5, 5))
    dims = draw(st.one_of(st.lists(dims_of(x, wrong=True), min_size=1, max_size=3), several_dims_of(x)))
    return Call(x, k, dims) if draw(st.booleans()) else Call(x, k=k, dims=dims)


@drawn("roll", examples=120)
def roll(draw: Draw) -> Call:
    x = draw(arrays(TYPES))
    shift = st.integers(-5, 5)
    if draw(st.booleans()):
        return Call(x, draw(shift)) if draw(st.booleans()) else Call(x, draw(shift), draw(dims_of(x, wrong=True)))
    shifts = draw(st.lists(shift, max_size=3))
    dims = draw(st.lists(dims_of(x, wrong=True), min_size=len(shifts), max_size=len(shifts)))
    if draw(st.integers(0, 5)) == 0:
        dims = dims[1:]
    return Call(x, shifts, dims) if draw(st.booleans()) else Call(x, shifts=tuple(shifts), dims=tuple(dims))


# --- copies and channels -----------------------------------------------------------------------------------------


@drawn("clone", "alias_copy", "detach_copy", "Tensor.contiguous")
def clone(draw: Draw) -> Call:
    return Call(draw(arrays(TYPES)))


@drawn("atleast_1d", "atleast_2d", "atleast_3d")
def several_at_least(draw: Draw) -> Call:
    given = [draw(arrays(TYPES)) for _ in range(draw(st.sampled_from([1, 1, 1, 0, 2, 3])))]
    return Call(*given) if draw(st.booleans()) else Call(given)


def _images(draw: Draw, channels: int, rows: int, columns: int) -> Any:
    batch = draw(shapes(max_dims=2, max_side=2, min_side=1))  # PyTorch fails to go backward without elements
    wrong = [draw(st.sampled_from([0] * 5 + [1])) for _ in range(3)]
    return draw(arrays(TYPES, (*batch, channels + wrong[0], rows + wrong[1], columns + wrong[2])))


@drawn("pixel_shuffle", "nn.functional.pixel_shuffle")
def pixel_shuffle(draw: Draw) -> Call:
    r = draw(st.integers(0, 3))
    x = _images(draw, r * r * draw(st.integers(1, 2)), draw(st.integers(1, 2)), draw(st.integers(1, 2)))
    return Call(x, r) if draw(st.booleans()) else Call(x, upscale_factor=r)


@drawn("pixel_unshuffle", "nn.functional.pixel_unshuffle")
def pixel_unshuffle(draw: Draw) -> Call:
    r = draw(st.integers(0, 3))
    x = _images(draw, draw(st.integers(1, 2)), r * draw(st.integers(1, 2)), r * draw(st.integers(1, 2)))
    return Call(x, r) if draw(st.booleans()) else Call(x, downscale_factor=r)


@drawn("channel_shuffle", "nn.functional.channel_shuffle")
def channel_shuffle(draw: Draw) -> Call:
    groups = draw(st.integers(0, 3))
    wrong = draw(st.sampled_from([0] * 5 + [1]))
    shape = (draw(st.integers(0, 2)), groups * draw(st.integers(1, 2)) + wrong, *draw(shapes(max_dims=2, min_side=1)))
    return Call(draw(arrays(TYPES, shape)), groups)
