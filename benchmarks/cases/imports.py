"""How long ``import`` takes, each time in a fresh process."""

from __future__ import annotations

import atexit
import functools
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.harness import Case, Contender, Job, Settings

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = "import time\n{first}\nstarted = time.perf_counter()\nimport {name}\nprint(time.perf_counter() - started)"


@functools.cache
def _bytecode() -> str:
    """A folder for compiled modules: an installed package has been compiled, a checkout perhaps not.

    The first import fills it; the harness does not count that one.
    """
    folder = tempfile.TemporaryDirectory(prefix="bytecode")
    atexit.register(folder.cleanup)
    return folder.name


def environment() -> dict[str, str]:
    """What the new interpreter is started with."""
    paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "PYTHONPATH": os.pathsep.join(paths), "PYTHONPYCACHEPREFIX": _bytecode()}


def import_seconds(name: str, first: str = "") -> float:
    """The seconds that ``import name`` takes in a new interpreter, after ``first`` was run there."""
    command = [sys.executable, "-c", PROGRAM.format(name=name, first=first)]
    outcome = subprocess.run(command, env=environment(), capture_output=True, text=True, check=True)
    return float(outcome.stdout.splitlines()[-1])


def contender(name: str, first: str = "") -> Contender:
    """The import of one package."""

    def make(module: Any, settings: Settings) -> Job:
        return Job(lambda: import_seconds(name, first))

    return make


CASES = [
    Case(
        name="import/whole",
        about="import, in a fresh process",
        contenders={name: contender(name) for name in ("tinygrad_nn", "torch", "numpy", "mygrad", "autograd")},
        unit="ms",
        rounds=11,
    ),
    Case(
        name="import/beyond_numpy",
        about="import, in a fresh process that has imported NumPy",
        contenders={name: contender(name, "import numpy") for name in ("tinygrad_nn", "torch", "mygrad", "autograd")},
        unit="ms",
        rounds=11,
    ),
]
