"""Fail where this package has become a fifth slower than it was, beside hand-written NumPy.

    python benchmarks/guard.py            # compare with guard.json: within 40 seconds
    python benchmarks/guard.py --write    # after a change that is meant to shift them: measure the ratios anew

Times differ from machine to machine, and ratios to NumPy much less. Both run in turns, in one process and on one
thread; the clock counts what the processor spends on this process; of each the least sample counts, as others can only
add to it. A case that is over its bound is measured again, several times and after a pause: noise goes away, a slower
program stays slower. The bound lies above the ratio that was written down, but below a fifth more.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FILE = ROOT / "benchmarks" / "guard.json"
CASES = (
    "xor", "mlp/digits", "mlp/b32/adam", "mlp/b1024/sgd", "op/mul_tensor", "op/exp_log", "optim/adam", "optim/sgd",
    "inference/b1", "formulas/gaussian", "cnn/lenet", "char/rnn",
)  # fmt: skip
SLACK = 1.18  # machines differ by some per cent; a fifth more is over it
ROUNDS, SECONDS = 25, 0.004
RETRIES, PAUSE = 6, 0.3
BUDGET = 40.0  # seconds, after which nothing is measured again

Measure = Callable[[str], float]


def measured(name: str) -> float:
    """The ratio of the least times of a case: this package's to that of NumPy by hand."""
    from benchmarks.cases import REGISTRY
    from benchmarks.harness import OURS, Job, Peers, Settings

    case = REGISTRY[name]
    settings = Settings(seconds=SECONDS, clock=time.process_time)
    peers = Peers(settings)
    jobs: list[Job] = [case.contenders[key](peers.find(key), settings) for key in (OURS, "numpy")]
    least = [job.sample() for job in jobs]
    gc.collect()
    gc.disable()  # or the cost would depend on what other cases have left
    try:
        for _ in range(ROUNDS):
            least = [min(best, job.sample()) for best, job in zip(least, jobs, strict=True)]
    finally:
        gc.enable()
    return least[0] / least[1]


def check(
    expected: Mapping[str, float],
    measure: Measure = measured,
    *,
    pause: float = PAUSE,
    budget: float = BUDGET,
    say: Callable[[str], object] = print,
) -> list[str]:
    """The cases that are over their bound however often they are measured.

    Args:
        expected: the ratio of each case as it was.
        measure: gives the ratio of a case as it is.
        pause: seconds before a case is measured again.
        budget: seconds after which none is measured again.
        say: told of every case.
    """
    started = time.perf_counter()
    found = {name: measure(name) for name in expected}
    for attempt in range(RETRIES):
        over = [name for name in expected if found[name] > SLACK * expected[name]]
        if not over or time.perf_counter() - started > budget:
            break
        time.sleep(pause * attempt)
        for name in over:
            found[name] = min(found[name], measure(name))
    slower = []
    for name, was in expected.items():
        bound = SLACK * was
        say(f"{name:20} {found[name]:6.2f} of NumPy by hand; was {was:.2f}, bound {bound:.2f}")
        if found[name] > bound:
            slower.append(name)
    return slower


def write(path: Path = FILE) -> None:
    """Measure all ratios, each several times, and keep the middle ones."""
    tries = [{name: measured(name) for name in CASES} for _ in range(5)]
    middle = {name: round(sorted(each[name] for each in tries)[2], 3) for name in CASES}
    path.write_text(json.dumps(middle, indent=1) + "\n", encoding="utf-8")


def main() -> int:
    """The program."""
    parser = argparse.ArgumentParser(description="Is this package as fast beside NumPy by hand as it was?")
    parser.add_argument("--write", action="store_true", help="write the ratios down as they are now")
    options = parser.parse_args()
    if options.write:
        write()
        return 0
    slower = check(json.loads(FILE.read_text(encoding="utf-8")))
    if slower:
        print(f"slower than before: {', '.join(slower)}", file=sys.stderr)
    return 1 if slower else 0


if __name__ == "__main__":
    sys.path[0] = str(ROOT)
    from benchmarks.run import hold_threads

    os.environ.pop("TINYGRAD_NN_KEEP_MEMORY", None)
    hold_threads(1)
    sys.exit(main())
