"""Normalisation layers that learn the number of channels from their first input.

Source: https://docs.pytorch.org/docs/stable/nn.html#lazy-modules-initialization
"""

from __future__ import annotations

from typing import Any

from .._core.tensor import Tensor
from .batchnorm import BatchNorm1d, BatchNorm2d, BatchNorm3d, _NormBase, batches_tracked
from .instancenorm import InstanceNorm1d, InstanceNorm2d, InstanceNorm3d
from .lazy import LazyModuleMixin, materialize
from .parameter import UninitializedBuffer, UninitializedParameter

__all__ = [
    "LazyBatchNorm1d",
    "LazyBatchNorm2d",
    "LazyBatchNorm3d",
    "LazyInstanceNorm1d",
    "LazyInstanceNorm2d",
    "LazyInstanceNorm3d",
]


class _LazyNormBase(LazyModuleMixin, _NormBase):
    """What the lazy normalisation layers share."""

    def __init__(
        self,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__(0, eps, momentum, False, False, bias=False)
        self.affine = affine
        self.track_running_stats = track_running_stats
        if affine:
            self.weight = UninitializedParameter(device=device, dtype=dtype)
            self.bias = UninitializedParameter(device=device, dtype=dtype) if bias else None
        if track_running_stats:
            self.running_mean = UninitializedBuffer(device=device, dtype=dtype)
            self.running_var = UninitializedBuffer(device=device, dtype=dtype)
            self.num_batches_tracked = batches_tracked()

    def reset_parameters(self) -> None:
        """Set the parameters and statistics to their start, if they have shapes."""
        if not self.has_uninitialized_params() and self.num_features != 0:
            super().reset_parameters()

    def initialize_parameters(self, input: Tensor) -> None:
        """Take the number of channels from an input."""
        if self.has_uninitialized_params():
            self.num_features = input.shape[1]
            for tensor in (self.weight, self.bias, self.running_mean, self.running_var):
                materialize(tensor, self.num_features)
            self.reset_parameters()


class LazyBatchNorm1d(_LazyNormBase, BatchNorm1d):
    """A `BatchNorm1d` whose ``num_features`` is that of its first input.

    Args:
        eps, momentum, affine, track_running_stats, device, dtype, bias: as for `BatchNorm1d`.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.LazyBatchNorm1d.html

    Example:
        >>> import tinygrad_nn as tg
        >>> layer = tg.nn.LazyBatchNorm1d()
        >>> _ = layer(tg.ones(2, 4, 3))
        >>> layer.num_features
        4
    """

    cls_to_become = BatchNorm1d


class LazyBatchNorm2d(_LazyNormBase, BatchNorm2d):
    """A `BatchNorm2d` whose ``num_features`` is that of its first input.

    Args:
        eps, momentum, affine, track_running_stats, device, dtype, bias: as for `BatchNorm2d`.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.LazyBatchNorm2d.html

    Example:
        >>> import tinygrad_nn as tg
        >>> layer = tg.nn.LazyBatchNorm2d()
        >>> _ = layer(tg.ones(2, 4, 3, 3))
        >>> layer.num_features
        4
    """

    cls_to_become = BatchNorm2d


class LazyBatchNorm3d(_LazyNormBase, BatchNorm3d):
    """A `BatchNorm3d` whose ``num_features`` is that of its first input.

    Args:
        eps, momentum, affine, track_running_stats, device, dtype, bias: as for `BatchNorm3d`.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.LazyBatchNorm3d.html

    Example:
        >>> import tinygrad_nn as tg
        >>> layer = tg.nn.LazyBatchNorm3d()
        >>> _ = layer(tg.ones(2, 4, 3, 3, 3))
        >>> layer.num_features
        4
    """

    cls_to_become = BatchNorm3d


class LazyInstanceNorm1d(_LazyNormBase, InstanceNorm1d):
    """An `InstanceNorm1d` whose ``num_features`` is that of its first input.

    Args:
        eps, momentum, affine, track_running_stats, device, dtype, bias: as for `InstanceNorm1d`; here `affine` and
            `track_running_stats` are true unless given.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.LazyInstanceNorm1d.html

    Example:
        >>> import tinygrad_nn as tg
        >>> layer = tg.nn.LazyInstanceNorm1d()
        >>> _ = layer(tg.ones(2, 4, 3))
        >>> layer.num_features
        4
    """

    cls_to_become = InstanceNorm1d


class LazyInstanceNorm2d(_LazyNormBase, InstanceNorm2d):
    """An `InstanceNorm2d` whose ``num_features`` is that of its first input.

    Args:
        eps, momentum, affine, track_running_stats, device, dtype, bias: as for `InstanceNorm2d`; here `affine` and
            `track_running_stats` are true unless given.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.LazyInstanceNorm2d.html

    Example:
        >>> import tinygrad_nn as tg
        >>> layer = tg.nn.LazyInstanceNorm2d()
        >>> _ = layer(tg.ones(2, 4, 3, 3))
        >>> layer.num_features
        4
    """

    cls_to_become = InstanceNorm2d


class LazyInstanceNorm3d(_LazyNormBase, InstanceNorm3d):
    """An `InstanceNorm3d` whose ``num_features`` is that of its first input.

    Args:
        eps, momentum, affine, track_running_stats, device, dtype, bias: as for `InstanceNorm3d`; here `affine` and
            `track_running_stats` are true unless given.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.LazyInstanceNorm3d.html

    Example:
        >>> import tinygrad_nn as tg
        >>> layer = tg.nn.LazyInstanceNorm3d()
        >>> _ = layer(tg.ones(2, 4, 3, 3, 3))
        >>> layer.num_features
        4
    """

    cls_to_become = InstanceNorm3d
