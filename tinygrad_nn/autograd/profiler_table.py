"""The profiler's table, as PyTorch prints it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

_WIDTH = 12
_GAP = "  "
_UNITS = {"s": 1e6, "ms": 1e3, "us": 1.0}


def format_time(microseconds: float, unit: str | None = None) -> str:
    """A time in the unit that suits it, or in a given one."""
    if unit is None:
        unit = "s" if microseconds >= 1e6 else "ms" if microseconds >= 1e3 else "us"
    return f"{microseconds / _UNITS[unit]:.3f}{unit}"


def format_memory(count: int) -> str:
    """A number of bytes."""
    for power, name in ((3, "GB"), (2, "MB"), (1, "KB")):
        if abs(count) >= 1024**power:
            return f"{count / 1024**power:.2f} {name}"
    return f"{count} B"


def _share(part: float, whole: float) -> str:
    return f"{part * 100.0 / whole:.2f}%" if whole else "NaN"


def _cut(text: str, width: int | None) -> str:
    return text if width is None or len(text) < width - 3 else text[: width - 3] + "..."


def _cut_path(text: str, width: int) -> str:
    return text if len(text) <= width else "..." + text[len(text) - width + 3 :]


class _Column:
    """A column: its title, its width, and what stands in it for an event."""

    def __init__(self, title: str, width: int, cell: Any, align: str = ">") -> None:
        self.title, self.width, self.cell, self.align = title, width, cell, align


def build_table(
    events: Sequence[Any],
    row_limit: int,
    source_width: int | None,
    name_width: int | None,
    shapes_width: int | None,
    header: str | None,
    with_memory: bool,
    with_flops: bool,
    top_level_only: bool,
    unit: str | None,
) -> str:
    """A row for each event, a line below for each further line of its stack, and the sum of times at the end."""
    if not events:
        return ""
    total = sum(event.self_cpu_time_total for event in events)
    columns = _columns(events, total, source_width, name_width, shapes_width, with_memory, with_flops, unit)
    rule = "".join("-" * column.width + _GAP for column in columns)
    lines = []
    if header is not None:
        lines += ["=" * (len(rule) - 2), header]
    if top_level_only:
        lines += ["=" * (len(rule) - 2), "This report only display top-level ops statistics"]
    lines += [rule, _row(columns, [column.title for column in columns]), rule]
    shown = [event for event in events if not (top_level_only and event.cpu_parent is not None)]
    for event in shown if row_limit < 0 else shown[:row_limit]:
        lines.append(_row(columns, [column.cell(event) for column in columns]))
        if columns[-1].title == "Source Location":
            for entry in [*event.stack[1:], ""]:
                blank = [""] * (len(columns) - 1)
                lines.append(_row(columns, [*blank, _cut_path(entry, columns[-1].width)]))
    lines += [rule, f"Self CPU time total: {format_time(total, unit)}"]
    return "\n".join(lines) + "\n"


def _row(columns: Sequence[_Column], cells: Sequence[Any]) -> str:
    return "".join(f"{cell!s:{c.align}{c.width}}{_GAP}" for c, cell in zip(columns, cells, strict=True))


def _columns(
    events: Sequence[Any], total: float, source_width: int | None, name_width: int | None, shapes_width: int | None,
    with_memory: bool, with_flops: bool, unit: str | None,
) -> list[_Column]:  # fmt: skip
    longest = max(len(event.key) for event in events) + 4
    columns = [
        _Column("Name", longest if name_width is None else min(longest, name_width),
                lambda e: _cut(e.key, name_width)),
        _Column("Self CPU %", _WIDTH, lambda e: _share(e.self_cpu_time_total, total)),
        _Column("Self CPU", _WIDTH, lambda e: format_time(e.self_cpu_time_total, unit)),
        _Column("CPU total %", _WIDTH, lambda e: _share(e.cpu_time_total, total)),
        _Column("CPU total", _WIDTH, lambda e: format_time(e.cpu_time_total, unit)),
        _Column("CPU time avg", _WIDTH, lambda e: format_time(e.cpu_time, unit)),
    ]  # fmt: skip
    if with_memory:
        columns.append(_Column("CPU Mem", _WIDTH, lambda e: format_memory(e.cpu_memory_usage)))
        columns.append(_Column("Self CPU Mem", _WIDTH, lambda e: format_memory(e.self_cpu_memory_usage)))
    columns.append(_Column("# of Calls", _WIDTH, lambda e: e.count))
    if any(event.input_shapes for event in events):
        longest = max(len(str(event.input_shapes)) for event in events) + 4
        width = longest if shapes_width is None else min(longest, shapes_width)
        columns.append(_Column("Input Shapes", width, lambda e: str(e.input_shapes)[:width]))
    if with_flops and any(event.flops > 0 for event in events):
        columns.append(_flops_column(events))
    if any(event.stack for event in events):
        longest = max(len(entry) for event in events for entry in event.stack) + 4
        source = longest if source_width is None else min(longest, source_width)
        columns.append(_Column("Source Location", source, lambda e: _cut_path((e.stack or [""])[0], source), "<"))
    return columns


def _flops_column(events: Sequence[Any]) -> _Column:
    least = min(event.flops for event in events if event.flops > 0)
    power = min(int(math.log10(least) / 3), 5)
    title = f"Total {['', 'K', 'M', 'G', 'T', 'P'][power]}FLOPs"
    return _Column(title, _WIDTH, lambda e: f"{e.flops / 1000.0**power:8.3f}" if e.flops > 0 else "--")
