"""Other sizes, parts of images, and borders around them.

Source: https://docs.pytorch.org/vision/stable/transforms.html#geometry
"""

from __future__ import annotations

import numbers
from collections.abc import Sequence
from typing import Any

from . import functional
from .modes import InterpolationMode, mode_of
from .placing import pair
from .transform import Transform

SIZE = "Please provide only two dimensions (h, w) for size."


class Resize(Transform):
    """Images in another size.

    Args:
        size: of the shorter side; or height and width.
        interpolation: how to find values between pixels.
        max_size: the most for the longer side, where `size` is of the shorter.
        antialias: for tensors; for images it always holds.

    Raises:
        TypeError: the size is no number and no sequence.
        ValueError: it is of other than one or two numbers.

    Source: https://docs.pytorch.org/vision/stable/generated/torchvision.transforms.Resize.html
    """

    takes_arrays = False  # Pillow's versions differ in the last bit
    def __init__(
        self, size: int | Sequence[int], interpolation: InterpolationMode | int = InterpolationMode.BILINEAR,
        max_size: int | None = None, antialias: bool | None = True,
    ) -> None:  # fmt: skip
        super().__init__()
        if not isinstance(size, int | Sequence):
            raise TypeError(f"Size should be int or sequence. Got {type(size)}")
        if isinstance(size, Sequence) and len(size) not in (1, 2):
            raise ValueError("If size is a sequence, it should have 1 or 2 values")
        self.size, self.max_size, self.antialias = size, max_size, antialias
        self.interpolation = mode_of(interpolation)

    def forward(self, img: Any) -> Any:
        """The image in its new size."""
        return functional.resize(img, self.size, self.interpolation, self.max_size, self.antialias)

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(size={self.size}, interpolation={self.interpolation.value}, "
            f"max_size={self.max_size}, antialias={self.antialias})"
        )


class CenterCrop(Transform):
    """The middle of images; of smaller ones, all, with 0 around it.

    Args:
        size: one number, or height and width.

    Raises:
        ValueError: there are more.

    Source: https://docs.pytorch.org/vision/stable/generated/torchvision.transforms.CenterCrop.html
    """

    def __init__(self, size: int | Sequence[int]) -> None:
        super().__init__()
        self.size = pair(size, SIZE)

    def forward(self, img: Any) -> Any:
        """The middle."""
        return functional.center_crop(img, self.size)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(size={self.size})"


class Pad(Transform):
    """Pixels added at the border.

    Args:
        padding: one number; or of left and right, above and below; or of left, above, right, below.
        fill: the value, or one for each channel (not for tensors).
        padding_mode: ``"constant"``, ``"edge"``, ``"reflect"`` or ``"symmetric"``.

    Raises:
        TypeError: an argument is of no such type.
        ValueError: there are as many numbers as have no meaning; or no such mode.

    Source: https://docs.pytorch.org/vision/stable/generated/torchvision.transforms.Pad.html
    """

    def __init__(self, padding: int | Sequence[int], fill: Any = 0, padding_mode: str = "constant") -> None:
        super().__init__()
        if not isinstance(padding, numbers.Number | tuple | list):
            raise TypeError("Got inappropriate padding arg")
        if not isinstance(fill, numbers.Number | tuple | list):
            raise TypeError("Got inappropriate fill arg")
        if padding_mode not in ("constant", "edge", "reflect", "symmetric"):
            raise ValueError("Padding mode should be either constant, edge, reflect or symmetric")
        if isinstance(padding, Sequence) and len(padding) not in (1, 2, 4):
            raise ValueError(
                f"Padding must be an int or a 1, 2, or 4 element tuple, not a {len(padding)} element tuple"
            )
        self.padding, self.fill, self.padding_mode = padding, fill, padding_mode

    def forward(self, img: Any) -> Any:
        """The image with its border."""
        return functional.pad(img, self.padding, self.fill, self.padding_mode)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(padding={self.padding}, fill={self.fill}, padding_mode={self.padding_mode})"


class FiveCrop(Transform):
    """The corners and the middle of images, as a tuple of five.

    Args:
        size: one number, or height and width.

    Raises:
        ValueError: there are more.

    Source: https://docs.pytorch.org/vision/stable/generated/torchvision.transforms.FiveCrop.html
    """

    takes_arrays = False  # it gives several

    def __init__(self, size: int | Sequence[int]) -> None:
        super().__init__()
        self.size = pair(size, SIZE)

    def forward(self, img: Any) -> tuple[Any, ...]:
        """The five parts."""
        return functional.five_crop(img, self.size)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(size={self.size})"


class TenCrop(FiveCrop):
    """The corners and the middle of images and of the flipped ones, as a tuple of ten.

    Args:
        size: one number, or height and width.
        vertical_flip: flipped from above to below.

    Raises:
        ValueError: there are more.

    Source: https://docs.pytorch.org/vision/stable/generated/torchvision.transforms.TenCrop.html
    """

    def __init__(self, size: int | Sequence[int], vertical_flip: bool = False) -> None:
        super().__init__(size)
        self.vertical_flip = vertical_flip

    def forward(self, img: Any) -> tuple[Any, ...]:
        """The ten parts."""
        return functional.ten_crop(img, self.size, self.vertical_flip)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(size={self.size}, vertical_flip={self.vertical_flip})"
