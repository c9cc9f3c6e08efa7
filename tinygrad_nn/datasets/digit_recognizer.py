"""Kaggle's digit recognizer: MNIST's digits in CSV files.

Source: https://www.kaggle.com/c/digit-recognizer/data
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from tinygrad_nn._core.tensor import Tensor, wrap

from .numbers import read_bytes, write_bytes
from .vision import VisionDataset, as_image, transformed

_PIXELS = [f"pixel{number}" for number in range(784)]


class DigitRecognizer(VisionDataset[Any]):
    """The digits of Kaggle's competition of this name: 42,000 with labels for training, 28,000 without for the test.

    The files ``train.csv`` and ``test.csv`` are looked for in ``root/digit-recognizer`` and in ``root``. Kaggle gives
    them to its members only; `write_digit_recognizer` makes such files of MNIST.

    A sample is ``(image, target)`` as with `MNIST`; of the test digits, the image alone.

    Args:
        root: the folder.
        train: the training digits, or else the test digits.
        transform: applied to each image.
        target_transform: applied to each target.

    Attributes:
        data: all images, uint8, shape ``(N, 28, 28)``.
        targets: all labels, int64, shape ``(N,)``; None for the test digits.
        classes: the names of the ten classes.

    Raises:
        RuntimeError: the file is not there; the text says where it was looked for.
        ValueError: it holds something else; the text says in which line.

    Source: https://www.kaggle.com/c/digit-recognizer/data

    Example:
        >>> import tempfile
        >>> import tinygrad_nn as tg
        >>> from tinygrad_nn.datasets import DigitRecognizer, write_digit_recognizer
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     write_digit_recognizer(f"{folder}/train.csv", tg.zeros(2, 28, 28, dtype=tg.uint8), tg.tensor([3, 7]))
        ...     digits = DigitRecognizer(folder)
        >>> len(digits), digits.targets
        (2, tensor([3, 7]))
    """

    classes = [str(digit) for digit in range(10)]  # noqa: RUF012 - as torchvision's datasets have it

    data: Tensor
    targets: Tensor | None

    def __init__(
        self, root: str | Path, train: bool = True, transform: Callable[..., Any] | None = None,
        target_transform: Callable[..., Any] | None = None,
    ) -> None:  # fmt: skip
        super().__init__(root, transform=transform, target_transform=target_transform)
        self.train = train
        path = self._find()
        names, table = read_bytes(path)
        expected = ["label", *_PIXELS] if train else _PIXELS
        if names != expected:
            raise ValueError(
                f"{path}: expected the columns {'label, ' if train else ''}pixel0 to pixel783, got {len(names)} "
                f"columns from {names[0][:20]!r} to {names[-1][:20]!r}. With train={train} it is the "
                f"{'training' if train else 'test'} file"
            )
        pixels = table[:, 1:] if train else table
        self.data = wrap(np.ascontiguousarray(pixels).reshape(-1, 28, 28))
        self.targets = wrap(table[:, 0].astype(np.int64)) if train else None
        if train and (table[:, 0] > 9).any():
            line = int(np.flatnonzero(table[:, 0] > 9)[0])
            raise ValueError(f"{path}, line {line + 2}: the label is {table[line, 0]}, and expected is a digit")

    def _find(self) -> Path:
        name = "train.csv" if self.train else "test.csv"
        folders = (Path(self.root, "digit-recognizer"), Path(self.root))
        for folder in folders:
            if (folder / name).is_file():
                return folder / name
        raise RuntimeError(
            f"Dataset not found. {name} is neither in {folders[0]} nor in {folders[1]}. Download it from "
            "https://www.kaggle.com/c/digit-recognizer/data, or make it of MNIST with write_digit_recognizer"
        )

    @property
    def class_to_idx(self) -> dict[str, int]:
        """The label of each class, by name."""
        return {name: label for label, name in enumerate(self.classes)}

    def __getitem__(self, index: Any) -> Any:
        pixels = self.data._array[index]
        if self.targets is not None:
            return transformed(self, pixels, int(self.targets._array[index]))
        image = as_image(pixels, self.transform)
        return image if self.transform is None else self.transform(image)

    def __len__(self) -> int:
        return len(self.data)

    def extra_repr(self) -> str:
        """Which part it is."""
        return f"Split: {'Train' if self.train else 'Test'}"


def write_digit_recognizer(path: str | Path, images: Any, targets: Any = None) -> None:
    """Write digits in the layout of Kaggle's digit recognizer.

    Args:
        path: the file, such as ``train.csv`` or ``test.csv``.
        images: uint8, of shape ``(N, 28, 28)``: tensors or arrays, such as ``MNIST(root).data[:42000]``.
        targets: the labels, for a training file; None for a test file.

    Raises:
        ValueError: images and labels are of other shapes, types, or of different number.
    """
    pixels, labels = _array(images), None if targets is None else _array(targets)
    if pixels.dtype != np.uint8 or pixels.shape[1:] != (28, 28):
        raise ValueError(
            f"write_digit_recognizer(): expected images of shape (N, 28, 28), uint8, got {pixels.shape}, {pixels.dtype}"
        )
    table, names = pixels.reshape(-1, 784), _PIXELS
    if labels is not None:
        if labels.shape != (len(pixels),) or labels.dtype.kind not in "iu" or ((labels < 0) | (labels > 9)).any():
            raise ValueError(
                f"write_digit_recognizer(): expected {len(pixels)} digits as labels, got {labels.shape}, {labels.dtype}"
            )
        table, names = np.concatenate([labels[:, None].astype(np.uint8), table], 1), ["label", *names]
    write_bytes(path, names, table)


def _array(values: Any) -> np.ndarray[Any, Any]:
    return values._array if isinstance(values, Tensor) else np.asarray(values)
