"""Make calls.json and calls.npz: a few calls of every function in tests/calls, with PyTorch's answers.

Run it where both this package and PyTorch 2.13 can be imported:

    python tests/golden/make_calls.py
"""

from __future__ import annotations

import json
import sys
import zlib
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent.parent)]

import torch  # noqa: E402
from calls import Call, Drawn, load  # noqa: E402
from calls.compare import Side, forms, hold_same  # noqa: E402
from calls.stored import Store  # noqa: E402
from hypothesis import HealthCheck, given, settings  # noqa: E402
from hypothesis import strategies as st  # noqa: E402

import tinygrad_nn  # noqa: E402

SMALL = 32  # elements of all tensors of a call together


def elements(value: Any) -> int:
    """The elements of the tensors in an argument."""
    if isinstance(value, np.ndarray):
        return value.size
    if isinstance(value, list | tuple):
        return sum(elements(v) for v in value)
    return 0


def some_calls(drawn: Drawn) -> list[tuple[Call, str]]:
    """Calls as the live test draws them, and in which form."""
    found: list[tuple[Call, str]] = []

    @settings(max_examples=60, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
    @given(st.data())
    def collect(data: Any) -> None:
        call = drawn.draw(data.draw)
        found.append((call, data.draw(st.sampled_from(forms(torch, drawn, call)))))

    collect()
    return found


def chosen(drawn: Drawn, store: Store) -> list[Any]:
    """Three calls that work, one without elements, and one that fails."""
    wanted = {"works": 3, "empty": 1, "fails": 1}
    rows: list[Any] = []
    sized = [(elements([*call.args, *call.options.values()]), call, form) for call, form in some_calls(drawn)]
    for size, call, form in sorted(sized, key=lambda row: (-row[0], zlib.crc32(repr(row).encode()))):
        try:
            answer = Side(torch).answer(drawn, call, form, gradient=drawn.gradient, quiet=True)
        except RuntimeError:  # PyTorch fails in its own backward pass
            continue
        kind = "fails" if answer.error is not None else "works" if size else "empty"
        if wanted[kind] and size <= SMALL:
            try:
                row = [form, store.put_call(call), store.put_answer(answer)]
            except TypeError:
                continue
            if repeats(drawn, store, row):
                rows.append(row)
                wanted[kind] -= 1
    return rows


def repeats(drawn: Drawn, store: Store, row: list[Any]) -> bool:
    """Whether a stored call, read back, still shows what it showed.

    Not stored is the layout of the memory, on which some answers depend. The live comparison has it.
    """
    read = Store(np.concatenate(store.numbers))
    form, call, expected = row[0], read.get_call(row[1]), read.get_answer(row[2])
    try:
        found = Side(tinygrad_nn).answer(drawn, call, form, gradient=drawn.gradient, quiet=expected.warned)
        hold_same(drawn, drawn.name, found, expected)
    except (AssertionError, ValueError):
        return False
    return True


def main() -> None:
    """Ask PyTorch, and write the two files."""
    store, table = Store(), {}
    for name, drawn in load().items():
        table[name] = chosen(drawn, store)
    np.savez_compressed(HERE / "calls.npz", values=np.concatenate(store.numbers))
    lines = [f"{json.dumps(name)}: [\n" + ",\n".join(map(json.dumps, rows)) + "]" for name, rows in table.items()]
    (HERE / "calls.json").write_text("{" + ",\n".join(lines) + "}\n")
    print(f"{len(table)} functions, {sum(map(len, table.values()))} calls, {store.size} numbers")


if __name__ == "__main__":
    main()
