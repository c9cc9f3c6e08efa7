"""NumPy's .npz files: what NumPy reads and writes alike, and files that are not what they claim."""

from __future__ import annotations

import io
import struct
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tinygrad_nn as tg
from tinygrad_nn.serialization import load_npz, save, save_npz

TYPES = [
    "bool", "uint8", "int8", "int16", "int32", "int64", "float16", "float32", "float64", "complex64", "complex128",
    "uint16", "uint32", "uint64",
]  # fmt: skip


def state() -> dict[str, Any]:
    """Tensors of every type, shape and order in memory."""
    tensors = {name: tg.arange(3).to(getattr(tg, name)) for name in TYPES}
    turned = tg.arange(6.0).reshape(2, 3).t()
    return {**tensors, "0.weight/é": tg.zeros(0, 3), "number": tg.tensor(2.5), "turned": turned, "part": turned[1:]}


def packed(tensors: Any, **options: Any) -> bytes:
    file = io.BytesIO()
    save_npz(tensors, file, **options)
    return file.getvalue()


def unpacked(data: bytes, **options: Any) -> Any:
    return load_npz(io.BytesIO(data), **options)


def archive(entries: dict[str, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as made:
        for name, data in entries.items():
            made.writestr(name, data)
    return file.getvalue()


def npy(head: str, data: bytes = b"", version: int = 1) -> bytes:
    text = head.encode()
    return b"\x93NUMPY" + bytes([version, 0]) + struct.pack("<H" if version == 1 else "<I", len(text)) + text + data


def head(kind: str = "'<f4'", shape: str = "(1,)", order: str = "False") -> str:
    return f"{{'descr': {kind}, 'fortran_order': {order}, 'shape': {shape}, }}"


def assert_equal(a: dict[str, Any], b: dict[str, Any]) -> None:
    assert list(a) == list(b)
    for name in a:
        assert a[name].dtype == b[name].dtype
        np.testing.assert_array_equal(a[name].numpy(), b[name].numpy())


@pytest.mark.parametrize("compressed", [False, True])
def test_round_trip_and_numpy(tmp_path: Path, compressed: bool) -> None:
    tensors = state()
    save_npz(tensors, tmp_path / "a.npz", compressed=compressed)
    assert_equal(load_npz(tmp_path / "a.npz"), tensors)
    with np.load(tmp_path / "a.npz", allow_pickle=False) as read:
        assert sorted(read) == sorted(tensors)
        for name in read:
            np.testing.assert_array_equal(read[name], tensors[name].numpy())
    assert packed(tensors, compressed=compressed) == (tmp_path / "a.npz").read_bytes()  # the same each time


@pytest.mark.parametrize("write", [np.savez, np.savez_compressed])
def test_files_of_numpy(tmp_path: Path, write: Any) -> None:
    arrays = {name: tensor.numpy() for name, tensor in state().items()}
    write(tmp_path / "a.npz", **arrays, big=np.arange(3, dtype=">i4"))
    read = load_npz(str(tmp_path / "a.npz"))
    assert read.pop("big").tolist() == [0, 1, 2]
    assert_equal(read, state())
    read["turned"][0] = 1.0


def test_state_of_a_module(tmp_path: Path) -> None:
    first, second = tg.nn.Linear(3, 2), tg.nn.Linear(3, 2)
    save_npz(first.state_dict(), tmp_path / "a.npz")
    second.load_state_dict(load_npz(tmp_path / "a.npz"))
    assert (first.weight == second.weight).all()
    assert unpacked(packed({"lr": 0.1, "step": 3, "on": True}))["lr"].item() == 0.1


@pytest.mark.parametrize(
    ("tensors", "kind", "said"),
    [
        ({1: tg.ones(1)}, TypeError, "names must be strings, got 1"),
        ({"a": [1]}, TypeError, "'a' is of type list, and only tensors"),
        ({"a": np.array([None])}, TypeError, "'a' is of type ndarray"),
        ({"a\0": tg.ones(1)}, ValueError, "cannot be a name in an archive"),
        ({"\ud800": tg.ones(1)}, ValueError, "cannot be a name in an archive"),
    ],
)  # fmt: skip
def test_what_cannot_be_saved(tmp_path: Path, tensors: Any, kind: type[Exception], said: str) -> None:
    with pytest.raises(kind, match=said):
        save_npz(tensors, tmp_path / "a")
    assert not (tmp_path / "a").exists()


def overlapping() -> bytes:
    """An archive whose two entries are the same bytes."""
    data = bytearray(archive({"a.npy": npy(head(), b"1234"), "b.npy": npy(head(), b"1234")}))
    second = data.rindex(b"PK\1\2")
    data[second + 42 : second + 46] = struct.pack("<I", 0)
    return bytes(data)


def claiming(size: int) -> bytes:
    """An archive whose directory claims another size of an entry."""
    data = bytearray(archive({"a.npy": npy(head(), b"1234")}))
    entry = data.rindex(b"PK\1\2")
    data[entry + 20 : entry + 28] = struct.pack("<II", size, size)
    return bytes(data)


WHOLE = npy(head(), b"1234")


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "no .npz file: it begins with b''"),
        (b"hello world", "no .npz file: it begins with b'hello "),
        (npy(head(), b"1234"), "holds one array.*numpy.load"),
        (packed(state())[:-30], "no .npz file.*cut off"),
        (archive({"a.txt": b"1"}), "'a.txt' is no array"),
        (archive({"a.npy": b"1"}), "array 'a': no array: it begins with b'1'"),
        (archive({"a.npy": npy(head(), b"123")}), r"expected 4 bytes for shape \(1,\), got 3"),
        (archive({"a.npy": npy(head(), b"12345")}), "expected 4 bytes"),
        (archive({"a.npy": npy(head(shape="(2**9,)"), b"1234")}), "its head cannot be read"),
        (archive({"a.npy": npy(head(shape="(99999999999999,)"), b"1234")}), "expected 399999999999996 bytes"),
        (archive({"a.npy": npy(head(shape=f"({2**61}, 0, 4)"))}), "it cannot have the shape"),
        (archive({"a.npy": npy(head(shape="(-1,)"), b"1234")}), "its head cannot be read"),
        (archive({"a.npy": npy(head(shape="(True,)"), b"1234")}), "its head cannot be read"),
        (archive({"a.npy": npy(head(shape="[1]"), b"1234")}), "its head cannot be read"),
        (archive({"a.npy": npy(head(shape=f"({'1,' * 65})"), b"1234")}), "it cannot have the shape"),
        (archive({"a.npy": npy(head("'|O'"), b"1234")}), "it is of objects, which would be pickled"),
        (archive({"a.npy": npy(head("'<U1'"), b"1234")}), "it is of '<U1'"),
        (archive({"a.npy": npy(head("[('a', '<f4')]"), b"1234")}), "its head cannot be read"),
        (archive({"a.npy": npy(head() * 2, b"1234")}), "its head cannot be read"),
        (archive({"a.npy": npy(head("True"), b"1234")}), "its head cannot be read"),
        (archive({"a.npy": npy("{}", b"1234")}), "its head cannot be read"),
        (archive({"a.npy": npy("{'descr': '<f4', 'descr': '<f4'}", b"1234")}), "its head cannot be read"),
        (archive({"a.npy": npy(head("'<M8'"), b"1234")}), "it is of '<M8'"),
        (archive({"a.npy": npy(head("'nonsense'"), b"1234")}), "it is of"),
        (archive({"a.npy": npy("__import__('os').system('false')")}), "its head cannot be read"),
        (archive({"a.npy": npy("(" * 9000)}), "its head cannot be read"),
        (archive({"a.npy": npy("-" * 9000 + "1")}), "its head"),
        (archive({"a.npy": npy(" " * 20_000 + head(), b"1234")}), "its head has 20057 bytes"),
        (archive({"a.npy": npy(head(), b"1234", version=9)}), "no array"),
        (archive({"a.npy": WHOLE}, zipfile.ZIP_BZIP2), "compressed in a way"),
        (archive({"a.npy": WHOLE}).replace(b"1234", b"1235"), "damaged .Bad CRC-32"),
        (archive({"a.npy": WHOLE, "b.npy": WHOLE}).replace(b"b.npy", b"a.npy"), "stands there twice"),
        (overlapping(), "damaged"),
        (claiming(2**31), "claim more bytes than"),
        (claiming(10), "damaged"),
    ],
)  # fmt: skip
def test_a_false_file_is_refused(tmp_path: Path, data: bytes, said: str) -> None:
    (tmp_path / "a").write_bytes(data)
    for read in (lambda: load_npz(tmp_path / "a"), lambda: unpacked(data)):
        with pytest.raises(ValueError, match=rf"load_npz\(\).*: .*{said}"):
            read()


def test_other_archives_are_named() -> None:
    file = io.BytesIO()
    save({"a": tg.ones(1)}, file)
    with pytest.raises(ValueError, match=r"no array.*Read files of save\(\) with load\(\)"):
        unpacked(file.getvalue())
    with pytest.raises(FileNotFoundError):
        load_npz("/no/such/file.npz")


def test_a_bomb_is_not_unpacked() -> None:
    data = packed({"a": tg.zeros(1_000_000)}, compressed=True)
    assert len(data) < 10_000
    assert unpacked(data)["a"].shape == (1_000_000,)
    with pytest.raises(ValueError, match="its arrays take 4000128 bytes, more than max_bytes=1000000"):
        unpacked(data, max_bytes=1_000_000)
    assert unpacked(packed({"a": tg.zeros(1000)}), max_bytes=0)["a"].shape == (1000,)  # no more than the file has


def test_a_bool_is_true_or_false() -> None:
    assert unpacked(archive({"a.npy": npy(head("'|b1'", "(3,)"), b"\0\1\7")}))["a"].sum().item() == 2


def test_heads_of_other_programs() -> None:
    for text in (
        "{'shape': (1,), 'fortran_order': False, 'descr': '<f4'}",
        '{"descr":"<f4","fortran_order":False,"shape":(1,)}\n',
        "{'descr': '<f4', 'fortran_order': True, 'shape': ( 1 , ) , }",
    ):  # fmt: skip
        assert unpacked(archive({"a.npy": npy(text, b"\0\0\x80?")}))["a"].tolist() == [1.0]
    assert unpacked(archive({"a.npy": npy(head(shape="()"), b"\0\0\x80?", version=3)}))["a"].item() == 1.0
