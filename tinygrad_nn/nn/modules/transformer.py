"""What PyTorch keeps in ``nn.modules.transformer``. Made by tools/make_import_paths.py."""

from __future__ import annotations

from ..transformer import Transformer, TransformerDecoder, TransformerEncoder, _get_clones
from ..transformer_layers import TransformerDecoderLayer, TransformerEncoderLayer, _get_activation_fn

__all__ = [
    "Transformer",
    "TransformerDecoder",
    "TransformerDecoderLayer",
    "TransformerEncoder",
    "TransformerEncoderLayer",
    "_get_activation_fn",
    "_get_clones",
]
