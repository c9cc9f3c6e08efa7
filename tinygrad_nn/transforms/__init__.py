"""Transforms of images, in torchvision's names and with its random numbers; and scaling of numbers.

    from tinygrad_nn import datasets, transforms

An image is one of the Pillow library's, an array of shape ``(H, W)`` or ``(H, W, C)``, or a tensor of shape
``(..., C, H, W)``. Pillow is not needed: arrays are treated exactly as it treats images.

Source: https://docs.pytorch.org/vision/stable/transforms.html
"""

from __future__ import annotations

from . import functional
from .conversion import ConvertImageDtype, LinearTransformation, Normalize, PILToTensor, ToPILImage, ToTensor
from .geometry import CenterCrop, FiveCrop, Pad, Resize, TenCrop
from .modes import InterpolationMode
from .random_colors import (
    ColorJitter,
    GaussianBlur,
    Grayscale,
    RandomAdjustSharpness,
    RandomAutocontrast,
    RandomEqualize,
    RandomErasing,
    RandomGrayscale,
    RandomInvert,
    RandomPosterize,
    RandomSolarize,
)
from .random_geometry import (
    RandomAffine,
    RandomCrop,
    RandomHorizontalFlip,
    RandomResizedCrop,
    RandomRotation,
    RandomVerticalFlip,
)
from .scaling import MinMaxScaler, StandardScaler
from .transform import Compose, Lambda, RandomApply, RandomChoice, RandomOrder

__all__ = [
    "CenterCrop", "ColorJitter", "Compose", "ConvertImageDtype", "FiveCrop", "GaussianBlur", "Grayscale",
    "InterpolationMode", "Lambda", "LinearTransformation", "MinMaxScaler", "Normalize", "PILToTensor", "Pad",
    "RandomAdjustSharpness", "RandomAffine", "RandomApply", "RandomAutocontrast", "RandomChoice", "RandomCrop",
    "RandomEqualize", "RandomErasing", "RandomGrayscale", "RandomHorizontalFlip", "RandomInvert", "RandomOrder",
    "RandomPosterize", "RandomResizedCrop", "RandomRotation", "RandomSolarize", "RandomVerticalFlip", "Resize",
    "StandardScaler", "TenCrop", "ToPILImage", "ToTensor", "functional",
]  # fmt: skip
