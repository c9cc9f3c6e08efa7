"""Transposed convolution layers.

Source: https://docs.pytorch.org/docs/stable/nn.html#convolution-layers
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .._core.tensor import Tensor
from . import functional
from .conv import Numbers, _ConvNd

__all__ = ["ConvTranspose1d", "ConvTranspose2d", "ConvTranspose3d"]


class _ConvTransposeNd(_ConvNd):
    """What the transposed convolution layers share."""

    transposed = True

    def forward(self, input: Tensor, output_size: Sequence[int] | None = None) -> Tensor:
        """The transposed convolution; of this size, if one is given."""
        beyond = self.output_padding if output_size is None else self._output_padding(input, list(output_size))
        transpose = (functional.conv_transpose1d, functional.conv_transpose2d, functional.conv_transpose3d)
        padding: Any = self.padding
        return transpose[self.dims - 1](
            input, self.weight, self.bias, self.stride, padding, beyond, self.groups, self.dilation
        )

    def _output_padding(self, input: Tensor, output_size: list[int]) -> tuple[int, ...]:
        """The output padding that gives this size.

        Raises:
            ValueError: none does.
        """
        before = 2 if input.ndim == self.dims + 2 else 1
        wanted = output_size[before:] if len(output_size) == before + self.dims else output_size
        if len(wanted) != self.dims:
            raise ValueError(
                f"ConvTranspose{self.dims}D: for {input.ndim}D input, output_size must have {self.dims} or "
                f"{before + self.dims} elements (got {len(wanted)})"
            )
        given = zip(input.shape[before:], self.stride, self.padding, self.dilation, self.kernel_size, strict=True)
        least = [(n - 1) * s - 2 * int(p) + d * (k - 1) + 1 for n, s, p, d, k in given]
        most = [size + s - 1 for size, s in zip(least, self.stride, strict=True)]
        if any(not low <= size <= high for low, size, high in zip(least, wanted, most, strict=True)):
            raise ValueError(
                f"requested an output size of {wanted}, but valid sizes range from {least} to {most} (for an input of "
                f"{input.size()[2:]})"
            )
        return tuple([size - low for size, low in zip(wanted, least, strict=True)])


class ConvTranspose1d(_ConvTransposeNd):
    """A transposed convolution of sequences, (N, in_channels, L) to (N, out_channels, L'), or without N.

    Args:
        in_channels, out_channels, kernel_size, stride, padding, output_padding, groups, bias, dilation, padding_mode,
            device, dtype: as for `ConvTranspose2d`.

    Raises:
        ValueError: options do not go together.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.ConvTranspose1d.html

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.nn.ConvTranspose1d(2, 4, 3, stride=2)(tg.ones(1, 2, 8)).shape
        torch.Size([1, 4, 17])
    """

    dims = 1

    def __init__(
        self,
        in_channels: int,
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
            in_channels, out_channels, kernel_size, stride, padding, dilation, output_padding, groups, bias,
            padding_mode, device, dtype,
        )  # fmt: skip


class ConvTranspose2d(_ConvTransposeNd):
    """A transposed convolution of images, (N, in_channels, H, W) to (N, out_channels, H', W'), or without N.

    It is the gradient of `Conv2d` for its input, and used to make images larger.

    Args:
        in_channels: the channels of the input.
        out_channels: the channels of the result.
        kernel_size: height and width of the window; one number for both or one for each, as for the others.
        stride: the distance of the windows in the result.
        padding: how much of the result's border is left away.
        output_padding: by how much the result is longer at its end; less than the stride or the dilation.
        groups: into how many groups the channels are divided.
        bias: whether there is a bias.
        dilation: the distance of a window's elements.
        padding_mode: ``"zeros"``.
        device: only the CPU.
        dtype: the type of the parameters.

    Raises:
        ValueError: options do not go together.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.ConvTranspose2d.html

    Example:
        >>> import tinygrad_nn as tg
        >>> layer = tg.nn.ConvTranspose2d(4, 2, 4, stride=2, padding=1)
        >>> layer(tg.ones(1, 4, 8, 8)).shape
        torch.Size([1, 2, 16, 16])
        >>> layer(tg.ones(1, 4, 8, 8), output_size=[17, 16]).shape
        torch.Size([1, 2, 17, 16])
    """

    dims = 2

    def __init__(
        self,
        in_channels: int,
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
            in_channels, out_channels, kernel_size, stride, padding, dilation, output_padding, groups, bias,
            padding_mode, device, dtype,
        )  # fmt: skip


class ConvTranspose3d(_ConvTransposeNd):
    """A transposed convolution of volumes, (N, in_channels, D, H, W) to (N, out_channels, D', H', W'), or without N.

    Args:
        in_channels, out_channels, kernel_size, stride, padding, output_padding, groups, bias, dilation, padding_mode,
            device, dtype: as for `ConvTranspose2d`.

    Raises:
        ValueError: options do not go together.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.ConvTranspose3d.html

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.nn.ConvTranspose3d(1, 2, 2, stride=2)(tg.ones(1, 1, 2, 2, 3)).shape
        torch.Size([1, 2, 4, 4, 6])
    """

    dims = 3

    def __init__(
        self,
        in_channels: int,
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
            in_channels, out_channels, kernel_size, stride, padding, dilation, output_padding, groups, bias,
            padding_mode, device, dtype,
        )  # fmt: skip
