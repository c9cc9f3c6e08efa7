"""CUDA's libraries, which are not here: their switches may be set, to no effect.

Example:
    >>> import tinygrad_nn as tg
    >>> tg.backends.cuda.matmul.allow_tf32 = False
    >>> tg.backends.cuda.is_built()
    False
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace

__all__ = [
    "cudnn_sdp_enabled", "enable_cudnn_sdp", "enable_flash_sdp", "enable_math_sdp", "enable_mem_efficient_sdp",
    "flash_sdp_enabled", "is_built", "math_sdp_enabled", "matmul", "mem_efficient_sdp_enabled", "sdp_kernel",
]  # fmt: skip

matmul = SimpleNamespace(
    allow_tf32=False,
    allow_fp16_reduced_precision_reduction=True,
    allow_bf16_reduced_precision_reduction=True,
    allow_fp16_accumulation=False,
    fp32_precision="none",
)
_kernels = {"flash": True, "math": True, "mem_efficient": True, "cudnn": True}


def is_built() -> bool:
    """Whether this package was built for CUDA: never."""
    return False


def flash_sdp_enabled() -> bool:
    """The switch of a way to compute attention; here there is one."""
    return _kernels["flash"]


def math_sdp_enabled() -> bool:
    """The switch of a way to compute attention; here there is one."""
    return _kernels["math"]


def mem_efficient_sdp_enabled() -> bool:
    """The switch of a way to compute attention; here there is one."""
    return _kernels["mem_efficient"]


def cudnn_sdp_enabled() -> bool:
    """The switch of a way to compute attention; here there is one."""
    return _kernels["cudnn"]


def enable_flash_sdp(enabled: bool) -> None:
    """Switch a way to compute attention, to no effect."""
    _kernels["flash"] = enabled


def enable_math_sdp(enabled: bool) -> None:
    """Switch a way to compute attention, to no effect."""
    _kernels["math"] = enabled


def enable_mem_efficient_sdp(enabled: bool) -> None:
    """Switch a way to compute attention, to no effect."""
    _kernels["mem_efficient"] = enabled


def enable_cudnn_sdp(enabled: bool) -> None:
    """Switch a way to compute attention, to no effect."""
    _kernels["cudnn"] = enabled


@contextmanager
def sdp_kernel(
    enable_flash: bool = True, enable_math: bool = True, enable_mem_efficient: bool = True, enable_cudnn: bool = True
) -> Iterator[None]:
    """A context in which some ways to compute attention are switched, to no effect."""
    before = dict(_kernels)
    _kernels.update(
        flash=enable_flash, math=enable_math, mem_efficient=enable_mem_efficient, cudnn=enable_cudnn
    )  # fmt: skip
    try:
        yield
    finally:
        _kernels.update(before)
