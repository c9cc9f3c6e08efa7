"""What PyTorch keeps in ``nn.modules.sparse``. Made by tools/make_import_paths.py."""

from __future__ import annotations

from ..sparse import Embedding, EmbeddingBag

__all__ = ["Embedding", "EmbeddingBag"]
