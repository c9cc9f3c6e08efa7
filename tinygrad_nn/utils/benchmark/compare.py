"""A table of measurements, side by side."""

from __future__ import annotations

import enum
import math
from collections.abc import Iterable, Sequence

from .measurement import Measurement, ordered_unique, select_unit, trim_sigfig, unit_to_english

_BEST, _GOOD, _BAD, _WORST, _BOLD, _END = "\033[92m", "\033[34m", "\033[2m\033[91m", "\033[31m", "\033[1m", "\033[0m"
_SAME = 100e-9  # seconds
Row = list[Measurement | None]


class Colorize(enum.Enum):
    """What the best is looked for in."""

    NONE = "none"
    COLUMNWISE = "columnwise"
    ROWWISE = "rowwise"


def _colored(text: str, value: float, best: float) -> str:
    if value <= best * 1.01 or value <= best + _SAME:
        return f"{_BEST}{_BOLD}{text}{_END}{_END}"
    if value <= best * 1.1:
        return f"{_GOOD}{_BOLD}{text}{_END}{_END}"
    if value >= best * 5:
        return f"{_WORST}{_BOLD}{text}{_END}{_END}"
    return f"{_BAD}{text}{_END}{_END}" if value >= best * 2 else text


class Compare:
    """A table of many measurements: a row for each `sub_label` and number of threads, a column for each `description`.

    Measurements with other labels are other tables.

    Args:
        results: the measurements.

    Raises:
        ValueError: one of them is something else.

    Source: https://docs.pytorch.org/docs/stable/benchmark_utils.html#torch.utils.benchmark.Compare

    Example:
        >>> from tinygrad_nn.utils.benchmark import Compare, Measurement, TaskSpec
        >>> def measured(size, way, seconds):
        ...     return Measurement(1, [seconds], TaskSpec("", "", label="add", sub_label=size, description=way))
        >>> table = Compare([measured("few", "eager", 2e-6), measured("few", "fused", 1e-6)])
        >>> print(table)  # doctest: +NORMALIZE_WHITESPACE
        [----------- add -----------]
                   |  eager  |  fused
        1 threads: ------------------
              few  |   2.0   |   1.0
        <BLANKLINE>
        Times are in microseconds (us).
        <BLANKLINE>
    """

    def __init__(self, results: Iterable[Measurement]) -> None:
        self._results: list[Measurement] = []
        self._trims = self._highlights = False
        self._colors = Colorize.NONE
        self.extend_results(results)

    def extend_results(self, results: Iterable[Measurement]) -> None:
        """Add measurements.

        Raises:
            ValueError: one of them is something else.
        """
        added = list(results)
        for result in added:
            if not isinstance(result, Measurement):
                raise ValueError(f"Expected an instance of `Measurement`, got {type(result)} instead.")
        self._results += added

    def trim_significant_figures(self) -> None:
        """Show only the figures that mean something."""
        self._trims = True

    def colorize(self, rowwise: bool = False) -> None:
        """Show the best of each column, or row, in green, and what takes twice or five times as long in red."""
        self._colors = Colorize.ROWWISE if rowwise else Colorize.COLUMNWISE

    def highlight_warnings(self) -> None:
        """Show where times are spread far."""
        self._highlights = True

    def print(self) -> None:
        """Print the tables."""
        print(self)

    def __str__(self) -> str:
        tables: dict[str | None, list[Measurement]] = {}
        for result in Measurement.merge(self._results):
            tables.setdefault(result.task_spec.label, []).append(result)
        return "\n".join(self._table(results) for results in tables.values())

    def _table(self, results: Sequence[Measurement]) -> str:
        unit, scale = select_unit(min(result.median for result in results))
        columns = ordered_unique(result.task_spec.description for result in results)
        keys = ordered_unique(_row(result) for result in results)
        keys.sort(key=lambda key: (key[0], key[1] or ""))  # by threads and environment; else as they came
        placed = {(_row(result), result.task_spec.description): result for result in results}
        rows: list[Row] = [[placed.get((key, column)) for column in columns] for key in keys]
        cells = [_Column([row[i] for row in rows], scale, self._trims, self._highlights) for i in range(len(columns))]
        heads = ["", *[column or "" for column in columns]]
        names = self._names(keys)
        texts = [[name, *[cell.text(result) for cell, result in zip(cells, row, strict=True)]]
                 for name, row in zip(names, rows, strict=True)]  # fmt: skip
        widths = [max(map(len, parts)) for parts in zip(heads, *texts, strict=True)]
        lines = ["  |  ".join(head.center(width) for head, width in zip(heads, widths, strict=True))]
        across = len(lines[0])
        for number, (key, row, text) in enumerate(zip(keys, rows, texts, strict=True)):
            if number == 0 or key[0] != keys[number - 1][0]:
                lines.append(f"{key[0]} threads: ".ljust(across, "-"))
                group = [other for other, other_key in zip(rows, keys, strict=True) if other_key[0] == key[0]]
            shown = [part.center(width) for part, width in zip(text[1:], widths[1:], strict=True)]
            lines.append("  |  ".join([text[0].ljust(widths[0]), *self._in_colors(shown, row, group)]))
        spread = self._highlights and any(result.has_warnings for result in results)
        note = "(! XX%) Measurement has high variance, where XX is the IQR / median * 100.\n" if spread else ""
        title = f" {results[0].task_spec.label or ''} ".center(across - 2, "-")
        body = "\n".join(lines)
        return f"[{title}]\n{body}\n\nTimes are in {unit_to_english(unit)}s ({unit}).\n{note}"

    def _names(self, keys: Sequence[tuple[int, str | None, str]]) -> list[str]:
        """The rows' names, the environment before them where it changes, if there are several."""
        environments = {key[1] for key in keys}
        if len(environments) == 1:
            return [f"      {key[2]}" for key in keys]
        width = max(len(_environment(one)) for one in environments) + 4
        names = []
        for number, key in enumerate(keys):
            same = number > 0 and key[:2] == keys[number - 1][:2]
            names.append("  " + ("" if same else f"({_environment(key[1])})").ljust(width) + key[2])
        return names

    def _in_colors(self, texts: list[str], row: Row, group: Sequence[Row]) -> list[str]:
        if self._colors is Colorize.NONE:
            return texts
        colored = []
        for number, (text, result) in enumerate(zip(texts, row, strict=True)):
            among = row if self._colors is Colorize.ROWWISE else [other[number] for other in group]
            best = min((other.median for other in among if other is not None), default=0.0)
            colored.append(text if result is None else _colored(text, result.median, best))
        return colored


class _Column:
    """How the numbers of a column are written: all alike."""

    def __init__(self, results: Row, scale: float, trims: bool, highlights: bool) -> None:
        found = [result for result in results if result is not None]
        self.scale, self.trims = scale, trims
        self.warns = highlights and any(result.has_warnings for result in found)
        before = [math.ceil(math.log10(result.median / scale)) for result in found]
        figures = [max(result.significant_figures - digits, 0) for result, digits in zip(found, before, strict=True)]
        self.decimals = min(figures) if trims else 1
        self.width = max(before) + self.decimals + (1 if self.decimals else 0)

    def text(self, result: Measurement | None) -> str:
        """A number, or nothing, as wide as a number."""
        if result is None:
            return " " * len(self._number(1.0, ""))
        value = result.median / self.scale
        if self.trims:
            value = trim_sigfig(value, result.significant_figures)
        spread = f" (! {result.iqr / result.median * 100:.0f}%)" if self.warns and result.has_warnings else ""
        return self._number(value, spread)

    def _number(self, value: float, spread: str) -> str:
        return f"{value:>{self.width}.{self.decimals}f}{spread:>{7 if self.warns else 0}}"


def _row(result: Measurement) -> tuple[int, str | None, str]:
    return result.task_spec.num_threads, result.task_spec.env, result.as_row_name


def _environment(name: str | None) -> str:
    return "Unspecified env" if name is None else name
