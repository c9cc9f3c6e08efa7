"""Batch normalisation layers.

Source: Ioffe and Szegedy, "Batch Normalization", https://arxiv.org/abs/1502.03167;
https://docs.pytorch.org/docs/stable/nn.html#normalization-layers
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from .._core import dtypes
from .._core.modes import modes
from .._core.tensor import Tensor, wrap
from . import functional, init
from .checks import note_evaluation
from .module import Module
from .parameter import Parameter, new_parameter

__all__ = ["BatchNorm1d", "BatchNorm2d", "BatchNorm3d", "SyncBatchNorm"]


def batches_tracked() -> Tensor:
    """The number of batches, at the start."""
    return wrap(np.zeros((), np.int64))


class _NormBase(Module):
    """What the layers share that normalise channels: their parameters and running statistics."""

    _version = 2
    expected: ClassVar[tuple[int, ...]] = ()  # numbers of dimensions of the input

    weight: Parameter | None
    bias: Parameter | None
    running_mean: Tensor | None
    running_var: Tensor | None
    num_batches_tracked: Tensor | None

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__()
        self.num_features = num_features
        self.eps = eps
        self.momentum = momentum
        self.affine = affine
        self.track_running_stats = track_running_stats
        for name, wanted in (("weight", affine), ("bias", affine and bias)):
            self.register_parameter(name, new_parameter(num_features, dtype=dtype, device=device) if wanted else None)
        kind = dtypes.default_numpy() if dtype is None else dtypes.to_numpy(dtype)
        tracked = track_running_stats
        self.register_buffer("running_mean", wrap(np.zeros(num_features, kind)) if tracked else None)
        self.register_buffer("running_var", wrap(np.ones(num_features, kind)) if tracked else None)
        self.register_buffer("num_batches_tracked", batches_tracked() if tracked else None)
        self.reset_parameters()

    def reset_running_stats(self) -> None:
        """Set the running mean to 0, the running variance to 1, and forget how many batches there were."""
        for name, value in (("running_mean", 0), ("running_var", 1), ("num_batches_tracked", 0)):
            buffer = self._buffers[name]
            if self.track_running_stats and buffer is not None:
                buffer._array.fill(value)
                buffer._cell[0] += 1

    def reset_parameters(self) -> None:
        """Set weights to 1, biases to 0, and the running statistics to their start."""
        self.reset_running_stats()
        if self.weight is not None:
            init.ones_(self.weight)
        if self.bias is not None:
            init.zeros_(self.bias)

    def _check_input_dim(self, input: Tensor) -> None:
        """Refuse an input of another number of dimensions.

        Raises:
            ValueError: it has another.
        """
        if input.dim() not in self.expected:
            wanted = " or ".join(f"{dims}D" for dims in self.expected)
            raise ValueError(f"expected {wanted} input (got {input.dim()}D input of shape {list(input.shape)})")

    def _load_from_state_dict(self, state_dict: Any, prefix: str, local_metadata: Any, *rest: Any) -> None:
        version = local_metadata.get("version")
        if (version is None or version < 2) and self.track_running_stats:  # from before batches were counted
            counted = self.num_batches_tracked
            state_dict.setdefault(f"{prefix}num_batches_tracked", batches_tracked() if counted is None else counted)
        super()._load_from_state_dict(state_dict, prefix, local_metadata, *rest)

    def extra_repr(self) -> str:
        """The options."""
        return (
            f"{self.num_features}, eps={self.eps}, momentum={self.momentum}, affine={self.affine}, "
            f"bias={self.bias is not None}, track_running_stats={self.track_running_stats}"
        )


def _count(batches: Tensor) -> None:
    """One batch more."""
    if modes.here.levels:  # a transform runs: there may be a number for each example
        batches.add_(1)
        return
    batches._array[...] += 1
    batches._cell[0] += 1


class _BatchNorm(_NormBase):
    """What the batch normalisation layers share."""

    def forward(self, input: Tensor) -> Tensor:
        """The normalised channels; in training, the running statistics are moved towards the batch's."""
        if self.training and not modes.here.grad:
            note_evaluation()
        self._check_input_dim(input)
        tracked = self.num_batches_tracked if self.training and self.track_running_stats else None
        factor = 0.0 if self.momentum is None else self.momentum
        if tracked is not None and self.momentum is None:  # the mean over all batches
            factor = 1 / (int(tracked._array) + 1)
        running = not self.training or self.track_running_stats
        own_statistics = self.training or (self.running_mean is None and self.running_var is None)
        out = functional.batch_norm(
            input,
            self.running_mean if running else None,
            self.running_var if running else None,
            self.weight,
            self.bias,
            own_statistics,
            factor,
            self.eps,
        )
        if tracked is not None:
            _count(tracked)
        return out


class BatchNorm1d(_BatchNorm):
    """Normalises each feature over a batch: (N, C) or (N, C, L).

    Args:
        num_features, eps, momentum, affine, track_running_stats, device, dtype, bias: as for `BatchNorm2d`.

    Raises:
        ValueError: the input has another number of dimensions, or, in training, a single value for each feature.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.BatchNorm1d.html

    Example:
        >>> import tinygrad_nn as tg
        >>> layer = tg.nn.BatchNorm1d(2)
        >>> layer(tg.tensor([[1.0, 10.0], [3.0, 30.0]]))
        tensor([[-1.0000, -1.0000],
                [ 1.0000,  1.0000]], grad_fn=<NativeBatchNormBackward0>)
        >>> layer.running_mean
        tensor([0.2000, 2.0000])
    """

    expected = (2, 3)


class BatchNorm2d(_BatchNorm):
    """Normalises each channel over a batch of images, (N, C, H, W): ``(x - mean) / sqrt(variance + eps) * w + b``.

    In training by the batch's own mean and variance, towards which the running ones are moved; in evaluation by the
    running ones.

    Args:
        num_features: the number of channels.
        eps: added to the variance.
        momentum: by which part the running statistics move; None: they are the means over all batches.
        affine: whether there are weights, which start at 1, and biases, which start at 0.
        track_running_stats: whether there are running statistics; without, the batch's own are always used.
        device: only the CPU.
        dtype: the type of the parameters.
        bias: whether there are biases.

    Raises:
        ValueError: the input has another number of dimensions, or, in training, a single value for each channel.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.BatchNorm2d.html

    Example:
        >>> import tinygrad_nn as tg
        >>> layer = tg.nn.BatchNorm2d(2)
        >>> list(layer.state_dict())
        ['weight', 'bias', 'running_mean', 'running_var', 'num_batches_tracked']
        >>> layer(tg.ones(4, 2, 3, 3)).shape
        torch.Size([4, 2, 3, 3])
    """

    expected = (4,)


class BatchNorm3d(_BatchNorm):
    """Normalises each channel over a batch of volumes, (N, C, D, H, W).

    Args:
        num_features, eps, momentum, affine, track_running_stats, device, dtype, bias: as for `BatchNorm2d`.

    Raises:
        ValueError: the input has another number of dimensions, or, in training, a single value for each channel.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.BatchNorm3d.html

    Example:
        >>> import tinygrad_nn as tg
        >>> tg.nn.BatchNorm3d(2)(tg.ones(4, 2, 3, 3, 3)).shape
        torch.Size([4, 2, 3, 3, 3])
    """

    expected = (5,)


class SyncBatchNorm(_BatchNorm):
    """`BatchNorm2d` for inputs of two or more dimensions. There is one process, so there is nothing to synchronise.

    Args:
        num_features, eps, momentum, affine, track_running_stats, device, dtype, bias: as for `BatchNorm2d`.
        process_group: kept, and not used.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.SyncBatchNorm.html

    Example:
        >>> import tinygrad_nn as tg
        >>> net = tg.nn.Sequential(tg.nn.Linear(2, 3), tg.nn.BatchNorm1d(3))
        >>> type(tg.nn.SyncBatchNorm.convert_sync_batchnorm(net)[1]).__name__
        'SyncBatchNorm'
    """

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        process_group: Any = None,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__(num_features, eps, momentum, affine, track_running_stats, device, dtype, bias=bias)
        self.process_group = process_group

    def _check_input_dim(self, input: Tensor) -> None:
        if input.dim() < 2:
            raise ValueError(f"expected at least 2D input (got {input.dim()}D input)")

    @classmethod
    def convert_sync_batchnorm(cls, module: Module, process_group: Any = None) -> Module:
        """A module with all batch normalisation layers in it replaced by this one, which share their tensors."""
        found = module
        if isinstance(module, _BatchNorm) and not isinstance(module, cls):
            found = cls(
                module.num_features, module.eps, module.momentum, module.affine, module.track_running_stats,
                process_group, bias=module.bias is not None,
            )  # fmt: skip
            found._parameters.update(module._parameters)
            found._buffers.update(module._buffers)
            found.training = module.training
        for name, child in module.named_children():
            found.add_module(name, cls.convert_sync_batchnorm(child, process_group))
        return found
