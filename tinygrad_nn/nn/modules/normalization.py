"""What PyTorch keeps in ``nn.modules.normalization``. Made by tools/make_import_paths.py."""

from __future__ import annotations

from ..normalization import CrossMapLRN2d, GroupNorm, LayerNorm, LocalResponseNorm, RMSNorm

__all__ = ["CrossMapLRN2d", "GroupNorm", "LayerNorm", "LocalResponseNorm", "RMSNorm"]
