"""Classes that a program trusts to be in its files, and plain data that is read on request: nothing of it is run."""

from __future__ import annotations

import argparse
import dataclasses
import enum
import os
import pickle
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from test_serialization import Command, Evaluation, Pair, read, repacked

import tinygrad_nn as tg
from tinygrad_nn import serialization

RUN: list[str] = []  # what of the classes below has been run


@dataclasses.dataclass
class Settings:
    rate: float
    layers: list[int]

    def __post_init__(self) -> None:
        RUN.append("__post_init__")


@dataclasses.dataclass(slots=True)
class Slotted:
    rate: float = 0.5


class Plain:
    def __init__(self) -> None:
        RUN.append("__init__")
        self.value = 3

    def __setattr__(self, name: str, value: Any) -> None:
        RUN.append(name)
        super().__setattr__(name, value)


class Kind(enum.Enum):
    SMALL = 1
    LARGE = "large"


class Hashed:
    def __hash__(self) -> int:
        RUN.append("__hash__")
        return 0


class Set:
    def __setstate__(self, state: Any) -> None:
        RUN.append("__setstate__")


class Deleted:
    def __del__(self) -> None:
        RUN.append("__del__")


class Made:
    def __new__(cls) -> Made:
        RUN.append("__new__")
        return super().__new__(cls)


class Number(float):
    pass


@pytest.fixture
def nothing_trusted() -> Iterator[None]:
    yield
    serialization.clear_safe_globals()


def packed(value: Any, protocol: int = 2) -> bytes:
    return repacked(pickle.dumps(value, protocol))


@pytest.mark.usefixtures("nothing_trusted")
@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_trusted_classes_are_read_and_not_run(protocol: int) -> None:
    value = {
        "a": Settings(0.1, [1, 2]), "b": Plain(), "c": Kind.LARGE, "d": Pair(1, [2]), "e": Slotted(0.25),
        "f": argparse.Namespace(lr=0.1, tags=["x"]), "g": types.SimpleNamespace(x=1),
    }  # fmt: skip
    classes = [Settings, Plain, Kind, Pair, Slotted, argparse.Namespace, types.SimpleNamespace]
    data = packed(value, protocol)
    with pytest.raises(pickle.UnpicklingError, match=r"GLOBAL .*Settings was not an allowed.*add_safe_globals"):
        read(data)
    RUN.clear()
    with serialization.safe_globals(classes):
        back = read(data)
        assert serialization.get_safe_globals() == classes
    assert not RUN
    assert serialization.get_safe_globals() == []
    assert back["a"] == value["a"]
    assert back["b"].value == 3
    assert back["c"] is Kind.LARGE
    assert back["d"] == Pair(1, [2])
    assert back["e"] == Slotted(0.25)
    assert back["f"] == value["f"]
    assert back["g"] == value["g"]
    with pytest.raises(pickle.UnpicklingError):
        read(data)


@pytest.mark.usefixtures("nothing_trusted")
@pytest.mark.parametrize(
    ("given", "said"),
    [
        (print, "is no class but builtin_function_or_method, and would be called"),
        (os.system, "would be called"), (Set, "__setstate__"), (Deleted, "__del__"), (Made, "__new__"),
        (Number, "__new__"), (tg.nn.Linear, r"save that, object\.state_dict\(\)"), (int, "__new__"),
        (type, "__new__|__setstate__"), (dict, "__new__"), (tg.Tensor, "__"), (3, "is no class but int"),
    ],
)  # fmt: skip
def test_what_would_be_run_cannot_be_trusted(given: Any, said: str) -> None:
    RUN.clear()
    with pytest.raises(TypeError, match=f"add_safe_globals.*{said}"):
        serialization.add_safe_globals([Settings, given])
    assert serialization.get_safe_globals() == []
    assert not RUN


@pytest.mark.usefixtures("nothing_trusted")
def test_a_trusted_class_may_have_another_name_in_the_file() -> None:
    pickled = pickle.dumps(Settings(1.0, []), 2).replace(__name__.encode(), b"their.config")
    serialization.add_safe_globals([(Settings, "their.config.Settings")])
    assert read(repacked(pickled)) == Settings(1.0, [])


@pytest.mark.usefixtures("nothing_trusted")
def test_objects_of_trusted_classes_are_no_way_out() -> None:
    serialization.add_safe_globals([Settings, Hashed, Kind, Pair])
    RUN.clear()
    name, pair = f"c{__name__}\n".encode(), f"c{Pair.__module__}\nPair\n".encode()
    for data, said in (
        (b"\x80\2" + name + b"Settings\nK\1\x85\x81.", "is made without arguments"),
        (b"\x80\2" + name + b"Settings\n)\x81K\1b.", "Attributes must be a dict"),
        (b"\x80\2" + name + b"Settings\n)\x81}K\1K\1sb.", "Attributes must be a dict"),
        (b"\x80\2}" + name + b"Hashed\n)\x81K\1s.", "computes its own hash"),
        (b"\x80\2" + name + b"Kind\nK\x07\x85R.", "no member of this value"),
        (b"\x80\2" + pair + b"K\1\x85\x81.", "other fields"),
        (b"\x80\2" + pair + b"K\1K\1\x86\x81}X\1\0\0\0aK\1sb.", "Can only build"),
        (b"\x80\2K\1}b.", "Can only build"),
    ):
        with pytest.raises(pickle.UnpicklingError, match=said):
            read(repacked(data))
    assert not RUN
    back = read(repacked(b"\x80\2" + name + b"Settings\n)\x81}X\x09\0\0\0__class__K\1sb."))
    assert type(back) is Settings


def test_numbers_of_numpy_and_plain_data_are_read_on_request() -> None:
    value = {
        "a": np.float64(1.5), "b": np.arange(6, dtype=np.int16).reshape(2, 3), "c": np.bool_(True), "d": np.float32(2),
        "e": np.asfortranarray(np.ones((2, 3))), "f": frozenset({1, "x"}), "g": Path("a/b"), "h": range(1, 9, 2),
        "i": argparse.Namespace(lr=0.5), "j": np.zeros((0, 3)), "k": np.dtype(np.float32), "l": slice(None, 3),
    }  # fmt: skip
    data = packed(value)
    with pytest.raises(pickle.UnpicklingError, match=r"GLOBAL numpy.*weights_only=False"):
        read(data)
    back = read(data, weights_only=False)
    for key, expected in value.items():
        assert type(back[key]) is type(expected)
        np.testing.assert_array_equal(back[key], expected) if key in "abcdej" else None
        assert key in "bej" or back[key] == expected
    back["b"][0] = 1  # it is one's own


@pytest.mark.usefixtures("nothing_trusted")
def test_numbers_of_numpy_are_read_when_they_are_named() -> None:
    scalar = np._core.multiarray.scalar  # type: ignore[attr-defined]
    serialization.add_safe_globals([scalar, np.dtype, np.dtypes.Float64DType])
    assert read(packed(np.float64(1.5))) == 1.5
    old = pickle.dumps(np.float64(1.5), 2).replace(b"numpy._core.multiarray", b"numpy.core.multiarray")
    assert read(repacked(old)) == 1.5
    assert serialization.get_safe_globals()[0] is scalar
    with pytest.raises(pickle.UnpicklingError, match="_reconstruct"):
        read(packed(np.ones(2)))


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (np.array([1, "a"], object), "those of numbers"), (np.array(["a"]), "those of numbers"),
        (np.ones(2, ">f4"), "another byte order"), (np.datetime64(1, "s"), "those of numbers"),
        (Command(), "blocked"), (Evaluation(), "eval"), (Plain(), "Plain"), (np.array([(1, 2)], "i4,i4"), "of numbers"),
    ],
)  # fmt: skip
def test_no_more_than_data_is_read_without_weights_only(value: Any, said: str) -> None:
    with pytest.raises(pickle.UnpicklingError, match=said):
        read(packed(value), weights_only=False)


def test_arrays_that_claim_too_much() -> None:
    empty = b"c_codecs\nencode\nX\1\0\0\0bX\6\0\0\0latin1\x86R"
    array = b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\0\x85" + empty + b"\x87R"
    kind = b"cnumpy\ndtype\nX\2\0\0\0f8\x89\x88\x87R"
    for shape in (b"K\2\x85", b"J\xff\xff\xff\xff\x85", b"K\0J\xff\xff\xff\x7f\x86", b"N", b"K\1"):
        state = b"(K\1" + shape + kind + b"\x89c_codecs\nencode\nX\x08\0\0\0abcdefghX\6\0\0\0latin1\x86Rtb."
        with pytest.raises(pickle.UnpicklingError, match="NumPy array"):
            read(repacked(b"\x80\2" + array + state), weights_only=False)
    with pytest.raises(pickle.UnpicklingError, match="has another state"):
        read(repacked(b"\x80\2" + array + b"K\1b."), weights_only=False)
