"""Many narrow images laid into one another, as one wide image.

Where images are narrow, their rows are too short to be copied quickly. Several images are then laid into one another,
as one image each of whose columns holds a column of all of them. What was a distance of one column is now one of as
many as there are images; otherwise a convolution of it is what it was.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .strips import Window, bytes_of, window

Array = np.ndarray[Any, Any]
_NARROW = 24  # columns
_LEAST, _MOST, _MEMORY = 8, 32, 1_000_000  # images; bytes


def folds(images: int, channels: int, outputs: int, over: Window, item: int) -> int:
    """How many images to lay into one another; 0 where that is not worth its two copies."""
    if over.shifts is not None or over.plain or over.stride[-1] != 1 or over.counts[-1] > _NARROW:
        return 0
    runs = channels * over.kernel[-1] * math.prod(over.rows)
    elements = channels * math.prod(over.lengths) + outputs * math.prod(over.counts)
    if 8 * runs < elements:  # a short run takes as long as copying so many elements
        return 0
    most = min(_MOST, _MEMORY // max(bytes_of(over, channels, outputs, item, False), 1))
    return max([n for n in range(_LEAST, most + 1) if images % n == 0], default=0)


def folded(images: Array) -> Array:
    """Images as one: the columns and then the images are its columns."""
    inward = np.ascontiguousarray(images.transpose(*range(1, images.ndim), 0))
    return inward.reshape(1, *inward.shape[:-2], inward.shape[-2] * inward.shape[-1])


def unfold(one: Array, images: Array) -> None:
    """The reverse of `folded`, written into images."""
    inward = one.reshape(*images.shape[1:], len(images))
    images[...] = inward.transpose(inward.ndim - 1, *range(inward.ndim - 1))


def folded_window(over: Window, images: int) -> Window:
    """The windows over so many images folded into one."""
    before, after = over.padding[-1]
    return window(
        (*over.lengths[:-1], over.lengths[-1] * images), over.kernel, over.stride,
        (*over.dilation[:-1], over.dilation[-1] * images),
        (*over.padding[:-1], (before * images, after * images)),
    )  # fmt: skip
