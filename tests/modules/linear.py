"""Linear layers and embeddings."""

from __future__ import annotations

from .table import integers, layer, normal, refused

layer("nn.Linear(3, 2)", normal(3))
layer("nn.Linear(3, 2)", normal(4, 3))
layer("nn.Linear(3, 2, bias=False)", normal(2, 4, 3))
layer("nn.Linear(3, 2)", normal(0, 3))
layer("nn.Bilinear(2, 3, 4)", normal(5, 2), normal(5, 3))
layer("nn.Bilinear(2, 3, 4, bias=False)", normal(2, 5, 2), normal(2, 5, 3))
layer("nn.Identity(3, unused=1)", normal(4, 3))
layer("nn.Flatten()", normal(2, 3, 4))
layer("nn.Flatten(0, -2)", normal(2, 3, 4))
layer("nn.Unflatten(1, (2, 3))", normal(2, 6))
layer("nn.Embedding(5, 3)", integers(4, high=5))
layer("nn.Embedding(5, 3, padding_idx=1)", integers(2, 4, high=5))
layer("nn.Embedding(5, 3, max_norm=1.0)", integers(2, 4, high=5))
layer("nn.Embedding(5, 3, scale_grad_by_freq=True)", integers(2, 4, high=5), second=False, reason="PyTorch has none")

refused("nn.Linear(3, 2)", normal(4, 2))
refused("nn.Linear(3, 2)", integers(4, 3, high=2))
refused("nn.Linear(3.5, 2)")
refused("nn.Linear(3, -2)")
refused("nn.Bilinear(2, 3, 4)", normal(5, 3), normal(5, 3))
refused("nn.Bilinear(0, 3, 4)")
refused("nn.Embedding(5, 3)", integers(4, low=5, high=7))
refused("nn.Embedding(5, 3)", normal(4))
refused("nn.Embedding(5, 3, padding_idx=5)")
