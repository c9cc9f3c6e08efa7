"""Moving channels: into space and back, and among each other. All of it is reshaping.

Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.pixel_shuffle.html
"""

from __future__ import annotations

from .._core.memory_format import contiguous_format
from .._core.op import composite
from .._core.tensor import Tensor
from .shape import clone, reshape
from .transposes import permute, transpose


def _checked(name: str, input: Tensor, word: str, factor: int) -> tuple[int, int, int]:
    """The numbers of channels, rows and columns.

    Raises:
        RuntimeError: fewer than three dimensions, or a factor below 1.
    """
    shape = input._array.shape
    if len(shape) < 3:
        raise RuntimeError(
            f"{name} expects input to have at least 3 dimensions, but got input with {len(shape)} dimension(s)"
        )
    if factor <= 0:
        raise RuntimeError(f"{name} expects a positive {word}, but got {factor}")
    return shape[-3], shape[-2], shape[-1]


def _moved(input: Tensor, apart: tuple[int, ...], order: tuple[int, ...], joined: tuple[int, ...]) -> Tensor:
    """The last three dimensions taken apart, brought into another order, and joined again; a copy."""
    batch = input._array.shape[:-3]
    first = len(batch)
    x = reshape(input, shape=(*batch, *apart))
    x = permute(x, dims=(*range(first), *[first + d for d in order]))
    result: Tensor = reshape(clone(x, memory_format=contiguous_format), shape=(*batch, *joined))
    return result


@composite(method=False)
def pixel_shuffle(input: Tensor, upscale_factor: int) -> Tensor:
    """Channels moved into space: (..., C * r * r, H, W) becomes (..., C, H * r, W * r).

    Args:
        input: the tensor.
        upscale_factor: r.

    Raises:
        RuntimeError: the channels are no multiple of r * r.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.pixel_shuffle(tg.arange(4).reshape(4, 1, 1), 2)
        tensor([[[0, 1],
                 [2, 3]]])
    """
    r = upscale_factor
    channels, rows, columns = _checked("pixel_shuffle", input, "upscale_factor", r)
    if channels % (r * r):
        raise RuntimeError(
            "pixel_shuffle expects its input's 'channel' dimension to be divisible by the square of upscale_factor, "
            f"but input.size(-3)={channels} is not divisible by {r * r}"
        )
    made = channels // (r * r)
    return _moved(input, (made, r, r, rows, columns), (0, 3, 1, 4, 2), (made, rows * r, columns * r))


@composite(method=False)
def pixel_unshuffle(input: Tensor, downscale_factor: int) -> Tensor:
    """Space moved into channels: (..., C, H * r, W * r) becomes (..., C * r * r, H, W); undoes `pixel_shuffle`.

    Args:
        input: the tensor.
        downscale_factor: r.

    Raises:
        RuntimeError: the height or the width is no multiple of r.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.pixel_unshuffle(tg.arange(4).reshape(1, 2, 2), 2).flatten()
        tensor([0, 1, 2, 3])
    """
    r = downscale_factor
    channels, height, width = _checked("pixel_unshuffle", input, "downscale_factor", r)
    for word, place, length in (("height", -2, height), ("width", -1, width)):
        if length % r:
            raise RuntimeError(
                f"pixel_unshuffle expects {word} to be divisible by downscale_factor, but input.size({place})={length} "
                f"is not divisible by {r}"
            )
    rows, columns = height // r, width // r
    return _moved(input, (channels, rows, r, columns, r), (0, 2, 4, 1, 3), (channels * r * r, rows, columns))


@composite(method=False)
def channel_shuffle(input: Tensor, groups: int) -> Tensor:
    """The channels, the second dimension, dealt out in turn from each of so many groups.

    Raises:
        RuntimeError: the channels cannot be divided into so many groups.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.channel_shuffle(tg.arange(4).reshape(1, 4, 1), 2).flatten()
        tensor([0, 2, 1, 3])
    """
    shape = input._array.shape
    if len(shape) < 3:
        raise RuntimeError(f"channel_shuffle expects input with > 2 dims, but got input with sizes {list(shape)}")
    if groups <= 0:
        raise RuntimeError(f"Number of groups to divide channels in must be positive. Value of groups:{groups}")
    if shape[1] % groups:
        raise RuntimeError(
            f"Number of channels must be divisible by groups. Got {shape[1]} channels and {groups} groups."
        )
    apart = reshape(input, shape=(shape[0], groups, shape[1] // groups, *shape[2:]))
    result: Tensor = reshape(clone(transpose(apart, 1, 2), memory_format=contiguous_format), shape=shape)
    return result


native_channel_shuffle = channel_shuffle

__all__ = ["channel_shuffle", "native_channel_shuffle", "pixel_shuffle", "pixel_unshuffle"]
