"""Datasets beside MNIST, on small files made here; above all those that are not what they claim to be."""

from __future__ import annotations

import gzip
import hashlib
import io
import lzma
import os
import pickle
import struct
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from test_datasets import idx_bytes, write_mnist
from test_download import Server, server  # noqa: F401 - the fixture
from vision_oracle import torchvision

import tinygrad_nn as tg
from tinygrad_nn import datasets, transforms
from tinygrad_nn.datasets import folder, toys, vision
from tinygrad_nn.datasets.numbers import read_bytes

DRAW = np.random.default_rng(0)
IMAGES = DRAW.integers(0, 256, (6, 28, 28), dtype=np.uint8)
LABELS = np.array([3, 1, 4, 1, 5, 0], np.uint8)


@pytest.fixture
def no_pillow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vision, "_pillow", [None])


# --- MNIST's kin -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["MNIST", "FashionMNIST", "KMNIST"])
def test_kin_of_mnist(tmp_path: Path, name: str) -> None:
    kind = getattr(datasets, name)
    write_mnist(tmp_path / name / "raw", IMAGES, LABELS, suffix=".gz")
    data = kind(tmp_path, transform=transforms.ToTensor())
    assert data[2][0].shape == (1, 28, 28)
    assert data[2][1] == 4
    assert len(data.classes) == 10
    assert data.class_to_idx[data.classes[3]] == 3
    assert data.raw_folder == str(tmp_path / name / "raw")
    assert repr(data).splitlines() == [
        f"Dataset {name}", "    Number of datapoints: 6", f"    Root location: {tmp_path}", "    Split: Train",
        "    StandardTransform", "Transform: ToTensor()",
    ]  # fmt: skip


@pytest.mark.parametrize("split", datasets.EMNIST.splits)
def test_emnist(tmp_path: Path, split: str) -> None:
    raw = tmp_path / "EMNIST" / "raw"
    raw.mkdir(parents=True)
    for part in ("train", "test"):
        (raw / f"emnist-{split}-{part}-images-idx3-ubyte").write_bytes(idx_bytes(IMAGES))
        (raw / f"emnist-{split}-{part}-labels-idx1-ubyte.gz").write_bytes(gzip.compress(idx_bytes(LABELS)))
    assert len(datasets.EMNIST(tmp_path, split)) == len(datasets.EMNIST(tmp_path, split=split, train=False)) == 6
    classes = {"byclass": 62, "bymerge": 47, "balanced": 47, "letters": 27, "digits": 10, "mnist": 10}
    assert len(datasets.EMNIST(tmp_path, split).classes) == classes[split]
    with pytest.raises(ValueError, match=r"Unknown value 'all' for argument split. Valid values are \{byclass, "):
        datasets.EMNIST(tmp_path, "all")
    with pytest.raises(ValueError, match="Expected type str for argument split"):
        datasets.EMNIST(tmp_path, 3)  # type: ignore[arg-type]


def test_qmnist(tmp_path: Path) -> None:
    raw = tmp_path / "QMNIST" / "raw"
    raw.mkdir(parents=True)
    rows = DRAW.integers(0, 1000, (6, 8)).astype(np.int32)
    rows[:, 0] = LABELS
    for name, labels in (("qmnist-train", rows), ("xnist", rows)):
        (raw / f"{name}-images-idx3-ubyte").write_bytes(idx_bytes(IMAGES))
        (raw / f"{name}-labels-idx2-int").write_bytes(idx_bytes(labels, 0x0C))
    data = datasets.QMNIST(tmp_path, transform=transforms.ToTensor())
    assert data[2][1] == 4
    assert datasets.QMNIST(tmp_path, "nist", compat=False)[1][1].tolist() == rows[1].tolist()
    assert repr(data).splitlines()[3] == "    Split: train"
    (raw / "qmnist-test-images-idx3-ubyte").write_bytes(idx_bytes(np.zeros((10_003, 1, 1), np.uint8)))
    (raw / "qmnist-test-labels-idx2-int").write_bytes(idx_bytes(np.zeros((10_003, 8), np.int32), 0x0C))
    sizes = {what: len(datasets.QMNIST(tmp_path, what)) for what in ("test", "test10k", "test50k")}
    assert sizes == {"test": 10_003, "test10k": 10_000, "test50k": 3}
    with pytest.raises(ValueError, match="for argument what"):
        datasets.QMNIST(tmp_path, "all")
    (raw / "qmnist-train-labels-idx2-int").write_bytes(idx_bytes(rows[:3], 0x0C))
    with pytest.raises(ValueError, match=r"holds 6 images, .* 3 labels"):
        datasets.QMNIST(tmp_path)


def test_labels_and_images_of_live_torchvision(tmp_path: Path) -> None:
    theirs = torchvision().datasets
    write_mnist(tmp_path / "MNIST" / "raw", IMAGES, LABELS)
    write_mnist(tmp_path / "MNIST" / "raw", IMAGES[:2], LABELS[:2], "t10k")
    for train in (True, False):
        a, b = theirs.MNIST(tmp_path, train), datasets.MNIST(tmp_path, train)
        assert repr(a) == repr(b)
        assert a.classes == b.classes
        for (image, target), (ours, own) in zip(a, b, strict=True):
            assert (image.mode, image.tobytes(), target) == (ours.mode, ours.tobytes(), own)
    both = [
        library.datasets.MNIST(tmp_path, transform=t.Compose([t.ToTensor()]), target_transform=t.ToTensor())
        for library, t in ((torchvision(), torchvision().transforms), (tg, transforms))
    ]
    assert repr(both[0]) == repr(both[1])
    for name in ("FashionMNIST", "KMNIST", "EMNIST", "CIFAR10"):
        for attribute in (
            "resources", "mirrors", "classes", "classes_split_dict", "url", "md5", "tgz_md5", "train_list", "test_list",
            "meta", "splits",
        ):  # fmt: skip
            if name == "EMNIST" and attribute in ("resources", "mirrors", "classes"):
                continue
            expected = getattr(getattr(theirs, name), attribute, None)
            assert getattr(getattr(datasets, name), attribute, None) == expected, (name, attribute)
    for what, files in theirs.QMNIST.resources.items():
        mirror = datasets.QMNIST.mirrors[0]
        assert [(mirror + name, md5) for name, md5 in datasets.QMNIST.resources[what]] == files


# --- downloads -------------------------------------------------------------------------------------------------------


def test_mnist_is_downloaded_from_the_mirror_that_has_it(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch  # noqa: F811
) -> None:
    files = {}
    for part in ("train", "t10k"):
        files[f"{part}-images-idx3-ubyte.gz"] = gzip.compress(idx_bytes(IMAGES))
        files[f"{part}-labels-idx1-ubyte.gz"] = gzip.compress(idx_bytes(LABELS))
    serve(server, monkeypatch, files)
    resources = [(name, hashlib.md5(data).hexdigest()) for name, data in files.items()]
    monkeypatch.setattr(datasets.MNIST, "resources", resources)
    monkeypatch.setattr(datasets.MNIST, "mirrors", [server.url("missing/"), server.url("named/")])
    data = datasets.MNIST(tmp_path, download=True)
    assert (data.data.numpy() == IMAGES).all()
    asked = len(server.seen)
    assert asked == 8  # each from both mirrors
    assert len(datasets.MNIST(tmp_path, train=False, download=True)) == 6
    assert len(server.seen) == asked  # all is there
    assert len(os.listdir(tmp_path / "MNIST" / "raw")) == 4
    monkeypatch.setattr(datasets.MNIST, "resources", [(name, "0" * 32) for name in files])
    with pytest.raises(RuntimeError, match="File not found or corrupted: expected MD5 0000"):
        datasets.MNIST(tmp_path / "other", download=True)


def serve(server: Server, monkeypatch: pytest.MonkeyPatch, files: dict[str, bytes]) -> None:  # noqa: F811
    """Let the server have these files under ``/named/``."""

    def named(self: Any) -> None:
        data = files[self.path.rpartition("/")[2]]
        self.head(200, ("Content-Length", len(data)))
        self.wfile.write(data)

    monkeypatch.setattr(server.RequestHandlerClass, "named", named, raising=False)


def test_emnist_and_qmnist_are_downloaded(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch  # noqa: F811
) -> None:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as made:
        made.writestr("gzip/emnist-digits-train-images-idx3-ubyte.gz", gzip.compress(idx_bytes(IMAGES)))
        made.writestr("gzip/emnist-digits-train-labels-idx1-ubyte.gz", gzip.compress(idx_bytes(LABELS)))
    rows = np.zeros((6, 8), np.int32)
    files = {
        "gzip.zip": archive.getvalue(), "xnist-images-idx3-ubyte.xz": lzma.compress(idx_bytes(IMAGES)),
        "xnist-labels-idx2-int.xz": lzma.compress(idx_bytes(rows, 0x0C)),
    }  # fmt: skip
    serve(server, monkeypatch, files)
    sums = {name: hashlib.md5(data).hexdigest() for name, data in files.items()}
    monkeypatch.setattr(datasets.EMNIST, "url", server.url("named/gzip.zip"))
    monkeypatch.setattr(datasets.EMNIST, "md5", sums["gzip.zip"])
    assert len(datasets.EMNIST(tmp_path, "digits", download=True)) == 6
    assert not (tmp_path / "EMNIST" / "raw" / "gzip").exists()
    monkeypatch.setattr(datasets.QMNIST, "mirrors", [server.url("named/")])
    monkeypatch.setattr(datasets.QMNIST, "resources", {"nist": [(n, s) for n, s in sums.items() if "xnist" in n]})
    assert len(datasets.QMNIST(tmp_path, "nist", download=True)) == 6
    asked = len(server.seen)
    assert len(datasets.EMNIST(tmp_path, "digits", download=True)) == 6
    assert len(datasets.QMNIST(tmp_path, "nist", download=True)) == 6
    assert len(server.seen) == asked


# --- CIFAR -----------------------------------------------------------------------------------------------------------

PIXELS = DRAW.integers(0, 256, (4, 3072), dtype=np.uint8)


def old_pickle(data: dict[str, Any]) -> bytes:
    """A pickle as Python 2 has written them for CIFAR: text for names and for the bytes of the array."""

    def text(value: bytes) -> bytes:
        return b"T" + struct.pack("<i", len(value)) + value

    out = b"\x80\x02}("
    for name, value in data.items():
        out += text(name.encode())
        if isinstance(value, np.ndarray):
            out += b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\0\x85" + text(b"b") + b"\x87R("
            out += b"K\1(" + b"".join(b"J" + struct.pack("<i", n) for n in value.shape) + b"t"
            out += b"cnumpy\ndtype\n" + text(b"u1") + b"K\0K\1\x87R"
            out += b"(K\3" + text(b"|") + b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\0tb"
            out += b"\x89" + text(value.tobytes()) + b"tb"
        elif isinstance(value, list):
            items = (b"K" + bytes([n]) if isinstance(n, int) else text(n.encode()) for n in value)
            out += b"](" + b"".join(items) + b"e"
        else:
            out += text(value.encode())
    return out + b"u."


def write_cifar(root: Path, monkeypatch: pytest.MonkeyPatch, kind: Any, write: Any) -> Path:
    """Files of a CIFAR dataset, whose checksums the class knows."""
    place = root / kind.base_folder
    place.mkdir(parents=True)
    labels = "labels" if kind is datasets.CIFAR10 else "fine_labels"

    def written(name: str, data: Any) -> list[str]:
        (place / name).write_bytes(write(data))
        return [name, hashlib.md5((place / name).read_bytes()).hexdigest()]

    for attribute in ("train_list", "test_list"):
        files = [
            written(name, {"batch_label": "some", labels: [0, 1, 2, 1], "data": PIXELS, "filenames": ["a", "b"]})
            for name, _ in getattr(kind, attribute)
        ]
        monkeypatch.setattr(kind, attribute, files)
    _name, md5 = written(kind.meta["filename"], {kind.meta["key"]: ["plane", "car", "bird"]})
    monkeypatch.setattr(kind, "meta", {**kind.meta, "md5": md5})
    return place


@pytest.mark.parametrize("write", [old_pickle, pickle.dumps, lambda data: pickle.dumps(data, 2)])
@pytest.mark.parametrize("kind", [datasets.CIFAR10, datasets.CIFAR100])
def test_cifar(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: Any, write: Any) -> None:
    write_cifar(tmp_path, monkeypatch, kind, write)
    data = kind(tmp_path, transform=transforms.ToTensor())
    batches = 5 if kind is datasets.CIFAR10 else 1
    assert len(data) == 4 * batches
    assert data.data.shape == (4 * batches, 32, 32, 3)
    assert data.targets == [0, 1, 2, 1] * batches
    assert data.classes == ["plane", "car", "bird"]
    assert data.class_to_idx == {"plane": 0, "car": 1, "bird": 2}
    image, target = data[2]
    assert target == 2
    np.testing.assert_array_equal((image * 255).round().numpy(), PIXELS[2].reshape(3, 32, 32))
    test = kind(str(tmp_path), train=False, download=True)
    assert len(test) == 4
    assert "Split: Test" in repr(test)
    if vision.pillow() is not None:
        assert test[0][0].mode == "RGB"


def test_cifar_of_live_torchvision(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    theirs = torchvision().datasets.CIFAR10
    write_cifar(tmp_path, monkeypatch, datasets.CIFAR10, pickle.dumps)
    for attribute in ("train_list", "test_list", "meta"):
        monkeypatch.setattr(theirs, attribute, getattr(datasets.CIFAR10, attribute))
    a, b = theirs(tmp_path), datasets.CIFAR10(tmp_path)
    assert repr(a) == repr(b)
    np.testing.assert_array_equal(a.data, b.data)
    assert a.targets == b.targets
    assert a.class_to_idx == b.class_to_idx
    assert all(x[0].tobytes() == y[0].tobytes() for x, y in zip(a, b, strict=True))


class Command:
    def __reduce__(self) -> Any:
        return os.system, ("exit 1",)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (Command(), r"whose module (posix|nt) is blocked.*Nothing in it has been run"),
        ({"labels": [0]}, "there is no 'data' in it"),
        ({"data": PIXELS}, "there is no 'labels' in it"),
        ([1], "there is no 'data' in it"),
        ({"data": PIXELS[:, :5], "labels": [0] * 4}, "expected rows of 3072 bytes under 'data'"),
        ({"data": PIXELS.astype(np.float32), "labels": [0] * 4}, "expected rows of 3072 bytes"),
        ({"data": PIXELS, "labels": "abcd"}, "expected a list of labels"),
        ({"data": PIXELS, "labels": [0, 1, -1, 0]}, "expected a list of labels"),
        ({"data": PIXELS, "labels": [0]}, "holds 4 images and 1 labels"),
        ({"data": PIXELS, "labels": [0, 1, 2, 9]}, "a label is 9, with 3 classes"),
    ],
)
def test_cifar_that_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, data: Any, said: str) -> None:
    place = write_cifar(tmp_path, monkeypatch, datasets.CIFAR10, pickle.dumps)
    (place / "test_batch").write_bytes(pickle.dumps(data))
    with pytest.raises(RuntimeError, match=r"Dataset not found or corrupted.*test_batch has another checksum"):
        datasets.CIFAR10(tmp_path)
    monkeypatch.setattr(
        datasets.CIFAR10, "test_list", [["test_batch", hashlib.md5((place / "test_batch").read_bytes()).hexdigest()]]
    )
    with pytest.raises(ValueError, match=said):
        datasets.CIFAR10(tmp_path, train=False)


def test_cifar_that_is_not_there(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    with pytest.raises(RuntimeError, match=r"Dataset not found or corrupted. You can use download=True.*is not there"):
        datasets.CIFAR10(tmp_path)
    place = write_cifar(tmp_path, monkeypatch, datasets.CIFAR10, pickle.dumps)
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w:gz") as made:
        made.add(place, datasets.CIFAR10.base_folder)
    serve(server, monkeypatch, {"cifar-10-python.tar.gz": archive.getvalue()})
    monkeypatch.setattr(datasets.CIFAR10, "url", server.url("named/cifar-10-python.tar.gz"))
    monkeypatch.setattr(datasets.CIFAR10, "tgz_md5", hashlib.md5(archive.getvalue()).hexdigest())
    assert len(datasets.CIFAR10(tmp_path / "new", download=True)) == 20
    assert len(datasets.CIFAR10(tmp_path / "new", download=True)) == 20
    assert len(server.seen) == 1


# --- Kaggle's digits -------------------------------------------------------------------------------------------------


def test_digit_recognizer(tmp_path: Path, no_pillow: None) -> None:
    datasets.write_digit_recognizer(tmp_path / "train.csv", IMAGES, LABELS)
    (tmp_path / "digit-recognizer").mkdir()
    datasets.write_digit_recognizer(tmp_path / "digit-recognizer" / "test.csv", tg.from_numpy(IMAGES[:3]))
    lines = (tmp_path / "train.csv").read_text().splitlines()
    assert lines[0] == "label," + ",".join(f"pixel{n}" for n in range(784))
    assert lines[3] == "4," + ",".join(str(pixel) for pixel in IMAGES[2].reshape(-1))
    train = datasets.DigitRecognizer(tmp_path, transform=transforms.ToTensor())
    assert (train.data.numpy() == IMAGES).all()
    assert train.targets.tolist() == LABELS.tolist()
    assert train[1][0].shape == (1, 28, 28)
    assert train[1][1] == 1
    test = datasets.DigitRecognizer(tmp_path, train=False)
    assert test.targets is None
    assert (test[2] == IMAGES[2]).all()
    assert len(test) == 3
    assert "Split: Test" in repr(test)
    assert train.class_to_idx["7"] == 7


def test_digit_recognizer_is_as_numpy_reads_it(tmp_path: Path) -> None:
    images = DRAW.integers(0, 256, (3000, 28, 28), dtype=np.uint8)  # of several blocks
    datasets.write_digit_recognizer(tmp_path / "train.csv", images, np.arange(3000) % 10)
    table = np.loadtxt(tmp_path / "train.csv", np.uint8, delimiter=",", skiprows=1)
    names, read = read_bytes(tmp_path / "train.csv")
    assert (read == table).all()
    changes = (lambda text: text.replace(b"\n", b"\r\n"), lambda text: text[:-1], lambda text: b"\xef\xbb\xbf" + text)
    for change in changes:
        (tmp_path / "other.csv").write_bytes(change((tmp_path / "train.csv").read_bytes()))
        assert (read_bytes(tmp_path / "other.csv")[1] == table).all()
    (tmp_path / "quoted.csv").write_bytes(b'"a", b\n1,2\n')
    assert read_bytes(tmp_path / "quoted.csv")[0] == ["a", "b"]
    (tmp_path / "empty.csv").write_bytes(b"a,b\n")
    assert read_bytes(tmp_path / "empty.csv")[1].shape == (0, 2)
    assert len(names) == 785


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"", "line 1: expected the names of the columns, got nothing"),
        (b"\xff\xfe\n", "line 1: it is no text"),
        (b"PK\x03\x04\x80\n", "line 1: it is no text.*Unpack archives first"),
        (b"a,b\n1,2\n1\n", "line 3: expected 2 cells, got 1"),
        (b"a,b\n1,2\n1,2,3\n", "line 3: expected 2 cells, got 3"),
        (b"a,b\n1,2\n1,2", None),
        (b"a,b\n1,\n", "line 2: cell 2 is '', no whole number from 0 to 255"),
        (b"a,b\n1,256\n", "line 2: cell 2 is '256'"),
        (b"a,b\n1,0001\n", "line 2: cell 2 is '0001'"),
        (b"a,b\n1, 2\n", "line 2: cell 2 is ' 2'"),
        (b"a,b\n1,-2\n", "cell 2 is '-2'"),
        (b"a,b\n1.0,2\n", "cell 1 is '1.0'"),
        (b"a,b\n1,\xff\n", "cell 2 is"),
        (b"a,b\n\n1,2\n", "line 2: expected 2 cells, got 1"),
        (b"a,b\n1\r,2\n", "cell 1 is"),
        (b"a,b\n" + b"1" * 3_000_000, "longer than a megabyte"),
        (b"a" * 2_000_000, "line 1: it is longer than a megabyte"),
    ],
)  # fmt: skip
def test_tables_that_are_none(tmp_path: Path, text: bytes, said: str | None) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(text)
    if said is None:
        assert read_bytes(path)[1].tolist() == [[1, 2], [1, 2]]
        return
    with pytest.raises(ValueError, match=f"a.csv, {said}" if said.startswith("line") else said):
        read_bytes(path)


def test_digit_recognizer_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match=r"Dataset not found. train.csv is neither in .*write_digit_recognizer"):
        datasets.DigitRecognizer(tmp_path)
    (tmp_path / "train.csv").write_bytes(b"a,b\n1,2\n")
    with pytest.raises(ValueError, match=r"expected the columns label, pixel0 to pixel783, got 2 columns from 'a'"):
        datasets.DigitRecognizer(tmp_path)
    datasets.write_digit_recognizer(tmp_path / "train.csv", IMAGES, LABELS)
    text = (tmp_path / "train.csv").read_text().splitlines()
    text[4] = "12" + text[4][1:]
    (tmp_path / "train.csv").write_text("\n".join(text))
    with pytest.raises(ValueError, match="line 5: the label is 12"):
        datasets.DigitRecognizer(tmp_path)
    for images, labels, said in (
        (IMAGES[:, :5], LABELS, r"expected images of shape \(N, 28, 28\), uint8, got \(6, 5, 28\)"),
        (IMAGES.astype(float), LABELS, "float64"), (IMAGES, LABELS[:3], "expected 6 digits as labels"),
        (IMAGES, LABELS.astype(float), "float64"), (IMAGES, LABELS + 9, "expected 6 digits"),
    ):  # fmt: skip
        with pytest.raises(ValueError, match=said):
            datasets.write_digit_recognizer(tmp_path / "x.csv", images, labels)
    assert not (tmp_path / "x.csv").exists()


# --- folders ---------------------------------------------------------------------------------------------------------


def test_folder_of_images(tmp_path: Path) -> None:
    image = pytest.importorskip("PIL.Image")
    for name, color in (("dog/1.png", 10), ("dog/sub/2.JPG", 20), ("cat/3.bmp", 30), ("cat/note.txt", None)):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        if color is None:
            (tmp_path / name).write_text("no image")
        else:
            image.new("L", (3, 2), color).save(tmp_path / name)
    data = datasets.ImageFolder(tmp_path, transform=transforms.ToTensor())
    assert data.classes == ["cat", "dog"]
    assert data.class_to_idx == {"cat": 0, "dog": 1}
    assert [(os.path.relpath(path, tmp_path), number) for path, number in data.imgs] == [
        ("cat/3.bmp", 0), ("dog/1.png", 1), ("dog/sub/2.JPG", 1)
    ]  # fmt: skip
    assert data.targets == [0, 1, 1]
    assert data[0][0].shape == (3, 2, 3)
    assert data[0][0].max().item() == np.float32(30 / 255)
    assert datasets.ImageFolder(tmp_path)[1][0].mode == "RGB"
    named = datasets.ImageFolder(tmp_path, is_valid_file=lambda path: path.endswith(".txt"), allow_empty=True)
    assert len(named) == 1
    theirs = torchvision().datasets.ImageFolder(tmp_path)
    assert theirs.samples == data.samples
    assert theirs.class_to_idx == data.class_to_idx


def test_folder_of_files(tmp_path: Path, no_pillow: None) -> None:
    for name in ("b/1.npy", "a/2.npy", "a/3.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        np.save(tmp_path / name, np.ones(2)) if name.endswith("npy") else (tmp_path / name).write_text("")
    data = datasets.DatasetFolder(tmp_path, np.load, (".npy",), target_transform=str)
    assert len(data) == 2
    assert data[1][1] == "1"
    with pytest.raises(ImportError, match="python -m pip install pillow"):
        datasets.ImageFolder(tmp_path)
    assert len(datasets.ImageFolder(tmp_path, loader=np.load, is_valid_file=lambda path: path.endswith("npy"))) == 2
    with pytest.raises(ValueError, match="cannot be None or not None at the same time"):
        datasets.DatasetFolder(tmp_path, np.load)
    with pytest.raises(FileNotFoundError, match=r"Found no valid file for the classes a, b. Supported .*: .jpg"):
        datasets.DatasetFolder(tmp_path, np.load, (".jpg",))
    with pytest.raises(FileNotFoundError, match="Couldn't find any class folder"):
        datasets.DatasetFolder(tmp_path / "a", np.load, (".npy",))
    with pytest.raises(ValueError, match="must have at least one entry"):
        folder.make_dataset(tmp_path, {}, (".npy",))
    with pytest.raises(ValueError, match="cannot be None"):
        datasets.DatasetFolder.make_dataset(tmp_path, None, (".npy",))  # type: ignore[arg-type]
    assert folder.make_dataset(tmp_path, extensions=".txt", allow_empty=True)[0][1] == 0


# --- text, toys, made-up data ----------------------------------------------------------------------------------------


def test_lines_of_text(tmp_path: Path) -> None:
    path = tmp_path / "names.txt"
    path.write_text("ann\n\nbo\né\n")
    names = datasets.TextLines(path)
    assert names.lines == ["ann", "bo", "é"]
    encoded = datasets.TextLines(path, transform=names.alphabet.encode)
    assert encoded[-1].tolist() == [4]
    assert names.alphabet.decode(encoded[0]) == "ann"
    path.write_bytes(b"\xe9\n")
    with pytest.raises(ValueError, match=r"names.txt: it is no text in utf-8"):
        datasets.TextLines(path)
    assert datasets.TextLines(path, encoding="latin1")[0] == "é"
    with pytest.raises(ValueError, match="the character 'z' is not in the alphabet of 5 characters"):
        names.alphabet.encode("z")
    with pytest.raises(IndexError, match="characters 0 to 4"):
        names.alphabet.decode([5])


def test_blocks_of_text(tmp_path: Path) -> None:
    path = tmp_path / "text.txt"
    path.write_text("abcabcabca")
    text = datasets.TextBlocks(path, 3)
    assert len(text) == 7
    assert [part.tolist() for part in text[-1]] == [[0, 1, 2], [1, 2, 0]]
    assert len(datasets.TextBlocks(path, 3, step=3)) == 3
    assert len(datasets.TextBlocks(path, 9)) == 1
    batch = next(iter(tg.utils.data.DataLoader(text, batch_size=4)))
    assert batch[0].shape == (4, 3)
    assert sum(1 for _ in text) == 7
    with pytest.raises(ValueError, match="a block takes 11 characters, and the text has 10"):
        datasets.TextBlocks(path, 10)
    with pytest.raises(ValueError, match="must be 1 or more"):
        datasets.TextBlocks(path, 0)
    with pytest.raises(ValueError, match="is not in the alphabet"):
        datasets.TextBlocks(path, 3, alphabet=datasets.Alphabet("ab"))


def test_toys(monkeypatch: pytest.MonkeyPatch) -> None:
    sklearn = pytest.importorskip("sklearn.datasets")
    digits = datasets.SklearnDataset("digits")
    assert digits.data.dtype == tg.float32
    assert (digits.data.numpy() == sklearn.load_digits().data).all()
    assert digits.targets.dtype == tg.int64
    assert digits[3][1].item() == 3
    iris = datasets.SklearnDataset("iris", transform=lambda row: row * 2, target_transform=int, dtype=tg.float64)
    assert iris.classes == ["setosa", "versicolor", "virginica"]
    assert len(iris.feature_names) == 4
    assert iris[0][0].dtype == tg.float64
    assert type(iris[0][1]) is int
    moons = datasets.SklearnDataset("moons", n_samples=10, random_state=0)
    assert repr(moons) == "SklearnDataset('moons', 10 rows of [2])"
    for name in {**toys._KEPT, **toys._MADE}:
        data = datasets.SklearnDataset(name)
        assert len(data) == len(data.targets)
        assert data.targets.dtype in (tg.int64, tg.float32)
    with pytest.raises(ValueError, match=r"there is no 'digit'. Did you mean 'digits'\?"):
        datasets.SklearnDataset("digit")
    with pytest.raises(ValueError, match="There are breast_cancer,"):
        datasets.SklearnDataset("mnist_784")
    monkeypatch.setitem(__import__("sys").modules, "sklearn.datasets", None)
    with pytest.raises(ImportError, match="python -m pip install scikit-learn"):
        datasets.SklearnDataset("digits")


def test_made_up_images() -> None:
    before = tg.get_rng_state()
    data = datasets.FakeData(5, (3, 6, 4), 10, transform=transforms.ToTensor())
    assert data[2][0].shape == (3, 6, 4)
    assert (data[2][0] == data[2][0]).all()
    assert (tg.get_rng_state() == before).all()
    with pytest.raises(IndexError, match="5 of 5"):
        data[5]
    theirs = torchvision()
    live = theirs.datasets.FakeData(5, (3, 6, 4), 10, transform=theirs.transforms.ToTensor(), random_offset=3)
    ours = datasets.FakeData(5, (3, 6, 4), 10, transform=transforms.ToTensor(), random_offset=3)
    for (image, target), (own, number) in zip(live, ours, strict=True):
        np.testing.assert_array_equal(image.numpy(), own.numpy())
        assert target == number


def test_transforms_of_both() -> None:
    both = vision.VisionDataset("~/x", transforms=lambda image, target: (image, target))
    assert both.root == os.path.expanduser("~/x")
    with pytest.raises(ValueError, match="Only transforms or transform/target_transform"):
        vision.VisionDataset(None, transforms=abs, transform=abs)
    with pytest.raises(NotImplementedError, match="has no __len__"):
        len(both)
    assert vision.StandardTransform(abs, str)(-1, 2) == (1, "2")
