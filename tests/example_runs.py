"""What the tests of the examples share: how one is run or imported, and small data."""

from __future__ import annotations

import contextlib
import gzip
import importlib
import os
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

EXAMPLES = Path(__file__).parent.parent / "examples"


def call(name: str, options: Sequence[Any], cwd: Path, hide: Sequence[str] = ()) -> subprocess.CompletedProcess[str]:
    """Run an example as a reader does; the modules in `hide` cannot be imported by it."""
    threads = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}  # else they wait for those of other tests
    environment = {**os.environ, **threads, "PYTHONPATH": str(EXAMPLES.parent)}
    path = str(EXAMPLES / name)
    program = [path]
    if hide:
        lines = [
            "import runpy, sys", f"sys.modules.update(dict.fromkeys({list(hide)!r}))", f"sys.argv[0] = {path!r}",
            f"sys.path.insert(0, {str(EXAMPLES)!r})", "runpy.run_path(sys.argv[0], run_name='__main__')",
        ]  # fmt: skip
        program = ["-c", "; ".join(lines)]
    return subprocess.run(
        [sys.executable, *program, *map(str, options)], cwd=cwd, env=environment, capture_output=True, text=True,
        timeout=120,
    )  # fmt: skip


@contextlib.contextmanager
def importable() -> Iterator[Callable[[str], ModuleType]]:
    """The examples can be imported, and are forgotten afterwards."""
    sys.path.insert(0, str(EXAMPLES))
    try:
        yield importlib.import_module
    finally:
        sys.path.remove(str(EXAMPLES))
        for path in EXAMPLES.glob("*.py"):
            sys.modules.pop(path.stem, None)


def write_bars(folder: Path) -> None:
    """A data set in MNIST's files whose ten classes are easy: a bright bar at one of ten heights."""
    rng = np.random.default_rng(0)
    for part, count in (("train", 1500), ("t10k", 300)):
        labels = rng.integers(0, 10, count).astype(np.uint8)
        images = rng.integers(0, 100, (count, 28, 28)).astype(np.uint8)
        images[np.arange(count), 2 * labels + 4] = 255
        for name, array in (("images-idx3", images), ("labels-idx1", labels)):
            head = struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape)
            (folder / f"{part}-{name}-ubyte.gz").write_bytes(gzip.compress(head + array.tobytes(), 1))
