"""What is optional is imported when it is needed, and asked for with the line that installs it."""

from __future__ import annotations

import subprocess
import sys

import pytest

OPTIONAL = ("sklearn", "scipy", "matplotlib", "tqdm", "tensorboard", "PIL", "pandas")

FIT = """
import numpy as np
import tinygrad_nn as tg
from tinygrad_nn import metrics, nn, plots, training
from tinygrad_nn.utils.tensorboard import SummaryWriter
x = np.random.default_rng(0).random((64, 2))
trainer = training.Trainer(nn.Linear(2, 2), "cross_entropy", "adam", metrics=["accuracy", "f1", "auc"])
board = training.TensorBoard(sys.argv[1])
trainer.fit(x, (x[:, 0] > 0.5).astype(int), epochs=2, validation_split=0.2, callbacks=[board, training.Resources()])
"""

NEEDED = [
    (
        "sklearn",
        "import tinygrad_nn.sklearn",
        "tinygrad_nn.sklearn needs scikit-learn: python -m pip install scikit-learn",
    ),
    ("sklearn", "import tinygrad_nn; tinygrad_nn.sklearn.MLPClassifier", "python -m pip install scikit-learn"),
    ("matplotlib", "from tinygrad_nn import plots; plots.curve({'loss': [1.0]})", "python -m pip install matplotlib"),
    (
        "matplotlib",
        "from tinygrad_nn.utils.tensorboard import SummaryWriter; SummaryWriter(sys.argv[1]).add_figure('x', None)",
        "add_figure() draws with matplotlib: python -m pip install matplotlib",
    ),
]  # fmt: skip


def run(code, folder, without):
    lines = ["import sys", *(f"sys.modules[{name!r}] = None" for name in without), code]
    return subprocess.run([sys.executable, "-c", "\n".join(lines), str(folder)], capture_output=True, text=True)


def test_training_needs_none_of_them(tmp_path):
    done = run(FIT, tmp_path, OPTIONAL)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("val_accuracy") == 2


def test_none_of_them_is_imported(tmp_path):
    look = f"print(sorted({{name.partition('.')[0] for name in sys.modules}} & {set(OPTIONAL)}))"
    done = run(FIT + look, tmp_path, ())
    assert done.stdout.splitlines()[-1] == "[]", done.stderr


def test_a_star_import_needs_none_of_them(tmp_path):
    done = run("from tinygrad_nn import *\nprint(plots, 'sklearn' in globals())", tmp_path, OPTIONAL)
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("False\n")


@pytest.mark.parametrize(("missing", "code", "text"), NEEDED)
def test_asked_for_by_the_line_that_installs_it(missing, code, text, tmp_path):
    done = run(code, tmp_path, (missing,))
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("ImportError: ")
    assert done.stderr.rstrip().endswith(text)
