"""safetensors: files that the package of that name reads and writes alike, and files that are not what they claim."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygrad_nn as tg
from tinygrad_nn import nn
from tinygrad_nn.safetensors import (
    SafetensorError,
    load,
    load_file,
    load_model,
    safe_open,
    save,
    save_file,
    save_model,
)
from tinygrad_nn.safetensors import torch as under_its_own_name

TYPES = [
    "bool", "uint8", "int8", "int16", "int32", "int64", "float16", "float32", "float64", "complex64", "uint16",
    "uint32", "uint64",
]  # fmt: skip


def every_type() -> dict[str, Any]:
    """Tensors of each type, without elements and without dimensions."""
    tensors = {name: tg.arange(3).to(getattr(tg, name)) for name in TYPES}
    return {**tensors, "empty": tg.zeros(0, 3), "number": tg.tensor(2.5), 'odd "é\n\u2028': tg.ones(1, 2, 1)}


def file_of(head: Any, data: bytes = b"") -> bytes:
    """A file with this head."""
    text = head if isinstance(head, bytes) else json.dumps(head).encode()
    return struct.pack("<Q", len(text)) + text + data


def one(kind: Any = "F32", shape: Any = (1,), offsets: Any = (0, 4)) -> dict[str, Any]:
    """What a head says of a tensor."""
    return {"dtype": kind, "shape": list(shape), "data_offsets": list(offsets)}


def assert_equal(a: dict[str, Any], b: dict[str, Any]) -> None:
    assert set(a) == set(b)
    for name in a:
        assert str(a[name].dtype) == str(b[name].dtype)
        assert a[name].shape == b[name].shape
        np.testing.assert_array_equal(a[name].detach().numpy(), b[name].detach().numpy())


# --- by itself -------------------------------------------------------------------------------------------------------


def test_round_trip_of_every_type(tmp_path: Path) -> None:
    tensors = every_type()
    assert_equal(load(save(tensors)), tensors)
    save_file(tensors, tmp_path / "a.safetensors")
    assert_equal(load_file(tmp_path / "a.safetensors"), tensors)
    assert (tmp_path / "a.safetensors").read_bytes() == save(tensors)
    assert under_its_own_name.save_file is save_file


def test_the_form_of_a_file() -> None:
    data = save({"b": tg.ones(3, dtype=tg.uint8), "c": tg.ones(1), "a": tg.ones(2), "d": tg.ones(1, dtype=tg.int64)})
    length = int.from_bytes(data[:8], "little")
    assert length % 8 == 0
    head = json.loads(data[8 : 8 + length])
    assert list(head) == ["__metadata__", "d", "a", "c", "b"]  # the most aligned first, then by name
    assert head["__metadata__"] == {"format": "pt"}
    assert head["b"] == {"dtype": "U8", "shape": [3], "data_offsets": [20, 23]}
    assert len(data) == 8 + length + 23


def test_what_was_read_is_one_s_own(tmp_path: Path) -> None:
    save_file({"a": tg.zeros(2)}, tmp_path / "a")
    read = load_file(tmp_path / "a")["a"]
    read[0] = 1.0
    assert load_file(tmp_path / "a")["a"].tolist() == [0, 0]
    assert not read.requires_grad


def test_arrays_and_parameters_are_taken() -> None:
    read = load(save({"p": nn.Parameter(tg.ones(2)), "a": np.arange(3), "big": np.arange(3, dtype=">i4")}))
    assert read["p"].tolist() == [1, 1]
    assert read["a"].tolist() == read["big"].tolist() == [0, 1, 2]


def test_bfloat16_is_read_as_float32() -> None:
    values = np.array([1.0, -2.5, np.inf, 0.0], np.float32)
    halves = (values.view(np.uint32) >> 16).astype("<u2")
    read = load(file_of({"a": one("BF16", [2, 2], [0, 8])}, halves.tobytes()))["a"]
    assert read.dtype == tg.float32
    assert read.tolist() == [[1.0, -2.5], [np.inf, 0.0]]
    assert np.isnan(load(file_of({"a": one("BF16", [1], [0, 2])}, b"\xc0\x7f"))["a"].item())


def test_a_bool_is_true_or_false() -> None:
    assert load(file_of({"a": one("BOOL", [3], [0, 3])}, b"\0\1\7"))["a"].sum().item() == 2


def test_types_that_numpy_lacks_are_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(file_of({"a": one("F8_E4M3", [4]), "b": one("F32", [1], [4, 8])}, bytes(8)))
    with pytest.raises(TypeError, match=r"tensor `a` is of type F8_E4M3.*tensor.float\(\)"):
        load_file(tmp_path / "a")
    with safe_open(tmp_path / "a") as file:
        assert file.get_tensor("b").item() == 0
        with pytest.raises(TypeError, match="F8_E4M3"):
            file.get_tensor("a")
        with pytest.raises(TypeError, match="F8_E4M3"):
            file.get_slice("a")[:1]


# --- what cannot be saved --------------------------------------------------------------------------------------------

WIDE = tg.ones(4, 4)


@pytest.mark.parametrize(
    ("tensors", "notes", "kind", "said"),
    [
        ({"a": WIDE.t()}, None, ValueError, r"non contiguous tensor: `a`"),
        ({"a": WIDE.expand(2, 4, 4)}, None, ValueError, r"non contiguous tensor: `a`"),
        ({"a": WIDE, "b": WIDE}, None, RuntimeError, r"Some tensors share memory.*save_model"),
        ({"a": WIDE[:2], "b": WIDE[1:]}, None, RuntimeError, r"Some tensors share memory"),
        ([1], None, ValueError, r"Expected a dict of \[str, torch.Tensor\] but received <class 'list'>"),
        ({"a": [1.0]}, None, ValueError, r"Key `a` is invalid, expected torch.Tensor but received <class 'list'>"),
        ({1: WIDE}, None, TypeError, r"argument 'tensor_dict': 'int' object"),
        ({"a": WIDE}, {"epoch": 3}, TypeError, r"argument 'metadata': 'int' object.*str\(value\)"),
        ({"a": WIDE}, {3: "a"}, TypeError, r"argument 'metadata': 'int' object"),
        ({"a": WIDE.to(tg.complex128)}, None, KeyError, r"complex128.*tensor `a`"),
        ({"__metadata__": WIDE}, None, ValueError, r"the format's own name"),
    ],
)
def test_what_cannot_be_saved(tmp_path: Path, tensors: Any, notes: Any, kind: type[Exception], said: str) -> None:
    for write in (lambda: save(tensors, notes), lambda: save_file(tensors, tmp_path / "a", notes)):
        with pytest.raises(kind, match=said):
            write()
    assert not (tmp_path / "a").exists()


def test_parts_of_one_memory_that_do_not_overlap_are_saved() -> None:
    assert_equal(load(save({"a": WIDE[:1], "b": WIDE[1:]})), {"a": WIDE[:1], "b": WIDE[1:]})


def test_places_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(SafetensorError, match=r"Error while serializing: I/O error: Parent directory"):
        save_file({}, tmp_path / "no" / "a")
    with pytest.raises(SafetensorError, match="Is a directory"):
        save_file({}, tmp_path)
    with pytest.raises(FileNotFoundError, match="No such file or directory"):
        load_file(tmp_path / "no")
    with pytest.raises(SafetensorError, match="got a folder"):
        load_file(tmp_path)
    with pytest.raises(TypeError, match=r"expected bytes, got str.*load_file\(path\)"):
        load("a")  # type: ignore[arg-type]


# --- a file's parts --------------------------------------------------------------------------------------------------


def test_an_open_file(tmp_path: Path) -> None:
    whole = tg.arange(24.0).reshape(4, 3, 2)
    save_file({"z": whole, "n": tg.tensor(3)}, tmp_path / "a", {"k": "v"})
    with safe_open(tmp_path / "a", framework="pt", device="cpu") as file:
        assert file.keys() == ["n", "z"]
        assert file.offset_keys() == ["n", "z"]
        assert file.metadata() == {"k": "v"}
        assert (file.get_tensor("z") == whole).all()
        part = file.get_slice("z")
        assert (part.get_shape(), part.get_dtype()) == ([4, 3, 2], "F32")
        for index in (
            slice(1, 3), slice(None), slice(3, 1), slice(-2, None), slice(0, 4, 2), slice(9, 99), 1, -1, ..., (),
            (slice(1, 2), 0), (slice(None), slice(0, 2), 1), (..., 1), ([0, 2],), (slice(0, 3, 2), None), (0, 0, 0),
        ):  # fmt: skip
            assert part[index].tolist() == whole[index].tolist(), index
        with pytest.raises(IndexError):
            part[5]
        assert file.get_slice("n")[()].item() == 3
        with pytest.raises(SafetensorError, match=r"File does not contain tensor zz.*Did you mean 'z'\?"):
            file.get_tensor("zz")
    with pytest.raises(SafetensorError, match="File is closed"):
        file.get_tensor("z")
    with pytest.raises(SafetensorError, match="File is closed"):
        part[:1]
    with safe_open(tmp_path / "a", framework="numpy") as file:
        assert type(file.get_tensor("z")) is type(file.get_slice("z")[1:2]) is np.ndarray
    with pytest.raises(SafetensorError, match="framework tf is invalid"):
        safe_open(tmp_path / "a", "tf")
    with pytest.raises(RuntimeError, match="device 'cuda:0'"):
        load_file(tmp_path / "a", device="cuda:0")


def test_a_slice_reads_its_rows_only(tmp_path: Path) -> None:
    save_file({"a": tg.arange(1000.0).reshape(100, 10)}, tmp_path / "a")
    with safe_open(tmp_path / "a") as file:
        reads: list[int] = []
        inner = file._read
        file._read = lambda *given: reads.append(int(np.prod(given[3]))) or inner(*given)  # type: ignore[method-assign,func-returns-value]
        assert file.get_slice("a")[20:22].tolist() == [list(range(200, 210)), list(range(210, 220))]
    assert reads == [20]


def test_a_file_that_shrinks_while_it_is_open(tmp_path: Path) -> None:
    save_file({"a": tg.zeros(9000)}, tmp_path / "a")
    with safe_open(tmp_path / "a") as file:
        (tmp_path / "a").write_bytes((tmp_path / "a").read_bytes()[:200])
        with pytest.raises(SafetensorError, match="cut off since it was opened"):
            file.get_tensor("a")


# --- modules ---------------------------------------------------------------------------------------------------------


class Tied(nn.Module):
    """Two layers with one weight."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(3, 3), nn.Linear(3, 3, bias=False)
        self.second.weight = self.first.weight


def test_modules_with_shared_weights(tmp_path: Path) -> None:
    model, other = Tied(), Tied()
    save_model(model, tmp_path / "a")
    with safe_open(tmp_path / "a") as file:
        assert file.keys() == ["first.bias", "first.weight"]
        assert file.metadata() == {"format": "pt", "second.weight": "first.weight"}
    assert load_model(other, tmp_path / "a") == (set(), [])
    assert (other.second.weight == model.first.weight).all()
    save_model(nn.Linear(3, 3), tmp_path / "b", {"k": "v"})
    with pytest.raises(RuntimeError, match=r'Tied:\n    Missing key\(s\) in state_dict: "first.bias", "first.weight"'):
        load_model(other, tmp_path / "b")
    missing, unexpected = load_model(other, tmp_path / "b", strict=False)
    assert (missing, unexpected) == ({"first.bias", "first.weight"}, ["bias", "weight"])
    with pytest.raises(RuntimeError, match="size mismatch"):
        load_model(nn.Linear(2, 3), tmp_path / "b")


def test_modules_whose_tensors_are_parts(tmp_path: Path) -> None:
    model = nn.Module()
    model.register_buffer("a", WIDE[:3])
    model.register_buffer("b", WIDE[1:])
    with pytest.raises(RuntimeError, match=r"found no suitable name to keep.*x\.clone\(\)"):
        save_model(model, tmp_path / "a")
    turned = nn.Module()
    turned.register_buffer("a", tg.arange(6.0).reshape(2, 3).t())
    save_model(turned, tmp_path / "a")
    assert load_file(tmp_path / "a")["a"].tolist() == [[0, 3], [1, 4], [2, 5]]
    with pytest.raises(ValueError, match="force_contiguous=True"):
        save_model(turned, tmp_path / "a", force_contiguous=False)


# --- false files -----------------------------------------------------------------------------------------------------

WHOLE = {"a": one()}
FALSE: list[tuple[bytes, str]] = [
    (b"", "header too small"),
    (b"1234567", "header too small: a file of 7 bytes"),
    (b"\xff" * 8 + b"{}", "header too large"),
    (b"<html><b></b></html>", "header too large.*another format"),
    (struct.pack("<Q", 100) + b"{}", "invalid header length: 100 bytes, and the file has 10 in all"),
    (file_of(b"[]"), "expected an object, got list"),
    (file_of(b""), "invalid JSON in header"),
    (file_of(b"\xff}"), "invalid UTF-8 in header"),
    (file_of(b'{"a":'), "invalid JSON in header"),
    (file_of(b'{"a":NaN}'), "NaN is no number"),
    (file_of(b"[" * 100_000), "nested too deeply"),
    (file_of(b'{"a":' + b"9" * 5000 + b"}"), "invalid JSON in header"),
    (file_of(b"{}", b"x"), "not fully covered: the tensors take 0 bytes, and 1 follow"),
    (file_of(WHOLE, b"123"), "not fully covered.*The file is cut off"),
    (file_of(WHOLE, b"12345"), "Something was added"),
    (file_of({"a": one("F33")}, b"1234"), "unknown variant `F33` of tensor `a`, expected one of U64"),
    (file_of({"a": one(3)}, b"1234"), "unknown variant `3`"),
    (file_of({"a": one(shape=[-1])}, b"1234"), "shape of tensor `a`"),
    (file_of({"a": one(shape=[1.0])}, b"1234"), "shape of tensor `a`"),
    (file_of({"a": one(shape=[True])}, b"1234"), "shape of tensor `a`"),
    (file_of({"a": one(shape=[2**70])}, b"1234"), "shape of tensor `a`"),
    (file_of({"a": one(shape=[2])}, b"1234"), r"invalid shape, data type, or offset for tensor `a`: \[2\] of F32 in 4"),
    (file_of({"a": one(shape=[1] * 65)}, b"1234"), "65 dimensions"),
    (file_of({"a": one(shape=[2**40, 2**40])}, b"1234"), "overflow"),
    (file_of({"a": one(shape=[0, 2**62, 2], offsets=(0, 0))}), "overflow"),
    (file_of({"a": one("F4", [7])}, b"1234"), "invalid shape, data type, or offset"),
    (file_of({"a": one(offsets=(4, 8))}, b"12345678"), "invalid offset for tensor `a`: .* begin at 0"),
    (file_of({"a": one(offsets=(4, 0))}, b"1234"), "invalid offset"),
    (file_of({"a": one(offsets=(0, 4, 8))}, b"1234"), "two whole numbers"),
    (file_of({"a": one(), "b": one()}, b"1234"), "invalid offset for tensor `b`: it lies at 0 to 4"),
    (file_of({"a": one(), "b": one(offsets=(8, 12))}, bytes(12)), "invalid offset for tensor `b`"),
    (file_of({"a": one(), "b": one(offsets=(2, 6))}, bytes(6)), "invalid offset for tensor `b`"),
    (file_of({**WHOLE, "x": 1}, b"1234"), "tensor `x` is described by int"),
    (file_of({**WHOLE, "__metadata__": {"a": 1}}, b"1234"), "__metadata__ must map strings"),
    (file_of({**WHOLE, "__metadata__": []}, b"1234"), "__metadata__ must map strings"),
    (file_of({"a": {"dtype": "F32", "shape": [1]}}, b"1234"), "missing field `data_offsets` of tensor `a`"),
    (file_of(b'{"a":1,"a":2}'), "'a' stands there twice"),
]  # fmt: skip


@pytest.mark.parametrize(("data", "said"), FALSE)
def test_a_false_file_is_refused(tmp_path: Path, data: bytes, said: str) -> None:
    (tmp_path / "a").write_bytes(data)
    for read in (lambda: load(data), lambda: load_file(tmp_path / "a"), lambda: safe_open(tmp_path / "a", "pt")):
        with pytest.raises(SafetensorError, match=f"Error while deserializing: .*{said}"):
            read()


def test_heads_that_are_odd_and_right() -> None:
    assert load(file_of(b"{}")) == load(file_of(b"  {} \n")) == {}
    assert list(load(file_of({"b": one(offsets=(4, 8)), "a": one()}, bytes(8)))) == ["b", "a"]
    assert load(file_of({"a": {**one(), "other": []}, "__metadata__": None}, b"1234"))["a"].shape == (1,)
    assert load(file_of({"a": one(shape=[0, 2**40], offsets=(0, 0))}))["a"].shape == (0, 2**40)


# --- live ------------------------------------------------------------------------------------------------------------

shapes = st.lists(st.integers(0, 3), max_size=4)
names = st.text(st.characters(exclude_categories=["Cs"]), max_size=6).filter(lambda name: name != "__metadata__")
states = st.dictionaries(
    names, st.builds(lambda shape, kind: tg.arange(int(np.prod(shape))).to(getattr(tg, kind)).reshape(shape), shapes,
                     st.sampled_from(TYPES)), max_size=6,
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(states, st.one_of(st.none(), st.just({"format": "pt"}), st.dictionaries(st.text(max_size=3), names, max_size=1)))
def test_round_trip(tensors: dict[str, Any], notes: Any) -> None:
    assert_equal(load(save(tensors, notes)), tensors)


def theirs() -> Any:
    pytest.importorskip("torch")
    return pytest.importorskip("safetensors.torch")


@settings(max_examples=60, deadline=None)
@given(tensors=states)
def test_live_to_the_byte(tensors: dict[str, Any]) -> None:
    package = theirs()
    data = save(tensors, {"format": "pt"})
    read = package.load(data)
    assert_equal(read, tensors)
    if tensors:  # without any, the package repeats the head
        assert package.save(read, {"format": "pt"}) == data
    assert_equal(load(package.save(read)), tensors)


def test_live_bfloat16() -> None:
    package = theirs()
    import torch

    values = torch.randn(100).to(torch.bfloat16)
    read = load(package.save({"a": values}))["a"]
    np.testing.assert_array_equal(read.numpy(), values.float().numpy())


@pytest.mark.parametrize("data", [data for data, said in FALSE if "65 dim" not in said])
def test_live_false_files_are_refused_by_both(data: bytes) -> None:
    package = theirs()
    import safetensors

    with pytest.raises((safetensors.SafetensorError, RuntimeError)):  # of the package, or of PyTorch
        package.load(data)


def test_live_modules_both_ways(tmp_path: Path) -> None:
    package = theirs()
    import torch

    def tied(lib: Any) -> Any:
        model = lib.nn.Sequential(lib.nn.Linear(3, 3), lib.nn.Linear(3, 3))
        model[1].weight = model[0].weight
        return model

    ours, other = tied(tg), tied(torch)
    save_model(ours, tmp_path / "ours")
    assert package.load_model(other, tmp_path / "ours") == (set(), [])
    np.testing.assert_array_equal(other[1].weight.detach().numpy(), ours[0].weight.detach().numpy())
    other[0].weight.data += 1
    package.save_model(other, str(tmp_path / "theirs"))
    assert load_model(ours, tmp_path / "theirs") == (set(), [])
    np.testing.assert_array_equal(other[1].weight.detach().numpy(), ours[0].weight.detach().numpy())


def test_live_slices(tmp_path: Path) -> None:
    theirs()
    import safetensors

    save_file({"a": tg.arange(24.0).reshape(4, 3, 2)}, tmp_path / "a")
    picks: list[Callable[[Any], Any]] = [
        lambda s: s[:], lambda s: s[1], lambda s: s[1:3], lambda s: s[:, 1], lambda s: s[0:2, 1:3], lambda s: s[..., 1],
        lambda s: s[2:1], lambda s: s[-2:], lambda s: s[:, None],
    ]  # fmt: skip
    with safetensors.safe_open(tmp_path / "a", "pt") as file, safe_open(tmp_path / "a", "pt") as own:
        for pick in picks:
            np.testing.assert_array_equal(pick(file.get_slice("a")).numpy(), pick(own.get_slice("a")).numpy())
