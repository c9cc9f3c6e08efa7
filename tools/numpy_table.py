"""Write docs/numpy.md: which NumPy functions work on tensors and differentiate.

    python tools/numpy_table.py            # write the page
    python tools/numpy_table.py --check    # fail if it is out of date
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "numpy.md"
sys.path.insert(0, str(ROOT))

from tinygrad_nn._core.dispatch import supported  # noqa: E402

HEAD = """# NumPy functions on tensors

Made by `python tools/numpy_table.py`; do not edit. These NumPy functions take tensors, give
tensors, and differentiate, as the functions of this package beside them do: `np.exp(x)` is `exp(x)`. NumPy's names of
arguments (`axis`, `keepdims`) are understood.

- `out=` and `where=` of ufuncs are refused with a `TypeError`: the graph could not follow them.
- Any other NumPy function computes on the tensors' arrays if no gradient is wanted; if one is, it is refused with a
  `RuntimeError` that names the function and the nearest one that differentiates. Nothing leaves the graph in silence.
- `np.asarray(x)` is the tensor's own memory; refused for a tensor that requires grad, as PyTorch refuses `x.numpy()`.
- `np.from_dlpack(x)` and `from_dlpack(array)` share memory, both ways.
"""


def numpy_name(function: Any) -> str:
    """The name under which NumPy has a function."""
    module = (getattr(function, "__module__", None) or "numpy").replace("numpy", "np", 1)
    return f"{module}.{function.__name__}"


def rows(functions: dict[Any, Any]) -> list[str]:
    """The lines of a table."""
    lines = ["| NumPy | here |", "| --- | --- |"]
    pairs = {numpy_name(f): call.__name__.strip("_") for f, call in functions.items()}
    return lines + [f"| `{name}` | `{call}` |" for name, call in sorted(pairs.items())]


def render() -> str:
    """The page."""
    table = supported()
    ufuncs = {f: call for f, call in table.items() if isinstance(f, np.ufunc)}
    others = {f: call for f, call in table.items() if not isinstance(f, np.ufunc)}
    parts = [HEAD, "## Element by element", *rows(ufuncs), "", "## Others", *rows(others)]
    return "\n".join(parts).replace("\n## ", "\n\n## ").replace("Others\n|", "Others\n\n|").replace(
        "element\n|", "element\n\n|"
    ) + "\n"


def main() -> int:
    text = render()
    if "--check" in sys.argv:
        if not PAGE.exists() or PAGE.read_text() != text:
            print("docs/numpy.md is out of date: run python tools/numpy_table.py", file=sys.stderr)
            return 1
        return 0
    PAGE.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
