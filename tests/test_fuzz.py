"""Files changed at random, from a seed, and those that the fuzzer has found: a clear error or an answer, and no more.

`tests/fuzz/run.py` goes further, guided by coverage.
"""

from __future__ import annotations

import io
import os
import random
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
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


# --- right answers: what is read is what others read -----------------------------------------------------------------


def both(name: str, theirs: Any, seed: int) -> list[tuple[Any, Any]]:
    """What both make of changed files; errors as None."""
    target, draw, found = targets.TARGETS[name], random.Random(f"{name} {seed}"), []
    seeds = target.seeds()
    for _ in range(COUNT):
        data = bytearray(draw.choice(seeds))
        for _ in range(draw.randrange(3)):  # few enough that many are read
            data[draw.randrange(len(data))] ^= 1 << draw.randrange(8)
        ours = targets.run(target, bytes(data))
        try:
            other = theirs(bytes(data))
        except Exception:  # of any kind: it is theirs
            other = None
        found.append((None if isinstance(ours, Exception) else ours, other))
    return found


def same(a: Any, b: Any) -> bool:
    """Equal in numbers, whichever package they are of."""
    if isinstance(a, dict):
        values = zip(a.values(), b.values(), strict=True)
        return list(map(repr, a)) == list(map(repr, b)) and all(same(x, y) for x, y in values)
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(same(x, y) for x, y in zip(a, b, strict=True))
    if hasattr(a, "detach"):
        b = b.detach().resolve_conj()
        x, y = a.detach().numpy(), (b.float() if "bfloat16" in str(b.dtype) else b).numpy()
        return x.dtype == y.dtype and x.shape == y.shape and np.array_equal(x, y, equal_nan=x.dtype.kind in "fc")
    return repr(a) == repr(b) or not isinstance(a, int | float | str | bytes)


def test_numpy_reads_the_same() -> None:
    def numpy_reads(data: bytes) -> Any:
        with np.load(io.BytesIO(data), allow_pickle=False) as read:
            return {name: read[name] for name in read.files}

    read = 0
    for ours, theirs in both("npz", numpy_reads, 1):
        if ours is None:
            continue
        assert theirs is not None
        for name, tensor in ours.items():
            expected = theirs[name].astype(bool) if theirs[name].dtype == bool else theirs[name]
            np.testing.assert_array_equal(tensor.numpy(), expected)
        read += 1
    assert read > COUNT / 10


def test_live_safetensors_reads_the_same() -> None:
    pytest.importorskip("torch")
    package = pytest.importorskip("safetensors.torch")
    read = 0
    for ours, theirs in both("safetensors", package.load, 1):
        if ours is not None:
            assert theirs is not None
            assert set(ours) == set(theirs)
            for name in ours:
                if "bool" not in str(ours[name].dtype):  # whose bytes may be any there
                    assert same(ours[name], theirs[name]), name
            read += 1
    assert read > COUNT / 10


@pytest.mark.parametrize("name", ["pt", "pt_pickle", "pt_legacy"])
def test_live_pytorch_reads_the_same(name: str) -> None:
    torch = pytest.importorskip("torch")

    def pytorch_reads(data: bytes) -> Any:
        file = io.BytesIO(data)
        if name == "pt_pickle":
            file = targets.archived(data)
        return torch.load(file, weights_only=True)

    read = 0
    for ours, theirs in both(name, pytorch_reads, 1):
        if ours is not None and theirs is not None:
            assert same(ours, theirs)
            read += 1
    assert read > COUNT / 20
