"""Pooling layers that give results of a wanted size: adaptive ones, and fractional max pooling.

Source: https://docs.pytorch.org/docs/stable/nn.html#pooling-layers
"""

from __future__ import annotations

from typing import Any

from .._core.tensor import Tensor
from . import functional
from .module import Module
from .sizes import ntuple

__all__ = [
    "AdaptiveAvgPool1d",
    "AdaptiveAvgPool2d",
    "AdaptiveAvgPool3d",
    "AdaptiveMaxPool1d",
    "AdaptiveMaxPool2d",
    "AdaptiveMaxPool3d",
    "FractionalMaxPool2d",
    "FractionalMaxPool3d",
]

Numbers = int | tuple[int, ...]
Sizes = int | tuple[int | None, ...] | None


class _AdaptiveAvgPoolNd(Module):
    """What the adaptive average pooling layers share."""

    def __init__(self, output_size: Any) -> None:
        super().__init__()
        self.output_size = output_size

    def extra_repr(self) -> str:
        """The size."""
        return f"output_size={self.output_size}"


class AdaptiveAvgPool1d(_AdaptiveAvgPoolNd):
    """The means of so many windows of sequences, (N, C, L), or without N.

    Args:
        output_size: how many windows.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.AdaptiveAvgPool1d.html

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.nn.AdaptiveAvgPool1d(1)(tg.ones(1, 2, 4)).shape
        torch.Size([1, 2, 1])
    """

    def forward(self, input: Tensor) -> Tensor:
        """The means."""
        return functional.adaptive_avg_pool1d(input, self.output_size)


class AdaptiveAvgPool2d(_AdaptiveAvgPoolNd):
    """The means of so many windows of images, (N, C, H, W), or without N.

    Args:
        output_size: how many windows along each dimension; one number for all. None: as many as there are elements.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.AdaptiveAvgPool2d.html

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.nn.AdaptiveAvgPool2d(1)(tg.ones(1, 2, 4, 6)).shape
        torch.Size([1, 2, 1, 1])
    """

    def forward(self, input: Tensor) -> Tensor:
        """The means."""
        return functional.adaptive_avg_pool2d(input, self.output_size)


class AdaptiveAvgPool3d(_AdaptiveAvgPoolNd):
    """The means of so many windows of volumes, (N, C, D, H, W), or without N.

    Args:
        output_size: how many windows along each dimension; one number for all. None: as many as there are elements.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.AdaptiveAvgPool3d.html

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.nn.AdaptiveAvgPool3d(1)(tg.ones(1, 2, 2, 4, 6)).shape
        torch.Size([1, 2, 1, 1, 1])
    """

    def forward(self, input: Tensor) -> Tensor:
        """The means."""
        return functional.adaptive_avg_pool3d(input, self.output_size)


class _AdaptiveMaxPoolNd(Module):
    """What the adaptive max pooling layers share."""

    def __init__(self, output_size: Any, return_indices: bool = False) -> None:
        super().__init__()
        self.output_size = output_size
        self.return_indices = return_indices

    def extra_repr(self) -> str:
        """The size."""
        return f"output_size={self.output_size}"


class AdaptiveMaxPool1d(_AdaptiveMaxPoolNd):
    """The greatest elements of so many windows of sequences, (N, C, L), or without N.

    Args:
        output_size: how many windows.
        return_indices: return also where the elements are in their sequence, for `MaxUnpool1d`.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.AdaptiveMaxPool1d.html

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.nn.AdaptiveMaxPool1d(1)(tg.ones(1, 2, 4)).shape
        torch.Size([1, 2, 1])
    """

    def forward(self, input: Tensor) -> Any:
        """The greatest elements; with `return_indices`, a pair of them and their places."""
        return functional.adaptive_max_pool1d(input, self.output_size, self.return_indices)


class AdaptiveMaxPool2d(_AdaptiveMaxPoolNd):
    """The greatest elements of so many windows of images, (N, C, H, W), or without N.

    Args:
        output_size: how many windows along each dimension; one number for all. None: as many as there are elements.
        return_indices: return also where the elements are in their plane, for `MaxUnpool2d`.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.AdaptiveMaxPool2d.html

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.nn.AdaptiveMaxPool2d(1)(tg.ones(1, 2, 4, 6)).shape
        torch.Size([1, 2, 1, 1])
    """

    def forward(self, input: Tensor) -> Any:
        """The greatest elements; with `return_indices`, a pair of them and their places."""
        return functional.adaptive_max_pool2d(input, self.output_size, self.return_indices)


class AdaptiveMaxPool3d(_AdaptiveMaxPoolNd):
    """The greatest elements of so many windows of volumes, (N, C, D, H, W), or without N.

    Args:
        output_size: how many windows along each dimension; one number for all. None: as many as there are elements.
        return_indices: return also where the elements are in their volume, for `MaxUnpool3d`.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.AdaptiveMaxPool3d.html

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.nn.AdaptiveMaxPool3d(1)(tg.ones(1, 2, 2, 4, 6)).shape
        torch.Size([1, 2, 1, 1, 1])
    """

    def forward(self, input: Tensor) -> Any:
        """The greatest elements; with `return_indices`, a pair of them and their places."""
        return functional.adaptive_max_pool3d(input, self.output_size, self.return_indices)


class _FractionalMaxPoolNd(Module):
    """What the fractional max pooling layers share."""

    dims: int
    _random_samples: Tensor | None

    def __init__(
        self,
        kernel_size: Numbers,
        output_size: Numbers | None = None,
        output_ratio: float | tuple[float, ...] | None = None,
        return_indices: bool = False,
        _random_samples: Tensor | None = None,
    ) -> None:
        super().__init__()
        self.kernel_size = ntuple(kernel_size, self.dims)
        if self.dims == 3 and min(self.kernel_size) <= 0:
            raise ValueError(f"kernel_size must be greater than 0, but got {kernel_size}")
        self.return_indices = return_indices
        self.register_buffer("_random_samples", _random_samples)
        self.output_size = ntuple(output_size, self.dims) if output_size is not None else None
        self.output_ratio = ntuple(output_ratio, self.dims) if output_ratio is not None else None
        if output_size is None and output_ratio is None:
            raise ValueError(
                f"{type(self).__name__} requires specifying either an output size, or a pooling ratio"
            )
        if output_size is not None and output_ratio is not None:
            raise ValueError("only one of output_size and output_ratio may be specified")
        if self.output_ratio is not None and not all(0 < ratio < 1 for ratio in self.output_ratio):
            raise ValueError(f"output_ratio must be between 0 and 1 (got {output_ratio})")


class FractionalMaxPool2d(_FractionalMaxPoolNd):
    """The greatest element of each window of images, (N, C, H, W); the distances are drawn (Graham, 2014).

    Args:
        kernel_size: the windows' height and width; one number for both or one for each.
        output_size: how many windows there are to be.
        output_ratio: instead of a size: the ratio of the result's lengths to the input's.
        return_indices: return also where the elements are in their plane.

    Raises:
        ValueError: not exactly one of size and ratio is given.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.FractionalMaxPool2d.html

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.nn.FractionalMaxPool2d(2, output_size=3)(tg.ones(1, 2, 6, 6)).shape
        torch.Size([1, 2, 3, 3])
    """

    dims = 2

    def forward(self, input: Tensor) -> Any:
        """The greatest elements; with `return_indices`, a pair of them and their places."""
        return functional.fractional_max_pool2d(
            input, self.kernel_size, self.output_size, self.output_ratio, self.return_indices, self._random_samples
        )


class FractionalMaxPool3d(_FractionalMaxPoolNd):
    """The greatest element of each window of volumes, (N, C, D, H, W); the distances are drawn (Graham, 2014).

    Args:
        kernel_size, output_size, output_ratio, return_indices: as for `FractionalMaxPool2d`.

    Raises:
        ValueError: not exactly one of size and ratio is given.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.FractionalMaxPool3d.html

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.nn.FractionalMaxPool3d(2, output_size=3)(tg.ones(1, 2, 6, 6, 6)).shape
        torch.Size([1, 2, 3, 3, 3])
    """

    dims = 3

    def forward(self, input: Tensor) -> Any:
        """The greatest elements; with `return_indices`, a pair of them and their places."""
        return functional.fractional_max_pool3d(
            input, self.kernel_size, self.output_size, self.output_ratio, self.return_indices, self._random_samples
        )
