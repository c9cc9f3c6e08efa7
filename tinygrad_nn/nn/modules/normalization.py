"""What PyTorch keeps in ``nn.modules.normalization``. Made by tools/make_import_paths.py."""

from __future__ import annotations

from ..layer_norm_stand_in import LayerNorm

__all__ = ["LayerNorm"]
