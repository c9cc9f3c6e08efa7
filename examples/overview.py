"""What README.md of the examples is made of: the table of published figures, and what each example came to.

measure.py runs the examples and calls `render`.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

FOLDER = Path(__file__).parent


class Figure(NamedTuple):
    """A published figure, and where ours are: the commands, and the figure's name in what they print."""

    system: str
    what: str
    published: str
    name: str
    same: str
    better: str
    remark: str = ""
    least: float | None = None  # what the published figure asks of ours; of errors: at most this


FOUR = "four_layer.py --as-published"
FOUR_BETTER = "four_layer.py --activation relu --bias --batch-size 32 --optimizer adam --as-published"
KERAS = "keras_mnist.py --validate"
KERAS_BETTER = "keras_mnist.py --hidden 100 --activation relu --opt adam --lr 0.001"
DIGITS = "digit_recognizer.py"
DIGITS_BETTER = (
    "digit_recognizer.py --hidden 256 --init pytorch --optimizer adam --lr 0.001 --batch-size 128 --iterations 3000 "
    "--every 250"
)
PERCEPTRON = "perceptron.py --lr 0.001"
PERCEPTRON_BETTER = "perceptron.py --hidden 128 --optimizer adam --lr 0.002 --reduction mean"
XOR_BETTER = "xor.py --lr 0.5 --epochs 10000 --show-every 1000"
UNITS = "nn_classifier.py"
COLUMNS = "nn_classifier.py --standardise columns"
MANY = "nn_classifier.py --units 250 --epochs 500"
UNITS_BETTER = (
    "nn_classifier.py --units 250 --epochs 200 --lr 0.01 --l2 0.02 --hidden relu --weight-scale 0.05 "
    "--standardise images"
)

FIGURES = [
    Figure(
        "Four-layer classifier", "accuracy as its program counts it: digits read rightly, of 10,500, divided by 100",
        "0 % to 95 %", "accuracy as published", FOUR, FOUR_BETTER, "the divisor belongs to 10,000 digits", 0.95,
    ),
    Figure(
        "", "held-out accuracy", "", "held-out accuracy", FOUR, FOUR_BETTER,
        "the published 95 % come to 90.5 % of 10,500 digits",
    ),
    Figure("Keras-like network", "test accuracy, 784-10", "88.55 %", "test accuracy", KERAS, KERAS_BETTER, "", 0.8855),
    Figure("Digit recognizer", "training accuracy", "84 %", "training accuracy", DIGITS, DIGITS_BETTER, "", 0.84),
    Figure("", "held-out accuracy", "85.5 %", "held-out accuracy", DIGITS, DIGITS_BETTER, "", 0.855),
    Figure(
        "Perceptron from formulas", "precision on its training data", "1.00", "training precision", PERCEPTRON,
        PERCEPTRON_BETTER, "its biases' gradients were averaged, its weights' summed: the same rate is another one",
        0.995,
    ),
    Figure("", "recall on its training data", "1.00", "training recall", PERCEPTRON, PERCEPTRON_BETTER, "", 0.995),
    Figure("", "precision, held out", "", "held-out precision", PERCEPTRON, PERCEPTRON_BETTER, "the honest figure"),
    Figure("", "recall, held out", "", "held-out recall", PERCEPTRON, PERCEPTRON_BETTER),
    Figure(
        "", "precision on its training data, at rate 0.01", "1.00", "training precision", "perceptron.py",
        PERCEPTRON_BETTER, "the same network", 0.995,
    ),
    Figure("XOR", "error", "1.5e-14", "error", "xor.py", XOR_BETTER, "better: a fifth of the epochs", 1.5e-14),
    Figure("L1/L2 classifier", "test accuracy, 50 units", "81.65 %", "test accuracy", UNITS, UNITS_BETTER, "", 0.8165),
    Figure("", "training accuracy, 50 units", "91.80 %", "training accuracy", UNITS, UNITS_BETTER, "", 0.918),
    Figure("", "test accuracy, standardised", "84.80 %", "test accuracy", COLUMNS, UNITS_BETTER, "", 0.848),
    Figure("", "test accuracy, 250 units", "86.77 %", "test accuracy", MANY, UNITS_BETTER, "", 0.8677),
    Figure(
        "", "the same, another choice of 500 digits", "", "test accuracy", f"{MANY} --shuffle 3",
        f"{UNITS_BETTER} --shuffle 3", "what is learned from matters as much as how",
    ),
]  # fmt: skip

# What has a section of its own, with a picture.
PROGRAMS = [
    "digits.py", FOUR, "four_layer_styles.py", KERAS, DIGITS, "perceptron.py", "xor.py", COLUMNS,
    "cnn.py", "gpt.py", "names.py", "burgers.py",
]  # fmt: skip

PARTS = {"keras_mnist.py": ["keras_layers.py", "keras_like.py"]}  # what else belongs to an example, but common.py

HEAD = """# Examples

    python -m pip install -e ".[examples]"
    python examples/digits.py
    python examples/cnn.py --download

The first program has its data with it. Those that read MNIST or a text look for it in the folder `data`, or in
`--data DIR`, and fetch what is not there if `--download` is given. Each has `--help` and a `--seed`, shows how far it
is, and leaves a picture and its figures in the folder `outputs`; the last line that it prints is its result. They are
PyTorch programs, but for their imports. This changes the imports, runs both, and compares the losses:

    python examples/beside_pytorch.py cnn.py --data DIR

This page is made of what they print, by `python examples/measure.py --data DIR`. The times are those of one
thread on a busy machine ({machine}).
"""

TABLE = """## Five systems from scratch

The package was asked for by way of five published networks "from scratch". Here are their figures, and ours: with the
same network, sizes and settings, and with better ones. What was faulty in a source's formulas is said at the top of the
example, and is not repeated in it.
"""

TAIL = """## Also here

[mnist.py](mnist.py) times epochs, with `--torch` beside PyTorch. [keras_like.py](keras_like.py) and
[keras_layers.py](keras_layers.py) are the network of [keras_mnist.py](keras_mnist.py). [common.py](common.py) and
[pictures.py](pictures.py) have the options, the progress bar, the data and the drawing of all of them;
[overview.py](overview.py) and [measure.py](measure.py) make this page.
"""


def percent(name: str, value: float) -> str:
    """A figure as the table shows it: an error as it is, all else in per cent."""
    return f"{value:.1e}" if name == "error" else f"{value:.2%}".replace("%", " %")


def table(results: Mapping[str, Any]) -> str:
    """The published figures, ours with the same settings, and with better ones; and what these are."""
    lines = ["| | figure | published | same settings | better settings | |", "|---|---|---:|---:|---:|---|"]
    for row in FIGURES:
        same, better = (percent(row.name, results[run]["figures"][row.name]) for run in (row.same, row.better))
        lines.append(f"| {row.system} | {row.what} | {row.published or '–'} | {same} | {better} | {row.remark} |")
    settings = dict.fromkeys((row.same, row.better) for row in FIGURES)
    lines += ["", "The settings:", "", *(f"- `{same}`; better: `{better}`" for same, better in settings)]
    return "\n".join(lines)


def lines_of_code(name: str) -> int:
    """The lines of an example, without empty ones, comments and docstrings."""
    text = (FOLDER / name).read_text(encoding="utf-8")
    documented = ast.Module | ast.ClassDef | ast.FunctionDef
    docstrings = {
        line
        for node in ast.walk(ast.parse(text))
        if isinstance(node, documented) and ast.get_docstring(node) is not None
        for line in range(node.body[0].lineno, (node.body[0].end_lineno or 0) + 1)
    }
    lines = enumerate(text.splitlines(), start=1)
    return sum(bool(line.strip()) and line.strip()[0] != "#" and number not in docstrings for number, line in lines)


def first_sentence(name: str) -> str:
    """What an example does."""
    doc = ast.get_docstring(ast.parse((FOLDER / name).read_text(encoding="utf-8")))
    return (doc or "").split("\n")[0]


def shown_time(seconds: float) -> str:
    """Seconds, or minutes where there are many."""
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"


def summary(results: Mapping[str, Any]) -> str:
    """A line for each example."""
    lines = [
        "| example | result | time | lines of code | largest difference of 100 losses to PyTorch's |",
        "|---|---|---:|---:|---:|",
    ]
    for command in PROGRAMS:
        name, run = command.split()[0], results[command]
        beside = f"{run['beside']:.0e}" if "beside" in run else "–"
        count = " + ".join(str(lines_of_code(file)) for file in [name, *PARTS.get(name, [])])
        link = f"[{name}](#{name.replace('.', '')})"
        lines.append(f"| {link} | {run['result']} | {shown_time(run['seconds'])} | {count} | {beside} |")
    return "\n".join(lines)


def section(command: str, run: Mapping[str, Any]) -> str:
    """An example: what it does, how it is run, and its picture."""
    name = command.split()[0]
    data = " --data DIR" if "data=" in (FOLDER / name).read_text(encoding="utf-8") else ""
    line = f"    python examples/{name}{data}{command.removeprefix(name)}"
    picture = f"![{first_sentence(name)}](gallery/{Path(name).stem}.png)"
    return f"### {name}\n\n[{first_sentence(name)}]({name})\n\n{line}\n\n{run['result']}\n\n{picture}"


def render(results: Mapping[str, Any]) -> str:
    """All of README.md, from what the commands came to."""
    parts = [
        HEAD.format(machine=results["machine"]), TABLE.rstrip(), table(results), "## All examples", summary(results),
        *(section(command, results[command]) for command in PROGRAMS), TAIL.rstrip(),
    ]  # fmt: skip
    return "\n\n".join(part.strip("\n") for part in parts) + "\n"
