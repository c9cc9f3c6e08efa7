"""What PyTorch keeps in ``nn.modules.dropout``. Made by tools/make_import_paths.py."""

from __future__ import annotations

from ..dropout import Dropout

__all__ = ["Dropout"]
