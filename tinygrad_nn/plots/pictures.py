"""Arrays as pictures: gray or coloured, whatever their layout."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..metrics.reading import Array
from .canvas import numbers


def as_pictures(values: Any, shape: tuple[int, ...] | None = None) -> Array:
    """Pictures (N, height, width) or (N, height, width, 3).

    Args:
        values: (N, height, width), (N, 1, height, width), (N, 3, height, width), (N, height, width, 1 or 3 or 4); or
            (N, pixels).
        shape: of one picture, where they are flat: (height, width), or with colours. Square if None.

    Raises:
        ValueError: they can be no pictures.
    """
    array = numbers(values)
    if shape is not None:
        array = array.reshape(len(array), *shape)
    if array.ndim == 2:
        side = math.isqrt(array.shape[1])
        if side * side != array.shape[1]:
            raise ValueError(
                f"images: {array.shape[1]} pixels are no square. Give shape=(height, width), or images "
                "(N, height, width)"
            )
        array = array.reshape(len(array), side, side)
    if array.ndim == 4 and (array.shape[1] in (1, 3) or (array.shape[1] == 4 and array.shape[3] not in (1, 3, 4))):
        array = np.moveaxis(array, 1, -1)  # PyTorch's layout
    if array.ndim == 4 and array.shape[3] == 1:
        array = array[..., 0]
    if array.ndim not in (3, 4) or (array.ndim == 4 and array.shape[3] not in (3, 4)):
        raise ValueError(
            f"images: expected (N, height, width), (N, channels, height, width) or (N, pixels), got {array.shape}"
        )
    return array


def show(ax: Any, picture: Array, **options: Any) -> Any:
    """Draw a picture without axes. Colours that are not between 0 and 1 (or bytes) are stretched to that."""
    if picture.ndim == 3 and picture.dtype != np.uint8:
        picture = picture.astype(np.float64)
        least, most = picture.min(), picture.max()
        if least < 0 or most > 1:
            picture = (picture - least) / max(most - least, 1e-12)
    elif picture.ndim == 2:
        picture = picture.astype(np.float64)
        options = {"cmap": "gray_r", **options}
    image = ax.imshow(picture, interpolation="nearest", **options)
    ax.set_xticks([])
    ax.set_yticks([])
    return image
