"""CUDA, which is not here: the questions that programs ask before they choose a device, with honest answers.

Functions that ask whether there is a GPU, or that have nothing to do without one, answer; what needs one raises. So do
PyTorch's own where there is no GPU.

Source: https://docs.pytorch.org/docs/stable/cuda.html

Example:
    >>> import tinygrad_nn as tg
    >>> "cuda" if tg.cuda.is_available() else "cpu"
    'cpu'
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from . import amp

__all__ = [
    "Event", "Stream", "amp", "current_device", "current_stream", "default_stream", "device_count", "empty_cache",
    "get_device_capability", "get_device_name", "get_device_properties", "get_rng_state", "get_rng_state_all", "init",
    "is_available", "is_bf16_supported", "is_initialized", "manual_seed", "manual_seed_all", "max_memory_allocated",
    "max_memory_reserved", "mem_get_info", "memory_allocated", "memory_reserved", "reset_peak_memory_stats", "seed",
    "seed_all", "set_device", "set_rng_state", "set_rng_state_all", "synchronize",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name == "amp":
        return importlib.import_module(".amp", __name__)
    raise AttributeError(
        f"module 'tinygrad_nn.cuda' has no attribute {name!r}: tinygrad_nn computes on the CPU only. "
        "Ask cuda.is_available() first."
    )


def is_available() -> bool:
    """Whether there is a CUDA device: never."""
    return False


def is_initialized() -> bool:
    """Whether CUDA has been started: never."""
    return False


def is_bf16_supported(including_emulation: bool = True) -> bool:
    """Whether the GPU computes with bfloat16: there is none."""
    return False


def device_count() -> int:
    """How many CUDA devices there are: none."""
    return 0


def memory_allocated(device: Any = None) -> int:
    """How much GPU memory tensors take, in bytes: none."""
    return 0


def max_memory_allocated(device: Any = None) -> int:
    """How much GPU memory tensors have taken at most, in bytes: none."""
    return 0


def memory_reserved(device: Any = None) -> int:
    """How much GPU memory is set aside, in bytes: none."""
    return 0


def max_memory_reserved(device: Any = None) -> int:
    """How much GPU memory has been set aside at most, in bytes: none."""
    return 0


def reset_peak_memory_stats(device: Any = None) -> None:
    """Forget how much GPU memory has been taken at most: there is none, so nothing happens."""


def manual_seed(seed: int) -> None:
    """Seed the current GPU's generator: there is none, so nothing happens, as in PyTorch without a GPU."""


def manual_seed_all(seed: int) -> None:
    """Seed all GPUs' generators: there are none, so nothing happens, as in PyTorch without a GPU."""


def seed() -> None:
    """Seed the current GPU's generator by chance: there is none, so nothing happens."""


def seed_all() -> None:
    """Seed all GPUs' generators by chance: there are none, so nothing happens."""


def get_rng_state_all() -> list[Any]:
    """The states of all GPUs' generators: there are none."""
    return []


def set_rng_state_all(new_states: Any) -> None:
    """Set the states of all GPUs' generators, of which there are none.

    Raises:
        RuntimeError: there are states to set.
    """
    if list(new_states):
        _no_gpu("set_rng_state_all")


def empty_cache() -> None:
    """Give cached GPU memory back: there is none."""


def init() -> None:
    """Start CUDA. Always a RuntimeError, as in what follows."""
    _no_gpu("init")


def synchronize(device: Any = None) -> None:
    """Wait for the GPU. Operations are finished when they return; a RuntimeError, as there is no GPU to wait for."""
    _no_gpu("synchronize")


def set_device(device: Any) -> None:
    """Choose a GPU: a RuntimeError."""
    _no_gpu("set_device")


def current_device() -> int:
    """The GPU that is chosen: a RuntimeError."""
    _no_gpu("current_device")


def get_device_name(device: Any = None) -> str:
    """A GPU's name: a RuntimeError."""
    _no_gpu("get_device_name")


def get_device_capability(device: Any = None) -> tuple[int, int]:
    """What a GPU can do: a RuntimeError."""
    _no_gpu("get_device_capability")


def get_device_properties(device: Any = None) -> Any:
    """What a GPU has: a RuntimeError."""
    _no_gpu("get_device_properties")


def mem_get_info(device: Any = None) -> tuple[int, int]:
    """A GPU's memory: a RuntimeError."""
    _no_gpu("mem_get_info")


def get_rng_state(device: Any = "cuda") -> Any:
    """The state of a GPU's generator: a RuntimeError."""
    _no_gpu("get_rng_state")


def set_rng_state(new_state: Any, device: Any = "cuda") -> None:
    """Set the state of a GPU's generator: a RuntimeError."""
    _no_gpu("set_rng_state")


def current_stream(device: Any = None) -> Any:
    """A GPU's queue: a RuntimeError."""
    _no_gpu("current_stream")


def default_stream(device: Any = None) -> Any:
    """A GPU's queue: a RuntimeError."""
    _no_gpu("default_stream")


class Event:
    """A mark in a GPU's queue: a RuntimeError. Take ``time.perf_counter()``."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        _no_gpu("Event")


class Stream:
    """A GPU's queue: a RuntimeError."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        _no_gpu("Stream")


class NoGpuError(AssertionError, RuntimeError):
    """What needs a GPU was called: PyTorch raises the one or the other."""


def _no_gpu(name: str) -> NoReturn:
    raise NoGpuError(
        f"Torch not compiled with CUDA enabled: cuda.{name}() needs a GPU, and tinygrad_nn computes on the CPU only. "
        "Ask cuda.is_available() first."
    )
