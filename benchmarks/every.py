"""Time nearly every operation beside PyTorch: on few, some and many numbers, forward and, where there is one, backward.

    python benchmarks/every.py                        # 392 operations of three sizes: 7 minutes
    python benchmarks/every.py "cumsum*" layers       # patterns, and whole families
    python benchmarks/every.py --sizes few,some --bound 1.2
    python benchmarks/every.py --markdown             # end with a table

A line for each operation: at each size the ratio of the times, and in brackets both in microseconds. At the end stand
the geometric means, and what takes more than the bound times PyTorch's time. The tables of operations are in
`operations/`. What is kept of a run is in docs/performance.md.
"""

from __future__ import annotations

import argparse
import fnmatch
import statistics
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).resolve().parent.parent
if __name__ == "__main__":
    sys.path[0] = str(ROOT)  # not this folder: its modules are benchmarks.harness and so on

from benchmarks.run import CLOCKS, hold_loaded_pools, hold_threads  # noqa: E402  (imports no NumPy)

if TYPE_CHECKING:
    from benchmarks.harness import Case, Contender, Job, Peers, Result, Settings
    from benchmarks.operations.inputs import Operation

ROUNDS, SECONDS = 7, 0.004
SIZES = ("few", "some", "many")


def contender(operation: Operation, size: int) -> Contender:
    """An operation in PyTorch or in this package, with the backward pass from a gradient of normal numbers."""

    def make(torch: Any, settings: Settings) -> Job:
        import numpy as np

        from benchmarks.harness import Job, Timed

        rng = np.random.default_rng(0)
        tensors = [torch.from_numpy(made(rng, 0 if settings.tiny else size)) for made in operation.inputs]
        leaves = [tensor.requires_grad_() for tensor in tensors if tensor.is_floating_point()]
        function, arguments = operation.function, (torch, *tensors)

        def call() -> Any:
            torch.manual_seed(0)
            return function(*arguments)

        out = call()
        backward = out.requires_grad
        gradient = torch.from_numpy(rng.standard_normal(tuple(out.shape))).to(out.dtype) if backward else None

        def both() -> None:
            for leaf in leaves:
                leaf.grad = None
            function(*arguments).backward(gradient)

        def answers() -> list[float]:
            found = [call().detach()]
            if backward:
                torch.manual_seed(0)
                both()
                found += [leaf.grad for leaf in leaves if leaf.grad is not None]
            return [float(value) for part in found for value in part.reshape(-1)[:: max(1, part.numel() // 50)]]

        return Job(Timed(both if backward else lambda: function(*arguments), settings), answers)

    return make


def make_case(name: str, operation: Operation, size: int) -> Case:
    """One operation at one size."""
    from benchmarks.harness import Case

    same = contender(operation, size)
    contenders = {"tinygrad_nn": same, "torch": same}
    return Case(f"{name} ({SIZES[size]})", name, contenders, rounds=ROUNDS, tolerance=operation.tolerance)


def select(wanted: Sequence[str]) -> dict[str, Operation]:
    """The operations of families or patterns; all of them, if nothing is wanted.

    Raises:
        KeyError: a name stands for nothing.
    """
    from benchmarks.operations import FAMILIES

    every = {name: operation for family in FAMILIES.values() for name, operation in family.items()}
    chosen: dict[str, Operation] = {} if wanted else every
    for name in wanted:
        found = FAMILIES.get(name) or {key: every[key] for key in every if fnmatch.fnmatch(key, name)}
        if not found:
            raise KeyError(f"no operation is called {name!r}; families are {', '.join(FAMILIES)}")
        chosen.update(found)
    return chosen


def line(name: str, results: Sequence[Result], peers: Sequence[str] = ("tinygrad_nn", "torch")) -> str:
    """An operation's ratios and times."""
    cells = []
    for result in results:
        times = " / ".join(f"{result.median(peer) * 1e6:.1f}" for peer in peers if peer in result.samples)
        ratio = result.ratio("tinygrad_nn")
        cells.append(f"{'' if ratio is None else f'{ratio:.2f}'} ({times})")
    return f"{name:34}" + "".join(f"{cell:32}" for cell in cells)


def summary(found: dict[str, list[Result]], sizes: Sequence[int], bound: float) -> str:
    """The geometric means of each size, and what is over the bound."""
    lines, over = [], []
    for place, size in enumerate(sizes):
        measured = [(results[place].ratio("tinygrad_nn"), results[place].case.name) for results in found.values()]
        ratios = [ratio for ratio, _ in measured if ratio is not None]
        if ratios:
            lines.append(f"{SIZES[size]}: {statistics.geometric_mean(ratios):.2f} in the mean of {len(ratios)}")
        over += [f"  {ratio:5.2f} {name}" for ratio, name in measured if ratio is not None and ratio > bound]
    return "\n".join([*lines, f"over {bound:g}: {len(over)}", *sorted(over, reverse=True)])


def markdown(found: dict[str, list[Result]], sizes: Sequence[int]) -> str:
    """A table of the ratios."""
    rows = [f"| operation | {' | '.join(SIZES[size] for size in sizes)} |", "|---|" + "---:|" * len(sizes)]
    for name, results in found.items():
        ratios = [result.ratio("tinygrad_nn") for result in results]
        rows.append(f"| {name} | {' | '.join('–' if ratio is None else f'{ratio:.2f}' for ratio in ratios)} |")
    return "\n".join(rows)


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description="Time nearly every operation beside PyTorch.")
    parser.add_argument("names", nargs="*", help="families or patterns (all)")
    parser.add_argument("--sizes", default=",".join(SIZES), help="which of few, some, many")
    parser.add_argument("--bound", type=float, default=1.5, help="what to list at the end: ratios above it (1.5)")
    parser.add_argument("--repeat", type=int, default=ROUNDS, help=f"samples of each ({ROUNDS})")
    parser.add_argument("--clock", choices=CLOCKS, default="wall", help="process: time of the CPU, on a busy machine")
    parser.add_argument("--tiny", action="store_true", help="few numbers for every size: to see that it runs")
    parser.add_argument("--markdown", action="store_true", help="end with a table")
    options = parser.parse_args(arguments)
    if not options.sizes or any(size not in SIZES for size in options.sizes.split(",")):
        parser.error(f"--sizes: expected some of {', '.join(SIZES)}, got {options.sizes!r}")
    if options.repeat < 1:
        parser.error("--repeat: expected at least 1")
    return options


def main(arguments: Sequence[str] | None = None) -> int:
    """The program. Returns the exit status: 1 where results differ from PyTorch's."""
    options = parse(arguments)
    hold_threads(1)
    from benchmarks import harness

    try:
        chosen = select(options.names)
    except KeyError as error:
        print(error.args[0], file=sys.stderr)
        return 2
    settings = harness.Settings(1, options.repeat, SECONDS, options.tiny, None, CLOCKS[options.clock])
    peers = harness.Peers(settings)
    for name in ("tinygrad_nn", "torch"):
        peers.find(name)
    hold_loaded_pools(1)
    sizes = [SIZES.index(size) for size in options.sizes.split(",")]
    found, failures = measure_all(chosen, sizes, settings, peers)
    print("\n" + summary(found, sizes, options.bound))
    if options.markdown:
        print("\n" + markdown(found, sizes))
    for failure in failures:
        print(f"\nFAILED {failure}", file=sys.stderr)
    return 1 if failures else 0


def measure_all(
    chosen: dict[str, Operation], sizes: Sequence[int], settings: Settings, peers: Peers
) -> tuple[dict[str, list[Result]], list[str]]:
    """Measure one operation after the other, and print each as it comes; and those whose results differ."""
    from benchmarks import harness

    found, failures = {}, []
    for name, operation in chosen.items():
        try:
            found[name] = [harness.measure(make_case(name, operation, size), settings, peers) for size in sizes]
        except harness.DisagreementError as error:
            failures.append(str(error))
            print(f"FAILED {error}", flush=True)
        else:
            print(line(name, found[name]), flush=True)
    return found, failures


if __name__ == "__main__":
    sys.exit(main())
