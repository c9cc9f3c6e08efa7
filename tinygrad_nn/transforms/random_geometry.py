"""Places drawn at random, from PyTorch's stream, in torchvision's order.

Source: https://docs.pytorch.org/vision/stable/transforms.html#geometry
"""

from __future__ import annotations

import math
import numbers
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from tinygrad_nn._core.tensor import Tensor
from tinygrad_nn.ops.random import randint

from . import functional
from .geometry import SIZE
from .modes import InterpolationMode, mode_of
from .placing import pair
from .transform import Transform, drawn, uniform


def _whole(low: int, high: int) -> int:
    """A whole number from `low` on, below `high`."""
    return int(randint(low, high, (1,))._array[0])


class RandomHorizontalFlip(Transform):
    """Left and right exchanged, or not.

    Args:
        p: how probable it is.

    Source: https://docs.pytorch.org/vision/stable/generated/torchvision.transforms.RandomHorizontalFlip.html
    """

    def __init__(self, p: float = 0.5) -> None:
        super().__init__()
        self.p = p

    def forward(self, img: Any) -> Any:
        """The image, as it is or flipped."""
        return functional.hflip(img) if drawn() < self.p else img

    def __repr__(self) -> str:
        return f"{type(self).__name__}(p={self.p})"


class RandomVerticalFlip(RandomHorizontalFlip):
    """Above and below exchanged, or not.

    Args:
        p: how probable it is.

    Source: https://docs.pytorch.org/vision/stable/generated/torchvision.transforms.RandomVerticalFlip.html
    """

    def forward(self, img: Any) -> Any:
        """The image, as it is or flipped."""
        return functional.vflip(img) if drawn() < self.p else img


class RandomCrop(Transform):
    """A part of images, anywhere in them.

    Args:
        size: one number, or height and width.
        padding: a border that is added first; see `Pad`.
        pad_if_needed: add one to images that are smaller.
        fill: of the border.
        padding_mode: of the border.

    Raises:
        ValueError: the size has more numbers; or, when called, the image is smaller.

    Source: https://docs.pytorch.org/vision/stable/generated/torchvision.transforms.RandomCrop.html
    """

    def __init__(
        self, size: int | Sequence[int], padding: int | Sequence[int] | None = None, pad_if_needed: bool = False,
        fill: Any = 0, padding_mode: str = "constant",
    ) -> None:  # fmt: skip
        super().__init__()
        self.size = pair(size, SIZE)
        self.padding, self.pad_if_needed, self.fill, self.padding_mode = padding, pad_if_needed, fill, padding_mode

    @staticmethod
    def get_params(img: Any, output_size: tuple[int, int]) -> tuple[int, int, int, int]:
        """Draw the upper row and the left column; height and width follow."""
        _, rows, columns = functional.get_dimensions(img)
        height, width = output_size
        if rows < height or columns < width:
            raise ValueError(
                f"Required crop size {(height, width)} is larger than input image size {(rows, columns)}"
            )
        if columns == width and rows == height:
            return 0, 0, rows, columns
        return _whole(0, rows - height + 1), _whole(0, columns - width + 1), height, width

    def forward(self, img: Any) -> Any:
        """The part."""
        if self.padding is not None:
            img = functional.pad(img, self.padding, self.fill, self.padding_mode)
        _, rows, columns = functional.get_dimensions(img)
        if self.pad_if_needed and columns < self.size[1]:
            img = functional.pad(img, [self.size[1] - columns, 0], self.fill, self.padding_mode)
        if self.pad_if_needed and rows < self.size[0]:
            img = functional.pad(img, [0, self.size[0] - rows], self.fill, self.padding_mode)
        return functional.crop(img, *self.get_params(img, self.size))

    def __repr__(self) -> str:
        return f"{type(self).__name__}(size={self.size}, padding={self.padding})"


class RandomResizedCrop(Transform):
    """A part of images, of any size and nearly any shape, in one size.

    Args:
        size: of the result: one number, or height and width.
        scale: the least and the most of the part's area, as a share of the image's.
        ratio: the least and the most of its width by its height.
        interpolation: how to find values between pixels.
        antialias: for tensors; for images it always holds.

    Raises:
        TypeError: an argument is of no such type.
        ValueError: the size has more numbers.

    Source: https://docs.pytorch.org/vision/stable/generated/torchvision.transforms.RandomResizedCrop.html
    """

    takes_arrays = False  # Pillow's versions differ in the last bit
    def __init__(
        self, size: int | Sequence[int], scale: Sequence[float] = (0.08, 1.0),
        ratio: Sequence[float] = (3.0 / 4.0, 4.0 / 3.0),
        interpolation: InterpolationMode | int = InterpolationMode.BILINEAR, antialias: bool | None = True,
    ) -> None:  # fmt: skip
        super().__init__()
        self.size = pair(size, SIZE)
        _check_ranges(scale, ratio)
        self.interpolation, self.antialias = mode_of(interpolation), antialias
        self.scale, self.ratio = scale, ratio

    @staticmethod
    def get_params(img: Any, scale: Sequence[float], ratio: Sequence[float]) -> tuple[int, int, int, int]:
        """Draw the upper row, the left column, the height and the width."""
        _, rows, columns = functional.get_dimensions(img)
        for _ in range(10):
            area, aspect = _area_and_aspect(rows * columns, scale, ratio)
            width, height = round(math.sqrt(area * aspect)), round(math.sqrt(area / aspect))
            if 0 < width <= columns and 0 < height <= rows:
                return _whole(0, rows - height + 1), _whole(0, columns - width + 1), height, width
        width, height = columns, rows
        if columns / rows < min(ratio):
            height = round(width / min(ratio))
        elif columns / rows > max(ratio):
            width = round(height * max(ratio))
        return (rows - height) // 2, (columns - width) // 2, height, width

    def forward(self, img: Any) -> Any:
        """The part, in its size."""
        top, left, height, width = self.get_params(img, self.scale, self.ratio)
        return functional.resized_crop(
            img, top, left, height, width, self.size, self.interpolation, antialias=self.antialias
        )

    def __repr__(self) -> str:
        scale, ratio = (tuple(round(number, 4) for number in pair) for pair in (self.scale, self.ratio))
        return (
            f"{type(self).__name__}(size={self.size}, scale={scale}, ratio={ratio}, "
            f"interpolation={self.interpolation.value}, antialias={self.antialias})"
        )


def _check_ranges(scale: Any, ratio: Any) -> None:
    if not isinstance(scale, Sequence):
        raise TypeError("Scale should be a sequence")
    if not isinstance(ratio, Sequence):
        raise TypeError("Ratio should be a sequence")
    if scale[0] > scale[1] or ratio[0] > ratio[1]:
        warnings.warn("Scale and ratio should be of kind (min, max)", stacklevel=4)


def _area_and_aspect(whole: int, scale: Sequence[float], ratio: Sequence[float]) -> tuple[float, float]:
    """Draw an area, and a ratio whose logarithm is evenly distributed, in float32 as torchvision does."""
    area = whole * uniform(scale[0], scale[1])
    low, high = np.log(np.array(ratio, np.float32))
    return area, float(np.exp(np.float32(uniform(float(low), float(high)))))


class RandomRotation(Transform):
    """Images turned by an angle that is drawn.

    Args:
        degrees: the most, to both sides; or the least and the most.
        interpolation: how to find values between pixels.
        expand: the result is as large as it takes to hold all of it.
        center: the place about which it turns, from the left and from above; the middle if not given.
        fill: the value around it, or one for each channel.

    Raises:
        TypeError, ValueError: an argument is of no such type, or out of range.

    Source: https://docs.pytorch.org/vision/stable/generated/torchvision.transforms.RandomRotation.html
    """

    def __init__(
        self, degrees: float | Sequence[float], interpolation: InterpolationMode | int = InterpolationMode.NEAREST,
        expand: bool = False, center: Sequence[float] | None = None, fill: Any = 0,
    ) -> None:  # fmt: skip
        super().__init__()
        self.degrees = angles(degrees, "degrees", (2,))
        if center is not None:
            check_sequence(center, "center", (2,))
        self.center, self.expand, self.interpolation = center, expand, mode_of(interpolation)
        self.fill = checked_fill(fill)

    @staticmethod
    def get_params(degrees: Sequence[float]) -> float:
        """Draw the angle."""
        return uniform(float(degrees[0]), float(degrees[1]))

    def forward(self, img: Any) -> Any:
        """The image turned."""
        fill = fill_for(img, self.fill)
        return functional.rotate(
            img, self.get_params(self.degrees), self.interpolation, self.expand, self.center, fill
        )

    def __repr__(self) -> str:
        center = "" if self.center is None else f", center={self.center}"
        return (
            f"{type(self).__name__}(degrees={self.degrees}, interpolation={self.interpolation.value}, "
            f"expand={self.expand}{center}, fill={self.fill})"
        )


class RandomAffine(Transform):
    """Images turned, moved, scaled and sheared by numbers that are drawn.

    Args:
        degrees: the most, to both sides; or the least and the most.
        translate: how far they are moved at most, across and down, as a share of their size.
        scale: the least and the most.
        shear: in degrees: the most, to both sides; or the least and the most; or these for both directions.
        interpolation: how to find values between pixels.
        fill: the value around it, or one for each channel.
        center: the place about which it turns, from the left and from above; the middle if not given.

    Raises:
        TypeError, ValueError: an argument is of no such type, or out of range.

    Source: https://docs.pytorch.org/vision/stable/generated/torchvision.transforms.RandomAffine.html
    """

    def __init__(
        self, degrees: float | Sequence[float], translate: Sequence[float] | None = None,
        scale: Sequence[float] | None = None, shear: float | Sequence[float] | None = None,
        interpolation: InterpolationMode | int = InterpolationMode.NEAREST, fill: Any = 0,
        center: Sequence[float] | None = None,
    ) -> None:  # fmt: skip
        super().__init__()
        self.degrees = angles(degrees, "degrees", (2,))
        for given, name in ((translate, "translate"), (scale, "scale"), (center, "center")):
            if given is not None:
                check_sequence(given, name, (2,))
        if translate is not None and not all(0.0 <= share <= 1.0 for share in translate):
            raise ValueError("translation values should be between 0 and 1")
        if scale is not None and not all(factor > 0 for factor in scale):
            raise ValueError("scale values should be positive")
        self.translate, self.scale, self.center = translate, scale, center
        self.shear = None if shear is None else angles(shear, "shear", (2, 4))
        self.interpolation, self.fill = mode_of(interpolation), checked_fill(fill)

    @staticmethod
    def get_params(
        degrees: Sequence[float], translate: Sequence[float] | None, scale_ranges: Sequence[float] | None,
        shears: Sequence[float] | None, img_size: Sequence[int],
    ) -> tuple[float, tuple[int, int], float, tuple[float, float]]:  # fmt: skip
        """Draw the angle, the moves across and down, the scale, and the shears."""
        angle = uniform(float(degrees[0]), float(degrees[1]))
        moves = (0, 0)
        if translate is not None:
            most = [float(translate[0] * img_size[0]), float(translate[1] * img_size[1])]
            moves = (round(uniform(-most[0], most[0])), round(uniform(-most[1], most[1])))
        scale = 1.0 if scale_ranges is None else uniform(scale_ranges[0], scale_ranges[1])
        across = down = 0.0
        if shears is not None:
            across = uniform(shears[0], shears[1])
            if len(shears) == 4:
                down = uniform(shears[2], shears[3])
        return angle, moves, scale, (across, down)

    def forward(self, img: Any) -> Any:
        """The image moved."""
        fill = fill_for(img, self.fill)
        _, height, width = functional.get_dimensions(img)
        drawn = self.get_params(self.degrees, self.translate, self.scale, self.shear, [width, height])
        return functional.affine(img, *drawn, interpolation=self.interpolation, fill=fill, center=self.center)

    def __repr__(self) -> str:
        text = f"{type(self).__name__}(degrees={self.degrees}"
        for name in ("translate", "scale", "shear"):
            text += "" if getattr(self, name) is None else f", {name}={getattr(self, name)}"
        if self.interpolation is not InterpolationMode.NEAREST:
            text += f", interpolation={self.interpolation.value}"
        text += f", fill={self.fill}" if self.fill != 0 else ""
        return text + ("" if self.center is None else f", center={self.center}") + ")"


# --- arguments -------------------------------------------------------------------------------------------------------


def angles(given: Any, name: str, sizes: tuple[int, ...]) -> list[float]:
    """The least and the most of an angle.

    Raises:
        TypeError, ValueError: they are no such numbers.
    """
    if isinstance(given, numbers.Number):
        if given < 0:  # type: ignore[operator]
            raise ValueError(f"If {name} is a single number, it must be positive.")
        given = [-given, given]  # type: ignore[operator]
    else:
        check_sequence(given, name, sizes)
    return [float(angle) for angle in given]


def check_sequence(given: Any, name: str, sizes: tuple[int, ...]) -> None:
    """Refuse what is no sequence of such a length.

    Raises:
        TypeError, ValueError: it is none.
    """
    wanted = " or ".join(str(size) for size in sizes)
    if not isinstance(given, Sequence):
        raise TypeError(f"{name} should be a sequence of length {wanted}.")
    if len(given) not in sizes:
        raise ValueError(f"{name} should be a sequence of length {wanted}.")


def checked_fill(fill: Any) -> Any:
    """A value to fill with, or one for each channel.

    Raises:
        TypeError: it is none.
    """
    if fill is None:
        return 0
    if not isinstance(fill, Sequence | numbers.Number):
        raise TypeError("Fill should be either a sequence or a number.")
    return fill


def fill_for(img: Any, fill: Any) -> Any:
    """The fill as it is given for this kind of image: for tensors, a float for each channel."""
    if not isinstance(img, Tensor):
        return fill
    channels = functional.get_dimensions(img)[0]
    return [float(fill)] * channels if isinstance(fill, int | float) else [float(value) for value in fill]
