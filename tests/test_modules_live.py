"""Modules against PyTorch itself: see `tests/modules`."""

from __future__ import annotations

import pytest
from modules import LAYERS, REFUSED, load
from modules.compare import OURS, Side, hold_same

torch = pytest.importorskip("torch")
torch.set_num_threads(1)  # on more it waits for itself where other programs run
load()
THEIRS = Side(torch)


@pytest.mark.parametrize("name", LAYERS)
def test_as_pytorch(name: str) -> None:
    entry = LAYERS[name]
    for dtype in entry.types:
        for training in entry.modes:
            theirs = THEIRS.answer(entry, dtype, training)
            ours = OURS.answer(entry, dtype, training)
            hold_same(entry, f"{name} in {dtype}, {'training' if training else 'evaluation'}", ours, theirs)


@pytest.mark.parametrize("name", REFUSED)
def test_refused_as_pytorch_does(name: str) -> None:
    entry = REFUSED[name]
    for training in entry.modes:
        theirs, _ = THEIRS.refusal(entry, training)
        assert theirs is not None, f"PyTorch accepts {name}"
        ours, unchanged = OURS.refusal(entry, training)
        assert isinstance(ours, type(theirs)), f"{name}: {ours!r}; PyTorch: {theirs!r}"
        assert unchanged, f"{name}: the state was changed before {ours!r}"
