"""Unit vectors of the space of several tensors together, and what a derivative gives for all of them, taken apart."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .._core.tensor import Tensor, wrap


def unit_vectors(tensors: Sequence[Tensor], start: int, end: int) -> list[Tensor]:
    """The unit vectors of these numbers: for each tensor its part, of shape (end - start, \\*its shape)."""
    vectors = []
    offset = 0
    for tensor in tensors:
        count = tensor._array.size
        part = np.zeros((end - start, count), tensor._array.dtype)
        own = np.arange(max(start, offset), min(end, offset + count))
        part[own - start, own - offset] = 1
        vectors.append(wrap(part.reshape(end - start, *tensor._array.shape)))
        offset += count
    return vectors


def split_rows(stacked: Tensor, outputs: Sequence[Tensor], x: Tensor) -> list[Tensor]:
    """The gradients of x for all unit vectors of the outputs, as a Jacobian (\\*output, \\*x) for each output."""
    parts = stacked.split([output._array.size for output in outputs], 0)
    return [
        part.reshape((*output._array.shape, *x._array.shape)) for part, output in zip(parts, outputs, strict=True)
    ]


def split_columns(stacked: Tensor, inputs: Sequence[Tensor]) -> list[Tensor]:
    """The tangents of an output for all unit vectors of the inputs, as a Jacobian (\\*output, \\*x) for each input."""
    last = stacked.movedim(0, -1)
    parts = last.split([x._array.size for x in inputs], -1)
    return [part.reshape((*part._array.shape[:-1], *x._array.shape)) for part, x in zip(parts, inputs, strict=True)]
