"""CIFAR-10 and CIFAR-100: small photographs in color.

Source: https://docs.pytorch.org/vision/stable/generated/torchvision.datasets.CIFAR10.html
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from .download import check_integrity
from .pickles import read_pickle
from .vision import VisionDataset, transformed

_PIXELS = 3 * 32 * 32


class CIFAR10(VisionDataset[tuple[Any, int]]):
    """60,000 photographs of ten kinds of things, 32 by 32 pixels: 50,000 for training, 10,000 for the test.

    The files lie in ``root/cifar-10-batches-py``, as the authors' archive has them. They are pickles, which could run
    anything; here they are read as data.

    A sample is ``(image, target)``: an image of Pillow's, if that is installed, and else a uint8 array of shape
    ``(32, 32, 3)``; and an int. The transforms of this package take both.

    Args:
        root: the folder.
        train: the training images, or else the test images.
        transform: applied to each image.
        target_transform: applied to each target.
        download: download and unpack the archive, where the files are not there.

    Attributes:
        data: all images, a uint8 array of shape ``(N, 32, 32, 3)``.
        targets: all labels, a list.
        classes, class_to_idx: the names of the classes, and their labels.

    Raises:
        RuntimeError: the files are not there, or have other checksums; or cannot be downloaded.
        ValueError: a file holds something else.

    Source: https://docs.pytorch.org/vision/stable/generated/torchvision.datasets.CIFAR10.html
    """

    base_folder = "cifar-10-batches-py"
    url = "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz"
    filename = "cifar-10-python.tar.gz"
    tgz_md5 = "c58f30108f718f92721af3b95e74349a"
    train_list: ClassVar[list[list[str]]] = [
        ["data_batch_1", "c99cafc152244af753f735de768cd75f"],
        ["data_batch_2", "d4bba439e000b95fd0a9bffe97cbabec"],
        ["data_batch_3", "54ebc095f3ab1f0389bbae665268c751"],
        ["data_batch_4", "634d18415352ddfa80567beed471001a"],
        ["data_batch_5", "482c414d41f54cd18b22e5b47cb7c3cb"],
    ]
    test_list: ClassVar[list[list[str]]] = [["test_batch", "40351d587109b95175f43aff81a1287e"]]
    meta: ClassVar[dict[str, str]] = {
        "filename": "batches.meta", "key": "label_names", "md5": "5ff9c542aee3614f3951f8cda6e48888",
    }  # fmt: skip

    def __init__(
        self, root: str | Path, train: bool = True, transform: Callable[..., Any] | None = None,
        target_transform: Callable[..., Any] | None = None, download: bool = False,
    ) -> None:  # fmt: skip
        super().__init__(root, transform=transform, target_transform=target_transform)
        self.train = train
        if download:
            self.download()
        self._check_integrity()
        batches = [self._read(name) for name, _ in (self.train_list if train else self.test_list)]
        self.data = np.concatenate([pixels for pixels, _ in batches]).reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
        self.targets: list[int] = [label for _, labels in batches for label in labels]
        self.classes = self._read_classes()
        self.class_to_idx = {name: label for label, name in enumerate(self.classes)}
        if max(self.targets, default=0) >= len(self.classes):
            raise ValueError(f"{self._path('')}: a label is {max(self.targets)}, with {len(self.classes)} classes")

    def _path(self, name: str) -> Path:
        return Path(self.root, self.base_folder, name)

    def _damaged(self) -> str | None:
        """The first file that is not there, or is not what it should be."""
        files = [*self.train_list, *self.test_list, [self.meta["filename"], self.meta["md5"]]]
        return next((name for name, md5 in files if not check_integrity(self._path(name), md5)), None)

    def _check_integrity(self) -> None:
        name = self._damaged()
        if name is not None:
            what = "has another checksum" if self._path(name).exists() else "is not there"
            raise RuntimeError(
                "Dataset not found or corrupted. You can use download=True to download it. "
                f"{self._path(name)} {what}."
            )

    def download(self) -> None:
        """Download and unpack the archive, where the files are not there.

        Raises:
            RuntimeError: it cannot be had.
        """
        from .archives import download_and_extract_archive

        if self._damaged() is not None:
            download_and_extract_archive(self.url, self.root, filename=self.filename, md5=self.tgz_md5)

    def _read(self, name: str) -> tuple[np.ndarray[Any, Any], list[int]]:
        """The pixels and the labels of one file."""
        path = self._path(name)
        batch = read_pickle(path)
        pixels, labels = _entry(batch, "data", path), _entry(batch, self._labels, path)
        if not isinstance(pixels, np.ndarray) or pixels.dtype != np.uint8 or pixels.shape[1:] != (_PIXELS,):
            raise ValueError(f"{path}: expected rows of {_PIXELS} bytes under 'data'. Download it again")
        if type(labels) is not list or not all(type(label) is int and label >= 0 for label in labels):
            raise ValueError(f"{path}: expected a list of labels under {self._labels!r}. Download it again")
        if len(labels) != len(pixels):
            raise ValueError(f"{path}: it holds {len(pixels)} images and {len(labels)} labels. Download it again")
        return pixels, labels

    def _read_classes(self) -> list[str]:
        path = self._path(self.meta["filename"])
        names = _entry(read_pickle(path), self.meta["key"], path)
        if type(names) is not list or not all(type(name) in (str, bytes) for name in names):
            raise ValueError(f"{path}: expected a list of names under {self.meta['key']!r}. Download it again")
        return [name.decode("latin1") if isinstance(name, bytes) else name for name in names]

    _labels = "labels"

    def __getitem__(self, index: Any) -> tuple[Any, Any]:
        return transformed(self, self.data[index], self.targets[index])

    def __len__(self) -> int:
        return len(self.data)

    def extra_repr(self) -> str:
        """Which part it is."""
        return f"Split: {'Train' if self.train else 'Test'}"


class CIFAR100(CIFAR10):
    """60,000 photographs of a hundred kinds of things, 32 by 32 pixels: 50,000 for training, 10,000 for the test.

    The files lie in ``root/cifar-100-python``. For the rest, see `CIFAR10`.

    Source: https://docs.pytorch.org/vision/stable/generated/torchvision.datasets.CIFAR100.html
    """

    base_folder = "cifar-100-python"
    url = "https://www.cs.toronto.edu/~kriz/cifar-100-python.tar.gz"
    filename = "cifar-100-python.tar.gz"
    tgz_md5 = "eb9058c3a382ffc7106e4002c42a8d85"
    train_list: ClassVar[list[list[str]]] = [["train", "16019d7e3df5f24257cddd939b257f8d"]]
    test_list: ClassVar[list[list[str]]] = [["test", "f0ef6b0ae62326f3e7ffdfab6717acfc"]]
    meta: ClassVar[dict[str, str]] = {
        "filename": "meta", "key": "fine_label_names", "md5": "7973b15100ade9c7d40fb424638fde48",
    }  # fmt: skip
    _labels = "fine_labels"


def _entry(batch: Any, key: str, path: Path) -> Any:
    """What a file holds under this key, which Python 3 may have kept as bytes."""
    for name in (key, key.encode()):
        if type(batch) is dict and name in batch:
            return batch[name]
    raise ValueError(f"{path}: there is no {key!r} in it. Download it again")
