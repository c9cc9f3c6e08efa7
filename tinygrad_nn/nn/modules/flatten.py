"""What PyTorch keeps in ``nn.modules.flatten``. Made by tools/make_import_paths.py."""

from __future__ import annotations

from ..linear import Flatten, Unflatten

__all__ = ["Flatten", "Unflatten"]
