"""DLPack, where PyTorch keeps it. See `tinygrad_nn.ops.interchange`."""

from __future__ import annotations

from ..ops.interchange import from_dlpack, to_dlpack

__all__ = ["from_dlpack", "to_dlpack"]
