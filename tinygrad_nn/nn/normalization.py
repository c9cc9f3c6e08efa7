"""Layers that normalise each example on its own: layer, group, root-mean-square and response normalisation.

Source: https://docs.pytorch.org/docs/stable/nn.html#normalization-layers
"""

from __future__ import annotations

import numbers
from collections.abc import Sequence
from typing import Any

from .._core.tensor import Tensor
from ..ops.response_norm import cross_map_response_norm
from . import functional, init
from .module import Module
from .parameter import Parameter, new_parameter

__all__ = ["CrossMapLRN2d", "GroupNorm", "LayerNorm", "LocalResponseNorm", "RMSNorm"]


def _lengths(shape: int | Sequence[int]) -> tuple[int, ...]:
    return (int(shape),) if isinstance(shape, numbers.Integral) else tuple(shape)  # type: ignore[arg-type]


class LayerNorm(Module):
    """Normalises the last dimensions: ``(x - mean) / sqrt(variance + eps) * weight + bias`` (Ba et al., 2016).

    Args:
        normalized_shape: the lengths of these dimensions; one number for the last one.
        eps: added to the variance.
        elementwise_affine: whether there are weights, which start at 1, and biases, which start at 0.
        bias: whether there are biases.
        device: only the CPU.
        dtype: the type of the parameters.

    Raises:
        RuntimeError: the input's last dimensions have other lengths.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.LayerNorm.html

    Example:
        >>> import tinygrad_nn as tg
        >>> layer = tg.nn.LayerNorm(2)
        >>> layer
        LayerNorm((2,), eps=1e-05, elementwise_affine=True, bias=True)
        >>> layer(tg.tensor([[1.0, 3.0], [10.0, 30.0]])).detach()
        tensor([[-1.0000,  1.0000],
                [-1.0000,  1.0000]])
    """

    weight: Parameter | None
    bias: Parameter | None

    def __init__(
        self,
        normalized_shape: int | Sequence[int],
        eps: float = 1e-5,
        elementwise_affine: bool = True,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.normalized_shape = _lengths(normalized_shape)
        self.eps = eps
        self.elementwise_affine = elementwise_affine
        for name, wanted in (("weight", elementwise_affine), ("bias", elementwise_affine and bias)):
            made = new_parameter(*self.normalized_shape, dtype=dtype, device=device) if wanted else None
            self.register_parameter(name, made)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Set weights to 1 and biases to 0."""
        if self.weight is not None:
            init.ones_(self.weight)
        if self.bias is not None:
            init.zeros_(self.bias)

    def forward(self, input: Tensor) -> Tensor:
        """The normalised input."""
        return functional.layer_norm(input, self.normalized_shape, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        """The options."""
        return (
            f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}, "
            f"bias={self.bias is not None}"
        )


class GroupNorm(Module):
    """Normalises groups of channels of each image, (N, C, ...) (Wu and He, 2018).

    Args:
        num_groups: the number of groups.
        num_channels: the number of channels.
        eps: added to the variance.
        affine: whether there are weights, which start at 1, and biases, which start at 0.
        device: only the CPU.
        dtype: the type of the parameters.
        bias: whether there are biases.

    Raises:
        ValueError: the channels cannot be divided into so many groups.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.GroupNorm.html

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.nn.GroupNorm(2, 6)(tg.ones(4, 6, 3, 3)).shape
        torch.Size([4, 6, 3, 3])
    """

    weight: Parameter | None
    bias: Parameter | None

    def __init__(
        self,
        num_groups: int,
        num_channels: int,
        eps: float = 1e-5,
        affine: bool = True,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__()
        if num_channels % num_groups:
            raise ValueError(f"num_channels ({num_channels}) must be divisible by num_groups ({num_groups})")
        self.num_groups = num_groups
        self.num_channels = num_channels
        self.eps = eps
        self.affine = affine
        for name, wanted in (("weight", affine), ("bias", affine and bias)):
            self.register_parameter(name, new_parameter(num_channels, dtype=dtype, device=device) if wanted else None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Set weights to 1 and biases to 0."""
        if self.weight is not None:
            init.ones_(self.weight)
        if self.bias is not None:
            init.zeros_(self.bias)

    def forward(self, input: Tensor) -> Tensor:
        """The normalised input."""
        return functional.group_norm(input, self.num_groups, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        """The options."""
        return (
            f"{self.num_groups}, {self.num_channels}, eps={self.eps}, affine={self.affine}, "
            f"bias={self.bias is not None}"
        )


class RMSNorm(Module):
    """Divides the last dimensions by the root of their mean square (Zhang and Sennrich, 2019).

    Args:
        normalized_shape: the lengths of these dimensions; one number for the last one.
        eps: added to the mean square; unless given, the smallest step from 1 of the input's type.
        elementwise_affine: whether there are weights, which start at 1.
        device: only the CPU.
        dtype: the type of the weights.

    Raises:
        RuntimeError: the input's last dimensions have other lengths.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.RMSNorm.html

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.nn.RMSNorm(2)(tg.tensor([3.0, -4.0])).detach()
        tensor([ 0.8485, -1.1314])
    """

    weight: Parameter | None

    def __init__(
        self,
        normalized_shape: int | Sequence[int],
        eps: float | None = None,
        elementwise_affine: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.normalized_shape = _lengths(normalized_shape)
        self.eps = eps
        self.elementwise_affine = elementwise_affine
        made = new_parameter(*self.normalized_shape, dtype=dtype, device=device) if elementwise_affine else None
        self.register_parameter("weight", made)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Set weights to 1."""
        if self.weight is not None:
            init.ones_(self.weight)

    def forward(self, x: Tensor) -> Tensor:
        """The normalised input."""
        return functional.rms_norm(x, self.normalized_shape, self.weight, self.eps)

    def extra_repr(self) -> str:
        """The options."""
        return f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}"


class LocalResponseNorm(Module):
    """``x / (k + alpha * mean) ** beta``, where the mean is that of the squares in `size` channels around each.

    Args:
        size: the number of channels.
        alpha, beta, k: the constants of the formula.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.LocalResponseNorm.html

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.nn.LocalResponseNorm(2)(tg.ones(1, 4, 3, 3)).shape
        torch.Size([1, 4, 3, 3])
    """

    def __init__(self, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0) -> None:
        super().__init__()
        self.size = size
        self.alpha = alpha
        self.beta = beta
        self.k = k

    def forward(self, input: Tensor) -> Tensor:
        """The normalised input."""
        return functional.local_response_norm(input, self.size, self.alpha, self.beta, self.k)

    def extra_repr(self) -> str:
        """The options."""
        return f"{self.size}, alpha={self.alpha}, beta={self.beta}, k={self.k}"


class CrossMapLRN2d(Module):
    """`LocalResponseNorm` of images, (N, C, H, W), with an odd number of channels around each.

    Args:
        size: the number of channels that the sum is divided by.
        alpha, beta, k: the constants of the formula.

    Raises:
        ValueError: the input has not four dimensions.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.CrossMapLRN2d.html

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.nn.CrossMapLRN2d(3)(tg.ones(1, 4, 3, 3)).shape
        torch.Size([1, 4, 3, 3])
    """

    def __init__(self, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1) -> None:
        super().__init__()
        self.size = size
        self.alpha = alpha
        self.beta = beta
        self.k = k

    def forward(self, input: Tensor) -> Tensor:
        """The normalised images."""
        return cross_map_response_norm(input, self.size, self.alpha, self.beta, self.k)

    def extra_repr(self) -> str:
        """The options."""
        return f"{self.size}, alpha={self.alpha}, beta={self.beta}, k={self.k}"
