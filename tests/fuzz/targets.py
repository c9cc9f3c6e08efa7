"""The readers that are fuzzed: what each reads, files to begin with, and what is a clear error.

A target is given bytes. Some put them into a container first, whose checksums would hide all that lies within.
"""

from __future__ import annotations

import gzip
import io
import json
import os
import pickle
import struct
import sys
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import tinygrad_nn as tg
from tinygrad_nn.datasets import read_idx
from tinygrad_nn.datasets.numbers import read_bytes
from tinygrad_nn.datasets.pickles import read_pickle
from tinygrad_nn.safetensors import SafetensorError
from tinygrad_nn.safetensors import load as load_safetensors
from tinygrad_nn.safetensors import save as save_safetensors
from tinygrad_nn.serialization import load, load_json, load_npz, save, save_json, save_npz

FOLDER = Path(__file__).parent
GOLDEN = FOLDER.parent / "golden" / "files"
CLEAR = (RuntimeError, pickle.UnpicklingError, EOFError, ValueError, TypeError, SafetensorError)
_PLACE = Path(tempfile.gettempdir(), f"tinygrad_nn_fuzz_{os.getpid()}")


class Target(NamedTuple):
    """A reader, and files that it reads."""

    read: Callable[[bytes], Any]
    seeds: Callable[[], list[bytes]]


# --- the readers -----------------------------------------------------------------------------------------------------


def _in_file(read: Callable[[Path], Any]) -> Callable[[bytes], Any]:
    def from_bytes(data: bytes) -> Any:
        _PLACE.write_bytes(data)
        try:
            return read(_PLACE)
        finally:
            _PLACE.unlink()

    return from_bytes


def _pt(data: bytes) -> Any:
    return load(io.BytesIO(data))


def _mapped(path: Path) -> Any:
    return load(path, mmap=True)


def _everything(data: bytes) -> Any:
    return load(io.BytesIO(data), weights_only=False)


def archived(data: bytes) -> io.BytesIO:
    """A pickle and memory for its tensors in an archive that is whole: before each stands its length, in two bytes."""
    file, at, number = io.BytesIO(), 0, -1
    with zipfile.ZipFile(file, "w") as archive:
        while at < len(data) and number < 20:
            end = at + 2 + int.from_bytes(data[at : at + 2], "little")
            archive.writestr("a/data.pkl" if number < 0 else f"a/data/{number}", data[at + 2 : end])
            at, number = end, number + 1
        archive.writestr("a/version", b"3\n")  # which PyTorch asks for
    file.seek(0)
    return file


def _packed(data: bytes, weights_only: bool = True) -> Any:
    return load(archived(data), weights_only=weights_only)


def _unpacked(pieces: list[bytes]) -> bytes:
    return b"".join(len(piece).to_bytes(2, "little") + piece for piece in pieces)


def _npy(data: bytes) -> Any:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("a.npy", data)
    file.seek(0)
    return load_npz(file)


# --- files to begin with ---------------------------------------------------------------------------------------------


def _stored(pattern: str) -> list[bytes]:
    return [path.read_bytes() for path in sorted(GOLDEN.glob(pattern)) if path.stat().st_size < 4000]


def _pt_files() -> list[bytes]:
    file = io.BytesIO()
    save({"a": tg.ones(2, 2), "b": [1, "x", (2.5, None)], "c": tg.nn.Linear(2, 1).state_dict()}, file)
    return [file.getvalue(), *_stored("[!l]*.pt")]


def _pickles() -> list[bytes]:
    found = []
    for data in _pt_files():
        archive = zipfile.ZipFile(io.BytesIO(data))
        names = {name.partition("/")[2]: name for name in archive.namelist()}
        keys = [f"data/{number}" for number in range(20) if f"data/{number}" in names]
        found.append(_unpacked([archive.read(names[key]) for key in ("data.pkl", *keys)]))
    plain = {"a": [1, 2.5, "x", b"y", None, True, (1, 2)], "b": {3, 4}, "c": 2**70, 1: bytearray(b"z")}
    return [*found, *(_unpacked([pickle.dumps(plain, protocol)]) for protocol in (2, 3, 4, 5))]


def _numpy_pickles() -> list[bytes]:
    data = {"a": np.arange(6, dtype=np.int16).reshape(2, 3), "b": np.float64(1.5), "c": frozenset({1}), "d": range(3)}
    return [_unpacked([pickle.dumps(data, 2)]), *_pickles()[:2]]


def _cifar() -> list[bytes]:
    batch = {"data": np.arange(12, dtype=np.uint8).reshape(2, 6), "labels": [0, 1], "filenames": ["a", "b"]}
    old = b"\x80\x02}(U\x06labels](K\0K\1eU\x04dataT\x03\0\0\0\x80\x81\x82u."
    return [*(pickle.dumps(batch, protocol) for protocol in (2, 3, 4, 5)), old]


def _safetensors() -> list[bytes]:
    tensors = {"a": tg.ones(2, 3), "b": tg.arange(4), "c": tg.zeros(0, 2), "d": tg.tensor(True), "e": tg.ones(3).half()}
    head = json.dumps({"x": {"dtype": "BF16", "shape": [2], "data_offsets": [0, 4]}}).encode()
    return [save_safetensors(tensors, {"k": "v"}), struct.pack("<Q", len(head)) + head + b"1234", save_safetensors({})]


def _npz_files() -> list[bytes]:
    tensors = {"a": tg.ones(2, 3), "b.c": tg.arange(4), "d": tg.tensor(True), "e": tg.zeros(0, 2)}
    found = []
    for compressed in (False, True):
        file = io.BytesIO()
        save_npz(tensors, file, compressed=compressed)
        found.append(file.getvalue())
    return found


def _npys() -> list[bytes]:
    found = []
    turned = np.asfortranarray(np.ones((2, 3), np.float32))
    for array in (np.ones((2, 3)), turned, np.array(1, ">i2"), np.zeros((0, 4))):
        file = io.BytesIO()
        np.lib.format.write_array(file, array)
        found.append(file.getvalue())
    return found


def _idx() -> list[bytes]:
    kinds = ((8, ">u1"), (9, ">i1"), (0x0B, ">i2"), (0x0C, ">i4"), (0x0D, ">f4"), (0x0E, ">f8"))
    return [
        struct.pack(">BBBBII", 0, 0, code, 2, 2, 3) + np.arange(6).astype(kind).tobytes() for code, kind in kinds
    ]  # fmt: skip


def _json() -> list[bytes]:
    nn = tg.nn
    models = [
        nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1, dtype=tg.float64)), nn.Embedding(3, 2),
        nn.ModuleDict({"a": nn.Dropout(0.1), "b": nn.CrossEntropyLoss(tg.ones(2))}), nn.Flatten(0, 1),
    ]  # fmt: skip
    found = []
    for model in models:
        file = io.BytesIO()
        save_json(model, file, notes={"lr": 0.1})
        found.append(file.getvalue())
    return found


def _csv() -> list[bytes]:
    return [b"label,pixel0,pixel1\n1,0,255\n2,34,5\n", b'"a","b"\r\n1,2\r\n', b"a\n1", b"a,b\n"]


TARGETS: dict[str, Target] = {
    "pt": Target(_pt, _pt_files),
    "pt_mapped": Target(_in_file(_mapped), _pt_files),
    "pt_pickle": Target(_packed, _pickles),
    "pt_everything": Target(lambda data: _packed(data, weights_only=False), _numpy_pickles),
    "pt_legacy": Target(_everything, lambda: _stored("legacy_*.pt")),
    "safetensors": Target(load_safetensors, _safetensors),
    "npz": Target(lambda data: load_npz(io.BytesIO(data)), _npz_files),
    "npy": Target(_npy, _npys),
    "idx": Target(_in_file(read_idx), _idx),
    "idx_gz": Target(_in_file(lambda path: read_idx(path)), lambda: [gzip.compress(data, mtime=0) for data in _idx()]),
    "json": Target(lambda data: load_json(io.BytesIO(data)), _json),
    "csv": Target(_in_file(read_bytes), _csv),
    "cifar": Target(_in_file(read_pickle), _cifar),
}


# Words that are put into files, beside bytes: without them few changes come far.
WORDS: dict[str, tuple[str, ...]] = {
    "json": (
        '"class"', '"arguments"', '"modules"', '"state"', '"tuple"', '"tensor"', '"module"', '"function"', '"dtype"',
        '"number"', '"nan"', '"shape"', '"data"', '"Sequential"', '"Linear"', '"LSTM"', '"LayerNorm"', '"Conv2d"',
        '"in_features"', '"bias"', '"relu"', "[1, 2]", "{}", "[]", "null", "true", "65000", "-1", "1e999",
        '{"tuple": [1]}',
    ),
    "safetensors": ('"dtype"', '"shape"', '"data_offsets"', '"__metadata__"', '"F32"', '"BF16"', '"F4"', "[0,0]"),
    "npy": ("'descr'", "'fortran_order'", "'shape'", "'<f4'", "'|O'", "(2,)", "()", "True", "(99999999999,)"),
    "csv": ("255", "256", ",", "\n", "\r\n", '"'),
}  # fmt: skip


# --- what must not happen --------------------------------------------------------------------------------------------

# Events that Python reports where something is run, loaded, connected to, or written.
_FORBIDDEN = (
    "os.system", "os.exec", "os.fork", "os.forkpty", "os.posix_spawn", "os.spawn", "os.startfile", "pty.spawn",
    "subprocess.Popen", "socket.connect", "socket.bind", "ctypes.dlopen", "pickle.find_class", "exec", "import",
    "shutil.rmtree", "os.rename", "os.truncate", "os.putenv",
)  # fmt: skip
_watched: list[str] | None = None


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    if _watched is not None and (event in _FORBIDDEN or (event == "open" and "w" in str(arguments[1]))):
        if event == "open" and Path(str(arguments[0])) == _PLACE:
            return
        if event == "import" and arguments[0] in sys.modules:
            return
        _watched.append(f"{event} {str(arguments)[:200]}")


def watch() -> None:
    """Let `run` notice what a file makes happen. It cannot be undone, so that it is asked for."""
    "".encode("cp437")  # of names in archives: a module that Python loads when it is first needed
    sys.addaudithook(_hook)


class ForbiddenError(Exception):
    """A file has made something happen."""


def run(target: Target, data: bytes) -> Any:
    """Read the bytes: what they hold, or a clear error. All other errors go through, and are findings.

    Raises:
        ForbiddenError: something has been run, loaded, connected to or written.
        AssertionError: an error says nothing.
    """
    global _watched
    result: Any
    _watched = []
    try:
        result = target.read(data)
    except CLEAR as error:
        result = error
    finally:
        happened, _watched = _watched, None
    if happened:
        raise ForbiddenError(happened[0])
    if isinstance(result, CLEAR):
        assert str(result), f"{type(result).__name__} without words"
        assert type(result) is not RecursionError, result
    return result
