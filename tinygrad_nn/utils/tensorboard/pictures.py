"""Pictures: their dimensions in order, many in one, and as PNG files, without another package.

Source: https://www.w3.org/TR/png/
"""

from __future__ import annotations

import math
import struct
import zlib
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

_COLOURS = {1: 0, 2: 4, 3: 2, 4: 6}  # PNG's numbers for grey, grey with alpha, colours, and colours with alpha


def png(pixels: Array) -> bytes:
    """A picture of shape (height, width, channels) and dtype uint8 as a PNG file."""
    height, width, channels = pixels.shape
    head = struct.pack(">IIBBBBB", width, height, 8, _COLOURS[channels], 0, 0, 0)
    rows = np.zeros((height, 1 + width * channels), np.uint8)  # each row begins with the filter it went through: none
    rows[:, 1:] = pixels.reshape(height, -1)
    parts = ((b"IHDR", head), (b"IDAT", zlib.compress(rows.tobytes())), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(map(_chunk, *zip(*parts, strict=True)))


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def in_rows(array: Array, names: str) -> Array:
    """A picture, or a batch of them in one, as (height, width, channels), with at least three channels.

    Args:
        array: the picture.
        names: a letter for each of its dimensions: N, C, H and W.

    Raises:
        AssertionError: the letters do not fit.
    """
    letters = names.upper()
    if len(set(letters)) != len(letters):
        raise AssertionError(f"You can not use the same dimension shorthand twice. input_format: {names}")
    if array.ndim != len(letters):
        raise AssertionError(
            "size of input tensor and input format are different. "
            f"tensor shape: {array.shape}, input_format: {names}"
        )
    order = {4: "NCHW", 3: "HWC", 2: "HW"}.get(len(letters), "")
    if sorted(letters) != sorted(order):
        raise AssertionError(f"expected the letters of NCHW, CHW or HW in some order, got {names!r}")
    array = array.transpose([letters.index(letter) for letter in order])
    if len(letters) == 4:
        return grid(array).transpose(1, 2, 0)
    if len(letters) == 2:
        array = array[:, :, None]
    return np.repeat(array, 3, axis=2) if array.shape[2] == 1 else array


def grid(batch: Array, columns: int = 8) -> Array:
    """A batch (N, C, H, W) of grey or coloured pictures as one of shape (3, rows * H, columns * W)."""
    count, channels, height, width = batch.shape
    if channels not in (1, 3):
        raise AssertionError("Input should be a 4D numpy array with 3 channels")
    columns = min(count, columns)
    rows = math.ceil(count / columns)
    canvas = np.zeros((3, height * rows, width * columns), batch.dtype)
    for number, picture in enumerate(batch):
        row, column = divmod(number, columns)
        canvas[:, row * height : (row + 1) * height, column * width : (column + 1) * width] = picture
    return canvas


def drawn(figure: Any, close: bool) -> Array:
    """A figure of Matplotlib's as a picture (3, height, width).

    Raises:
        ImportError: it is not installed.
    """
    try:
        import matplotlib.pyplot as plt
        from matplotlib.backends.backend_agg import FigureCanvasAgg
    except ImportError as error:
        raise ImportError("add_figure() draws with matplotlib: python -m pip install matplotlib") from error

    canvas: Any = FigureCanvasAgg(figure)
    canvas.draw()
    pixels = np.asarray(canvas.buffer_rgba())[:, :, :3]  # (height, width, 3)
    if close:
        plt.close(figure)
    return np.moveaxis(pixels, 2, 0)
