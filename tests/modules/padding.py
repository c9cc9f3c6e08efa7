"""Padding layers."""

from __future__ import annotations

from .table import booleans, integers, layer, normal, refused

SIZES = {1: (5,), 2: (4, 5), 3: (3, 4, 5)}
AMOUNTS = (1, 2, 0, 1, 2, 1)

for dims, size in SIZES.items():
    amounts = AMOUNTS[: 2 * dims]
    for kind in ("Zero", "Reflection", "Replication", "Circular"):
        name = f"nn.{kind}Pad{dims}d"
        layer(f"{name}(1)", normal(2, 2, *size))
        layer(f"{name}({amounts})", normal(2, 2, *size))
        layer(f"{name}({amounts})", normal(2, *size))
        refused(f"{name}()")
        if kind != "Zero":
            refused(f"{name}(1)", normal(1, 1, 2, *size))
            refused(f"{name}(1)", normal(*size[1:]))
            refused(f"{name}(1.5)", normal(2, 2, *size))
        if kind in ("Reflection", "Circular"):
            refused(f"{name}(9)", normal(2, 2, *size))
        if kind != "Circular":
            layer(f"{name}({tuple([-1] + [1] * (2 * dims - 1))})", normal(2, 2, *size))
            refused(f"{name}(-9)", normal(2, 2, *size))
    layer(f"nn.ConstantPad{dims}d(1, 2.5)", normal(2, 2, *size))
    layer(f"nn.ConstantPad{dims}d({amounts}, -1)", normal(2, *size))
    layer(f"nn.ConstantPad{dims}d(1, 3)", integers(2, 2, *size, high=5))
    refused(f"nn.ConstantPad{dims}d(1)")
    refused(f"nn.ReflectionPad{dims}d(1)", booleans(2, 2, *size))
