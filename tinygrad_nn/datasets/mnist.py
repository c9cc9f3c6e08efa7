"""MNIST, and datasets in its format: Fashion-MNIST, Kuzushiji-MNIST, EMNIST, QMNIST.

Source: https://docs.pytorch.org/vision/stable/generated/torchvision.datasets.MNIST.html
"""

from __future__ import annotations

import string
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, ClassVar

from tinygrad_nn._core import dtypes
from tinygrad_nn._core.tensor import Tensor

from .idx import read_idx
from .vision import VisionDataset, transformed


class MNIST(VisionDataset[tuple[Any, Any]]):
    """The MNIST handwritten digits: 60,000 for training, 10,000 for the test.

    The files ``train-images-idx3-ubyte``, ``train-labels-idx1-ubyte``, ``t10k-images-idx3-ubyte`` and
    ``t10k-labels-idx1-ubyte``, plain or with ``.gz``, are looked for in ``root/MNIST/raw`` (torchvision's
    layout) and in ``root`` itself.

    A sample is ``(image, target)``: an image of Pillow's, if that is installed, and else a uint8 array; and an int. The
    transforms of this package take both.

    Args:
        root: the folder.
        train: the training digits, or else the test digits.
        transform: applied to each image.
        target_transform: applied to each target.
        download: download the files where they are not there, into ``root/MNIST/raw``.

    Attributes:
        data: all images, uint8, shape ``(N, 28, 28)``.
        targets: all labels, int64, shape ``(N,)``.
        classes: the names of the ten classes.

    Raises:
        RuntimeError: the files are not there; the text says where they were looked for. Or they cannot be downloaded.
        ValueError: a file is damaged, or images and labels don't belong together.

    Source: https://docs.pytorch.org/vision/stable/generated/torchvision.datasets.MNIST.html

    Example:
        >>> import pathlib, tempfile
        >>> from tinygrad_nn.datasets import MNIST
        >>> from tinygrad_nn.transforms import ToTensor
        >>> image = bytes([0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 2]) + bytes([0, 51, 102, 255])
        >>> label = bytes([0, 0, 8, 1, 0, 0, 0, 1]) + bytes([7])
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     _ = pathlib.Path(folder, "train-images-idx3-ubyte").write_bytes(image)
        ...     _ = pathlib.Path(folder, "train-labels-idx1-ubyte").write_bytes(label)
        ...     mnist = MNIST(folder, transform=ToTensor())
        >>> mnist[0]
        (tensor([[[0.0000, 0.2000],
                  [0.4000, 1.0000]]]), 7)
    """

    mirrors: ClassVar[list[str]] = [
        "https://ossci-datasets.s3.amazonaws.com/mnist/", "http://yann.lecun.com/exdb/mnist/",
    ]  # fmt: skip
    # names of files, or URLs, and their MD5
    resources: ClassVar[Any] = [
        ("train-images-idx3-ubyte.gz", "f68b3c2dcbeaaa9fbdd348bbdeb94873"),
        ("train-labels-idx1-ubyte.gz", "d53e105ee54ea40749a09fcbcd1e9432"),
        ("t10k-images-idx3-ubyte.gz", "9fb629c4189551a2d022fa330f9573f3"),
        ("t10k-labels-idx1-ubyte.gz", "ec29112dd5afa0611ce80d1b7f02629c"),
    ]
    classes: Sequence[str] = [
        "0 - zero", "1 - one", "2 - two", "3 - three", "4 - four",
        "5 - five", "6 - six", "7 - seven", "8 - eight", "9 - nine",
    ]  # fmt: skip

    data: Tensor
    targets: Tensor

    def __init__(
        self,
        root: str | Path,
        train: bool = True,
        transform: Callable[..., Any] | None = None,
        target_transform: Callable[..., Any] | None = None,
        download: bool = False,
    ) -> None:
        super().__init__(root, transform=transform, target_transform=target_transform)
        self.train = train
        if download:
            self.download()
        self.data, self.targets = self._load()

    @property
    def raw_folder(self) -> str:
        """Where torchvision keeps the files: ``root/MNIST/raw``."""
        return str(Path(self.root, type(self).__name__, "raw"))

    @property
    def class_to_idx(self) -> dict[str, int]:
        """The label of each class, by name."""
        return {name: label for label, name in enumerate(self.classes)}

    def download(self) -> None:
        """Download the files where they are not there.

        Raises:
            RuntimeError: they cannot be had.
        """
        from .download import fetch

        for name, md5 in self.resources:
            if self._find(name.removesuffix(".gz")) is None:
                fetch([mirror + name for mirror in self.mirrors], Path(self.raw_folder, name), md5)

    def _names(self) -> tuple[str, str]:
        """The files of images and of labels, without ``.gz``."""
        part = "train" if self.train else "t10k"
        return f"{part}-images-idx3-ubyte", f"{part}-labels-idx1-ubyte"

    def _find(self, name: str) -> Path | None:
        """The path of one of the files, if it is there."""
        folders = (Path(self.raw_folder), Path(self.root))
        paths = (folder / (name + suffix) for folder in folders for suffix in ("", ".gz"))
        return next((path for path in paths if path.is_file()), None)

    def _found(self) -> tuple[Path, Path]:
        """The paths of images and of labels."""
        found = []
        for name in self._names():
            path = self._find(name)
            if path is None:
                raise RuntimeError(
                    f"Dataset not found. You can use download=True to download it. {type(self).__name__}'s file "
                    f"{name}(.gz) is neither in {self.raw_folder} nor in {self.root}."
                )
            found.append(path)
        return found[0], found[1]

    def _load(self) -> tuple[Tensor, Tensor]:
        images_path, labels_path = self._found()
        images, labels = read_idx(images_path), read_idx(labels_path)
        _check(images, 3, dtypes.uint8, images_path)
        _check(labels, 1, dtypes.uint8, labels_path)
        _check_together(images, labels, images_path, labels_path)
        return images, labels.to(dtypes.int64)

    def __getitem__(self, index: Any) -> tuple[Any, Any]:
        return transformed(self, self.data._array[index], int(self.targets._array[index]))

    def __len__(self) -> int:
        return len(self.data)

    def extra_repr(self) -> str:
        """Which part it is."""
        return f"Split: {'Train' if self.train else 'Test'}"


class FashionMNIST(MNIST):
    """Zalando's pictures of clothes, in MNIST's format: 60,000 for training, 10,000 for the test.

    The files have MNIST's names, and lie in ``root/FashionMNIST/raw`` or in ``root``. For the rest, see `MNIST`.

    Source: https://docs.pytorch.org/vision/stable/generated/torchvision.datasets.FashionMNIST.html
    """

    mirrors: ClassVar[list[str]] = ["http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/"]
    resources: ClassVar[Any] = [
        ("train-images-idx3-ubyte.gz", "8d4fb7e6c68d591d4c3dfef9ec88bf0d"),
        ("train-labels-idx1-ubyte.gz", "25c81989df183df01b3e8a0aad5dffbe"),
        ("t10k-images-idx3-ubyte.gz", "bef4ecab320f06d8554ea6380940ec79"),
        ("t10k-labels-idx1-ubyte.gz", "bb300cfdad3c16e7a12a480ee83cd310"),
    ]
    classes: Sequence[str] = [
        "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
    ]  # fmt: skip


class KMNIST(MNIST):
    """Kuzushiji-MNIST, cursive Japanese characters in MNIST's format: 60,000 for training, 10,000 for the test.

    The files have MNIST's names, and lie in ``root/KMNIST/raw`` or in ``root``. For the rest, see `MNIST`.

    Source: https://docs.pytorch.org/vision/stable/generated/torchvision.datasets.KMNIST.html
    """

    mirrors: ClassVar[list[str]] = ["http://codh.rois.ac.jp/kmnist/dataset/kmnist/"]
    resources: ClassVar[Any] = [
        ("train-images-idx3-ubyte.gz", "bdb82020997e1d708af4cf47b453dcf7"),
        ("train-labels-idx1-ubyte.gz", "e144d726b3acfaa3e44228e80efcd344"),
        ("t10k-images-idx3-ubyte.gz", "5c965bf0a639b31b8f53240b1b52f4d7"),
        ("t10k-labels-idx1-ubyte.gz", "7320c461ea6c1c855c0b718fb2a4b134"),
    ]
    classes: Sequence[str] = ["o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"]


class EMNIST(MNIST):
    """EMNIST, handwritten letters and digits, in six selections. The images lie on their side, as in torchvision.

    The files, such as ``emnist-letters-train-images-idx3-ubyte``, plain or with ``.gz``, lie in ``root/EMNIST/raw`` or
    in ``root``. A download is of all selections: half a gigabyte.

    Args:
        root: the folder.
        split: ``"byclass"``, ``"bymerge"``, ``"balanced"``, ``"letters"``, ``"digits"`` or ``"mnist"``.
        train, transform, target_transform, download: as for `MNIST`.

    Raises:
        ValueError: there is no such split; or as `MNIST` does.
        RuntimeError: as `MNIST` does.

    Source: https://docs.pytorch.org/vision/stable/generated/torchvision.datasets.EMNIST.html
    """

    url = "https://biometrics.nist.gov/cs_links/EMNIST/gzip.zip"
    md5 = "58c8d27c78d21e728a6bc7b3cc06412e"
    splits = ("byclass", "bymerge", "balanced", "letters", "digits", "mnist")
    _all = string.digits + string.ascii_uppercase + string.ascii_lowercase
    _merged = "".join(sorted(set(_all) - set("cijklmopsuvwxyz")))  # whose small and large letters look alike
    classes_split_dict: ClassVar[dict[str, list[str]]] = {
        "byclass": list(_all), "bymerge": list(_merged), "balanced": list(_merged),
        "letters": ["N/A", *string.ascii_lowercase], "digits": list(string.digits), "mnist": list(string.digits),
    }  # fmt: skip

    def __init__(self, root: str | Path, split: str, **kwargs: Any) -> None:
        self.split = _one_of("split", split, self.splits)
        super().__init__(root, **kwargs)
        self.classes = self.classes_split_dict[split]

    def _names(self) -> tuple[str, str]:
        part = f"emnist-{self.split}-{'train' if self.train else 'test'}"
        return f"{part}-images-idx3-ubyte", f"{part}-labels-idx1-ubyte"

    def download(self) -> None:
        """Download and unpack the archive, where the files are not there.

        Raises:
            RuntimeError: it cannot be had.
        """
        import shutil

        from .archives import download_and_extract_archive

        if None not in [self._find(name) for name in self._names()]:
            return
        raw = Path(self.raw_folder)
        download_and_extract_archive(self.url, raw, md5=self.md5)
        for path in (raw / "gzip").glob("*.gz"):
            path.replace(raw / path.name)
        shutil.rmtree(raw / "gzip", ignore_errors=True)


class QMNIST(MNIST):
    """QMNIST, MNIST made anew from its source, with 60,000 digits for the test and with where each one comes from.

    Args:
        root: the folder; the files lie in ``root/QMNIST/raw`` or in ``root``.
        what: ``"train"``, ``"test"``, ``"test10k"`` (MNIST's test digits), ``"test50k"`` (the others) or
            ``"nist"`` (all).
        compat: a target is the digit; or else the whole row of eight numbers, a tensor.
        train: without `what`, the training or the test digits.
        transform, target_transform, download: as for `MNIST`.

    Raises:
        ValueError: there is no such part; or as `MNIST` does.
        RuntimeError: as `MNIST` does.

    Source: https://docs.pytorch.org/vision/stable/generated/torchvision.datasets.QMNIST.html
    """

    subsets: ClassVar[dict[str, str]] = {
        "train": "train", "test": "test", "test10k": "test", "test50k": "test", "nist": "nist",
    }  # fmt: skip
    mirrors: ClassVar[list[str]] = ["https://raw.githubusercontent.com/facebookresearch/qmnist/master/"]
    resources: ClassVar[Any] = {
        "train": [
            ("qmnist-train-images-idx3-ubyte.gz", "ed72d4157d28c017586c42bc6afe6370"),
            ("qmnist-train-labels-idx2-int.gz", "0058f8dd561b90ffdd0f734c6a30e5e4"),
        ],
        "test": [
            ("qmnist-test-images-idx3-ubyte.gz", "1394631089c404de565df7b7aeaf9412"),
            ("qmnist-test-labels-idx2-int.gz", "5b5b05890a5e13444e108efe57b788aa"),
        ],
        "nist": [
            ("xnist-images-idx3-ubyte.xz", "7f124b3b8ab81486c9d8c2749c17f834"),
            ("xnist-labels-idx2-int.xz", "5ed0e788978e45d4a8bd4b7caec3d79d"),
        ],
    }

    def __init__(
        self, root: str | Path, what: str | None = None, compat: bool = True, train: bool = True, **kwargs: Any
    ) -> None:
        self.what = _one_of("what", what or ("train" if train else "test"), tuple(self.subsets))
        self.compat = compat
        super().__init__(root, train, **kwargs)

    def _names(self) -> tuple[str, str]:
        (images, _), (labels, _) = self.resources[self.subsets[self.what]]
        return images.rpartition(".")[0], labels.rpartition(".")[0]

    def download(self) -> None:
        """Download the files of this part, where they are not there.

        Raises:
            RuntimeError: they cannot be had.
        """
        from .archives import extract_archive
        from .download import fetch

        for name, md5 in self.resources[self.subsets[self.what]]:
            if self._find(name.rpartition(".")[0]) is None:
                path = Path(self.raw_folder, name)
                fetch([mirror + name for mirror in self.mirrors], path, md5)
                if name.endswith(".xz"):
                    extract_archive(path)

    def _load(self) -> tuple[Tensor, Tensor]:
        images_path, labels_path = self._found()
        images, labels = read_idx(images_path), read_idx(labels_path)
        _check(images, 3, dtypes.uint8, images_path)
        _check(labels, 2, dtypes.int32, labels_path)
        _check_together(images, labels, images_path, labels_path)
        part = {"test10k": slice(0, 10_000), "test50k": slice(10_000, None)}.get(self.what)
        if part is not None:
            images, labels = images[part].clone(), labels[part].clone()
        return images, labels.to(dtypes.int64)

    def __getitem__(self, index: Any) -> tuple[Any, Any]:
        target = self.targets[index]
        return transformed(self, self.data._array[index], int(target[0]) if self.compat else target)

    def extra_repr(self) -> str:
        """Which part it is."""
        return f"Split: {self.what}"


def _one_of(name: str, value: Any, known: tuple[str, ...]) -> str:
    """One of these strings, or the error of torchvision for another."""
    if not isinstance(value, str):
        raise ValueError(f"Expected type str for argument {name}, but got type {type(value)}.")
    if value not in known:
        raise ValueError(f"Unknown value '{value}' for argument {name}. Valid values are {{{', '.join(known)}}}.")
    return value


def _check(tensor: Tensor, dims: int, kind: dtypes.dtype, path: Path) -> None:
    if tensor.dim() != dims or tensor.dtype is not kind:
        raise ValueError(
            f"{path}: expected a {dims}-d array of {kind.name}, got shape {list(tensor.shape)} of {tensor.dtype}. "
            "Are images and labels mixed up?"
        )


def _check_together(images: Tensor, labels: Tensor, images_path: Path, labels_path: Path) -> None:
    if len(images) != len(labels):
        raise ValueError(
            f"{images_path} holds {len(images)} images, {labels_path} {len(labels)} labels: expected as many. Take "
            "both from the same source"
        )
