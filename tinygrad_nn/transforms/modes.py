"""Ways of finding values between pixels.

Source: https://docs.pytorch.org/vision/stable/transforms.html#torchvision.transforms.InterpolationMode
"""

from __future__ import annotations

from enum import Enum
from typing import Any


class InterpolationMode(Enum):
    """Ways of finding values between pixels: for tensors the first four, for images all but ``NEAREST_EXACT``."""

    NEAREST = "nearest"
    NEAREST_EXACT = "nearest-exact"
    BILINEAR = "bilinear"
    BICUBIC = "bicubic"
    BOX = "box"
    HAMMING = "hamming"
    LANCZOS = "lanczos"


# Pillow's numbers for them.
PILLOW = {
    InterpolationMode.NEAREST: 0, InterpolationMode.LANCZOS: 1, InterpolationMode.BILINEAR: 2,
    InterpolationMode.BICUBIC: 3, InterpolationMode.BOX: 4, InterpolationMode.HAMMING: 5,
    InterpolationMode.NEAREST_EXACT: 0,
}  # fmt: skip
_BY_NUMBER = {number: mode for mode, number in list(PILLOW.items())[:6]}


def mode_of(given: Any) -> InterpolationMode:
    """The mode that is meant, by itself or by Pillow's number.

    Raises:
        TypeError: it is none.
    """
    if isinstance(given, InterpolationMode):
        return given
    if isinstance(given, int) and given in _BY_NUMBER:
        return _BY_NUMBER[given]
    raise TypeError("Argument interpolation should be a InterpolationMode or a corresponding Pillow integer constant")
