"""The three kinds of image, and the functions for each."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np

from tinygrad_nn._core.tensor import Tensor

from . import arrays, images, pictures


def kind_of(image: Any) -> ModuleType | Any:
    """The module with the functions for images of this kind.

    Raises:
        TypeError: it is no image.
    """
    if isinstance(image, Tensor):
        return images
    if isinstance(image, np.ndarray):
        return arrays
    if pictures.is_image(image):
        return pictures
    raise TypeError(f"Unexpected type {type(image)}. Expected an image of Pillow's, an array or a tensor.")


def check_image(image: Any) -> None:
    """Refuse what is no tensor.

    Raises:
        TypeError: it is none.
    """
    if not isinstance(image, Tensor):
        raise TypeError(f"img should be Tensor Image. Got {type(image)}. ToTensor() makes one.")
