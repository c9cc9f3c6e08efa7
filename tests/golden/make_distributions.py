"""Make distributions.json: what PyTorch's distributions draw and compute, to which the tests hold this package.

    python tests/golden/make_distributions.py        (needs PyTorch)
"""

import json
import sys
import warnings
from pathlib import Path

import numpy as np
import torch

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from distribution_cases import CASES, DIVERGING, divergence, gradients, summary  # noqa: E402
from distribution_expressions import REFUSALS, TRANSFORMS, refusal, transformed  # noqa: E402


def stored(value):
    """An array as a list of eight digits each, and what is no array as text."""
    if isinstance(value, np.ndarray):
        return np.vectorize(lambda x: float(f"{x:.8g}"), otypes=[float])(value).reshape(-1).tolist()
    return value.__name__ if isinstance(value, type) else value


def kept(found, *names):
    """What is stored of a result."""
    return {name: stored(found[name]) for name in names if not isinstance(found[name], type)}


def main():
    """Ask PyTorch, and write down what it says, an entry per line."""
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    pairs = {f"{p} {q}": divergence(torch, p, q) for p in DIVERGING for q in DIVERGING}
    parts = {
        "summary": {case.name: {n: stored(v) for n, v in summary(torch, case).items()} for case in CASES},
        "gradients": {
            case.name: {n: stored(g) for n, g in gradients(torch, case, "float64", "rsample", None).items()}
            for case in CASES
            if case.name.split()[0] != "Wishart"  # PyTorch's cannot be differentiated
        },
        "divergences": {pair: stored(found[""]) for pair, found in pairs.items()},
        "transforms": {e: kept(transformed(torch, e), "repr", "y", "log_det") for e in TRANSFORMS},
        "refusals": {e: refusal(torch, e) for e in REFUSALS},
    }
    sections = []
    for name, entries in parts.items():
        lines = [f"{json.dumps(key)}: {json.dumps(value)}" for key, value in entries.items()]
        sections.append(f'"{name}": {{\n' + ",\n".join(lines) + "\n}")
    text = f'{{"torch": "{torch.__version__}",\n' + ",\n".join(sections) + "}\n"
    (HERE / "distributions.json").write_text(text)
    print(f"{sum(map(len, parts.values()))} entries, {len(text) // 1000} kB")


if __name__ == "__main__":
    main()
