"""Intel's GPUs, which are not here.

Source: https://docs.pytorch.org/docs/stable/xpu.html
"""

from __future__ import annotations

__all__ = ["device_count", "empty_cache", "is_available", "manual_seed", "manual_seed_all"]


def is_available() -> bool:
    """Whether there is such a GPU: never."""
    return False


def device_count() -> int:
    """How many there are: none."""
    return 0


def empty_cache() -> None:
    """Give cached memory back: there is none."""


def manual_seed(seed: int) -> None:
    """Seed the current GPU's generator: there is none."""


def manual_seed_all(seed: int) -> None:
    """Seed all GPUs' generators: there are none."""
