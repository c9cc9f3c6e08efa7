"""Make modules.json: what every module in tests/modules gives in PyTorch, in few numbers.

Run it where both this package and PyTorch 2.13 can be imported:

    python tests/golden/make_modules.py
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent.parent)]

import torch  # noqa: E402
from modules import LAYERS, load  # noqa: E402
from modules.compare import Side  # noqa: E402
from modules.stored import stored  # noqa: E402


def main() -> None:
    """Ask PyTorch, and write the file."""
    load()
    side = Side(torch)
    lines = []
    for name, entry in LAYERS.items():
        dtype = "float64" if "float64" in entry.types else entry.types[0]
        rows: list[list[Any]] = []
        for training in entry.modes:
            answer = stored(side.answer(entry, dtype, training))
            if rows and rows[-1][2] == answer:  # most modules do in evaluation what they do in training
                rows[-1][1].append(training)
            else:
                rows.append([dtype, [training], answer])
        lines.append(f"{json.dumps(name)}: {json.dumps(rows)}")
    (HERE / "modules.json").write_text("{" + ",\n".join(lines) + "}\n")
    print(f"{len(lines)} modules")


if __name__ == "__main__":
    main()
