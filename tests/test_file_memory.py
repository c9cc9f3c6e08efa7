"""How much memory a file can ask for: the worst ones that we know of, against what docs/architecture.md says."""

from __future__ import annotations

import gzip
import io
import json
import struct
import tracemalloc
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from test_serialization import repacked

import tinygrad_nn as tg
from tinygrad_nn.datasets import read_idx
from tinygrad_nn.datasets.numbers import read_bytes
from tinygrad_nn.datasets.pickles import read_pickle
from tinygrad_nn.safetensors import load as load_safetensors
from tinygrad_nn.safetensors import save as save_safetensors
from tinygrad_nn.serialization import load, load_json, load_npz, save, save_npz

SIZE = 120_000  # bytes, about, of each file
PICKLED, TEXT, STORED = 250, 30, 4  # times its size, and
BESIDE = 2_000_000  # bytes, whatever its size


def head(text: bytes) -> bytes:
    return struct.pack("<Q", len(text)) + text


def saved(write: Callable[..., Any], *given: Any) -> bytes:
    file = io.BytesIO()
    write(*given, file)
    return file.getvalue()


def pickles(open_: bytes, piece: bytes) -> bytes:
    """One list of very many small things."""
    return b"\x80\2" + open_ + b"](" + piece * (SIZE // len(piece)) + b"e."


NAMED = b"ccollections\nOrderedDict\nq\0ccollections\nCounter\nq\x010"
MADE = {
    "sets": pickles(b"", b"\x8f"), "dicts": pickles(b"", b"}"), "marks": b"\x80\2" + b"(" * SIZE + b".",
    "ordered dicts": pickles(NAMED, b"h\0)R"), "counters": pickles(NAMED, b"h\1)R"),
    "tuples": b"\x80\2N" + b"\x85" * SIZE + b".",
    "memo": b"\x80\4N" + b"\x94" * SIZE + b".", "lists in lists": b"\x80\2" + b"](" * (SIZE // 2) + b".",
}  # fmt: skip
BLOCK = bytes(10_000_000)
NUMBERS = tg.zeros(SIZE // 4)


def bomb() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        text = b"{'descr': '<f4', 'fortran_order': False, 'shape': (1,)}".ljust(70)
        archive.writestr("a.npy", b"\x93NUMPY\1\0\x46\0" + text + BLOCK)
    return file.getvalue()


def claimed() -> bytes:
    """A compressed entry that claims a gigabyte, and has a few bytes."""
    text = b"{'descr': '|u1', 'fortran_order': False, 'shape': (1000000000,)}".ljust(80)
    data = b"\x93NUMPY\1\0" + struct.pack("<H", 80) + text
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = packer.compress(data) + packer.flush()
    size = len(data) + 1_000_000_000
    sizes = struct.pack("<IIIHH", 0, len(packed), size, 5, 0)
    local = b"PK\3\4" + struct.pack("<HHHHH", 20, 0, 8, 0, 0) + sizes + b"a.npy" + packed
    entry = b"PK\1\2" + struct.pack("<HHHHHH", 20, 20, 0, 8, 0, 0) + sizes + bytes(14) + b"a.npy"
    return local + entry + b"PK\5\6" + struct.pack("<HHHHIIH", 0, 0, 1, 1, len(entry), len(local), 0)


CASES: list[tuple[str, Any, bytes, int]] = [
    *((f"pt: {name}", load, repacked(data), PICKLED) for name, data in MADE.items()),
    ("pt: numbers", load, saved(lambda f: save({"a": NUMBERS, "b": NUMBERS[1:]}, f)), STORED),
    ("safetensors: numbers", load_safetensors, save_safetensors({"a": NUMBERS}), STORED),
    ("safetensors: bfloat16", load_safetensors,
     head(b'{"a":{"dtype":"BF16","shape":[60000],"data_offsets":[0,120000]}}') + bytes(120_000), STORED),
    ("safetensors: lists", load_safetensors, head(b'{"a":[' + b"[]," * (SIZE // 3) + b"[]]}"), TEXT),
    ("safetensors: objects", load_safetensors, head(b'{"a":[' + b"{}," * (SIZE // 3) + b"{}]}"), TEXT),
    ("safetensors: entries", load_safetensors, head(json.dumps(
        {str(n): {"dtype": "U8", "shape": [0], "data_offsets": [0, 0]} for n in range(SIZE // 60)}).encode()), TEXT),
    ("npz: numbers", load_npz, saved(lambda f: save_npz({"a": NUMBERS}, f)), STORED),
    ("npz: bomb", load_npz, bomb(), STORED), ("npz: claim", load_npz, claimed(), STORED),
    ("json: objects", load_json, b'{"a":[' + b"{}," * (SIZE // 3) + b"{}]}", TEXT),
    ("json: numbers", load_json, json.dumps(
        {"format": "tinygrad_nn.model", "version": 1, "model": {"class": "ReLU"},
         "state": {"a": {"dtype": "float64", "shape": [SIZE // 3], "data": [0] * (SIZE // 3)}}}).encode(), TEXT),
    ("idx: numbers", read_idx, struct.pack(">BBBBI", 0, 0, 8, 1, SIZE) + bytes(SIZE), STORED),
    ("idx: claim", read_idx, struct.pack(">BBBBI", 0, 0, 8, 1, 1 << 30) + bytes(SIZE), STORED),
    ("idx: bomb", read_idx, gzip.compress(struct.pack(">BBBBI", 0, 0, 8, 1, 5) + BLOCK), STORED),
    ("csv: numbers", read_bytes, b"a,b\n" + b"1,2\n" * (SIZE // 4), 15),
    ("cifar: sets", read_pickle, MADE["sets"], PICKLED),
]  # fmt: skip


@pytest.mark.parametrize(("reader", "data", "times"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_a_file_takes_no_more_than_a_few_times_its_size(tmp_path: Path, reader: Any, data: bytes, times: int) -> None:
    path = tmp_path / "file"
    path.write_bytes(data)
    given: Any = data if reader is load_safetensors else path
    tracemalloc.start()
    try:
        result = reader(given)
    except Exception as error:
        result = error
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert not isinstance(result, MemoryError)
    assert peak < times * len(data) + BESIDE, f"{peak / len(data):.1f} times"
