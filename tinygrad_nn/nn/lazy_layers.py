"""Layers that learn the number of their inputs from the first of them.

Source: https://docs.pytorch.org/docs/stable/nn.html#lazy-modules-initialization
"""

from __future__ import annotations

from typing import Any

from .._core.tensor import Tensor
from .conv import Conv1d, Conv2d, Conv3d, Numbers, _ConvNd
from .conv_transpose import ConvTranspose1d, ConvTranspose2d, ConvTranspose3d
from .lazy import LazyModuleMixin, materialize
from .linear import Linear
from .parameter import UninitializedParameter

__all__ = [
    "LazyConv1d",
    "LazyConv2d",
    "LazyConv3d",
    "LazyConvTranspose1d",
    "LazyConvTranspose2d",
    "LazyConvTranspose3d",
    "LazyLinear",
]


class LazyLinear(LazyModuleMixin, Linear):
    """A `Linear` whose ``in_features`` is the length of the last dimension of its first input.

    Args:
        out_features: the length of each output.
        bias: whether there is a bias.
        device: only the CPU.
        dtype: the type of the parameters.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.LazyLinear.html

    Example:
        >>> import tinygrad_nn as tg
        >>> layer = tg.nn.LazyLinear(2)
        >>> layer(tg.ones(5, 3)).shape
        torch.Size([5, 2])
        >>> layer
        Linear(in_features=3, out_features=2, bias=True)
    """

    cls_to_become = Linear

    def __init__(self, out_features: int, bias: bool = True, device: Any = None, dtype: Any = None) -> None:
        super().__init__(0, 0, False)
        self.weight = UninitializedParameter(device=device, dtype=dtype)
        self.out_features = out_features
        self.bias = UninitializedParameter(device=device, dtype=dtype) if bias else None

    def reset_parameters(self) -> None:
        """Draw new weights and biases, if they have shapes."""
        if not self.has_uninitialized_params() and self.in_features != 0:
            super().reset_parameters()

    def initialize_parameters(self, input: Tensor) -> None:
        """Take the number of features from an input."""
        if self.has_uninitialized_params():
            self.in_features = input.shape[-1]
            materialize(self.weight, self.out_features, self.in_features)
            materialize(self.bias, self.out_features)
            self.reset_parameters()
        elif self.in_features == 0:  # a state was loaded
            self.in_features = self.weight.shape[-1]
            if input.shape[-1] != self.in_features:
                raise AssertionError(
                    f"The in_features inferred from input: {input.shape[-1]} is not equal to in_features from "
                    f"self.weight: {self.in_features}"
                )


class _LazyConvXdMixin(LazyModuleMixin, _ConvNd):
    """What the lazy convolution layers share."""

    def _uninitialize(self, out_channels: int, bias: bool, device: Any, dtype: Any) -> None:
        self.weight = UninitializedParameter(device=device, dtype=dtype)
        self.out_channels = out_channels
        self.bias = UninitializedParameter(device=device, dtype=dtype) if bias else None

    def reset_parameters(self) -> None:
        """Draw new weights and biases, if they have shapes."""
        if not self.has_uninitialized_params() and self.in_channels != 0:
            super().reset_parameters()

    def initialize_parameters(self, input: Tensor, *args: Any, **kwargs: Any) -> None:
        """Take the number of channels from an input.

        Raises:
            RuntimeError: the input has another number of dimensions.
            ValueError: its channels cannot be divided into the groups.
        """
        if not self.has_uninitialized_params():
            return
        channels = self._get_in_channels(input)
        if channels % self.groups:
            raise ValueError(f"in_channels must be divisible by groups, got {channels} and groups={self.groups}")
        self.in_channels = channels
        share = self.out_channels // self.groups
        ends = (channels, share) if self.transposed else (self.out_channels, channels // self.groups)
        materialize(self.weight, *ends, *self.kernel_size)
        materialize(self.bias, self.out_channels)
        self.reset_parameters()

    def _get_in_channels(self, input: Tensor) -> int:
        if input.dim() not in (self.dims + 1, self.dims + 2):
            raise RuntimeError(
                f"Expected {self.dims + 1}D (unbatched) or {self.dims + 2}D (batched) input to "
                f"{type(self).__name__}, but got input of size: {input.shape}"
            )
        return int(input.shape[1 if input.dim() == self.dims + 2 else 0])


class LazyConv1d(_LazyConvXdMixin, Conv1d):
    """A `Conv1d` whose ``in_channels`` is that of its first input.

    Args:
        out_channels, kernel_size, stride, padding, dilation, groups, bias, padding_mode, device, dtype: as for
            `Conv1d`.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.LazyConv1d.html

    Example:
        >>> import tinygrad_nn as tg
        >>> layer = tg.nn.LazyConv1d(4, 3)
        >>> layer(tg.ones(1, 2, 5)).shape
        torch.Size([1, 4, 3])
    """

    cls_to_become = Conv1d

    def __init__(
        self,
        out_channels: int,
        kernel_size: Numbers,
        stride: Numbers = 1,
        padding: Numbers | str = 0,
        dilation: Numbers = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(0, 0, kernel_size, stride, padding, dilation, groups, False, padding_mode)
        self._uninitialize(out_channels, bias, device, dtype)


class LazyConv2d(_LazyConvXdMixin, Conv2d):
    """A `Conv2d` whose ``in_channels`` is that of its first input.

    Args:
        out_channels, kernel_size, stride, padding, dilation, groups, bias, padding_mode, device, dtype: as for
            `Conv2d`.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.LazyConv2d.html

    Example:
        >>> import tinygrad_nn as tg
        >>> layer = tg.nn.LazyConv2d(4, 3)
        >>> layer(tg.ones(1, 2, 5, 5)).shape
        torch.Size([1, 4, 3, 3])
    """

    cls_to_become = Conv2d

    def __init__(
        self,
        out_channels: int,
        kernel_size: Numbers,
        stride: Numbers = 1,
        padding: Numbers | str = 0,
        dilation: Numbers = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(0, 0, kernel_size, stride, padding, dilation, groups, False, padding_mode)
        self._uninitialize(out_channels, bias, device, dtype)


class LazyConv3d(_LazyConvXdMixin, Conv3d):
    """A `Conv3d` whose ``in_channels`` is that of its first input.

    Args:
        out_channels, kernel_size, stride, padding, dilation, groups, bias, padding_mode, device, dtype: as for
            `Conv3d`.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.LazyConv3d.html

    Example:
        >>> import tinygrad_nn as tg
        >>> layer = tg.nn.LazyConv3d(4, 3)
        >>> layer(tg.ones(1, 2, 5, 5, 5)).shape
        torch.Size([1, 4, 3, 3, 3])
    """

    cls_to_become = Conv3d

    def __init__(
        self,
        out_channels: int,
        kernel_size: Numbers,
        stride: Numbers = 1,
        padding: Numbers | str = 0,
        dilation: Numbers = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(0, 0, kernel_size, stride, padding, dilation, groups, False, padding_mode)
        self._uninitialize(out_channels, bias, device, dtype)


class LazyConvTranspose1d(_LazyConvXdMixin, ConvTranspose1d):
    """A `ConvTranspose1d` whose ``in_channels`` is that of its first input.

    Args:
        out_channels, kernel_size, stride, padding, output_padding, groups, bias, dilation, padding_mode, device, dtype:
            as for `ConvTranspose1d`.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.LazyConvTranspose1d.html

    Example:
        >>> import tinygrad_nn as tg
        >>> layer = tg.nn.LazyConvTranspose1d(4, 3)
        >>> layer(tg.ones(1, 2, 5)).shape
        torch.Size([1, 4, 7])
    """

    cls_to_become = ConvTranspose1d

    def __init__(
        self,
        out_channels: int,
        kernel_size: Numbers,
        stride: Numbers = 1,
        padding: Numbers = 0,
        output_padding: Numbers = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: Numbers = 1,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(
            0, 0, kernel_size, stride, padding, output_padding, groups, False, dilation, padding_mode
        )  # fmt: skip
        self._uninitialize(out_channels, bias, device, dtype)


class LazyConvTranspose2d(_LazyConvXdMixin, ConvTranspose2d):
    """A `ConvTranspose2d` whose ``in_channels`` is that of its first input.

    Args:
        out_channels, kernel_size, stride, padding, output_padding, groups, bias, dilation, padding_mode, device, dtype:
            as for `ConvTranspose2d`.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.LazyConvTranspose2d.html

    Example:
        >>> import tinygrad_nn as tg
        >>> layer = tg.nn.LazyConvTranspose2d(4, 3)
        >>> layer(tg.ones(1, 2, 5, 5)).shape
        torch.Size([1, 4, 7, 7])
    """

    cls_to_become = ConvTranspose2d

    def __init__(
        self,
        out_channels: int,
        kernel_size: Numbers,
        stride: Numbers = 1,
        padding: Numbers = 0,
        output_padding: Numbers = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: Numbers = 1,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(
            0, 0, kernel_size, stride, padding, output_padding, groups, False, dilation, padding_mode
        )  # fmt: skip
        self._uninitialize(out_channels, bias, device, dtype)


class LazyConvTranspose3d(_LazyConvXdMixin, ConvTranspose3d):
    """A `ConvTranspose3d` whose ``in_channels`` is that of its first input.

    Args:
        out_channels, kernel_size, stride, padding, output_padding, groups, bias, dilation, padding_mode, device, dtype:
            as for `ConvTranspose3d`.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.LazyConvTranspose3d.html

    Example:
        >>> import tinygrad_nn as tg
        >>> layer = tg.nn.LazyConvTranspose3d(4, 3)
        >>> layer(tg.ones(1, 2, 5, 5, 5)).shape
        torch.Size([1, 4, 7, 7, 7])
    """

    cls_to_become = ConvTranspose3d

    def __init__(
        self,
        out_channels: int,
        kernel_size: Numbers,
        stride: Numbers = 1,
        padding: Numbers = 0,
        output_padding: Numbers = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: Numbers = 1,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(
            0, 0, kernel_size, stride, padding, output_padding, groups, False, dilation, padding_mode
        )  # fmt: skip
        self._uninitialize(out_channels, bias, device, dtype)
