"""Changing the shape, where PyTorch keeps them."""

from __future__ import annotations

from ..linear import Flatten, Unflatten

__all__ = ["Flatten", "Unflatten"]
