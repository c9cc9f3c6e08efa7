"""The order in memory of convolutions' weights.

Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.convert_conv2d_weight_memory_format.html
"""

from __future__ import annotations

from typing import Any, TypeVar

from ..module import Module

__all__ = ["convert_conv2d_weight_memory_format", "convert_conv3d_weight_memory_format"]

M = TypeVar("M", bound=Module)


def convert_conv2d_weight_memory_format(module: M, memory_format: Any) -> M:
    """Lay the weights of all `Conv2d` and `ConvTranspose2d` in a module out in a memory format, in place."""
    return _convert(module, memory_format, {"Conv2d", "ConvTranspose2d"})


def convert_conv3d_weight_memory_format(module: M, memory_format: Any) -> M:
    """Lay the weights of all `Conv3d` and `ConvTranspose3d` in a module out in a memory format, in place."""
    return _convert(module, memory_format, {"Conv3d", "ConvTranspose3d"})


def _convert(module: M, memory_format: Any, names: set[str]) -> M:
    for part in module.modules():
        if names & {kind.__name__ for kind in type(part).__mro__}:
            part.weight.data = part.weight.detach().clone(memory_format=memory_format)
    return module
