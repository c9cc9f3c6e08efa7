"""Datasets: images in torchvision's names and layouts, tables, text, and folders of files.

    from tinygrad_nn import datasets, transforms

Files are read as data: nothing in them is run. Pillow, scikit-learn and tqdm are used where they are installed.

Source: https://docs.pytorch.org/vision/stable/datasets.html
"""

from __future__ import annotations

from . import utils
from .cifar import CIFAR10, CIFAR100
from .digit_recognizer import DigitRecognizer, write_digit_recognizer
from .fake import FakeData
from .folder import DatasetFolder, ImageFolder
from .idx import read_idx
from .mnist import EMNIST, KMNIST, MNIST, QMNIST, FashionMNIST
from .text import Alphabet, TextBlocks, TextLines
from .toys import SklearnDataset
from .vision import VisionDataset

__all__ = [
    "CIFAR10", "CIFAR100", "EMNIST", "KMNIST", "MNIST", "QMNIST", "Alphabet", "DatasetFolder", "DigitRecognizer",
    "FakeData", "FashionMNIST", "ImageFolder", "SklearnDataset", "TextBlocks", "TextLines", "VisionDataset", "read_idx",
    "utils", "write_digit_recognizer",
]  # fmt: skip
