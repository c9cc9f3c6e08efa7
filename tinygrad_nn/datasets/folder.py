"""Folders of files, a folder for each class.

Source: https://docs.pytorch.org/vision/stable/generated/torchvision.datasets.ImageFolder.html
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .vision import VisionDataset, pillow

IMG_EXTENSIONS = (".jpg", ".jpeg", ".png", ".ppm", ".bmp", ".pgm", ".tif", ".tiff", ".webp")


def find_classes(directory: str | Path) -> tuple[list[str], dict[str, int]]:
    """The folders in a folder, in alphabetical order, and their numbers.

    Raises:
        FileNotFoundError: there are none.
    """
    classes = sorted(entry.name for entry in os.scandir(directory) if entry.is_dir())
    if not classes:
        raise FileNotFoundError(
            f"Couldn't find any class folder in {directory}. Expected a folder for each class, with its files in it."
        )
    return classes, {name: number for number, name in enumerate(classes)}


def make_dataset(
    directory: str | Path, class_to_idx: dict[str, int] | None = None, extensions: str | tuple[str, ...] | None = None,
    is_valid_file: Callable[[str], bool] | None = None, allow_empty: bool = False,
) -> list[tuple[str, int]]:  # fmt: skip
    """The files of each class's folder, with the class's number: sorted, and of folders within it, too.

    Args:
        directory: the folder of the classes' folders.
        class_to_idx: the classes and their numbers; as `find_classes` finds them if not given.
        extensions: the ends of names that count; or
        is_valid_file: tells of a path whether it counts.
        allow_empty: classes may have no files.

    Raises:
        ValueError: both or neither of `extensions` and `is_valid_file` are given, or no class.
        FileNotFoundError: a class has no files.
    """
    directory = os.path.expanduser(directory)
    if class_to_idx is None:
        _, class_to_idx = find_classes(directory)
    elif not class_to_idx:
        raise ValueError("'class_to_index' must have at least one entry to collect any samples.")
    if (extensions is None) == (is_valid_file is None):
        raise ValueError("Both extensions and is_valid_file cannot be None or not None at the same time")

    def counts(path: str) -> bool:
        return is_valid_file(path) if is_valid_file is not None else path.lower().endswith(extensions or ())

    found: list[tuple[str, int]] = []
    empty: list[str] = []
    for name in sorted(class_to_idx):
        before = len(found)
        for folder, _, files in sorted(os.walk(os.path.join(directory, name), followlinks=True)):
            paths = (os.path.join(folder, file) for file in sorted(files))
            found += [(path, class_to_idx[name]) for path in paths if counts(path)]
        empty += [name] if len(found) == before else []
    if empty and not allow_empty:
        known = extensions if isinstance(extensions, str | None) else ", ".join(extensions)
        supported = "" if known is None else f"Supported extensions are: {known}"
        raise FileNotFoundError(f"Found no valid file for the classes {', '.join(empty)}. {supported}")
    return found


class DatasetFolder(VisionDataset[tuple[Any, int]]):
    """Files in folders, one for each class: ``root/class/...``.

    Args:
        root: the folder of the classes' folders.
        loader: reads the file of a path.
        extensions: the ends of names that count; or
        is_valid_file: tells of a path whether it counts.
        transform: applied to what `loader` returns.
        target_transform: applied to the class's number.
        allow_empty: classes may have no files.

    Attributes:
        classes, class_to_idx: the names of the classes, and their numbers.
        samples: paths and numbers.
        targets: the numbers.

    Raises:
        FileNotFoundError: there are no classes, or one has no files.
        ValueError: both or neither of `extensions` and `is_valid_file` are given.

    Source: https://docs.pytorch.org/vision/stable/generated/torchvision.datasets.DatasetFolder.html
    """

    def __init__(
        self, root: str | Path, loader: Callable[[str], Any], extensions: tuple[str, ...] | None = None,
        transform: Callable[..., Any] | None = None, target_transform: Callable[..., Any] | None = None,
        is_valid_file: Callable[[str], bool] | None = None, allow_empty: bool = False,
    ) -> None:  # fmt: skip
        super().__init__(root, transform=transform, target_transform=target_transform)
        self.classes, self.class_to_idx = self.find_classes(self.root)
        self.samples = self.make_dataset(self.root, self.class_to_idx, extensions, is_valid_file, allow_empty)
        self.loader, self.extensions = loader, extensions
        self.targets = [number for _, number in self.samples]

    @staticmethod
    def make_dataset(
        directory: str | Path, class_to_idx: dict[str, int], extensions: tuple[str, ...] | None = None,
        is_valid_file: Callable[[str], bool] | None = None, allow_empty: bool = False,
    ) -> list[tuple[str, int]]:  # fmt: skip
        """Paths and numbers. Override it to find files in another way.

        Raises:
            ValueError, FileNotFoundError: as the function of this name does.
        """
        if class_to_idx is None:
            raise ValueError("The class_to_idx parameter cannot be None.")
        return make_dataset(directory, class_to_idx, extensions, is_valid_file, allow_empty)

    def find_classes(self, directory: str | Path) -> tuple[list[str], dict[str, int]]:
        """The classes and their numbers. Override it to find classes in another way.

        Raises:
            FileNotFoundError: there are none.
        """
        return find_classes(directory)

    def __getitem__(self, index: Any) -> tuple[Any, Any]:
        path, target = self.samples[index]
        sample, number = self.loader(path), target
        if self.transform is not None:
            sample = self.transform(sample)
        if self.target_transform is not None:
            number = self.target_transform(number)
        return sample, number

    def __len__(self) -> int:
        return len(self.samples)


def default_loader(path: str | Path) -> Any:
    """The image in a file, in red, green and blue, by Pillow.

    Raises:
        ImportError: Pillow is not installed.
        OSError: the file is no image that it can read.
    """
    image = pillow()
    if image is None:
        raise ImportError(
            "Images are read with Pillow: python -m pip install pillow. Or give a loader of your own: "
            "ImageFolder(root, loader=...)."
        )
    with open(path, "rb") as file:
        return image.open(file).convert("RGB")


class ImageFolder(DatasetFolder):
    """Images in folders, one for each class: ``root/dog/1.png``, ``root/cat/2.png``. They are read with Pillow.

    Args:
        root: the folder of the classes' folders.
        transform: applied to each image.
        target_transform: applied to the class's number.
        loader: reads the image of a path; without Pillow, give one of your own.
        is_valid_file: tells of a path whether it counts; without it, names of images do.
        allow_empty: classes may have no files.

    Attributes:
        classes, class_to_idx: the names of the classes, and their numbers.
        imgs: paths and numbers.

    Raises:
        ImportError: Pillow is not installed, and no loader is given.
        FileNotFoundError: there are no classes, or one has no images.

    Source: https://docs.pytorch.org/vision/stable/generated/torchvision.datasets.ImageFolder.html
    """

    def __init__(
        self, root: str | Path, transform: Callable[..., Any] | None = None,
        target_transform: Callable[..., Any] | None = None, loader: Callable[[str], Any] = default_loader,
        is_valid_file: Callable[[str], bool] | None = None, allow_empty: bool = False,
    ) -> None:  # fmt: skip
        if loader is default_loader and pillow() is None:
            default_loader("")
        extensions = IMG_EXTENSIONS if is_valid_file is None else None
        super().__init__(root, loader, extensions, transform, target_transform, is_valid_file, allow_empty)
        self.imgs = self.samples
