"""Apple's GPUs, which are not here.

Source: https://docs.pytorch.org/docs/stable/mps.html
"""

from __future__ import annotations

from typing import NoReturn

__all__ = ["current_allocated_memory", "device_count", "empty_cache", "is_available", "manual_seed", "synchronize"]


def is_available() -> bool:
    """Whether there is such a GPU: never."""
    return False


def device_count() -> int:
    """How many there are: none."""
    return 0


def manual_seed(seed: int) -> None:
    """Seed the GPU's generator: there is none."""


def empty_cache() -> None:
    """Give cached memory back: a RuntimeError, as in PyTorch."""
    _no_gpu("emptyCache")


def synchronize() -> None:
    """Wait for the GPU: a RuntimeError, as in PyTorch."""
    _no_gpu("deviceSynchronize")


def current_allocated_memory() -> int:
    """How much memory tensors take there: a RuntimeError, as in PyTorch."""
    _no_gpu("getCurrentAllocatedMemory")


def _no_gpu(name: str) -> NoReturn:
    raise RuntimeError(
        f"Cannot execute {name}() without MPS backend: tinygrad_nn computes on the CPU only. "
        "Ask backends.mps.is_available() first."
    )
