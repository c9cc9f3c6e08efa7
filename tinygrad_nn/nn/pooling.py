"""Pooling layers: maxima, means and power averages of windows, and unpooling.

Source: https://docs.pytorch.org/docs/stable/nn.html#pooling-layers
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .._core.tensor import Tensor
from . import functional
from .module import Module
from .sizes import ntuple

__all__ = [
    "AvgPool1d",
    "AvgPool2d",
    "AvgPool3d",
    "LPPool1d",
    "LPPool2d",
    "LPPool3d",
    "MaxPool1d",
    "MaxPool2d",
    "MaxPool3d",
    "MaxUnpool1d",
    "MaxUnpool2d",
    "MaxUnpool3d",
]

Numbers = int | tuple[int, ...]


class _MaxPoolNd(Module):
    """What the max pooling layers share."""

    def __init__(
        self,
        kernel_size: Numbers,
        stride: Numbers | None = None,
        padding: Numbers = 0,
        dilation: Numbers = 1,
        return_indices: bool = False,
        ceil_mode: bool = False,
    ) -> None:
        super().__init__()
        self.kernel_size = kernel_size
        self.stride = stride if stride is not None else kernel_size
        self.padding = padding
        self.dilation = dilation
        self.return_indices = return_indices
        self.ceil_mode = ceil_mode

    def extra_repr(self) -> str:
        """The options."""
        return (
            f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}, dilation={self.dilation}, "
            f"ceil_mode={self.ceil_mode}"
        )


class MaxPool1d(_MaxPoolNd):
    """The greatest element of each window of sequences, (N, C, L), or without N.

    Args:
        kernel_size, stride, padding, dilation, return_indices, ceil_mode: as for `MaxPool2d`.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.MaxPool1d.html

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.nn.MaxPool1d(2)(tg.ones(1, 2, 4)).shape
        torch.Size([1, 2, 2])
    """

    def forward(self, input: Tensor) -> Any:
        """The greatest elements; with `return_indices`, a pair of them and their places."""
        return functional.max_pool1d(
            input, self.kernel_size, self.stride, self.padding, self.dilation, self.ceil_mode, self.return_indices
        )


class MaxPool2d(_MaxPoolNd):
    """The greatest element of each window of images, (N, C, H, W), or without N.

    Args:
        kernel_size: the windows' height and width; one number for both or one for each, as for the others.
        stride: the distance of the windows, as long as the windows unless given.
        padding: how far windows may reach beyond the edges; at most half of the window.
        dilation: the distance of a window's elements.
        return_indices: return also where the elements are in their plane, for `MaxUnpool2d`.
        ceil_mode: also take windows that reach beyond the end.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.MaxPool2d.html

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.nn.MaxPool2d(2)(tg.ones(1, 2, 4, 6)).shape
        torch.Size([1, 2, 2, 3])
    """

    def forward(self, input: Tensor) -> Any:
        """The greatest elements; with `return_indices`, a pair of them and their places."""
        return functional.max_pool2d(
            input, self.kernel_size, self.stride, self.padding, self.dilation, self.ceil_mode, self.return_indices
        )


class MaxPool3d(_MaxPoolNd):
    """The greatest element of each window of volumes, (N, C, D, H, W), or without N.

    Args:
        kernel_size, stride, padding, dilation, return_indices, ceil_mode: as for `MaxPool2d`.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.MaxPool3d.html

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.nn.MaxPool3d(2)(tg.ones(1, 2, 2, 4, 6)).shape
        torch.Size([1, 2, 1, 2, 3])
    """

    def forward(self, input: Tensor) -> Any:
        """The greatest elements; with `return_indices`, a pair of them and their places."""
        return functional.max_pool3d(
            input, self.kernel_size, self.stride, self.padding, self.dilation, self.ceil_mode, self.return_indices
        )


class _MaxUnpoolNd(Module):
    """What the unpooling layers share."""

    dims: int

    def __init__(self, kernel_size: Numbers, stride: Numbers | None = None, padding: Numbers = 0) -> None:
        super().__init__()
        self.kernel_size = ntuple(kernel_size, self.dims)
        self.stride = ntuple(stride if stride is not None else kernel_size, self.dims)
        self.padding = ntuple(padding, self.dims)

    def extra_repr(self) -> str:
        """The options."""
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class MaxUnpool1d(_MaxUnpoolNd):
    """Puts the elements that `MaxPool1d` found back where they were in sequences, (N, C, L), with zeros elsewhere.

    Args:
        kernel_size, stride, padding: those of the pooling.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.MaxUnpool1d.html

    Example:
        >>> import tinygrad_nn as tg
        >>> x = tg.arange(2.0).reshape(1, 1, 2)
        >>> pooled, indices = tg.nn.MaxPool1d(2, return_indices=True)(x)
        >>> tg.nn.MaxUnpool1d(2)(pooled, indices).flatten()
        tensor([0., 1.])
    """

    dims = 1

    def forward(self, input: Tensor, indices: Tensor, output_size: Sequence[int] | None = None) -> Tensor:
        """The elements at these places; of this size, if one is given."""
        return functional.max_unpool1d(input, indices, self.kernel_size, self.stride, self.padding, output_size)


class MaxUnpool2d(_MaxUnpoolNd):
    """Puts the elements that `MaxPool2d` found back where they were in images, (N, C, H, W), with zeros elsewhere.

    Args:
        kernel_size, stride, padding: those of the pooling.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.MaxUnpool2d.html

    Example:
        >>> import tinygrad_nn as tg
        >>> x = tg.arange(4.0).reshape(1, 1, 2, 2)
        >>> pooled, indices = tg.nn.MaxPool2d(2, return_indices=True)(x)
        >>> tg.nn.MaxUnpool2d(2)(pooled, indices).flatten()
        tensor([0., 0., 0., 3.])
    """

    dims = 2

    def forward(self, input: Tensor, indices: Tensor, output_size: Sequence[int] | None = None) -> Tensor:
        """The elements at these places; of this size, if one is given."""
        return functional.max_unpool2d(input, indices, self.kernel_size, self.stride, self.padding, output_size)


class MaxUnpool3d(_MaxUnpoolNd):
    """Puts the elements that `MaxPool3d` found back where they were in volumes, (N, C, D, H, W), with zeros elsewhere.

    Args:
        kernel_size, stride, padding: those of the pooling.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.MaxUnpool3d.html

    Example:
        >>> import tinygrad_nn as tg
        >>> x = tg.arange(8.0).reshape(1, 1, 2, 2, 2)
        >>> pooled, indices = tg.nn.MaxPool3d(2, return_indices=True)(x)
        >>> tg.nn.MaxUnpool3d(2)(pooled, indices).flatten()
        tensor([0., 0., 0., 0., 0., 0., 0., 7.])
    """

    dims = 3

    def forward(self, input: Tensor, indices: Tensor, output_size: Sequence[int] | None = None) -> Tensor:
        """The elements at these places; of this size, if one is given."""
        return functional.max_unpool3d(input, indices, self.kernel_size, self.stride, self.padding, output_size)


class _AvgPoolNd(Module):
    """What the average pooling layers share."""

    kernel_size: Any
    stride: Any
    padding: Any

    def extra_repr(self) -> str:
        """The options."""
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class AvgPool1d(_AvgPoolNd):
    """The mean of each window of sequences, (N, C, L), or without N.

    Args:
        kernel_size, stride, padding, ceil_mode, count_include_pad: as for `AvgPool2d`.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.AvgPool1d.html

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.nn.AvgPool1d(2)(tg.ones(1, 2, 4)).shape
        torch.Size([1, 2, 2])
    """

    def __init__(
        self,
        kernel_size: Numbers,
        stride: Numbers | None = None,
        padding: Numbers = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
    ) -> None:
        super().__init__()
        self.kernel_size = ntuple(kernel_size, 1)
        self.stride = ntuple(stride if stride is not None else kernel_size, 1)
        self.padding = ntuple(padding, 1)
        self.ceil_mode = ceil_mode
        self.count_include_pad = count_include_pad

    def forward(self, input: Tensor) -> Tensor:
        """The means."""
        return functional.avg_pool1d(
            input, self.kernel_size, self.stride, self.padding, self.ceil_mode, self.count_include_pad
        )


class AvgPool2d(_AvgPoolNd):
    """The mean of each window of images, (N, C, H, W), or without N.

    Args:
        kernel_size: the windows' height and width; one number for both or one for each, as for the others.
        stride: the distance of the windows, as long as the windows unless given.
        padding: how many zeros there are around the input; at most half of the window.
        ceil_mode: also take windows that reach beyond the end.
        count_include_pad: the padding's zeros count as elements.
        divisor_override: what sums are divided by, instead of the windows' sizes.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.AvgPool2d.html

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.nn.AvgPool2d(2)(tg.ones(1, 2, 4, 6)).shape
        torch.Size([1, 2, 2, 3])
    """

    def __init__(
        self,
        kernel_size: Numbers,
        stride: Numbers | None = None,
        padding: Numbers = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        divisor_override: int | None = None,
    ) -> None:
        super().__init__()
        self.kernel_size = kernel_size
        self.stride = stride if stride is not None else kernel_size
        self.padding = padding
        self.ceil_mode = ceil_mode
        self.count_include_pad = count_include_pad
        self.divisor_override = divisor_override

    def forward(self, input: Tensor) -> Tensor:
        """The means."""
        return functional.avg_pool2d(
            input, self.kernel_size, self.stride, self.padding, self.ceil_mode, self.count_include_pad,
            self.divisor_override,
        )  # fmt: skip


class AvgPool3d(_AvgPoolNd):
    """The mean of each window of volumes, (N, C, D, H, W), or without N.

    Args:
        kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override: as for `AvgPool2d`.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.AvgPool3d.html

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.nn.AvgPool3d(2)(tg.ones(1, 2, 2, 4, 6)).shape
        torch.Size([1, 2, 1, 2, 3])
    """

    def __init__(
        self,
        kernel_size: Numbers,
        stride: Numbers | None = None,
        padding: Numbers = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        divisor_override: int | None = None,
    ) -> None:
        super().__init__()
        self.kernel_size = kernel_size
        self.stride = stride if stride is not None else kernel_size
        self.padding = padding
        self.ceil_mode = ceil_mode
        self.count_include_pad = count_include_pad
        self.divisor_override = divisor_override

    def forward(self, input: Tensor) -> Tensor:
        """The means."""
        return functional.avg_pool3d(
            input, self.kernel_size, self.stride, self.padding, self.ceil_mode, self.count_include_pad,
            self.divisor_override,
        )  # fmt: skip


class _LPPoolNd(Module):
    """What the power-average pooling layers share."""

    def __init__(
        self, norm_type: float, kernel_size: Any, stride: Numbers | None = None, ceil_mode: bool = False
    ) -> None:
        super().__init__()
        self.norm_type = norm_type
        self.kernel_size = kernel_size
        self.stride = stride
        self.ceil_mode = ceil_mode

    def extra_repr(self) -> str:
        """The options."""
        return (
            f"norm_type={self.norm_type}, kernel_size={self.kernel_size}, stride={self.stride}, "
            f"ceil_mode={self.ceil_mode}"
        )


class LPPool1d(_LPPoolNd):
    """The power average ``sum(x ** p) ** (1 / p)`` of each window of sequences, (N, C, L), or without N.

    Args:
        norm_type, kernel_size, stride, ceil_mode: as for `LPPool2d`.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.LPPool1d.html

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.nn.LPPool1d(2, 2)(tg.ones(1, 2, 4)).shape
        torch.Size([1, 2, 2])
    """

    def forward(self, input: Tensor) -> Tensor:
        """The power averages."""
        return functional.lp_pool1d(input, float(self.norm_type), self.kernel_size, self.stride, self.ceil_mode)


class LPPool2d(_LPPoolNd):
    """The power average ``sum(x ** p) ** (1 / p)`` of each window of images, (N, C, H, W), or without N.

    Args:
        norm_type: p; infinity: the greatest absolute value.
        kernel_size: the windows' height and width; one number for both or one for each.
        stride: the distance of the windows, as long as the windows unless given.
        ceil_mode: also take windows that reach beyond the end.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.LPPool2d.html

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.nn.LPPool2d(2, 2)(tg.ones(1, 2, 4, 6)).shape
        torch.Size([1, 2, 2, 3])
    """

    def forward(self, input: Tensor) -> Tensor:
        """The power averages."""
        return functional.lp_pool2d(input, float(self.norm_type), self.kernel_size, self.stride, self.ceil_mode)


class LPPool3d(_LPPoolNd):
    """The power average ``sum(x ** p) ** (1 / p)`` of each window of volumes, (N, C, D, H, W), or without N.

    Args:
        norm_type, kernel_size, stride, ceil_mode: as for `LPPool2d`.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.LPPool3d.html

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.nn.LPPool3d(2, 2)(tg.ones(1, 2, 2, 4, 6)).shape
        torch.Size([1, 2, 1, 2, 3])
    """

    def forward(self, input: Tensor) -> Tensor:
        """The power averages."""
        return functional.lp_pool3d(input, float(self.norm_type), self.kernel_size, self.stride, self.ceil_mode)
