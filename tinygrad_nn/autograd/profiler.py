"""Measuring what operations take: time, memory, calls. Most programs use `tinygrad_nn.profiler`, which is built on it.

Source: https://docs.pytorch.org/docs/stable/autograd.html#profiler
"""

from __future__ import annotations

import functools
import math
import threading
import warnings
from collections.abc import Callable
from contextlib import AbstractContextManager
from time import perf_counter_ns
from typing import Any, TypeVar, cast

import numpy as np

from .._core.callers import here
from .._core.errors import shown_name
from .._core.graph import Node
from .._core.observe import Observer, Sent, observing, op_of, region
from .profiler_util import BACKWARD, FORWARD, USER, EventList, FunctionEvent, FunctionEventAvg

__all__ = ["profile", "record_function"]

F = TypeVar("F", bound=Callable[..., Any])


class record_function:  # noqa: N801 - PyTorch's name
    """Give a part of the program a name, under which profilers show it: a ``with`` block or a decorated function.

    Args:
        name: what to call it.
        args: more about it; kept for PyTorch's sake.

    Example:
        >>> import tinygrad_nn as tg
        >>> x = tg.ones(2, requires_grad=True)
        >>> with tg.autograd.profiler.profile() as prof:
        ...     with tg.autograd.profiler.record_function("label-z"):
        ...         y = x ** 3
        >>> [event.name for event in prof.function_events]
        ['label-z', 'aten::pow']
    """

    def __init__(self, name: str, args: str | None = None) -> None:
        self.name = name
        self.args = args
        self._entered: list[region] = []

    def __enter__(self) -> record_function:
        part = region(self.name)
        part.__enter__()
        self._entered.append(part)
        return self

    def __exit__(self, *error: object) -> None:
        self._entered.pop().__exit__(*error)

    def __call__(self, function: F) -> F:
        @functools.wraps(function)
        def named(*args: Any, **kwargs: Any) -> Any:
            with record_function(self.name, self.args):
                return function(*args, **kwargs)

        return cast(F, named)


class profile:  # noqa: N801 - PyTorch's name
    """Measure every operation of a ``with`` block, in the forward and in the backward pass.

    It sees what its own thread computes. A time is that of NumPy's work; the memory is that of the arrays that an
    operation has made (what it allocates and frees again inside is not seen).

    Args:
        enabled: False makes it a block like any other.
        use_cuda, use_device: there is no other device than the CPU: they warn, and change nothing.
        record_shapes: note the shapes of inputs, which `key_averages` can group by.
        with_flops: estimate the number of floating point operations.
        profile_memory: count the bytes of results.
        with_stack: note the lines of the program.
        with_modules: note the modules.
        acc_events: keep the events of earlier blocks, when it is entered again.
        use_kineto, use_cpu, experimental_config, custom_trace_id_callback, post_processing_timeout_s: kept for
            PyTorch's sake, without effect.

    Raises:
        RuntimeError: it is entered a second time while it runs.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.autograd.profiler.profile.html

    Example:
        >>> import tinygrad_nn as tg
        >>> x = tg.ones(1, 1, requires_grad=True)
        >>> with tg.autograd.profiler.profile() as prof:
        ...     for _ in range(100):
        ...         y = x ** 2
        ...         y.backward()
        >>> {event.key: event.count for event in prof.key_averages()}
        {'aten::square': 100, 'PowBackward0': 100}
    """

    def __init__(
        self,
        enabled: bool = True,
        *,
        use_cuda: bool = False,
        use_device: str | None = None,
        record_shapes: bool = False,
        with_flops: bool = False,
        profile_memory: bool = False,
        with_stack: bool = False,
        with_modules: bool = False,
        use_kineto: bool = False,
        use_cpu: bool = True,
        experimental_config: Any = None,
        acc_events: bool = False,
        custom_trace_id_callback: Callable[[], str] | None = None,
        post_processing_timeout_s: float | None = None,
    ) -> None:
        self.enabled = enabled
        self.entered = False
        self.record_shapes = record_shapes or with_flops
        self.with_flops = with_flops
        self.profile_memory = profile_memory
        self.with_stack = with_stack
        self.with_modules = with_modules
        self.acc_events = acc_events
        self.use_device: str | None = None
        if use_cuda or use_device is not None:
            name = "CUDA" if use_cuda else str(use_device).upper()
            warnings.warn(f"{name} is not available, disabling {name} profiling", stacklevel=2)
        self._recorder = _Recorder(self)
        self._watching: AbstractContextManager[None] | None = None
        self._events: EventList | None = None

    def __enter__(self) -> profile:
        if not self.enabled:
            return self
        if self.entered:
            raise RuntimeError("Profiler context manager is not reentrant")
        self.entered = True
        if not self.acc_events:
            self._recorder = _Recorder(self)
        self._watching = observing(self._recorder)
        self._watching.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        if self._watching is not None:
            self._watching.__exit__(None, None, None)
        self._watching, self._events, self.entered = None, None, False

    def toggle_collection_dynamic(self, enabled: bool, activities: Any) -> None:
        """Stop recording within the block, or go on."""
        if self.entered and enabled == (self._watching is None):
            if self._watching is not None:
                self._watching.__exit__(None, None, None)
            self._watching = observing(self._recorder) if enabled else None
            if self._watching is not None:
                self._watching.__enter__()

    def __repr__(self) -> str:
        if self.entered or not self.enabled:
            return "<unfinished torch.autograd.profile>"
        return repr(self.function_events)

    def __str__(self) -> str:
        return repr(self) if self.entered or not self.enabled else str(self.function_events)

    @property
    def function_events(self) -> EventList:
        """All events, in the order in which they began."""
        if self._events is None:
            events = self._recorder.events()
            made = EventList(events, profile_memory=self.profile_memory, with_flops=self.with_flops)
            made._build_tree()
            if self.entered:
                return made
            self._events = made
        return self._events

    def table(self, *args: Any, **options: Any) -> str:
        """The events as a table, see `EventList.table`."""
        return self.function_events.table(*args, **options)

    def export_chrome_trace(self, path: str, metadata: dict[str, Any] | None = None, **options: Any) -> None:
        """Write the events to a file for ``chrome://tracing`` or https://ui.perfetto.dev."""
        self.function_events.export_chrome_trace(path, metadata)

    def export_stacks(self, path: str, metric: str = "self_cpu_time_total") -> None:
        """Write each event's lines and time, see `EventList.export_stacks`.

        Raises:
            AssertionError: the lines were not noted: ``with_stack=True`` was not given.
        """
        if not self.with_stack:
            raise AssertionError("export_stacks() requires with_stack=True")
        self.function_events.export_stacks(path, metric)

    def key_averages(
        self, group_by_input_shape: bool = False, group_by_stack_n: int = 0, group_by_overload_name: bool = False
    ) -> EventList:
        """The events added up by name, see `EventList.key_averages`."""
        return self.function_events.key_averages(group_by_input_shape, group_by_stack_n, group_by_overload_name)

    def total_average(self) -> FunctionEventAvg:
        """All events in one."""
        return self.function_events.total_average()

    @property
    def self_cpu_time_total(self) -> float:
        """The time of all events, in microseconds."""
        return self.function_events.self_cpu_time_total


class _Recorder(Observer):
    """Notes down what runs, as quickly as it can; events are made of it later."""

    def __init__(self, settings: profile) -> None:
        self.shapes, self.flops, self.memory = settings.record_shapes, settings.with_flops, settings.profile_memory
        self.stack, self.modules = settings.with_stack, settings.with_modules
        self.thread = threading.get_native_id()
        self.rows: list[dict[str, Any]] = []
        op_of(_Recorder)  # has the table of ops made now, not while something is timed

    def events(self) -> list[FunctionEvent]:
        """What was noted down, as events."""
        rows = sorted((row for row in self.rows if "end" in row), key=lambda row: (row["start"], -row["end"]))
        found = []
        for number, row in enumerate(map(dict, rows)):
            span = row.pop("start") / 1e3, row.pop("end") / 1e3
            found.append(FunctionEvent(number, row.pop("name"), row.pop("thread"), *span, **row))
        return found

    def _row(self, name: str, scope: int) -> dict[str, Any]:
        row: dict[str, Any] = {"name": name, "scope": scope, "thread": threading.get_native_id()}
        if (self.stack or self.modules) and scope != BACKWARD:
            place = here()
            if self.stack:
                row["stack"] = [f"{line.file}({line.number}): {line.function}" for line in place.lines]
            if self.modules:
                row["module_hierarchy"] = place.module()
        self.rows.append(row)
        return row

    def forward(self, function: Any, inputs: tuple[Any, ...], options: dict[str, Any], compute: Any) -> Any:
        """Time an operation."""
        row = self._row(_name_of(function), FORWARD)
        if self.shapes:
            row["input_shapes"] = [list(np.shape(value)) for value in inputs]
        row["start"] = perf_counter_ns()
        try:
            result = compute()
        except BaseException:
            self.rows.remove(row)  # refused, or to be run in another way
            raise
        row["end"] = perf_counter_ns()
        if self.memory:
            row["cpu_memory_usage"] = _bytes_made(result, inputs)
        if self.flops:
            row["flops"] = _flops(function, inputs, result)
        return result

    def recorded(self, node: Node) -> None:
        """The operation that has just run has this node."""
        for row in reversed(self.rows):
            if row["scope"] == FORWARD:
                row["sequence_nr"] = node.sequence
                return

    def backward(self, node: Node, saved: tuple[Any, ...], gradient: Any, step: Callable[[], list[Sent]]) -> None:
        """Time a step of the backward pass."""
        row = self._row(node.name(), BACKWARD)
        row["sequence_nr"] = node.sequence
        row["start"] = perf_counter_ns()
        try:
            sent = step()
        finally:
            row["end"] = perf_counter_ns()
        if self.memory:
            given = gradient if isinstance(gradient, tuple | list) else (gradient,)
            arrays = [*(getattr(g, "_array", g) for g in given), *saved]
            row["cpu_memory_usage"] = _bytes_made(tuple(getattr(part, "_array", part) for _, part in sent), arrays)

    def region(self, name: str) -> Callable[[], None]:
        """Time a part of the program."""
        row = self._row(name, USER)
        row["start"] = perf_counter_ns()

        def end() -> None:
            row["end"] = perf_counter_ns()

        return end


def _name_of(function: Callable[..., Any]) -> str:
    op = op_of(function)
    if op is None:  # a kernel that writes into an array
        return function.__qualname__.partition(".<locals>")[0].strip("_")
    own = op.forward.__module__.startswith(f"{__package__.partition('.')[0]}.")
    return f"aten::{_ATEN.get(op.name, shown_name(op))}" if own else op.name


_ATEN = {"true_divide": "div", "cast": "to"}


def _bytes_made(result: Any, inputs: Any) -> int:
    """The bytes of the arrays in a result that lie in none of the inputs' memory."""
    given = [value for value in inputs if isinstance(value, np.ndarray)]
    arrays = result if isinstance(result, tuple | list) else (result,)
    made = [np.asarray(a) for a in arrays if isinstance(a, np.ndarray | np.generic)]
    return sum(int(a.nbytes) for a in made if not any(np.may_share_memory(a, value) for value in given))


_PRODUCTS = ("matmul", "linear")
_EACH = ("add", "mul")


def _flops(function: Any, inputs: tuple[Any, ...], result: Any) -> int:
    """Two for each multiplication and addition of a product or a convolution, one for each element of a sum."""
    op = op_of(function)
    name = op.name if op is not None else ""
    if name in _EACH:
        return int(np.size(result))
    if name in _PRODUCTS:
        return 2 * int(np.size(result)) * int(np.shape(inputs[0])[-1] if np.ndim(inputs[0]) else 1)
    if name.startswith("conv") and np.ndim(inputs[1]) > 2 and not name.endswith("grad"):
        output = result[0] if isinstance(result, tuple) else result
        return int(2 * np.size(output) * math.prod(np.shape(inputs[1])[1:]))
    return 0
