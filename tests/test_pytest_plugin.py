"""The pytest plugin, in a project of its own: seeds, leaks, and running beside PyTorch."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

import tinygrad_nn as tg

ROOT = Path(tg.__file__).parent.parent

PROJECT = """
import warnings
import pytest
import tinygrad_nn as tg
from hypothesis import given, strategies as st

def first(seed):
    return tg.rand(1, generator=tg.Generator().manual_seed(seed)).item()

@pytest.fixture
def drawn():
    return tg.rand(1).item()

def test_begins_with_a_seed(drawn):
    assert drawn == first(0)

def test_begins_with_it_again():
    assert tg.rand(1).item() == first(0)

@pytest.mark.seed(5)
def test_has_a_seed_of_its_own(drawn):
    assert drawn == first(5)

def test_leaks_grad_mode_and_dtype():
    tg.set_grad_enabled(False)
    tg.set_default_dtype(tg.float64)

def test_is_not_harmed():
    assert tg.is_grad_enabled()
    assert tg.get_default_dtype() is tg.float32

def test_leaks_anomaly_mode_and_print_options():
    tg.autograd.set_detect_anomaly(True)
    tg.set_printoptions(precision=2)

@pytest.mark.leaks
def test_may_leak():
    tg.set_warn_always(True)

def test_cleans_up(request):
    request.addfinalizer(lambda: tg.set_default_dtype(tg.float32))
    tg.set_default_dtype(tg.float64)

@pytest.fixture(scope="module")
def wide():
    tg.set_default_dtype(tg.float64)
    yield
    tg.set_default_dtype(tg.float32)

def test_with_a_fixture_of_the_module(wide):
    assert tg.zeros(1).dtype is tg.float64

def test_with_it_again(wide):
    assert tg.zeros(1).dtype is tg.float64

seen = set()

@given(st.integers())
def test_hypothesis_seeds_each_example(number):
    seen.add(tg.rand(1).item())
    assert len(seen) == 1

def test_beside(torch):
    x = torch.tensor([1.0, 7.0], requires_grad=True)
    x.sum().sqrt().backward()
    assert torch.allclose(x.grad, torch.full((2,), 8 ** -0.5 / 2))
"""


ON = "tinygrad_nn_seed = 0\ntinygrad_nn_leaks = error"


def run(folder: Path, *options: str, settings: str = ON, project: str = PROJECT) -> str:
    """What pytest says about a project."""
    (folder / "test_project.py").write_text(project)
    (folder / "pytest.ini").write_text(f"[pytest]\n{settings}\n")
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    command = [sys.executable, "-m", "pytest", "-p", "pytest_tinygrad_nn", "-rA", "-q", "-p", "no:cacheprovider"]
    done = subprocess.run([*command, *options], capture_output=True, text=True, cwd=folder, env=environment)
    return done.stdout + done.stderr


def test_seeds_and_leaks(tmp_path: Path) -> None:
    said = run(tmp_path)
    assert "12 passed, 2 errors" in said
    assert "ERROR test_project.py::test_leaks_grad_mode_and_dtype" in said
    assert "  grad mode: it was True, and is False\n  default dtype: it was torch.float32, and is torch.float64" in said
    assert "ERROR test_project.py::test_leaks_anomaly_mode_and_print_options" in said
    assert "anomaly detection: it was False, and is True" in said


def test_it_does_nothing_unasked(tmp_path: Path) -> None:
    said = run(tmp_path, "-k", "leaks or seed", settings="filterwarnings =\n    ignore")
    assert "error" not in said.splitlines()[-1]
    assert "FAILED test_project.py::test_begins_with_a_seed" in said
    assert "PASSED test_project.py::test_has_a_seed_of_its_own" in said
    warned = run(tmp_path, "-k", "leaks_grad", settings="tinygrad_nn_leaks = warn")
    assert "1 passed, 11 deselected, 1 warning" in warned
    assert "leaves global state of tinygrad_nn changed" in warned


@pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="needs PyTorch")
def test_beside_pytorch(tmp_path: Path) -> None:
    said = run(tmp_path, "--torch", "-k", "beside")
    assert "PASSED test_project.py::test_beside[tinygrad_nn]" in said
    assert "PASSED test_project.py::test_beside[torch]" in said


def test_a_project_that_does_not_use_the_package_is_not_touched(tmp_path: Path) -> None:
    project = """
import sys, pytest
@pytest.fixture
def torch():
    return "another fixture of this name"
def test_nothing_is_imported(torch):
    assert torch.startswith("another")
    assert "tinygrad_nn" not in sys.modules and "numpy" not in sys.modules
"""
    assert "1 passed" in run(tmp_path, "--torch", project=project)
