"""Tools beside the engine: `tinygrad_nn.utils.data` feeds a training loop with batches."""

from __future__ import annotations

from . import data

__all__ = ["data"]
