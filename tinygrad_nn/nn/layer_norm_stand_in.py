"""A layer norm for the transformers to build on until `nn` has its norms. It is then deleted."""

from __future__ import annotations

from typing import Any

from .._core.tensor import Tensor
from . import init
from .module import Module
from .parameter import new_parameter


class LayerNorm(Module):
    """Normalise over the last dimensions: `(x - mean) / sqrt(variance + eps) * weight + bias`, as a composition."""

    def __init__(self, normalized_shape: Any, eps: float = 1e-5, elementwise_affine: bool = True, bias: bool = True,
                 device: Any = None, dtype: Any = None) -> None:  # fmt: skip
        super().__init__()
        self.normalized_shape = (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)
        self.eps = eps
        self.elementwise_affine = elementwise_affine
        shape = self.normalized_shape
        self.weight = new_parameter(*shape, dtype=dtype, device=device) if elementwise_affine else None
        self.bias = new_parameter(*shape, dtype=dtype, device=device) if elementwise_affine and bias else None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        if self.weight is not None:
            init.ones_(self.weight)
        if self.bias is not None:
            init.zeros_(self.bias)

    def forward(self, x: Tensor) -> Any:
        dims = tuple(range(-len(self.normalized_shape), 0))
        centred: Any = x - x.mean(dims, keepdim=True)
        result = centred * ((centred * centred).mean(dims, keepdim=True) + self.eps).rsqrt()
        if self.weight is not None:
            result = result * self.weight
        return result if self.bias is None else result + self.bias

    def extra_repr(self) -> str:
        affine = f"elementwise_affine={self.elementwise_affine}, bias={self.bias is not None}"
        return f"{self.normalized_shape}, eps={self.eps}, {affine}"
