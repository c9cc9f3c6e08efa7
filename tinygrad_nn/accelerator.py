"""Accelerators, of which there are none: the questions that programs ask before they choose a device.

Source: https://docs.pytorch.org/docs/stable/accelerator.html

Example:
    >>> import tinygrad_nn as tg
    >>> tg.accelerator.current_accelerator().type if tg.accelerator.is_available() else "cpu"
    'cpu'
"""

from __future__ import annotations

from ._core.device import device

__all__ = ["current_accelerator", "device_count", "is_available"]


def is_available() -> bool:
    """Whether there is an accelerator: never."""
    return False


def device_count() -> int:
    """How many accelerators there are: none."""
    return 0


def current_accelerator(check_available: bool = False) -> device | None:
    """The kind of accelerator that tensors can live on: none."""
    return None
