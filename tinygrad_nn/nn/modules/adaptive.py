"""What PyTorch keeps in ``nn.modules.adaptive``. Made by tools/make_import_paths.py."""

from __future__ import annotations

from ..output_loss import AdaptiveLogSoftmaxWithLoss, _ASMoutput

__all__ = ["AdaptiveLogSoftmaxWithLoss", "_ASMoutput"]
