"""Checkpoints go from PyTorch to this package by name and back, and the models give the same outputs."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from checkpoint_models import MODELS, data, trained

import tinygrad_nn as tg

FILES = Path(__file__).parent / "golden" / "checkpoints"


@pytest.fixture(params=MODELS)
def name(request: pytest.FixtureRequest) -> str:
    """A model's name."""
    return str(request.param)


def outputs(package: Any, model: Any, name: str) -> Any:
    """What a model gives, as an array."""
    with package.no_grad():
        return model.eval()(data(package, name)).numpy()


def test_a_stored_checkpoint_of_pytorch_loads(name: str) -> None:
    stored = tg.load(FILES / f"{name}.pt")
    model = MODELS[name](tg)
    assert list(model.state_dict()) == list(stored["state"])
    assert str(model.load_state_dict(stored["state"])) == "<All keys matched successfully>"
    np.testing.assert_allclose(outputs(tg, model, name), stored["outputs"].numpy(), rtol=1e-5, atol=1e-5)


def test_from_pytorch(name: str, tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    theirs = trained(torch, name)
    torch.save(theirs.state_dict(), tmp_path / "checkpoint.pt")
    ours = MODELS[name](tg)
    ours.load_state_dict(tg.load(tmp_path / "checkpoint.pt"))
    np.testing.assert_allclose(outputs(tg, ours, name), outputs(torch, theirs, name), rtol=1e-5, atol=1e-5)


def test_to_pytorch(name: str) -> None:
    torch = pytest.importorskip("torch")
    ours, file = trained(tg, name), io.BytesIO()
    tg.save(ours.state_dict(), file)
    file.seek(0)
    theirs = MODELS[name](torch)
    theirs.load_state_dict(torch.load(file, weights_only=True))
    np.testing.assert_allclose(outputs(tg, ours, name), outputs(torch, theirs, name), rtol=1e-5, atol=1e-5)


def test_the_training_is_the_same(name: str) -> None:
    torch = pytest.importorskip("torch")
    ours, theirs = trained(tg, name).state_dict(), trained(torch, name).state_dict()
    assert list(ours) == list(theirs)
    for key in ours:
        np.testing.assert_allclose(ours[key].numpy(), theirs[key].numpy(), rtol=1e-3, atol=1e-5, err_msg=key)
