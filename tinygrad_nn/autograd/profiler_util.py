"""What a profiler has measured: events, averages of events, lists of either.

Source: https://docs.pytorch.org/docs/stable/autograd.html#profiler
"""

from __future__ import annotations

import enum
import json
import warnings
from collections.abc import Iterable
from typing import Any

from .profiler_table import build_table, format_time

__all__ = ["DeviceType", "EventList", "FunctionEvent", "FunctionEventAvg", "Interval"]

FORWARD, BACKWARD, USER = 0, 1, 7  # scopes, numbered as PyTorch's


class DeviceType(enum.Enum):
    """Where something ran: always the CPU."""

    CPU = 0
    CUDA = 1


class Interval:
    """A span of time, in microseconds."""

    def __init__(self, start: float, end: float) -> None:
        self.start = start
        self.end = end

    def elapsed_us(self) -> float:
        """How long it is."""
        return self.end - self.start


class _Times:
    """What events and averages have in common."""

    count: int
    cpu_time_total: Any
    self_cpu_time_total: Any
    # one device, the CPU: what programs ask of others is zero
    use_device: str | None = None
    device_time_total = self_device_time_total = device_time = 0.0
    device_memory_usage = self_device_memory_usage = 0
    device_type = DeviceType.CPU
    is_async = is_remote = is_legacy = False
    node_id = -1

    @property
    def cpu_time(self) -> float:
        """The average time of a call, in microseconds."""
        return float(self.cpu_time_total) / self.count if self.count else 0.0

    def __getattr__(self, name: str) -> Any:
        if name.endswith("_str"):
            return format_time(getattr(self, name.removesuffix("_str")))
        if "cuda" in name:
            other = name.replace("cuda", "device")
            if hasattr(type(self), other):
                warnings.warn(f"`{name}` is deprecated, please use `{other}` instead.", FutureWarning, stacklevel=2)
                return getattr(self, other)
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")


class FunctionEvent(_Times):
    """One operation that ran, or one named part of the program.

    Attributes:
        id: its number, in the order in which events began.
        name, key: what ran: ``aten::linear``, ``AddmmBackward0``, or the name of a `record_function`.
        time_range: when, in microseconds.
        scope: 0 for an operation, 1 for a step of the backward pass, 7 for a named part of the program.
        cpu_parent, cpu_children: the events around it and in it.
        input_shapes: with ``record_shapes=True``.
        stack: with ``with_stack=True``, the user's lines, the innermost first; of a step of the backward pass, those
            of the operation that it belongs to.
        module_hierarchy: with ``with_modules=True``, the module that the operation ran in.
        cpu_memory_usage: with ``profile_memory=True``, the bytes of the arrays that it has made.
        flops: with ``with_flops=True``, an estimate for products, convolutions, additions and multiplications.
        sequence_nr: the same for an operation and its step of the backward pass; -1 where nothing was recorded.
    """

    def __init__(self, id: int, name: str, thread: int, start_us: float, end_us: float, **more: Any) -> None:
        self.id = id
        self.name = self.trace_name = name
        self.thread = thread
        self.time_range = Interval(start_us, end_us)
        self.count = 1
        self.cpu_children: list[FunctionEvent] = []
        self.cpu_parent: FunctionEvent | None = None
        self.scope: int = more.get("scope", FORWARD)
        self.input_shapes: list[list[int]] = more.get("input_shapes") or []
        self.stack: list[str] = more.get("stack") or []
        self.module_hierarchy: str = more.get("module_hierarchy", "")
        self.cpu_memory_usage: int = more.get("cpu_memory_usage", 0)
        self.flops: int = more.get("flops", 0)
        self.sequence_nr: int = more.get("sequence_nr", -1)
        self.is_user_annotation = self.scope == USER
        if name.startswith("ProfilerStep#"):  # all steps count as one
            self.name = "ProfilerStep*"

    @property
    def key(self) -> str:
        """What events are grouped by."""
        return self.name

    @property
    def cpu_time_total(self) -> float:
        """How long it took, in microseconds."""
        return self.time_range.elapsed_us()

    @property
    def self_cpu_time_total(self) -> float:
        """How long it took, without the events in it."""
        return self.cpu_time_total - sum(child.cpu_time_total for child in self.cpu_children)

    @property
    def self_cpu_memory_usage(self) -> int:
        """The bytes that it has made, without those of the events in it."""
        return self.cpu_memory_usage - sum(child.cpu_memory_usage for child in self.cpu_children)

    def __repr__(self) -> str:
        return (
            f"<FunctionEvent id={self.id} name={self.name} device_type={self.device_type} cpu_time={self.cpu_time_str} "
            f"start_us={self.time_range.start} end_us={self.time_range.end} "
            f"cpu_children={[child.id for child in self.cpu_children]} thread={self.thread} "
            f"input_shapes={self.input_shapes} cpu_memory_usage={self.cpu_memory_usage} seq_nr={self.sequence_nr}>"
        )


class FunctionEventAvg(_Times):
    """Several events of one name, added up. The attributes are those of `FunctionEvent`."""

    def __init__(self) -> None:
        self.key: str | None = None
        self.count = 0
        self.cpu_time_total = self.self_cpu_time_total = 0.0
        self.cpu_memory_usage = self.self_cpu_memory_usage = 0
        self.flops = 0
        self.input_shapes: Any = None
        self.stack: list[str] = []
        self.scope = FORWARD
        self.is_user_annotation = False
        self.cpu_parent: FunctionEvent | None = None
        self.cpu_children: list[FunctionEvent] = []

    def add(self, other: FunctionEvent | FunctionEventAvg) -> FunctionEventAvg:
        """Add an event, or other averages, of the same key."""
        if self.key is None:
            self.key, self.input_shapes, self.stack = other.key, other.input_shapes, other.stack
            self.scope, self.is_user_annotation = other.scope, other.is_user_annotation
            self.cpu_parent, self.cpu_children = other.cpu_parent, other.cpu_children
        for name in ("count", "cpu_time_total", "self_cpu_time_total", "cpu_memory_usage", "self_cpu_memory_usage",
                     "flops"):  # fmt: skip
            setattr(self, name, getattr(self, name) + getattr(other, name))
        return self

    __iadd__ = add

    def __repr__(self) -> str:
        return (
            f"<FunctionEventAvg key={self.key} self_cpu_time={self.self_cpu_time_total_str} "
            f"cpu_time={self.cpu_time_str} input_shapes={self.input_shapes} "
            f"cpu_memory_usage={self.cpu_memory_usage}>"
        )


class EventList(list[Any]):
    """A list of events, or of averages."""

    def __init__(self, events: Iterable[Any] = (), *, profile_memory: bool = False, with_flops: bool = False) -> None:
        super().__init__(events)
        self._profile_memory = profile_memory
        self._with_flops = with_flops

    def _like(self, events: Iterable[Any]) -> EventList:
        return EventList(events, profile_memory=self._profile_memory, with_flops=self._with_flops)

    def _build_tree(self) -> None:
        """Find out which events lie within which, and give steps of the backward pass their operation's lines."""
        open_events: dict[int, list[FunctionEvent]] = {}  # of each thread, those that have not ended yet
        for event in sorted(self, key=lambda e: (e.time_range.start, -e.time_range.end)):
            around = open_events.setdefault(event.thread, [])
            while around and event.time_range.end > around[-1].time_range.end:
                around.pop()
            if around:
                event.cpu_parent = around[-1]
                around[-1].cpu_children.append(event)
            around.append(event)
        for event in sorted(self, key=lambda e: (-e.time_range.start, e.time_range.end)):  # inner events first
            inside = sum(child.cpu_memory_usage for child in event.cpu_children)
            event.cpu_memory_usage = max(event.cpu_memory_usage, inside)
        forward = {e.sequence_nr: e for e in self if e.scope == FORWARD and e.sequence_nr >= 0}
        for event in self:
            if event.scope == BACKWARD and event.sequence_nr in forward:
                event.stack = forward[event.sequence_nr].stack
                event.module_hierarchy = forward[event.sequence_nr].module_hierarchy

    def __str__(self) -> str:
        return self.table()

    @property
    def self_cpu_time_total(self) -> float:
        """The time of all events, in microseconds."""
        return float(sum(event.self_cpu_time_total for event in self))

    def table(
        self,
        sort_by: str | None = None,
        row_limit: int = 100,
        max_src_column_width: int | None = 75,
        max_name_column_width: int | None = 55,
        max_shapes_column_width: int | None = 80,
        header: str | None = None,
        top_level_events_only: bool = False,
        time_unit: str | None = None,
    ) -> str:
        """The events as a table.

        Args:
            sort_by: the attribute to sort by, the greatest first: ``cpu_time``, ``cpu_time_total``,
                ``self_cpu_time_total``, ``cpu_memory_usage``, ``self_cpu_memory_usage``, ``count``, ``flops``.
                Default: the order in which they came. Those of CUDA are accepted, and are all zero.
            row_limit: how many rows to show; -1 for all.
            max_src_column_width, max_name_column_width, max_shapes_column_width: where texts are cut; None for nowhere.
            header: a line above the table.
            top_level_events_only: show only events that lie within no other.
            time_unit: ``"s"``, ``"ms"`` or ``"us"`` for all times; by default each has what suits it.

        Raises:
            AttributeError: there is nothing of the name `sort_by`.
        """
        events = list(self)
        if sort_by is not None:
            name = sort_by.replace("cuda", "device").replace("xpu", "device").replace("privateuse1", "device")
            events.sort(key=lambda event: getattr(event, name), reverse=True)
        return build_table(
            events, row_limit, max_src_column_width, max_name_column_width, max_shapes_column_width, header,
            self._profile_memory, self._with_flops, top_level_events_only, time_unit,
        )  # fmt: skip

    def key_averages(
        self, group_by_input_shapes: bool = False, group_by_stack_n: int = 0, group_by_overload_name: bool = False
    ) -> EventList:
        """The events added up by name.

        Args:
            group_by_input_shapes: keep apart what ran on other shapes.
            group_by_stack_n: keep apart what was called from other places, as far as this many lines show.
            group_by_overload_name: for PyTorch's sake; there are no overloads here.
        """
        found: dict[tuple[Any, ...], FunctionEventAvg] = {}
        for event in self:
            key = (event.key, event.is_user_annotation, str(event.input_shapes) if group_by_input_shapes else "",
                   *event.stack[: max(group_by_stack_n, 0)])  # fmt: skip
            found.setdefault(key, FunctionEventAvg()).add(event)
        for average in found.values():
            average.stack = average.stack[: max(group_by_stack_n, 0)]
            average.input_shapes = average.input_shapes if group_by_input_shapes else ""
        return self._like(found.values())

    def total_average(self) -> FunctionEventAvg:
        """All events in one, called "Total"."""
        total = FunctionEventAvg()
        for event in self:
            total.add(event)
        total.key = "Total"
        return total

    def export_chrome_trace(self, path: str, metadata: dict[str, Any] | None = None) -> None:
        """Write the events to a file for ``chrome://tracing`` or https://ui.perfetto.dev."""
        with open(path, "w") as file:
            json.dump(chrome_trace(self, metadata or {}), file)

    def export_stacks(self, path: str, metric: str = "self_cpu_time_total") -> None:
        """Write each event's lines and its time, as programs that draw flame graphs read them.

        Raises:
            ValueError: no metric of this name.
        """
        if metric not in ("self_cpu_time_total", "self_cuda_time_total"):
            known = ["self_cpu_time_total", "self_cuda_time_total"]
            raise ValueError(f"metric should be one of: {known}, got {metric!r}")
        blanks = str.maketrans(" ;\t\n", "____")
        with open(path, "w") as file:
            for event in self:
                value = int(getattr(event, metric.replace("cuda", "device")))
                if event.stack and value > 0:
                    file.write(";".join(entry.translate(blanks) for entry in reversed(event.stack)) + f" {value}\n")


_CATEGORIES = {FORWARD: "cpu_op", BACKWARD: "cpu_op", USER: "user_annotation"}


def chrome_trace(events: Iterable[FunctionEvent], metadata: dict[str, Any]) -> dict[str, Any]:
    """Events as the Chrome trace format has them: complete events, in microseconds.

    Source: https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU
    """
    rows: list[dict[str, Any]] = [
        {"ph": "M", "name": "process_name", "pid": 0, "tid": 0, "args": {"name": "python"}},
        {"ph": "M", "name": "process_labels", "pid": 0, "tid": 0, "args": {"labels": "CPU"}},
    ]
    for event in events:
        known = {
            "External id": event.id, "Sequence number": event.sequence_nr if event.sequence_nr >= 0 else None,
            "Input Dims": event.input_shapes, "Call stack": ";\n".join(event.stack),
            "Module Hierarchy": event.module_hierarchy, "Bytes": event.cpu_memory_usage, "FLOPs": event.flops,
        }  # fmt: skip
        rows.append({
            "ph": "X", "cat": _CATEGORIES[event.scope], "name": event.trace_name, "pid": 0, "tid": event.thread,
            "ts": event.time_range.start, "dur": event.time_range.elapsed_us(),
            "args": {name: value for name, value in known.items() if value or name == "External id"},
        })  # fmt: skip
    return {"schemaVersion": 1, **metadata, "displayTimeUnit": "ms", "traceEvents": rows}
