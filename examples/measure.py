"""Run all examples on real data, and make README.md of what they came to: the table, the pictures, the times.

    python examples/measure.py --data DIR
    python examples/measure.py --data DIR --only cnn.py gpt.py
    python examples/measure.py --render

DIR holds MNIST's files, tinyshakespeare.txt and names.txt. What an example came to is kept in gallery/results.json, so
that some can be run again with `--only`, and `--render` makes README.md anew without running any. All of them take
half an hour. Where PyTorch is installed, the losses of the first 100 steps are compared with PyTorch's.
"""

from __future__ import annotations

import argparse
import json
import platform
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from overview import FIGURES, FOLDER, PROGRAMS, render

GALLERY = FOLDER / "gallery"
RESULTS = GALLERY / "results.json"


def call(program: str, *options: str) -> str:
    """What a program of this folder prints."""
    outcome = subprocess.run(
        [sys.executable, str(FOLDER / program), *options], stdout=subprocess.PIPE, text=True, encoding="utf-8"
    )
    if outcome.returncode:
        raise SystemExit(f"{program} {' '.join(options)} failed")
    return outcome.stdout


def machine() -> str:
    """The processor."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return platform.processor()
    return (re.search(r"model name\s*: (.*)", text) or ["", platform.machine()])[1]


def measure(command: str, data: str) -> dict[str, Any]:
    """Run an example; its figures, the time, how far its losses are from PyTorch's. The picture goes to the gallery."""
    name, *options = command.split()
    if "data=" in (FOLDER / name).read_text(encoding="utf-8"):
        options += ["--data", data]
    with tempfile.TemporaryDirectory() as folder:
        call(name, *options, "--output", folder)
        stem = Path(name).stem
        record = json.loads(Path(folder, f"{stem}.json").read_text())
        result = {key: record[key] for key in ("figures", "result", "seconds")}
        if command in PROGRAMS:
            Path(folder, f"{stem}.png").replace(GALLERY / f"{stem}.png")
            result |= compare(name, [*options, "--output", folder])
    return result


def compare(name: str, options: list[str]) -> dict[str, float]:
    """How far the first 100 losses are from PyTorch's, where that is installed."""
    try:
        import torch  # noqa: F401
    except ImportError:
        return {}
    text = call("beside_pytorch.py", name, *options, "--no-plot")
    return {"beside": float(re.findall(r"largest difference (\S+)", text)[0])}


def main() -> None:
    """Run what was asked for, and write README.md."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--data", help="folder of MNIST's files and the texts")
    parser.add_argument("--only", nargs="+", metavar="EXAMPLE", help="run only these again")
    parser.add_argument("--render", action="store_true", help="run nothing")
    args = parser.parse_args()
    if args.data is None and not args.render:
        parser.error("--data DIR is needed, unless --render is given")

    GALLERY.mkdir(exist_ok=True)
    results = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    commands = dict.fromkeys([command for row in FIGURES for command in (row.same, row.better)] + PROGRAMS)
    for command in [] if args.render else commands:
        if args.only is None or command.split()[0] in args.only or command not in results:
            print(command, flush=True)
            results[command] = measure(command, args.data)
            print(f"    {results[command]['result']}", flush=True)
            results = {"machine": machine()} | {name: results[name] for name in commands if name in results}
            RESULTS.write_text(json.dumps(results, indent=1) + "\n")
    (FOLDER / "README.md").write_text(render(results), encoding="utf-8")


if __name__ == "__main__":
    main()
