"""Convolution layers, and transposed ones."""

from __future__ import annotations

from .table import integers, layer, normal, refused

SIZES = {1: (7,), 2: (7, 6), 3: (4, 5, 3)}

for dims, size in SIZES.items():
    name = f"nn.Conv{dims}d"
    layer(f"{name}(2, 3, 3)", normal(2, 2, *size))
    layer(f"{name}(2, 3, 2)", normal(2, *size))  # without a batch
    layer(f"{name}(2, 3, 3, stride=2, padding=1)", normal(2, 2, *size))
    layer(f"{name}(2, 3, 2, dilation=2, bias=False)", normal(2, 2, *size))
    layer(f"{name}(4, 6, 3, padding='same', groups=2)", normal(2, 4, *size))
    layer(f"{name}(2, 3, 2, padding='same')", normal(2, 2, *size))
    layer(f"{name}(2, 3, 2, padding='valid', stride=2)", normal(2, 2, *size))
    layer(f"{name}(3, 6, 3, padding=1, groups=3)", normal(2, 3, *size))
    layer(f"{name}(2, 3, 1)", normal(2, 2, *size))
    layer(f"{name}(2, 3, 1, padding=1, stride=2)", normal(2, 2, *size))
    for mode in ("reflect", "replicate", "circular"):
        layer(f"{name}(2, 3, 3, padding=1, padding_mode='{mode}')", normal(2, 2, *size))
        layer(f"{name}(2, 3, 2, padding='same', padding_mode='{mode}')", normal(2, *size))
    layer(f"{name}(2, 3, 2, dtype=torch.float64)", normal(2, 2, *size), types=("float64",))
    layer(f"{name}(2, 3, 2)", normal(0, 2, *size))
    kernel, stride = ", ".join("321"[:dims]), ", ".join("121"[:dims])
    layer(f"{name}(2, 4, ({kernel},), stride=({stride},), padding=0)", normal(1, 2, *size))
    turned = f"nn.ConvTranspose{dims}d"
    layer(f"{turned}(2, 3, 3)", normal(2, 2, *size))
    layer(f"{turned}(2, 3, 2)", normal(2, *size))
    layer(f"{turned}(2, 3, 3, stride=2, padding=1, output_padding=1)", normal(2, 2, *size))
    layer(f"{turned}(2, 3, 4, 2, 1)", normal(2, 2, *size))
    layer(f"{turned}(2, 3, 2, dilation=2, bias=False)", normal(2, 2, *size))
    layer(f"{turned}(4, 6, 3, stride=3, groups=2)", normal(2, 4, *size))
    layer(f"{turned}(3, 3, 3, padding=2, groups=3)", normal(2, 3, *size))
    layer(f"{turned}(2, 3, 1, padding_mode='zeros')", normal(2, 2, *size))
    longer = [2 * n for n in size]
    layer(f"{turned}(2, 3, 3, stride=2, padding=1)", normal(2, 2, *size), options={"output_size": longer})
    layer(f"{turned}(2, 3, 3, stride=2, padding=1)", normal(1, 2, *size), options={"output_size": [1, 3, *longer]})

    for made in (name, turned):
        refused(f"{made}(2, 3, 3)", normal(2, 3, *size))
        refused(f"{made}(2, 3, 3)", normal(*size))
        refused(f"{made}(2, 3, 3)", normal(1, 2, 2, *size))
        refused(f"{made}(2, 3, 3)", integers(2, 2, *size, high=3))
        refused(f"{made}(2, 3, 3, dtype=torch.float64)", normal(2, 2, *size))
        refused(f"{made}(2, 3, 3, groups=2)")
        refused(f"{made}(3, 4, 3, groups=2)")
        refused(f"{made}(2, 3, 3, groups=0)")
        refused(f"{made}(2, 3, -1)")
        refused(f"{made}(2, 3, 2.5)")
        refused(f"{made}(2, 3, 3, stride=0)", normal(2, 2, *size))
        refused(f"{made}(2, 3, 3, padding=-1)", normal(2, 2, *size))
        refused(f"{made}(2, 3, 3, dilation=0)", normal(2, 2, *size))
        refused(f"{made}(2, 3, (3, 3, 3, 3))", normal(2, 2, *size))
        refused(f"{made}(2, 3, 3, padding_mode='mirror')")
    refused(f"{name}(2, 3, 9)", normal(2, 2, *size))
    refused(f"{name}(2, 3, 3, padding='full')")
    refused(f"{name}(2, 3, 3, padding='same', stride=2)")
    refused(f"{name}(2, 3, 3, padding=7, padding_mode='reflect')", normal(2, 2, *size))
    refused(f"{turned}(2, 3, 3, padding_mode='reflect')")
    refused(f"{turned}(2, 3, 3, stride=2, output_padding=2)", normal(2, 2, *size))
    refused(f"{turned}(2, 3, 3, stride=2)", normal(2, 2, *size), options={"output_size": [1] * dims})
    refused(f"{turned}(2, 3, 3, stride=2)", normal(2, 2, *size), options={"output_size": [1] * (dims + 3)})
