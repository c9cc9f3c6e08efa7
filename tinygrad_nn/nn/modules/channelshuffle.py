"""What PyTorch keeps in ``nn.modules.channelshuffle``. Made by tools/make_import_paths.py."""

from __future__ import annotations

from ..resampling import ChannelShuffle

__all__ = ["ChannelShuffle"]
