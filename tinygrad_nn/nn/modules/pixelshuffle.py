"""What PyTorch keeps in ``nn.modules.pixelshuffle``. Made by tools/make_import_paths.py."""

from __future__ import annotations

from ..resampling import PixelShuffle, PixelUnshuffle

__all__ = ["PixelShuffle", "PixelUnshuffle"]
