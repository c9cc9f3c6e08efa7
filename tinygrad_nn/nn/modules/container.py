"""What PyTorch keeps in ``nn.modules.container``. Made by tools/make_import_paths.py."""

from __future__ import annotations

from ..containers import Container, ModuleDict, ModuleList, Sequential
from ..parameter_containers import ParameterDict, ParameterList

__all__ = ["Container", "ModuleDict", "ModuleList", "ParameterDict", "ParameterList", "Sequential"]
