"""digits.py and mnist.py, run as a reader runs them. test_example_programs.py has the others."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from example_runs import call, write_bars

PNG = b"\x89PNG\r\n\x1a\n"


def run(name, *options, cwd, hide=()):
    """Run an example; the modules named in `hide` can't be imported by it."""
    return call(name, options, cwd, hide)


def accuracy(outcome):
    """The accuracy in the last line."""
    assert outcome.returncode == 0, outcome.stderr
    return float(re.fullmatch(r"test accuracy (\d\.\d{4})", outcome.stdout.splitlines()[-1]).group(1))


@pytest.fixture
def needs_sklearn():
    pytest.importorskip("sklearn", reason="the digits come with scikit-learn")


def test_digits(tmp_path, needs_sklearn):
    pytest.importorskip("matplotlib", reason="the example draws a picture")
    outcome = run("digits.py", cwd=tmp_path)
    assert accuracy(outcome) >= 0.97
    seconds = float(re.search(r"^in (\d+\.\d) s$", outcome.stdout, re.MULTILINE)[1])
    assert seconds < 30  # of training; importing scikit-learn takes as long as the machine is busy
    assert "precision    recall  f1-score   support" in outcome.stdout
    assert f"weights: {Path('outputs/digits.npz')}" in outcome.stdout
    assert f"picture: {Path('outputs/digits.png')}" in outcome.stdout
    assert (tmp_path / "outputs" / "digits.png").read_bytes().startswith(PNG)
    with np.load(tmp_path / "outputs" / "digits.npz") as weights:
        assert {name: array.shape for name, array in weights.items()} == {
            "0.weight": (512, 64),
            "0.bias": (512,),
            "3.weight": (10, 512),
            "3.bias": (10,),
        }


def test_digits_options(tmp_path, needs_sklearn):
    outcome = run("digits.py", "--epochs", 2, "--seed", 3, "--output", "a/b", "--no-plot", cwd=tmp_path)
    assert 0.5 < accuracy(outcome) < 1
    assert sorted(path.name for path in (tmp_path / "a" / "b").iterdir()) == ["digits.json", "digits.npz"]
    assert outcome.stdout == re.sub(
        r"in \d+\.\d s",
        re.search(r"in \d+\.\d s", outcome.stdout).group(),
        run("digits.py", "--epochs", 2, "--seed", 3, "--output", "a/b", "--no-plot", cwd=tmp_path).stdout,
    )  # the same seed, the same numbers


def test_digits_without_matplotlib_and_tqdm(tmp_path, needs_sklearn):
    outcome = run("digits.py", "--epochs", 1, "--no-plot", cwd=tmp_path, hide=["matplotlib", "tqdm"])
    assert accuracy(outcome) > 0.5
    assert "epoch 1/1" in outcome.stdout


def test_digits_draws_a_picture_of_one_epoch(tmp_path, needs_sklearn):
    pytest.importorskip("matplotlib", reason="the example draws a picture")
    assert accuracy(run("digits.py", "--epochs", 1, cwd=tmp_path)) > 0.5
    assert (tmp_path / "outputs" / "digits.png").read_bytes().startswith(PNG)


def test_digits_refuses_no_epochs(tmp_path, needs_sklearn):
    outcome = run("digits.py", "--epochs", 0, cwd=tmp_path)
    assert outcome.returncode == 2
    assert "--epochs: expected at least 1, got 0" in outcome.stderr


def test_mnist(tmp_path):
    write_bars(tmp_path)
    outcome = run("mnist.py", "--data", tmp_path, "--epochs", 3, cwd=tmp_path)
    assert accuracy(outcome) > 0.97
    assert "1500 digits to train on, 300 to test" in outcome.stdout
    assert (
        len(re.findall(r"^epoch \d +\d+\.\d\d s   loss \d\.\d{4}   test \d\.\d{4}$", outcome.stdout, re.M))
        == 3
    )


def test_mnist_beside_pytorch(tmp_path):
    pytest.importorskip("torch", reason="compares with PyTorch")
    write_bars(tmp_path)
    outcome = run("mnist.py", "--data", tmp_path, "--epochs", 2, "--torch", cwd=tmp_path)
    assert accuracy(outcome) > 0.9
    rows = re.findall(r"^ +\d +\d+\.\d\d s   (\S+)   \S+ +\d+\.\d\d s   (\S+)   \S+$", outcome.stdout, re.M)
    assert len(rows) == 2
    for ours, theirs in rows:  # same weights, same order: the same losses
        assert float(ours) == pytest.approx(float(theirs), abs=2e-4)


def test_mnist_says_what_is_missing(tmp_path):
    outcome = run("mnist.py", "--data", tmp_path, cwd=tmp_path)
    assert outcome.returncode == 2
    assert "train-images-idx3-ubyte(.gz) is neither in" in outcome.stderr
    outcome = run("mnist.py", "--data", tmp_path, "--epochs", 0, cwd=tmp_path)
    assert outcome.returncode == 2


def test_mnist_without_pytorch(tmp_path):
    write_bars(tmp_path)
    outcome = run("mnist.py", "--data", tmp_path, "--epochs", 1, "--torch", cwd=tmp_path, hide=["torch"])
    assert outcome.returncode == 1
    assert "PyTorch is not installed" in outcome.stderr
