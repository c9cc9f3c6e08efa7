"""Vectors that TensorBoard's projector shows: files of numbers, labels and pictures, and a list of them.

Source: https://github.com/tensorflow/tensorboard/tree/master/tensorboard/plugins/projector
"""

from __future__ import annotations

import math
import os
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from .pictures import grid, png
from .values import Array, as_array


def write_vectors(
    logdir: str, folder: str, vectors: Array, labels: Sequence[Any] | None, header: Sequence[str] | None, pictures: Any
) -> None:
    """Write the files of one embedding.

    Raises:
        AssertionError: the numbers of vectors, labels and pictures differ, or the vectors are no matrix.
        NotADirectoryError: a file is where the folder is to be.
    """
    if vectors.ndim != 2:
        raise AssertionError("mat should be 2D, where mat.size(0) is the number of data points")
    if labels is not None and len(labels) != len(vectors):
        raise AssertionError("#labels should equal with #data points")
    if pictures is not None and len(pictures) != len(vectors):
        raise AssertionError("#images should equal with #data points")
    path = os.path.join(logdir, folder)
    if os.path.isdir(path):
        warnings.warn("Embedding dir exists, did you set global_step for add_embedding()?", stacklevel=3)
    elif os.path.exists(path):
        raise NotADirectoryError(f"Path: `{path}` exists, but is a file. Cannot proceed.")
    os.makedirs(path, exist_ok=True)
    _write(path, "tensors.tsv", ("\t".join(str(number.item()) for number in row) for row in vectors))
    if labels is not None:
        _write(path, "metadata.tsv", _lines(labels, header))
    if pictures is not None:
        with open(os.path.join(path, "sprite.png"), "wb") as file:
            file.write(_sprite(as_array(pictures)))


def _lines(labels: Sequence[Any], header: Sequence[str] | None) -> Sequence[str]:
    if not header:
        return [str(label) for label in labels]
    if len(header) != len(labels[0]):
        raise AssertionError("len of header must be equal to the number of columns in metadata")
    return ["\t".join(map(str, row)) for row in (header, *labels)]


def _write(folder: str, name: str, lines: Any) -> None:
    with open(os.path.join(folder, name), "w", encoding="utf-8", newline="\n") as file:
        file.writelines(f"{line}\n" for line in lines)


def _sprite(pictures: Array) -> bytes:
    """All pictures (N, C, H, W) in one, which is square: the projector counts on that."""
    whole = grid(pictures, math.ceil(len(pictures) ** 0.5)).transpose(1, 2, 0)
    square = np.zeros((whole.shape[1], whole.shape[1], 3))
    square[: whole.shape[0]] = whole
    return png((square * 255).clip(0, 255).astype(np.uint8))


def entry(folder: str, tag: str, step: int, has_labels: bool, pictures: Any) -> str:
    """What the projector's list says of an embedding."""
    lines = [f'tensor_name: "{tag}:{step:05}"']
    if has_labels:
        lines.append(f'metadata_path: "{folder}/metadata.tsv"')
    if pictures is not None:
        height, width = as_array(pictures).shape[2:]
        sizes = f"single_image_dim: {width}\n    single_image_dim: {height}"
        lines.append(f'sprite {{\n    image_path: "{folder}/sprite.png"\n    {sizes}\n  }}')
    lines.append(f'tensor_path: "{folder}/tensors.tsv"')
    return "embeddings {\n  " + "\n  ".join(lines) + "\n}\n"


def encoded(tag: str) -> str:
    """A tag as the name of a folder."""
    return tag.replace("%", "%25").replace("/", "%2f").replace("\\", "%5c")
