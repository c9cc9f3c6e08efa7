"""Where PyTorch's documentation imports `default_collate_fn_map` from: ``utils.data._utils.collate``."""

from __future__ import annotations

from . import collate

__all__ = ["collate"]
