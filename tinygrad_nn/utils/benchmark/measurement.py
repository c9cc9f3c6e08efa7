"""What was timed, and the seconds that it took."""

from __future__ import annotations

import dataclasses
import math
import textwrap
from collections.abc import Iterable
from typing import Any

import numpy as np

_UNITS = {"ns": ("nanosecond", 1e-9), "us": ("microsecond", 1e-6), "ms": ("millisecond", 1e-3), "s": ("second", 1.0)}
_MOST_FIGURES = 4
_LEAST_INTERVAL = 25e-9  # seconds: what no clock tells apart
_IN_CONFIDENCE = 1.645  # deviations of a mean to either side that hold it nine times out of ten
_SUSPECT, _BAD = 0.1, 0.25  # of the median: an interquartile range that is worth a warning, and a stronger one


def select_unit(t: float) -> tuple[str, float]:
    """The unit to show seconds in, and how many seconds it has.

    Example:
        >>> from tinygrad_nn.utils.benchmark import select_unit
        >>> select_unit(0.002)
        ('ms', 0.001)
    """
    power = math.floor(math.log10(t) / 3) if t > 0 else 0
    unit = {-3: "ns", -2: "us", -1: "ms"}.get(power, "s")
    return unit, _UNITS[unit][1]


def unit_to_english(u: str) -> str:
    """The name of a unit.

    Example:
        >>> from tinygrad_nn.utils.benchmark import unit_to_english
        >>> unit_to_english("us")
        'microsecond'
    """
    return _UNITS[u][0]


def trim_sigfig(x: float, n: int) -> float:
    """A number rounded to so many significant figures.

    Example:
        >>> from tinygrad_nn.utils.benchmark import trim_sigfig
        >>> trim_sigfig(3.14159, 2)
        3.1
    """
    if n != int(n):
        raise AssertionError(f"expected a whole number of significant figures, got {n}")
    if x == 0:
        return 0.0
    return float(round(x, n - math.ceil(math.log10(abs(x)))))


def ordered_unique(elements: Iterable[Any]) -> list[Any]:
    """Each element once, in the order in which they first come.

    Example:
        >>> from tinygrad_nn.utils.benchmark import ordered_unique
        >>> ordered_unique("abca")
        ['a', 'b', 'c']
    """
    return list(dict.fromkeys(elements))


@dataclasses.dataclass(frozen=True)
class TaskSpec:
    """What a `Timer` times, but for the variables.

    Source: https://docs.pytorch.org/docs/stable/benchmark_utils.html

    Example:
        >>> from tinygrad_nn.utils.benchmark import TaskSpec
        >>> TaskSpec(stmt="x + 1", setup="x = 1", label="add", sub_label="numbers").title
        'add: numbers'
    """

    stmt: str
    setup: str
    global_setup: str = ""
    label: str | None = None
    sub_label: str | None = None
    description: str | None = None
    env: str | None = None
    num_threads: int = 1

    @property
    def title(self) -> str:
        """The label, or else the statement."""
        if self.label is None and "\n" in self.stmt:
            about = f" ({self.sub_label})" if self.sub_label else ""
            return f"stmt:{about}\n{textwrap.indent(self.stmt, '  ')}"
        return (self.stmt if self.label is None else self.label) + (f": {self.sub_label}" if self.sub_label else "")

    def setup_str(self) -> str:
        """What is run before, in words; nothing, if there is nothing."""
        if self.setup in ("", "pass"):
            return ""
        return f"setup:\n{textwrap.indent(self.setup, '  ')}" if "\n" in self.setup else f"setup: {self.setup}"

    def summarize(self) -> str:
        """Title, description and setup, each on lines of its own."""
        sections = (self.title, self.description or "", self.setup_str())
        return "\n".join(f"{section}\n" if "\n" in section else section for section in sections if section)


_FIELDS = {field.name for field in dataclasses.fields(TaskSpec)}


@dataclasses.dataclass(repr=False)
class Measurement:
    """The seconds that runs of a statement took, with their median, mean and spread.

    The fields of `task_spec` are attributes, too: ``measurement.label``.

    Args:
        number_per_run: how often the statement was executed in each run.
        raw_times: the seconds of each run.
        task_spec: what was timed.
        metadata: anything; it is only kept.

    Source: https://docs.pytorch.org/docs/stable/benchmark_utils.html#torch.utils.benchmark.Measurement

    Example:
        >>> from tinygrad_nn.utils.benchmark import Measurement, TaskSpec
        >>> found = Measurement(100, [0.001, 0.002, 0.006], TaskSpec("x + 1", "pass"))
        >>> found.median, found.mean, found.stmt
        (2e-05, 3e-05, 'x + 1')
    """

    number_per_run: int
    raw_times: list[float]
    task_spec: TaskSpec
    metadata: dict[Any, Any] | None = None

    def __getattr__(self, name: str) -> Any:
        if name in _FIELDS:
            return getattr(self.task_spec, name)
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    @property
    def times(self) -> list[float]:
        """The seconds of a single execution in each run."""
        return [seconds / self.number_per_run for seconds in self.raw_times]

    def _quantile(self, share: float) -> float:
        return float(np.quantile(self.times, share)) if self.raw_times else -1.0

    @property
    def median(self) -> float:
        """The median of `times`."""
        return self._quantile(0.5)

    @property
    def mean(self) -> float:
        """The mean of `times`."""
        return float(np.mean(self.times)) if self.raw_times else -1.0

    @property
    def iqr(self) -> float:
        """The interquartile range: within it lies the middle half of `times`."""
        return self._quantile(0.75) - self._quantile(0.25)

    @property
    def significant_figures(self) -> int:
        """About how many figures of the median mean something, by the spread of the middle half; 1 to 4."""
        ordered = sorted(self.times)
        middle = ordered[len(ordered) // 4 : math.ceil(3 * len(ordered) / 4)]
        if not middle:
            return 1
        interval = max(_IN_CONFIDENCE * float(np.std(middle)) / math.sqrt(len(middle)), _LEAST_INTERVAL)
        return min(max(math.floor(math.log10(self.median / interval)), 1), _MOST_FIGURES)

    def meets_confidence(self, threshold: float = _SUSPECT) -> bool:
        """Whether the interquartile range is below this share of the median."""
        return self.iqr / self.median < threshold

    @property
    def has_warnings(self) -> bool:
        """Whether the times are spread so far that the median should not be trusted."""
        return bool(self.raw_times) and not self.meets_confidence()

    def _warning(self) -> str:
        share = self.iqr / self.median * 100
        cause = "could indicate system fluctuation"
        if not self.meets_confidence(_BAD):
            cause = "suggests significant environmental influence"
        return f"  WARNING: Interquartile range is {share:.1f}% of the median measurement.\n           This {cause}."

    @property
    def title(self) -> str:
        """That of what was timed."""
        return self.task_spec.title

    @property
    def as_row_name(self) -> str:
        """Its name in the tables of `Compare`."""
        return self.task_spec.sub_label or self.task_spec.stmt or "[Unknown]"

    def __repr__(self) -> str:
        unit, scale = select_unit(self.median)
        count, threads = len(self.raw_times), self.task_spec.num_threads
        lines = [object.__repr__(self), self.task_spec.summarize()]
        lines.append(f"  {'Median: ' if count > 1 else ''}{self.median / scale:.2f} {unit}")
        if count >= 4:
            low, high = self._quantile(0.25) / scale, self._quantile(0.75) / scale
            lines.append(f"  IQR:    {self.iqr / scale:.2f} {unit} ({low:.2f} to {high:.2f})")
        runs = f"{count} measurement{'s' if count > 1 else ''}, {self.number_per_run} runs"
        per = " per measurement," if count > 1 else " ,"
        lines.append(f"  {runs}{per} {threads} thread{'s' if threads > 1 else ''}")
        if self.has_warnings:
            lines.append(self._warning())
        return "\n".join(lines)

    @staticmethod
    def merge(measurements: Iterable[Measurement]) -> list[Measurement]:
        """One measurement for all of the same task, with the times of single executions.

        Example:
            >>> from tinygrad_nn.utils.benchmark import Measurement, TaskSpec
            >>> task = TaskSpec("x + 1", "pass")
            >>> [merged] = Measurement.merge([Measurement(1, [2.0], task), Measurement(2, [2.0], task)])
            >>> merged.raw_times
            [2.0, 1.0]
        """
        times: dict[TaskSpec, list[float]] = {}
        for measurement in measurements:
            times.setdefault(measurement.task_spec, []).extend(measurement.times)
        return [Measurement(1, found, task) for task, found in times.items()]
