"""The transforms as functions, in torchvision's names.

An image is one of Pillow's, an array of shape ``(H, W)`` or ``(H, W, C)``, or a tensor of shape ``(..., C, H, W)``.
What comes out is of the same kind. Arrays are treated exactly as Pillow treats images; in functions of color, within
one step of it.

Source: https://docs.pytorch.org/vision/stable/transforms.html#functional-transforms
"""

from __future__ import annotations

from .coloring import (
    adjust_brightness,
    adjust_contrast,
    adjust_gamma,
    adjust_hue,
    adjust_saturation,
    adjust_sharpness,
    autocontrast,
    equalize,
    gaussian_blur,
    invert,
    posterize,
    rgb_to_grayscale,
    solarize,
    to_grayscale,
)
from .converting import convert_image_dtype, erase, normalize, pil_to_tensor, to_pil_image, to_tensor
from .modes import InterpolationMode
from .placing import (
    affine,
    center_crop,
    crop,
    five_crop,
    get_dimensions,
    get_image_num_channels,
    get_image_size,
    hflip,
    pad,
    resize,
    resized_crop,
    rotate,
    ten_crop,
    vflip,
)

__all__ = [
    "InterpolationMode", "adjust_brightness", "adjust_contrast", "adjust_gamma", "adjust_hue", "adjust_saturation",
    "adjust_sharpness", "affine", "autocontrast", "center_crop", "convert_image_dtype", "crop", "equalize", "erase",
    "five_crop", "gaussian_blur", "get_dimensions", "get_image_num_channels", "get_image_size", "hflip", "invert",
    "normalize", "pad", "pil_to_tensor", "posterize", "resize", "resized_crop", "rgb_to_grayscale", "rotate",
    "solarize", "ten_crop", "to_grayscale", "to_pil_image", "to_tensor", "vflip",
]  # fmt: skip
