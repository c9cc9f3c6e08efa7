"""Make module_programs.json: the logs of the programs on modules in PyTorch.

Run it where PyTorch 2.13 can be imported:

    python tests/golden/make_module_programs.py
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent.parent)]

import module_programs  # noqa: E402
import module_utils_programs  # noqa: E402
import torch  # noqa: E402


def main() -> None:
    """Ask PyTorch, and write the file."""
    programs = {**module_programs.PROGRAMS, **module_utils_programs.PROGRAMS}
    lines = [
        f"{json.dumps(name)}: {json.dumps(module_programs.plain(run(torch)), separators=(',', ':'))}"
        for name, run in programs.items()
    ]
    (HERE / "module_programs.json").write_text("{" + ",\n".join(lines) + "}\n")
    print(f"{len(lines)} programs")


if __name__ == "__main__":
    main()
