"""CUDA, which is not here: the questions that programs ask before they choose a device, with honest answers.

Example:
    >>> import tinygrad_nn as tg
    >>> "cuda" if tg.cuda.is_available() else "cpu"
    'cpu'
"""

from __future__ import annotations

from typing import Any

__all__ = [
    "device_count", "empty_cache", "is_available", "manual_seed", "manual_seed_all", "set_device", "synchronize",
]  # fmt: skip


def is_available() -> bool:
    """Whether there is a CUDA device: never."""
    return False


def device_count() -> int:
    """How many CUDA devices there are: none."""
    return 0


def manual_seed(seed: int) -> None:
    """Seed the current GPU's generator: there is none, so nothing happens, as in PyTorch without a GPU."""


def manual_seed_all(seed: int) -> None:
    """Seed all GPUs' generators: there are none, so nothing happens, as in PyTorch without a GPU."""


def empty_cache() -> None:
    """Give cached GPU memory back: there is none."""


def synchronize(device: Any = None) -> None:
    """Wait for the GPU.

    Raises:
        RuntimeError: always, as there is no GPU to wait for.
    """
    raise RuntimeError(
        "cuda.synchronize(): tinygrad_nn computes on the CPU only; operations are finished when they return."
    )


def set_device(device: Any) -> None:
    """Choose a GPU.

    Raises:
        RuntimeError: always, as there is none.
    """
    raise RuntimeError(f"cuda.set_device({device!r}): tinygrad_nn computes on the CPU only. Use device('cpu').")
