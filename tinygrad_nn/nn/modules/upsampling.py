"""What PyTorch keeps in ``nn.modules.upsampling``. Made by tools/make_import_paths.py."""

from __future__ import annotations

from ..resampling import Upsample, UpsamplingBilinear2d, UpsamplingNearest2d

__all__ = ["Upsample", "UpsamplingBilinear2d", "UpsamplingNearest2d"]
