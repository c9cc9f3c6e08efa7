"""Make ops.json and ops.npz: PyTorch's answers for every op that has a counterpart there.

Run it where both this package and PyTorch 2.13 can be imported:

    python tests/golden/make_ops.py

Inputs are not stored: they follow from the op's name (see `tinygrad_nn.testing.samples`), and a checksum of them is
kept. All stored numbers stand one after another in one array; the JSON file says where, and of what shape and type.
"""

from __future__ import annotations

import json
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent.parent)]

import torch  # noqa: E402
from torch_calls import answers, call_torch, checksum, counterpart, to_torch  # noqa: E402

import tinygrad_nn.nn  # noqa: E402, F401 - has an op of its own
from tinygrad_nn._core import later  # noqa: E402
from tinygrad_nn._core.op import REGISTRY, Op  # noqa: E402
from tinygrad_nn.testing.derivatives import grad_outputs  # noqa: E402
from tinygrad_nn.testing.samples import Sample, samples  # noqa: E402

# inputs of these types tell the types of the outputs; the values are compared in float64
OTHER_TYPES = ("float32", "float16", "int64", "int32", "uint8", "bool")


def output_types(op: Op, number: int) -> dict[str, str]:
    """The types of PyTorch's outputs for inputs of other types; those that it refuses are left out."""
    found = {}
    for name in OTHER_TYPES:
        try:
            sample = samples(op, dtype=np.dtype(name), special=True)[number]
            with torch.no_grad():
                produced = call_torch(torch, sample, [to_torch(torch, value) for value in sample.inputs])
        except (RuntimeError, TypeError, IndexError, ValueError, NotImplementedError):
            continue
        found[name] = " ".join(str(t.dtype).removeprefix("torch.") for t in produced)
    return found


def entry(op: Op, number: int, sample: Sample, numbers: list[Any], types: list[Any]) -> list[Any]:
    """PyTorch's answers for one call: what `tests/test_ops_golden.py` unpacks."""
    outputs, gradients = answers(torch, sample, grad_outputs(sample))
    numbers += [array.reshape(-1).astype(np.float64) for array in [*outputs, *gradients] if array is not None]
    kinds = output_types(op, number)
    if kinds not in types:
        types.append(kinds)
    shapes = [f"{array.dtype}{list(array.shape)}" for array in outputs]
    return [str(sample), checksum(sample), shapes, [int(g is not None) for g in gradients], types.index(kinds)]


def main() -> None:
    """Ask PyTorch, and write the two files."""
    later.load_all()
    warnings.simplefilter("ignore")
    numbers: list[Any] = []
    types: list[Any] = []
    table, failed = {}, 0
    for name, op in sorted(REGISTRY.items()):
        try:
            if counterpart(torch, op) is None:
                continue
            table[name] = [entry(op, n, sample, numbers, types) for n, sample in enumerate(samples(op, special=True))]
        except Exception as error:
            failed += 1
            print(f"{name}: {type(error).__name__}: {error}", file=sys.stderr)
    np.savez_compressed(HERE / "ops.npz", values=np.concatenate(numbers))
    lines = [f"{json.dumps(name)}: [\n" + ",\n".join(map(json.dumps, rows)) + "]" for name, rows in table.items()]
    text = f'{{"types": {json.dumps(types)},\n"ops": {{\n' + ",\n".join(lines) + "}}\n"
    (HERE / "ops.json").write_text(text)
    count = sum(part.size for part in numbers)
    print(f"{len(table)} ops, {sum(map(len, table.values()))} calls, {count} numbers, {failed} ops failed")
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
