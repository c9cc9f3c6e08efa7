"""What is done to arrays of pixels, of shape ``(H, W)`` or ``(H, W, C)``: what Pillow does to images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from . import resampling
from .modes import InterpolationMode

Array = np.ndarray[Any, Any]


def dimensions(image: Array) -> list[int]:
    """Channels, height, width.

    Raises:
        TypeError: it has other dimensions.
    """
    if image.ndim not in (2, 3):
        raise TypeError(f"An array of pixels has shape (H, W) or (H, W, C). Got {image.shape}.")
    return [1 if image.ndim == 2 else image.shape[2], image.shape[0], image.shape[1]]


def hflip(image: Array) -> Array:
    """Left and right exchanged."""
    return image[:, ::-1]


def vflip(image: Array) -> Array:
    """Above and below exchanged."""
    return image[::-1]


def pad(image: Array, padding: Sequence[int], fill: Any, mode: str) -> Array:
    """Pixels added to the left, above, to the right and below; taken away where a number is negative."""
    left, top, right, bottom = padding
    height, width = image.shape[:2]
    image = image[max(-top, 0) : height + min(bottom, 0), max(-left, 0) : width + min(right, 0)]
    widths = [(max(top, 0), max(bottom, 0)), (max(left, 0), max(right, 0)), *[(0, 0)] * (image.ndim - 2)]
    if mode != "constant":
        return np.pad(image, widths, mode)  # type: ignore[call-overload,no-any-return] # one of the names it knows
    padded = np.empty([n + before + after for n, (before, after) in zip(image.shape, widths, strict=True)], image.dtype)
    padded[...] = parsed_fill(fill, image)
    rows, columns = widths[0][0], widths[1][0]
    padded[rows : rows + image.shape[0], columns : columns + image.shape[1]] = image
    return padded


def parsed_fill(fill: Any, image: Array) -> Any:
    """A value for each channel.

    Raises:
        ValueError: there are more or fewer.
    """
    channels = dimensions(image)[0]
    if isinstance(fill, list | tuple):
        if len(fill) not in (1, channels):
            raise ValueError(
                "The number of elements in 'fill' does not match the number of channels of the image "
                f"({len(fill)} != {channels})"
            )
        return np.array(fill).astype(image.dtype) if len(fill) > 1 or image.ndim == 3 else fill[0]
    return 0 if fill is None else int(fill) if image.dtype.kind in "iu" else fill


def crop(image: Array, top: int, left: int, height: int, width: int) -> Array:
    """A part of the image; what lies outside of it is 0."""
    part = image[max(top, 0) : max(top + height, 0), max(left, 0) : max(left + width, 0)]
    if part.shape[:2] == (height, width):
        return part
    out = np.zeros((height, width, *image.shape[2:]), image.dtype)
    row, column = max(-top, 0), max(-left, 0)
    out[row : row + part.shape[0], column : column + part.shape[1]] = part
    return out


def resize(image: Array, size: Sequence[int], mode: InterpolationMode) -> Array:
    """The image in another height and width."""
    return resampling.resize(image, size[0], size[1], mode)


def rotate(image: Array, angle: float, mode: InterpolationMode, expand: bool, center: Any, fill: Any) -> Array:
    """The image turned against the clock."""
    return resampling.rotate(image, angle, mode, expand, center, parsed_fill(fill, image))


def affine(image: Array, matrix: Sequence[float], mode: InterpolationMode, fill: Any) -> Array:
    """For each pixel the value at the place to which the matrix leads."""
    return resampling.affine(image, matrix, mode, parsed_fill(fill, image))


def grayscale(image: Array, channels: int) -> Array:
    """Without color, in one or three equal channels.

    Raises:
        ValueError: another number of channels is asked for.
    """
    if channels not in (1, 3):
        raise ValueError("num_output_channels should be either 1 or 3")
    gray = image if image.ndim == 2 else image[..., 0]
    if image.ndim == 3 and image.shape[2] >= 3:
        if image.dtype == np.uint8:
            red, green, blue = (image[..., number].astype(np.uint32) for number in range(3))
            gray = ((red * 19595 + green * 38470 + blue * 7471 + 0x8000) >> 16).astype(np.uint8)
        else:
            gray = (image[..., :3] @ np.array([0.299, 0.587, 0.114])).astype(image.dtype)
    return gray if channels == 1 else np.stack([gray] * 3, -1)
