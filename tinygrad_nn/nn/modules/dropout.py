"""Dropout, where PyTorch keeps them."""

from __future__ import annotations

from ..dropout import Dropout

__all__ = ["Dropout"]
