"""The numbers in what was given."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._core.tensor import Tensor

Array = np.ndarray[Any, Any]


def as_array(values: Any, name: str) -> Array:
    """The numbers of something, with a first dimension."""
    array = values._array if isinstance(values, Tensor) else None
    if array is None:
        try:
            array = np.asarray(values)
        except ValueError as error:  # lists of different lengths
            raise ValueError(f"{name} is no array: {error}") from None
    if array.dtype.kind not in "biufc":
        raise TypeError(f"{name}: expected numbers, got {_what(array)}")
    if array.ndim == 0:
        raise ValueError(f"{name}: expected a sample in each row, got a single number. For one sample give x[None]")
    return array


def _what(array: Array) -> str:
    if array.dtype.kind in "US" or (array.size and isinstance(array.reshape(-1)[0], str)):
        return "text. Class names become numbers with names, y = numpy.unique(labels, return_inverse=True)"
    if array.ndim == 2 and array.size:
        columns = [number for number, value in enumerate(array[0]) if isinstance(value, str)]
        if columns:
            told = "columns" if len(columns) > 1 else "column"
            return (
                f"text in {told} {', '.join(map(str, columns))}. Words become numbers with pandas.get_dummies, or "
                "scikit-learn's OneHotEncoder"
            )
    return f"an array of {array.dtype}. A sparse matrix needs .toarray(), a table with gaps .to_numpy(float)"
