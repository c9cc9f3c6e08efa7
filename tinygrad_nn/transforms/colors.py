"""What is done to images that are tensors, of shape ``(..., C, H, W)``: values of pixels.

Source: https://docs.pytorch.org/vision/stable/transforms.html
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tinygrad_nn._core import dtypes
from tinygrad_nn._core.tensor import Tensor, wrap
from tinygrad_nn.ops.arithmetic import div
from tinygrad_nn.ops.join import cat, stack
from tinygrad_nn.ops.selection import where

from .images import check_channels, dimensions, largest
from .images import pad as pad_image

Array = np.ndarray[Any, Any]


def convert(image: Tensor, kind: dtypes.dtype) -> Tensor:
    """The image in another type, white being the largest whole number, or 1.

    Raises:
        RuntimeError: the type has more digits than the image.
    """
    if image.dtype is kind:
        return image
    if image.is_floating_point():
        if kind.is_floating_point:
            return image.to(kind)
        unsafe = {dtypes.float32: (dtypes.int32, dtypes.int64), dtypes.float64: (dtypes.int64,)}
        if kind in unsafe.get(image.dtype, ()):
            raise RuntimeError(f"The cast from {image.dtype} to {kind} cannot be performed safely.")
        return image.mul(float(largest(kind)) + 1.0 - 1e-3).to(kind)
    most = largest(image.dtype)
    if kind.is_floating_point:
        return image.to(kind) / float(most)
    if most > largest(kind):
        return div(image, (most + 1) // (largest(kind) + 1), rounding_mode="floor").to(kind)
    return image.to(kind) * ((largest(kind) + 1) // (most + 1))


def grayscale(image: Tensor, channels: int) -> Tensor:
    """Without color, in one or three equal channels.

    Raises:
        TypeError: it has neither one channel nor three.
        ValueError: another number of channels is asked for.
    """
    if image.ndim < 3:
        raise TypeError(f"Input image tensor should have at least 3 dimensions, but found {image.ndim}")
    check_channels(image)
    if channels not in (1, 3):
        raise ValueError("num_output_channels should be either 1 or 3")
    if image.shape[-3] == 3:
        red, green, blue = image.unbind(-3)
        gray = (0.2989 * red + 0.587 * green + 0.114 * blue).to(image.dtype).unsqueeze(-3)
    else:
        gray = image.clone()
    return gray.expand(image.shape) if channels == 3 else gray


def _blend(image: Tensor, other: Tensor, ratio: float) -> Tensor:
    mixed = ratio * image + (1.0 - ratio) * other
    return mixed.clamp(0, largest(image.dtype)).to(image.dtype)


def adjust_brightness(image: Tensor, factor: float) -> Tensor:
    """Lighter or darker."""
    check_channels(image)
    return _blend(image, image * 0, factor)


def adjust_contrast(image: Tensor, factor: float) -> Tensor:
    """Further from or nearer to the mean."""
    check_channels(image)
    kind = image.dtype if image.is_floating_point() else dtypes.float32
    gray = grayscale(image, 1) if dimensions(image)[0] == 3 else image
    return _blend(image, gray.to(kind).mean(dim=(-3, -2, -1), keepdim=True), factor)


def adjust_saturation(image: Tensor, factor: float) -> Tensor:
    """Further from or nearer to gray."""
    check_channels(image)
    return image if dimensions(image)[0] == 1 else _blend(image, grayscale(image, 1), factor)


def adjust_hue(image: Tensor, factor: float) -> Tensor:
    """Other colors, by this part of the circle."""
    check_channels(image)
    if dimensions(image)[0] == 1:
        return image
    hue, saturation, value = _hue_saturation_value(convert(image, dtypes.float32))
    return convert(_red_green_blue((hue + factor) % 1.0, saturation, value), image.dtype)


def _hue_saturation_value(image: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    red, green, blue = image.unbind(-3)
    most, least = image.amax(-3), image.amin(-3)
    gray, spread = most == least, most - least
    saturation = spread / where(gray, 1.0, most)
    divisor = where(gray, 1.0, spread)
    r, g, b = ((most - color) / divisor for color in (red, green, blue))
    of_red, of_green = most == red, (most == green) & (most != red)
    of_blue = (most != green) & (most != red)
    hue = of_red * (b - g) + of_green * (2.0 + r - b) + of_blue * (4.0 + g - r)
    return (hue / 6.0 + 1.0).fmod(1.0), saturation, most


def _red_green_blue(hue: Tensor, saturation: Tensor, value: Tensor) -> Tensor:
    sector = (hue * 6.0).floor()
    part = hue * 6.0 - sector
    p = (value * (1.0 - saturation)).clamp(0.0, 1.0)
    q = (value * (1.0 - saturation * part)).clamp(0.0, 1.0)
    t = (value * (1.0 - saturation * (1.0 - part))).clamp(0.0, 1.0)
    number = sector.to(dtypes.int32) % 6
    colors = ((value, q, p, p, t, value), (t, value, value, q, p, p), (p, p, t, value, value, q))

    def chosen(choices: tuple[Tensor, ...]) -> Tensor:
        made = choices[0]
        for which, choice in enumerate(choices[1:], 1):
            made = where(number == which, choice, made)
        return made

    return stack([chosen(choices) for choices in colors], -3)


def adjust_gamma(image: Tensor, gamma: float, gain: float) -> Tensor:
    """Each value to a power."""
    check_channels(image)
    values = image if image.is_floating_point() else convert(image, dtypes.float32)
    return convert((gain * values.pow(gamma)).clamp(0, 1), image.dtype)


def invert(image: Tensor) -> Tensor:
    """Light and dark exchanged."""
    _check_image(image)
    inverted: Tensor = largest(image.dtype) - image
    return inverted


def posterize(image: Tensor, bits: int) -> Tensor:
    """So many bits of each value."""
    _check_image(image, of_bytes=True)
    return image.bitwise_and(256 - 2 ** (8 - bits))


def solarize(image: Tensor, threshold: float) -> Tensor:
    """Light values inverted.

    Raises:
        TypeError: the threshold is above white.
    """
    _check_image(image)
    if threshold > largest(image.dtype):
        raise TypeError("Threshold should be less than bound of img.")
    inverted: Tensor = where(image >= threshold, invert(image), image)
    return inverted


def autocontrast(image: Tensor) -> Tensor:
    """From black to white, channel by channel."""
    _check_image(image)
    kind = image.dtype if image.is_floating_point() else dtypes.float32
    low = image.amin((-2, -1), keepdim=True).to(kind)
    high = image.amax((-2, -1), keepdim=True).to(kind)
    flat = high == low
    scale = where(flat, 1.0, largest(image.dtype) / where(flat, 1.0, high - low))
    stretched: Tensor = (image - where(flat, 0.0, low)) * scale
    return stretched.clamp(0, largest(image.dtype)).to(image.dtype)


def equalize(image: Tensor) -> Tensor:
    """All values equally often, channel by channel."""
    _check_image(image, of_bytes=True)
    channels = image._array.reshape(-1, *image.shape[-2:])
    return wrap(np.stack([_equalized(channel) for channel in channels]).reshape(image.shape))


def _equalized(channel: Array) -> Array:
    counts = np.bincount(channel.reshape(-1), minlength=256)
    there = counts[counts != 0]
    step = int(there[:-1].sum()) // 255
    if step == 0:
        return channel
    table = (np.cumsum(counts) + step // 2) // step
    table = np.clip(np.concatenate([[0], table[:-1]]), 0, 255).astype(np.uint8)
    equalized: Array = table[channel]
    return equalized


def _check_image(image: Tensor, of_bytes: bool = False) -> None:
    if image.ndim < 3:
        raise TypeError(f"Input image tensor should have at least 3 dimensions, but found {image.ndim}")
    if of_bytes and image.dtype is not dtypes.uint8:
        raise TypeError(f"Only torch.uint8 image tensors are supported, but found {image.dtype}")
    check_channels(image)


# --- neighbours ------------------------------------------------------------------------------------------------------


def adjust_sharpness(image: Tensor, factor: float) -> Tensor:
    """Sharper or more blurred. The pixels at the border stay."""
    check_channels(image)
    if image.shape[-1] <= 2 or image.shape[-2] <= 2:
        return image
    kind = image.dtype if image.is_floating_point() else dtypes.float32
    kernel = np.ones((3, 3), kind.dtype)
    kernel[1, 1] = 5.0
    inner = _rounded(_filtered(image.to(kind), kernel / kernel.sum()), image.dtype)
    middle = cat([image[..., 1:-1, :1], inner, image[..., 1:-1, -1:]], -1)
    return _blend(image, cat([image[..., :1, :], middle, image[..., -1:, :]], -2), factor)


def gaussian_blur(image: Tensor, kernel_size: Sequence[int], sigma: Sequence[float]) -> Tensor:
    """Blurred by a bell curve, mirrored at the border."""
    kind = image.dtype if image.is_floating_point() else dtypes.float32
    (width, height), (across, down) = kernel_size, sigma
    kernel = np.outer(_bell(height, down, kind), _bell(width, across, kind))
    padded = pad_image(image.to(kind), [width // 2, height // 2, width // 2, height // 2], None, "reflect")
    return _rounded(_filtered(padded, kernel), image.dtype)


def _bell(size: int, sigma: float, kind: dtypes.dtype) -> Array:
    half = (size - 1) * 0.5
    x = np.linspace(-half, half, size).astype(kind.dtype)
    curve = np.exp(-0.5 * (x / sigma) ** 2)
    curve /= curve.sum()
    return curve


def _filtered(image: Tensor, kernel: Array) -> Tensor:
    """Each pixel's neighbours, weighted by the kernel, where all of them are there."""
    rows, columns = image.shape[-2] - kernel.shape[0] + 1, image.shape[-1] - kernel.shape[1] + 1
    total: Tensor | None = None
    for y, line in enumerate(kernel.tolist()):
        for x, weight in enumerate(line):
            part = image[..., y : y + rows, x : x + columns] * weight
            total = part if total is None else total + part
    assert total is not None
    return total


def _rounded(image: Tensor, kind: dtypes.dtype) -> Tensor:
    return (image.round() if kind.kind in "iu" else image).to(kind)
