"""What PyTorch keeps in ``nn.modules.linear``. Made by tools/make_import_paths.py."""

from __future__ import annotations

from ..attention import NonDynamicallyQuantizableLinear
from ..lazy_layers import LazyLinear
from ..linear import Bilinear, Identity, Linear

__all__ = ["Bilinear", "Identity", "LazyLinear", "Linear", "NonDynamicallyQuantizableLinear"]
