"""What PyTorch keeps in ``nn.modules.fold``. Made by tools/make_import_paths.py."""

from __future__ import annotations

from ..resampling import Fold, Unfold

__all__ = ["Fold", "Unfold"]
