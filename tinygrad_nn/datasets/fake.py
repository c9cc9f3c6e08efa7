"""Made-up images, to try a program without data.

Source: https://docs.pytorch.org/vision/stable/generated/torchvision.datasets.FakeData.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tinygrad_nn._core import dtypes
from tinygrad_nn._core.random import Generator
from tinygrad_nn.ops.random import randint, randn

from .vision import VisionDataset, transformed


class FakeData(VisionDataset[tuple[Any, int]]):
    """Images and classes drawn at random: each index has its own seed, so that they are the same each time.

    Args:
        size: how many samples.
        image_size: channels, height, width.
        num_classes: how many classes.
        transform: applied to each image.
        target_transform: applied to each target.
        random_offset: added to the index for the seed.

    Source: https://docs.pytorch.org/vision/stable/generated/torchvision.datasets.FakeData.html

    Example:
        >>> from tinygrad_nn.datasets import FakeData
        >>> from tinygrad_nn.transforms import ToTensor
        >>> image, target = FakeData(10, (3, 4, 4), transform=ToTensor())[0]
        >>> image.shape, target
        (torch.Size([3, 4, 4]), 2)
    """

    def __init__(
        self, size: int = 1000, image_size: tuple[int, int, int] = (3, 224, 224), num_classes: int = 10,
        transform: Callable[..., Any] | None = None, target_transform: Callable[..., Any] | None = None,
        random_offset: int = 0,
    ) -> None:  # fmt: skip
        super().__init__(transform=transform, target_transform=target_transform)
        self.size, self.image_size, self.num_classes = size, image_size, num_classes
        self.random_offset = random_offset

    def __getitem__(self, index: Any) -> tuple[Any, Any]:
        if index >= len(self):
            raise IndexError(f"FakeData index out of range: {index} of {len(self)}")
        generator = Generator()
        generator.manual_seed(index + self.random_offset)
        drawn = randn(*self.image_size, generator=generator)._array
        target = int(randint(0, self.num_classes, (1,), dtype=dtypes.int64, generator=generator)._array[0])
        scaled = (drawn * np.float32(255)).astype(np.int32).astype(np.uint8)  # outside of 0 to 255 it goes round
        pixels = scaled.transpose(1, 2, 0)
        image, target = transformed(self, pixels[:, :, 0] if pixels.shape[2] == 1 else pixels, target)
        return image, int(target)

    def __len__(self) -> int:
        return self.size
