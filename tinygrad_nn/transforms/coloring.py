"""Functions of color for all kinds of images. Arrays are treated as tensors are: within one step of Pillow's answer.

Source: https://docs.pytorch.org/vision/stable/transforms.html#functional-transforms
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tinygrad_nn._core.tensor import Tensor, wrap

from . import colors, pictures
from .kinds import kind_of


def _colored(image: Any, name: str, *arguments: Any) -> Any:
    """Call the function of this name for images of this kind."""
    if kind_of(image) is pictures:
        return getattr(pictures, name)(image, *arguments)
    return _as_tensor(image, lambda tensor: getattr(colors, name)(tensor, *arguments))


def _as_tensor(image: Any, function: Callable[[Tensor], Tensor]) -> Any:
    """Call a function of tensors on a tensor or an array."""
    if isinstance(image, Tensor):
        return function(image)
    planes = image[None] if image.ndim == 2 else image.transpose(2, 0, 1)
    result = function(wrap(np.ascontiguousarray(planes)))._array
    return result[0] if image.ndim == 2 else result.transpose(1, 2, 0)


def _checked(name: str, factor: float) -> float:
    if factor < 0:
        raise ValueError(f"{name} ({factor}) is not non-negative.")
    return float(factor)


def adjust_brightness(img: Any, brightness_factor: float) -> Any:
    """Lighter or darker: 0 is black, 1 the image, 2 twice as light.

    Raises:
        ValueError: the factor is negative.
    """
    return _colored(img, "adjust_brightness", _checked("brightness_factor", brightness_factor))


def adjust_contrast(img: Any, contrast_factor: float) -> Any:
    """More contrast or less: 0 is gray, 1 the image.

    Raises:
        ValueError: the factor is negative.
    """
    return _colored(img, "adjust_contrast", _checked("contrast_factor", contrast_factor))


def adjust_saturation(img: Any, saturation_factor: float) -> Any:
    """More color or less: 0 is none, 1 the image.

    Raises:
        ValueError: the factor is negative.
    """
    return _colored(img, "adjust_saturation", _checked("saturation_factor", saturation_factor))


def adjust_sharpness(img: Any, sharpness_factor: float) -> Any:
    """Sharper or more blurred: 0 is blurred, 1 the image, 2 sharp.

    Raises:
        ValueError: the factor is negative.
    """
    return _colored(img, "adjust_sharpness", _checked("sharpness_factor", sharpness_factor))


def adjust_hue(img: Any, hue_factor: float) -> Any:
    """Other colors, by this part of the circle, from -0.5 to 0.5.

    Raises:
        ValueError: the factor is none of these.
    """
    if not -0.5 <= hue_factor <= 0.5:
        raise ValueError(f"hue_factor ({hue_factor}) is not in [-0.5, 0.5].")
    return _colored(img, "adjust_hue", hue_factor)


def adjust_gamma(img: Any, gamma: float, gain: float = 1) -> Any:
    """Each value, from 0 to 1, to a power, times a gain.

    Raises:
        ValueError: the power is negative.
    """
    if gamma < 0:
        raise ValueError("Gamma should be a non-negative real number")
    return _colored(img, "adjust_gamma", gamma, gain)


def invert(img: Any) -> Any:
    """Light and dark exchanged."""
    return _colored(img, "invert")


def posterize(img: Any, bits: int) -> Any:
    """So many bits of each value.

    Raises:
        ValueError: bytes do not have as many.
    """
    if not 0 <= bits <= 8:
        raise ValueError(f"The number if bits should be between 0 and 8. Got {bits}")
    return _colored(img, "posterize", bits)


def solarize(img: Any, threshold: float) -> Any:
    """Values from the threshold on inverted.

    Raises:
        TypeError: the threshold is above white.
    """
    return _colored(img, "solarize", threshold)


def autocontrast(img: Any) -> Any:
    """The darkest value made black and the lightest white, channel by channel."""
    return _colored(img, "autocontrast")


def equalize(img: Any) -> Any:
    """All values made equally frequent, channel by channel."""
    return _colored(img, "equalize")


def gaussian_blur(img: Any, kernel_size: int | Sequence[int], sigma: float | Sequence[float] | None = None) -> Any:
    """The image blurred by a bell curve.

    Args:
        img: the image.
        kernel_size: its width in pixels, and its height; odd.
        sigma: the standard deviation, across and down; by the size if not given.

    Raises:
        TypeError: an argument is of no such type.
        ValueError: a size is even, or a deviation not positive.

    Source: https://docs.pytorch.org/vision/stable/generated/torchvision.transforms.functional.gaussian_blur.html
    """
    if not isinstance(kernel_size, int | list | tuple):
        raise TypeError(f"kernel_size should be int or a sequence of integers. Got {type(kernel_size)}")
    sizes = [kernel_size] * 2 if isinstance(kernel_size, int) else list(kernel_size)
    if len(sizes) != 2:
        raise ValueError(f"If kernel_size is a sequence its length should be 2. Got {len(sizes)}")
    if any(size % 2 == 0 or size < 0 for size in sizes):
        raise ValueError(f"kernel_size should have odd and positive integers. Got {sizes}")
    if sigma is None:
        sigma = [size * 0.15 + 0.35 for size in sizes]
    if not isinstance(sigma, int | float | list | tuple):
        raise TypeError(f"sigma should be either float or sequence of floats. Got {type(sigma)}")
    deviations = [float(sigma)] if isinstance(sigma, int | float) else list(sigma)
    deviations = deviations * 2 if len(deviations) == 1 else deviations
    if len(deviations) != 2:
        raise ValueError(f"If sigma is a sequence, its length should be 2. Got {len(deviations)}")
    if any(deviation <= 0.0 for deviation in deviations):
        raise ValueError(f"sigma should have positive values. Got {deviations}")
    if kind_of(img) is not pictures:
        return _as_tensor(img, lambda tensor: colors.gaussian_blur(tensor, sizes, deviations))
    planes = pictures.as_they_are(img)
    blurred = _as_tensor(planes, lambda tensor: colors.gaussian_blur(tensor, sizes, deviations))
    return pictures.from_pixels(blurred[..., 0] if blurred.shape[2] == 1 else blurred, img.mode)


def rgb_to_grayscale(img: Any, num_output_channels: int = 1) -> Any:
    """The image without color, in one or three equal channels.

    Raises:
        TypeError: a tensor has neither one channel nor three.
        ValueError: another number of channels is asked for.

    Source: https://docs.pytorch.org/vision/stable/generated/torchvision.transforms.Grayscale.html
    """
    if isinstance(img, Tensor):
        return colors.grayscale(img, num_output_channels)
    return kind_of(img).grayscale(img, num_output_channels)


def to_grayscale(img: Any, num_output_channels: int = 1) -> Any:
    """An image of Pillow's, or an array, without color.

    Raises:
        TypeError: it is a tensor, or no image.
        ValueError: another number of channels is asked for.
    """
    if isinstance(img, Tensor):
        raise TypeError("Input should be PIL Image. For tensors there is rgb_to_grayscale().")
    return rgb_to_grayscale(img, num_output_channels)
