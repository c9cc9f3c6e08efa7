"""What a case is, and how its contenders are timed: in one process, in turns, after their answers were compared."""

from __future__ import annotations

import gc
import importlib
import importlib.metadata
import math
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

OURS = "tinygrad_nn"
REFERENCE = "torch"  # ratios are to PyTorch eager, where it is installed


class DisagreementError(Exception):
    """Two contenders do not compute the same thing, so their times must not be compared."""


@dataclass(frozen=True)
class Settings:
    """How a run was asked for."""

    threads: int = 1  # 0: each library's own number
    rounds: int | None = None  # None: the case's own number
    seconds: float = 0.02  # the least length of one sample
    tiny: bool = False  # sizes cut down to what keeps the cases alive in a test
    data: Path | None = None  # a folder of MNIST's IDX files, instead of made-up digits
    clock: Callable[[], float] = time.perf_counter


@dataclass(frozen=True)
class Job:
    """One contender, made and ready.

    Args:
        sample: runs it once and returns the seconds that one unit of work took.
        answers: numbers that must be the same for every contender of the case; read before anything is timed.
    """

    sample: Callable[[], float]
    answers: Callable[[], Sequence[float]] | None = None


# Given the contender's imported module; for the same lines in two packages, it is the same function.
Contender = Callable[[Any, Settings], Job]


@dataclass(frozen=True)
class Case:
    """Something to be measured, and who takes part.

    Args:
        name: how it is asked for, ``group/detail``.
        about: one line for the report.
        contenders: the name of a module that may or may not be installed, and what makes its job. More words tell two
            contenders of one module apart: "torch fused".
        unit: us, ms or s; MB or faults, for what is no time.
        rounds: how many samples are taken of each contender.
        tolerance: by how much answers may differ, relative to the largest of them.
        reference: whom the others are compared with.
    """

    name: str
    about: str
    contenders: Mapping[str, Contender]
    unit: str = "us"
    rounds: int = 30
    tolerance: float = 1e-4
    reference: str = REFERENCE


@dataclass
class Result:
    """The seconds that each contender took in each round, and why some did not take part."""

    case: Case
    samples: dict[str, list[float]] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)

    def median(self, name: str) -> float:
        """The median of a contender's samples, in seconds."""
        return statistics.median(self.samples[name])

    def least(self, name: str) -> float:
        """The least of a contender's samples: what it takes when nothing else runs."""
        return min(self.samples[name])

    def ratios(self, name: str, reference: str | None = None) -> list[float]:
        """The rounds' ratios to PyTorch, or to another reference, in order; none where it is missing or takes nothing.

        Within a round both ran shortly after one another, so what slows the machine down for a while drops out.
        """
        pairs = zip(self.samples[name], self.samples.get(reference or self.case.reference, ()), strict=False)
        return sorted(ours / theirs for ours, theirs in pairs if theirs > 0)

    def ratio(self, name: str, reference: str | None = None) -> float | None:
        """The median of the rounds' ratios; None without a reference."""
        found = self.ratios(name, reference)
        return statistics.median(found) if found else None

    def spread(self, name: str) -> tuple[float, float] | None:
        """The quartiles of the rounds' ratios: half of the rounds lie between them."""
        found = self.ratios(name)
        if len(found) < 2:
            return (found[0], found[0]) if found else None
        low, _, high = statistics.quantiles(found, n=4, method="inclusive")
        return low, high

    def least_ratio(self, name: str) -> float | None:
        """The ratio of the least samples."""
        reference = self.case.reference
        if reference not in self.samples or not self.least(reference):
            return None
        return self.least(name) / self.least(reference)


class Timed:
    """A sample of a function: as many calls as fill the time, divided by their number.

    The first sample finds that number out, and is also the warm-up.

    Args:
        function: called without arguments.
        settings: for the least length of a sample.
        units: how many units of work one call does.
    """

    def __init__(self, function: Callable[[], Any], settings: Settings, units: int = 1) -> None:
        self.function = function
        self.seconds = settings.seconds
        self.units = units
        self.clock = settings.clock
        self.calls = 0

    def __call__(self) -> float:
        if not self.calls:
            self._run(1)
            self.calls = max(1, math.ceil(self.seconds / max(self._run(3) / 3, 1e-7)))
        return self._run(self.calls) / (self.calls * self.units)

    def _run(self, calls: int) -> float:
        function, clock = self.function, self.clock
        started = clock()
        for _ in range(calls):
            function()
        return clock() - started


class Peers:
    """The contenders' modules, imported when a case asks for them.

    Args:
        settings: for the number of threads.
        chosen: only these contenders.
        left_out: not these.
    """

    def __init__(
        self, settings: Settings, chosen: Sequence[str] | None = None, left_out: Sequence[str] = ()
    ) -> None:
        self.settings = settings
        self.chosen = chosen
        self.left_out = left_out
        self._modules: dict[str, Any] = {}
        self._reasons: dict[str, str] = {}

    def find(self, name: str) -> Any | None:
        """The module, or None; `reason` then tells why."""
        if name not in self._modules:
            self._modules[name] = self._load(name)
        return self._modules[name]

    def reason(self, name: str) -> str:
        """Why there is no such module here."""
        return self._reasons.get(name, "")

    def _load(self, name: str) -> Any | None:
        module_name = name.partition(" ")[0]
        if name in self.left_out or (self.chosen is not None and name not in self.chosen):
            self._reasons[name] = "not chosen"
            return None
        try:
            module = importlib.import_module(module_name)
        except Exception as error:  # some break with a newer NumPy in ways of their own
            if name == OURS:
                raise
            self._reasons[name] = "not installed" if isinstance(error, ModuleNotFoundError) else f"fails: {error}"
            return None
        if module_name == REFERENCE and self.settings.threads:
            module.set_num_threads(self.settings.threads)
        return module

    def versions(self) -> dict[str, str]:
        """The version of everything that has been imported here."""
        found = {name: module for name, module in self._modules.items() if module is not None and " " not in name}
        return {name: _version(name, module) for name, module in found.items()}


def _version(name: str, module: Any) -> str:
    try:
        return str(getattr(module, "__version__", None) or importlib.metadata.version(name))
    except importlib.metadata.PackageNotFoundError:
        return "(of this folder)"


def prepare(case: Case, settings: Settings, peers: Peers, result: Result) -> dict[str, Job]:
    """Make the contenders, and hold their answers together. The result learns who does not take part.

    Raises:
        DisagreementError: their answers differ.
    """
    jobs = _make(case, settings, peers, result)
    _compare(case, _answers(jobs, result))
    return jobs


def measure(case: Case, settings: Settings, peers: Peers) -> Result:
    """Make the contenders, hold their answers together, and time them in turns.

    Raises:
        DisagreementError: their answers differ.
    """
    result = Result(case)
    jobs = prepare(case, settings, peers, result)
    for job in jobs.values():
        job.sample()
    result.samples = {name: [] for name in jobs}
    # What was made so far is not looked through again when Python collects garbage: five frameworks are loaded here,
    # and each would pay for the others'.
    gc.collect()
    gc.freeze()
    try:
        for number in range(settings.rounds or case.rounds):
            _round(jobs, number, result)
    finally:
        gc.unfreeze()
    return result


def _round(jobs: dict[str, Job], number: int, result: Result) -> None:
    """A sample of each contender, in an order in which nobody always runs after the same one."""
    names = list(jobs)
    shift = number % len(names)
    for name in names[shift:] + names[:shift]:
        gc.collect()  # or it would be done, for the one before, in this one's time
        result.samples[name].append(jobs[name].sample())


def _make(case: Case, settings: Settings, peers: Peers, result: Result) -> dict[str, Job]:
    jobs: dict[str, Job] = {}
    for name, make in case.contenders.items():
        module = peers.find(name)
        if module is None:
            result.missing[name] = peers.reason(name)
            continue
        try:
            jobs[name] = make(module, settings)
        except Exception as error:
            if name == OURS:
                raise
            result.missing[name] = f"fails: {error!r}"
    return jobs


def _answers(jobs: dict[str, Job], result: Result) -> dict[str, Sequence[float]]:
    """Every contender's answers. A peer that breaks drops out; this package must not."""
    found: dict[str, Sequence[float]] = {}
    for name, job in list(jobs.items()):
        if job.answers is None:
            continue
        try:
            found[name] = job.answers()
        except Exception as error:
            if name == OURS:
                raise
            result.missing[name] = f"fails: {error!r}"
            del jobs[name]
    return found


def _compare(case: Case, answers: dict[str, Sequence[float]]) -> None:
    if not answers:
        return
    expected_name = case.reference if case.reference in answers else next(iter(answers))
    expected = answers[expected_name]
    scale = max(map(abs, expected))
    for name, got in answers.items():
        bound = case.tolerance * scale
        same = len(got) == len(expected)
        if not same or not all(abs(a - b) <= bound for a, b in zip(got, expected, strict=True)):  # nan is not the same
            raise DisagreementError(
                f"{case.name}: {name} and {expected_name} do not compute the same:\n  {list(got)}\n  {list(expected)}\n"
                f"They may differ by {case.tolerance:g} of the largest. Nothing was timed."
            )
