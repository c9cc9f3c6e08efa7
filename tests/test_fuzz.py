"""Files changed at random, from a seed, and those that the fuzzer has found: a clear error or an answer, and no more.

`tests/fuzz/run.py` goes further, guided by coverage.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent / "fuzz"
sys.path.insert(0, str(FOLDER))
try:
    import targets
finally:
    sys.path.pop(0)

COUNT = 400  # changed files for each reader
KEPT = [path for path in sorted((FOLDER / "corpus").glob("*/*")) if path.is_file()]


def changed(data: bytes, draw: random.Random) -> bytes:
    """A file with bytes changed, cut out, doubled or put in, numbers made large, or its end missing."""
    made = bytearray(data)
    for _ in range(draw.choice((1, 1, 2, 4))):
        at, choice = draw.randrange(len(made) + 1), draw.randrange(7)
        if choice == 0:
            del made[at:]
        elif choice == 1:
            del made[at : at + draw.randrange(1, 9)]
        elif choice == 2:
            made[at:at] = made[at : at + draw.randrange(1, 40)]
        elif choice == 3:
            made[at : at + 4] = draw.choice((b"\xff\xff\xff\xff", b"\xff\xff\xff\x7f", b"\0\0\0\0", b"\0\0\0\x80"))
        elif choice == 4:
            made[at:at] = bytes(draw.randrange(256) for _ in range(draw.randrange(1, 5)))
        elif at < len(made):
            made[at] = draw.randrange(256) if choice == 5 else made[at] ^ (1 << draw.randrange(8))
    return bytes(made)


@pytest.mark.parametrize("name", targets.TARGETS)
def test_changed_files(name: str) -> None:
    target, draw, start = targets.TARGETS[name], random.Random(f"{name} 1"), time.perf_counter()
    seeds = target.seeds()
    assert not all(isinstance(targets.run(target, data), Exception) for data in seeds)
    results = [targets.run(target, changed(draw.choice(seeds), draw)) for _ in range(COUNT)]
    refused = sum(isinstance(result, Exception) for result in results)
    assert 0 < refused < COUNT
    assert time.perf_counter() - start < 60


@pytest.mark.parametrize("path", KEPT, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_files_that_were_found(path: Path) -> None:
    start = time.perf_counter()
    targets.run(targets.TARGETS[path.parent.name], path.read_bytes())
    assert time.perf_counter() - start < 10


def test_the_watch_sees_what_a_file_makes_happen() -> None:
    """In a process of its own, as a hook cannot be taken away again."""
    code = (
        "import os, pickle, targets\n"
        "class Command:\n"
        "    def __reduce__(self):\n"
        "        return os.system, ('true',)\n"
        "target = targets.TARGETS['pt_everything']\n"
        "targets.run(target, target.seeds()[0])\n"
        "targets.watch()\n"
        "data = pickle.dumps(Command())\n"
        "try:\n"
        "    targets.run(targets.Target(pickle.loads, lambda: []), data)\n"
        "except targets.ForbiddenError as error:\n"
        "    print('seen', error)\n"
        "print(type(targets.run(target, targets._unpacked([data]))).__name__)\n"
    )
    where = {**os.environ, "PYTHONPATH": os.pathsep.join([str(FOLDER), str(FOLDER.parent.parent)])}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=where)
    assert done.stdout.splitlines()[0].startswith(("seen os.system", "seen pickle.find_class", "seen import"))
    assert done.stdout.splitlines()[1] == "UnpicklingError"
