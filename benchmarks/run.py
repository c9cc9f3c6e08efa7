"""Time this package beside PyTorch, hand-written NumPy and other autograds: in one process, in turns.

The cases that matter most, in under a minute; two groups; what a pattern stands for; everything, with everybody:

    python benchmarks/run.py --quick
    python benchmarks/run.py mlp xor
    python benchmarks/run.py "mlp/*/adam" --threads 2 --markdown --json results.json
    python benchmarks/run.py --full --targets
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # what imports NumPy comes after the threads have been set
    from benchmarks.harness import Case, Peers, Result, Settings

ROOT = Path(__file__).resolve().parent.parent
CLOCKS = {"wall": time.perf_counter, "process": time.process_time}
# What shows most in the least time, and how many samples of what length are then enough.
QUICK_CASES = (
    "xor", "mlp/b1/sgd", "mlp/b32/sgd", "mlp/b32/adam", "mlp/b128/adam", "mlp/b1024/adam", "mlp/digits", "cnn/lenet",
    "char/rnn", "char/lstm", "char/gpt", "words", "formulas/focal", "graph/*", "op/mul_tensor", "op/exp_log",
    "optim/adam", "optim/sgd", "inference", "loader/memory",
)  # fmt: skip
QUICK_ROUNDS, QUICK_SECONDS = 7, 0.01
# Contenders that take long to begin; `--full` or their names ask for them.
SLOW = ("torch compile", "jax", "tinygrad", "tinygrad jit")
_POOLS = (
    "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS", "NUMBA_NUM_THREADS",
    "NUM_CPU_THREADS",
)  # fmt: skip


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description="Time tinygrad_nn beside its peers, in one process and in turns.")
    parser.add_argument("names", nargs="*", help="cases, groups or patterns (all)")
    parser.add_argument("--list", action="store_true", help="show the cases, and run none")
    parser.add_argument("--threads", type=int, default=1, help="threads of every library (1); 0: its own default")
    parser.add_argument("--repeat", type=int, help="samples of each contender (the case's own number)")
    parser.add_argument("--seconds", type=float, help="least length of a sample (0.02)")
    parser.add_argument("--contenders", help="only these, with commas between: tinygrad_nn,torch")
    parser.add_argument("--data", type=Path, help="folder of MNIST's IDX files, instead of made-up digits")
    parser.add_argument("--quick", action="store_true", help="the cases that matter most, in under a minute")
    parser.add_argument("--full", action="store_true", help=f"also the contenders that begin slowly: {', '.join(SLOW)}")
    parser.add_argument("--tiny", action="store_true", help="small sizes: to see that it runs, not how fast")
    parser.add_argument("--clock", choices=CLOCKS, default="wall", help="process: time of the CPU, on a busy machine")
    parser.add_argument("--targets", action="store_true", help="end with what was aimed at, and whether it is reached")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write everything there, in seconds")
    parser.add_argument("--read", type=Path, nargs="+", metavar="FILE", help="run nothing: show these JSON files")
    parser.add_argument("--markdown", action="store_true", help="end with a Markdown table of medians")
    options = parser.parse_args(arguments)
    if options.threads < 0 or (options.repeat is not None and options.repeat < 1):
        parser.error("--threads: expected at least 0; --repeat: at least 1")
    if options.data is not None and not options.data.is_dir():
        parser.error(f"--data: {options.data} is no folder")
    return options


def hold_threads(threads: int) -> None:
    """Set the number of threads, before any library that reads it has been loaded. 0: let each have its own."""
    if not threads:
        return
    wanted = dict.fromkeys(_POOLS, str(threads))
    if all(os.environ.get(name) == value for name, value in wanted.items()):
        return
    os.environ.update(wanted)
    if "numpy" in sys.modules:  # too late for this process
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])


def hold_loaded_pools(threads: int) -> None:
    """Set the number of threads in libraries that are loaded already, if threadpoolctl is there to do so."""
    if not threads:
        return
    try:
        importlib.import_module("threadpoolctl").threadpool_limits(threads)
    except ImportError:
        return


def run(options: argparse.Namespace) -> int:
    """Run the cases that were asked for, and print what came out. Returns the exit status."""
    from benchmarks import harness, report
    from benchmarks.cases import REGISTRY, select

    if options.list:
        print("\n".join(f"{name:24} {case.about}" for name, case in REGISTRY.items()))
        return 0
    if options.read:
        files = [json.loads(path.read_text(encoding="utf-8")) for path in options.read]
        show(report.from_data(files, REGISTRY), options)
        return 0
    names, rounds, seconds = options.names, options.repeat, options.seconds
    if options.quick:
        names, rounds = names or QUICK_CASES, rounds or QUICK_ROUNDS
        seconds = QUICK_SECONDS if seconds is None else seconds
    try:
        cases = select(names)
    except KeyError as error:
        print(error.args[0], file=sys.stderr)
        return 2
    clock = CLOCKS[options.clock]
    seconds = 0.02 if seconds is None else seconds
    settings = harness.Settings(options.threads, rounds, seconds, options.tiny, options.data, clock)
    chosen = options.contenders.split(",") if options.contenders else None
    peers = harness.Peers(settings, chosen, () if options.full or chosen else SLOW)
    results, failures = measure_all(cases, settings, peers)
    summarise(results, settings, peers, options)
    for failure in failures:
        print(f"\nFAILED {failure}", file=sys.stderr)
    return 1 if failures else 0


def measure_all(cases: Sequence[Case], settings: Settings, peers: Peers) -> tuple[list[Result], list[str]]:
    """Measure one case after the other, and print each as it comes. A case that fails does not stop the others."""
    from benchmarks import harness, report

    results: list[Result] = []
    failures = []
    for case in cases:
        for name in case.contenders:
            peers.find(name)
        hold_loaded_pools(settings.threads)
        try:
            results.append(harness.measure(case, settings, peers))
        except harness.DisagreementError as error:
            failures.append(str(error))
            print(f"FAILED {error}\n", flush=True)
        else:
            print(report.text(results[-1]) + "\n", flush=True)
    return results, failures


def summarise(results: Sequence[Result], settings: Settings, peers: Peers, options: argparse.Namespace) -> None:
    """Print the machine and, if asked for, the table; write the JSON file."""
    from benchmarks import report

    facts = report.machine(settings, peers)
    print(report.head(facts))
    show(results, options)
    if options.json:
        options.json.write_text(json.dumps(report.as_data(facts, results), indent=1) + "\n", encoding="utf-8")


def show(results: Sequence[Result], options: argparse.Namespace) -> None:
    """Print the tables that were asked for."""
    from benchmarks import report, targets

    if options.markdown:
        print("\n" + report.markdown(results))
    if options.targets:
        print("\n" + targets.table(results))


def main(arguments: Sequence[str] | None = None) -> int:
    """The program."""
    options = parse(arguments)
    hold_threads(options.threads)
    if str(ROOT) not in sys.path:
        sys.path.insert(0, str(ROOT))
    return run(options)


if __name__ == "__main__":
    sys.path[0] = str(ROOT)  # not this folder: its modules are benchmarks.harness and so on
    sys.exit(main())
