"""Pooling layers."""

from __future__ import annotations

from typing import Any

from .table import booleans, integers, layer, normal, refused

SIZES = {1: (7,), 2: (7, 6), 3: (4, 5, 6)}
LENGTHS = {1: "3", 2: "(3, 2)", 3: "(2, 3, 2)"}


def unpooling(dims: int) -> Any:
    """Pools the input first: unpooling wants the places that this gives."""

    def prepare(package: Any, arguments: Any) -> Any:
        return getattr(package.nn.functional, f"max_pool{dims}d")(arguments[0], 2, return_indices=True)

    return prepare


for dims, size in SIZES.items():
    kernel = LENGTHS[dims]
    for name in (f"nn.MaxPool{dims}d", f"nn.AvgPool{dims}d"):
        layer(f"{name}(2)", normal(2, 2, *size))
        layer(f"{name}({kernel})", normal(2, *size))
        layer(f"{name}({kernel}, stride=1)", normal(2, 2, *size))
        layer(f"{name}({kernel}, stride=2, padding=1)", normal(2, 2, *size))
        layer(f"{name}(3, 2, ceil_mode=True)", normal(2, 2, *size))
        layer(f"{name}(3, stride=2, padding=1, ceil_mode=True)", normal(2, 2, *size))
        layer(f"{name}(2)", normal(0, 2, *size))
        refused(f"{name}(2)", normal(*size[1:]))
        refused(f"{name}(2)", normal(1, 1, 1, *size))
        refused(f"{name}(2)", normal(2, 0, *size))
        refused(f"{name}(2)", booleans(2, 2, *size))
        refused(f"{name}(9)", normal(2, 2, *size))
        refused(f"{name}(0)", normal(2, 2, *size))
        refused(f"{name}(2, stride=0)", normal(2, 2, *size))
        refused(f"{name}(2, padding=2)", normal(2, 2, *size))
        refused(f"{name}(2, padding=-1)", normal(2, 2, *size))
        refused(f"{name}((2, 2, 2, 2))", normal(2, 2, *size))
        refused(f"{name}(2.5)", normal(2, 2, *size))
        refused(name + "()")
    largest = f"nn.MaxPool{dims}d"
    layer(f"{largest}(2, dilation=2)", normal(2, 2, *size))
    layer(f"{largest}(3, stride=1, padding=1, return_indices=True)", normal(2, 2, *size))
    layer(f"{largest}(2, return_indices=True, ceil_mode=True)", normal(2, *size))
    refused(f"{largest}(2, dilation=0)", normal(2, 2, *size))
    mean = f"nn.AvgPool{dims}d"
    layer(f"{mean}(3, stride=2, padding=1, count_include_pad=False)", normal(2, 2, *size))
    layer(f"{mean}(3, 2, 1, ceil_mode=True, count_include_pad=False)", normal(2, 2, *size))
    if dims > 1:
        layer(f"{mean}(2, divisor_override=3)", normal(2, 2, *size))
        refused(f"{mean}(2, divisor_override=0)", normal(2, 2, *size))

    unpool = f"nn.MaxUnpool{dims}d"
    even = [2 * (n // 2) for n in size]
    layer(f"{unpool}(2)", normal(2, 2, *even), prepare=unpooling(dims))
    layer(f"{unpool}(2, stride=2)", normal(2, *size), options={"output_size": list(size)}, prepare=unpooling(dims))
    refused(f"{unpool}(2)", normal(2, 2, *even), integers(2, 2, *even, low=900, high=901))
    refused(f"{unpool}(2)", normal(2, 2, *even), normal(2, 2, *even))
    refused(f"{unpool}(2)", normal(2, 2, *even), integers(2, 1, *even, high=2))
    refused(f"{unpool}(2)", normal(2, 2, *even), integers(2, 2, *even, high=2), options={"output_size": [99] * dims})

    power = f"nn.LPPool{dims}d"
    window = "2" if dims == 1 else f"({', '.join('23'[:2] + '1' * (dims - 2))})"
    layer(f"{power}(2, 2)", normal(2, 2, *size))
    layer(f"{power}(3, {window}, stride=2, ceil_mode=True)", normal(2, *size), modes=(True,))
    layer(f"{power}(float('inf'), 2)", normal(2, 2, *size))

    for name in (f"nn.AdaptiveAvgPool{dims}d", f"nn.AdaptiveMaxPool{dims}d"):
        wanted = LENGTHS[dims]
        layer(f"{name}(1)", normal(2, 2, *size))
        layer(f"{name}({wanted})", normal(2, 2, *size))
        layer(f"{name}(2)", normal(2, *size))
        layer(f"{name}(8)", normal(1, 1, *size))  # more windows than elements
        if dims > 1:
            some = ", ".join("2" if d else "None" for d in range(dims))
            layer(f"{name}(({some}))", normal(2, 2, *size))
        refused(f"{name}(2)", normal(*size[1:]))
        refused(f"{name}(2)", integers(2, 2, *size, high=5))
        refused(f"{name}(-1)", normal(2, 2, *size))
        refused(f"{name}((2, 2, 2, 2))", normal(2, 2, *size))
        refused(f"{name}(2.5)", normal(2, 2, *size))
    layer(f"nn.AdaptiveMaxPool{dims}d(2, return_indices=True)", normal(2, 2, *size))

for dims, size in ((2, (7, 6)), (3, (6, 5, 6))):
    drawn = f"nn.FractionalMaxPool{dims}d"
    layer(f"{drawn}(2, output_size=3)", normal(2, 2, *size))
    layer(f"{drawn}({LENGTHS[dims]}, output_ratio=0.5)", normal(2, *size))
    layer(f"{drawn}(2, output_ratio={(0.5, 0.4, 0.5)[:dims]}, return_indices=True)", normal(2, 2, *size))
    refused(f"{drawn}(2)")
    refused(f"{drawn}(2, output_size=2, output_ratio=0.5)")
    refused(f"{drawn}(2, output_ratio=1.5)")
    refused(f"{drawn}(2, output_size=9)", normal(2, 2, *size))
    refused(f"{drawn}(2, output_size=2)", integers(2, 2, *size, high=5))
