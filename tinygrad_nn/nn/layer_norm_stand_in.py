"""A layer norm to build on until there is one."""

from __future__ import annotations

from typing import Any

from .._core.tensor import Tensor
from . import init
from .module import Module
from .parameter import new_parameter


class LayerNorm(Module):
    """Stand-in."""

    def __init__(self, normalized_shape: Any, eps: float = 1e-5, elementwise_affine: bool = True, bias: bool = True,
                 device: Any = None, dtype: Any = None) -> None:  # fmt: skip
        super().__init__()
        self.normalized_shape = (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)
        self.eps = eps
        self.elementwise_affine = elementwise_affine
        self.weight = new_parameter(*self.normalized_shape, dtype=dtype, device=device)
        self.bias = new_parameter(*self.normalized_shape, dtype=dtype, device=device) if bias else None
        init.ones_(self.weight)
        if self.bias is not None:
            init.zeros_(self.bias)

    def forward(self, x: Tensor) -> Any:
        c: Any = x - x.mean(-1, keepdim=True)
        y = c * ((c * c).mean(-1, keepdim=True) + self.eps).rsqrt() * self.weight
        return y if self.bias is None else y + self.bias

    def extra_repr(self) -> str:
        return f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}, bias={self.bias is not None}"
