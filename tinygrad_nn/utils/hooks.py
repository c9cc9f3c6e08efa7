"""The handle that removes a hook, where PyTorch keeps it."""

from __future__ import annotations

from .._core.handles import RemovableHandle

__all__ = ["RemovableHandle"]
