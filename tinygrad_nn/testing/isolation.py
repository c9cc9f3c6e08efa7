"""State that all of a program shares: what a test must leave as it found it. The pytest plugin works with this.

The random generators are not part of it: the plugin seeds them before each test.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from .. import settings
from .._core import dtypes, printing
from .._core.modes import modes
from .._core.random import default_generator

State = dict[str, Any]


def snapshot() -> State:
    """The state, by names that a report can use."""
    return {name: get() for name, (get, _) in _entries().items()}


def changes(before: State) -> dict[str, tuple[Any, Any]]:
    """What differs from an earlier snapshot: the name, what it was and what it is."""
    now = snapshot()
    return {name: (old, now[name]) for name, old in before.items() if now[name] != old}


def restore(before: State) -> None:
    """Bring an earlier snapshot back."""
    entries = _entries()
    for name, (old, _) in changes(before).items():
        entries[name][1](old)


def describe(changed: dict[str, tuple[Any, Any]]) -> str:
    """A line for each thing that differs."""
    return "\n".join(f"  {name}: it was {old!r}, and is {new!r}" for name, (old, new) in changed.items())


def seed(number: int) -> None:
    """Seed the package's generator; and let Hypothesis, if it is there, seed it for each of its examples."""
    default_generator.manual_seed(number)
    if "hypothesis" in sys.modules:
        from .strategies import manage_generator

        manage_generator()


def _entries() -> dict[str, tuple[Callable[[], Any], Callable[[Any], None]]]:
    entries: dict[str, tuple[Callable[[], Any], Callable[[Any], None]]] = {
        "grad mode": _attribute(modes.here, "grad"),
        "inference mode": _attribute(modes.here, "inference"),
        "default dtype": (dtypes.get_default_dtype, dtypes.set_default_dtype),
        "print options": _attribute(printing, "_options"),
        "deterministic algorithms": (settings.get_deterministic_debug_mode, settings.set_deterministic_debug_mode),
        "warn_always": (settings.is_warn_always_enabled, settings.set_warn_always),
        "float32 matmul precision": (
            settings.get_float32_matmul_precision, settings.set_float32_matmul_precision,
        ),
        "number of threads": (settings.get_num_threads, settings.set_num_threads),
        "saved tensor hooks": _attribute(modes.here, "on_record"),
    }  # fmt: skip
    anomaly = sys.modules.get(f"{__package__.rpartition('.')[0]}.autograd.anomaly")
    if anomaly is not None:
        entries["anomaly detection"] = anomaly.is_anomaly_enabled, anomaly.set_detect_anomaly
    return entries


def _attribute(owner: Any, name: str) -> tuple[Callable[[], Any], Callable[[Any], None]]:
    return lambda: getattr(owner, name), lambda value: setattr(owner, name, value)
