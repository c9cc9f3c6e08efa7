"""Layers that resize, and that move elements between channels and space.

Source: https://docs.pytorch.org/docs/stable/nn.html#vision-layers
"""

from __future__ import annotations

from typing import Any

from .._core.tensor import Tensor
from . import functional
from .module import Module

__all__ = [
    "ChannelShuffle",
    "Fold",
    "PixelShuffle",
    "PixelUnshuffle",
    "Unfold",
    "Upsample",
    "UpsamplingBilinear2d",
    "UpsamplingNearest2d",
]

Sizes = int | tuple[int, ...]
Factors = float | tuple[float, ...]


class Upsample(Module):
    """Resizes sequences, images or volumes, (N, C, ...), by interpolation.

    Args:
        size: the lengths wanted.
        scale_factor: instead of a size: by how much each dimension is to be longer.
        mode: ``"nearest"``, ``"linear"``, ``"bilinear"``, ``"bicubic"`` or ``"trilinear"``.
        align_corners: the corner elements' centres, not their outer edges, keep their places.
        recompute_scale_factor: compute positions from the lengths, not from the scale given.

    Raises:
        ValueError: options do not go together, when the layer is called.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.Upsample.html

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.nn.Upsample(scale_factor=2)(tg.tensor([[[1.0, 2.0]]]))
        tensor([[[1., 1., 2., 2.]]])
    """

    def __init__(
        self,
        size: Sizes | None = None,
        scale_factor: Factors | None = None,
        mode: str = "nearest",
        align_corners: bool | None = None,
        recompute_scale_factor: bool | None = None,
    ) -> None:
        super().__init__()
        self.name = type(self).__name__
        self.size = size
        self.scale_factor: Factors | None = None
        if isinstance(scale_factor, tuple):
            self.scale_factor = tuple([float(factor) for factor in scale_factor])
        elif scale_factor:
            self.scale_factor = float(scale_factor)
        self.mode = mode
        self.align_corners = align_corners
        self.recompute_scale_factor = recompute_scale_factor

    def forward(self, input: Tensor) -> Tensor:
        """The input at the other size."""
        return functional.interpolate(
            input, self.size, self.scale_factor, self.mode, self.align_corners, self.recompute_scale_factor
        )

    def extra_repr(self) -> str:
        """The size or the factor, and the mode."""
        wanted = f"size={self.size!r}" if self.scale_factor is None else f"scale_factor={self.scale_factor!r}"
        return f"{wanted}, mode={self.mode!r}"


class UpsamplingNearest2d(Upsample):
    """`Upsample` of images, (N, C, H, W), in the mode ``"nearest"``.

    Args:
        size: the lengths wanted.
        scale_factor: instead of a size: by how much each dimension is to be longer.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.UpsamplingNearest2d.html

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.nn.UpsamplingNearest2d(scale_factor=2)(tg.ones(1, 1, 2, 3)).shape
        torch.Size([1, 1, 4, 6])
    """

    def __init__(self, size: Sizes | None = None, scale_factor: Factors | None = None) -> None:
        super().__init__(size, scale_factor, mode="nearest")


class UpsamplingBilinear2d(Upsample):
    """`Upsample` of images, (N, C, H, W), in the mode ``"bilinear"`` with aligned corners.

    Args:
        size: the lengths wanted.
        scale_factor: instead of a size: by how much each dimension is to be longer.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.UpsamplingBilinear2d.html

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.nn.UpsamplingBilinear2d(size=(1, 3))(tg.tensor([[[[1.0, 2.0]]]]))
        tensor([[[[1.0000, 1.5000, 2.0000]]]])
    """

    def __init__(self, size: Sizes | None = None, scale_factor: Factors | None = None) -> None:
        super().__init__(size, scale_factor, mode="bilinear", align_corners=True)


class PixelShuffle(Module):
    """Moves channels into space: (..., C * r * r, H, W) to (..., C, H * r, W * r) (Shi et al., 2016).

    Args:
        upscale_factor: r.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.PixelShuffle.html

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.nn.PixelShuffle(3)(tg.ones(1, 9, 4, 4)).shape
        torch.Size([1, 1, 12, 12])
    """

    def __init__(self, upscale_factor: int) -> None:
        super().__init__()
        self.upscale_factor = upscale_factor

    def forward(self, input: Tensor) -> Tensor:
        """The larger image."""
        return functional.pixel_shuffle(input, self.upscale_factor)

    def extra_repr(self) -> str:
        """The factor."""
        return f"upscale_factor={self.upscale_factor}"


class PixelUnshuffle(Module):
    """Moves space into channels: (..., C, H * r, W * r) to (..., C * r * r, H, W); undoes `PixelShuffle`.

    Args:
        downscale_factor: r.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.PixelUnshuffle.html

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.nn.PixelUnshuffle(3)(tg.ones(1, 1, 12, 12)).shape
        torch.Size([1, 9, 4, 4])
    """

    def __init__(self, downscale_factor: int) -> None:
        super().__init__()
        self.downscale_factor = downscale_factor

    def forward(self, input: Tensor) -> Tensor:
        """The smaller image of more channels."""
        return functional.pixel_unshuffle(input, self.downscale_factor)

    def extra_repr(self) -> str:
        """The factor."""
        return f"downscale_factor={self.downscale_factor}"


class ChannelShuffle(Module):
    """Deals the channels, the second dimension, out in turn from each of so many groups (Zhang et al., 2018).

    Args:
        groups: the number of groups.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.ChannelShuffle.html

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.nn.ChannelShuffle(2)(tg.arange(4.0).reshape(1, 4, 1)).flatten()
        tensor([0., 2., 1., 3.])
    """

    def __init__(self, groups: int) -> None:
        super().__init__()
        self.groups = groups

    def forward(self, input: Tensor) -> Tensor:
        """The channels in their new order."""
        return functional.channel_shuffle(input, self.groups)

    def extra_repr(self) -> str:
        """The number of groups."""
        return f"groups={self.groups}"


class Unfold(Module):
    """The sliding windows of images, each as a column: (N, C, H, W) to (N, C * height * width, windows).

    Args:
        kernel_size: the windows' height and width, or one number for both; as for the others.
        dilation: the distance of a window's elements.
        padding: how far windows reach beyond the edges, where there are zeros.
        stride: the distance of the windows.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.Unfold.html

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.nn.Unfold((2, 3))(tg.ones(2, 5, 3, 4)).shape
        torch.Size([2, 30, 4])
    """

    def __init__(self, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1) -> None:
        super().__init__()
        self.kernel_size = kernel_size
        self.dilation = dilation
        self.padding = padding
        self.stride = stride

    def forward(self, input: Tensor) -> Tensor:
        """The windows."""
        return functional.unfold(input, self.kernel_size, self.dilation, self.padding, self.stride)

    def extra_repr(self) -> str:
        """The options."""
        return (
            f"kernel_size={self.kernel_size}, dilation={self.dilation}, padding={self.padding}, stride={self.stride}"
        )


class Fold(Module):
    """Images from their sliding windows, the sums of all that lie over one another: the adjoint of `Unfold`.

    Args:
        output_size: the images' height and width.
        kernel_size, dilation, padding, stride: as for `Unfold`.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.Fold.html

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.nn.Fold((4, 5), (2, 2))(tg.ones(1, 12, 12)).shape
        torch.Size([1, 3, 4, 5])
    """

    def __init__(
        self, output_size: Any, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1
    ) -> None:
        super().__init__()
        self.output_size = output_size
        self.kernel_size = kernel_size
        self.dilation = dilation
        self.padding = padding
        self.stride = stride

    def forward(self, input: Tensor) -> Tensor:
        """The images."""
        return functional.fold(
            input, self.output_size, self.kernel_size, self.dilation, self.padding, self.stride
        )  # fmt: skip

    def extra_repr(self) -> str:
        """The options."""
        return (
            f"output_size={self.output_size}, kernel_size={self.kernel_size}, dilation={self.dilation}, "
            f"padding={self.padding}, stride={self.stride}"
        )
