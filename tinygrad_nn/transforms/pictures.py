"""What is done to images of the Pillow library, by itself.

Source: https://pillow.readthedocs.io
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np

from .arrays import pad as pad_array
from .modes import PILLOW, InterpolationMode

# Pixels that are no bytes; all others are read as bytes.
_TYPES: dict[str, Any] = {"I": np.int32, "I;16": np.int16, "I;16B": np.int16, "F": np.float32}


def is_image(value: Any) -> bool:
    """Whether it is an image of Pillow's. Where that has not been imported, nothing is one."""
    module = sys.modules.get("PIL.Image")
    return module is not None and isinstance(value, module.Image)


def _pil(name: str) -> Any:
    return importlib.import_module(f"PIL.{name}")


def dimensions(image: Any) -> list[int]:
    """Channels, height, width."""
    return [len(image.getbands()), image.size[1], image.size[0]]


def pixels(image: Any) -> np.ndarray[Any, Any]:
    """A copy of the pixels, of shape ``(H, W, C)``."""
    array = np.array(image, _TYPES.get(image.mode, np.uint8), copy=True)
    if image.mode == "1":
        array *= 255
    channels, height, width = dimensions(image)
    return array.reshape(height, width, channels)


def as_they_are(image: Any) -> np.ndarray[Any, Any]:
    """A copy of the pixels in Pillow's own type, of shape ``(H, W, C)``."""
    channels, height, width = dimensions(image)
    return np.array(image, copy=True).reshape(height, width, channels)


def from_pixels(array: np.ndarray[Any, Any], mode: str) -> Any:
    """An image of this mode.

    Raises:
        ImportError: Pillow is not installed.
    """
    try:
        image = _pil("Image")
    except ImportError as error:
        raise ImportError("Images are made with Pillow: python -m pip install pillow") from error
    made = image.fromarray(np.ascontiguousarray(array))
    return made if made.mode == mode else _in_mode(image, array, mode)


def _in_mode(image: Any, array: np.ndarray[Any, Any], mode: str) -> Any:
    size = (array.shape[1], array.shape[0])
    return image.frombytes(mode, size, np.ascontiguousarray(array).tobytes())


def hflip(image: Any) -> Any:
    """Left and right exchanged."""
    return image.transpose(0)


def vflip(image: Any) -> Any:
    """Above and below exchanged."""
    return image.transpose(1)


def pad(image: Any, padding: Sequence[int], fill: Any, mode: str) -> Any:
    """Pixels added to the left, above, to the right and below; taken away where a number is negative."""
    palette = image.getpalette() if image.mode == "P" else None
    if mode == "constant":
        padded = _pil("ImageOps").expand(image, border=tuple(padding), fill=parsed_fill(fill, image))
    else:
        padded = _pil("Image").fromarray(pad_array(np.asarray(image), padding, 0, mode))
    if palette is not None:
        padded.putpalette(palette)
    return padded


def parsed_fill(fill: Any, image: Any) -> Any:
    """A value, or one for each channel, as Pillow takes it.

    Raises:
        ValueError: there are more or fewer.
    """
    channels = len(image.getbands())
    fill = 0 if fill is None else fill
    if isinstance(fill, int | float) and channels > 1:
        fill = (fill,) * channels
    if isinstance(fill, list | tuple):
        if len(fill) == 1:
            fill = tuple(fill) * channels
        elif len(fill) != channels:
            raise ValueError(
                "The number of elements in 'fill' does not match the number of channels of the image "
                f"({len(fill)} != {channels})"
            )
        fill = tuple(fill)
    if image.mode == "F":
        return fill
    return tuple(int(value) for value in fill) if isinstance(fill, tuple) else int(fill)


def crop(image: Any, top: int, left: int, height: int, width: int) -> Any:
    """A part of the image; what lies outside of it is 0."""
    return image.crop((left, top, left + width, top + height))


def resize(image: Any, size: Sequence[int], mode: InterpolationMode) -> Any:
    """The image in another height and width."""
    return image.resize((size[1], size[0]), PILLOW[mode])


def rotate(image: Any, angle: float, mode: InterpolationMode, expand: bool, center: Any, fill: Any) -> Any:
    """The image turned against the clock."""
    return image.rotate(angle, PILLOW[mode], expand, center, fillcolor=parsed_fill(fill, image))


def affine(image: Any, matrix: Sequence[float], mode: InterpolationMode, fill: Any) -> Any:
    """For each pixel the value at the place to which the matrix leads."""
    return image.transform(image.size, 0, list(matrix), PILLOW[mode], fillcolor=parsed_fill(fill, image))


def grayscale(image: Any, channels: int) -> Any:
    """Without color, in one or three equal channels.

    Raises:
        ValueError: another number of channels is asked for.
    """
    if channels not in (1, 3):
        raise ValueError("num_output_channels should be either 1 or 3")
    gray = image.convert("L")
    return gray if channels == 1 else _pil("Image").merge("RGB", [gray] * 3)


def adjust_brightness(image: Any, factor: float) -> Any:
    """Lighter or darker."""
    return _pil("ImageEnhance").Brightness(image).enhance(factor)


def adjust_contrast(image: Any, factor: float) -> Any:
    """Further from or nearer to the mean."""
    return _pil("ImageEnhance").Contrast(image).enhance(factor)


def adjust_saturation(image: Any, factor: float) -> Any:
    """Further from or nearer to gray."""
    return _pil("ImageEnhance").Color(image).enhance(factor)


def adjust_sharpness(image: Any, factor: float) -> Any:
    """Sharper or more blurred."""
    return _pil("ImageEnhance").Sharpness(image).enhance(factor)


def adjust_hue(image: Any, factor: float) -> Any:
    """Other colors, by this part of the circle."""
    if image.mode in ("L", "1", "I", "F"):
        return image
    hue, saturation, value = image.convert("HSV").split()
    turned = np.array(hue, np.uint8)
    turned += np.int32(factor * 255).astype(np.uint8)  # it goes round
    hue = from_pixels(turned, "L")
    return _pil("Image").merge("HSV", (hue, saturation, value)).convert(image.mode)


def adjust_gamma(image: Any, gamma: float, gain: float) -> Any:
    """Each value to a power."""
    table = [int((255 + 1 - 1e-3) * gain * pow(value / 255.0, gamma)) for value in range(256)] * 3
    return image.convert("RGB").point(table).convert(image.mode)


def invert(image: Any) -> Any:
    """Light and dark exchanged."""
    return _pil("ImageOps").invert(image)


def posterize(image: Any, bits: int) -> Any:
    """So many bits of each value."""
    return _pil("ImageOps").posterize(image, bits)


def solarize(image: Any, threshold: float) -> Any:
    """Light values inverted."""
    return _pil("ImageOps").solarize(image, threshold)


def autocontrast(image: Any) -> Any:
    """From black to white."""
    return _pil("ImageOps").autocontrast(image)


def equalize(image: Any) -> Any:
    """All values equally often."""
    return _pil("ImageOps").equalize(image)
