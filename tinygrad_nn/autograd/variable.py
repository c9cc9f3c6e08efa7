"""PyTorch's former tensors, under the name of its module."""

from __future__ import annotations

from . import Variable

__all__ = ["Variable"]
