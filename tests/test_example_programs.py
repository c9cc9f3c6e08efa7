"""The five systems and the programs beyond them, from end to end on small data; and beside PyTorch."""

from __future__ import annotations

import argparse
import json
import re
import sys
from pathlib import Path
from unittest import mock

import numpy as np
import pytest
from example_runs import EXAMPLES, call, importable, write_bars

PROGRAMS = sorted(path.name for path in EXAMPLES.glob("*.py") if "__main__" in path.read_text(encoding="utf-8"))
OTHERS = {"beside_pytorch.py", "measure.py", "mnist.py", "digits.py"}  # test_examples.py has the last two

# Each example on small data: its options, and what figures in its last line are to be at least, or at most if negative.
SMALL = {
    "four_layer.py": (["--epochs", 3, "--lr", 0.05], {"held-out accuracy": 0.95}),
    "four_layer_styles.py": (
        ["--epochs", 6, "--lr", 0.5, "--batch-size", 16], {"module: test accuracy": 0.95, "keras: test accuracy": 0.95}
    ),
    "keras_mnist.py": (["--epochs", 5], {"training accuracy": 0.95, "test accuracy": 0.95}),
    "digit_recognizer.py": (
        ["--iterations", 300, "--held-out", 300, "--lr", 0.3, "--init", "pytorch"], {"held-out accuracy": 0.9}
    ),
    "perceptron.py": (["--epochs", 10], {"training precision": 0.95, "held-out recall": 0.92}),
    "xor.py": (["--epochs", 8000, "--show-every", 2000], {"error": -1e-8, "right answers": 4}),
    "nn_classifier.py": (["--epochs", 30, "--lr", 0.01, "--standardise", "columns"], {"test accuracy": 0.95}),
    "cnn.py": (["--epochs", 3, "--channels", 4, 8, "--batch-size", 32], {"test accuracy": 0.9}),
    "gpt.py": (
        ["--steps", 120, "--width", 32, "--context", 16, "--blocks", 1, "--lr", 0.01, "--length", 50],
        {"held-out cross entropy": -1.0},
    ),
    "names.py": (
        ["--epochs", 20, "--count", 20, "--width", 32, "--batch-size", 16],
        {"held-out cross entropy": -1.5, "new names": 0.05},
    ),
    "burgers.py": (
        ["--steps", 100, "--rounds", 1, "--points", 200, "--viscosity", 0.5], {"relative error": -0.15}
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """A folder with everything that an example may read."""
    folder = tmp_path_factory.mktemp("data")
    write_bars(folder)
    rng = np.random.default_rng(0)
    words = ["the", "king", "and", "queen", "are", "here", "now"]
    text = "\n".join(" ".join(words[number] for number in rng.integers(0, len(words), 10)) for _ in range(200))
    (folder / "tinyshakespeare.txt").write_text(text)
    names = {"".join(rng.choice(["an", "be", "ka", "li", "mo"], rng.integers(1, 4))) for _ in range(400)}
    (folder / "names.txt").write_text("\n".join(sorted(names)) + "\n")
    return folder


@pytest.fixture
def modules():
    """Import an example."""
    with importable() as load:
        yield load


def takes_data(name: str) -> bool:
    return "data=" in (EXAMPLES / name).read_text(encoding="utf-8")


def needs(name: str, *, plot: bool = True) -> None:
    if "sklearn" in (EXAMPLES / name).read_text(encoding="utf-8"):
        pytest.importorskip("sklearn", reason="the digits come with scikit-learn")
    if plot:
        pytest.importorskip("matplotlib", reason="the example draws a picture")


def test_every_example_is_tested():
    assert set(SMALL) == set(PROGRAMS) - OTHERS


@pytest.mark.parametrize("name", SMALL)
def test_example(name, data, tmp_path):
    """From end to end: a picture, and the result in the last line, which is in the JSON file, too."""
    needs(name)
    options, expected = SMALL[name]
    outcome = call(name, [*options, *(["--data", data] if takes_data(name) else [])], tmp_path)
    assert outcome.returncode == 0, outcome.stderr
    picture = tmp_path / "outputs" / name.replace(".py", ".png")
    assert picture.read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
    assert picture.stat().st_size < 60_000
    record = json.loads((tmp_path / "outputs" / name.replace(".py", ".json")).read_text())
    assert outcome.stdout.splitlines()[-1] == record["result"]
    for figure, bound in expected.items():
        value = record["figures"][figure]
        assert value >= bound if bound > 0 else value <= -bound, record["result"]
    assert "Warning" not in outcome.stderr


@pytest.mark.parametrize("name", ["digits.py", *SMALL])
def test_pytorch_runs_it_with_the_same_losses(name, data, tmp_path, modules):
    """The example with its imports changed, and nothing else: it runs to its end, with the first 100 losses to 1e-4."""
    pytest.importorskip("torch", reason="compares with PyTorch")
    needs(name)
    options = SMALL[name][0] if name in SMALL else ["--epochs", 5]
    options = [*map(str, options), *(["--data", str(data)] if takes_data(name) else []), "--output", str(tmp_path)]
    run = modules("beside_pytorch").run
    ours = run(name.removesuffix(".py"), "tinygrad_nn", options, 100)
    # networks in JSON are this package's own: there PyTorch stops before
    theirs = run(name.removesuffix(".py"), "torch", options, 100 if name == "keras_mnist.py" else 10**9)
    assert len(ours.losses) == 100
    np.testing.assert_allclose(ours.losses, theirs.losses[:100], rtol=1e-4, atol=1e-4)
    assert max(ours.losses) > min(ours.losses)
    if name != "keras_mnist.py":
        record = json.loads((tmp_path / name.replace(".py", ".json")).read_text())
        assert theirs.output.splitlines()[-1] == record["result"]
        assert (tmp_path / name.replace(".py", ".png")).exists()


def test_beside_pytorch_says_how_far_apart(data, tmp_path, modules, capsys):
    pytest.importorskip("torch", reason="compares with PyTorch")
    main = modules("beside_pytorch").main
    options = ["--steps", "20", "names.py", "--data", str(data), "--batch-size", "16", "--output", str(tmp_path)]
    with mock.patch.object(sys, "argv", ["beside_pytorch.py", *options]):
        main()
    text = capsys.readouterr().out
    assert float(re.fullmatch(r"largest difference (\S+)", text.splitlines()[-1])[1]) < 1e-4
    assert re.search(r"^ +20( +\d\.\d{7}){2} ", text, re.MULTILINE)
    with mock.patch.object(sys, "argv", ["beside_pytorch.py", "mnist.py"]), pytest.raises(SystemExit, match="2"):
        main()
    assert "mnist.py has no line 'import tinygrad_nn as torch'" in capsys.readouterr().err


@pytest.mark.parametrize("name", PROGRAMS)
def test_help(name, modules, capsys):
    needs(name, plot=False)
    program = modules(name.removesuffix(".py"))
    with mock.patch.object(sys, "argv", [name, "--help"]), pytest.raises(SystemExit, match="0"):
        program.main()
    text = " ".join(capsys.readouterr().out.split())
    assert program.__doc__.split("\n")[0] in text or name == "mnist.py"
    if name in SMALL:
        assert "--seed" in text
        assert f"(default: {1 if name == 'xor.py' else 0})" in text


@pytest.mark.parametrize("name", ["digits.py", *SMALL])
def test_a_seed_gives_the_same_numbers_each_time(name, data, tmp_path, modules):
    needs(name, plot=False)
    options = [*(["--data", str(data)] if takes_data(name) else []), "--no-plot", "--output", str(tmp_path), "--seed"]
    run = modules("beside_pytorch").run
    first, again, other = (
        run(name.removesuffix(".py"), "tinygrad_nn", [*options, seed], 10).losses for seed in ("3", "3", "4")
    )
    assert len(first) == 10
    assert first == again
    assert first != other


@pytest.mark.parametrize("name", [name for name in SMALL if takes_data(name)])
def test_missing_data(name, tmp_path, modules, capsys):
    program = modules(name.removesuffix(".py"))
    with mock.patch.object(sys, "argv", [name, "--data", str(tmp_path)]), pytest.raises(SystemExit, match="2"):
        program.main()
    error = capsys.readouterr().err
    assert error.startswith(f"--data {tmp_path}: ")
    assert "Give the folder as --data DIR, or let --download fetch the files" in error


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("four_layer.py --sizes 784 10 9", "expected 784 first and 10 last"),
        ("digit_recognizer.py --held-out 1500", "expected less than the 1500 rows"),
        ("digit_recognizer.py --held-out 10 --show 10", "one of those held out"),
        ("gpt.py --start 7", "--start: ['7'] are not in the text"),
        ("gpt.py --width 30 --heads 4", "expected a multiple of --heads, 4, got 30"),
        ("gpt.py --context 5000", "has to be longer than --context, 5000"),
        ("names.py --start 7", "--start: ['7'] are in none of the names"),
        ("xor.py --epochs 0", "--epochs: expected at least 1, got 0"),
    ],
)
def test_wrong_options(line, message, data, tmp_path, modules, capsys):
    name, *options = line.split()
    options += ["--output", str(tmp_path), *(["--data", str(data)] if takes_data(name) else [])]
    program = modules(name.removesuffix(".py"))
    with mock.patch.object(sys, "argv", [name, *options]), pytest.raises(SystemExit, match="2"):
        program.main()
    assert message in capsys.readouterr().err


def test_without_matplotlib_and_tqdm(data, tmp_path):
    outcome = call("names.py", ["--data", data, "--epochs", 1, "--no-plot"], tmp_path, hide=["matplotlib", "tqdm"])
    assert outcome.returncode == 0, outcome.stderr
    assert "epoch 1/1" in outcome.stdout
    assert not (tmp_path / "outputs" / "names.png").exists()


def test_kaggles_csv_is_read_as_it_is(data, tmp_path, modules):
    common = modules("common")
    args = argparse.Namespace(data=data, output=tmp_path / "made", download=False)
    images, labels = common.load_csv(args)  # made of MNIST's files
    folder = tmp_path / "kaggle"
    (folder / "digit-recognizer").mkdir(parents=True)
    (tmp_path / "made" / "train.csv").replace(folder / "digit-recognizer" / "train.csv")
    again = common.load_csv(argparse.Namespace(data=folder, output=tmp_path / "unused", download=False))
    assert images.shape == (1500, 28, 28)
    np.testing.assert_array_equal(images, again[0])
    np.testing.assert_array_equal(labels, again[1])
    assert not (tmp_path / "unused").exists()


def test_a_text_is_downloaded_where_it_is_not_there(tmp_path, modules, data):
    common = modules("common")
    args = argparse.Namespace(data=tmp_path, download=True)

    def download(url, root, name):
        assert url == common.TEXTS[name]
        Path(root, name).write_text("anna\n")

    with mock.patch.object(common, "download_url", download):
        assert common.load_text(args, "names.txt") == "anna\n"
    with mock.patch.object(common, "download_url", side_effect=AssertionError):
        assert common.load_text(args, "names.txt") == "anna\n"
    args = argparse.Namespace(data=data / "names.txt", download=False)  # any file, by its path
    assert common.load_text(args, "other.txt").count("\n") > 20
