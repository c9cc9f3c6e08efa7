"""What is done to images that are tensors, of shape ``(..., C, H, W)``: places of pixels.

All of it is made of tensor functions, so that gradients go through.

Source: https://docs.pytorch.org/vision/stable/transforms.html
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tinygrad_nn._core import dtypes
from tinygrad_nn._core.tensor import Tensor, wrap
from tinygrad_nn.ops.data import tensor
from tinygrad_nn.ops.grid_sampling import grid_sample
from tinygrad_nn.ops.interpolation import interpolate
from tinygrad_nn.ops.join import cat
from tinygrad_nn.ops.padding import pad as pad_tensor
from tinygrad_nn.ops.selection import where

from .modes import InterpolationMode

_MAXIMA = {
    dtypes.uint8: 255, dtypes.int8: 127, dtypes.int16: 32767, dtypes.uint16: 65535, dtypes.int32: 2**31 - 1,
    dtypes.int64: 2**63 - 1,
}  # fmt: skip


def largest(kind: dtypes.dtype) -> int:
    """White: the largest whole number of the type, or 1."""
    return _MAXIMA.get(kind, 1)


def dimensions(image: Tensor) -> list[int]:
    """Channels, height, width.

    Raises:
        TypeError: it has fewer dimensions.
    """
    if image.ndim < 2:
        raise TypeError(f"Tensor is not a torch image. It needs a height and a width, and has shape {image.shape}.")
    return [1 if image.ndim == 2 else image.shape[-3], image.shape[-2], image.shape[-1]]


def check_channels(image: Tensor, known: Sequence[int] = (1, 3)) -> None:
    """Refuse images of other than one or three channels.

    Raises:
        TypeError: it has others.
    """
    found = dimensions(image)[0]
    if found not in known:
        raise TypeError(f"Input image tensor permitted channel values are {list(known)}, but found {found}")


def hflip(image: Tensor) -> Tensor:
    """Left and right exchanged."""
    return image.flip(-1)


def vflip(image: Tensor) -> Tensor:
    """Above and below exchanged."""
    return image.flip(-2)


def crop(image: Tensor, top: int, left: int, height: int, width: int) -> Tensor:
    """A part of the image; what lies outside of it is 0."""
    _, rows, columns = dimensions(image)
    right, bottom = left + width, top + height
    if left >= 0 and top >= 0 and right <= columns and bottom <= rows:
        return image[..., top:bottom, left:right]
    padding = [
        max(-left + min(0, right), 0), max(-top + min(0, bottom), 0), max(right - max(columns, left), 0),
        max(bottom - max(rows, top), 0),
    ]  # fmt: skip
    return pad(image[..., max(top, 0) : bottom, max(left, 0) : right], padding, 0, "constant")


def pad(image: Tensor, padding: Sequence[int], fill: Any, mode: str) -> Tensor:
    """Pixels added to the left, above, to the right and below; taken away where a number is negative.

    Raises:
        TypeError: the fill is no number.
    """
    left, top, right, bottom = padding
    if not isinstance(fill, int | float | None):
        raise TypeError("Got inappropriate fill arg. For tensors it is one number.")
    if mode == "symmetric":
        return _padded_symmetric(image, left, top, right, bottom)
    named = {"edge": "replicate"}.get(mode, mode)
    value = float(fill or 0) if named == "constant" else None
    kinds = None if named == "constant" else [dtypes.float32, dtypes.float64]
    sides = [left, right, top, bottom]
    return _as_batch(image, lambda batch: pad_tensor(batch, sides, mode=named, value=value), kinds, rounded=False)


def _padded_symmetric(image: Tensor, left: int, top: int, right: int, bottom: int) -> Tensor:
    rows = np.pad(np.arange(image.shape[-2]), (max(top, 0), max(bottom, 0)), "symmetric")
    columns = np.pad(np.arange(image.shape[-1]), (max(left, 0), max(right, 0)), "symmetric")
    rows = rows[max(-top, 0) : len(rows) + min(bottom, 0)]
    columns = columns[max(-left, 0) : len(columns) + min(right, 0)]
    return image[..., wrap(rows)[:, None], wrap(columns)[None, :]]


def resize(image: Tensor, size: Sequence[int], mode: InterpolationMode, antialias: bool | None) -> Tensor:
    """The image in another height and width."""
    smooth = mode in (InterpolationMode.BILINEAR, InterpolationMode.BICUBIC)

    def resized(batch: Tensor) -> Tensor:
        corners = False if smooth else None
        new = interpolate(
            batch, list(size), mode=mode.value, align_corners=corners, antialias=bool(antialias) and smooth
        )
        if mode is InterpolationMode.BICUBIC and image.dtype is dtypes.uint8:
            new = new.clamp(0, 255)
        return new

    return _as_batch(image, resized, [dtypes.float32, dtypes.float64])


def _as_batch(
    image: Tensor, function: Callable[[Tensor], Tensor], kinds: Sequence[dtypes.dtype] | None, rounded: bool = True
) -> Tensor:
    """Call a function on images ``(N, C, H, W)``, of one of these types, and give the result the image's own."""
    batch = image if image.ndim >= 4 else image.unsqueeze(0)
    kind = image.dtype
    cast = kinds is not None and kind not in kinds
    out = function(batch.to(kinds[0]) if cast and kinds is not None else batch)
    out = out if image.ndim >= 4 else out.squeeze(0)
    if cast:
        out = (out.round() if rounded and kind.kind in "iu" else out).to(kind)
    return out


# --- turning and shearing --------------------------------------------------------------------------------------------


def affine(image: Tensor, matrix: Sequence[float], mode: InterpolationMode, fill: Any) -> Tensor:
    """For each pixel the value at the place to which the matrix leads, with the middle of the image as origin."""
    return _sampled(image, matrix, mode, fill, (image.shape[-2], image.shape[-1]))


def rotate(image: Tensor, matrix: Sequence[float], mode: InterpolationMode, expand: bool, fill: Any) -> Tensor:
    """As `affine`; with `expand`, in a size that holds all of it."""
    height, width = image.shape[-2:]
    return _sampled(image, matrix, mode, fill, _expanded(matrix, height, width) if expand else (height, width))


def _expanded(matrix: Sequence[float], height: int, width: int) -> tuple[int, int]:
    """The height and width of the turned image, in float32 as torchvision computes them."""
    half = np.array([0.5 * width, 0.5 * height], np.float32)
    signs = np.array([[-1, -1], [-1, 1], [1, 1], [1, -1]], np.float32)
    corners = np.concatenate([signs * half, np.ones((4, 1), np.float32)], 1)
    turned = corners @ np.array(matrix, np.float32).reshape(2, 3).T
    low, high = turned.min(0) + half, turned.max(0) + half
    step = np.float32(1e-4)
    size = np.ceil(np.trunc(high / step) * step) - np.floor(np.trunc(low / step) * step)
    return int(size[1]), int(size[0])


def _sampled(
    image: Tensor, matrix: Sequence[float], mode: InterpolationMode, fill: Any, size: tuple[int, int]
) -> Tensor:
    if mode not in (InterpolationMode.NEAREST, InterpolationMode.BILINEAR):
        raise ValueError(
            f"Interpolation mode '{mode.value}' is unsupported with Tensor input. Use nearest or bilinear, or an image."
        )
    channels, height, width = dimensions(image)
    if isinstance(fill, list | tuple) and len(fill) not in (1, channels):
        raise ValueError(
            "The number of elements in 'fill' cannot broadcast to match the number of channels of the image "
            f"({len(fill)} != {channels})"
        )
    kind = image.dtype if image.is_floating_point() else dtypes.float32
    grid = _grid(matrix, (height, width), size, kind)
    return _as_batch(image, lambda batch: _with_fill(batch, grid, mode.value, fill), [kind])


def _grid(matrix: Sequence[float], size: tuple[int, int], out: tuple[int, int], kind: dtypes.dtype) -> Tensor:
    """Where each new pixel is found, from -1 to 1. Shape: ``(1, H, W, 2)``."""
    theta = np.array(matrix, kind.dtype).reshape(2, 3)
    rows, columns = out
    base = np.ones((rows, columns, 3), kind.dtype)
    base[..., 0] = np.linspace(-columns * 0.5 + 0.5, columns * 0.5 - 0.5, columns)
    base[..., 1] = np.linspace(-rows * 0.5 + 0.5, rows * 0.5 - 0.5, rows)[:, None]
    scaled = theta.T / np.array([0.5 * size[1], 0.5 * size[0]], kind.dtype)
    return wrap((base.reshape(-1, 3) @ scaled).reshape(1, rows, columns, 2))


def _with_fill(batch: Tensor, grid: Tensor, mode: str, fill: Any) -> Tensor:
    """Sampled at the places of the grid; outside of the image lies the fill."""
    grid = grid.expand(batch.shape[0], *grid.shape[1:])
    if fill is None:
        return grid_sample(batch, grid, mode=mode, padding_mode="zeros", align_corners=False)
    mask = wrap(np.ones((batch.shape[0], 1, *batch.shape[2:]), batch._array.dtype))
    sampled = grid_sample(cat([batch, mask], 1), grid, mode=mode, padding_mode="zeros", align_corners=False)
    out, mask = sampled[:, :-1], sampled[:, -1:]
    colors = tensor([float(value) for value in (fill if isinstance(fill, list | tuple) else [fill])], dtype=out.dtype)
    colors = colors.reshape(1, -1, 1, 1)
    return where(mask < 0.5, colors, out) if mode == "nearest" else out * mask + (1.0 - mask) * colors


def inverse_matrix(
    center: Sequence[float], angle: float, translate: Sequence[float], scale: float, shear: Sequence[float]
) -> list[float]:
    """The matrix that leads from a new pixel to its place in the image, as Pillow takes it.

    The image is sheared, scaled and turned about the center, and then moved.
    """
    turn, shear_x, shear_y = math.radians(angle), math.radians(shear[0]), math.radians(shear[1])
    (cx, cy), (tx, ty) = center, translate
    a = math.cos(turn - shear_y) / math.cos(shear_y)
    b = -math.cos(turn - shear_y) * math.tan(shear_x) / math.cos(shear_y) - math.sin(turn)
    c = math.sin(turn - shear_y) / math.cos(shear_y)
    d = -math.sin(turn - shear_y) * math.tan(shear_x) / math.cos(shear_y) + math.cos(turn)
    matrix = [value / scale for value in (d, -b, 0.0, -c, a, 0.0)]
    matrix[2] += matrix[0] * (-cx - tx) + matrix[1] * (-cy - ty)
    matrix[5] += matrix[3] * (-cx - tx) + matrix[4] * (-cy - ty)
    matrix[2] += cx
    matrix[5] += cy
    return matrix
