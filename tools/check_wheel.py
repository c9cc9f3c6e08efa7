"""Check a built wheel: under two megabytes, typed, and importable beside nothing but NumPy."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import venv
import zipfile
from pathlib import Path

LIMIT = 2_000_000
PROBE = """
import sys, numpy, numpy.random
before = set(sys.modules)
import tinygrad_nn
new = {name.partition(".")[0] for name in set(sys.modules) - before}
foreign = sorted(n for n in new if n not in sys.stdlib_module_names and n not in ("tinygrad_nn", "numpy"))
assert not foreign, f"import tinygrad_nn imports {foreign}"
print("tinygrad_nn", tinygrad_nn.__version__, "imports nothing but NumPy")
"""


def main(wheel: Path) -> None:
    """Fail, saying what is wrong, or print what was found."""
    size = wheel.stat().st_size
    assert size < LIMIT, f"{wheel.name}: {size} bytes, expected under {LIMIT}"
    names = zipfile.ZipFile(wheel).namelist()
    assert "tinygrad_nn/py.typed" in names, f"{wheel.name}: py.typed is missing"
    strangers = {name.partition("/")[0] for name in names} - {"tinygrad_nn", "pytest_tinygrad_nn.py"}
    assert all(name.endswith(".dist-info") for name in strangers), f"{wheel.name}: unexpected {strangers}"
    with tempfile.TemporaryDirectory() as folder:
        venv.create(folder, with_pip=True)
        python = Path(folder) / "bin" / "python"
        subprocess.run([python, "-m", "pip", "install", "-q", wheel], check=True)
        subprocess.run([python, "-c", PROBE], check=True, cwd=folder)
    print(f"{wheel.name}: {size / 1000:.0f} kB")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
