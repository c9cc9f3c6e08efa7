"""What an event shows: each function gives the bytes of one ``Summary.Value``, without the plugins' larger ones.

Source: https://github.com/tensorflow/tensorboard/blob/master/tensorboard/compat/proto/summary.proto
"""

from __future__ import annotations

import io
import warnings
import wave
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..._core.tensor import Tensor
from . import wire
from .pictures import in_rows, png

Array = np.ndarray[Any, Any]

FLOAT, DOUBLE, STRING = 1, 2, 7  # numbers of types of tensors
# A type's number, the field that holds its elements, and the kind of that field.
_TYPES = {
    "float16": (19, 13, "half"), "float32": (FLOAT, 5, "float"), "float64": (DOUBLE, 6, "double"),
    "int8": (6, 7, "int"), "uint8": (4, 16, "int"), "int16": (5, 7, "int"), "int32": (3, 7, "int"),
    "int64": (9, 10, "int"), "bool": (10, 11, "int"), "complex64": (8, 9, "float"), "complex128": (18, 12, "double"),
}  # fmt: skip


def as_array(values: Any) -> Array:
    """A tensor's elements, an array, or a number in an array of length 1.

    Raises:
        NotImplementedError: it is something else.
    """
    if isinstance(values, Tensor):
        return np.asarray(values.detach())
    if isinstance(values, np.ndarray):
        return values
    if np.isscalar(values):
        return np.array([values])
    raise NotImplementedError(f"Got {type(values)}, but numpy array or torch tensor are expected.")


def value(tag: str, *parts: bytes) -> bytes:
    """A summary with one value: the content of an event."""
    return wire.message(5, wire.message(1, wire.blob(1, tag), *parts))


def metadata(plugin: str, content: bytes = b"") -> bytes:
    """The part of a value that names the plugin which shows it."""
    return wire.message(9, wire.message(1, wire.blob(1, plugin), wire.blob(2, content)))


def tensor(dtype: int, elements: bytes, shape: Sequence[int] | None = None) -> bytes:
    """The part of a value that is a tensor. With a shape of None, it has none."""
    dims = b"" if shape is None else wire.message(2, *(wire.message(2, wire.integer(1, length)) for length in shape))
    return wire.message(8, wire.integer(1, dtype), dims, elements)


# --- numbers -----------------------------------------------------------------------------------------------------


def scalar(tag: str, number: Any, new_style: bool = False, double_precision: bool = False) -> bytes:
    """One number."""
    array = as_array(number).squeeze()
    if array.ndim != 0:
        raise AssertionError(
            f"Tensor should contain one element (0 dimensions). Was given size: {array.size} and {array.ndim} "
            "dimensions."
        )
    found = float(array)
    if not new_style:
        return value(tag, wire.single(2, found, one_of=True))
    elements = wire.reals(6 if double_precision else 5, [found], double_precision)
    return value(tag, tensor(DOUBLE if double_precision else FLOAT, elements), metadata("scalars"))


def any_tensor(tag: str, values: Tensor) -> bytes:
    """A whole tensor."""
    array = as_array(values)
    if array.nbytes >= 1 << 31:
        raise ValueError("tensor is bigger than protocol buffer's hard limit of 2GB in size")
    if array.dtype.name not in _TYPES:
        raise ValueError(f"{tag} has unsupported tensor dtype {values.dtype}")
    number, field, kind = _TYPES[array.dtype.name]
    flat = array.reshape(-1)
    if kind == "half":  # PyTorch writes the bits of a float32
        elements = wire.integers(field, flat.astype(np.float32).view(np.int32))
    elif kind == "int":
        elements = wire.integers(field, flat)
    else:
        elements = wire.reals(field, flat.view(flat.real.dtype), kind == "double")
    return value(tag, tensor(number, elements, array.shape), metadata("tensor"))


def histogram(tag: str, values: Any, bins: Any, max_bins: int | None = None) -> bytes:
    """How many values lie in each bin.

    Raises:
        ValueError: there are no values.
    """
    numbers = as_array(values).astype(float).reshape(-1)
    if numbers.size == 0:
        raise ValueError("The input has no element.")
    counts, limits = np.histogram(numbers, bins=bins)
    if max_bins is not None and len(counts) > max_bins:
        counts, limits = _coarser(counts, limits, len(counts) // max_bins)
    filled = np.flatnonzero(counts)
    if not filled.size:
        raise ValueError("The histogram is empty: all values lie outside of its bins.")
    start, end = int(filled[0]), int(filled[-1]) + 1
    # Only right limits are kept, so an empty bin before the first one tells where that one begins.
    kept = counts[start - 1 : end] if start > 0 else np.concatenate([[0], counts[:end]])
    return histogram_raw(
        tag, numbers.min(), numbers.max(), numbers.size, numbers.sum(), numbers.dot(numbers), limits[start : end + 1],
        kept,
    )  # fmt: skip


def _coarser(counts: Array, limits: Array, factor: int) -> tuple[Array, Array]:
    """So many bins as one."""
    rest = len(counts) % factor
    if rest:
        counts = np.pad(counts, (0, factor - rest))
    return counts.reshape(-1, factor).sum(axis=-1), np.append(limits[:-1:factor], limits[-1])


def histogram_raw(
    tag: str, least: Any, greatest: Any, number: Any, total: Any, squares: Any, limits: Any, counts: Any
) -> bytes:
    """A histogram that has been made already."""
    if len(limits) != len(counts):
        raise ValueError("len(bucket_limits) != len(bucket_counts), see the document.")
    sums = (wire.double(i, float(x)) for i, x in enumerate((least, greatest, number, total, squares), start=1))
    return value(tag, wire.message(5, *sums, wire.reals(6, limits, True), wire.reals(7, counts, True)))


# --- pictures, sounds and text -----------------------------------------------------------------------------------


def image(tag: str, pixels: Any, dataformats: str) -> bytes:
    """A picture, or several beside each other."""
    array = in_rows(as_array(pixels), dataformats)
    if array.dtype != np.uint8:
        array = (array.astype(np.float32) * 255).clip(0, 255).astype(np.uint8)
    height, width, channels = array.shape
    sizes = wire.integer(1, height) + wire.integer(2, width) + wire.integer(3, channels)
    return value(tag, wire.message(4, sizes, wire.blob(4, png(array))))


def audio(tag: str, samples: Any, rate: int) -> bytes:
    """A sound in one channel, as a WAV file."""
    array = as_array(samples).squeeze()
    if np.abs(array).max() > 1:
        warnings.warn("audio amplitude out of range, auto clipped.", stacklevel=3)
        array = array.clip(-1, 1)
    if array.ndim != 1:
        raise AssertionError("input tensor should be 1 dimensional.")
    words = (array * np.iinfo(np.int16).max).astype("<i2")
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(rate)
        sound.writeframes(words.tobytes())
    head = wire.single(1, rate) + wire.integer(2, 1) + wire.integer(3, len(words))
    return value(tag, wire.message(6, head, wire.blob(4, file.getvalue()), wire.blob(5, "audio/wav")))


def text(tag: str, words: str) -> bytes:
    """A text, which is shown as Markdown."""
    return value(f"{tag}/text_summary", tensor(STRING, wire.strings(8, [words]), [1]), metadata("text"))


# --- charts of several scalars -----------------------------------------------------------------------------------


def custom_scalars(layout: Mapping[str, Mapping[str, Sequence[Any]]]) -> bytes:
    """Which scalars stand in one chart."""
    categories = []
    for title, charts in layout.items():
        made = [wire.message(2, wire.blob(1, name), _chart(kind, tags)) for name, (kind, tags) in charts.items()]
        categories.append(wire.message(2, wire.blob(1, title), *made))
    content = wire.strings(8, [b"".join(categories)])
    return value("custom_scalars__config__", tensor(STRING, content, ()), metadata("custom_scalars"))


def _chart(kind: str, tags: Sequence[str]) -> bytes:
    if kind != "Margin":
        return wire.message(2, wire.strings(1, tags))
    if len(tags) != 3:
        raise AssertionError(f"Expected 3 tags, got {len(tags)}.")
    return wire.message(3, wire.message(1, *(wire.blob(i, tag) for i, tag in enumerate(tags, start=1))))
