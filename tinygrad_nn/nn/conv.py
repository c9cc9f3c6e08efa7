"""Convolution layers.

Weights and biases start uniform on ``±1 / sqrt(k)``, where k is the number of elements that a result is made of.

Source: https://docs.pytorch.org/docs/stable/nn.html#convolution-layers
"""

from __future__ import annotations

import math
from typing import Any, ClassVar

from .._core.tensor import Tensor
from . import functional, init
from .module import Module
from .parameter import Parameter, new_parameter
from .sizes import ntuple, reversed_pairs

__all__ = ["Conv1d", "Conv2d", "Conv3d"]

Numbers = int | tuple[int, ...]
_PADDINGS = {"same", "valid"}
_MODES = {"zeros", "reflect", "replicate", "circular"}


class _ConvNd(Module):
    """What all convolution layers share."""

    dims: ClassVar[int]
    transposed: ClassVar[bool] = False

    in_channels: int
    out_channels: int
    weight: Parameter
    bias: Parameter | None

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Numbers,
        stride: Numbers,
        padding: Numbers | str,
        dilation: Numbers,
        output_padding: Numbers,
        groups: int,
        bias: bool,
        padding_mode: str,
        device: Any,
        dtype: Any,
    ) -> None:
        super().__init__()
        if self.transposed and padding_mode != "zeros":
            raise ValueError(f'Only "zeros" padding mode is supported for {type(self).__name__}, got {padding_mode!r}')
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.kernel_size = ntuple(kernel_size, self.dims)
        self.stride = ntuple(stride, self.dims)
        self.padding = padding if isinstance(padding, str) else ntuple(padding, self.dims)
        self.dilation = ntuple(dilation, self.dims)
        self.output_padding = ntuple(output_padding, self.dims)
        self.groups = groups
        self.padding_mode = padding_mode
        self._check_options()
        self._reversed_padding_repeated_twice = self._amounts()
        ends = (in_channels, out_channels // groups) if self.transposed else (out_channels, in_channels // groups)
        self.weight = new_parameter(*ends, *self.kernel_size, dtype=dtype, device=device)
        self.bias = new_parameter(out_channels, dtype=dtype, device=device) if bias else None
        self.reset_parameters()

    def _check_options(self) -> None:
        """Refuse options that do not go together.

        Raises:
            ValueError: as PyTorch.
        """
        if self.groups <= 0:
            raise ValueError(f"groups must be a positive integer, got {self.groups}")
        for name, channels in (("in_channels", self.in_channels), ("out_channels", self.out_channels)):
            if channels % self.groups:
                raise ValueError(f"{name} must be divisible by groups, got {channels} and groups={self.groups}")
        if isinstance(self.padding, str):
            if self.padding not in _PADDINGS:
                raise ValueError(f"Invalid padding string {self.padding!r}, should be one of {sorted(_PADDINGS)}")
            if self.padding == "same" and any(s != 1 for s in self.stride):
                raise ValueError(f"padding='same' is not supported for strided convolutions, got stride={self.stride}")
        if self.padding_mode not in _MODES:
            raise ValueError(
                f"padding_mode must be one of {sorted(_MODES)}, but got padding_mode='{self.padding_mode}'"
            )

    def _amounts(self) -> list[int]:
        """The padding as `functional.pad` takes it."""
        if not isinstance(self.padding, str):
            return reversed_pairs(self.padding)
        if self.padding == "valid":
            return [0, 0] * self.dims
        totals = [d * (k - 1) for d, k in zip(self.dilation, self.kernel_size, strict=True)]
        return [amount for total in reversed(totals) for amount in (total // 2, total - total // 2)]

    def reset_parameters(self) -> None:
        """Draw new weights and biases."""
        init.kaiming_uniform_(self.weight, a=math.sqrt(5))  # this slope makes the bound 1 / sqrt(fan in)
        if self.bias is not None:
            fan_in = math.prod(self.weight.shape[1:])
            bound = 1 / math.sqrt(fan_in) if fan_in > 0 else 0
            init.uniform_(self.bias, -bound, bound)

    def _conv_forward(self, input: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        """The convolution with these weights."""
        padding: Any = self.padding
        if self.padding_mode != "zeros":
            input = functional.pad(input, self._reversed_padding_repeated_twice, mode=self.padding_mode)
            padding = 0
        convolve = (functional.conv1d, functional.conv2d, functional.conv3d)[self.dims - 1]
        return convolve(input, weight, bias, self.stride, padding, self.dilation, self.groups)

    def extra_repr(self) -> str:
        """The sizes, and the options that are not the usual ones."""
        text = f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, stride={self.stride}"
        if self.padding != (0,) * len(self.padding):
            text += f", padding={self.padding}"
        for name, usual in (("dilation", 1), ("output_padding", 0)):
            if getattr(self, name) != (usual,) * self.dims:
                text += f", {name}={getattr(self, name)}"
        if self.groups != 1:
            text += f", groups={self.groups}"
        if self.bias is None:
            text += ", bias=False"
        return text + (f", padding_mode={self.padding_mode}" if self.padding_mode != "zeros" else "")


class Conv1d(_ConvNd):
    """A convolution of sequences, (N, in_channels, L) to (N, out_channels, L'), or without N.

    Args:
        in_channels, out_channels, kernel_size, stride, padding, dilation, groups, bias, padding_mode, device, dtype:
            as for `Conv2d`.

    Raises:
        ValueError: options do not go together.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.Conv1d.html

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.nn.Conv1d(2, 4, 3)(tg.ones(1, 2, 8)).shape
        torch.Size([1, 4, 6])
    """

    dims = 1

    def __init__(
        self,
        in_channels: int,
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
        super().__init__(
            in_channels, out_channels, kernel_size, stride, padding, dilation, 0, groups, bias, padding_mode, device,
            dtype,
        )  # fmt: skip

    def forward(self, input: Tensor) -> Tensor:
        """The convolution."""
        return self._conv_forward(input, self.weight, self.bias)


class Conv2d(_ConvNd):
    """A convolution of images, (N, in_channels, H, W) to (N, out_channels, H', W'), or without N.

    Args:
        in_channels: the channels of the input.
        out_channels: the channels of the result.
        kernel_size: height and width of the window; one number for both or one for each, as for the others.
        stride: the distance of the windows.
        padding: how much to put around the images; ``"valid"``: nothing; ``"same"``: as much as keeps the size.
        dilation: the distance of a window's elements.
        groups: into how many groups the channels are divided; each output sees one of them.
        bias: whether there is a bias.
        padding_mode: what to put around: ``"zeros"``, ``"reflect"``, ``"replicate"`` or ``"circular"``.
        device: only the CPU.
        dtype: the type of the parameters.

    Raises:
        ValueError: options do not go together.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.Conv2d.html

    Example:
        >>> import tinygrad_nn as tg
        >>> layer = tg.nn.Conv2d(3, 8, 3, padding=1)
        >>> layer
        Conv2d(3, 8, kernel_size=(3, 3), stride=(1, 1), padding=(1, 1))
        >>> layer(tg.ones(2, 3, 5, 4)).shape
        torch.Size([2, 8, 5, 4])
    """

    dims = 2

    def __init__(
        self,
        in_channels: int,
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
        super().__init__(
            in_channels, out_channels, kernel_size, stride, padding, dilation, 0, groups, bias, padding_mode, device,
            dtype,
        )  # fmt: skip

    def forward(self, input: Tensor) -> Tensor:
        """The convolution."""
        return self._conv_forward(input, self.weight, self.bias)


class Conv3d(_ConvNd):
    """A convolution of volumes, (N, in_channels, D, H, W) to (N, out_channels, D', H', W'), or without N.

    Args:
        in_channels, out_channels, kernel_size, stride, padding, dilation, groups, bias, padding_mode, device, dtype:
            as for `Conv2d`.

    Raises:
        ValueError: options do not go together.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.Conv3d.html

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.nn.Conv3d(1, 2, 2, stride=2)(tg.ones(1, 1, 4, 4, 6)).shape
        torch.Size([1, 2, 2, 2, 3])
    """

    dims = 3

    def __init__(
        self,
        in_channels: int,
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
        super().__init__(
            in_channels, out_channels, kernel_size, stride, padding, dilation, 0, groups, bias, padding_mode, device,
            dtype,
        )  # fmt: skip

    def forward(self, input: Tensor) -> Tensor:
        """The convolution."""
        return self._conv_forward(input, self.weight, self.bias)
