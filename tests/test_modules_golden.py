"""Modules with PyTorch's stored answers: the comparison of `tests/test_modules_live.py` without PyTorch."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from modules import LAYERS, load
from modules.compare import OURS
from modules.stored import hold_stored

STORED = json.loads((Path(__file__).parent / "golden" / "modules.json").read_text())
load()


def test_every_module_has_a_stored_answer() -> None:
    assert set(STORED) == set(LAYERS), "run tests/golden/make_modules.py"


@pytest.mark.parametrize("name", LAYERS)
def test_as_pytorch_was(name: str) -> None:
    entry = LAYERS[name]
    for dtype, modes, expected in STORED[name]:
        for training in modes:
            found = OURS.answer(entry, dtype, training)
            hold_stored(f"{name} in {dtype}", found, expected, max(entry.tolerance, 1.0))
