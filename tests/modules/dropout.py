"""Dropout layers. The masks are drawn, and the same."""

from __future__ import annotations

from .table import integers, layer, normal, refused

layer("nn.Dropout()", normal(4, 5))
layer("nn.Dropout(0.2)", normal(3, 2, 4))
layer("nn.Dropout(1.0)", normal(4, 5))
layer("nn.Dropout(0.0)", normal(4, 5))
layer("nn.Sequential(nn.Linear(4, 4), nn.Dropout(0.5, inplace=True))", normal(3, 4))
layer("nn.Dropout1d(0.3)", normal(3, 4, 2))
layer("nn.Dropout1d(0.3)", normal(4, 2))
layer("nn.Dropout2d(0.3)", normal(3, 4, 2, 2))
layer("nn.Dropout2d(0.3)", normal(3, 4, 2))
layer("nn.Dropout3d(0.3)", normal(3, 4, 2, 2, 2))
layer("nn.Dropout3d(0.3)", normal(4, 2, 2, 2))
layer("nn.AlphaDropout(0.3)", normal(4, 5))
layer("nn.AlphaDropout(1.0)", normal(4, 5))
layer("nn.FeatureAlphaDropout(0.3)", normal(3, 4, 2))
layer("nn.FeatureAlphaDropout(0.3, inplace=True)", normal(3, 4, 2, 2))
for name in ("Dropout", "Dropout1d", "Dropout2d", "Dropout3d", "AlphaDropout", "FeatureAlphaDropout"):
    refused(f"nn.{name}(1.5)")
    refused(f"nn.{name}(-0.5)")
    refused(f"nn.{name}(0.5)", integers(2, 3, 4, high=5))
refused("nn.Dropout1d(0.5)", normal(2, 3, 4, 5))
refused("nn.Dropout2d(0.5)", normal(5))
refused("nn.FeatureAlphaDropout(0.5)", normal(5))
