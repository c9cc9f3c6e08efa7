"""Automatic mixed precision: PyTorch's names, for programs that can run on a GPU as well.

Numbers are computed in the type that they have: NumPy has no bfloat16, and computes with float16 more slowly than with
float32. So `autocast` changes nothing but the answer of `is_autocast_enabled`. `GradScaler` does what PyTorch's does.

Source: https://docs.pytorch.org/docs/stable/amp.html
"""

from .autocast_mode import (
    autocast,
    custom_bwd,
    custom_fwd,
    get_autocast_dtype,
    is_autocast_available,
    is_autocast_cache_enabled,
    is_autocast_enabled,
    set_autocast_cache_enabled,
    set_autocast_dtype,
    set_autocast_enabled,
)
from .grad_scaler import GradScaler

__all__ = [
    "GradScaler", "autocast", "custom_bwd", "custom_fwd", "get_autocast_dtype", "is_autocast_available",
    "is_autocast_cache_enabled", "is_autocast_enabled", "set_autocast_cache_enabled", "set_autocast_dtype",
    "set_autocast_enabled",
]  # fmt: skip
