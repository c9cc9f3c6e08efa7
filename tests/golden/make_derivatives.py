"""Make derivatives.json: what the programs of tests/derivatives give with PyTorch.

    python tests/golden/make_derivatives.py        (needs PyTorch)
"""

import json
import sys
import warnings
from pathlib import Path

import torch
import torch.nn.attention

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from derivatives import EXAMPLES, models  # noqa: E402
from derivatives.results import plain, run  # noqa: E402


def rounded(value, digits):
    """Numbers with so many digits, everywhere in a result."""
    if isinstance(value, dict):
        return {key: rounded(item, digits) for key, item in value.items()}
    if isinstance(value, list):
        return [rounded(item, digits) for item in value]
    return float(f"{value:.{digits}g}") if isinstance(value, float) else value


def derivatives(make):
    """One way of each derivative: the tests hold all ways to it."""
    torch.manual_seed(0)
    model = make(torch)
    # PyTorch's other kernels of attention have no second derivative
    with warnings.catch_warnings(), torch.nn.attention.sdpa_kernel(torch.nn.attention.SDPBackend.MATH):
        warnings.simplefilter("ignore")
        found = {name: next(iter(ways(torch, model).values()))() for name, ways in models.DERIVATIVES.items()}
    return rounded(plain(found, torch), 14)


def main():
    """Run everything on PyTorch and write down what came out, an entry per line."""
    torch.set_num_threads(1)
    parts = {
        "documented": {name: rounded(run(program, torch), 9) for name, program in EXAMPLES.items()},
        "models": {name: derivatives(make) for name, make in models.PLAIN.items()}
        | {name: derivatives(make) for name, make in models.LAYERS.items()},
    }
    sections = []
    for name, entries in parts.items():
        lines = [f"{json.dumps(key)}: {json.dumps(value)}" for key, value in entries.items()]
        sections.append(f'"{name}": {{\n' + ",\n".join(lines) + "\n}")
    text = f'{{"torch": "{torch.__version__}",\n' + ",\n".join(sections) + "}\n"
    (HERE / "derivatives.json").write_text(text)
    print({name: len(entries) for name, entries in parts.items()}, f"{len(text) // 1000} kB")


if __name__ == "__main__":
    main()
