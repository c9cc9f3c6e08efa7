"""A few stored calls of every function in `tests/calls`, with PyTorch's answers: the comparison without PyTorch."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from calls import load
from calls.compare import Side, hold_same
from calls.stored import Store

import tinygrad_nn

HERE = Path(__file__).parent / "golden"
STORED = json.loads((HERE / "calls.json").read_text())
NUMBERS = Store(np.load(HERE / "calls.npz")["values"])
TABLE = load()


def test_every_function_has_stored_calls() -> None:
    assert set(STORED) == set(TABLE), "run tests/golden/make_calls.py"


@pytest.mark.parametrize("name", sorted(STORED))
def test_as_pytorch_was(name: str) -> None:
    drawn = TABLE[name]
    for form, stored, answer in STORED[name]:
        call = NUMBERS.get_call(stored)
        expected = NUMBERS.get_answer(answer)
        found = Side(tinygrad_nn).answer(drawn, call, form, gradient=drawn.gradient, quiet=True)
        hold_same(drawn, f"{name}{call!r} as {form}", found, expected)
