"""Make programs.json: what the programs of tests/programs find with PyTorch, to which the tests hold this package.

    python tests/golden/make_programs.py        (needs PyTorch)
"""

import json
import sys
from pathlib import Path

import torch

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from programs import PLAIN, PROGRAMS, printed, run, show  # noqa: E402
from programs.idioms import IDIOMS, SETUP  # noqa: E402


def rounded(value):
    """Nine digits tell all float32 numbers apart."""
    return float(f"{value:.9g}") if isinstance(value, float) else value


def main():
    """Run everything on PyTorch and write down what came out, an entry per line."""
    torch.set_num_threads(1)
    found = {name: {key: [rounded(v) for v in values] for key, values in run(name, torch).items()} for name in PROGRAMS}
    parts = {
        "programs": found,
        "idioms": {idiom: show(idiom, SETUP, torch) for idiom in IDIOMS},
        "plain": {"output": printed(PLAIN.read_text()).splitlines()},
    }
    sections = []
    for name, entries in parts.items():
        lines = [f"{json.dumps(key)}: {json.dumps(value)}" for key, value in entries.items()]
        sections.append(f'"{name}": {{\n' + ",\n".join(lines) + "\n}")
    text = f'{{"torch": "{torch.__version__}",\n' + ",\n".join(sections) + "}\n"
    (HERE / "programs.json").write_text(text)
    print(f"{len(PROGRAMS)} programs, {len(IDIOMS)} idioms, {len(text) // 1000} kB")


if __name__ == "__main__":
    main()
