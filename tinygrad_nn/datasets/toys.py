"""scikit-learn's toy datasets as tensors. scikit-learn is imported when one is asked for.

Source: https://scikit-learn.org/stable/datasets/toy_dataset.html
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

import numpy as np

from tinygrad_nn._core import dtypes
from tinygrad_nn._core.errors import near
from tinygrad_nn._core.tensor import Tensor, wrap
from tinygrad_nn.utils.data import Dataset

# The names here, and scikit-learn's functions: those that come with it, and those that make up data.
_KEPT = {name: f"load_{name}" for name in ("breast_cancer", "diabetes", "digits", "iris", "linnerud", "wine")}
_MADE = {
    name: f"make_{name}"
    for name in ("blobs", "circles", "classification", "gaussian_quantiles", "hastie_10_2", "moons", "friedman1",
                 "regression", "s_curve", "swiss_roll")
}  # fmt: skip


class SklearnDataset(Dataset[tuple[Any, Any]]):
    """One of scikit-learn's toy datasets: a sample is a row of numbers, and its class or value.

    ``digits``, ``iris``, ``wine``, ``breast_cancer``, ``diabetes`` and ``linnerud`` come with scikit-learn; ``moons``,
    ``circles``, ``blobs``, ``classification``, ``regression`` and others are made up: give ``random_state`` and what
    else scikit-learn's function takes.

    Args:
        name: the dataset.
        transform: applied to each row.
        target_transform: applied to each target.
        dtype: of the rows.
        **options: for scikit-learn's function.

    Attributes:
        data: all rows.
        targets: classes, int64; or values, of the type of the rows.
        classes, feature_names, description: what scikit-learn says of it; empty where it says nothing.

    Raises:
        ImportError: scikit-learn is not installed.
        ValueError: there is no such dataset.

    Source: https://scikit-learn.org/stable/datasets/toy_dataset.html
    """

    def __init__(
        self, name: str, transform: Callable[..., Any] | None = None,
        target_transform: Callable[..., Any] | None = None, dtype: dtypes.dtype = dtypes.float32, **options: Any,
    ) -> None:  # fmt: skip
        functions = _KEPT | _MADE
        if name not in functions:
            hint = near(str(name), functions) or f" There are {', '.join(functions)}."
            raise ValueError(f"SklearnDataset(): there is no {name!r}.{hint}")
        try:
            module = importlib.import_module("sklearn.datasets")
        except ImportError as error:
            raise ImportError(
                f"The dataset {name!r} comes with scikit-learn: python -m pip install scikit-learn"
            ) from error
        loaded = getattr(module, functions[name])(**options)
        rows, targets = loaded if name in _MADE else (loaded["data"], loaded["target"])
        self.name, self.transform, self.target_transform = name, transform, target_transform
        self.data: Tensor = wrap(np.ascontiguousarray(rows, dtype.dtype))
        of_classes = np.asarray(targets).dtype.kind in "iu" or name == "hastie_10_2"
        self.targets: Tensor = wrap(np.asarray(targets, np.int64 if of_classes else dtype.dtype))
        about = {} if name in _MADE else loaded
        self.classes = [str(kind) for kind in about.get("target_names", [])]
        self.feature_names = [str(feature) for feature in about.get("feature_names", [])]
        self.description: str = about.get("DESCR", "")

    def __getitem__(self, index: Any) -> tuple[Any, Any]:
        row: Any = self.data[index]
        target: Any = self.targets[index]
        if self.transform is not None:
            row = self.transform(row)
        if self.target_transform is not None:
            target = self.target_transform(target)
        return row, target

    def __len__(self) -> int:
        return len(self.data)

    def __repr__(self) -> str:
        return f"SklearnDataset({self.name!r}, {len(self)} rows of {list(self.data.shape[1:])})"
