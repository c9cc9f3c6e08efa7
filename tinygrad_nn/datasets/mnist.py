"""MNIST, read from its four IDX files.

Source: https://docs.pytorch.org/vision/stable/generated/torchvision.datasets.MNIST.html
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from tinygrad_nn._core import dtypes
from tinygrad_nn._core.tensor import Tensor
from tinygrad_nn.utils.data import Dataset

from .idx import read_idx


class MNIST(Dataset[tuple[Any, Any]]):
    """The MNIST handwritten digits: 60,000 for training, 10,000 for the test.

    The files ``train-images-idx3-ubyte``, ``train-labels-idx1-ubyte``, ``t10k-images-idx3-ubyte`` and
    ``t10k-labels-idx1-ubyte``, plain or with ``.gz``, are looked for in ``root/MNIST/raw`` (torchvision's
    layout) and in ``root`` itself. Other data in the same files, such as Fashion-MNIST, is read as well.

    A sample is ``(image, target)``: a uint8 tensor of shape ``(28, 28)``, and an int. (torchvision gives an
    image of the Pillow library, so its transforms don't apply; write ``transform=lambda image: image.float()
    / 255``.)

    Args:
        root: the folder.
        train: the training digits, or else the test digits.
        transform: applied to each image.
        target_transform: applied to each target.
        download: accepted where the files are there; nothing is downloaded.

    Attributes:
        data: all images, uint8, shape ``(N, 28, 28)``.
        targets: all labels, int64, shape ``(N,)``.
        classes: the names of the ten classes.

    Raises:
        FileNotFoundError: the files are not there; the text says where they were looked for.
        RuntimeError: the same, with ``download=True``.
        ValueError: a file is damaged, or images and labels don't belong together.

    Source: https://docs.pytorch.org/vision/stable/generated/torchvision.datasets.MNIST.html

    Example:
        >>> import pathlib, tempfile
        >>> from tinygrad_nn.datasets import MNIST
        >>> image = bytes([0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 2]) + bytes([10, 20, 30, 40])
        >>> label = bytes([0, 0, 8, 1, 0, 0, 0, 1]) + bytes([7])
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     _ = pathlib.Path(folder, "train-images-idx3-ubyte").write_bytes(image)
        ...     _ = pathlib.Path(folder, "train-labels-idx1-ubyte").write_bytes(label)
        ...     mnist = MNIST(folder)
        >>> mnist[0]
        (tensor([[10, 20],
                [30, 40]], dtype=torch.uint8), 7)
    """

    classes = (
        "0 - zero", "1 - one", "2 - two", "3 - three", "4 - four",
        "5 - five", "6 - six", "7 - seven", "8 - eight", "9 - nine",
    )  # fmt: skip

    data: Tensor
    targets: Tensor

    def __init__(
        self,
        root: str | Path,
        train: bool = True,
        transform: Callable[[Any], Any] | None = None,
        target_transform: Callable[[Any], Any] | None = None,
        download: bool = False,
    ) -> None:
        self.root = Path(root)
        self.train = train
        self.transform = transform
        self.target_transform = target_transform
        part = "train" if train else "t10k"
        images_path = self._find(f"{part}-images-idx3-ubyte", download)
        labels_path = self._find(f"{part}-labels-idx1-ubyte", download)
        images, labels = read_idx(images_path), read_idx(labels_path)
        _check(images, 3, images_path)
        _check(labels, 1, labels_path)
        if len(images) != len(labels):
            raise ValueError(
                f"{images_path} holds {len(images)} images, {labels_path} {len(labels)} labels: expected as "
                "many. Take both from the same source"
            )
        self.data = images
        self.targets = labels.to(dtypes.int64)

    @property
    def raw_folder(self) -> Path:
        """Where torchvision keeps the files: ``root/MNIST/raw``."""
        return self.root / type(self).__name__ / "raw"

    @property
    def class_to_idx(self) -> dict[str, int]:
        """The label of each class, by name."""
        return {name: label for label, name in enumerate(self.classes)}

    def _find(self, name: str, download: bool) -> Path:
        """The path of one of the files."""
        for folder in (self.raw_folder, self.root):
            for path in (folder / name, folder / f"{name}.gz"):
                if path.is_file():
                    return path
        text = (
            f"{self.root}: MNIST's file {name}(.gz) was not found, neither in {self.raw_folder} nor in "
            f"{self.root}. Put the four files {{train,t10k}}-{{images-idx3,labels-idx1}}-ubyte(.gz) there"
        )
        if download:
            raise RuntimeError(f"{text}; tinygrad_nn does not download them (download=True)")
        raise FileNotFoundError(text)

    def __getitem__(self, index: Any) -> tuple[Any, Any]:
        image: Any = self.data[index]
        target: Any = int(self.targets[index])
        if self.transform is not None:
            image = self.transform(image)
        if self.target_transform is not None:
            target = self.target_transform(target)
        return image, target

    def __len__(self) -> int:
        return len(self.data)

    def __repr__(self) -> str:
        split = "Train" if self.train else "Test"
        lines = f"Number of datapoints: {len(self)}", f"Root location: {self.root}", f"Split: {split}"
        return "\n    ".join((f"Dataset {type(self).__name__}", *lines))


def _check(tensor: Tensor, dims: int, path: Path) -> None:
    if tensor.dim() != dims or tensor.dtype != dtypes.uint8:
        raise ValueError(
            f"{path}: expected a {dims}-d array of uint8, got shape {list(tensor.shape)} of {tensor.dtype}. "
            "Are images and labels mixed up?"
        )
