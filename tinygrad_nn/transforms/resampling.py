"""Arrays resized, turned and sheared exactly as Pillow does it to images, to the last bit.

Pillow computes with whole numbers where pixels are bytes; so do these functions, in float64, which holds them. They
resize rows before columns, as Pillow does up to version 12; from 13 on it begins with the columns where the height
shrinks much more than the width.

Source: https://github.com/python-pillow/Pillow (src/libImaging/Resample.c, Geometry.c)
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .modes import InterpolationMode

Array = np.ndarray[Any, Any]
_BITS = 22  # behind the point, of the weights for bytes


# --- sizes -----------------------------------------------------------------------------------------------------------


def resize(image: Array, height: int, width: int, mode: InterpolationMode) -> Array:
    """The image in another size. Shape: ``(H, W)`` or ``(H, W, C)``."""
    if mode in (InterpolationMode.NEAREST, InterpolationMode.NEAREST_EXACT):
        scales = (image.shape[1] / width, 0.0, 0.0, 0.0, image.shape[0] / height, 0.0)
        return _picked(image, *_scaled_places(scales, (height, width)), None, (height, width))
    for axis, length in ((1, width), (0, height)):
        if image.shape[axis] != length:
            image = _resampled(image, axis, length, mode)
    return image


def _resampled(image: Array, axis: int, length: int, mode: InterpolationMode) -> Array:
    of_bytes = image.dtype == np.uint8
    weights = _weights(image.shape[axis], length, mode.value, of_bytes)  # (length, size)
    moved = np.moveaxis(image, axis, 0)
    sums = np.tensordot(weights, moved.astype(np.float64), 1)
    if of_bytes:
        sums = np.clip(np.floor((sums + 2.0 ** (_BITS - 1)) * 2.0**-_BITS), 0, 255)
    return np.moveaxis(sums.astype(image.dtype), 0, axis)


@functools.lru_cache(maxsize=64)
def _weights(size: int, length: int, name: str, whole: bool) -> Array:
    """How much each pixel counts for each new one; rounded to whole numbers for bytes."""
    kernel, reach = _KERNELS[name]
    scale = size / length
    stretch = max(scale, 1.0)
    support = reach * stretch
    weights = np.zeros((length, size))
    for place in range(length):
        center = (place + 0.5) * scale
        low = max(int(center - support + 0.5), 0)
        high = min(int(center + support + 0.5), size)
        row = [kernel((x + low - center + 0.5) * (1.0 / stretch)) for x in range(high - low)]
        total = 0.0
        for weight in row:
            total += weight
        weights[place, low:high] = [weight / total for weight in row] if total else row
    if whole:
        scaled = weights * 2.0**_BITS
        weights = np.trunc(scaled + np.where(weights < 0, -0.5, 0.5))
    return weights


def _triangle(x: float) -> float:
    return max(1.0 - abs(x), 0.0)


def _box(x: float) -> float:
    return 1.0 if -0.5 < x <= 0.5 else 0.0


def _hamming(x: float) -> float:
    x = abs(x)
    if x == 0.0:
        return 1.0
    if x >= 1.0:
        return 0.0
    x *= math.pi
    return math.sin(x) / x * (0.54 + 0.46 * math.cos(x))


def _cubic(x: float) -> float:
    a, x = -0.5, abs(x)
    if x < 1.0:
        return ((a + 2.0) * x - (a + 3.0)) * x * x + 1
    if x < 2.0:
        return (((x - 5) * x + 8) * x - 4) * a
    return 0.0


def _sinc(x: float) -> float:
    return math.sin(x * math.pi) / (x * math.pi) if x else 1.0


def _lanczos(x: float) -> float:
    return _sinc(x) * _sinc(x / 3) if -3.0 <= x < 3.0 else 0.0


_KERNELS: dict[str, tuple[Callable[[float], float], float]] = {
    "bilinear": (_triangle, 1.0), "box": (_box, 0.5), "hamming": (_hamming, 1.0), "bicubic": (_cubic, 2.0),
    "lanczos": (_lanczos, 3.0),
}  # fmt: skip


# --- turning and shearing --------------------------------------------------------------------------------------------


def rotate(
    image: Array, angle: float, mode: InterpolationMode, expand: bool, center: Sequence[float] | None, fill: Any
) -> Array:
    """The image turned against the clock."""
    height, width = image.shape[:2]
    angle = angle % 360.0
    if not center:
        if angle == 0:
            return image.copy()
        if angle == 180:
            return image[::-1, ::-1]
        if angle in (90, 270) and (expand or width == height):
            return np.rot90(image, 1 if angle == 90 else 3)
    middle = (width / 2, height / 2) if center is None else (center[0], center[1])
    turn = -math.radians(angle)
    cos, sin = round(math.cos(turn), 15), round(math.sin(turn), 15)
    matrix = [cos, sin, 0.0, round(-math.sin(turn), 15), cos, 0.0]
    matrix[2], matrix[5] = _mapped(-middle[0], -middle[1], matrix)
    matrix[2] += middle[0]
    matrix[5] += middle[1]
    size = (height, width)
    if expand:
        corners = [_mapped(x, y, matrix) for x, y in ((0, 0), (width, 0), (width, height), (0, height))]
        xs, ys = zip(*corners, strict=True)
        size = (math.ceil(max(ys)) - math.floor(min(ys)), math.ceil(max(xs)) - math.floor(min(xs)))
        matrix[2], matrix[5] = _mapped(-(size[1] - width) / 2.0, -(size[0] - height) / 2.0, matrix)
    return affine(image, matrix, mode, fill, size)


def _mapped(x: float, y: float, matrix: Sequence[float]) -> tuple[float, float]:
    a, b, c, d, e, f = matrix
    return a * x + b * y + c, d * x + e * y + f


def affine(
    image: Array, matrix: Sequence[float], mode: InterpolationMode, fill: Any, size: tuple[int, int] | None = None
) -> Array:
    """For each new pixel the value at the place of the image to which the matrix leads: ``ax+by+c``, ``dx+ey+f``."""
    size = size or (image.shape[0], image.shape[1])
    if mode in (InterpolationMode.NEAREST, InterpolationMode.NEAREST_EXACT):
        if matrix[1] == 0 and matrix[3] == 0:
            return _picked(image, *_scaled_places(matrix, size), fill, size)
        return _picked(image, *_places(matrix, size, image.shape), fill, size)
    sampled = _bilinear if mode is InterpolationMode.BILINEAR else _bicubic
    y, x = np.indices(size, np.float64)
    a, b, c, d, e, f = matrix
    x_in, y_in = a * (x + 0.5) + b * (y + 0.5) + c, d * (x + 0.5) + e * (y + 0.5) + f
    inside = (x_in >= 0) & (x_in < image.shape[1]) & (y_in >= 0) & (y_in < image.shape[0])
    out = _filled(image, size, fill)
    out[inside] = sampled(image, x_in[inside] - 0.5, y_in[inside] - 0.5)
    return out


def _filled(image: Array, size: tuple[int, int], fill: Any) -> Array:
    out = np.zeros((*size, *image.shape[2:]), image.dtype)
    if fill is not None:
        out[...] = fill
    return out


def _picked(image: Array, x: Array, y: Array, fill: Any, size: tuple[int, int]) -> Array:
    """The pixels of these columns and rows; where there are none, the fill."""
    inside = (x >= 0) & (x < image.shape[1]) & (y >= 0) & (y < image.shape[0])
    if inside.all():
        return image[y, x]
    out = _filled(image, size, fill)
    inside = np.broadcast_to(inside, size)
    out[inside] = image[np.broadcast_to(y, size)[inside], np.broadcast_to(x, size)[inside]]
    return out


def _scaled_places(matrix: Sequence[float], size: tuple[int, int]) -> tuple[Array, Array]:
    """Columns and rows, where each depends on its own place only: added up step by step, as Pillow does."""

    def steps(start: float, step: float, count: int) -> Array:
        places = np.add.accumulate(np.array([start, *[step] * (count - 1)])) if count else np.zeros(0)
        return np.where(places < 0, -1, places).astype(np.int64)

    x = steps(matrix[2] + matrix[0] * 0.5, matrix[0], size[1])
    y = steps(matrix[5] + matrix[4] * 0.5, matrix[4], size[0])
    return x[None, :], y[:, None]


def _places(matrix: Sequence[float], size: tuple[int, int], shape: tuple[int, ...]) -> tuple[Array, Array]:
    """Columns and rows, with 16 bits behind the point."""
    a, b, c, d, e, f = matrix
    y, x = np.indices(size, np.int64)
    corners = [_mapped(x, y, matrix) for x in (0, size[1]) for y in (0, size[0])]
    if all(abs(place) < 32768.0 for corner in corners for place in corner):
        fixed = [math.floor(v * 65536.0 + 0.5) for v in (a, b, c + a * 0.5 + b * 0.5, d, e, f + d * 0.5 + e * 0.5)]
        return (fixed[2] + x * fixed[0] + y * fixed[1]) >> 16, (fixed[5] + x * fixed[3] + y * fixed[4]) >> 16
    x_in, y_in = a * (x + 0.5) + b * (y + 0.5) + c, d * (x + 0.5) + e * (y + 0.5) + f
    return np.where(x_in < 0, -1, x_in).astype(np.int64), np.where(y_in < 0, -1, y_in).astype(np.int64)


def _bilinear(image: Array, x: Array, y: Array) -> Array:
    left, top = np.floor(x).astype(np.int64), np.floor(y).astype(np.int64)
    dx, dy = _as_weights(x - left, image), _as_weights(y - top, image)

    def line(row: Array) -> Array:
        first = image[row, _within(left, image.shape[1])].astype(np.float64)
        second = image[row, _within(left + 1, image.shape[1])].astype(np.float64)
        return first + (second - first) * dx

    upper = line(_within(top, image.shape[0]))
    below = top + 1
    there = _as_weights((below >= 0) & (below < image.shape[0]), image)
    lower = np.where(there, line(_within(below, image.shape[0])), upper)
    value: Array = upper + (lower - upper) * dy
    return value.astype(image.dtype)


def _bicubic(image: Array, x: Array, y: Array) -> Array:
    left, top = np.floor(x).astype(np.int64), np.floor(y).astype(np.int64)
    dx, dy = _as_weights(x - left, image), _as_weights(y - top, image)

    def line(row: Array) -> Array:
        columns = [_within(left + shift, image.shape[1]) for shift in (-1, 0, 1, 2)]
        return _cubic_between(*(image[row, column].astype(np.float64) for column in columns), dx)  # type: ignore[call-arg]

    lines = [line(_within(top - 1, image.shape[0]))]
    for shift in (0, 1, 2):
        row = top + shift
        there = _as_weights((row >= 0) & (row < image.shape[0]), image)
        lines.append(np.where(there, line(_within(row, image.shape[0])), lines[-1]))
    value = _cubic_between(lines[0], lines[1], lines[2], lines[3], dy)
    return (np.clip(value, 0, 255) if image.dtype == np.uint8 else value).astype(image.dtype)


def _cubic_between(v1: Array, v2: Array, v3: Array, v4: Array, d: Array) -> Array:
    p1, p2 = v2, -v1 + v3
    p3, p4 = 2 * (v1 - v2) + v3 - v4, -v1 + v2 - v3 + v4
    value: Array = p1 + d * (p2 + d * (p3 + d * p4))
    return value


def _within(index: Array, length: int) -> Array:
    return np.clip(index, 0, length - 1)


def _as_weights(values: Array, image: Array) -> Array:
    return values[:, None] if image.ndim == 3 else values
