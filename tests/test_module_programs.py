"""Programs on modules and on `nn.utils` do what they do in PyTorch: see `tests/module_programs.py`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import module_programs
import module_utils_programs
import pytest
from module_programs import plain, same

import tinygrad_nn as tg

PROGRAMS = {**module_programs.PROGRAMS, **module_utils_programs.PROGRAMS}
STORED = json.loads((Path(__file__).parent / "golden" / "module_programs.json").read_text())


def hold_same(ours: Any, theirs: Any) -> None:
    """Two logs are equal; if not, which entry is not."""
    for number, (mine, expected) in enumerate(zip(ours, theirs, strict=False)):
        assert same(mine, expected), f"entry {number}:\n{mine}\nPyTorch:\n{expected}"
    assert len(ours) == len(theirs)


def test_every_program_has_a_stored_log() -> None:
    assert set(STORED) == set(PROGRAMS), "run tests/golden/make_module_programs.py"


@pytest.mark.parametrize("name", PROGRAMS)
def test_as_pytorch(name: str) -> None:
    ours = plain(PROGRAMS[name](tg))
    hold_same(ours, STORED[name])
    try:
        import torch
    except ImportError:
        return
    hold_same(ours, plain(PROGRAMS[name](torch)))
