"""Programs on modules beside PyTorch: see `tests/module_programs.py`."""

from __future__ import annotations

from typing import Any

import pytest
from module_programs import PROGRAMS

import tinygrad_nn as tg

torch = pytest.importorskip("torch")


def plain(value: Any) -> Any:
    """A log without tensors, and with floating point numbers rounded."""
    if isinstance(value, tg.Tensor | torch.Tensor):
        return plain(value.tolist())
    if isinstance(value, float):
        return float(f"{value:.5g}")
    if isinstance(value, dict):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, set | frozenset):
        return sorted(map(str, value))
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    return value


@pytest.mark.parametrize("name", PROGRAMS)
def test_as_pytorch(name: str) -> None:
    ours, theirs = plain(PROGRAMS[name](tg)), plain(PROGRAMS[name](torch))
    if isinstance(ours, list):
        for number, (mine, expected) in enumerate(zip(ours, theirs, strict=False)):
            assert mine == expected, f"entry {number}"
    assert ours == theirs
