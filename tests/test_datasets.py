"""IDX files and MNIST, on small files made here; above all those that are not what they claim to be."""

from __future__ import annotations

import gzip
import os
import struct

import numpy as np
import pytest

import tinygrad_nn as tg
from tinygrad_nn.datasets import MNIST, read_idx, vision
from tinygrad_nn.transforms import ToTensor
from tinygrad_nn.utils.data import DataLoader

CODES = {0x08: "uint8", 0x09: "int8", 0x0B: "int16", 0x0C: "int32", 0x0D: "float32", 0x0E: "float64"}


def idx_bytes(array, code=0x08):
    head = struct.pack(f">BBBB{array.ndim}I", 0, 0, code, array.ndim, *array.shape)
    return head + array.astype(array.dtype.newbyteorder(">")).tobytes()


def write(path, data, compress=False):
    path.write_bytes(gzip.compress(data) if compress else data)
    return path


@pytest.fixture
def digits():
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, (5, 28, 28), dtype=np.uint8), np.array([3, 1, 4, 1, 5], np.uint8)


def write_mnist(folder, images, labels, part="train", suffix=""):
    folder.mkdir(parents=True, exist_ok=True)
    write(folder / f"{part}-images-idx3-ubyte{suffix}", idx_bytes(images), bool(suffix))
    write(folder / f"{part}-labels-idx1-ubyte{suffix}", idx_bytes(labels), bool(suffix))


# ----------------------------------------------------------------------------------------------- IDX files


@pytest.mark.parametrize("compress", [False, True])
@pytest.mark.parametrize("code", CODES)
def test_read_every_type(tmp_path, code, compress):
    array = np.array([[0, 1, 2], [100, 5, 127]]).astype(CODES[code])
    if array.dtype.kind != "u":
        array = -array
    tensor = read_idx(write(tmp_path / "file", idx_bytes(array, code), compress))
    assert tensor.dtype == getattr(tg, CODES[code])
    assert tensor.shape == (2, 3)
    assert tensor.tolist() == array.tolist()
    assert tensor.numpy().dtype.isnative


def test_what_was_read_can_be_written_to(tmp_path):
    tensor = read_idx(write(tmp_path / "file", idx_bytes(np.zeros(3, np.uint8))))
    tensor[0] = 7
    assert tensor.tolist() == [7, 0, 0]


def test_read_shapes(tmp_path):
    assert read_idx(write(tmp_path / "a", idx_bytes(np.zeros((0, 28, 28), np.uint8)))).shape == (0, 28, 28)
    assert read_idx(write(tmp_path / "b", idx_bytes(np.zeros((1, 2, 3, 4, 5), np.uint8)))).shape == (
        1,
        2,
        3,
        4,
        5,
    )


def test_names_say_nothing(tmp_path):
    data = idx_bytes(np.arange(3, dtype=np.uint8))
    assert read_idx(str(write(tmp_path / "plain.gz", data))).tolist() == [0, 1, 2]
    assert read_idx(write(tmp_path / "packed", data, True)).tolist() == [0, 1, 2]


def test_read_more_than_a_chunk(tmp_path):
    array = np.random.default_rng(0).integers(0, 256, 3_000_001, dtype=np.uint8)
    for compress in (False, True):
        assert (read_idx(write(tmp_path / "file", idx_bytes(array), compress)).numpy() == array).all()


GOOD = idx_bytes(np.arange(12, dtype=np.uint8).reshape(3, 4))
DAMAGED = bytearray(gzip.compress(GOOD, mtime=0))
DAMAGED[-8] ^= 1  # in the checksum
UNPACKABLE = bytearray(gzip.compress(GOOD, mtime=0))
UNPACKABLE[10] = 0xFF  # no such kind of block


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"", "not an IDX file.*got an empty file"),
        (b"\0\0\x08", "not an IDX file.*got 00 00 08"),
        (b"<html><body>Moved</body></html>", "not an IDX file.*got 3c 68 74 6d.*web page"),
        (b"\x89PNG\r\n\x1a\n" + bytes(99), "not an IDX file.*got 89 50 4e 47"),
        (b"\0\1" + GOOD[2:], "not an IDX file"),
        (b"\0\0\x0a" + GOOD[3:], "not an IDX file"),
        (b"\0\0\x08\0\0", "not an IDX file.*got 00 00 08 00"),
        (b"\0\0\x08\x21" + bytes(500), "not an IDX file"),
        (GOOD[:9], "expected 2 sizes of 4 bytes, got 5 bytes"),
        (GOOD[:-1], r"expected 12 bytes for shape \[3, 4\], got 11: it is cut off"),
        (GOOD[:12], "got 0: it is cut off"),
        (GOOD + b"\0", r"expected 12 bytes for shape \[3, 4\], got more"),
        (
            struct.pack(">BBBBI", 0, 0, 8, 1, 2**32 - 1) + b"abc",
            r"\[4294967295\].* more than 1073741824 bytes",
        ),
        (struct.pack(">BBBB4I", 0, 0, 14, 4, *[2**32 - 1] * 4), "more than 1073741824 bytes"),
        (struct.pack(">BBBB4I", 0, 0, 8, 4, 0, *[2**32 - 1] * 3), "more than 1073741824 bytes"),
        (struct.pack(">BBBBI", 0, 0, 8, 1, 2**30) + b"abc", "got 3: it is cut off"),
        (gzip.compress(GOOD[:-1], mtime=0), "got 11: it is cut off"),
        (gzip.compress(GOOD + bytes(10**7), mtime=0), "got more"),
        (gzip.compress(b"no numbers", mtime=0), "not an IDX file.*got 6e 6f 20 6e"),
        (gzip.compress(GOOD, mtime=0)[:-9], "compressed data is cut off"),
        (gzip.compress(GOOD, mtime=0)[:5], "compressed data is cut off"),
        (gzip.compress(GOOD, mtime=0) + b"more", "compressed data is damaged"),
        (b"\x1f\x8b" + bytes(20), "compressed data is damaged"),
        (bytes(DAMAGED), "compressed data is damaged"),
        (bytes(UNPACKABLE), "compressed data is damaged"),
    ],
)
def test_a_false_file_is_refused_by_name(tmp_path, data, text):
    path = write(tmp_path / "train-images", data)
    with pytest.raises(ValueError, match=text) as caught:
        read_idx(path)
    assert str(caught.value).startswith(f"{path}: ")


def test_a_missing_file_and_a_folder_are_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="nothing: no such file"):
        read_idx(tmp_path / "nothing")
    with pytest.raises(ValueError, match="expected an IDX file, got a folder"):
        read_idx(tmp_path)


def test_the_limit_can_be_changed(tmp_path):
    path = write(tmp_path / "file", GOOD)
    with pytest.raises(ValueError, match=r"more than 11 bytes. If the file is what it should be"):
        read_idx(path, max_bytes=11)
    assert read_idx(path, max_bytes=12).shape == (3, 4)


@pytest.mark.skipif(
    not os.path.exists("/proc/self/status"), reason="reads the process's peak memory from /proc"
)
def test_a_decompression_bomb_is_not_unpacked(tmp_path):
    def peak():
        with open("/proc/self/status") as status:
            return next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))

    path = tmp_path / "bomb.gz"
    with gzip.open(path, "wb", 1) as bomb:
        bomb.write(idx_bytes(np.zeros(3, np.uint8)))
        for _ in range(300):
            bomb.write(bytes(1_000_000))
    before = peak()
    with pytest.raises(ValueError, match="got more"):
        read_idx(path)
    assert peak() - before < 100_000  # kilobytes


# --------------------------------------------------------------------------------------------------- MNIST


@pytest.mark.parametrize("suffix", ["", ".gz"])
@pytest.mark.parametrize("folder", ["MNIST/raw", "."])
def test_mnist_is_found(tmp_path, digits, folder, suffix):
    write_mnist(tmp_path / folder, *digits, suffix=suffix)
    write_mnist(tmp_path / folder, digits[0][:2], digits[1][:2], "t10k", suffix)
    mnist = MNIST(tmp_path)
    assert len(mnist) == 5
    assert mnist.data.dtype == tg.uint8
    assert (mnist.data.numpy() == digits[0]).all()
    assert mnist.targets.dtype == tg.int64
    assert mnist.targets.tolist() == [3, 1, 4, 1, 5]
    assert len(MNIST(str(tmp_path), train=False, download=True)) == 2


@pytest.mark.parametrize("pillow", [True, False])
def test_mnist_samples(tmp_path, digits, monkeypatch, pillow):
    if pillow:
        pytest.importorskip("PIL")
    else:
        monkeypatch.setattr(vision, "_pillow", [None])
    write_mnist(tmp_path, *digits)
    image, target = MNIST(tmp_path)[2]
    assert image.size == ((28, 28) if pillow else 784)
    assert (np.asarray(image) == digits[0][2]).all()
    assert type(target) is int
    assert target == 4
    seen = []
    changed = MNIST(tmp_path, transform=lambda image: seen.append(type(image)) or image, target_transform=str)
    assert changed[-1][1] == "5"
    assert seen == [type(image)]
    images, targets = next(iter(DataLoader(MNIST(tmp_path, transform=ToTensor()), 4)))
    assert (images.dtype, images.shape) == (tg.float32, (4, 1, 28, 28))
    assert ((images[:, 0] * 255).round().numpy() == digits[0][:4]).all()
    assert (targets.dtype, targets.tolist()) == (tg.int64, [3, 1, 4, 1])


def test_an_image_is_one_s_own(tmp_path, digits, monkeypatch):
    write_mnist(tmp_path, *digits)
    monkeypatch.setattr(vision, "_pillow", [None])
    mnist = MNIST(tmp_path)
    mnist[0][0][:] = 0
    assert (mnist.data.numpy() == digits[0]).all()


def test_mnist_describes_itself(tmp_path, digits):
    write_mnist(tmp_path, *digits)
    mnist = MNIST(tmp_path)
    assert mnist.classes[7] == "7 - seven"
    assert mnist.class_to_idx["7 - seven"] == 7
    assert (
        repr(mnist)
        == f"Dataset MNIST\n    Number of datapoints: 5\n    Root location: {tmp_path}\n    Split: Train"
    )


def test_mnist_that_is_not_there_says_where_it_was_looked_for(tmp_path):
    with pytest.raises(
        RuntimeError, match=r"Dataset not found. You can use download=True.*train-images-idx3-ubyte\(.gz\).*MNIST.raw"
    ):
        MNIST(tmp_path)
    with pytest.raises(RuntimeError, match="t10k-images"):
        MNIST(tmp_path, train=False)


def test_mnist_files_have_to_belong_together(tmp_path, digits):
    images, labels = digits
    write_mnist(tmp_path, images, labels[:4])
    with pytest.raises(ValueError, match=r"holds 5 images, .* 4 labels"):
        MNIST(tmp_path)
    write_mnist(tmp_path, labels, images)
    with pytest.raises(ValueError, match=r"expected a 3-d array of uint8, got shape \[5\].*mixed up"):
        MNIST(tmp_path)
    write_mnist(tmp_path, images, images)
    with pytest.raises(ValueError, match=r"labels.*expected a 1-d array of uint8, got shape \[5, 28, 28\]"):
        MNIST(tmp_path)
    write(tmp_path / "train-images-idx3-ubyte", idx_bytes(images.astype(np.float32), 0x0D))
    with pytest.raises(ValueError, match=r"of uint8, got .* of .*float32"):
        MNIST(tmp_path)
