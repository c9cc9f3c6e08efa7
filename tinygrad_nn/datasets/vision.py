"""What datasets of images have in common.

Source: https://docs.pytorch.org/vision/stable/generated/torchvision.datasets.VisionDataset.html
"""

from __future__ import annotations

import importlib
import importlib.util
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Generic, TypeVar

import numpy as np

from tinygrad_nn.utils.data import Dataset

T_co = TypeVar("T_co", covariant=True)


class StandardTransform:
    """A transform of images and one of targets, as one of both."""

    def __init__(
        self, transform: Callable[..., Any] | None = None, target_transform: Callable[..., Any] | None = None
    ) -> None:
        self.transform, self.target_transform = transform, target_transform

    def __call__(self, input: Any, target: Any) -> tuple[Any, Any]:
        if self.transform is not None:
            input = self.transform(input)
        if self.target_transform is not None:
            target = self.target_transform(target)
        return input, target

    def __repr__(self) -> str:
        body = [type(self).__name__]
        for head, transform in (("Transform: ", self.transform), ("Target transform: ", self.target_transform)):
            if transform is not None:
                first, *rest = repr(transform).splitlines()
                body += [f"{head}{first}", *(" " * len(head) + line for line in rest)]
        return "\n".join(body)


class VisionDataset(Dataset[T_co], Generic[T_co]):
    """The base of datasets of images: subclasses write ``__getitem__`` and ``__len__``.

    Args:
        root: the folder of the data.
        transforms: is given an image and its target, and returns both.
        transform: is given an image. Excludes `transforms`, as does:
        target_transform: is given a target.

    Raises:
        ValueError: both kinds are given.

    Source: https://docs.pytorch.org/vision/stable/generated/torchvision.datasets.VisionDataset.html
    """

    def __init__(
        self, root: str | Path | None = None, transforms: Callable[..., Any] | None = None,
        transform: Callable[..., Any] | None = None, target_transform: Callable[..., Any] | None = None,
    ) -> None:  # fmt: skip
        self.root: Any = os.path.expanduser(root) if isinstance(root, str) else root
        if transforms is not None and (transform is not None or target_transform is not None):
            raise ValueError("Only transforms or transform/target_transform can be passed as argument")
        self.transform, self.target_transform = transform, target_transform
        if transform is not None or target_transform is not None:
            transforms = StandardTransform(transform, target_transform)
        self.transforms = transforms

    def __len__(self) -> int:
        raise NotImplementedError(f"{type(self).__name__} has no __len__, which says how many samples there are")

    def extra_repr(self) -> str:
        """What `repr` says beside the usual."""
        return ""

    def __repr__(self) -> str:
        body = [f"Number of datapoints: {len(self)}"]
        if self.root is not None:
            body.append(f"Root location: {self.root}")
        body += self.extra_repr().splitlines()
        if self.transforms is not None:  # one entry, whose lines after the first are not indented: as in torchvision
            body.append(repr(self.transforms))
        return "\n".join([f"Dataset {type(self).__name__}", *(f"    {line}" for line in body)])


def transformed(dataset: VisionDataset[Any], pixels: np.ndarray[Any, Any], target: Any) -> tuple[Any, Any]:
    """A sample: the image and the target, as the dataset's transforms make them."""
    image = as_image(pixels, dataset.transform)
    if dataset.transform is not None:
        image = dataset.transform(image)
    if dataset.target_transform is not None:
        target = dataset.target_transform(target)
    return image, target


def as_image(pixels: np.ndarray[Any, Any], transform: Any) -> Any:
    """The pixels as a Pillow image, where Pillow is installed, as torchvision's datasets give it.

    A transform of this package takes the array, and gives the same; so nothing is converted for it. Without Pillow,
    others get an array, too.
    """
    if getattr(transform, "takes_arrays", False):
        return pixels
    image = pillow()
    return pixels.copy() if image is None else image.fromarray(np.ascontiguousarray(pixels))


_pillow: list[Any] = []  # looked for once


def pillow() -> Any:
    """Pillow's module ``PIL.Image``, or None where it is not installed."""
    if not _pillow:
        _pillow.append(importlib.import_module("PIL.Image") if importlib.util.find_spec("PIL") else None)
    return _pillow[0]
