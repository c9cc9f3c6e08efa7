"""Tables of vectors: single ones, and bags."""

from __future__ import annotations

from typing import Any

import numpy as np

from .table import integers, layer, normal, refused, uniform

FIRST: dict[str, Any] = {"second": False, "reason": "PyTorch has none"}
PRETRAINED = "torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 9.0]])"
OFFSETS = np.array([0, 2, 2, 5])

for _options in (
    "", ", padding_idx=1", ", padding_idx=-1", ", max_norm=1.0", ", max_norm=0.5, norm_type=1.0",
    ", padding_idx=2, max_norm=1.0", ", _freeze=True",
):  # fmt: skip
    layer(f"nn.Embedding(7, 3{_options})", integers(3, 5, high=7))
    layer(f"nn.Embedding(7, 3{_options})", integers(high=7))
layer("nn.Embedding(7, 3, scale_grad_by_freq=True)", integers(3, 5, high=7), **FIRST)
layer(f"nn.Embedding.from_pretrained({PRETRAINED})", integers(4, high=3))
layer(f"nn.Embedding.from_pretrained({PRETRAINED}, freeze=False, padding_idx=0)", integers(4, high=3))
layer(f"nn.Embedding.from_pretrained({PRETRAINED}, freeze=False, max_norm=4.0)", integers(4, high=3))
for _mode in ("mean", "sum", "max"):
    for _options in ("", ", padding_idx=1", ", max_norm=1.0"):
        _source = f"nn.EmbeddingBag(7, 3, mode='{_mode}'{_options})"
        layer(_source, integers(3, 5, high=7), **FIRST)
        layer(_source, integers(6, high=7), OFFSETS, **FIRST)
    _source = f"nn.EmbeddingBag(7, 3, mode='{_mode}', include_last_offset=True)"
    layer(_source, integers(6, high=7), np.array([0, 2, 2, 6]), **FIRST)
    layer(f"nn.EmbeddingBag.from_pretrained({PRETRAINED}, mode='{_mode}')", integers(2, 2, high=3))
layer("nn.EmbeddingBag(7, 3, mode='sum')", integers(3, 5, high=7), None, normal(3, 5), **FIRST)
layer("nn.EmbeddingBag(7, 3, mode='sum')", integers(6, high=7), OFFSETS, uniform(6), **FIRST)

refused("nn.Embedding(7, 3, padding_idx=7)")
refused("nn.Embedding(7, 3, padding_idx=-8)")
refused("nn.Embedding(7, 3, _weight=torch.zeros(7, 4))")
refused("nn.Embedding.from_pretrained(torch.zeros(3))")
refused("nn.Embedding(7, 3)", integers(4, low=7, high=9))
refused("nn.Embedding(7, 3)", integers(3, low=-3, high=0))
refused("nn.Embedding(7, 3)", normal(4))
refused("nn.EmbeddingBag(7, 3, padding_idx=7)")
refused("nn.EmbeddingBag(7, 3, _weight=torch.zeros(7, 4))")
refused("nn.EmbeddingBag.from_pretrained(torch.zeros(3))")
refused("nn.EmbeddingBag(7, 3)", integers(6, high=7))
refused("nn.EmbeddingBag(7, 3)", integers(2, 3, high=7), np.array([0, 2]))
refused("nn.EmbeddingBag(7, 3)", integers(5, high=7), np.array([1, 2]))
refused("nn.EmbeddingBag(7, 3)", integers(2, 3, 4, high=7))
refused("nn.EmbeddingBag(7, 3)", integers(2, 3, high=7), None, uniform(2, 3))
refused("nn.EmbeddingBag(7, 3, mode='sum')", integers(2, 3, high=7), None, normal(2, 4))
refused("nn.EmbeddingBag(7, 3)", integers(2, 3, low=7, high=9))
