"""What PyTorch keeps in ``nn.modules.distance``. Made by tools/make_import_paths.py."""

from __future__ import annotations

from ..distance import CosineSimilarity, PairwiseDistance

__all__ = ["CosineSimilarity", "PairwiseDistance"]
