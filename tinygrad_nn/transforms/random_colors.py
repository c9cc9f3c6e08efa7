"""Colors drawn at random, from PyTorch's stream, in torchvision's order; and rectangles erased.

Source: https://docs.pytorch.org/vision/stable/transforms.html#color
"""

from __future__ import annotations

import math
import numbers
from collections.abc import Sequence
from typing import Any

from tinygrad_nn._core import dtypes
from tinygrad_nn._core.tensor import Tensor
from tinygrad_nn.ops.creation import empty
from tinygrad_nn.ops.data import tensor
from tinygrad_nn.ops.random import randperm

from . import functional
from .placing import pair
from .random_geometry import _area_and_aspect, _check_ranges, _whole
from .transform import Transform, drawn, uniform

Range = tuple[float, float] | None


class Grayscale(Transform):
    """Images without color.

    Args:
        num_output_channels: one, or three equal ones.

    Source: https://docs.pytorch.org/vision/stable/generated/torchvision.transforms.Grayscale.html
    """

    def __init__(self, num_output_channels: int = 1) -> None:
        super().__init__()
        self.num_output_channels = num_output_channels

    def forward(self, img: Any) -> Any:
        """The image without color."""
        return functional.rgb_to_grayscale(img, self.num_output_channels)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(num_output_channels={self.num_output_channels})"


class RandomGrayscale(Transform):
    """Images without color, or not.

    Args:
        p: how probable it is.

    Source: https://docs.pytorch.org/vision/stable/generated/torchvision.transforms.RandomGrayscale.html
    """

    def __init__(self, p: float = 0.1) -> None:
        super().__init__()
        self.p = p

    def forward(self, img: Any) -> Any:
        """The image, as it is or without color, in as many channels."""
        channels = functional.get_dimensions(img)[0]
        return functional.rgb_to_grayscale(img, channels) if drawn() < self.p else img

    def __repr__(self) -> str:
        return f"{type(self).__name__}(p={self.p})"


class ColorJitter(Transform):
    """Images lighter or darker, with more contrast or less, more color or less, and of other colors, in any order.

    Args:
        brightness, contrast, saturation: how far from 1 the factor may be; or the least and the most.
        hue: how far from 0 it may be, at most 0.5; or the least and the most.

    Raises:
        TypeError, ValueError: a range is none, or out of bounds.

    Source: https://docs.pytorch.org/vision/stable/generated/torchvision.transforms.ColorJitter.html
    """

    takes_arrays = False  # of Pillow's images it makes others, by one step here and there

    def __init__(self, brightness: Any = 0, contrast: Any = 0, saturation: Any = 0, hue: Any = 0) -> None:
        super().__init__()
        self.brightness = _range(brightness, "brightness")
        self.contrast = _range(contrast, "contrast")
        self.saturation = _range(saturation, "saturation")
        self.hue = _range(hue, "hue", center=0.0, bound=(-0.5, 0.5))

    @staticmethod
    def get_params(
        brightness: Range, contrast: Range, saturation: Range, hue: Range
    ) -> tuple[Tensor, float | None, float | None, float | None, float | None]:
        """Draw the order, and the four factors."""
        order = randperm(4)
        factors = [None if given is None else uniform(*given) for given in (brightness, contrast, saturation, hue)]
        return order, factors[0], factors[1], factors[2], factors[3]

    def forward(self, img: Any) -> Any:
        """The image in other colors."""
        order, *factors = self.get_params(self.brightness, self.contrast, self.saturation, self.hue)
        changes = (
            functional.adjust_brightness, functional.adjust_contrast, functional.adjust_saturation,
            functional.adjust_hue,
        )  # fmt: skip
        for number in order.tolist():
            factor = factors[number]
            if factor is not None:
                img = changes[number](img, factor)
        return img

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(brightness={self.brightness}, contrast={self.contrast}, "
            f"saturation={self.saturation}, hue={self.hue})"
        )


def _range(given: Any, name: str, center: float = 1.0, bound: tuple[float, float] = (0, float("inf"))) -> Range:
    """The least and the most of a factor; None where it changes nothing."""
    if isinstance(given, numbers.Number):
        if given < 0:  # type: ignore[operator]
            raise ValueError(f"If {name} is a single number, it must be non negative.")
        low, high = center - float(given), center + float(given)  # type: ignore[arg-type]
        low = max(low, 0.0) if center else low
    elif isinstance(given, tuple | list) and len(given) == 2:
        low, high = float(given[0]), float(given[1])
    else:
        raise TypeError(f"{name} should be a single number or a list/tuple with length 2.")
    if not bound[0] <= low <= high <= bound[1]:
        raise ValueError(f"{name} values should be between {bound}, but got {[low, high]}.")
    return None if low == high == center else (low, high)


class RandomErasing(Transform):
    """Of tensors, a rectangle erased, or not.

    Args:
        p: how probable it is.
        scale: the least and the most of its area, as a share of the image's.
        ratio: the least and the most of its height by its width.
        value: what it is filled with: a number, one for each channel, or ``"random"`` for noise.
        inplace: write into the tensor.

    Raises:
        TypeError, ValueError: an argument is of no such type, or out of range.

    Source: https://docs.pytorch.org/vision/stable/generated/torchvision.transforms.RandomErasing.html
    """

    takes_arrays = False

    def __init__(
        self, p: float = 0.5, scale: Sequence[float] = (0.02, 0.33), ratio: Sequence[float] = (0.3, 3.3),
        value: Any = 0, inplace: bool = False,
    ) -> None:  # fmt: skip
        super().__init__()
        if not isinstance(value, numbers.Number | str | tuple | list):
            raise TypeError("Argument value should be either a number or str or a sequence")
        if isinstance(value, str) and value != "random":
            raise ValueError("If value is str, it should be 'random'")
        _check_ranges(scale, ratio)
        if scale[0] < 0 or scale[1] > 1:
            raise ValueError("Scale should be between 0 and 1")
        if p < 0 or p > 1:
            raise ValueError("Random erasing probability should be between 0 and 1")
        self.p, self.scale, self.ratio, self.value, self.inplace = p, scale, ratio, value, inplace

    @staticmethod
    def get_params(
        img: Tensor, scale: Sequence[float], ratio: Sequence[float], value: Sequence[float] | None = None
    ) -> tuple[int, int, int, int, Tensor]:
        """Draw the upper row, the left column, the height, the width, and what the rectangle is filled with."""
        channels, rows, columns = img.shape[-3:]
        for _ in range(10):
            area, aspect = _area_and_aspect(rows * columns, scale, ratio)
            height, width = round(math.sqrt(area * aspect)), round(math.sqrt(area / aspect))
            if not (height < rows and width < columns):
                continue
            if value is None:
                filled = empty(channels, height, width, dtype=dtypes.float32).normal_()
            else:
                filled = tensor(value)[:, None, None]
            return _whole(0, rows - height + 1), _whole(0, columns - width + 1), height, width, filled
        return 0, 0, rows, columns, img

    def forward(self, img: Tensor) -> Tensor:
        """The tensor, as it is or with the rectangle."""
        if drawn() >= self.p:
            return img
        value: list[float] | None = None
        if isinstance(self.value, int | float):
            value = [float(self.value)]
        elif isinstance(self.value, tuple | list):
            value = [float(number) for number in self.value]
        if value is not None and len(value) not in (1, img.shape[-3]):
            raise ValueError(
                "If value is a sequence, it should have either a single value or "
                f"{img.shape[-3]} (number of input channels)"
            )
        return functional.erase(img, *self.get_params(img, self.scale, self.ratio, value), self.inplace)

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(p={self.p}, scale={self.scale}, ratio={self.ratio}, value={self.value}, "
            f"inplace={self.inplace})"
        )


class GaussianBlur(Transform):
    """Images blurred by a bell curve of a width that is drawn.

    Args:
        kernel_size: the width in pixels, and the height; odd.
        sigma: the standard deviation; or the least and the most.

    Raises:
        ValueError: a size is even, or a deviation not positive.

    Source: https://docs.pytorch.org/vision/stable/generated/torchvision.transforms.GaussianBlur.html
    """

    def __init__(self, kernel_size: int | Sequence[int], sigma: Any = (0.1, 2.0)) -> None:
        super().__init__()
        self.kernel_size = pair(kernel_size, "Kernel size should be a tuple/list of two integers")
        if any(size <= 0 or size % 2 == 0 for size in self.kernel_size):
            raise ValueError("Kernel size value should be an odd and positive number.")
        if isinstance(sigma, numbers.Number):
            if sigma <= 0:  # type: ignore[operator]
                raise ValueError("If sigma is a single number, it must be positive.")
            sigma = (sigma, sigma)
        elif not isinstance(sigma, Sequence) or len(sigma) != 2:
            raise ValueError("sigma should be a single number or a list/tuple with length 2.")
        elif not 0.0 < sigma[0] <= sigma[1]:
            raise ValueError("sigma values should be positive and of the form (min, max).")
        self.sigma = sigma

    @staticmethod
    def get_params(sigma_min: float, sigma_max: float) -> float:
        """Draw the standard deviation."""
        return uniform(sigma_min, sigma_max)

    def forward(self, img: Any) -> Any:
        """The image blurred."""
        sigma = self.get_params(self.sigma[0], self.sigma[1])
        return functional.gaussian_blur(img, self.kernel_size, [sigma, sigma])

    def __repr__(self) -> str:
        return f"{type(self).__name__}(kernel_size={self.kernel_size}, sigma={self.sigma})"


class _Sometimes(Transform):
    """A change of color that is made, or not."""

    takes_arrays = False
    _shown: tuple[str, ...] = ()

    def __init__(self, p: float = 0.5) -> None:
        super().__init__()
        self.p = p

    def forward(self, img: Any) -> Any:
        """The image, as it is or changed."""
        return self._change(img) if drawn().item() < self.p else img

    def _change(self, img: Any) -> Any:
        raise NotImplementedError

    def __repr__(self) -> str:
        return f"{type(self).__name__}({','.join(f'{name}={getattr(self, name)}' for name in (*self._shown, 'p'))})"


class RandomInvert(_Sometimes):
    """Light and dark exchanged, or not.

    Args:
        p: how probable it is.

    Source: https://docs.pytorch.org/vision/stable/generated/torchvision.transforms.RandomInvert.html
    """

    def _change(self, img: Any) -> Any:
        return functional.invert(img)


class RandomPosterize(_Sometimes):
    """So many bits of each value, or all of them.

    Args:
        bits: how many.
        p: how probable it is.

    Source: https://docs.pytorch.org/vision/stable/generated/torchvision.transforms.RandomPosterize.html
    """

    _shown = ("bits",)

    def __init__(self, bits: int, p: float = 0.5) -> None:
        super().__init__(p)
        self.bits = bits

    def _change(self, img: Any) -> Any:
        return functional.posterize(img, self.bits)


class RandomSolarize(_Sometimes):
    """Values from a threshold on inverted, or not.

    Args:
        threshold: the first value that is inverted.
        p: how probable it is.

    Source: https://docs.pytorch.org/vision/stable/generated/torchvision.transforms.RandomSolarize.html
    """

    _shown = ("threshold",)

    def __init__(self, threshold: float, p: float = 0.5) -> None:
        super().__init__(p)
        self.threshold = threshold

    def _change(self, img: Any) -> Any:
        return functional.solarize(img, self.threshold)


class RandomAdjustSharpness(_Sometimes):
    """Sharper or more blurred, or not.

    Args:
        sharpness_factor: 0 is blurred, 1 the image, 2 sharp.
        p: how probable it is.

    Source: https://docs.pytorch.org/vision/stable/generated/torchvision.transforms.RandomAdjustSharpness.html
    """

    _shown = ("sharpness_factor",)

    def __init__(self, sharpness_factor: float, p: float = 0.5) -> None:
        super().__init__(p)
        self.sharpness_factor = sharpness_factor

    def _change(self, img: Any) -> Any:
        return functional.adjust_sharpness(img, self.sharpness_factor)


class RandomAutocontrast(_Sometimes):
    """From black to white, or not.

    Args:
        p: how probable it is.

    Source: https://docs.pytorch.org/vision/stable/generated/torchvision.transforms.RandomAutocontrast.html
    """

    def _change(self, img: Any) -> Any:
        return functional.autocontrast(img)


class RandomEqualize(_Sometimes):
    """All values equally frequent, or not.

    Args:
        p: how probable it is.

    Source: https://docs.pytorch.org/vision/stable/generated/torchvision.transforms.RandomEqualize.html
    """

    def _change(self, img: Any) -> Any:
        return functional.equalize(img)
