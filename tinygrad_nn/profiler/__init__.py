"""Profiling a training loop: which operations take the time and the memory, over chosen steps.

Source: https://docs.pytorch.org/docs/stable/profiler.html
"""

from __future__ import annotations

import enum
import gzip
import json
import os
import socket
import time
import warnings
from collections.abc import Callable, Iterable
from typing import Any

from ..autograd import profiler as _measuring
from ..autograd.profiler import record_function
from ..autograd.profiler_util import DeviceType, EventList, chrome_trace

__all__ = [
    "DeviceType", "ProfilerAction", "ProfilerActivity", "kineto_available", "profile", "record_function", "schedule",
    "supported_activities", "tensorboard_trace_handler",
]  # fmt: skip


class ProfilerActivity(enum.Enum):
    """What to measure. Only the CPU is there; the others may be asked for, and give nothing."""

    CPU = 0
    XPU = 1
    MTIA = 2
    CUDA = 3
    HPU = 4
    PrivateUse1 = 5


class ProfilerAction(enum.Enum):
    """What a profiler does at a step; a `schedule` gives one for each."""

    NONE = 0
    WARMUP = 1
    RECORD = 2
    RECORD_AND_SAVE = 3


def supported_activities() -> set[ProfilerActivity]:
    """What can be measured: the CPU.

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.profiler.supported_activities()
        {<ProfilerActivity.CPU: 0>}
    """
    return {ProfilerActivity.CPU}


def kineto_available() -> bool:
    """False: PyTorch's library of that name is not used here."""
    return False


def schedule(
    *, wait: int, warmup: int, active: int, repeat: int = 0, skip_first: int = 0, skip_first_wait: int = 0
) -> Callable[[int], ProfilerAction]:
    """Which steps to record: after `skip_first` steps wait, warm up, record, and begin again.

    Args:
        wait, warmup, active: how many steps to let pass, to warm up for, and to record.
        repeat: how many times; 0 for as long as the program runs.
        skip_first: how many steps to let pass once, before the first cycle.
        skip_first_wait: other than 0, the first cycle begins without waiting.

    Raises:
        AssertionError: a number is negative, or `active` is 0.

    Example:
        >>> import tinygrad_nn as tg
        >>> plan = tg.profiler.schedule(wait=1, warmup=1, active=2, repeat=1)
        >>> [plan(step).name for step in range(6)]
        ['NONE', 'WARMUP', 'RECORD', 'RECORD_AND_SAVE', 'NONE', 'NONE']
    """
    if wait < 0 or warmup < 0 or active <= 0 or repeat < 0 or skip_first < 0:
        raise AssertionError(
            f"Invalid profiler schedule arguments. Got wait={wait} (need >= 0), warmup={warmup} (need >= 0), "
            f"active={active} (need > 0), repeat={repeat} (need >= 0), skip_first={skip_first} (need >= 0)."
        )
    if warmup == 0:
        warnings.warn("Profiler won't be using warmup, this can skew profiler results", stacklevel=2)
    length = wait + warmup + active

    def action(step: int) -> ProfilerAction:
        if step < 0:
            raise AssertionError(f"Step must be non-negative. Got {step}.")
        if step < skip_first:
            return ProfilerAction.NONE
        step += (wait if skip_first_wait else 0) - skip_first
        if repeat > 0 and step >= repeat * length:
            return ProfilerAction.NONE
        place = step % length
        if place < wait:
            return ProfilerAction.NONE
        if place < wait + warmup:
            return ProfilerAction.WARMUP
        return ProfilerAction.RECORD if place < length - 1 else ProfilerAction.RECORD_AND_SAVE

    return action


def tensorboard_trace_handler(
    dir_name: str, worker_name: str | None = None, use_gzip: bool = False, use_python_export: bool = False
) -> Callable[[profile], None]:
    """For ``on_trace_ready``: write each trace into a directory, where TensorBoard's profiler plugin looks for it.

    Args:
        dir_name: the directory, made if need be.
        worker_name: the beginning of the files' names. Default: the host's name and the process's number.
        use_gzip: compress the files.
        use_python_export: for PyTorch's sake.
    """
    worker = worker_name or f"{socket.gethostname()}_{os.getpid()}"

    def write(prof: profile) -> None:
        os.makedirs(dir_name, exist_ok=True)
        name = f"{worker}.{time.time_ns()}.pt.trace.json" + (".gz" if use_gzip else "")
        prof.export_chrome_trace(os.path.join(dir_name, name))

    return write


def _always(step: int) -> ProfilerAction:
    return ProfilerAction.RECORD


class profile:  # noqa: N801 - PyTorch's name
    """Measure every operation of a ``with`` block, or of the steps that a schedule chooses.

    It sees what its own thread computes; see `autograd.profiler.profile` for what is measured.

    Args:
        activities: `ProfilerActivity.CPU`. Others are accepted with a warning: there is no other device.
        schedule: gives a `ProfilerAction` for each step, see `schedule`. Default: record everything.
        on_trace_ready: called with this profiler whenever a cycle of the schedule, or the block, has ended.
        record_shapes: note the shapes of inputs.
        profile_memory: count the bytes of results.
        with_stack: note the lines of the program.
        with_flops: estimate the number of floating point operations.
        with_modules: note the modules.
        acc_events: keep the events of all cycles, instead of those of the last one.
        use_cuda, experimental_config, execution_trace_observer, custom_trace_id_callback, post_processing_timeout_s:
            kept for PyTorch's sake, without effect.

    Raises:
        AssertionError: there is no activity.

    Source: https://docs.pytorch.org/docs/stable/profiler.html#torch.profiler.profile

    Example:
        >>> import tinygrad_nn as tg
        >>> from tinygrad_nn.profiler import profile, record_function, schedule, ProfilerActivity
        >>> model = tg.nn.Linear(3, 2)
        >>> def ready(prof):
        ...     averages = prof.key_averages()
        ...     print(prof.step_num, [(a.key, a.count) for a in averages if a.key.startswith("aten::linear")])
        >>> plan = schedule(wait=1, warmup=1, active=2, repeat=1)
        >>> with profile(activities=[ProfilerActivity.CPU], schedule=plan, on_trace_ready=ready) as prof:
        ...     for _ in range(6):
        ...         with record_function("forward"):
        ...             loss = model(tg.ones(4, 3)).sum()
        ...         loss.backward()
        ...         prof.step()
        4 [('aten::linear', 2)]
        >>> print(prof.key_averages().table(sort_by="cpu_time_total", row_limit=3))  # doctest: +SKIP
    """

    def __init__(
        self,
        *,
        activities: Iterable[Any] | None = None,
        schedule: Callable[[int], ProfilerAction] | None = None,
        on_trace_ready: Callable[[profile], Any] | None = None,
        record_shapes: bool = False,
        profile_memory: bool = False,
        with_stack: bool = False,
        with_flops: bool = False,
        with_modules: bool = False,
        experimental_config: Any = None,
        execution_trace_observer: Any = None,
        acc_events: bool = False,
        use_cuda: bool | None = None,
        custom_trace_id_callback: Callable[[], str] | None = None,
        post_processing_timeout_s: float | None = None,
    ) -> None:
        self.activities = supported_activities() if activities is None else _parsed(activities)
        if not self.activities:
            raise AssertionError("No valid profiler activities found")
        if use_cuda is not None:
            warnings.warn("`use_cuda` is deprecated, use `activities` argument instead", FutureWarning, stacklevel=2)
        for missing in sorted(activity.name for activity in self.activities - supported_activities()):
            warnings.warn(f"{missing} is not available, disabling {missing} profiling", stacklevel=2)
        self.profile_memory, self.record_shapes, self.with_stack = profile_memory, record_shapes, with_stack
        self.with_flops, self.with_modules = with_flops, with_modules
        self.profiler: Any = None
        self._options: dict[str, Any] = {
            "record_shapes": record_shapes, "with_flops": with_flops, "profile_memory": profile_memory,
            "with_stack": with_stack, "with_modules": with_modules, "acc_events": acc_events,
        }  # fmt: skip
        self.acc_events = acc_events
        self.schedule = _always if schedule is None else schedule
        self.record_steps = schedule is not None
        self.on_trace_ready = on_trace_ready
        self.step_num = 0
        self.current_action = self.schedule(0)
        self._step: record_function | None = None
        self._metadata: dict[str, Any] = {}

    # --- steps ---------------------------------------------------------------------------------------------------

    def __enter__(self) -> profile:
        self.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()

    def start(self) -> None:
        """Begin, as the ``with`` block does."""
        self._turn(ProfilerAction.NONE, self.current_action)
        self._begin_step()

    def stop(self) -> None:
        """End, as the ``with`` block does."""
        self._end_step()
        self._turn(self.current_action, None)

    def step(self) -> None:
        """Say that the next step of the schedule begins."""
        self._end_step()
        before = self.current_action
        self.step_num += 1
        self.current_action = self.schedule(self.step_num)
        self._turn(before, self.current_action)
        self._begin_step()

    def _begin_step(self) -> None:
        if self.record_steps:
            self._step = record_function(f"ProfilerStep#{self.step_num}")
            self._step.__enter__()

    def _end_step(self) -> None:
        if self._step is not None:
            self._step.__exit__(None, None, None)
            self._step = None

    def _turn(self, before: ProfilerAction, after: ProfilerAction | None) -> None:
        """Go from one action to the next: a cycle ends where it was to be saved, or where nothing follows."""
        recording = (ProfilerAction.RECORD, ProfilerAction.RECORD_AND_SAVE)
        if before is ProfilerAction.WARMUP and after is ProfilerAction.NONE:
            warnings.warn("Incorrect schedule: WARMUP followed by NONE", stacklevel=3)
        if before in recording:
            broken_off = before is ProfilerAction.RECORD and after in (ProfilerAction.NONE, ProfilerAction.WARMUP)
            if broken_off and after is not None:
                warnings.warn(f"Incorrect schedule: RECORD followed by {after.name}", stacklevel=3)
            if before is ProfilerAction.RECORD_AND_SAVE or after is None or broken_off:
                self.profiler.__exit__(None, None, None)
                if self.on_trace_ready is not None and not broken_off:
                    self.on_trace_ready(self)
                before = ProfilerAction.NONE
        if after in recording and before not in recording:
            if self.profiler is None or not self.acc_events:
                self.profiler = _measuring.profile(**self._options)
            self.profiler.__enter__()

    # --- results -------------------------------------------------------------------------------------------------

    def _measured(self, what: str) -> Any:
        if self.profiler is None:
            raise AssertionError(f"Profiler must be initialized before {what}")
        return self.profiler

    def events(self) -> EventList:
        """All events of the last cycle, in the order in which they began."""
        found: EventList = self._measured("accessing events").function_events
        return found

    def key_averages(
        self, group_by_input_shape: bool = False, group_by_stack_n: int = 0, group_by_overload_name: bool = False
    ) -> EventList:
        """The events added up by name; ``.table(sort_by=..., row_limit=...)`` prints them.

        Args:
            group_by_input_shape: keep apart what ran on other shapes (needs ``record_shapes``).
            group_by_stack_n: keep apart what was called from other places (needs ``with_stack``).
            group_by_overload_name: for PyTorch's sake.
        """
        profiler = self._measured("getting key averages")
        found: EventList = profiler.key_averages(group_by_input_shape, group_by_stack_n, group_by_overload_name)
        return found

    def export_chrome_trace(self, path: str, use_python_export: bool = False) -> None:
        """Write the events to a file for ``chrome://tracing`` or https://ui.perfetto.dev; compressed as ``*.gz``."""
        events = self._measured("exporting chrome trace").function_events
        kept = ("record_shapes", "profile_memory", "with_stack", "with_modules", "with_flops")
        known = {name: 1 for name in kept if getattr(self, name)}
        text = json.dumps(chrome_trace(events, {**known, **self._metadata}))
        if path.endswith(".gz"):
            with gzip.open(path, "wt") as file:
                file.write(text)
        else:
            with open(path, "w") as plain:
                plain.write(text)

    def export_stacks(self, path: str, metric: str = "self_cpu_time_total") -> None:
        """Write each event's lines and time, as programs that draw flame graphs read them (needs ``with_stack``)."""
        self._measured("exporting stacks").export_stacks(path, metric)

    def add_metadata(self, key: str, value: str) -> None:
        """Add a text to the file that `export_chrome_trace` writes."""
        self._metadata[key] = value

    def add_metadata_json(self, key: str, value: str) -> None:
        """Add a value, given as JSON, to the file that `export_chrome_trace` writes."""
        self._metadata[key] = json.loads(value)

    preset_metadata_json = add_metadata_json

    def toggle_collection_dynamic(self, enable: bool, activities: Iterable[ProfilerActivity]) -> None:
        """Stop, or go on, recording within the block, if the CPU is among the activities."""
        if self.profiler is None or ProfilerActivity.CPU not in set(activities):
            return
        self.profiler.toggle_collection_dynamic(enable, activities)


def _parsed(activities: Iterable[Any]) -> set[ProfilerActivity]:
    """Activities, also given as the keys of dictionaries."""
    found: set[ProfilerActivity] = set()
    for item in activities:
        if not isinstance(item, ProfilerActivity | dict):
            raise TypeError(f"Expected ProfilerActivity or dict, got {type(item)}")
        for activity in item if isinstance(item, dict) else (item,):
            if activity in found:
                raise ValueError(f"Activity {activity} specified more than once")
            found.add(activity)
    return found
