"""IDX files, the format of MNIST: a magic number, the sizes, and the numbers.

Source: http://yann.lecun.com/exdb/mnist/ (the format is described at the end of the page)
"""

from __future__ import annotations

import gzip
import math
import zlib
from pathlib import Path
from typing import Any, BinaryIO, NoReturn, cast

import numpy as np

from tinygrad_nn._core.tensor import Tensor
from tinygrad_nn.ops.data import as_tensor

# third byte of the magic number -> the numbers' type, big-endian as in the file
_DTYPES = {0x08: "u1", 0x09: "i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
_GZIP_MAGIC = b"\x1f\x8b"
_CHUNK = 1 << 20


def read_idx(path: str | Path, *, max_bytes: int = 1 << 30) -> Tensor:
    """Read an IDX file, plain or compressed with gzip.

    Nothing in the file is trusted: the sizes in its head are held against the bytes that are there, and no
    more than they ask for is ever decompressed.

    Args:
        path: the file. Whether it is compressed is seen from its first bytes, not from its name.
        max_bytes: refuse a file whose head asks for more numbers than fit in this; 1 GiB if not given.

    Returns:
        A tensor of the file's shape, of dtype uint8, int8, int16, int32, float32 or float64.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is no IDX file, is cut off, has bytes too many, is damaged, or is larger than
            ``max_bytes``.

    Source: http://yann.lecun.com/exdb/mnist/

    Example:
        >>> import pathlib, tempfile
        >>> from tinygrad_nn.datasets import read_idx
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = pathlib.Path(folder, "labels-idx1-ubyte")
        ...     _ = path.write_bytes(bytes([0, 0, 8, 1, 0, 0, 0, 3]) + bytes([5, 0, 4]))
        ...     read_idx(path)
        tensor([5, 0, 4], dtype=torch.uint8)
    """
    path = Path(path)
    if not path.exists():
        raise FileNotFoundError(
            f"{path}: no such file; expected an IDX file, plain or .gz. Check the folder's name"
        )
    if not path.is_file():
        raise ValueError(f"{path}: expected an IDX file, got a folder or device")
    with path.open("rb") as raw:
        compressed = raw.read(2) == _GZIP_MAGIC
        raw.seek(0)
        try:
            with gzip.open(raw) if compressed else raw as file:
                return _parse(cast(BinaryIO, file), path, max_bytes)  # a GzipFile reads like any other
        except EOFError:
            _refuse(path, "the compressed data is cut off", "Copy or download the file again")
        except (zlib.error, gzip.BadGzipFile) as error:
            _refuse(path, f"the compressed data is damaged ({error})", "Copy or download the file again")


def _parse(file: BinaryIO, path: Path, max_bytes: int) -> Tensor:
    kind, shape = _read_head(file, path)
    # a size of 0 must not hide others that NumPy can't hold
    if math.prod(size or 1 for size in shape) * kind.itemsize > max_bytes:
        _refuse(
            path,
            f"its head asks for {list(shape)} numbers of {kind.itemsize} bytes, more than {max_bytes} bytes",
            "If the file is what it should be, read it with a larger max_bytes",
        )
    expected = math.prod(shape) * kind.itemsize
    data = _read(file, expected + 1)  # the one more tells whether the file goes on
    if len(data) < expected:
        _refuse(
            path,
            f"expected {expected} bytes for shape {list(shape)}, got {len(data)}: it is cut off",
            "Copy or download the file again",
        )
    if len(data) > expected:
        _refuse(
            path,
            f"expected {expected} bytes for shape {list(shape)}, got more",
            "It is no IDX file, or something was added to it",
        )
    array = np.frombuffer(data, kind).reshape(shape)
    return as_tensor(array.astype(kind.newbyteorder("="), copy=False))


def _read_head(file: BinaryIO, path: Path) -> tuple[np.dtype[Any], tuple[int, ...]]:
    """The type and the shape that the file claims to have."""
    magic = _read(file, 4)
    if len(magic) < 4 or magic[:2] != b"\0\0" or magic[2] not in _DTYPES or not 1 <= magic[3] <= 32:
        _refuse(
            path,
            "not an IDX file: expected it to begin with 00 00, a type (08, 09, 0b, 0c, 0d or 0e) and the "
            f"number of dimensions, got {magic.hex(' ') or 'an empty file'}",
            "Is this a web page or an archive saved under this name?",
        )
    sizes = _read(file, 4 * magic[3])
    if len(sizes) < 4 * magic[3]:
        _refuse(
            path,
            f"expected {magic[3]} sizes of 4 bytes, got {len(sizes)} bytes",
            "Copy or download the file again",
        )
    return np.dtype(_DTYPES[magic[2]]), tuple(np.frombuffer(sizes, ">u4").tolist())


def _read(file: BinaryIO, count: int) -> bytearray:
    """Up to so many bytes, in chunks: a false size must not reserve memory that the file can't fill."""
    data = bytearray()
    while len(data) < count and (chunk := file.read(min(_CHUNK, count - len(data)))):
        data += chunk
    return data


def _refuse(path: Path, found: str, fix: str) -> NoReturn:
    raise ValueError(f"{path}: {found}. {fix}") from None
