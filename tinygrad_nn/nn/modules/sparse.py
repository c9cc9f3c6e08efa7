"""What PyTorch keeps in ``nn.modules.sparse``. Made by tools/make_import_paths.py."""

from __future__ import annotations

from ..sparse import Embedding

__all__ = ["Embedding"]
