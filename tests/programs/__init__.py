"""Training programs as people write them for PyTorch. Each file has ``main(torch)``, which reaches everything through
the package that it is given and returns the numbers it has found: first weights, losses, results.

`idioms` are single lines; `plain_pytorch` is a script with its own import lines.
"""

import ast
import contextlib
import importlib
import io
import re
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
PROGRAMS = sorted({path.stem for path in HERE.glob("*.py")} - {"__init__", "idioms", "plain_pytorch"})
PLAIN = HERE / "plain_pytorch.py"


def run(program, package):
    """The numbers that a program finds, each kind as one flat list."""
    found = importlib.import_module(f"programs.{program}").main(package)
    return {name: list(_flat(value)) for name, value in found.items()}


def _flat(value):
    if isinstance(value, list | tuple):
        for entry in value:
            yield from _flat(entry)
    else:
        yield value


def show(idiom, setup, package):
    """What the last line of an idiom prints, with one name for all backward nodes: PyTorch has several for one op."""
    space = {"torch": package, "np": np}
    exec(setup, space)
    *before, last = ast.parse(idiom).body
    exec(compile(ast.Module(before, []), idiom, "exec"), space)
    shown = repr(eval(compile(ast.Expression(last.value), idiom, "eval"), space))
    return re.sub(r"<\w+Backward\d>", "<Backward>", shown)


def with_other_imports(source, package):
    """The source with ``torch`` replaced in its import lines, and in these only."""
    source = re.sub(r"^import torch$", f"import {package} as torch", source, flags=re.MULTILINE)
    return re.sub(r"^(import|from) torch\b", rf"\1 {package}", source, flags=re.MULTILINE)


def printed(source):
    """What a script prints."""
    output = io.StringIO()
    with contextlib.redirect_stdout(output):
        exec(compile(source, str(PLAIN), "exec"), {"__name__": "__main__"})
    return output.getvalue()
