"""Embeddings, where PyTorch keeps them."""

from __future__ import annotations

from ..sparse import Embedding

__all__ = ["Embedding"]
