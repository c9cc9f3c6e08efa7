"""Patches of images: ``unfold`` takes all sliding windows out, ``fold`` adds them up into an image again.

Each is the other's gradient, so that both have derivatives of any order.

Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.unfold.html, fold.html
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .._core import dtypes
from .._core.errors import must_be_tensor
from .._core.op import case, op
from .._core.patches import gather_patches, scatter_patches, window_counts, windows
from .._core.tensor import Tensor

__all__: list[str] = []

Two = int | tuple[int, int]


def _fold_of(g: Any, x_shape: tuple[int, ...], kernel: Any, dilation: Any, padding: Any, stride: Any) -> Any:
    return _col2im.op.numpy(g, size=x_shape[-2:], kernel=kernel, dilation=dilation, padding=padding, stride=stride)


_CASE = {"kernel": (2, 2), "dilation": (1, 1), "padding": (0, 0), "stride": (1, 1)}


@op(kind="general", vjp=_fold_of, method=False, torch_name="", node_name="Im2ColBackward0",
    cases=[case((2, 3, 4, 5), **_CASE), case((3, 5, 4), **{**_CASE, "padding": (1, 0), "stride": (2, 1)}),
           case((1, 2, 6, 5), kernel=(2, 3), dilation=(2, 1), padding=(0, 2), stride=(1, 2))])  # fmt: skip
def _im2col(x, /, *, kernel, dilation, padding, stride):
    """See `unfold`."""
    patches = gather_patches(x, windows(x.shape[-2:], kernel, stride, dilation, padding))
    rows, columns = patches.shape[-2:]
    return patches.reshape(*x.shape[:-3], x.shape[-3] * math.prod(kernel), rows * columns)


@op(kind="general", method=False, torch_name="", node_name="Col2ImBackward0",
    vjp=lambda g, kernel, dilation, padding, stride: _im2col.op.numpy(
        g, kernel=kernel, dilation=dilation, padding=padding, stride=stride),
    cases=[case((2, 4, 12), size=(4, 5), **_CASE), case((8, 6), size=(3, 4), **_CASE),
           case((1, 6, 3), size=(4, 3), kernel=(2, 3), dilation=(2, 1), padding=(0, 1), stride=(3, 1))])  # fmt: skip
def _col2im(x, /, *, size, kernel, dilation, padding, stride):
    """See `fold`."""
    over = windows(tuple(size), kernel, stride, dilation, padding)
    channels = x.shape[-2] // math.prod(kernel)
    return scatter_patches(x.reshape(*x.shape[:-2], channels, *kernel, *over.counts), over)


# --- checks ------------------------------------------------------------------------------------------------------


def _two(function: str, name: str, position: int, value: Any) -> tuple[int, int]:
    """A number for both dimensions, or one for each."""
    given = (value, value) if isinstance(value, int | np.integer) and not isinstance(value, bool) else value
    kinds = f"{function}(): argument '{name}' (position {position}) must be tuple of ints, "
    if not isinstance(given, list | tuple):
        raise TypeError(f"{kinds}not {type(value).__name__}")
    for at, number in enumerate(given):
        if isinstance(number, bool) or not hasattr(number, "__index__"):
            raise TypeError(f"{kinds}but found element of type {type(number).__name__} at pos {at}")
    if len(given) != 2:
        raise RuntimeError(f"It is expected {name} equals to 2, but got size {len(given)}")
    return int(given[0]), int(given[1])


def _options(
    function: str, start: int, kernel_size: Any, dilation: Any, padding: Any, stride: Any
) -> dict[str, tuple[int, int]]:
    """The options as pairs.

    Raises:
        RuntimeError: one is out of bounds.
    """
    found = {}
    given = (("kernel_size", kernel_size), ("dilation", dilation), ("padding", padding), ("stride", stride))
    for position, (name, value) in enumerate(given):
        word = name.removesuffix("_size")
        pair = found[word] = _two(function, name, start + position, value)
        least = 0 if word == "padding" else 1
        if min(pair) < least:
            what = {"kernel": "kernel size"}.get(word, word)
            short = {"padding": "pad"}.get(word, word)
            raise RuntimeError(
                f"{what} should be {'greater than zero' if least else 'non-negative'}, but got {short}_height: "
                f"{pair[0]} {short}_width: {pair[1]}"
            )
    return found


def _check_input(function: str, x: np.ndarray[Any, Any], dims: tuple[int, int]) -> None:
    if x.ndim not in dims:
        if function == "im2col" and x.ndim < 3:
            raise IndexError(
                f"Dimension out of range: unfold() expects an image of 3 or (with a batch) 4 dimensions, got {x.ndim}"
            )
        raise RuntimeError(_shape_text(dims, x.shape))
    if 0 in x.shape[1 if x.ndim == dims[1] else 0 :]:
        raise RuntimeError(_shape_text(dims, x.shape))
    if x.dtype.kind in "iu":
        raise NotImplementedError(
            f"\"{function}_out_cpu\" not implemented for '{dtypes.type_name(x.dtype)}'. Convert the input first: "
            "x.float()."
        )


def _shape_text(dims: tuple[int, int], shape: tuple[int, ...]) -> str:
    return (
        f"Expected {dims[0]}D or {dims[1]}D (batch mode) tensor with possibly 0 batch size and other non-zero "
        f"dimensions for input, but got: {list(shape)}"
    )


# --- public ------------------------------------------------------------------------------------------------------


def unfold(input: Tensor, kernel_size: Two, dilation: Two = 1, padding: Two = 0, stride: Two = 1) -> Tensor:
    """The sliding windows of images, each as a column: (N, C, H, W) gives (N, C * kernel height * width, windows).

    Args:
        input: images, (N, C, H, W) or (C, H, W).
        kernel_size: the windows' height and width, or one number for both; as for the others.
        dilation: the distance of a window's elements.
        padding: how far windows reach beyond the edges, where there are zeros.
        stride: the distance of the windows.

    Raises:
        RuntimeError: an option is out of bounds, or not even one window fits.
        NotImplementedError: the elements are integers.

    Example:
        >>> import tinygrad_nn as tg
        >>> image = tg.arange(9.0).reshape(1, 1, 3, 3)
        >>> tg.nn.functional.unfold(image, kernel_size=2)
        tensor([[[0., 1., 3., 4.],
                 [1., 2., 4., 5.],
                 [3., 4., 6., 7.],
                 [4., 5., 7., 8.]]])
    """
    if not isinstance(input, Tensor):
        raise must_be_tensor("unfold", "input", 0, input)
    x = input._array
    options = _options("unfold", 2, kernel_size, dilation, padding, stride)
    _check_input("im2col", x, (3, 4))
    counts = window_counts(x.shape[-2:], options["kernel"], options["stride"], options["dilation"], options["padding"])
    if min(counts) < 1:
        raise RuntimeError(
            f"Given input with spatial size {x.shape[-2:]}, kernel_size={options['kernel']}, "
            f"dilation={options['dilation']}, padding={options['padding']}, calculated shape of the array of sliding "
            f"blocks as {counts}, but its components must be at least one."
        )
    return _im2col(input, **options)


def fold(
    input: Tensor, output_size: Two, kernel_size: Two, dilation: Two = 1, padding: Two = 0, stride: Two = 1
) -> Tensor:
    """Images from their sliding windows, the sums of all that lie over one another: the adjoint of `unfold`.

    Args:
        input: windows as columns, (N, C * kernel height * width, windows), or without N.
        output_size: the images' height and width.
        kernel_size, dilation, padding, stride: as for `unfold`.

    Raises:
        RuntimeError: an option is out of bounds, or the input's lengths are not those that `unfold` gives.
        NotImplementedError: the elements are integers.

    Example:
        >>> import tinygrad_nn as tg
        >>> columns = tg.nn.functional.unfold(tg.ones(1, 1, 3, 3), kernel_size=2)
        >>> tg.nn.functional.fold(columns, (3, 3), kernel_size=2)
        tensor([[[[1., 2., 1.],
                  [2., 4., 2.],
                  [1., 2., 1.]]]])
    """
    if not isinstance(input, Tensor):
        raise must_be_tensor("fold", "input", 0, input)
    x = input._array
    size = _two("fold", "output_size", 2, output_size)
    options = _options("fold", 3, kernel_size, dilation, padding, stride)
    kernel = options["kernel"]
    if x.ndim not in (2, 3) or 0 in x.shape[x.ndim - 2 :]:
        raise RuntimeError(_shape_text((2, 3), x.shape))
    if x.shape[-2] % math.prod(kernel):
        raise RuntimeError(
            f"Expected size of input's dimension {x.ndim - 2} to be divisible by the product of kernel_size, but got "
            f"input.size({x.ndim - 2})={x.shape[-2]} and kernel_size={kernel}."
        )
    rows, columns = window_counts(size, kernel, options["stride"], options["dilation"], options["padding"])
    if rows * columns != x.shape[-1] or min(rows, columns) < 1:
        raise RuntimeError(
            f"Given output_size={size}, kernel_size={kernel}, dilation={options['dilation']}, "
            f"padding={options['padding']}, stride={options['stride']}, expected size of input's dimension "
            f"{x.ndim - 1} to match the calculated number of sliding blocks {rows} * {columns} = {rows * columns}, but "
            f"got input.size({x.ndim - 1})={x.shape[-1]}."
        )
    _check_input("col2im", x, (2, 3))
    return _col2im(input, size=size, **options)
