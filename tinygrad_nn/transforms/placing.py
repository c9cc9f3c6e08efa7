"""Sizes of images, parts of them, borders around them, and turns.

Source: https://docs.pytorch.org/vision/stable/transforms.html#functional-transforms
"""

from __future__ import annotations

import numbers
import warnings
from collections.abc import Sequence
from typing import Any

from tinygrad_nn._core.tensor import Tensor

from . import images
from .kinds import kind_of
from .modes import InterpolationMode, mode_of

# --- sizes -----------------------------------------------------------------------------------------------------------


def get_dimensions(img: Any) -> list[int]:
    """Channels, height and width of an image.

    Raises:
        TypeError: it is no image.
    """
    found: list[int] = kind_of(img).dimensions(img)
    return found


def get_image_size(img: Any) -> list[int]:
    """Width and height of an image.

    Raises:
        TypeError: it is no image.
    """
    return get_dimensions(img)[:0:-1]


def get_image_num_channels(img: Any) -> int:
    """The number of channels of an image.

    Raises:
        TypeError: it is no image.
    """
    return get_dimensions(img)[0]


def resize(
    img: Any, size: int | Sequence[int], interpolation: InterpolationMode | int = InterpolationMode.BILINEAR,
    max_size: int | None = None, antialias: bool | None = True,
) -> Any:  # fmt: skip
    """The image in another size: of its shorter side, or of height and width.

    Args:
        img: the image.
        size: a number, for the shorter side; or height and width.
        interpolation: how to find values between pixels.
        max_size: the most for the longer side, where `size` is of the shorter.
        antialias: for tensors; for images it always holds.

    Raises:
        TypeError: no such mode.
        ValueError: the sizes contradict each other.

    Source: https://docs.pytorch.org/vision/stable/generated/torchvision.transforms.Resize.html
    """
    mode = mode_of(interpolation)
    sizes = [size] if isinstance(size, int) else list(size)
    if len(sizes) not in (1, 2):
        raise ValueError(
            f"Size must be an int or a 1 or 2 element tuple/list, not a {len(sizes)} element tuple/list"
        )
    if max_size is not None and len(sizes) != 1:
        raise ValueError(
            "max_size should only be passed if size specifies the length of the smaller edge, i.e. size should be an "
            "int or a sequence of length 1 in torchscript mode."
        )
    _, height, width = get_dimensions(img)
    new = _new_size(height, width, sizes, max_size)
    if new == [height, width]:
        return img
    if isinstance(img, Tensor):
        return images.resize(img, new, mode, antialias)
    if antialias is False:
        warnings.warn(
            "Anti-alias option is always applied for PIL Image input. Argument antialias is ignored.", stacklevel=2
        )
    return kind_of(img).resize(img, new, mode)


def _new_size(height: int, width: int, sizes: list[int], most: int | None) -> list[int]:
    if len(sizes) == 2:
        return sizes
    short, long = sorted((height, width))
    new_short, new_long = sizes[0], int(sizes[0] * long / short)
    if most is not None:
        if most <= new_short:
            raise ValueError(
                f"max_size = {most} must be strictly greater than the requested size for the smaller edge size = "
                f"{sizes}"
            )
        if new_long > most:
            new_short, new_long = int(most * new_short / new_long), most
    return [new_long, new_short] if width <= height else [new_short, new_long]


# --- places ----------------------------------------------------------------------------------------------------------


def hflip(img: Any) -> Any:
    """Left and right exchanged."""
    return kind_of(img).hflip(img)


def vflip(img: Any) -> Any:
    """Above and below exchanged."""
    return kind_of(img).vflip(img)


def crop(img: Any, top: int, left: int, height: int, width: int) -> Any:
    """A part of the image; what lies outside of it is 0."""
    return kind_of(img).crop(img, top, left, height, width)


def pad(img: Any, padding: int | Sequence[int], fill: Any = 0, padding_mode: str = "constant") -> Any:
    """Pixels added at the border.

    Args:
        img: the image.
        padding: one number; or of left and right, above and below; or of left, above, right, below.
        fill: the value, or one for each channel (not for tensors).
        padding_mode: ``"constant"``, ``"edge"``, ``"reflect"`` or ``"symmetric"``.

    Raises:
        TypeError: an argument is of no such type.
        ValueError: there are as many numbers as have no meaning; or no such mode.

    Source: https://docs.pytorch.org/vision/stable/generated/torchvision.transforms.Pad.html
    """
    if not isinstance(padding, numbers.Number | tuple | list):
        raise TypeError("Got inappropriate padding arg")
    if not isinstance(fill, numbers.Number | tuple | list | None):
        raise TypeError("Got inappropriate fill arg")
    if not isinstance(padding_mode, str):
        raise TypeError("Got inappropriate padding_mode arg")
    if padding_mode not in ("constant", "edge", "reflect", "symmetric"):
        raise ValueError("Padding mode should be either constant, edge, reflect or symmetric")
    amounts: list[Any] = list(padding) if isinstance(padding, tuple | list) else [padding]
    if len(amounts) not in (1, 2, 4):
        raise ValueError(
            f"Padding must be an int or a 1, 2, or 4 element tuple, not a {len(amounts)} element tuple"
        )
    return kind_of(img).pad(img, amounts * (4 // len(amounts)), fill, padding_mode)


def center_crop(img: Any, output_size: int | Sequence[int]) -> Any:
    """The middle of the image; of a smaller one, all, with 0 around it."""
    height, width = pair(output_size, "Please provide only two dimensions (h, w) for size.")
    _, rows, columns = get_dimensions(img)
    if width > columns or height > rows:
        wide, high = max(width - columns, 0), max(height - rows, 0)
        img = pad(img, [wide // 2, high // 2, (wide + 1) // 2, (high + 1) // 2])
        _, rows, columns = get_dimensions(img)
        if width == columns and height == rows:
            return img
    return crop(img, round((rows - height) / 2.0), round((columns - width) / 2.0), height, width)


def resized_crop(
    img: Any, top: int, left: int, height: int, width: int, size: Sequence[int],
    interpolation: InterpolationMode | int = InterpolationMode.BILINEAR, antialias: bool | None = True,
) -> Any:  # fmt: skip
    """A part of the image, in another size."""
    return resize(crop(img, top, left, height, width), size, interpolation, antialias=antialias)


def five_crop(img: Any, size: int | Sequence[int]) -> tuple[Any, ...]:
    """The corners and the middle: upper left, upper right, lower left, lower right, middle.

    Raises:
        ValueError: the image is smaller.
    """
    height, width = pair(size, "Please provide only two dimensions (h, w) for size.")
    _, rows, columns = get_dimensions(img)
    if width > columns or height > rows:
        raise ValueError(f"Requested crop size {size} is bigger than input size {(rows, columns)}")
    corners = [(top, left) for top in (0, rows - height) for left in (0, columns - width)]
    parts = [crop(img, top, left, height, width) for top, left in corners]
    return (*parts, center_crop(img, (height, width)))


def ten_crop(img: Any, size: int | Sequence[int], vertical_flip: bool = False) -> tuple[Any, ...]:
    """The corners and the middle, and those of the flipped image.

    Raises:
        ValueError: the image is smaller.
    """
    return five_crop(img, size) + five_crop(vflip(img) if vertical_flip else hflip(img), size)


def rotate(
    img: Any, angle: float, interpolation: InterpolationMode | int = InterpolationMode.NEAREST, expand: bool = False,
    center: Sequence[float] | None = None, fill: Any = None,
) -> Any:  # fmt: skip
    """The image turned, in degrees, against the clock.

    Args:
        img: the image.
        angle: the angle.
        interpolation: how to find values between pixels.
        expand: the result is as large as it takes to hold all of it.
        center: the place about which it turns, from the left and from above; the middle if not given.
        fill: the value around it, or one for each channel.

    Raises:
        TypeError: an argument is of no such type.
        ValueError: the fill has other channels; or there is no such mode for tensors.

    Source: https://docs.pytorch.org/vision/stable/generated/torchvision.transforms.functional.rotate.html
    """
    mode = mode_of(interpolation)
    if not isinstance(angle, int | float):
        raise TypeError("Argument angle should be int or float")
    if center is not None and not isinstance(center, list | tuple):
        raise TypeError("Argument center should be a sequence")
    if not isinstance(img, Tensor):
        return kind_of(img).rotate(img, angle, mode, expand, center, fill)
    matrix = images.inverse_matrix(_from_middle(img, center), -angle, [0.0, 0.0], 1.0, [0.0, 0.0])
    return images.rotate(img, matrix, mode, expand, fill)


def affine(
    img: Any, angle: float, translate: Sequence[int], scale: float, shear: float | Sequence[float],
    interpolation: InterpolationMode | int = InterpolationMode.NEAREST, fill: Any = None,
    center: Sequence[float] | None = None,
) -> Any:  # fmt: skip
    """The image sheared, scaled, turned (in degrees, with the clock) and moved.

    Raises:
        TypeError: an argument is of no such type.
        ValueError: the scale is not positive; there are other numbers of shears or moves; or the fill has other
            channels; or there is no such mode for tensors.

    Source: https://docs.pytorch.org/vision/stable/generated/torchvision.transforms.functional.affine.html
    """
    mode = mode_of(interpolation)
    if not isinstance(angle, int | float):
        raise TypeError("Argument angle should be int or float")
    if not isinstance(translate, list | tuple):
        raise TypeError("Argument translate should be a sequence")
    if len(translate) != 2:
        raise ValueError("Argument translate should be a sequence of length 2")
    if scale <= 0.0:
        raise ValueError("Argument scale should be positive")
    if not isinstance(shear, numbers.Number | list | tuple):
        raise TypeError("Shear should be either a single value or a sequence of two values")
    shears: list[Any] = [shear, 0.0] if isinstance(shear, int | float) else list(shear)
    shears = shears * 2 if len(shears) == 1 else shears
    if len(shears) != 2:
        raise ValueError(f"Shear should be a sequence containing two values. Got {shears}")
    if center is not None and not isinstance(center, list | tuple):
        raise TypeError("Argument center should be a sequence")
    if not isinstance(img, Tensor):
        _, height, width = get_dimensions(img)
        middle = [width * 0.5, height * 0.5] if center is None else center
        return kind_of(img).affine(img, images.inverse_matrix(middle, angle, translate, scale, shears), mode, fill)
    return images.affine(
        img, images.inverse_matrix(_from_middle(img, center), angle, translate, scale, shears), mode, fill
    )


def _from_middle(img: Tensor, center: Sequence[float] | None) -> list[float]:
    if center is None:
        return [0.0, 0.0]
    return [center[0] - img.shape[-1] * 0.5, center[1] - img.shape[-2] * 0.5]


def pair(size: Any, said: str) -> tuple[int, int]:
    """A height and a width of one number or two.

    Raises:
        ValueError: there are more.
    """
    if isinstance(size, numbers.Number):
        return int(size), int(size)  # type: ignore[call-overload]
    if len(size) == 1:
        return size[0], size[0]
    if len(size) != 2:
        raise ValueError(said)
    return size[0], size[1]
