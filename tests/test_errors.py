"""Errors: PyTorch's type and words first, then what was given and the fix; and nothing is changed before."""

from __future__ import annotations

import gzip
import importlib
import re
import warnings
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from error_cases import CASES, DEVIATIONS, UNCHANGED

import tinygrad_nn as tg
from tinygrad_nn.datasets import MNIST
from tinygrad_nn.datasets.idx import read_idx

ALL = [pytest.param(*case[1:], id=f"{family}: {case[0]}") for family, cases in CASES.items() for case in cases]


def names(lib: ModuleType) -> dict[str, Any]:
    """What the code of a case may use."""
    data = importlib.import_module(f"{lib.__name__}.utils.data")
    return {"lib": lib, "nn": lib.nn, "F": lib.nn.functional, "data": data, "np": np}


def outcome(lib: ModuleType, code: str) -> BaseException | None:
    """The error that the code ends with."""
    options = tg.get_default_dtype()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            exec(code, names(lib))
    except Exception as error:
        return error
    finally:
        tg.set_default_dtype(options)
    return None


def plain(text: str) -> str:
    """A text in one line, without the package's name before others."""
    return re.sub(r"\b(torch|tinygrad_nn)\.", "", " ".join(text.split()))


@pytest.mark.parametrize(("code", "kind", "words"), ALL)
def test_type_and_words(code: str, kind: type[BaseException], words: str) -> None:
    error = outcome(tg, code)
    assert isinstance(error, kind)
    pattern = ".*".join(re.escape(plain(part)) for part in words.split(" ... "))
    assert re.search(pattern, plain(str(error))), str(error)


@pytest.mark.parametrize(("code", "kind", "words"), ALL)
def test_type_is_that_of_pytorch(code: str, kind: type[BaseException], words: str) -> None:
    assert isinstance(outcome(pytest.importorskip("torch"), code), kind)


@pytest.mark.parametrize(("name", "code", "ours", "theirs", "why"), DEVIATIONS, ids=[case[0] for case in DEVIATIONS])
def test_deviations(
    name: str, code: str, ours: type[BaseException] | None, theirs: type[BaseException] | None, why: str
) -> None:
    assert isinstance(outcome(tg, code), ours or type(None))


@pytest.mark.parametrize(("name", "code", "ours", "theirs", "why"), DEVIATIONS, ids=[case[0] for case in DEVIATIONS])
def test_deviations_are_still_needed(
    name: str, code: str, ours: type[BaseException] | None, theirs: type[BaseException] | None, why: str
) -> None:
    assert isinstance(outcome(pytest.importorskip("torch"), code), theirs or type(None))


@pytest.mark.parametrize(("name", "setup", "code", "watched"), UNCHANGED, ids=[case[0] for case in UNCHANGED])
def test_nothing_is_changed_before_an_error(name: str, setup: str, code: str, watched: str) -> None:
    scope = names(tg)
    with tg.random.fork_rng():
        exec(setup, scope)
        before = _text(eval(watched, scope))
        with pytest.raises(Exception):  # noqa: B017, PT011 - which one is tested above
            exec(code, scope)
        assert _text(eval(watched, scope)) == before


def _text(value: Any) -> str:
    """All of a value, as text."""
    if isinstance(value, tg.Tensor):
        return f"{value.dtype} {value.tolist()} {value.requires_grad}"
    if isinstance(value, tuple | list):
        return str([_text(item) for item in value])
    return str({key: _text(item) for key, item in value.items()}) if isinstance(value, dict) else repr(value)


def test_a_value_error_of_a_user_s_op_stays_one() -> None:
    @tg.op(vjp=None, method=False, kind="general")
    def picky(x, /, *, mode="a"):  # type: ignore[no-untyped-def]
        if mode != "a":
            raise ValueError(f"mode must be 'a', got {mode!r}")
        return np.stack([x, x[:1]])

    with pytest.raises(ValueError, match="mode must be 'a', got 'b'"):
        picky(tg.ones(2), mode="b")
    with pytest.raises(RuntimeError, match=r"picky\(\): all input arrays must have the same shape"):
        picky(tg.ones(2))  # NumPy's own is in PyTorch's type, and names the op


# --- files -------------------------------------------------------------------------------------------------------

HEAD = bytes([0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 2])
LABELS = bytes([0, 0, 8, 1, 0, 0, 0, 2, 3, 4])


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", r"not an IDX file.*got an empty file"),
        (b"<!DOCTYPE html><html></html>", r"not an IDX file.*web page"),
        (b"\x89PNG\r\n\x1a\n" + bytes(50), "not an IDX file"),
        (HEAD[:3], "not an IDX file"),
        (HEAD[:9], "expected 3 sizes of 4 bytes, got 5 bytes"),
        (HEAD + bytes(5), r"expected 8 bytes for shape .2, 2, 2., got 5: it is cut off"),
        (HEAD + bytes(9), r"expected 8 bytes for shape .2, 2, 2., got more"),
        (bytes([0, 0, 8, 3]) + b"\xff" * 12, r"asks for .4294967295, 4294967295, 4294967295. numbers"),
        (gzip.compress(HEAD + bytes(8))[:-12], r"compressed data is (cut off|damaged)"),
        (gzip.compress(HEAD + bytes(8))[:12] + bytes(20), r"compressed data is (cut off|damaged)"),
    ],
    ids=["empty", "web page", "picture", "three bytes", "head", "short", "long", "false size", "gzip cut", "damaged"],
)
def test_foreign_and_damaged_files(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "train-images-idx3-ubyte"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=words) as info:
        read_idx(path)
    assert str(path) in str(info.value)


def test_missing_and_mixed_up_files(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match=r"Dataset not found. You can use download=True.*train-images-idx3-ubyte"):
        MNIST(tmp_path)
    with pytest.raises(FileNotFoundError):
        read_idx(tmp_path / "nothing")
    images, labels = tmp_path / "train-images-idx3-ubyte", tmp_path / "train-labels-idx1-ubyte"
    images.write_bytes(HEAD + bytes(8))
    labels.write_bytes(HEAD + bytes(8))
    with pytest.raises(ValueError, match=r"train-labels.*expected a 1-d array.*Are images and labels mixed up"):
        MNIST(tmp_path)
    labels.write_bytes(LABELS[:7] + bytes([1, 3]))
    with pytest.raises(ValueError, match=r"holds 2 images.*1 labels"):
        MNIST(tmp_path)
