"""What PyTorch keeps in ``nn.modules.lazy``. Made by tools/make_import_paths.py."""

from __future__ import annotations

from ..lazy import LazyModuleMixin

__all__ = ["LazyModuleMixin"]
