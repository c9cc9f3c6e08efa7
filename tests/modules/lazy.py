"""Layers that learn the number of their inputs from the first of them."""

from __future__ import annotations

from .table import layer, normal, refused

layer("nn.LazyLinear(3)", normal(4, 2))
layer("nn.LazyLinear(3, bias=False)", normal(2, 4, 5))
layer("nn.Sequential(nn.LazyLinear(3), nn.ReLU(), nn.LazyLinear(2))", normal(4, 2))
refused("nn.LazyLinear(3)", normal())
for dims, size in {1: (5,), 2: (4, 5), 3: (3, 4, 3)}.items():
    for way, other in (("", "groups=2"), ("Transpose", "stride=2, output_padding=1")):
        name = f"nn.LazyConv{way}{dims}d"
        layer(f"{name}(4, 3, padding=1)", normal(2, 2, *size))
        layer(f"{name}(4, 3, padding=1, {other})", normal(2, 2, *size))
        layer(f"{name}(4, 2, bias=False)", normal(2, *size))
        refused(f"{name}(4, 3)", normal(*size))
        refused(f"{name}(4, 3, groups=2)", normal(2, 3, *size))
        refused(f"{name}(4, 3, groups=0)")
    for name in (f"nn.LazyBatchNorm{dims}d", f"nn.LazyInstanceNorm{dims}d"):
        layer(f"{name}()", normal(4, 3, *size), calls=2, modes=(True,))
        layer(f"{name}(eps=0.1, momentum=0.5, bias=False)", normal(4, 3, *size), modes=(True,))
        layer(f"{name}(affine=False)", normal(4, 3, *size))
        layer(f"{name}(track_running_stats=False)", normal(4, 3, *size))
