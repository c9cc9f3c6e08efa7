"""Normalisation layers."""

from __future__ import annotations

from .table import integers, layer, normal, refused

SIZES = {1: (5,), 2: (3, 4), 3: (2, 3, 2)}

for dims, size in SIZES.items():
    name = f"nn.BatchNorm{dims}d"
    layer(f"{name}(3)", normal(4, 3, *size), calls=2)
    layer(f"{name}(3, eps=0.1, momentum=0.5)", normal(4, 3, *size), calls=2)
    layer(f"{name}(3, momentum=None)", normal(4, 3, *size), calls=3)
    layer(f"{name}(3, affine=False)", normal(4, 3, *size))
    layer(f"{name}(3, bias=False)", normal(4, 3, *size))
    layer(f"{name}(3, track_running_stats=False)", normal(4, 3, *size))
    layer(f"{name}(3, affine=False, track_running_stats=False)", normal(4, 3, *size))
    layer(f"{name}(3, momentum=0.0)", normal(4, 3, *size), calls=2)
    layer(f"{name}(3, dtype=torch.float64)", normal(4, 3, *size), types=("float64",))
    refused(f"{name}(3)", normal(4, 2, *size), modes=(True, False))
    refused(f"{name}(3)", normal(3), modes=(True, False))
    refused(f"{name}(3)", normal(4, 3, *size, 1, 1), modes=(True, False))
    refused(f"{name}(3)", normal(1, 3, *([1] * dims)))
    refused(f"{name}(3)", integers(4, 3, *size, high=5), modes=(True, False))
    refused(f"{name}(3, momentum=None)", normal(4, 2, *size))
    refused(f"{name}(3, dtype=torch.float64)", normal(4, 3, *size), modes=(True, False))
    refused(f"{name}(-3)")

    single = f"nn.InstanceNorm{dims}d"
    layer(f"{single}(3)", normal(2, 3, *size))
    layer(f"{single}(3)", normal(3, *size))
    layer(f"{single}(3, affine=True, eps=0.1)", normal(2, 3, *size))
    layer(f"{single}(3, affine=True, bias=False)", normal(2, 3, *size))
    layer(f"{single}(3, track_running_stats=True)", normal(2, 3, *size), calls=2)
    layer(f"{single}(3, momentum=0.5, affine=True, track_running_stats=True)", normal(2, 3, *size), calls=2)
    layer(f"{single}(4)", normal(2, 3, *size))  # another number of channels: a warning
    refused(f"{single}(4, affine=True)", normal(2, 3, *size))
    refused(f"{single}(4, track_running_stats=True)", normal(2, 3, *size), modes=(True, False))
    refused(f"{single}(3)", normal(2, 3, *([1] * dims)))
    refused(f"{single}(3)", normal(3))
    refused(f"{single}(3)", normal(2, 3, *size, 1, 1))
    refused(f"{single}(3)", integers(2, 3, *size, high=5))

layer("nn.BatchNorm1d(3)", normal(4, 3), calls=2)
layer("nn.BatchNorm1d(3, affine=False)", normal(4, 3))
layer("nn.BatchNorm2d(3)", normal(4, 3, 1, 1), calls=2)

layer("nn.LayerNorm(4)", normal(3, 4))
layer("nn.LayerNorm(4)", normal(4))
layer("nn.LayerNorm((3, 4), eps=0.1)", normal(2, 3, 4))
layer("nn.LayerNorm([2, 3, 4], elementwise_affine=False)", normal(5, 2, 3, 4))
layer("nn.LayerNorm(4, bias=False)", normal(2, 3, 4))
layer("nn.LayerNorm(4)", normal(0, 4), second=False, reason="PyTorch has none for no rows")
layer("nn.LayerNorm(4, dtype=torch.float64)", normal(3, 4), types=("float64",))
refused("nn.LayerNorm(4)", normal(4, 3))
refused("nn.LayerNorm((3, 4))", normal(4))
refused("nn.LayerNorm(4)", integers(3, 4, high=5))
refused("nn.LayerNorm(4, dtype=torch.float64)", normal(3, 4))
refused("nn.LayerNorm(-4)")
refused("nn.LayerNorm(2.5)")

layer("nn.GroupNorm(2, 6)", normal(3, 6, 4))
layer("nn.GroupNorm(6, 6)", normal(3, 6, 4, 2))
layer("nn.GroupNorm(1, 6, eps=0.1)", normal(3, 6))
layer("nn.GroupNorm(3, 6, affine=False)", normal(3, 6, 2, 2, 2))
layer("nn.GroupNorm(3, 6, bias=False)", normal(3, 6, 2))
refused("nn.GroupNorm(4, 6)")
refused("nn.GroupNorm(2, 6)", normal(3, 4, 5))
refused("nn.GroupNorm(2, 6)", normal(6))
refused("nn.GroupNorm(2, 6)", integers(3, 6, 4, high=5))
refused("nn.GroupNorm(0, 6)")
refused("nn.GroupNorm(6, 6)", normal(1, 6))

layer("nn.RMSNorm(4)", normal(3, 4))
layer("nn.RMSNorm(4)", normal(4))
layer("nn.RMSNorm((3, 4), eps=0.1)", normal(2, 3, 4))
layer("nn.RMSNorm([3, 4], elementwise_affine=False)", normal(2, 3, 4))
refused("nn.RMSNorm(4)", normal(4, 3))
refused("nn.RMSNorm(4)", integers(3, 4, high=5))

layer("nn.LocalResponseNorm(3)", normal(2, 5, 4))
layer("nn.LocalResponseNorm(2, alpha=1.0, beta=0.5, k=2.0)", normal(2, 5, 3, 4))
layer("nn.LocalResponseNorm(5, alpha=1.0)", normal(2, 3, 2, 3, 4))
refused("nn.LocalResponseNorm(3)", normal(2, 5))
refused("nn.LocalResponseNorm(0)", normal(2, 5, 4))
# of more channels PyTorch's sums, and of odd sizes its gradients, take wrong channels
layer("nn.CrossMapLRN2d(5, alpha=1.0, k=2)", normal(2, 3, 4, 4, gradient=False))
layer("nn.CrossMapLRN2d(4, alpha=1.0, beta=0.5)", normal(2, 2, 4, 4), second=False, reason="PyTorch has none")
refused("nn.CrossMapLRN2d(3)", normal(3, 4, 4))
