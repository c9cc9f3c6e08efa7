"""What PyTorch keeps in ``nn.modules.transformer``. Made by tools/make_import_paths.py."""

from __future__ import annotations

from ..transformer import Transformer, TransformerDecoder, TransformerEncoder
from ..transformer_layers import TransformerDecoderLayer, TransformerEncoderLayer

__all__ = [
    "Transformer",
    "TransformerDecoder",
    "TransformerDecoderLayer",
    "TransformerEncoder",
    "TransformerEncoderLayer",
]
