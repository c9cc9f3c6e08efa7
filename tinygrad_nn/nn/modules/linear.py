"""Linear layers, where PyTorch keeps them."""

from __future__ import annotations

from ..linear import Bilinear, Identity, Linear

__all__ = ["Bilinear", "Identity", "Linear"]
