"""The one device there is, asked as PyTorch's programs ask about others.

Source: https://docs.pytorch.org/docs/stable/cpu.html
"""

from __future__ import annotations

from typing import Any

__all__ = ["current_device", "device_count", "is_available", "is_initialized", "set_device", "synchronize"]


def is_available() -> bool:
    """Whether there is a CPU."""
    return True


def is_initialized() -> bool:
    """Whether it has been started."""
    return True


def device_count() -> int:
    """How many CPU devices there are: one, whatever its number of processors."""
    return 1


def current_device() -> str:
    """The name of the device."""
    return "cpu"


def set_device(device: Any) -> None:
    """Choose the device: there is one."""


def synchronize(device: Any = None) -> None:
    """Wait for the device: operations are finished when they return."""
